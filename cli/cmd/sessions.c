/* SPDX-License-Identifier: Apache-2.0 */
/* sessions: who is connected to which server, with what. */
#include "ensemble/sessions.h"

#include <string.h>

#include "frame/table.h"

enum { O_OWNERS = E_OWN, O_CLIENT, O_DISCONNECTED, O_NO_WATCHES };

static const struct opt opts[] = {
    ENSEMBLE_OPTS,
    [O_OWNERS] = {'e', "owners", OPT_FLAG, NULL, "only sessions that own ephemeral nodes"},
    [O_CLIENT] = {'c', "client", OPT_TEXT, "ADDRESS", "only sessions of clients whose address begins so"},
    [O_DISCONNECTED] = {'d', "disconnected", OPT_FLAG, NULL, "only sessions whose client has no connection at present"},
    [O_NO_WATCHES] = {0, "no-watches", OPT_FLAG, NULL, "do not ask for watches, which costs a busy server time"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static const struct column columns[] = {{"session", "SESSION", CELL_ID},        {"client", "CLIENT", CELL_TEXT},
                                        {"server", "SERVER", CELL_TEXT},        {"timeout_ms", "TIMEOUT", CELL_INT},
                                        {"since", "SINCE", CELL_TIME},          {"last_op", "LAST OP", CELL_TEXT},
                                        {"received", "RECEIVED", CELL_INT},     {"queued", "QUEUED", CELL_INT},
                                        {"ephemerals", "EPHEMERALS", CELL_INT}, {"watches", "WATCHES", CELL_INT}};

static void
put_int_or_none(struct table *table, bool known, int64_t n)
{
    if (known)
        table_int(table, n);
    else
        table_none(table);
}

static void
put_session(struct table *table, const struct live *live)
{
    const struct connection *c = live->connection;
    table_int(table, live->id);
    table_text_or_none(table, c != NULL ? c->address : NULL);
    table_text_or_none(table, live->server != NULL ? live->server->name : NULL);
    put_int_or_none(table, live->timeout_ms > 0, live->timeout_ms);
    put_int_or_none(table, c != NULL && c->since_ms > 0, c != NULL ? c->since_ms : 0);
    table_text_or_none(table, c != NULL ? c->op : NULL);
    put_int_or_none(table, c != NULL, c != NULL ? c->received : 0);
    put_int_or_none(table, c != NULL, c != NULL ? c->queued : 0);
    put_int_or_none(table, live->ephemerals >= 0, live->ephemerals);
    put_int_or_none(table, c != NULL && live->watches >= 0, live->watches);
}

static bool
is_wanted(const struct args *in, const struct live *live)
{
    const char *client = in->opt[O_CLIENT].text;
    if (in->opt[O_OWNERS].given && live->ephemerals <= 0)
        return false;
    if (in->opt[O_DISCONNECTED].given && live->connection != NULL)
        return false;
    if (client != NULL && (live->connection == NULL || strncmp(live->connection->address, client, strlen(client)) != 0))
        return false;
    for (size_t i = 0; i < in->n; i++) {
        int64_t id;
        if (read_session_id(in->words[i], &id) && id == live->id)
            return true;
    }
    return in->n == 0;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    int64_t id;
    for (size_t i = 0; i < in->n; i++)
        if (!read_session_id(in->words[i], &id))
            return fail_usage(ctx, "%s: a session is a number like 0x100021bf7f50000", in->words[i]);
    struct ensemble e;
    struct sessions sessions = {0};
    unsigned topics = TOPICS(TOPIC_CONNECTIONS) | TOPICS(TOPIC_DUMP);
    if (!in->opt[O_NO_WATCHES].given)
        topics |= TOPICS(TOPIC_WATCHES);
    int code = ensemble_begin(&e, ctx, in, NULL, 0);
    if (code == DONE) {
        code = sessions_read(&e, topics, &sessions, NULL, NULL, NULL);
        struct table *table = table_new(ctx, columns, sizeof columns / sizeof columns[0]);
        size_t found = 0;
        for (size_t i = 0; i < sessions.n; i++)
            if (is_wanted(in, &sessions.items[i])) {
                put_session(table, &sessions.items[i]);
                found++;
            }
        table_end(table);
        if (in->n > 0 && found == 0 && code == DONE)
            code = ANSWER_NO;
    }
    sessions_free(&sessions);
    ensemble_end(&e);
    return code;
}

static const struct example examples[] = {
    {"zobo -H zk1,zk2,zk3 sessions -o table", "all of them, with their clients' addresses"},
    {"zobo sessions -a -c 10.1.2.", "of clients in a network, at all servers of the ensemble"},
    {"zobo sessions -d -e", "that are not connected now and whose nodes will go soon"},
    {"zobo sessions 0x100021bf7f50000", "one: exit code 1 if there is none"},
    {NULL, NULL}};
static const struct exit_text exits[] = {{"1", "there is no SESSION"}, ENSEMBLE_EXITS, {NULL, NULL}};

const struct command cmd_sessions = {
    .name = "sessions",
    .usage = "[SESSION...]",
    .summary = "list sessions: clients, servers, ephemeral nodes, watches",
    .about = "Asks each server for its connections (cons), sessions (dump) and watches (wchc), by four-letter words or "
             "by AdminServer, and joins what they say: that is not of one moment. A session without a client is one "
             "whose client is disconnected, or connected to a server that was not asked: -a asks all. The leader "
             "tells of such sessions, other servers only of those that own nodes.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .max_words = WORDS_ANY,
    .pages = true,
    .formats = FORMATS_TABLE,
    .run = run};
