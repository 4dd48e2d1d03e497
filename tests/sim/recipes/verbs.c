/* SPDX-License-Identifier: Apache-2.0 */
/* Plain verbs: what the other scenarios stand on. Each client makes nodes, sets and deletes them, watches a common one;
 * it knows what may be on the server by what it was told. */
#include <string.h>

#include "sim/world/world.h"

typedef struct actor {
    wclient *c;
    unsigned rounds;
    bool busy, unclean; /* its node may be left behind */
    bool watching, watch_told;
    int64_t seen; /* mzxid of the common node, last seen */
    char path[32];
} actor;

typedef struct verbs {
    actor actors[WORLD_CLIENTS];
} verbs;

enum { ROUNDS = 3 };

static void next(wclient *c, void *arg);

static void
again(actor *a)
{
    a->busy = false;
    world_after(a->c, 1, a->c->w->small ? 20 : 500, next, a);
}

static void
deleted(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    (void)reply;
    if (err && err != ZOBO_ENONODE && zobo_err_class(err) == ZOBO_CLASS_REJECTED)
        world_fail(w, "delete: %s", zobo_err_name(err));
    if (err == ZOBO_OK && world_up(w) && world_node(w, a->path, NULL, NULL, 0))
        world_fail(w, "%s is there after it was deleted", a->path);
    a->unclean = err != ZOBO_OK && err != ZOBO_ENONODE;
    a->rounds += !a->unclean;
    again(a);
}

static void
got(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    const zobo_how how = {.done = deleted, .arg = a, .flags = ZOBO_INLINE};
    if (!err && strncmp(reply->data, "mine", 4) != 0)
        world_fail(w, "%s has other data", a->path);
    if (zobo_delete_async(a->c->c, a->path, -1, &how, NULL))
        world_fail(w, "delete_async");
}

static void
created(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    const zobo_how how = {.done = got, .arg = a};
    (void)reply;
    if (err && err != ZOBO_ENODEEXISTS && zobo_err_class(err) == ZOBO_CLASS_REJECTED)
        world_fail(w, "create: %s", zobo_err_name(err));
    if (zobo_get_async(a->c->c, a->path, NULL, &how, NULL))
        world_fail(w, "get_async");
}

static void
common_set(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)arg, (void)err, (void)reply;
}

static void
common_event(void *arg, const zobo_event *event)
{
    actor *a = arg;
    world_trace(a->c->w, "client %u is told %s", (unsigned)a->c->index, zobo_event_name(event->type));
    a->watching = false;
}

static void
common_got(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    if (err) {
        a->watching = false;
        return;
    }
    if (reply->stat.mzxid < a->seen && a->c->state == ZOBO_CONNECTED)
        world_fail(a->c->w, "the common node goes back in time");
    a->seen = reply->stat.mzxid;
}

static void
next(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    const zobo_create_options options = {.ephemeral = world_chance(w, 50), .makepath = true};
    const zobo_how how = {.done = created, .arg = a};
    if (w->healed && a->rounds >= ROUNDS && !a->unclean)
        return;
    a->busy = true;
    if (zobo_create_async(c->c, a->path, "mine", 4, &options, &how, NULL))
        world_fail(w, "create_async");
    if (world_chance(w, 50)) {
        const zobo_how set = {.done = common_set, .arg = a};
        if (zobo_set_async(c->c, "/common", "x", 1, -1, &set, NULL))
            world_fail(w, "set_async");
    }
    if (!a->watching && !w->healed) {
        const zobo_watcher watcher = {.fn = common_event, .arg = a, .flags = ZOBO_INLINE};
        const zobo_how get = {.done = common_got, .arg = a, .flags = ZOBO_INLINE};
        a->watching = true;
        if (zobo_get_async(c->c, "/common", &watcher, &get, NULL))
            world_fail(w, "get_async");
    }
}

static void
begin(world *w)
{
    verbs *v = w->state;
    size_t n = w->sc->clients_min + world_below(w, w->sc->clients_max - w->sc->clients_min + 1);
    for (size_t i = 0; i < n; i++) {
        actor *a = &v->actors[i];
        a->c = world_client(w);
        a->c->arg = a;
        (void)snprintf(a->path, sizeof a->path, "/n/%u", (unsigned)i);
        wclient *was = world_as(a->c);
        const zobo_how how = {.done = common_set, .arg = a};
        if (i == 0 && zobo_create_async(a->c->c, "/common", NULL, 0, NULL, &how, NULL))
            world_fail(w, "create_async");
        w->current = was;
        world_after(a->c, 0, 50, next, a);
    }
}

/* The common node is no more what it was when it was read, and its watcher has yet to be told. */
static bool
misses_event(world *w, const actor *a)
{
    zs_node node;
    return a->watching && (!a->seen || (world_node(w, "/common", &node, NULL, 0) && node.mzxid > a->seen));
}

static bool
settled(world *w)
{
    verbs *v = w->state;
    for (size_t i = 0; i < w->n_clients; i++)
        if (v->actors[i].busy || v->actors[i].unclean || v->actors[i].rounds < ROUNDS ||
            w->clients[i].state != ZOBO_CONNECTED || misses_event(w, &v->actors[i]))
            return false;
    return true;
}

static void
end(world *w)
{
    verbs *v = w->state;
    for (size_t i = 0; i < w->n_clients; i++) {
        const zobo_watcher watcher = {.fn = common_event, .arg = &v->actors[i], .flags = ZOBO_INLINE};
        wclient *was = world_as(&w->clients[i]);
        zobo_err err = zobo_remove_watches_async(w->clients[i].c, "/common", ZOBO_WATCH_DATA, &watcher, NULL, NULL);
        if (err && err != ZOBO_ENOWATCHER)
            world_fail(w, "remove_watches_async: %s", zobo_err_name(err));
        w->current = was;
    }
}

static void
leftover(world *w)
{
    if (world_ephemerals(w) || world_children(w, "/n", NULL, 0))
        world_fail(w, "%u ephemerals, %u nodes are left", (unsigned)world_ephemerals(w),
                   (unsigned)world_children(w, "/n", NULL, 0));
}

const char world_program[] = "sim_verbs";
const scenario world_scenarios[] = {
    {.name = "verbs",
     .clients_min = 1,
     .clients_max = 4,
     .state_size = sizeof(verbs),
     .begin = begin,
     .settled = settled,
     .end = end,
     .leftover = leftover},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
