/* SPDX-License-Identifier: Apache-2.0 */
/* What recipes are made of (zobo/extend.h, recipes/recipe.h), by a recipe of the test's own: its ops wait until a node
 * is there. Nodes come and go; ops are cancelled, late, and their recipe is freed under them. Timers keep time. */
#include <string.h>

#include "recipes/recipe.h"
#include "sim/world/world.h"

typedef struct gate {
    zr_recipe r; /* first */
    char path[32];
} gate;

typedef struct waiting {
    zr_op op; /* first */
    zr_watch *watch;
} waiting;

/* --- the recipe --------------------------------------------------------------------------------------------------- */

static void look(zr_op *op);

static void
gate_destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    zb_free(r);
}

static void
on_event(void *owner, const zobo_event *event)
{
    waiting *x = owner;
    (void)event;
    x->watch = NULL;
    look(&x->op);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    waiting *x = arg;
    gate *g = (gate *)x->op.recipe;
    (void)reply;
    zr_watch_set(x->watch, g->path, ZOBO_WATCH_DATA, err == ZOBO_OK || err == ZOBO_ENONODE);
    if (err && err != ZOBO_ENONODE)
        x->watch = NULL;
    zr_op *op = zr_back(x);
    if (!op || zr_retry(op, err, look))
        return;
    if (err == ZOBO_OK) {
        zr_watch_drop(x->watch);
        x->watch = NULL;
        zr_op_end(op, ZOBO_OK, NULL);
    } else if (err != ZOBO_ENONODE) {
        zr_op_end(op, err, NULL);
    }
}

static void
look(zr_op *op)
{
    waiting *x = (waiting *)op;
    gate *g = (gate *)op->recipe;
    zobo_how how = zr_op_how(op, looked);
    x->watch = zr_watch_new(&g->r, on_event, x);
    zr_sent(op, zobo_exists_async(g->r.client, g->path, zr_watch_watcher(x->watch), &how, NULL), looked);
}

static void
give_up(zr_op *op, zobo_err why)
{
    waiting *x = (waiting *)op;
    zr_watch_drop(x->watch);
    zr_op_end(op, why, NULL);
}

static const zr_kind gate_kind = {.destroy = gate_destroy};

static gate *
gate_new(zobo_client *client, const char *path)
{
    gate *g = zb_calloc(1, sizeof *g);
    if (!g)
        return NULL;
    (void)snprintf(g->path, sizeof g->path, "%s", path);
    if (!zr_recipe_init(&g->r, &gate_kind, client))
        return g;
    zb_free(g);
    return NULL;
}

static zobo_err
gate_wait_async(gate *g, const zobo_how *how, zobo_call **call)
{
    waiting *x = zb_calloc(1, sizeof *x);
    if (x) {
        x->op.begin = look;
        x->op.give_up = give_up;
    }
    return zr_op_start(&g->r, &x->op, how, call);
}

/* --- the actors --------------------------------------------------------------------------------------------------- */

typedef struct actor {
    wclient *c;
    gate *g;
    zobo_call *call;
    unsigned waits, done; /* begun, ended */
    bool opener;          /* makes and deletes the node */
    bool busy, open, sure;
    unsigned turns;
    uint64_t slept_at; /* 0: no timer runs */
    uint32_t sleeps_ms;
    unsigned slept;
} actor;

typedef struct gates {
    actor actors[WORLD_CLIENTS];
} gates;

enum { ROUNDS = 4 };
static const char path[] = "/gate";

static void begin_wait(wclient *c, void *arg);
static void turn(wclient *c, void *arg);
static void nap(wclient *c, void *arg);

static void
waited(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    (void)reply;
    a->done++;
    world_must(w, a->done <= a->waits);
    if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED)
        world_fail(w, "the wait of client %u: %s", (unsigned)a->c->index, zobo_err_name(err));
    zobo_call_free(a->call);
    a->call = NULL;
    world_after(a->c, 0, 100, begin_wait, a);
}

static void
begin_wait(wclient *c, void *arg)
{
    actor *a = arg;
    if (!a->g)
        a->g = gate_new(c->c, path);
    if (c->w->healed && a->done >= ROUNDS)
        return;
    zobo_how how = {.done = waited, .arg = a, .timeout_ms = world_chance(c->w, 50) ? 300 : 0};
    how.flags = world_chance(c->w, 50) ? ZOBO_INLINE : 0;
    a->waits++;
    if (gate_wait_async(a->g, &how, &a->call))
        world_fail(c->w, "gate_wait_async");
}

static void
turned(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    a->busy = false;
    a->sure = err == ZOBO_OK || err == ZOBO_ENODEEXISTS || err == ZOBO_ENONODE;
    if (a->sure)
        a->open = !a->open;
    world_after(a->c, 1, a->c->w->small ? 100 : 400, turn, a);
}

/* At the end it stays open. */
static void
turn(wclient *c, void *arg)
{
    actor *a = arg;
    zobo_how how = {.done = turned, .arg = a};
    if (a->open && a->sure && c->w->healed && (!c->w->small || a->turns > 8))
        return;
    a->busy = true;
    a->turns++;
    if (a->open ? zobo_delete_async(c->c, path, -1, &how, NULL)
                : zobo_create_async(c->c, path, NULL, 0, NULL, &how, NULL))
        world_fail(c->w, "the gate cannot be turned");
}

static void
rung(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    wclient *c = a->c;
    uint64_t took = client_clock(c, c->w->now) - a->slept_at;
    (void)reply;
    if (err || took < ZB_MS(a->sleeps_ms))
        world_fail(c->w, "a timer of %u ms rings after %u: %s", a->sleeps_ms, (unsigned)(took / ZB_MS(1)),
                   zobo_err_name(err));
    if (took > ZB_MS(a->sleeps_ms + 50) && c->frozen_until + ZB_MS(100) < c->w->now)
        world_fail(c->w, "a timer of %u ms rings after %u", a->sleeps_ms, (unsigned)(took / ZB_MS(1)));
    a->slept_at = 0;
    a->slept++;
    world_after(c, 0, 10, nap, a);
}

static void
nap(wclient *c, void *arg)
{
    actor *a = arg;
    if (c->w->healed && a->slept >= ROUNDS)
        return;
    zobo_how how = {.done = rung, .arg = a, .flags = ZOBO_INLINE};
    a->slept_at = client_clock(c, c->w->now);
    a->sleeps_ms = (uint32_t)world_below(c->w, 3000);
    if (zobo_sleep_async(c->c, a->sleeps_ms, &how, NULL))
        world_fail(c->w, "zobo_sleep_async");
}

static void
begin(world *w)
{
    gates *v = w->state;
    size_t n = w->sc->clients_min + world_below(w, w->sc->clients_max - w->sc->clients_min + 1);
    for (size_t i = 0; i < n; i++) {
        actor *a = &v->actors[i];
        a->c = world_client(w);
        a->c->arg = a;
        a->opener = i == 0;
        world_after(a->c, 0, 50, a->opener ? turn : begin_wait, a);
        world_after(a->c, 0, 50, nap, a);
    }
}

static void
abandon(world *w, wclient *c)
{
    actor *a = c->arg;
    if (!a->g)
        return;
    if (world_chance(w, 50)) {
        zr_recipe_free(&a->g->r);
        a->g = NULL;
    } else if (a->call) {
        zobo_call_cancel(a->call);
    }
}

static bool
settled(world *w)
{
    gates *v = w->state;
    for (size_t i = 0; i < w->n_clients; i++) {
        const actor *a = &v->actors[i];
        if (a->slept_at || a->slept < ROUNDS || (!a->opener && (a->done < a->waits || a->done < ROUNDS)))
            return false;
    }
    return true;
}

static void
end(world *w)
{
    gates *v = w->state;
    for (size_t i = 0; i < w->n_clients; i++) {
        actor *a = &v->actors[i];
        wclient *was = world_as(a->c);
        if (a->g)
            zr_recipe_free(&a->g->r);
        w->current = was;
    }
}

const char world_program[] = "sim_base";
const scenario world_scenarios[] = {
    {.name = "base",
     .clients_min = 2,
     .clients_max = 4,
     .state_size = sizeof(gates),
     .begin = begin,
     .abandon = abandon,
     .settled = settled,
     .end = end},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
