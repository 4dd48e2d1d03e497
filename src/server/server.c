/* SPDX-License-Identifier: Apache-2.0 */
/* The public API: a server's life, and what testers do to it.
 *
 * One lock makes calls wait for one another. What concerns connections and sessions runs on the loop thread and is
 * waited for. A stopped server with a data directory has closed it; one in memory keeps its engine, which then has no
 * connections and no clock. */
#include <zobo/server.h>

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "io/sys.h"
#include "server/facts.h"
#include "server/http.h"
#include "server/net.h"
#include "server/options.h"
#include "server/thread.h"

/* As which ZooKeeper clients see us, in the form that their parsers of four-letter words want. */
static const char version[] = "3.9.3-zobo-" ZOBO_VERSION ", built on 01/01/2026 00:00 GMT";

struct zobo_server {
    pthread_mutex_t lock;
    zobo_server_options options;
    zb_log log;
    zs_engine *engine; /* NULL: the data is closed */
    zs_net *net;       /* NULL: stopped */
    zs_http *http;     /* NULL: none */
    zs_about about;    /* the loop thread's while it runs */
    char hosts[300];   /* set once, at the first start */
    uint16_t port;
    _Atomic uint16_t http_port; /* asked for without the lock, which a drain may hold for long */
    bool refuse;
    uint32_t delay_ms;
};

/* --- what it tells about itself ------------------------------------------------------------------------------------
 * */

static const zs_about *
about_now(zobo_server *s)
{
    s->about.now = zb_now();
    s->about.wall_ms = zb_wall_ms();
    return &s->about;
}

/* Called by the engine. */
static bool
on_word(void *arg, zs_conn *conn, const char *word, zs_bytes *out)
{
    return zs_words_answer(about_now(arg), conn, word, out);
}

typedef struct question {
    zobo_server *server;
    const char *path;
    zs_bytes *body;
    const char **type;
    bool found;
} question;

static void
do_answer(zs_net *net, void *arg)
{
    static const char commands[] = "/commands";
    (void)net;
    question *q = arg;
    const zs_about *about = about_now(q->server);
    size_t len = sizeof commands - 1;
    q->found = true;
    if (strcmp(q->path, "/metrics") == 0) {
        *q->type = "text/plain; version=0.0.4; charset=utf-8";
        zs_metrics_answer(about, q->body);
    } else if (strncmp(q->path, commands, len) == 0 && (q->path[len] == '/' || q->path[len] == '\0')) {
        const char *name = q->path + len + (q->path[len] == '/');
        *q->type = name[0] ? "application/json" : "text/html; charset=utf-8";
        q->found = zs_admin_answer(about, name, q->body);
    } else {
        *q->type = "text/plain";
        q->found = false;
        zs_add_text(q->body, "there are /metrics and /commands\n");
    }
}

/* Called on the HTTP server's thread; the loop outlives it. */
static int
on_http(void *arg, const char *path, zs_bytes *body, const char **type)
{
    zobo_server *s = arg;
    question q = {s, path, body, type, false};
    zs_net_call(s->net, do_answer, &q);
    return q.found ? 200 : 404;
}

/* --- starting and stopping ---------------------------------------------------------------------------------------- */

/* wake_sessions gives the sessions of a server in memory their full time again, as opening a directory does. */
static void
wake_sessions(zs_engine *engine)
{
    zs_engine_tick(engine, zb_now(), zb_wall_ms());
    zs_sessions *sessions = zs_engine_sessions(engine);
    zb_map_iter it;
    zb_map_iter_init(&sessions->map, &it);
    for (zb_map_node *node; (node = zb_map_iter_next(&sessions->map, &it));)
        zs_session_touch(sessions, ZB_CONTAINER_OF(node, zs_session, by_id));
}

static zobo_err
open_data(zobo_server *s, zobo_problem *why)
{
    zs_store_options store_options;
    zs_engine_options engine_options;
    zs_store *store;
    if (s->engine) {
        wake_sessions(s->engine);
        return ZOBO_OK;
    }
    zs_options_for_store(&s->options, &store_options);
    zobo_err err = zs_store_open(&store, &store_options, why);
    if (err)
        return err;
    zs_options_for_engine(&s->options, &engine_options);
    engine_options.word = on_word;
    engine_options.word_arg = s;
    return zs_engine_open(&s->engine, &engine_options, store, zb_now(), zb_wall_ms(), why);
}

static void
close_data(zobo_server *s)
{
    if (s->engine)
        zs_engine_close(s->engine);
    s->engine = NULL;
}

static zobo_err
listen_all(zobo_server *s, zs_net_options *net, zobo_problem *why)
{
    zobo_err err = ZOBO_OK;
    zs_listener *tcp = &net->listeners[0], *local = &net->listeners[1];
    tcp->fd = local->fd = -1;
    if (s->options.listen[0] != '\0')
        err = zs_listen_tcp(tcp, s->options.listen, s->port, why);
    if (!err && s->options.unix_path[0] != '\0')
        err = zs_listen_unix(local, s->options.unix_path, why);
    if (!err && tcp->fd < 0 && local->fd < 0)
        err = zb_problem(why, ZOBO_EBADOPTION, 0, "there is nowhere to listen: neither listen nor unix_path is set");
    if (err) {
        zs_listen_end(tcp);
        zs_listen_end(local);
        return err;
    }
    if (s->hosts[0] == '\0') {
        memcpy(s->hosts, tcp->fd >= 0 ? tcp->host : local->host, sizeof s->hosts);
        s->port = tcp->port;
    }
    return ZOBO_OK;
}

static void
end(zobo_server *s)
{
    s->http_port = 0;
    zs_http_stop(s->http);
    s->http = NULL;
    if (s->net) {
        zs_net_stop(s->net);
        s->net = NULL;
        ZB_LOG(&s->log, ZOBO_LOG_INFO, "stopped serving %s", s->hosts);
    }
    if (s->options.data_dir)
        close_data(s);
}

static zobo_err
start_http(zobo_server *s, zobo_problem *why)
{
    sigset_t before;
    if (!s->http)
        return ZOBO_OK;
    zs_signals_block(&before); /* its threads begin with what is set here */
    zobo_err err = zs_http_start(s->http, on_http, s, why);
    zs_signals_restore(&before);
    if (!err)
        s->http_port = zs_http_port(s->http);
    return err;
}

/* begin opens what is closed and serves. The data comes first: who else uses it is told by its lock, and only its owner
 * may replace the socket that lies beside it. */
static zobo_err
begin(zobo_server *s, zobo_problem *why)
{
    zobo_err err = open_data(s, why);
    if (err)
        return err;
    zs_net_options net = {.engine = s->engine,
                          .log = s->log,
                          .max_client_cnxns = s->options.max_client_cnxns,
                          .refuse = s->refuse,
                          .delay_ms = s->delay_ms};
    if (s->options.http)
        err = zs_http_open(&s->http, s->options.http, why);
    if (!err)
        err = listen_all(s, &net, why);
    s->about = (zs_about){.engine = s->engine,
                          .version = version,
                          .data_dir = s->options.data_dir ? s->options.data_dir : "",
                          .listen = s->hosts,
                          .words = s->options.words ? s->options.words : "*",
                          .port = s->port,
                          .max_client_cnxns = s->options.max_client_cnxns,
                          .started = zb_now()};
    if (!err)
        err = zs_net_start(&s->net, &net, why);
    if (!err)
        err = start_http(s, why);
    if (err)
        end(s);
    else
        ZB_LOG(&s->log, ZOBO_LOG_INFO, "serving %s%s%s from %s%s%s", s->hosts,
               s->port && s->options.unix_path[0] ? " and unix:" : "", s->port ? s->options.unix_path : "",
               s->options.data_dir ? s->options.data_dir : "memory", s->http ? ", HTTP on " : "",
               s->http ? zs_http_host(s->http) : "");
    return err;
}

zobo_err
zobo_server_start(zobo_server **out, const zobo_server_options *options, zobo_problem *why)
{
    zb_problem_clear(why);
    if (!out)
        return zb_problem(why, ZOBO_EINVAL, 0, "out is NULL");
    *out = NULL;
    zobo_server *s = zb_calloc(1, sizeof *s);
    if (!s)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    zobo_err err = zs_options_copy(&s->options, options, why);
    if (err) {
        zb_free(s);
        return err;
    }
    pthread_mutex_init(&s->lock, NULL);
    s->log = (zb_log){s->options.log, s->options.log_arg, s->options.log_level};
    err = begin(s, why);
    if (err)
        zobo_server_close(s);
    else
        *out = s;
    return err;
}

zobo_err
zobo_server_stop(zobo_server *s)
{
    pthread_mutex_lock(&s->lock);
    zobo_err err = s->net ? ZOBO_OK : ZOBO_EALREADY;
    end(s);
    pthread_mutex_unlock(&s->lock);
    return err;
}

zobo_err
zobo_server_restart(zobo_server *s, zobo_problem *why)
{
    zb_problem_clear(why);
    pthread_mutex_lock(&s->lock);
    zobo_err err = s->net ? zb_problem(why, ZOBO_EALREADY, 0, "it serves") : begin(s, why);
    pthread_mutex_unlock(&s->lock);
    return err;
}

zobo_err
zobo_server_drain(zobo_server *s, uint32_t timeout_ms)
{
    pthread_mutex_lock(&s->lock);
    zobo_err err = !s->net || zs_net_drain(s->net, timeout_ms) ? ZOBO_OK : ZOBO_ETIMEDOUT;
    pthread_mutex_unlock(&s->lock);
    return err;
}

void
zobo_server_close(zobo_server *s)
{
    if (!s)
        return;
    end(s);
    close_data(s);
    pthread_mutex_destroy(&s->lock);
    zs_options_free(&s->options);
    zb_free(s);
}

const char *
zobo_server_hosts(const zobo_server *s)
{
    return s->hosts;
}

uint16_t
zobo_server_port(const zobo_server *s)
{
    return s->port;
}

uint16_t
zobo_server_http_port(const zobo_server *s)
{
    return s->http_port;
}

/* --- for testers -------------------------------------------------------------------------------------------------- */

/* An order, and what came of it. */
typedef struct order {
    int64_t session;
    uint32_t n;
    zobo_err err;
} order;

/* carry_out runs fn on the loop thread; a stopped server has nothing to do it to. */
static void
carry_out(zobo_server *s, zs_net_fn *fn, order *o)
{
    pthread_mutex_lock(&s->lock);
    if (s->net)
        zs_net_call(s->net, fn, o);
    pthread_mutex_unlock(&s->lock);
}

static void
do_expire(zs_net *net, void *arg)
{
    order *o = arg;
    if (zs_engine_expire(net->engine, o->session))
        o->err = ZOBO_OK;
}

zobo_err
zobo_server_expire(zobo_server *s, int64_t session_id)
{
    order o = {.session = session_id, .err = ZOBO_EUNKNOWNSESSION};
    carry_out(s, do_expire, &o);
    return o.err;
}

static void
do_drop(zs_net *net, void *arg)
{
    order *o = arg;
    if (o->session == 0) {
        zs_net_drop_all(net);
        o->err = ZOBO_OK;
        return;
    }
    zs_session *session = zs_session_find(zs_engine_sessions(net->engine), o->session);
    if (session && session->conn) {
        zs_peer_close(zs_conn_owner(session->conn));
        o->err = ZOBO_OK;
    }
}

zobo_err
zobo_server_drop(zobo_server *s, int64_t session_id)
{
    order o = {.session = session_id, .err = session_id ? ZOBO_EUNKNOWNSESSION : ZOBO_OK};
    carry_out(s, do_drop, &o);
    return o.err;
}

static void
do_refuse(zs_net *net, void *arg)
{
    net->refuse = ((order *)arg)->n != 0;
}

void
zobo_server_refuse(zobo_server *s, bool on)
{
    order o = {.n = on};
    pthread_mutex_lock(&s->lock);
    s->refuse = on;
    if (s->net)
        zs_net_call(s->net, do_refuse, &o);
    pthread_mutex_unlock(&s->lock);
}

static void
do_delay(zs_net *net, void *arg)
{
    zs_net_set_delay(net, ((order *)arg)->n);
}

void
zobo_server_delay(zobo_server *s, uint32_t delay_ms)
{
    order o = {.n = delay_ms};
    pthread_mutex_lock(&s->lock);
    s->delay_ms = delay_ms;
    if (s->net)
        zs_net_call(s->net, do_delay, &o);
    pthread_mutex_unlock(&s->lock);
}

static void
do_lose(zs_net *net, void *arg)
{
    zs_engine_faults(net->engine)->lose_next = ((order *)arg)->n;
}

void
zobo_server_lose_replies(zobo_server *s, uint32_t n)
{
    order o = {.n = n};
    carry_out(s, do_lose, &o);
}

static void
do_fail(zs_net *net, void *arg)
{
    const order *o = arg;
    zs_faults *faults = zs_engine_faults(net->engine);
    faults->fail_next = o->n;
    faults->fail_with = o->err;
}

void
zobo_server_fail_requests(zobo_server *s, uint32_t n, zobo_err err)
{
    order o = {.n = n, .err = err};
    carry_out(s, do_fail, &o);
}
