/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes received: cut into frames, and each frame made into what it means.
 *
 * Frames are looked at one a call, straight in the buffer, when all events of the one before have been pulled. The
 * buffer grows as bytes arrive, never because a length says that they will. Whatever a peer sends, the worst that
 * happens is that the link goes down. */
#include "core/session_internal.h"

enum { CONNECT_REPLY_BYTES = 36 };

typedef enum step { STEP_WAIT, STEP_MORE, STEP_EVENT } step;

void *
zb_session_space(zb_session *s, size_t want, size_t *room)
{
    zb_in *in = &s->in;
    size_t used = in->end - in->begin;
    size_t need = want > ZB_IN_BYTES ? want : ZB_IN_BYTES;
    if (used == 0)
        in->begin = in->end = 0;
    if (used == 0 && in->cap / 4 > need) { /* after a large frame */
        zb_free(in->data);
        in->data = NULL;
        in->cap = 0;
    }
    if (in->cap - in->end < want && in->begin > 0) {
        memmove(in->data, in->data + in->begin, used);
        in->begin = 0;
        in->end = used;
    }
    if (in->cap - in->end < want) {
        size_t cap = in->cap > SIZE_MAX / 2 ? SIZE_MAX : 2 * in->cap;
        if (want > SIZE_MAX - used)
            return NULL;
        if (cap < used + want)
            cap = used + want;
        if (cap < need)
            cap = need;
        uint8_t *data = zb_realloc(in->data, cap);
        if (!data)
            return NULL;
        in->data = data;
        in->cap = cap;
    }
    in->lent = true;
    *room = in->cap - in->end;
    return in->data + in->end;
}

void
zb_session_fed(zb_session *s, size_t n, zb_time now)
{
    if (!s->link_up || !s->in.lent) /* of a link that is gone */
        return;
    s->in.lent = false;
    if (n > s->in.cap - s->in.end)
        n = s->in.cap - s->in.end;
    s->in.end += n;
    s->stats.bytes_in += n;
    if (n > 0 && s->phase != ZB_PHASE_HANDSHAKE)
        s->heard = now;
    ZB_SESSION_CHECK(s);
}

zobo_err
zb_session_feed(zb_session *s, const void *data, size_t n, zb_time now)
{
    size_t room;
    void *p = zb_session_space(s, n ? n : 1, &room);
    if (!p)
        return ZOBO_ENOMEM;
    if (n)
        memcpy(p, data, n);
    zb_session_fed(s, n, now);
    return ZOBO_OK;
}

/* What is heard between the packets of watches proves nothing yet: a server may hang up on each of them. */
static void
heard_well(zb_session *s)
{
    if (ZB_UNLIKELY(s->phase == ZB_PHASE_REPLAY))
        return;
    s->proved = true;
    s->flaps = 0;
}

/* --- replies --- */

/* Which table a watch goes to, or none, after this outcome. */
static zb_watch_table
table_after(const zb_req *req, zobo_err err)
{
    switch (req->op->code) {
    case ZB_OP_EXISTS:
        return err == ZOBO_OK ? ZB_WATCH_DATA : err == ZOBO_ENONODE ? ZB_WATCH_EXIST : ZB_WATCH_NONE;
    case ZB_OP_GET_DATA:
        return err == ZOBO_OK ? ZB_WATCH_DATA : ZB_WATCH_NONE;
    case ZB_OP_GET_CHILDREN:
    case ZB_OP_GET_CHILDREN2:
        return err == ZOBO_OK ? ZB_WATCH_CHILD : ZB_WATCH_NONE;
    default:
        return err == ZOBO_OK ? (zb_watch_table)req->watch->table : ZB_WATCH_NONE;
    }
}

static void
settle_watch(zb_session *s, zb_req *req, zobo_err err)
{
    zb_watch_table table = table_after(req, err);
    zb_watch *watch = req->watch;
    size_t len;
    const char *path = zb_watch_path(watch, &len);
    watch->refs++; /* keeps the path */
    if (table == ZB_WATCH_NONE) {
        zb_watch_give_up(&s->watches, watch, zb_err_is_ours((int32_t)err));
        zb_watch_unref(&s->watches, watch);
    } else {
        zb_watch_register(&s->watches, watch, table);
    }
    req->watch = NULL;
    zb_req_take_back(s, path, len);
    zb_watch_unref(&s->watches, watch);
}

static zobo_err
build(zb_session *s, zb_req *req, zb_reply_kind kind, zb_reader body)
{
    if (!req->want_reply && kind != ZB_REPLY_MULTI)
        return ZOBO_OK;
    zobo_reply *reply = NULL;
    zobo_err err = zb_reply_build(kind, body, req->zxid, req->no_chroot ? NULL : &s->chroot, &reply);
    if (err)
        return err;
    if ((kind == ZB_REPLY_MULTI || kind == ZB_REPLY_MULTI_READ) && reply->n_results != req->n_results) {
        zobo_reply_free(reply); /* whoever looks for the result of his third operation must find one */
        return ZOBO_EBADREPLY;
    }
    if (kind == ZB_REPLY_MULTI)
        err = reply->err;
    if (req->want_reply)
        req->reply = reply;
    else
        zobo_reply_free(reply);
    return err;
}

/* The body of a reply without error in its header. */
static zobo_err
read_body(zb_session *s, zb_req *req, zb_reader body)
{
    zb_reply_kind kind = req->op->reply;
    if (kind == ZB_REPLY_STAT) {
        zb_reader r = body;
        req->stat = zb_get_stat(&r);
        if (r.bad)
            return ZOBO_EBADREPLY;
        req->has_stat = true;
    } else if (kind == ZB_REPLY_COUNT) {
        zb_reader r = body;
        req->count = zb_get_i32(&r);
        if (r.bad)
            return ZOBO_EBADREPLY;
    } else if (kind == ZB_REPLY_ERR) { /* some servers leave it out */
        zobo_err err = zb_reader_left(&body) >= 4 ? (zobo_err)zb_get_i32(&body) : ZOBO_OK;
        if (err)
            return err;
        kind = ZB_REPLY_EMPTY;
    }
    return build(s, req, kind, body);
}

static step
reply(zb_session *s, zb_event *ev, int32_t xid, int64_t zxid, zobo_err err, zb_reader body, zb_time now)
{
    zb_pending *p = &s->pending;
    const zb_slot *slot = p->head == p->tail ? NULL : &p->slots[p->head & (p->cap - 1)]; /* no ring before the first */
    if (ZB_UNLIKELY(!slot || slot->xid != xid)) {
        ZB_LOG(&s->log, ZOBO_LOG_ERROR, "a reply out of turn");
        zb_conn_lost(s, ZOBO_EPROTOCOL, 0, now);
        return STEP_MORE;
    }
    p->head++;
    heard_well(s);
    if (zxid > s->last_zxid && s->set_watches_due == 0)
        s->last_zxid = zxid;
    zb_req *req = slot->req;
    if (ZB_LIKELY(req != NULL)) {
        s->stats.replies++;
        req->zxid = zxid;
        if (ZB_UNLIKELY(zb_err_is_ours((int32_t)err)))
            err = ZOBO_EBADREPLY;
        if (err == ZOBO_OK)
            err = read_body(s, req, body);
        if (req->watch)
            settle_watch(s, req, err);
        zb_req_finished(s, req, err);
        ev->kind = ZB_EV_DONE;
        ev->req = req;
        ev->err = err;
    }
    if (ZB_UNLIKELY(s->phase == ZB_PHASE_CLOSING))
        zb_session_check_closing(s);
    return req ? STEP_EVENT : STEP_MORE;
}

/* Frames that answer no request. */
static void
special(zb_session *s, int32_t xid, int64_t zxid, zobo_err err, zb_reader body, zb_time now)
{
    zobo_err why = ZOBO_OK;
    switch (xid) {
    case ZB_XID_EVENT:
        /* Its zxid is not taken for last_zxid: another event of the same change may still be on its way, and would
         * not be sent again after a reconnect. The next reply brings it. */
        if (zb_events_fire(s, body, zxid, &why))
            heard_well(s);
        break;
    case ZB_XID_PING: /* its zxid likewise: servers may answer pings ahead of events */
        heard_well(s);
        break;
    case ZB_XID_AUTH:
        if (err == ZOBO_OK)
            heard_well(s);
        why = zb_auth_reply(s, err);
        if (why == ZOBO_EAUTHFAILED) { /* nothing sent from now on would be answered: the next connection is for that */
            zb_conn_lost(s, ZOBO_ESERVERCLOSED, 0, now);
            return;
        }
        break;
    case ZB_XID_SET_WATCHES:
        if (s->set_watches_due == 0 || err != ZOBO_OK) { /* watches that are not set must not look as if they were */
            why = ZOBO_EPROTOCOL;
        } else {
            heard_well(s);
            if (--s->set_watches_due == 0 && s->phase != ZB_PHASE_REPLAY && zxid > s->last_zxid)
                s->last_zxid = zxid;
        }
        break;
    default:
        why = ZOBO_EPROTOCOL;
    }
    if (why) {
        ZB_LOG(&s->log, ZOBO_LOG_ERROR, "cannot accept a frame (xid %d, error %d)", (int)xid, (int)err);
        zb_conn_lost(s, why, 0, now);
    } else if (s->phase == ZB_PHASE_CLOSING) {
        zb_session_check_closing(s);
    }
}

static zobo_err
check_length(const zb_session *s, uint32_t len)
{
    if (s->phase == ZB_PHASE_HANDSHAKE)
        return len == CONNECT_REPLY_BYTES || len == CONNECT_REPLY_BYTES + 1 || len == ZB_REPLY_HEAD ? ZOBO_OK
                                                                                                    : ZOBO_EPROTOCOL;
    if (len > INT32_MAX || len < ZB_REPLY_HEAD)
        return ZOBO_EPROTOCOL;
    return len > s->max_reply_bytes ? ZOBO_EFRAMESIZE : ZOBO_OK;
}

/* A server that only reads, asked for a session that it cannot make, answers with a reply's head in the handshake's
 * place. */
static void
refused(zb_session *s, const uint8_t *head, zb_time now)
{
    int32_t err = (int32_t)zb_load32(head + 12);
    bool sound = err < 0 && !zb_err_is_ours(err);
    zb_conn_lost(s, sound ? (zobo_err)err : ZOBO_EPROTOCOL, 0, now);
}

static step
next_frame(zb_session *s, zb_event *ev, zb_time now)
{
    zb_in *in = &s->in;
    size_t have = in->end - in->begin;
    if (have < 4)
        return STEP_WAIT;
    const uint8_t *p = in->data + in->begin;
    uint32_t len = zb_load32(p);
    zobo_err why = check_length(s, len);
    if (ZB_UNLIKELY(why != ZOBO_OK)) {
        ZB_LOG(&s->log, ZOBO_LOG_ERROR, "cannot accept a frame of length %ld", (long)(int32_t)len);
        zb_conn_lost(s, why, 0, now);
        return STEP_MORE;
    }
    if (have - 4 < len)
        return STEP_WAIT;
    in->begin += 4 + (size_t)len;
    p += 4;
    if (ZB_UNLIKELY(s->phase == ZB_PHASE_HANDSHAKE)) {
        if (len == ZB_REPLY_HEAD)
            refused(s, p, now);
        else
            zb_conn_handshake_reply(s, p, len, now);
        return STEP_MORE;
    }
    int32_t xid = (int32_t)zb_load32(p);
    int64_t zxid = (int64_t)zb_load64(p + 4);
    zobo_err err = (zobo_err)(int32_t)zb_load32(p + 12);
    zb_reader body = zb_reader_of(p + ZB_REPLY_HEAD, len - ZB_REPLY_HEAD);
    if (ZB_LIKELY(xid > 0))
        return reply(s, ev, xid, zxid, err, body, now);
    special(s, xid, zxid, err, body, now);
    return STEP_MORE;
}

bool
zb_session_urgent(const zb_session *s)
{
    return s->urgent;
}

bool
zb_session_next(zb_session *s, zb_event *ev, zb_time now)
{
    memset(ev, 0, sizeof *ev);
    step got = STEP_MORE;
    if (ZB_UNLIKELY(s->phase == ZB_PHASE_REPLAY) && s->out.bytes == 0)
        zb_conn_replay(s, now);
    while (got == STEP_MORE) {
        if (ZB_UNLIKELY(s->urgent) && zb_events_pull(s, ev))
            got = STEP_EVENT;
        else
            got = next_frame(s, ev, now);
    }
    ZB_SESSION_CHECK(s);
    return got == STEP_EVENT;
}
