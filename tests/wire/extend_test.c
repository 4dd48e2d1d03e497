/* SPDX-License-Identifier: Apache-2.0 */
/* What recipes are built from (zobo/extend.h): promises, timers, inline listeners, and that inline callbacks never run
 * two at a time. */
#include <zobo/extend.h>

#include "support/test.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/peer.h"
#include "support/record.h"

enum { SESSION_MS = 10000 };

static zt_peer *peer;
static zobo_client *client;

static int
up(void **state)
{
    (void)state;
    peer = zt_peer_start(NULL);
    client = zt_client(zt_peer_hosts(peer), SESSION_MS);
    return 0;
}

static int
down(void **state)
{
    (void)state;
    zobo_close(client);
    zt_peer_stop(peer);
    return 0;
}

static zobo_client *
unstarted(bool event_loop)
{
    zobo_client *c;
    zobo_options o = zt_options(zt_peer_hosts(peer), SESSION_MS);
    o.event_loop = event_loop;
    assert_ok(zobo_new(&o, &c, NULL));
    return c;
}

/* --- whoever makes a promise, and what he is asked ------------------------------------------------------------------
 * */

typedef struct maker {
    zobo_client *c;
    zobo_promise *promise;
    zobo_call *call;
    zt_latch asked;
    zobo_err why;
    zobo_err may_block; /* in give_up */
    bool keeps;         /* gives up when asked to */
} maker;

static void
give_up(void *arg, zobo_err why)
{
    maker *m = arg;
    m->why = why;
    m->may_block = zobo_may_block(m->c);
    if (m->keeps)
        zobo_promise_keep(m->promise, why, NULL);
    zt_latch_hit(&m->asked);
}

static void
maker_begin(maker *m, zobo_client *c, bool keeps, zobo_how how)
{
    *m = (maker){.c = c, .keeps = keeps};
    zt_latch_init(&m->asked);
    assert_ok(zobo_promise_new(c, &how, give_up, m, &m->call, &m->promise));
    if (how.timeout_ms != 1) /* else it may be over */
        assert_false(zobo_call_done(m->call));
}

static void
maker_end(maker *m)
{
    zobo_call_free(m->call);
    zt_latch_destroy(&m->asked);
}

static void
test_reply_is_copied(void **state)
{
    (void)state;
    maker m;
    char path[] = "/there", data[] = {1, 0, 2}, one[] = "one", two[] = "";
    const char *children[] = {one, two};
    zobo_reply reply = {.path = path,
                        .data = data,
                        .data_len = sizeof data,
                        .has_stat = true,
                        .stat = {.czxid = 7, .num_children = 2},
                        .children = children,
                        .n_children = 2,
                        .count = 42};
    zobo_reply *r;
    maker_begin(&m, client, false, (zobo_how){0});
    zobo_promise_keep(m.promise, ZOBO_OK, &reply);
    memset(path, 'x', sizeof path - 1);
    memset(data, 'x', sizeof data);
    memset(one, 'x', sizeof one - 1);
    children[0] = NULL;
    assert_ok(zobo_call_get(m.call, 5000, &r));
    assert_string_equal(r->path, "/there");
    assert_int_equal(r->data_len, 3);
    assert_memory_equal(r->data, "\1\0\2\0", 4);
    assert_true(r->has_stat && r->stat.czxid == 7);
    assert_int_equal(r->n_children, 2);
    assert_string_equal(r->children[0], "one");
    assert_string_equal(r->children[1], "");
    assert_int_equal(r->count, 42);
    assert_ok(r->err);
    zobo_reply_free(r);
    assert_ok(zobo_call_get(m.call, 5000, &r));
    assert_null(r); /* handed out once */
    maker_end(&m);
    maker_begin(&m, client, false, (zobo_how){0});
    zobo_promise_keep(m.promise, ZOBO_OK, NULL);
    assert_ok(zobo_call_get(m.call, 5000, &r));
    assert_true(r && !r->path && !r->data && !r->n_children && !r->has_stat);
    zobo_reply_free(r);
    maker_end(&m);
    maker_begin(&m, client, false, (zobo_how){0});
    zobo_promise_keep(m.promise, ZOBO_EHELD, NULL);
    assert_err(zobo_call_get(m.call, 5000, &r), ZOBO_EHELD);
    assert_null(r);
    maker_end(&m);
    zobo_promise_keep(NULL, ZOBO_OK, NULL);
}

/* --- where callbacks run --------------------------------------------------------------------------------------------
 * */

typedef struct told {
    zobo_client *c;
    zt_latch hits;
    zobo_err err;
    zobo_err may_block;
    bool holds;    /* callbacks */
    int32_t count; /* of the reply */
} told;

static void
on_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    told *t = arg;
    t->err = err;
    t->may_block = zobo_may_block(t->c);
    t->holds = zobo_holds_callbacks(t->c);
    t->count = reply ? reply->count : -1;
    zt_latch_hit(&t->hits);
}

static void
test_told_where_asked(void **state)
{
    (void)state;
    for (int inlined = 0; inlined < 2; inlined++) {
        told t = {.c = client};
        zobo_promise *p;
        zobo_how how = {.done = on_done, .arg = &t, .flags = inlined ? ZOBO_INLINE : 0};
        zt_latch_init(&t.hits);
        assert_ok(zobo_promise_new(client, &how, NULL, NULL, NULL, &p));
        zobo_promise_keep(p, ZOBO_OK, &(zobo_reply){.count = 5});
        assert_true(zt_latch_wait(&t.hits, 1, ZT_SOON_MS));
        assert_ok(t.err);
        assert_int_equal(t.count, 5);
        assert_err(t.may_block, inlined ? ZOBO_EWOULDBLOCK : ZOBO_OK);
        assert_int_equal(t.holds, !inlined);
        zt_latch_destroy(&t.hits);
    }
    assert_ok(zobo_may_block(client));
    assert_false(zobo_holds_callbacks(client));
    zobo_client *loop = unstarted(true);
    assert_true(zobo_holds_callbacks(loop));
    zobo_close(loop);
}

/* One that makes another promise whenever it is asked to give one up, so many times. */
typedef struct stubborn {
    zobo_client *c;
    zobo_promise *promise;
    unsigned left;
    zobo_err made;
} stubborn;

static void
not_yet(void *arg, zobo_err why)
{
    stubborn *s = arg;
    zobo_promise *old = s->promise;
    s->promise = NULL;
    s->made = s->left ? zobo_promise_new(s->c, NULL, not_yet, s, NULL, &s->promise) : ZOBO_OK;
    s->left -= s->left > 0;
    zobo_promise_keep(old, why, NULL);
}

static void
test_close_asks_until_there_is_none(void **state)
{
    (void)state;
    for (int loop = 0; loop < 2; loop++) {
        stubborn s = {.c = unstarted(loop), .left = 5};
        assert_ok(zobo_promise_new(s.c, NULL, not_yet, &s, NULL, &s.promise));
        zobo_close(s.c);
        assert_ok(s.made);
        assert_int_equal(s.left, 0);
        assert_null(s.promise);
    }
}

/* Kept in an inline callback: the other's runs after this one has returned. */
typedef struct chain {
    zobo_promise *promise;
    atomic_bool within;
    zt_latch told; /* by both */
    bool nested;
} chain;

static void
second_link(void *arg, zobo_err err, const zobo_reply *reply)
{
    chain *c = arg;
    (void)err, (void)reply;
    c->nested = c->within;
    zt_latch_hit(&c->told);
}

static void
first_link(void *arg, zobo_err err, const zobo_reply *reply)
{
    chain *c = arg;
    (void)err, (void)reply;
    c->within = true;
    zobo_promise_keep(c->promise, ZOBO_OK, NULL);
    c->within = false;
    zt_latch_hit(&c->told);
}

static void
test_kept_inline(void **state)
{
    (void)state;
    for (int inlined = 0; inlined < 2; inlined++) {
        chain c = {.nested = true};
        zobo_how first = {.done = first_link, .arg = &c, .flags = ZOBO_INLINE};
        zobo_how second = {.done = second_link, .arg = &c, .flags = inlined ? ZOBO_INLINE : 0};
        zt_latch_init(&c.told);
        assert_ok(zobo_promise_new(client, &second, NULL, NULL, NULL, &c.promise));
        assert_ok(zobo_exists_async(client, "/", NULL, &first, NULL));
        assert_true(zt_latch_wait(&c.told, 2, ZT_SOON_MS));
        if (inlined)
            assert_false(c.nested);
        zt_latch_destroy(&c.told);
    }
}

/* --- giving up ------------------------------------------------------------------------------------------------------
 * */

static void
test_cancelled(void **state)
{
    (void)state;
    maker m;
    maker_begin(&m, client, false, (zobo_how){0});
    zobo_call_cancel(m.call);
    zobo_call_cancel(m.call);
    assert_true(zt_latch_wait(&m.asked, 1, ZT_SOON_MS));
    assert_err(m.why, ZOBO_ECANCELLED);
    assert_err(m.may_block, ZOBO_EWOULDBLOCK);
    assert_err(zobo_call_wait(m.call, 20), ZOBO_ETIMEDOUT); /* it ends when it is kept */
    zobo_call_cancel(m.call);
    assert_ok(zobo_exists(client, "/", NULL, NULL)); /* whatever was to be asked has been */
    assert_int_equal(zt_latch_hits(&m.asked), 1);
    zobo_promise_keep(m.promise, ZOBO_EEMPTY, NULL); /* with whatever came of it */
    assert_err(zobo_call_get(m.call, 5000, NULL), ZOBO_EEMPTY);
    zobo_call_cancel(m.call);
    maker_end(&m);
    maker_begin(&m, client, true, (zobo_how){0});
    zobo_call_cancel(m.call);
    assert_err(zobo_call_get(m.call, 5000, NULL), ZOBO_ECANCELLED);
    assert_true(zt_latch_wait(&m.asked, 1, ZT_SOON_MS));
    maker_end(&m);
}

static void
test_late(void **state)
{
    (void)state;
    maker m;
    uint64_t begun = zt_now_ms();
    maker_begin(&m, client, true, (zobo_how){.timeout_ms = 30});
    assert_err(zobo_call_get(m.call, ZT_SOON_MS, NULL), ZOBO_EWAITTIMEOUT);
    assert_true(zt_now_ms() - begun >= 29);
    assert_true(zt_latch_wait(&m.asked, 1, ZT_SOON_MS));
    assert_err(m.why, ZOBO_EWAITTIMEOUT);
    maker_end(&m);
    maker_begin(&m, client, true, (zobo_how){.timeout_ms = 60000});
    zobo_promise_keep(m.promise, ZOBO_OK, NULL); /* in time: its timer is gone with it */
    assert_ok(zobo_call_get(m.call, 5000, NULL));
    assert_int_equal(zt_latch_hits(&m.asked), 0);
    maker_end(&m);
}

/* A limit that is over at once is told like any other. */
static void
test_late_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        maker m;
        maker_begin(&m, client, true, (zobo_how){.timeout_ms = 1});
        assert_err(zobo_call_get(m.call, ZT_SOON_MS, NULL), ZOBO_EWAITTIMEOUT);
        assert_true(zt_latch_wait(&m.asked, 1, ZT_SOON_MS));
        maker_end(&m);
    }
}

static void
test_without_giving_up(void **state)
{
    (void)state;
    zobo_call *call;
    zobo_promise *p;
    assert_ok(zobo_promise_new(client, &(zobo_how){.timeout_ms = 1}, NULL, NULL, &call, &p));
    zobo_call_cancel(call);
    assert_err(zobo_call_wait(call, 30), ZOBO_ETIMEDOUT);
    zobo_promise_keep(p, ZOBO_OK, NULL);
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
}

/* An inline callback that holds the strand until it is let go. */
typedef struct stopper {
    zt_latch in, out;
} stopper;

static void
hold_strand(void *arg, zobo_err err, const zobo_reply *reply)
{
    stopper *s = arg;
    (void)err, (void)reply;
    zt_latch_hit(&s->in);
    (void)zt_latch_wait(&s->out, 1, ZT_SOON_MS);
}

static void
test_kept_while_being_asked(void **state)
{
    (void)state;
    stopper s;
    maker m;
    zobo_how how = {.done = hold_strand, .arg = &s, .flags = ZOBO_INLINE};
    zt_latch_init(&s.in);
    zt_latch_init(&s.out);
    maker_begin(&m, client, false, (zobo_how){0});
    assert_ok(zobo_exists_async(client, "/", NULL, &how, NULL));
    assert_true(zt_latch_wait(&s.in, 1, ZT_SOON_MS));
    zobo_call_cancel(m.call); /* cannot be told of it now */
    zobo_promise_keep(m.promise, ZOBO_OK, NULL);
    zt_latch_hit(&s.out);
    assert_ok(zobo_call_get(m.call, 5000, NULL));
    assert_ok(zobo_exists(client, "/", NULL, NULL));
    assert_int_equal(zt_latch_hits(&m.asked), 0);
    maker_end(&m);
    zt_latch_destroy(&s.in);
    zt_latch_destroy(&s.out);
}

static void
cancel_and_keep(void *arg, zobo_err err, const zobo_reply *reply)
{
    maker *m = arg;
    (void)err, (void)reply;
    zobo_call_cancel(m->call);
    zobo_promise_keep(m->promise, ZOBO_OK, NULL);
}

static void
test_kept_inline_after_cancel(void **state)
{
    (void)state;
    maker m;
    maker_begin(&m, client, false, (zobo_how){0});
    zobo_how how = {.done = cancel_and_keep, .arg = &m, .flags = ZOBO_INLINE};
    assert_ok(zobo_exists_async(client, "/", NULL, &how, NULL));
    assert_ok(zobo_call_get(m.call, 5000, NULL));
    assert_ok(zobo_exists(client, "/", NULL, NULL));
    assert_int_equal(zt_latch_hits(&m.asked), 0);
    maker_end(&m);
}

static void
test_stop_and_close(void **state)
{
    (void)state;
    enum { N = 5 };
    maker m[N];
    zobo_client *c = unstarted(false);
    assert_ok(zobo_start(c, 0, NULL));
    for (int i = 0; i < N; i++)
        maker_begin(&m[i], c, true, (zobo_how){.timeout_ms = i % 2 ? 60000 : 0});
    assert_ok(zobo_stop(c));
    for (int i = 0; i < N; i++) {
        assert_err(zobo_call_get(m[i].call, 5000, NULL), ZOBO_ESTOPPED);
        assert_true(zt_latch_wait(&m[i].asked, 1, ZT_SOON_MS));
        assert_err(m[i].why, ZOBO_ESTOPPED);
        maker_end(&m[i]);
    }
    assert_ok(zobo_start(c, 0, NULL));
    for (int i = 0; i < N; i++)
        maker_begin(&m[i], c, true, (zobo_how){0});
    zobo_close(c); /* returns when all have been kept */
    for (int i = 0; i < N; i++) {
        assert_true(zobo_call_done(m[i].call));
        assert_int_equal(zt_latch_hits(&m[i].asked), 1);
        assert_err(m[i].why, ZOBO_ESTOPPED);
        maker_end(&m[i]);
    }
}

/* There is no thread to call back yet: who waits does it, or the start, or the close. */
static void
test_before_start(void **state)
{
    (void)state;
    zobo_client *c = unstarted(false);
    zobo_call *call;
    maker m;
    told t = {.c = c}, late = {.c = c};
    zobo_promise *p;
    zobo_how how = {.done = on_done, .arg = &t, .flags = ZOBO_INLINE};
    zobo_how later = {.done = on_done, .arg = &late};
    zt_latch_init(&t.hits);
    zt_latch_init(&late.hits);
    assert_ok(zobo_promise_new(c, &how, NULL, NULL, NULL, &p));
    zobo_promise_keep(p, ZOBO_EEMPTY, NULL);
    maker_begin(&m, c, true, (zobo_how){0});
    zobo_call_cancel(m.call);
    assert_err(zobo_call_get(m.call, 5000, NULL), ZOBO_ECANCELLED);
    maker_end(&m);
    assert_true(zt_latch_wait(&t.hits, 1, ZT_SOON_MS));
    assert_err(t.err, ZOBO_EEMPTY);
    maker_begin(&m, c, true, (zobo_how){.timeout_ms = 20});
    assert_err(zobo_call_get(m.call, ZT_SOON_MS, NULL), ZOBO_EWAITTIMEOUT);
    maker_end(&m);
    assert_err(zobo_sleep_async(c, 1, NULL, &call), ZOBO_ENOTSTARTED);
    assert_null(call);
    assert_ok(zobo_promise_new(c, &later, NULL, NULL, NULL, &p));
    zobo_promise_keep(p, ZOBO_OK, NULL);
    assert_ok(zobo_start(c, 0, NULL));
    assert_true(zt_latch_wait(&late.hits, 1, ZT_SOON_MS));
    zobo_close(c);
    c = unstarted(false);
    t.c = late.c = c;
    maker_begin(&m, c, true, (zobo_how){0});
    assert_ok(zobo_promise_new(c, &how, NULL, NULL, NULL, &p));
    zobo_promise_keep(p, ZOBO_OK, NULL);
    zobo_close(c);
    assert_int_equal(zt_latch_hits(&t.hits), 2);
    assert_true(zobo_call_done(m.call));
    maker_end(&m);
    zt_latch_destroy(&t.hits);
    zt_latch_destroy(&late.hits);
}

static void
test_wrong_how(void **state)
{
    (void)state;
    zobo_call *call;
    zobo_promise *p;
    zobo_how bad = {.flags = 64};
    assert_err(zobo_promise_new(client, &bad, give_up, NULL, &call, &p), ZOBO_EINVAL);
    assert_null(call);
    assert_null(p);
    assert_err(zobo_sleep_async(client, 1, &bad, &call), ZOBO_EINVAL);
    assert_null(call);
    assert_err(zobo_add_inline_listener(client, NULL, NULL), ZOBO_EINVAL);
}

/* --- timers ---------------------------------------------------------------------------------------------------------
 * */

typedef struct alarms {
    int order[8];
    atomic_int n;
} alarms;

typedef struct alarm_clock {
    alarms *all;
    int id;
} alarm_clock;

static void
ring(void *arg, zobo_err err, const zobo_reply *reply)
{
    alarm_clock *a = arg;
    (void)reply;
    a->all->order[atomic_load(&a->all->n) & 7] = err ? -1 : a->id; /* one at a time: inline */
    atomic_fetch_add(&a->all->n, 1);
}

static void
test_sleeps_end_in_order(void **state)
{
    (void)state;
    static const uint32_t ms[] = {60, 20, 0, 40, 20};
    static const int order[] = {2, 1, 4, 3, 0};
    enum { N = 5 };
    alarms all = {.n = 0};
    alarm_clock clocks[N];
    uint64_t begun = zt_now_ms();
    for (int i = 0; i < N; i++) {
        clocks[i] = (alarm_clock){&all, i};
        zobo_how how = {.done = ring, .arg = &clocks[i], .flags = ZOBO_INLINE, .timeout_ms = 1};
        assert_ok(zobo_sleep_async(client, ms[i], &how, NULL));
    }
    ZT_WAIT(atomic_load(&all.n) == N);
    assert_true(zt_now_ms() - begun >= 59);
    for (int i = 0; i < N; i++)
        assert_int_equal(all.order[i], order[i]);
}

static void
test_sleeps_end_early(void **state)
{
    (void)state;
    zobo_call *call;
    zobo_client *c = unstarted(false);
    assert_ok(zobo_start(c, 0, NULL));
    assert_ok(zobo_sleep_async(c, 60000, NULL, &call));
    zobo_call_cancel(call);
    assert_err(zobo_call_get(call, 5000, NULL), ZOBO_ECANCELLED);
    zobo_call_free(call);
    assert_ok(zobo_sleep_async(c, 60000, NULL, &call));
    assert_ok(zobo_stop(c));
    assert_err(zobo_call_get(call, 5000, NULL), ZOBO_ESTOPPED);
    zobo_call_free(call);
    assert_ok(zobo_start(c, 0, NULL));
    assert_ok(zobo_sleep_async(c, 60000, NULL, &call));
    zobo_close(c);
    assert_err(zobo_call_get(call, 5000, NULL), ZOBO_ESTOPPED);
    zobo_call_free(call);
}

static void
test_sleep_through_a_lost_connection(void **state)
{
    (void)state;
    zobo_call *call;
    size_t sessions = zt_peer_sessions_up(peer);
    assert_ok(zobo_sleep_async(client, 50, NULL, &call));
    zt_peer_cut(peer);
    assert_ok(zobo_call_get(call, ZT_SOON_MS, NULL));
    zobo_call_free(call);
    ZT_WAIT(zt_peer_sessions_up(peer) > sessions);
}

/* --- listeners ------------------------------------------------------------------------------------------------------
 * */

typedef struct ear {
    zobo_client *c;
    zt_latch hits;
    atomic_int suspended, connected;
    zobo_err may_block;
    bool once; /* removes itself */
} ear;

static void
hear(void *arg, zobo_state state)
{
    ear *e = arg;
    e->may_block = zobo_may_block(e->c);
    atomic_fetch_add(state == ZOBO_CONNECTED ? &e->connected : &e->suspended, 1);
    if (e->once)
        zobo_remove_listener(e->c, hear, e);
    zt_latch_hit(&e->hits);
}

static void
test_listeners(void **state)
{
    (void)state;
    ear inlined = {.c = client}, normal = {.c = client}, once = {.c = client, .once = true}, gone = {.c = client};
    ear *all[] = {&inlined, &normal, &once, &gone};
    for (int i = 0; i < 4; i++) {
        zt_latch_init(&all[i]->hits);
        if (i != 1)
            assert_ok(zobo_add_inline_listener(client, hear, all[i]));
    }
    assert_ok(zobo_add_inline_listener(client, hear, &inlined)); /* the same pair is one */
    assert_ok(zobo_add_listener(client, hear, &normal));
    zobo_remove_listener(client, hear, &gone);
    for (int i = 1; i <= 3; i++) {
        zt_peer_cut(peer);
        assert_true(zt_latch_wait(&inlined.hits, 2 * i, ZT_SOON_MS));
        assert_true(zt_latch_wait(&normal.hits, 2 * i, ZT_SOON_MS));
    }
    assert_int_equal(atomic_load(&inlined.suspended), 3);
    assert_int_equal(atomic_load(&inlined.connected), 3);
    assert_int_equal(zt_latch_hits(&inlined.hits), 6);
    assert_int_equal(zt_latch_hits(&normal.hits), 6);
    assert_int_equal(zt_latch_hits(&once.hits), 1);
    assert_int_equal(zt_latch_hits(&gone.hits), 0);
    assert_err(inlined.may_block, ZOBO_EWOULDBLOCK);
    assert_ok(normal.may_block);
    zobo_remove_listener(client, hear, &inlined);
    zobo_remove_listener(client, hear, &normal);
    for (int i = 0; i < 4; i++)
        zt_latch_destroy(&all[i]->hits);
}

/* --- the strand -----------------------------------------------------------------------------------------------------
 * */

typedef struct strand {
    atomic_int inside;
    atomic_int told;
    bool overlapped;
    long count; /* without a lock: the strand is one */
} strand;

static void
on_strand(void *arg, zobo_err err, const zobo_reply *reply)
{
    strand *s = arg;
    (void)err, (void)reply;
    s->overlapped = s->overlapped || atomic_fetch_add(&s->inside, 1) != 0;
    s->count++;
    atomic_fetch_sub(&s->inside, 1);
    atomic_fetch_add(&s->told, 1);
}

enum { THREADS = 4, EACH = 1000 };

static void *
post_often(void *arg)
{
    zobo_how how = {.done = on_strand, .arg = arg, .flags = ZOBO_INLINE};
    zobo_promise *p;
    for (int i = 0; i < EACH; i++) {
        if (i % 4 == 0) {
            if (zobo_exists_async(client, "/", NULL, &how, NULL))
                return arg;
        } else if (i % 4 == 1) {
            if (zobo_sleep_async(client, (uint32_t)i % 3, &how, NULL))
                return arg;
        } else {
            if (zobo_promise_new(client, &how, NULL, NULL, NULL, &p))
                return arg;
            zobo_promise_keep(p, ZOBO_OK, NULL);
        }
        if (i % 50 == 0 && zobo_exists(client, "/", NULL, NULL)) /* drives, too */
            return arg;
    }
    return NULL;
}

static void
test_one_at_a_time(void **state)
{
    (void)state;
    strand s = {.inside = 0};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_often, &s), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    ZT_WAIT(atomic_load(&s.told) == THREADS * EACH);
    assert_false(s.overlapped);
    assert_int_equal(s.count, THREADS * EACH);
}

/* --- event loops ----------------------------------------------------------------------------------------------------
 * */

/* As a program's loop does it: sleeps on the descriptor, never longer than it may. */
static void
turn(zobo_client *c)
{
    struct pollfd fd = {.fd = zobo_fd(c), .events = POLLIN};
    assert_int_not_equal(poll(&fd, 1, (int)ZT_SOON_MS), 0);
    assert_ok(zobo_process(c));
}

static void *
keep_elsewhere(void *arg)
{
    zobo_promise_keep(arg, ZOBO_EEMPTY, NULL);
    return NULL;
}

static void
test_event_loop(void **state)
{
    (void)state;
    zobo_client *c = unstarted(true);
    told t = {.c = c};
    zobo_how how = {.done = on_done, .arg = &t};
    zobo_promise *p;
    maker m;
    pthread_t thread;
    zt_latch_init(&t.hits);
    assert_ok(zobo_start(c, 0, NULL));
    uint64_t begun = zt_now_ms();
    assert_ok(zobo_sleep_async(c, 40, &how, NULL));
    while (zt_latch_hits(&t.hits) < 1)
        turn(c);
    assert_ok(t.err);
    assert_in_range(zt_now_ms() - begun, 39, ZT_SOON_MS);
    assert_ok(zobo_promise_new(c, &how, NULL, NULL, NULL, &p));
    assert_int_equal(pthread_create(&thread, NULL, keep_elsewhere, p), 0);
    while (zt_latch_hits(&t.hits) < 2)
        turn(c);
    pthread_join(thread, NULL);
    assert_err(t.err, ZOBO_EEMPTY);
    maker_begin(&m, c, true, (zobo_how){.timeout_ms = 30});
    while (!zobo_call_done(m.call))
        turn(c);
    assert_err(zobo_call_get(m.call, 1, NULL), ZOBO_EWAITTIMEOUT);
    maker_end(&m);
    maker_begin(&m, c, true, (zobo_how){.timeout_ms = 30});
    assert_err(zobo_call_get(m.call, 0, NULL), ZOBO_EWAITTIMEOUT); /* waiting drives */
    maker_end(&m);
    maker_begin(&m, c, true, (zobo_how){0});
    zobo_close(c);
    assert_err(zobo_call_get(m.call, 1, NULL), ZOBO_ESTOPPED);
    maker_end(&m);
    zt_latch_destroy(&t.hits);
}

/* --- small things ---------------------------------------------------------------------------------------------------
 * */

static void
test_uuids_and_the_time(void **state)
{
    (void)state;
    enum { N = 1000 };
    static char uuids[N][33];
    for (int i = 0; i < N; i++) {
        zobo_uuid(client, uuids[i]);
        assert_int_equal(strlen(uuids[i]), 32);
        assert_int_equal(strspn(uuids[i], "0123456789abcdef"), 32);
        assert_int_equal(uuids[i][12], '4');
        assert_non_null(strchr("89ab", uuids[i][16]));
    }
    qsort(uuids, N, sizeof uuids[0], (int (*)(const void *, const void *))strcmp);
    for (int i = 1; i < N; i++)
        assert_string_not_equal(uuids[i], uuids[i - 1]);
    int64_t seconds = (int64_t)time(NULL);
    assert_in_range(zobo_wall_ms() / 1000, seconds, seconds + 60);
}

static void
test_made_and_kept_often(void **state)
{
    (void)state;
    zobo_counters before = {0}, after = {0};
    zobo_get_counters(client, &before);
    for (int i = 0; i < 10000; i++) {
        maker m;
        maker_begin(&m, client, true, (zobo_how){.timeout_ms = i % 3 ? 60000 : 0});
        if (i % 5 == 0)
            zobo_call_cancel(m.call);
        else
            zobo_promise_keep(m.promise, ZOBO_OK, NULL);
        assert_err(zobo_call_get(m.call, 5000, NULL), i % 5 ? ZOBO_OK : ZOBO_ECANCELLED);
        if (i % 5 == 0)
            assert_true(zt_latch_wait(&m.asked, 1, ZT_SOON_MS));
        maker_end(&m);
    }
    zobo_get_counters(client, &after);
    assert_true(after.requests == before.requests); /* nothing was sent for them */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_is_copied),
        cmocka_unit_test(test_told_where_asked),
        cmocka_unit_test(test_kept_inline),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_late_at_once),
        cmocka_unit_test(test_without_giving_up),
        cmocka_unit_test(test_kept_while_being_asked),
        cmocka_unit_test(test_kept_inline_after_cancel),
        cmocka_unit_test(test_stop_and_close),
        cmocka_unit_test(test_before_start),
        cmocka_unit_test(test_wrong_how),
        cmocka_unit_test(test_sleeps_end_in_order),
        cmocka_unit_test(test_sleeps_end_early),
        cmocka_unit_test(test_sleep_through_a_lost_connection),
        cmocka_unit_test(test_close_asks_until_there_is_none),
        cmocka_unit_test(test_listeners),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_event_loop),
        cmocka_unit_test(test_uuids_and_the_time),
        cmocka_unit_test(test_made_and_kept_often),
    };
    return cmocka_run_group_tests(tests, up, down);
}
