/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/holder.h"

/* A release. */
typedef struct leaver {
    zr_op op; /* first */
    zb_link in_line;
} leaver;

void
zr_holder_init(zr_holder *h, const zr_holder_kind *kind)
{
    h->kind = kind;
    zb_list_init(&h->line);
    zb_list_init(&h->leavers);
}

/* ---- entering ---- */

static void
enter(zr_holder *h, zr_entry *e)
{
    h->state = ZR_ENTERING;
    h->entrant = e;
    h->kind->enter(&e->op);
}

/* Lost, and who held it has not released it yet. */
static bool
is_unacknowledged(const zr_holder *h)
{
    return !h->is_part && atomic_load((atomic_bool *)(uintptr_t)&h->lost);
}

static void
next_in_line(zr_holder *h)
{
    zb_link *l;
    if (h->state == ZR_IDLE && !is_unacknowledged(h) && (l = zb_list_pop_front(&h->line)) != NULL)
        enter(h, ZB_CONTAINER_OF(l, zr_entry, in_line));
}

/* Once more what is held already, if that can be told: it is to be released as often as it was. */
static void
hold_again(zr_holder *h, zr_op *op)
{
    zobo_err err = zr_op_prepare(op, &(zobo_reply){.path = h->node});
    if (!err)
        h->count++;
    zr_op_end(op, err, NULL);
}

static void
begin_entry(zr_op *op)
{
    zr_entry *e = (zr_entry *)op;
    zr_holder *h = zr_holder_of(op);
    zb_list_init(&e->in_line);
    if (h->state == ZR_HELD && h->reentrant)
        hold_again(h, op);
    else if (is_unacknowledged(h))
        zr_op_end(op, ZOBO_ELOCKLOST, NULL);
    else if (h->state == ZR_IDLE)
        enter(h, e);
    else if (e->only_try && (h->state != ZR_LEAVING || !zb_list_empty(&h->line)))
        zr_op_end(op, ZOBO_EHELD, NULL);
    else
        zb_list_push_back(&h->line, &e->in_line);
}

/* The entrant is no more. */
static void
end_entrant(zr_entry *e, zobo_err err, bool clean)
{
    zr_holder *h = zr_holder_of(&e->op);
    zr_ref(&h->r);
    h->entrant = NULL;
    h->state = clean ? ZR_IDLE : ZR_LEAVING;
    zr_op_end(&e->op, err, NULL);
    if (clean)
        next_in_line(h);
    zr_unref(&h->r);
}

static void
give_entry_up(zr_op *op, zobo_err why)
{
    zr_entry *e = (zr_entry *)op;
    zr_holder *h = zr_holder_of(op);
    if (h->entrant != e) {
        if (h->refused == e)
            h->refused = NULL;
        zb_list_remove(&e->in_line);
        zr_op_end(op, why, NULL);
        return;
    }
    switch (h->kind->stop(e)) {
    case ZR_STOPPED_CLEAN:
        zr_fail(e, why);
        break;
    case ZR_STOPPED_LEAVE:
        zr_withdraw(e, why);
        break;
    case ZR_STOPPED_LATER:
        end_entrant(e, why, false);
        break;
    case ZR_STOPPED_HOLDS:
        break;
    }
}

void
zr_fail(zr_entry *e, zobo_err err)
{
    end_entrant(e, err, true);
}

void
zr_withdraw(zr_entry *e, zobo_err err)
{
    zr_holder *h = zr_holder_of(&e->op);
    zr_ref(&h->r);
    end_entrant(e, err, false);
    zr_leave(h);
    zr_unref(&h->r);
}

static void
node_gone(void *owner)
{
    zr_lose(owner);
}

void
zr_refuse(zr_entry *e)
{
    zr_holder *h = zr_holder_of(&e->op);
    h->refused = e;
    zr_leave(h);
}

void
zr_hold(zr_entry *e, const char *node, int64_t fence)
{
    zr_holder *h = zr_holder_of(&e->op);
    zb_link *l;
    if (zr_op_prepare(&e->op, &(zobo_reply){.path = node})) {
        zr_withdraw(e, ZOBO_ENOMEM);
        return;
    }
    h->state = ZR_HELD;
    h->entrant = NULL;
    h->count = 1;
    h->node = zr_strdup(node); /* NULL: then a re-entrant acquire does not tell it */
    atomic_store(&h->lost, false);
    atomic_store(&h->fence, fence);
    if (node && (h->tells || h->on_lost))
        h->sentry = zr_sentry_post(&h->r, node, node_gone, h); /* NULL: the session's end is noticed even so */
    zr_ref(&h->r);
    zr_op_end(&e->op, ZOBO_OK, NULL);
    while (h->reentrant && h->state == ZR_HELD && (l = zb_list_pop_front(&h->line)) != NULL)
        hold_again(h, &ZB_CONTAINER_OF(l, zr_entry, in_line)->op);
    zr_unref(&h->r);
}

/* ---- leaving ---- */

static void
keep_op(zr_op *op)
{
    (void)op; /* part of the holder: there is always memory to leave */
}

void
zr_leave(zr_holder *h)
{
    h->state = ZR_LEAVING;
    h->entrant = NULL;
    atomic_store(&h->fence, 0);
    zr_sentry_dismiss(h->sentry);
    h->sentry = NULL;
    zb_free(h->node);
    h->node = NULL;
    h->leaving = (zr_op){.begin = h->kind->leave, .give_up = zr_left, .destroy = keep_op};
    zr_op_begin_quiet(&h->r, &h->leaving);
}

void
zr_left(zr_op *op, zobo_err err)
{
    zr_holder *h = zr_holder_of(op);
    zb_link *l;
    zr_ref(&h->r);
    h->state = ZR_IDLE;
    zr_op_end(op, ZOBO_OK, NULL);
    zr_entry *refused = h->refused;
    h->refused = NULL;
    if (refused)
        zr_op_end(&refused->op, ZOBO_EHELD, NULL);
    while ((l = zb_list_pop_front(&h->leavers)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(l, leaver, in_line)->op, err, NULL);
    next_in_line(h);
    zr_unref(&h->r);
}

void
zr_lose(zr_holder *h)
{
    atomic_store(&h->lost, true);
    atomic_store(&h->fence, 0); /* before it is told */
    if (h->tells && zr_tell(&h->r, h->kind->tell_lost, NULL, NULL)) {
        /* No memory to tell it; zr_holder_check does. */
    }
    zr_leave(h);
    if (h->on_lost)
        h->on_lost(h->owner);
}

void
zr_holder_state(zr_recipe *r, zobo_state state)
{
    zr_holder *h = (zr_holder *)r;
    bool over = (state == ZOBO_LOST && !h->persistent) || (state == ZOBO_SUSPENDED && h->release_on_suspended);
    if (h->state == ZR_HELD && over)
        zr_lose(h);
}

void
zr_holder_freed(zr_recipe *r)
{
    zr_holder *h = (zr_holder *)r;
    if (h->state == ZR_HELD)
        zr_leave(h);
}

void
zr_let_go(zr_holder *h)
{
    atomic_store(&h->lost, false);
    if (h->state == ZR_HELD)
        zr_leave(h);
    else
        next_in_line(h);
}

static void
begin_release(zr_op *op)
{
    zr_holder *h = zr_holder_of(op);
    leaver *l = (leaver *)op;
    zb_list_init(&l->in_line);
    if (h->state == ZR_LEAVING && h->is_part) {
        zb_list_push_back(&h->leavers, &l->in_line); /* of a recipe, which wants to know when nothing is left */
    } else if (h->state != ZR_HELD) {
        bool lost = atomic_exchange(&h->lost, false);
        zr_ref(&h->r);
        zr_op_end(op, lost ? ZOBO_ELOCKLOST : ZOBO_ENOTHELD, NULL);
        next_in_line(h);
        zr_unref(&h->r);
    } else if (--h->count) {
        zr_op_end(op, ZOBO_OK, NULL);
    } else {
        zb_list_push_back(&h->leavers, &l->in_line);
        zr_leave(h);
    }
}

static void
give_release_up(zr_op *op, zobo_err why)
{
    zb_list_remove(&((leaver *)op)->in_line);
    zr_op_end(op, why, NULL);
}

/* ---- the API's part ---- */

zobo_err
zr_acquire_async(zr_holder *h, bool only_try, const zobo_how *how, zobo_call **call)
{
    zr_entry *e = zb_calloc(1, h->kind->entry_size);
    if (e) {
        e->only_try = only_try;
        e->op.begin = begin_entry;
        e->op.give_up = give_entry_up;
        e->op.destroy = h->kind->destroy_entry;
    }
    return zr_op_start(&h->r, e ? &e->op : NULL, how, call);
}

zobo_err
zr_acquire(zr_holder *h, bool only_try, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zr_acquire_async(h, only_try, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zr_release_async(zr_holder *h, const zobo_how *how, zobo_call **call)
{
    leaver *l = zb_calloc(1, sizeof *l);
    if (l) {
        l->op.begin = begin_release;
        l->op.give_up = give_release_up;
    }
    return zr_op_start(&h->r, l ? &l->op : NULL, how, call);
}

zobo_err
zr_release(zr_holder *h, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zr_release_async(h, &how, &call);
    return zr_wait(err, call, NULL);
}

static void
cancel_all(zr_recipe *r, void *arg)
{
    zr_holder *h = (zr_holder *)r;
    zb_link *l;
    (void)arg;
    while ((l = zb_list_pop_front(&h->line)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(l, zr_entry, in_line)->op, ZOBO_ECANCELLED, NULL);
    if (h->entrant)
        give_entry_up(&h->entrant->op, ZOBO_ECANCELLED);
}

zobo_err
zr_cancel(zr_holder *h)
{
    return zr_post(&h->r, cancel_all, NULL);
}

zobo_err
zr_holder_check(const zr_holder *h)
{
    if (zr_holder_fence(h))
        return ZOBO_OK;
    return atomic_load((atomic_bool *)(uintptr_t)&h->lost) ? ZOBO_ELOCKLOST : ZOBO_ENOTHELD;
}

int64_t
zr_holder_fence(const zr_holder *h)
{
    return atomic_load((_Atomic int64_t *)(uintptr_t)&h->fence);
}
