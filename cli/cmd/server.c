/* SPDX-License-Identifier: Apache-2.0 */
/* The short commands that are about the server and the session: ping, sync, whoami, cmd. */
#include <stdlib.h>
#include <string.h>
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
run_sync(struct ctx *ctx, const struct args *in)
{
    const char *path = in->n > 0 ? in->words[0] : "/";
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_err err = zobo_sync(ctx->client, path);
    return err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
}

static const struct example sync_examples[] = {{"zobo sync", "wait until the server has caught up with the leader"},
                                               {NULL, NULL}};

const struct command cmd_sync = {.name = "sync",
                                 .usage = "[PATH]",
                                 .summary = "wait until the server has caught up with the leader",
                                 .examples = sync_examples,
                                 .max_words = 1,
                                 .formats = FORMATS_ONE,
                                 .run = run_sync};

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

/* next_server cuts one server off the front of a host string, which the library has found good: up to a comma, or to
 * the chroot, which is the last. NULL: there is none left. */
static char *
next_server(const char **hosts)
{
    const char *from = *hosts;
    if (from == NULL)
        return NULL;
    from += strspn(from, " \t");
    bool is_unix = strncmp(from, "unix:/", 6) == 0;
    const char *to = from + (is_unix ? 6 : 0);
    while (*to != '\0' && *to != ',' && (is_unix ? strncmp(to, ":/", 2) != 0 : *to != '/'))
        to++;
    *hosts = *to == ',' ? to + 1 : NULL;
    char *server = need_memory((size_t)(to - from) + 1, 1);
    memcpy(server, from, (size_t)(to - from));
    return server;
}

static void
put_answer(const struct ctx *ctx, const char *server, bool many, const char *word, const zobo_reply *reply)
{
    if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "server", server);
        json_text(&json, "command", word);
        json_data(&json, reply->data, reply->data_len);
        end_json(&json);
        return;
    }
    if (many) {
        fputs("==> ", stdout);
        put_text(ctx, server);
        fputs(" <==\n", stdout);
    }
    fwrite(reply->data, 1, reply->data_len, stdout);
    bool open_line = reply->data_len > 0 && ((const char *)reply->data)[reply->data_len - 1] != '\n';
    if (open_line && (ctx->out_is_tty || many))
        fputc('\n', stdout);
}

/* ask_server asks for at most `ms`; with --wait, again and again while nobody is there. */
static int
ask_server(const struct ctx *ctx, const char *server, bool many, const char *word, uint32_t ms)
{
    enum { PAUSE_MS = 100 };
    zobo_reply *reply;
    zobo_problem why;
    double end = now() + ms;
    zobo_err err = zobo_command_at(server, word, ms, &reply, &why);
    while (ctx->wait && zobo_err_class(err) == ZOBO_CLASS_RETRY && now() + PAUSE_MS < end) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        double left = end - now();
        err = zobo_command_at(server, word, left < 1 ? 1 : (uint32_t)left, &reply, &why);
    }
    if (err != ZOBO_OK) {
        const char *hint = err == ZOBO_ECONNECTIONLOSS ? "perhaps it knows no such word"
                           : err == ZOBO_EINVAL        ? "words are ruok, srvr, mntr, ..."
                           : ctx->hosts == NULL        ? "name the servers with --hosts or ZOBO_HOSTS"
                           : zobo_err_class(err) == ZOBO_CLASS_RETRY && !ctx->wait
                               ? "--wait makes it try until --connect-timeout"
                               : NULL;
        return fail_why(ctx, err, word, &why, hint);
    }
    int code = DONE;
    if (reply->data_len > 0 && strstr(reply->data, "is not in the whitelist") != NULL)
        code =
            refuse(ctx, NOT_ALLOWED,
                   "%s: the server does not allow %s: see 4lw.commands.whitelist in its configuration", server, word);
    else
        put_answer(ctx, server, many, word, reply);
    zobo_reply_free(reply);
    return code;
}

static int
run_cmd(struct ctx *ctx, const struct args *in)
{
    const char *word = in->words[0];
    if (strlen(word) != 4)
        return fail_usage(ctx, "%s: a word has four letters: ruok, srvr, mntr, ...", word);
    int code = need_client(ctx); /* for what is wrong with the host string: nothing connects */
    if (code != DONE)
        return code;
    const char *left = ctx->hosts != NULL ? ctx->hosts : "127.0.0.1:2181";
    uint32_t servers = count_hosts(left), ms = ctx->connect_ms / servers;
    char *server;
    for (size_t n = 0; (server = next_server(&left)) != NULL; n++) {
        code = worse(code, n, ask_server(ctx, server, servers > 1, word, ms > 0 ? ms : 1));
        free(server);
    }
    return code;
}

static const struct alias cmd_aliases[] = {{"4lw", NO_OPT}, {NULL, NO_OPT}};
static const struct example cmd_examples[] = {
    {"zobo cmd mntr", "the server's counters"},
    {"zobo -H zk1,zk2,zk3 cmd srvr", "the version, mode and latencies of each"},
    {NULL, NULL}};

const struct command cmd_cmd = {.name = "cmd",
                                .aliases = cmd_aliases,
                                .usage = "WORD",
                                .summary = "send a four-letter word, print the answer",
                                .about = "Each server of --hosts is asked, and no session is needed: one that has "
                                         "lost its quorum answers too.",
                                .examples = cmd_examples,
                                .min_words = 1,
                                .max_words = 1,
                                .formats = FORMATS_ONE,
                                .run = run_cmd};
