/* SPDX-License-Identifier: Apache-2.0 */
/* The short commands that are about the server and the session: ping, whoami. */
#include <time.h>

#include "frame/command.h"
#include "frame/out.h"
#include "frame/text.h"

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
run_ping(struct ctx *ctx, const struct args *in)
{
    (void)in;
    double begin = now();
    int code = need_session(ctx);
    if (code != DONE)
        return code;
    double took = now() - begin;
    char host[300];
    zobo_connected_host(ctx->client, host, sizeof host);
    bool read_only = zobo_get_state(ctx->client) == ZOBO_CONNECTED_RO;
    if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "server", host);
        json_bool(&json, "read_only", read_only);
        json_int(&json, "connect_us", (int64_t)(took * 1e3));
        json_int(&json, "session_timeout_ms", zobo_timeout_ms(ctx->client));
        end_json(&json);
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
                                 .formats = FORMATS_ONE,
                                 .run = run_ping};

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
    for (size_t i = 0; i < reply->n_acls; i++) {
        if (ctx->format == FORMAT_JSON) {
            struct json json = {.to = stdout};
            json_open(&json, NULL, '{');
            json_text(&json, "scheme", reply->acls[i].scheme);
            json_text(&json, "id", reply->acls[i].id);
            end_json(&json);
        } else {
            put_text(ctx, reply->acls[i].scheme);
            fputc(':', stdout);
            put_text(ctx, reply->acls[i].id);
            fputc('\n', stdout);
        }
    }
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
                                   .formats = FORMATS_ONE,
                                   .run = run_whoami};
