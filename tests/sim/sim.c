/* SPDX-License-Identifier: Apache-2.0 */
/* The clock, and the course of a run.
 *
 * Events stand in a heap by time and, at the same time, by the order they were made in; nothing else decides what
 * comes next. A run has three parts: work under faults; healing, which must end within a bound with everybody
 * connected and every request done; then the last look, and the end of all sessions. */
#include "sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- the clock ---------------------------------------------------------------------------------------------------- */

static bool
before(const sim_event *a, const sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void
sim_at(sim *s, uint64_t at, sim_fn *fn, void *what, uint64_t arg)
{
    s->heap = model_grow(s->heap, &s->cap_heap, s->n_heap, sizeof *s->heap);
    size_t i = s->n_heap++;
    s->heap[i] = (sim_event){at < s->now ? s->now : at, s->order++, fn, what, arg};
    for (; i > 0 && before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        sim_event e = s->heap[i];
        s->heap[i] = s->heap[(i - 1) / 2];
        s->heap[(i - 1) / 2] = e;
    }
}

static sim_event
pop(sim *s)
{
    sim_event first = s->heap[0];
    s->heap[0] = s->heap[--s->n_heap];
    for (size_t i = 0;;) {
        size_t least = i, left = 2 * i + 1;
        for (size_t k = left; k < left + 2 && k < s->n_heap; k++)
            if (before(&s->heap[k], &s->heap[least]))
                least = k;
        if (least == i)
            return first;
        sim_event e = s->heap[i];
        s->heap[i] = s->heap[least];
        s->heap[least] = e;
        i = least;
    }
}

uint64_t
sim_below(sim *s, uint64_t n)
{
    return zb_rng_below(&s->rng, n);
}

uint64_t
sim_ms(sim *s, uint64_t least, uint64_t most)
{
    return ZB_MS(least + sim_below(s, most - least));
}

bool
sim_chance(sim *s, unsigned percent)
{
    return sim_below(s, 100) < percent;
}

void
sim_trace(sim *s, const char *fmt, ...)
{
    char *line = s->trace[s->n_trace++ % SIM_TRACE_LINES];
    int n = snprintf(line, SIM_TRACE_WIDTH, "%10.6f ", (double)s->now / 1e9);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line + n, (size_t)(SIM_TRACE_WIDTH - n), fmt, ap);
    va_end(ap);
    if (s->print)
        puts(line);
}

void
sim_fail(sim *s, const char *fmt, ...)
{
    if (s->failed)
        return;
    s->failed = true;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->why, sizeof s->why, fmt, ap);
    va_end(ap);
    sim_trace(s, "BROKEN: %s", s->why);
}

static bool
step(sim *s)
{
    if (s->n_heap == 0 || s->failed)
        return false;
    sim_event e = pop(s);
    s->same_time = e.at == s->now ? s->same_time + 1 : 0;
    s->now = e.at;
    s->n_events++;
    if (s->same_time > 20000)
        sim_fail(s, "20000 events at one moment: something goes round in circles");
    e.fn(s, e.what, e.arg);
    net_flush_model(s);
    return !s->failed;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

static void
heal(sim *s)
{
    sim_trace(s, "HEAL");
    s->healed = true;
    fault_heal(s);
    net_flush_model(s);
}

static void
nothing(sim *s, void *what, uint64_t arg)
{
    (void)s, (void)what, (void)arg;
}

static void
run_until(sim *s, uint64_t at)
{
    sim_at(s, at, nothing, NULL, 0);
    while (s->now < at && step(s)) {
    }
}

/* Everybody is up again within twice the longest session timeout (a lost session is found out within 4/3 of it), and
 * what back-off and connecting take. Who is on a read-only server looks around every two minutes at worst, at one other
 * server at a time. */
static void
recover(sim *s)
{
    uint64_t limit = s->now + ZB_MS(2U * MODEL_MAX_TIMEOUT_MS + 15000U);
    if (s->read_only_door >= 0)
        limit += ZB_MS(SIM_DOORS * 140000U);
    while (!s->failed && !check_settled(s)) {
        if (s->now >= limit) {
            sim_fail(s, "not everybody has recovered in time");
            for (size_t i = 0; i < s->n_clients; i++) {
                client *c = s->clients[i];
                sim_trace(s, "client %u: started %d stopping %d state %s requests %u in flight %u", (unsigned)i,
                          c->started, c->stopping, zobo_state_name(c->state), (unsigned)c->n_requests,
                          (unsigned)zb_session_in_flight(c->s));
            }
        }
        run_until(s, s->now + ZB_MS(100));
    }
    run_until(s, s->now + ZB_MS(5000)); /* what is still on its way arrives, and what has just been sent does too */
    while (!s->failed && !net_quiet(s))
        run_until(s, s->now + ZB_MS(1));
}

static void
part(sim *s)
{
    s->parting = true;
    for (size_t i = 0; i < s->n_clients && !s->failed; i++)
        if (!sim_chance(s, 10)) /* some are freed as they stand */
            client_stop(s->clients[i], false);
    run_until(s, s->now + ZB_MS(2U * MODEL_MAX_TIMEOUT_MS));
    for (size_t i = 0; i < s->n_clients && !s->failed; i++) {
        client *c = s->clients[i];
        if (c->stopping)
            sim_fail(s, "client %u: stop has not ended", (unsigned)c->index);
    }
}

static void
report(const sim *s)
{
    fprintf(stderr, "seed %llu, profile %s:\n", (unsigned long long)s->seed, s->profile->name);
    size_t from = s->n_trace > SIM_TRACE_LINES ? s->n_trace - SIM_TRACE_LINES : 0;
    for (size_t i = from; i < s->n_trace && !s->print; i++)
        fprintf(stderr, "  %s\n", s->trace[i % SIM_TRACE_LINES]);
    fprintf(stderr, "BROKEN: %s\n", s->why);
    fprintf(stderr, "replay: SIM_SEED=%llu SIM_PROFILE=%s build/dev/tests/%s --trace\n", (unsigned long long)s->seed,
            s->profile->name, serve_program);
}

bool
sim_run(uint64_t seed, const profile *p, bool print, uint64_t *events)
{
    sim *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->trace = calloc(SIM_TRACE_LINES, SIM_TRACE_WIDTH);
    s->seed = seed;
    s->profile = p;
    snprintf(s->why, sizeof s->why, "seed %llu, profile %s", (unsigned long long)seed, p->name);
    watchdog(s->why);
    s->print = print;
    s->read_only_door = -1;
    s->rng.s = seed * 0x9e3779b97f4a7c15U + 1;
    s->now = ZB_MS(1000000);
    s->heal_at = s->now + sim_ms(s, 20000, 80000);
    model_init(&s->m, zb_rng_next(&s->rng), s->now);
    s->m.observer = (mobserver){s, check_frame, check_seen, check_done};
    s->m.old_events = sim_chance(s, 50);
    s->m.short_replies = sim_chance(s, 10);
    serve_begin(s);
    s->n_clients = 1 + sim_below(s, SIM_MAX_CLIENTS);
    for (size_t i = 0; i < s->n_clients; i++)
        s->clients[i] = client_new(s, i);
    for (size_t i = 0; i < s->n_clients; i++)
        work_begin(s->clients[i]);
    fault_begin(s);
    run_until(s, s->heal_at);
    heal(s);
    recover(s);
    if (!s->failed)
        check_end(s);
    if (!s->failed)
        part(s);
    serve_end(s);
    for (size_t i = 0; i < s->n_clients; i++)
        client_free(s->clients[i]);
    bool ok = !s->failed;
    *events += s->n_events;
    if (!ok)
        report(s);
    net_free(s);
    model_free(&s->m);
    free(s->tokens);
    free(s->heap);
    free(s->trace);
    free(s);
    return ok;
}
