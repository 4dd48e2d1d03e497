/* SPDX-License-Identifier: Apache-2.0 */
/* Recipes while memory runs out, once, at every place where it can. What the user asks for may fail, but says so, in
 * time; freed objects leave nothing behind on the server, and nothing here (the address sanitizer sees to that). */
#include <zobo/recipes.h>

#include "oom/everywhere.h"

static void
a_lock(zobo_client *c)
{
    zobo_lock *x = NULL, *y = NULL;
    zobo_call *call = NULL;
    zobo_reply *r = NULL;
    const char *other = "-lock-";
    TRY(zobo_lock_new(c, "/oom/lock", &(zobo_lock_options){.identifier = "x"}, &x, NULL));
    TRY(zobo_lock_new(c, "/oom/lock", &(zobo_lock_options){.extra_patterns = &other, .n_extra_patterns = 1}, &y, NULL));
    if (x && y && TRY(zobo_lock_acquire(x, PATIENCE_MS)) == ZOBO_OK) {
        TRY(zobo_lock_try(y, 0));
        if (TRY(zobo_lock_acquire_async(y, &(zobo_how){.timeout_ms = PATIENCE_MS}, &call)) == ZOBO_OK) {
            TRY(zobo_lock_contenders(x, 0, &r));
            zobo_reply_free(r);
            if (TRY(zobo_lock_release(x, 0))) { /* then it is held still */
                zobo_lock_free(x);
                x = NULL;
            }
            TRY(zobo_call_get(call, 0, NULL));
            zobo_call_free(call);
        }
    }
    zobo_lock_free(x);
    zobo_lock_free(y);
}

static void
lost_semaphore(void *arg, zobo_semaphore *x)
{
    (void)arg, (void)x;
}

static void
a_semaphore(zobo_client *c)
{
    zobo_semaphore *x = NULL, *y = NULL;
    zobo_call *call = NULL;
    zobo_reply *r = NULL;
    zobo_semaphore_options o = {.identifier = "x", .lost = lost_semaphore};
    TRY(zobo_semaphore_new(c, "/oom/semaphore", &o, &x, NULL));
    TRY(zobo_semaphore_new(c, "/oom/semaphore", NULL, &y, NULL));
    if (x && y && TRY(zobo_semaphore_acquire(x, PATIENCE_MS)) == ZOBO_OK) {
        TRY(zobo_semaphore_try(y, 0));
        if (TRY(zobo_semaphore_acquire_async(y, &(zobo_how){.timeout_ms = PATIENCE_MS}, &call)) == ZOBO_OK) {
            TRY(zobo_semaphore_lease_holders(x, 0, &r));
            zobo_reply_free(r);
            if (TRY(zobo_semaphore_release(x, 0))) { /* then it is held still */
                zobo_semaphore_free(x);
                x = NULL;
            }
            TRY(zobo_call_get(call, 0, NULL));
            zobo_call_free(call);
        }
    }
    zobo_semaphore_free(x);
    zobo_semaphore_free(y);
}

static void
a_multi_lock(zobo_client *c)
{
    static const char *const paths[] = {"/oom/second", "/oom/first"};
    zobo_multi_lock *x = NULL, *y = NULL;
    zobo_call *call = NULL;
    TRY(zobo_multi_lock_new(c, paths, 2, NULL, &x, NULL));
    TRY(zobo_multi_lock_new(c, paths, 1, &(zobo_multi_lock_options){.identifier = "y"}, &y, NULL));
    if (x && y && TRY(zobo_multi_lock_acquire(y, PATIENCE_MS)) == ZOBO_OK) {
        TRY(zobo_multi_lock_try(x, 0));
        if (TRY(zobo_multi_lock_acquire_async(x, &(zobo_how){.timeout_ms = PATIENCE_MS}, &call)) == ZOBO_OK) {
            if (TRY(zobo_multi_lock_release(y, 0))) { /* then it is held still */
                zobo_multi_lock_free(y);
                y = NULL;
            }
            TRY(zobo_call_get(call, 0, NULL));
            zobo_call_free(call);
        }
    }
    zobo_multi_lock_free(x);
    zobo_multi_lock_free(y);
}

static void
reign(void *arg, zobo_election *e)
{
    (void)e;
    ++*(int *)arg;
}

static void
an_election(zobo_client *c)
{
    zobo_election *x = NULL;
    int reigns = 0;
    TRY(zobo_election_new(c, "/oom/election", &(zobo_election_options){.identifier = "x"}, &x, NULL));
    if (x) {
        zobo_err err = TRY(zobo_election_run(x, reign, &reigns, PATIENCE_MS));
        assert_true(reigns == 1 || err);
    }
    zobo_election_free(x);
}

static void
a_leader_latch(zobo_client *c)
{
    zobo_leader_latch *x = NULL, *y = NULL;
    TRY(zobo_leader_latch_new(c, "/oom/latch", &(zobo_leader_latch_options){.identifier = "x"}, &x, NULL));
    TRY(zobo_leader_latch_new(c, "/oom/latch", NULL, &y, NULL));
    if (x && y && TRY(zobo_leader_latch_start(x)) == ZOBO_OK &&
        TRY(zobo_leader_latch_await(x, PATIENCE_MS)) == ZOBO_OK && TRY(zobo_leader_latch_start(y)) == ZOBO_OK) {
        if (TRY(zobo_leader_latch_stop(x, 0))) {
            zobo_leader_latch_free(x);
            x = NULL;
        }
        TRY(zobo_leader_latch_await(y, PATIENCE_MS));
    }
    zobo_leader_latch_free(x);
    zobo_leader_latch_free(y);
}

static void
a_counter(zobo_client *c)
{
    zobo_counter *x = NULL;
    int64_t value;
    TRY(zobo_counter_new(c, "/oom/counter", &(zobo_counter_options){.acl = zobo_open_acl()}, &x, NULL));
    if (!x)
        return;
    TRY(zobo_counter_add(x, 1, 0, NULL));
    TRY(zobo_counter_sub(x, 1, 0, NULL));
    TRY(zobo_counter_value(x, 0, &value));
    zobo_counter_free(x);
}

static void
hear_value(void *arg, zobo_shared_value *v, const zobo_reply *value)
{
    (void)arg, (void)v, (void)value;
}

static void
a_shared_value(zobo_client *c)
{
    zobo_shared_value *x = NULL;
    zobo_reply *reply = NULL;
    zobo_shared_value_options o = {.seed = "s", .seed_len = 1, .changed = hear_value, .acl = zobo_open_acl()};
    TRY(zobo_shared_value_new(c, "/oom/value", &o, &x, NULL));
    if (!x)
        return;
    if (TRY(zobo_shared_value_start(x)) == ZOBO_OK && TRY(zobo_shared_value_wait(x, PATIENCE_MS)) == ZOBO_OK) {
        TRY(zobo_shared_value_set(x, "t", 1, 0, NULL));
        TRY(zobo_shared_value_get(x, &reply));
    }
    zobo_reply_free(reply);
    zobo_shared_value_free(x);
}

static void
a_party(zobo_client *c)
{
    zobo_party *x = NULL;
    zobo_reply *who = NULL;
    TRY(zobo_party_new(c, "/oom/party", &(zobo_party_options){.identifier = "x"}, &x, NULL));
    if (!x)
        return;
    if (TRY(zobo_party_join(x, PATIENCE_MS)) == ZOBO_OK) {
        TRY(zobo_party_members(x, PATIENCE_MS, &who));
        TRY(zobo_party_leave(x, PATIENCE_MS));
    }
    zobo_reply_free(who);
    zobo_party_free(x);
}

static void
a_group_member(zobo_client *c)
{
    zobo_group_member *x = NULL;
    zobo_members *all = NULL;
    TRY(zobo_group_member_new(c, "/oom/group", "x", NULL, &x, NULL));
    if (!x)
        return;
    if (TRY(zobo_group_member_start(x)) == ZOBO_OK && TRY(zobo_group_member_wait(x, PATIENCE_MS)) == ZOBO_OK)
        TRY(zobo_group_member_set(x, "y", 1, PATIENCE_MS));
    TRY(zobo_group_member_get_members(x, &all));
    zobo_members_free(all);
    zobo_group_member_free(x);
}

static void
a_persistent_node(zobo_client *c)
{
    zobo_persistent_node *x = NULL;
    TRY(zobo_persistent_node_new(c, "/oom/node/x", NULL, &x, NULL));
    if (!x)
        return;
    if (TRY(zobo_persistent_node_start(x)) == ZOBO_OK && TRY(zobo_persistent_node_wait(x, PATIENCE_MS)) == ZOBO_OK)
        TRY(zobo_persistent_node_set(x, "y", 1, PATIENCE_MS));
    zobo_persistent_node_free(x);
}

static void
hear_data(void *arg, zobo_data_watch *w, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)w, (void)err, (void)reply, (void)event;
    zt_latch_hit(arg);
}

static void
hear_children(void *arg, zobo_children_watch *w, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)w, (void)err, (void)reply, (void)event;
    zt_latch_hit(arg);
}

/* What follows by itself gets there although no memory was there at one time. */
static void
watches(zobo_client *c)
{
    zobo_data_watch *d = NULL;
    zobo_children_watch *n = NULL;
    zobo_patient_children_watch *p = NULL;
    zobo_reply *reply = NULL;
    zt_latch data, names;
    zt_latch_init(&data);
    zt_latch_init(&names);
    TRY(zobo_data_watch_new(c, "/", hear_data, &data, NULL, &d, NULL));
    TRY(zobo_children_watch_new(c, "/", hear_children, &names, NULL, &n, NULL));
    TRY(zobo_patient_children_watch_new(c, "/", &(zobo_watch_options){.quiet_ms = 1}, &p, NULL));
    if (d && !zt_latch_wait(&data, 1, PATIENCE_MS))
        fail_msg("allocation %ld: a data watch is never told", failing);
    if (n && !zt_latch_wait(&names, 1, PATIENCE_MS))
        fail_msg("allocation %ld: a children watch is never told", failing);
    if (p)
        TRY(zobo_patient_children_watch_get(p, PATIENCE_MS, &reply));
    zobo_reply_free(reply);
    zobo_data_watch_free(d);
    zobo_children_watch_free(n);
    zobo_patient_children_watch_free(p);
    zt_latch_destroy(&data);
    zt_latch_destroy(&names);
}

static void
a_tree_cache(zobo_client *c)
{
    zobo_tree_cache *x = NULL;
    zobo_reply *reply = NULL;
    TRY(zobo_tree_cache_new(c, "/zookeeper", NULL, &x, NULL));
    if (x && TRY(zobo_tree_cache_start(x)) == ZOBO_OK && TRY(zobo_tree_cache_wait(x, PATIENCE_MS)) == ZOBO_OK)
        TRY(zobo_tree_cache_get_children(x, "/zookeeper", &reply));
    zobo_reply_free(reply);
    zobo_tree_cache_free(x);
}

#ifdef ZOBO_LEASE_H
static void
a_lease(zobo_client *c)
{
    zobo_lease *x = NULL;
    zobo_multi_lease *y = NULL;
    TRY(zobo_lease_new(c, "/oom/lease", NULL, &x, NULL));
    TRY(zobo_multi_lease_new(c, "/oom/leases", 2, NULL, &y, NULL));
    if (x && TRY(zobo_lease_obtain(x, 60000, PATIENCE_MS)) == ZOBO_OK)
        TRY(zobo_lease_obtain(x, 60000, PATIENCE_MS));
    if (y)
        TRY(zobo_multi_lease_obtain(y, 60000, PATIENCE_MS, NULL));
    zobo_lease_free(x);
    zobo_multi_lease_free(y);
}
#endif

static void
test_lock(void **state)
{
    (void)state;
    at_every_allocation("a lock", a_lock, "/oom/lock");
}

static void
test_semaphore(void **state)
{
    (void)state;
    at_every_allocation("a semaphore", a_semaphore, "/oom/semaphore");
    assert_int_equal(left_in("/oom/semaphore-__lock__"), 0);
}

static void
test_multi_lock(void **state)
{
    (void)state;
    at_every_allocation("a multi-lock", a_multi_lock, "/oom/second");
    assert_int_equal(left_in("/oom/first"), 0);
}

static void
test_election(void **state)
{
    (void)state;
    at_every_allocation("an election", an_election, "/oom/election");
}

static void
test_leader_latch(void **state)
{
    (void)state;
    at_every_allocation("a leader latch", a_leader_latch, "/oom/latch");
}

static void
test_counter(void **state)
{
    (void)state;
    at_every_allocation("a counter", a_counter, "/oom/counter");
}

static void
test_shared_value(void **state)
{
    (void)state;
    at_every_allocation("a shared value", a_shared_value, "/oom/value");
}

static void
test_party(void **state)
{
    (void)state;
    at_every_allocation("a party", a_party, "/oom/party");
}

static void
test_group_member(void **state)
{
    (void)state;
    at_every_allocation("a group member", a_group_member, "/oom/group");
}

static void
test_persistent_node(void **state)
{
    (void)state;
    at_every_allocation("a persistent node", a_persistent_node, "/oom/node");
}

static void
test_watches(void **state)
{
    (void)state;
    at_every_allocation("watches", watches, "/oom/none");
}

static void
test_tree_cache(void **state)
{
    (void)state;
    at_every_allocation("a tree cache", a_tree_cache, "/oom/none");
}

#ifdef ZOBO_LEASE_H
static void
test_lease(void **state)
{
    (void)state;
    /* What was obtained stays, the locks do not. */
    stays = 1;
    at_every_allocation("a lease", a_lease, "/oom/lease");
    stays = 0;
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter),      cmocka_unit_test(test_shared_value),    cmocka_unit_test(test_party),
        cmocka_unit_test(test_group_member), cmocka_unit_test(test_persistent_node), cmocka_unit_test(test_watches),
        cmocka_unit_test(test_tree_cache),
#ifdef ZOBO_LEASE_H
        cmocka_unit_test(test_lease),
#endif
        cmocka_unit_test(test_lock),         cmocka_unit_test(test_semaphore),       cmocka_unit_test(test_multi_lock),
        cmocka_unit_test(test_election),     cmocka_unit_test(test_leader_latch),
    };
    if (getenv("ZT_FILTER"))
        cmocka_set_test_filter(getenv("ZT_FILTER"));
    return cmocka_run_group_tests(tests, up, down);
}
