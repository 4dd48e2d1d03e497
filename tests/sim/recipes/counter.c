/* SPDX-License-Identifier: Apache-2.0 */
/* Counter and shared value: every change is made once and only once, whatever becomes of answers.
 *
 * Each actor adds powers of its own: what it was told adds up, and the number on the server lies between what is
 * certain and what may have been. Each change tells the number before and after; no two changes of one counter tell the
 * same. */
#include <stdlib.h>
#include <string.h>

#include <zobo/counter.h>

#include "sim/world/world.h"

enum { MAX_ACTORS = 6, ROUNDS = 5, MAX_CHANGES = 4096 };

typedef struct actor {
    wclient *c;
    zobo_counter *counter;
    zobo_call *call;
    bool adding;
    int64_t delta;
    bool given_up; /* it had a limit, was cancelled or freed: else nothing is in doubt */
    unsigned rounds;
} actor;

typedef struct counters {
    actor actors[MAX_ACTORS];
    size_t n;
    int64_t sum;                   /* of the changes that were told as made */
    int64_t doubt_low, doubt_high; /* of those of which it is not known */
    size_t n_changes;
    zobo_counter_change changes[MAX_CHANGES];
} counters;

static const char path[] = "/counters/one";

static void add(wclient *c, void *arg);

static void
note(world *w, const actor *a, const zobo_reply *reply)
{
    counters *v = w->state;
    zobo_counter_change change;
    world_must(w, reply && reply->data_len == sizeof change);
    memcpy(&change, reply->data, sizeof change);
    world_trace(w, "client %u has added %lld: %lld -> %lld", (unsigned)a->c->index, (long long)a->delta,
                (long long)change.pre_value, (long long)change.post_value);
    world_must(w, change.post_value - change.pre_value == a->delta);
    world_must(w, v->n_changes < MAX_CHANGES);
    v->changes[v->n_changes++] = change;
    v->sum += a->delta;
}

static void
added(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    counters *v = w->state;
    a->adding = false;
    zobo_call_free(a->call);
    a->call = NULL;
    if (err == ZOBO_OK) {
        note(w, a, reply);
    } else {
        world_trace(w, "client %u has not added %lld: %s", (unsigned)a->c->index, (long long)a->delta,
                    zobo_err_name(err));
        if (err == ZOBO_EABANDONED) {
            world_must(w, a->given_up);
            if (a->delta < 0)
                v->doubt_low += a->delta;
            else
                v->doubt_high += a->delta;
        } else if (err != ZOBO_ECANCELLED && err != ZOBO_EWAITTIMEOUT) {
            world_fail(w, "add: %s", zobo_err_name(err));
        }
    }
    a->rounds++;
    world_after(a->c, 0, w->small || world_chance(w, 70) ? 20 : 1500, add, a);
}

static void
add(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    zobo_problem why;
    zobo_how how = {.done = added, .arg = a};
    if (w->healed && a->rounds >= ROUNDS)
        return;
    if (!a->counter && zobo_counter_new(c->c, path, NULL, &a->counter, &why))
        world_fail(w, "zobo_counter_new: %s", why.text);
    if (!w->small && world_chance(w, 20))
        how.timeout_ms = (uint32_t)(1 + world_below(w, 2000));
    a->given_up = how.timeout_ms > 0;
    a->delta = world_chance(w, 70) ? 1 : (int64_t)world_below(w, 200) - 100;
    a->adding = true;
    if (zobo_counter_add_async(a->counter, a->delta, &how, &a->call))
        world_fail(w, "zobo_counter_add_async");
}

static void
abandon(world *w, wclient *c)
{
    counters *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c || !a->counter)
            continue;
        a->given_up = true;
        if (a->call && world_chance(w, 50)) {
            zobo_call_cancel(a->call);
        } else {
            zobo_counter_free(a->counter);
            a->counter = NULL;
        }
    }
}

static void
begin(world *w)
{
    counters *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 2 : clients + world_below(w, MAX_ACTORS - clients + 1);
    for (size_t i = 0; i < v->n; i++) {
        v->actors[i].c = &w->clients[i % clients];
        world_after(v->actors[i].c, 0, 50, add, &v->actors[i]);
    }
}

static bool
settled(world *w)
{
    counters *v = w->state;
    for (size_t i = 0; i < v->n; i++)
        if (v->actors[i].adding || v->actors[i].rounds < ROUNDS)
            return false;
    return true;
}

static void
end(world *w)
{
    counters *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->actors[i].c);
        zobo_counter_free(v->actors[i].counter);
        w->current = was;
    }
}

static int
by_post(const void *a, const void *b)
{
    int64_t x = ((const zobo_counter_change *)a)->post_value, y = ((const zobo_counter_change *)b)->post_value;
    return x < y ? -1 : x > y;
}

/* If nothing is in doubt and all deltas are 1, each number was reached once; in general the changes are one chain. */
static void
leftover(world *w)
{
    counters *v = w->state;
    char data[64] = "0", names[4][80];
    size_t children = world_children(w, path, names, 4);
    if (!world_node(w, path, NULL, data, sizeof data) && v->n_changes)
        world_fail(w, "the counter is not there");
    long long is = strtoll(data, NULL, 10);
    if (is < v->sum + v->doubt_low || is > v->sum + v->doubt_high)
        world_fail(w, "the counter is %lld, and should be %lld (%lld to %lld)", is, (long long)v->sum,
                   (long long)(v->sum + v->doubt_low), (long long)(v->sum + v->doubt_high));
    if (children)
        world_fail(w, "%u nodes are left beneath the counter, %s", (unsigned)children, names[0]);
    if (v->doubt_low || v->doubt_high)
        return;
    /* a chain: as many changes begin at a number as end there, but for the first and the last */
    int64_t at = 0;
    for (size_t i = 0; i < v->n_changes; i++)
        at += v->changes[i].post_value - v->changes[i].pre_value;
    world_must(w, at == is);
    qsort(v->changes, v->n_changes, sizeof *v->changes, by_post);
    int64_t balance = 0;
    for (size_t i = 0; i < v->n_changes; i++)
        balance ^= v->changes[i].post_value ^ v->changes[i].pre_value;
    world_must(w, balance == (is ^ 0));
}

/* --- shared values ------------------------------------------------------------------------------------------------ */

typedef struct sharer {
    wclient *c;
    zobo_shared_value *shared;
    zobo_call *call;
    bool busy, started;
    bool told;
    char last[32]; /* as told */
    int32_t version;
    int32_t asked; /* the version that was to be replaced; -1: any */
    bool given_up;
    unsigned rounds, sets;
    size_t index;
} sharer;

typedef struct sharers {
    sharer items[MAX_ACTORS];
    size_t n;
    int32_t made, doubts; /* sets */
} sharers;

static const char value_path[] = "/counters/value";

static void share(wclient *c, void *arg);

static void
value_changed(void *arg, zobo_shared_value *shared, const zobo_reply *value)
{
    sharer *x = arg;
    world *w = x->c->w;
    world_must(w, shared == x->shared && value);
    world_must(w, !x->told || value->stat.version > x->version);
    x->told = true;
    x->version = value->stat.version;
    (void)snprintf(x->last, sizeof x->last, "%.*s", (int)value->data_len, (const char *)value->data);
    world_trace(w, "actor %u of client %u is told of %s, version %d", (unsigned)x->index, (unsigned)x->c->index,
                x->last, (int)x->version);
}

static void
shared(void *arg, zobo_err err, const zobo_reply *reply)
{
    sharer *x = arg;
    world *w = x->c->w;
    sharers *v = w->state;
    world_trace(w, "actor %u of client %u has %s %u: %s, %d made", (unsigned)x->index, (unsigned)x->c->index,
                x->started ? "set" : "begun", x->sets - 1, zobo_err_name(err), (int)v->made);
    x->busy = false;
    zobo_call_free(x->call);
    x->call = NULL;
    bool replaced = x->started && err == ZOBO_OK && x->asked >= 0;
    /* With a lost answer it may be told what came later. */
    if (replaced && !w->profile->fault_ms && w->plan == PLAN_NONE && reply->stat.version != x->asked + 1)
        world_fail(w, "version %d was to be replaced, and it was %d", (int)x->asked, (int)reply->stat.version - 1);
    if (x->started)
        v->made += err == ZOBO_OK;
    else if (x->shared)
        x->started = err == ZOBO_OK;
    world_must(w, err != ZOBO_EABANDONED || x->given_up);
    if (err == ZOBO_EABANDONED)
        v->doubts++;
    else if (err && err != ZOBO_ECANCELLED && err != ZOBO_EWAITTIMEOUT && err != ZOBO_EBADVERSION)
        world_fail(w, "a shared value: %s", zobo_err_name(err));
    x->rounds++;
    world_after(x->c, 0, w->small || world_chance(w, 70) ? 20 : 1500, share, x);
}

static void
share(wclient *c, void *arg)
{
    sharer *x = arg;
    world *w = c->w;
    zobo_problem why;
    zobo_how how = {.done = shared, .arg = x};
    zobo_err err;
    char text[32];
    if (w->healed && x->rounds >= ROUNDS)
        return;
    if (!x->shared) {
        const zobo_shared_value_options o = {.seed = "seed", .seed_len = 4, .changed = value_changed, .changed_arg = x};
        if (zobo_shared_value_new(c->c, value_path, &o, &x->shared, &why))
            world_fail(w, "zobo_shared_value_new: %s", why.text);
        if (zobo_shared_value_start(x->shared))
            world_fail(w, "zobo_shared_value_start");
        x->started = x->told = false;
    }
    if (!w->small && x->started && world_chance(w, 20))
        how.timeout_ms = (uint32_t)(1 + world_below(w, 2000));
    x->given_up = how.timeout_ms > 0;
    x->busy = true;
    x->asked = x->started && world_chance(w, 50) ? x->version : -1;
    (void)snprintf(text, sizeof text, "%u-%u", (unsigned)x->index, x->sets++);
    if (!x->started)
        err = zobo_shared_value_wait_async(x->shared, &how, &x->call);
    else if (x->asked < 0)
        err = zobo_shared_value_set_async(x->shared, text, strlen(text), &how, &x->call);
    else
        err = zobo_shared_value_try_set_async(x->shared, text, strlen(text), x->asked, &how, &x->call);
    if (err)
        world_fail(w, "a shared value: %s", zobo_err_name(err));
}

static void
give_value_up(world *w, wclient *c)
{
    sharers *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        sharer *x = &v->items[i];
        if (x->c != c || !x->shared)
            continue;
        x->given_up = true;
        if (x->call && world_chance(w, 50)) {
            zobo_call_cancel(x->call);
        } else {
            zobo_shared_value_free(x->shared);
            x->shared = NULL;
        }
    }
}

static void
begin_values(world *w)
{
    sharers *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 2 : clients + world_below(w, MAX_ACTORS - clients + 1);
    for (size_t i = 0; i < v->n; i++) {
        v->items[i].c = &w->clients[i % clients];
        v->items[i].index = i;
        world_after(v->items[i].c, 0, 50, share, &v->items[i]);
    }
}

static bool
values_settled(world *w)
{
    sharers *v = w->state;
    zs_node node;
    char data[32];
    if (!world_node(w, value_path, &node, data, sizeof data))
        return false;
    for (size_t i = 0; i < v->n; i++) {
        const sharer *x = &v->items[i];
        if (x->busy || x->rounds < ROUNDS)
            return false;
        if (x->shared && x->started && (!x->told || x->version != node.version || strcmp(x->last, data) != 0))
            return false;
    }
    return true;
}

static void
end_values(world *w)
{
    sharers *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->items[i].c);
        zobo_shared_value_free(v->items[i].shared);
        w->current = was;
    }
}

static void
values_leftover(world *w)
{
    sharers *v = w->state;
    zs_node node;
    size_t children = world_children(w, value_path, NULL, 0);
    world_must(w, world_node(w, value_path, &node, NULL, 0));
    if (node.version < v->made || node.version > v->made + v->doubts)
        world_fail(w, "the value was set %d times, and should be %d to %d", (int)node.version, (int)v->made,
                   (int)(v->made + v->doubts));
    if (children)
        world_fail(w, "%u nodes are left beneath the value", (unsigned)children);
}

const char world_program[] = "sim_counter";
const scenario world_scenarios[] = {
    {.name = "counter",
     .state_size = sizeof(counters),
     .begin = begin,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover},
    {.name = "value",
     .state_size = sizeof(sharers),
     .begin = begin_values,
     .abandon = give_value_up,
     .settled = values_settled,
     .end = end_values,
     .leftover = values_leftover},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
