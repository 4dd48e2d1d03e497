/* SPDX-License-Identifier: Apache-2.0 */
/* How a lock is let go, and how it is lost: lock.c tells of a node's whole life. */
#include "recipes/lock.h"

/* ---- leaving: the node goes, whatever it takes ---- */

static void look(zr_op *op);
static void remove_node(zr_op *op);

/* The node is gone; or with `err` it could not be seen to: the client is stopped, and the session with it, or the server
 * does not permit it. */
static void
left(zr_op *op, zobo_err err)
{
    zobo_lock *lock = zr_lock_of(op);
    zb_link *l;
    zr_ref(&lock->r);
    zb_free(lock->node);
    lock->node = NULL;
    lock->state = ZR_LOCK_IDLE;
    zr_op_end(op, ZOBO_OK, NULL);
    if (lock->refused)
        zr_op_end(&lock->refused->op, ZOBO_EHELD, NULL);
    lock->refused = NULL;
    while ((l = zb_list_pop_front(&lock->leavers)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(l, zr_lock_leaver, in_line)->op, err, NULL);
    zr_lock_next(lock);
    zr_unref(&lock->r);
}

static void
removed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (op && !zr_retry(op, err, remove_node))
        left(op, err == ZOBO_ENONODE ? ZOBO_OK : err);
}

static void
remove_node(zr_op *op)
{
    zobo_lock *lock = zr_lock_of(op);
    zobo_how how = zr_op_how(op, removed);
    char *path = zr_path_child(lock->path, lock->node);
    zr_sent(op, path ? zobo_delete_async(lock->r.client, path, -1, &how, NULL) : ZOBO_ENOMEM, removed);
    zb_free(path);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, look))
        return;
    zobo_lock *lock = zr_lock_of(op);
    const char *own = err ? NULL : zr_lock_find_own(lock, reply);
    if (!own) {
        left(op, err == ZOBO_ENONODE ? ZOBO_OK : err);
        return;
    }
    lock->node = zr_strdup(own);
    if (lock->node)
        remove_node(op);
    else
        (void)zr_retry(op, ZOBO_ENOMEM, look);
}

static void
caught_up(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, look))
        return;
    zobo_how how = zr_op_how(op, looked);
    zr_sent(op, zobo_get_children_async(op->recipe->client, zr_lock_of(op)->path, NULL, &how, NULL), looked);
}

static void
look(zr_op *op)
{
    zobo_how how = zr_op_how(op, caught_up);
    zr_sent(op, zobo_sync_async(op->recipe->client, zr_lock_of(op)->path, &how, NULL), caught_up);
}

static void
begin_leaving(zr_op *op)
{
    if (zr_lock_of(op)->node)
        remove_node(op);
    else
        look(op);
}

static void
keep_op(zr_op *op)
{
    (void)op; /* part of the lock: there is always memory to leave */
}

/* The node, if there is one, is to go. */
void
zr_lock_leave(zobo_lock *lock)
{
    lock->state = ZR_LOCK_LEAVING;
    lock->entrant = NULL;
    atomic_store(&lock->fence, 0);
    zr_watch_drop(lock->own);
    lock->own = NULL;
    lock->tenure++;
    lock->leaving = (zr_op){.begin = begin_leaving, .give_up = left, .destroy = keep_op};
    zr_op_begin_quiet(&lock->r, &lock->leaving);
}

/* ---- loss ---- */

static void begin_watch(zr_op *op);

static void
tell_lost(zr_recipe *r, void *arg)
{
    zobo_lock *lock = (zobo_lock *)r;
    (void)arg;
    lock->o.lost(lock->o.lost_arg, lock);
}

static void
lose(zobo_lock *lock)
{
    atomic_store(&lock->lost, true);
    atomic_store(&lock->fence, 0); /* before it is told */
    if (lock->o.lost && zr_tell(&lock->r, tell_lost, NULL, NULL)) {
        /* No memory to tell it; zobo_lock_check does. */
    }
    zr_lock_leave(lock);
    if (lock->on_lost)
        lock->on_lost(lock->owner);
}

void
zr_lock_on_state(zr_recipe *r, zobo_state state)
{
    zobo_lock *lock = (zobo_lock *)r;
    if (lock->state != ZR_LOCK_HELD)
        return;
    if ((state == ZOBO_LOST && !lock->o.persistent) || (state == ZOBO_SUSPENDED && lock->o.release_on_suspended))
        lose(lock);
}

/* The watch on the holder's own node: a request that nobody waits for. */
typedef struct sentry {
    zr_op op; /* first */
    unsigned tenure;
    char *path;
    zr_watch *watch;
} sentry;

void
zr_lock_post_sentry(zobo_lock *lock)
{
    sentry *s = zb_calloc(1, sizeof *s);
    if (!s)
        return; /* the loss of the session is noticed even so */
    s->op.begin = begin_watch;
    s->tenure = lock->tenure;
    zr_op_begin_quiet(&lock->r, &s->op);
}

static void
own_event(void *owner, const zobo_event *event)
{
    zobo_lock *lock = owner;
    lock->own = NULL;
    if (lock->state != ZR_LOCK_HELD)
        return;
    if (event->type == ZOBO_EVENT_DELETED)
        lose(lock);
    else
        zr_lock_post_sentry(lock);
}

static void
own_watched(void *arg, zobo_err err, const zobo_reply *reply)
{
    sentry *s = arg;
    zobo_lock *lock = zr_lock_of(&s->op);
    (void)reply;
    if (s->watch) {
        zr_watch_set(s->watch, s->path, ZOBO_WATCH_DATA, !err);
        if (err && lock->own == s->watch)
            lock->own = NULL;
        s->watch = NULL;
    }
    zb_free(s->path);
    s->path = NULL;
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    bool held = lock->state == ZR_LOCK_HELD && lock->tenure == s->tenure;
    if (held && zr_retry(op, err, begin_watch))
        return;
    zr_ref(&lock->r);
    zr_op_end(op, ZOBO_OK, NULL);
    if (held && err == ZOBO_ENONODE)
        lose(lock);
    zr_unref(&lock->r);
}

static void
begin_watch(zr_op *op)
{
    sentry *s = (sentry *)op;
    zobo_lock *lock = zr_lock_of(op);
    zobo_err err = ZOBO_ENOMEM;
    if (lock->state != ZR_LOCK_HELD || lock->tenure != s->tenure || lock->own) {
        zr_op_end(op, ZOBO_OK, NULL);
        return;
    }
    s->path = zr_path_child(lock->path, lock->node);
    s->watch = s->path ? zr_watch_new(&lock->r, own_event, lock) : NULL;
    if (s->watch) {
        zobo_how how = zr_op_how(op, own_watched);
        lock->own = s->watch;
        err = zobo_get_async(lock->r.client, s->path, zr_watch_watcher(s->watch), &how, NULL);
    }
    zr_sent(op, err, own_watched);
}

/* ---- releasing ---- */

void
zr_lock_begin_release(zr_op *op)
{
    zobo_lock *lock = zr_lock_of(op);
    zr_lock_leaver *leaver = (zr_lock_leaver *)op;
    zb_list_init(&leaver->in_line);
    if (lock->state != ZR_LOCK_HELD) {
        zr_op_end(op, atomic_exchange(&lock->lost, false) ? ZOBO_ELOCKLOST : ZOBO_ENOTHELD, NULL);
    } else if (--lock->count) {
        zr_op_end(op, ZOBO_OK, NULL);
    } else {
        zb_list_push_back(&lock->leavers, &leaver->in_line);
        zr_lock_leave(lock);
    }
}

void
zr_lock_give_release_up(zr_op *op, zobo_err why)
{
    zb_list_remove(&((zr_lock_leaver *)op)->in_line);
    zr_op_end(op, why, NULL);
}

void
zr_lock_let_go(zobo_lock *lock)
{
    if (lock->state == ZR_LOCK_HELD)
        zr_lock_leave(lock);
}

void
zr_lock_freed(zr_recipe *r)
{
    zr_lock_let_go((zobo_lock *)r);
}
