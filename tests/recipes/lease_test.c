/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/trouble.h"

#include <sched.h>

#include "base/mem.h"

#include <stdatomic.h>

#include <zobo/lease.h>
#include <zobo/lock.h>

/* A clock that stands until it is moved. */
static _Atomic int64_t now_ms;

/* The server that loses the answer to what is written once the clock has been looked at. */
static _Atomic(zobo_server *) lose_after_clock;

static int64_t
clock_fn(void *arg)
{
    zobo_server *loser = atomic_exchange(&lose_after_clock, NULL);
    (void)arg;
    if (loser)
        zobo_server_lose_replies(loser, 1);
    return now_ms;
}

static zobo_lease *
lease(zobo_client *zk, const char *who)
{
    zobo_lease *l = NULL;
    zobo_problem why;
    zobo_lease_options o = {.identifier = who, .clock = clock_fn};
    if (zobo_lease_new(zk, "/l/ease", &o, &l, &why))
        fail_msg("%s", why.text);
    return l;
}

static void
set_clock(void)
{
    now_ms = INT64_C(1795332221500); /* 2026-11-22T07:23:41.5 */
}

static void
test_obtained_and_held(void **state)
{
    zobo_call *call;
    zobo_reply *reply;
    (void)state;
    set_clock();
    zobo_client *zk = brief_client();
    zobo_lease *a = lease(zk, "a"), *b = lease(look, "b");
    assert_true(zobo_lease_end(a) == 0);
    assert_ok(zobo_lease_obtain(a, 60000, 5000));
    assert_true(has_data(look, "/l/ease/lease_holder",
                         "{\"version\": 1, \"holder\": \"a\", \"end\": \"2026-11-22T07:24:41\"}"));
    assert_true(zobo_lease_end(a) == INT64_C(1795332281000));
    zobo_stat stat;
    assert_true(is_there(look, "/l/ease/lease_holder", &stat) && stat.ephemeral_owner == 0);
    assert_err(zobo_lease_obtain(b, 60000, 5000), ZOBO_EHELD);
    assert_ok(zobo_lease_obtain_async(b, 60000, NULL, &call));
    assert_err(zobo_call_get(call, ZT_SOON_MS, &reply), ZOBO_EHELD);
    assert_string_equal(reply->data, "a");
    zobo_reply_free(reply);
    zobo_call_free(call);
    now_ms += 30000;
    assert_ok(zobo_lease_obtain(a, 60000, 5000)); /* anew */
    assert_true(has_data(look, "/l/ease/lease_holder",
                         "{\"version\": 1, \"holder\": \"a\", \"end\": \"2026-11-22T07:25:11\"}"));
    now_ms += 59000;
    assert_err(zobo_lease_obtain(b, 60000, 5000), ZOBO_EHELD);
    now_ms += 500; /* the end, which has no fraction */
    assert_ok(zobo_lease_obtain(b, 60000, 5000));
    assert_err(zobo_lease_obtain(a, 60000, 5000), ZOBO_EHELD);
    ZT_WAIT(children_of(look, "/l/ease") == 1); /* no lock stays behind */
    zobo_lease_free(a);
    zobo_lease_free(b);
    zobo_lease_free(NULL);
    zobo_close(zk);
}

/* The answer is lost, and it takes long until that is known: what is obtained then lasts from then on. */
static void
test_obtained_anew_after_a_lost_answer(void **state)
{
    zt_events made;
    zobo_call *call;
    (void)state;
    set_clock();
    zobo_client *zk = brief_client();
    zobo_lease *a = lease(zk, "a");
    assert_ok(zobo_ensure_path(look, "/l/ease", NULL));
    zt_events_init(&made);
    zobo_watcher w = zt_events_watcher(&made);
    assert_err(zobo_exists(look, "/l/ease/lease_holder", &w, NULL), ZOBO_ENONODE);
    lose_after_clock = server;
    assert_ok(zobo_lease_obtain_async(a, 60000, NULL, &call));
    assert_true(zt_events_wait(&made, 1, ZT_SOON_MS));
    assert_int_equal(children_of(look, "/l/ease"), 2); /* the lock is still held: the answer has not come */
    now_ms += 300000;
    assert_ok(get_patiently(zk, call, NULL));
    zobo_call_free(call);
    assert_true(has_data(look, "/l/ease/lease_holder",
                         "{\"version\": 1, \"holder\": \"a\", \"end\": \"2026-11-22T07:29:41\"}"));
    assert_true(zobo_lease_end(a) == now_ms + 60000 - 500);
    zobo_lease_free(a);
    zt_events_destroy(&made);
    zobo_close(zk);
}

static void
test_what_others_wrote(void **state)
{
    (void)state;
    set_clock();
    zobo_lease *a = lease(look, "a");
    assert_ok(zobo_ensure_path(look, "/l/ease", NULL));
    zt_put(look, "/l/ease/lease_holder", "{\"version\": 1, \"holder\": \"k\", \"end\": \"2026-11-22T07:23:42\"}");
    assert_err(zobo_lease_obtain(a, 1000, 5000), ZOBO_EHELD);
    zt_put(look, "/l/ease/lease_holder",
           "{\"version\": 1, \"holder\": \"k\", \"end\": \"2026-11-22T07:23:41.501000\"}");
    assert_err(zobo_lease_obtain(a, 1000, 5000), ZOBO_EHELD);
    zt_put(look, "/l/ease/lease_holder", "{\"version\": 2}");
    assert_err(zobo_lease_obtain(a, 1000, 5000), ZOBO_EHELD);
    assert_true(has_data(look, "/l/ease/lease_holder", "{\"version\": 2}"));
    zt_put(look, "/l/ease/lease_holder", "hello");
    assert_err(zobo_lease_obtain(a, 1000, 5000), ZOBO_EBADDATA);
    zt_put(look, "/l/ease/lease_holder", "{\"version\": 1, \"holder\": \"k\", \"end\": \"2026-11-22T07:23:41\"}");
    assert_ok(zobo_lease_obtain(a, 1000, 5000));
    zobo_lease_free(a);
}

static void
test_what_is_refused(void **state)
{
    zobo_lease *l;
    zobo_multi_lease *m;
    zobo_problem why;
    (void)state;
    set_clock();
    assert_err(zobo_lease_new(look, "l", NULL, &l, &why), ZOBO_EBADPATH);
    assert_err(zobo_lease_new(look, "/l", &(zobo_lease_options){.identifier = "\xff"}, &l, &why), ZOBO_EBADOPTION);
    assert_null(l);
    assert_err(zobo_multi_lease_new(look, "/l", 0, NULL, &m, &why), ZOBO_EINVAL);
    assert_err(zobo_multi_lease_new(look, "/l", 100001, NULL, &m, &why), ZOBO_EINVAL);
    l = lease(look, NULL); /* this host */
    assert_err(zobo_lease_obtain(l, 0, 0), ZOBO_EINVAL);
    assert_err(zobo_lease_obtain(l, UINT64_MAX, 0), ZOBO_EINVAL);
    assert_err(zobo_lease_obtain(l, UINT64_C(315569520000000), 0), ZOBO_EINVAL); /* ends too late to be written */
    assert_ok(zobo_lease_obtain(l, 1000, 0));
    zobo_lease_free(l);
    zobo_acl nobody = {ZOBO_PERM_READ, "world", "anyone"};
    zobo_create_options o = {.acl = &(zobo_acl_list){&nobody, 1}};
    assert_ok(zobo_create(look, "/closed", "", 0, &o, NULL));
    assert_ok(zobo_lease_new(look, "/closed", NULL, &l, &why));
    assert_err(zobo_lease_obtain(l, 1000, 5000), ZOBO_ENOAUTH);
    zobo_lease_free(l);
}

/* While a lock is held the lease is waited for, no longer than is allowed, and nothing stays. */
static void
test_time_is_over(void **state)
{
    zobo_lock *lock;
    (void)state;
    set_clock();
    zobo_lease *a = lease(look, "a");
    assert_ok(zobo_lock_new(look, "/l/ease", NULL, &lock, NULL));
    assert_ok(zobo_lock_acquire(lock, 0));
    assert_err(zobo_lease_obtain(a, 1000, 100), ZOBO_EWAITTIMEOUT);
    zobo_call *call;
    assert_ok(zobo_lease_obtain_async(a, 1000, NULL, &call));
    ZT_WAIT(children_of(look, "/l/ease") == 2);
    zobo_call_cancel(call);
    assert_err(zobo_call_get(call, ZT_SOON_MS, NULL), ZOBO_ECANCELLED);
    zobo_call_free(call);
    ZT_WAIT(children_of(look, "/l/ease") == 1);
    assert_ok(zobo_lease_obtain_async(a, 1000, NULL, &call));
    assert_ok(zobo_lock_release(lock, 0));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, NULL));
    zobo_call_free(call);
    zobo_lock_free(lock);
    zobo_lease_free(a);
    ZT_WAIT(children_of(look, "/l/ease") == 1);
}

static void
test_faults(void **state)
{
    (void)state;
    for (unsigned after = 1; after < 10; after++) {
        for (int kind = 0; kind < 2; kind++) {
            zobo_call *call;
            zobo_client *zk = patient_client();
            zobo_lease *a = lease(zk, "a"), *b = lease(look, "b");
            set_clock();
            now_ms += (int64_t)(after * 2 + (unsigned)kind) * 1000000;
            if (kind == 0)
                zobo_server_lose_replies(server, after);
            else
                zobo_server_fail_requests(server, after, ZOBO_ECONNECTIONLOSS);
            assert_ok(zobo_lease_obtain_async(a, 60000, NULL, &call));
            assert_ok(get_patiently(zk, call, NULL));
            zobo_call_free(call);
            zobo_server_lose_replies(server, 0);
            zobo_server_fail_requests(server, 0, ZOBO_ECONNECTIONLOSS);
            assert_err(zobo_lease_obtain(b, 60000, 0), ZOBO_EHELD);
            ZT_WAIT(children_of(look, "/l/ease") == 1);
            zobo_lease_free(a);
            zobo_lease_free(b);
            zobo_close(zk);
        }
    }
}

static void
test_expiry_at_any_step(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    zobo_lease *a = lease(zk, "a");
    set_clock();
    for (int i = 0; i < 40; i++) {
        zobo_call *call;
        assert_ok(zobo_lease_obtain_async(a, 60000, NULL, &call));
        for (int k = 0; k < i * 4; k++)
            sched_yield();
        expire(zk);
        assert_ok(zobo_call_get(call, ZT_SOON_MS, NULL));
        zobo_call_free(call);
        now_ms += 1000;
    }
    ZT_WAIT(children_of(look, "/l/ease") == 1);
    zobo_lease_free(a);
    zobo_close(zk);
}

enum { MANY = 16 };

/* One of many gets it, each time. */
static void
test_many(void **state)
{
    zobo_client *zk[MANY];
    zobo_lease *l[MANY];
    zobo_call *calls[MANY];
    (void)state;
    set_clock();
    for (int i = 0; i < MANY; i++) {
        char name[20];
        snprintf(name, sizeof name, "m%d", i);
        zk[i] = brief_client();
        l[i] = lease(zk[i], name);
    }
    for (int round = 0; round < 5; round++) {
        int got = 0;
        for (int i = 0; i < MANY; i++)
            assert_ok(zobo_lease_obtain_async(l[i], 60000, NULL, &calls[i]));
        for (int i = 0; i < MANY; i++) {
            zobo_err err = zobo_call_get(calls[i], ZT_SOON_MS, NULL);
            assert_true(err == ZOBO_OK || err == ZOBO_EHELD);
            got += err == ZOBO_OK;
            zobo_call_free(calls[i]);
        }
        assert_int_equal(got, 1);
        now_ms += 61000;
    }
    for (int i = 0; i < MANY; i++) {
        zobo_lease_free(l[i]);
        zobo_close(zk[i]);
    }
    ZT_WAIT(children_of(look, "/l/ease") == 1);
}

/* --- several --- */

static zobo_multi_lease *
multi(zobo_client *zk, const char *who)
{
    zobo_multi_lease *l = NULL;
    assert_ok(zobo_multi_lease_new(zk, "/m", 2, &(zobo_lease_options){.identifier = who, .clock = clock_fn}, &l, NULL));
    return l;
}

static void
test_several(void **state)
{
    int32_t i;
    (void)state;
    set_clock();
    zobo_multi_lease *a = multi(look, "a"), *b = multi(look, "b"), *c = multi(look, "c");
    assert_ok(zobo_multi_lease_obtain(a, 60000, 5000, &i));
    assert_int_equal(i, 0);
    assert_ok(zobo_multi_lease_obtain(b, 90000, 5000, &i));
    assert_int_equal(i, 1);
    assert_err(zobo_multi_lease_obtain(c, 60000, 5000, &i), ZOBO_EHELD);
    assert_int_equal(i, -1);
    assert_true(zobo_multi_lease_end(a) == INT64_C(1795332281000));
    assert_true(zobo_multi_lease_end(b) == INT64_C(1795332311000));
    assert_true(zobo_multi_lease_end(c) == 0);
    assert_true(
        has_data(look, "/m/1/lease_holder", "{\"version\": 1, \"holder\": \"b\", \"end\": \"2026-11-22T07:25:11\"}"));
    now_ms += 61000; /* the first is free, but b stays where he is */
    assert_ok(zobo_multi_lease_obtain(b, 60000, 5000, &i));
    assert_int_equal(i, 1);
    assert_ok(zobo_multi_lease_obtain(c, 60000, 5000, NULL));
    assert_err(zobo_multi_lease_obtain(a, 60000, 5000, &i), ZOBO_EHELD);
    ZT_WAIT(children_of(look, "/m/0") == 1 && children_of(look, "/m/1") == 1);
    zobo_multi_lease_free(a);
    zobo_multi_lease_free(b);
    zobo_multi_lease_free(c);
}

static void
test_several_with_faults(void **state)
{
    int32_t i;
    (void)state;
    set_clock();
    zobo_multi_lease *b = multi(look, "b");
    assert_ok(zobo_multi_lease_obtain(b, 600000000, 5000, &i)); /* the first is taken */
    for (unsigned after = 1; after < 12; after++) {
        zobo_call *call;
        zobo_reply *reply;
        zobo_client *zk = patient_client();
        zobo_multi_lease *a = multi(zk, "a");
        if (after % 2)
            zobo_server_lose_replies(server, after);
        else
            zobo_server_fail_requests(server, after, ZOBO_ECONNECTIONLOSS);
        assert_ok(zobo_multi_lease_obtain_async(a, 60000, NULL, &call));
        if (after % 3 == 0) {
            zobo_call_cancel(call);
            zobo_err err = get_patiently(zk, call, NULL);
            assert_true(err == ZOBO_ECANCELLED || err == ZOBO_OK);
        } else {
            assert_ok(get_patiently(zk, call, &reply));
            assert_int_equal(reply->count, 1);
            zobo_reply_free(reply);
        }
        zobo_call_free(call);
        zobo_server_lose_replies(server, 0);
        zobo_server_fail_requests(server, 0, ZOBO_ECONNECTIONLOSS);
        zobo_multi_lease_free(a);
        ZT_WAIT(children_of(look, "/m/0") <= 1 && children_of(look, "/m/1") <= 1);
        zobo_close(zk);
    }
    zobo_multi_lease_free(b);
}

static void
test_lives(void **state)
{
    (void)state;
    set_clock();
    zobo_client *zk = brief_client();
    for (int i = 0; i < 10000; i++) {
        zobo_call *call = NULL, *call2 = NULL;
        zobo_lease *l = lease(zk, "a");
        zobo_multi_lease *m = multi(zk, "a");
        if (i % 10 == 0) {
            assert_ok(zobo_lease_obtain_async(l, 1000, NULL, &call));
            assert_ok(zobo_multi_lease_obtain_async(m, 1000, NULL, &call2));
        }
        if (i % 100 == 0)
            assert_ok(zobo_call_get(call, ZT_SOON_MS, NULL));
        zobo_lease_free(l);
        zobo_multi_lease_free(m);
        zobo_call_free(call);
        zobo_call_free(call2);
    }
    ZT_WAIT(children_of(look, "/l/ease") <= 1);
    zobo_close(zk);
}

static void
test_event_loop(void **state)
{
    zobo_client *zk;
    zobo_call *call;
    (void)state;
    set_clock();
    zobo_options o = zt_options(zobo_server_hosts(server), 4000);
    o.event_loop = true;
    assert_ok(zobo_new(&o, &zk, NULL));
    assert_ok(zobo_start_async(zk));
    zobo_lease *l = lease(zk, "a");
    assert_ok(zobo_lease_obtain_async(l, 1000, NULL, &call));
    while (!zobo_call_done(call))
        assert_ok(zobo_process(zk));
    assert_ok(zobo_call_get(call, 0, NULL));
    zobo_call_free(call);
    assert_ok(zobo_lease_obtain(l, 1000, 0));
    zobo_lease_free(l);
    zobo_close(zk);
}

static void
test_no_memory(void **state)
{
    (void)state;
    set_clock();
    for (long n = 0; n < 120; n++) {
        zobo_client *zk = brief_client();
        zobo_lease *l = NULL;
        zb_mem_fail_after(n, 0);
        zobo_err err =
            zobo_lease_new(zk, "/l/ease", &(zobo_lease_options){.identifier = "a", .clock = clock_fn}, &l, NULL);
        if (!err)
            err = zobo_lease_obtain(l, 1000, 3000);
        zb_mem_fail_after(-1, 0);
        if (!err)
            assert_true(is_there(look, "/l/ease/lease_holder", NULL));
        zobo_lease_free(l);
        zobo_close(zk);
        ZT_WAIT(children_of(look, "/l/ease") <= 1);
    }
}

/* A request fails, and then there is no memory to release the lock: it must not be waited for. */
static void
test_no_memory_and_a_lost_connection(void **state)
{
    (void)state;
    set_clock();
    assert_ok(zobo_ensure_path(look, "/l/ease", NULL));
    for (long n = 0; n < 100; n++) {
        zobo_client *zk = brief_client();
        zobo_lease *l = lease(zk, "a");
        ZT_WAIT(children_of(look, "/l/ease") <= 1);
        zobo_server_fail_requests(server, 3, ZOBO_ECONNECTIONLOSS);
        zb_mem_fail_after(n, 0);
        zobo_err err = zobo_lease_obtain(l, 1000, 3000);
        zb_mem_fail_after(-1, 0);
        zobo_server_fail_requests(server, 0, ZOBO_ECONNECTIONLOSS);
        if (err == ZOBO_EWAITTIMEOUT) /* the server has no memory either, and what it says then is its own */
            fail_msg("allocation %ld: %s", n, zobo_err_name(err));
        zobo_lease_free(l);
        zobo_close(zk);
    }
}

#define staged(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        staged(test_obtained_and_held),
        staged(test_obtained_anew_after_a_lost_answer),
        staged(test_what_others_wrote),
        staged(test_what_is_refused),
        staged(test_time_is_over),
        staged(test_faults),
        staged(test_expiry_at_any_step),
        staged(test_many),
        staged(test_several),
        staged(test_several_with_faults),
        staged(test_lives),
        staged(test_event_loop),
        staged(test_no_memory),
        staged(test_no_memory_and_a_lost_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
