/* SPDX-License-Identifier: Apache-2.0 */
/* Semaphores: never more leases than the node says, and nothing stays behind. What goes wrong is in
 * semaphore_faults_test.c. */
#include "recipes/pool.h"

static void
test_reentrant(void **state)
{
    (void)state;
    zobo_semaphore *s = semaphore_with(a, (zobo_semaphore_options){.max_leases = 2, .reentrant = true});
    zobo_semaphore *other = semaphore_of(b, 2), *third = semaphore_of(b, 2);
    zobo_call *call;
    zobo_reply *reply;
    assert_ok(zobo_semaphore_acquire(s, 0));
    int64_t fence = zobo_semaphore_fence(s);
    assert_ok(zobo_semaphore_acquire(s, 0));
    assert_ok(zobo_semaphore_try(s, 0));
    assert_ok(zobo_semaphore_acquire_async(s, NULL, &call));
    assert_ok(zobo_call_get(call, 5000, &reply));
    zobo_call_free(call);
    assert_memory_equal(reply->path, path, strlen(path)); /* the same lease's node */
    zobo_reply_free(reply);
    assert_int_equal(children_of(look, path), 1);
    assert_true(zobo_semaphore_fence(s) == fence);
    assert_ok(zobo_semaphore_acquire(other, 0)); /* there is a second lease, for others */
    assert_err(zobo_semaphore_try(third, 0), ZOBO_EHELD);
    assert_ok(zobo_semaphore_acquire(s, 0)); /* and none is needed for this */
    for (size_t i = 0; i < 4; i++) {
        assert_ok(zobo_semaphore_release(s, 0));
        assert_ok(zobo_semaphore_check(s));
        assert_err(zobo_semaphore_try(third, 0), ZOBO_EHELD);
    }
    assert_ok(zobo_semaphore_release(s, 0));
    assert_err(zobo_semaphore_release(s, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_semaphore_try(third, 0));
    zobo_semaphore_free(s);
    zobo_semaphore_free(other);
    zobo_semaphore_free(third);
}

/* However often it was acquired, it is lost once, and released once after that. */
static void
test_reentrant_and_lost(void **state)
{
    (void)state;
    zobo_semaphore *s = semaphore_with(a, (zobo_semaphore_options){.max_leases = 1, .reentrant = true});
    assert_ok(zobo_semaphore_acquire(s, 0));
    assert_ok(zobo_semaphore_acquire(s, 0));
    assert_ok(zobo_server_expire(server, session_of(a)));
    ZT_WAIT(zobo_semaphore_check(s) == ZOBO_ELOCKLOST);
    assert_err(zobo_semaphore_acquire(s, 0), ZOBO_ELOCKLOST);
    assert_err(zobo_semaphore_release(s, 0), ZOBO_ELOCKLOST);
    assert_err(zobo_semaphore_release(s, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_semaphore_acquire(s, 0));
    assert_ok(zobo_semaphore_release(s, 0));
    assert_err(zobo_semaphore_check(s), ZOBO_ENOTHELD);
    zobo_semaphore_free(s);
}

static void
test_layout(void **state)
{
    (void)state;
    zobo_semaphore *s = semaphore_with(a, (zobo_semaphore_options){.max_leases = 1, .identifier = "me3"});
    zobo_semaphore *t = semaphore_with(b, (zobo_semaphore_options){.max_leases = 1, .identifier = "it's"});
    zobo_reply *r;
    zobo_call *call;
    char child[200];
    zobo_client_id id;
    assert_ok(zobo_semaphore_acquire(s, 0));
    assert_ok(zobo_get(look, path, NULL, &r));
    assert_string_equal(r->data, "1");
    zobo_reply_free(r);
    assert_ok(zobo_get_children(look, path, NULL, &r));
    assert_int_equal(r->n_children, 1);
    assert_int_equal(strlen(r->children[0]), 32);
    snprintf(child, sizeof child, "%s/%s", path, r->children[0]);
    zobo_reply_free(r);
    assert_ok(zobo_get(look, child, NULL, &r));
    assert_string_equal(r->data, "me3");
    assert_ok(zobo_get_client_id(a, &id));
    assert_true(r->stat.ephemeral_owner == id.session_id);
    assert_true(r->stat.czxid == zobo_semaphore_fence(s));
    zobo_reply_free(r);
    assert_int_equal(waiters(), 0);
    assert_ok(zobo_semaphore_acquire_async(t, NULL, &call));
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_get_children(look, guard, NULL, &r));
    snprintf(child, sizeof child, "%s/%s", guard, r->children[0]);
    assert_memory_equal(r->children[0] + 32, "__lock__", 8);
    zobo_reply_free(r);
    assert_ok(zobo_get(look, child, NULL, &r));
    assert_string_equal(r->data, "b\"it's\"");
    zobo_reply_free(r);
    assert_ok(zobo_semaphore_release(s, 0));
    assert_ok(zobo_call_get(call, 5000, &r));
    assert_memory_equal(r->path, path, strlen(path));
    zobo_reply_free(r);
    zobo_call_free(call);
    assert_int_equal(waiters(), 0);
    zobo_semaphore_free(s);
    zobo_semaphore_free(t);
    ZT_WAIT(children_of(look, path) == 0);
}

static void
test_counts(void **state)
{
    (void)state;
    zobo_semaphore *s[4];
    zobo_reply *r;
    zobo_call *call;
    for (int i = 0; i < 4; i++)
        s[i] = semaphore_with(i % 2 ? a : b, (zobo_semaphore_options){.max_leases = 3, .identifier = "x"});
    assert_err(zobo_semaphore_check(s[0]), ZOBO_ENOTHELD);
    assert_err(zobo_semaphore_release(s[0], 0), ZOBO_ENOTHELD);
    assert_ok(zobo_semaphore_lease_holders(s[0], 0, &r));
    assert_int_equal(r->n_children, 0);
    zobo_reply_free(r);
    for (int i = 0; i < 3; i++) {
        assert_ok(i == 1 ? zobo_semaphore_try(s[i], 0) : zobo_semaphore_acquire(s[i], 5000));
        assert_ok(zobo_semaphore_check(s[i]));
        if (i)
            assert_true(zobo_semaphore_fence(s[i]) > zobo_semaphore_fence(s[i - 1]));
    }
    assert_err(zobo_semaphore_try(s[3], 0), ZOBO_EHELD);
    assert_int_equal(waiters(), 0);
    assert_err(zobo_semaphore_try(s[0], 0), ZOBO_EHELD); /* one lease for each object */
    assert_err(zobo_semaphore_acquire(s[3], 50), ZOBO_EWAITTIMEOUT);
    ZT_WAIT(waiters() == 0);
    assert_int_equal(children_of(look, path), 3);
    assert_ok(zobo_semaphore_lease_holders(s[3], 0, &r));
    assert_int_equal(r->n_children, 3);
    assert_string_equal(r->children[2], "x");
    zobo_reply_free(r);
    assert_ok(zobo_semaphore_acquire_async(s[3], NULL, &call));
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_semaphore_release(s[1], 0));
    assert_err(zobo_semaphore_release(s[1], 0), ZOBO_ENOTHELD);
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
    assert_int_equal(children_of(look, path), 3);
    for (int i = 0; i < 4; i++)
        zobo_semaphore_free(s[i]);
    ZT_WAIT(children_of(look, path) == 0 && waiters() == 0);
}

static void
test_number_of_the_node(void **state)
{
    (void)state;
    zobo_semaphore *one = semaphore_of(a, 1), *two = semaphore_of(b, 2);
    zobo_semaphore *any = semaphore_with(b, (zobo_semaphore_options){.adopt_max_leases = true});
    zobo_call *call;
    assert_ok(zobo_semaphore_acquire(one, 0));
    assert_err(zobo_semaphore_acquire(two, 0), ZOBO_EBADDATA);
    assert_err(zobo_semaphore_try(two, 0), ZOBO_EBADDATA);
    assert_err(zobo_semaphore_try(any, 0), ZOBO_EHELD);
    assert_ok(zobo_semaphore_acquire_async(any, NULL, &call));
    ZT_WAIT(waiters() == 1);
    assert_err(zobo_semaphore_acquire(two, 0), ZOBO_EBADDATA); /* at once, guard or not */
    assert_ok(zobo_set(look, path, "2", 1, -1, NULL));         /* more */
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
    assert_err(zobo_semaphore_try(two, 0), ZOBO_EHELD);
    assert_ok(zobo_set(look, path, "1", 1, -1, NULL)); /* fewer: nobody loses his */
    assert_ok(zobo_semaphore_check(one));
    assert_ok(zobo_semaphore_acquire_async(two, NULL, &call));
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_semaphore_release(any, 0));
    assert_err(zobo_call_wait(call, 100), ZOBO_ETIMEDOUT);
    assert_ok(zobo_semaphore_release(one, 0));
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
    assert_ok(zobo_set(look, path, "for something else", 18, -1, NULL));
    assert_err(zobo_semaphore_try(one, 0), ZOBO_EHELD); /* what the object said goes: 1 */
    assert_ok(zobo_semaphore_release(two, 0));
    assert_ok(zobo_semaphore_try(one, 0));
    zobo_semaphore_free(one);
    zobo_semaphore_free(two);
    zobo_semaphore_free(any);
    ZT_WAIT(children_of(look, path) == 0 && waiters() == 0);
}

static void
test_cancel_time_and_free(void **state)
{
    (void)state;
    zobo_semaphore *x = semaphore_of(a, 1), *y = semaphore_of(b, 1), *z = semaphore_of(a, 1);
    zobo_call *calls[4];
    assert_ok(zobo_semaphore_acquire(x, 0));
    for (int i = 0; i < 4; i++)
        assert_ok(zobo_semaphore_acquire_async(y, &(zobo_how){.timeout_ms = i == 2 ? 50 : 0}, &calls[i]));
    ZT_WAIT(waiters() == 1);
    zobo_call_cancel(calls[1]);
    assert_err(zobo_call_get(calls[1], 5000, NULL), ZOBO_ECANCELLED);
    assert_err(zobo_call_get(calls[2], 5000, NULL), ZOBO_EWAITTIMEOUT);
    zobo_call_cancel(calls[0]);
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    assert_ok(zobo_semaphore_release(x, 0));
    assert_ok(zobo_call_get(calls[3], 5000, NULL));
    for (int i = 0; i < 4; i++)
        zobo_call_free(calls[i]);
    assert_ok(zobo_semaphore_acquire_async(x, NULL, &calls[0])); /* waits for a lease */
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_semaphore_acquire_async(z, NULL, &calls[1])); /* waits for the guard */
    ZT_WAIT(waiters() == 2);
    assert_ok(zobo_semaphore_cancel(z));
    assert_err(zobo_call_get(calls[1], 5000, NULL), ZOBO_ECANCELLED);
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_semaphore_cancel(x));
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    zobo_call_free(calls[0]);
    zobo_call_free(calls[1]);
    ZT_WAIT(waiters() == 0);
    assert_ok(zobo_semaphore_acquire_async(x, NULL, &calls[0]));
    assert_ok(zobo_semaphore_acquire_async(z, NULL, &calls[1]));
    ZT_WAIT(waiters() == 2);
    zobo_semaphore_free(x);
    zobo_semaphore_free(z);
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    assert_err(zobo_call_get(calls[1], 5000, NULL), ZOBO_ECANCELLED);
    zobo_call_free(calls[0]);
    zobo_call_free(calls[1]);
    zobo_semaphore_free(y);
    ZT_WAIT(children_of(look, path) == 0 && waiters() == 0);
}

enum { MAX = 3, ROUNDS = 60 };

typedef struct crowd {
    zobo_semaphore *s;
    atomic_int *inside;
    atomic_int *most;
    bool failed;
} crowd;

static void *
come_and_go(void *arg)
{
    crowd *c = arg;
    for (int i = 0; i < ROUNDS && !c->failed; i++) {
        c->failed = zobo_semaphore_acquire(c->s, 60000) != ZOBO_OK;
        int now = atomic_fetch_add(c->inside, 1) + 1;
        if (now > atomic_load(c->most))
            atomic_store(c->most, now);
        c->failed = c->failed || now > MAX;
        if (i % 4 == 0)
            zt_nap();
        atomic_fetch_sub(c->inside, 1);
        c->failed = zobo_semaphore_release(c->s, 0) != ZOBO_OK || c->failed;
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
    atomic_int inside = 0, most = 0;
    zobo_semaphore *shared = semaphore_of(a, MAX);
    for (int i = 0; i < N; i++) {
        zobo_semaphore *s = i < 2 ? shared : semaphore_of(i % 2 ? a : b, MAX);
        members[i] = (crowd){.s = s, .inside = &inside, .most = &most};
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &members[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_false(members[i].failed);
        if (i)
            zobo_semaphore_free(members[i].s);
    }
    assert_in_range(atomic_load(&most), 2, MAX);
    ZT_WAIT(children_of(look, path) == 0 && waiters() == 0);
}

static void
test_event_loop(void **state)
{
    (void)state;
    zobo_client *loop = loop_client();
    zobo_semaphore *x = semaphore_of(loop, 1), *y = semaphore_of(a, 1);
    zobo_call *call;
    assert_ok(zobo_semaphore_acquire(y, 0));
    assert_err(zobo_semaphore_acquire(x, 30), ZOBO_EWAITTIMEOUT);
    assert_ok(zobo_semaphore_acquire_async(x, NULL, &call));
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && waiters() == 1);
    assert_ok(zobo_semaphore_release(y, 0));
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && zobo_call_done(call));
    assert_ok(zobo_call_get(call, 1, NULL));
    zobo_call_free(call);
    assert_ok(zobo_semaphore_release(x, 0));
    zobo_semaphore_free(x);
    zobo_semaphore_free(y);
    zobo_close(loop);
}

static void
in_callback(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_semaphore *s = arg;
    (void)reply;
    if (!err && zobo_semaphore_acquire(s, 5000) == ZOBO_OK && zobo_semaphore_release(s, 0) == ZOBO_OK)
        zobo_semaphore_free(s);
}

static void
test_in_a_callback(void **state)
{
    (void)state;
    zobo_semaphore *x = semaphore_of(a, 1);
    zobo_stat stat;
    assert_ok(zobo_exists_async(a, "/", NULL, &(zobo_how){.done = in_callback, .arg = x}, NULL));
    ZT_WAIT(zobo_exists(look, path, NULL, &stat) == ZOBO_OK && stat.cversion >= 2);
    ZT_WAIT(waiters() == 0);
}

static void
test_unstarted_and_stopped(void **state)
{
    (void)state;
    zobo_client *c;
    zobo_call *call;
    zobo_options o = client_options();
    assert_ok(zobo_new(&o, &c, NULL));
    zobo_semaphore *x = semaphore_of(c, 1), *y = semaphore_of(c, 1);
    assert_err(zobo_semaphore_acquire(x, 1000), ZOBO_ENOTSTARTED);
    assert_ok(zobo_start(c, 0, NULL));
    assert_ok(zobo_semaphore_acquire(x, 1000));
    assert_ok(zobo_stop(c));
    ZT_WAIT(zobo_semaphore_check(x) == ZOBO_ELOCKLOST);
    assert_ok(zobo_start(c, 0, NULL));
    assert_err(zobo_semaphore_release(x, 0), ZOBO_ELOCKLOST);
    assert_ok(zobo_semaphore_acquire(x, 1000));
    assert_ok(zobo_semaphore_acquire_async(y, NULL, &call));
    ZT_WAIT(waiters() == 1);
    assert_ok(zobo_stop(c));
    zobo_err err = zobo_call_get(call, 5000, NULL);
    assert_int_equal(err, ZOBO_ESTOPPED);
    zobo_call_free(call);
    zobo_semaphore_free(x);
    zobo_semaphore_free(y);
    zobo_close(c);
    ZT_WAIT(children_of(look, path) == 0 && waiters() == 0);
}

static void
test_wrong_options(void **state)
{
    (void)state;
    zobo_semaphore *x;
    zobo_problem why;
    assert_err(zobo_semaphore_new(a, "s", NULL, &x, &why), ZOBO_EBADPATH);
    assert_err(zobo_semaphore_new(a, "/s", &(zobo_semaphore_options){.max_leases = 0x80000000U}, &x, &why),
               ZOBO_EBADOPTION);
    assert_err(zobo_semaphore_new(a, "/s", &(zobo_semaphore_options){.size = 3}, &x, &why), ZOBO_EBADOPTION);
    assert_null(x);
    zobo_semaphore_free(NULL);
}

static void
test_made_and_freed_often(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        zobo_semaphore *x = semaphore_of(a, 2);
        if (i % 100 == 0)
            assert_ok(zobo_semaphore_acquire(x, 0));
        else if (i % 10 == 0)
            assert_ok(zobo_semaphore_acquire_async(x, NULL, NULL));
        zobo_semaphore_free(x);
    }
    ZT_WAIT(children_of(look, path) == 0 && waiters() == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_reentrant),
        EACH(test_reentrant_and_lost),
        EACH(test_layout),
        EACH(test_counts),
        EACH(test_number_of_the_node),
        EACH(test_cancel_time_and_free),
        EACH(test_threads_contend),
        EACH(test_event_loop),
        EACH(test_in_a_callback),
        EACH(test_unstarted_and_stopped),
        EACH(test_wrong_options),
        EACH(test_made_and_freed_often),
    };
    return cmocka_run_group_tests(tests, up, down);
}
