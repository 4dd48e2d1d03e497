/* SPDX-License-Identifier: Apache-2.0 */
/* A client's driver: what the library's threads do with a session, done by events of the simulation.
 *
 * It is made to be as awkward as a correct driver can be: it writes in pieces and later than it said, fills the
 * session's buffer in odd sizes, looks up names slowly, ticks late, and now and then stands still for seconds. */
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "core/retry.h"

static void
fill_options(client *c, zobo_options *o, zobo_retry_policy *retry, const zobo_auth *auth)
{
    sim *s = c->sim;
    static const uint32_t timeouts[] = {1000, 2000, 4000, 10000, 20000};
    static const zobo_acl anyone[] = {{ZOBO_PERM_ALL, "world", "anyone"}};
    static const zobo_acl_list open_acl = {anyone, 1};
    c->timeout_ms = timeouts[sim_below(s, 5)];
    c->queue_timeout_ms = sim_chance(s, 50) ? c->timeout_ms : 500 + (uint32_t)sim_below(s, 60000);
    c->lost_after_percent = sim_chance(s, 85) ? 133 : 100 + (uint32_t)sim_below(s, 100);
    c->max_request_bytes = sim_chance(s, 80) ? 0xfffff : 16384 + (uint32_t)sim_below(s, 50000);
    c->stay_lost = sim_chance(s, 10);
    c->read_only = sim_chance(s, 40);
    c->has_auth = c->chroot[0] == '\0' && sim_chance(s, 50);
    c->n_creds = c->has_auth ? 1 : 0;
    *o = (zobo_options){.size = sizeof *o,
                        .hosts = c->hosts,
                        .timeout_ms = c->timeout_ms,
                        .default_acl = &open_acl,
                        .auth = auth,
                        .n_auth = c->has_auth ? 1 : 0,
                        .ordered_hosts = sim_chance(s, 30),
                        .queue_timeout_ms = c->queue_timeout_ms,
                        .lost_after_percent = c->lost_after_percent,
                        .stay_lost = c->stay_lost,
                        .read_only = c->read_only,
                        .max_in_flight = 100000,
                        .max_queued_bytes = 64U << 20,
                        .max_request_bytes = c->max_request_bytes,
                        .max_reply_bytes = 128U << 20,
                        .connection_retry = retry,
                        .command_retry = retry,
                        .log_level = ZOBO_LOG_DEBUG};
    uint32_t per_host = c->timeout_ms / (uint32_t)c->n_hosts;
    o->connect_timeout_ms = per_host < 1000 ? 1000 : per_host;
}

static void
log_line(void *arg, zobo_log_level level, const char *line)
{
    client *c = arg;
    (void)level;
    sim_trace(c->sim, "client %u:   %s", (unsigned)c->index, line);
}

client *
client_new(sim *s, size_t index)
{
    client *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->sim = s;
    c->index = index;
    c->resolving = -1;
    c->n_hosts = 1 + sim_below(s, SIM_DOORS);
    if (sim_chance(s, 40))
        strcpy(c->chroot, index % 2 ? "/app/a" : "/app/b");
    snprintf(c->hosts, sizeof c->hosts, "%s%s%s%s", "s0:2181", c->n_hosts > 1 ? ",s1:2182" : "",
             c->n_hosts > 2 ? ",s2:2183" : "", c->chroot);
    static const zobo_auth auth = {"digest", "anna:secret", 11};
    zobo_retry_policy retry;
    zobo_options options;
    if (zb_retry_import(&retry, NULL, "connection_retry", NULL) != ZOBO_OK)
        abort();
    fill_options(c, &options, &retry, &auth);
    zb_session_config config = {&options, {log_line, c, ZOBO_LOG_DEBUG}, zb_rng_next(&s->rng)};
    if (zb_session_new(&config, &c->s, NULL) != ZOBO_OK)
        abort();
    return c;
}

void
client_free(client *c)
{
    zb_session_free(c->s);
    work_free(c);
    free(c);
}

static void
thaw(sim *s, void *what, uint64_t arg)
{
    (void)s, (void)arg;
    client_pump(what);
}

bool
client_frozen(client *c, sim_fn *fn, void *what, uint64_t arg)
{
    if (c->frozen_until <= c->sim->now)
        return false;
    sim_at(c->sim, c->frozen_until, fn, what, arg);
    return true;
}

/* Also when the link has gone meanwhile: the writer has the bytes in its hands until it has noticed. */
static void
write_out(client *c)
{
    sim *s = c->sim;
    uint8_t *all = malloc(c->write_n);
    size_t at = 0;
    if (!all)
        abort();
    for (size_t i = 0; i < c->n_iov && at < c->write_n; i++) {
        size_t n = c->iov[i].n < c->write_n - at ? c->iov[i].n : c->write_n - at;
        memcpy(all + at, c->iov[i].p, n);
        at += n;
    }
    if (c->l == c->written_to)
        net_write(s, c->l, all, c->write_n);
    free(all);
}

/* A thread that writes without the lock: the driver waits for it before it does anything that may end the link. */
static void
wait_for_writer(client *c)
{
    if (!c->writing)
        return;
    c->writing = false;
    if (!c->write_taken)
        write_out(c);
    bool may_break = c->sim->profile->fault_ms && !c->sim->healed;
    if (may_break && c->l && c->l == c->written_to && c->write_taken && sim_chance(c->sim, 3)) {
        c->broken = true; /* the kernel reports an error, though the bytes may have gone out */
        net_reset(c->sim, c->l, ZOBO_ESERVERCLOSED);
        return;
    }
    zb_session_sent(c->s, c->write_n, c->sim->now);
}

bool
client_waits(client *c, sim_fn *fn, void *what, uint64_t arg)
{
    if (client_frozen(c, fn, what, arg))
        return true;
    wait_for_writer(c);
    return false;
}

/* --- starting and stopping ---------------------------------------------------------------------------------------- */

static void
start_later(sim *s, void *what, uint64_t resume)
{
    (void)s;
    client *c = what;
    if (!c->started && !s->parting && !client_waits(c, start_later, what, resume))
        client_start(c, resume != 0);
}

void
client_start(client *c, bool resume)
{
    sim *s = c->sim;
    resume = resume && c->has_saved;
    sim_trace(s, "client %u: start%s", (unsigned)c->index, resume ? ", resuming" : "");
    zobo_err err = zb_session_start(c->s, resume ? &c->saved : NULL, s->now);
    if (err == ZOBO_ENOMEM && s->oom) {
        sim_at(s, s->now + ZB_MS(500), start_later, c, resume);
        return;
    }
    if (err != ZOBO_OK) {
        sim_fail(s, "client %u: start says %s", (unsigned)c->index, zobo_err_name(err));
        return;
    }
    c->started = true;
    c->stopping = false;
    c->resuming = resume;
    c->has_saved = false;
    c->id = resume ? c->saved.session_id : 0;
    c->lost_id = 0;
    c->heard_expired = false;
    c->last_zxid = 0;
    if (zb_session_start(c->s, NULL, s->now) != ZOBO_EALREADY)
        sim_fail(s, "client %u: a second start is not refused", (unsigned)c->index);
    client_pump(c);
}

void
client_stop(client *c, bool detach)
{
    sim *s = c->sim;
    if (!c->started || c->stopping)
        return;
    zb_session_info info;
    zb_session_get_info(c->s, &info);
    c->has_saved = detach && info.has_session;
    c->saved = info.id;
    sim_trace(s, "client %u: %s", (unsigned)c->index, detach ? "detach" : "stop");
    c->stopping = true;
    c->detaching = detach;
    s->n_left += detach || c->state != ZOBO_CONNECTED;
    c->stopped_id = c->state == ZOBO_CONNECTED ? c->id : 0;
    uint32_t timeout = info.timeout_ms > c->timeout_ms ? info.timeout_ms : c->timeout_ms;
    c->stop_deadline = s->now + ZB_MS(timeout + 100U);
    zb_session_stop(c->s, detach, s->now);
    client_pump(c);
}

static void
closed(client *c, zobo_err err)
{
    sim *s = c->sim;
    sim_trace(s, "client %u: closed (%s)", (unsigned)c->index, zobo_err_name(err));
    if (!c->started)
        sim_fail(s, "client %u: closed twice", (unsigned)c->index);
    if (c->state != ZOBO_LOST)
        sim_fail(s, "client %u: closed in state %s", (unsigned)c->index, zobo_state_name(c->state));
    if (c->l && c->l->client_open)
        sim_fail(s, "client %u: closed with an open link", (unsigned)c->index);
    if (c->n_requests)
        sim_fail(s, "client %u: closed with requests inside", (unsigned)c->index);
    bool undisturbed = s->parting || !s->profile->fault_ms;
    if (c->stopping && c->stopped_id && undisturbed && !model_session(&s->m, c->stopped_id) != !c->detaching)
        sim_fail(s, "client %u: the session it has left %s", (unsigned)c->index, c->detaching ? "is gone" : "lives on");
    c->started = c->stopping = false;
    if (!s->parting)
        sim_at(s, s->now + ZB_MS(s->healed ? 50 : 1 + sim_below(s, 6000)), start_later, c, sim_chance(s, 80));
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static void
resolved(sim *s, void *what, uint64_t arg)
{
    client *c = what;
    if (client_waits(c, resolved, what, arg))
        return;
    size_t host = arg >> 8 & 0xff;
    uint8_t where = (uint8_t)(arg & 0xff);
    bool stale = (uint32_t)(arg >> 16) != c->resolve_serial;
    if (stale && c->resolving >= 0)
        return; /* a driver does not mix up two look-ups */
    c->resolving = -1;
    zb_addr addrs[2] = {{{where, 0}, 2}, {{where, 1}, 2}};
    size_t n = s->names_until > s->now ? 0 : 1 + sim_below(s, 2);
    zb_session_resolved(c->s, host, addrs, n, n ? ZOBO_OK : ZOBO_ERESOLVE, 0, s->now);
    client_pump(c);
}

static void
resolve(client *c, size_t host)
{
    sim *s = c->sim;
    const zb_hosts *hosts = zb_session_hosts(c->s);
    if (host >= hosts->n) {
        sim_fail(s, "client %u: asks for host %u of %u", (unsigned)c->index, (unsigned)host, (unsigned)hosts->n);
        return;
    }
    uint8_t where = (uint8_t)(hosts->items[host].name[1] - '0');
    c->attempts++;
    c->resolving = (long)host;
    c->resolve_serial++;
    if (s->names_until > s->now && s->names_hang)
        return;
    uint64_t delay = sim_chance(s, 50) ? 0 : sim_below(s, 20000000);
    sim_at(s, s->now + delay, resolved, c, (uint64_t)c->resolve_serial << 16 | host << 8 | where);
}

static void
probed(sim *s, void *what, uint64_t arg)
{
    client *c = what;
    if (client_waits(c, probed, what, arg))
        return;
    bool writes = (arg & 1) != 0, current = arg >> 16 == c->probe_serial && !c->changed_hosts;
    zb_session_probed(c->s, arg >> 8 & 0xff, writes, s->now);
    client_pump(c);
    if (writes && current && c->l && c->l == c->probed_from && c->l->client_open && !c->stopping)
        sim_fail(s, "client %u: stays on a server that only reads, and knows of one that writes", (unsigned)c->index);
}

static void
probe(client *c, size_t host)
{
    sim *s = c->sim;
    const zb_hosts *hosts = zb_session_hosts(c->s);
    bool silent = c->l && c->l->tap_greeted && !check_up(c->state); /* up, but the credentials are not accepted yet */
    if ((c->state != ZOBO_CONNECTED_RO && !silent) || host >= hosts->n) {
        sim_fail(s, "client %u: looks for a server that writes, in state %s", (unsigned)c->index,
                 zobo_state_name(c->state));
        return;
    }
    c->probe_serial++;
    c->probed_from = c->l;
    unsigned where = (unsigned)(hosts->items[host].name[1] - '0');
    door *d = &s->doors[where];
    bool reached = !s->m.down && !d->down && d->refuses_until <= s->now && d->silent_until <= s->now;
    bool writes = reached && !(s->m.read_only >> where & 1);
    sim_trace(s, "client %u: asks server %u: it %s", (unsigned)c->index, where, writes ? "writes" : "does not write");
    if (reached || sim_chance(s, 50)) /* else nobody ever answers */
        sim_at(s, s->now + 1000000 + sim_below(s, 50000000), probed, c,
               (uint64_t)c->probe_serial << 16 | host << 8 | writes);
}

/* --- the writer --------------------------------------------------------------------------------------------------- */

static void
write_late(sim *s, void *what, uint64_t arg)
{
    client *c = what;
    (void)s;
    if (c->writing && arg == c->write_serial && !client_frozen(c, write_late, what, arg))
        client_pump(c); /* which waits for the writer: it is done */
}

static void
write_some(client *c)
{
    sim *s = c->sim;
    while (!c->writing && !c->broken && c->l && c->l->up && c->l->client_open) {
        size_t room = net_room(c->l), total = 0;
        c->n_iov = zb_session_output(c->s, c->iov, 8);
        if ((c->n_iov > 0) != zb_session_wants_write(c->s))
            sim_fail(s, "client %u: wants_write and output differ", (unsigned)c->index);
        for (size_t i = 0; i < c->n_iov; i++)
            total += c->iov[i].n;
        if (total == 0)
            return;
        size_t offer = sim_chance(s, 20) ? 1 + sim_below(s, total) : total;
        zb_session_sending(c->s, offer);
        if (room == 0) { /* the kernel takes nothing: it will say when it does */
            zb_session_sent(c->s, 0, s->now);
            return;
        }
        c->write_n = offer < room ? offer : room;
        if (sim_chance(s, 15))
            c->write_n = 1 + sim_below(s, c->write_n);
        c->written_to = c->l;
        c->writes++;
        c->writing = sim_chance(s, 25);
        c->write_taken = !c->writing || sim_chance(s, 50); /* the kernel has it, though the writer is not back yet */
        if (c->write_taken)
            write_out(c);
        bool slow = s->profile->fault_ms && sim_chance(s, 10); /* a fault: heartbeats are late */
        if (c->writing)
            sim_at(s, s->now + sim_below(s, slow ? 300000000 : 2000000), write_late, c, ++c->write_serial);
        else
            zb_session_sent(c->s, c->write_n, s->now);
    }
}

void
client_writable(client *c)
{
    if (!c->writing && c->frozen_until <= c->sim->now && zb_session_wants_write(c->s))
        client_pump(c);
}

/* --- what the link says ------------------------------------------------------------------------------------------- */

void
client_link(client *c, link *l, bool up, zobo_err why)
{
    sim *s = c->sim;
    if (c->l != l)
        return;
    sim_trace(s, "client %u: link %u %s %s", (unsigned)c->index, l->number, up ? "up" : "down", zobo_err_name(why));
    c->broken = false;
    if (!up)
        c->l = NULL;
    zb_session_link(c->s, up ? ZB_LINK_UP : ZB_LINK_DOWN, why, 0, s->now);
    client_pump(c);
}

/* Gives the session n bytes in one of the ways a driver can. Returns how many it took; 0: no memory. */
static size_t
feed(client *c, const uint8_t *data, size_t n)
{
    sim *s = c->sim;
    if (sim_chance(s, 50))
        return zb_session_feed(c->s, data, n, s->now) == ZOBO_OK ? n : 0;
    size_t room = 0, want = sim_chance(s, 50) ? 1 : 1 + sim_below(s, 65536);
    void *p = zb_session_space(c->s, want, &room);
    if (!p)
        return 0;
    if (room < want)
        sim_fail(s, "client %u: room for %u of %u bytes", (unsigned)c->index, (unsigned)room, (unsigned)want);
    if (!s->healed && sim_chance(s, 10))
        work_meanwhile(c); /* another thread, while the reader reads */
    size_t take = room < n ? room : n;
    memcpy(p, data, take);
    zb_session_fed(c->s, take, s->now);
    return take;
}

void
client_bytes(client *c, link *l, const uint8_t *data, size_t n)
{
    sim *s = c->sim;
    while (n > 0 && c->l == l && l->client_open && !s->failed) {
        wait_for_writer(c);
        if (c->broken && !l->tap_greeted) /* no answer to a handshake that could not be written is taken */
            return;
        c->fed_generation = l->generation;
        size_t piece = sim_chance(s, 10) ? 1 + sim_below(s, n) : n;
        size_t took = feed(c, data, piece);
        if (took == 0) {
            if (!s->oom)
                sim_fail(s, "client %u: no room for bytes", (unsigned)c->index);
            net_hang_up(s, l);
            client_link(c, l, false, ZOBO_ENOMEM);
            return;
        }
        bool broken = check_tap(c, l, data, took);
        if (l->tap_greeted)
            c->last_heard = s->now;
        client_pump(c);
        if (broken && c->l == l && l->client_open)
            sim_fail(s, "client %u: stays on a link that breaks the protocol", (unsigned)c->index);
        data += took;
        n -= took;
    }
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void
on_timer(sim *s, void *what, uint64_t serial)
{
    client *c = what;
    if (c->timer_serial != serial || client_waits(c, on_timer, what, serial))
        return;
    c->timer_at = 0;
    c->ticks++;
    zb_session_tick(c->s, s->now);
    c->ticked = true;
    client_pump(c);
}

void
client_rearm(client *c)
{
    sim *s = c->sim;
    uint64_t at = zb_session_deadline(c->s);
    if (at == c->timer_at)
        return;
    c->timer_at = at;
    c->timer_serial++;
    if (at == ZB_NEVER)
        return;
    uint64_t late = sim_chance(s, 90) ? sim_below(s, 1000000) : sim_below(s, 20000000);
    sim_at(s, (at > s->now ? at : s->now) + late, on_timer, c, c->timer_serial);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void
handle(client *c, const zb_event *ev)
{
    sim *s = c->sim;
    switch (ev->kind) {
    case ZB_EV_RESOLVE:
        resolve(c, ev->host);
        break;
    case ZB_EV_CONNECT:
        if (c->l && c->l->client_open)
            sim_fail(s, "client %u: connects while it has a link", (unsigned)c->index);
        c->attempts++;
        net_connect(s, c, ev->addr->bytes[0]);
        break;
    case ZB_EV_DISCONNECT:
        sim_trace(s, "client %u: hangs up", (unsigned)c->index);
        c->resolving = -1;
        c->resolve_serial++;
        if (c->l)
            net_hang_up(s, c->l);
        c->l = NULL;
        c->broken = false;
        break;
    case ZB_EV_PROBE:
        probe(c, ev->host);
        break;
    case ZB_EV_STATE:
        check_state(c, ev->state, ev->err);
        break;
    case ZB_EV_DONE:
        work_done(c, ev->req);
        break;
    case ZB_EV_WATCH:
        work_told(c, ev);
        break;
    case ZB_EV_CLOSED:
        closed(c, ev->err);
        break;
    default:
        sim_fail(s, "client %u: an event of kind %d", (unsigned)c->index, (int)ev->kind);
    }
}

static void
pull(client *c)
{
    sim *s = c->sim;
    zb_event ev;
    for (unsigned n = 0; !s->failed && zb_session_next(c->s, &ev, s->now); n++) {
        if (n > 100000)
            sim_fail(s, "client %u: events without end", (unsigned)c->index);
        else
            handle(c, &ev);
    }
}

void
client_pump(client *c)
{
    sim *s = c->sim;
    if (c->pulling || client_waits(c, thaw, c, 0))
        return;
    c->pulling = true;
    c->pulled_at = c->next_number;
    pull(c);
    if (!s->failed)
        write_some(c);
    if (!c->writing)
        pull(c); /* what was waiting for its last byte to go out has ended */
    c->pulling = false;
    if (s->failed)
        return;
    check_batch(c);
    check_client(c);
    client_rearm(c);
}
