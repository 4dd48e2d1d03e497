/* SPDX-License-Identifier: Apache-2.0 */
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Says what differs, at the line of the test. */
static void
check(const char *what, long got, long want, const char *file, int line)
{
    if (got == want)
        return;
    print_error("%s: %ld, not %ld\n", what, got, want);
    _fail(file, line);
}

void
rig_init(rig *r)
{
    memset(r, 0, sizeof *r);
    r->now = ZB_MS(1000000);
    r->options.size = sizeof r->options;
    r->options.hosts = "a,b,c";
    r->options.ordered_hosts = true;
    r->options.timeout_ms = RIG_TIMEOUT_MS;
}

void
rig_begin(rig *r)
{
    zb_session_config config = {&r->options, {r->options.log, r->options.log_arg, r->options.log_level}, 1};
    zobo_problem why;
    assert_int_equal(zb_session_new(&config, &r->s, &why), ZOBO_OK);
}

void
rig_end(rig *r)
{
    rig_drain(r);
    zb_session_free(r->s);
    zt_buf_free(&r->wire);
    memset(r, 0, sizeof *r);
}

/* --- events --- */

bool
rig_next(rig *r, rig_event *out)
{
    zb_event ev;
    memset(out, 0, sizeof *out);
    if (!zb_session_next(r->s, &ev, r->now))
        return false;
    out->kind = ev.kind;
    out->host = ev.host;
    out->state = ev.state;
    out->err = ev.err;
    out->type = ev.type;
    out->zxid = ev.zxid;
    out->last = ev.last;
    switch (ev.kind) {
    case ZB_EV_RESOLVE:
        r->host = ev.host;
        break;
    case ZB_EV_CONNECT:
        assert_non_null(ev.addr);
        out->addr = ev.addr->bytes[0];
        break;
    case ZB_EV_DONE:
        out->req = ZB_CONTAINER_OF(ev.req, rig_req, req);
        out->req->ended++;
        assert_int_equal(ev.req->state, ZB_REQ_DONE);
        assert_int_equal(ev.req->err, ev.err);
        assert_null(ev.req->watch);
        assert_null(ev.req->frame);
        break;
    case ZB_EV_WATCH:
        assert_true(ev.path_len < sizeof out->path);
        if (ev.path_len)
            memcpy(out->path, ev.path, ev.path_len);
        out->watcher = ev.watch->watcher.arg;
        zb_watch_unref(zb_session_watches(r->s), ev.watch);
        break;
    default:
        break;
    }
    return true;
}

rig_event *
rig_expect(rig *r, zb_event_kind kind, const char *file, int line)
{
    bool any = rig_next(r, &r->last);
    check("the event", any ? (long)r->last.kind : 0, (long)kind, file, line);
    return &r->last;
}

void
rig_quiet(rig *r, const char *file, int line)
{
    rig_event ev;
    check("an event", rig_next(r, &ev) ? (long)ev.kind : 0, 0, file, line);
}

void
rig_drain(rig *r)
{
    rig_event ev;
    while (rig_next(r, &ev)) {
        if (ev.kind == ZB_EV_DONE)
            zobo_reply_free(ev.req->req.reply);
    }
}

void
rig_state(rig *r, zobo_state state, zobo_err err, const char *file, int line)
{
    const rig_event *ev = rig_expect(r, ZB_EV_STATE, file, line);
    check("the state", (long)ev->state, (long)state, file, line);
    check("the error", ev->err, err, file, line);
}

void
rig_done(rig *r, rig_req *q, zobo_err err, const char *file, int line)
{
    const rig_event *ev = rig_expect(r, ZB_EV_DONE, file, line);
    check("the request that ended", ev->req == q, true, file, line);
    check("the error", ev->err, err, file, line);
    check("times it ended", q->ended, 1, file, line);
}

rig_event *
rig_watch(rig *r, const void *watcher, zobo_event_type type, const char *file, int line)
{
    rig_event *ev = rig_expect(r, ZB_EV_WATCH, file, line);
    check("the watcher", ev->watcher == watcher, true, file, line);
    check("the type", ev->type, type, file, line);
    return ev;
}

/* --- what it knows --- */

zb_session_info
rig_info(const rig *r)
{
    zb_session_info info;
    zb_session_get_info(r->s, &info);
    return info;
}

const zb_host *
rig_host(const rig *r, size_t i)
{
    return &zb_session_hosts(r->s)->items[i];
}

/* --- the link --- */

void
rig_start(rig *r)
{
    rig_begin(r);
    assert_int_equal(zb_session_start(r->s, NULL, r->now), ZOBO_OK);
}

void
rig_wait(rig *r)
{
    zb_time at = zb_session_deadline(r->s);
    assert_true(at != ZB_NEVER && at >= r->now);
    r->now = at;
    zb_session_tick(r->s, r->now);
}

void
rig_fail_round(rig *r)
{
    for (size_t i = 0; i < zb_session_hosts(r->s)->n; i++) {
        expect(r, ZB_EV_RESOLVE);
        rig_resolved(r, 0);
    }
}

void
rig_resolved(rig *r, size_t n_addrs)
{
    zb_addr addrs[8];
    memset(addrs, 0, sizeof addrs);
    assert_true(n_addrs <= 8);
    for (size_t i = 0; i < n_addrs; i++) {
        addrs[i].bytes[0] = (uint8_t)(i + 1);
        addrs[i].len = 16;
    }
    zb_session_resolved(r->s, r->host, addrs, n_addrs, n_addrs ? ZOBO_OK : ZOBO_ERESOLVE, 0, r->now);
}

void
rig_up(rig *r)
{
    r->wire.n = r->wire_at = 0;
    zb_session_link(r->s, ZB_LINK_UP, ZOBO_OK, 0, r->now);
}

void
rig_down(rig *r, zobo_err why)
{
    zb_session_link(r->s, ZB_LINK_DOWN, why, 0, r->now);
    r->wire.n = r->wire_at = 0;
}

void
rig_tick(rig *r, uint32_t ms)
{
    r->now += ZB_MS(ms);
    zb_session_tick(r->s, r->now);
}

void
rig_dial(rig *r)
{
    expect(r, ZB_EV_RESOLVE);
    rig_resolved(r, 1);
    expect(r, ZB_EV_CONNECT);
    rig_up(r);
}

/* Writes the ConnectRequest and takes it from the wire. */
static void
skip_hello(rig *r)
{
    rig_flush(r);
    rig_frame f;
    assert_true(rig_try_frame(r, &f));
    assert_int_equal(f.n, 45);
}

/* Connected is told when the credentials have been accepted. Their frames stay to be taken by the test. */
static void
accept_auths(rig *r)
{
    rig_frame f;
    if (r->options.n_auth == 0)
        return;
    expect_nothing(r);
    rig_flush(r);
    size_t at = r->wire_at;
    while (rig_try_frame(r, &f) && f.type == ZB_OP_AUTH)
        rig_reply(r, ZB_XID_AUTH, 0, ZOBO_OK, NULL);
    r->wire_at = at;
}

void
rig_hello(rig *r)
{
    rig_dial(r);
    skip_hello(r);
    rig_welcome(r, RIG_TIMEOUT_MS, RIG_SESSION, 0);
}

void
rig_connect(rig *r)
{
    assert_int_equal(zb_session_start(r->s, NULL, r->now), ZOBO_OK);
    rig_hello(r);
    accept_auths(r);
    expect_state(r, ZOBO_CONNECTED, ZOBO_OK);
}

void
rig_reconnect(rig *r)
{
    rig_hello(r);
    accept_auths(r);
    expect_state(r, ZOBO_CONNECTED, ZOBO_OK);
}

/* --- bytes --- */

void
rig_flush(rig *r)
{
    zb_iov iov[4];
    size_t n;
    if (r->wire_at == r->wire.n)
        r->wire.n = r->wire_at = 0;
    while ((n = zb_session_output(r->s, iov, 4)) > 0) {
        size_t total = 0, left = r->write_max ? r->write_max : SIZE_MAX;
        for (size_t i = 0; i < n; i++)
            total += iov[i].n;
        zb_session_sending(r->s, total);
        size_t sent = 0;
        for (size_t i = 0; i < n && left > 0; i++) {
            size_t part = iov[i].n < left ? iov[i].n : left;
            zt_put_raw(&r->wire, iov[i].p, part);
            sent += part;
            left -= part;
        }
        zb_session_sent(r->s, sent, r->now);
    }
}

bool
rig_try_frame(rig *r, rig_frame *f)
{
    const uint8_t *p = r->wire.p + r->wire_at;
    size_t have = r->wire.n - r->wire_at;
    if (have < 4 || have - 4 < zb_load32(p))
        return false;
    f->n = zb_load32(p);
    f->p = p + 4;
    f->xid = f->n >= 8 ? (int32_t)zb_load32(p + 4) : 0;
    f->type = f->n >= 8 ? (int32_t)zb_load32(p + 8) : 0;
    r->wire_at += 4 + f->n;
    return true;
}

rig_frame
rig_take(rig *r, int32_t type, const char *file, int line)
{
    rig_frame f = {0};
    if (!rig_try_frame(r, &f)) {
        rig_flush(r);
        check("a frame", rig_try_frame(r, &f), true, file, line);
    }
    check("the request's type", f.type, type, file, line);
    return f;
}

void
rig_feed(rig *r, const void *p, size_t n)
{
    const uint8_t *b = p;
    size_t step = r->read_max ? r->read_max : n;
    for (size_t at = 0; at < n; at += step)
        assert_int_equal(zb_session_feed(r->s, b + at, n - at < step ? n - at : step, r->now), ZOBO_OK);
}

void
rig_feed_frame(rig *r, const zt_buf *body)
{
    zt_buf frame = {0};
    zt_put_i32(&frame, (int32_t)body->n);
    zt_put_raw(&frame, body->p, body->n);
    rig_feed(r, frame.p, frame.n);
    zt_buf_free(&frame);
}

void
rig_welcome(rig *r, int32_t timeout_ms, int64_t session, int read_only)
{
    rig_flush(r); /* no server answers before it has been asked */
    zt_buf b = {0};
    char password[16];
    memset(password, 'p', sizeof password);
    zt_put_i32(&b, 0);
    zt_put_i32(&b, timeout_ms);
    zt_put_i64(&b, session);
    zt_put_bytes(&b, password, sizeof password);
    if (read_only >= 0)
        zt_put_bool(&b, read_only);
    rig_feed_frame(r, &b);
    zt_buf_free(&b);
}

void
rig_reply(rig *r, int32_t xid, int64_t zxid, int32_t err, const zt_buf *body)
{
    zt_buf b = {0};
    zt_put_i32(&b, xid);
    zt_put_i64(&b, zxid);
    zt_put_i32(&b, err);
    if (body)
        zt_put_raw(&b, body->p, body->n);
    rig_feed_frame(r, &b);
    zt_buf_free(&b);
}

void
rig_event_frame(rig *r, int64_t zxid, int32_t type, const char *path)
{
    zt_buf b = {0};
    zt_put_i32(&b, type);
    zt_put_i32(&b, 3);
    zt_put_str(&b, path);
    rig_reply(r, ZB_XID_EVENT, zxid, 0, &b);
    zt_buf_free(&b);
}

/* --- requests --- */

void
rig_req_init(rig_req *q, int32_t op)
{
    memset(q, 0, sizeof *q);
    q->req.op = zb_op_find(op);
    assert_non_null(q->req.op);
}

static zb_path
path_of(const char *path)
{
    zb_path p = {"", path, 0, (uint32_t)strlen(path)};
    return p;
}

zobo_err
rig_submit_path(rig *r, rig_req *q, int32_t op, const char *path)
{
    rig_req_init(q, op);
    struct zb_path_watch_request watched = {path_of(path), false};
    struct zb_path_request plain = {path_of(path)};
    bool has_flag = op == ZB_OP_EXISTS || op == ZB_OP_GET_DATA || op == ZB_OP_GET_CHILDREN || op == ZB_OP_GET_CHILDREN2;
    return zb_session_submit(r->s, &q->req, has_flag ? (void *)&watched : (void *)&plain, r->now);
}

void
rig_get(rig *r, rig_req *q, const char *path)
{
    assert_int_equal(rig_submit_path(r, q, ZB_OP_GET_DATA, path), ZOBO_OK);
}

/* Never called: only the argument tells watchers apart here. */
static void
on_watch(void *arg, const zobo_event *event)
{
    (void)arg;
    (void)event;
}

static zb_watch *
make_watch(rig *r, const char *path, zb_watch_table table, void *watcher)
{
    zobo_watcher w = {.fn = on_watch, .arg = watcher};
    zb_watch *watch = zb_watch_new(zb_session_watches(r->s), path_of(path), table, &w);
    assert_non_null(watch);
    return watch;
}

void
rig_get_watch(rig *r, rig_req *q, int32_t op, const char *path, zb_watch_table table, void *watcher)
{
    rig_req_init(q, op);
    q->req.watch = make_watch(r, path, table, watcher);
    struct zb_path_watch_request record = {path_of(path), true};
    assert_int_equal(zb_session_submit(r->s, &q->req, &record, r->now), ZOBO_OK);
}

zobo_err
rig_submit_set(rig *r, rig_req *q, const char *path, const void *data, size_t n)
{
    rig_req_init(q, ZB_OP_SET_DATA);
    struct zb_set_data_request record = {path_of(path), {data, (int32_t)n}, -1};
    return zb_session_submit(r->s, &q->req, &record, r->now);
}

zobo_err
rig_submit_auth(rig *r, rig_req *q, const char *scheme, const char *credential)
{
    rig_req_init(q, ZB_OP_AUTH);
    q->req.is_auth = true;
    struct zb_auth_request record = {0, zb_buf_of(scheme), zb_buf_of(credential)};
    return zb_session_submit(r->s, &q->req, &record, r->now);
}

void
rig_answer(rig *r, rig_req *q, int64_t zxid, int32_t err)
{
    rig_frame f = take(r, q->req.op->code);
    zt_buf body = {0};
    if (err == 0) {
        if (q->req.op->reply == ZB_REPLY_DATA_STAT)
            zt_put_bytes(&body, "data", 4);
        if (q->req.op->reply == ZB_REPLY_CHILDREN || q->req.op->reply == ZB_REPLY_CHILDREN_STAT)
            zt_put_i32(&body, 0);
        if (q->req.op->reply == ZB_REPLY_DATA_STAT || q->req.op->reply == ZB_REPLY_STAT ||
            q->req.op->reply == ZB_REPLY_CHILDREN_STAT)
            rig_put_stat(&body);
        if (q->req.op->reply == ZB_REPLY_ERR || q->req.op->reply == ZB_REPLY_COUNT)
            zt_put_i32(&body, 0);
    }
    rig_reply(r, f.xid, zxid, err, &body);
    zt_buf_free(&body);
    expect_done(r, q, (zobo_err)err);
}

void
rig_put_stat(zt_buf *b)
{
    static const zobo_stat stat = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    zt_put_stat(b, &stat);
}

void
rig_data_reply(rig *r, int32_t xid, int64_t zxid, const char *data)
{
    zt_buf body = {0};
    zt_put_bytes(&body, data, (int32_t)strlen(data));
    rig_put_stat(&body);
    rig_reply(r, xid, zxid, 0, &body);
    zt_buf_free(&body);
}

void
rig_add_watch(rig *r, const char *path, zb_watch_table table, void *watcher)
{
    rig_req q;
    rig_req_init(&q, ZB_OP_ADD_WATCH);
    q.req.watch = make_watch(r, path, table, watcher);
    struct zb_add_watch_request record = {path_of(path), table == ZB_WATCH_RECURSIVE};
    assert_int_equal(zb_session_submit(r->s, &q.req, &record, r->now), ZOBO_OK);
    rig_answer(r, &q, 1, 0);
}
