/* SPDX-License-Identifier: Apache-2.0 */
/* The order of events, and the course of a run. */
#include "sim/world/world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- events ------------------------------------------------------------------------------------------------------- */

static bool
before(const wevent *a, const wevent *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void
world_at(world *w, uint64_t at, world_fn *fn, void *what, uint64_t arg)
{
    if (w->n_heap == w->cap_heap) {
        w->cap_heap = w->cap_heap ? 2 * w->cap_heap : 256;
        w->heap = realloc(w->heap, w->cap_heap * sizeof *w->heap);
        if (!w->heap)
            abort();
    }
    wevent e = {at < w->now ? w->now : at, w->order++, fn, what, arg};
    size_t i = w->n_heap++;
    for (; i > 0 && before(&e, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = e;
}

static wevent
pop(world *w)
{
    wevent first = w->heap[0], last = w->heap[--w->n_heap];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= w->n_heap)
            break;
        if (child + 1 < w->n_heap && before(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!before(&w->heap[child], &last))
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return first;
}

uint64_t
world_below(world *w, uint64_t n)
{
    return zb_rng_below(&w->rng, n);
}

uint64_t
world_ms(world *w, uint64_t least, uint64_t most)
{
    return most > least ? ZB_MS(least) + world_below(w, ZB_MS(most - least)) : ZB_MS(least);
}

bool
world_chance(world *w, unsigned percent)
{
    return world_below(w, 100) < percent;
}

void *
world_alloc(size_t size)
{
    void *p = calloc(1, size);
    if (!p)
        abort();
    return p;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void
note(world *w, const char *line)
{
    for (const char *at = line; *at; at++)
        w->hash = (w->hash ^ (uint8_t)*at) * 0x100000001b3U;
    if (w->print)
        puts(line);
}

void
world_trace(world *w, const char *fmt, ...)
{
    char *line = w->trace[w->n_trace++ % WORLD_TRACE_LINES];
    int n = snprintf(line, WORLD_TRACE_WIDTH, "%10.6f ", (double)w->now / 1e9);
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line + n, (size_t)(WORLD_TRACE_WIDTH - n), fmt, ap);
    va_end(ap);
    note(w, line);
}

void
world_report(world *w, const char *why)
{
    size_t from = w->n_trace > WORLD_TRACE_LINES ? w->n_trace - WORLD_TRACE_LINES : 0;
    for (size_t i = from; i < w->n_trace && !w->print; i++)
        (void)fprintf(stderr, "  %s\n", w->trace[i % WORLD_TRACE_LINES]);
    (void)fprintf(stderr, "BROKEN: %s\n", why);
    (void)fprintf(stderr, "replay: %s build/dev/tests/%s --trace\n", w->name, world_program);
}

void
world_fail(world *w, const char *fmt, ...)
{
    char why[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    if (w->sc->show)
        w->sc->show(w);
    world_trace(w, "BROKEN: %s", why);
    world_report(w, why);
    longjmp(w->broken, 1);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

bool
world_step(world *w)
{
    if (w->n_heap == 0)
        return false;
    wevent e = pop(w);
    w->same_time = e.at == w->now ? w->same_time + 1 : 0;
    w->now = e.at;
    w->n_events++;
    if (w->same_time > 20000)
        world_fail(w, "20000 events at one moment: something goes round in circles");
    e.fn(w, e.what, e.arg);
    client_look(w);
    if (w->sc->check && !w->ending)
        w->sc->check(w);
    return true;
}

static void
nothing(world *w, void *what, uint64_t arg)
{
    (void)w, (void)what, (void)arg;
}

void
world_until(world *w, uint64_t at)
{
    world_at(w, at, nothing, NULL, 0);
    while (w->now < at && world_step(w)) {
    }
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

static void
settle(world *w)
{
    uint64_t limit = w->now + ZB_MS(w->sc->settle_ms ? w->sc->settle_ms : 120000);
    while (!w->sc->settled(w)) {
        if (w->now >= limit)
            world_fail(w, "it does not settle");
        world_until(w, w->now + ZB_MS(50));
    }
}

/* Recipes are freed: what sessions that are dead own goes with them, nothing else happens any more. */
static void
look_behind(world *w)
{
    enum { LONGEST_SESSION_MS = 16000, QUIET_MS = 5000 };
    w->ending = true;
    w->sc->end(w);
    world_until(w, w->now + ZB_MS(LONGEST_SESSION_MS));
    /* A watcher that could not be noted for want of memory stays until it is told something, or the client stops. */
    bool watches_matter = !w->sc->leaves_watches && !w->no_memory;
    uint64_t requests = w->n_requests;
    world_until(w, w->now + ZB_MS(QUIET_MS));
    if (w->n_requests != requests)
        world_fail(w, "%u requests come from clients whose recipes are freed", (unsigned)(w->n_requests - requests));
    for (size_t i = 0; i < w->n_clients; i++) {
        zobo_counters k = {.size = sizeof k};
        wclient *was = world_as(&w->clients[i]);
        zobo_get_counters(w->clients[i].c, &k);
        w->current = was;
        if (k.in_flight || (k.watches && watches_matter))
            world_fail(w, "client %u has %u requests and %u watches left", (unsigned)i, (unsigned)k.in_flight,
                       (unsigned)k.watches);
    }
    if (watches_matter && world_watches(w))
        world_fail(w, "the server has %u watches left", (unsigned)world_watches(w));
    if (w->sc->leftover)
        w->sc->leftover(w);
}

static void
course(world *w)
{
    server_begin(w);
    w->sc->begin(w);
    w->begun = true;
    client_look(w);
    w->healed = w->small;
    fault_begin(w);
    if (!w->small) {
        world_until(w, w->heal_at);
        world_trace(w, "HEAL");
        w->healed = true;
        fault_heal(w);
        client_look(w);
    }
    settle(w);
    look_behind(w);
    clients_close(w);
    io_end(w);
    server_end(w);
    size_t left = memory_left();
    if (left)
        world_fail(w, "%u blocks of memory are not freed", (unsigned)left);
}

static void
name_run(world *w, const wrun *run)
{
    int n = snprintf(w->name, sizeof w->name, "SIM_SCENARIO=%s SIM_SEED=%llu ", run->sc->name,
                     (unsigned long long)run->seed);
    if (run->small)
        (void)snprintf(w->name + n, sizeof w->name - (size_t)n, "SIM_PLAN=%s:%llu", world_plan_name(run->plan),
                       (unsigned long long)run->plan_at);
    else
        (void)snprintf(w->name + n, sizeof w->name - (size_t)n, "SIM_PROFILE=%s", run->profile->name);
}

bool
world_run(const wrun *run, wcounts *out)
{
    static const char *const chroots[] = {"", "", "/app"};
    world *w = world_alloc(sizeof *w);
    w->trace = world_alloc((size_t)WORLD_TRACE_LINES * WORLD_TRACE_WIDTH);
    w->sc = run->sc;
    w->profile = run->profile;
    w->plan = run->plan;
    w->plan_at = run->plan_at;
    w->plan_again = run->plan == PLAN_CUT_TWICE ? 5 : 0;
    w->small = run->small;
    w->seed = run->seed;
    w->print = run->print;
    w->rng.s = run->seed * 0x9e3779b97f4a7c15U + 1;
    w->io_rng.s = zb_rng_next(&w->rng);
    w->now = ZB_MS(1000000);
    w->heal_at = w->now + world_ms(w, 10000, 50000);
    w->n_doors = 1 + world_below(w, WORLD_DOORS);
    w->chroot = chroots[world_below(w, sizeof chroots / sizeof *chroots)];
    w->state = world_alloc(run->sc->state_size ? run->sc->state_size : 1);
    name_run(w, run);
    hang_watch(w);
    io_begin(w);
    memory_begin(w);
    bool ok = setjmp(w->broken) == 0;
    if (ok)
        course(w);
    *out = (wcounts){w->n_events, w->n_requests, w->n_answers, w->n_allocations, w->hash};
    if (!ok) { /* what its calls have open stays as it is */
        server_remove(w);
        memory_forget();
        return false;
    }
    links_free(w);
    while (w->n_heap) {
        wevent e = pop(w);
        client_drop_step(&e);
    }
    free(w->heap);
    free(w->state);
    free(w->trace);
    free(w);
    return true;
}
