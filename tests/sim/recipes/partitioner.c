/* SPDX-License-Identifier: Apache-2.0 */
/* SetPartitioner: no item is two members' at a time (as far as their locks are there), and in the end each item is
 * exactly one member's. */
#include <string.h>

#include <zobo/partitioner.h>

#include "sim/world/world.h"

enum { MAX_ACTORS = 5, ITEMS = 4, ROUNDS = 2 };

typedef struct actor {
    wclient *c;
    size_t index;
    zobo_set_partitioner *p;
    bool waiting, releasing;
    bool mine[ITEMS];
    bool acquired;
    unsigned rounds;
} actor;

typedef struct sets {
    actor actors[MAX_ACTORS];
    size_t n;
} sets;

static const char path[] = "/sets/one";
static const char *const items[ITEMS] = {"a", "b", "c", "d"};

static void turn(wclient *c, void *arg);

/* The sessions that have locks of an item. */
static bool
locked_by(world *w, const char *item, int64_t session)
{
    char names[16][80], dir[80], full[200];
    (void)snprintf(dir, sizeof dir, "%s/locks/%s", path, item);
    size_t n = world_children(w, dir, names, 16);
    for (size_t i = 0; i < n && i < 16; i++) {
        zs_node node;
        (void)snprintf(full, sizeof full, "%s/%.79s", dir, names[i]);
        if (world_node(w, full, &node, NULL, 0) && node.owner == session)
            return true;
    }
    return false;
}

static bool
holds(const actor *a)
{
    return a->p && a->acquired && zobo_set_partitioner_state(a->p) == ZOBO_PARTITION_ACQUIRED;
}

/* Without a connection another may soon have what is here. */
static void
check(world *w)
{
    const sets *v = w->state;
    for (size_t i = 0; i < v->n; i++)
        if (holds(&v->actors[i]) && v->actors[i].c->state != ZOBO_CONNECTED)
            world_fail(w, "member %u has its part without a connection", (unsigned)i);
}

static void
check_item(actor *a, size_t item)
{
    world *w = a->c->w;
    sets *v = w->state;
    zobo_client_id id;
    if (zobo_get_client_id(a->c->c, &id))
        return; /* its session has just ended */
    if (!locked_by(w, items[item], id.session_id)) {
        if (world_up(w) && world_session_lives(w, id.session_id))
            world_fail(w, "member %u has %s, and no lock of it", (unsigned)a->index, items[item]);
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        const actor *b = &v->actors[i];
        if (b == a || !holds(b) || !b->mine[item] || zobo_get_client_id(b->c->c, &id) ||
            !locked_by(w, items[item], id.session_id))
            continue;
        if (b->c != a->c) /* who share a session cannot be told apart by it */
            world_fail(w, "members %u and %u have %s", (unsigned)a->index, (unsigned)b->index, items[item]);
    }
}

static void
changed(void *arg, zobo_set_partitioner *p, zobo_partition_state state, zobo_err err)
{
    actor *a = arg;
    world_must(a->c->w, p == a->p);
    world_trace(a->c->w, "member %u is %s: %s", (unsigned)a->index, zobo_partition_state_name(state),
                zobo_err_name(err));
    if (state == ZOBO_PARTITION_FAILURE && a->p)
        world_fail(a->c->w, "member %u has failed: %s", (unsigned)a->index, zobo_err_name(err));
    if (state != ZOBO_PARTITION_ACQUIRED)
        a->acquired = false;
    if (state == ZOBO_PARTITION_RELEASE)
        world_after(a->c, 0, 300, turn, a);
}

static void
waited(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    a->waiting = false;
    if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED && err != ZOBO_ELOCKLOST)
        world_fail(w, "wait: %s", zobo_err_name(err));
    if (err == ZOBO_OK && a->p) {
        memset(a->mine, 0, sizeof a->mine);
        for (size_t i = 0; i < reply->n_children; i++)
            for (size_t k = 0; k < ITEMS; k++)
                a->mine[k] = a->mine[k] || strcmp(items[k], reply->children[i]) == 0;
        a->acquired = zobo_set_partitioner_state(a->p) == ZOBO_PARTITION_ACQUIRED;
        world_trace(w, "member %u has %s%s%s%s", (unsigned)a->index, a->mine[0] ? "a" : "", a->mine[1] ? "b" : "",
                    a->mine[2] ? "c" : "", a->mine[3] ? "d" : "");
        for (size_t k = 0; k < ITEMS && a->acquired; k++)
            if (a->mine[k])
                check_item(a, k);
        a->rounds++;
    }
    world_after(a->c, 100, 2000, turn, a);
}

static void
released(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    a->releasing = false;
    if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED)
        world_fail(a->c->w, "release: %s", zobo_err_name(err));
    world_after(a->c, 0, 100, turn, a);
}

static void
turn(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    zobo_problem why;
    const zobo_how wait = {.done = waited, .arg = a, .timeout_ms = 5000};
    const zobo_how release = {.done = released, .arg = a};
    char name[16];
    if (w->ending || a->waiting || a->releasing)
        return;
    if (!a->p) {
        (void)snprintf(name, sizeof name, "m%u", (unsigned)a->index);
        const zobo_set_partitioner_options o = {
            .identifier = name, .time_boundary_ms = 500, .changed = changed, .changed_arg = a};
        if (zobo_set_partitioner_new(c->c, path, items, ITEMS, &o, &a->p, &why))
            world_fail(w, "zobo_set_partitioner_new: %s", why.text);
    }
    if (zobo_set_partitioner_state(a->p) == ZOBO_PARTITION_RELEASE) {
        a->acquired = false;
        a->releasing = true;
        if (zobo_set_partitioner_release_set_async(a->p, &release, NULL))
            world_fail(w, "release_set_async");
    } else if (!holds(a)) {
        a->waiting = true;
        if (zobo_set_partitioner_wait_async(a->p, &wait, NULL))
            world_fail(w, "wait_async");
    } else {
        world_after(c, 500, 1500, turn, a);
    }
}

static void
abandon(world *w, wclient *c)
{
    sets *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c || !a->p)
            continue;
        world_trace(w, "member %u is freed", (unsigned)i);
        zobo_set_partitioner *gone = a->p;
        a->p = NULL;
        a->acquired = false;
        zobo_set_partitioner_free(gone);
        world_after(c, 0, 2000, turn, a);
    }
}

static void
begin(world *w)
{
    sets *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 2 : clients;
    for (size_t i = 0; i < v->n; i++) {
        v->actors[i].c = &w->clients[i % clients];
        v->actors[i].index = i;
        world_after(v->actors[i].c, 0, 500, turn, &v->actors[i]);
    }
}

static bool
settled(world *w)
{
    sets *v = w->state;
    for (size_t i = 0; i < v->n; i++)
        if (!holds(&v->actors[i]))
            return false;
    for (size_t k = 0; k < ITEMS; k++) {
        unsigned n = 0;
        for (size_t i = 0; i < v->n; i++)
            n += v->actors[i].mine[k];
        if (n != 1)
            return false;
    }
    return true;
}

static void
end(world *w)
{
    sets *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->actors[i].c);
        zobo_set_partitioner *gone = v->actors[i].p;
        v->actors[i].p = NULL;
        zobo_set_partitioner_free(gone);
        w->current = was;
    }
}

static void
leftover(world *w)
{
    if (world_ephemerals(w))
        world_fail(w, "%u ephemeral nodes are left", (unsigned)world_ephemerals(w));
}

static void
show(world *w)
{
    sets *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "member %u of client %u: %s, %s%s%s has %d%d%d%d", (unsigned)i, (unsigned)a->c->index,
                    a->p ? zobo_partition_state_name(zobo_set_partitioner_state(a->p)) : "freed",
                    a->waiting ? "waiting " : "", a->releasing ? "releasing " : "", a->acquired ? "acquired " : "",
                    a->mine[0], a->mine[1], a->mine[2], a->mine[3]);
    }
}

const char world_program[] = "sim_partitioner";
const scenario world_scenarios[] = {
    {.name = "partitioner",
     .state_size = sizeof(sets),
     .settle_ms = 300000,
     .begin = begin,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
