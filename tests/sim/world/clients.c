/* SPDX-License-Identifier: Apache-2.0 */
/* Clients and their processes: a clock, a loop that calls zobo_process when there is something to do, and steps of the
 * program that uses them. */
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

/* --- clocks ------------------------------------------------------------------------------------------------------- */

uint64_t
client_clock(const wclient *c, uint64_t at)
{
    int64_t gone = (int64_t)(at - c->clock_from);
    return (uint64_t)(c->clock_base + gone + gone * c->clock_ppm / 1000000);
}

uint64_t
client_moment(const wclient *c, uint64_t clock)
{
    int64_t gone = (int64_t)clock - c->clock_base;
    uint64_t at = c->clock_from + (uint64_t)(gone > 0 ? gone / (1000000 + c->clock_ppm) * 1000000 : 0);
    while (client_clock(c, at) < clock)
        at += 1 + (clock - client_clock(c, at)) / 2;
    return at;
}

wclient *
world_as(wclient *c)
{
    if (!c)
        abort();
    wclient *was = c->w->current;
    c->w->current = c;
    return was;
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

enum { MAX_PROCESSED = 20000, MAX_REQUESTS = 2000 };

/* Of the client's second that is running now. */
static void
count(wclient *c, uint32_t *what)
{
    uint64_t window = c->w->now / ZB_MS(1000);
    if (window != c->window) {
        c->window = window;
        c->processed = c->requested = 0;
    }
    ++*what;
}

void
client_asked(wclient *c, const char *what)
{
    world *w = c->w;
    uint32_t most = w->sc->max_requests ? w->sc->max_requests : MAX_REQUESTS;
    count(c, &c->requested);
    if (c->requested > most)
        world_fail(w, "client %u has made %u requests in a second, the last is %s: it goes round in circles",
                   (unsigned)c->index, c->requested, what);
}

static void
process(world *w, void *what, uint64_t serial)
{
    wclient *c = what;
    if (serial != c->process_serial || !c->c)
        return;
    if (c->blocked) { /* it is called for again when the blocking call is over */
        c->process_at = ZB_NEVER;
        return;
    }
    if (c->frozen_until > w->now) {
        world_at(w, c->frozen_until, process, c, serial);
        return;
    }
    c->process_at = ZB_NEVER;
    c->process_serial++;
    count(c, &c->processed);
    if (c->processed > MAX_PROCESSED)
        world_fail(w, "zobo_process of client %u is called for without an end", (unsigned)c->index);
    wclient *was = world_as(c);
    zobo_err err = zobo_process(c->c);
    w->current = was;
    if (err)
        world_fail(w, "zobo_process: %s", zobo_err_name(err));
}

static uint64_t
reaction(world *w)
{
    return 1000 + (world_chance(w, 97) ? world_below(w, 100000) : world_below(w, ZB_MS(20)));
}

void
client_look(world *w)
{
    for (size_t i = 0; i < w->n_clients; i++) {
        wclient *c = &w->clients[i];
        if (!c->c || c->blocked || c->process_at <= w->now)
            continue;
        zb_time due = io_due(c);
        if (due == ZB_NEVER)
            continue;
        uint64_t at = due ? client_moment(c, due) : 0;
        if (at < w->now)
            at = w->now;
        if (at >= c->process_at)
            continue;
        if (c->process_at != ZB_NEVER && at + ZB_MS(20) > c->process_at)
            continue; /* it comes soon enough */
        c->process_at = at + reaction(w);
        world_at(w, c->process_at, process, c, ++c->process_serial);
    }
}

/* --- its program -------------------------------------------------------------------------------------------------- */

typedef struct program_step {
    client_fn *fn;
    void *arg;
    zobo_client *c; /* as it was then */
    bool meanwhile; /* also while it is blocked */
} program_step;

static void
run_step(world *w, void *what, uint64_t i)
{
    program_step *s = what;
    wclient *c = &w->clients[i];
    if (c->c == s->c && (c->frozen_until > w->now || (c->blocked && !s->meanwhile))) {
        uint64_t at = c->frozen_until > w->now ? c->frozen_until : w->now + ZB_MS(10);
        world_at(w, at, run_step, s, i);
        return;
    }
    client_fn *fn = c->c == s->c ? s->fn : NULL;
    void *arg = s->arg;
    free(s);
    if (!fn)
        return;
    wclient *was = world_as(c);
    fn(c, arg);
    w->current = was;
}

static void
step_at(wclient *c, uint64_t at, client_fn *fn, void *arg, bool meanwhile)
{
    program_step *s = world_alloc(sizeof *s);
    *s = (program_step){fn, arg, c->c, meanwhile};
    world_at(c->w, at, run_step, s, c->index);
}

void
world_after(wclient *c, uint64_t least_ms, uint64_t most_ms, client_fn *fn, void *arg)
{
    step_at(c, c->w->now + world_ms(c->w, least_ms, most_ms), fn, arg, false);
}

void
world_meanwhile(wclient *c, uint64_t least_ms, uint64_t most_ms, client_fn *fn, void *arg)
{
    step_at(c, c->w->now + world_ms(c->w, least_ms, most_ms), fn, arg, true);
}

void
client_drop_step(const wevent *e)
{
    if (e->fn == run_step)
        free(e->what);
}

static void
state_changed(void *arg, zobo_state state)
{
    wclient *c = arg;
    c->state = state;
    world_trace(c->w, "client %u is %s", (unsigned)c->index, zobo_state_name(state));
}

static void
log_line(void *arg, zobo_log_level level, const char *line)
{
    const wclient *c = arg;
    (void)level;
    world_trace(c->w, "client %u: %s", (unsigned)c->index, line);
}

wclient *
world_client(world *w)
{
    static const char *const addresses[] = {"10.0.0.1", "10.0.0.1,10.0.0.2", "10.0.0.1,10.0.0.2,10.0.0.3"};
    char hosts[128];
    zobo_problem why;
    if (w->n_clients == WORLD_CLIENTS)
        abort();
    wclient *c = &w->clients[w->n_clients];
    *c = (wclient){.w = w,
                   .index = w->n_clients,
                   .clock_from = w->now,
                   .clock_base = (int64_t)world_ms(w, 1000, 100000000),
                   .clock_ppm = world_chance(w, 50) ? 0 : (int32_t)world_below(w, 100000) - 50000,
                   .wall_offset_ms = (int32_t)world_below(w, 2U * WORLD_WALL_OFF_MS) - WORLD_WALL_OFF_MS,
                   .process_at = ZB_NEVER,
                   .pollset = -1,
                   .timeout_ms = (uint32_t)(2000 + world_below(w, 6000))};
    w->n_clients++;
    (void)snprintf(hosts, sizeof hosts, "%s%s", addresses[w->n_doors - 1], w->chroot);
    zobo_options options = {.hosts = hosts,
                            .timeout_ms = c->timeout_ms,
                            .event_loop = true,
                            .ordered_hosts = world_chance(w, 30),
                            .log = log_line,
                            .log_arg = c,
                            .log_level = w->print ? ZOBO_LOG_DEBUG : ZOBO_LOG_WARN};
    wclient *was = world_as(c);
    if (zobo_new(&options, &c->c, &why))
        world_fail(w, "zobo_new: %s", why.text);
    if (zobo_add_listener(c->c, state_changed, c) || zobo_start_async(c->c))
        world_fail(w, "client %u does not start", (unsigned)c->index);
    w->current = was;
    return c;
}

void
clients_close(world *w)
{
    for (size_t i = 0; i < w->n_clients; i++) {
        wclient *c = &w->clients[i];
        wclient *was = world_as(c);
        zobo_client *gone = c->c;
        world_trace(w, "client %u closes", (unsigned)i);
        c->blocked++;
        zobo_close(gone);
        c->c = NULL;
        w->current = was;
    }
}
