/* SPDX-License-Identifier: Apache-2.0 */
/* The session's life, from its making to its end, and its invariants. */
#include "core/session_internal.h"

enum {
    CHECK_ITEMS = 64,
    DEFAULT_LOST_PERCENT = 133,
    DEFAULT_REQUEST_BYTES = 1048575, /* jute.maxbuffer */
    DEFAULT_REPLY_BYTES = 128 * 1024 * 1024
};

#define TO(name) (1U << ZB_PHASE_##name)
static const struct {
    const char *name;
    unsigned next;
    bool linked;
} phases[] = {
#define X(name, next, linked) {#name, next, linked},
    ZB_PHASES(X)
#undef X
};

void
zb_session_move(zb_session *s, zb_phase phase)
{
    assert(phases[s->phase].next & 1U << phase);
    ZB_LOG(&s->log, ZOBO_LOG_DEBUG, "%s -> %s", phases[s->phase].name, phases[phase].name);
    s->phase = phase;
}

/* --- made and freed --- */

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static void
take_options(zb_session *s, const zobo_options *o)
{
    s->timeout_ms = or_default(o->timeout_ms, ZB_DEFAULT_TIMEOUT_MS);
    s->start_rounds = o->start_rounds;
    s->connect_timeout_ms = o->connect_timeout_ms;
    s->queue_timeout_ms = or_default(o->queue_timeout_ms, s->timeout_ms);
    s->lost_after_percent = or_default(o->lost_after_percent, DEFAULT_LOST_PERCENT);
    s->max_request_bytes = or_default(o->max_request_bytes, DEFAULT_REQUEST_BYTES);
    s->max_reply_bytes = or_default(o->max_reply_bytes, DEFAULT_REPLY_BYTES);
    if (s->max_request_bytes > INT32_MAX)
        s->max_request_bytes = INT32_MAX;
    s->stop_timeout_ms = o->stop_timeout_ms;
    s->read_only = o->read_only;
    s->ordered_hosts = o->ordered_hosts;
    s->stay_lost = o->stay_lost;
}

static zobo_err
take_owned(zb_session *s, const zobo_options *o, zobo_problem *why)
{
    zobo_err err = zb_retry_import(&s->retry, o->connection_retry, "connection_retry", why);
    if (err)
        return err;
    err = zb_hosts_parse(&s->hosts, o->hosts, why);
    if (err)
        return err;
    size_t len = strlen(s->hosts.chroot);
    s->chroot_path = zb_strndup(s->hosts.chroot, len);
    if (!s->chroot_path)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    s->chroot.path = s->chroot_path;
    s->chroot.len = (uint32_t)len;
    for (size_t i = 0; i < o->n_auth; i++) {
        err = zb_auth_keep(s, &o->auth[i]);
        if (err)
            return zb_problem(why, err, 0, "auth[%zu]: %s", i, zobo_err_text(err));
    }
    return ZOBO_OK;
}

zobo_err
zb_session_new(const zb_session_config *config, zb_session **out, zobo_problem *why)
{
    *out = NULL;
    zb_session *s = zb_calloc(1, sizeof *s);
    if (!s)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    s->log = config->log;
    s->rng.s = config->seed;
    s->host = s->prefer = s->first = s->probe = s->probe_stale = -1;
    zb_heap_init(&s->deadlines);
    zb_list_init(&s->waiting);
    zb_list_init(&s->paused);
    zb_list_init(&s->auths);
    zb_list_init(&s->done);
    zb_list_init(&s->last_events);
    zb_watches_init(&s->watches, zb_rng_next(&s->rng));
    take_options(s, config->options);
    zobo_err err = take_owned(s, config->options, why);
    if (err) {
        zb_session_free(s);
        return err;
    }
    *out = s;
    return ZOBO_OK;
}

static void
free_requests(zb_session *s)
{
    for (zb_link *l; (l = zb_list_pop_front(&s->waiting));) {
        zb_req *req = ZB_CONTAINER_OF(l, zb_req, link);
        zb_free(req->frame);
        req->frame = NULL;
        zb_req_drop_watch(s, req);
    }
    for (; s->pending.head != s->pending.tail; s->pending.head++) {
        zb_req *req = s->pending.slots[s->pending.head & (s->pending.cap - 1)].req;
        if (req)
            zb_req_drop_watch(s, req);
    }
    zb_free(s->pending.slots);
}

void
zb_session_free(zb_session *s)
{
    if (!s)
        return;
    free_requests(s);
    zb_auth_free(s);
    zb_events_free(s);
    zb_watches_free(&s->watches);
    zb_out_free(s);
    zb_free(s->in.data);
    zb_free(s->addrs);
    zb_heap_free(&s->deadlines);
    zb_hosts_free(&s->hosts);
    if (s->has_next_hosts)
        zb_hosts_free(&s->next_hosts);
    zb_free(s->chroot_path);
    memset(&s->id, 0, sizeof s->id);
    zb_free(s);
}

/* --- start, stop, end --- */

void
zb_session_forget_id(zb_session *s)
{
    s->has_session = s->resuming = s->made_readonly = false;
    memset(&s->id, 0, sizeof s->id);
    s->granted_ms = 0;
    s->granted = 0;
}

zobo_err
zb_session_start(zb_session *s, const zobo_client_id *id, zb_time now)
{
    if ((s->phase != ZB_PHASE_IDLE && s->phase != ZB_PHASE_CLOSED) || s->closed_due)
        return ZOBO_EALREADY;
    zb_session_forget_id(s);
    if (id && id->session_id) {
        s->id = *id;
        s->has_session = s->resuming = true;
    }
    s->last_zxid = 0;
    s->ended_by = ZOBO_OK;
    s->detach = s->closing_sent = false;
    s->rounds = s->flaps = 0;
    s->been_up = false;
    zb_conn_round(s, now);
    ZB_SESSION_CHECK(s);
    return ZOBO_OK;
}

static bool
send_close(zb_session *s)
{
    if (!zb_pending_reserve(&s->pending, 1))
        return false;
    uint8_t frame[ZB_FRAME_HEAD];
    int32_t xid = zb_req_next_xid(s);
    zb_store32(frame, ZB_FRAME_HEAD - 4);
    zb_store32(frame + 4, (uint32_t)xid);
    zb_store32(frame + 8, (uint32_t)ZB_OP_CLOSE_SESSION);
    if (!zb_out_append(s, frame, sizeof frame))
        return false;
    zb_pending_push(s, NULL, xid);
    return true;
}

void
zb_session_stop(zb_session *s, bool detach, zb_time now)
{
    if (s->phase == ZB_PHASE_IDLE || s->phase == ZB_PHASE_CLOSED || s->phase == ZB_PHASE_CLOSING)
        return;
    s->detach = detach;
    while (s->phase == ZB_PHASE_REPLAY) /* the watches that are left, for what is queued goes behind them */
        zb_conn_replay(s, now);
    if (s->phase == ZB_PHASE_CLOSED)
        return;
    if (zb_conn_usable(s)) {
        s->closing_sent = !detach && send_close(s); /* without memory for it the session is left to expire */
        s->phase_deadline = now + (s->stop_timeout_ms ? ZB_MS(s->stop_timeout_ms) : s->granted);
        zb_session_move(s, ZB_PHASE_CLOSING);
        zb_req_end_paused(s, ZOBO_ESTOPPED);
        zb_session_check_closing(s);
    } else {
        zb_session_end(s, ZOBO_OK, ZOBO_ESTOPPED);
    }
    ZB_SESSION_CHECK(s);
}

void
zb_session_check_closing(zb_session *s)
{
    if (s->phase != ZB_PHASE_CLOSING)
        return;
    bool answered = s->closing_sent ? s->pending.head == s->pending.tail : s->n_open == 0 && s->out.bytes == 0;
    if (answered)
        zb_session_end(s, ZOBO_OK, ZOBO_ESTOPPED);
}

void
zb_session_end(zb_session *s, zobo_err err, zobo_err unsent)
{
    if (err)
        ZB_LOG(&s->log, ZOBO_LOG_ERROR, "the client is stopped: %s", zobo_err_text(err));
    zb_req_end_pending(s, ZOBO_ECONNECTIONLOSS, unsent);
    zb_auth_end(s, unsent);
    zb_conn_drop(s, 0);
    zb_req_end_waiting(s, unsent);
    zb_req_end_paused(s, unsent);
    zb_events_state(s, ZOBO_LOST, err);
    zb_watches_expire(&s->watches, &s->last_events);
    zb_watches_take_persistent(&s->watches, &s->last_events);
    if (!s->detach)
        zb_session_forget_id(s);
    s->ended_by = err;
    s->host = -1;
    zb_session_move(s, ZB_PHASE_CLOSED);
    s->closed_due = s->urgent = true;
}

/* --- what it knows --- */

zb_watches *
zb_session_watches(zb_session *s)
{
    return &s->watches;
}

void
zb_session_get_info(const zb_session *s, zb_session_info *out)
{
    memset(out, 0, sizeof *out);
    out->state = s->state;
    out->stopped = s->phase == ZB_PHASE_IDLE || s->phase == ZB_PHASE_CLOSED;
    out->ended_by = s->ended_by;
    out->has_session = s->has_session && !s->resuming;
    out->id = s->id;
    out->timeout_ms = s->granted_ms;
    out->last_zxid = s->last_zxid;
    out->host = s->host;
    out->connected = zb_conn_usable(s);
}

bool
zb_session_linked(const zb_session *s)
{
    return zb_conn_up(s);
}

const zb_hosts *
zb_session_hosts(const zb_session *s)
{
    return &s->hosts;
}

const zb_session_stats *
zb_session_get_stats(const zb_session *s)
{
    return &s->stats;
}

/* --- invariants --- */

/* Counts what is in the containers, as long as that is little: the check runs after each call. */
static bool
counts_agree(const zb_session *s)
{
    uint64_t in_ring = s->pending.tail - s->pending.head;
    if (in_ring > CHECK_ITEMS || s->n_waiting > CHECK_ITEMS)
        return true;
    size_t open = 0, waiting = 0, bytes = 0;
    for (uint64_t i = s->pending.head; i != s->pending.tail; i++) {
        const zb_req *req = s->pending.slots[i & (s->pending.cap - 1)].req;
        if (req && (req->state != ZB_REQ_SENT || req->seq != i || req->auth))
            return false;
        open += req != NULL;
    }
    for (zb_link *l = s->waiting.next; l != &s->waiting; l = l->next) {
        const zb_req *req = ZB_CONTAINER_OF(l, zb_req, link);
        if (req->state != ZB_REQ_WAITING || !req->frame || req->deadline.index == 0)
            return false;
        waiting++;
        bytes += req->frame_len;
    }
    for (zb_link *l = s->paused.next; l != &s->paused; l = l->next) {
        const zb_req *req = ZB_CONTAINER_OF(l, zb_req, link);
        if (req->state != ZB_REQ_PAUSED || req->deadline.index == 0)
            return false;
        open++;
    }
    for (zb_link *l = s->auths.next; l != &s->auths; l = l->next) {
        const struct zb_auth_item *item = ZB_CONTAINER_OF(l, struct zb_auth_item, link);
        if (item->req && (item->req->auth != item || item->kept ||
                          item->req->state != (item->awaiting ? ZB_REQ_SENT : ZB_REQ_WAITING)))
            return false;
        if (!item->req && !item->kept && !item->awaiting)
            return false;
        open += item->req != NULL;
    }
    return waiting == s->n_waiting && bytes == s->waiting_bytes && open + waiting == s->n_open;
}

static bool
output_agrees(const zb_session *s)
{
    size_t bytes = 0, n = 0;
    const zb_chunk *last = NULL;
    for (const zb_chunk *c = s->out.head; c; c = c->next) {
        if (c->off > c->end || c->end > c->cap)
            return false;
        if (++n > CHECK_ITEMS)
            return true;
        bytes += c->end - c->off;
        last = c;
    }
    return bytes == s->out.bytes && last == s->out.tail && s->out.sending <= s->out.bytes;
}

bool
zb_session_validate(const zb_session *s)
{
    bool linked = phases[s->phase].linked;
    if (s->link_up != linked || (linked && !s->asked))
        return false;
    if (!linked && (s->out.bytes || s->pending.head != s->pending.tail || s->in.end != s->in.begin))
        return false;
    if ((s->phase == ZB_PHASE_HANDSHAKE || s->phase == ZB_PHASE_REPLAY) && s->pending.head != s->pending.tail)
        return false;
    if (s->n_waiting && (zb_conn_usable(s) || s->phase >= ZB_PHASE_CLOSING || s->phase == ZB_PHASE_IDLE))
        return false;
    if ((s->phase == ZB_PHASE_CLOSED || s->phase == ZB_PHASE_IDLE) &&
        (s->n_open || s->state != ZOBO_LOST || s->asked || s->watches.n))
        return false;
    if ((s->state == ZOBO_CONNECTED || s->state == ZOBO_CONNECTED_RO) !=
        (linked && s->phase != ZB_PHASE_HANDSHAKE && s->phase != ZB_PHASE_REPLAY && !s->announce_due))
        return false;
    if (s->resolve_due != (s->phase == ZB_PHASE_RESOLVING && s->resolve_due) ||
        s->connect_due != (s->phase == ZB_PHASE_CONNECTING && s->connect_due) || (s->resolve_due && s->asked) ||
        (s->connect_due && s->asked))
        return false;
    if (s->phase == ZB_PHASE_CONNECTING && s->addr >= s->n_addrs)
        return false;
    if (s->in.begin > s->in.end || s->in.end > s->in.cap || s->pending.tail - s->pending.head > s->pending.cap)
        return false;
    if (s->host >= 0 && (size_t)s->host >= s->hosts.n)
        return false;
    bool queued = s->disconnect_due || s->resolve_due || s->connect_due || s->probe_due || s->closed_due ||
                  s->n_states || s->telling || !zb_list_empty(&s->done) || !zb_list_empty(&s->last_events) ||
                  s->fired_at < s->fired.n;
    if (queued && !s->urgent)
        return false;
    return counts_agree(s) && output_agrees(s);
}
