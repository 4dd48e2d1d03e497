/* SPDX-License-Identifier: Apache-2.0 */
/* The short commands that are about the server and the session: ping, whoami. */

#include "frame/clock.h"
#include "frame/command.h"
#include "frame/out.h"
#include "frame/table.h"
#include "frame/text.h"

static const struct column ping_columns[] = {{"server", "SERVER", CELL_TEXT},
                                             {"read_only", "READ ONLY", CELL_BOOL},
                                             {"connect_us", "MICROSECONDS", CELL_INT},
                                             {"session_timeout_ms", "TIMEOUT MS", CELL_INT}};

static int
run_ping(struct ctx *ctx, const struct args *in)
{
    (void)in;
    double begin = now_fine_ms();
    int code = need_session(ctx);
    if (code != DONE)
        return code;
    double took = now_fine_ms() - begin;
    char host[300];
    zobo_connected_host(ctx->client, host, sizeof host);
    bool read_only = zobo_get_state(ctx->client) == ZOBO_CONNECTED_RO;
    if (ctx->format != FORMAT_TEXT) {
        struct table *table = table_new(ctx, ping_columns, 4);
        table_text(table, host);
        table_int(table, read_only);
        table_int(table, (int64_t)(took * 1e3));
        table_int(table, zobo_timeout_ms(ctx->client));
        table_end(table);
    } else {
        put_text(ctx, host);
        printf(": session in %.1f ms%s\n", took, read_only ? ", read-only" : "");
    }
    return DONE;
}

static const struct example ping_examples[] = {
    {"zobo ping", "opens a session and ends it: exit code 0 or 7"},
    {"zobo --wait --connect-timeout 60s ping", "wait for a server that is just starting"},
    {NULL, NULL}};

const struct command cmd_ping = {.name = "ping",
                                 .usage = "",
                                 .summary = "tell whether a server gives sessions",
                                 .about = "A probe that works where four-letter words are turned off.",
                                 .examples = ping_examples,
                                 .formats = FORMATS_TABLE,
                                 .run = run_ping};

static const struct column identity_columns[] = {{"scheme", "SCHEME", CELL_TEXT}, {"id", "ID", CELL_TEXT}};

static void
print_identities(const struct ctx *ctx, const zobo_reply *reply)
{
    for (size_t i = 0; i < reply->n_acls; i++) {
        put_text(ctx, reply->acls[i].scheme);
        fputc(':', stdout);
        put_text(ctx, reply->acls[i].id);
        fputc('\n', stdout);
    }
}

static void
print_identity_table(const struct ctx *ctx, const zobo_reply *reply)
{
    struct table *table = table_new(ctx, identity_columns, 2);
    for (size_t i = 0; i < reply->n_acls; i++) {
        table_text(table, reply->acls[i].scheme);
        table_text(table, reply->acls[i].id);
    }
    table_end(table);
}

static int
run_whoami(struct ctx *ctx, const struct args *in)
{
    (void)in;
    int code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_reply *reply;
    zobo_err err = zobo_who_am_i(ctx->client, &reply);
    if (err != ZOBO_OK)
        return fail(ctx, err, NULL, err == ZOBO_EUNIMPLEMENTED ? "servers know this from 3.7 on" : NULL);
    if (ctx->format == FORMAT_TEXT)
        print_identities(ctx, reply);
    else
        print_identity_table(ctx, reply);
    zobo_reply_free(reply);
    return DONE;
}

static const struct example whoami_examples[] = {
    {"zobo whoami", "ip:127.0.0.1"}, {"zobo --auth-file ~/.zobo-auth whoami", "and digest:joe"}, {NULL, NULL}};

const struct command cmd_whoami = {.name = "whoami",
                                   .usage = "",
                                   .summary = "print as whom the server knows this client",
                                   .about = "One scheme:id a line. The server names the users, never what proves them.",
                                   .examples = whoami_examples,
                                   .formats = FORMATS_TABLE,
                                   .run = run_whoami};
