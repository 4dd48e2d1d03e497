/* SPDX-License-Identifier: Apache-2.0 */
/* Lock, ReadLock, WriteLock: how one is got. holder.h tells of the life of what is acquired and released; here
 *
 *   ENTERING is: make a node -> list -> (watch who stands in the way -> list)* -> HELD
 *
 * Whenever an answer was lost, the node is looked for by its prefix, which is the object's own, behind a sync: what the
 * server may have done before shows then. */
#include "recipes/lock.h"

#include <string.h>

/* ---- entering ---- */

static void make(zr_op *op);
static void find(zr_op *op);
static void list(zr_op *op);

static void
drop_watch(zr_lock_entry *e)
{
    zr_watch_drop(e->watch);
    e->watch = NULL;
}

/* The entrant has failed, and its node is to go. */
static void
withdraw(zr_lock_entry *e, zobo_err err)
{
    drop_watch(e);
    zr_withdraw(&e->e, err);
}

static void
hold(zr_lock_entry *e)
{
    zobo_lock *lock = zr_lock_of(&e->e.op);
    char *path = zr_path_child(lock->path, lock->node);
    if (path)
        zr_hold(&e->e, path, lock->czxid);
    else
        withdraw(e, ZOBO_ENOMEM);
    zb_free(path);
}

static void
obstacle_event(void *owner, const zobo_event *event)
{
    zr_lock_entry *e = owner;
    (void)event; /* gone, changed, or the session is lost: look anew */
    e->watch = NULL;
    list(&e->e.op);
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
    zobo_lock *lock = zr_lock_of(&e->e.op);
    zobo_err err = ZOBO_ENOMEM;
    zb_free(e->obstacle);
    e->obstacle = zr_path_child(lock->path, name);
    e->asked = e->obstacle ? zr_watch_new(&lock->h.r, obstacle_event, e) : NULL;
    if (e->asked) {
        zobo_how how = zr_op_how(&e->e.op, obstacle_watched);
        e->watch = e->asked;
        err = zobo_get_async(lock->h.r.client, e->obstacle, zr_watch_watcher(e->asked), &how, NULL);
    }
    zr_sent(&e->e.op, err, obstacle_watched);
}

/* A client gives a session up by its own clock, and then the server may still have it, and its nodes: they are not ours
 * to hold a lock with, for they go at any moment. */
static bool
is_of_this_session(const zobo_lock *lock)
{
    zobo_client_id id;
    return lock->o.persistent || (!zobo_get_client_id(lock->h.r.client, &id) && id.session_id == lock->session);
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
    } else if (e->e.only_try) {
        zr_refuse(&e->e);
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
    zobo_lock *lock = zr_lock_of(&e->e.op);
    zr_ref(&lock->h.r);
    e->making = false;
    bool taken = !err && reply && take_node(lock, reply->path, &reply->stat);
    zr_op *op = zr_back(arg);
    if (!op)
        zr_leave(&lock->h); /* given up meanwhile */
    else if (zr_retry(op, err, find)) {
        /* it may be there */
    } else if (err)
        zr_fail(&e->e, err);
    else if (!taken)
        withdraw(e, ZOBO_ENOMEM);
    else
        list(op);
    zr_unref(&lock->h.r);
}

static void
make(zr_op *op)
{
    zobo_lock *lock = zr_lock_of(op);
    zobo_create_options o = {
        .acl = lock->o.acl, .ephemeral = !lock->o.persistent, .sequence = true, .makepath = true, .include_stat = true};
    zobo_how how = zr_op_how(op, made);
    ((zr_lock_entry *)op)->making = true;
    zr_sent(
        op,
        zobo_create_async(lock->h.r.client, lock->prefix, lock->identifier, strlen(lock->identifier), &o, &how, NULL),
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
    zr_sent(op, path ? zobo_delete_async(lock->h.r.client, path, -1, &how, NULL) : ZOBO_ENOMEM, cleared);
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
        zr_sent(op, zobo_exists_async(lock->h.r.client, path, NULL, &how, NULL), examined);
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

void
zr_lock_enter(zr_op *op)
{
    forget_node(zr_lock_of(op)); /* one that could not be deleted may have left its name */
    make(op);
}

zr_stopped
zr_lock_stop(zr_entry *entry)
{
    zr_lock_entry *e = (zr_lock_entry *)entry;
    drop_watch(e);
    return e->making ? ZR_STOPPED_LATER : ZR_STOPPED_LEAVE; /* what came of it is known when it is back */
}
