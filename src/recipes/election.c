/* SPDX-License-Identifier: Apache-2.0 */
/* Election: a lock, and a function that is run while it is held. */
#include <zobo/election.h>
#include <zobo/lock.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/recipe.h"

struct zobo_election {
    zobo_lock *lock;
    zobo_election_lost_fn *lost;
    void *lost_arg;
    pthread_mutex_t mutex;
    /* under the mutex */
    int refs; /* the user's, and a run's, whose function may free the election */
    bool gone;
    bool running;
};

/* ---- life ---- */

static void
on_lost(void *arg, zobo_lock *lock)
{
    zobo_election *e = arg;
    (void)lock;
    e->lost(e->lost_arg, e);
}

static zobo_err
make_lock(zobo_election *e, zobo_client *client, const char *path, const zobo_election_options *o, zobo_problem *why)
{
    zobo_lock_options lock = {.identifier = o->identifier,
                              .release_on_suspended = o->release_on_suspended,
                              .acl = o->acl,
                              .lost = o->lost ? on_lost : NULL,
                              .lost_arg = e};
    e->lost = o->lost;
    e->lost_arg = o->lost_arg;
    e->refs = 1;
    if (pthread_mutex_init(&e->mutex, NULL))
        return zb_problem(why, ZOBO_ESYS, 0, "no mutex can be made");
    zobo_err err = zobo_lock_new(client, path, &lock, &e->lock, why);
    if (err)
        pthread_mutex_destroy(&e->mutex);
    return err;
}

zobo_err
zobo_election_new(zobo_client *client, const char *path, const zobo_election_options *options, zobo_election **out,
                  zobo_problem *why)
{
    zobo_election_options o;
    *out = NULL;
    zb_problem_clear(why);
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_election_options, options, lost_arg, why);
    if (err)
        return err;
    zobo_election *e = zb_calloc(1, sizeof *e);
    if (!e)
        return zr_no_memory(why);
    err = make_lock(e, client, path, &o, why);
    if (err)
        zb_free(e);
    else
        *out = e;
    return err;
}

static void
unref(zobo_election *e)
{
    pthread_mutex_lock(&e->mutex);
    bool last = --e->refs == 0;
    pthread_mutex_unlock(&e->mutex);
    if (!last)
        return;
    pthread_mutex_destroy(&e->mutex);
    zb_free(e);
}

void
zobo_election_free(zobo_election *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&e->mutex);
    e->gone = true;
    pthread_mutex_unlock(&e->mutex);
    zobo_lock_free(e->lock);
    unref(e);
}

/* ---- running ---- */

static zobo_err
begin_run(zobo_election *e, uint32_t timeout_ms, zobo_call **call)
{
    zobo_how how = zr_how(timeout_ms);
    pthread_mutex_lock(&e->mutex);
    zobo_err err = e->running ? ZOBO_EALREADY : zobo_lock_acquire_async(e->lock, &how, call);
    if (!err) {
        e->running = true;
        e->refs++;
    }
    pthread_mutex_unlock(&e->mutex);
    return err;
}

/* The function has returned. It, or another thread, may have resigned or freed the election meanwhile. */
static zobo_err
end_run(zobo_election *e)
{
    zobo_how how = zr_how(0);
    zobo_call *call = NULL;
    zobo_err err = ZOBO_ENOTHELD;
    pthread_mutex_lock(&e->mutex);
    if (!e->gone)
        err = zobo_lock_release_async(e->lock, &how, &call);
    pthread_mutex_unlock(&e->mutex);
    if (call)
        err = zr_wait(err, call, NULL);
    bool resigned = err == ZOBO_ENOTHELD || err == ZOBO_ECANCELLED || err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED;
    return resigned ? ZOBO_OK : err;
}

zobo_err
zobo_election_run(zobo_election *e, zobo_election_lead_fn *lead, void *arg, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    if (!lead)
        return ZOBO_EINVAL;
    zobo_err err = begin_run(e, timeout_ms, &call);
    if (err)
        return err;
    err = zr_wait(ZOBO_OK, call, NULL);
    if (!err) {
        lead(arg, e);
        err = end_run(e);
    }
    pthread_mutex_lock(&e->mutex);
    e->running = false;
    pthread_mutex_unlock(&e->mutex);
    unref(e);
    return err;
}

/* ---- the rest is the lock's ---- */

zobo_err
zobo_election_campaign(zobo_election *e, uint32_t timeout_ms)
{
    return zobo_lock_acquire(e->lock, timeout_ms);
}

zobo_err
zobo_election_campaign_async(zobo_election *e, const zobo_how *how, zobo_call **call)
{
    return zobo_lock_acquire_async(e->lock, how, call);
}

zobo_err
zobo_election_resign(zobo_election *e, uint32_t timeout_ms)
{
    return zobo_lock_release(e->lock, timeout_ms);
}

zobo_err
zobo_election_resign_async(zobo_election *e, const zobo_how *how, zobo_call **call)
{
    return zobo_lock_release_async(e->lock, how, call);
}

zobo_err
zobo_election_cancel(zobo_election *e)
{
    return zobo_lock_cancel(e->lock);
}

zobo_err
zobo_election_contenders(zobo_election *e, uint32_t timeout_ms, zobo_reply **out)
{
    return zobo_lock_contenders(e->lock, timeout_ms, out);
}

zobo_err
zobo_election_contenders_async(zobo_election *e, const zobo_how *how, zobo_call **call)
{
    return zobo_lock_contenders_async(e->lock, how, call);
}

zobo_err
zobo_election_check(const zobo_election *e)
{
    return zobo_lock_check(e->lock);
}

int64_t
zobo_election_fence(const zobo_election *e)
{
    return zobo_lock_fence(e->lock);
}
