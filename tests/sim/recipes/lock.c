/* SPDX-License-Identifier: Apache-2.0 */
/* Lock, ReadLock, WriteLock.
 *
 * Actors acquire, hold for a while, release; some give up early, try only, or have their object freed under them. By
 * the server's nodes there is never but one holder among those whose nodes are there (readers may be many), who
 * acquires is next in line, tokens grow, a holder whose node is gone learns of it, and in the end nobody waits and no
 * node stays. */
#include <string.h>

#include <zobo/lock.h>

#include "sim/world/world.h"

typedef struct actor {
    wclient *c;
    zobo_lock *lock;
    zobo_lock_kind kind;
    zobo_call *call;
    bool acquiring, releasing;
    bool holding; /* has acquired, and is going to release, though it may have been lost meanwhile */
    bool held;    /* and has not been told that it is lost */
    bool lost;
    bool asks;    /* is not told, but asks zobo_lock_check */
    unsigned due; /* let_go */
    char node[80];
    int64_t fence, last_fence;
    uint64_t gone_since; /* the node of a holder is not there; 0: it is */
    uint32_t timeout_ms; /* of the acquire under way; 0: none */
    uint64_t asked_at;
    unsigned rounds;
} actor;

enum { MAX_ACTORS = 8, ROUNDS = 3 };

typedef struct locks {
    actor actors[MAX_ACTORS];
    size_t n;
    bool readers; /* actors read or write */
    /* readers only stand there, and nothing has changed: */
    int64_t calm_zxid;
    uint64_t calm_since;
} locks;

static const char path[] = "/locks/one";

static void next(wclient *c, void *arg);

static void
again(actor *a, uint64_t most_ms)
{
    world_after(a->c, 0, a->c->w->small ? 10 : most_ms, next, a);
}

static bool
reads(const actor *a)
{
    return a->kind == ZOBO_READ_LOCK;
}

/* --- what must hold ----------------------------------------------------------------------------------------------- */

static int32_t
sequence(const char *name)
{
    const char *digits = strlen(name) > 10 ? name + strlen(name) - 10 : "0";
    int32_t n = 0;
    for (; *digits; digits++)
        n = n * 10 + (*digits - '0');
    return n;
}

/* Who acquires has nobody before it: whoever comes later has a higher number. */
static void
check_first(actor *a)
{
    world *w = a->c->w;
    char names[32][80];
    const char *own = strrchr(a->node, '/') + 1;
    size_t n = world_children(w, path, names, 32);
    zs_node node;
    zobo_client_id id;
    if (!world_node(w, a->node, &node, NULL, 0))
        return; /* its session has just ended, or the server is down */
    if (!zobo_get_client_id(a->c->c, &id) && node.owner != id.session_id)
        world_fail(w, "client %u acquires with a node of another session", (unsigned)a->c->index);
    for (size_t i = 0; i < n && i < 32; i++) {
        bool reader = strstr(names[i], "__rlock__") != NULL;
        if (sequence(names[i]) < sequence(own) && !(reads(a) && reader))
            world_fail(w, "client %u acquires with %s while %s is there", (unsigned)a->c->index, own, names[i]);
    }
}

static bool
node_is_there(const actor *a)
{
    zs_node node;
    return world_node(a->c->w, a->node, &node, NULL, 0) && node.czxid == a->fence;
}

static void
check_loss(actor *a)
{
    world *w = a->c->w;
    if (node_is_there(a) || !world_up(w)) {
        a->gone_since = 0;
        return;
    }
    if (!a->gone_since || a->c->frozen_until > w->now)
        a->gone_since = w->now;
    if (w->now - a->gone_since > ZB_MS(2U * a->c->timeout_ms))
        world_fail(w, "client %u holds a lock whose node is gone, and has not been told for %u ms",
                   (unsigned)a->c->index, (unsigned)((w->now - a->gone_since) / ZB_MS(1)));
}

/* Each waits for the one before it: a node is watched by its holder, who is to learn of its loss, and by the next in
 * line. Whoever gives up takes his watch back before his node. Readers may be many behind a writer. */
static void
check_no_herd(world *w)
{
    const locks *v = w->state;
    char names[32][80], full[120];
    if (v->readers || w->profile->fault_ms || w->plan != PLAN_NONE)
        return;
    size_t n = world_children(w, path, names, 32);
    for (size_t i = 0; i < n && i < 32; i++) {
        (void)snprintf(full, sizeof full, "%s/%.79s", path, names[i]);
        size_t watchers = world_watchers(w, full);
        if (watchers > 2)
            world_fail(w, "%u clients watch %s", (unsigned)watchers, full);
    }
}

/* Where there are only readers all of them read. */
static void
check_readers(world *w)
{
    locks *v = w->state;
    char names[32][80];
    size_t n = world_children(w, path, names, 32), reading = 0;
    bool calm = v->readers && !w->profile->fault_ms && w->plan == PLAN_NONE && n <= 32;
    for (size_t i = 0; i < v->n; i++)
        reading += v->actors[i].holding || v->actors[i].releasing;
    for (size_t i = 0; calm && i < n; i++)
        calm = strstr(names[i], "__rlock__") != NULL;
    if (!calm || n <= reading || v->calm_zxid != world_zxid(w)) {
        v->calm_zxid = world_zxid(w);
        v->calm_since = w->now;
    } else if (w->now - v->calm_since > ZB_MS(300)) {
        world_fail(w, "of %u readers %u read, and nobody writes", (unsigned)n, (unsigned)reading);
    }
}

static void
check(world *w)
{
    locks *v = w->state;
    const actor *holder = NULL;
    check_no_herd(w);
    check_readers(w);
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->lock && a->c->state == ZOBO_LOST && zobo_lock_check(a->lock) == ZOBO_OK)
            world_fail(w, "client %u has lost its session, and holds a lock", (unsigned)a->c->index);
        if (a->held && (a->asks || w->no_memory) && zobo_lock_check(a->lock)) {
            a->lost = true;
            a->held = false;
        }
        if (!a->held)
            continue;
        check_loss(a);
        if (!node_is_there(a))
            continue;
        if (holder && !(reads(holder) && reads(a)))
            world_fail(w, "clients %u and %u hold the lock, by %s and %s", (unsigned)holder->c->index,
                       (unsigned)a->c->index, holder->node, a->node);
        holder = a;
    }
}

/* --- actors ------------------------------------------------------------------------------------------------------- */

static void
released(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    world_trace(a->c->w, "client %u has released: %s", (unsigned)a->c->index, zobo_err_name(err));
    a->releasing = false;
    if (err == ZOBO_OK && a->lock && world_up(a->c->w) && a->node[0] && node_is_there(a))
        world_fail(a->c->w, "the node of a lock that was released is there");
    if (err && err != ZOBO_ELOCKLOST && err != ZOBO_ECANCELLED && err != ZOBO_ENOTHELD && !world_bears(a->c->w, err))
        world_fail(a->c->w, "release: %s", zobo_err_name(err));
    if ((err == ZOBO_ENOTHELD || err == ZOBO_ELOCKLOST) && !a->lost && !a->asks && a->lock && !a->c->w->no_memory)
        world_fail(a->c->w, "a lock that was held and not lost is not held");
    a->rounds++;
    again(a, 300);
}

static void
let_go(wclient *c, void *arg)
{
    actor *a = arg;
    const zobo_how how = {.done = released, .arg = a};
    if (--a->due > 0 || !a->holding)
        return;
    if ((a->asks || c->w->no_memory) && zobo_lock_check(a->lock))
        a->lost = true;
    a->held = a->holding = false;
    a->releasing = true;
    world_trace(c->w, "client %u releases %s", (unsigned)c->index, a->node);
    zobo_err err = zobo_lock_release_async(a->lock, &how, NULL);
    if (err && !world_bears(c->w, err))
        world_fail(c->w, "zobo_lock_release_async");
    if (err) {
        a->releasing = false;
        a->holding = true;
        a->due++;
        world_after(c, 0, 50, let_go, a);
    }
}

static void
lost(void *arg, zobo_lock *lock)
{
    actor *a = arg;
    world_trace(a->c->w, "client %u is told that it has lost the lock", (unsigned)a->c->index);
    world_must(a->c->w, lock == a->lock);
    a->held = false;
    a->lost = true;
}

static void
hold(actor *a, const zobo_reply *reply)
{
    world *w = a->c->w;
    zobo_err is = zobo_lock_check(a->lock);
    if (is == ZOBO_ELOCKLOST) /* before it could be told that it had it */
        a->lost = true;
    else if (is)
        world_fail(w, "an acquired lock is %s", zobo_err_name(is));
    world_must(w, (reply && reply->path) || w->no_memory);
    (void)snprintf(a->node, sizeof a->node, "%s", reply && reply->path ? reply->path : "");
    a->fence = zobo_lock_fence(a->lock);
    a->held = is == ZOBO_OK && !a->lost && a->node[0];
    a->gone_since = 0;
    world_trace(w, "client %u has acquired %s, token %lld", (unsigned)a->c->index, a->node, (long long)a->fence);
    if (a->held) {
        world_must(w, a->fence > a->last_fence);
        a->last_fence = a->fence;
        check_first(a);
    }
    a->holding = true;
    a->due++;
    world_after(a->c, 0, w->small || world_chance(w, 80) ? 50 : 8000, let_go, a);
}

static void
acquired(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    uint64_t took = client_clock(a->c, w->now) - a->asked_at;
    a->acquiring = false;
    zobo_call_free(a->call);
    a->call = NULL;
    if (err == ZOBO_OK && a->lock) {
        hold(a, reply);
        return;
    }
    world_trace(w, "client %u has not acquired: %s", (unsigned)a->c->index, zobo_err_name(err));
    if (err == ZOBO_EWAITTIMEOUT && (!a->timeout_ms || took < ZB_MS(a->timeout_ms)))
        world_fail(w, "an acquire of %u ms is late after %u", a->timeout_ms, (unsigned)(took / ZB_MS(1)));
    if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_EHELD && err != ZOBO_ECANCELLED && !world_bears(w, err))
        world_fail(w, "acquire: %s", zobo_err_name(err));
    if (err == ZOBO_EREPLYLOST && a->lock) { /* it may be held */
        a->holding = true;
        a->node[0] = '\0';
        a->due++;
        world_after(a->c, 0, 50, let_go, a);
        return;
    }
    again(a, 300);
}

static void
make(actor *a)
{
    world *w = a->c->w;
    const locks *v = w->state;
    zobo_problem why;
    a->kind = !v->readers ? ZOBO_LOCK : world_chance(w, 60) ? ZOBO_READ_LOCK : ZOBO_WRITE_LOCK;
    a->asks = world_chance(w, 30);
    zobo_lock_options o = {.kind = a->kind, .identifier = "sim", .lost = a->asks ? NULL : lost, .lost_arg = a};
    zobo_err err = zobo_lock_new(a->c->c, path, &o, &a->lock, &why);
    if (err && !world_bears(w, err))
        world_fail(w, "zobo_lock_new: %s", why.text);
    a->last_fence = 0;
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
        again(a, 100);
        return;
    }
    a->lost = false;
    a->acquiring = true;
    a->asked_at = client_clock(c, w->now);
    a->timeout_ms = w->small || world_chance(w, 60) ? 0 : (uint32_t)(1 + world_below(w, 5000));
    zobo_how how = {.done = acquired, .arg = a, .timeout_ms = a->timeout_ms};
    bool only_try = !w->small && world_chance(w, 15);
    world_trace(w, "client %u %s the lock within %u ms", (unsigned)c->index, only_try ? "tries" : "wants",
                a->timeout_ms);
    zobo_err err =
        only_try ? zobo_lock_try_async(a->lock, &how, &a->call) : zobo_lock_acquire_async(a->lock, &how, &a->call);
    if (err && !world_bears(w, err))
        world_fail(w, "acquire_async: %s", zobo_err_name(err));
    if (err) {
        a->acquiring = false;
        again(a, 100);
    }
}

static void
free_lock(actor *a)
{
    world_trace(a->c->w, "client %u frees its lock", (unsigned)a->c->index);
    zobo_lock_free(a->lock);
    a->lock = NULL;
    if (a->holding)
        again(a, 300);
    a->holding = a->held = false;
}

static void
abandon(world *w, wclient *c)
{
    locks *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c || !a->lock)
            continue;
        switch (world_below(w, 4)) {
        case 3: /* somebody deletes the node of one who can learn of it */
            if (a->held && !a->asks && zobo_delete_async(c->c, a->node, -1, NULL, NULL))
                world_fail(w, "delete_async");
            break;
        case 0:
            free_lock(a);
            break;
        case 1:
            if (zobo_lock_cancel(a->lock))
                world_fail(w, "zobo_lock_cancel");
            break;
        default:
            if (a->call)
                zobo_call_cancel(a->call);
        }
    }
}

/* --- the scenario ------------------------------------------------------------------------------------------------- */

static void
begin_with(world *w, bool readers)
{
    locks *v = w->state;
    size_t clients = w->small ? 3 : 2 + world_below(w, 4);
    v->readers = readers;
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 3 : clients + world_below(w, MAX_ACTORS - clients + 1);
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        a->c = &w->clients[i % clients];
        again(a, 50);
    }
}

static void
begin(world *w)
{
    begin_with(w, false);
}

static void
begin_readers(world *w)
{
    begin_with(w, true);
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
        actor *a = &v->actors[i];
        wclient *was = world_as(a->c);
        zobo_lock_free(a->lock);
        a->lock = NULL;
        w->current = was;
    }
}

static void
leftover(world *w)
{
    char names[4][80];
    size_t n = world_children(w, path, names, 4);
    if (n)
        world_fail(w, "%u nodes of locks are left, %s", (unsigned)n, names[0]);
}

static void
show(world *w)
{
    locks *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u: %s%s%s%s%s, %u rounds, node %s", (unsigned)i, (unsigned)a->c->index,
                    a->acquiring ? "acquiring " : "",
                    a->held      ? "held "
                    : a->holding ? "holding "
                                 : "",
                    a->releasing ? "releasing " : "", a->lost ? "lost " : "", a->lock ? "" : "freed ", a->rounds,
                    a->node);
    }
}

const char world_program[] = "sim_lock";
const scenario world_scenarios[] = {
    {.name = "lock",
     .state_size = sizeof(locks),
     .bears_oom = true,
     .begin = begin,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
    {.name = "readers",
     .state_size = sizeof(locks),
     .bears_oom = true,
     .begin = begin_readers,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
