/* SPDX-License-Identifier: Apache-2.0 */
/* MultiLock: a holder whose entrant takes lock after lock, and begins anew if one is lost before it has all. */
#include <zobo/multi_lock.h>

#include <stdlib.h>
#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/holder.h"
#include "recipes/lock.h"

struct zobo_multi_lock {
    zr_holder h;       /* first */
    zobo_lock **locks; /* in the order of their paths */
    size_t n;
    zobo_multi_lock_lost_fn *lost;
    void *lost_arg;
    /* strand */
    bool freed;
    size_t missing;  /* releases under way, for an end */
    zobo_err failed; /* one of them */
};

/* An acquire. */
typedef struct multi_entry {
    zr_entry e;        /* first */
    size_t next;       /* those before it have been got */
    zobo_call *asking; /* for locks[next] */
    size_t missing;    /* releases under way, to begin anew or to fail */
    zobo_err result;
} multi_entry;

static zobo_multi_lock *
multi_of(const zr_op *op)
{
    return (zobo_multi_lock *)op->recipe;
}

/* ---- all or none ---- */

static void take_next(zr_op *op);

static void
given_back(void *arg, zobo_err err, const zobo_reply *reply)
{
    multi_entry *e = arg;
    (void)err, (void)reply; /* held no more, whatever came of it */
    e->missing--;
    zr_op *op = zr_back(arg);
    if (!op || e->missing)
        return;
    if (e->result)
        zr_fail(&e->e, e->result);
    else
        take_next(op);
}

/* Gives back what has been got; then fails with `result`, or with ZOBO_OK begins anew. */
static void
give_back(multi_entry *e, zobo_err result)
{
    zr_op *op = &e->e.op;
    zobo_multi_lock *m = multi_of(op);
    size_t n = e->next;
    e->result = result;
    e->next = 0;
    e->missing = n + 1; /* one for the end of this function */
    op->refs++;
    for (size_t i = n; i-- > 0;) {
        zobo_how how = zr_op_how(op, given_back);
        zobo_err err = zobo_lock_release_async(m->locks[i], &how, NULL);
        if (err)
            zr_let_go(&m->locks[i]->h);
        op->refs++;
        if (err)
            given_back(e, err, NULL);
    }
    given_back(e, ZOBO_OK, NULL);
}

static bool
has_all(const zobo_multi_lock *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (zobo_lock_check(m->locks[i]) != ZOBO_OK)
            return false;
    return true;
}

static void
got(void *arg, zobo_err err, const zobo_reply *reply)
{
    multi_entry *e = arg;
    zobo_multi_lock *m = multi_of(&e->e.op);
    size_t i = e->next;
    (void)reply;
    zr_ref(&m->h.r);
    zobo_call_free(e->asking);
    e->asking = NULL;
    zr_op *op = zr_back(arg);
    if (op && !err) {
        e->next++;
        take_next(op);
    } else if (op) {
        give_back(e, err);
    } else if (!err && !m->freed) {
        zr_let_go(&m->locks[i]->h); /* given up just before it was known to be held */
    }
    zr_unref(&m->h.r);
}

static void
take_next(zr_op *op)
{
    multi_entry *e = (multi_entry *)op;
    const zobo_multi_lock *m = multi_of(op);
    zobo_how how = zr_op_how(op, got);
    if (e->next < m->n) {
        zobo_lock *lock = m->locks[e->next];
        zr_sent(op,
                e->e.only_try ? zobo_lock_try_async(lock, &how, &e->asking)
                              : zobo_lock_acquire_async(lock, &how, &e->asking),
                got);
    } else if (has_all(m)) {
        zr_hold(&e->e, NULL, zobo_lock_fence(m->locks[0]));
    } else {
        give_back(e, ZOBO_OK);
    }
}

static zr_stopped
stop(zr_entry *entry)
{
    multi_entry *e = (multi_entry *)entry;
    if (e->asking)
        zobo_call_cancel(e->asking);
    return e->next || e->missing ? ZR_STOPPED_LEAVE : ZR_STOPPED_CLEAN;
}

/* ---- leaving ---- */

static void
released(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_multi_lock *m = multi_of(arg);
    (void)reply;
    if (err && err != ZOBO_ENOTHELD && err != ZOBO_ELOCKLOST && err != ZOBO_ECANCELLED)
        m->failed = err;
    m->missing--;
    zr_op *op = zr_back(arg);
    if (op && !m->missing)
        zr_left(op, m->failed);
}

static void
leave(zr_op *op)
{
    zobo_multi_lock *m = multi_of(op);
    m->failed = ZOBO_OK;
    m->missing = m->n + 1;
    op->refs++;
    for (size_t i = m->n; i-- > 0;) {
        zobo_how how = zr_op_how(op, released);
        zobo_err err = zobo_lock_release_async(m->locks[i], &how, NULL);
        if (err)
            zr_let_go(&m->locks[i]->h);
        op->refs++;
        if (err)
            released(op, err == ZOBO_ENOMEM ? ZOBO_OK : err, NULL);
    }
    released(op, ZOBO_OK, NULL);
}

static void
one_lost(void *owner)
{
    zobo_multi_lock *m = owner;
    if (m->h.state == ZR_HELD) /* else it is seen when all have been got */
        zr_lose(&m->h);
}

static void
tell_lost(zr_recipe *r, void *arg)
{
    zobo_multi_lock *m = (zobo_multi_lock *)r;
    (void)arg;
    m->lost(m->lost_arg, m);
}

static const zr_holder_kind multi_kind = {
    .entry_size = sizeof(multi_entry), .enter = take_next, .stop = stop, .leave = leave, .tell_lost = tell_lost};

/* ---- making and freeing ---- */

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    zb_free(((zobo_multi_lock *)r)->locks);
    zb_free(r);
}

/* Inline, for these locks tell no user anything. */
static void
free_locks(zobo_multi_lock *m)
{
    for (size_t i = 0; m->locks && i < m->n; i++) {
        m->locks[i]->h.on_lost = NULL;
        zobo_lock_free(m->locks[i]);
    }
}

static void
freed(zr_recipe *r)
{
    zobo_multi_lock *m = (zobo_multi_lock *)r;
    m->freed = true;
    free_locks(m); /* that lets them go */
}

static const zr_kind multi_recipe = {.freed = freed, .destroy = destroy};

static zobo_err
make_locks(zobo_multi_lock *m, zobo_client *client, const char **sorted, size_t n, const zobo_multi_lock_options *o,
           zobo_problem *why)
{
    zobo_lock_options lock = {
        .kind = o->kind, .identifier = o->identifier, .release_on_suspended = o->release_on_suspended, .acl = o->acl};
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(sorted[i], sorted[i - 1]) == 0)
            continue;
        zobo_err err = zobo_lock_new(client, sorted[i], &lock, &m->locks[m->n], why);
        if (err)
            return err;
        m->locks[m->n]->h.is_part = true;
        m->locks[m->n]->h.on_lost = one_lost;
        m->locks[m->n]->h.owner = m;
        m->n++;
    }
    return ZOBO_OK;
}

static zobo_err
fill(zobo_multi_lock *m, zobo_client *client, const char *const *paths, size_t n, const zobo_multi_lock_options *o,
     zobo_problem *why)
{
    const char **sorted = zb_calloc(n, sizeof *sorted);
    zobo_err err;
    zr_holder_init(&m->h, &multi_kind);
    m->h.tells = o->lost != NULL;
    m->h.reentrant = o->reentrant;
    m->lost = o->lost;
    m->lost_arg = o->lost_arg;
    m->locks = zb_calloc(n, sizeof *m->locks);
    if (sorted && m->locks) {
        memcpy(sorted, paths, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, zr_by_text);
        err = make_locks(m, client, sorted, n, o, why);
        if (!err && (err = zr_recipe_init(&m->h.r, &multi_recipe, client)) != ZOBO_OK)
            (void)zr_explain(err, why);
    } else {
        err = zr_no_memory(why);
    }
    zb_free(sorted);
    if (err) {
        free_locks(m);
        zb_free(m->locks);
    }
    return err;
}

zobo_err
zobo_multi_lock_new(zobo_client *client, const char *const *paths, size_t n, const zobo_multi_lock_options *options,
                    zobo_multi_lock **out, zobo_problem *why)
{
    zobo_multi_lock_options o;
    *out = NULL;
    zb_problem_clear(why);
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_multi_lock_options, options, lost_arg, why);
    if (!err)
        err = zr_check_client(client, why);
    if (!err)
        err = zr_check_acl(o.acl, why);
    if (!err && (!paths || !n))
        return zb_problem(why, ZOBO_EINVAL, 0, "zobo_multi_lock_new: there is no path");
    for (size_t i = 0; !err && i < n; i++)
        err = zr_check_path(paths[i], why);
    if (err)
        return err;
    zobo_multi_lock *m = zb_calloc(1, sizeof *m);
    if (!m)
        return zr_no_memory(why);
    err = fill(m, client, paths, n, &o, why);
    if (err)
        zb_free(m);
    else
        *out = m;
    return err;
}

void
zobo_multi_lock_free(zobo_multi_lock *m)
{
    if (m)
        zr_recipe_free(&m->h.r);
}

/* ---- as the user calls it ---- */

zobo_err
zobo_multi_lock_acquire(zobo_multi_lock *m, uint32_t timeout_ms)
{
    return zr_acquire(&m->h, false, timeout_ms);
}

zobo_err
zobo_multi_lock_acquire_async(zobo_multi_lock *m, const zobo_how *how, zobo_call **call)
{
    return zr_acquire_async(&m->h, false, how, call);
}

zobo_err
zobo_multi_lock_try(zobo_multi_lock *m, uint32_t timeout_ms)
{
    return zr_acquire(&m->h, true, timeout_ms);
}

zobo_err
zobo_multi_lock_try_async(zobo_multi_lock *m, const zobo_how *how, zobo_call **call)
{
    return zr_acquire_async(&m->h, true, how, call);
}

zobo_err
zobo_multi_lock_release(zobo_multi_lock *m, uint32_t timeout_ms)
{
    return zr_release(&m->h, timeout_ms);
}

zobo_err
zobo_multi_lock_release_async(zobo_multi_lock *m, const zobo_how *how, zobo_call **call)
{
    return zr_release_async(&m->h, how, call);
}

zobo_err
zobo_multi_lock_cancel(zobo_multi_lock *m)
{
    return zr_cancel(&m->h);
}

zobo_err
zobo_multi_lock_check(const zobo_multi_lock *m)
{
    return zr_holder_check(&m->h);
}

int64_t
zobo_multi_lock_fence(const zobo_multi_lock *m, const char *path)
{
    if (!zr_holder_fence(&m->h))
        return 0;
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->locks[i]->path, path) == 0)
            return zobo_lock_fence(m->locks[i]);
    return 0;
}
