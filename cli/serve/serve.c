/* SPDX-License-Identifier: Apache-2.0 */
/* serve: the embedded server as a process of its own. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <zobo/server.h>

#include "frame/command.h"
#include "frame/out.h"
#include "notify.h"
#include "zoocfg.h"

enum { O_DATA, O_MEMORY, O_LISTEN, O_UNIX, O_CONFIG, O_HTTP, O_MAX_DATA, O_ACCEPT_FUTURE, O_LOG_LEVEL };

static const struct opt opts[] = {
    [O_DATA] = {'d', "data", OPT_TEXT, "DIR",
                "where the data lies (--local, or $XDG_STATE_HOME/zobo, or ~/.local/state/zobo)"},
    [O_MEMORY] = {0, "memory", OPT_FLAG, NULL, "keep the data in memory: it is gone at the end"},
    [O_LISTEN] = {'l', "listen", OPT_TEXT, "HOST:PORT",
                  "where clients connect (127.0.0.1:2181); :2181 is all addresses"},
    [O_UNIX] = {0, "unix", OPT_TEXT, "PATH", "a Unix socket as well (DIR/zobo.sock); an empty one is none"},
    [O_CONFIG] = {'c', "config", OPT_TEXT, "FILE", "read ZooKeeper's zoo.cfg first"},
    [O_HTTP] = {0, "http", OPT_TEXT, "HOST:PORT", "metrics and the admin server's commands"},
    [O_MAX_DATA] = {0, "max-data", OPT_COUNT, "MIB", "how large the data file may grow, in MiB (1048576)"},
    [O_ACCEPT_FUTURE] = {0, "accept-future-zxid", OPT_FLAG, NULL,
                         "take clients that have seen more than this data holds, as after a restore"},
    [O_LOG_LEVEL] = {0, "log-level", OPT_TEXT, "LEVEL", "error, warn, info or debug (info)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
read_level(const struct ctx *ctx, const struct opt_value *given, zobo_log_level *out)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    *out = ctx->trace ? ZOBO_LOG_DEBUG : ctx->quiet ? ZOBO_LOG_ERROR : ZOBO_LOG_INFO;
    if (!given->given)
        return DONE;
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], given->text) == 0) {
            *out = (zobo_log_level)(ZOBO_LOG_ERROR + i);
            return DONE;
        }
    return fail_usage(ctx, "--log-level %s: there are error, warn, info and debug", given->text);
}

static char *
joined(const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = need_memory(size, 1);
    snprintf(text, size, "%s%s%s", a, b, c);
    return text;
}

/* default_data gives the user's own directory, which the server makes when it is missing; NULL when there is none. */
static char *
default_data(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state != NULL && state[0] == '/')
        return joined(state, "/zobo", "");
    if (home != NULL && home[0] == '/')
        return joined(home, "/.local/state", "/zobo");
    return NULL;
}

/* listen_text makes "host:port" of two settings. */
static char *
listen_text(const char *host, uint32_t port)
{
    char number[8];
    snprintf(number, sizeof number, ":%u", (unsigned)(uint16_t)port);
    if (strchr(host, ':') == NULL || host[0] == '[')
        return joined(host, number, "");
    char *bracketed = joined("[", host, "]");
    char *text = joined(bracketed, number, "");
    free(bracketed);
    return text;
}

/* What the options are made from; all but `options` is to be freed. */
struct plan {
    struct zoocfg cfg;
    zobo_server_options options;
    char *data, *listen, *http;
};

static int
make_plan(const struct ctx *ctx, const struct args *in, struct plan *p)
{
    const struct opt_value *opt = in->opt;
    if (opt[O_DATA].given && opt[O_MEMORY].given)
        return fail_usage(ctx, "--data and --memory exclude each other");
    if (opt[O_CONFIG].given) {
        int code = zoocfg_read(ctx, opt[O_CONFIG].text, &p->cfg);
        if (code != DONE)
            return code;
    }
    zobo_server_options *o = &p->options;
    *o = p->cfg.options;
    o->size = sizeof *o;
    o->log = zobo_log_stderr;
    int code = read_level(ctx, &opt[O_LOG_LEVEL], &o->log_level);
    if (code != DONE)
        return code;
    if (opt[O_DATA].given)
        o->data_dir = opt[O_DATA].text;
    if (opt[O_MEMORY].given)
        o->data_dir = NULL;
    else if (o->data_dir == NULL)
        o->data_dir = ctx->local;
    if (o->data_dir == NULL && !opt[O_MEMORY].given && (o->data_dir = p->data = default_data()) == NULL)
        return fail_usage(ctx, "there is no home directory: name one for the data with --data, or use --memory");
    if (p->cfg.port != 0 || p->cfg.address != NULL)
        p->listen =
            listen_text(p->cfg.address != NULL ? p->cfg.address : "127.0.0.1", p->cfg.port != 0 ? p->cfg.port : 2181);
    o->listen = opt[O_LISTEN].given ? opt[O_LISTEN].text : p->listen != NULL ? p->listen : "127.0.0.1:2181";
    if (opt[O_UNIX].given)
        o->unix_path = opt[O_UNIX].text;
    if (p->cfg.http_port != 0 && !p->cfg.no_http)
        p->http = listen_text(p->cfg.http_address != NULL ? p->cfg.http_address : "127.0.0.1", p->cfg.http_port);
    o->http = opt[O_HTTP].given ? opt[O_HTTP].text : p->http;
    if (opt[O_ACCEPT_FUTURE].given)
        o->accept_future_zxid = true;
    if (opt[O_MAX_DATA].given && (uint64_t)opt[O_MAX_DATA].n > UINT64_MAX >> 20)
        return fail_usage(ctx, "--max-data: too much");
    if (opt[O_MAX_DATA].given)
        o->max_data_bytes = (uint64_t)opt[O_MAX_DATA].n << 20;
    return DONE;
}

static void
free_plan(struct plan *p)
{
    zoocfg_free(&p->cfg);
    free(p->data);
    free(p->listen);
    free(p->http);
}

/* A connection is a descriptor, and the limit that shells set is meant for smaller things. */
static void
allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void
tell_ready(const struct ctx *ctx, const zobo_server *server, const char *data)
{
    if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "hosts", zobo_server_hosts(server));
        if (data != NULL)
            json_text(&json, "data", data);
        if (zobo_server_http_port(server) != 0)
            json_int(&json, "http_port", zobo_server_http_port(server));
        end_json(&json);
    } else {
        printf("serving %s from %s\n", zobo_server_hosts(server), data != NULL ? data : "memory");
    }
    fflush(stdout); /* whoever waits for this line reads a pipe */
    notify_manager("READY=1");
}

static int
run_serve(struct ctx *ctx, const struct args *in)
{
    struct plan plan = {.cfg = {.options = {.size = sizeof plan.cfg.options}}};
    int code = make_plan(ctx, in, &plan);
    if (code != DONE) {
        free_plan(&plan);
        return code;
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* from here on they are waited for */
    allow_descriptors();
    zobo_server *server;
    zobo_problem why = {0};
    zobo_err err = zobo_server_start(&server, &plan.options, &why);
    if (err == ZOBO_OK) {
        int signal;
        tell_ready(ctx, server, plan.options.data_dir);
        sigwait(&ends, &signal);
        notify_manager("STOPPING=1");
        zobo_server_close(server);
    } else {
        code = fail_why(ctx, err, NULL, &why, NULL);
    }
    free_plan(&plan);
    return code;
}

static const struct example examples[] = {
    {"zobo serve", "on 127.0.0.1:2181, with the data in the user's state directory"},
    {"zobo serve --memory --listen 127.0.0.1:0", "for a test: a free port, named by the line on stdout"},
    {"zobo serve --config /etc/zookeeper/conf/zoo.cfg", "with a ZooKeeper's settings"},
    {NULL, NULL}};

const struct command cmd_serve = {
    .name = "serve",
    .usage = "",
    .summary = "be a ZooKeeper server: one node, durable, small",
    .about =
        "Any ZooKeeper client works on it. Every write that was answered is on disk. A line on stdout tells that it "
        "serves, and $NOTIFY_SOCKET is told too; the log goes to stderr. SIGTERM, SIGINT and SIGHUP end it in good "
        "order. It is no cluster and never will be: for that there is Apache ZooKeeper, and `zobo snapshot export` "
        "takes the data there.",
    .examples = examples,
    .opts = opts,
    .formats = FORMATS_ONE,
    .run = run_serve};
