/* SPDX-License-Identifier: Apache-2.0 */
/* LeaderLatch: a lock that is acquired again whenever it was lost, for as long as the latch is started.
 *
 * On the strand: the campaign, an op of the latch's own, of which there is one at a time, asks for the lock until it
 * has it; the lock says when it is lost. Each change of leadership counts `epoch` up (odd: leads). The callback thread
 * follows with `told`, so that what the user is told alternates whatever was left out. */
#include <zobo/election.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/lock.h"

enum { NO_MEMORY_PAUSE_MS = 200, REFUSED_PAUSE_MS = 5000 };

struct zobo_leader_latch {
    zr_recipe r; /* first */
    zobo_lock *lock;
    zobo_leader_latch_fn *leader, *not_leader;
    void *leader_arg, *not_leader_arg;
    atomic_bool started;
    atomic_uint epoch; /* counted on the strand */
    unsigned told;     /* callback thread */
    /* strand */
    bool taking_part;
    bool leads;
    bool campaigning;
    unsigned stopping; /* stops that wait for the lock's release */
    zr_op campaign;
    zobo_call *asking; /* for the lock */
    zb_link awaiting;  /* vigil.in_line */
};

/* An await. */
typedef struct vigil {
    zr_op op; /* first */
    zb_link in_line;
} vigil;

static zobo_leader_latch *
latch_of(const zr_op *op)
{
    return (zobo_leader_latch *)op->recipe;
}

/* ---- telling ---- */

static bool
is_silent(zr_recipe *r)
{
    pthread_mutex_lock(&r->lock);
    bool silent = r->silent;
    pthread_mutex_unlock(&r->lock);
    return silent;
}

static void
tell(zr_recipe *r, void *arg)
{
    zobo_leader_latch *latch = (zobo_leader_latch *)r;
    unsigned epoch = atomic_load(&latch->epoch);
    (void)arg;
    if (latch->told % 2 && latch->told != epoch) {
        latch->told++;
        if (latch->not_leader)
            latch->not_leader(latch->not_leader_arg, latch);
        if (is_silent(r)) /* it has freed the latch */
            return;
        epoch = atomic_load(&latch->epoch);
    }
    if (latch->told % 2 == 0 && epoch % 2) {
        latch->told = epoch;
        if (latch->leader)
            latch->leader(latch->leader_arg, latch);
    } else if (latch->told % 2 == 0) {
        latch->told = epoch;
    }
}

static void
set_leads(zobo_leader_latch *latch, bool leads)
{
    latch->leads = leads;
    atomic_fetch_add(&latch->epoch, 1);
    if (zr_tell(&latch->r, tell, NULL, NULL)) {
        /* No memory to tell it: the next to be told makes up for it. */
    }
}

/* ---- taking part ---- */

static void ask(zr_op *op);

static void
end_vigils(zobo_leader_latch *latch, zobo_err err)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&latch->awaiting)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(l, vigil, in_line)->op, err, NULL);
}

static void
campaign_over(zr_op *op)
{
    latch_of(op)->campaigning = false; /* the op is part of the latch */
}

static void
campaign(zobo_leader_latch *latch)
{
    if (!latch->taking_part || latch->leads || latch->campaigning || latch->stopping)
        return;
    latch->campaigning = true;
    latch->campaign = (zr_op){.begin = ask, .destroy = campaign_over};
    zr_op_begin_quiet(&latch->r, &latch->campaign);
}

static void
win(zobo_leader_latch *latch)
{
    set_leads(latch, true);
    end_vigils(latch, ZOBO_OK);
}

static void
answered(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_leader_latch *latch = latch_of(arg);
    (void)reply;
    zobo_call_free(latch->asking);
    latch->asking = NULL;
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    bool wanted = latch->taking_part && !latch->stopping;
    bool stopped = zr_is_over(err);
    if (wanted && err && err != ZOBO_ECANCELLED) {
        end_vigils(latch, err);
        if (!stopped) {
            zr_pause(op, err == ZOBO_ENOMEM ? NO_MEMORY_PAUSE_MS : REFUSED_PAUSE_MS, ask);
            return;
        }
    }
    zr_ref(&latch->r);
    zr_op_end(op, ZOBO_OK, NULL);
    if (wanted && !err && zobo_lock_check(latch->lock) == ZOBO_OK)
        win(latch);
    else if (!stopped || zobo_connected(latch->r.client)) /* lost before it was known to be held, or started anew */
        campaign(latch);
    zr_unref(&latch->r);
}

static void
ask(zr_op *op)
{
    zobo_leader_latch *latch = latch_of(op);
    if (!latch->taking_part || latch->stopping) {
        zr_ref(&latch->r);
        zr_op_end(op, ZOBO_OK, NULL);
        zr_unref(&latch->r);
        return;
    }
    zobo_how how = zr_op_how(op, answered);
    zr_sent(op, zobo_lock_acquire_async(latch->lock, &how, &latch->asking), answered);
}

static void
on_lost(void *owner)
{
    zobo_leader_latch *latch = owner;
    if (!latch->leads)
        return;
    set_leads(latch, false);
    campaign(latch);
}

static void
on_state(zr_recipe *r, zobo_state state)
{
    if (state == ZOBO_CONNECTED)
        campaign((zobo_leader_latch *)r); /* if the client had been stopped */
}

static void
begin(zr_recipe *r, void *arg)
{
    zobo_leader_latch *latch = (zobo_leader_latch *)r;
    (void)arg;
    if (r->gone)
        return;
    latch->taking_part = true;
    campaign(latch);
}

zobo_err
zobo_leader_latch_start(zobo_leader_latch *latch)
{
    if (atomic_exchange(&latch->started, true))
        return ZOBO_EALREADY;
    zobo_err err = zr_post(&latch->r, begin, NULL);
    if (err)
        atomic_store(&latch->started, false);
    return err;
}

/* ---- stopping ---- */

static void
withdraw(zobo_leader_latch *latch)
{
    latch->taking_part = false;
    atomic_store(&latch->started, false);
    end_vigils(latch, ZOBO_ECANCELLED);
    if (latch->asking)
        zobo_call_cancel(latch->asking);
    if (latch->leads) {
        zr_let_go(&latch->lock->h); /* first: what is told is so already */
        set_leads(latch, false);
    }
}

/* A stop. */
typedef struct stop {
    zr_op op; /* first */
    bool holds_callbacks;
    zobo_err err;
} stop;

static void
all_told(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)err, (void)reply;
    if (op)
        zr_op_end(op, ((stop *)op)->err, NULL);
}

static void
tell_and_note(zr_recipe *r, void *promise)
{
    tell(r, NULL); /* what there was no memory for */
    zobo_promise_keep(promise, ZOBO_OK, NULL);
}

static void
note_untold(void *promise)
{
    zobo_promise_keep(promise, ZOBO_OK, NULL);
}

/* The stop ends behind what has to be told. */
static void
end_stop(zobo_leader_latch *latch, stop *s)
{
    zobo_promise *told = NULL;
    zobo_how how = zr_op_how(&s->op, all_told);
    bool waits = !s->holds_callbacks && (latch->leader || latch->not_leader) &&
                 zobo_promise_new(latch->r.client, &how, NULL, NULL, NULL, &told) == ZOBO_OK;
    if (!waits) {
        zr_op_end(&s->op, s->err, NULL);
        return;
    }
    if (zr_tell(&latch->r, tell_and_note, note_untold, told))
        note_untold(told);
    zr_sent(&s->op, ZOBO_OK, all_told);
}

static void
released(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_leader_latch *latch = latch_of(arg);
    (void)reply;
    latch->stopping--;
    zr_ref(&latch->r);
    stop *s = (stop *)zr_back(arg);
    if (s) {
        s->err = err == ZOBO_ENOTHELD || err == ZOBO_ELOCKLOST ? ZOBO_OK : err;
        end_stop(latch, s);
    }
    campaign(latch); /* if it was started again */
    zr_unref(&latch->r);
}

static void
begin_stop(zr_op *op)
{
    zobo_leader_latch *latch = latch_of(op);
    zobo_how how = zr_op_how(op, released);
    withdraw(latch);
    latch->stopping++; /* until then what the lock says is of before */
    zr_sent(op, zobo_lock_release_async(latch->lock, &how, NULL), released);
}

zobo_err
zobo_leader_latch_stop_async(zobo_leader_latch *latch, const zobo_how *how, zobo_call **call)
{
    stop *s = zb_calloc(1, sizeof *s);
    if (s) {
        s->op.begin = begin_stop;
        s->holds_callbacks = zobo_holds_callbacks(latch->r.client);
    }
    return zr_op_start(&latch->r, s ? &s->op : NULL, how, call);
}

zobo_err
zobo_leader_latch_stop(zobo_leader_latch *latch, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_leader_latch_stop_async(latch, &how, &call);
    return zr_wait(err, call, NULL);
}

/* ---- awaiting ---- */

static void
begin_vigil(zr_op *op)
{
    zobo_leader_latch *latch = latch_of(op);
    vigil *v = (vigil *)op;
    zb_list_init(&v->in_line);
    if (!latch->taking_part || latch->leads) {
        zr_op_end(op, latch->taking_part ? ZOBO_OK : ZOBO_ENOTSTARTED, NULL);
        return;
    }
    zb_list_push_back(&latch->awaiting, &v->in_line);
    campaign(latch); /* if the client is stopped, this finds out */
}

static void
give_vigil_up(zr_op *op, zobo_err why)
{
    zb_list_remove(&((vigil *)op)->in_line);
    zr_op_end(op, why, NULL);
}

zobo_err
zobo_leader_latch_await_async(zobo_leader_latch *latch, const zobo_how *how, zobo_call **call)
{
    vigil *v = zb_calloc(1, sizeof *v);
    if (v) {
        v->op.begin = begin_vigil;
        v->op.give_up = give_vigil_up;
    }
    return zr_op_start(&latch->r, v ? &v->op : NULL, how, call);
}

zobo_err
zobo_leader_latch_await(zobo_leader_latch *latch, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_leader_latch_await_async(latch, &how, &call);
    return zr_wait(err, call, NULL);
}

/* ---- looking ---- */

bool
zobo_leader_latch_is_leader(const zobo_leader_latch *latch)
{
    return zobo_lock_check(latch->lock) == ZOBO_OK;
}

int64_t
zobo_leader_latch_fence(const zobo_leader_latch *latch)
{
    return zobo_lock_fence(latch->lock);
}

zobo_err
zobo_leader_latch_participants(zobo_leader_latch *latch, uint32_t timeout_ms, zobo_reply **out)
{
    return zobo_lock_contenders(latch->lock, timeout_ms, out);
}

zobo_err
zobo_leader_latch_participants_async(zobo_leader_latch *latch, const zobo_how *how, zobo_call **call)
{
    return zobo_lock_contenders_async(latch->lock, how, call);
}

/* ---- making and freeing ---- */

static void
freed(zr_recipe *r)
{
    zobo_leader_latch *latch = (zobo_leader_latch *)r;
    withdraw(latch);
    latch->lock->h.on_lost = NULL;
    zobo_lock_free(latch->lock); /* inline, for this one tells no user anything */
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    zb_free(r);
}

static const zr_kind latch_kind = {.state = on_state, .freed = freed, .destroy = destroy};

static zobo_err
make(zobo_leader_latch *latch, zobo_client *client, const char *path, const zobo_leader_latch_options *o,
     zobo_problem *why)
{
    zobo_lock_options lock = {
        .identifier = o->identifier, .release_on_suspended = !o->keep_on_suspended, .acl = o->acl};
    latch->leader = o->leader;
    latch->not_leader = o->not_leader;
    latch->leader_arg = o->leader_arg;
    latch->not_leader_arg = o->not_leader_arg;
    zb_list_init(&latch->awaiting);
    zobo_err err = zobo_lock_new(client, path, &lock, &latch->lock, why);
    if (err)
        return err;
    latch->lock->h.is_part = true;
    latch->lock->h.on_lost = on_lost;
    latch->lock->h.owner = latch;
    err = zr_recipe_init(&latch->r, &latch_kind, client);
    if (!err)
        return ZOBO_OK;
    zobo_lock_free(latch->lock);
    return zr_explain(err, why);
}

zobo_err
zobo_leader_latch_new(zobo_client *client, const char *path, const zobo_leader_latch_options *options,
                      zobo_leader_latch **out, zobo_problem *why)
{
    zobo_leader_latch_options o;
    *out = NULL;
    zb_problem_clear(why);
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_leader_latch_options, options, not_leader_arg, why);
    if (err)
        return err;
    zobo_leader_latch *latch = zb_calloc(1, sizeof *latch);
    if (!latch)
        return zr_no_memory(why);
    err = make(latch, client, path, &o, why);
    if (err)
        zb_free(latch);
    else
        *out = latch;
    return err;
}

void
zobo_leader_latch_free(zobo_leader_latch *latch)
{
    if (latch)
        zr_recipe_free(&latch->r);
}
