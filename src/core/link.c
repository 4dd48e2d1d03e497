/* SPDX-License-Identifier: Apache-2.0 */
/* The connection: servers in turn, the handshake, loss and return.
 *
 * One try at a time: a server of the round is resolved, its addresses are connected to one after the other, the
 * handshake is made on each; whatever goes wrong, the next one's turn comes, and after the last server a pause. What
 * the owner has been told to do (`asked`) is called off by one DISCONNECT; answers to what was never asked, or was
 * called off, are stale and not heard.
 *
 * A server that accepts and then hangs up at once must not be visited in a tight loop: connections that ended before
 * anything was heard on them (`flaps`) lengthen the pause as failed rounds do. */
#include "core/session_internal.h"

enum { MAX_ADDRS = 256, HANDSHAKE_MS_MIN = 1000 };

/* A lone server gets half the session's timeout, so that there is time for another try: one that is just starting may
 * take a connection and never read from it, nor close it. */
uint32_t
zb_conn_timeout_ms(const zb_session *s)
{
    if (s->connect_timeout_ms)
        return s->connect_timeout_ms;
    uint32_t session = s->granted_ms && s->granted_ms < s->timeout_ms ? s->granted_ms : s->timeout_ms;
    uint32_t share = (uint32_t)(session / (s->hosts.n > 1 ? s->hosts.n : 2));
    return share < HANDSHAKE_MS_MIN ? HANDSHAKE_MS_MIN : share;
}

static void
log_host(zb_session *s, zobo_log_level level, const char *what, zobo_err why)
{
    if (!s->log.fn || level > s->log.level || s->host < 0)
        return;
    char host[ZB_HOST_TEXT];
    (void)zb_hosts_describe(&s->hosts.items[s->host], host, sizeof host);
    ZB_LOG(&s->log, level, "%s %s%s%s", what, host, why ? ": " : "", why ? zobo_err_text(why) : "");
}

static void
note(zb_session *s, zobo_err why, int sys)
{
    if (s->host < 0)
        return;
    s->hosts.items[s->host].last_err = why;
    s->hosts.items[s->host].last_errno = sys;
}

/* --- one try after the other --- */

static void
try_host(zb_session *s, long host, zb_time now)
{
    s->host = host;
    s->n_addrs = s->addr = 0;
    zb_session_move(s, ZB_PHASE_RESOLVING);
    s->resolve_due = s->urgent = true;
    s->phase_deadline = now + ZB_MS(zb_conn_timeout_ms(s));
    log_host(s, ZOBO_LOG_DEBUG, "trying", ZOBO_OK);
}

static void
try_address(zb_session *s, zb_time now)
{
    zb_session_move(s, ZB_PHASE_CONNECTING);
    s->connect_due = s->urgent = true;
    s->phase_deadline = now + ZB_MS(zb_conn_timeout_ms(s));
}

static void
back_off(zb_session *s, unsigned n, zb_time now)
{
    zb_time wait = ZB_MS(zb_retry_wait_ms(&s->retry, n, &s->rng));
    if (s->retry.deadline_ms && now + wait > s->rounds_began + ZB_MS(s->retry.deadline_ms)) {
        zb_session_end(s, ZOBO_ENOCONNECTION, ZOBO_ENOCONNECTION);
        return;
    }
    s->host = -1;
    s->phase_deadline = now + wait;
    zb_session_move(s, ZB_PHASE_WAITING);
    ZB_LOG(&s->log, ZOBO_LOG_DEBUG, "next round over the servers in %u ms", (unsigned)(wait / ZB_MS(1)));
}

static void
round_failed(zb_session *s, zb_time now)
{
    unsigned max = s->been_up || s->start_rounds == 0 ? (unsigned)s->retry.max_tries : s->start_rounds;
    s->rounds++;
    ZB_LOG(&s->log, ZOBO_LOG_WARN, "no connection: none of %u servers in %u rounds", (unsigned)s->hosts.n, s->rounds);
    if (max > 0 && s->rounds >= max)
        zb_session_end(s, ZOBO_ENOCONNECTION, ZOBO_ENOCONNECTION);
    else
        back_off(s, s->rounds, now);
}

static void
next_host(zb_session *s, zb_time now)
{
    long host;
    do
        host = zb_hosts_next(&s->hosts);
    while (host >= 0 && host == s->first);
    if (host < 0)
        round_failed(s, now);
    else
        try_host(s, host, now);
}

/* No try is under way. Indexes into the list that goes are void: the server to prefer, and the one being asked
 * whether it writes, whose answer may still come. */
static void
replace_hosts(zb_session *s)
{
    if (!s->has_next_hosts)
        return;
    zb_hosts_free(&s->hosts);
    s->hosts = s->next_hosts;
    memset(&s->next_hosts, 0, sizeof s->next_hosts);
    s->has_next_hosts = false;
    s->host = s->prefer = s->first = -1;
    s->probe_stale = s->probe;
    s->probe = -1;
}

void
zb_conn_round(zb_session *s, zb_time now)
{
    replace_hosts(s);
    if (s->rounds == 0 && s->flaps == 0)
        s->rounds_began = now;
    zb_hosts_begin(&s->hosts, &s->rng, s->ordered_hosts);
    s->first = s->prefer;
    s->prefer = -1;
    if (s->first >= 0)
        try_host(s, s->first, now);
    else
        next_host(s, now);
}

void
zb_session_set_hosts(zb_session *s, zb_hosts *hosts)
{
    if (s->has_next_hosts)
        zb_hosts_free(&s->next_hosts);
    s->next_hosts = *hosts;
    s->has_next_hosts = true;
    memset(hosts, 0, sizeof *hosts);
    if (s->phase == ZB_PHASE_IDLE || s->phase == ZB_PHASE_CLOSED || s->phase == ZB_PHASE_WAITING)
        replace_hosts(s);
    ZB_SESSION_CHECK(s);
}

/* --- loss --- */

/* Pending requests have been ended before. */
void
zb_conn_drop(zb_session *s, zb_time now)
{
    if (s->asked)
        s->disconnect_due = s->urgent = true;
    s->asked = s->link_up = false;
    s->resolve_due = s->connect_due = s->probe_due = false;
    zb_out_reset(s);
    s->in.begin = s->in.end = 0;
    s->in.lent = false;
    s->set_watches_due = 0;
    s->announce_due = 0;
    zb_auth_link_down(s, now);
}

static void
try_failed(zb_session *s, zobo_err why, zb_time now)
{
    log_host(s, ZOBO_LOG_WARN, "cannot use", why);
    if (s->phase != ZB_PHASE_RESOLVING && s->addr + 1 < s->n_addrs) {
        s->addr++;
        try_address(s, now);
    } else {
        next_host(s, now);
    }
}

static void
suspend(zb_session *s, zobo_err why, zb_time now)
{
    log_host(s, ZOBO_LOG_WARN, "lost the connection to", why);
    zb_req_end_pending(s, ZOBO_ECONNECTIONLOSS, ZOBO_ENOTSENT);
    zb_conn_drop(s, now);
    if (s->state != ZOBO_LOST) /* one that was never told to be up is not told to be down */
        zb_events_state(s, ZOBO_SUSPENDED, why);
    s->flaps = s->proved ? 0 : s->flaps + 1;
    if (s->retry.max_tries > 0 && s->flaps > (unsigned)s->retry.max_tries)
        zb_session_end(s, ZOBO_ENOCONNECTION, ZOBO_ENOCONNECTION);
    else if (s->flaps > 1)
        back_off(s, s->flaps - 1, now);
    else
        zb_conn_round(s, now);
}

void
zb_conn_lost(zb_session *s, zobo_err why, int sys, zb_time now)
{
    note(s, why, sys);
    switch (s->phase) {
    case ZB_PHASE_RESOLVING:
    case ZB_PHASE_CONNECTING:
    case ZB_PHASE_HANDSHAKE:
        zb_conn_drop(s, now);
        try_failed(s, why, now);
        break;
    case ZB_PHASE_REPLAY:
    case ZB_PHASE_CONNECTED:
    case ZB_PHASE_READONLY:
        suspend(s, why, now);
        break;
    case ZB_PHASE_CLOSING:
        zb_session_end(s, ZOBO_OK, ZOBO_ESTOPPED);
        break;
    case ZB_PHASE_IDLE:
    case ZB_PHASE_WAITING:
    case ZB_PHASE_CLOSED:
        break;
    }
}

/* The session is over: a server said so in the handshake, or so much time has passed that it must be. An id that was
 * given to us is another matter: nothing is opened in its place. */
void
zb_conn_expired(zb_session *s, bool by_server, zb_time now)
{
    if (s->resuming) {
        zb_session_end(s, ZOBO_ESESSIONEXPIRED, ZOBO_ESESSIONEXPIRED);
        return;
    }
    ZB_LOG(&s->log, ZOBO_LOG_WARN, "session 0x%llx has expired%s", (unsigned long long)s->id.session_id,
           by_server ? "" : ": no server was heard for too long");
    s->stats.expirations++;
    zb_session_forget_id(s);
    s->last_zxid = 0;
    zb_events_state(s, ZOBO_LOST, ZOBO_ESESSIONEXPIRED);
    zb_req_end_waiting(s, ZOBO_ESESSIONEXPIRED);
    zb_watches_expire(&s->watches, &s->last_events);
    s->urgent = true;
    if (s->stay_lost) {
        zb_session_end(s, ZOBO_ESESSIONEXPIRED, ZOBO_ESESSIONEXPIRED);
    } else if (s->phase == ZB_PHASE_HANDSHAKE) { /* the old id is on its way on this link */
        s->prefer = by_server ? s->host : -1;
        zb_conn_drop(s, now);
        zb_conn_round(s, now);
    }
}

/* --- answers from outside --- */

void
zb_session_resolved(zb_session *s, size_t host, const zb_addr *addrs, size_t n, zobo_err why, int sys, zb_time now)
{
    if (s->phase != ZB_PHASE_RESOLVING || !s->asked || host != (size_t)s->host)
        return;
    s->asked = false;
    if (n > MAX_ADDRS)
        n = MAX_ADDRS;
    zb_addr *copy = n ? zb_malloc(n * sizeof *copy) : NULL;
    if (copy) {
        memcpy(copy, addrs, n * sizeof *copy);
        zb_free(s->addrs);
        s->addrs = copy;
        s->n_addrs = n;
        for (size_t i = n; i > 1 && !s->ordered_hosts; i--) { /* one name may stand for a whole ensemble */
            size_t j = (size_t)zb_rng_below(&s->rng, i);
            zb_addr swap = s->addrs[i - 1];
            s->addrs[i - 1] = s->addrs[j];
            s->addrs[j] = swap;
        }
        try_address(s, now);
    } else {
        zb_conn_lost(s, n ? ZOBO_ENOMEM : why ? why : ZOBO_ERESOLVE, sys, now);
    }
    ZB_SESSION_CHECK(s);
}

/* The id sent: none for a session that only a read-only server knows. */
static int64_t
id_to_send(const zb_session *s)
{
    return s->has_session && !s->made_readonly ? s->id.session_id : 0;
}

static void
link_up(zb_session *s, zb_time now)
{
    static const uint8_t no_password[sizeof s->id.password];
    struct zb_connect_request r = {0};
    r.last_zxid_seen = s->last_zxid;
    r.timeout = s->timeout_ms > INT32_MAX ? INT32_MAX : (int32_t)s->timeout_ms;
    r.session_id = id_to_send(s);
    r.password.p = r.session_id ? s->id.password : no_password;
    r.password.n = (int32_t)sizeof s->id.password;
    r.read_only = s->read_only;
    uint8_t frame[64];
    zb_writer w = zb_writer_of(frame + 4, sizeof frame - 4);
    zb_put_connect_request(&w, &r);
    zb_store32(frame, (uint32_t)w.n);
    s->link_up = true;
    zb_session_move(s, ZB_PHASE_HANDSHAKE);
    if (!zb_out_append(s, frame, 4 + w.n))
        zb_conn_lost(s, ZOBO_ENOMEM, 0, now);
}

void
zb_session_link(zb_session *s, zb_link_state state, zobo_err why, int sys, zb_time now)
{
    if (!s->asked || s->phase == ZB_PHASE_RESOLVING)
        return;
    if (state == ZB_LINK_UP) {
        if (s->phase == ZB_PHASE_CONNECTING)
            link_up(s, now);
    } else {
        s->asked = false; /* there is nothing to disconnect */
        if (s->phase == ZB_PHASE_HANDSHAKE && why == ZOBO_ESERVERCLOSED)
            why = ZOBO_EHANDSHAKECLOSED;
        zb_conn_lost(s, why, sys, now);
    }
    ZB_SESSION_CHECK(s);
}

void
zb_conn_announce(zb_session *s)
{
    if (s->announce_due > 0 || !zb_conn_usable(s))
        return;
    s->resuming = false;
    zb_events_state(s, s->phase == ZB_PHASE_READONLY ? ZOBO_CONNECTED_RO : ZOBO_CONNECTED, ZOBO_OK);
}

static void
connected(zb_session *s, zb_time now)
{
    bool continued = s->continued, read_only = s->by_reader;
    s->stats.connects++;
    s->stats.reconnects += continued;
    zb_session_move(s, read_only ? ZB_PHASE_READONLY : ZB_PHASE_CONNECTED);
    if (read_only)
        zb_timers_probe_begin(s, now);
    log_host(s, ZOBO_LOG_INFO, read_only ? "connected, read-only, to" : "connected to", ZOBO_OK);
    ZB_LOG(&s->log, ZOBO_LOG_INFO, "session 0x%llx %s, timeout %u ms", (unsigned long long)s->id.session_id,
           continued ? "continues" : "begins", (unsigned)s->granted_ms);
    zb_conn_announce(s);
}

void
zb_conn_replay(zb_session *s, zb_time now)
{
    bool over;
    if (!zb_replay_watches(s, &over) || (over && !zb_req_send_waiting(s)))
        zb_conn_lost(s, ZOBO_ENOMEM, 0, now);
    else if (over)
        connected(s, now);
}

void
zb_conn_handshake_reply(zb_session *s, const uint8_t *p, size_t n, zb_time now)
{
    struct zb_connect_response r;
    bool read_only;
    zb_reader body = zb_reader_of(p, n);
    zb_get_connect_reply(&body, &r, &read_only);
    int64_t asked = id_to_send(s);
    zobo_err why = ZOBO_OK;
    if (body.bad || s->out.bytes > 0) /* an answer before the question has gone out is none */
        why = ZOBO_EPROTOCOL;
    else if (r.timeout <= 0 || r.session_id == 0 || (asked && r.session_id != asked))
        why = asked ? ZOBO_ESESSIONEXPIRED : ZOBO_EPROTOCOL;
    else if (r.password.n != (int32_t)sizeof s->id.password)
        why = ZOBO_EPROTOCOL;
    else if (read_only && !s->read_only)
        why = ZOBO_EREADONLYSERVER;
    if (why == ZOBO_ESESSIONEXPIRED) {
        note(s, why, 0);
        zb_conn_expired(s, true, now);
        return;
    }
    if (why) {
        zb_conn_lost(s, why, 0, now);
        return;
    }
    s->has_session = true;
    s->made_readonly = read_only && (s->made_readonly || !asked);
    s->id.session_id = r.session_id;
    memcpy(s->id.password, r.password.p, sizeof s->id.password);
    s->granted_ms = (uint32_t)r.timeout;
    s->granted = ZB_MS(s->granted_ms);
    s->heard = s->written = now;
    s->pinged = 0;
    s->xid = 0;
    s->proved = false;
    s->continued = asked != 0;
    s->by_reader = read_only;
    if (!zb_replay_auths(s)) {
        zb_conn_lost(s, ZOBO_ENOMEM, 0, now);
        return;
    }
    s->rounds = 0;
    s->been_up = true;
    s->announce_due = zb_auth_awaiting(s);
    note(s, ZOBO_OK, 0);
    zb_session_move(s, ZB_PHASE_REPLAY);
    zb_conn_replay(s, now);
}
