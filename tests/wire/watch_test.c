/* SPDX-License-Identifier: Apache-2.0 */
/* Watchers: one-shot and persistent, through reconnects, in great numbers. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

enum { WATCHES = 15000, WATCH_PACKET = 128 * 1024 };

typedef struct packets {
    pthread_mutex_t lock;
    size_t n, largest;
} packets;

/* Notes the size of what sets watches again. */
static bool
measure(zt_conn *c, const zt_frame *f, void *arg)
{
    packets *p = arg;
    (void)c;
    if (f->op == ZB_OP_SET_WATCHES || f->op == ZB_OP_SET_WATCHES2) {
        pthread_mutex_lock(&p->lock);
        p->n++;
        p->largest = f->len + 8 > p->largest ? f->len + 8 : p->largest;
        pthread_mutex_unlock(&p->lock);
    }
    return false;
}

static void
long_path(char path[101], int i)
{
    snprintf(path, 101, "/%099d", i);
}

static void
test_E3_many_watches_come_back(void **state)
{
    (void)state;
    packets sizes = {PTHREAD_MUTEX_INITIALIZER, 0, 0};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = measure, .arg = &sizes});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 10000);
    zt_states states;
    zt_states_init(&states);
    assert_ok(zobo_add_listener(client, zt_states_listener, &states));
    zt_events events;
    zt_events_init(&events);
    zobo_watcher watcher = zt_events_watcher(&events);
    zt_calls calls;
    zt_calls_init(&calls, WATCHES);
    char path[101];
    for (int i = 0; i < WATCHES; i++) {
        zobo_how how = zt_calls_how(&calls);
        long_path(path, i);
        assert_ok(zobo_exists_async(client, path, &watcher, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, 2 * ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_ENONODE), WATCHES);
    zobo_counters counters = {.size = sizeof counters};
    zobo_get_counters(client, &counters);
    assert_int_equal(counters.watches, WATCHES);

    zt_peer_refuse(peer, true);
    zt_peer_cut(peer);
    assert_true(zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) == 0);
    for (int i = 0; i < WATCHES; i += 1500) { /* ten of them come to be meanwhile */
        long_path(path, i);
        zt_peer_change(peer, path, "");
    }
    zt_peer_refuse(peer, false);
    assert_true(zt_states_wait(&states, 1, ZOBO_CONNECTED, 2 * ZT_SOON_MS) == 1);
    assert_true(zt_events_wait(&events, 10, ZT_SOON_MS));
    assert_ok(zobo_sync(client, "/"));
    assert_int_equal(zt_events_n(&events), 10);
    assert_int_equal(zt_events_count(&events, ZOBO_EVENT_CREATED), 10);
    assert_true(sizes.n >= (size_t)WATCHES * 100 / WATCH_PACKET);
    assert_true(sizes.largest <= WATCH_PACKET + 256);
    long_path(path, 7777); /* and the others are set */
    zt_peer_change(peer, path, "");
    assert_true(zt_events_wait(&events, 11, ZT_SOON_MS));
    assert_string_equal(zt_events_at(&events, 10).path, path);
    assert_int_equal(zt_peer_sessions_up(peer), 2);
    assert_int_equal(zt_states_n(&states), 2);
    zobo_get_counters(client, &counters);
    assert_int_equal(counters.watches, WATCHES - 11);

    zobo_close(client); /* the rest are told that it is over */
    assert_int_equal(zt_events_n(&events), WATCHES);
    zt_calls_destroy(&calls);
    zt_events_destroy(&events);
    zt_states_destroy(&states);
    zt_peer_stop(peer);
}

typedef struct fixture {
    zt_peer *peer;
    zobo_client *client;
    zt_events a, b, c;
    zt_states states;
} fixture;

static int
setup(void **state)
{
    static fixture f;
    f.peer = zt_peer_start(NULL);
    f.client = zt_client(zt_peer_hosts(f.peer), 4000);
    zt_events_init(&f.a);
    zt_events_init(&f.b);
    zt_events_init(&f.c);
    zt_states_init(&f.states);
    assert_ok(zobo_add_listener(f.client, zt_states_listener, &f.states));
    zt_put(f.client, "/n", "0");
    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    fixture *f = *state;
    zobo_close(f->client);
    zt_events_destroy(&f->a);
    zt_events_destroy(&f->b);
    zt_events_destroy(&f->c);
    zt_states_destroy(&f->states);
    zt_peer_stop(f->peer);
    return 0;
}

static void
keep_away(fixture *f)
{
    size_t from = zt_states_n(&f->states);
    zt_peer_refuse(f->peer, true);
    zt_peer_cut(f->peer);
    assert_true(zt_states_wait(&f->states, from, ZOBO_SUSPENDED, ZT_SOON_MS) >= 0);
}

static void
let_back(fixture *f)
{
    size_t from = zt_states_n(&f->states);
    zt_peer_refuse(f->peer, false);
    assert_true(zt_states_wait(&f->states, from, ZOBO_CONNECTED, ZT_SOON_MS) >= 0);
    assert_ok(zobo_sync(f->client, "/"));
}

static void
assert_event(zt_events *e, size_t i, zobo_event_type type, const char *path, bool last)
{
    assert_true(zt_events_wait(e, i + 1, ZT_SOON_MS));
    zt_event got = zt_events_at(e, i);
    if (got.type != type || strcmp(got.path, path) != 0 || got.last != last)
        fail_msg("event %zu is %s on %s%s, not %s on %s%s", i, zobo_event_name(got.type), got.path,
                 got.last ? ", the last" : "", zobo_event_name(type), path, last ? ", the last" : "");
}

static void
test_one_shot(void **state)
{
    fixture *f = *state;
    zobo_watcher a = zt_events_watcher(&f->a), b = zt_events_watcher(&f->b), c = zt_events_watcher(&f->c);
    assert_ok(zobo_get(f->client, "/n", &a, NULL));
    assert_ok(zobo_get(f->client, "/n", &a, NULL)); /* the same watcher twice is one */
    assert_ok(zobo_exists(f->client, "/n", &b, NULL));
    assert_ok(zobo_get_children(f->client, "/n", &c, NULL));
    assert_ok(zobo_set(f->client, "/n", "1", 1, -1, NULL));
    assert_event(&f->a, 0, ZOBO_EVENT_CHANGED, "/n", true);
    assert_event(&f->b, 0, ZOBO_EVENT_CHANGED, "/n", true);
    assert_ok(zobo_create(f->client, "/n/x", "", 0, NULL, NULL));
    assert_event(&f->c, 0, ZOBO_EVENT_CHILD, "/n", true);
    assert_ok(zobo_set(f->client, "/n", "2", 1, -1, NULL));
    assert_ok(zobo_delete(f->client, "/n/x", -1));
    assert_ok(zobo_sync(f->client, "/"));
    assert_int_equal(zt_events_n(&f->a), 1);
    assert_int_equal(zt_events_n(&f->b), 1);
    assert_int_equal(zt_events_n(&f->c), 1);
    /* get on a missing node sets nothing, exists does */
    assert_err(zobo_get(f->client, "/m", &a, NULL), ZOBO_ENONODE);
    assert_err(zobo_exists(f->client, "/m", &b, NULL), ZOBO_ENONODE);
    assert_ok(zobo_create(f->client, "/m", "", 0, NULL, NULL));
    assert_event(&f->b, 1, ZOBO_EVENT_CREATED, "/m", true);
    assert_ok(zobo_sync(f->client, "/"));
    assert_int_equal(zt_events_n(&f->a), 1);
    /* one deletion is one event for a watcher of data and one of children */
    assert_ok(zobo_get(f->client, "/m", &a, NULL));
    assert_ok(zobo_get_children(f->client, "/m", &c, NULL));
    assert_ok(zobo_delete(f->client, "/m", -1));
    assert_event(&f->a, 1, ZOBO_EVENT_DELETED, "/m", true);
    assert_event(&f->c, 1, ZOBO_EVENT_DELETED, "/m", true);
    assert_int_equal(zt_events_at(&f->a, 1).state, ZOBO_CONNECTED);
}

static void
test_watches_live_through_reconnects(void **state)
{
    fixture *f = *state;
    zobo_watcher a = zt_events_watcher(&f->a), b = zt_events_watcher(&f->b), c = zt_events_watcher(&f->c);
    assert_ok(zobo_get(f->client, "/n", &a, NULL));
    assert_err(zobo_exists(f->client, "/m", &b, NULL), ZOBO_ENONODE);
    assert_ok(zobo_get_children(f->client, "/n", &c, NULL));
    keep_away(f);
    zt_peer_change(f->peer, "/n", "while away");
    let_back(f);
    assert_event(&f->a, 0, ZOBO_EVENT_CHANGED, "/n", true);
    assert_int_equal(zt_events_n(&f->b), 0); /* nothing happened there: not even SUSPENDED is told */
    assert_int_equal(zt_events_n(&f->c), 0);
    keep_away(f);
    let_back(f);
    zt_peer_change(f->peer, "/m", "");
    zt_peer_change(f->peer, "/n/child", "");
    assert_event(&f->b, 0, ZOBO_EVENT_CREATED, "/m", true);
    assert_event(&f->c, 0, ZOBO_EVENT_CHILD, "/n", true);
}

static void
test_watches_end_with_the_session(void **state)
{
    fixture *f = *state;
    zobo_watcher a = zt_events_watcher(&f->a), b = zt_events_watcher(&f->b);
    assert_ok(zobo_get(f->client, "/n", &a, NULL));
    assert_ok(zobo_add_watch(f->client, "/n", ZOBO_PERSISTENT, &b));
    keep_away(f);
    zt_peer_expire(f->peer);
    zt_peer_refuse(f->peer, false);
    assert_true(zt_states_wait(&f->states, 0, ZOBO_LOST, ZT_SOON_MS) >= 0);
    assert_event(&f->a, 0, ZOBO_EVENT_NONE, "/n", true);
    assert_int_equal(zt_events_at(&f->a, 0).state, ZOBO_LOST);
    /* the persistent one is told of each state, and is set again in the new session */
    assert_true(zt_events_wait(&f->b, 3, ZT_SOON_MS));
    const zobo_state states[] = {ZOBO_SUSPENDED, ZOBO_LOST, ZOBO_CONNECTED};
    for (size_t i = 0; i < 3; i++) {
        assert_event(&f->b, i, ZOBO_EVENT_NONE, "/n", false);
        assert_int_equal(zt_events_at(&f->b, i).state, states[i]);
    }
    assert_ok(zobo_sync(f->client, "/"));
    zt_peer_change(f->peer, "/n", "new");
    assert_event(&f->b, 3, ZOBO_EVENT_CHANGED, "/n", false);
    assert_int_equal(zt_events_n(&f->a), 1);
}

static void
test_persistent(void **state)
{
    fixture *f = *state;
    zobo_watcher a = zt_events_watcher(&f->a), b = zt_events_watcher(&f->b);
    assert_ok(zobo_add_watch(f->client, "/n", ZOBO_PERSISTENT, &a));
    assert_ok(zobo_add_watch(f->client, "/", ZOBO_PERSISTENT_RECURSIVE, &b));
    zt_peer_change(f->peer, "/n", "1");
    zt_peer_change(f->peer, "/n/x", "");
    zt_peer_change(f->peer, "/n/x", NULL);
    zt_peer_change(f->peer, "/n", NULL);
    zt_peer_change(f->peer, "/n", "again");
    assert_event(&f->a, 0, ZOBO_EVENT_CHANGED, "/n", false);
    assert_event(&f->a, 1, ZOBO_EVENT_CHILD, "/n", false);
    assert_event(&f->a, 2, ZOBO_EVENT_CHILD, "/n", false);
    assert_event(&f->a, 3, ZOBO_EVENT_DELETED, "/n", false);
    assert_event(&f->a, 4, ZOBO_EVENT_CREATED, "/n", false);
    assert_event(&f->b, 0, ZOBO_EVENT_CHANGED, "/n", false);
    assert_event(&f->b, 1, ZOBO_EVENT_CREATED, "/n/x", false);
    assert_event(&f->b, 2, ZOBO_EVENT_DELETED, "/n/x", false);
    assert_event(&f->b, 3, ZOBO_EVENT_DELETED, "/n", false);
    assert_event(&f->b, 4, ZOBO_EVENT_CREATED, "/n", false);
    keep_away(f);
    let_back(f);
    assert_event(&f->a, 5, ZOBO_EVENT_NONE, "/n", false);
    assert_event(&f->a, 6, ZOBO_EVENT_NONE, "/n", false);
    zt_peer_change(f->peer, "/n", "2");
    assert_event(&f->a, 7, ZOBO_EVENT_CHANGED, "/n", false);
    assert_event(&f->b, 7, ZOBO_EVENT_CHANGED, "/n", false);
    assert_ok(zobo_stop(f->client));
    ZT_WAIT(zt_events_at(&f->a, zt_events_n(&f->a) - 1).last);
    ZT_WAIT(zt_events_at(&f->b, zt_events_n(&f->b) - 1).last);
}

static void
test_P8_remove_watches(void **state)
{
    fixture *f = *state;
    zobo_watcher a = zt_events_watcher(&f->a), b = zt_events_watcher(&f->b), c = zt_events_watcher(&f->c);
    assert_err(zobo_remove_watches(f->client, "/n", ZOBO_WATCH_ANY, NULL), ZOBO_ENOWATCHER);
    assert_ok(zobo_get(f->client, "/n", &a, NULL));
    assert_ok(zobo_get(f->client, "/n", &b, NULL));
    assert_ok(zobo_get_children(f->client, "/n", &c, NULL));
    assert_ok(zobo_check_watches(f->client, "/n", ZOBO_WATCH_DATA));
    assert_ok(zobo_check_watches(f->client, "/n", ZOBO_WATCH_CHILDREN));
    assert_err(zobo_check_watches(f->client, "/zookeeper", ZOBO_WATCH_ANY), ZOBO_ENOWATCHER);
    assert_ok(zobo_remove_watches(f->client, "/n", ZOBO_WATCH_DATA, &a));
    assert_event(&f->a, 0, ZOBO_EVENT_DATA_WATCH_REMOVED, "/n", true);
    assert_int_equal(zt_peer_count(f->peer, ZB_OP_REMOVE_WATCHES), 0); /* b still needs it */
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_remove_watches_async(f->client, "/n", ZOBO_WATCH_DATA, &b, &how, NULL));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_ok(calls.items[0].err);
    assert_event(&f->b, 0, ZOBO_EVENT_DATA_WATCH_REMOVED, "/n", true);
    assert_int_equal(zt_peer_count(f->peer, ZB_OP_REMOVE_WATCHES), 1);
    assert_err(zobo_check_watches(f->client, "/n", ZOBO_WATCH_DATA), ZOBO_ENOWATCHER);
    assert_err(zobo_remove_watches(f->client, "/n", ZOBO_WATCH_DATA, &a), ZOBO_ENOWATCHER);
    assert_ok(zobo_remove_watches(f->client, "/n", ZOBO_WATCH_ANY, NULL));
    assert_event(&f->c, 0, ZOBO_EVENT_CHILD_WATCH_REMOVED, "/n", true);
    zt_calls_destroy(&calls);
    assert_ok(zobo_add_watch(f->client, "/n", ZOBO_PERSISTENT, &a));
    assert_ok(zobo_remove_watches(f->client, "/n", ZOBO_WATCH_ANY, &a));
    assert_event(&f->a, 1, ZOBO_EVENT_PERSISTENT_WATCH_REMOVED, "/n", true);
    zt_peer_change(f->peer, "/n", "unseen");
    assert_ok(zobo_sync(f->client, "/"));
    assert_int_equal(zt_events_n(&f->a), 2);
    assert_int_equal(zt_events_n(&f->b), 1);
}

/* The server has one watch for both, and would take the one that the get is about to set. */
static void
test_P8_remove_while_another_is_being_set(void **state)
{
    fixture *f = *state;
    zobo_watcher a = zt_events_watcher(&f->a), b = zt_events_watcher(&f->b);
    assert_ok(zobo_get(f->client, "/n", &a, NULL));
    assert_ok(zobo_get_async(f->client, "/n", &b, NULL, NULL));
    assert_ok(zobo_remove_watches(f->client, "/n", ZOBO_WATCH_DATA, &a));
    assert_ok(zobo_check_watches(f->client, "/n", ZOBO_WATCH_DATA));
    zt_peer_change(f->peer, "/n", "1");
    assert_event(&f->b, 0, ZOBO_EVENT_CHANGED, "/n", true);
}

static void
test_P8_remove_watches_without_a_connection(void **state)
{
    fixture *f = *state;
    zobo_watcher a = zt_events_watcher(&f->a);
    assert_ok(zobo_get(f->client, "/n", &a, NULL));
    keep_away(f);
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    how.timeout_ms = 100;
    assert_ok(zobo_remove_watches_async(f->client, "/n", ZOBO_WATCH_ANY, &a, &how, NULL));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_event(&f->a, 0, ZOBO_EVENT_DATA_WATCH_REMOVED, "/n", true); /* here it is gone in any case */
    zt_peer_change(f->peer, "/n", "unseen");
    let_back(f);
    assert_int_equal(zt_events_n(&f->a), 1);
    zt_calls_destroy(&calls);
}

static void
test_inline_watcher(void **state)
{
    fixture *f = *state;
    zobo_watcher a = zt_events_watcher_inline(&f->a);
    assert_ok(zobo_get(f->client, "/n", &a, NULL));
    assert_ok(zobo_set(f->client, "/n", "1", 1, -1, NULL));
    /* The event comes before the reply of the set, and inline means: it has been told by now. */
    assert_event(&f->a, 0, ZOBO_EVENT_CHANGED, "/n", true);
}

static void
hold_callbacks(void *arg, zobo_err err, const zobo_reply *reply)
{
    zt_latch *latches = arg;
    (void)err, (void)reply;
    zt_latch_hit(&latches[0]);
    (void)zt_latch_wait(&latches[1], 1, ZT_SOON_MS);
}

static void
test_inline_watcher_is_inline_to_the_last(void **state)
{
    fixture *f = *state;
    zt_latch latches[2];
    zobo_watcher a = zt_events_watcher_inline(&f->a);
    zt_latch_init(&latches[0]);
    zt_latch_init(&latches[1]);
    assert_ok(zobo_add_watch(f->client, "/n", ZOBO_PERSISTENT, &a));
    zobo_how how = {.done = hold_callbacks, .arg = latches};
    assert_ok(zobo_get_async(f->client, "/", NULL, &how, NULL));
    assert_true(zt_latch_wait(&latches[0], 1, ZT_SOON_MS));
    /* The callback thread is busy until the latch is hit: an inline watcher does not wait for it. */
    assert_ok(zobo_remove_watches(f->client, "/n", ZOBO_WATCH_ANY, &a));
    assert_event(&f->a, 0, ZOBO_EVENT_PERSISTENT_WATCH_REMOVED, "/n", true);
    zt_latch_hit(&latches[1]);
    zt_calls calls; /* callbacks come in order: after this one the other has returned */
    zt_calls_init(&calls, 1);
    how = zt_calls_how(&calls);
    assert_ok(zobo_get_async(f->client, "/", NULL, &how, NULL));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    zt_calls_destroy(&calls);
    zt_latch_destroy(&latches[0]);
    zt_latch_destroy(&latches[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_E3_many_watches_come_back),
        cmocka_unit_test_setup_teardown(test_one_shot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watches_live_through_reconnects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watches_end_with_the_session, setup, teardown),
        cmocka_unit_test_setup_teardown(test_persistent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_P8_remove_watches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_P8_remove_while_another_is_being_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_P8_remove_watches_without_a_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inline_watcher, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inline_watcher_is_inline_to_the_last, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
