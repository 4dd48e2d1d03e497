/* SPDX-License-Identifier: Apache-2.0 */
/* Queue, LockingQueue, DelayQueue: nothing that was put is lost, nothing is handed out twice, whatever becomes of
 * answers.
 *
 * Each entry has a number. What was put is got once; what was not put never comes; what is in doubt comes once at most.
 * A get that is given up on its way may take one entry with it. */
#include <stdlib.h>
#include <string.h>

#include <zobo/extend.h>
#include <zobo/queue.h>

#include "sim/world/world.h"

typedef enum sort { QUEUE, LOCKING, DELAY } sort;
typedef enum fate { UNKNOWN, PUT, NOT_PUT, IN_DOUBT } fate;

enum { MAX_ACTORS = 8, MAX_ENTRIES = 4000, PUTS = 6, LONGEST_DELAY_MS = 1500 };

typedef struct entry {
    fate fate;
    unsigned got; /* or consumed */
    int64_t due_ms;
} entry;

typedef struct actor {
    wclient *c;
    size_t index;
    bool consumer, busy;
    void *queue;
    zobo_call *call;
    size_t number; /* the entry it puts, or holds */
    bool holds, lost, consuming, releasing, doubtful;
    bool given_up; /* it had a limit, was cancelled or freed: else nothing is in doubt */
    int64_t since; /* the last change when the get began */
    unsigned done;
} actor;

typedef struct queues {
    sort sort;
    actor actors[MAX_ACTORS];
    size_t n, n_entries, in_doubt; /* gets that may have taken one */
    entry entries[MAX_ENTRIES];
} queues;

static const char path[] = "/queues/one";

static void put(wclient *c, void *arg);
static void get(wclient *c, void *arg);
static void finish(wclient *c, void *arg);

static queues *
of(const actor *a)
{
    return a->c->w->state;
}

static void
lost(void *arg, zobo_locking_queue *queue)
{
    actor *a = arg;
    world_trace(a->c->w, "actor %u has lost its entry", (unsigned)a->index);
    world_must(a->c->w, queue == a->queue);
    a->lost = true;
}

static void
make(actor *a)
{
    world *w = a->c->w;
    zobo_problem why;
    zobo_err err;
    if (a->queue)
        return;
    a->holds = a->lost = false;
    if (of(a)->sort == LOCKING) {
        zobo_locking_queue *q;
        const zobo_locking_queue_options o = {.lost = lost, .lost_arg = a};
        err = zobo_locking_queue_new(a->c->c, path, &o, &q, &why);
        a->queue = q;
    } else if (of(a)->sort == DELAY) {
        zobo_delay_queue *q;
        err = zobo_delay_queue_new(a->c->c, path, NULL, &q, &why);
        a->queue = q;
    } else {
        zobo_queue *q;
        err = zobo_queue_new(a->c->c, path, NULL, &q, &why);
        a->queue = q;
    }
    if (err)
        world_fail(w, "a queue: %s", why.text);
}

static void
let_go(actor *a)
{
    if (of(a)->sort == LOCKING)
        zobo_locking_queue_free(a->queue);
    else if (of(a)->sort == DELAY)
        zobo_delay_queue_free(a->queue);
    else
        zobo_queue_free(a->queue);
    a->queue = NULL;
}

static void
ended(actor *a)
{
    zobo_call_free(a->call);
    a->call = NULL;
    a->busy = false;
    a->done++;
}

/* --- producers ---------------------------------------------------------------------------------------------------- */

static void
was_put(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    entry *e = &of(a)->entries[a->number];
    (void)reply;
    world_trace(w, "actor %u has put %u: %s", (unsigned)a->index, (unsigned)a->number, zobo_err_name(err));
    ended(a);
    if (err && err != ZOBO_EABANDONED && err != ZOBO_ECANCELLED && err != ZOBO_EWAITTIMEOUT)
        world_fail(w, "put: %s", zobo_err_name(err));
    world_must(w, err != ZOBO_EABANDONED || a->given_up);
    e->fate = !err ? PUT : err == ZOBO_EABANDONED ? IN_DOUBT : NOT_PUT;
    if (e->fate == NOT_PUT && e->got)
        world_fail(w, "%u was got, and has not been put", (unsigned)a->number);
    world_after(a->c, 0, w->small || world_chance(w, 70) ? 50 : 2000, put, a);
}

static void
put(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    queues *v = w->state;
    char text[16];
    zobo_how how = {.done = was_put, .arg = a};
    zobo_err err;
    if ((w->healed && a->done >= PUTS) || v->n_entries == MAX_ENTRIES)
        return;
    make(a);
    a->number = v->n_entries++;
    a->busy = true;
    if (!w->small && world_chance(w, 15))
        how.timeout_ms = (uint32_t)(1 + world_below(w, 1500));
    a->given_up = how.timeout_ms > 0;
    (void)snprintf(text, sizeof text, "%u", (unsigned)a->number);
    int priority = world_chance(w, 70) ? ZOBO_PRIORITY : (int)world_below(w, 5);
    entry *e = &v->entries[a->number];
    e->due_ms = zobo_wall_ms() + (int64_t)world_below(w, LONGEST_DELAY_MS);
    if (v->sort == LOCKING)
        err = zobo_locking_queue_put_async(a->queue, text, strlen(text), priority, &how, &a->call);
    else if (v->sort == DELAY)
        err = zobo_delay_queue_put_async(a->queue, text, strlen(text), e->due_ms, &how, &a->call);
    else
        err = zobo_queue_put_async(a->queue, text, strlen(text), priority, &how, &a->call);
    if (err)
        world_fail(w, "put_async: %s", zobo_err_name(err));
}

/* --- consumers ---------------------------------------------------------------------------------------------------- */

static void
count(actor *a, size_t number)
{
    queues *v = of(a);
    entry *e = &v->entries[number];
    if (++e->got > 1)
        world_fail(a->c->w, "%u is handed out twice", (unsigned)number);
    if (e->fate == NOT_PUT)
        world_fail(a->c->w, "%u is handed out, and has not been put", (unsigned)number);
}

static void
consumed(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    (void)reply;
    world_trace(w, "actor %u has %s %u: %s", (unsigned)a->index, a->releasing ? "released" : "consumed",
                (unsigned)a->number, zobo_err_name(err));
    ended(a);
    if (!err && !a->releasing)
        count(a, a->number);
    /* EALREADY: one that was cancelled is still on its way. */
    if (err && err != ZOBO_ELOCKLOST && err != ZOBO_ECANCELLED && err != ZOBO_EABANDONED && err != ZOBO_EALREADY)
        world_fail(w, "consume: %s", zobo_err_name(err));
    if (err == ZOBO_EABANDONED)
        a->doubtful = true;
    /* ELOCKLOST behind a consume in doubt may well be that one. */
    if (err == ZOBO_ELOCKLOST && a->doubtful && of(a)->entries[a->number].got == 0)
        of(a)->in_doubt++;
    bool over = err == ZOBO_OK || err == ZOBO_ELOCKLOST || !a->queue;
    if (!a->queue && err && a->doubtful)
        of(a)->in_doubt++;
    if (over)
        a->holds = false;
    world_after(a->c, 0, 100, over ? get : finish, a);
}

static void
finish(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    zobo_how how = {.done = consumed, .arg = a};
    if (!a->queue || a->busy || !a->holds) {
        if (!a->busy)
            get(c, a);
        return;
    }
    a->busy = true;
    a->releasing = !a->doubtful && !w->healed && world_chance(w, 20);
    zobo_err err = a->releasing ? zobo_locking_queue_release_async(a->queue, &how, &a->call)
                                : zobo_locking_queue_consume_async(a->queue, &how, &a->call);
    if (err)
        world_fail(w, "consume_async: %s", zobo_err_name(err));
}

/* What was there before the get began, and still is, does not come before what was got. */
static void
check_order(const actor *a, const char *taken)
{
    world *w = a->c->w;
    char names[64][80], full[120];
    const char *name = strrchr(taken, '/') + 1;
    size_t n = world_children(w, path, names, 64);
    for (size_t i = 0; i < n && i < 64; i++) {
        zs_node node;
        (void)snprintf(full, sizeof full, "%s/%.79s", path, names[i]);
        if (strcmp(names[i], name) < 0 && world_node(w, full, &node, NULL, 0) && node.czxid <= a->since)
            world_fail(w, "actor %u has got %s before %s", (unsigned)a->index, name, names[i]);
    }
}

static void
got(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    queues *v = of(a);
    ended(a);
    if (err) {
        world_trace(w, "actor %u has got nothing: %s", (unsigned)a->index, zobo_err_name(err));
        if (err != ZOBO_EEMPTY && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED && err != ZOBO_EABANDONED &&
            err != ZOBO_EALREADY)
            world_fail(w, "get: %s", zobo_err_name(err));
        world_must(w, err != ZOBO_EABANDONED || a->given_up);
        v->in_doubt += err == ZOBO_EABANDONED;
        world_after(a->c, 0, 300, get, a);
        return;
    }
    a->number = (size_t)strtoul(reply->data, NULL, 10);
    world_trace(w, "actor %u has got %u, %s", (unsigned)a->index, (unsigned)a->number, reply->path);
    world_must(w, a->number < v->n_entries && reply->path);
    if (v->sort == LOCKING) {
        if (a->queue) {
            a->holds = true;
            a->lost = a->doubtful = false;
        }
        world_after(a->c, 0, w->small || w->healed ? 20 : world_chance(w, 80) ? 200 : 6000, finish, a);
        return;
    }
    count(a, a->number);
    if (v->sort == QUEUE)
        check_order(a, reply->path);
    if (v->sort == DELAY && zobo_wall_ms() < v->entries[a->number].due_ms)
        world_fail(w, "%u is handed out before its time", (unsigned)a->number);
    world_after(a->c, 0, w->small || world_chance(w, 70) ? 30 : 2000, get, a);
}

static void
get(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    queues *v = w->state;
    zobo_how how = {.done = got, .arg = a};
    if (world_chance(w, 50))
        how.timeout_ms = 1 + (uint32_t)world_below(w, 3000);
    bool only_try = world_chance(w, 30);
    zobo_err err;
    if (w->ending || a->busy)
        return;
    make(a);
    a->busy = true;
    a->since = world_zxid(w);
    a->given_up = how.timeout_ms > 0;
    if (v->sort == LOCKING)
        err = only_try ? zobo_locking_queue_try_get_async(a->queue, &how, &a->call)
                       : zobo_locking_queue_get_async(a->queue, &how, &a->call);
    else if (v->sort == DELAY)
        err = only_try ? zobo_delay_queue_try_get_async(a->queue, &how, &a->call)
                       : zobo_delay_queue_get_async(a->queue, &how, &a->call);
    else
        err = only_try ? zobo_queue_try_get_async(a->queue, &how, &a->call)
                       : zobo_queue_get_async(a->queue, &how, &a->call);
    if (err)
        world_fail(w, "get_async: %s", zobo_err_name(err));
}

/* --- the scenario ------------------------------------------------------------------------------------------------- */

static void
abandon(world *w, wclient *c)
{
    queues *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c || !a->queue)
            continue;
        a->given_up = true;
        if (a->call && world_chance(w, 50)) {
            zobo_call_cancel(a->call);
            continue;
        }
        world_trace(w, "actor %u is freed", (unsigned)i);
        let_go(a);
        if (a->holds && !a->busy && a->doubtful)
            v->in_doubt++;
        if (!a->busy)
            a->holds = a->doubtful = false;
    }
}

static void
begin_with(world *w, sort sort_)
{
    queues *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    v->sort = sort_;
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 3 : 2 + world_below(w, MAX_ACTORS - 1);
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        a->c = &w->clients[i % clients];
        a->index = i;
        a->consumer = i % 2;
        world_after(a->c, 0, 200, a->consumer ? get : put, a);
    }
}

static void
begin_queue(world *w)
{
    begin_with(w, QUEUE);
}

static void
begin_locking(world *w)
{
    begin_with(w, LOCKING);
}

static void
begin_delay(world *w)
{
    begin_with(w, DELAY);
}

static const char *
entries_path(const queues *v)
{
    return v->sort == LOCKING ? "/queues/one/entries" : path;
}

static bool
settled(world *w)
{
    queues *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        if (a->consumer ? a->busy && a->holds : a->busy || a->done < PUTS)
            return false;
    }
    return world_up(w) && world_children(w, entries_path(v), NULL, 0) == 0;
}

static void
end(world *w)
{
    queues *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        wclient *was = world_as(a->c);
        a->given_up = true;
        if (a->queue)
            let_go(a);
        w->current = was;
    }
}

static void
leftover(world *w)
{
    queues *v = w->state;
    size_t missing = 0, names_n;
    char names[4][80];
    for (size_t i = 0; i < v->n_entries; i++)
        missing += v->entries[i].fate == PUT && v->entries[i].got == 0;
    if (missing > v->in_doubt)
        world_fail(w, "%u entries are lost, and %u gets are in doubt", (unsigned)missing, (unsigned)v->in_doubt);
    names_n = world_children(w, path, names, 4);
    for (size_t i = 0; i < names_n && i < 4; i++)
        world_trace(w, "there is %s", names[i]);
    if (world_ephemerals(w))
        world_fail(w, "%u ephemeral nodes are left", (unsigned)world_ephemerals(w));
    names_n =
        v->sort == LOCKING ? world_children(w, path, names, 4) : world_children(w, "/queues/one__witness__", names, 4);
    for (size_t i = 0; i < names_n && i < 4; i++)
        if (strstr(names[i], "__witness__"))
            world_fail(w, "a witness is left");
}

static void
show(world *w)
{
    queues *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u: %s%s%s%s%s, entry %u, %u done", (unsigned)i, (unsigned)a->c->index,
                    a->consumer ? "gets " : "puts ", a->busy ? "busy " : "", a->holds ? "holds " : "",
                    a->lost ? "lost " : "", a->queue ? "" : "freed ", (unsigned)a->number, a->done);
    }
    for (size_t i = 0, told = 0; i < v->n_entries && told < 20; i++)
        if (v->entries[i].fate != NOT_PUT && v->entries[i].got != 1 && ++told)
            world_trace(w, "entry %u: fate %d, got %u times", (unsigned)i, (int)v->entries[i].fate, v->entries[i].got);
}

#define SCENARIO(name_, begin_)                                                                                        \
    {                                                                                                                  \
        .name = name_, .state_size = sizeof(queues), .begin = begin_, .abandon = abandon, .settled = settled,          \
        .end = end, .leftover = leftover, .show = show                                                                 \
    }

const char world_program[] = "sim_queue";
const scenario world_scenarios[] = {
    SCENARIO("queue", begin_queue),
    SCENARIO("locking", begin_locking),
    SCENARIO("delay", begin_delay),
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
