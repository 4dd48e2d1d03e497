/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes by which counters, shared values and queues know what became of a transaction go when these are freed, also
 * when the client is stopped just then, or was before. */
#include "recipes/pair.h"

#include <zobo/counter.h>
#include <zobo/queue.h>

#include "base/rng.h"

enum { STRESS_MS = 3000, WORKERS = 4 };

static zobo_counter *
used_counter(zobo_client *client, const char *path)
{
    zobo_counter *k;
    assert_ok(zobo_counter_new(client, path, NULL, &k, NULL));
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    return k;
}

static zobo_queue *
used_queue(zobo_client *client, const char *path)
{
    zobo_queue *q;
    assert_ok(zobo_queue_new(client, path, NULL, &q, NULL));
    assert_ok(zobo_queue_put(q, "x", 1, 0, 0));
    return q;
}

static zobo_locking_queue *
used_locking_queue(zobo_client *client, const char *path)
{
    zobo_locking_queue *q;
    assert_ok(zobo_locking_queue_new(client, path, NULL, &q, NULL));
    assert_ok(zobo_locking_queue_put(q, "x", 1, 0, 0));
    return q;
}

static zobo_shared_value *
used_value(zobo_client *client, const char *path)
{
    zobo_shared_value *v;
    assert_ok(zobo_shared_value_new(client, path, NULL, &v, NULL));
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    assert_ok(zobo_shared_value_set(v, "x", 1, 0, NULL));
    return v;
}

/* What lies on the path and is a witness. */
static size_t
witnesses(const char *path)
{
    zobo_reply *reply;
    size_t n = 0;
    assert_ok(zobo_sync(other, path));
    if (zobo_get_children(other, path, NULL, &reply))
        return 0;
    for (size_t i = 0; i < reply->n_children; i++)
        n += strstr(reply->children[i], "__witness__") != NULL;
    zobo_reply_free(reply);
    return n;
}

static bool
no_dir(const char *path)
{
    return children_of(other, path) == -1;
}

static void
test_free_then_stop(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        zobo_counter *k = used_counter(c, "/k");
        zobo_queue *q = used_queue(c, "/q");
        assert_int_equal(witnesses("/k"), 1);
        zobo_counter_free(k);
        zobo_queue_free(q);
        assert_ok(zobo_stop(c)); /* waits for what has been sent */
        assert_int_equal(witnesses("/k"), 0);
        assert_true(no_dir("/q__witness__"));
        assert_ok(zobo_start(c, ZT_SOON_MS, NULL));
    }
}

static void
test_free_while_stopped(void **state)
{
    (void)state;
    zobo_counter *k = used_counter(c, "/k");
    zobo_queue *q = used_queue(c, "/q");
    zobo_locking_queue *l = used_locking_queue(c, "/l");
    zobo_shared_value *v = used_value(c, "/v");
    assert_ok(zobo_stop(c));
    zobo_counter_free(k);
    zobo_queue_free(q);
    zobo_locking_queue_free(l);
    zobo_shared_value_free(v);
    assert_int_equal(witnesses("/k"), 1);
    assert_ok(zobo_start(c, ZT_SOON_MS, NULL));
    ZT_WAIT(witnesses("/k") == 0 && no_dir("/q__witness__") && witnesses("/l") == 0 && witnesses("/v") == 0);
}

/* Starting that comes to nothing, as often as anybody may try, is not yet the end. */
static void
test_free_before_starts_that_fail(void **state)
{
    (void)state;
    zobo_counter *k = used_counter(c, "/k");
    assert_ok(zobo_stop(c));
    zobo_counter_free(k);
    for (int i = 0; i < 3; i++) {
        assert_ok(zobo_start(c, 0, NULL));
        assert_ok(zobo_stop(c)); /* connected or not */
    }
    assert_ok(zobo_start(c, ZT_SOON_MS, NULL));
    ZT_WAIT(witnesses("/k") == 0);
}

/* A client that is not started again can remove nothing, and nothing of it is left in memory. */
static void
test_close_while_stopped(void **state)
{
    (void)state;
    zobo_client *mine = another_client();
    zobo_counter *k = used_counter(mine, "/k");
    zobo_queue *q = used_queue(mine, "/q");
    assert_ok(zobo_stop(mine));
    zobo_counter_free(k);
    zobo_queue_free(q);
    zobo_close(mine);
    assert_int_equal(witnesses("/k"), 1);
    assert_int_equal(witnesses("/q__witness__"), 1);
}

/* The connection goes while the removal is on its way, and the client with it. */
static void
test_free_then_loss_and_stop(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        zobo_counter *k = used_counter(c, "/k");
        disturb(false);
        zobo_counter_free(k);
        assert_ok(zobo_stop(c));
        assert_ok(zobo_start(c, ZT_SOON_MS, NULL));
        ZT_WAIT(witnesses("/k") == 0);
    }
}

/* ---- many at a time ---- */

static atomic_bool over;
static atomic_uint rounds;

static void
use_them(zb_rng *rng)
{
    zobo_counter *k = NULL;
    zobo_queue *q = NULL;
    zobo_locking_queue *l = NULL;
    bool ok = zobo_counter_new(c, "/k", NULL, &k, NULL) == ZOBO_OK &&
              zobo_queue_new(c, "/q", NULL, &q, NULL) == ZOBO_OK &&
              zobo_locking_queue_new(c, "/l", NULL, &l, NULL) == ZOBO_OK;
    for (uint64_t n = 1 + zb_rng_below(rng, 4); ok && n > 0; n--) {
        /* each may come upon a client that is stopped */
        ok = !zobo_counter_add(k, 1, 0, NULL) || !zobo_queue_put(q, "x", 1, 0, 0) ||
             !zobo_locking_queue_put(l, "x", 1, 0, 0);
        ok = !zobo_counter_add_async(k, 1, NULL, NULL) && ok; /* left to free */
    }
    zobo_counter_free(k);
    zobo_queue_free(q);
    zobo_locking_queue_free(l);
}

static void *
work(void *arg)
{
    zb_rng rng = {.s = (uintptr_t)arg};
    while (!atomic_load(&over)) {
        use_them(&rng);
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

static void
test_free_under_stops_and_starts(void **state)
{
    (void)state;
    pthread_t threads[WORKERS];
    zb_rng rng = {.s = 7};
    atomic_store(&over, false);
    atomic_store(&rounds, 0);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(i + 1)), 0);
    int64_t until = zobo_wall_ms() + STRESS_MS;
    unsigned restarts = 0;
    while (zobo_wall_ms() < until) {
        unsigned seen = atomic_load(&rounds);
        if (zb_rng_below(&rng, 2))
            ZT_WAIT(atomic_load(&rounds) != seen);
        assert_ok(zobo_stop(c));
        seen = atomic_load(&rounds);
        if (zb_rng_below(&rng, 2))
            ZT_WAIT(atomic_load(&rounds) != seen);
        assert_ok(zobo_start(c, zb_rng_below(&rng, 4) ? ZT_SOON_MS : 0, NULL));
        restarts++;
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    ZT_WAIT(zobo_connected(c));
    print_message("%u rounds, %u restarts\n", atomic_load(&rounds), restarts);
    ZT_WAIT(witnesses("/k") == 0);
    ZT_WAIT(witnesses("/l") == 0);
    ZT_WAIT(no_dir("/q__witness__") || witnesses("/q__witness__") == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_free_then_stop, up, down),
        cmocka_unit_test_setup_teardown(test_free_while_stopped, up, down),
        cmocka_unit_test_setup_teardown(test_free_before_starts_that_fail, up, down),
        cmocka_unit_test_setup_teardown(test_close_while_stopped, up, down),
        cmocka_unit_test_setup_teardown(test_free_then_loss_and_stop, up, down),
        cmocka_unit_test_setup_teardown(test_free_under_stops_and_starts, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
