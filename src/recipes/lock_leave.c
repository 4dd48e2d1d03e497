/* SPDX-License-Identifier: Apache-2.0 */
/* How a lock is let go: its node goes, whatever it takes. */
#include "recipes/lock.h"

static void look(zr_op *op);
static void remove_node(zr_op *op);

/* The node is gone; or with `err` it could not be seen to: the client is stopped, and the session with it, or the
 * server does not permit it. */
static void
left(zr_op *op, zobo_err err)
{
    zobo_lock *lock = zr_lock_of(op);
    zb_free(lock->node);
    lock->node = NULL;
    zr_left(op, err);
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
    zr_sent(op, path ? zobo_delete_async(lock->h.r.client, path, -1, &how, NULL) : ZOBO_ENOMEM, removed);
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

void
zr_lock_leave(zr_op *op)
{
    if (zr_lock_of(op)->node)
        remove_node(op);
    else
        look(op);
}
