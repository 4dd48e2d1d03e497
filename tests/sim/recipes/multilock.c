/* SPDX-License-Identifier: Apache-2.0 */
/* MultiLock: actors want several of three locks each, in any order, and never wait for each other for ever. Who has his
 * has nobody before him in any of them; who has not has no node. */
#include <string.h>

#include <zobo/multi_lock.h>

#include "sim/world/world.h"

enum { PATHS = 3, MAX_ACTORS = 6, ROUNDS = 3 };

typedef struct actor {
    wclient *c;
    size_t index;
    zobo_multi_lock *lock;
    zobo_call *call;
    bool wants[PATHS];
    bool acquiring, releasing, holding, lost;
    uint64_t lost_since; /* it is not held, and that has not been told; 0: it is, or has */
    unsigned due;        /* let_go */
    unsigned rounds;
} actor;

typedef struct locks {
    actor actors[MAX_ACTORS];
    size_t n;
} locks;

static const char *const paths[PATHS] = {"/many/a", "/many/b", "/many/c"};

static void next(wclient *c, void *arg);

static void
again(actor *a)
{
    world_after(a->c, 0, a->c->w->small ? 10 : 300, next, a);
}

static void
check_first(const actor *a, const char *path)
{
    world *w = a->c->w;
    char names[32][80], full[120];
    int64_t fence = zobo_multi_lock_fence(a->lock, path), first = INT64_MAX;
    bool there = false;
    size_t n = world_children(w, path, names, 32);
    if (!fence)
        world_fail(w, "actor %u has acquired, and has no token for %s", (unsigned)a->index, path);
    for (size_t i = 0; i < n && i < 32; i++) {
        zs_node node;
        (void)snprintf(full, sizeof full, "%s/%.79s", path, names[i]);
        if (!world_node(w, full, &node, NULL, 0))
            continue;
        first = node.czxid < first ? node.czxid : first;
        there = there || node.czxid == fence;
    }
    if (there && first < fence)
        world_fail(w, "actor %u has acquired %s with %lld, and %lld is there", (unsigned)a->index, path,
                   (long long)fence, (long long)first);
}

/* Who has acquired and has lost one of his locks is told. */
static void
check(world *w)
{
    locks *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        bool untold = a->lock && a->holding && !a->lost && zobo_multi_lock_check(a->lock) && !w->no_memory;
        if (!untold || !a->lost_since || a->c->frozen_until > w->now)
            a->lost_since = untold ? w->now : 0;
        else if (w->now - a->lost_since > ZB_MS(500))
            world_fail(w, "actor %u has lost a lock, and has not been told", (unsigned)i);
    }
}

static void
released(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    world_trace(a->c->w, "actor %u has released: %s", (unsigned)a->index, zobo_err_name(err));
    a->releasing = false;
    if (err && err != ZOBO_ELOCKLOST && err != ZOBO_ECANCELLED && !world_bears(a->c->w, err))
        world_fail(a->c->w, "release: %s", zobo_err_name(err));
    if (err == ZOBO_ELOCKLOST && !a->lost && a->lock && !a->c->w->no_memory)
        world_fail(a->c->w, "actor %u was not told that it has lost", (unsigned)a->index);
    a->rounds++;
    again(a);
}

static void
let_go(wclient *c, void *arg)
{
    actor *a = arg;
    const zobo_how how = {.done = released, .arg = a};
    if (--a->due > 0 || !a->holding)
        return;
    a->holding = false;
    a->releasing = true;
    zobo_err err = zobo_multi_lock_release_async(a->lock, &how, NULL);
    if (err && !world_bears(c->w, err))
        world_fail(c->w, "zobo_multi_lock_release_async");
    if (err) {
        a->releasing = false;
        a->holding = true;
        a->due++;
        world_after(c, 0, 50, let_go, a);
    }
}

static void
lost(void *arg, zobo_multi_lock *lock)
{
    actor *a = arg;
    world_trace(a->c->w, "actor %u is told that it has lost", (unsigned)a->index);
    world_must(a->c->w, lock == a->lock);
    a->lost = true;
}

static void
acquired(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    (void)reply;
    a->acquiring = false;
    zobo_call_free(a->call);
    a->call = NULL;
    world_trace(w, "actor %u has acquired: %s", (unsigned)a->index, zobo_err_name(err));
    if (!a->lock || (err && (err != ZOBO_EREPLYLOST || zobo_multi_lock_check(a->lock)))) {
        if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_EHELD && err != ZOBO_ECANCELLED && !world_bears(w, err))
            world_fail(w, "acquire: %s", zobo_err_name(err));
        again(a);
        return;
    }
    for (size_t i = 0; i < PATHS && zobo_multi_lock_check(a->lock) == ZOBO_OK; i++)
        if (a->wants[i])
            check_first(a, paths[i]);
    a->holding = true;
    a->due++;
    world_after(a->c, 0, w->small || world_chance(w, 80) ? 50 : 6000, let_go, a);
}

static void
make(actor *a)
{
    world *w = a->c->w;
    const char *wanted[PATHS];
    size_t n = 0, from = world_below(w, PATHS);
    zobo_problem why;
    for (size_t k = 0; k < PATHS; k++) {
        size_t i = (from + 2 * k) % PATHS; /* not in their order */
        a->wants[i] = world_chance(w, 60) || (k == PATHS - 1 && !n);
        if (a->wants[i])
            wanted[n++] = paths[i];
    }
    const zobo_multi_lock_options o = {.identifier = "sim", .lost = lost, .lost_arg = a};
    zobo_err err = zobo_multi_lock_new(a->c->c, wanted, n, &o, &a->lock, &why);
    if (err && !world_bears(w, err))
        world_fail(w, "zobo_multi_lock_new: %s", why.text);
}

static void
next(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    if (w->healed && a->rounds >= ROUNDS)
        return;
    if (!a->lock)
        make(a);
    if (!a->lock) {
        again(a);
        return;
    }
    a->lost = false;
    a->acquiring = true;
    zobo_how how = {.done = acquired, .arg = a};
    if (!w->small && world_chance(w, 30))
        how.timeout_ms = (uint32_t)(1 + world_below(w, 4000));
    zobo_err err = !w->small && world_chance(w, 15) ? zobo_multi_lock_try_async(a->lock, &how, &a->call)
                                                    : zobo_multi_lock_acquire_async(a->lock, &how, &a->call);
    if (err && !world_bears(w, err))
        world_fail(w, "acquire_async: %s", zobo_err_name(err));
    if (err) {
        a->acquiring = false;
        again(a);
    }
}

static void
abandon(world *w, wclient *c)
{
    locks *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c || !a->lock)
            continue;
        uint64_t what = world_below(w, 3);
        if (what == 0 && zobo_multi_lock_cancel(a->lock))
            world_fail(w, "zobo_multi_lock_cancel");
        if (what == 1 && a->call)
            zobo_call_cancel(a->call);
        if (what != 2)
            continue;
        world_trace(w, "actor %u is freed", (unsigned)i);
        zobo_multi_lock_free(a->lock);
        a->lock = NULL;
        if (a->holding)
            again(a);
        a->holding = false;
    }
}

static void
begin(world *w)
{
    locks *v = w->state;
    size_t clients = w->small ? 3 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 3 : clients + world_below(w, MAX_ACTORS - clients + 1);
    for (size_t i = 0; i < v->n; i++) {
        v->actors[i].c = &w->clients[i % clients];
        v->actors[i].index = i;
        again(&v->actors[i]);
    }
}

static bool
settled(world *w)
{
    locks *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        if (a->acquiring || a->releasing || a->holding || a->rounds < ROUNDS)
            return false;
    }
    return true;
}

static void
end(world *w)
{
    locks *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->actors[i].c);
        zobo_multi_lock_free(v->actors[i].lock);
        w->current = was;
    }
}

static void
leftover(world *w)
{
    for (size_t i = 0; i < PATHS; i++)
        if (world_children(w, paths[i], NULL, 0))
            world_fail(w, "nodes are left in %s", paths[i]);
}

static void
show(world *w)
{
    locks *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u wants %s%s%s: %s%s%s%s, %u rounds", (unsigned)i, (unsigned)a->c->index,
                    a->wants[0] ? "a" : "", a->wants[1] ? "b" : "", a->wants[2] ? "c" : "",
                    a->acquiring ? "acquiring " : "", a->holding ? "holding " : "", a->releasing ? "releasing " : "",
                    a->lock ? "" : "freed", a->rounds);
    }
}

const char world_program[] = "sim_multilock";
const scenario world_scenarios[] = {
    {.name = "multilock",
     .state_size = sizeof(locks),
     .bears_oom = true,
     .begin = begin,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
