/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong, and when it is right again: at random, or at one frame. */
#include "sim/world/world.h"

#include <string.h>

/* clang-format off */
const wprofile world_profiles[] = {
    /* name     every latency spread  reset dead stall part refuse crash expire freeze disk abandon */
    {"calm",         0,   300,   2000, {0,   0,    0,   0,    0,    0,     0,     0,   0,    0}},
    {"lossy",     1500,   500,   5000, {8,   1,    3,   0,    1,    0,     0,     1,   1,    0}},
    {"expiry",    3000,   500,   5000, {2,   0,    1,   1,    0,    0,     6,     2,   0,    1}},
    {"partitions",4000,  1000,  20000, {1,   2,    3,   6,    1,    0,     0,     1,   0,    1}},
    {"crashes",   4000,   300,   2000, {1,   0,    0,   0,    1,    6,     1,     0,   2,    0}},
    {"giving-up", 1000,   500,   5000, {2,   0,    1,   0,    0,    0,     1,     0,   1,    8}},
    {"all",       1500,   500,  10000, {3,   1,    2,   2,    1,    1,     2,     1,   1,    3}},
};
/* clang-format on */
const size_t world_n_profiles = sizeof world_profiles / sizeof world_profiles[0];

static void
give_up(wclient *c, void *arg)
{
    world *w = c->w;
    (void)arg;
    if (w->ending || !w->sc->abandon)
        return;
    world_trace(w, "FAULT the user of client %u gives up", (unsigned)c->index);
    w->sc->abandon(w, c);
}

static void
gives_up(wclient *c)
{
    if (c->w->sc->gives_up_blocked)
        world_meanwhile(c, 0, 1, give_up, NULL);
    else
        world_after(c, 0, 1, give_up, NULL);
}

/* --- at random ---------------------------------------------------------------------------------------------------- */

static uint64_t
until(world *w, uint64_t least_ms, uint64_t most_ms)
{
    uint64_t at = w->now + world_ms(w, least_ms, most_ms);
    return at < w->heal_at ? at : w->heal_at;
}

static void
cut_off(world *w, wclient *c)
{
    uint64_t end = until(w, 300, world_chance(w, 30) ? 30000 : 5000);
    bool for_good = world_chance(w, 50);
    unsigned doors = world_chance(w, 60) ? 7U : 1U + (unsigned)world_below(w, 7);
    world_trace(w, "FAULT client %u does not reach servers %x until %.3f%s", (unsigned)c->index, doors,
                (double)end / 1e9, for_good ? ", links die" : "");
    for (size_t i = 0; i < w->n_doors; i++)
        if (doors >> i & 1)
            links_cut_off(c, i, end, for_good);
}

static void
strike_link(world *w, wfault kind)
{
    wlink *l = link_some(w);
    if (!l)
        return;
    unsigned who = (unsigned)link_client(l)->index;
    if (kind == WORLD_RESET) {
        world_trace(w, "FAULT client %u's link is reset", who);
        link_reset(l);
    } else if (kind == WORLD_DEAD) {
        world_trace(w, "FAULT client %u's link is dead", who);
        link_kill(l);
    } else if (kind == WORLD_EXPIRE) {
        world_trace(w, "FAULT client %u's session ends", who);
        server_expire(w, server_session(l));
    } else {
        uint64_t end = until(w, 50, world_chance(w, 25) ? 15000 : 2000);
        int way = (int)world_below(w, 2);
        world_trace(w, "FAULT client %u's link stalls %s until %.3f", who, way ? "down" : "up", (double)end / 1e9);
        link_stall(l, way, end);
    }
}

static void
strike(world *w, wfault kind)
{
    wclient *c = &w->clients[world_below(w, w->n_clients)];
    size_t door = world_below(w, w->n_doors);
    switch (kind) {
    case WORLD_PARTITION:
        cut_off(w, c);
        break;
    case WORLD_REFUSE:
        world_trace(w, "FAULT server %u goes", (unsigned)door);
        w->doors[door].refuses_until = until(w, 100, 6000);
        links_reset_door(w, door);
        break;
    case WORLD_CRASH:
        server_crash(w, until(w, 50, world_chance(w, 20) ? 15000 : 3000));
        break;
    case WORLD_FREEZE:
        if (c->frozen_until < w->now)
            c->frozen_until = until(w, 50, world_chance(w, 30) ? 20000 : 2000);
        world_trace(w, "FAULT client %u stands still until %.3f", (unsigned)c->index, (double)c->frozen_until / 1e9);
        break;
    case WORLD_DISK:
        w->slow_until = until(w, 100, 5000);
        break;
    case WORLD_ABANDON:
        gives_up(c);
        break;
    default:
        strike_link(w, kind);
    }
}

static void
next_fault(world *w, void *what, uint64_t arg)
{
    unsigned sum = 0;
    (void)what, (void)arg;
    if (w->healed)
        return;
    for (int i = 0; i < WORLD_N_FAULTS; i++)
        sum += w->profile->shares[i];
    uint64_t left = world_below(w, sum);
    for (int i = 0; i < WORLD_N_FAULTS; i++) {
        if (left < w->profile->shares[i]) {
            strike(w, (wfault)i);
            break;
        }
        left -= w->profile->shares[i];
    }
    world_at(w, w->now + world_ms(w, 1, 2U * w->profile->fault_ms), next_fault, NULL, 0);
}

void
fault_begin(world *w)
{
    if (w->profile->fault_ms && !w->small)
        world_at(w, w->now + world_ms(w, 1, 2U * w->profile->fault_ms), next_fault, NULL, 0);
}

void
fault_heal(world *w)
{
    memset(w->doors, 0, sizeof w->doors);
    w->slow_until = 0;
    for (size_t i = 0; i < w->n_clients; i++) {
        memset(w->clients[i].cut_off_until, 0, sizeof w->clients[i].cut_off_until);
        if (w->clients[i].frozen_until > w->now)
            w->clients[i].frozen_until = w->now;
    }
    links_heal(w);
}

/* --- at one frame ------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"none",
#define X(name, when) #name,
                                    WORLD_PLANS(X)
#undef X
};
static const wwhen whens[] = {AT_REQUEST,
#define X(name, when) when,
                              WORLD_PLANS(X)
#undef X
};

const char *
world_plan_name(wplan plan)
{
    return names[plan];
}

wwhen
world_plan_when(wplan plan)
{
    return whens[plan];
}

/* Longer than any session lasts, by any clock. */
static uint64_t
too_long(const world *w, const wclient *c)
{
    return w->now + ZB_MS(2U * c->timeout_ms);
}

static void
crash_now(world *w, void *what, uint64_t ms)
{
    (void)what;
    server_crash(w, w->now + ZB_MS(ms));
}

/* False: the frame does not go on. */
static bool
carry_out(wlink *l)
{
    wclient *c = link_client(l);
    world *w = c->w;
    world_trace(w, "FAULT %s of client %u", names[w->plan], (unsigned)c->index);
    switch (w->plan) {
    case PLAN_CUT_REQUEST:
    case PLAN_CUT_ANSWER:
    case PLAN_CUT_TWICE:
        link_reset(l);
        return false;
    case PLAN_EXPIRE_REQUEST:
    case PLAN_EXPIRE_ANSWER:
        server_expire(w, server_session(l));
        return true;
    case PLAN_EXPIRE_LOST:
        server_expire(w, server_session(l));
        link_reset(l);
        return false;
    case PLAN_CRASH_ANSWER:
        link_reset(l);
        world_at(w, w->now, crash_now, NULL, 1000);
        return false;
    case PLAN_OUTAGE_ANSWER:
        link_reset(l);
        world_at(w, w->now, crash_now, NULL, c->timeout_ms * 3U / 2);
        return false;
    case PLAN_PART_REQUEST:
    case PLAN_PART_ANSWER:
        for (size_t i = 0; i < w->n_doors; i++)
            links_cut_off(c, i, too_long(w, c), false);
        return true;
    case PLAN_FREEZE_ANSWER:
        c->frozen_until = too_long(w, c);
        return true;
    default:
        gives_up(c);
        return true;
    }
}

static bool
plan_frame(wlink *l, uint64_t number)
{
    world *w = link_client(l)->w;
    if (!w->plan_at || number != w->plan_at || w->ending)
        return true;
    w->plan_at = w->plan_again ? number + w->plan_again : 0;
    w->plan_again = 0;
    return carry_out(l);
}

bool
plan_request(wlink *l)
{
    world *w = link_client(l)->w;
    return w->plan == PLAN_NONE || whens[w->plan] != AT_REQUEST || plan_frame(l, w->n_requests);
}

bool
plan_answer(wlink *l)
{
    world *w = link_client(l)->w;
    return w->plan == PLAN_NONE || whens[w->plan] != AT_ANSWER || plan_frame(l, w->n_answers);
}

bool
plan_allocation(world *w)
{
    if (!w->current || !w->begun || w->ending)
        return true;
    if (++w->n_allocations != w->plan_at || w->plan != PLAN_OOM)
        return true;
    w->no_memory = true;
    world_trace(w, "FAULT no memory for client %u", (unsigned)w->current->index);
    return false;
}

bool
world_bears(const world *w, zobo_err err)
{
    return w->no_memory && (err == ZOBO_ENOMEM || err == ZOBO_EREPLYLOST);
}
