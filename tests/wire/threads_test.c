/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads on one client, while connections break, sessions expire, and the client is stopped under their feet.
 * What these tests look for is found by the thread sanitizer as well (make tsan). */
#include "support/test.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

enum { THREADS = 8 };

typedef struct crowd {
    zobo_client *client;
    atomic_bool enough;
    atomic_long ok, retry, unknown, session, stopped, other;
    atomic_int last_other;
    int rounds; /* 0: until enough */
} crowd;

static void
count(crowd *c, zobo_err err)
{
    if (err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED) {
        atomic_fetch_add(&c->stopped, 1);
        return;
    }
    switch (zobo_err_class(err)) {
    case ZOBO_CLASS_OK:
    case ZOBO_CLASS_REJECTED:
        atomic_fetch_add(&c->ok, 1);
        break;
    case ZOBO_CLASS_RETRY:
        atomic_fetch_add(&c->retry, 1);
        break;
    case ZOBO_CLASS_UNKNOWN:
        atomic_fetch_add(&c->unknown, 1);
        break;
    case ZOBO_CLASS_SESSION:
        atomic_fetch_add(&c->session, 1);
        break;
    default:
        atomic_store(&c->last_other, (int)err);
        atomic_fetch_add(&c->other, 1);
    }
}

static void *
work(void *arg)
{
    crowd *c = arg;
    char path[32];
    snprintf(path, sizeof path, "/t%lx", (unsigned long)pthread_self());
    for (int i = 0; c->rounds ? i < c->rounds : !atomic_load(&c->enough); i++) {
        zobo_reply *reply = NULL;
        zobo_call *call = NULL;
        switch (i % 6) {
        case 0:
            count(c, zobo_create(c->client, path, "x", 1, NULL, NULL));
            break;
        case 1:
            count(c, zobo_get(c->client, path, NULL, &reply));
            zobo_reply_free(reply);
            break;
        case 2:
            count(c, zobo_set(c->client, path, "yy", 2, -1, NULL));
            break;
        case 3:
            count(c, zobo_get_children(c->client, "/", NULL, &reply));
            zobo_reply_free(reply);
            break;
        case 4: {
            zobo_err err = zobo_sync_async(c->client, "/", NULL, &call);
            count(c, err ? err : zobo_call_get(call, 0, NULL));
            zobo_call_free(call);
            break;
        }
        default:
            count(c, zobo_delete(c->client, path, -1));
            break;
        }
    }
    return NULL;
}

static void
gather(pthread_t threads[THREADS], crowd *c)
{
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, c), 0);
}

static void
disperse(pthread_t threads[THREADS], crowd *c)
{
    atomic_store(&c->enough, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (c->other)
        fail_msg("%ld calls ended with the likes of %s", (long)c->other, zobo_err_name((zobo_err)c->last_other));
}

static void
test_P32_many_threads(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    crowd c = {.client = zt_client(zt_peer_hosts(peer), 10000), .rounds = 600};
    pthread_t threads[THREADS];
    gather(threads, &c);
    disperse(threads, &c);
    assert_int_equal(c.ok, THREADS * 600);
    zobo_counters counters = {.size = sizeof counters};
    zobo_get_counters(c.client, &counters);
    assert_int_equal(counters.in_flight, 0);
    assert_int_equal(counters.requests, counters.replies);
    zobo_close(c.client);
    zt_peer_stop(peer);
}

static void
test_P32_while_connections_break(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    crowd c = {.client = zt_client(zt_peer_hosts(peer), 10000)};
    pthread_t threads[THREADS];
    gather(threads, &c);
    for (size_t i = 2; i < 22; i++) {
        long before = c.ok;
        zt_peer_cut(peer);
        ZT_WAIT(zt_peer_sessions_up(peer) >= i && c.ok > before + 20);
    }
    disperse(threads, &c);
    assert_int_equal(c.session, 0);
    assert_int_equal(c.stopped, 0);
    assert_true(c.unknown > 0);
    zobo_close(c.client);
    zt_peer_stop(peer);
}

static void
test_P5_while_sessions_expire(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    crowd c = {.client = zt_client(zt_peer_hosts(peer), 10000)};
    pthread_t threads[THREADS];
    gather(threads, &c);
    for (size_t i = 2; i < 22; i++) {
        long before = c.ok;
        zt_peer_expire(peer);
        zt_peer_cut(peer);
        ZT_WAIT(zt_peer_sessions_up(peer) >= i && c.ok > before + 20);
    }
    disperse(threads, &c); /* nobody waits for ever */
    assert_int_equal(c.stopped, 0);
    zobo_close(c.client);
    zt_peer_stop(peer);
}

static void
test_P5_while_the_client_stops_and_starts(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    crowd c = {.client = zt_client(zt_peer_hosts(peer), 10000)};
    pthread_t threads[THREADS];
    gather(threads, &c);
    for (int i = 0; i < 20; i++) {
        long before = c.ok;
        assert_ok(zobo_stop(c.client));
        assert_ok(zobo_start(c.client, 0, NULL));
        ZT_WAIT(c.ok > before + 20);
    }
    disperse(threads, &c);
    assert_true(c.stopped > 0);
    zobo_close(c.client);
    zt_peer_stop(peer);
}

static void *
stop_it(void *arg)
{
    zobo_err err = zobo_stop(arg);
    return err ? (void *)(intptr_t)err : NULL;
}

static void
test_several_threads_stop(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 10000);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stop_it, client), 0);
    for (int i = 0; i < THREADS; i++) {
        void *err;
        pthread_join(threads[i], &err);
        assert_null(err);
    }
    assert_int_equal(zt_peer_count(peer, ZB_OP_CLOSE_SESSION), 1);
    zobo_close(client);
    zt_peer_stop(peer);
}

static size_t
count_threads(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/task");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void
test_P29_two_threads_at_most(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *first = zt_client(zt_peer_hosts(peer), 10000); /* so that the process's own helpers are there */
    ZT_WAIT(zt_peer_sessions_up(peer) == 1);
    size_t before = count_threads();
    zobo_client *second = zt_client(zt_peer_hosts(peer), 10000);
    /* One thread of the peer serves it, and it has two of its own; name look-ups come and go. */
    ZT_WAIT(count_threads() <= before + 3);
    zobo_close(second);
    ZT_WAIT(count_threads() <= before);
    zobo_close(first);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_P32_many_threads),         cmocka_unit_test(test_P32_while_connections_break),
        cmocka_unit_test(test_P5_while_sessions_expire), cmocka_unit_test(test_P5_while_the_client_stops_and_starts),
        cmocka_unit_test(test_several_threads_stop),     cmocka_unit_test(test_P29_two_threads_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
