/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a recipe asks the server for, its blocking form comes back when its time is over. */
#include "recipes/stage.h"

#include <zobo/recipes.h>

static zobo_client *c;

static zobo_lock *held, *lock;
static zobo_multi_lock *both_held, *both;
static zobo_semaphore *leased, *semaphore;
static zobo_election *leader, *election;
static zobo_leader_latch *latch;
static zobo_barrier *barrier;
static zobo_double_barrier *meeting;
static zobo_counter *counter;
static zobo_shared_value *shared;
static zobo_queue *queue;
static zobo_locking_queue *locking, *with_item;
static zobo_delay_queue *delayed;
static zobo_party *party;

enum { LIMIT_MS = 20, LATE_MS = 2000 };

/* The call comes back because of its limit, and not much later. */
#define IS_LIMITED(call)                                                                                               \
    do {                                                                                                               \
        uint64_t before = zt_now_ms();                                                                                 \
        zobo_err got = call;                                                                                           \
        uint64_t took = zt_now_ms() - before;                                                                          \
        if (got != ZOBO_EWAITTIMEOUT || took < LIMIT_MS || took > LATE_MS)                                             \
            fail_msg("%s: %s after %d ms", #call, zobo_err_name(got), (int)took);                                      \
    } while (0)

static void
make_all(void)
{
    static const char *const paths[] = {"/b1", "/b2"};
    const zobo_double_barrier_options plain = {.identifier = "me"};
    assert_ok(zobo_lock_new(c, "/held", NULL, &held, NULL));
    assert_ok(zobo_lock_new(c, "/lock", NULL, &lock, NULL));
    assert_ok(zobo_multi_lock_new(c, paths, 1, NULL, &both_held, NULL));
    assert_ok(zobo_multi_lock_new(c, paths + 1, 1, NULL, &both, NULL));
    assert_ok(zobo_semaphore_new(c, "/leased", NULL, &leased, NULL));
    assert_ok(zobo_semaphore_new(c, "/semaphore", NULL, &semaphore, NULL));
    assert_ok(zobo_election_new(c, "/leader", NULL, &leader, NULL));
    assert_ok(zobo_election_new(c, "/election", NULL, &election, NULL));
    assert_ok(zobo_leader_latch_new(c, "/latch", NULL, &latch, NULL));
    assert_ok(zobo_barrier_new(c, "/barrier", NULL, &barrier, NULL));
    assert_ok(zobo_double_barrier_new(c, "/meeting", 2, &plain, &meeting, NULL));
    assert_ok(zobo_counter_new(c, "/counter", NULL, &counter, NULL));
    assert_ok(zobo_shared_value_new(c, "/shared", NULL, &shared, NULL));
    assert_ok(zobo_queue_new(c, "/queue", NULL, &queue, NULL));
    assert_ok(zobo_locking_queue_new(c, "/locking", NULL, &locking, NULL));
    assert_ok(zobo_locking_queue_new(c, "/items", NULL, &with_item, NULL));
    assert_ok(zobo_delay_queue_new(c, "/delayed", NULL, &delayed, NULL));
    assert_ok(zobo_party_new(c, "/party", NULL, &party, NULL));
}

/* What can only be asked for by who has something. */
static void
get_hold(void)
{
    zobo_reply *item = NULL;
    assert_ok(zobo_lock_acquire(held, 0));
    assert_ok(zobo_multi_lock_acquire(both_held, 0));
    assert_ok(zobo_semaphore_acquire(leased, 0));
    assert_ok(zobo_election_campaign(leader, 0));
    assert_ok(zobo_leader_latch_start(latch));
    assert_ok(zobo_leader_latch_await(latch, 0));
    assert_ok(zobo_shared_value_start(shared));
    assert_ok(zobo_shared_value_wait(shared, 0));
    assert_ok(zobo_locking_queue_put(with_item, "x", 1, ZOBO_PRIORITY, 0));
    assert_ok(zobo_locking_queue_get(with_item, 0, &item));
    zobo_reply_free(item);
}

static void
test_locks(void **state)
{
    zobo_reply *reply = NULL;
    (void)state;
    IS_LIMITED(zobo_lock_acquire(lock, LIMIT_MS));
    IS_LIMITED(zobo_lock_try(lock, LIMIT_MS));
    IS_LIMITED(zobo_lock_contenders(lock, LIMIT_MS, &reply));
    IS_LIMITED(zobo_lock_release(held, LIMIT_MS));
    IS_LIMITED(zobo_multi_lock_acquire(both, LIMIT_MS));
    IS_LIMITED(zobo_multi_lock_try(both, LIMIT_MS));
    IS_LIMITED(zobo_multi_lock_release(both_held, LIMIT_MS));
    IS_LIMITED(zobo_semaphore_acquire(semaphore, LIMIT_MS));
    IS_LIMITED(zobo_semaphore_try(semaphore, LIMIT_MS));
    IS_LIMITED(zobo_semaphore_lease_holders(semaphore, LIMIT_MS, &reply));
    IS_LIMITED(zobo_semaphore_release(leased, LIMIT_MS));
    IS_LIMITED(zobo_election_campaign(election, LIMIT_MS));
    IS_LIMITED(zobo_election_contenders(election, LIMIT_MS, &reply));
    IS_LIMITED(zobo_election_resign(leader, LIMIT_MS));
    IS_LIMITED(zobo_leader_latch_participants(latch, LIMIT_MS, &reply));
    IS_LIMITED(zobo_leader_latch_stop(latch, LIMIT_MS));
}

static void
test_barriers_and_parties(void **state)
{
    zobo_reply *reply = NULL;
    int32_t count;
    (void)state;
    IS_LIMITED(zobo_barrier_create(barrier, LIMIT_MS));
    IS_LIMITED(zobo_barrier_remove(barrier, LIMIT_MS, NULL));
    IS_LIMITED(zobo_barrier_wait(barrier, LIMIT_MS));
    IS_LIMITED(zobo_double_barrier_enter(meeting, LIMIT_MS));
    IS_LIMITED(zobo_party_join(party, LIMIT_MS));
    IS_LIMITED(zobo_party_members(party, LIMIT_MS, &reply));
    IS_LIMITED(zobo_party_count(party, LIMIT_MS, &count));
}

static void
test_counters_and_queues(void **state)
{
    zobo_reply *reply = NULL;
    const zobo_item item = {"x", 1};
    int64_t value;
    int32_t len;
    bool holds;
    (void)state;
    IS_LIMITED(zobo_counter_value(counter, LIMIT_MS, &value));
    IS_LIMITED(zobo_counter_add(counter, 1, LIMIT_MS, NULL));
    IS_LIMITED(zobo_counter_sub(counter, 1, LIMIT_MS, NULL));
    IS_LIMITED(zobo_shared_value_set(shared, "x", 1, LIMIT_MS, NULL));
    IS_LIMITED(zobo_shared_value_try_set(shared, "x", 1, 0, LIMIT_MS, NULL));
    IS_LIMITED(zobo_queue_put(queue, "x", 1, ZOBO_PRIORITY, LIMIT_MS));
    IS_LIMITED(zobo_queue_get(queue, LIMIT_MS, &reply));
    IS_LIMITED(zobo_queue_try_get(queue, LIMIT_MS, &reply));
    IS_LIMITED(zobo_queue_len(queue, LIMIT_MS, &len));
    IS_LIMITED(zobo_locking_queue_put(locking, "x", 1, ZOBO_PRIORITY, LIMIT_MS));
    IS_LIMITED(zobo_locking_queue_put_all(locking, &item, 1, ZOBO_PRIORITY, LIMIT_MS, NULL));
    IS_LIMITED(zobo_locking_queue_get(locking, LIMIT_MS, &reply));
    IS_LIMITED(zobo_locking_queue_try_get(locking, LIMIT_MS, &reply));
    IS_LIMITED(zobo_locking_queue_len(locking, LIMIT_MS, &len));
    IS_LIMITED(zobo_locking_queue_holds_lock(with_item, LIMIT_MS, &holds));
    IS_LIMITED(zobo_locking_queue_release(with_item, LIMIT_MS));
    IS_LIMITED(zobo_locking_queue_consume(with_item, LIMIT_MS));
    IS_LIMITED(zobo_delay_queue_put(delayed, "x", 1, 1, LIMIT_MS));
    IS_LIMITED(zobo_delay_queue_get(delayed, LIMIT_MS, &reply));
    IS_LIMITED(zobo_delay_queue_try_get(delayed, LIMIT_MS, &reply));
    IS_LIMITED(zobo_delay_queue_len(delayed, LIMIT_MS, &len));
}

static int
setup(void **state)
{
    if (stage_up(state))
        return -1;
    c = another_client();
    make_all();
    get_hold();
    assert_ok(zobo_server_stop(server));
    return 0;
}

static int
teardown(void **state)
{
    zobo_problem why;
    assert_ok(zobo_server_restart(server, &why));
    zobo_lock_free(held);
    zobo_lock_free(lock);
    zobo_multi_lock_free(both_held);
    zobo_multi_lock_free(both);
    zobo_semaphore_free(leased);
    zobo_semaphore_free(semaphore);
    zobo_election_free(leader);
    zobo_election_free(election);
    zobo_leader_latch_free(latch);
    zobo_barrier_free(barrier);
    zobo_double_barrier_free(meeting);
    zobo_counter_free(counter);
    zobo_shared_value_free(shared);
    zobo_queue_free(queue);
    zobo_locking_queue_free(locking);
    zobo_locking_queue_free(with_item);
    zobo_delay_queue_free(delayed);
    zobo_party_free(party);
    zobo_close(c);
    return stage_down(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_barriers_and_parties),
        cmocka_unit_test(test_counters_and_queues),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
