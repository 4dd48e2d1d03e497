/* SPDX-License-Identifier: Apache-2.0 */
/* Election: run in some, campaign and resign in others. Never two leaders whose nodes are there, by fencing tokens that
 * grow; `lead` is called once for a run that succeeds and not at all for one that does not; who loses his node learns
 * of it; and when all is quiet everyone gets his turn. Candidates are cancelled and freed at any time, in `lead` too.
 *
 * A run blocks: its client's loop does not go round meanwhile, so who runs has a client of his own, and one runs at a
 * time (a run that began within another would have to end before it). */
#include <string.h>

#include <zobo/election.h>
#include <zobo/extend.h>

#include "sim/world/world.h"

enum { MAX_ACTORS = 7, ROUNDS = 3 };

typedef struct actor {
    wclient *c;
    size_t index;
    bool runs; /* zobo_election_run; else campaign and resign */
    zobo_election *e;
    zobo_call *call;
    bool waiting, leading, resigning;
    bool lost; /* was told */
    bool asks; /* is not told, but asks */
    unsigned due;
    int64_t fence, last_fence;
    char node[100];
    uint64_t gone_since;
    unsigned rounds, led, led_in_peace;
    unsigned called; /* lead, in this run */
} actor;

typedef struct elections {
    actor actors[MAX_ACTORS];
    size_t n;
    actor *running;
} elections;

static const char path[] = "/elections/one";

static void turn(wclient *c, void *arg);

static void
again(actor *a)
{
    world_after(a->c, 0, a->c->w->small ? 20 : 400, turn, a);
}

/* --- what must hold ----------------------------------------------------------------------------------------------- */

/* The node by which the actor leads, if it is there; it must be the first in line, and of the session that there is. */
static void
find_node(actor *a)
{
    world *w = a->c->w;
    char names[32][80], full[120];
    int64_t first = INT64_MAX;
    zobo_client_id id;
    size_t n = world_children(w, path, names, 32);
    a->node[0] = '\0';
    for (size_t i = 0; i < n && i < 32; i++) {
        zs_node node;
        (void)snprintf(full, sizeof full, "%s/%.79s", path, names[i]);
        if (!world_node(w, full, &node, NULL, 0))
            continue;
        if (node.czxid < first)
            first = node.czxid;
        if (node.czxid != a->fence)
            continue;
        (void)snprintf(a->node, sizeof a->node, "%.99s", full);
        if (!zobo_get_client_id(a->c->c, &id) && node.owner != id.session_id)
            world_fail(w, "actor %u leads by a node of another session", (unsigned)a->index);
    }
    if (a->node[0] && first != a->fence)
        world_fail(w, "actor %u leads by %s, and is not the first in line", (unsigned)a->index, a->node);
}

static bool
node_is_there(const actor *a)
{
    return a->node[0] && world_node(a->c->w, a->node, NULL, NULL, 0);
}

/* A node that somebody deleted is noticed only with `lost`; here nobody does. */
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
        world_fail(w, "actor %u leads by a node that is gone, and has not been told", (unsigned)a->index);
}

static void
check(world *w)
{
    elections *v = w->state;
    const actor *leader = NULL;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        int64_t fence = a->e ? zobo_election_fence(a->e) : 0;
        if (fence && fence != a->fence) {
            a->fence = fence;
            a->gone_since = 0;
            world_trace(w, "actor %u leads: %lld", (unsigned)i, (long long)fence);
            if (fence <= a->last_fence)
                world_fail(w, "actor %u leads with %lld after %lld", (unsigned)i, (long long)fence,
                           (long long)a->last_fence);
            a->last_fence = fence;
            find_node(a);
        }
        a->fence = fence;
        if (!fence)
            continue;
        check_loss(a);
        if (!node_is_there(a))
            continue;
        if (leader)
            world_fail(w, "actors %u and %u lead", (unsigned)leader->index, (unsigned)i);
        leader = a;
    }
}

/* --- leading ------------------------------------------------------------------------------------------------------ */

static void
over(actor *a)
{
    a->leading = false;
    a->rounds++;
    a->led++;
    a->led_in_peace += a->c->w->healed;
}

static void
check_leads(const actor *a, const zobo_election *e)
{
    zobo_err err = zobo_election_check(e);
    bool leads = zobo_election_fence(e) != 0;
    if (err != ZOBO_OK && err != ZOBO_ELOCKLOST)
        world_fail(a->c->w, "who has been elected is %s", zobo_err_name(err));
    if (leads != (err == ZOBO_OK))
        world_fail(a->c->w, "who %s has a token", err ? "has lost the leadership" : "leads");
}

static void
lost(void *arg, zobo_election *e)
{
    actor *a = arg;
    world_must(a->c->w, e == a->e && zobo_election_fence(e) == 0);
    a->lost = true;
}

/* For a while, or freed meanwhile. */
static void
lead(void *arg, zobo_election *e)
{
    actor *a = arg;
    world *w = a->c->w;
    zobo_call *pause = NULL;
    const zobo_how how = {0};
    uint32_t ms = w->small || world_chance(w, 80) ? 40 : (uint32_t)world_below(w, 8000);
    world_must(w, e == a->e && a->called == 0);
    a->called++;
    a->waiting = false;
    a->leading = true;
    world_trace(w, "actor %u runs", (unsigned)a->index);
    check_leads(a, e);
    if (zobo_sleep_async(a->c->c, ms, &how, &pause) || zobo_call_get(pause, 0, NULL))
        world_fail(w, "a pause within `lead`");
    zobo_call_free(pause);
    check_leads(a, e);
    if (!w->small && world_chance(w, 15)) {
        world_trace(w, "actor %u is freed while it leads", (unsigned)a->index);
        a->e = NULL;
        zobo_election_free(e);
    }
    over(a);
}

/* Nobody has cancelled who leads; with what else run and campaign may end. */
static void
check_end(const actor *a, zobo_err err, uint32_t timeout_ms)
{
    if (err == ZOBO_EWAITTIMEOUT && !timeout_ms)
        world_fail(a->c->w, "without a limit, and the time is over");
    if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED && err != ZOBO_ELOCKLOST)
        world_fail(a->c->w, "actor %u: %s", (unsigned)a->index, zobo_err_name(err));
}

static void
run(actor *a, uint32_t timeout_ms)
{
    world *w = a->c->w;
    elections *v = w->state;
    a->called = 0;
    a->waiting = true;
    v->running = a;
    zobo_err err = zobo_election_run(a->e, lead, a, timeout_ms);
    v->running = NULL;
    a->waiting = false;
    world_trace(w, "actor %u has run: %s", (unsigned)a->index, zobo_err_name(err));
    check_end(a, err, timeout_ms);
    bool led = err == ZOBO_OK || err == ZOBO_ELOCKLOST;
    if (a->called != led)
        world_fail(w, "a run ends with %s, and has led %u times", zobo_err_name(err), a->called);
    if (a->e && zobo_election_check(a->e) == ZOBO_OK)
        world_fail(w, "a run has ended, and leads");
    if (err == ZOBO_OK && a->e && world_up(w) && node_is_there(a))
        world_fail(w, "a run has led to its end, and its node is there");
    a->rounds += !led;
    again(a);
}

/* --- campaigning -------------------------------------------------------------------------------------------------- */

static void
resigned(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    (void)reply;
    a->resigning = false;
    if (err && err != ZOBO_ELOCKLOST && err != ZOBO_ECANCELLED)
        world_fail(w, "resign: %s", zobo_err_name(err));
    if (err == ZOBO_ELOCKLOST && !a->lost && !a->asks && a->e)
        world_fail(w, "the leadership was lost, and that was not told");
    if (err == ZOBO_OK && a->e && world_up(w) && node_is_there(a))
        world_fail(w, "the node of who has resigned is there");
    over(a);
    again(a);
}

static void
resign(wclient *c, void *arg)
{
    actor *a = arg;
    const zobo_how how = {.done = resigned, .arg = a};
    if (--a->due > 0 || !a->leading || !a->e)
        return;
    check_leads(a, a->e);
    a->resigning = true;
    if (zobo_election_resign_async(a->e, &how, NULL))
        world_fail(c->w, "zobo_election_resign_async");
}

static void
elected(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    (void)reply;
    a->waiting = false;
    zobo_call_free(a->call);
    a->call = NULL;
    world_trace(w, "actor %u is elected: %s", (unsigned)a->index, zobo_err_name(err));
    check_end(a, err, 1);
    if (err == ZOBO_OK && a->e) {
        check_leads(a, a->e);
        a->leading = true;
        a->due++;
        world_after(a->c, 0, w->small || world_chance(w, 80) ? 50 : 8000, resign, a);
        return;
    }
    a->rounds++;
    again(a);
}

/* --- actors ------------------------------------------------------------------------------------------------------- */

static void
make(actor *a)
{
    zobo_problem why;
    a->asks = world_chance(a->c->w, 40);
    zobo_election_options o = {.identifier = "sim", .lost = a->asks ? NULL : lost, .lost_arg = a};
    if (zobo_election_new(a->c->c, path, &o, &a->e, &why))
        world_fail(a->c->w, "zobo_election_new: %s", why.text);
    a->last_fence = 0;
}

static void
turn(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    const elections *v = w->state;
    if (w->healed && a->rounds >= ROUNDS && a->led_in_peace > 0)
        return;
    if (a->runs && v->running) {
        world_after(c, 5, 50, turn, a);
        return;
    }
    if (!a->e)
        make(a);
    a->lost = false;
    uint32_t timeout_ms = w->small || world_chance(w, 60) ? 0 : (uint32_t)(1 + world_below(w, 5000));
    if (a->runs) {
        run(a, timeout_ms);
        return;
    }
    const zobo_how how = {.done = elected, .arg = a, .timeout_ms = timeout_ms};
    a->waiting = true;
    if (zobo_election_campaign_async(a->e, &how, &a->call))
        world_fail(w, "zobo_election_campaign_async");
}

static void
free_election(actor *a)
{
    world_trace(a->c->w, "actor %u is freed", (unsigned)a->index);
    zobo_election_free(a->e);
    a->e = NULL;
    if (a->leading && !a->resigning) {
        a->leading = false;
        a->rounds++;
        again(a);
    }
}

/* Within a run only what does not block, as another thread. */
static void
abandon(world *w, wclient *c)
{
    elections *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c || !a->e)
            continue;
        uint64_t which = world_below(w, 3);
        if (which == 0 && !c->blocked)
            free_election(a);
        else if (which == 1 && a->call)
            zobo_call_cancel(a->call);
        else if (zobo_election_cancel(a->e))
            world_fail(w, "zobo_election_cancel");
    }
}

/* --- the scenario ------------------------------------------------------------------------------------------------- */

/* The first ones have a client each, and some of these run. */
static void
begin(world *w)
{
    elections *v = w->state;
    size_t clients = w->small ? 3 : 2 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 3 : clients + world_below(w, MAX_ACTORS - clients + 1);
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        bool alone = i < clients && i + clients >= v->n;
        a->c = &w->clients[i % clients];
        a->index = i;
        a->runs = alone && (w->small ? i == 0 : world_chance(w, 60));
        world_after(a->c, 0, 50, turn, a);
    }
}

static bool
settled(world *w)
{
    elections *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        if (a->waiting || a->leading || a->resigning || a->rounds < ROUNDS || !a->led_in_peace)
            return false;
    }
    return true;
}

static void
end(world *w)
{
    elections *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        wclient *was = world_as(a->c);
        zobo_election_free(a->e);
        a->e = NULL;
        w->current = was;
    }
}

static void
leftover(world *w)
{
    size_t n = world_children(w, path, NULL, 0);
    if (n)
        world_fail(w, "%u nodes of candidates are left", (unsigned)n);
}

static void
show(world *w)
{
    elections *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u, who %s: %s%s%s%s, %u rounds, led %u times, %u in peace", (unsigned)i,
                    (unsigned)a->c->index, a->runs ? "runs" : "campaigns", a->waiting ? "waiting " : "",
                    a->leading ? "leading " : "", a->resigning ? "resigning " : "", a->e ? "" : "freed", a->rounds,
                    a->led, a->led_in_peace);
    }
}

const char world_program[] = "sim_election";
const scenario world_scenarios[] = {
    {.name = "election",
     .state_size = sizeof(elections),
     .gives_up_blocked = true,
     .begin = begin,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
