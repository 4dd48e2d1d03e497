/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a whole: opening, time, the queue of writes, counts. */
#include "engine/engine_internal.h"

#include <string.h>

#include "base/mem.h"

/* --- opening and closing --- */

static uint32_t
or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

static void
fill_in(zs_engine_options *o)
{
    o->rules.max_request = or_default(o->rules.max_request, 0xfffff);
    o->tick_ms = or_default(o->tick_ms, 2000);
    o->min_session_timeout_ms = or_default(o->min_session_timeout_ms, 2 * o->tick_ms);
    o->max_session_timeout_ms = or_default(o->max_session_timeout_ms, 20 * o->tick_ms);
    if (o->max_session_timeout_ms > INT32_MAX)
        o->max_session_timeout_ms = INT32_MAX;
    if (o->min_session_timeout_ms > o->max_session_timeout_ms)
        o->min_session_timeout_ms = o->max_session_timeout_ms;
    o->sessionless_ms = or_default(o->sessionless_ms, 10000);
    o->max_output = o->max_output ? o->max_output : (size_t)1 << 20;
    o->max_events = o->max_events ? o->max_events : (size_t)64 << 20;
    o->max_queued_bytes = o->max_queued_bytes ? o->max_queued_bytes : (size_t)64 << 20;
    o->max_queued_jobs = o->max_queued_jobs ? o->max_queued_jobs : 100000;
    o->container_check_ms = or_default(o->container_check_ms, 60000);
    o->container_never_used_ms = or_default(o->container_never_used_ms, 300000);
    o->containers_per_minute = or_default(o->containers_per_minute, 10000);
}

static zobo_err
load_sessions(zs_engine *e)
{
    zs_session_record record = {0};
    zobo_err err;
    while ((err = zs_session_after(e->snapshot, record.id, &record)) == ZOBO_OK) {
        if (!zs_session_add(&e->sessions, &record))
            return ZOBO_ENOMEM;
    }
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}

static zobo_err
start(zs_engine *e, const zs_engine_options *options)
{
    uint64_t seed = 0;
    if (!e->options.random || !e->options.random(&seed, sizeof seed))
        return ZOBO_ESYS;
    if (options->super_digest) {
        e->super_digest = zb_strndup(options->super_digest, strlen(options->super_digest));
        if (!e->super_digest)
            return ZOBO_ENOMEM;
        e->options.super_digest = e->super_digest;
    }
    e->watches = zs_watches_new(seed);
    if (!zs_sessions_init(&e->sessions, seed, e->now) || !e->watches)
        return ZOBO_ENOMEM;
    zobo_err err = zs_writer_new(&e->writer, &e->options.rules, e->store);
    if (!err)
        err = zs_read_begin(e->store, &e->snapshot);
    if (!err)
        err = load_sessions(e);
    if (!err)
        e->zxid = zs_txn_meta(e->snapshot)->last_zxid;
    return err;
}

zobo_err
zs_engine_open(zs_engine **out, const zs_engine_options *options, zs_store *store, zb_time now, int64_t wall_ms,
               zobo_problem *why)
{
    *out = NULL;
    zs_engine *e = zb_calloc(1, sizeof *e);
    if (!e) {
        zs_store_close(store);
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    }
    e->store = store;
    e->options = *options;
    fill_in(&e->options);
    e->now = now;
    e->wall_ms = wall_ms;
    e->reap_at = now + ZB_MS(e->options.container_check_ms);
    zb_list_init(&e->all);
    zb_list_init(&e->ready);
    zb_list_init(&e->waiting);
    zobo_err err = start(e, options);
    if (err) {
        zs_engine_close(e);
        return zb_problem(why, err, 0, "the data cannot be read: %s", zobo_err_text(err));
    }
    *out = e;
    return ZOBO_OK;
}

void
zs_engine_close(zs_engine *e)
{
    if (!e)
        return;
    if (e->gathering) {
        for (zs_job *job = e->gathering->first; job; job = job->next) {
            if (job->conn && --job->conn->jobs == 0 && job->conn->closed)
                zs_conn_free(job->conn);
        }
        zs_batch_free(e->gathering);
    }
    while (!zb_list_empty(&e->all))
        zs_conn_close(ZB_CONTAINER_OF(e->all.next, zs_conn, in_all));
    while (e->spare) {
        zs_batch *b = e->spare;
        e->spare = b->next;
        zs_batch_free(b);
    }
    for (size_t i = 0; i < ZS_ACL_SLOTS; i++)
        zb_free(e->acls[i].p);
    for (size_t i = 0; i < e->n_buffers; i++)
        zs_bytes_free(&e->buffers[i]);
    zs_bytes_free(&e->scratch);
    if (e->sessions.slots)
        zs_sessions_free(&e->sessions);
    zs_watches_free(e->watches);
    zs_txn_end(e->snapshot);
    zs_writer_free(e->writer);
    zs_store_close(e->store);
    zb_free(e->super_digest);
    zb_free(e);
}

/* --- time --- */

static void
expire_sessions(zs_engine *e)
{
    for (zs_session *session; (session = zs_sessions_expired(&e->sessions)) != NULL;) {
        /* Its end could not be written; or it waits for us, who may not have read its signs of life. */
        if (e->health != ZS_HEALTHY || (session->conn && (session->conn->jobs > 0 || session->conn->no_room))) {
            zs_session_touch(&e->sessions, session);
            continue;
        }
        if (session->closing)
            continue;
        ZB_LOG(&e->options.rules.log, ZOBO_LOG_INFO, "session 0x%llx has expired, after %d ms of silence",
               (unsigned long long)session->record.id, session->record.timeout_ms);
        e->stats.sessions_expired++;
        zs_engine_end_session(e, session);
    }
}

static void
drop_waiting(zs_engine *e)
{
    while (!zb_list_empty(&e->waiting)) {
        zs_conn *c = ZB_CONTAINER_OF(e->waiting.next, zs_conn, in_waiting);
        if (c->waits_until > e->now)
            return;
        if (c->jobs > 0)
            zs_conn_wait(c);
        else
            zs_conn_drop(c);
    }
}

void
zs_engine_tick(zs_engine *e, zb_time now, int64_t wall_ms)
{
    if (now > e->now)
        e->now = now;
    e->wall_ms = wall_ms;
    zs_sessions_tick(&e->sessions, e->now);
    expire_sessions(e);
    drop_waiting(e);
    if (e->now >= e->reap_at)
        e->reap_at = zs_reap_tick(e);
}

zb_time
zs_engine_deadline(const zs_engine *e)
{
    zb_time at = zs_sessions_deadline(&e->sessions);
    if (e->reap_at < at)
        at = e->reap_at;
    if (e->health == ZS_FULL && e->probe_at < at)
        at = e->probe_at;
    if (!zb_list_empty(&e->waiting)) {
        const zs_conn *c = ZB_CONTAINER_OF(e->waiting.next, zs_conn, in_waiting);
        if (c->waits_until < at)
            at = c->waits_until;
    }
    return at;
}

/* --- the queue --- */

static zs_batch *
gathering(zs_engine *e)
{
    if (e->gathering)
        return e->gathering;
    zs_batch *b = e->spare;
    if (b) {
        e->spare = b->next;
        e->n_spare--;
    } else {
        b = zb_calloc(1, sizeof *b);
        if (!b)
            return NULL;
        b->engine = e;
    }
    b->first = NULL;
    b->last = &b->first;
    b->n_jobs = b->n_writes = 0;
    b->number = ++e->batches;
    e->gathering = b;
    return b;
}

zs_job *
zs_engine_job(zs_engine *e, zs_job_kind kind, zs_conn *conn, const void *body, size_t n)
{
    zs_batch *b = gathering(e);
    zs_job *job = b ? zs_arena_take(&b->arena, sizeof *job + n) : NULL;
    if (!job)
        return NULL;
    *job = (zs_job){.kind = kind,
                    .conn = conn,
                    .n = (uint32_t)n,
                    .body = job + 1,
                    .received = e->now,
                    .time_ms = e->wall_ms,
                    .charge = sizeof *job + n};
    if (n)
        memcpy(job + 1, body, n);
    if (conn) {
        conn->jobs++;
        job->ids = zs_ids_ref(conn->ids);
        job->session = conn->session ? conn->session->record.id : 0;
    }
    *b->last = job;
    b->last = &job->next;
    b->n_jobs++;
    b->n_writes += zs_job_writes(job);
    e->queued_jobs++;
    e->queued_bytes += job->charge;
    if (e->queued_jobs >= e->options.max_queued_jobs || e->queued_bytes >= e->options.max_queued_bytes)
        e->full = true;
    return job;
}

void
zs_engine_end_session(zs_engine *e, zs_session *session)
{
    zs_job *job = zs_engine_job(e, ZS_JOB_EXPIRE, NULL, NULL, 0);
    if (!job) {
        zs_session_touch(&e->sessions, session); /* no memory: it lives a little longer */
        return;
    }
    job->op = ZB_OP_CLOSE_SESSION;
    job->session = session->record.id;
    session->closing = true;
    if (session->conn)
        session->conn->mute = true;
}

zs_batch *
zs_engine_take(zs_engine *e)
{
    if (e->health == ZS_FULL && e->now >= e->probe_at) {
        e->probe_at = e->now + ZB_MS(ZS_PROBE_MS);
        (void)zs_engine_job(e, ZS_JOB_PROBE, NULL, NULL, 0); /* without memory there is no room either */
    }
    zs_batch *b = e->gathering;
    e->gathering = NULL;
    return b;
}

/* --- sessions from outside, faults --- */

bool
zs_engine_expire(zs_engine *e, int64_t id)
{
    zs_session *session = zs_session_find(&e->sessions, id);
    if (!session)
        return false;
    if (!session->closing) {
        e->stats.sessions_expired++;
        zs_engine_end_session(e, session);
    }
    return true;
}

zs_faults *
zs_engine_faults(zs_engine *e)
{
    return &e->faults;
}

/* --- looking --- */

zs_health
zs_engine_health(const zs_engine *e)
{
    return e->health;
}

void
zs_engine_stats(const zs_engine *e, zs_stats *out)
{
    *out = e->stats;
    out->sessions = e->sessions.n;
    out->outstanding = e->queued_jobs;
}

void
zs_engine_reset_stats(zs_engine *e)
{
    size_t connections = e->stats.connections;
    e->stats = (zs_stats){.connections = connections};
}

void
zs_engine_meta(const zs_engine *e, zs_meta *out)
{
    *out = *zs_txn_meta(e->snapshot);
}

zs_txn *
zs_engine_snapshot(zs_engine *e)
{
    return e->snapshot;
}

const zs_engine_options *
zs_engine_settings(const zs_engine *e)
{
    return &e->options;
}

zs_watches *
zs_engine_watches(zs_engine *e)
{
    return e->watches;
}

zs_sessions *
zs_engine_sessions(zs_engine *e)
{
    return &e->sessions;
}

uint64_t
zs_engine_file_bytes(const zs_engine *e)
{
    return zs_store_file_bytes(e->store);
}
