/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: taken, committed and published by events of the simulation, or cut off by a crash. */
#include "sim/engine/engine.h"

#include <stdlib.h>
#include <string.h>

frame *
engine_frame(const uint8_t *bytes, size_t n)
{
    frame *f = malloc(sizeof *f + n);
    if (!f)
        abort();
    f->next = NULL;
    f->n = n;
    memcpy(f->bytes, bytes, n);
    return f;
}

void
engine_queued(served *x, frame *f)
{
    f->next = NULL;
    *x->last = f;
    x->last = &f->next;
}

static frame *
next_frame(served *x)
{
    frame *f = x->first;
    if (!f)
        return NULL;
    x->first = f->next;
    if (!x->first)
        x->last = &x->first;
    return f;
}

void
engine_forget_frames(served *x)
{
    for (frame *f; (f = next_frame(x)) != NULL;)
        free(f);
}

/* --- what a batch has done, for the model ------------------------------------------------------------------------- */

static void
session_ends(serving *v, const zs_job *job)
{
    msession *x = model_session(&v->s->m, job->session);
    if (!x)
        sim_fail(v->s, "session %llx ends a second time", (unsigned long long)job->session);
    else
        model_end(&v->s->m, x);
}

/* Somebody comes back to a session whose end is on its way: his turn comes once more, behind it. */
static bool
waits_for_the_end(const serving *v, const zs_job *job, const frame *f)
{
    zb_reader r = zb_reader_of(f->bytes, f->n);
    struct zb_connect_request asked;
    zb_get_connect_request(&r, &asked);
    const zs_session *x = job->kind == ZS_JOB_RETURN ? zs_session_find(&v->e->sessions, asked.session_id) : NULL;
    return x && x->closing && model_session(&v->s->m, asked.session_id);
}

/* A connection that is gone has its writes carried out all the same, and gets no answers. */
static void
model_takes(serving *v, const zs_job *job)
{
    model *m = &v->s->m;
    mconn *conn = job->conn->owner;
    frame *f = next_frame(conn->served);
    bool was_gone = conn->gone, greeted = conn->greeted;
    msession record = {0};
    if (!f) {
        sim_fail(v->s, "the engine has queued what nobody has sent");
        return;
    }
    if (!was_gone && waits_for_the_end(v, job, f)) {
        engine_queued(conn->served, f);
        return;
    }
    if (job->kind == ZS_JOB_OPEN && job->record) {
        record.id = job->record->id;
        memcpy(record.password, job->record->password, sizeof record.password);
        m->invent = &record;
    }
    if (!was_gone || zs_job_writes(job))
        model_take(m, conn, f->bytes, f->n, (uint64_t)job->time_ms * ZB_MS(1));
    m->invent = NULL;
    if (!greeted && conn->session)
        engine_touched(v, conn->session);
    if (was_gone)
        model_drop(conn);
    free(f);
}

void
engine_model_takes(serving *v, const zs_batch *b)
{
    const model *m = &v->s->m;
    for (const zs_job *job = b->first; job && !v->s->failed; job = job->next) {
        if (job->conn)
            model_takes(v, job);
        else if (job->kind == ZS_JOB_EXPIRE)
            session_ends(v, job);
        if (job->out.zxid != m->zxid)
            sim_fail(v->s, "the engine is at zxid %lld, not at %lld", (long long)job->out.zxid, (long long)m->zxid);
    }
}

/* --- the course of a batch ---------------------------------------------------------------------------------------- */

static bool
waits(serving *v, sim_fn *fn, uint64_t boots)
{
    if (v->s->halted_until <= v->s->now)
        return false;
    sim_at(v->s, v->s->halted_until, fn, v, boots);
    return true;
}

static void
publish(sim *s, void *what, uint64_t boots)
{
    serving *v = what;
    if (boots != v->boots || !v->e || waits(v, publish, boots))
        return;
    zs_batch *b = v->batches[0];
    v->n_batches--;
    v->n_committed--;
    memmove(v->batches, v->batches + 1, v->n_batches * sizeof *v->batches);
    engine_model_takes(v, b);
    zs_engine_publish(v->e, b);
    engine_settle(v);
    if (!s->failed && sim_chance(s, 3))
        engine_compare_tree(v);
    for (mconn *conn = s->m.conns; conn && !s->failed; conn = conn->next)
        if (!conn->gone && conn->in.n)
            engine_pump(v, conn);
    engine_settle(v);
}

static void
commit(sim *s, void *what, uint64_t boots)
{
    serving *v = what;
    if (boots != v->boots || !v->e || waits(v, commit, boots))
        return;
    zs_batch *b = v->batches[v->n_committed++];
    zs_batch_commit(b);
    if (b->err)
        sim_fail(s, "a batch is not committed: %s", zobo_err_name(b->err));
    sim_at(s, s->now + sim_below(s, v->quick ? 1 : ZB_MS(3)), publish, v, boots);
}

static uint64_t
commit_time(serving *v)
{
    sim *s = v->s;
    if (s->now < v->slow_until)
        return sim_chance(s, 20) ? v->slow_until - s->now : sim_below(s, ZB_MS(500));
    return sim_below(s, v->quick ? ZB_MS(1) : sim_chance(s, 10) ? ZB_MS(60) : ZB_MS(8));
}

static void
take(sim *s, void *what, uint64_t boots)
{
    serving *v = what;
    if (boots != v->boots || !v->e || waits(v, take, boots))
        return;
    v->taking = false;
    zs_batch *b = zs_engine_take(v->e);
    if (b) {
        v->batches[v->n_batches++] = b;
        sim_at(s, s->now + commit_time(v), commit, v, boots);
    }
    engine_settle(v);
}

void
engine_take_soon(serving *v)
{
    if (v->taking || v->n_batches >= v->max_batches || !v->e->gathering)
        return;
    v->taking = true;
    sim_at(v->s, v->s->now + (v->quick ? 0 : sim_below(v->s, ZB_MS(4))), take, v, v->boots);
}

/* --- a crash ------------------------------------------------------------------------------------------------------ */

static void
throw_away(zs_batch *b)
{
    for (zs_job *job = b->first; job; job = job->next)
        if (job->conn && --job->conn->jobs == 0 && job->conn->closed)
            zs_conn_free(job->conn);
    zs_batch_free(b);
}

/* Some of what was taken may still reach the disk: then it has happened, though nobody is told. */
void
engine_crash(serving *v)
{
    sim *s = v->s;
    if (!v->e)
        return;
    for (size_t i = 0; i < v->n_batches && !s->failed; i++) {
        zs_batch *b = v->batches[i];
        if (i >= v->n_committed) {
            if (sim_chance(s, 50))
                break;
            zs_batch_commit(b);
        }
        engine_model_takes(v, b);
    }
    for (size_t i = 0; i < v->n_batches; i++)
        throw_away(v->batches[i]);
    v->n_batches = v->n_committed = 0;
    v->taking = false;
    for (mconn *conn = s->m.conns; conn; conn = conn->next) {
        served *x = conn->served;
        engine_forget_frames(x);
        free(x->kept);
        x->kept = NULL;
        x->c = NULL;
    }
    zs_engine_close(v->e);
    v->e = NULL;
}
