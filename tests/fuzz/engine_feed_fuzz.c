/* SPDX-License-Identifier: Apache-2.0 */
/* Two connections of an engine: bytes as they are, frames, requests with any body, handshakes, commits that are not yet
 * published, time, ends. Whatever comes, answers are whole frames, one for each request, in the order of the requests.
 * */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/engine_internal.h"
#include "engine/store_internal.h"
#include "support/engine.h"

enum { LINKS = 2, BATCHES = 3 };

typedef struct run {
    const uint8_t *p, *end;
    zt_engine z;
    zt_link links[LINKS];
    zt_buf fed[LINKS]; /* all that a link was given, not answered from fed_at */
    size_t fed_at[LINKS];
    int32_t xid;
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
    zt_buf_free(&r->fed[i]);
    r->links[i].fed = &r->fed[i];
    r->fed_at[i] = 0;
    r->handshaken[i] = false;
}

/* The next whole frame that link i was given. */
static bool
next_fed(run *r, int i, zt_cursor *frame)
{
    const zt_buf *fed = &r->fed[i];
    *frame = (zt_cursor){fed->p + r->fed_at[i], fed->p + fed->n, false};
    if (fed->n - r->fed_at[i] < 4)
        return false;
    int32_t n = zt_take_i32(frame);
    if (n < 0 || frame->end - frame->p < n)
        return false;
    frame->end = frame->p + n;
    r->fed_at[i] += 4 + (size_t)n;
    return true;
}

/* The xid that the next answer has. -1 is that of events, too: who asked with it is passed over. */
static bool
next_asked(run *r, int i, int32_t *xid)
{
    zt_cursor c;
    do {
        if (!next_fed(r, i, &c) || c.end - c.p < 8)
            return false;
        *xid = zt_take_i32(&c);
        if (zt_take_i32(&c) == ZB_OP_PING)
            *xid = ZB_XID_PING;
    } while (*xid == ZB_XID_EVENT);
    return true;
}

/* Looks at what came. */
static void
check(run *r, int i)
{
    zt_link *l = &r->links[i];
    zt_frame f;
    zt_cursor first;
    int32_t xid;
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
        r->handshaken[i] = next_fed(r, i, &first);
    }
    while (zt_link_next(l, &f)) {
        if (f.n < 16)
            abort();
        if (f.xid != ZB_XID_EVENT && (!next_asked(r, i, &xid) || xid != f.xid))
            abort(); /* the answer to something else */
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

/* Who is still there gets all his answers. */
static void
finish(run *r)
{
    zt_link *l = r->links;
    size_t before;
    int32_t xid;
    publish(r);
    l[0].deaf = l[1].deaf = false;
    do {
        before = l[0].at + l[1].at;
        zt_engine_commit(&r->z);
        check(r, 0);
        check(r, 1);
    } while (l[0].at + l[1].at != before);
    for (int i = 0; i < LINKS; i++) {
        if (l[i].c && r->handshaken[i] && next_asked(r, i, &xid))
            abort(); /* the answer to something is missing */
        zt_link_close(&l[i]);
        zt_buf_free(&r->fed[i]);
    }
}

/* --- one store for all inputs, for it takes long to make one --- */

static zs_store *
empty_store(void)
{
    static zs_store *store;
    zs_txn *txn;
    zobo_err err = ZOBO_OK;
    if (!store)
        err = zs_store_open(&store, &(zs_store_options){.map_bytes = 16 << 20}, NULL);
    if (err || zs_write_begin(store, &txn))
        abort();
    txn->meta = (zs_meta){0};
    for (int i = 0; i < ZS_META; i++) {
        if (mdb_drop(txn->txn, store->tables[i], 0))
            abort();
    }
    if (zs_write_first_acls(txn) || zs_write_first_nodes(txn) || zs_write_commit(txn))
        abort();
    return store;
}

/* The same for each input. */
static uint64_t random_state;

static bool
take_random(void *p, size_t n)
{
    for (uint8_t *at = p; n > 0; n--) {
        random_state = random_state * 6364136223846793005U + 1442695040888963407U;
        *at++ = (uint8_t)(random_state >> 56);
    }
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run r = {.p = data, .end = data + size};
    random_state = 1;
    r.z.store = empty_store();
    r.z.options.random = take_random;
    r.z.options.max_output = 2000;
    r.z.options.max_events = 4000;
    r.z.options.max_queued_jobs = 20;
    r.z.options.min_session_timeout_ms = 100;
    zt_engine_start(&r.z, NULL);
    for (int i = 0; i < LINKS; i++)
        open_link(&r, i);
    while (r.p < r.end)
        step(&r);
    finish(&r);
    r.z.e->store = NULL; /* it stays open */
    zt_engine_stop(&r.z);
    return 0;
}
