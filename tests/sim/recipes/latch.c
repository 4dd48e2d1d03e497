/* SPDX-License-Identifier: Apache-2.0 */
/* LeaderLatch: at most one leads by a node that is there, nobody leads without a connection who has not asked for that,
 * leader and not_leader come in turn, and in the end one of those who take part leads, each with one node. */
#include <string.h>

#include <zobo/election.h>

#include "sim/world/world.h"

enum { MAX_ACTORS = 7, ROUNDS = 4 };

typedef struct actor {
    wclient *c;
    size_t index;
    zobo_leader_latch *latch;
    bool keeps; /* on_suspended */
    bool started, stopping, awaiting;
    bool told; /* that it leads */
    int64_t fence, last_fence;
    char node[100];
    uint64_t gone_since;
    unsigned rounds, led;
} actor;

typedef struct latches {
    actor actors[MAX_ACTORS];
    size_t n;
} latches;

static const char path[] = "/latches/one";

static void turn(wclient *c, void *arg);

/* --- what must hold ----------------------------------------------------------------------------------------------- */

/* The node by which the actor leads, if it is there; it must be the first in line. */
static void
find_node(actor *a)
{
    world *w = a->c->w;
    char names[32][80], full[120];
    int64_t first = INT64_MAX;
    size_t n = world_children(w, path, names, 32);
    a->node[0] = '\0';
    for (size_t i = 0; i < n && i < 32; i++) {
        zs_node node;
        (void)snprintf(full, sizeof full, "%s/%.79s", path, names[i]);
        if (!world_node(w, full, &node, NULL, 0))
            continue;
        if (node.czxid < first)
            first = node.czxid;
        if (node.czxid == a->fence)
            (void)snprintf(a->node, sizeof a->node, "%.99s", full);
    }
    if (a->node[0] && first != a->fence)
        world_fail(w, "actor %u leads by %s, and is not the first in line", (unsigned)a->index, a->node);
}

static bool
node_is_there(const actor *a)
{
    return a->node[0] && world_node(a->c->w, a->node, NULL, NULL, 0);
}

static void
check_one(actor *a)
{
    world *w = a->c->w;
    int64_t fence = zobo_leader_latch_fence(a->latch);
    if (fence != a->fence) {
        a->fence = fence;
        a->gone_since = 0;
        world_trace(w, "actor %u leads: %lld", (unsigned)a->index, (long long)fence);
        if (fence && fence <= a->last_fence)
            world_fail(w, "actor %u leads with %lld after %lld", (unsigned)a->index, (long long)fence,
                       (long long)a->last_fence);
        a->last_fence = fence;
        find_node(a);
    }
    if (!a->keeps && (a->c->state == ZOBO_SUSPENDED || a->c->state == ZOBO_LOST))
        world_fail(w, "actor %u leads without a connection", (unsigned)a->index);
    if (node_is_there(a) || !world_up(w)) {
        a->gone_since = 0;
        return;
    }
    if (!a->gone_since || a->c->frozen_until > w->now)
        a->gone_since = w->now;
    if (w->now - a->gone_since > ZB_MS(2U * a->c->timeout_ms))
        world_fail(w, "actor %u leads by a node that is gone, and has not been told", (unsigned)a->index);
}

static void
check(world *w)
{
    latches *v = w->state;
    const actor *leader = NULL;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (!a->latch || !zobo_leader_latch_is_leader(a->latch)) {
            a->fence = 0;
            a->node[0] = '\0';
            continue;
        }
        check_one(a);
        if (!node_is_there(a))
            continue;
        if (leader)
            world_fail(w, "actors %u and %u lead", (unsigned)leader->index, (unsigned)a->index);
        leader = a;
    }
}

/* --- actors ------------------------------------------------------------------------------------------------------- */

static void
again(actor *a)
{
    world *w = a->c->w;
    a->rounds++;
    world_after(a->c, 0, w->small ? 40 : world_chance(w, 70) ? 1500 : 9000, turn, a);
}

static void
on_leader(void *arg, zobo_leader_latch *latch)
{
    actor *a = arg;
    world_must(a->c->w, latch == a->latch && !a->told);
    a->told = true;
    a->led++;
}

static void
on_not_leader(void *arg, zobo_leader_latch *latch)
{
    actor *a = arg;
    world_must(a->c->w, latch == a->latch && a->told);
    a->told = false;
}

static void
stopped(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    if (err && err != ZOBO_ECANCELLED)
        world_fail(a->c->w, "stop: %s", zobo_err_name(err));
    if (a->latch && !err && zobo_leader_latch_is_leader(a->latch))
        world_fail(a->c->w, "a latch that is stopped leads");
    a->stopping = false;
    again(a);
}

static void
awaited(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    a->awaiting = false;
    if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED)
        world_fail(a->c->w, "await: %s", zobo_err_name(err));
    again(a);
}

static void
take_part(actor *a)
{
    world *w = a->c->w;
    zobo_problem why;
    if (!a->latch) {
        a->keeps = world_chance(w, 50);
        a->told = false;
        a->last_fence = 0;
        const zobo_leader_latch_options o = {.identifier = "sim",
                                             .keep_on_suspended = a->keeps,
                                             .leader = on_leader,
                                             .not_leader = on_not_leader,
                                             .leader_arg = a,
                                             .not_leader_arg = a};
        if (zobo_leader_latch_new(a->c->c, path, &o, &a->latch, &why))
            world_fail(w, "zobo_leader_latch_new: %s", why.text);
    }
    zobo_err err = zobo_leader_latch_start(a->latch);
    if (err)
        world_fail(w, "zobo_leader_latch_start: %s", zobo_err_name(err));
    a->started = true;
}

/* Takes part; awaits, or stops, or does nothing. In the end all take part. */
static void
turn(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    const zobo_how stop = {.done = stopped, .arg = a};
    const zobo_how await = {.done = awaited, .arg = a, .timeout_ms = 1 + (uint32_t)world_below(w, 2000)};
    if (w->healed && a->rounds >= ROUNDS && a->started) {
        world_after(c, 1000, 2000, turn, a); /* it may be freed yet */
        return;
    }
    if (!a->started) {
        take_part(a);
        again(a);
    } else if (world_chance(w, 50)) {
        a->stopping = true;
        a->started = false;
        world_trace(w, "actor %u stops", (unsigned)a->index);
        if (zobo_leader_latch_stop_async(a->latch, &stop, NULL))
            world_fail(w, "zobo_leader_latch_stop_async");
    } else {
        a->awaiting = true;
        if (zobo_leader_latch_await_async(a->latch, &await, NULL))
            world_fail(w, "zobo_leader_latch_await_async");
    }
}

static void
abandon(world *w, wclient *c)
{
    latches *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c || !a->latch)
            continue;
        if (a->node[0] && world_chance(w, 40)) { /* somebody deletes the leader's node */
            if (zobo_delete_async(c->c, a->node, -1, NULL, NULL))
                world_fail(w, "delete_async");
            continue;
        }
        world_trace(w, "actor %u is freed", (unsigned)i);
        zobo_leader_latch_free(a->latch);
        a->latch = NULL;
        a->started = false;
    }
}

/* --- the scenario ------------------------------------------------------------------------------------------------- */

static void
begin(world *w)
{
    latches *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 3 : clients + world_below(w, MAX_ACTORS - clients + 1);
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        a->c = &w->clients[i % clients];
        a->index = i;
        world_after(a->c, 0, 100, turn, a);
    }
}

static bool
settled(world *w)
{
    latches *v = w->state;
    size_t leaders = 0;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        if (a->rounds < ROUNDS || !a->started || a->stopping || a->awaiting)
            return false;
        bool leads = zobo_leader_latch_is_leader(a->latch);
        leaders += leads;
        if (leads != a->told)
            return false;
    }
    return leaders == 1 && world_children(w, path, NULL, 0) == v->n;
}

static void
end(world *w)
{
    latches *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->actors[i].c);
        zobo_leader_latch_free(v->actors[i].latch);
        w->current = was;
    }
}

static void
leftover(world *w)
{
    size_t n = world_children(w, path, NULL, 0);
    if (n)
        world_fail(w, "%u nodes of latches are left", (unsigned)n);
}

static void
show(world *w)
{
    latches *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u: %s%s%s%s%s, %u rounds, led %u times", (unsigned)i, (unsigned)a->c->index,
                    a->started ? "started " : "", a->stopping ? "stopping " : "", a->awaiting ? "awaiting " : "",
                    a->told ? "leads " : "", a->latch ? "" : "freed", a->rounds, a->led);
    }
}

const char world_program[] = "sim_latch";
const scenario world_scenarios[] = {
    {.name = "latch",
     .state_size = sizeof(latches),
     .begin = begin,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
