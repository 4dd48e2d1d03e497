/* SPDX-License-Identifier: Apache-2.0 */
/* Multi-locks: all or none, in one order, whatever happens to connections and sessions. */
#include "recipes/stage.h"

#include <pthread.h>
#include <stdatomic.h>

#include <zobo/multi_lock.h>

static zobo_client *a, *b;

static int
up(void **state)
{
    if (stage_up(state))
        return -1;
    a = another_client();
    b = another_client();
    return 0;
}

static int
down(void **state)
{
    zobo_close(a);
    zobo_close(b);
    return stage_down(state);
}

static const char *const three[] = {"/m/c", "/m/a", "/m/b"};

static zobo_multi_lock *
lock_of(zobo_client *c, const char *const *paths, size_t n, const zobo_multi_lock_options *o)
{
    zobo_multi_lock *m;
    zobo_problem why;
    if (zobo_multi_lock_new(c, paths, n, o, &m, &why))
        fail_msg("%s", why.text);
    return m;
}

static zobo_lock *
plain(zobo_client *c, const char *path)
{
    zobo_lock *lock;
    assert_ok(zobo_lock_new(c, path, NULL, &lock, NULL));
    return lock;
}

/* The nodes at all three. */
static int
nodes(void)
{
    int n = 0;
    for (size_t i = 0; i < 3; i++) {
        int children = children_of(look, three[i]);
        n += children > 0 ? children : 0;
    }
    return n;
}

static void
test_reentrant(void **state)
{
    (void)state;
    zobo_multi_lock *m = lock_of(a, three, 3, &(zobo_multi_lock_options){.reentrant = true});
    assert_ok(zobo_multi_lock_acquire(m, 0));
    assert_ok(zobo_multi_lock_try(m, 0));
    assert_int_equal(nodes(), 3);
    assert_ok(zobo_multi_lock_release(m, 0));
    assert_ok(zobo_multi_lock_check(m));
    assert_ok(zobo_multi_lock_release(m, 0));
    assert_err(zobo_multi_lock_release(m, 0), ZOBO_ENOTHELD);
    assert_int_equal(nodes(), 0);
    zobo_multi_lock_free(m);
}

static void
test_all_or_none(void **state)
{
    (void)state;
    zobo_multi_lock *m = lock_of(a, three, 3, &(zobo_multi_lock_options){.identifier = "me"});
    zobo_lock *c = plain(b, "/m/c");
    zobo_reply *r;
    assert_err(zobo_multi_lock_check(m), ZOBO_ENOTHELD);
    assert_err(zobo_multi_lock_release(m, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_multi_lock_acquire(m, 0));
    assert_ok(zobo_multi_lock_check(m));
    assert_int_equal(nodes(), 3);
    assert_true(zobo_multi_lock_fence(m, "/m/a") > 0);
    assert_true(zobo_multi_lock_fence(m, "/m/b") > zobo_multi_lock_fence(m, "/m/a"));
    assert_true(zobo_multi_lock_fence(m, "/m/c") > zobo_multi_lock_fence(m, "/m/b"));
    assert_true(zobo_multi_lock_fence(m, "/m/d") == 0);
    assert_ok(zobo_lock_contenders(c, 0, &r));
    assert_int_equal(r->n_children, 1);
    assert_string_equal(r->children[0], "me");
    zobo_reply_free(r);
    assert_err(zobo_lock_try(c, 0), ZOBO_EHELD);
    assert_err(zobo_multi_lock_try(m, 0), ZOBO_EHELD);
    assert_ok(zobo_multi_lock_release(m, 0));
    assert_true(zobo_multi_lock_fence(m, "/m/a") == 0);
    assert_int_equal(nodes(), 0);
    assert_ok(zobo_lock_acquire(c, 0));
    assert_err(zobo_multi_lock_try(m, 0), ZOBO_EHELD);
    assert_int_equal(nodes(), 1);
    assert_err(zobo_multi_lock_acquire(m, 50), ZOBO_EWAITTIMEOUT);
    ZT_WAIT(nodes() == 1);
    assert_err(zobo_multi_lock_check(m), ZOBO_ENOTHELD);
    zobo_lock_free(c);
    assert_ok(zobo_multi_lock_acquire(m, 5000));
    zobo_multi_lock_free(m);
    ZT_WAIT(nodes() == 0);
}

static void
test_sorted_and_once(void **state)
{
    (void)state;
    static const char *const twice[] = {"/m/b", "/m/a", "/m/b", "/m/a"};
    zobo_multi_lock *m = lock_of(a, twice, 4, NULL);
    zobo_lock *first = plain(b, "/m/a"), *second = plain(b, "/m/b");
    zobo_call *call;
    assert_ok(zobo_lock_acquire(second, 0));
    assert_ok(zobo_multi_lock_acquire_async(m, NULL, &call));
    ZT_WAIT(nodes() == 3); /* it has a, and waits for b */
    assert_err(zobo_lock_try(first, 0), ZOBO_EHELD);
    assert_ok(zobo_lock_release(second, 0));
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
    assert_int_equal(nodes(), 2);
    zobo_multi_lock_free(m);
    zobo_lock_free(first);
    zobo_lock_free(second);
    ZT_WAIT(nodes() == 0);
}

static void
test_cancel_and_free(void **state)
{
    (void)state;
    zobo_multi_lock *m = lock_of(a, three, 3, NULL);
    zobo_lock *c = plain(b, "/m/c");
    zobo_call *calls[2];
    assert_ok(zobo_lock_acquire(c, 0));
    for (int i = 0; i < 2; i++)
        assert_ok(zobo_multi_lock_acquire_async(m, NULL, &calls[i]));
    ZT_WAIT(nodes() == 4);
    zobo_call_cancel(calls[0]); /* the next in line takes over */
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    ZT_WAIT(nodes() == 4);
    assert_ok(zobo_multi_lock_cancel(m));
    assert_err(zobo_call_get(calls[1], 5000, NULL), ZOBO_ECANCELLED);
    ZT_WAIT(nodes() == 1);
    zobo_call_free(calls[0]);
    zobo_call_free(calls[1]);
    assert_ok(zobo_multi_lock_acquire_async(m, NULL, &calls[0]));
    ZT_WAIT(nodes() == 4);
    zobo_multi_lock_free(m);
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    zobo_call_free(calls[0]);
    ZT_WAIT(nodes() == 1);
    zobo_lock_free(c);
    ZT_WAIT(nodes() == 0);
}

/* Given up after each number of steps; whatever the moment, all are had or none. */
static void
test_given_up_at_each_step(void **state)
{
    (void)state;
    int had = 0;
    for (int i = 0; i < 300; i++) {
        zobo_multi_lock *x = lock_of(a, three, 3, NULL);
        zobo_call *call;
        assert_ok(zobo_multi_lock_acquire_async(x, NULL, &call));
        for (int j = 0; j < i % 12; j++)
            assert_ok(zobo_exists(i % 2 ? a : look, "/", NULL, NULL));
        if (i % 3 == 0)
            zobo_call_cancel(call);
        else if (i % 3 == 1)
            assert_ok(zobo_multi_lock_cancel(x));
        else
            zobo_multi_lock_free(x);
        zobo_err err = zobo_call_get(call, 5000, NULL);
        zobo_call_free(call);
        if (err)
            assert_err(err, ZOBO_ECANCELLED);
        else
            had++;
        if (i % 3 != 2) {
            assert_err(zobo_multi_lock_check(x), err ? ZOBO_ENOTHELD : ZOBO_OK);
            zobo_multi_lock_free(x);
        }
        if (i % 7 == 0)
            ZT_WAIT(nodes() == 0);
    }
    assert_in_range(had, 1, 299);
    ZT_WAIT(nodes() == 0);
}

static void
on_lost(void *arg, zobo_multi_lock *m)
{
    if (zobo_multi_lock_check(m) == ZOBO_ELOCKLOST)
        zt_latch_hit(arg);
}

static void
test_loss_of_one_is_loss_of_all(void **state)
{
    (void)state;
    zt_latch lost;
    zobo_reply *r;
    char child[200];
    zt_latch_init(&lost);
    zobo_multi_lock *m = lock_of(a, three, 3, &(zobo_multi_lock_options){.lost = on_lost, .lost_arg = &lost});
    assert_ok(zobo_multi_lock_acquire(m, 0));
    assert_ok(zobo_get_children(look, "/m/b", NULL, &r));
    snprintf(child, sizeof child, "/m/b/%s", r->children[0]);
    zobo_reply_free(r);
    assert_ok(zobo_delete(look, child, -1));
    assert_true(zt_latch_wait(&lost, 1, ZT_SOON_MS));
    ZT_WAIT(nodes() == 0);
    assert_err(zobo_multi_lock_release(m, 0), ZOBO_ELOCKLOST);
    assert_err(zobo_multi_lock_release(m, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_multi_lock_acquire(m, 5000));
    assert_ok(zobo_server_expire(server, session_of(a)));
    assert_true(zt_latch_wait(&lost, 2, ZT_SOON_MS));
    assert_err(zobo_multi_lock_acquire(m, 5000), ZOBO_ELOCKLOST); /* until it is released */
    assert_err(zobo_multi_lock_release(m, 0), ZOBO_ELOCKLOST);
    assert_ok(zobo_multi_lock_acquire(m, 5000));
    assert_int_equal(nodes(), 3);
    zobo_multi_lock_free(m);
    ZT_WAIT(nodes() == 0);
    assert_int_equal(zt_latch_hits(&lost), 2);
    m = lock_of(a, three, 3, &(zobo_multi_lock_options){.release_on_suspended = true});
    assert_ok(zobo_multi_lock_acquire(m, 5000));
    assert_ok(zobo_server_drop(server, session_of(a)));
    ZT_WAIT(zobo_multi_lock_check(m) == ZOBO_ELOCKLOST);
    ZT_WAIT(nodes() == 0);
    zobo_multi_lock_free(m);
    zt_latch_destroy(&lost);
}

/* The session, and with it the locks that were got, is lost while it waits for the last. */
static void
test_session_lost_while_waiting(void **state)
{
    (void)state;
    zobo_multi_lock *m = lock_of(a, three, 3, NULL);
    zobo_lock *c = plain(b, "/m/c"), *first = plain(b, "/m/a");
    zobo_call *call, *before;
    assert_ok(zobo_lock_acquire(c, 0));
    assert_ok(zobo_multi_lock_acquire_async(m, NULL, &call));
    ZT_WAIT(nodes() == 4);
    assert_ok(zobo_lock_acquire_async(first, NULL, &before));
    assert_ok(zobo_server_expire(server, session_of(a)));
    assert_ok(zobo_call_get(before, 5000, NULL)); /* another has it now */
    zobo_call_free(before);
    assert_ok(zobo_lock_release(c, 0));
    assert_err(zobo_call_wait(call, 100), ZOBO_ETIMEDOUT);
    assert_err(zobo_multi_lock_check(m), ZOBO_ENOTHELD);
    assert_ok(zobo_lock_release(first, 0));
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
    assert_ok(zobo_multi_lock_check(m));
    assert_int_equal(nodes(), 3);
    zobo_multi_lock_free(m);
    zobo_lock_free(c);
    zobo_lock_free(first);
    ZT_WAIT(nodes() == 0);
}

static void
test_lost_replies(void **state)
{
    (void)state;
    zobo_multi_lock *x = lock_of(a, three, 3, NULL);
    for (unsigned skip = 0; skip < 9; skip++) {
        zobo_call *call;
        assert_ok(zobo_multi_lock_acquire_async(x, NULL, &call));
        for (unsigned i = 0; i < skip; i++)
            assert_ok(zobo_exists(look, "/", NULL, NULL));
        zobo_server_lose_replies(server, 1);
        assert_ok(zobo_server_drop(server, session_of(a)));
        zobo_server_lose_replies(server, 0);
        assert_ok(zobo_call_get(call, 20000, NULL));
        zobo_call_free(call);
        assert_int_equal(nodes(), 3);
        assert_ok(zobo_multi_lock_release(x, 0));
        assert_int_equal(nodes(), 0);
    }
    zobo_multi_lock_free(x);
}

enum { ROUNDS = 40 };

typedef struct crowd {
    zobo_multi_lock *m;
    atomic_int *inside; /* by path */
    const size_t *mine;
    size_t n;
    bool failed;
} crowd;

static void *
come_and_go(void *arg)
{
    crowd *c = arg;
    for (int i = 0; i < ROUNDS && !c->failed; i++) {
        c->failed = zobo_multi_lock_acquire(c->m, 60000) != ZOBO_OK;
        for (size_t j = 0; j < c->n; j++)
            c->failed = atomic_fetch_add(&c->inside[c->mine[j]], 1) != 0 || c->failed;
        for (size_t j = 0; j < c->n; j++)
            atomic_fetch_sub(&c->inside[c->mine[j]], 1);
        c->failed = zobo_multi_lock_release(c->m, 0) != ZOBO_OK || c->failed;
    }
    return NULL;
}

/* Dining philosophers, and one who takes all, each naming what they want in another order. */
static void
test_no_deadlock(void **state)
{
    (void)state;
    enum { N = 4 };
    static const size_t wants[N][3] = {{0, 1, 0}, {2, 1, 0}, {0, 2, 0}, {1, 2, 0}};
    static const size_t n_wants[N] = {2, 2, 2, 3};
    pthread_t threads[N];
    crowd members[N];
    atomic_int inside[3] = {0};
    for (int i = 0; i < N; i++) {
        const char *paths[3];
        for (size_t j = 0; j < n_wants[i]; j++)
            paths[j] = three[wants[i][j]];
        members[i] = (crowd){
            .m = lock_of(i % 2 ? a : b, paths, n_wants[i], NULL), .inside = inside, .mine = wants[i], .n = n_wants[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &members[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_false(members[i].failed);
        zobo_multi_lock_free(members[i].m);
    }
    ZT_WAIT(nodes() == 0);
}

static void
test_event_loop(void **state)
{
    (void)state;
    zobo_client *loop = loop_client();
    zobo_multi_lock *x = lock_of(loop, three, 3, NULL), *y = lock_of(a, three, 3, NULL);
    zobo_call *call;
    assert_ok(zobo_multi_lock_acquire(y, 0));
    assert_err(zobo_multi_lock_acquire(x, 30), ZOBO_EWAITTIMEOUT);
    assert_ok(zobo_multi_lock_acquire_async(x, NULL, &call));
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && nodes() == 4);
    assert_ok(zobo_multi_lock_release(y, 0));
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && zobo_call_done(call));
    assert_ok(zobo_call_get(call, 1, NULL));
    zobo_call_free(call);
    assert_ok(zobo_multi_lock_release(x, 0));
    zobo_multi_lock_free(x);
    zobo_multi_lock_free(y);
    zobo_close(loop);
}

static void
test_unstarted_and_stopped(void **state)
{
    (void)state;
    zobo_client *c;
    zobo_options o = client_options();
    assert_ok(zobo_new(&o, &c, NULL));
    zobo_multi_lock *x = lock_of(c, three, 3, NULL);
    assert_err(zobo_multi_lock_acquire(x, 1000), ZOBO_ENOTSTARTED);
    assert_ok(zobo_start(c, 0, NULL));
    assert_ok(zobo_multi_lock_acquire(x, 1000));
    assert_ok(zobo_stop(c));
    ZT_WAIT(zobo_multi_lock_check(x) == ZOBO_ELOCKLOST);
    assert_ok(zobo_start(c, 0, NULL));
    assert_err(zobo_multi_lock_release(x, 0), ZOBO_ELOCKLOST);
    assert_ok(zobo_multi_lock_acquire(x, 1000));
    zobo_multi_lock_free(x);
    zobo_close(c);
    ZT_WAIT(nodes() == 0);
}

static void
test_wrong_options(void **state)
{
    (void)state;
    static const char *const bad[] = {"/ok", "bad"};
    zobo_multi_lock *x;
    zobo_problem why;
    assert_err(zobo_multi_lock_new(a, NULL, 0, NULL, &x, &why), ZOBO_EINVAL);
    assert_err(zobo_multi_lock_new(a, bad, 2, NULL, &x, &why), ZOBO_EBADPATH);
    assert_err(zobo_multi_lock_new(a, three, 3, &(zobo_multi_lock_options){.kind = 9}, &x, &why), ZOBO_EBADOPTION);
    assert_null(x);
    zobo_multi_lock_free(NULL);
}

static void
test_made_and_freed_often(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        zobo_multi_lock *x = lock_of(a, three, 3, NULL);
        if (i % 100 == 0)
            assert_ok(zobo_multi_lock_acquire(x, 0));
        else if (i % 10 == 0)
            assert_ok(zobo_multi_lock_acquire_async(x, NULL, NULL));
        zobo_multi_lock_free(x);
    }
    ZT_WAIT(nodes() == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reentrant),
        cmocka_unit_test(test_all_or_none),
        cmocka_unit_test(test_sorted_and_once),
        cmocka_unit_test(test_cancel_and_free),
        cmocka_unit_test(test_given_up_at_each_step),
        cmocka_unit_test(test_loss_of_one_is_loss_of_all),
        cmocka_unit_test(test_session_lost_while_waiting),
        cmocka_unit_test(test_lost_replies),
        cmocka_unit_test(test_no_deadlock),
        cmocka_unit_test(test_event_loop),
        cmocka_unit_test(test_unstarted_and_stopped),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_made_and_freed_often),
    };
    return cmocka_run_group_tests(tests, up, down);
}
