/* SPDX-License-Identifier: Apache-2.0 */
/* What the commit thread does: the jobs of a batch, in order, in one transaction. Of the engine it touches the store,
 * the rules, the writer and `broken`, nothing else. */
#include "base/mem.h"
#include "engine/engine_internal.h"

void
zs_batch_free(zs_batch *b)
{
    if (!b)
        return;
    for (zs_job *job = b->first; job; job = job->next)
        zs_ids_unref(job->ids);
    zs_txn_end(b->snapshot);
    zs_arena_free(&b->arena);
    zs_bytes_free(&b->bodies);
    zb_free(b);
}

static zs_request
request_of(const zs_job *job)
{
    return (zs_request){.session = job->session,
                        .ids = job->ids,
                        .op = job->op,
                        .body = job->body,
                        .n = job->n,
                        .time_ms = job->time_ms};
}

static void
read_job(zs_batch *b, zs_txn *txn, zs_job *job)
{
    zs_request request = request_of(job);
    zs_conn *c = job->conn;
    if (c->in_batch != b->number) {
        c->in_batch = b->number;
        c->batch_bytes = 0;
    }
    job->too_much = c->batch_bytes > ZS_MAX_ANSWERS;
    if (job->too_much)
        return;
    job->at = b->bodies.n;
    job->out.err = zs_exec_read(txn, &b->engine->options.rules, &request, &b->bodies, &job->out.arm);
    job->out.reply_len = b->bodies.n - job->at;
    c->batch_bytes += job->out.reply_len;
    job->no_memory = b->bodies.failed;
    b->bodies.failed = false;
}

/* Is there room for a write? Leaves nothing behind. */
static zobo_err
probe(zs_txn *txn)
{
    zs_session_record nobody = {.id = -1};
    zobo_err err = zs_session_put(txn, &nobody);
    return err ? err : zs_session_delete(txn, nobody.id);
}

/* Anything but OK is the store's: the transaction must be given up. */
static zobo_err
write_job(zs_batch *b, zs_txn *txn, zs_job *job)
{
    zs_engine *e = b->engine;
    zs_request request = request_of(job);
    zb_buf path = {job->body, (int32_t)job->n};
    switch (job->kind) {
    case ZS_JOB_OPEN:
        return zs_exec_create_session(txn, job->record, &job->out);
    case ZS_JOB_REAP:
        return zs_exec_reap(e->writer, txn, path, job->serial, job->time_ms, e->options.container_never_used_ms,
                            &b->arena, &job->out);
    case ZS_JOB_PROBE:
        return probe(txn);
    default:
        return zs_exec_write(e->writer, txn, &request, &b->arena, &job->out);
    }
}

/* The batch was given up, or holds no writes: reads are answered from the last commit, writes refused. */
static void
refuse_writes(zs_batch *b)
{
    zs_txn *txn = NULL;
    zobo_err err = zs_read_begin(b->engine->store, &txn);
    for (zs_job *job = b->first; job; job = job->next) {
        job->out = (zs_outcome){.err = zs_job_writes(job) ? ZOBO_ENOTREADONLY : ZOBO_OK};
        if (job->kind == ZS_JOB_READ && !err)
            read_job(b, txn, job);
        else if (job->kind == ZS_JOB_READ)
            job->out.err = ZOBO_ESYSTEM;
        if (!err)
            job->out.zxid = zs_txn_meta(txn)->last_zxid;
    }
    b->snapshot = txn;
}

static zobo_err
carry_out(zs_batch *b)
{
    zs_txn *txn;
    zobo_err err = zs_write_begin(b->engine->store, &txn);
    if (err)
        return err;
    for (zs_job *job = b->first; job; job = job->next) {
        job->out = (zs_outcome){0};
        if (zs_job_writes(job))
            err = write_job(b, txn, job);
        else if (job->kind == ZS_JOB_READ)
            read_job(b, txn, job);
        if (err) {
            zs_txn_end(txn);
            return err;
        }
        if (!zs_job_writes(job) || !job->out.zxid)
            job->out.zxid = zs_txn_meta(txn)->last_zxid;
    }
    return zs_write_commit(txn);
}

/* What may pass: no room on the disk, no memory. */
static bool
may_pass(zobo_err err)
{
    return err == ZOBO_ENOTREADONLY || err == ZOBO_ENOMEM;
}

void
zs_batch_commit(zs_batch *b)
{
    zs_engine *e = b->engine;
    b->err = ZOBO_OK;
    if (b->n_writes == 0) {
        refuse_writes(b);
        return;
    }
    b->err = e->broken ? e->broken : carry_out(b);
    if (!b->err) {
        if (zs_read_begin(e->store, &b->snapshot))
            b->snapshot = NULL; /* publishing renews the old one instead */
        return;
    }
    if (!e->broken) {
        zobo_err err = zs_writer_reload(e->writer);
        if (!may_pass(b->err))
            e->broken = b->err;
        else if (err && !may_pass(err))
            e->broken = err;
    }
    b->bodies.n = 0;
    refuse_writes(b);
    if (e->broken)
        b->err = e->broken;
}
