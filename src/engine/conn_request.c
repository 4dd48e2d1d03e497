/* SPDX-License-Identifier: Apache-2.0 */
/* A request: carried out at once when it changes nothing and nothing of its connection is under way, else queued. */
#include "engine/engine_internal.h"

#include <string.h>

/* A request as it came. */
typedef struct request {
    int32_t xid, op;
    const uint8_t *p; /* the body */
    size_t n;
    bool lose;
} request;

/* --- answers that are known at once --- */

enum { LAST_ZXID = -2 };

/* In its turn: `zxid` LAST_ZXID stands for the last one, whatever it will be. */
static void
answer(zs_conn *c, const request *r, int64_t zxid, zobo_err err, const void *body, size_t n, bool last)
{
    zs_engine *e = c->engine;
    if (c->jobs == 0) {
        if (!r->lose)
            zs_conn_reply(c, r->xid, zxid == LAST_ZXID ? e->zxid : zxid, err, body, n, e->now);
        if (last)
            zs_conn_end(c);
        return;
    }
    zs_job *job = zs_engine_job(e, ZS_JOB_REPLY, c, body, n);
    if (!job) {
        zs_conn_drop(c);
        return;
    }
    job->xid = r->xid;
    job->err = err;
    job->bare = zxid != LAST_ZXID;
    job->zxid = zxid;
    job->lose = r->lose;
    job->last = last;
    c->mute |= last;
}

static void
refuse(zs_conn *c, const request *r)
{
    answer(c, r, -1, ZOBO_EUNIMPLEMENTED, NULL, 0, true);
}

/* Has one xid, whatever was asked. */
static void
ping(zs_conn *c, const request *r)
{
    request known = *r;
    known.xid = ZB_XID_PING;
    answer(c, &known, LAST_ZXID, ZOBO_OK, NULL, 0, false);
}

/* What is proved holds for all that comes behind it, so it is looked at now and only answered in its turn. */
static void
auth(zs_conn *c, const request *r)
{
    zb_reader in = zb_reader_of(r->p, r->n);
    struct zb_auth_request asked;
    zb_get_auth_request(&in, &asked);
    zobo_err err =
        in.bad ? ZOBO_EMARSHALLING : zs_auth(&c->ids, asked.scheme, asked.auth, c->engine->options.super_digest);
    if (err == ZOBO_ENOMEM) {
        zs_conn_drop(c);
        return;
    }
    c->engine->stats.auth_failed += err == ZOBO_EAUTHFAILED;
    answer(c, r, 0, err, NULL, 0, err != ZOBO_OK);
}

/* A server without SASL has a null token for every one. */
static void
sasl(zs_conn *c, const request *r)
{
    uint8_t token[4];
    zb_reader in = zb_reader_of(r->p, r->n);
    (void)zb_get_buf(&in);
    if (in.bad) {
        zs_conn_end(c);
        return;
    }
    zb_store32(token, UINT32_MAX);
    answer(c, r, 0, ZOBO_OK, token, sizeof token, false);
}

/* Nobody is told a digest, nor what super's id is. */
static zb_buf
user_of(zs_id id)
{
    zb_buf user = zb_buf_of(id.id);
    const char *colon = strcmp(id.scheme, "digest") == 0 ? strchr(id.id, ':') : NULL;
    if (colon)
        user.n = (int32_t)(colon - id.id);
    if (strcmp(id.scheme, "super") == 0)
        user.n = 0;
    return user;
}

static void
who_am_i(zs_conn *c, const request *r)
{
    zs_bytes *body = &c->engine->scratch;
    size_t n = zs_ids_count(c->ids);
    body->n = 0;
    zs_add_i32(body, (int32_t)n);
    for (size_t i = 0; i < n; i++) {
        zs_id id = zs_ids_at(c->ids, i);
        zs_add_buf(body, zb_buf_of(id.scheme));
        zs_add_buf(body, user_of(id));
    }
    if (body->failed) {
        body->failed = false;
        zs_conn_drop(c);
        return;
    }
    answer(c, r, LAST_ZXID, ZOBO_OK, body->p, body->n, false);
}

/* --- what is carried out --- */

static zs_job *
queue(zs_conn *c, const request *r, zs_job_kind kind)
{
    zs_job *job = zs_engine_job(c->engine, kind, c, r->p, r->n);
    if (!job) {
        zs_conn_drop(c);
        return NULL;
    }
    job->xid = r->xid;
    job->op = r->op;
    job->lose = r->lose;
    return job;
}

static void
read_now(zs_conn *c, const request *r)
{
    zs_engine *e = c->engine;
    zs_bytes *out = zs_conn_out(c);
    size_t head = out->n;
    zs_arm arm = {0};
    zs_request asked = {.session = c->session ? c->session->record.id : 0,
                        .ids = c->ids,
                        .op = r->op,
                        .body = r->p,
                        .n = r->n,
                        .time_ms = e->wall_ms};
    (void)zs_bytes_room(out, ZS_HEAD); /* a failure sticks, and is seen below */
    zobo_err err = zs_exec_read(e->snapshot, &e->options.rules, &asked, out, &arm);
    if (out->failed || (arm.kind && !zs_watch_add(e->watches, &c->watcher, arm.path, arm.len, arm.kind))) {
        zs_conn_drop(c);
        return;
    }
    if (err)
        out->n = head + ZS_HEAD;
    if (r->lose)
        out->n = head;
    else
        zs_conn_head(c, head, r->xid, e->zxid, err, e->now);
}

static void
read_later(zs_conn *c, const request *r)
{
    zs_job *job = queue(c, r, ZS_JOB_READ);
    if (!job)
        return;
    job->expected = c->read_bytes;
    job->charge += job->expected;
    c->expected += job->expected;
    c->engine->queued_bytes += job->expected;
}

static void
read_request(zs_conn *c, const request *r)
{
    c->engine->stats.reads++;
    if (ZB_LIKELY(c->jobs == 0))
        read_now(c, r);
    else
        read_later(c, r);
}

static void
write_request(zs_conn *c, const request *r)
{
    bool closes = r->op == ZB_OP_CLOSE_SESSION;
    c->engine->stats.writes++;
    if (c->engine->health != ZS_HEALTHY) {
        answer(c, r, LAST_ZXID, ZOBO_ENOTREADONLY, NULL, 0, closes);
        return;
    }
    zs_job *job = queue(c, r, ZS_JOB_WRITE);
    if (!job || !closes)
        return;
    job->last = true;
    c->mute = true;
    if (c->session)
        c->session->closing = true;
}

static void
watch_request(zs_conn *c, const request *r)
{
    if (c->jobs > 0) {
        /* setWatches asks what the tree is like, which at its turn is the tree after the whole batch: nothing that its
         * sender writes behind it may be in there. */
        if (queue(c, r, ZS_JOB_WATCH))
            c->holds = r->op == ZB_OP_SET_WATCHES || r->op == ZB_OP_SET_WATCHES2;
        return;
    }
    uint8_t body[ZS_WATCH_BODY];
    size_t n = 0;
    zobo_err err = zs_watch_request(c, r->op, r->p, r->n, body, &n);
    answer(c, r, LAST_ZXID, err, body, n, false);
}

/* --- which is which --- */

/* What a program asks, as against what its client library sends of itself: only that is subject to faults. */
static bool
is_programs(int32_t op)
{
    return op != ZB_OP_PING && op != ZB_OP_AUTH && op != ZB_OP_SASL && op != ZB_OP_SET_WATCHES &&
           op != ZB_OP_SET_WATCHES2 && op != ZB_OP_CLOSE_SESSION;
}

/* True: the request was answered with an error that a tester asked for. */
static bool
fault(zs_conn *c, request *r)
{
    zs_faults *faults = &c->engine->faults;
    if (!is_programs(r->op))
        return false;
    bool fail = faults->fail_next > 0;
    if (fail) {
        faults->fail_next--;
    } else if (faults->lose_next > 0) {
        faults->lose_next--;
        r->lose = true;
    }
    if (fail)
        answer(c, r, LAST_ZXID, faults->fail_with, NULL, 0, false);
    return fail;
}

bool
zs_op_writes(int32_t op)
{
    const zb_op *row = zb_op_find(op);
    return row && row->writes && op != ZB_OP_CREATE_SESSION && op != ZB_OP_DELETE_CONTAINER; /* servers' own */
}

static void
dispatch(zs_conn *c, const request *r)
{
    switch (r->op) {
    case ZB_OP_GET_DATA:
    case ZB_OP_EXISTS:
    case ZB_OP_GET_CHILDREN:
    case ZB_OP_GET_CHILDREN2:
    case ZB_OP_GET_ACL:
    case ZB_OP_SYNC:
    case ZB_OP_GET_EPHEMERALS:
    case ZB_OP_GET_ALL_CHILDREN_NUMBER:
    case ZB_OP_MULTI_READ:
        read_request(c, r);
        return;
    case ZB_OP_SET_WATCHES:
    case ZB_OP_SET_WATCHES2:
    case ZB_OP_ADD_WATCH:
    case ZB_OP_REMOVE_WATCHES:
    case ZB_OP_CHECK_WATCHES:
        watch_request(c, r);
        return;
    case ZB_OP_PING:
        ping(c, r);
        return;
    case ZB_OP_AUTH:
        auth(c, r);
        return;
    case ZB_OP_SASL:
        sasl(c, r);
        return;
    case ZB_OP_WHO_AM_I:
        who_am_i(c, r);
        return;
    default:
        if (zs_op_writes(r->op))
            write_request(c, r);
        else /* also what only servers among themselves say: -10, 0, 13 alone, 20 */
            refuse(c, r);
    }
}

void
zs_conn_request(zs_conn *c, const uint8_t *p, size_t n)
{
    enum { HEADER = 8 };
    zs_engine *e = c->engine;
    if (n < HEADER) {
        zs_conn_end(c);
        return;
    }
    request r = {.xid = (int32_t)zb_load32(p), .op = (int32_t)zb_load32(p + 4), .p = p + HEADER, .n = n - HEADER};
    e->stats.received++;
    c->received++;
    c->last_op = r.op;
    c->last_xid = r.xid;
    if (c->session && r.op != ZB_OP_AUTH && r.op != ZB_OP_SASL)
        zs_session_touch(&e->sessions, c->session);
    if (ZB_UNLIKELY(e->faults.fail_next > 0 || e->faults.lose_next > 0) && fault(c, &r))
        return;
    dispatch(c, &r);
}
