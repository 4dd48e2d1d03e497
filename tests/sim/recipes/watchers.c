/* SPDX-License-Identifier: Apache-2.0 */
/* DataWatch, ChildrenWatch, PatientChildrenWatch.
 *
 * One client makes, sets and deletes a node and its children; the others watch. Nothing is told twice in a row, nothing
 * goes back in time, nothing is told after free, and in the end everybody knows what is so. */
#include <stdlib.h>
#include <string.h>

#include <zobo/watchers.h>

#include "sim/world/world.h"

typedef enum kind { DATA, CHILDREN, PATIENT, N_KINDS } kind;

enum { MAX_ACTORS = 9, MAX_NAMES = 16, QUIET_MS = 700, WRITES = 12 };

typedef struct actor {
    wclient *c;
    kind kind;
    void *watch; /* by its kind; NULL: there is none */
    bool waiting;
    uint64_t asked_at;
    unsigned told;
    /* what was told last */
    bool any;
    zobo_err err;
    int64_t zxid; /* mzxid or pzxid */
    size_t n;
    char names[MAX_NAMES][80];
    int64_t newest;
} actor;

typedef struct watchers {
    actor actors[MAX_ACTORS];
    size_t n;
    wclient *writer;
    bool writing, unsure;
    unsigned writes;
} watchers;

static const char path[] = "/watched";

/* --- the writer --------------------------------------------------------------------------------------------------- */

static void write_one(wclient *c, void *arg);

static void
written(void *arg, zobo_err err, const zobo_reply *reply)
{
    watchers *v = arg;
    (void)reply;
    v->writing = false;
    v->unsure = zobo_err_class(err) != ZOBO_CLASS_REJECTED && err != ZOBO_OK;
    world_after(v->writer, 0, v->writer->w->small || world_chance(v->writer->w, 80) ? 60 : 2500, write_one, v);
}

static void
write_one(wclient *c, void *arg)
{
    watchers *v = arg;
    world *w = c->w;
    char child[40];
    zobo_how how = {.done = written, .arg = v};
    zobo_err err;
    if (w->healed && v->writes >= WRITES && !v->unsure)
        return;
    (void)snprintf(child, sizeof child, "%s/%u", path, (unsigned)world_below(w, 5));
    v->writes++;
    v->writing = true;
    switch (world_below(w, 10)) {
    case 0:
    case 1:
        err = zobo_create_async(c->c, path, "new", 3, NULL, &how, NULL);
        break;
    case 2:
        err = zobo_delete_recursive_async(c->c, path, &how, NULL);
        break;
    case 3:
    case 4:
        err = zobo_set_async(c->c, path, "set", 3, -1, &how, NULL);
        break;
    case 5:
        err = zobo_delete_async(c->c, child, -1, &how, NULL);
        break;
    default:
        err = zobo_create_async(c->c, child, NULL, 0, &(zobo_create_options){.makepath = true}, &how, NULL);
    }
    if (err)
        world_fail(w, "a write: %s", zobo_err_name(err));
}

/* --- those who watch ---------------------------------------------------------------------------------------------- */

static void
note(actor *a, zobo_err err, const zobo_reply *reply)
{
    world *w = a->c->w;
    int64_t zxid = err ? 0 : a->kind == DATA ? reply->stat.mzxid : reply->stat.pzxid;
    if (!a->watch)
        world_fail(w, "client %u is told something by what was freed", (unsigned)a->c->index);
    if (err && err != ZOBO_ENONODE)
        world_fail(w, "client %u is told %s", (unsigned)a->c->index, zobo_err_name(err));
    world_trace(w, "client %u is told of %s: %s, %lld, %u children", (unsigned)a->c->index,
                a->kind == DATA ? "data" : "children", zobo_err_name(err), (long long)zxid,
                err ? 0 : (unsigned)reply->n_children);
    bool same = a->any && a->err == err && (a->kind != DATA || a->zxid == zxid);
    if (same && !err && a->kind != DATA) { /* the same names may stand below another node */
        same = a->n == reply->n_children && a->zxid == zxid;
        for (size_t i = 0; same && i < a->n && i < MAX_NAMES; i++)
            same = strcmp(a->names[i], reply->children[i]) == 0;
    }
    if (same && a->kind != PATIENT)
        world_fail(w, "client %u is told the same twice", (unsigned)a->c->index);
    if (zxid && zxid < a->newest)
        world_fail(w, "client %u is told of %lld after %lld", (unsigned)a->c->index, (long long)zxid,
                   (long long)a->newest);
    a->any = true;
    a->err = err;
    a->zxid = zxid;
    if (zxid)
        a->newest = zxid;
    a->n = err ? 0 : reply->n_children;
    for (size_t i = 0; i < a->n && i < MAX_NAMES; i++)
        (void)snprintf(a->names[i], sizeof a->names[i], "%s", reply->children[i]);
    a->told++;
}

static void stop_watching(wclient *c, void *arg);
static void watch(wclient *c, void *arg);

/* Some free their watch in its own callback. */
static void
perhaps_free(actor *a)
{
    world *w = a->c->w;
    if (!w->healed && world_chance(w, 3))
        stop_watching(a->c, a);
}

static void
on_data(void *arg, zobo_data_watch *watch_, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    actor *a = arg;
    (void)event;
    world_must(a->c->w, watch_ == a->watch);
    if (!err && (reply->data_len != 3 || (memcmp(reply->data, "new", 3) && memcmp(reply->data, "set", 3))) &&
        reply->data_len)
        world_fail(a->c->w, "other data");
    note(a, err, reply);
    perhaps_free(a);
}

static void
on_children(void *arg, zobo_children_watch *watch_, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    actor *a = arg;
    (void)event;
    world_must(a->c->w, watch_ == a->watch);
    note(a, err, reply);
    perhaps_free(a);
}

static void ask(wclient *c, void *arg);

static void
at_rest(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    uint64_t took = client_clock(a->c, w->now) - a->asked_at;
    a->waiting = false;
    if (err == ZOBO_ECANCELLED) { /* of a watch that was freed; there may be another by now */
        ask(a->c, a);
        return;
    }
    if (!a->any && took < ZB_MS(QUIET_MS))
        world_fail(w, "children are at rest after %u ms", (unsigned)(took / ZB_MS(1)));
    if (a->watch)
        note(a, err, reply);
    world_after(a->c, 0, 500, ask, a);
}

static void
ask(wclient *c, void *arg)
{
    actor *a = arg;
    const zobo_how how = {.done = at_rest, .arg = a};
    if (!a->watch || a->waiting)
        return;
    a->waiting = true;
    a->asked_at = client_clock(c, c->w->now);
    if (zobo_patient_children_watch_get_async(a->watch, &how, NULL))
        world_fail(c->w, "patient_children_watch_get_async");
}

static void
watch(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    const zobo_watch_options o = {.one_shot = world_chance(w, 40), .quiet_ms = QUIET_MS};
    zobo_problem why = {0};
    zobo_err err;
    if (a->watch || w->ending)
        return;
    a->any = false;
    if (a->kind == DATA) {
        zobo_data_watch *made;
        err = zobo_data_watch_new(c->c, path, on_data, a, &o, &made, &why);
        a->watch = made;
    } else if (a->kind == CHILDREN) {
        zobo_children_watch *made;
        err = zobo_children_watch_new(c->c, path, on_children, a, &o, &made, &why);
        a->watch = made;
    } else {
        zobo_patient_children_watch *made;
        err = zobo_patient_children_watch_new(c->c, path, &o, &made, &why);
        a->watch = made;
    }
    if (err)
        world_fail(w, "a watch: %s", why.text);
    if (a->kind == PATIENT)
        ask(c, a);
}

static void
let_go(actor *a)
{
    world_trace(a->c->w, "client %u frees its watch", (unsigned)a->c->index);
    if (a->kind == DATA)
        zobo_data_watch_free(a->watch);
    else if (a->kind == CHILDREN)
        zobo_children_watch_free(a->watch);
    else
        zobo_patient_children_watch_free(a->watch);
    a->watch = NULL;
}

static void
stop_watching(wclient *c, void *arg)
{
    actor *a = arg;
    let_go(a);
    world_after(c, 0, 200, watch, a);
}

static void
abandon(world *w, wclient *c)
{
    watchers *v = w->state;
    for (size_t i = 0; i < v->n; i++)
        if (v->actors[i].c == c && v->actors[i].watch)
            stop_watching(c, &v->actors[i]);
}

/* --- the scenario ------------------------------------------------------------------------------------------------- */

static void
begin(world *w)
{
    watchers *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->writer = &w->clients[0];
    v->n = w->small ? N_KINDS : N_KINDS + world_below(w, MAX_ACTORS - N_KINDS + 1);
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        a->c = &w->clients[(i + 1) % clients];
        a->kind = (kind)(i % N_KINDS);
        world_after(a->c, 0, 300, watch, a);
    }
    world_after(v->writer, 0, 50, write_one, v);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool
knows(world *w, const actor *a)
{
    zs_node node;
    char names[MAX_NAMES][80];
    if (!a->any)
        return false;
    if (!world_node(w, path, &node, NULL, 0))
        return a->err == ZOBO_ENONODE;
    if (a->kind == DATA)
        return a->err == ZOBO_OK && a->zxid == node.mzxid;
    size_t n = world_children(w, path, names, MAX_NAMES);
    qsort(names, n, sizeof *names, by_name);
    bool same = a->err == ZOBO_OK && a->n == n;
    for (size_t i = 0; same && i < n; i++)
        same = strcmp(names[i], a->names[i]) == 0;
    return same;
}

static bool
settled(world *w)
{
    watchers *v = w->state;
    if (v->writing || v->writes < WRITES || v->unsure)
        return false;
    for (size_t i = 0; i < v->n; i++)
        if (!knows(w, &v->actors[i]))
            return false;
    return true;
}

static void
end(world *w)
{
    watchers *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->actors[i].c);
        if (v->actors[i].watch)
            let_go(&v->actors[i]);
        w->current = was;
    }
}

static void
show(world *w)
{
    watchers *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u, kind %d: %s, told %u times, last %s %lld, %u children%s", (unsigned)i,
                    (unsigned)a->c->index, (int)a->kind, a->watch ? "watches" : "does not watch", a->told,
                    zobo_err_name(a->err), (long long)a->zxid, (unsigned)a->n, knows(w, a) ? "" : ": WRONG");
    }
}

const char world_program[] = "sim_watchers";
const scenario world_scenarios[] = {
    {.name = "watchers",
     .state_size = sizeof(watchers),
     .begin = begin,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
