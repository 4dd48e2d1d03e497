/* SPDX-License-Identifier: Apache-2.0 */
/* Two things at the same time: what one thread does in the moment in which another is about to sleep, has just slept,
 * or is in the middle of the very same. The windows are small, so most tests here go round many times. */
#define _GNU_SOURCE
#include "support/test.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "support/peer.h"
#include "support/record.h"

static zobo_client *
loop_client(zt_peer *peer, uint32_t timeout_ms)
{
    zobo_options options = zt_options(zt_peer_hosts(peer), timeout_ms);
    options.event_loop = true;
    return zt_client_with(&options);
}

static uint64_t
cpu_ms(void)
{
    struct rusage r;
    assert_int_equal(getrusage(RUSAGE_SELF, &r), 0);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000U +
           (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000U;
}

/* ---- the last call goes while the client is being detached ---- */

static void *
detach_it(void *arg)
{
    zobo_err err = zobo_detach(arg);
    return (void *)(intptr_t)err;
}

/* Joins within the time that anything at all may take. */
static void
join_soon(pthread_t t, const char *what)
{
    void *result;
    struct timespec ts;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &ts), 0);
    ts.tv_sec += ZT_SOON_MS / 1000;
    if (pthread_timedjoin_np(t, &result, &ts) != 0)
        fail_msg("%s hangs", what);
    assert_null(result);
}

static bool
deaf(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)c;
    (void)arg;
    return f->op == ZB_OP_SYNC;
}

/* A detach waits for the answers that are still to come; when the last of them is given up it is over. */
static void
test_cancel_ends_a_detach(void **state)
{
    (void)state;
    zt_peer_config config = {.handler = deaf};
    zt_peer *peer = zt_peer_start(&config);
    zobo_options options = zt_options(zt_peer_hosts(peer), 60000);
    zobo_client *client = zt_client_with(&options);
    zobo_call *call;
    pthread_t t;
    assert_ok(zobo_sync_async(client, "/", NULL, &call));
    ZT_WAIT(zt_peer_count(peer, ZB_OP_SYNC) == 1);
    assert_int_equal(pthread_create(&t, NULL, detach_it, client), 0);
    zobo_call *refused; /* until it is under way */
    zobo_err err;
    while ((err = zobo_sync_async(client, "/", NULL, &refused)) == ZOBO_OK) {
        zobo_call_cancel(refused);
        zobo_call_free(refused);
        zt_nap();
    }
    assert_err(err, ZOBO_ESTOPPED);
    zobo_call_cancel(call);
    zobo_call_free(call);
    join_soon(t, "zobo_detach");
    zobo_close(client);
    zt_peer_stop(peer);
}

/* All that a detach still has to do is to write bytes that nobody waits for any more. */
static void
test_detach_of_cancelled_calls(void **state)
{
    (void)state;
    zt_peer_config config = {.handler = deaf};
    zt_peer *peer = zt_peer_start(&config);
    zobo_client *client = loop_client(peer, 60000);
    zobo_call *call;
    pthread_t t;
    assert_ok(zobo_sync_async(client, "/", NULL, &call)); /* nobody runs the loop: it stays queued */
    zobo_call_cancel(call);
    zobo_call_free(call);
    assert_int_equal(pthread_create(&t, NULL, detach_it, client), 0);
    join_soon(t, "zobo_detach");
    zobo_close(client);
    zt_peer_stop(peer);
}

/* ---- stopping while another starts ---- */

typedef struct churn {
    zobo_client *client;
    atomic_bool enough;
    atomic_long stops;
} churn;

static void *
start_again(void *arg)
{
    churn *c = arg;
    while (!atomic_load(&c->enough))
        (void)!zobo_start_async(c->client);
    return NULL;
}

static void *
stop_often(void *arg)
{
    churn *c = arg;
    for (int i = 0; i < 100; i++) {
        if (zobo_stop(c->client))
            return arg;
        atomic_fetch_add(&c->stops, 1);
    }
    return NULL;
}

static void
test_a_stop_sees_its_own_end(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    churn c = {.client = zt_client(zt_peer_hosts(peer), 60000)};
    pthread_t starter, stopper;
    assert_int_equal(pthread_create(&starter, NULL, start_again, &c), 0);
    assert_int_equal(pthread_create(&stopper, NULL, stop_often, &c), 0);
    join_soon(stopper, "zobo_stop");
    atomic_store(&c.enough, true);
    pthread_join(starter, NULL);
    assert_int_equal(c.stops, 100);
    zobo_close(c.client);
    zt_peer_stop(peer);
}

/* ---- one reply, many takers ---- */

enum { TAKERS = 4 };

typedef struct taking {
    zobo_call *call;
    pthread_barrier_t *barrier;
    zobo_reply *got;
} taking;

static void *
take_it(void *arg)
{
    taking *t = arg;
    pthread_barrier_wait(t->barrier);
    (void)!zobo_call_get(t->call, 0, &t->got);
    return NULL;
}

static void
test_a_reply_has_one_taker(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 10000);
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, TAKERS);
    for (int round = 0; round < 200; round++) {
        pthread_t threads[TAKERS];
        taking t[TAKERS];
        zobo_call *call;
        assert_ok(zobo_get_async(client, "/", NULL, NULL, &call));
        assert_ok(zobo_call_wait(call, 0));
        for (int i = 0; i < TAKERS; i++) {
            t[i] = (taking){call, &barrier, NULL};
            assert_int_equal(pthread_create(&threads[i], NULL, take_it, &t[i]), 0);
        }
        int takers = 0;
        for (int i = 0; i < TAKERS; i++) {
            pthread_join(threads[i], NULL);
            takers += t[i].got != NULL;
        }
        assert_int_equal(takers, 1);
        for (int i = 0; i < TAKERS; i++)
            zobo_reply_free(t[i].got);
        zobo_call_free(call);
    }
    pthread_barrier_destroy(&barrier);
    zobo_close(client);
    zt_peer_stop(peer);
}

/* ---- the event loop's descriptor while another thread does the work ---- */

typedef struct other {
    zobo_client *client;
    atomic_bool over;
    zobo_err err;
} other;

static void *
wait_for_sync(void *arg)
{
    other *o = arg;
    o->err = zobo_sync(o->client, "/");
    atomic_store(&o->over, true);
    return NULL;
}

static void
nothing(void *arg, const zobo_event *event)
{
    (void)arg;
    (void)event;
}

/* A thread sits in a blocking call that is not answered. Callbacks and timers that fall due meanwhile are no reason for
 * the loop to spin. */
static void
test_the_loop_sleeps_while_another_drives(void **state)
{
    (void)state;
    zt_peer_config config = {.handler = deaf};
    zt_peer *peer = zt_peer_start(&config);
    zobo_client *client = loop_client(peer, 3000);
    assert_ok(zobo_create(client, "/a", "", 0, NULL, NULL));
    zobo_watcher watcher = {.fn = nothing};
    assert_ok(zobo_get(client, "/a", &watcher, NULL));
    while (poll(&(struct pollfd){zobo_fd(client), POLLIN, 0}, 1, 0) > 0)
        assert_ok(zobo_process(client));
    other o = {.client = client};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, wait_for_sync, &o), 0);
    ZT_WAIT(zt_peer_count(peer, ZB_OP_SYNC) == 1);
    zt_peer_change(peer, "/a", "1");
    size_t pings = zt_peer_count(peer, ZB_OP_PING);
    unsigned turns = 0;
    uint64_t cpu = cpu_ms(), end = zt_now_ms() + ZT_SOON_MS;
    while (zt_peer_count(peer, ZB_OP_PING) < pings + 3 && zt_now_ms() < end) {
        if (poll(&(struct pollfd){zobo_fd(client), POLLIN, 0}, 1, 100) > 0) {
            assert_ok(zobo_process(client));
            turns++;
        }
    }
    cpu = cpu_ms() - cpu;
    assert_false(atomic_load(&o.over));
    if (turns > 1000)
        fail_msg("%u turns of the loop, %u ms of CPU time", turns, (unsigned)cpu);
    zt_peer_cut(peer);
    pthread_join(t, NULL);
    assert_err(o.err, ZOBO_ECONNECTIONLOSS);
    zobo_close(client);
    zt_peer_stop(peer);
}

/* ---- a callback that works on while the client is closed ---- */

typedef struct late {
    zobo_client *client;
    zt_latch in, go;
    zobo_err words, sync;
} late;

static void
use_it_late(void *arg, zobo_err err, const zobo_reply *reply)
{
    late *l = arg;
    zobo_call *call = NULL;
    (void)err;
    (void)reply;
    zt_latch_hit(&l->in);
    (void)zt_latch_wait(&l->go, 1, ZT_SOON_MS);
    while (zobo_connected(l->client))
        zt_nap();
    struct timespec ts = {0, 30000000}; /* for the closing thread to get as far as it can */
    nanosleep(&ts, NULL);
    l->words = zobo_command_async(l->client, "ruok", NULL, &call);
    zobo_call_free(call);
    l->sync = zobo_sync(l->client, "/");
}

static void *
close_it(void *arg)
{
    zobo_close(arg);
    return NULL;
}

static void
test_a_callback_outlives_the_stop(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    late l = {.client = zt_client(zt_peer_hosts(peer), 10000)};
    zt_latch_init(&l.in);
    zt_latch_init(&l.go);
    zobo_how how = {.done = use_it_late, .arg = &l};
    assert_ok(zobo_sync_async(l.client, "/", &how, NULL));
    assert_true(zt_latch_wait(&l.in, 1, ZT_SOON_MS));
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, close_it, l.client), 0);
    zt_latch_hit(&l.go);
    join_soon(t, "zobo_close");
    assert_err(l.words, ZOBO_ENOTSTARTED);
    assert_err(l.sync, ZOBO_ENOTSTARTED);
    zt_latch_destroy(&l.in);
    zt_latch_destroy(&l.go);
    zt_peer_stop(peer);
}

/* ---- a retry that is asleep while the client is closed ---- */

typedef struct retrying {
    zobo_client *client;
    zt_latch tried;
    zobo_err err;
} retrying;

static zobo_err
never_well(void *arg)
{
    retrying *r = arg;
    zt_latch_hit(&r->tried);
    return ZOBO_ENOTSENT;
}

static void
retry_in_callback(void *arg, zobo_err err, const zobo_reply *reply)
{
    retrying *r = arg;
    (void)err;
    (void)reply;
    zobo_retry_policy policy = {.size = sizeof policy, .delay_ms = 60000, .max_delay_ms = 60000};
    r->err = zobo_retry(r->client, &policy, never_well, r, NULL);
}

static void
test_close_ends_a_retry(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    retrying r = {.client = zt_client(zt_peer_hosts(peer), 10000)};
    zt_latch_init(&r.tried);
    zobo_how how = {.done = retry_in_callback, .arg = &r};
    assert_ok(zobo_sync_async(r.client, "/", &how, NULL));
    assert_true(zt_latch_wait(&r.tried, 1, ZT_SOON_MS));
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, close_it, r.client), 0);
    join_soon(t, "zobo_close");
    assert_err(r.err, ZOBO_ESTOPPED);
    zt_latch_destroy(&r.tried);
    zt_peer_stop(peer);
}

/* ---- the last event of an inline watcher ---- */

typedef struct watched {
    atomic_bool inside, overlap, gone, after;
    atomic_long told;
} watched;

static void
watch_inline(void *arg, const zobo_event *event)
{
    watched *w = arg;
    if (atomic_exchange(&w->inside, true))
        atomic_store(&w->overlap, true);
    if (atomic_load(&w->gone))
        atomic_store(&w->after, true);
    struct timespec ts = {0, 200000};
    nanosleep(&ts, NULL);
    atomic_fetch_add(&w->told, 1);
    atomic_store(&w->inside, false);
    if (event->last)
        atomic_store(&w->gone, true);
}

/* What a watcher's argument points to may be freed at its last event: nothing of an earlier one may still run then. */
static void
test_the_last_event_is_the_last(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 10000);
    assert_ok(zobo_create(client, "/a", "", 0, NULL, NULL));
    for (int round = 0; round < 100; round++) {
        watched w = {.told = 0};
        zobo_watcher watcher = {.fn = watch_inline, .arg = &w, .flags = ZOBO_INLINE};
        assert_ok(zobo_add_watch(client, "/a", ZOBO_PERSISTENT, &watcher));
        for (int i = 0; i < 5; i++)
            assert_ok(zobo_set_async(client, "/a", "x", 1, -1, NULL, NULL));
        ZT_WAIT(atomic_load(&w.told) >= 1 + round % 3);
        assert_ok(zobo_remove_watches(client, "/a", ZOBO_WATCH_ANY, &watcher));
        ZT_WAIT(atomic_load(&w.gone));
        assert_ok(zobo_sync(client, "/"));
        assert_false(atomic_load(&w.overlap));
        assert_false(atomic_load(&w.after));
    }
    zobo_close(client);
    zt_peer_stop(peer);
}

/* ---- two threads remove the listener that is running ---- */

typedef struct listening {
    zobo_client *client;
    zt_latch in, go;
    atomic_bool running;
    atomic_int early;
} listening;

static void
listen_slowly(void *arg, zobo_state s)
{
    listening *l = arg;
    (void)s;
    atomic_store(&l->running, true);
    zt_latch_hit(&l->in);
    (void)zt_latch_wait(&l->go, 1, ZT_SOON_MS);
    struct timespec ts = {0, 50000000};
    nanosleep(&ts, NULL);
    atomic_store(&l->running, false);
}

static void *
remove_it(void *arg)
{
    listening *l = arg;
    zobo_remove_listener(l->client, listen_slowly, l);
    if (atomic_load(&l->running))
        atomic_fetch_add(&l->early, 1);
    return NULL;
}

static void
test_a_listener_removed_twice(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    listening l = {.client = zt_client(zt_peer_hosts(peer), 10000)};
    pthread_t threads[2];
    zt_latch_init(&l.in);
    zt_latch_init(&l.go);
    assert_ok(zobo_add_listener(l.client, listen_slowly, &l));
    zt_peer_cut(peer);
    assert_true(zt_latch_wait(&l.in, 1, ZT_SOON_MS));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, remove_it, &l), 0);
    zt_latch_hit(&l.go);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(l.early, 0);
    assert_int_equal(zt_latch_hits(&l.in), 1);
    zobo_close(l.client);
    zt_latch_destroy(&l.in);
    zt_latch_destroy(&l.go);
    zt_peer_stop(peer);
}

/* ---- asked of the driver in the moment before it sleeps ---- */

static void
note_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)reply;
    if (err == ZOBO_EABANDONED || err == ZOBO_ECANCELLED)
        zt_latch_hit(arg);
}

/* The server answers nothing and the session timeout is long: whoever misses the word of the cancellation sleeps on it.
 * */
static void
test_no_word_to_the_driver_is_lost(void **state)
{
    (void)state;
    zt_peer_config config = {.handler = deaf};
    zt_peer *peer = zt_peer_start(&config);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 600000);
    zt_latch told;
    zt_latch_init(&told);
    zobo_how how = {.done = note_done, .arg = &told, .flags = ZOBO_INLINE};
    for (long i = 0; i < 20000; i++) {
        zobo_call *call;
        assert_ok(zobo_sync_async(client, "/", &how, &call));
        for (volatile long spin = 0; spin < i % 512 * 16; spin++) {
        }
        zobo_call_cancel(call);
        zobo_call_free(call);
        if (!zt_latch_wait(&told, i + 1, 5000))
            fail_msg("call %ld: cancelled, but its callback does not come", i);
    }
    zt_latch_destroy(&told);
    zobo_close(client);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply_has_one_taker),
        cmocka_unit_test(test_the_loop_sleeps_while_another_drives),
        cmocka_unit_test(test_a_callback_outlives_the_stop),
        cmocka_unit_test(test_close_ends_a_retry),
        cmocka_unit_test(test_the_last_event_is_the_last),
        cmocka_unit_test(test_a_listener_removed_twice),
        cmocka_unit_test(test_no_word_to_the_driver_is_lost),
        cmocka_unit_test(test_a_stop_sees_its_own_end),
        cmocka_unit_test(test_detach_of_cancelled_calls),
        cmocka_unit_test(test_cancel_ends_a_detach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
