/* SPDX-License-Identifier: Apache-2.0 */
/* TreeCache under load: random changes and faults, many readers, freed at any time. */
#include "mirror.h"

#include "base/rng.h"

static void
change(zb_rng *rng)
{
    char path[PATH];
    int a = (int)zb_rng_below(rng, 6), b = (int)zb_rng_below(rng, 6), k = (int)zb_rng_below(rng, 6);
    switch (zb_rng_below(rng, 10)) {
    case 0:
        (void)snprintf(path, sizeof path, "/r/%d", a);
        break;
    case 1:
    case 2:
        (void)snprintf(path, sizeof path, "/r/%d/%d", a, b);
        break;
    default:
        (void)snprintf(path, sizeof path, "/r/%d/%d/%d", a, b, k);
    }
    zobo_err err;
    uint64_t what = zb_rng_below(rng, 60);
    if (what == 0)
        err = zobo_delete_recursive(other, path, NULL);
    else if (what == 1)
        err = zobo_delete_recursive(other, zb_rng_below(rng, 20) ? path : "/r", NULL);
    else if (what < 15)
        err = zobo_delete(other, path, -1);
    else if (what < 35)
        err = zobo_set(other, path, path, strlen(path), -1, NULL);
    else
        err = zobo_create(other, path, path, strlen(path), &(zobo_create_options){.makepath = true}, NULL);
    assert_true(err == ZOBO_OK || err == ZOBO_ENONODE || err == ZOBO_ENODEEXISTS || err == ZOBO_ENOTEMPTY);
}

static void
random_changes_and_faults(void **state)
{
    (void)state;
    const char *rounds = getenv("CACHE_ROUNDS"), *seed = getenv("CACHE_SEED");
    zb_rng rng = {.s = seed ? strtoull(seed, NULL, 10) : 1};
    for (long round = 0; round < (rounds ? atol(rounds) : 6); round++) {
        for (int i = 0; i < 100; i++)
            change(&rng);
        zobo_tree_cache *cache = cache_of("/r", (zobo_tree_cache_options){.no_data = round % 4 == 3});
        zobo_call *call;
        assert_ok(zobo_tree_cache_start(cache));
        assert_ok(zobo_tree_cache_wait_async(cache, NULL, &call));
        for (int i = 0; i < 400; i++) { /* while it is being loaded, too */
            change(&rng);
            uint64_t fault = zb_rng_below(&rng, 120);
            if (fault == 0)
                disturb(false);
            if (fault == 1 && zb_rng_below(&rng, 4) == 0)
                disturb(true);
            if (zb_rng_below(&rng, 4) == 0)
                turn();
        }
        UNTIL(zobo_call_done(call));
        assert_ok(zobo_call_get(call, 0, NULL));
        zobo_call_free(call);
        if (round % 4 == 3) {
            zobo_reply *all;
            int32_t count = -1;
            (void)all;
            zobo_err err = zobo_get_all_children_number(other, "/r", &count);
            size_t want = err == ZOBO_ENONODE ? 0 : (size_t)count + 1;
            UNTIL(info_of(cache).nodes == want);
            UNTIL(is_mirrored(cache));
        } else {
            check_equal(cache);
        }
        free_and_look(cache);
    }
}

/* ---- readers ---- */

typedef struct reader {
    pthread_t thread;
    zobo_tree_cache *cache;
    atomic_bool stop;
    size_t looks, wrong;
} reader;

static bool
sum_up(void *arg, const char *path, const zobo_tree_node *node)
{
    (void)path;
    bool torn = node->data_len > 0 && ((const char *)node->data)[node->data_len] != 0;
    *(size_t *)arg += torn ? 2U : 1U;
    return true;
}

/* Each snapshot is whole. */
static void *
read_all_the_time(void *arg)
{
    reader *r = arg;
    while (!atomic_load(&r->stop)) {
        zobo_tree_snapshot *s = zobo_tree_cache_snapshot(r->cache);
        size_t n = 0;
        if (zobo_tree_snapshot_walk(s, "/r", sum_up, &n) != ZOBO_OK || n != zobo_tree_snapshot_size(s))
            r->wrong++;
        zobo_tree_snapshot_free(s);
        zobo_reply *reply;
        if (zobo_tree_cache_get_data(r->cache, "/r", &reply) != ZOBO_OK)
            r->wrong++;
        zobo_reply_free(reply);
        r->looks++;
    }
    return NULL;
}

static void
many_readers(void **state)
{
    (void)state;
    enum { READERS = 4 };
    reader readers[READERS];
    zb_rng rng = {.s = 5};
    zt_put(other, "/r", "root");
    plant("/r", 5, 2);
    zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){0});
    for (int i = 0; i < READERS; i++) {
        readers[i] = (reader){.cache = cache};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_all_the_time, &readers[i]), 0);
    }
    for (int i = 0; i < 500; i++) {
        char path[PATH];
        (void)snprintf(path, sizeof path, "/r/c%d/x%d", (int)zb_rng_below(&rng, 5), (int)zb_rng_below(&rng, 5));
        if (zobo_delete(other, path, -1) == ZOBO_ENONODE)
            zt_put(other, path, path);
        turn();
    }
    for (int i = 0; i < READERS; i++) {
        atomic_store(&readers[i].stop, true);
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_true(readers[i].looks > 0);
        assert_int_equal(readers[i].wrong, 0);
    }
    check_equal(cache);
    free_and_look(cache);
}

/* ---- freeing ---- */

static void
freed_in_the_listener(void **state)
{
    (void)state;
    zt_put(other, "/r", "root");
    plant("/r", 3, 2);
    for (int i = 0; i < 4; i++) {
        zobo_tree_cache *cache = cache_of("/r", (zobo_tree_cache_options){0});
        m.free_it = true;
        zobo_call *call;
        pthread_mutex_lock(&m.gate); /* it must not be freed before it is waited for */
        assert_ok(zobo_tree_cache_start(cache));
        assert_ok(zobo_tree_cache_wait_async(cache, NULL, &call));
        pthread_mutex_unlock(&m.gate);
        UNTIL(zobo_call_done(call));
        zobo_call_free(call);
        UNTIL(watches_here() == 0);
        UNTIL(watches_on_server() == 0);
        assert_int_equal(m.events, 1);
    }
}

static void
freed_at_any_time(void **state)
{
    (void)state;
    const char *rounds = getenv("CACHE_CYCLES");
    long n = rounds ? atol(rounds) : 200;
    zt_put(other, "/r", "root");
    plant("/r", 3, 2);
    for (long i = 0; i < n; i++) {
        zobo_tree_cache *cache = cache_of("/r", (zobo_tree_cache_options){0});
        zobo_call *call = NULL;
        if (i % 10) {
            assert_ok(zobo_tree_cache_start(cache));
            assert_ok(zobo_tree_cache_wait_async(cache, NULL, &call));
        }
        for (long k = i % 9; k > 0; k--)
            turn();
        if (i % 60 == 59)
            disturb(i % 120 == 119);
        zobo_tree_snapshot *s = zobo_tree_cache_snapshot(cache);
        zobo_tree_cache_free(cache);
        zobo_tree_snapshot_free(s);
        if (call) {
            UNTIL(zobo_call_done(call));
            zobo_err err = zobo_call_get(call, 0, NULL);
            assert_true(err == ZOBO_OK || err == ZOBO_ECANCELLED);
            zobo_call_free(call);
        }
    }
    UNTIL(watches_here() == 0);
    UNTIL(watches_on_server() == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        both_ways(random_changes_and_faults),
        both_ways(many_readers),
        both_ways(freed_in_the_listener),
        both_ways(freed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
