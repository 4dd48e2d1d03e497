/* SPDX-License-Identifier: Apache-2.0 */
#include "support/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/op.h"

static _Noreturn void
fail(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

/* --- the engine --- */

static void
take_line(void *arg, zobo_log_level level, const char *text)
{
    zt_engine *z = arg;
    z->logged[level]++;
    (void)snprintf(z->log, sizeof z->log, "%s", text);
    if (z->show)
        (void)fprintf(stderr, "%s\n", text);
}

/* The same in every run. */
static bool
take_random(void *p, size_t n)
{
    static uint64_t s = 88172645463325252U;
    for (uint8_t *at = p; n > 0; at++, n--) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        *at = (uint8_t)(s >> 24);
    }
    return true;
}

void
zt_engine_start(zt_engine *z, const char *dir)
{
    zs_store_options store_options = {.dir = dir, .no_sync = true, .map_bytes = z->map_bytes};
    z->show = getenv("ZT_LOG") != NULL;
    if (!z->now)
        z->now = ZB_MS(1000);
    if (!z->wall_ms)
        z->wall_ms = 1600000000000;
    if (!z->options.random)
        z->options.random = take_random;
    z->options.rules.log = (zb_log){take_line, z, ZOBO_LOG_DEBUG};
    if ((!z->store && zs_store_open(&z->store, &store_options, &z->why)) ||
        zs_engine_open(&z->e, &z->options, z->store, z->now, z->wall_ms, &z->why))
        fail(__FILE__, __LINE__, z->why.text);
}

void
zt_engine_stop(zt_engine *z)
{
    zs_engine_close(z->e);
    z->e = NULL;
    z->store = NULL;
}

void
zt_engine_commit(zt_engine *z)
{
    zs_batch *b;
    do {
        while (zs_engine_next_ready(z->e))
            ;
        b = zs_engine_take(z->e);
        if (b) {
            zs_batch_commit(b);
            zs_engine_publish(z->e, b);
        }
    } while (b);
}

int
zt_engine_setup(void **state)
{
    static zt_engine z;
    z = (zt_engine){0};
    zt_engine_start(&z, NULL);
    *state = &z;
    return 0;
}

int
zt_engine_teardown(void **state)
{
    zt_engine_stop(*state);
    return 0;
}

void
zt_engine_advance(zt_engine *z, uint32_t ms)
{
    zb_time end = z->now + ZB_MS(ms);
    while (z->now < end) {
        zb_time next = zs_engine_deadline(z->e);
        next = next > end ? end : next <= z->now ? z->now + ZB_MS(1) : next;
        z->wall_ms += (int64_t)((next - z->now) / ZB_MS(1));
        z->now = next;
        zs_engine_tick(z->e, z->now, z->wall_ms);
        zt_engine_commit(z);
    }
}

/* --- links --- */

void
zt_link_open(zt_engine *z, zt_link *l, const char *ip)
{
    *l = (zt_link){.z = z};
    l->c = zs_conn_open(z->e, ip, 40000, l);
    if (!l->c)
        fail(__FILE__, __LINE__, "no connection");
}

void
zt_link_close(zt_link *l)
{
    if (l->c)
        zs_conn_close(l->c);
    l->c = NULL;
    zt_buf_free(&l->in);

    l->at = 0;
}

void
zt_link_pull(zt_link *l)
{
    bool at_once = false;
    if (!l->c)
        return;
    if (!l->deaf) {
        zb_iov out = zs_conn_output(l->c);
        if (out.n) {
            zt_put_raw(&l->in, out.p, out.n);
            zs_conn_sent(l->c, out.n);
        }
        zs_conn_resume(l->c);
    }
    if (zs_conn_over(l->c, &at_once) && (at_once || zs_conn_output(l->c).n == 0)) {
        zs_conn_close(l->c);
        l->c = NULL;
    }
}

bool
zt_link_is_over(zt_link *l)
{
    zt_link_pull(l);
    return !l->c;
}

void
zt_link_feed(zt_link *l, const void *p, size_t n)
{
    if (!l->c)
        return;
    if (l->fed)
        zt_put_raw(l->fed, p, n);
    uint8_t *copy = zt_alloc(n); /* exactly as long: a sanitizer sees what reads beyond */
    if (n)
        memcpy(copy, p, n);
    zs_conn_feed(l->c, copy, n);
    free(copy);
}

void
zt_link_send(zt_link *l, zt_buf *b)
{
    zt_buf whole = {0};
    zt_put_i32(&whole, (int32_t)b->n);
    zt_put_raw(&whole, b->p, b->n);
    zt_link_feed(l, whole.p, whole.n);
    zt_buf_free(&whole);
    zt_buf_free(b);
}

void
zt_link_shake(zt_link *l, int64_t session, const uint8_t *password, int32_t timeout_ms, int64_t zxid, bool byte)
{
    static const uint8_t zeros[16];
    zt_buf b = {0};
    zt_put_i32(&b, 0);
    zt_put_i64(&b, zxid);
    zt_put_i32(&b, timeout_ms);
    zt_put_i64(&b, session);
    zt_put_bytes(&b, password ? password : zeros, 16);
    if (byte)
        zt_put_bool(&b, false);
    zt_link_send(l, &b);
}

static zt_cursor
take_frame(zt_link *l, bool *there)
{
    zt_link_pull(l);
    zt_cursor c = {l->in.p + l->at, l->in.p + l->in.n, false};
    *there = false;
    if (l->in.n - l->at < 4)
        return c;
    int32_t n = zt_take_i32(&c);
    if (n < 0 || c.end - c.p < n)
        return c;
    *there = true;
    c.end = c.p + n;
    l->at += 4 + (size_t)n;
    return c;
}

bool
zt_link_shaken(zt_link *l, bool byte)
{
    bool there;
    const uint8_t *password;
    zt_engine_commit(l->z);
    zt_cursor c = take_frame(l, &there);
    if (!there)
        return false;
    if (c.end - c.p != (byte ? 37 : 36))
        fail(__FILE__, __LINE__, "a ConnectResponse has another length");
    if (zt_take_i32(&c) != 0)
        fail(__FILE__, __LINE__, "the protocol's version is not 0");
    l->timeout_ms = zt_take_i32(&c);
    l->session = zt_take_i64(&c);
    if (zt_take_bytes(&c, &password) != 16)
        fail(__FILE__, __LINE__, "a password has not 16 bytes");
    memcpy(l->password, password, 16);
    if (byte && zt_take_bool(&c))
        fail(__FILE__, __LINE__, "the server says that it only reads");
    return l->session != 0;
}

bool
zt_link_join(zt_engine *z, zt_link *l, int32_t timeout_ms)
{
    zt_link_open(z, l, "127.0.0.1");
    zt_link_shake(l, 0, NULL, timeout_ms, 0, true);
    return zt_link_shaken(l, true);
}

bool
zt_link_next(zt_link *l, zt_frame *f)
{
    bool there;
    zt_cursor c = take_frame(l, &there);
    if (!there)
        return false;
    f->n = (size_t)(c.end - c.p);
    f->xid = zt_take_i32(&c);
    f->zxid = zt_take_i64(&c);
    f->err = zt_take_i32(&c);
    f->body = c;
    return true;
}

/* --- requests --- */

void
zt_ask(zt_link *l, int32_t xid, int32_t op, zt_buf *body)
{
    zt_buf b = {0};
    zt_put_i32(&b, xid);
    zt_put_i32(&b, op);
    if (body) {
        zt_put_raw(&b, body->p, body->n);
        zt_buf_free(body);
    }
    zt_link_send(l, &b);
}

void
zt_ask_path(zt_link *l, int32_t xid, int32_t op, const char *path)
{
    zt_buf b = {0};
    zt_put_str(&b, path);
    zt_ask(l, xid, op, &b);
}

void
zt_ask_watch(zt_link *l, int32_t xid, int32_t op, const char *path, bool watch)
{
    zt_buf b = {0};
    zt_put_str(&b, path);
    zt_put_bool(&b, watch);
    zt_ask(l, xid, op, &b);
}

void
zt_ask_create(zt_link *l, int32_t xid, const char *path, const char *data, int32_t flags)
{
    zt_buf b = {0};
    zt_put_str(&b, path);
    zt_put_str(&b, data);
    zt_put_i32(&b, 1);
    zt_put_i32(&b, ZOBO_PERM_ALL);
    zt_put_str(&b, "world");
    zt_put_str(&b, "anyone");
    zt_put_i32(&b, flags);
    zt_ask(l, xid, ZB_OP_CREATE, &b);
}

void
zt_ask_set(zt_link *l, int32_t xid, const char *path, const char *data)
{
    zt_buf b = {0};
    zt_put_str(&b, path);
    zt_put_str(&b, data);
    zt_put_i32(&b, -1);
    zt_ask(l, xid, ZB_OP_SET_DATA, &b);
}

void
zt_ask_delete(zt_link *l, int32_t xid, const char *path)
{
    zt_buf b = {0};
    zt_put_str(&b, path);
    zt_put_i32(&b, -1);
    zt_ask(l, xid, ZB_OP_DELETE, &b);
}

/* --- checks --- */

zt_frame
zt_expect_at(zt_link *l, int32_t xid, int32_t err, const char *file, int line)
{
    zt_frame f;
    char text[160];
    if (!zt_link_next(l, &f))
        fail(file, line, "no answer came");
    if (f.xid != xid || f.err != err) {
        (void)snprintf(text, sizeof text, "xid %d err %d came instead of xid %d err %d", (int)f.xid, (int)f.err,
                       (int)xid, (int)err);
        fail(file, line, text);
    }
    return f;
}

int64_t
zt_expect_event_at(zt_link *l, int32_t type, const char *path, const char *file, int line)
{
    zt_frame f = zt_expect_at(l, -1, 0, file, line);
    int32_t t = zt_take_i32(&f.body), state = zt_take_i32(&f.body);
    char *p = zt_take_str(&f.body);
    if (t != type || state != 3 || !p || strcmp(p, path) != 0 || f.body.bad || f.body.p != f.body.end) {
        char text[400];
        (void)snprintf(text, sizeof text, "event %d state %d of %s came instead of %d of %s", (int)t, (int)state,
                       p ? p : "null", (int)type, path);
        fail(file, line, text);
    }
    free(p);
    return f.zxid;
}

void
zt_expect_nothing_at(zt_link *l, const char *file, int line)
{
    zt_frame f;
    char text[160];
    if (!zt_link_next(l, &f))
        return;
    (void)snprintf(text, sizeof text, "xid %d err %d came, and nothing should", (int)f.xid, (int)f.err);
    fail(file, line, text);
}
