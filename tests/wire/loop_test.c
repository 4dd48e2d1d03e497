/* SPDX-License-Identifier: Apache-2.0 */
/* Event-loop mode: no threads, one descriptor, and a program's own poll(). */
#include "support/test.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

static zobo_client *
make(zt_peer *peer, uint32_t timeout_ms)
{
    zobo_options options = zt_options(zt_peer_hosts(peer), timeout_ms);
    options.event_loop = true;
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    return client;
}

/* Runs the loop until `cond` holds. Processes only when the descriptor says so. */
#define LOOP_UNTIL(client, cond)                                                                                       \
    do {                                                                                                               \
        uint64_t end_ = zt_now_ms() + ZT_SOON_MS;                                                                      \
        while (!(cond)) {                                                                                              \
            struct pollfd p_ = {zobo_fd(client), POLLIN, 0};                                                           \
            if (zt_now_ms() > end_)                                                                                    \
                fail_msg("%s:%d: the loop goes on without: %s", __FILE__, __LINE__, #cond);                            \
            if (poll(&p_, 1, 100) > 0)                                                                                 \
                assert_ok(zobo_process(client));                                                                       \
        }                                                                                                              \
    } while (0)

static size_t
count_threads(void)
{
    size_t n = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *e; (e = readdir(tasks));)
        n += e->d_name[0] != '.';
    closedir(tasks);
    return n;
}

static void
test_P29_no_threads_and_everything_works(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    size_t threads = count_threads();
    zobo_client *client = make(peer, 4000);
    int fd = zobo_fd(client);
    assert_true(fd >= 0);
    zt_states states;
    zt_states_init(&states);
    assert_ok(zobo_add_listener(client, zt_states_listener, &states));
    assert_ok(zobo_start_async(client));
    LOOP_UNTIL(client, zobo_connected(client));
    assert_int_equal(count_threads(), threads + 1); /* the peer's, for the connection */
    zt_events events;
    zt_events_init(&events);
    zobo_watcher watcher = zt_events_watcher(&events);
    zt_calls calls;
    zt_calls_init(&calls, 103);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_create_async(client, "/a", "1", 1, NULL, &how, NULL));
    how = zt_calls_how(&calls);
    assert_ok(zobo_get_async(client, "/a", &watcher, &how, NULL));
    how = zt_calls_how_inline(&calls);
    assert_ok(zobo_set_async(client, "/a", "2", 1, -1, &how, NULL));
    for (int i = 0; i < 100; i++) {
        how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(client, "/a", NULL, &how, NULL));
    }
    LOOP_UNTIL(client, zt_calls_completed(&calls) == 103 && zt_events_n(&events) == 1);
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 103);
    assert_true(pthread_equal(calls.items[1].thread, pthread_self()));
    assert_int_equal(zt_events_at(&events, 0).type, ZOBO_EVENT_CHANGED);
    zt_peer_cut(peer);
    LOOP_UNTIL(client, zt_peer_sessions_up(peer) == 2 && zobo_connected(client));
    assert_int_equal(zobo_fd(client), fd); /* for life */
    LOOP_UNTIL(client, zt_states_n(&states) == 3);
    char text[64];
    assert_string_equal(zt_states_text(&states, text, sizeof text), "CONNECTED SUSPENDED CONNECTED");
    zobo_close(client);
    assert_int_equal(zt_peer_count(peer, ZB_OP_CLOSE_SESSION), 1);
    zt_calls_destroy(&calls);
    zt_events_destroy(&events);
    zt_states_destroy(&states);
    zt_peer_stop(peer);
}

static void
test_idle_means_idle(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = make(peer, 3000);
    assert_ok(zobo_start(client, 0, NULL)); /* blocks and does the work itself */
    assert_int_equal(zobo_get_state(client), ZOBO_CONNECTED);
    int ready = 0;
    uint64_t from = zt_now_ms();
    while (zt_peer_count(peer, ZB_OP_PING) < 2) { /* heartbeats come by the descriptor alone */
        struct pollfd p = {zobo_fd(client), POLLIN, 0};
        if (poll(&p, 1, 500) > 0) {
            ready++;
            assert_ok(zobo_process(client));
        }
        assert_true(zt_now_ms() - from < ZT_SOON_MS);
    }
    assert_true(ready < 20);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_blocking_verbs_drive_themselves(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = make(peer, 4000);
    assert_ok(zobo_start(client, 0, NULL));
    assert_ok(zobo_create(client, "/a", "x", 1, NULL, NULL));
    zobo_reply *reply;
    assert_ok(zobo_get(client, "/a", NULL, &reply));
    assert_string_equal(reply->data, "x");
    zobo_reply_free(reply);
    assert_ok(zobo_ensure_path(client, "/p/q/r", NULL));
    assert_ok(zobo_delete_recursive(client, "/p", NULL));
    assert_ok(zobo_command(client, "ruok", &reply));
    assert_string_equal(reply->data, "imok");
    zobo_reply_free(reply);
    assert_ok(zobo_stop(client));
    assert_ok(zobo_start(client, 0, NULL));
    assert_ok(zobo_sync(client, "/"));
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
process_inside(void *arg, zobo_err err, const zobo_reply *reply)
{
    void **p = arg;
    (void)err, (void)reply;
    *(zobo_err *)p[1] = zobo_process(p[0]);
}

static void
test_process_errors(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = make(peer, 4000);
    assert_ok(zobo_process(client)); /* not started: nothing to do */
    assert_ok(zobo_start(client, 0, NULL));
    zobo_err inside = ZOBO_OK;
    void *args[2] = {client, &inside};
    zobo_how how = {.done = process_inside, .arg = args};
    assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    LOOP_UNTIL(client, inside != ZOBO_OK);
    assert_err(inside, ZOBO_EALREADY);
    zobo_close(client);
    client = zt_client(zt_peer_hosts(peer), 4000);
    assert_int_equal(zobo_fd(client), -1);
    assert_err(zobo_process(client), ZOBO_EINVAL);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_full_never_waits(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    options.event_loop = true;
    options.max_in_flight = 5;
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    assert_ok(zobo_start(client, 0, NULL));
    zt_calls calls;
    zt_calls_init(&calls, 6);
    for (int i = 0; i < 5; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    }
    assert_err(zobo_get_async(client, "/", NULL, NULL, NULL), ZOBO_EQUEUEFULL);
    LOOP_UNTIL(client, zt_calls_completed(&calls) == 5);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    LOOP_UNTIL(client, zt_calls_completed(&calls) == 6);
    zobo_close(client);
    zt_calls_destroy(&calls);
    zt_peer_stop(peer);
}

typedef struct other_thread {
    zobo_client *client;
    zt_calls *calls;
} other_thread;

static void *
submit_from_outside(void *arg)
{
    other_thread *o = arg;
    for (int i = 0; i < 200; i++) {
        zobo_how how = zt_calls_how(o->calls);
        if (zobo_get_async(o->client, "/", NULL, &how, NULL))
            return o; /* failed */
    }
    return NULL;
}

static void
test_other_threads_submit(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = make(peer, 4000);
    assert_ok(zobo_start(client, 0, NULL));
    zt_calls calls;
    zt_calls_init(&calls, 200);
    other_thread o = {client, &calls};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, submit_from_outside, &o), 0);
    LOOP_UNTIL(client, zt_calls_completed(&calls) == 200);
    void *problem;
    pthread_join(thread, &problem);
    assert_null(problem);
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 200);
    zobo_close(client);
    zt_calls_destroy(&calls);
    zt_peer_stop(peer);
}

static void
close_inside(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_client **c = arg;
    (void)err, (void)reply;
    zobo_close(*c);
    *c = NULL;
}

static void
test_close_in_a_callback(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = make(peer, 4000), *at = client;
    assert_ok(zobo_start(client, 0, NULL));
    zobo_how how = {.done = close_inside, .arg = &at};
    assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    LOOP_UNTIL(client, (at == NULL)); /* the process call in which it happens is the last one */
    ZT_WAIT(zt_peer_count(peer, ZB_OP_CLOSE_SESSION) == 1);
    zt_peer_stop(peer);
}

static void
test_deadlines_and_expiry_in_the_loop(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = make(peer, 600);
    assert_ok(zobo_start(client, 0, NULL));
    zt_peer_mute(peer, true);
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    how.timeout_ms = 50;
    assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    LOOP_UNTIL(client, zt_calls_completed(&calls) == 1);
    assert_err(calls.items[0].err, ZOBO_EOPERATIONTIMEOUT);
    zt_peer_refuse(peer, true);
    LOOP_UNTIL(client, zobo_get_state(client) == ZOBO_SUSPENDED);
    LOOP_UNTIL(client, zobo_get_state(client) == ZOBO_LOST);
    zt_peer_mute(peer, false);
    zt_peer_refuse(peer, false);
    LOOP_UNTIL(client, zobo_get_state(client) == ZOBO_CONNECTED);
    zobo_close(client);
    zt_calls_destroy(&calls);
    zt_peer_stop(peer);
}

/* What ends outside of zobo_process is told by the next one, and the descriptor asks for it at once, not at the next
 * heartbeat. */
static void
test_what_ends_outside_asks_for_the_loop(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = make(peer, 30000);
    zt_events a, b;
    zt_events_init(&a);
    zt_events_init(&b);
    zobo_watcher first = zt_events_watcher(&a), second = zt_events_watcher(&b);
    assert_ok(zobo_start(client, ZT_SOON_MS, NULL));
    assert_ok(zobo_add_watch(client, "/", ZOBO_PERSISTENT, &first));
    assert_ok(zobo_add_watch(client, "/", ZOBO_PERSISTENT, &second));
    LOOP_UNTIL(client, poll(&(struct pollfd){zobo_fd(client), POLLIN, 0}, 1, 0) == 0);
    /* The second one still needs the server's watch: nothing is sent. */
    assert_ok(zobo_remove_watches(client, "/", ZOBO_WATCH_ANY, &first));
    assert_int_equal(poll(&(struct pollfd){zobo_fd(client), POLLIN, 0}, 1, 2000), 1);
    LOOP_UNTIL(client, zt_events_n(&a) == 1);
    assert_int_equal(zt_events_at(&a, 0).type, ZOBO_EVENT_PERSISTENT_WATCH_REMOVED);

    zt_peer_mute(peer, true);
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    zobo_call *call;
    assert_ok(zobo_get_async(client, "/", NULL, &how, &call));
    assert_ok(zobo_process(client));
    LOOP_UNTIL(client, poll(&(struct pollfd){zobo_fd(client), POLLIN, 0}, 1, 0) == 0);
    zobo_call_cancel(call);
    zobo_call_free(call);
    assert_int_equal(poll(&(struct pollfd){zobo_fd(client), POLLIN, 0}, 1, 2000), 1);
    LOOP_UNTIL(client, zt_calls_completed(&calls) == 1);
    assert_int_equal(zt_calls_count(&calls, ZOBO_EABANDONED), 1);
    zt_calls_destroy(&calls);
    zobo_close(client);
    zt_events_destroy(&a);
    zt_events_destroy(&b);
    zt_peer_stop(peer);
}

/* --- zobo_interrupt --- */

static zobo_client *volatile interrupted_client;

static void
on_signal(int signal)
{
    (void)signal;
    zobo_interrupt(interrupted_client, true);
}

struct waits_for {
    zt_peer *peer;
    size_t n;
    int32_t op;
    pthread_t thread;
};

/* Sends the signal as soon as the peer has the request, whose answer never comes. */
static void *
signal_when_asked(void *arg)
{
    const struct waits_for *w = arg;
    for (uint64_t end = zt_now_ms() + ZT_SOON_MS; zt_peer_count(w->peer, w->op) == w->n && zt_now_ms() < end;)
        zt_nap();
    pthread_kill(w->thread, SIGUSR1);
    return NULL;
}

static void
test_a_signal_handler_ends_blocking_verbs(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = make(peer, 10000);
    interrupted_client = client;
    struct sigaction action = {.sa_handler = on_signal}, before;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    assert_ok(zobo_start(client, 0, NULL));
    assert_ok(zobo_create(client, "/a", "1", 1, NULL, NULL));

    /* Whatever kind of verb it is: one request, several. */
    for (int round = 0; round < 2; round++) {
        int32_t op = round == 0 ? ZB_OP_GET_DATA : ZB_OP_DELETE;
        struct waits_for w = {peer, zt_peer_count(peer, op), op, pthread_self()};
        pthread_t thread;
        zt_peer_mute(peer, true);
        assert_int_equal(pthread_create(&thread, NULL, signal_when_asked, &w), 0);
        uint64_t began = zt_now_ms();
        assert_err(round == 0 ? zobo_get(client, "/a", NULL, NULL) : zobo_delete_recursive(client, "/a", NULL),
                   ZOBO_EABANDONED);
        assert_true(zt_now_ms() - began < 3000); /* long before the session would be over */
        pthread_join(thread, NULL);
        /* It holds until it is taken back; what begins now is never sent. */
        size_t sent = zt_peer_count(peer, ZB_OP_SET_DATA);
        assert_err(zobo_set(client, "/a", "2", 1, -1, NULL), ZOBO_ECANCELLED);
        zobo_interrupt(client, false);
        zt_peer_mute(peer, false);
        ZT_WAIT(zobo_sync(client, "/") == ZOBO_OK &&
                zt_peer_sessions_up(peer) == (size_t)round + 2); /* it swallowed some */
        assert_int_equal(zt_peer_count(peer, ZB_OP_SET_DATA), sent);
        zobo_reply *reply;
        assert_ok(zobo_get(client, "/a", NULL, &reply));
        assert_memory_equal(reply->data, "1", 1);
        zobo_reply_free(reply);
    }

    /* Stopping goes on; connecting gives up. */
    zobo_interrupt(client, true);
    assert_ok(zobo_stop(client));
    assert_err(zobo_start(client, 0, NULL), ZOBO_ENOCONNECTION);
    assert_ok(zobo_start_async(client));
    assert_err(zobo_wait_connected(client, 0), ZOBO_EINTERRUPTED);
    zobo_interrupt(client, false);
    assert_ok(zobo_wait_connected(client, 5000));
    zobo_close(client);
    sigaction(SIGUSR1, &before, NULL);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_P29_no_threads_and_everything_works),
        cmocka_unit_test(test_idle_means_idle),
        cmocka_unit_test(test_blocking_verbs_drive_themselves),
        cmocka_unit_test(test_process_errors),
        cmocka_unit_test(test_full_never_waits),
        cmocka_unit_test(test_other_threads_submit),
        cmocka_unit_test(test_close_in_a_callback),
        cmocka_unit_test(test_deadlines_and_expiry_in_the_loop),
        cmocka_unit_test(test_what_ends_outside_asks_for_the_loop),
        cmocka_unit_test(test_a_signal_handler_ends_blocking_verbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
