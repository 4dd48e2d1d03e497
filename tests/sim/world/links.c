/* SPDX-License-Identifier: Apache-2.0 */
/* Links: two byte streams between a client's socket and the server, late, in pieces, and sometimes not at all.
 *
 * As in TCP a stream never loses bytes out of its middle: it may stall and go on, or die. A dead link is half-open:
 * neither end hears of the other again. */
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

#include "io/poll.h"
#include "wire/codec.h"

enum { SOCKET_BUFFER = 64 * 1024 };

typedef struct chunk {
    struct chunk *next;
    bool eof;
    size_t n;
    uint8_t bytes[];
} chunk;

typedef struct stream {
    chunk *head, **tail;
    size_t held;
    uint64_t last_at, stalled_until;
} stream;

typedef struct buffer {
    uint8_t *p;
    size_t at, n, cap;
} buffer;

struct wlink {
    wlink *next;
    world *w;
    wclient *c;
    size_t door;
    uint32_t number;
    bool open;     /* the client has the socket */
    bool answered; /* connected, or refused */
    bool reset, dead, eof, greeted;
    zobo_err err;
    zs_conn *conn; /* NULL: the server has no such connection, or has closed it */
    stream way[2];
    buffer in, out; /* come to the server and not taken; come to the client and not read */
};

static uint64_t
latency(world *w)
{
    return 1000U * (w->profile->latency_us + world_below(w, w->profile->latency_spread_us + 1U));
}

static void
add(buffer *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = 2 * (b->n + n);
        b->p = realloc(b->p, b->cap);
        if (!b->p)
            abort();
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void
drop_front(buffer *b, size_t n)
{
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

static chunk *
take(stream *s)
{
    chunk *c = s->head;
    if (c) {
        s->head = c->next;
        if (!s->head)
            s->tail = &s->head;
        s->held -= c->n;
    }
    return c;
}

/* --- what arrives ------------------------------------------------------------------------------------------------- */

/* Gives the server the whole frames that are there, as far as it takes them. */
static void
pump(wlink *l)
{
    size_t at = 0;
    while (l->conn && l->in.n - at >= 4) {
        size_t len = 4 + (size_t)zb_load32(l->in.p + at);
        if (l->in.n - at < len || !server_feed(l, l->in.p + at, len))
            break;
        at += len;
    }
    if (at)
        drop_front(&l->in, at);
}

static void
to_server(wlink *l, const chunk *c)
{
    if (!l->conn) { /* it has closed: its answer is a reset */
        if (!c->eof)
            l->reset = true;
        return;
    }
    if (c->eof) {
        server_gone(l);
        return;
    }
    add(&l->in, c->bytes, c->n);
    pump(l);
}

static void
deliver(world *w, void *what, uint64_t way)
{
    wlink *l = what;
    stream *s = &l->way[way];
    if (l->dead || l->reset)
        return;
    if (s->stalled_until > w->now) {
        world_at(w, s->stalled_until, deliver, l, way);
        return;
    }
    chunk *c = take(s);
    if (!c)
        return;
    if (way == TO_SERVER)
        to_server(l, c);
    else if (c->eof)
        l->eof = true;
    else
        add(&l->out, c->bytes, c->n);
    free(c);
}

static void
send_piece(wlink *l, int way, const void *data, size_t n, bool eof)
{
    stream *s = &l->way[way];
    if (l->dead || l->reset)
        return;
    chunk *c = world_alloc(sizeof *c + n);
    *c = (chunk){.n = n, .eof = eof};
    if (n)
        memcpy(c->bytes, data, n);
    *s->tail = c;
    s->tail = &c->next;
    s->held += n;
    uint64_t at = l->w->now + latency(l->w);
    s->last_at = at > s->last_at ? at : s->last_at + world_below(l->w, 20000);
    world_at(l->w, s->last_at, deliver, l, (uint64_t)way);
}

/* Mostly whole, now and then in two. */
static void
send_bytes(wlink *l, int way, const uint8_t *p, size_t n)
{
    size_t first = n > 1 && world_chance(l->w, 5) ? 1 + world_below(l->w, n - 1) : n;
    send_piece(l, way, p, first, false);
    if (first < n)
        send_piece(l, way, p + first, n - first, false);
}

/* --- the client's end --------------------------------------------------------------------------------------------- */

static void
connecting(world *w, void *what, uint64_t arg)
{
    wlink *l = what;
    (void)arg;
    if (!l->open)
        return;
    uint64_t cut_off = l->c->cut_off_until[l->door];
    if (cut_off > w->now) {
        world_at(w, cut_off + latency(w), connecting, l, 0);
        return;
    }
    l->answered = true;
    if (!w->e || w->doors[l->door].refuses_until > w->now)
        l->err = ZOBO_EREFUSED;
    else
        server_accept(l);
    world_trace(w, "link %u of client %u is %s", l->number, (unsigned)l->c->index, l->err ? "refused" : "up");
}

wlink *
link_connect(wclient *c, size_t door)
{
    world *w = c->w;
    wlink *l = world_alloc(sizeof *l);
    *l = (wlink){.next = w->links, .w = w, .c = c, .door = door, .number = ++w->n_links, .open = true};
    l->way[0].tail = &l->way[0].head;
    l->way[1].tail = &l->way[1].head;
    w->links = l;
    world_trace(w, "client %u connects to server %u: link %u", (unsigned)c->index, (unsigned)door, l->number);
    world_at(w, w->now + 2 * latency(w), connecting, l, 0);
    return l;
}

unsigned
link_ready(const wlink *l)
{
    unsigned ready = 0;
    if (l->answered && (l->err || l->reset || l->way[TO_SERVER].held < SOCKET_BUFFER))
        ready |= ZB_WRITABLE;
    if (l->answered && (l->err || l->reset || l->eof || l->out.n > 0))
        ready |= ZB_READABLE;
    return ready;
}

zobo_err
link_finish(wlink *l)
{
    return l->reset ? ZOBO_ESERVERCLOSED : l->err;
}

long
link_read(wlink *l, void *p, size_t n, zobo_err *err)
{
    if (l->reset || (l->eof && l->out.n == 0)) {
        *err = ZOBO_ESERVERCLOSED;
        return -1;
    }
    if (n > l->out.n)
        n = l->out.n;
    if (n > 1 && world_chance(l->w, 3))
        n = 1 + world_below(l->w, n - 1);
    if (n) {
        memcpy(p, l->out.p, n);
        drop_front(&l->out, n);
    }
    return (long)n;
}

long
link_write(wlink *l, const void *p, size_t n, zobo_err *err)
{
    size_t room = SOCKET_BUFFER - l->way[TO_SERVER].held;
    if (l->reset) {
        *err = ZOBO_ESERVERCLOSED;
        return -1;
    }
    if (n > room)
        n = room;
    if (n > 1 && world_chance(l->w, 2))
        n = 1 + world_below(l->w, n - 1);
    if (n)
        send_bytes(l, TO_SERVER, p, n);
    return (long)n;
}

void
link_hang_up(wlink *l)
{
    l->open = false;
    world_trace(l->w, "client %u hangs up link %u", (unsigned)l->c->index, l->number);
    if (l->conn)
        send_piece(l, TO_SERVER, NULL, 0, true);
}

/* --- the server's end --------------------------------------------------------------------------------------------- */

void
link_answer(wlink *l, const void *p, size_t n)
{
    send_bytes(l, TO_CLIENT, p, n);
}

void
link_closed(wlink *l)
{
    l->conn = NULL;
    send_piece(l, TO_CLIENT, NULL, 0, true);
}

void
link_resume(wlink *l)
{
    pump(l);
}

zs_conn **
link_conn(wlink *l)
{
    return &l->conn;
}

wclient *
link_client(const wlink *l)
{
    return l->c;
}

bool *
link_greeted(wlink *l)
{
    return &l->greeted;
}

wlink *
link_next(const wlink *l)
{
    return l->next;
}

/* --- faults ------------------------------------------------------------------------------------------------------- */

void
link_reset(wlink *l)
{
    if (l->conn)
        server_gone(l);
    l->reset = true;
}

void
link_kill(wlink *l)
{
    l->dead = true;
}

void
link_stall(wlink *l, int way, uint64_t until)
{
    l->way[way].stalled_until = until;
}

void
links_cut_off(wclient *c, size_t door, uint64_t until, bool for_good)
{
    c->cut_off_until[door] = until;
    for (wlink *l = c->w->links; l; l = l->next) {
        if (l->c != c || l->door != door || !l->answered)
            continue;
        if (for_good)
            l->dead = true;
        l->way[0].stalled_until = l->way[1].stalled_until = until;
    }
}

void
links_reset_door(world *w, size_t door)
{
    for (wlink *l = w->links; l; l = l->next)
        if (l->door == door && l->answered)
            link_reset(l);
}

wlink *
link_some(world *w)
{
    wlink *found = NULL;
    uint64_t n = 0;
    for (wlink *l = w->links; l; l = l->next)
        if (l->open && l->conn && !l->dead && !l->reset && world_below(w, ++n) == 0)
            found = l;
    return found;
}

/* What faults have made of links that are there does not end by itself. */
void
links_heal(world *w)
{
    for (wlink *l = w->links; l; l = l->next) {
        l->way[0].stalled_until = l->way[1].stalled_until = 0;
        if (l->dead && l->conn)
            server_gone(l);
    }
}

void
links_free(world *w)
{
    while (w->links) {
        wlink *l = w->links;
        w->links = l->next;
        for (int way = 0; way < 2; way++)
            for (chunk *c; (c = take(&l->way[way])) != NULL;)
                free(c);
        free(l->in.p);
        free(l->out.p);
        free(l);
    }
}
