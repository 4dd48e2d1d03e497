/* SPDX-License-Identifier: Apache-2.0 */
/* Watchers of all kinds on a real server, through reconnects made by a relay. */
#include "support/one_server.h"

#include <string.h>

#include "support/record.h"
#include "support/relay.h"

static zt_relay *relay;
static zobo_client *far; /* a client behind the relay, which watches what zc does */
static zt_states states;
static zt_events a, b, c;

static int
setup(void **state)
{
    new_home(state);
    relay = zt_relay_start(zt_zk_port(&zk, 1));
    far = zt_client(zt_relay_hosts(relay), 8000);
    zt_states_init(&states);
    zt_events_init(&a);
    zt_events_init(&b);
    zt_events_init(&c);
    assert_ok(zobo_add_listener(far, zt_states_listener, &states));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    zobo_close(far);
    zt_relay_stop(relay);
    zt_states_destroy(&states);
    zt_events_destroy(&a);
    zt_events_destroy(&b);
    zt_events_destroy(&c);
    return 0;
}

static void
keep_away(void)
{
    size_t from = zt_states_n(&states);
    zt_relay_refuse(relay, true);
    zt_relay_cut(relay);
    assert_true(zt_states_wait(&states, from, ZOBO_SUSPENDED, ZT_SOON_MS) >= 0);
}

static void
let_back(void)
{
    size_t from = zt_states_n(&states);
    zt_relay_refuse(relay, false);
    assert_true(zt_states_wait(&states, from, ZOBO_CONNECTED, ZT_SOON_MS) >= 0);
    assert_ok(zobo_sync(far, "/"));
}

static void
expect_event(zt_events *e, size_t i, zobo_event_type type, const char *path)
{
    assert_true(zt_events_wait(e, i + 1, ZT_SOON_MS));
    zt_event got = zt_events_at(e, i);
    if (got.type != type || strcmp(got.path, path) != 0)
        fail_msg("event %zu is %s on %s, not %s on %s", i, zobo_event_name(got.type), got.path, zobo_event_name(type),
                 path);
}

static void
test_one_shot(void **state)
{
    (void)state;
    zobo_watcher wa = zt_events_watcher(&a), wb = zt_events_watcher(&b), wc = zt_events_watcher(&c);
    zt_put(zc, in_home("/n"), "1");
    assert_ok(zobo_get(far, in_home("/n"), &wa, NULL));
    assert_err(zobo_exists(far, in_home("/m"), &wb, NULL), ZOBO_ENONODE);
    assert_ok(zobo_get_children(far, home, &wc, NULL));
    zt_put(zc, in_home("/n"), "2");
    expect_event(&a, 0, ZOBO_EVENT_CHANGED, in_home("/n"));
    assert_true(zt_events_at(&a, 0).last);
    zt_put(zc, in_home("/m"), "1");
    expect_event(&b, 0, ZOBO_EVENT_CREATED, in_home("/m"));
    expect_event(&c, 0, ZOBO_EVENT_CHILD, home);
    assert_ok(zobo_exists(far, in_home("/m"), &wb, NULL));
    assert_ok(zobo_delete(zc, in_home("/m"), -1));
    expect_event(&b, 1, ZOBO_EVENT_DELETED, in_home("/m"));
    zt_put(zc, in_home("/n"), "3");
    assert_ok(zobo_sync(far, "/"));
    assert_int_equal(zt_events_n(&a), 1);
    assert_int_equal(zt_events_n(&c), 1);
}

static void
test_restored_and_what_happened_meanwhile(void **state)
{
    (void)state;
    zobo_watcher wa = zt_events_watcher(&a), wb = zt_events_watcher(&b), wc = zt_events_watcher(&c);
    zt_put(zc, in_home("/data"), "");
    zt_put(zc, in_home("/gone"), "");
    zt_put(zc, in_home("/parent"), "");
    zt_put(zc, in_home("/quiet"), "");
    assert_ok(zobo_get(far, in_home("/data"), &wa, NULL));
    assert_ok(zobo_get(far, in_home("/gone"), &wa, NULL));
    assert_err(zobo_exists(far, in_home("/new"), &wa, NULL), ZOBO_ENONODE);
    assert_ok(zobo_get_children(far, in_home("/parent"), &wa, NULL));
    assert_ok(zobo_get(far, in_home("/quiet"), &wb, NULL));
    assert_err(zobo_exists(far, in_home("/never"), &wb, NULL), ZOBO_ENONODE);
    assert_ok(zobo_get_children(far, in_home("/quiet"), &wc, NULL));
    keep_away();
    zt_put(zc, in_home("/data"), "changed");
    assert_ok(zobo_delete(zc, in_home("/gone"), -1));
    zt_put(zc, in_home("/new"), "");
    zt_put(zc, in_home("/parent/child"), "");
    let_back();
    assert_true(zt_events_wait(&a, 4, ZT_SOON_MS));
    assert_int_equal(zt_events_n(&a), 4);
    assert_int_equal(zt_events_count(&a, ZOBO_EVENT_CHANGED), 1);
    assert_int_equal(zt_events_count(&a, ZOBO_EVENT_DELETED), 1);
    assert_int_equal(zt_events_count(&a, ZOBO_EVENT_CREATED), 1);
    assert_int_equal(zt_events_count(&a, ZOBO_EVENT_CHILD), 1);
    assert_int_equal(zt_events_n(&b), 0);
    assert_int_equal(zt_events_n(&c), 0);
    zt_put(zc, in_home("/quiet"), "now");
    expect_event(&b, 0, ZOBO_EVENT_CHANGED, in_home("/quiet"));
    zt_put(zc, in_home("/never"), "");
    expect_event(&b, 1, ZOBO_EVENT_CREATED, in_home("/never"));
    zt_put(zc, in_home("/quiet/x"), "");
    expect_event(&c, 0, ZOBO_EVENT_CHILD, in_home("/quiet"));
    char text[128];
    assert_string_equal(zt_states_text(&states, text, sizeof text), "SUSPENDED CONNECTED");
}

static void
test_persistent(void **state)
{
    (void)state;
    zobo_watcher wa = zt_events_watcher(&a), wb = zt_events_watcher(&b);
    assert_ok(zobo_add_watch(far, in_home("/p"), ZOBO_PERSISTENT, &wa)); /* it need not exist */
    assert_ok(zobo_add_watch(far, home, ZOBO_PERSISTENT_RECURSIVE, &wb));
    zt_put(zc, in_home("/p"), "1");
    zt_put(zc, in_home("/p"), "2");
    zt_put(zc, in_home("/p/c"), "");
    zt_put(zc, in_home("/p/c/d"), "");
    assert_ok(zobo_delete_recursive(zc, in_home("/p"), NULL));
    expect_event(&a, 0, ZOBO_EVENT_CREATED, in_home("/p"));
    expect_event(&a, 1, ZOBO_EVENT_CHANGED, in_home("/p"));
    expect_event(&a, 2, ZOBO_EVENT_CHILD, in_home("/p"));
    expect_event(&a, 3, ZOBO_EVENT_CHILD, in_home("/p"));
    expect_event(&a, 4, ZOBO_EVENT_DELETED, in_home("/p"));
    const char *const paths[] = {"/p", "/p", "/p/c", "/p/c/d", "/p/c/d", "/p/c", "/p"};
    const zobo_event_type types[] = {ZOBO_EVENT_CREATED, ZOBO_EVENT_CHANGED, ZOBO_EVENT_CREATED, ZOBO_EVENT_CREATED,
                                     ZOBO_EVENT_DELETED, ZOBO_EVENT_DELETED, ZOBO_EVENT_DELETED};
    for (size_t i = 0; i < 7; i++)
        expect_event(&b, i, types[i], in_home(paths[i]));
    keep_away();
    zt_put(zc, in_home("/p"), "unseen"); /* what is missed is not told: that is what the NONE events are for */
    let_back();
    expect_event(&b, 7, ZOBO_EVENT_NONE, home);
    expect_event(&b, 8, ZOBO_EVENT_NONE, home);
    zt_put(zc, in_home("/p"), "seen");
    expect_event(&a, 7, ZOBO_EVENT_CHANGED, in_home("/p"));
    expect_event(&b, 9, ZOBO_EVENT_CHANGED, in_home("/p"));
}

static void
test_remove_and_check(void **state)
{
    (void)state;
    zobo_watcher wa = zt_events_watcher(&a), wb = zt_events_watcher(&b);
    zt_put(zc, in_home("/n"), "");
    assert_err(zobo_check_watches(far, in_home("/n"), ZOBO_WATCH_ANY), ZOBO_ENOWATCHER);
    assert_ok(zobo_get(far, in_home("/n"), &wa, NULL));
    assert_ok(zobo_get(far, in_home("/n"), &wb, NULL));
    assert_ok(zobo_check_watches(far, in_home("/n"), ZOBO_WATCH_DATA));
    assert_err(zobo_check_watches(far, in_home("/n"), ZOBO_WATCH_CHILDREN), ZOBO_ENOWATCHER);
    assert_ok(zobo_remove_watches(far, in_home("/n"), ZOBO_WATCH_DATA, &wa));
    expect_event(&a, 0, ZOBO_EVENT_DATA_WATCH_REMOVED, in_home("/n"));
    assert_ok(zobo_check_watches(far, in_home("/n"), ZOBO_WATCH_DATA)); /* b is still there */
    zt_put(zc, in_home("/n"), "x");
    expect_event(&b, 0, ZOBO_EVENT_CHANGED, in_home("/n"));
    assert_err(zobo_remove_watches(far, in_home("/n"), ZOBO_WATCH_ANY, NULL), ZOBO_ENOWATCHER);

    assert_ok(zobo_add_watch(far, in_home("/n"), ZOBO_PERSISTENT, &wa));
    assert_ok(zobo_add_watch(far, in_home("/n"), ZOBO_PERSISTENT_RECURSIVE, &wb));
    assert_ok(zobo_get_children(far, in_home("/n"), &wa, NULL));
    assert_ok(zobo_remove_watches(far, in_home("/n"), ZOBO_WATCH_PERSISTENT, NULL)); /* 3.8 does not know this kind */
    expect_event(&a, 1, ZOBO_EVENT_PERSISTENT_WATCH_REMOVED, in_home("/n"));
    zt_put(zc, in_home("/n"), "y");
    expect_event(&b, 1, ZOBO_EVENT_CHANGED, in_home("/n"));
    zt_put(zc, in_home("/n/c"), "");
    expect_event(&a, 2, ZOBO_EVENT_CHILD, in_home("/n"));
    expect_event(&b, 2, ZOBO_EVENT_CREATED, in_home("/n/c"));
    assert_ok(zobo_remove_watches(far, in_home("/n"), ZOBO_WATCH_ANY, NULL));
    expect_event(&b, 3, ZOBO_EVENT_PERSISTENT_WATCH_REMOVED, in_home("/n"));
    assert_err(zobo_check_watches(far, in_home("/n"), ZOBO_WATCH_ANY), ZOBO_ENOWATCHER);
    zt_put(zc, in_home("/n"), "z");
    assert_ok(zobo_sync(far, "/"));
    assert_int_equal(zt_events_n(&a), 3);
    assert_int_equal(zt_events_n(&b), 4);
}

static void
test_under_a_chroot(void **state)
{
    (void)state;
    zobo_client *under = zt_client(hosts_under(""), 10000);
    zobo_watcher wa = zt_events_watcher(&a), wb = zt_events_watcher(&b);
    assert_ok(zobo_get_children(under, "/", &wa, NULL));
    assert_ok(zobo_add_watch(under, "/x", ZOBO_PERSISTENT_RECURSIVE, &wb));
    zt_put(zc, in_home("/x"), "");
    zt_put(zc, in_home("/x/y"), "");
    expect_event(&a, 0, ZOBO_EVENT_CHILD, "/");
    expect_event(&b, 0, ZOBO_EVENT_CREATED, "/x");
    expect_event(&b, 1, ZOBO_EVENT_CREATED, "/x/y");
    zobo_close(under);
    assert_true(zt_events_at(&b, zt_events_n(&b) - 1).last);
}

static void
test_E3_more_watches_than_a_packet_holds(void **state)
{
    (void)state;
    enum { N = 12000 };
    zt_calls calls;
    zt_calls_init(&calls, N);
    zobo_watcher wa = zt_events_watcher(&a);
    char path[160];
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "%s/%0100d", home, i);
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_exists_async(far, path, &wa, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, 2 * ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_ENONODE), N);
    keep_away();
    snprintf(path, sizeof path, "%s/%0100d", home, 6000);
    zt_put(zc, path, "");
    let_back();
    expect_event(&a, 0, ZOBO_EVENT_CREATED, path);
    snprintf(path, sizeof path, "%s/%0100d", home, N - 1);
    zt_put(zc, path, "");
    expect_event(&a, 1, ZOBO_EVENT_CREATED, path);
    char text[128];
    assert_string_equal(zt_states_text(&states, text, sizeof text), "SUSPENDED CONNECTED");
    zt_calls_destroy(&calls);
}

static void
test_config_watch(void **state)
{
    (void)state;
    zobo_watcher wa = zt_events_watcher(&a);
    assert_ok(zobo_get_config(far, &wa, NULL));
    assert_ok(zobo_check_watches(far, "/zookeeper/config", ZOBO_WATCH_DATA));
    keep_away();
    let_back();
    assert_ok(zobo_check_watches(far, "/zookeeper/config", ZOBO_WATCH_DATA));
    assert_int_equal(zt_events_n(&a), 0);
}

#define watch_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        watch_test(test_one_shot),       watch_test(test_restored_and_what_happened_meanwhile),
        watch_test(test_persistent),     watch_test(test_remove_and_check),
        watch_test(test_under_a_chroot), watch_test(test_E3_more_watches_than_a_packet_holds),
        watch_test(test_config_watch),
    };
    return run_on_one_server(tests);
}
