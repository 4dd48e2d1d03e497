/* SPDX-License-Identifier: Apache-2.0 */
#include "support/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_internal.h"
#include "support/bytes.h"

enum { MAX_REQS = 64, N_PATHS = 8, N_WATCHERS = 8 };

#define must(what)                                                                                                     \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #what);                                      \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* What the driver is about. */
typedef enum job { JOB_NONE, JOB_RESOLVE, JOB_CONNECT, JOB_LINKED } job;

typedef struct machine {
    const uint8_t *p, *end;
    zb_session *s;
    zb_time now;
    zb_req *reqs[MAX_REQS]; /* submitted and not ended */
    size_t n_reqs;
    job job;
    size_t host;
    bool stopped; /* CLOSED pulled, or never started */
    bool crossed; /* the driver said that it is done when it was about to be told to stop */
    bool oom;     /* memory may fail in the next step */
    zobo_state state;
    long probe;
    /* the server's side of the link */
    zt_buf wire; /* written to it, not yet read */
    bool welcomed;
    int32_t xid; /* of the last request read */
    struct {
        int32_t xid, type;
    } asked[256]; /* a ring of requests to answer */
    unsigned asked_head, asked_tail;
    int64_t zxid, session;
    size_t handed;
} machine;

static uint8_t
byte(machine *m)
{
    return m->p < m->end ? *m->p++ : 0;
}

static const char *const paths[N_PATHS] = {"/", "/a", "/a/b", "/a/b/c", "/ab", "/d", "/d/e", "/long/path/of/a/node"};
static char watchers[N_WATCHERS];

static void
on_watch(void *arg, const zobo_event *event)
{
    (void)arg;
    (void)event;
}

static zb_path
path_of(uint8_t b)
{
    const char *path = paths[b % N_PATHS];
    zb_path p = {"", path, 0, (uint32_t)strlen(path)};
    return p;
}

/* --- the driver --- */

static void
link_gone(machine *m)
{
    m->crossed = m->s->disconnect_due;
    m->job = JOB_NONE;
    m->wire.n = 0;
    m->welcomed = false;
    m->asked_head = m->asked_tail = 0;
    m->handed = 0;
}

static void
ended(machine *m, zb_req *req)
{
    size_t i = 0;
    while (i < m->n_reqs && m->reqs[i] != req)
        i++;
    must(i < m->n_reqs); /* ended once, and not after it was forgotten */
    must(req->state == ZB_REQ_DONE);
    must(req->frame == NULL && req->watch == NULL && req->deadline.index == 0 && req->auth == NULL);
    must(req->reply == NULL || req->err == ZOBO_OK || req->err == ZOBO_ETRANSACTION);
    must(req->reply == NULL || req->want_reply);
    zobo_reply_free(req->reply);
    free(req);
    m->reqs[i] = m->reqs[--m->n_reqs];
}

static void
told(machine *m, const zb_event *ev)
{
    must(ev->watch->refs >= 1);
    must(ev->path_len == 0 || ev->path != NULL);
    must(!ev->last || !ev->watch->registered);
    must(ev->type != ZOBO_EVENT_NONE || ev->zxid == -1);
    must(ev->last || ev->watch->table == ZB_WATCH_PERSISTENT || ev->watch->table == ZB_WATCH_RECURSIVE);
    for (size_t i = 0; i < ev->path_len; i++)
        (void)*(const volatile char *)&ev->path[i];
    zb_watch_unref(zb_session_watches(m->s), ev->watch);
}

static bool
pull(machine *m)
{
    zb_event ev;
    if (!zb_session_next(m->s, &ev, m->now))
        return false;
    switch (ev.kind) {
    case ZB_EV_RESOLVE:
        must(m->job == JOB_NONE && !m->stopped);
        must(ev.host < zb_session_hosts(m->s)->n);
        m->job = JOB_RESOLVE;
        m->host = ev.host;
        break;
    case ZB_EV_CONNECT:
        must(m->job == JOB_NONE && !m->stopped && ev.addr->len == 16);
        m->job = JOB_CONNECT;
        break;
    case ZB_EV_DISCONNECT:
        must(m->job != JOB_NONE || m->crossed);
        m->crossed = false;
        link_gone(m);
        break;
    case ZB_EV_PROBE:
        must(!m->stopped && ev.host < zb_session_hosts(m->s)->n);
        m->probe = (long)ev.host;
        break;
    case ZB_EV_STATE:
        must(ev.state != m->state);
        must(ev.state != ZOBO_SUSPENDED || m->state != ZOBO_LOST);
        m->state = ev.state;
        break;
    case ZB_EV_DONE:
        must(ev.err == ev.req->err);
        ended(m, ev.req);
        break;
    case ZB_EV_WATCH:
        told(m, &ev);
        break;
    case ZB_EV_CLOSED:
        must(!m->stopped && m->state == ZOBO_LOST && m->job == JOB_NONE);
        must(m->n_reqs == 0);
        m->stopped = true;
        break;
    case ZB_EV_NONE:
        must(false);
    }
    return true;
}

/* When all has been pulled both sides agree. */
static void
settle(machine *m)
{
    while (pull(m))
        continue;
    must(zb_session_in_flight(m->s) == m->n_reqs);
    zb_session_info info;
    zb_session_get_info(m->s, &info);
    must(info.state == m->state);
    must(info.stopped == m->stopped);
    must(zb_session_wants_write(m->s) == false || m->job == JOB_LINKED);
}

/* Reads what has been written as the server does: whole frames, ConnectRequest first, xids one after the other. */
static void
serve(machine *m)
{
    size_t at = 0;
    while (m->wire.n - at >= 4) {
        size_t n = zb_load32(m->wire.p + at);
        must(n <= 1048575);
        if (m->wire.n - at - 4 < n)
            break;
        const uint8_t *f = m->wire.p + at + 4;
        at += 4 + n;
        if (m->xid == 0) {
            must(n == 45);
            m->xid = -1;
            continue;
        }
        must(n >= 8);
        int32_t xid = (int32_t)zb_load32(f), type = (int32_t)zb_load32(f + 4);
        if (xid > 0) {
            must(xid == (m->xid < 0 ? 1 : m->xid + 1));
            m->xid = xid;
        } else {
            must(xid == ZB_XID_PING || xid == ZB_XID_AUTH || xid == ZB_XID_SET_WATCHES);
        }
        if (m->asked_tail - m->asked_head < 256) {
            m->asked[m->asked_tail % 256].xid = xid;
            m->asked[m->asked_tail % 256].type = type;
            m->asked_tail++;
        }
    }
    if (at)
        memmove(m->wire.p, m->wire.p + at, m->wire.n - at);
    m->wire.n -= at;
}

static void
write_some(machine *m, uint8_t how)
{
    if (m->job != JOB_LINKED)
        return;
    zb_iov iov[3];
    size_t n = zb_session_output(m->s, iov, 1 + how % 3);
    size_t total = 0, left = how & 8 ? (size_t)byte(m) : SIZE_MAX, sent = 0;
    for (size_t i = 0; i < n; i++)
        total += iov[i].n;
    must((n > 0) == zb_session_wants_write(m->s));
    zb_session_sending(m->s, total);
    for (size_t i = 0; i < n && left > 0; i++) {
        size_t part = iov[i].n < left ? iov[i].n : left;
        zt_put_raw(&m->wire, iov[i].p, part);
        left -= part;
        sent += part;
    }
    if ((how & 0x30) == 0x30) { /* the link breaks in the middle of it */
        link_gone(m);
        zb_session_link(m->s, ZB_LINK_DOWN, ZOBO_ESERVERCLOSED, 32, m->now);
    }
    zb_session_sent(m->s, sent, m->now);
    serve(m);
}

static void
feed(machine *m, const void *p, size_t n, uint8_t cut)
{
    size_t step = cut ? cut : n;
    for (size_t at = 0; at < n; at += step) {
        size_t part = n - at < step ? n - at : step;
        if (zb_session_feed(m->s, (const uint8_t *)p + at, part, m->now) != ZOBO_OK) {
            must(m->oom);
            if (m->job == JOB_LINKED) { /* what a driver does then */
                link_gone(m);
                zb_session_link(m->s, ZB_LINK_DOWN, ZOBO_ENOMEM, 0, m->now);
            }
            return;
        }
    }
}

static void
feed_frame(machine *m, const zt_buf *b, uint8_t cut)
{
    zt_buf frame = {0};
    zt_put_i32(&frame, (int32_t)b->n);
    zt_put_raw(&frame, b->p, b->n);
    feed(m, frame.p, frame.n, cut);
    zt_buf_free(&frame);
}

static void
welcome(machine *m, uint8_t how)
{
    if (m->job != JOB_LINKED || m->welcomed)
        return;
    zt_buf b = {0};
    if ((how & 7) == 1)
        m->session++;
    zt_put_i32(&b, 0);
    zt_put_i32(&b, (how & 7) == 0 ? 0 : 1 + 300 * (how >> 4));
    zt_put_i64(&b, (how & 7) == 0 ? 0 : m->session);
    zt_put_bytes(&b, "0123456789abcdef", (how & 7) == 2 ? 15 : 16);
    if ((how & 7) != 3)
        zt_put_bool(&b, (how & 7) == 4);
    feed_frame(m, &b, how & 8 ? byte(m) : 0);
    zt_buf_free(&b);
    m->welcomed = true;
}

static void
put_body(zt_buf *b, int32_t type, uint8_t how)
{
    static const zobo_stat stat = {0};
    const zb_op *op = zb_op_find(type);
    if (!op || how & 0x40) /* none, or a short one */
        return;
    switch (op->reply) {
    case ZB_REPLY_STAT:
        zt_put_stat(b, &stat);
        break;
    case ZB_REPLY_DATA_STAT:
        zt_put_bytes(b, "data", how & 1 ? -1 : 4);
        zt_put_stat(b, &stat);
        break;
    case ZB_REPLY_CHILDREN_STAT:
        zt_put_i32(b, 2);
        zt_put_str(b, "x");
        zt_put_str(b, "y");
        zt_put_stat(b, &stat);
        break;
    case ZB_REPLY_PATH:
        zt_put_str(b, "/a");
        break;
    case ZB_REPLY_MULTI:
        zt_put_i32(b, -1);
        zt_put_bool(b, how & 2);
        zt_put_i32(b, how & 2 ? -1 : -101);
        if (!(how & 2)) {
            zt_put_i32(b, -101);
            zt_put_i32(b, -1);
            zt_put_bool(b, true);
            zt_put_i32(b, -1);
        }
        break;
    default:
        zt_put_i32(b, 0);
    }
}

static void
answer(machine *m, uint8_t how)
{
    static const int32_t errs[8] = {0, 0, 0, 0, -101, -102, -115, -7777};
    if (m->job != JOB_LINKED || m->asked_head == m->asked_tail)
        return;
    unsigned at = m->asked_head++ % 256;
    zt_buf b = {0};
    int32_t err = errs[how & 7];
    if (m->asked[at].xid == ZB_XID_SET_WATCHES && !(how & 0x20))
        err = 0;
    if (m->asked[at].xid == ZB_XID_AUTH && !(how & 0x30))
        err = 0;
    zt_put_i32(&b, m->asked[at].xid);
    zt_put_i64(&b, m->asked[at].xid == ZB_XID_AUTH ? 0 : ++m->zxid);
    zt_put_i32(&b, err);
    if (err == 0)
        put_body(&b, m->asked[at].type, how);
    feed_frame(m, &b, how & 8 ? byte(m) : 0);
    zt_buf_free(&b);
}

static void
send_event(machine *m, uint8_t how)
{
    if (m->job != JOB_LINKED || !m->welcomed)
        return;
    zt_buf b = {0};
    zt_put_i32(&b, ZB_XID_EVENT);
    zt_put_i64(&b, how & 0x40 ? -1 : ++m->zxid);
    zt_put_i32(&b, 0);
    zt_put_i32(&b, 1 + how % 5);
    zt_put_i32(&b, 3);
    zt_put_str(&b, paths[(how >> 3) % N_PATHS]);
    feed_frame(m, &b, how & 0x80 ? byte(m) : 0);
    zt_buf_free(&b);
}

static void
garbage(machine *m)
{
    size_t n = byte(m) % 64;
    if (n > (size_t)(m->end - m->p))
        n = (size_t)(m->end - m->p);
    uint8_t *copy = malloc(n + 1); /* of that size exactly: a sanitizer sees what reads beyond */
    must(copy);
    memcpy(copy, m->p, n);
    m->p += n;
    feed(m, copy, n, 0);
    free(copy);
}

/* --- requests --- */

static zb_watch *
make_watch(machine *m, uint8_t b, zb_watch_table table)
{
    zobo_watcher w = {.fn = on_watch, .arg = &watchers[b % N_WATCHERS]};
    zb_watch *watch = zb_watch_new(zb_session_watches(m->s), path_of(b), table, &w);
    must(watch || m->oom);
    return watch;
}

static zobo_err
submit_kind(machine *m, zb_req *req, uint8_t kind, uint8_t b)
{
    static uint8_t data[70000];
    struct zb_path_watch_request watched = {path_of(b), true};
    struct zb_path_request plain = {path_of(b)};
    struct zb_set_data_request set = {path_of(b), {data, b & 1 ? 70000 : b}, -1};
    struct zb_add_watch_request add = {path_of(b), b & 1};
    struct zb_raw_request multi = {{"\377\377\377\377\1\377\377\377\377", 9}};
    struct zb_auth_request auth = {0, zb_buf_of("digest"), {paths[b % N_PATHS], 1}};
    static const int32_t ops[8] = {ZB_OP_GET_DATA, ZB_OP_EXISTS,    ZB_OP_GET_CHILDREN2, ZB_OP_SET_DATA,
                                   ZB_OP_SYNC,     ZB_OP_ADD_WATCH, ZB_OP_MULTI,         ZB_OP_AUTH};
    const void *records[8] = {&watched, &watched, &watched, &set, &plain, &add, &multi, &auth};
    req->op = zb_op_find(ops[kind & 7]);
    req->is_auth = (kind & 7) == 7;
    req->want_reply = kind & 8;
    req->timeout = kind & 16 ? ZB_MS(1 + b) : 0;
    if ((kind & 32 && (kind & 7) < 3) || (kind & 7) == 5)
        req->watch = make_watch(m, b,
                                (kind & 7) != 5 ? ZB_WATCH_DATA
                                : b & 1         ? ZB_WATCH_RECURSIVE
                                                : ZB_WATCH_PERSISTENT);
    return zb_session_submit(m->s, req, records[kind & 7], m->now);
}

static void
submit(machine *m, uint8_t kind)
{
    if (m->n_reqs == MAX_REQS)
        return;
    zb_req *req = malloc(sizeof *req);
    must(req);
    memset(req, 0, sizeof *req);
    zobo_err err = submit_kind(m, req, kind, byte(m));
    if (err == ZOBO_OK) {
        m->reqs[m->n_reqs++] = req;
        return;
    }
    must(err != ZOBO_ENOMEM || m->oom);
    must(err == ZOBO_ENOMEM || err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED || err == ZOBO_EAUTHFAILED ||
         err == ZOBO_ESESSIONEXPIRED);
    if (req->watch)
        zb_watch_unref(zb_session_watches(m->s), req->watch);
    free(req);
}

static void
forget(machine *m, uint8_t b)
{
    if (m->n_reqs == 0)
        return;
    size_t i = b % m->n_reqs;
    zb_req *req = m->reqs[i];
    zb_session_forget(m->s, req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    if (req->state == ZB_REQ_DONE)
        return; /* it will be pulled */
    must(req->err == ZOBO_ECANCELLED || req->err == ZOBO_EABANDONED);
    must(req->frame == NULL && req->watch == NULL);
    free(req);
    m->reqs[i] = m->reqs[--m->n_reqs];
}

static void
remove_watches(machine *m, uint8_t b)
{
    zb_link out;
    zb_list_init(&out);
    unsigned left;
    zobo_watcher w = {.fn = on_watch, .arg = &watchers[b % N_WATCHERS]};
    zb_watches_remove(zb_session_watches(m->s), path_of(b >> 3), (zobo_watch_kind)(1 + b % 5), b & 0x80 ? &w : NULL,
                      &out, &left);
    for (zb_link *l; (l = zb_list_pop_front(&out));)
        zb_watch_unref(zb_session_watches(m->s), ZB_CONTAINER_OF(l, zb_watch, link));
}

/* --- the link --- */

static void
proceed(machine *m, uint8_t how)
{
    zb_addr addrs[3] = {{{1}, 16}, {{2}, 16}, {{3}, 16}};
    job was = m->job;
    if (was == JOB_RESOLVE) {
        link_gone(m);
        zb_session_resolved(m->s, m->host, addrs, how % 4, ZOBO_ERESOLVE, 0, m->now);
    } else if (was == JOB_CONNECT && how % 4 != 0) {
        m->job = JOB_LINKED;
        m->xid = 0;
        zb_session_link(m->s, ZB_LINK_UP, ZOBO_OK, 0, m->now);
    } else if (was == JOB_CONNECT || (was == JOB_LINKED && how % 8 == 0)) {
        link_gone(m);
        zb_session_link(m->s, ZB_LINK_DOWN, how & 16 ? ZOBO_EREFUSED : ZOBO_ESERVERCLOSED, 111, m->now);
    }
}

/* A driver that is late, or mistaken: while it is about nothing, whatever it says is not heard. */
static void
stale(machine *m, uint8_t how)
{
    zb_addr addr = {{9}, 16};
    if (m->job != JOB_NONE)
        return;
    zb_session_resolved(m->s, how % 4, &addr, 1, ZOBO_OK, 0, m->now);
    zb_session_link(m->s, how & 8 ? ZB_LINK_UP : ZB_LINK_DOWN, ZOBO_EREFUSED, 0, m->now);
    zb_session_fed(m->s, 0, m->now);
    zb_session_probed(m->s, how % 4, how & 16, m->now);
}

static void
start(machine *m, uint8_t how)
{
    zobo_client_id id = {5, {1}};
    zobo_err err = zb_session_start(m->s, how & 1 ? &id : NULL, m->now);
    must((err == ZOBO_OK) == m->stopped);
    if (err == ZOBO_OK)
        m->stopped = false;
}

static void
tick(machine *m, uint8_t how)
{
    zb_time at = zb_session_deadline(m->s);
    if (how & 0x80 && at != ZB_NEVER)
        m->now = at > m->now ? at : m->now;
    else
        m->now += ZB_MS(how * (how & 0x40 ? 50U : 1U));
    zb_session_tick(m->s, m->now);
    must(zb_session_deadline(m->s) > m->now);
}

static void
set_hosts(machine *m, uint8_t how)
{
    static const char *const texts[] = {"a", "a,b", "x,y,z", "unix:/s"};
    zb_hosts hosts;
    zobo_problem why;
    if (zb_hosts_parse(&hosts, texts[how % 4], &why) == ZOBO_OK)
        zb_session_set_hosts(m->s, &hosts);
    else
        must(m->oom);
}

/* What a good server and driver would do next, so that programs get somewhere. */
static void
help(machine *m, uint8_t how)
{
    settle(m);
    if (m->job == JOB_RESOLVE || m->job == JOB_CONNECT)
        proceed(m, 1);
    else if (m->job == JOB_LINKED && !m->welcomed)
        welcome(m, 0xf5);
    else if (m->job == JOB_LINKED && how & 1)
        write_some(m, 0);
    else if (m->job == JOB_LINKED)
        answer(m, 0);
    settle(m);
}

static void
step(machine *m)
{
    uint8_t what = byte(m), how = byte(m);
    switch (what % 20) {
    case 0:
        pull(m);
        break;
    case 1:
        settle(m);
        break;
    case 2:
    case 3:
    case 4:
        submit(m, how);
        break;
    case 5:
        write_some(m, how);
        break;
    case 6:
        answer(m, how);
        break;
    case 7:
        send_event(m, how);
        break;
    case 8:
        if (how < 64)
            garbage(m);
        else
            welcome(m, how);
        break;
    case 9:
        proceed(m, how);
        break;
    case 10:
        stale(m, how);
        break;
    case 11:
        tick(m, how);
        break;
    case 12:
        forget(m, how);
        break;
    case 13:
        if (how < 32)
            zb_session_stop(m->s, how & 1, m->now);
        break;
    case 14:
        start(m, how);
        break;
    case 15:
        remove_watches(m, how);
        break;
    case 16:
        set_hosts(m, how);
        break;
    case 17:
        if (m->probe >= 0)
            zb_session_probed(m->s, (size_t)m->probe, how & 1, m->now);
        m->probe = -1;
        break;
    default:
        help(m, how);
    }
}

/* Stops it, in the end without the server's help: nobody is left waiting. */
static void
finish(machine *m)
{
    settle(m);
    zb_session_stop(m->s, m->n_reqs % 2, m->now);
    for (int i = 0; i < 4 && !m->stopped; i++) {
        settle(m);
        if (m->stopped)
            break;
        zb_time at = zb_session_deadline(m->s);
        must(at != ZB_NEVER);
        m->now = at > m->now ? at + ZB_MS(100000) : m->now + ZB_MS(100000);
        zb_session_tick(m->s, m->now);
    }
    settle(m);
    must(m->stopped && m->n_reqs == 0 && zb_session_watches(m->s)->n == 0);
    must(zb_session_deadline(m->s) == ZB_NEVER);
    must(m->s->watches.nodes.n == 0);
}

void
zt_session_program(const uint8_t *data, size_t n)
{
    static const char *const hosts[] = {"a", "a,b,c", "a,b/root"};
    machine *m = calloc(1, sizeof *m);
    must(m);
    m->p = data;
    m->end = data + n;
    m->now = ZB_MS(1000);
    m->stopped = true;
    m->probe = -1;
    m->session = 5;
    uint8_t how = byte(m);
    zobo_auth auth = {"digest", "a:b", 3};
    zobo_retry_policy retry = {0};
    retry.size = sizeof retry;
    retry.max_tries = how & 64 ? 3 : 0;
    zobo_options options = {0};
    options.size = sizeof options;
    options.hosts = hosts[how % 3];
    options.timeout_ms = 3000;
    options.queue_timeout_ms = 500;
    options.read_only = how & 4;
    options.stay_lost = how & 8;
    options.auth = &auth;
    options.n_auth = how & 16 ? 1 : 0;
    options.max_reply_bytes = 100000;
    options.connection_retry = &retry;
    zb_session_config config = {&options, {0}, how};
    must(zb_session_new(&config, &m->s, NULL) == ZOBO_OK);
    start(m, how >> 5);
    while (m->p < m->end) {
        m->oom = how & 32 && (*m->p & 0x80); /* these programs run out of memory at times */
        if (m->oom)
            zb_mem_fail_after(*m->p >> 5 & 3, *m->p & 0x10 ? 1 : 0);
        step(m);
        if (m->oom)
            zb_mem_fail_after(-1, 0);
        m->oom = false;
        must(zb_session_validate(m->s));
    }
    finish(m);
    zb_session_free(m->s);
    zt_buf_free(&m->wire);
    free(m);
}
