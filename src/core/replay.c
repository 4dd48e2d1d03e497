/* SPDX-License-Identifier: Apache-2.0 */
/* What a new connection needs before any request: the credentials, then the watches.
 *
 * Credentials are kept as the frames they are sent as, in the order given. Their answers overtake those of requests,
 * so they are matched with this list instead of the pending ring. An add_auth that had no answer when its connection
 * broke is sent again on the next one: it can be repeated without harm.
 *
 * Watches are set again in packets of a size that every server accepts, each made when the one before has gone out: a
 * million of them must not hold the client's lock for a second. The session is in the phase REPLAY meanwhile, and
 * requests wait. Until the last packet's answer has come, answers must not raise last_zxid: it says which changes the
 * watches not yet set again may have missed. */
#include "core/session_internal.h"

/* --- credentials --- */

static struct zb_auth_item *
item_of(zb_link *link)
{
    return ZB_CONTAINER_OF(link, struct zb_auth_item, link);
}

static zobo_err
make_item(zb_session *s, const struct zb_auth_request *record, struct zb_auth_item **out)
{
    zb_writer w = zb_writer_counting();
    zb_put_auth_request(&w, record);
    size_t n = w.n;
    if (w.bad || n > s->max_request_bytes || s->max_request_bytes - n < ZB_FRAME_HEAD - 4)
        return ZOBO_ETOOBIG;
    struct zb_auth_item *item = zb_calloc(1, sizeof *item + ZB_FRAME_HEAD + n);
    if (!item)
        return ZOBO_ENOMEM;
    item->frame_len = (uint32_t)(ZB_FRAME_HEAD + n);
    zb_store32(item->frame, item->frame_len - 4);
    zb_store32(item->frame + 4, (uint32_t)ZB_XID_AUTH);
    zb_store32(item->frame + 8, ZB_OP_AUTH);
    w = zb_writer_of(item->frame + ZB_FRAME_HEAD, n);
    zb_put_auth_request(&w, record);
    zb_list_init(&item->link);
    *out = item;
    return ZOBO_OK;
}

static void
free_item(struct zb_auth_item *item)
{
    zb_list_remove(&item->link);
    zb_free(item);
}

zobo_err
zb_auth_keep(zb_session *s, const zobo_auth *auth)
{
    struct zb_auth_request r = {0};
    if (auth->credential_len > INT32_MAX)
        return ZOBO_ETOOBIG;
    r.scheme = zb_buf_of(auth->scheme);
    r.auth.p = auth->credential;
    r.auth.n = (int32_t)auth->credential_len;
    struct zb_auth_item *item;
    zobo_err err = make_item(s, &r, &item);
    if (err)
        return err;
    item->kept = true;
    zb_list_push_back(&s->auths, &item->link);
    return ZOBO_OK;
}

static zb_time
wait_until(const zb_session *s, const zb_req *req, zb_time now)
{
    zb_time at = now + ZB_MS(s->queue_timeout_ms);
    return at < zb_req_deadline(req) ? at : zb_req_deadline(req);
}

zobo_err
zb_auth_submit(zb_session *s, zb_req *req, const void *record, zb_time now)
{
    bool send = zb_conn_up(s);
    struct zb_auth_item *item;
    zobo_err err = make_item(s, record, &item);
    if (err)
        return err;
    if (!zb_timers_set(s, req, send ? zb_req_deadline(req) : wait_until(s, req, now)) ||
        (send && !zb_out_append(s, item->frame, item->frame_len))) {
        zb_heap_remove(&s->deadlines, &req->deadline);
        free_item(item);
        return ZOBO_ENOMEM;
    }
    item->req = req;
    item->awaiting = item->sent = send;
    req->auth = item;
    req->state = send ? ZB_REQ_SENT : ZB_REQ_WAITING;
    zb_list_push_back(&s->auths, &item->link);
    return ZOBO_OK;
}

/* The request leaves its credential, which stays if it is kept, or until its answer comes. */
void
zb_auth_forget(zb_req *req)
{
    struct zb_auth_item *item = req->auth;
    req->auth = NULL;
    item->req = NULL;
    if (!item->kept && !item->awaiting)
        free_item(item);
}

static bool
known_already(zb_session *s, const struct zb_auth_item *item)
{
    for (zb_link *l = s->auths.next; l != &s->auths; l = l->next) {
        const struct zb_auth_item *other = item_of(l);
        if (other != item && other->kept && other->frame_len == item->frame_len &&
            memcmp(other->frame, item->frame, item->frame_len) == 0)
            return true;
    }
    return false;
}

static struct zb_auth_item *
first_awaiting(zb_session *s)
{
    for (zb_link *l = s->auths.next; l != &s->auths; l = l->next)
        if (item_of(l)->awaiting)
            return item_of(l);
    return NULL;
}

unsigned
zb_auth_awaiting(const zb_session *s)
{
    unsigned n = 0;
    for (zb_link *l = s->auths.next; l != &s->auths; l = l->next)
        n += item_of(l)->awaiting;
    return n;
}

/* ZOBO_EAUTHFAILED: the server, having refused one, closes the connection. */
zobo_err
zb_auth_reply(zb_session *s, zobo_err err)
{
    struct zb_auth_item *item = first_awaiting(s);
    if (!item)
        return ZOBO_EPROTOCOL;
    item->awaiting = false;
    if (item->req) {
        if (err)
            ZB_LOG(&s->log, ZOBO_LOG_WARN, "the server refused a credential: %s", zobo_err_text(err));
        item->kept = err == ZOBO_OK && !known_already(s, item);
        zb_req_end(s, item->req, err);
    } else if (!item->kept) {
        free_item(item); /* given up meanwhile */
    } else if (err) {
        ZB_LOG(&s->log, ZOBO_LOG_ERROR, "the server refused a credential given before: %s", zobo_err_text(err));
        zb_session_end(s, ZOBO_EAUTHFAILED, ZOBO_EAUTHFAILED);
        return ZOBO_OK;
    }
    if (err)
        return ZOBO_EAUTHFAILED;
    if (s->announce_due > 0 && zb_conn_up(s) && --s->announce_due == 0)
        zb_conn_announce(s);
    return ZOBO_OK;
}

void
zb_auth_link_down(zb_session *s, zb_time now)
{
    for (zb_link *l = s->auths.next, *next; l != &s->auths; l = next) {
        next = l->next;
        struct zb_auth_item *item = item_of(l);
        bool was_sent = item->awaiting;
        item->awaiting = false;
        if (item->req && was_sent) {
            item->req->state = ZB_REQ_WAITING;
            if (!zb_timers_set(s, item->req, wait_until(s, item->req, now)))
                zb_req_end(s, item->req, ZOBO_ECONNECTIONLOSS);
        } else if (!item->req && !item->kept) {
            free_item(item);
        }
    }
}

void
zb_auth_end(zb_session *s, zobo_err err)
{
    for (zb_link *l = s->auths.next, *next; l != &s->auths; l = next) {
        next = l->next;
        struct zb_auth_item *item = item_of(l);
        zobo_err why = item->sent ? ZOBO_ECONNECTIONLOSS : err;
        item->awaiting = false;
        if (item->req)
            zb_req_end(s, item->req, why);
        else if (!item->kept)
            free_item(item);
    }
}

void
zb_auth_free(zb_session *s)
{
    while (!zb_list_empty(&s->auths))
        free_item(item_of(s->auths.next));
}

static bool
send_auths(zb_session *s)
{
    for (zb_link *l = s->auths.next; l != &s->auths; l = l->next) {
        struct zb_auth_item *item = item_of(l);
        if (!zb_out_append(s, item->frame, item->frame_len))
            return false;
        item->awaiting = item->sent = true;
        if (item->req) {
            item->req->state = ZB_REQ_SENT;
            zb_heap_remove(&s->deadlines, &item->req->deadline);
            (void)zb_timers_set(s, item->req, zb_req_deadline(item->req)); /* into the place just left */
        }
    }
    return true;
}

/* --- watches --- */

enum { N_TABLES = ZB_WATCH_RECURSIVE };

typedef struct batch {
    struct {
        const char **items;
        size_t n, cap;
    } tables[N_TABLES]; /* by zb_watch_table - 1 */
    size_t bytes;
} batch;

static bool
batch_add(batch *b, unsigned table, const char *path, size_t len)
{
    size_t cap = b->tables[table - 1].cap;
    if (b->tables[table - 1].n == cap) {
        cap = cap ? 2 * cap : 64;
        const char **items = zb_realloc(b->tables[table - 1].items, cap * sizeof *items);
        if (!items)
            return false;
        b->tables[table - 1].items = items;
        b->tables[table - 1].cap = cap;
    }
    b->tables[table - 1].items[b->tables[table - 1].n++] = path;
    b->bytes += 4 + len;
    return true;
}

static zb_strvec
batch_vec(const batch *b, unsigned table)
{
    static const char *const none[1] = {""};
    zb_strvec v = {none, (int32_t)b->tables[table - 1].n, NULL, NULL};
    if (v.n > 0)
        v.items = b->tables[table - 1].items;
    return v;
}

static bool
batch_send(zb_session *s, batch *b)
{
    if (b->bytes == 0)
        return true;
    struct zb_set_watches2_request r2 = {s->last_zxid,
                                         batch_vec(b, ZB_WATCH_DATA),
                                         batch_vec(b, ZB_WATCH_EXIST),
                                         batch_vec(b, ZB_WATCH_CHILD),
                                         batch_vec(b, ZB_WATCH_PERSISTENT),
                                         batch_vec(b, ZB_WATCH_RECURSIVE)};
    struct zb_set_watches_request r1 = {r2.relative_zxid, r2.data, r2.exist, r2.child};
    bool both = r2.persistent.n + r2.persistent_recursive.n > 0; /* servers before 3.6 know the shorter form only */
    const zb_op *op = zb_op_find(both ? ZB_OP_SET_WATCHES2 : ZB_OP_SET_WATCHES);
    if (zb_out_encode(s, op, both ? (const void *)&r2 : (const void *)&r1, ZB_XID_SET_WATCHES, SIZE_MAX) != ZOBO_OK)
        return false;
    s->set_watches_due++;
    for (unsigned t = 0; t < N_TABLES; t++)
        b->tables[t].n = 0;
    b->bytes = 0;
    return true;
}

/* About one packet: as full as it gets where the table may change afterwards. */
bool
zb_replay_watches(zb_session *s, bool *over)
{
    batch b = {0};
    size_t max = ZB_SET_WATCHES_BYTES;
    if (max > s->max_request_bytes / 2)
        max = s->max_request_bytes / 2;
    const char *path = NULL;
    size_t len, before = s->out.bytes;
    unsigned tables;
    bool ok = true;
    while (ok && (path = zb_watches_next_path(&s->watches, &s->replay, &len, &tables))) {
        for (unsigned t = ZB_WATCH_DATA; ok && t <= N_TABLES; t++) {
            if (!(tables & 1U << t))
                continue;
            if (b.bytes > 0 && b.bytes + 4 + len > max)
                ok = batch_send(s, &b);
            ok = ok && batch_add(&b, t, path, len);
        }
        if (zb_watches_rests(&s->replay) && (s->out.bytes > before || b.bytes > max - max / 8))
            break;
    }
    *over = path == NULL;
    ok = ok && batch_send(s, &b);
    for (unsigned t = 0; t < N_TABLES; t++)
        zb_free(b.tables[t].items);
    return ok;
}

bool
zb_replay_auths(zb_session *s)
{
    memset(&s->replay, 0, sizeof s->replay);
    return send_auths(s);
}
