/* SPDX-License-Identifier: Apache-2.0 */
/* Two connections of an engine: bytes as they are, frames, requests with any body, handshakes, commits that are not yet
 * published, time, ends. Whatever comes, answers are whole frames in the order of the requests. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/engine.h"
#include "wire/op.h"

enum { LINKS = 2, BATCHES = 3 };

typedef struct run {
    const uint8_t *p, *end;
    zt_engine z;
    zt_link links[LINKS];
    int32_t xid, seen[LINKS];
    bool handshaken[LINKS];
    zs_batch *batches[BATCHES]; /* committed, not published */
    int n_batches;
} run;

static uint8_t
next(run *r)
{
    return r->p < r->end ? *r->p++ : 0;
}

/* The next bytes of the input, as many as the next byte says. */
static void
put_rest(run *r, zt_buf *b)
{
    size_t n = next(r), left = (size_t)(r->end - r->p);
    n = n < left ? n : left;
    zt_put_raw(b, r->p, n);
    r->p += n;
}

static void
put_path(run *r, zt_buf *b)
{
    static const char *const paths[] = {"/", "/a", "/a/b", "/a/b/c", "/e", "/zookeeper/config", "", "x", "/a/"};
    zt_put_str(b, paths[next(r) % (sizeof paths / sizeof *paths)]);
}

static void
request(run *r, zt_link *l, bool path)
{
    static const int32_t ops[] = {1,  2,  3,  4,  5,   6,   7,   8,   9,   11,  12,  13,  14,  15,  16, 17, 18,
                                  19, 20, 21, 22, 100, 101, 102, 103, 104, 105, 106, 107, -10, -11, 0,  99};
    zt_buf b = {0};
    int32_t op = ops[next(r) % (sizeof ops / sizeof *ops)];
    if (path)
        put_path(r, &b);
    put_rest(r, &b);
    zt_ask(l, op == ZB_OP_PING ? -2 : ++r->xid, op, &b);
}

/* Requests that mostly succeed. */
static void
good_request(run *r, zt_link *l)
{
    static const char *const paths[] = {"/a", "/a/b", "/e", "/s-"};
    const char *path = paths[next(r) % 4];
    uint8_t what = next(r);
    switch (what % 4) {
    case 0:
        zt_ask_create(l, ++r->xid, path, "data", what >> 2 & 3);
        break;
    case 1:
        zt_ask_set(l, ++r->xid, path, "more");
        break;
    case 2:
        zt_ask_delete(l, ++r->xid, path);
        break;
    default:
        zt_ask_watch(l, ++r->xid, what & 4 ? ZB_OP_GET_DATA : ZB_OP_GET_CHILDREN, path, what & 8);
    }
}

static void
open_link(run *r, int i)
{
    zt_link_close(&r->links[i]);
    zt_link_open(&r->z, &r->links[i], i ? "::1" : "10.0.0.1");
    r->seen[i] = 0;
    r->handshaken[i] = false;
}

/* Looks at what came. */
static void
check(run *r, int i)
{
    zt_link *l = &r->links[i];
    zt_frame f;
    if (!r->handshaken[i]) {
        zt_link_pull(l);
        if (l->in.n - l->at < 40)
            return;
        zt_cursor c = {l->in.p + l->at, l->in.p + l->in.n, false};
        int32_t n = zt_take_i32(&c);
        if (n != 36 && n != 37)
            abort();
        (void)zt_take_i64(&c);
        l->session = zt_take_i64(&c);
        for (int j = 0; j < 16; j++)
            l->password[j] = c.p[4 + j];
        l->at += 4 + (size_t)n;
        r->handshaken[i] = true;
    }
    while (zt_link_next(l, &f)) {
        if (f.n < 16)
            abort();
        if (f.xid > 0 && f.xid <= r->xid) { /* raw bytes may have asked with any other */
            if (f.xid < r->seen[i])
                abort();
            r->seen[i] = f.xid;
        }
    }
    if (l->at != l->in.n)
        abort(); /* half a frame */
}

static void
publish(run *r)
{
    for (int i = 0; i < r->n_batches; i++)
        zs_engine_publish(r->z.e, r->batches[i]);
    r->n_batches = 0;
}

static void
step(run *r)
{
    uint8_t what = next(r);
    int i = what >> 7;
    zt_link *l = &r->links[i];
    zt_buf b = {0};
    switch (what % 12) {
    case 0:
        put_rest(r, &b);
        zt_link_feed(l, b.p, b.n);
        zt_buf_free(&b);
        break;
    case 1:
        put_rest(r, &b);
        zt_link_send(l, &b);
        break;
    case 2:
        request(r, l, false);
        break;
    case 3:
    case 4:
        request(r, l, true);
        break;
    case 5:
        zt_link_shake(l, what & 64 ? r->links[!i].session : 0, r->links[!i].password, what * 50, 0, what & 32);
        break;
    case 6:
        publish(r);
        zt_engine_commit(&r->z);
        break;
    case 7:
        if (r->n_batches < BATCHES && (r->batches[r->n_batches] = zs_engine_take(r->z.e)))
            zs_batch_commit(r->batches[r->n_batches++]);
        break;
    case 8:
        publish(r);
        zt_engine_advance(&r->z, next(r) * 16U);
        break;
    case 9:
        if (what & 64)
            open_link(r, i);
        else if (l->c)
            zs_conn_end_of_input(l->c);
        break;
    case 10:
        l->deaf = what & 64;
        break;
    default:
        good_request(r, l);
    }
    check(r, 0);
    check(r, 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run r = {.p = data, .end = data + size};
    r.z.map_bytes = 4 << 20;
    r.z.options.max_output = 2000;
    r.z.options.max_events = 4000;
    r.z.options.max_queued_jobs = 20;
    r.z.options.min_session_timeout_ms = 100;
    zt_engine_start(&r.z, NULL);
    for (int i = 0; i < LINKS; i++)
        open_link(&r, i);
    while (r.p < r.end)
        step(&r);
    publish(&r);
    for (int i = 0; i < LINKS; i++)
        zt_link_close(&r.links[i]);
    zt_engine_stop(&r.z);
    return 0;
}
