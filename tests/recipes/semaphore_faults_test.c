/* SPDX-License-Identifier: Apache-2.0 */
/* Semaphores: whatever happens to connections and sessions, answers and nodes, there are never more leases than the
 * node says, and nothing stays behind. */
#include "recipes/pool.h"

/* Given up after each number of steps; whatever the moment, it is had or it is not. */
static void
test_given_up_at_each_step(void **state)
{
    (void)state;
    int had = 0;
    for (int i = 0; i < 400; i++) {
        zobo_semaphore *x = semaphore_of(a, 1);
        zobo_call *call;
        assert_ok(zobo_semaphore_acquire_async(x, NULL, &call));
        for (int j = 0; j < i % 14; j++)
            assert_ok(zobo_exists(i % 2 ? a : look, "/", NULL, NULL));
        if (i % 3 == 0)
            zobo_call_cancel(call);
        else if (i % 3 == 1)
            assert_ok(zobo_semaphore_cancel(x));
        else
            zobo_semaphore_free(x);
        zobo_err err = zobo_call_get(call, 5000, NULL);
        zobo_call_free(call);
        if (err)
            assert_err(err, ZOBO_ECANCELLED);
        else
            had++;
        if (i % 3 != 2) {
            assert_err(zobo_semaphore_check(x), err ? ZOBO_ENOTHELD : ZOBO_OK);
            zobo_semaphore_free(x);
        }
        if (i % 7 == 0)
            ZT_WAIT(children_of(look, path) <= 0 && waiters() <= 0);
    }
    assert_in_range(had, 1, 399);
    ZT_WAIT(children_of(look, path) == 0 && waiters() == 0);
}

static void
on_lost(void *arg, zobo_semaphore *s)
{
    if (zobo_semaphore_check(s) == ZOBO_ELOCKLOST)
        zt_latch_hit(arg);
}

static void
delete_leases(void)
{
    zobo_reply *r;
    assert_ok(zobo_get_children(look, path, NULL, &r));
    for (size_t i = 0; i < r->n_children; i++) {
        char child[200];
        snprintf(child, sizeof child, "%s/%s", path, r->children[i]);
        assert_ok(zobo_delete(look, child, -1));
    }
    zobo_reply_free(r);
}

static void
test_loss(void **state)
{
    (void)state;
    zt_latch lost;
    zobo_call *call;
    zt_latch_init(&lost);
    zobo_semaphore *x = semaphore_with(a, (zobo_semaphore_options){.lost = on_lost, .lost_arg = &lost});
    zobo_semaphore *y = semaphore_of(b, 1);
    assert_ok(zobo_semaphore_acquire(x, 0));
    assert_ok(zobo_semaphore_acquire_async(y, NULL, &call));
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_server_expire(server, session_of(a)));
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
    assert_true(zt_latch_wait(&lost, 1, ZT_SOON_MS));
    assert_err(zobo_semaphore_release(x, 0), ZOBO_ELOCKLOST);
    assert_err(zobo_semaphore_release(x, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_semaphore_release(y, 0));
    assert_ok(zobo_semaphore_acquire(x, 5000));
    delete_leases();
    assert_true(zt_latch_wait(&lost, 2, ZT_SOON_MS));
    assert_err(zobo_semaphore_acquire(x, 5000), ZOBO_ELOCKLOST); /* until it is released */
    assert_err(zobo_semaphore_release(x, 0), ZOBO_ELOCKLOST);
    assert_ok(zobo_semaphore_acquire(x, 5000));
    assert_ok(zobo_semaphore_acquire_async(y, NULL, &call));
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_server_expire(server, session_of(b))); /* who waits begins anew */
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_semaphore_release(x, 0));
    assert_ok(zobo_call_get(call, 20000, NULL));
    zobo_call_free(call);
    zobo_semaphore_free(x);
    zobo_semaphore_free(y);
    x = semaphore_with(a, (zobo_semaphore_options){.release_on_suspended = true});
    assert_ok(zobo_semaphore_acquire(x, 5000));
    assert_ok(zobo_server_drop(server, session_of(a)));
    ZT_WAIT(zobo_semaphore_check(x) == ZOBO_ELOCKLOST);
    ZT_WAIT(children_of(look, path) == 0);
    zobo_semaphore_free(x);
    zt_latch_destroy(&lost);
}

/* The server hears the client, but is not heard: the client gives its session up by its own clock, and the lease of the
 * old session still lies there when the object acquires again. */
static void
test_a_lease_of_the_session_before(void **state)
{
    (void)state;
    zobo_client *c = zt_client(zobo_server_hosts(server), 2000);
    zobo_semaphore *x = semaphore_of(c, 1);
    assert_ok(zobo_semaphore_acquire(x, 0));
    int64_t fence = zobo_semaphore_fence(x);
    zobo_server_delay(server, 4000);
    ZT_WAIT(zobo_semaphore_check(x) == ZOBO_ELOCKLOST);
    zobo_server_delay(server, 0);
    assert_int_equal(children_of(look, path), 1);
    assert_err(zobo_semaphore_release(x, 0), ZOBO_ELOCKLOST);
    assert_ok(zobo_semaphore_acquire(x, 10000));
    assert_true(zobo_semaphore_fence(x) > fence);
    assert_int_equal(children_of(look, path), 1);
    assert_ok(zobo_semaphore_release(x, 0));
    assert_int_equal(children_of(look, path), 0);
    zobo_semaphore_free(x);
    zobo_close(c);
}

/* Every answer of an acquire and a release is lost in turn, with the connection. */
static void
test_lost_replies(void **state)
{
    (void)state;
    zobo_semaphore *x = semaphore_of(a, 1), *y = semaphore_of(b, 1);
    for (int round = 0; round < 2; round++) {
        for (unsigned skip = 0; skip < 9; skip++) {
            zobo_call *call;
            if (round)
                assert_ok(zobo_semaphore_acquire(y, 5000));
            assert_ok(zobo_semaphore_acquire_async(x, NULL, &call));
            for (unsigned i = 0; i < skip; i++)
                assert_ok(zobo_exists(look, "/", NULL, NULL));
            zobo_server_lose_replies(server, 1);
            assert_ok(zobo_server_drop(server, session_of(a)));
            zobo_server_lose_replies(server, 0);
            if (round)
                assert_ok(zobo_semaphore_release(y, 0));
            assert_ok(zobo_call_get(call, 20000, NULL));
            zobo_call_free(call);
            assert_int_equal(children_of(look, path), 1);
            assert_int_equal(waiters(), 0);
            assert_ok(zobo_semaphore_release(x, 0));
            assert_int_equal(children_of(look, path), 0);
        }
    }
    zobo_semaphore_free(x);
    zobo_semaphore_free(y);
}

/* Somebody removes the guard's node of him who waits: no lease is made without it. */
static void
test_guard_removed(void **state)
{
    (void)state;
    zobo_semaphore *x = semaphore_of(a, 1), *y = semaphore_of(b, 1), *z = semaphore_of(look, 1);
    zobo_call *second, *third;
    zobo_reply *r;
    char child[200];
    assert_ok(zobo_semaphore_acquire(x, 0));
    assert_ok(zobo_semaphore_acquire_async(y, NULL, &second));
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_get_children(look, guard, NULL, &r));
    snprintf(child, sizeof child, "%s/%s", guard, r->children[0]);
    zobo_reply_free(r);
    assert_ok(zobo_delete(look, child, -1));
    assert_ok(zobo_semaphore_acquire_async(z, NULL, &third)); /* now two believe to be first */
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_semaphore_release(x, 0));
    ZT_WAIT(zobo_call_done(second) || zobo_call_done(third));
    assert_int_equal(children_of(look, path), 1);
    zobo_semaphore *first = zobo_call_done(second) ? y : z;
    assert_ok(zobo_semaphore_release(first, 0));
    assert_ok(zobo_call_get(first == y ? third : second, 5000, NULL));
    zobo_call_free(second);
    zobo_call_free(third);
    zobo_semaphore_free(x);
    zobo_semaphore_free(y);
    zobo_semaphore_free(z);
    ZT_WAIT(children_of(look, path) == 0 && waiters() == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_given_up_at_each_step), EACH(test_loss),          EACH(test_a_lease_of_the_session_before),
        EACH(test_lost_replies),          EACH(test_guard_removed),
    };
    return cmocka_run_group_tests(tests, up, down);
}
