/* SPDX-License-Identifier: Apache-2.0 */
/* What reads and writes share: reading requests, finding nodes, permissions, walks. */
#include "engine/exec_internal.h"

bool
zs_is_fatal(zobo_err err)
{
    return err == ZOBO_ESYSTEM || err == ZOBO_EDATAINCONSISTENCY || err == ZOBO_ENOTREADONLY || (int)err <= -1000;
}

/* --- requests --- */

zb_buf
zs_get_name(zb_reader *r)
{
    zb_buf name = zb_get_str(r);
    if (name.n < 0)
        zb_reader_fail(r);
    return name;
}

bool
zs_op_creates(int32_t type)
{
    return type == ZB_OP_CREATE || type == ZB_OP_CREATE2 || type == ZB_OP_CREATE_CONTAINER || type == ZB_OP_CREATE_TTL;
}

bool
zs_op_get(zb_reader *r, int32_t type, zs_op *op)
{
    *op = (zs_op){.type = type, .path = zb_get_str(r), .ttl = -1};
    if (op->path.n < 0) { /* for these ZooKeeper takes null for a bad path, for the others for a bad request */
        if (type != ZB_OP_SET_DATA && type != ZB_OP_SET_ACL && type != ZB_OP_CHECK)
            zb_reader_fail(r);
        op->path = (zb_buf){"", 0};
    }
    switch (type) {
    case ZB_OP_CREATE:
    case ZB_OP_CREATE2:
    case ZB_OP_CREATE_CONTAINER:
    case ZB_OP_CREATE_TTL:
        op->data = zb_get_buf(r);
        op->acl = zb_get_aclvec(r);
        op->flags = zb_get_i32(r);
        if (type == ZB_OP_CREATE_TTL)
            op->ttl = zb_get_i64(r);
        break;
    case ZB_OP_SET_DATA:
        op->data = zb_get_buf(r);
        op->version = zb_get_i32(r);
        break;
    case ZB_OP_SET_ACL:
        op->acl = zb_get_aclvec(r);
        op->version = zb_get_i32(r);
        break;
    case ZB_OP_DELETE:
    case ZB_OP_CHECK:
        op->version = zb_get_i32(r);
        break;
    case ZB_OP_GET_DATA:
    case ZB_OP_GET_CHILDREN:
        (void)zb_get_bool(r); /* a watch, which a multiRead does not set */
        break;
    default:
        return false;
    }
    return !r->bad;
}

/* --- nodes --- */

/* can_exist refuses what the store's keys cannot hold. Other bad paths just are not found. */
static bool
can_exist(const char *path, size_t len)
{
    return path[0] == '/' && !memchr(path, '\0', len);
}

zobo_err
zs_find(zs_txn *txn, const char *path, size_t len, zs_node *node, zb_buf *data)
{
    if (len == 0 || (len == 1 && path[0] == '/'))
        return zs_node_find(txn, "/", 1, node, data);
    if (!can_exist(path, len))
        return ZOBO_ENONODE;
    return zs_node_find(txn, path, len, node, data);
}

zobo_err
zs_permit(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, uint32_t acl, int32_t perms)
{
    if (acl == ZS_ACL_OPEN || ids == NULL || rules->skip_acl)
        return ZOBO_OK;
    zb_aclvec list;
    zobo_err err = zs_acl_get(txn, acl, &list);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
    return zs_acl_permits(list, perms, ids) ? ZOBO_OK : ZOBO_ENOAUTH;
}

size_t
zs_parent_len(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] != '/')
        len--;
    return len > 0 ? len - 1 : 0;
}

/* --- walks --- */

/* Directories wait on a stack, so that memory follows the tree's width, not a recursion its depth. */
static void
push_dir(zs_walk *walk, const uint8_t *path, size_t len)
{
    zs_bytes_add(&walk->dirs, path, len);
    zs_bytes_add(&walk->dirs, &len, sizeof len);
}

static bool
pop_dir(zs_walk *walk)
{
    size_t len;
    if (walk->dirs.n == 0 || walk->dirs.failed)
        return false;
    walk->dirs.n -= sizeof len;
    memcpy(&len, walk->dirs.p + walk->dirs.n, sizeof len);
    walk->dirs.n -= len;
    walk->path.n = 0;
    zs_bytes_add(&walk->path, walk->dirs.p + walk->dirs.n, len);
    if (walk->path.failed)
        return false;
    walk->dir_len = len;
    walk->err = zs_children_start(&walk->it, walk->txn, (const char *)walk->path.p, len);
    walk->open = walk->err == ZOBO_OK;
    return walk->open;
}

void
zs_walk_start(zs_walk *walk, zs_txn *txn, const char *path, size_t len)
{
    *walk = (zs_walk){.txn = txn};
    push_dir(walk, (const uint8_t *)path, len);
}

bool
zs_walk_next(zs_walk *walk, zs_node *node)
{
    zb_buf name;
    for (;;) {
        if (walk->open && zs_children_next(&walk->it, &name))
            break;
        if (walk->open) {
            zs_children_stop(&walk->it);
            walk->err = walk->it.err;
        }
        walk->open = false;
        if (walk->err || !pop_dir(walk)) {
            if (!walk->err && (walk->dirs.failed || walk->path.failed))
                walk->err = ZOBO_ENOMEM;
            return false;
        }
    }
    walk->path.n = walk->dir_len > 1 ? walk->dir_len : 0;
    zs_bytes_add(&walk->path, "/", 1);
    zs_bytes_add(&walk->path, name.p, (size_t)name.n);
    if (walk->path.failed)
        walk->err = ZOBO_ENOMEM;
    else
        walk->err = zs_node_find(walk->txn, (const char *)walk->path.p, walk->path.n, node, NULL);
    if (walk->err == ZOBO_OK && node->n_children > 0)
        push_dir(walk, walk->path.p, walk->path.n);
    return walk->err == ZOBO_OK;
}

void
zs_walk_stop(zs_walk *walk)
{
    if (walk->open)
        zs_children_stop(&walk->it);
    zs_bytes_free(&walk->dirs);
    zs_bytes_free(&walk->path);
}
