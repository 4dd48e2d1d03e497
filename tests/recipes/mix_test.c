/* SPDX-License-Identifier: Apache-2.0 */
/* All recipes at once on one client, begun and freed at any moment by many threads, while connections and sessions
 * break, somebody stops and starts the client, and somebody removes the nodes. MIX_MS: for how long. */
#include "recipes/pair.h"

#include <zobo/recipes.h>

#include "base/rng.h"

enum { WORKERS = 6, LIMIT_MS = 30 };

static atomic_bool over;
static atomic_long rounds, told;

typedef struct hand {
    pthread_t thread;
    zb_rng rng;
} hand;

static unsigned
dice(hand *h, unsigned n)
{
    return (unsigned)zb_rng_below(&h->rng, n);
}

static void
dawdle(hand *h)
{
    for (unsigned n = dice(h, 4); n; n--)
        zt_nap();
}

/* Whatever came of it: what counts is that it came. */
static void
any(zobo_err err)
{
    (void)err;
    atomic_fetch_add(&told, 1);
}

static void
ended(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)arg, (void)reply;
    any(err);
}

static const zobo_how how = {.done = ended}, inlined = {.done = ended, .flags = ZOBO_INLINE};

static const zobo_how *
some_how(hand *h)
{
    static const zobo_how *const hows[] = {&how, &inlined, NULL};
    return hows[dice(h, 3)];
}

static void
lock(hand *h)
{
    zobo_lock *x;
    zobo_reply *r = NULL;
    const zobo_lock_options o = {.kind = (zobo_lock_kind)dice(h, 3), .release_on_suspended = dice(h, 2)};
    assert_ok(zobo_lock_new(c, "/m/lock", &o, &x, NULL));
    any(zobo_lock_acquire(x, LIMIT_MS));
    any(zobo_lock_contenders(x, LIMIT_MS, &r));
    zobo_reply_free(r);
    if (dice(h, 2))
        any(zobo_lock_release(x, LIMIT_MS));
    any(zobo_lock_acquire_async(x, some_how(h), NULL));
    any(zobo_lock_cancel(x));
    any(zobo_lock_try_async(x, some_how(h), NULL));
    dawdle(h);
    zobo_lock_free(x);
}

static void
multi_lock(hand *h)
{
    zobo_multi_lock *x;
    const char *const paths[] = {"/m/lock", "/m/lock2"};
    assert_ok(zobo_multi_lock_new(c, paths, 2, NULL, &x, NULL));
    any(zobo_multi_lock_acquire(x, LIMIT_MS));
    any(zobo_multi_lock_release_async(x, some_how(h), NULL));
    any(zobo_multi_lock_acquire_async(x, some_how(h), NULL));
    dawdle(h);
    zobo_multi_lock_free(x);
}

static void
semaphore(hand *h)
{
    zobo_semaphore *x;
    assert_ok(zobo_semaphore_new(c, "/m/semaphore", &(zobo_semaphore_options){.max_leases = 2}, &x, NULL));
    any(zobo_semaphore_acquire(x, LIMIT_MS));
    if (dice(h, 2))
        any(zobo_semaphore_release(x, LIMIT_MS));
    any(zobo_semaphore_acquire_async(x, some_how(h), NULL));
    dawdle(h);
    zobo_semaphore_free(x);
}

static void
election(hand *h)
{
    zobo_election *x;
    zobo_leader_latch *l;
    assert_ok(zobo_election_new(c, "/m/election", NULL, &x, NULL));
    assert_ok(zobo_leader_latch_new(c, "/m/latch", NULL, &l, NULL));
    any(zobo_leader_latch_start(l));
    any(zobo_leader_latch_await_async(l, some_how(h), NULL));
    any(zobo_election_campaign(x, LIMIT_MS));
    any(zobo_leader_latch_stop(l, LIMIT_MS));
    any(zobo_leader_latch_start(l));
    dawdle(h);
    zobo_leader_latch_free(l);
    zobo_election_free(x);
}

static void
barriers(hand *h)
{
    zobo_barrier *x;
    zobo_double_barrier *d;
    const zobo_double_barrier_options o = {.identifier = "me"};
    assert_ok(zobo_barrier_new(c, "/m/barrier", NULL, &x, NULL));
    assert_ok(zobo_double_barrier_new(c, "/m/meeting", 2, &o, &d, NULL));
    any(zobo_double_barrier_enter_async(d, some_how(h), NULL));
    any(zobo_barrier_create(x, LIMIT_MS));
    any(zobo_barrier_wait_async(x, some_how(h), NULL));
    if (dice(h, 2))
        any(zobo_barrier_remove(x, LIMIT_MS, NULL));
    dawdle(h);
    zobo_double_barrier_free(d);
    zobo_barrier_free(x);
}

static void
numbers(hand *h)
{
    zobo_counter *x;
    zobo_shared_value *v;
    int64_t value;
    assert_ok(zobo_counter_new(c, "/m/counter", &(zobo_counter_options){.no_witness = dice(h, 2)}, &x, NULL));
    assert_ok(zobo_shared_value_new(c, "/m/value", NULL, &v, NULL));
    any(zobo_shared_value_start(v));
    for (int i = 0; i < 10; i++)
        any(zobo_counter_add_async(x, 1, some_how(h), NULL));
    any(zobo_counter_value(x, LIMIT_MS, &value));
    any(zobo_shared_value_wait(v, LIMIT_MS));
    any(zobo_shared_value_set_async(v, "x", 1, some_how(h), NULL));
    dawdle(h);
    zobo_shared_value_free(v);
    zobo_counter_free(x);
}

static void
queues(hand *h)
{
    zobo_queue *q;
    zobo_locking_queue *l;
    zobo_delay_queue *d;
    zobo_reply *r = NULL;
    assert_ok(zobo_queue_new(c, "/m/queue", NULL, &q, NULL));
    assert_ok(zobo_locking_queue_new(c, "/m/locking", NULL, &l, NULL));
    assert_ok(zobo_delay_queue_new(c, "/m/delayed", NULL, &d, NULL));
    any(zobo_queue_get_async(q, some_how(h), NULL));
    any(zobo_delay_queue_get_async(d, some_how(h), NULL));
    any(zobo_queue_put_async(q, "x", 1, 1, some_how(h), NULL));
    any(zobo_locking_queue_put_async(l, "x", 1, 1, some_how(h), NULL));
    any(zobo_delay_queue_put_async(d, "x", 1, zobo_wall_ms() + dice(h, 5), some_how(h), NULL));
    any(zobo_locking_queue_get(l, LIMIT_MS, &r));
    zobo_reply_free(r);
    any(dice(h, 2) ? zobo_locking_queue_consume(l, LIMIT_MS) : zobo_locking_queue_release(l, LIMIT_MS));
    any(zobo_locking_queue_get_async(l, some_how(h), NULL));
    dawdle(h);
    zobo_delay_queue_free(d);
    zobo_locking_queue_free(l);
    zobo_queue_free(q);
}

static void
groups(hand *h)
{
    zobo_party *p;
    zobo_persistent_node *n;
    zobo_set_partitioner *s;
    zobo_tree_cache *t;
    static const char *const items[] = {"a", "b", "c"};
    const zobo_set_partitioner_options so = {.time_boundary_ms = 5};
    assert_ok(zobo_party_new(c, "/m/party", NULL, &p, NULL));
    assert_ok(zobo_persistent_node_new(c, "/m/node", NULL, &n, NULL));
    assert_ok(zobo_set_partitioner_new(c, "/m/set", items, 3, &so, &s, NULL));
    assert_ok(zobo_tree_cache_new(c, "/m", NULL, &t, NULL));
    any(zobo_tree_cache_start(t));
    any(zobo_persistent_node_start(n));
    any(zobo_party_join(p, LIMIT_MS));
    any(zobo_set_partitioner_wait_async(s, some_how(h), NULL));
    dawdle(h);
    if (dice(h, 2))
        any(zobo_set_partitioner_release_set(s, LIMIT_MS));
    else
        any(zobo_set_partitioner_finish_async(s, some_how(h), NULL));
    any(zobo_tree_cache_wait(t, LIMIT_MS));
    dawdle(h);
    zobo_tree_cache_free(t);
    zobo_set_partitioner_free(s);
    zobo_persistent_node_free(n);
    zobo_party_free(p);
}

static void *
work(void *arg)
{
    static void (*const what[])(hand * h) = {lock, multi_lock, semaphore, election, barriers, numbers, queues, groups};
    hand *h = arg;
    while (!atomic_load(&over)) {
        what[dice(h, sizeof what / sizeof what[0])](h);
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

static void *
break_things(void *arg)
{
    hand *h = arg;
    while (!atomic_load(&over)) {
        switch (dice(h, 12)) {
        case 0:
            any(zobo_stop(c));
            zt_nap();
            any(zobo_start(c, 0, NULL));
            break;
        case 1:
        case 2:
            any(zobo_delete_recursive(look, "/m", NULL));
            break;
        case 3:
        case 4:
            any(zobo_server_expire(server, session_of(c)));
            break;
        case 5:
        case 6:
        case 7:
            zobo_server_lose_replies(server, 1);
            zt_nap();
            zobo_server_lose_replies(server, 0);
            any(zobo_server_drop(server, session_of(c)));
            break;
        default:
            dawdle(h);
        }
        any(zobo_server_drop(server, session_of(look))); /* if it was its answer that was lost */
        zt_nap();
    }
    return NULL;
}

static void
test_all_at_once(void **state)
{
    hand hands[WORKERS + 1];
    zobo_counters k = {.size = sizeof k};
    const char *ms = getenv("MIX_MS");
    uint64_t end = zt_now_ms() + (ms ? strtoul(ms, NULL, 10) : 3000);
    (void)state;
    for (unsigned i = 0; i <= WORKERS; i++) {
        hands[i].rng = (zb_rng){.s = i + 1};
        assert_int_equal(pthread_create(&hands[i].thread, NULL, i < WORKERS ? work : break_things, &hands[i]), 0);
    }
    while (zt_now_ms() < end)
        zt_nap();
    atomic_store(&over, true);
    for (unsigned i = 0; i <= WORKERS; i++)
        pthread_join(hands[i].thread, NULL);
    print_message("%ld rounds, %ld ends\n", atomic_load(&rounds), atomic_load(&told));
    assert_true(atomic_load(&rounds) > 0);
    /* All were freed: nothing is kept, here or there. */
    ZT_WAIT(zobo_connected(c) && (zobo_get_counters(c, &k), k.watches == 0 && k.in_flight == 0));
    hand last = {.rng = {99}};
    lock(&last);
    semaphore(&last);
    queues(&last);
    ZT_WAIT(zobo_connected(c) && (zobo_get_counters(c, &k), k.watches == 0 && k.in_flight == 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_all_at_once, up, down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
