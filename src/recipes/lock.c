/* SPDX-License-Identifier: Apache-2.0 */
/* Lock, ReadLock, WriteLock.
 *
 * A lock object has at most one node, and one op at a time that tries to get it (the entrant); others stand in line. The
 * node's life:
 *
 *   IDLE -> ENTERING: make -> list -> (watch who stands in the way -> list)* -> HELD
 *           ENTERING: given up ----------------------------------------------------> LEAVING
 *   HELD -> LEAVING (released, or lost): the node is deleted, or looked for and deleted -> IDLE, next in line
 *
 * Whenever an answer was lost, the node is looked for by its prefix, which is the object's own, behind a sync: what the
 * server may have done before shows then. */
#include "recipes/lock.h"

#include <string.h>

/* ---- entering ---- */

static void make(zr_op *op);
static void find(zr_op *op);
static void list(zr_op *op);

/* The entrant has failed for good, with no node. */
static void
fail(zr_lock_entry *e, zobo_err err)
{
    zobo_lock *lock = zr_lock_of(&e->op);
    zr_ref(&lock->r);
    lock->entrant = NULL;
    lock->state = ZR_LOCK_IDLE;
    zr_op_end(&e->op, err, NULL);
    zr_lock_next(lock);
    zr_unref(&lock->r);
}

/* The entrant has failed, or was given up, and its node is to go. */
static void
withdraw(zr_lock_entry *e, zobo_err err)
{
    zobo_lock *lock = zr_lock_of(&e->op);
    zr_watch_drop(e->watch);
    e->watch = NULL;
    zr_ref(&lock->r);
    zr_op_end(&e->op, err, NULL);
    zr_lock_leave(lock);
    zr_unref(&lock->r);
}

static void
hold(zr_lock_entry *e)
{
    zobo_lock *lock = zr_lock_of(&e->op);
    char *path = zr_path_child(lock->path, lock->node);
    lock->state = ZR_LOCK_HELD;
    lock->entrant = NULL;
    lock->count = 1;
    atomic_store(&lock->lost, false);
    atomic_store(&lock->fence, lock->czxid);
    if (lock->o.lost || lock->on_lost)
        zr_lock_post_sentry(lock);
    zr_op_end(&e->op, ZOBO_OK, &(zobo_reply){.path = path});
    zb_free(path);
}

static void
obstacle_event(void *owner, const zobo_event *event)
{
    zr_lock_entry *e = owner;
    (void)event; /* gone, changed, or the session is lost: look anew */
    e->watch = NULL;
    list(&e->op);
}

static void
obstacle_watched(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lock_entry *e = arg;
    (void)reply;
    if (e->asked) {
        zr_watch_set(e->asked, e->obstacle, ZOBO_WATCH_DATA, !err);
        if (err && e->watch == e->asked)
            e->watch = NULL;
        e->asked = NULL;
    }
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, list))
        return;
    if (err == ZOBO_ENONODE)
        list(op);
    else if (err)
        withdraw(e, err);
}

static void
watch_obstacle(zr_lock_entry *e, const char *name)
{
    zobo_lock *lock = zr_lock_of(&e->op);
    zobo_err err = ZOBO_ENOMEM;
    zb_free(e->obstacle);
    e->obstacle = zr_path_child(lock->path, name);
    e->asked = e->obstacle ? zr_watch_new(&lock->r, obstacle_event, e) : NULL;
    if (e->asked) {
        zobo_how how = zr_op_how(&e->op, obstacle_watched);
        e->watch = e->asked;
        err = zobo_get_async(lock->r.client, e->obstacle, zr_watch_watcher(e->asked), &how, NULL);
    }
    zr_sent(&e->op, err, obstacle_watched);
}

/* A client gives a session up by its own clock, and then the server may still have it, and its nodes: they are not ours to
 * hold a lock with, for they go at any moment. */
static bool
is_of_this_session(const zobo_lock *lock)
{
    zobo_client_id id;
    return lock->o.persistent || (!zobo_get_client_id(lock->r.client, &id) && id.session_id == lock->session);
}

/* Whoever leaves now looks for it. */
static void
forget_node(zobo_lock *lock)
{
    zb_free(lock->node);
    lock->node = NULL;
}

static void
listed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, list))
        return;
    zr_lock_entry *e = (zr_lock_entry *)op;
    zobo_lock *lock = zr_lock_of(op);
    const char *obstacle = NULL;
    if (!is_of_this_session(lock)) {
        forget_node(lock);
        find(op);
    } else if (err && err != ZOBO_ENONODE) {
        withdraw(e, err);
    } else if (err || !zr_lock_place(lock, reply, &obstacle)) {
        forget_node(lock); /* gone: with its session, or by somebody's hand */
        make(op);
    } else if (!obstacle) {
        hold(e);
    } else if (e->only_try) {
        lock->refused = e; /* not told before its node is gone: it would stand in the way of the next who tries */
        zr_lock_leave(lock);
    } else {
        watch_obstacle(e, obstacle);
    }
}

static void
list(zr_op *op)
{
    zobo_how how = zr_op_how(op, listed);
    zr_sent(op, zobo_get_children_async(op->recipe->client, zr_lock_of(op)->path, NULL, &how, NULL), listed);
}

/* False: no memory. */
static bool
take_node(zobo_lock *lock, const char *path, const zobo_stat *stat)
{
    zb_free(lock->node);
    lock->node = zr_strdup(strrchr(path, '/') + 1);
    lock->czxid = stat->czxid;
    lock->session = stat->ephemeral_owner;
    return lock->node != NULL;
}

static void
made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lock_entry *e = arg;
    zobo_lock *lock = zr_lock_of(&e->op);
    zr_ref(&lock->r);
    e->making = false;
    bool taken = !err && reply && take_node(lock, reply->path, &reply->stat);
    zr_op *op = zr_back(arg);
    if (!op)
        zr_lock_leave(lock); /* given up meanwhile */
    else if (zr_retry(op, err, find)) {
        /* it may be there */
    } else if (err)
        fail(e, err);
    else if (!taken)
        withdraw(e, ZOBO_ENOMEM);
    else
        list(op);
    zr_unref(&lock->r);
}

static void
make(zr_op *op)
{
    zobo_lock *lock = zr_lock_of(op);
    zobo_create_options o = {
        .acl = lock->o.acl, .ephemeral = !lock->o.persistent, .sequence = true, .makepath = true, .include_stat = true};
    zobo_how how = zr_op_how(op, made);
    ((zr_lock_entry *)op)->making = true;
    zr_sent(op,
            zobo_create_async(lock->r.client, lock->prefix, lock->identifier, strlen(lock->identifier), &o, &how, NULL),
            made);
}

static void
cleared(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, find))
        return;
    if (err && err != ZOBO_ENONODE)
        withdraw((zr_lock_entry *)op, err);
    else
        find(op);
}

/* The found node is of a session before this one. */
static void
clear_away(zr_op *op)
{
    zobo_lock *lock = zr_lock_of(op);
    zobo_how how = zr_op_how(op, cleared);
    char *path = zr_path_child(lock->path, lock->node);
    forget_node(lock);
    zr_sent(op, path ? zobo_delete_async(lock->r.client, path, -1, &how, NULL) : ZOBO_ENOMEM, cleared);
    zb_free(path);
}

/* The found node's stat was asked for. */
static void
examined(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, find))
        return;
    if (err == ZOBO_ENONODE) {
        find(op);
    } else if (err) {
        withdraw((zr_lock_entry *)op, err);
    } else {
        zobo_lock *lock = zr_lock_of(op);
        lock->czxid = reply->stat.czxid;
        lock->session = reply->stat.ephemeral_owner;
        if (is_of_this_session(lock))
            list(op);
        else
            clear_away(op);
    }
}

static void
found(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, find))
        return;
    zobo_lock *lock = zr_lock_of(op);
    const char *own = err ? NULL : zr_lock_find_own(lock, reply);
    if (!own) {
        make(op);
        return;
    }
    char *path = zr_path_child(lock->path, own);
    if (!path || !take_node(lock, path, &(zobo_stat){0})) {
        withdraw((zr_lock_entry *)op, ZOBO_ENOMEM);
    } else {
        zobo_how how = zr_op_how(op, examined);
        zr_sent(op, zobo_exists_async(lock->r.client, path, NULL, &how, NULL), examined);
    }
    zb_free(path);
}

static void
synced(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, find))
        return;
    zobo_how how = zr_op_how(op, found);
    zr_sent(op, zobo_get_children_async(op->recipe->client, zr_lock_of(op)->path, NULL, &how, NULL), found);
}

static void
find(zr_op *op)
{
    zobo_how how = zr_op_how(op, synced);
    zr_sent(op, zobo_sync_async(op->recipe->client, zr_lock_of(op)->path, &how, NULL), synced);
}

static void
enter(zobo_lock *lock, zr_lock_entry *e)
{
    lock->state = ZR_LOCK_ENTERING;
    lock->entrant = e;
    make(&e->op);
}

void
zr_lock_next(zobo_lock *lock)
{
    zb_link *l;
    if (lock->state == ZR_LOCK_IDLE && (l = zb_list_pop_front(&lock->line)) != NULL)
        enter(lock, ZB_CONTAINER_OF(l, zr_lock_entry, in_line));
}

void
zr_lock_begin_entry(zr_op *op)
{
    zr_lock_entry *e = (zr_lock_entry *)op;
    zobo_lock *lock = zr_lock_of(op);
    zb_list_init(&e->in_line);
    if (lock->state == ZR_LOCK_HELD && lock->o.reentrant) {
        lock->count++;
        zr_op_end(op, ZOBO_OK, NULL);
    } else if (lock->state == ZR_LOCK_IDLE) {
        enter(lock, e);
    } else if (e->only_try && lock->state != ZR_LOCK_LEAVING) {
        zr_op_end(op, ZOBO_EHELD, NULL);
    } else {
        zb_list_push_back(&lock->line, &e->in_line);
    }
}

void
zr_lock_give_entry_up(zr_op *op, zobo_err why)
{
    zr_lock_entry *e = (zr_lock_entry *)op;
    zobo_lock *lock = zr_lock_of(op);
    if (lock->entrant != e) {
        lock->refused = lock->refused == e ? NULL : lock->refused;
        zb_list_remove(&e->in_line);
        zr_op_end(op, why, NULL);
    } else if (e->making) {
        lock->state = ZR_LOCK_LEAVING; /* as soon as it is known what came of it */
        lock->entrant = NULL;
        zr_op_end(op, why, NULL);
    } else {
        withdraw(e, why);
    }
}

void
zr_lock_cancel_all(zr_recipe *r, void *arg)
{
    zobo_lock *lock = (zobo_lock *)r;
    zb_link *l;
    (void)arg;
    while ((l = zb_list_pop_front(&lock->line)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(l, zr_lock_entry, in_line)->op, ZOBO_ECANCELLED, NULL);
    if (lock->entrant)
        zr_lock_give_entry_up(&lock->entrant->op, ZOBO_ECANCELLED);
}
