/* SPDX-License-Identifier: Apache-2.0 */
/* owner: whose an ephemeral node is, and which nodes a session owns. */
#include <stdlib.h>
#include <string.h>

#include "ensemble/sessions.h"
#include "frame/table.h"

enum { O_SESSION = E_OWN };

static const struct opt opts[] = {
    ENSEMBLE_OPTS,
    [O_SESSION] = {'s', "session", OPT_TEXT, "SESSION", "list the ephemeral nodes of this session instead"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static const struct column columns[] = {{"path", "PATH", CELL_TEXT},         {"session", "SESSION", CELL_ID},
                                        {"client", "CLIENT", CELL_TEXT},     {"server", "SERVER", CELL_TEXT},
                                        {"timeout_ms", "TIMEOUT", CELL_INT}, {"since", "SINCE", CELL_TIME}};

static void
put_owner(struct table *table, const char *path, int64_t session, const struct live *live)
{
    const struct connection *c = live != NULL ? live->connection : NULL;
    table_text(table, path);
    table_int(table, session);
    table_text_or_none(table, c != NULL ? c->address : NULL);
    table_text_or_none(table, c != NULL ? live->server->name : NULL);
    if (live != NULL && live->timeout_ms > 0)
        table_int(table, live->timeout_ms);
    else
        table_none(table);
    if (c != NULL && c->since_ms > 0)
        table_int(table, c->since_ms);
    else
        table_none(table);
}

/* owner_of reads whose a node is; the owner of a container or of a node with a time to live is a mark, not a session. */
static int
owner_of(struct ctx *ctx, const char *path, int64_t *owner)
{
    zobo_stat stat;
    zobo_err err = zobo_exists(ctx->client, path, NULL, &stat);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    *owner = stat.ephemeral_owner;
    bool mark = stat.ephemeral_owner < 0;
    if (stat.ephemeral_owner == 0 || mark)
        return refuse(ctx, ANSWER_NO, "%s: not an ephemeral node: nobody owns it", path);
    return DONE;
}

static int
find_owners(struct ctx *ctx, const struct args *in, int64_t *owners)
{
    int code = need_client(ctx);
    for (size_t i = 0; i < in->n && code == DONE; i++)
        code = need_path(ctx, in->words[i], false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE) {
        memset(owners, 0, in->n * sizeof *owners);
        return code;
    }
    for (size_t i = 0; i < in->n; i++) {
        int one = owner_of(ctx, in->words[i], &owners[i]);
        if (one != DONE)
            owners[i] = 0;
        code = worse(code, i, one);
    }
    return code;
}

/* tell_owners asks where the owners are connected. */
static int
tell_owners(struct ctx *ctx, const struct args *in, const int64_t *owners, int code)
{
    struct ensemble e;
    struct sessions sessions = {0};
    int asked = ensemble_begin(&e, ctx, in, NULL, 0);
    if (asked == DONE)
        asked = sessions_read(&e, TOPICS(TOPIC_CONNECTIONS), &sessions, NULL, NULL, NULL);
    struct table *table = table_new(ctx, columns, sizeof columns / sizeof columns[0]);
    bool lost = false;
    for (size_t i = 0; i < in->n; i++) {
        const struct live *live = owners[i] != 0 ? sessions_find(&sessions, owners[i]) : NULL;
        if (owners[i] != 0)
            put_owner(table, in->words[i], owners[i], live);
        lost = lost || (owners[i] != 0 && live == NULL);
    }
    table_end(table);
    if (lost && asked == DONE)
        note(ctx, "an owner without a client is not connected at present, or to another server%s",
             in->opt[E_ALL].given ? "" : ": --all asks all of the ensemble");
    sessions_free(&sessions);
    ensemble_end(&e);
    return code == DONE && !lost ? DONE : code == DONE ? asked : code; /* a server that is down may not matter */
}

/* list_session prints a session's nodes. */
static int
list_session(struct ctx *ctx, const struct args *in)
{
    int64_t id;
    if (!read_session_id(in->opt[O_SESSION].text, &id))
        return fail_usage(ctx, "%s: a session is a number like 0x100021bf7f50000", in->opt[O_SESSION].text);
    struct ensemble e;
    struct sessions sessions = {0};
    int code = ensemble_begin(&e, ctx, in, NULL, 0);
    if (code == DONE)
        code = sessions_read(&e, TOPICS(TOPIC_CONNECTIONS) | TOPICS(TOPIC_DUMP), &sessions, NULL, NULL, NULL);
    const struct live *live = sessions_find(&sessions, id);
    struct table *table = table_new(ctx, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; live != NULL && i < sessions.n_ephemerals; i++)
        if (sessions.ephemerals[i].session == id)
            put_owner(table, sessions.ephemerals[i].path, id, live);
    table_end(table);
    if (live == NULL && code == DONE)
        code = refuse(ctx, ANSWER_NO, "0x%llx: no such session", (unsigned long long)id);
    sessions_free(&sessions);
    ensemble_end(&e);
    return code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    if (in->opt[O_SESSION].given)
        return in->n == 0 ? list_session(ctx, in) : fail_usage(ctx, "PATH or --session: which?");
    if (in->n == 0)
        return fail_usage(ctx, "whose? name a PATH, or a --session");
    int64_t *owners = need_memory(in->n, sizeof *owners);
    int code = find_owners(ctx, in, owners);
    bool any = false;
    for (size_t i = 0; i < in->n; i++)
        any = any || owners[i] != 0;
    if (any)
        code = tell_owners(ctx, in, owners, code);
    free(owners);
    return code;
}

static const struct example examples[] = {
    {"zobo -H zk1,zk2,zk3 owner /services/api/member-1", "its session, that session's client, and its server"},
    {"zobo owner -a /locks/db/lock-0000000007 -o json",
     "asking all servers of the ensemble, whom --hosts names or not"},
    {"zobo owner --session 0x100021bf7f50000", "the nodes that will go when this session goes"},
    {NULL, NULL}};
static const struct exit_text exits[] = {
    {"1", "the node is not ephemeral; with --session: there is no such session"}, ENSEMBLE_EXITS, {NULL, NULL}};

const struct command cmd_owner = {
    .name = "owner",
    .usage = "[PATH...]",
    .summary = "tell whose an ephemeral node is: session, client's address, server",
    .about =
        "The node's stat tells the session, and the servers' connections (cons, by four-letter word or AdminServer) "
        "where its client is; --session goes the other way, by dump, and prints paths as the servers know them, the "
        "chroot included.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .max_words = WORDS_ANY,
    .pages = true,
    .formats = FORMATS_TABLE,
    .run = run};
