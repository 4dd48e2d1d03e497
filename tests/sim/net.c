/* SPDX-License-Identifier: Apache-2.0 */
/* Links: two byte streams between a client and a server, late, in pieces, and sometimes not at all.
 *
 * As in TCP a stream never loses bytes out of its middle: it may stall and go on, or die. A dead link is half-open:
 * neither end hears of the other again, and its "socket buffer" fills up. */
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

enum { SOCKET_BUFFER = 96 * 1024 };

static uint64_t
latency(sim *s)
{
    return 1000U * (s->profile->latency_us + sim_below(s, s->profile->latency_spread_us + 1U));
}

static void deliver(sim *s, void *what, uint64_t way);

static void
enqueue(sim *s, link *l, int way, const void *data, size_t n, bool eof)
{
    pipe_end *p = &l->pipe[way];
    p->held += n;
    if (l->dead)
        return;
    chunk *c = malloc(sizeof *c + n);
    if (!c)
        abort();
    *c = (chunk){.n = n, .eof = eof};
    if (n)
        memcpy(c->bytes, data, n);
    *p->tail = c;
    p->tail = &c->next;
    uint64_t at = s->now + latency(s);
    p->last_at = at > p->last_at ? at : p->last_at + sim_below(s, 50000);
    sim_at(s, p->last_at, deliver, l, (uint64_t)way);
}

/* Cuts what is sent into pieces as networks do: mostly whole, now and then a few bytes at a time. */
static void
enqueue_cut(sim *s, link *l, int way, const uint8_t *data, size_t n)
{
    bool small = sim_chance(s, 5);
    for (size_t at = 0; at < n;) {
        size_t piece = n - at;
        if (small && at < 64)
            piece = 1 + sim_below(s, 7);
        else if (sim_chance(s, 30))
            piece = 1 + sim_below(s, n - at);
        if (piece > n - at)
            piece = n - at;
        enqueue(s, l, way, data + at, piece, false);
        at += piece;
    }
}

static void
client_told_down(sim *s, void *what, uint64_t why)
{
    link *l = what;
    if (!l->client_open || client_waits(l->c, client_told_down, what, why))
        return;
    (void)s;
    l->client_open = false;
    client_link(l->c, l, false, (zobo_err)(int64_t)why);
}

static chunk *
take(pipe_end *p)
{
    chunk *c = p->head;
    if (!c)
        return NULL;
    p->head = c->next;
    if (!p->head)
        p->tail = &p->head;
    p->held -= c->n;
    return c;
}

static void
to_server(sim *s, link *l, const chunk *c)
{
    mconn *conn = l->conn;
    if (conn->gone) { /* the server has closed: its answer is a reset */
        if (l->client_open && !c->eof)
            sim_at(s, s->now + latency(s), client_told_down, l, (uint64_t)(int64_t)ZOBO_ESERVERCLOSED);
        return;
    }
    if (c->eof) {
        model_drop(conn);
        return;
    }
    model_feed(&s->m, conn, c->bytes, c->n, s->now);
    if (conn->greeted && s->doors[l->door].flaps_until > s->now && sim_chance(s, 70))
        conn->closing = true;
}

static void
to_client(sim *s, link *l, const chunk *c)
{
    (void)s;
    if (!l->client_open)
        return;
    if (!c->eof) {
        client_bytes(l->c, l, c->bytes, c->n);
        return;
    }
    l->client_open = false;
    client_link(l->c, l, false, ZOBO_ESERVERCLOSED);
}

static void
deliver(sim *s, void *what, uint64_t way)
{
    link *l = what;
    pipe_end *p = &l->pipe[way];
    if (l->dead)
        return;
    if (p->stalled_until > s->now) {
        sim_at(s, p->stalled_until, deliver, l, way);
        return;
    }
    if (way == TO_SERVER && s->halted_until > s->now) {
        sim_at(s, s->halted_until, deliver, l, way);
        return;
    }
    if (way == TO_CLIENT && client_waits(l->c, deliver, l, way))
        return;
    chunk *c = take(p);
    if (!c)
        return;
    if (way == TO_SERVER)
        to_server(s, l, c);
    else
        to_client(s, l, c);
    free(c);
    if (way == TO_SERVER && l->client_open && l->up)
        client_writable(l->c);
}

static void
connected(sim *s, void *what, uint64_t arg)
{
    link *l = what;
    if (!l->client_open || client_waits(l->c, connected, what, arg))
        return;
    door *d = &s->doors[l->door];
    if (s->m.down || d->down || d->refuses_until > s->now) {
        l->client_open = false;
        client_link(l->c, l, false, ZOBO_EREFUSED);
        return;
    }
    l->up = true;
    l->opened = s->now;
    l->generation = s->m.generation;
    l->conn = model_accept(&s->m, l->door, l);
    if (d->flaps_until > s->now && sim_chance(s, 50))
        l->conn->closing = true;
    client_link(l->c, l, true, ZOBO_OK);
}

void
net_connect(sim *s, client *c, int which)
{
    link *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->next = s->links;
    l->number = s->links ? s->links->number + 1 : 1;
    s->links = l;
    l->c = c;
    l->door = which;
    l->client_open = true;
    l->pipe[TO_SERVER].tail = &l->pipe[TO_SERVER].head;
    l->pipe[TO_CLIENT].tail = &l->pipe[TO_CLIENT].head;
    c->l = l;
    sim_trace(s, "client %u connects to server %d: link %u", (unsigned)c->index, which, l->number);
    if (s->doors[which].silent_until <= s->now)
        sim_at(s, s->now + latency(s), connected, l, 0);
}

/* The client closes its end: what it has written still arrives, or not. */
void
net_hang_up(sim *s, link *l)
{
    if (!l->client_open)
        return;
    l->client_open = false;
    if (l->up)
        enqueue(s, l, TO_SERVER, NULL, 0, true);
    if (sim_chance(s, 30) && l->conn) {
        model_drop(l->conn);
        l->dead = true;
    }
}

size_t
net_room(const link *l)
{
    return l->pipe[TO_SERVER].held >= SOCKET_BUFFER ? 0 : SOCKET_BUFFER - l->pipe[TO_SERVER].held;
}

void
net_write(sim *s, link *l, const void *data, size_t n)
{
    enqueue_cut(s, l, TO_SERVER, data, n);
}

/* The link breaks for both ends. What was on its way to the server may have got there. */
void
net_reset(sim *s, link *l, zobo_err why)
{
    bool gets_there = sim_chance(s, 50);
    for (chunk *c; !l->dead && l->conn && gets_there && !l->conn->gone && (c = take(&l->pipe[TO_SERVER])); free(c))
        to_server(s, l, c);
    l->dead = true;
    if (l->conn)
        model_drop(l->conn);
    if (l->client_open)
        sim_at(s, s->now + latency(s), client_told_down, l, (uint64_t)(int64_t)why);
}

static void
model_timer(sim *s, void *what, uint64_t arg)
{
    (void)what, (void)arg;
    s->model_timer = 0;
    model_tick(&s->m, s->now);
}

/* How much of its output a server gets rid of before it hangs up: often some whole frames, such as one of two events of
 * one change. */
static size_t
cut_at(sim *s, const mbytes *out)
{
    size_t limit = sim_below(s, out->n + 1), at = 0;
    if (sim_chance(s, 30))
        return limit;
    while (at + 4 <= out->n && at + 4 + zb_load32(out->p + at) <= limit)
        at += 4 + zb_load32(out->p + at);
    return at;
}

void
net_flush_model(sim *s)
{
    for (mconn *c = s->m.conns; c; c = c->next) {
        if (c->gone || (c->out.n == 0 && !c->closing))
            continue;
        link *l = c->owner;
        bool young = s->now - l->opened < ZB_MS(300);
        if (s->doors[l->door].cuts_until > s->now && sim_chance(s, young ? 25 : 6)) {
            c->out.n = cut_at(s, &c->out);
            c->closing = true;
        }
        enqueue_cut(s, l, TO_CLIENT, c->out.p, c->out.n);
        c->out.n = 0;
        serve_flushed(s, c);
        if (!c->closing)
            continue;
        enqueue(s, l, TO_CLIENT, NULL, 0, true);
        model_drop(c);
    }
    uint64_t at = model_deadline(&s->m);
    if (at != UINT64_MAX && (s->model_timer == 0 || s->model_timer > at)) {
        s->model_timer = at;
        sim_at(s, at, model_timer, NULL, 0);
    }
}

bool
net_quiet(const sim *s)
{
    for (const link *l = s->links; l; l = l->next)
        if (l->client_open && l->pipe[TO_CLIENT].head)
            return false;
    return true;
}

void
net_free(sim *s)
{
    while (s->links) {
        link *l = s->links;
        s->links = l->next;
        for (int way = 0; way < 2; way++)
            for (chunk *c; (c = take(&l->pipe[way]));)
                free(c);
        free(l->tap.p);
        free(l);
    }
}
