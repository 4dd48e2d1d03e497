/* SPDX-License-Identifier: Apache-2.0 */
/* Time: what falls due when, said by zb_session_deadline and done by zb_session_tick from the same figures. */
#include "core/session_internal.h"

enum { PROBE_FIRST_MS = 1000, PROBE_MAX_MS = 60000 };

bool
zb_timers_set(zb_session *s, zb_req *req, zb_time at)
{
    return at == ZB_NEVER || zb_heap_add(&s->deadlines, &req->deadline, at);
}

/* A ping is due when the server has not been written to, or not been heard, for a third of the timeout; one at a time
 * suffices, also while the kernel takes nothing. */
static zb_time
ping_at(const zb_session *s)
{
    zb_time quiet = s->written < s->heard ? s->written : s->heard;
    return (quiet > s->pinged ? quiet : s->pinged) + s->granted / 3;
}

static zb_time
earlier(zb_time a, zb_time b)
{
    return a < b ? a : b;
}

/* The server is dead when it was asked and has said nothing for two thirds of the timeout. A client that was itself
 * asleep has asked late, and gives it as much time to answer as always, but not beyond the session's timeout: by then
 * the server may have given its locks to others. */
static zb_time
silent_at(const zb_session *s)
{
    zb_time over = s->heard + s->granted;
    if (s->pinged <= s->heard)
        return over;
    zb_time at = s->heard + s->granted / 3 * 2, answer = s->unanswered + s->granted / 3;
    return earlier(at > answer ? at : answer, over);
}

/* While not connected: when the server must have ended the session, counted from when it was last heard. */
static zb_time
lost_at(const zb_session *s)
{
    if (!s->has_session || s->resuming || s->lost_after_percent == ZOBO_NEVER)
        return ZB_NEVER;
    zb_time percent = s->granted / 100;
    if (percent && s->lost_after_percent > (ZB_NEVER - s->heard) / percent)
        return ZB_NEVER;
    return s->heard + percent * s->lost_after_percent;
}

zb_time
zb_session_deadline(const zb_session *s)
{
    zb_time at = ZB_NEVER;
    const zb_heap_node *first = zb_heap_first(&s->deadlines);
    if (first)
        at = first->at;
    switch (s->phase) {
    case ZB_PHASE_READONLY:
        at = earlier(at, s->probe_at);
        /* fall through */
    case ZB_PHASE_CONNECTED:
    case ZB_PHASE_REPLAY:
        return earlier(at, earlier(ping_at(s), silent_at(s)));
    case ZB_PHASE_RESOLVING:
    case ZB_PHASE_CONNECTING:
    case ZB_PHASE_HANDSHAKE:
    case ZB_PHASE_WAITING:
        at = earlier(at, lost_at(s));
        /* fall through */
    case ZB_PHASE_CLOSING:
        return earlier(at, s->phase_deadline);
    case ZB_PHASE_IDLE:
    case ZB_PHASE_CLOSED:
        break;
    }
    return at;
}

static void
ping(zb_session *s, zb_time now)
{
    uint8_t frame[ZB_FRAME_HEAD];
    zb_store32(frame, ZB_FRAME_HEAD - 4);
    zb_store32(frame + 4, (uint32_t)ZB_XID_PING);
    zb_store32(frame + 8, ZB_OP_PING);
    if (s->pinged <= s->heard)
        s->unanswered = now;
    s->pinged = now; /* also when there is no memory: the next one may do, and silence is found out in any case */
    if (!zb_out_first(s, frame, sizeof frame))
        ZB_LOG(&s->log, ZOBO_LOG_WARN, "no memory for a heartbeat");
}

static uint32_t
jittered(zb_session *s, uint32_t ms)
{
    return ms + (uint32_t)zb_rng_below(&s->rng, ms + 1U);
}

void
zb_timers_probe_begin(zb_session *s, zb_time now)
{
    s->probe = -1;
    s->probe_wait_ms = PROBE_FIRST_MS;
    s->probe_next = 0;
    s->probe_at = now + ZB_MS(jittered(s, PROBE_FIRST_MS));
}

/* The next server is asked; one that never answers is given up when the next one's turn comes. */
static void
probe(zb_session *s, zb_time now)
{
    if (s->hosts.n > 1 && s->probe_next == (size_t)s->host)
        s->probe_next = (s->probe_next + 1) % s->hosts.n;
    s->probe = (long)s->probe_next;
    s->probe_next = (s->probe_next + 1) % s->hosts.n;
    s->probe_due = s->urgent = true;
    s->probe_at = now + ZB_MS(zb_conn_timeout_ms(s)) + ZB_MS(jittered(s, s->probe_wait_ms));
}

void
zb_session_probed(zb_session *s, size_t host, bool writes, zb_time now)
{
    if (s->probe_stale >= 0 && (size_t)s->probe_stale == host) {
        s->probe_stale = -1;
        return;
    }
    if (s->phase != ZB_PHASE_READONLY || s->probe < 0 || (size_t)s->probe != host || s->probe_due)
        return;
    s->probe = -1;
    if (writes) {
        ZB_LOG(&s->log, ZOBO_LOG_INFO, "found a server that writes: leaving the read-only one");
        s->prefer = (long)host;
        s->proved = true; /* it did not hang up: we do */
        zb_conn_lost(s, ZOBO_EREADONLYSERVER, 0, now);
    } else {
        s->probe_wait_ms = s->probe_wait_ms > PROBE_MAX_MS / 2 ? PROBE_MAX_MS : 2 * s->probe_wait_ms;
        zb_time wait = ZB_MS(jittered(s, s->probe_wait_ms / 2));
        s->probe_at = now + wait;
    }
    ZB_SESSION_CHECK(s);
}

static void
tick_connected(zb_session *s, zb_time now)
{
    if (now >= silent_at(s)) {
        zb_conn_lost(s, ZOBO_ESILENT, 0, now);
        return;
    }
    if (now >= ping_at(s))
        ping(s, now);
    if (s->phase == ZB_PHASE_READONLY && now >= s->probe_at)
        probe(s, now);
}

static bool
is_connecting(const zb_session *s)
{
    return s->phase == ZB_PHASE_RESOLVING || s->phase == ZB_PHASE_CONNECTING || s->phase == ZB_PHASE_HANDSHAKE ||
           s->phase == ZB_PHASE_WAITING;
}

static void
tick_connecting(zb_session *s, zb_time now)
{
    if (now >= lost_at(s))
        zb_conn_expired(s, false, now);
    if (!is_connecting(s) || now < s->phase_deadline)
        return;
    if (s->phase == ZB_PHASE_WAITING)
        zb_conn_round(s, now);
    else
        zb_conn_lost(s, ZOBO_ECONNECTTIMEOUT, 0, now);
}

void
zb_session_tick(zb_session *s, zb_time now)
{
    for (zb_heap_node *first; (first = zb_heap_first(&s->deadlines)) && first->at <= now;)
        zb_req_timed_out(s, ZB_CONTAINER_OF(first, zb_req, deadline));
    if (zb_conn_up(s))
        tick_connected(s, now);
    if (is_connecting(s))
        tick_connecting(s, now);
    if (s->phase == ZB_PHASE_CLOSING) {
        if (now >= s->phase_deadline)
            zb_session_end(s, ZOBO_OK, ZOBO_ESTOPPED);
        else
            zb_session_check_closing(s);
    }
    ZB_SESSION_CHECK(s);
}
