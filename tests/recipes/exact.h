/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of barriers, counters and queues: a server, clients, and a thread that makes trouble. */
#ifndef EXACT_H
#define EXACT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/server.h>

#include "base/rng.h"
#include "support/record.h"
#include "support/test.h"

static zobo_server *server;
static zobo_client *c, *other;

static inline zobo_client *
client_with(bool event_loop)
{
    static const zobo_retry_policy eager = {.delay_ms = 2, .max_delay_ms = 20};
    zobo_options o = zt_options(zobo_server_hosts(server), 10000);
    o.event_loop = event_loop;
    o.connection_retry = &eager;
    return zt_client_with(&o);
}

static inline zobo_client *
another_client(void)
{
    return client_with(false);
}

static inline zobo_client *
loop_client(void)
{
    return client_with(true);
}

static inline int
up(void **state)
{
    zobo_problem why;
    (void)state;
    if (zobo_server_start(&server, NULL, &why))
        fail_msg("%s", why.text);
    c = another_client();
    other = another_client();
    return 0;
}

static inline int
down(void **state)
{
    (void)state;
    zobo_close(c);
    zobo_close(other);
    zobo_server_close(server);
    return 0;
}

static inline int64_t
session_of(zobo_client *client)
{
    zobo_client_id id;
    assert_ok(zobo_get_client_id(client, &id));
    return id.session_id;
}

/* -1: there is no such node. */
static inline int
children_of(zobo_client *client, const char *path)
{
    zobo_stat stat;
    assert_ok(zobo_sync(client, path));
    return zobo_exists(client, path, NULL, &stat) ? -1 : stat.num_children;
}

static inline void
assert_data(zobo_client *client, const char *path, const char *data)
{
    zobo_reply *reply;
    assert_ok(zobo_sync(client, path));
    assert_ok(zobo_get(client, path, NULL, &reply));
    assert_int_equal(reply->data_len, strlen(data));
    assert_memory_equal(reply->data, data, strlen(data));
    zobo_reply_free(reply);
}

/* arm lets the answer to the next request be lost, which is to be one of `client` that changes the data or the children
 * of `path`; wait_armed waits until it has been carried out. */
static zt_events armed;

static inline bool
at_rest(zobo_client *client)
{
    zobo_counters k = {.size = sizeof k};
    zobo_get_counters(client, &k);
    return k.in_flight == 0;
}

static inline void
arm(zobo_client *client, zobo_client *observer, const char *path)
{
    zt_events_init(&armed);
    zobo_watcher w = zt_events_watcher(&armed);
    assert_ok(zobo_add_watch(observer, path, ZOBO_PERSISTENT, &w));
    ZT_WAIT(at_rest(client) && at_rest(observer));
    zobo_server_lose_replies(server, 1);
}

static inline void
wait_armed(zobo_client *observer, const char *path)
{
    assert_true(zt_events_wait(&armed, 1, ZT_SOON_MS));
    size_t n = zt_events_n(&armed) + 1;
    assert_ok(zobo_remove_watches(observer, path, ZOBO_WATCH_ANY, NULL));
    assert_true(zt_events_wait(&armed, n, ZT_SOON_MS));
    zt_events_destroy(&armed);
}

/* A thread that breaks connections, loses answers and ends sessions at random, until told to stop. */
typedef struct trouble {
    pthread_t thread;
    atomic_bool over;
    atomic_int made;
    bool expire;
    zobo_client **clients;
    size_t n;
} trouble;

static inline void *
make_trouble(void *arg)
{
    trouble *t = arg;
    zb_rng rng = {7};
    while (!atomic_load(&t->over)) {
        uint64_t dice = zb_rng_below(&rng, 10);
        zobo_client_id id;
        zobo_client *victim = t->clients[zb_rng_below(&rng, t->n)];
        if (zobo_get_client_id(victim, &id))
            id.session_id = 0;
        if (dice < 4) {
            zobo_server_lose_replies(server, 1 + (uint32_t)zb_rng_below(&rng, 2));
            zt_nap();
            zobo_server_lose_replies(server, 0);
            id.session_id = 0; /* whoever it was waits for it */
        }
        if (dice < 9 || !t->expire)
            (void)!zobo_server_drop(server, id.session_id);
        else if (id.session_id)
            (void)!zobo_server_expire(server, id.session_id);
        atomic_fetch_add(&t->made, 1);
        for (uint64_t i = 20 + zb_rng_below(&rng, 60); i && !atomic_load(&t->over); i--)
            zt_nap();
    }
    zobo_server_lose_replies(server, 0);
    (void)!zobo_server_drop(server, 0); /* whoever waits for a lost answer */
    return NULL;
}

static inline void
start_trouble(trouble *t, zobo_client **clients, size_t n, bool expire)
{
    atomic_init(&t->over, false);
    atomic_init(&t->made, 0);
    t->clients = clients;
    t->n = n;
    t->expire = expire;
    assert_int_equal(pthread_create(&t->thread, NULL, make_trouble, t), 0);
}

static inline void
end_trouble(trouble *t)
{
    atomic_store(&t->over, true);
    assert_int_equal(pthread_join(t->thread, NULL), 0);
    /* Plain verbs are tried again by nobody, and the last drop was of all connections, not only of the victims'. */
    for (size_t i = 0; i < t->n; i++)
        ZT_WAIT(zobo_sync(t->clients[i], "/") == ZOBO_OK);
    ZT_WAIT(zobo_sync(c, "/") == ZOBO_OK);
    ZT_WAIT(zobo_sync(other, "/") == ZOBO_OK);
}

#endif
