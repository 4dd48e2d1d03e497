/* SPDX-License-Identifier: Apache-2.0 */
/* options.acl is that of every node that a recipe makes, whatever the node is for. */
#include "recipes/stage.h"

#include <zobo/recipes.h>

static zobo_client *c;

enum { PERMS = ZOBO_PERM_ALL & ~ZOBO_PERM_ADMIN };
static zobo_acl entry = {PERMS, "world", "anyone"};
static const zobo_acl_list acl = {&entry, 1};

/* How many nodes there are from `path` on; each of them must have the ACL. */
static size_t
checked(const char *path)
{
    zobo_reply *reply;
    size_t n = 1;
    assert_ok(zobo_get_acls(c, path, &reply));
    if (reply->n_acls != 1 || reply->acls[0].perms != PERMS)
        fail_msg("%s has another ACL", path);
    zobo_reply_free(reply);
    assert_ok(zobo_get_children(c, path, NULL, &reply));
    for (size_t i = 0; i < reply->n_children; i++) {
        char child[200];
        assert_true(snprintf(child, sizeof child, "%s/%s", path, reply->children[i]) < (int)sizeof child);
        n += checked(child);
    }
    zobo_reply_free(reply);
    return n;
}

#define MAKE(type, ...)                                                                                                \
    const type##_options options = {.acl = &acl};                                                                      \
    type *x;                                                                                                           \
    (void)state;                                                                                                       \
    assert_ok(type##_new(c, __VA_ARGS__, &options, &x, NULL))

static void
test_locks(void **state)
{
    MAKE(zobo_lock, "/lock");
    assert_ok(zobo_lock_acquire(x, 0));
    assert_int_equal(checked("/lock"), 2);
    zobo_lock_free(x);
}

static void
test_multi_locks(void **state)
{
    const char *const paths[] = {"/one", "/two"};
    MAKE(zobo_multi_lock, paths, 2);
    assert_ok(zobo_multi_lock_acquire(x, 0));
    assert_int_equal(checked("/one") + checked("/two"), 4);
    zobo_multi_lock_free(x);
}

static void
test_semaphores(void **state)
{
    MAKE(zobo_semaphore, "/semaphore");
    assert_ok(zobo_semaphore_acquire(x, 0));
    assert_int_equal(checked("/semaphore"), 2);
    assert_int_equal(checked("/semaphore-__lock__"), 1);
    zobo_semaphore_free(x);
}

static void
test_elections(void **state)
{
    MAKE(zobo_election, "/election");
    assert_ok(zobo_election_campaign(x, 0));
    assert_int_equal(checked("/election"), 2);
    zobo_election_free(x);
}

static void
test_leader_latches(void **state)
{
    MAKE(zobo_leader_latch, "/latch");
    assert_ok(zobo_leader_latch_start(x));
    assert_ok(zobo_leader_latch_await(x, 0));
    assert_int_equal(checked("/latch"), 2);
    zobo_leader_latch_free(x);
}

static void
test_barriers(void **state)
{
    MAKE(zobo_barrier, "/barrier");
    assert_ok(zobo_barrier_create(x, 0));
    assert_int_equal(checked("/barrier"), 1);
    zobo_barrier_free(x);
}

static void
test_double_barriers(void **state)
{
    MAKE(zobo_double_barrier, "/meeting", 1);
    assert_ok(zobo_double_barrier_enter(x, 0));
    assert_int_equal(checked("/meeting"), 3); /* the member, ready */
    zobo_double_barrier_free(x);
}

static void
test_counters(void **state)
{
    MAKE(zobo_counter, "/counter");
    assert_ok(zobo_counter_add(x, 1, 0, NULL));
    assert_int_equal(checked("/counter"), 2); /* the witness */
    zobo_counter_free(x);
}

static void
test_shared_values(void **state)
{
    MAKE(zobo_shared_value, "/value");
    assert_ok(zobo_shared_value_start(x));
    assert_ok(zobo_shared_value_wait(x, 0));
    assert_ok(zobo_shared_value_set(x, "x", 1, 0, NULL));
    assert_int_equal(checked("/value"), 2);
    zobo_shared_value_free(x);
}

static void
test_queues(void **state)
{
    MAKE(zobo_queue, "/queue");
    assert_ok(zobo_queue_put(x, "x", 1, ZOBO_PRIORITY, 0));
    assert_int_equal(checked("/queue"), 2);
    assert_int_equal(checked("/queue__witness__"), 2);
    zobo_queue_free(x);
}

/* A get makes the queue that it waits for, too. */
static void
test_queues_that_are_waited_for(void **state)
{
    zobo_reply *reply;
    MAKE(zobo_queue, "/empty");
    assert_err(zobo_queue_get(x, 100, &reply), ZOBO_EWAITTIMEOUT);
    assert_int_equal(checked("/empty"), 1);
    zobo_queue_free(x);
}

static void
test_delay_queues(void **state)
{
    const zobo_queue_options options = {.acl = &acl};
    zobo_delay_queue *x;
    (void)state;
    assert_ok(zobo_delay_queue_new(c, "/delay", &options, &x, NULL));
    assert_ok(zobo_delay_queue_put(x, "x", 1, 1, 0));
    assert_int_equal(checked("/delay"), 2);
    zobo_delay_queue_free(x);
}

static void
test_locking_queues(void **state)
{
    const zobo_item items[] = {{"x", 1}, {"y", 1}};
    zobo_reply *reply;
    MAKE(zobo_locking_queue, "/locking");
    assert_ok(zobo_locking_queue_put_all(x, items, 2, ZOBO_PRIORITY, 0, NULL));
    assert_ok(zobo_locking_queue_get(x, 0, &reply));
    zobo_reply_free(reply);
    /* Itself, the entries, what is taken; the witness and the session's token. */
    assert_int_equal(checked("/locking"), 1 + 3 + 2 + 2);
    zobo_locking_queue_free(x);
}

static void
test_persistent_nodes(void **state)
{
    MAKE(zobo_persistent_node, "/node");
    assert_ok(zobo_persistent_node_start(x));
    assert_ok(zobo_persistent_node_wait(x, 0));
    assert_int_equal(checked("/node"), 1);
    zobo_persistent_node_free(x);
}

static void
test_groups(void **state)
{
    MAKE(zobo_group_member, "/group", "me");
    assert_ok(zobo_group_member_start(x));
    assert_ok(zobo_group_member_wait(x, 0));
    assert_int_equal(checked("/group"), 2);
    zobo_group_member_free(x);
}

static void
test_parties(void **state)
{
    MAKE(zobo_party, "/party");
    assert_ok(zobo_party_join(x, 0));
    assert_int_equal(checked("/party"), 2);
    zobo_party_free(x);
}

static void
test_set_partitioners(void **state)
{
    const char *const items[] = {"a", "b"};
    const zobo_set_partitioner_options options = {.acl = &acl, .time_boundary_ms = 10};
    zobo_set_partitioner *x;
    (void)state;
    assert_ok(zobo_set_partitioner_new(c, "/set", items, 2, &options, &x, NULL));
    assert_ok(zobo_set_partitioner_wait(x, 0, NULL));
    assert_int_equal(checked("/set"), 1 + 2 + 5); /* the party and its member; the locks of two items */
    zobo_set_partitioner_free(x);
}

static int
setup(void **state)
{
    if (stage_up(state))
        return -1;
    c = another_client();
    return 0;
}

static int
teardown(void **state)
{
    zobo_close(c);
    return stage_down(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_multi_locks),
        cmocka_unit_test(test_semaphores),
        cmocka_unit_test(test_elections),
        cmocka_unit_test(test_leader_latches),
        cmocka_unit_test(test_barriers),
        cmocka_unit_test(test_double_barriers),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_shared_values),
        cmocka_unit_test(test_queues),
        cmocka_unit_test(test_queues_that_are_waited_for),
        cmocka_unit_test(test_delay_queues),
        cmocka_unit_test(test_locking_queues),
        cmocka_unit_test(test_persistent_nodes),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_parties),
        cmocka_unit_test(test_set_partitioners),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
