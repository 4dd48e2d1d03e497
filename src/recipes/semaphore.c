/* SPDX-License-Identifier: Apache-2.0 */
/* How a lease is got and let go.
 *
 *   prepare (the node) -> guard -> look: read the number, list the leases
 *       one is free:  make, if the guard's node is there -> examine whose it is -> close: let the guard go
 *       none is free: look again with watches -> wait for one to tell -> look
 *
 * A lease's name is the object's own, so that an answer that was lost does no harm: it is seen in the list, or in the
 * way of the next make, and examined. It may also be of a session that this client has given up and the server has not:
 * then it is cleared away. */
#include "recipes/semaphore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void prepare(zr_op *op);
static void guard(zr_op *op);
static void look(zr_op *op);
static void examine(zr_op *op);

static zobo_semaphore *
semaphore_of(const zr_op *op)
{
    return (zobo_semaphore *)op->recipe;
}

static void
drop_watches(zr_lease_entry *e)
{
    zr_watch_drop(e->limits);
    zr_watch_drop(e->leases);
    e->limits = e->leases = NULL;
}

/* ---- the end ---- */

static bool
is_of_this_session(const zr_lease_entry *e)
{
    zobo_client_id id;
    return !zobo_get_client_id(e->e.op.recipe->client, &id) && id.session_id == e->owner;
}

static void
finish(zr_lease_entry *e)
{
    const zobo_semaphore *s = semaphore_of(&e->e.op);
    if (!e->result && is_of_this_session(e))
        zr_hold(&e->e, s->lease, e->czxid);
    else if (!e->result)
        guard(&e->e.op); /* lost before it was had */
    else if (e->maybe)
        zr_withdraw(&e->e, e->result);
    else
        zr_fail(&e->e, e->result);
}

static void
closed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op)
        return;
    if (err == ZOBO_ENOMEM)
        zr_let_go(&semaphore_of(op)->guard->h);
    finish((zr_lease_entry *)op);
}

/* The guard is gone before the user is told, so that it stands in nobody's way who tries then. */
static void
end(zr_lease_entry *e, zobo_err result)
{
    zr_op *op = &e->e.op;
    drop_watches(e);
    e->result = result;
    e->phase = ZR_CLOSING;
    if (!e->guarded) {
        finish(e);
        return;
    }
    e->guarded = false;
    zobo_how how = zr_op_how(op, closed);
    zr_sent(op, zobo_lock_release_async(semaphore_of(op)->guard, &how, NULL), closed);
}

/* ---- a lease ---- */

static void
cleared(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, look))
        return;
    if (err && err != ZOBO_ENONODE)
        end((zr_lease_entry *)op, err);
    else
        look(op);
}

static void
examined(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, look))
        return;
    zr_lease_entry *e = (zr_lease_entry *)op;
    if (err == ZOBO_ENONODE) {
        look(op);
    } else if (err) {
        end(e, err);
    } else {
        e->owner = reply->stat.ephemeral_owner;
        e->czxid = reply->stat.czxid;
        if (is_of_this_session(e)) {
            end(e, ZOBO_OK);
        } else {
            zobo_how how = zr_op_how(op, cleared);
            zr_sent(op, zobo_delete_async(op->recipe->client, semaphore_of(op)->lease, -1, &how, NULL), cleared);
        }
    }
}

static void
examine(zr_op *op)
{
    zobo_how how = zr_op_how(op, examined);
    ((zr_lease_entry *)op)->phase = ZR_LOOKING;
    ((zr_lease_entry *)op)->maybe = true;
    zr_sent(op, zobo_exists_async(op->recipe->client, semaphore_of(op)->lease, NULL, &how, NULL), examined);
}

/* The guard's node was not there after all. */
static void
lose_guard(zr_lease_entry *e)
{
    e->guarded = false;
    zr_let_go(&semaphore_of(&e->e.op)->guard->h);
    guard(&e->e.op);
}

static void
not_made(zr_lease_entry *e, zobo_err err, const zobo_reply *reply)
{
    if (err != ZOBO_ETRANSACTION || !reply || reply->n_results != 2)
        end(e, err);
    else if (reply->results[0].err == ZOBO_ENONODE)
        lose_guard(e);
    else if (reply->results[1].err == ZOBO_ENODEEXISTS)
        examine(&e->e.op);
    else if (reply->results[1].err == ZOBO_ENONODE)
        prepare(&e->e.op);
    else
        end(e, reply->results[1].err);
}

static void
made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lease_entry *e = arg;
    zr_holder *h = zr_holder_of(&e->e.op);
    zobo_class cls = zobo_err_class(err);
    zr_ref(&h->r);
    e->phase = ZR_LOOKING;
    e->maybe = e->maybe || (cls != ZOBO_CLASS_REJECTED && cls != ZOBO_CLASS_LOCAL);
    zr_op *op = zr_back(arg);
    if (!op)
        zr_leave(h); /* given up meanwhile */
    else if (!zr_retry(op, err, look) && err)
        not_made(e, err, reply);
    else if (!err)
        examine(op);
    zr_unref(&h->r);
}

static zobo_err
send_make(zr_op *op)
{
    const zobo_semaphore *s = semaphore_of(op);
    zobo_create_options o = {.acl = s->has_acl ? &s->acl : NULL, .ephemeral = true};
    zobo_how how = zr_op_how(op, made);
    zobo_transaction *tx;
    char *guarding = zr_path_child(s->guard->path, s->guard->node);
    zobo_err err = guarding ? zobo_transaction_new(op->recipe->client, &tx) : ZOBO_ENOMEM;
    if (!err) {
        err = zobo_transaction_check(tx, guarding, -1);
        if (!err)
            err = zobo_transaction_create(tx, s->lease, s->identifier, strlen(s->identifier), &o);
        if (!err)
            err = zobo_transaction_commit_async(tx, &how, NULL);
        zobo_transaction_free(tx);
    }
    zb_free(guarding);
    return err;
}

static void
make(zr_op *op)
{
    ((zr_lease_entry *)op)->phase = ZR_MAKING;
    zr_sent(op, send_make(op), made);
}

/* ---- looking ---- */

static bool
has_guard(const zr_lease_entry *e)
{
    return e->guarded && zobo_lock_check(semaphore_of(&e->e.op)->guard) == ZOBO_OK;
}

static void
wake(zr_lease_entry *e)
{
    if (e->phase == ZR_WAITING)
        look(&e->e.op);
}

static void
leases_event(void *owner, const zobo_event *event)
{
    zr_lease_entry *e = owner;
    (void)event;
    e->leases = NULL;
    wake(e);
}

static void
limits_event(void *owner, const zobo_event *event)
{
    zr_lease_entry *e = owner;
    (void)event;
    e->limits = NULL;
    wake(e);
}

/* `slot` is where the watch is kept that is on its way. */
static void
asked_and_answered(zr_lease_entry *e, zr_watch **slot, zobo_watch_kind kind, zobo_err err)
{
    if (!e->asked)
        return;
    zr_watch_set(e->asked, semaphore_of(&e->e.op)->path, kind, !err);
    if (err && *slot == e->asked)
        *slot = NULL;
    e->asked = NULL;
}

/* Under the guard, and it is not our turn until something changes. */
static void
none_free(zr_lease_entry *e)
{
    if (e->e.only_try) {
        end(e, ZOBO_EHELD);
    } else if (!e->watching || !e->limits || !e->leases) {
        e->watching = true;
        look(&e->e.op);
    } else {
        e->phase = ZR_WAITING;
    }
}

static bool
is_listed(const zobo_semaphore *s, const zobo_reply *children)
{
    const char *name = strrchr(s->lease, '/') + 1;
    for (size_t i = 0; i < children->n_children; i++)
        if (strcmp(children->children[i], name) == 0)
            return true;
    return false;
}

static void
listed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lease_entry *e = arg;
    asked_and_answered(e, &e->leases, ZOBO_WATCH_CHILDREN, err);
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, look))
        return;
    if (err == ZOBO_ENONODE)
        prepare(op);
    else if (err)
        end(e, err);
    else if (!has_guard(e))
        guard(op);
    else if (is_listed(semaphore_of(op), reply))
        examine(op);
    else if ((int64_t)reply->n_children < e->limit)
        make(op);
    else
        none_free(e);
}

/* The watch that goes with a request, if there is to be one and it does not stand already. False: no memory. */
static bool
ask_with(zr_lease_entry *e, zr_watch **slot, zr_watch_fn *fn)
{
    e->asked = NULL;
    if (!e->watching || *slot)
        return true;
    *slot = e->asked = zr_watch_new(e->e.op.recipe, fn, e);
    return e->asked != NULL;
}

static void
list(zr_op *op)
{
    zr_lease_entry *e = (zr_lease_entry *)op;
    zobo_how how = zr_op_how(op, listed);
    zobo_err err = ZOBO_ENOMEM;
    if (ask_with(e, &e->leases, leases_event))
        err = zobo_get_children_async(op->recipe->client, semaphore_of(op)->path,
                                      e->asked ? zr_watch_watcher(e->asked) : NULL, &how, NULL);
    zr_sent(op, err, listed);
}

/* What the node says; if that is no number, its data is for something else. */
static int64_t
number_in(const zobo_semaphore *s, const zobo_reply *reply)
{
    int64_t number;
    return zr_semaphore_number(reply->data, reply->data_len, &number) ? number : s->max_leases;
}

static void
limit_read(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lease_entry *e = arg;
    const zobo_semaphore *s = semaphore_of(&e->e.op);
    asked_and_answered(e, &e->limits, ZOBO_WATCH_DATA, err);
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, look))
        return;
    if (err == ZOBO_ENONODE) {
        prepare(op);
    } else if (err) {
        end(e, err);
    } else {
        e->limit = number_in(s, reply);
        list(op);
    }
}

static void
look(zr_op *op)
{
    zr_lease_entry *e = (zr_lease_entry *)op;
    zobo_how how = zr_op_how(op, limit_read);
    zobo_err err = ZOBO_ENOMEM;
    e->phase = ZR_LOOKING;
    if (!has_guard(e)) {
        guard(op);
    } else if (e->watching && e->limits) {
        list(op);
    } else {
        if (ask_with(e, &e->limits, limits_event))
            err = zobo_get_async(op->recipe->client, semaphore_of(op)->path,
                                 e->asked ? zr_watch_watcher(e->asked) : NULL, &how, NULL);
        zr_sent(op, err, limit_read);
    }
}

/* ---- the guard, and the node ---- */

static void
got_guard(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lease_entry *e = arg;
    zobo_semaphore *s = semaphore_of(&e->e.op);
    (void)reply;
    zr_ref(&s->h.r);
    zobo_call_free(e->asking);
    e->asking = NULL;
    zr_op *op = zr_back(arg);
    if (op && !err) {
        e->guarded = true;
        look(op);
    } else if (op) {
        end(e, err);
    } else if (!err && s->guard) {
        zr_let_go(&s->guard->h); /* given up just before it was known to be held */
    }
    zr_unref(&s->h.r);
}

static void
guard(zr_op *op)
{
    zr_lease_entry *e = (zr_lease_entry *)op;
    zobo_lock *g = semaphore_of(op)->guard;
    zobo_how how = zr_op_how(op, got_guard);
    if (has_guard(e)) {
        look(op);
        return;
    }
    e->phase = ZR_GUARDING;
    e->guarded = false;
    zr_sent(op, e->e.only_try ? zobo_lock_try_async(g, &how, &e->asking) : zobo_lock_acquire_async(g, &how, &e->asking),
            got_guard);
}

static void
compared(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, prepare))
        return;
    zobo_semaphore *s = semaphore_of(op);
    if (err == ZOBO_ENONODE) {
        prepare(op);
    } else if (err) {
        end((zr_lease_entry *)op, err);
    } else if (number_in(s, reply) != s->max_leases) {
        end((zr_lease_entry *)op, ZOBO_EBADDATA);
    } else {
        s->agreed = true;
        guard(op);
    }
}

static void
prepared(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, prepare))
        return;
    zobo_semaphore *s = semaphore_of(op);
    if (err && err != ZOBO_ENODEEXISTS) {
        end((zr_lease_entry *)op, err);
    } else if (err && !s->agreed) {
        zobo_how how = zr_op_how(op, compared);
        zr_sent(op, zobo_get_async(op->recipe->client, s->path, NULL, &how, NULL), compared);
    } else {
        s->agreed = true;
        guard(op);
    }
}

static void
prepare(zr_op *op)
{
    const zobo_semaphore *s = semaphore_of(op);
    zobo_create_options o = {.acl = s->has_acl ? &s->acl : NULL, .makepath = true};
    zobo_how how = zr_op_how(op, prepared);
    char number[24];
    int len = snprintf(number, sizeof number, "%" PRId64, s->max_leases);
    ((zr_lease_entry *)op)->phase = ZR_PREPARING;
    zr_sent(op, zobo_create_async(op->recipe->client, s->path, number, (size_t)len, &o, &how, NULL), prepared);
}

static void
enter(zr_op *op)
{
    if (semaphore_of(op)->agreed)
        guard(op); /* the node has been there */
    else
        prepare(op);
}

/* ---- giving up and leaving ---- */

static zr_stopped
stop(zr_entry *entry)
{
    zr_lease_entry *e = (zr_lease_entry *)entry;
    zobo_semaphore *s = semaphore_of(&entry->op);
    drop_watches(e);
    if (e->phase == ZR_CLOSING && !e->result && !s->h.r.gone && is_of_this_session(e)) {
        zr_hold(entry, s->lease, e->czxid);
        return ZR_STOPPED_HOLDS;
    }
    if (e->asking)
        zobo_call_cancel(e->asking);
    if (e->guarded)
        zr_let_go(&s->guard->h);
    e->guarded = false;
    if (e->phase == ZR_MAKING)
        return ZR_STOPPED_LATER;
    return e->maybe ? ZR_STOPPED_LEAVE : ZR_STOPPED_CLEAN;
}

static void leave(zr_op *op);

static void
removed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (op && !zr_retry(op, err, leave))
        zr_left(op, err == ZOBO_ENONODE ? ZOBO_OK : err);
}

static void
leave(zr_op *op)
{
    zobo_how how = zr_op_how(op, removed);
    zr_sent(op, zobo_delete_async(op->recipe->client, semaphore_of(op)->lease, -1, &how, NULL), removed);
}

static void
tell_lost(zr_recipe *r, void *arg)
{
    zobo_semaphore *s = (zobo_semaphore *)r;
    (void)arg;
    s->lost(s->lost_arg, s);
}

const zr_holder_kind zr_semaphore_kind = {
    .entry_size = sizeof(zr_lease_entry), .enter = enter, .stop = stop, .leave = leave, .tell_lost = tell_lost};
