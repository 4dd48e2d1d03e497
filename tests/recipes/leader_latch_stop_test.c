/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping a leader latch: who was told that it leads has been told that it does not, when the stop is over. */
#include "recipes/pair.h"

#include <zobo/election.h>

static const char path[] = "/latch/one";

/* A latch whose callbacks take the time that the test gives them. */
typedef struct slow {
    zt_latch led, began, go, done;
    atomic_bool stopped;
    bool stops; /* it is stopped where it is told that it leads */
    zobo_err err;
} slow;

static void
slow_leader(void *arg, zobo_leader_latch *latch)
{
    slow *s = arg;
    if (s->stops)
        s->err = zobo_leader_latch_stop(latch, 0);
    zt_latch_hit(&s->led);
}

static void
slow_not_leader(void *arg, zobo_leader_latch *latch)
{
    slow *s = arg;
    (void)latch;
    zt_latch_hit(&s->began);
    (void)zt_latch_wait(&s->go, 1, ZT_SOON_MS);
    zt_latch_hit(&s->done);
}

static slow *
slow_new(zobo_leader_latch **latch)
{
    slow *s = calloc(1, sizeof *s);
    assert_non_null(s);
    zt_latch_init(&s->led);
    zt_latch_init(&s->began);
    zt_latch_init(&s->go);
    zt_latch_init(&s->done);
    zobo_leader_latch_options o = {
        .leader = slow_leader, .leader_arg = s, .not_leader = slow_not_leader, .not_leader_arg = s};
    assert_ok(zobo_leader_latch_new(c, path, &o, latch, NULL));
    return s;
}

static void
slow_free(slow *s)
{
    zt_latch_destroy(&s->led);
    zt_latch_destroy(&s->began);
    zt_latch_destroy(&s->go);
    zt_latch_destroy(&s->done);
    free(s);
}

typedef struct stopper {
    zobo_leader_latch *latch;
    slow *s;
    zobo_err err;
} stopper;

static void *
stop_it(void *arg)
{
    stopper *x = arg;
    x->err = zobo_leader_latch_stop(x->latch, 0);
    atomic_store(&x->s->stopped, true);
    return NULL;
}

static void
test_stop_returns_when_it_was_told(void **state)
{
    (void)state;
    stopper x = {0};
    pthread_t thread;
    x.s = slow_new(&x.latch);
    assert_ok(zobo_leader_latch_start(x.latch));
    assert_true(zt_latch_wait(&x.s->led, 1, ZT_SOON_MS));
    assert_int_equal(pthread_create(&thread, NULL, stop_it, &x), 0);
    assert_true(zt_latch_wait(&x.s->began, 1, ZT_SOON_MS));
    ZT_WAIT(children_of(look, path) == 0); /* the election does not wait */
    zobo_call *call;
    assert_ok(
        zobo_leader_latch_stop_async(x.latch, NULL, &call)); /* behind the other, and ends behind the callback too */
    assert_err(zobo_call_wait(call, 50), ZOBO_ETIMEDOUT);
    assert_false(atomic_load(&x.s->stopped));
    assert_err(zobo_leader_latch_stop(x.latch, 20), ZOBO_EWAITTIMEOUT);
    zt_latch_hit(&x.s->go);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(x.err);
    assert_int_equal(zt_latch_hits(&x.s->done), 1);
    assert_ok(zobo_call_get(call, ZT_SOON_MS, NULL));
    zobo_call_free(call);
    zobo_leader_latch_free(x.latch);
    slow_free(x.s);
    for (int i = 0; i < 100; i++) { /* what is stopped and freed at once has told all */
        zobo_leader_latch *latch;
        slow *s = slow_new(&latch);
        zt_latch_hit(&s->go);
        assert_ok(zobo_leader_latch_start(latch));
        if (i % 2)
            assert_true(zt_latch_wait(&s->led, 1, ZT_SOON_MS));
        assert_ok(zobo_leader_latch_stop(latch, 0));
        unsigned led = (unsigned)zt_latch_hits(&s->led);
        assert_true(i % 2 ? led == 1 : led <= 1);
        assert_int_equal(zt_latch_hits(&s->done), led);
        zobo_leader_latch_free(latch);
        slow_free(s);
    }
}

static void
stop_in_callback(void *arg, zobo_err err, const zobo_reply *reply)
{
    stopper *x = arg;
    (void)err, (void)reply;
    x->err = zobo_leader_latch_stop(x->latch, 0);
    atomic_store(&x->s->stopped, true);
}

/* The callbacks would wait for this one. */
static void
test_stop_in_callbacks_does_not_wait_for_others(void **state)
{
    (void)state;
    zobo_leader_latch *latch;
    slow *s = slow_new(&latch);
    s->stops = true;
    zt_latch_hit(&s->go);
    assert_ok(zobo_leader_latch_start(latch));
    assert_true(zt_latch_wait(&s->done, 1, ZT_SOON_MS));
    assert_ok(s->err);
    zobo_leader_latch_free(latch);
    slow_free(s);

    stopper x = {0};
    x.s = slow_new(&x.latch);
    assert_ok(zobo_leader_latch_start(x.latch));
    assert_true(zt_latch_wait(&x.s->led, 1, ZT_SOON_MS));
    zobo_how how = {.done = stop_in_callback, .arg = &x};
    assert_ok(zobo_exists_async(c, "/", NULL, &how, NULL));
    ZT_WAIT(atomic_load(&x.s->stopped));
    assert_ok(x.err);
    zt_latch_hit(&x.s->go);
    assert_true(zt_latch_wait(&x.s->done, 1, ZT_SOON_MS));
    zobo_leader_latch_free(x.latch);
    slow_free(x.s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stop_returns_when_it_was_told, up, down),
        cmocka_unit_test_setup_teardown(test_stop_in_callbacks_does_not_wait_for_others, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
