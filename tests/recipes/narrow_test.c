/* SPDX-License-Identifier: Apache-2.0 */
/* Recipes on a client with room for one request at a time: those that need two wait, and get on. */
#include "recipes/stage.h"

#include <zobo/recipes.h>

static zobo_client *narrow;

static int
up(void **state)
{
    if (stage_up(state))
        return -1;
    zobo_options o = client_options();
    o.max_in_flight = 1;
    narrow = zt_client_with(&o);
    zobo_server_delay(server, 20); /* an answer takes longer than the first pause before another attempt */
    return 0;
}

static int
down(void **state)
{
    zobo_server_delay(server, 0);
    zobo_close(narrow);
    return stage_down(state);
}

static void
test_double_barrier(void **state)
{
    zobo_double_barrier *b;
    const zobo_double_barrier_options o = {.identifier = "me"};
    zobo_counters k = {.size = sizeof k};
    (void)state;
    assert_ok(zobo_double_barrier_new(narrow, "/meeting", 1, &o, &b, NULL));
    for (int i = 0; i < 5; i++) {
        assert_ok(zobo_double_barrier_enter(b, 0));
        assert_ok(zobo_double_barrier_leave(b, 0));
    }
    zobo_double_barrier_free(b);
    ZT_WAIT((zobo_get_counters(narrow, &k), k.watches == 0 && k.in_flight == 0));
}

static void
test_locks(void **state)
{
    zobo_lock *lock;
    zobo_semaphore *semaphore;
    zobo_leader_latch *latch;
    zobo_reply *reply;
    (void)state;
    assert_ok(zobo_lock_new(narrow, "/lock", NULL, &lock, NULL));
    assert_ok(zobo_semaphore_new(narrow, "/semaphore", NULL, &semaphore, NULL));
    assert_ok(zobo_leader_latch_new(narrow, "/latch", NULL, &latch, NULL));
    assert_ok(zobo_lock_acquire(lock, 0));
    assert_ok(zobo_lock_contenders(lock, 0, &reply));
    assert_int_equal(reply->n_children, 1);
    zobo_reply_free(reply);
    assert_ok(zobo_semaphore_acquire(semaphore, 0));
    assert_ok(zobo_leader_latch_start(latch));
    assert_ok(zobo_leader_latch_await(latch, 0));
    assert_ok(zobo_lock_release(lock, 0));
    assert_ok(zobo_semaphore_release(semaphore, 0));
    zobo_lock_free(lock);
    zobo_semaphore_free(semaphore);
    zobo_leader_latch_free(latch);
}

static void
test_numbers_and_queues(void **state)
{
    zobo_counter *counter;
    zobo_queue *queue;
    zobo_delay_queue *delayed;
    zobo_reply *reply;
    int64_t value;
    (void)state;
    assert_ok(zobo_counter_new(narrow, "/counter", NULL, &counter, NULL));
    assert_ok(zobo_queue_new(narrow, "/queue", NULL, &queue, NULL));
    assert_ok(zobo_delay_queue_new(narrow, "/delayed", NULL, &delayed, NULL));
    for (int i = 1; i <= 3; i++) {
        assert_ok(zobo_counter_add(counter, 1, 0, NULL));
        assert_ok(zobo_counter_value(counter, 0, &value));
        assert_int_equal(value, i);
        assert_ok(zobo_queue_put(queue, "x", 1, 1, 0));
        assert_ok(zobo_queue_get(queue, 0, &reply));
        zobo_reply_free(reply);
        assert_ok(zobo_delay_queue_put(delayed, "x", 1, 1, 0));
        assert_ok(zobo_delay_queue_get(delayed, 0, &reply));
        zobo_reply_free(reply);
    }
    zobo_counter_free(counter);
    zobo_queue_free(queue);
    zobo_delay_queue_free(delayed);
}

static void
test_caches(void **state)
{
    zobo_tree_cache *cache;
    zobo_patient_children_watch *patient;
    zobo_reply *reply;
    (void)state;
    assert_ok(zobo_ensure_path(look, "/tree/a/b", NULL));
    assert_ok(zobo_ensure_path(look, "/tree/c", NULL));
    assert_ok(zobo_tree_cache_new(narrow, "/tree", NULL, &cache, NULL));
    assert_ok(zobo_tree_cache_start(cache));
    assert_ok(zobo_tree_cache_wait(cache, 0));
    assert_ok(zobo_tree_cache_get_data(cache, "/tree/a/b", &reply));
    zobo_reply_free(reply);
    assert_ok(zobo_patient_children_watch_new(narrow, "/tree", &(zobo_watch_options){.quiet_ms = 1}, &patient, NULL));
    assert_ok(zobo_patient_children_watch_get(patient, 0, &reply));
    assert_int_equal(reply->n_children, 2);
    zobo_reply_free(reply);
    zobo_patient_children_watch_free(patient);
    zobo_tree_cache_free(cache);
}

#define narrow_test(test) cmocka_unit_test_setup_teardown(test, up, down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        narrow_test(test_double_barrier),
        narrow_test(test_locks),
        narrow_test(test_numbers_and_queues),
        narrow_test(test_caches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
