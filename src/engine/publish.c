/* SPDX-License-Identifier: Apache-2.0 */
/* A batch that was committed becomes visible: the snapshot moves, then for each job in order its events, its watch, its
 * answer. */
#include "engine/engine_internal.h"

#include "base/mem.h"

enum { SPARE_BATCHES = 4, LARGE_BODIES = 4 << 20 };

/* --- health --- */

static void
note_health(zs_engine *e, const zs_batch *b)
{
    const zb_log *log = &e->options.rules.log;
    if (b->n_writes == 0 || e->health == ZS_FAILED)
        return;
    if (!b->err) {
        if (e->health == ZS_FULL)
            ZB_LOG(log, ZOBO_LOG_WARN, "writing is possible again");
        e->health = ZS_HEALTHY;
        e->stats.commits++;
    } else if (b->err == ZOBO_ENOTREADONLY || b->err == ZOBO_ENOMEM) {
        if (e->health == ZS_HEALTHY)
            ZB_LOG(log, ZOBO_LOG_ERROR,
                   "nothing can be written: %s. Reads go on, writes are refused until there is room",
                   b->err == ZOBO_ENOMEM ? "no memory" : "the disk or the data file is full");
        e->health = ZS_FULL;
        e->probe_at = e->now + ZB_MS(ZS_PROBE_MS);
    } else if (b->err == ZOBO_EFILE) {
        ZB_LOG(log, ZOBO_LOG_ERROR,
               "the data file has been removed from its directory: no write is taken any more. Reads go on; take a "
               "backup of what is needed by a client, and start the server again");
        e->health = ZS_FAILED;
    } else {
        ZB_LOG(
            log, ZOBO_LOG_ERROR,
            "a commit has failed (%s): what the disk holds is not known, so no write is taken any more. Reads go on; "
            "see to the disk and start the server again",
            zobo_err_text(b->err));
        e->health = ZS_FAILED;
    }
}

static void
move_snapshot(zs_engine *e, zs_batch *b)
{
    if (b->snapshot) {
        zs_txn_end(e->snapshot);
        e->snapshot = b->snapshot;
        b->snapshot = NULL;
    } else if (b->n_writes > 0 && !b->err && zs_read_renew(e->snapshot)) {
        ZB_LOG(&e->options.rules.log, ZOBO_LOG_ERROR, "the data cannot be read as of the last commit");
        e->health = ZS_FAILED;
    }
    e->zxid = zs_txn_meta(e->snapshot)->last_zxid;
}

/* --- one job --- */

static void
end_session(zs_engine *e, const zs_job *job)
{
    zs_session *session = zs_session_find(&e->sessions, job->session);
    if (!session)
        return;
    zs_conn *c = session->conn;
    if (job->out.err == ZOBO_ENOTREADONLY) { /* its end could not be written: later */
        session->closing = false;
        zs_session_touch(&e->sessions, session);
        if (c && c->mute)
            zs_conn_end(c);
        return;
    }
    if (c) {
        c->session = NULL;
        zs_watch_drop(e->watches, &c->watcher);
        zs_conn_end(c);
    }
    zs_session_drop(&e->sessions, session);
}

static void
open_session(zs_engine *e, const zs_job *job, zs_conn *c)
{
    zs_session *session = job->out.err ? NULL : zs_session_add(&e->sessions, job->record);
    if (!session)
        zs_conn_drop(c);
    else if (!c->closed && !c->drop)
        zs_conn_welcome(c, session, job->read_only_asked);
}

/* learn lets the next reads behind a write be expected to bring as much, or gradually less. */
static void
learn(zs_conn *c, const zs_job *job)
{
    size_t n = job->out.reply_len;
    c->expected -= job->expected;
    c->read_bytes = n > c->read_bytes ? n : c->read_bytes - (c->read_bytes - n) / 8;
}

static void
drop_greedy(zs_conn *c)
{
    ZB_LOG(&c->engine->options.rules.log, ZOBO_LOG_WARN,
           "a client at %s asked for more than %d MiB behind its own writes without a pause: its connection is closed",
           zs_ids_at(c->ids, 0).id, ZS_MAX_ANSWERS >> 20);
    zs_conn_drop(c);
}

static void
answer(zs_engine *e, const zs_batch *b, const zs_job *job)
{
    zs_conn *c = job->conn;
    uint8_t small[ZS_WATCH_BODY];
    zobo_err err = job->out.err;
    int64_t zxid = job->out.zxid;
    const void *body = job->out.reply;
    size_t n = job->out.reply_len;
    const zs_arm *arm = &job->out.arm;
    if (job->kind == ZS_JOB_READ) {
        body = n ? b->bodies.p + job->at : NULL;
    } else if (job->kind == ZS_JOB_REPLY) {
        err = job->err;
        zxid = job->bare ? job->zxid : zxid;
        body = job->body;
        n = job->n;
    } else if (job->kind == ZS_JOB_WATCH) {
        n = 0;
        body = small;
        c->holds &= job->op != ZB_OP_SET_WATCHES && job->op != ZB_OP_SET_WATCHES2;
        err = zs_watch_request(c, job->op, job->body, job->n, small, &n);
    }
    if (job->too_much)
        drop_greedy(c);
    else if (job->no_memory || (arm->kind && !zs_watch_add(e->watches, &c->watcher, arm->path, arm->len, arm->kind)))
        zs_conn_drop(c);
    else if (!job->lose)
        zs_conn_reply(c, job->xid, zxid, err, body, n, job->received);
}

static void
publish_job(zs_engine *e, const zs_batch *b, zs_job *job)
{
    zs_conn *c = job->conn;
    for (const zs_effect *effect = job->out.effects; effect; effect = effect->next)
        zs_tell_effect(e, effect, job->out.zxid);
    if (c)
        c->jobs--;
    if (c && job->kind == ZS_JOB_READ)
        learn(c, job);
    if (c && job->kind == ZS_JOB_OPEN)
        open_session(e, job, c);
    else if (c && !c->closed && !c->drop && job->kind == ZS_JOB_RETURN)
        zs_conn_return(c, job->body, job->n);
    else if (c && !c->closed && !c->drop)
        answer(e, b, job);
    if (job->op == ZB_OP_CLOSE_SESSION && zs_job_writes(job))
        end_session(e, job);
    if (c && job->last) { /* and it hears nothing more */
        if (!c->closed)
            zs_watch_drop(e->watches, &c->watcher);
        zs_conn_end(c);
    }
    if (c)
        zs_conn_mark(c);
    e->queued_jobs--;
    e->queued_bytes -= job->charge;
    zs_ids_unref(job->ids);
    job->ids = NULL;
    if (c && c->closed && c->jobs == 0)
        zs_conn_free(c);
}

/* --- the whole --- */

static void
recycle(zs_engine *e, zs_batch *b)
{
    b->first = NULL;
    if (e->n_spare >= SPARE_BATCHES) {
        zs_batch_free(b);
        return;
    }
    zs_arena_reset(&b->arena);
    if (b->bodies.cap > LARGE_BODIES)
        zs_bytes_free(&b->bodies);
    b->bodies.n = 0;
    b->next = e->spare;
    e->spare = b;
    e->n_spare++;
}

/* Half empty: everybody may go on. */
static void
open_queue(zs_engine *e)
{
    if (!e->full || e->queued_jobs > e->options.max_queued_jobs / 2 ||
        e->queued_bytes > e->options.max_queued_bytes / 2)
        return;
    e->full = false;
    for (zs_conn *c = NULL; (c = zs_conn_next(e, c)) != NULL;)
        zs_conn_mark(c);
}

void
zs_engine_publish(zs_engine *e, zs_batch *b)
{
    note_health(e, b);
    move_snapshot(e, b);
    for (zs_job *job = b->first; job; job = job->next)
        publish_job(e, b, job);
    recycle(e, b);
    open_queue(e);
}
