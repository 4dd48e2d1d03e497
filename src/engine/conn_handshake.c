/* SPDX-License-Identifier: Apache-2.0 */
/* The first frame of a connection: a new session, or one that comes back. */
#include "engine/engine_internal.h"

#include <string.h>

enum { PASSWORD = 16, ZXID_LOG_MS = 60000 };

typedef struct request {
    int64_t zxid, session;
    int32_t timeout_ms;
    zb_buf password;
    bool read_only_asked; /* the byte is there */
} request;

static bool
parse(const uint8_t *p, size_t n, request *out)
{
    zb_reader r = zb_reader_of(p, n);
    (void)zb_get_i32(&r); /* the protocol's version: the answer is 0 whatever it is */
    out->zxid = zb_get_i64(&r);
    out->timeout_ms = zb_get_i32(&r);
    out->session = zb_get_i64(&r);
    out->password = zb_get_buf(&r);
    out->read_only_asked = zb_reader_left(&r) > 0;
    return !r.bad;
}

/* Does the client know what this server never had? Its data directory is a new one, then, or an old copy. */
static bool
is_ahead(zs_conn *c, int64_t zxid)
{
    zs_engine *e = c->engine;
    if (zxid <= e->zxid || e->options.accept_future_zxid)
        return false;
    if (!e->told_ahead || e->now - e->told_ahead >= ZB_MS(ZXID_LOG_MS)) {
        e->told_ahead = e->now;
        ZB_LOG(
            &e->options.rules.log, ZOBO_LOG_WARN,
            "a client at %s has seen zxid 0x%llx, but the data here ends at 0x%llx: it is refused, and will try again "
            "for ever. Restart the client, or let the server take such clients (zobo serve --accept-future-zxid, or "
            "accept_future_zxid of the "
            "options)",
            zs_ids_at(c->ids, 0).id, (unsigned long long)zxid, (unsigned long long)e->zxid);
    }
    return true;
}

static int32_t
granted(const zs_engine *e, int32_t asked)
{
    int32_t min = (int32_t)e->options.min_session_timeout_ms, max = (int32_t)e->options.max_session_timeout_ms;
    return asked < min ? min : asked > max ? max : asked;
}

/* In the same time whatever is wrong. */
static bool
same_password(zb_buf given, const uint8_t *password)
{
    const uint8_t *p = given.p;
    unsigned different = 0;
    if (given.n != PASSWORD)
        return false;
    for (int i = 0; i < PASSWORD; i++)
        different |= (unsigned)(p[i] ^ password[i]);
    return different == 0;
}

void
zs_conn_welcome(zs_conn *c, zs_session *session, bool read_only_asked)
{
    enum { LENGTH = 36 };
    static const zs_session_record nobody;
    const zs_session_record *record = session ? &session->record : &nobody;
    size_t n = LENGTH + (size_t)read_only_asked;
    uint8_t *p = zs_bytes_room(zs_conn_out(c), 4 + n);
    if (!p) {
        zs_conn_drop(c);
        return;
    }
    zb_writer w = zb_writer_of(p, 4 + n);
    zb_put_i32(&w, (int32_t)n);
    zb_put_i32(&w, 0);
    zb_put_i32(&w, record->timeout_ms);
    zb_put_i64(&w, record->id);
    zb_put_buf(&w, (zb_buf){record->password, PASSWORD});
    if (read_only_asked)
        zb_put_bool(&w, false);
    c->sent++;
    c->engine->stats.sent++;
    zs_conn_mark(c);
    if (!session) {
        zs_conn_end(c);
        return;
    }
    c->phase = ZS_OPEN;
    c->session = session;
    session->conn = c;
    zb_list_remove(&c->in_waiting);
}

/* The session that is asked for, taken from the connection that had it; NULL: there is none. */
static zs_session *
claim(zs_conn *c, const request *asked)
{
    zs_engine *e = c->engine;
    zs_session *session = zs_session_find(&e->sessions, asked->session);
    if (!session || session->closing || !same_password(asked->password, session->record.password))
        return NULL;
    if (session->conn) {
        session->conn->session = NULL;
        zs_conn_drop(session->conn);
        session->conn = NULL;
    }
    session->record.timeout_ms = granted(e, asked->timeout_ms);
    zb_list_remove(&session->in_slot);
    zs_session_touch(&e->sessions, session);
    return session;
}

/* What was sent over the connection before may still be in the queue: who comes back must see it, or he would do it
 * once more. And who is told that his session is over is told so when it is. */
static void
come_back(zs_conn *c, const request *asked, const uint8_t *p, size_t n)
{
    zs_session *session = claim(c, asked);
    if (c->engine->queued_jobs == 0)
        zs_conn_welcome(c, session, asked->read_only_asked);
    else if (zs_engine_job(c->engine, ZS_JOB_RETURN, c, p, n))
        c->phase = ZS_SHAKING;
    else
        zs_conn_drop(c);
}

void
zs_conn_return(zs_conn *c, const void *p, size_t n)
{
    request asked;
    (void)parse(p, n, &asked);
    const zs_session *session = zs_session_find(&c->engine->sessions, asked.session);
    if (session && session->closing) /* its end was queued meanwhile: behind that, then */
        come_back(c, &asked, p, n);
    else
        zs_conn_welcome(c, claim(c, &asked), asked.read_only_asked);
}

static bool
invent(zs_engine *e, zs_session_record *record)
{
    do {
        if (!e->options.random(&record->id, sizeof record->id))
            return false;
        record->id &= INT64_MAX;
    } while (record->id == 0 || zs_session_find(&e->sessions, record->id));
    return e->options.random(record->password, sizeof record->password);
}

static void
begin_session(zs_conn *c, const request *asked)
{
    zs_engine *e = c->engine;
    zs_session_record record = {.timeout_ms = granted(e, asked->timeout_ms)};
    if (e->health != ZS_HEALTHY || !invent(e, &record)) {
        zs_conn_drop(c);
        return;
    }
    zs_job *job = zs_engine_job(e, ZS_JOB_OPEN, c, &record, sizeof record);
    if (!job) {
        zs_conn_drop(c);
        return;
    }
    job->record = job->body;
    job->read_only_asked = asked->read_only_asked;
    c->phase = ZS_SHAKING;
}

void
zs_conn_shake(zs_conn *c, const uint8_t *p, size_t n)
{
    request asked;
    c->received++;
    c->engine->stats.received++;
    if (!parse(p, n, &asked) || is_ahead(c, asked.zxid))
        zs_conn_drop(c);
    else if (asked.session)
        come_back(c, &asked, p, n);
    else
        begin_session(c, &asked);
}
