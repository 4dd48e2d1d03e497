/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that end without anybody's delete: a session's ephemerals, containers, TTL nodes. */
#include "core/path.h"
#include "engine/exec_internal.h"

static zobo_err
remove_ephemeral(zs_change *c, zb_buf found)
{
    zs_node node, parent;
    size_t len = (size_t)found.n;
    const char *path = zs_arena_copy(c->arena, found.p, len);
    if (!path)
        return ZOBO_ENOMEM;
    zobo_err err = zs_node_find(c->txn, path, len, &node, NULL);
    if (!err)
        err = zs_node_find(c->txn, path, zb_path_parent_len(path, len), &parent, NULL);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
    return zs_remove(c, path, len, &node, &parent);
}

zobo_err
zs_close_session(zs_change *c)
{
    int64_t session = c->request->session;
    uint64_t serial = 0;
    zb_buf path;
    zobo_err err;
    while ((err = zs_ephemeral_after(c->txn, session, &serial, &path)) == ZOBO_OK) {
        err = remove_ephemeral(c, path);
        if (err)
            return err;
    }
    if (err == ZOBO_ENONODE)
        err = zs_session_delete(c->txn, session);
    return err == ZOBO_ENONODE ? ZOBO_OK : err; /* a session that is gone is closed */
}

/* A container ends when its last child has gone; one that never had any, after a while. A TTL node ends when it has
 * been childless and not been set for its time. */
bool
zs_exec_may_reap(zs_txn *txn, zb_buf path, uint64_t serial, int64_t time_ms, int64_t never_used_ms)
{
    zs_node node;
    if (zs_node_find(txn, path.p, (size_t)path.n, &node, NULL) != ZOBO_OK || node.serial != serial ||
        node.n_children > 0)
        return false;
    int64_t age = time_ms - node.mtime;
    if (node.owner == ZS_OWNER_CONTAINER)
        return node.created > 0 || (never_used_ms > 0 && age > never_used_ms);
    if ((node.owner & ZS_OWNER_TTL) != ZS_OWNER_TTL)
        return false;
    return age > (node.owner & ZS_MAX_TTL);
}
