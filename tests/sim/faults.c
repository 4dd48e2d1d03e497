/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong, and when it is right again. Every fault has an end, at the latest when all are healed. */
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

static link *
some_link(sim *s)
{
    link *found = NULL;
    uint64_t n = 0;
    for (link *l = s->links; l; l = l->next)
        if (l->client_open && l->up && sim_below(s, ++n) == 0)
            found = l;
    return found;
}

/* When a fault that begins now is over: at the latest when all are. */
static uint64_t
fault_end(sim *s, uint64_t least_ms, uint64_t most_ms)
{
    uint64_t at = s->now + sim_ms(s, least_ms, most_ms);
    return at < s->heal_at ? at : s->heal_at;
}

static void
door_up(sim *s, void *what, uint64_t arg)
{
    (void)what;
    sim_trace(s, "server %u is up", (unsigned)arg);
    s->doors[arg].down = false;
}

static void
drop_door(sim *s, int which)
{
    for (link *l = s->links; l; l = l->next)
        if (l->client_open && l->door == which)
            net_reset(s, l, ZOBO_ESERVERCLOSED);
}

static void
fault_door(sim *s)
{
    int which = (int)sim_below(s, SIM_DOORS);
    sim_trace(s, "FAULT server %d goes down", which);
    s->doors[which].down = true;
    drop_door(s, which);
    sim_at(s, s->now + sim_ms(s, 100, 8000), door_up, NULL, (uint64_t)which);
}

static void
restart(sim *s, void *what, uint64_t wiped)
{
    (void)what;
    if (!s->m.down)
        return;
    sim_trace(s, "the servers are back%s", wiped ? ", without their data" : "");
    s->wiped = s->wiped || wiped;
    model_start(&s->m, wiped != 0, s->now);
}

static void
fault_crash(sim *s, bool wipe)
{
    if (s->m.down)
        return;
    sim_trace(s, "FAULT all servers crash");
    model_crash(&s->m);
    for (int i = 0; i < SIM_DOORS; i++)
        drop_door(s, i);
    sim_at(s, s->now + sim_ms(s, 50, sim_chance(s, 20) ? 30000 : 4000), restart, NULL, wipe);
}

/* Between one client and some servers, or all: what is open goes silent, what is tried is swallowed. */
static void
fault_partition(sim *s)
{
    uint64_t until = fault_end(s, 500, sim_chance(s, 20) ? 40000 : 8000);
    bool for_good = sim_chance(s, 50); /* the links do not come back: half-open */
    unsigned which = sim_chance(s, 40) ? 7U : 1U + (unsigned)sim_below(s, 7);
    sim_trace(s, "FAULT partition of servers %x%s until %.3f", which, for_good ? " (links die)" : "",
              (double)until / 1e9);
    for (int i = 0; i < SIM_DOORS; i++)
        if (which >> i & 1)
            s->doors[i].silent_until = until;
    for (link *l = s->links; l; l = l->next) {
        if (!l->client_open || !(which >> l->door & 1))
            continue;
        if (for_good)
            l->dead = true;
        else
            l->pipe[TO_SERVER].stalled_until = l->pipe[TO_CLIENT].stalled_until = until;
    }
}

static void
fault_stall(sim *s, link *l)
{
    int way = (int)sim_below(s, 2);
    uint64_t until = fault_end(s, 50, sim_chance(s, 25) ? 20000 : 3000);
    sim_trace(s, "FAULT link %u stalls %s until %.3f", l->number, way == TO_SERVER ? "up" : "down",
              (double)until / 1e9);
    l->pipe[way].stalled_until = until;
}

/* Frames no server sends: the client must hang up, and lie about nothing. */
static void
fault_garbage(sim *s, link *l)
{
    static const uint8_t negative[] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t huge[] = {0x7f, 0xff, 0xff, 0xff};
    static const uint8_t no_header[] = {0, 0, 0, 4, 1, 2, 3, 4};
    static const uint8_t bad_event[] = {0, 0, 0, 20, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
                                        0, 0, 0, 0,  0,    0,    0,    0,    0, 0, 0, 1};
    uint8_t wrong_xid[20] = {0, 0, 0, 16, 0x70, 0, 0, 1};
    if (!l->conn || l->conn->gone || l->conn->closing)
        return;
    unsigned which = (unsigned)sim_below(s, 5);
    sim_trace(s, "FAULT link %u gets garbage of kind %u", l->number, which);
    const void *p = which == 0   ? (const void *)negative
                    : which == 1 ? huge
                    : which == 2 ? no_header
                    : which == 3 ? bad_event
                                 : wrong_xid;
    size_t n = which < 2 ? 4 : which == 2 ? sizeof no_header : which == 3 ? sizeof bad_event : sizeof wrong_xid;
    mbytes_add(&l->conn->out, p, n);
    l->conn->mute = true; /* it says nothing more, so hanging up is the client's part */
    l->garbage = true;
}

static void
fault_names(sim *s)
{
    s->names_until = s->now + sim_ms(s, 100, 9000);
    s->names_hang = sim_chance(s, 30);
    sim_trace(s, "FAULT names %s until %.3f", s->names_hang ? "hang" : "fail", (double)s->names_until / 1e9);
}

static void
oom_over(sim *s, void *what, uint64_t arg)
{
    (void)what, (void)arg;
    s->oom = false;
    (void)zb_mem_fail_after(-1, 0);
}

static void
fault_oom(sim *s)
{
    uint64_t after = sim_below(s, 60);
    int every = (int)sim_below(s, 4);
    sim_trace(s, "FAULT memory runs out after %u more, every %d", (unsigned)after, every);
    s->oom = s->ever_oom = true;
    (void)zb_mem_fail_after((long)after, every);
    sim_at(s, s->now + sim_ms(s, 1, 800), oom_over, NULL, 0);
}

static void
fault_expire(sim *s)
{
    client *c = s->clients[sim_below(s, s->n_clients)];
    msession *x = model_session(&s->m, c->id);
    if (!x || s->m.down)
        return;
    sim_trace(s, "FAULT the server ends session %llx of client %u", (unsigned long long)x->id, (unsigned)c->index);
    model_expire(&s->m, x, s->now);
}

static void
fault_freeze(sim *s)
{
    client *c = s->clients[sim_below(s, s->n_clients)];
    uint64_t until = fault_end(s, 50, sim_chance(s, 25) ? 25000 : 2500);
    if (until > c->frozen_until) /* what has been put off already does not come sooner */
        c->frozen_until = c->thawed_at = until;
    sim_trace(s, "FAULT client %u is frozen until %.3f", (unsigned)c->index, (double)c->frozen_until / 1e9);
}

static void
read_only_over(sim *s, void *what, uint64_t which)
{
    (void)what;
    if (s->read_only_door == (int)which)
        return;
    sim_trace(s, "server %u writes again", (unsigned)which);
    model_read_only(&s->m, (int)which, false);
}

static void
fault_read_only(sim *s)
{
    int which = (int)sim_below(s, SIM_DOORS);
    if (s->m.short_replies || s->m.read_only >> which & 1)
        return; /* servers so old that they do not say it know no such mode */
    sim_trace(s, "FAULT server %d only reads", which);
    model_read_only(&s->m, which, true);
    sim_at(s, fault_end(s, 1000, 40000), read_only_over, NULL, (uint64_t)which);
}

/* After all faults one server may go on reading only, if every client knows another. */
static void
read_only_heals(sim *s)
{
    int stays = sim_chance(s, 50) ? (int)sim_below(s, SIM_DOORS) : -1;
    for (size_t i = 0; i < s->n_clients && stays >= 0; i++) {
        const zb_hosts *hosts = zb_session_hosts(s->clients[i]->s);
        bool knows_another = false;
        for (size_t h = 0; h < hosts->n; h++)
            knows_another = knows_another || hosts->items[h].name[1] - '0' != stays;
        if (!knows_another || s->clients[i]->changed_hosts)
            stays = -1;
    }
    for (int i = 0; i < SIM_DOORS; i++)
        if (s->m.read_only >> i & 1) {
            s->read_only_door = i == stays ? stays : s->read_only_door;
            read_only_over(s, NULL, (uint64_t)i);
        }
}

static void
fault_link(sim *s, link *l, fault kind)
{
    switch (kind) {
    case FAULT_RESET:
        sim_trace(s, "FAULT link %u is reset", l->number);
        net_reset(s, l, ZOBO_ESERVERCLOSED);
        break;
    case FAULT_DEAD:
        sim_trace(s, "FAULT link %u is half-open", l->number);
        l->dead = true;
        break;
    case FAULT_STALL:
        fault_stall(s, l);
        break;
    default:
        fault_garbage(s, l);
    }
}

static fault
draw_fault(sim *s)
{
    uint64_t all = 0;
    unsigned kind = 0;
    for (unsigned i = 0; i < N_FAULTS; i++)
        all += s->profile->shares[i];
    uint64_t draw = sim_below(s, all);
    while (draw >= s->profile->shares[kind])
        draw -= s->profile->shares[kind++];
    return (fault)kind;
}

static void
one_fault(sim *s)
{
    fault kind = draw_fault(s);
    link *l = some_link(s);
    door *d = &s->doors[sim_below(s, SIM_DOORS)];
    switch (kind) {
    case FAULT_RESET:
    case FAULT_DEAD:
    case FAULT_STALL:
    case FAULT_GARBAGE:
        if (l)
            fault_link(s, l, kind);
        break;
    case FAULT_PARTITION:
        fault_partition(s);
        break;
    case FAULT_REFUSE:
        d->refuses_until = fault_end(s, 100, 6000);
        break;
    case FAULT_NAMES:
        fault_names(s);
        break;
    case FAULT_DOOR:
        fault_door(s);
        break;
    case FAULT_CRASH:
    case FAULT_WIPE:
        fault_crash(s, kind == FAULT_WIPE);
        break;
    case FAULT_EXPIRE:
        fault_expire(s);
        break;
    case FAULT_FREEZE:
        fault_freeze(s);
        break;
    case FAULT_FLAP:
        d->flaps_until = fault_end(s, 200, 5000);
        break;
    case FAULT_CUT:
        d->cuts_until = fault_end(s, 500, 8000);
        sim_trace(s, "FAULT server %d cuts its answers", (int)(d - s->doors));
        break;
    case FAULT_READONLY:
        fault_read_only(s);
        break;
    case FAULT_OOM:
        fault_oom(s);
        break;
    default:
        serve_fault(s, kind);
    }
}

static void
fault_timer(sim *s, void *what, uint64_t arg)
{
    (void)what, (void)arg;
    if (s->healed)
        return;
    one_fault(s);
    sim_at(s, s->now + sim_ms(s, 1, 2U * s->profile->fault_ms), fault_timer, NULL, 0);
}

void
fault_begin(sim *s)
{
    if (s->profile->fault_ms)
        sim_at(s, s->now + ZB_MS(1000), fault_timer, NULL, 0);
}

void
fault_heal(sim *s)
{
    oom_over(s, NULL, 0);
    restart(s, NULL, false);
    serve_heal(s);
    for (int i = 0; i < SIM_DOORS; i++)
        s->doors[i] = (door){.down = false};
    s->names_until = 0;
    read_only_heals(s);
    for (link *l = s->links; l; l = l->next) {
        l->pipe[TO_SERVER].stalled_until = l->pipe[TO_CLIENT].stalled_until = 0;
        if (l->client_open && (l->dead || l->garbage))
            net_reset(s, l, ZOBO_ESERVERCLOSED);
    }
    for (size_t i = 0; i < s->n_clients; i++)
        s->clients[i]->frozen_until = 0;
}
