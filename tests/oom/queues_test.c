/* SPDX-License-Identifier: Apache-2.0 */
/* Queues, barriers and discovery while memory runs out, once, at every place where it can. What fails says so; what was
 * put is there, once, unless it was handed out; freed objects leave nothing behind. */
#include "oom/everywhere.h"

/* --- queues ------------------------------------------------------------------------------------------------------- */

static zobo_err put_err, get_err, consume_err;
static int gets;

/* What is left of the one entry that was put. Whoever puts or gets without an answer does not know. */
static void
check_entries(const char *path)
{
    int left = left_in(path);
    bool unknown = put_err == ZOBO_EREPLYLOST || get_err == ZOBO_EREPLYLOST || consume_err == ZOBO_EREPLYLOST;
    assert_true(left >= 0);
    if (gets > 1)
        fail_msg("%s, allocation %ld: one entry is handed out %d times", where, failing, gets);
    if (put_err && put_err != ZOBO_EREPLYLOST && (gets || left))
        fail_msg("%s, allocation %ld: %s, and yet it was put", where, failing, zobo_err_name(put_err));
    if (!unknown && !put_err && gets + left != 1)
        fail_msg("%s, allocation %ld: of one entry %d are left and %d were handed out", where, failing, left, gets);
    ZT_WAIT(zobo_delete_recursive(look, path, NULL) == ZOBO_OK || left_in(path) == 0);
}

static void
take(zobo_err err, zobo_reply *const *at)
{
    const zobo_reply *reply = *at;
    get_err = err;
    if (err)
        return;
    assert_int_equal(reply->data_len, 1);
    assert_memory_equal(reply->data, "a", 1);
    gets++;
}

static void
a_queue(zobo_client *c)
{
    zobo_queue *x = NULL;
    zobo_reply *reply = NULL, *none = NULL;
    int32_t len;
    put_err = get_err = ZOBO_ENOMEM;
    gets = 0;
    TRY(zobo_queue_new(c, "/oom/queue", NULL, &x, NULL));
    if (!x)
        return;
    put_err = TRY(zobo_queue_put(x, "a", 1, ZOBO_PRIORITY, 0));
    TRY(zobo_queue_len(x, 0, &len));
    if (!put_err)
        take(TRY(zobo_queue_get(x, PATIENCE_MS, &reply)), &reply);
    if (!get_err)
        TRY(zobo_queue_try_get(x, 0, &none));
    zobo_reply_free(reply);
    zobo_reply_free(none);
    zobo_queue_free(x);
}

static void
after_queue(zobo_client *c)
{
    (void)c;
    check_entries("/oom/queue");
    ZT_WAIT(left_in("/oom/queue__witness__") == 0);
}

/* One waits before there is anything. */
static void
a_waiting_queue(zobo_client *c)
{
    zobo_queue *x = NULL;
    zobo_call *call = NULL;
    zobo_reply *reply = NULL;
    put_err = get_err = ZOBO_ENOMEM;
    gets = 0;
    TRY(zobo_queue_new(c, "/oom/queue", NULL, &x, NULL));
    if (!x)
        return;
    if (TRY(zobo_queue_get_async(x, &(zobo_how){.timeout_ms = PATIENCE_MS}, &call)) == ZOBO_OK) {
        put_err = TRY(zobo_queue_put(x, "a", 1, ZOBO_PRIORITY, 0));
        if (put_err)
            zobo_call_cancel(call);
        take(TRY(zobo_call_get(call, 0, &reply)), &reply);
        zobo_call_free(call);
    }
    zobo_reply_free(reply);
    zobo_queue_free(x);
}

static void
a_delay_queue(zobo_client *c)
{
    zobo_delay_queue *x = NULL;
    zobo_reply *reply = NULL;
    int32_t len;
    put_err = get_err = ZOBO_ENOMEM;
    gets = 0;
    TRY(zobo_delay_queue_new(c, "/oom/delay", NULL, &x, NULL));
    if (!x)
        return;
    put_err = TRY(zobo_delay_queue_put(x, "a", 1, zobo_wall_ms() + 5, 0));
    TRY(zobo_delay_queue_len(x, 0, &len));
    if (!put_err)
        take(TRY(zobo_delay_queue_get(x, PATIENCE_MS, &reply)), &reply);
    zobo_reply_free(reply);
    zobo_delay_queue_free(x);
}

static void
after_delay_queue(zobo_client *c)
{
    (void)c;
    check_entries("/oom/delay");
    ZT_WAIT(left_in("/oom/delay__witness__") == 0);
}

static void
lost_entry(void *arg, zobo_locking_queue *x)
{
    (void)arg, (void)x;
    fail_msg("%s, allocation %ld: an entry is lost", where, failing);
}

static void
a_locking_queue(zobo_client *c)
{
    static const zobo_item items[] = {{"a", 1}};
    zobo_locking_queue *x = NULL;
    zobo_reply *reply = NULL;
    size_t put;
    bool holds = true;
    put_err = get_err = consume_err = ZOBO_ENOMEM;
    gets = 0;
    TRY(zobo_locking_queue_new(c, "/oom/locking", &(zobo_locking_queue_options){.lost = lost_entry}, &x, NULL));
    if (!x)
        return;
    put_err = TRY(zobo_locking_queue_put_all(x, items, 1, ZOBO_PRIORITY, 0, &put));
    if (!put_err)
        take(TRY(zobo_locking_queue_get(x, PATIENCE_MS, &reply)), &reply);
    gets = 0; /* only what is consumed has gone */
    if (!get_err && TRY(zobo_locking_queue_holds_lock(x, 0, &holds)) == ZOBO_OK)
        assert_true(holds);
    if (!get_err && TRY(zobo_locking_queue_release(x, 0)) == ZOBO_OK) {
        zobo_reply_free(reply);
        reply = NULL;
        get_err = TRY(zobo_locking_queue_get(x, PATIENCE_MS, &reply));
    }
    if (!get_err)
        consume_err = TRY(zobo_locking_queue_consume(x, 0));
    gets = consume_err == ZOBO_OK;
    zobo_reply_free(reply);
    zobo_locking_queue_free(x);
}

static void
after_locking_queue(zobo_client *c)
{
    (void)c;
    ZT_WAIT(left_in("/oom/locking/taken") == 0);
    check_entries("/oom/locking/entries");
    consume_err = ZOBO_OK;
}

/* --- barriers ----------------------------------------------------------------------------------------------------- */

static void
a_barrier(zobo_client *c)
{
    zobo_barrier *x = NULL;
    zobo_call *call = NULL;
    bool removed = true;
    TRY(zobo_barrier_new(c, "/oom/barrier/x", NULL, &x, NULL));
    if (!x)
        return;
    zobo_err err = TRY(zobo_barrier_create(x, 0));
    if (!err && TRY(zobo_barrier_wait_async(x, &(zobo_how){.timeout_ms = PATIENCE_MS}, &call)) == ZOBO_OK) {
        while (TRY(zobo_barrier_remove(x, 0, &removed))) {
        }
        TRY(zobo_call_get(call, 0, NULL));
        zobo_call_free(call);
    }
    while (TRY(zobo_barrier_remove(x, 0, &removed))) { /* it fails at one allocation only */
    }
    zobo_barrier_free(x);
}

/* Two that wait for each other: when one has failed the other is cancelled. Frees them. True: both came through. */
static bool
together(zobo_call *one, zobo_call *other)
{
    zobo_call *calls[] = {one, other};
    bool done[] = {false, !other}, good = other != NULL;
    if (!other)
        zobo_call_cancel(one);
    for (int i = 0; !done[0] || !done[1]; i = !i) {
        if (done[i] || zobo_call_wait(calls[i], 1) != ZOBO_OK)
            continue;
        done[i] = true;
        zobo_err err = TRY(zobo_call_get(calls[i], 0, NULL));
        good = good && !err;
        if (err && !done[!i])
            zobo_call_cancel(calls[!i]);
    }
    zobo_call_free(one);
    zobo_call_free(other);
    return good;
}

static void
a_double_barrier(zobo_client *c)
{
    zobo_double_barrier *x = NULL, *y = NULL;
    zobo_call *one = NULL, *other = NULL;
    const zobo_how how = {.timeout_ms = PATIENCE_MS};
    TRY(zobo_double_barrier_new(c, "/oom/double", 2, &(zobo_double_barrier_options){.identifier = "x"}, &x, NULL));
    TRY(zobo_double_barrier_new(c, "/oom/double", 2, NULL, &y, NULL));
    if (x && y && TRY(zobo_double_barrier_enter_async(x, &how, &one)) == ZOBO_OK) {
        TRY(zobo_double_barrier_enter_async(y, &how, &other));
        bool both = together(one, other);
        one = other = NULL;
        if (both && TRY(zobo_double_barrier_leave_async(x, &how, &one)) == ZOBO_OK) {
            TRY(zobo_double_barrier_leave_async(y, &how, &other));
            (void)together(one, other);
        }
    }
    zobo_double_barrier_free(x);
    zobo_double_barrier_free(y);
}

/* --- discovery ---------------------------------------------------------------------------------------------------- */

#ifdef ZOBO_DISCOVERY_H
static zobo_err registered_err;

static void
hear_instances(void *arg, zobo_service_cache *cache, const zobo_service_list *list)
{
    (void)arg, (void)cache, (void)list;
}

static void
registering(zobo_client *c)
{
    zobo_discovery *x = NULL;
    zobo_reply *id = NULL, *names = NULL;
    zobo_service_list *all = NULL, *one = NULL;
    zobo_service s = {.name = "web", .id = "x", .address = "10.0.0.1", .port = 80, .payload = "{\"a\":1}"};
    TRY(zobo_discovery_new(c, "/oom/services", &(zobo_discovery_options){.acl = zobo_open_acl()}, &x, NULL));
    if (!x)
        return;
    registered_err = TRY(zobo_discovery_register(x, &s, PATIENCE_MS, &id));
    if (!registered_err) {
        TRY(zobo_discovery_query_names(x, PATIENCE_MS, &names));
        s.port = 81;
        TRY(zobo_discovery_update(x, &s, PATIENCE_MS));
        if (TRY(zobo_discovery_query_instances(x, "web", PATIENCE_MS, &all)) == ZOBO_OK)
            assert_int_equal(all->n, 1);
        TRY(zobo_discovery_query_instance(x, "web", "x", PATIENCE_MS, &one));
        TRY(zobo_discovery_unregister(x, "web", "x", PATIENCE_MS));
    }
    zobo_reply_free(id);
    zobo_reply_free(names);
    zobo_service_list_free(all);
    zobo_service_list_free(one);
    zobo_discovery_free(x);
}

/* A cache, which follows by itself, gets there although no memory was there at one time. */
static void
following(zobo_client *c)
{
    zobo_service_cache *x = NULL;
    zobo_service_provider *y = NULL;
    zobo_service_list *all = NULL, *one = NULL;
    zobo_service_cache_options o = {.changed = hear_instances};
    TRY(zobo_service_cache_new(c, "/oom/services", "still", &o, &x, NULL));
    TRY(zobo_service_provider_new(c, "/oom/services", "still", NULL, &y, NULL));
    if (x && TRY(zobo_service_cache_start(x)) == ZOBO_OK && TRY(zobo_service_cache_wait(x, PATIENCE_MS)) == ZOBO_OK &&
        TRY(zobo_service_cache_get(x, &all)) == ZOBO_OK)
        assert_int_equal(all->n, 2);
    if (y && TRY(zobo_service_provider_start(y)) == ZOBO_OK &&
        TRY(zobo_service_provider_wait(y, PATIENCE_MS)) == ZOBO_OK &&
        TRY(zobo_service_provider_pick(y, &one)) == ZOBO_OK)
        assert_int_equal(one->n, 1);
    TRY(y ? zobo_service_provider_note_error(y, "a") : ZOBO_OK);
    zobo_service_list_free(all);
    zobo_service_list_free(one);
    zobo_service_cache_free(x);
    zobo_service_provider_free(y);
}

static void
test_register(void **state)
{
    (void)state;
    at_every_allocation("registering", registering, "/oom/services/web");
}

static void
test_follow(void **state)
{
    zobo_discovery *d;
    (void)state;
    assert_ok(zobo_discovery_new(look, "/oom/services", NULL, &d, NULL));
    assert_ok(zobo_discovery_register(d, &(zobo_service){.name = "still", .id = "a", .port = 1}, 0, NULL));
    assert_ok(zobo_discovery_register(d, &(zobo_service){.name = "still", .id = "b", .port = 2}, 0, NULL));
    at_every_allocation("following", following, "/oom/none");
    zobo_discovery_free(d);
}
#endif

static void
test_queue(void **state)
{
    (void)state;
    afterwards = after_queue;
    at_every_allocation("a queue", a_queue, "/oom/queue");
    at_every_allocation("a queue that is waited for", a_waiting_queue, "/oom/queue");
    afterwards = NULL;
}

static void
test_delay_queue(void **state)
{
    (void)state;
    afterwards = after_delay_queue;
    at_every_allocation("a delay queue", a_delay_queue, "/oom/delay");
    afterwards = NULL;
}

static void
test_locking_queue(void **state)
{
    (void)state;
    afterwards = after_locking_queue;
    stays = 1; /* `taken` */
    at_every_allocation("a locking queue", a_locking_queue, "/oom/locking");
    stays = 0;
    afterwards = NULL;
}

static void
test_barrier(void **state)
{
    (void)state;
    at_every_allocation("a barrier", a_barrier, "/oom/barrier");
}

static void
test_double_barrier(void **state)
{
    (void)state;
    stays = 1; /* `ready`, when one has not left */
    at_every_allocation("a double barrier", a_double_barrier, "/oom/double");
    stays = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue),    cmocka_unit_test(test_delay_queue),    cmocka_unit_test(test_locking_queue),
        cmocka_unit_test(test_barrier),  cmocka_unit_test(test_double_barrier),
#ifdef ZOBO_DISCOVERY_H
        cmocka_unit_test(test_register), cmocka_unit_test(test_follow),
#endif
    };
    if (getenv("ZT_FILTER"))
        cmocka_set_test_filter(getenv("ZT_FILTER"));
    return cmocka_run_group_tests(tests, up, down);
}
