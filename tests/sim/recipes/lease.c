/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: two never have one at a time, but for what their clocks differ by; who has it gets it anew; in the end
 * everybody can get it, one after another, and no lock is left beside it. */
#include <string.h>

#include <zobo/lease.h>

#include "sim/world/world.h"

enum { MAX_ACTORS = 6, ROUNDS = 4, COUNT = 2, SECOND_MS = 1000 };

typedef struct actor {
    wclient *c;
    size_t index;
    zobo_lease *lease;
    zobo_multi_lease *multi;
    zobo_call *call;
    bool asking;
    uint64_t asked, until; /* the world's time; until: of what was obtained */
    uint32_t duration_ms;
    int which; /* of the multi lease's */
    unsigned rounds, obtained;
} actor;

typedef struct leases {
    actor actors[MAX_ACTORS];
    size_t n;
    bool many;
} leases;

static const char path[] = "/leases/one", many_path[] = "/leases/many";

static void ask(wclient *c, void *arg);

static void
check_alone(const actor *a)
{
    world *w = a->c->w;
    const leases *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *b = &v->actors[i];
        if (a != b && a->which == b->which && b->until > w->now + ZB_MS(2U * WORLD_WALL_OFF_MS) && b->asked < a->asked)
            world_fail(w, "actors %u and %u have obtained lease %d, which is %u's for %u ms yet", (unsigned)a->index,
                       (unsigned)b->index, a->which, (unsigned)b->index, (unsigned)((b->until - w->now) / ZB_MS(1)));
    }
}

static void
obtained(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    const leases *v = w->state;
    a->asking = false;
    zobo_call_free(a->call);
    a->call = NULL;
    world_trace(w, "actor %u: %s for %u ms", (unsigned)a->index, zobo_err_name(err), a->duration_ms);
    if (err == ZOBO_OK) {
        a->which = v->many ? reply->count : 0;
        world_must(w, a->which >= 0 && a->which < COUNT);
        /* The end was worked out at some time since it was asked for, in whole seconds. */
        a->until = a->asked + ZB_MS(a->duration_ms > SECOND_MS ? a->duration_ms - SECOND_MS : 0);
        a->obtained++;
        check_alone(a);
    } else if (err != ZOBO_EHELD && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED) {
        world_fail(w, "obtain: %s", zobo_err_name(err));
    }
    if (err != ZOBO_OK && err != ZOBO_EHELD)
        a->until = 0; /* perhaps it is obtained, perhaps not */
    a->rounds++;
    world_after(a->c, 0, w->small ? 500 : 4000, ask, a);
}

static void
ask(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    const leases *v = w->state;
    char name[16];
    zobo_problem why;
    zobo_how how = {.done = obtained, .arg = a, .timeout_ms = world_chance(w, 20) ? 700 : 0};
    if (w->healed && a->rounds >= ROUNDS && (a->obtained || a->rounds >= 60))
        return;
    (void)snprintf(name, sizeof name, "a%u", (unsigned)a->index);
    const zobo_lease_options o = {.identifier = name};
    if (v->many ? !a->multi && zobo_multi_lease_new(c->c, many_path, COUNT, &o, &a->multi, &why)
                : !a->lease && zobo_lease_new(c->c, path, &o, &a->lease, &why))
        world_fail(w, "a lease: %s", why.text);
    a->asking = true;
    a->asked = w->now;
    a->duration_ms = (uint32_t)(1500 + world_below(w, w->healed ? 1500 : 6000));
    zobo_err err = v->many ? zobo_multi_lease_obtain_async(a->multi, a->duration_ms, &how, &a->call)
                           : zobo_lease_obtain_async(a->lease, a->duration_ms, &how, &a->call);
    if (err)
        world_fail(w, "obtain_async: %s", zobo_err_name(err));
}

static void
abandon(world *w, wclient *c)
{
    leases *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c)
            continue;
        if (a->call && world_chance(w, 50)) {
            zobo_call_cancel(a->call);
            continue;
        }
        zobo_lease_free(a->lease);
        zobo_multi_lease_free(a->multi);
        a->lease = NULL;
        a->multi = NULL;
    }
}

static void
begin_with(world *w, bool many)
{
    leases *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    v->many = many;
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 3 : clients + world_below(w, MAX_ACTORS - clients + 1);
    for (size_t i = 0; i < v->n; i++) {
        v->actors[i].c = &w->clients[i % clients];
        v->actors[i].index = i;
        world_after(v->actors[i].c, 0, 300, ask, &v->actors[i]);
    }
}

static void
begin(world *w)
{
    begin_with(w, false);
}

static void
begin_many(world *w)
{
    begin_with(w, true);
}

static bool
settled(world *w)
{
    leases *v = w->state;
    for (size_t i = 0; i < v->n; i++)
        if (v->actors[i].asking || v->actors[i].rounds < ROUNDS || !v->actors[i].obtained)
            return false;
    return true;
}

static void
end(world *w)
{
    leases *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->actors[i].c);
        zobo_lease_free(v->actors[i].lease);
        zobo_multi_lease_free(v->actors[i].multi);
        w->current = was;
    }
}

static void
leftover(world *w)
{
    char one[64];
    if (world_ephemerals(w))
        world_fail(w, "%u ephemeral nodes are left", (unsigned)world_ephemerals(w));
    for (int i = -1; i < COUNT; i++) {
        (void)snprintf(one, sizeof one, i < 0 ? path : "%s/%d", many_path, i);
        if (world_children(w, one, NULL, 0) > 1)
            world_fail(w, "%u nodes are left in %s", (unsigned)world_children(w, one, NULL, 0), one);
    }
}

const char world_program[] = "sim_lease";
const scenario world_scenarios[] = {
    {.name = "lease",
     .state_size = sizeof(leases),
     .settle_ms = 400000,
     .begin = begin,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover},
    {.name = "leases",
     .state_size = sizeof(leases),
     .settle_ms = 400000,
     .begin = begin_many,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
