/* SPDX-License-Identifier: Apache-2.0 */
/* Locks: one holder, in order, whatever happens to connections and sessions; nothing stays behind. */
#include "recipes/stage.h"

#include <pthread.h>
#include <stdatomic.h>

#include <zobo/lock.h>

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

static zobo_lock *
lock_of(zobo_client *c, const zobo_lock_options *o)
{
    zobo_lock *lock;
    zobo_problem why;
    if (zobo_lock_new(c, "/locks/one", o, &lock, &why))
        fail_msg("%s", why.text);
    return lock;
}

static void
test_acquire_and_release(void **state)
{
    (void)state;
    zobo_lock *x = lock_of(a, &(zobo_lock_options){.identifier = "me"}), *y = lock_of(b, NULL);
    zobo_reply *r;
    assert_err(zobo_lock_check(x), ZOBO_ENOTHELD);
    assert_err(zobo_lock_release(x, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_lock_acquire(x, 0));
    assert_ok(zobo_lock_check(x));
    int64_t first = zobo_lock_fence(x);
    assert_true(first > 0);
    assert_ok(zobo_get_children(look, "/locks/one", NULL, &r));
    assert_int_equal(r->n_children, 1);
    assert_int_equal(strlen(r->children[0]), 32 + 8 + 10);
    assert_string_equal(r->children[0] + 32, "__lock__0000000000");
    zobo_reply_free(r);
    assert_err(zobo_lock_try(y, 0), ZOBO_EHELD);
    assert_err(zobo_lock_try(x, 0), ZOBO_EHELD);
    assert_err(zobo_lock_acquire(y, 100), ZOBO_EWAITTIMEOUT);
    ZT_WAIT(children_of(look, "/locks/one") == 1);
    assert_ok(zobo_lock_contenders(y, 0, &r));
    assert_int_equal(r->n_children, 1);
    assert_string_equal(r->children[0], "me");
    zobo_reply_free(r);
    assert_ok(zobo_lock_release(x, 0));
    assert_int_equal(children_of(look, "/locks/one"), 0);
    assert_ok(zobo_lock_try(y, 0));
    assert_true(zobo_lock_fence(y) > first);
    zobo_lock_free(y);
    ZT_WAIT(children_of(look, "/locks/one") == 0);
    zobo_lock_free(x);
}

/* A try that has failed stands in nobody's way. */
static void
test_a_failed_try_has_left(void **state)
{
    (void)state;
    zobo_lock *x = lock_of(a, NULL), *y = lock_of(b, NULL);
    for (int i = 0; i < 200; i++) {
        assert_ok(zobo_lock_try(x, 0));
        assert_err(zobo_lock_try(y, 0), ZOBO_EHELD);
        assert_int_equal(children_of(look, "/locks/one"), 1);
        assert_ok(zobo_lock_release(x, 0));
    }
    zobo_lock_free(x);
    zobo_lock_free(y);
}

static void
test_handed_over_in_order(void **state)
{
    (void)state;
    enum { N = 8 };
    zobo_lock *locks[N];
    zobo_call *calls[N];
    for (int i = 0; i < N; i++) {
        locks[i] = lock_of(i % 2 ? a : b, NULL);
        assert_ok(zobo_lock_acquire_async(locks[i], NULL, &calls[i]));
        ZT_WAIT(children_of(look, "/locks/one") == i + 1);
    }
    for (int i = 0; i < N; i++) {
        assert_ok(zobo_call_get(calls[i], 5000, NULL));
        for (int j = i + 1; j < N; j++)
            assert_false(zobo_call_done(calls[j]));
        if (i % 3)
            zobo_lock_free(locks[i]);
        else
            assert_ok(zobo_lock_release(locks[i], 0));
    }
    for (int i = 0; i < N; i++) {
        zobo_call_free(calls[i]);
        if (i % 3 == 0)
            zobo_lock_free(locks[i]);
    }
    ZT_WAIT(children_of(look, "/locks/one") == 0);
}

static void
test_cancel_time_and_free(void **state)
{
    (void)state;
    zobo_lock *x = lock_of(a, NULL), *y = lock_of(b, NULL);
    zobo_call *calls[4];
    assert_ok(zobo_lock_acquire(x, 0));
    for (int i = 0; i < 4; i++)
        assert_ok(zobo_lock_acquire_async(y, &(zobo_how){.timeout_ms = i == 2 ? 50 : 0}, &calls[i]));
    ZT_WAIT(children_of(look, "/locks/one") == 2);
    zobo_call_cancel(calls[1]);
    assert_err(zobo_call_get(calls[1], 5000, NULL), ZOBO_ECANCELLED);
    assert_err(zobo_call_get(calls[2], 5000, NULL), ZOBO_EWAITTIMEOUT);
    zobo_call_cancel(calls[0]);
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    assert_ok(zobo_lock_release(x, 0));
    assert_ok(zobo_call_get(calls[3], 5000, NULL));
    for (int i = 0; i < 4; i++)
        zobo_call_free(calls[i]);
    assert_ok(zobo_lock_acquire_async(x, NULL, &calls[0]));
    assert_ok(zobo_lock_acquire_async(x, NULL, &calls[1]));
    ZT_WAIT(children_of(look, "/locks/one") == 2);
    assert_ok(zobo_lock_cancel(x));
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    assert_err(zobo_call_get(calls[1], 5000, NULL), ZOBO_ECANCELLED);
    zobo_call_free(calls[0]);
    zobo_call_free(calls[1]);
    assert_ok(zobo_lock_acquire_async(x, NULL, &calls[0]));
    zobo_lock_free(x);
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    zobo_call_free(calls[0]);
    zobo_lock_free(y);
    ZT_WAIT(children_of(look, "/locks/one") == 0);
}

static void
test_reentrant(void **state)
{
    (void)state;
    zobo_lock *x = lock_of(a, &(zobo_lock_options){.reentrant = true});
    assert_ok(zobo_lock_acquire(x, 0));
    assert_ok(zobo_lock_acquire(x, 0));
    assert_ok(zobo_lock_try(x, 0));
    assert_ok(zobo_lock_release(x, 0));
    assert_ok(zobo_lock_release(x, 0));
    assert_ok(zobo_lock_check(x));
    assert_ok(zobo_lock_release(x, 0));
    assert_err(zobo_lock_release(x, 0), ZOBO_ENOTHELD);
    zobo_lock_free(x);
}

/* Who waits for an object that is held in the meantime has it, too: he may be the one who is to release it. */
static void
test_reentrant_while_it_is_waited_for(void **state)
{
    (void)state;
    zobo_call *calls[3];
    zobo_reply *first, *reply;
    zobo_lock *x = lock_of(a, &(zobo_lock_options){.reentrant = true}), *other = lock_of(b, NULL);
    assert_ok(zobo_lock_acquire(other, 0));
    for (size_t i = 0; i < 3; i++)
        assert_ok(zobo_lock_acquire_async(x, NULL, &calls[i]));
    assert_ok(zobo_lock_release(other, 0));
    assert_ok(zobo_call_get(calls[0], 5000, &first));
    for (size_t i = 1; i < 3; i++) {
        assert_ok(zobo_call_get(calls[i], 5000, &reply));
        assert_string_equal(reply->path, first->path);
        zobo_reply_free(reply);
    }
    zobo_reply_free(first);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(zobo_lock_check(x));
        assert_ok(zobo_lock_release(x, 0));
        zobo_call_free(calls[i]);
    }
    assert_err(zobo_lock_check(x), ZOBO_ENOTHELD);
    zobo_lock_free(x);
    zobo_lock_free(other);
}

static void
on_lost(void *arg, zobo_lock *lock)
{
    if (zobo_lock_check(lock) == ZOBO_ELOCKLOST)
        zt_latch_hit(arg);
}

static void
test_loss_by_session_and_by_deletion(void **state)
{
    (void)state;
    zt_latch lost;
    zobo_reply *r;
    char path[200];
    zt_latch_init(&lost);
    zobo_lock *x = lock_of(a, &(zobo_lock_options){.lost = on_lost, .lost_arg = &lost}), *y = lock_of(b, NULL);
    zobo_call *call;
    assert_ok(zobo_lock_acquire(x, 0));
    assert_ok(zobo_lock_acquire_async(y, NULL, &call));
    assert_ok(zobo_server_expire(server, session_of(a)));
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
    assert_true(zt_latch_wait(&lost, 1, ZT_SOON_MS));
    assert_err(zobo_lock_check(x), ZOBO_ELOCKLOST);
    assert_err(zobo_lock_release(x, 0), ZOBO_ELOCKLOST);
    assert_err(zobo_lock_release(x, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_lock_release(y, 0));
    assert_ok(zobo_lock_acquire(x, 5000));
    assert_ok(zobo_get_children(look, "/locks/one", NULL, &r));
    snprintf(path, sizeof path, "/locks/one/%s", r->children[0]);
    zobo_reply_free(r);
    assert_ok(zobo_delete(look, path, -1));
    assert_true(zt_latch_wait(&lost, 2, ZT_SOON_MS));
    assert_err(zobo_lock_acquire(x, 5000), ZOBO_ELOCKLOST); /* until it is released */
    assert_err(zobo_lock_release(x, 0), ZOBO_ELOCKLOST);
    assert_ok(zobo_lock_acquire(x, 5000));
    zobo_lock_free(x);
    zobo_lock_free(y);
    ZT_WAIT(children_of(look, "/locks/one") == 0);
    zt_latch_destroy(&lost);
}

/* Every answer of an acquire and a release is lost in turn, with the connection. */
static void
test_lost_replies(void **state)
{
    (void)state;
    zobo_lock *x = lock_of(a, NULL), *y = lock_of(b, NULL);
    for (int round = 0; round < 2; round++) {
        for (unsigned skip = 0; skip < 5; skip++) {
            zobo_call *call;
            if (round)
                assert_ok(zobo_lock_acquire(y, 5000));
            assert_ok(zobo_lock_acquire_async(x, NULL, &call));
            for (unsigned i = 0; i < skip; i++)
                assert_ok(zobo_exists(look, "/", NULL, NULL));
            zobo_server_lose_replies(server, 1);
            assert_ok(zobo_server_drop(server, session_of(a)));
            zobo_server_lose_replies(server, 0);
            if (round)
                assert_ok(zobo_lock_release(y, 0));
            assert_ok(zobo_call_get(call, 20000, NULL));
            zobo_call_free(call);
            assert_int_equal(children_of(look, "/locks/one"), 1);
            assert_ok(zobo_lock_release(x, 0));
            assert_int_equal(children_of(look, "/locks/one"), 0);
        }
    }
    zobo_lock_free(x);
    zobo_lock_free(y);
}

static void
test_readers_and_writers(void **state)
{
    (void)state;
    zobo_lock_options reader = {.kind = ZOBO_READ_LOCK}, writer = {.kind = ZOBO_WRITE_LOCK};
    zobo_lock *r1 = lock_of(a, &reader), *r2 = lock_of(b, &reader), *r3 = lock_of(a, &reader), *w = lock_of(b, &writer);
    zobo_call *wrote, *read;
    assert_ok(zobo_lock_acquire(r1, 0));
    assert_ok(zobo_lock_acquire(r2, 0));
    assert_err(zobo_lock_try(w, 0), ZOBO_EHELD);
    ZT_WAIT(children_of(look, "/locks/one") == 2);
    assert_ok(zobo_lock_acquire_async(w, NULL, &wrote));
    ZT_WAIT(children_of(look, "/locks/one") == 3);
    assert_ok(zobo_lock_acquire_async(r3, NULL, &read)); /* behind the writer */
    ZT_WAIT(children_of(look, "/locks/one") == 4);
    assert_ok(zobo_lock_release(r1, 0));
    assert_false(zobo_call_done(wrote));
    assert_ok(zobo_lock_release(r2, 0));
    assert_ok(zobo_call_get(wrote, 5000, NULL));
    assert_false(zobo_call_done(read));
    assert_ok(zobo_lock_release(w, 0));
    assert_ok(zobo_call_get(read, 5000, NULL));
    zobo_call_free(wrote);
    zobo_call_free(read);
    zobo_lock_free(r1);
    zobo_lock_free(r2);
    zobo_lock_free(r3);
    zobo_lock_free(w);
    ZT_WAIT(children_of(look, "/locks/one") == 0);
}

/* Two threads share an object; one loses the lock and does not know yet: the other must not hold by the same object. */
static void
test_loss_is_acknowledged(void **state)
{
    (void)state;
    zobo_lock *x = lock_of(a, NULL), *y = lock_of(b, NULL);
    zobo_call *second, *third, *failed_try;
    assert_ok(zobo_lock_acquire(x, 0));
    assert_ok(zobo_lock_acquire_async(x, NULL, &second));
    assert_ok(zobo_server_expire(server, session_of(a)));
    ZT_WAIT(zobo_lock_check(x) == ZOBO_ELOCKLOST);
    assert_ok(zobo_lock_acquire(y, 5000));
    assert_err(zobo_lock_try(x, 0), ZOBO_ELOCKLOST);
    assert_false(zobo_call_done(second));
    assert_err(zobo_lock_release(x, 0), ZOBO_ELOCKLOST);
    assert_ok(zobo_lock_acquire_async(x, NULL, &third));
    assert_ok(zobo_lock_try_async(x, NULL, &failed_try));
    assert_err(zobo_call_get(failed_try, 5000, NULL), ZOBO_EHELD);
    assert_ok(zobo_lock_release(y, 0));
    assert_ok(zobo_call_get(second, 5000, NULL));
    assert_false(zobo_call_done(third));
    assert_ok(zobo_lock_release(x, 0));
    assert_ok(zobo_call_get(third, 5000, NULL));
    zobo_call_free(second);
    zobo_call_free(third);
    zobo_call_free(failed_try);
    zobo_lock_free(x);
    zobo_lock_free(y);
    ZT_WAIT(children_of(look, "/locks/one") == 0);
}

typedef struct crowd {
    zobo_lock *lock;
    long *counter;
    atomic_int *inside;
    int64_t *fence;
    bool failed;
} crowd;

enum { ROUNDS = 100 };

static void *
count_up(void *arg)
{
    crowd *c = arg;
    for (int i = 0; i < ROUNDS && !c->failed; i++) {
        c->failed = zobo_lock_acquire(c->lock, 60000) != ZOBO_OK || atomic_fetch_add(c->inside, 1) != 0;
        c->failed = c->failed || zobo_lock_fence(c->lock) <= *c->fence;
        *c->fence = zobo_lock_fence(c->lock);
        ++*c->counter;
        atomic_fetch_sub(c->inside, 1);
        c->failed = zobo_lock_release(c->lock, 0) != ZOBO_OK || c->failed;
    }
    return NULL;
}

static void
test_threads_contend(void **state)
{
    (void)state;
    enum { N = 8 };
    pthread_t threads[N];
    crowd members[N];
    long counter = 0;
    int64_t fence = 0;
    atomic_int inside = 0;
    zobo_lock *shared = lock_of(a, NULL);
    for (int i = 0; i < N; i++) {
        zobo_lock *lock = i < 2 ? shared : lock_of(i % 2 ? a : b, NULL);
        members[i] = (crowd){.lock = lock, .counter = &counter, .inside = &inside, .fence = &fence};
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, &members[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_false(members[i].failed);
        if (i)
            zobo_lock_free(members[i].lock);
    }
    assert_int_equal(counter, N * ROUNDS);
    ZT_WAIT(children_of(look, "/locks/one") == 0);
}

static void
test_event_loop_and_callback(void **state)
{
    (void)state;
    zobo_client *loop = loop_client();
    zobo_lock *x = lock_of(loop, NULL), *y = lock_of(a, NULL);
    zobo_call *call;
    assert_ok(zobo_lock_acquire(y, 0));
    assert_err(zobo_lock_acquire(x, 30), ZOBO_EWAITTIMEOUT);
    assert_ok(zobo_lock_acquire_async(x, NULL, &call));
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && children_of(look, "/locks/one") == 2);
    assert_ok(zobo_lock_release(y, 0));
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && zobo_call_done(call));
    assert_ok(zobo_call_get(call, 1, NULL));
    zobo_call_free(call);
    assert_ok(zobo_lock_release(x, 0));
    zobo_lock_free(x);
    zobo_lock_free(y);
    zobo_close(loop);
}

static void
in_callback(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_lock *lock = arg;
    (void)reply;
    if (!err && zobo_lock_acquire(lock, 5000) == ZOBO_OK && zobo_lock_release(lock, 0) == ZOBO_OK)
        zobo_lock_free(lock);
}

static void
inline_callback(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_lock *lock = arg;
    (void)err, (void)reply;
    if (zobo_lock_acquire(lock, 5000) != ZOBO_EWOULDBLOCK || zobo_lock_acquire_async(lock, NULL, NULL) != ZOBO_OK)
        abort();
}

static void
test_inline(void **state)
{
    (void)state;
    zobo_lock *x = lock_of(a, NULL);
    assert_ok(
        zobo_exists_async(a, "/", NULL, &(zobo_how){.done = inline_callback, .arg = x, .flags = ZOBO_INLINE}, NULL));
    ZT_WAIT(zobo_lock_check(x) == ZOBO_OK);
    assert_int_equal(children_of(look, "/locks/one"), 1);
    zobo_lock_free(x);
    ZT_WAIT(children_of(look, "/locks/one") == 0);
}

static void
test_in_a_callback(void **state)
{
    (void)state;
    zobo_lock *x = lock_of(a, NULL);
    zobo_stat stat;
    assert_ok(zobo_exists_async(a, "/", NULL, &(zobo_how){.done = in_callback, .arg = x}, NULL));
    ZT_WAIT(zobo_exists(look, "/locks/one", NULL, &stat) == ZOBO_OK && stat.cversion >= 2);
}

static void
test_unstarted_and_stopped(void **state)
{
    (void)state;
    zobo_client *c;
    zobo_lock *x;
    zobo_options o = client_options();
    assert_ok(zobo_new(&o, &c, NULL));
    x = lock_of(c, NULL);
    assert_err(zobo_lock_acquire(x, 1000), ZOBO_ENOTSTARTED);
    assert_ok(zobo_start(c, 0, NULL));
    assert_ok(zobo_lock_acquire(x, 1000));
    assert_ok(zobo_stop(c));
    ZT_WAIT(zobo_lock_check(x) == ZOBO_ELOCKLOST);
    assert_ok(zobo_start(c, 0, NULL));
    assert_err(zobo_lock_release(x, 0), ZOBO_ELOCKLOST);
    assert_ok(zobo_lock_acquire(x, 1000));
    zobo_lock *y = lock_of(c, NULL);
    zobo_call *call;
    assert_ok(zobo_lock_acquire_async(y, NULL, &call));
    assert_ok(zobo_stop(c));
    zobo_err err = zobo_call_get(call, 5000, NULL);
    assert_int_equal(err, ZOBO_ESTOPPED);
    zobo_call_free(call);
    zobo_lock_free(x);
    zobo_lock_free(y);
    zobo_close(c);
    ZT_WAIT(children_of(look, "/locks/one") == 0);
}

static void
test_wrong_options(void **state)
{
    (void)state;
    zobo_lock *x;
    zobo_problem why;
    const char *empty = "";
    assert_err(zobo_lock_new(a, "locks", NULL, &x, &why), ZOBO_EBADPATH);
    assert_err(zobo_lock_new(a, "/l", &(zobo_lock_options){.kind = 7}, &x, &why), ZOBO_EBADOPTION);
    assert_err(zobo_lock_new(a, "/l", &(zobo_lock_options){.extra_patterns = &empty, .n_extra_patterns = 1}, &x, &why),
               ZOBO_EBADOPTION);
    assert_null(x);
}

static void
test_made_and_freed_often(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        zobo_lock *x = lock_of(a, NULL);
        if (i % 100 == 0)
            assert_ok(zobo_lock_acquire(x, 0));
        else if (i % 10 == 0)
            assert_ok(zobo_lock_acquire_async(x, NULL, NULL));
        zobo_lock_free(x);
    }
    ZT_WAIT(children_of(look, "/locks/one") == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acquire_and_release),
        cmocka_unit_test(test_a_failed_try_has_left),
        cmocka_unit_test(test_handed_over_in_order),
        cmocka_unit_test(test_cancel_time_and_free),
        cmocka_unit_test(test_reentrant),
        cmocka_unit_test(test_reentrant_while_it_is_waited_for),
        cmocka_unit_test(test_loss_by_session_and_by_deletion),
        cmocka_unit_test(test_lost_replies),
        cmocka_unit_test(test_readers_and_writers),
        cmocka_unit_test(test_loss_is_acknowledged),
        cmocka_unit_test(test_threads_contend),
        cmocka_unit_test(test_event_loop_and_callback),
        cmocka_unit_test(test_inline),
        cmocka_unit_test(test_in_a_callback),
        cmocka_unit_test(test_unstarted_and_stopped),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_made_and_freed_often),
    };
    return cmocka_run_group_tests(tests, up, down);
}
