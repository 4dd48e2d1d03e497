/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/trouble.h"

#include "base/rng.h"
#include "recipes/pair.h"

zobo_err
get_patiently(zobo_client *client, zobo_call *call, zobo_reply **out)
{
    if (zobo_call_wait(call, 100) == ZOBO_ETIMEDOUT) {
        zobo_err err = zobo_server_drop(server, session_of(client));
        (void)err; /* it may be between two connections */
    }
    return zobo_call_get(call, 2 * ZT_SOON_MS, out);
}

static zt_events armed;

bool
at_rest(zobo_client *client)
{
    zobo_counters k = {.size = sizeof k};
    zobo_get_counters(client, &k);
    return k.in_flight == 0;
}

void
arm(zobo_client *client, zobo_client *observer, const char *path)
{
    zt_events_init(&armed);
    zobo_watcher w = zt_events_watcher(&armed);
    assert_ok(zobo_add_watch(observer, path, ZOBO_PERSISTENT, &w));
    ZT_WAIT(at_rest(client) && at_rest(observer));
    zobo_server_lose_replies(server, 1);
}

void
wait_armed(zobo_client *observer, const char *path)
{
    assert_true(zt_events_wait(&armed, 1, ZT_SOON_MS));
    size_t n = zt_events_n(&armed) + 1;
    assert_ok(zobo_remove_watches(observer, path, ZOBO_WATCH_ANY, NULL));
    assert_true(zt_events_wait(&armed, n, ZT_SOON_MS));
    zt_events_destroy(&armed);
}

static void *
make_trouble(void *arg)
{
    trouble *t = arg;
    zb_rng rng = {7};
    while (!atomic_load(&t->over)) {
        uint64_t dice = zb_rng_below(&rng, 10);
        int64_t victim = session_of(t->clients[zb_rng_below(&rng, t->n)]);
        if (dice < 4) {
            zobo_server_lose_replies(server, 1 + (uint32_t)zb_rng_below(&rng, 2));
            zt_nap();
            zobo_server_lose_replies(server, 0);
            victim = 0; /* whoever it was waits for it */
        }
        if (dice < 9 || !t->expire)
            (void)!zobo_server_drop(server, victim);
        else if (victim)
            (void)!zobo_server_expire(server, victim);
        atomic_fetch_add(&t->made, 1);
        for (uint64_t i = 20 + zb_rng_below(&rng, 60); i && !atomic_load(&t->over); i--)
            zt_nap();
    }
    zobo_server_lose_replies(server, 0);
    (void)!zobo_server_drop(server, 0); /* whoever waits for a lost answer */
    return NULL;
}

void
start_trouble(trouble *t, zobo_client **clients, size_t n, bool expire_too)
{
    atomic_init(&t->over, false);
    atomic_init(&t->made, 0);
    t->clients = clients;
    t->n = n;
    t->expire = expire_too;
    assert_int_equal(pthread_create(&t->thread, NULL, make_trouble, t), 0);
}

void
end_trouble(trouble *t)
{
    atomic_store(&t->over, true);
    assert_int_equal(pthread_join(t->thread, NULL), 0);
    /* Plain verbs are tried again by nobody, and the last drop was of all connections, not only of the victims'. */
    for (size_t i = 0; i < t->n; i++)
        ZT_WAIT(zobo_sync(t->clients[i], "/") == ZOBO_OK);
    ZT_WAIT(zobo_sync(c, "/") == ZOBO_OK);
    ZT_WAIT(zobo_sync(other, "/") == ZOBO_OK);
    ZT_WAIT(zobo_sync(look, "/") == ZOBO_OK);
}
