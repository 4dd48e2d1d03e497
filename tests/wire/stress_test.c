/* SPDX-License-Identifier: Apache-2.0 */
/* Everything at once, by dice. Threads use one client in every way there is, callbacks and listeners use it too, and a
 * hand in the background cuts, stalls and silences the connection, ends sessions, stops and starts the client. At the
 * end it is closed in the midst of it. What must hold whatever the dice say:
 *
 *   a twin that said ZOBO_OK tells its callback exactly once, one that refused never;
 *   a watcher that was set is told its last event exactly once, and nothing after it;
 *   nothing is told after zobo_close, nothing is called twice at the same time that may not be;
 *   what is said to be never sent did not reach the server, and what is said to be done is there;
 *   nobody hangs.
 *
 * ZT_STRESS_SECONDS in the environment says for how long (16), ZT_STRESS_SEED repeats the dice of one thread each. */
#define _GNU_SOURCE
#include "support/test.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "support/peer.h"
#include "support/relay.h"

enum { WORKERS = 5, TICKETS = 400000, WATCHERS = 100000, UNIQUE = 400, ROUND_MS = 2000 };

/* A completion that is owed. */
typedef struct ticket {
    atomic_uchar owed; /* the twin said ZOBO_OK */
    atomic_uchar told;
} ticket;

/* A watcher: its argument is its own. */
typedef struct eye {
    atomic_uchar set, last, after;
} eye;

/* A create whose path nobody else uses, and how it ended. */
typedef struct unique {
    atomic_int err; /* 1: not known */
} unique;

typedef struct arena {
    zt_peer *peer;
    zt_relay *relay;
    zobo_client *client;
    bool event_loop;
    atomic_bool enough; /* workers and the hand are to end */
    atomic_bool closed; /* zobo_close has returned */
    atomic_int late;    /* callbacks after that */
    atomic_int doubled; /* non-inline callbacks at the same time */
    atomic_int in_callback;
    atomic_long n_tickets, n_eyes, n_unique;
    ticket *tickets;
    eye *eyes;
    unique *uniques;
    int generation;
    atomic_ulong calls, well, lost;
} arena;

typedef struct worker {
    arena *a;
    zb_rng rng;
} worker;

static arena the;

static uint64_t
dice(zb_rng *r, uint64_t n)
{
    return zb_rng_below(r, n);
}

/* ---- callbacks ---- */

static void submit_something(arena *a, zb_rng *rng, bool in_callback);

/* Each thread that runs callbacks throws its own dice. */
static zb_rng *
own_dice(void)
{
    static _Thread_local zb_rng rng;
    if (!rng.s)
        rng.s = (uint64_t)(uintptr_t)&rng ^ 0x9e3779b97f4a7c15U;
    return &rng;
}

static void
enter(arena *a, bool is_inline)
{
    if (atomic_load(&a->closed))
        atomic_fetch_add(&a->late, 1);
    if (!is_inline && atomic_fetch_add(&a->in_callback, 1) != 0)
        atomic_fetch_add(&a->doubled, 1);
}

static void
leave(arena *a, bool is_inline)
{
    if (!is_inline)
        atomic_fetch_sub(&a->in_callback, 1);
}

static void
tell(ticket *t, bool is_inline)
{
    arena *a = &the;
    zb_rng *r = own_dice();
    enter(a, is_inline);
    atomic_fetch_add(&t->told, 1);
    if (dice(r, 4) == 0 && !atomic_load(&a->enough))
        submit_something(a, r, true);
    if (!is_inline && dice(r, 50) == 0)
        (void)!zobo_get(a->client, "/", NULL, NULL);
    if (dice(r, 200) == 0 && is_inline)
        atomic_fetch_add(&a->doubled, zobo_sync(a->client, "/") == ZOBO_OK); /* may not block, must not try */
    leave(a, is_inline);
}

static void
done(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)err;
    (void)reply;
    tell(arg, false);
}

static void
done_inline(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)err;
    (void)reply;
    tell(arg, true);
}

static void
see(eye *e, const zobo_event *event, bool is_inline)
{
    arena *a = &the;
    enter(a, is_inline);
    if (atomic_load(&e->last))
        atomic_fetch_add(&e->after, 1);
    if (event->last)
        atomic_fetch_add(&e->last, 1);
    if (dice(own_dice(), 8) == 0 && !atomic_load(&a->enough))
        submit_something(a, own_dice(), true);
    leave(a, is_inline);
}

static void
watch(void *arg, const zobo_event *event)
{
    see(arg, event, false);
}

static void
watch_inline(void *arg, const zobo_event *event)
{
    see(arg, event, true);
}

static void
listen_and_change(void *arg, zobo_state s)
{
    arena *a = &the;
    zb_rng *r = own_dice();
    (void)s;
    enter(a, false);
    if (dice(r, 2))
        zobo_remove_listener(a->client, listen_and_change, arg);
    else
        (void)!zobo_add_listener(a->client, listen_and_change, (char *)arg + (dice(r, 2) ? 1 : 0));
    if (dice(r, 3) == 0)
        (void)!zobo_exists(a->client, "/a", NULL, NULL);
    leave(a, false);
}

/* ---- work ---- */

static char listener_args[64];

static ticket *
new_ticket(arena *a)
{
    long i = atomic_fetch_add(&a->n_tickets, 1);
    return i < TICKETS ? &a->tickets[i] : NULL;
}

static bool
new_eye(arena *a, zb_rng *r, eye **e, zobo_watcher *w)
{
    long i = atomic_fetch_add(&a->n_eyes, 1);
    if (i >= WATCHERS)
        return false;
    *e = &a->eyes[i];
    memset(w, 0, sizeof *w);
    w->flags = dice(r, 2) ? ZOBO_INLINE : 0;
    w->fn = w->flags ? watch_inline : watch;
    w->arg = *e;
    return true;
}

static const char *
some_path(zb_rng *r)
{
    static const char *const paths[] = {"/a", "/b", "/a/c", "/a/d", "/b/e", "/a/c/f", "/t", "/t/u/v"};
    return paths[dice(r, sizeof paths / sizeof paths[0])];
}

static void
count(arena *a, zobo_err err)
{
    atomic_fetch_add(&a->calls, 1);
    atomic_fetch_add(&a->well, zobo_err_class(err) == ZOBO_CLASS_OK || zobo_err_class(err) == ZOBO_CLASS_REJECTED);
    if (err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED)
        zt_nap();
    if (zobo_err_class(err) == ZOBO_CLASS_UNKNOWN || zobo_err_class(err) == ZOBO_CLASS_RETRY)
        atomic_fetch_add(&a->lost, 1);
}

static zobo_err
submit_kind(arena *a, zb_rng *r, const zobo_how *how, zobo_call **call)
{
    const char *path = some_path(r);
    switch (dice(r, 12)) {
    case 0:
        return zobo_create_async(a->client, path, "x", 1, NULL, how, call);
    case 1: {
        zobo_create_options o = {.makepath = true};
        return zobo_create_async(a->client, path, "x", 1, &o, how, call);
    }
    case 2:
        return zobo_set_async(a->client, path, "yy", 2, -1, how, call);
    case 3:
        return zobo_delete_async(a->client, path, -1, how, call);
    case 4:
        return zobo_ensure_path_async(a->client, path, NULL, how, call);
    case 5:
        return zobo_delete_recursive_async(a->client, "/t", how, call);
    case 6:
        return zobo_get_children_async(a->client, "/", NULL, how, call);
    case 7: {
        zobo_transaction *tx;
        zobo_err err = zobo_transaction_new(a->client, &tx);
        if (err)
            return err;
        err = zobo_transaction_check(tx, "/a", -1);
        if (!err)
            err = zobo_transaction_set(tx, path, "z", 1, -1);
        if (!err)
            err = zobo_transaction_commit_async(tx, how, call);
        zobo_transaction_free(tx);
        return err;
    }
    case 8:
        return zobo_remove_watches_async(a->client, path, ZOBO_WATCH_ANY, NULL, how, call);
    default:
        return zobo_get_async(a->client, path, NULL, how, call);
    }
}

static void
submit_something(arena *a, zb_rng *r, bool in_callback)
{
    ticket *t = dice(r, 3) ? new_ticket(a) : NULL;
    zobo_how how = {.arg = t, .timeout_ms = dice(r, 4) ? 0 : 1 + (uint32_t)dice(r, 30)};
    if (t) {
        how.flags = dice(r, 2) ? ZOBO_INLINE : 0;
        how.done = how.flags ? done_inline : done;
    }
    zobo_call *call = NULL;
    bool handle = dice(r, 2);
    zobo_err err = submit_kind(a, r, t || dice(r, 2) ? &how : NULL, handle ? &call : NULL);
    if (err && !in_callback)
        count(a, err);
    if (t && !err)
        atomic_store(&t->owed, 1);
    if (!call)
        return;
    if (dice(r, 3) == 0)
        zobo_call_cancel(call);
    if (!in_callback && dice(r, 2)) {
        zobo_reply *reply = NULL;
        err = dice(r, 2) ? zobo_call_wait(call, 1 + (uint32_t)dice(r, 5))
                         : zobo_call_get(call, 1 + (uint32_t)dice(r, 40), &reply);
        zobo_reply_free(reply);
        count(a, err);
    }
    if (dice(r, 8) == 0)
        zobo_call_cancel(call);
    zobo_call_free(call);
}

static void
create_unique(arena *a)
{
    long i = atomic_fetch_add(&a->n_unique, 1);
    if (i >= UNIQUE)
        return;
    char path[48];
    snprintf(path, sizeof path, "/u%d-%ld", a->generation, i);
    atomic_store(&a->uniques[i].err, (int)zobo_create(a->client, path, "", 0, NULL, NULL));
}

static void
set_a_watch(arena *a, zb_rng *r)
{
    zobo_watcher w;
    eye *e;
    zobo_err err;
    if (!new_eye(a, r, &e, &w))
        return;
    switch (dice(r, 4)) {
    case 0:
        err = zobo_add_watch(a->client, some_path(r), dice(r, 2) ? ZOBO_PERSISTENT : ZOBO_PERSISTENT_RECURSIVE, &w);
        break;
    case 1:
        err = zobo_get_children(a->client, some_path(r), &w, NULL);
        break;
    case 2:
        err = zobo_exists(a->client, some_path(r), &w, NULL);
        if (err == ZOBO_ENONODE)
            err = ZOBO_OK;
        break;
    default:
        err = zobo_get(a->client, some_path(r), &w, NULL);
    }
    if (!err)
        atomic_store(&e->set, 1);
}

static zobo_err
attempt(void *arg)
{
    arena *a = arg;
    return zobo_set(a->client, "/a", "r", 1, -1, NULL);
}

static void
look_around(arena *a, zb_rng *r)
{
    zobo_counters k = {.size = sizeof k};
    zobo_problem p;
    char text[64];
    zobo_get_counters(a->client, &k);
    zobo_get_problem(a->client, &p);
    (void)zobo_get_hosts(a->client, text, sizeof text);
    (void)zobo_connected_host(a->client, text, sizeof text);
    if (dice(r, 4) == 0)
        (void)!zobo_set_hosts(a->client, zt_relay_hosts(a->relay), NULL);
    if (dice(r, 40) == 0) {
        zobo_call *call = NULL;
        (void)!zobo_command_async(a->client, "ruok", NULL, &call);
        zobo_call_free(call);
    }
}

static void *
work(void *arg)
{
    worker *w = arg;
    arena *a = w->a;
    zb_rng *r = &w->rng;
    while (!atomic_load(&a->enough)) {
        switch (dice(r, 16)) {
        case 0:
            count(a, zobo_get(a->client, some_path(r), NULL, NULL));
            break;
        case 1:
            count(a, zobo_set(a->client, some_path(r), "s", 1, -1, NULL));
            break;
        case 2:
            count(a, zobo_ensure_path(a->client, some_path(r), NULL));
            break;
        case 3:
            if (dice(r, 4) == 0)
                count(a, zobo_delete_recursive(a->client, "/t", NULL));
            break;
        case 4:
        case 5:
            set_a_watch(a, r);
            break;
        case 6:
            (void)!zobo_remove_watches(a->client, some_path(r), ZOBO_WATCH_ANY, NULL);
            break;
        case 7:
            (void)!zobo_add_listener(a->client, listen_and_change, &listener_args[dice(r, 32) * 2]);
            break;
        case 8:
            zobo_remove_listener(a->client, listen_and_change, &listener_args[dice(r, 64)]);
            break;
        case 9: {
            zobo_retry_policy policy = {.size = sizeof policy, .max_tries = 3, .delay_ms = 1, .max_delay_ms = 5};
            (void)!zobo_retry(a->client, &policy, attempt, a, NULL);
            break;
        }
        case 10:
            look_around(a, r);
            break;
        case 11:
            create_unique(a);
            break;
        default:
            for (uint64_t n = dice(r, 20) + 1; n; n--)
                submit_something(a, r, false);
        }
    }
    return NULL;
}

/* ---- the hand ---- */

static void
pause_ms(uint64_t ms)
{
    struct timespec ts = {0, (long)ms * 1000000};
    nanosleep(&ts, NULL);
}

static void
hurt(arena *a, zb_rng *r)
{
    switch (dice(r, 12)) {
    case 0:
        zt_peer_expire(a->peer);
        zt_relay_cut(a->relay);
        break;
    case 1:
        (void)!zobo_stop(a->client);
        break;
    case 2:
        (void)!zobo_detach(a->client);
        break;
    case 3:
        (void)!zobo_restart(a->client, NULL);
        break;
    case 4:
        zt_relay_stall(a->relay, true);
        break;
    case 5:
        zt_peer_mute(a->peer, true);
        pause_ms(dice(r, 30));
        zt_peer_mute(a->peer, false);
        break;
    case 6:
        zt_relay_refuse(a->relay, true);
        zt_relay_cut(a->relay);
        break;
    case 7:
        zt_relay_slow(a->relay, 1 + dice(r, 100));
        break;
    default:
        zt_relay_cut(a->relay);
    }
}

static void
heal(arena *a)
{
    zt_relay_stall(a->relay, false);
    zt_relay_refuse(a->relay, false);
    zt_relay_slow(a->relay, 0);
    if (!a->event_loop || !atomic_load(&a->enough))
        (void)!zobo_start_async(a->client);
}

static void *
interfere(void *arg)
{
    worker *w = arg;
    while (!atomic_load(&w->a->enough)) {
        hurt(w->a, &w->rng);
        pause_ms(dice(&w->rng, 30));
        heal(w->a);
        pause_ms(dice(&w->rng, 60));
    }
    return NULL;
}

static void *
run_loop(void *arg)
{
    worker *w = arg;
    arena *a = w->a;
    while (!atomic_load(&a->enough)) {
        struct pollfd p = {zobo_fd(a->client), POLLIN, 0};
        if (poll(&p, 1, 20) > 0)
            (void)!zobo_process(a->client);
    }
    return NULL;
}

/* ---- a round ---- */

static void
join(pthread_t t, const char *who)
{
    struct timespec ts;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &ts), 0);
    ts.tv_sec += 60;
    if (pthread_timedjoin_np(t, NULL, &ts) != 0) {
        fprintf(stderr, "%s hangs\n", who);
        abort(); /* leaves a core with all stacks */
    }
}

static void *
close_client(void *arg)
{
    zobo_close(arg);
    return NULL;
}

static void
check(arena *a)
{
    long tickets = a->n_tickets < TICKETS ? a->n_tickets : TICKETS, eyes = a->n_eyes < WATCHERS ? a->n_eyes : WATCHERS;
    long uniques = a->n_unique < UNIQUE ? a->n_unique : UNIQUE;
    for (long i = 0; i < tickets; i++)
        if (a->tickets[i].told != a->tickets[i].owed)
            fail_msg("call %ld: told %d times instead of %d", i, a->tickets[i].told, a->tickets[i].owed);
    for (long i = 0; i < eyes; i++) {
        const eye *e = &a->eyes[i];
        if (e->after || e->last > 1 || (e->set && e->last != 1))
            fail_msg("watcher %ld: set %d, last event %d times, %d after it", i, e->set, e->last, e->after);
    }
    for (long i = 0; i < uniques; i++) {
        char path[48];
        zobo_err err = (zobo_err)atomic_load(&a->uniques[i].err);
        snprintf(path, sizeof path, "/u%d-%ld", a->generation, i);
        zobo_class cls = zobo_err_class(err);
        if (err == ZOBO_OK && !zt_peer_has_node(a->peer, path))
            fail_msg("%s was made, but is not there", path);
        if ((cls == ZOBO_CLASS_RETRY || cls == ZOBO_CLASS_LOCAL || cls == ZOBO_CLASS_SESSION ||
             cls == ZOBO_CLASS_USAGE) &&
            zt_peer_count_path(a->peer, ZB_OP_CREATE, path))
            fail_msg("%s was sent, but the error is %s", path, zobo_err_name(err));
    }
    assert_int_equal(a->late, 0);
    assert_int_equal(a->doubled, 0);
}

static void
make_client(arena *a, zb_rng *r)
{
    zobo_retry_policy policy = {.size = sizeof policy, .delay_ms = 1, .max_delay_ms = 20};
    zobo_options o = zt_options(zt_relay_hosts(a->relay), 400 + (uint32_t)dice(r, 4000));
    o.event_loop = a->event_loop;
    o.connection_retry = &policy;
    o.connect_timeout_ms = 100;
    o.stop_timeout_ms = 100;
    o.request_timeout_ms = dice(r, 2) ? 200 : 0;
    o.max_in_flight = dice(r, 2) ? 50 : 0;
    o.fail_when_full = dice(r, 2);
    assert_ok(zobo_new(&o, &a->client, NULL));
    assert_ok(zobo_start_async(a->client));
}

static void
one_round(arena *a, uint64_t seed)
{
    worker workers[WORKERS + 2];
    pthread_t threads[WORKERS + 2];
    zb_rng rng = {seed};
    int n = 0;
    a->generation++;
    make_client(a, &rng);
    for (int i = 0; i < WORKERS + 2; i++)
        workers[i] = (worker){a, {zb_rng_next(&rng)}};
    for (int i = 0; i < WORKERS; i++, n++)
        assert_int_equal(pthread_create(&threads[n], NULL, work, &workers[n]), 0);
    assert_int_equal(pthread_create(&threads[n], NULL, interfere, &workers[n]), 0);
    n++;
    if (a->event_loop) {
        assert_int_equal(pthread_create(&threads[n], NULL, run_loop, &workers[n]), 0);
        n++;
    }
    pause_ms(ROUND_MS / 2 - 1);
    pause_ms(ROUND_MS / 2 - 1);
    atomic_store(&a->enough, true);
    zt_relay_stall(a->relay, false);
    for (int i = 0; i < n; i++)
        join(threads[i], "a worker");
    pthread_t closer; /* with callbacks still queued and running */
    assert_int_equal(pthread_create(&closer, NULL, close_client, a->client), 0);
    join(closer, "zobo_close");
    atomic_store(&a->closed, true);
    pause_ms(20);
    check(a);
}

static void
stress(bool event_loop, uint64_t share)
{
    const char *seconds = getenv("ZT_STRESS_SECONDS"), *given = getenv("ZT_STRESS_SEED");
    uint64_t ms = (seconds ? strtoull(seconds, NULL, 10) : 16) * 1000 / share, end = zt_now_ms() + ms;
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 20 ^ zt_now_ms();
    do {
        arena *a = &the;
        memset(a, 0, sizeof *a);
        a->event_loop = event_loop;
        a->peer = zt_peer_start(NULL);
        a->relay = zt_relay_start(atoi(strrchr(zt_peer_hosts(a->peer), ':') + 1));
        a->tickets = calloc(TICKETS, sizeof *a->tickets);
        a->eyes = calloc(WATCHERS, sizeof *a->eyes);
        a->uniques = calloc(UNIQUE, sizeof *a->uniques);
        assert_true(a->tickets && a->eyes && a->uniques);
        for (int i = 0; i < UNIQUE; i++)
            atomic_init(&a->uniques[i].err, 1);
        printf("seed 0x%llx, %s\n", (unsigned long long)seed, event_loop ? "event loop" : "threads");
        fflush(stdout);
        one_round(a, seed++);
        printf("  %lu calls, %lu well, %lu lost; %ld callbacks, %ld watchers, %zu sessions\n", (unsigned long)a->calls,
               (unsigned long)a->well, (unsigned long)a->lost, (long)a->n_tickets, (long)a->n_eyes,
               zt_peer_sessions_up(a->peer));
        zt_relay_stop(a->relay);
        zt_peer_stop(a->peer);
        free(a->tickets);
        free(a->eyes);
        free(a->uniques);
    } while (zt_now_ms() < end);
}

static void
test_everything_at_once_on_threads(void **state)
{
    (void)state;
    stress(false, 2);
}

static void
test_everything_at_once_in_a_loop(void **state)
{
    (void)state;
    stress(true, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_at_once_on_threads),
        cmocka_unit_test(test_everything_at_once_in_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
