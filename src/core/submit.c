/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: from zb_session_submit to their end.
 *
 * Connected, a request is encoded straight into the output and gets a slot of the pending ring, which is in xid order,
 * as the answers are. A slot is addressed by the request's sequence number, so that forgetting one is setting a pointer
 * to NULL. Not connected, it is encoded into memory of its own and waits in a list; when a connection is up all that
 * waits goes to output and ring in one step that either fails with nothing changed or cannot fail.
 *
 * Every submitted request is ended once: by its reply (receive.c), here, or by being forgotten. */
#include "core/session_internal.h"

int32_t
zb_req_next_xid(zb_session *s)
{
    s->xid = s->xid == INT32_MAX ? 1 : s->xid + 1;
    return s->xid;
}

bool
zb_pending_reserve(zb_pending *p, size_t n)
{
    size_t used = (size_t)(p->tail - p->head);
    if (ZB_LIKELY(n <= p->cap - used))
        return true;
    size_t cap = p->cap ? p->cap : 64;
    while (cap - used < n) {
        if (cap > SIZE_MAX / 2 / sizeof(zb_slot))
            return false;
        cap *= 2;
    }
    zb_slot *slots = zb_malloc(cap * sizeof *slots);
    if (!slots)
        return false;
    for (uint64_t i = p->head; i != p->tail; i++)
        slots[i & (cap - 1)] = p->slots[i & (p->cap - 1)];
    zb_free(p->slots);
    p->slots = slots;
    p->cap = cap;
    return true;
}

/* Room has been reserved. */
void
zb_pending_push(zb_session *s, zb_req *req, int32_t xid)
{
    zb_slot *slot = &s->pending.slots[s->pending.tail & (s->pending.cap - 1)];
    slot->req = req;
    slot->xid = xid;
    if (req) {
        req->seq = s->pending.tail;
        req->state = ZB_REQ_SENT;
    }
    s->pending.tail++;
}

/* The request's own deadline, as a point in time. */
zb_time
zb_req_deadline(const zb_req *req)
{
    return req->timeout ? req->submitted + req->timeout : ZB_NEVER;
}

static zobo_err
submit_now(zb_session *s, zb_req *req, const void *record)
{
    if (!zb_pending_reserve(&s->pending, 1))
        return ZOBO_ENOMEM;
    if (req->timeout && !zb_timers_set(s, req, zb_req_deadline(req)))
        return ZOBO_ENOMEM;
    int32_t xid = s->xid == INT32_MAX ? 1 : s->xid + 1;
    zobo_err err = zb_out_encode(s, req->op, record, xid, s->max_request_bytes);
    if (ZB_UNLIKELY(err != ZOBO_OK)) {
        zb_heap_remove(&s->deadlines, &req->deadline);
        return err;
    }
    s->xid = xid;
    zb_pending_push(s, req, xid);
    return ZOBO_OK;
}

static zobo_err
submit_later(zb_session *s, zb_req *req, const void *record)
{
    zb_writer w = zb_writer_counting();
    req->op->put(&w, record);
    if (w.bad || w.n > s->max_request_bytes || s->max_request_bytes - w.n < ZB_FRAME_HEAD - 4)
        return ZOBO_ETOOBIG;
    size_t n = w.n;
    uint8_t *frame = zb_malloc(ZB_FRAME_HEAD + n);
    if (!frame)
        return ZOBO_ENOMEM;
    w = zb_writer_of(frame + ZB_FRAME_HEAD, n);
    req->op->put(&w, record);
    zb_time at = req->submitted + ZB_MS(s->queue_timeout_ms);
    if (w.bad || w.n != n || !zb_timers_set(s, req, at < zb_req_deadline(req) ? at : zb_req_deadline(req))) {
        zb_free(frame);
        return w.bad || w.n != n ? ZOBO_EINVAL : ZOBO_ENOMEM;
    }
    zb_store32(frame, (uint32_t)(ZB_FRAME_HEAD - 4 + n));
    zb_store32(frame + 4, 0);
    zb_store32(frame + 8, (uint32_t)req->op->code);
    req->frame = frame;
    req->frame_len = (uint32_t)(ZB_FRAME_HEAD + n);
    req->state = ZB_REQ_WAITING;
    zb_list_push_back(&s->waiting, &req->link);
    s->n_waiting++;
    s->waiting_bytes += req->frame_len;
    return ZOBO_OK;
}

/* What submit is refused with, if it is. */
static zobo_err
refusal(const zb_session *s)
{
    if (s->phase == ZB_PHASE_CLOSING)
        return ZOBO_ESTOPPED;
    if (s->phase != ZB_PHASE_IDLE && s->phase != ZB_PHASE_CLOSED)
        return ZOBO_OK;
    if (s->ended_by == ZOBO_EAUTHFAILED || s->ended_by == ZOBO_ESESSIONEXPIRED)
        return s->ended_by;
    return ZOBO_ENOTSTARTED;
}

static void
begin(zb_req *req, zb_time now)
{
    zb_list_init(&req->link);
    req->deadline.index = 0;
    req->frame = NULL;
    req->frame_len = 0;
    req->auth = NULL;
    req->submitted = now;
    req->err = ZOBO_OK;
    req->zxid = 0;
    req->has_stat = false;
    req->count = 0;
    req->reply = NULL;
}

zobo_err
zb_session_submit(zb_session *s, zb_req *req, const void *record, zb_time now)
{
    zobo_err err = refusal(s);
    if (ZB_UNLIKELY(err != ZOBO_OK))
        return err;
    begin(req, now);
    if (ZB_UNLIKELY(req->is_auth))
        err = zb_auth_submit(s, req, record, now);
    else if (ZB_LIKELY(zb_conn_usable(s)))
        err = submit_now(s, req, record);
    else
        err = submit_later(s, req, record);
    if (err == ZOBO_OK)
        s->n_open++;
    ZB_SESSION_CHECK(s);
    return err;
}

zobo_err
zb_session_pause(zb_session *s, zb_req *req, zb_time pause, zb_time now)
{
    zobo_err err = refusal(s);
    if (err)
        return err;
    begin(req, now);
    if (!zb_timers_set(s, req, now + pause))
        return ZOBO_ENOMEM;
    req->state = ZB_REQ_PAUSED;
    zb_list_push_back(&s->paused, &req->link);
    s->n_open++;
    ZB_SESSION_CHECK(s);
    return ZOBO_OK;
}

void
zb_req_drop_watch(zb_session *s, zb_req *req)
{
    if (req->watch) {
        zb_watch_unref(&s->watches, req->watch);
        req->watch = NULL;
    }
}

/* Its answer tells nothing, so that nobody waits for it. Without memory for it the watch stays. */
void
zb_req_take_back(zb_session *s, const char *path, size_t len)
{
    struct zb_watches_request r = {.path = {.prefix = "", .path = path, .path_len = (uint32_t)len}};
    if (ZB_LIKELY(s->watches.n_unwanted == 0) || !zb_conn_usable(s))
        return;
    r.type = zb_watches_surplus(&s->watches, r.path);
    if (!r.type || !zb_pending_reserve(&s->pending, 1))
        return;
    int32_t xid = s->xid == INT32_MAX ? 1 : s->xid + 1;
    if (zb_out_encode(s, zb_op_find(ZB_OP_REMOVE_WATCHES), &r, xid, s->max_request_bytes) == ZOBO_OK) {
        s->xid = xid;
        zb_pending_push(s, NULL, xid);
    }
}

/* The request is given up while its connection may be well. */
static void
give_watch_up(zb_session *s, zb_req *req)
{
    if (ZB_LIKELY(!req->watch))
        return;
    size_t len;
    const char *path = zb_watch_path(req->watch, &len);
    zb_watch_give_up(&s->watches, req->watch, req->state == ZB_REQ_SENT);
    zb_req_take_back(s, path, len);
}

static void
leave_waiting(zb_session *s, zb_req *req)
{
    zb_list_remove(&req->link);
    s->n_waiting--;
    s->waiting_bytes -= req->frame_len;
    zb_free(req->frame);
    req->frame = NULL;
}

void
zb_req_finished(zb_session *s, zb_req *req, zobo_err err)
{
    if (req->deadline.index)
        zb_heap_remove(&s->deadlines, &req->deadline);
    req->err = err;
    req->state = ZB_REQ_DONE;
    s->n_open--;
}

/* Takes the request out of all that holds it. */
static void
leave(zb_session *s, zb_req *req)
{
    if (req->auth)
        zb_auth_forget(req);
    else if (req->state == ZB_REQ_WAITING)
        leave_waiting(s, req);
    else if (req->state == ZB_REQ_PAUSED)
        zb_list_remove(&req->link);
    else
        s->pending.slots[req->seq & (s->pending.cap - 1)].req = NULL;
    zb_heap_remove(&s->deadlines, &req->deadline);
    zb_req_drop_watch(s, req);
    s->n_open--;
}

void
zb_req_end(zb_session *s, zb_req *req, zobo_err err)
{
    leave(s, req);
    req->err = err;
    req->state = ZB_REQ_DONE;
    zb_list_push_back(&s->done, &req->link);
    s->urgent = true;
}

/* A request that is waiting was never sent, but for an add_auth that is to be sent again. */
static bool
may_have_arrived(const zb_req *req)
{
    return req->state == ZB_REQ_SENT || (req->auth && req->auth->sent);
}

void
zb_session_forget(zb_session *s, zb_req *req, zobo_err unsent, zobo_err sent)
{
    if (req->state != ZB_REQ_WAITING && req->state != ZB_REQ_SENT && req->state != ZB_REQ_PAUSED)
        return;
    req->err = may_have_arrived(req) ? sent : unsent;
    give_watch_up(s, req);
    leave(s, req);
    req->state = ZB_REQ_NEW;
    if (s->phase == ZB_PHASE_CLOSING)
        zb_session_check_closing(s);
    ZB_SESSION_CHECK(s);
}

void
zb_req_timed_out(zb_session *s, zb_req *req)
{
    zobo_err waiting = may_have_arrived(req) ? ZOBO_ECONNECTIONLOSS : ZOBO_ENOCONNECTION;
    if (req->state == ZB_REQ_PAUSED)
        waiting = ZOBO_OK;
    give_watch_up(s, req);
    zb_req_end(s, req, req->state == ZB_REQ_SENT ? ZOBO_EOPERATIONTIMEOUT : waiting);
}

/* The link is lost: the requests at the ring's end, as many as the output has whole, never went out. */
void
zb_req_end_pending(zb_session *s, zobo_err sent, zobo_err unsent)
{
    zb_pending *p = &s->pending;
    uint64_t first_unsent = p->tail - zb_out_unsent_requests(s);
    for (; p->head != p->tail; p->head++) {
        zb_req *req = p->slots[p->head & (p->cap - 1)].req;
        if (req)
            zb_req_end(s, req, p->head < first_unsent ? sent : unsent);
    }
}

void
zb_req_end_waiting(zb_session *s, zobo_err err)
{
    while (!zb_list_empty(&s->waiting))
        zb_req_end(s, ZB_CONTAINER_OF(s->waiting.next, zb_req, link), err);
}

void
zb_req_end_paused(zb_session *s, zobo_err err)
{
    while (!zb_list_empty(&s->paused))
        zb_req_end(s, ZB_CONTAINER_OF(s->paused.next, zb_req, link), err);
}

/* Copies the waiting frames, in order, to chunks of their own. False: no memory. */
static bool
pack_waiting(zb_session *s, zb_chunk **first, zb_chunk **last)
{
    *first = *last = NULL;
    for (zb_link *l = s->waiting.next; l != &s->waiting; l = l->next) {
        const zb_req *req = ZB_CONTAINER_OF(l, zb_req, link);
        if (!*last || (*last)->cap - (*last)->end < req->frame_len) {
            zb_chunk *chunk = zb_chunk_new(req->frame_len > ZB_CHUNK_BYTES ? req->frame_len : ZB_CHUNK_BYTES);
            if (!chunk) {
                zb_chunks_free(*first);
                return false;
            }
            if (*last)
                (*last)->next = chunk;
            else
                *first = chunk;
            *last = chunk;
        }
        memcpy((*last)->data + (*last)->end, req->frame, req->frame_len);
        zb_store32((*last)->data + (*last)->end + 4, (uint32_t)zb_req_next_xid(s));
        (*last)->end += req->frame_len;
    }
    return true;
}

bool
zb_req_send_waiting(zb_session *s)
{
    if (s->n_waiting == 0)
        return true;
    zb_chunk *first, *last;
    int32_t xid = s->xid;
    bool ok = zb_pending_reserve(&s->pending, s->n_waiting) && pack_waiting(s, &first, &last);
    s->xid = xid;
    if (!ok)
        return false;
    zb_out_adopt(s, first, last, s->waiting_bytes);
    for (zb_link *l; (l = zb_list_pop_front(&s->waiting));) {
        zb_req *req = ZB_CONTAINER_OF(l, zb_req, link);
        zb_free(req->frame);
        req->frame = NULL;
        zb_heap_remove(&s->deadlines, &req->deadline);
        if (req->timeout)
            (void)zb_timers_set(s, req, zb_req_deadline(req)); /* into the place just left: cannot fail */
        zb_pending_push(s, req, zb_req_next_xid(s));
    }
    s->n_waiting = s->waiting_bytes = 0;
    return true;
}

size_t
zb_session_in_flight(const zb_session *s)
{
    return s->n_open;
}
