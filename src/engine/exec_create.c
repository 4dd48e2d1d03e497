/* SPDX-License-Identifier: Apache-2.0 */
/* create and its kin. The order of the checks is ZooKeeper's, for clients see which comes first. */
#include "engine/exec_internal.h"

#include <stdio.h>

#include "core/path.h"

/* owner_of makes a node's ephemeralOwner of an operation and its flags. False: they do not fit. The plain opcodes take
 * a container's flag, too. */
static bool
owner_of(const zs_op *op, int64_t session, int64_t *owner)
{
    bool ttl = op->flags == ZB_CREATE_TTL || op->flags == ZB_CREATE_TTL_SEQUENCE;
    if (op->flags < 0 || op->flags > ZB_CREATE_TTL_SEQUENCE || ttl != (op->type == ZB_OP_CREATE_TTL))
        return false;
    if (op->type == ZB_OP_CREATE_CONTAINER && op->flags != ZB_CREATE_CONTAINER)
        return false;
    if (ttl && (op->ttl <= 0 || op->ttl > ZS_MAX_TTL))
        return false;
    if (ttl)
        *owner = ZS_OWNER_TTL | op->ttl;
    else if (op->flags == ZB_CREATE_CONTAINER)
        *owner = ZS_OWNER_CONTAINER;
    else
        *owner = op->flags & ZB_CREATE_EPHEMERAL ? session : 0;
    return true;
}

static bool
is_sequence(int32_t flags)
{
    return flags == ZB_CREATE_SEQUENCE || flags == (ZB_CREATE_EPHEMERAL | ZB_CREATE_SEQUENCE) ||
           flags == ZB_CREATE_TTL_SEQUENCE;
}

/* fix_acl makes what is to be stored: *id, or, 0, bytes in w->acl. Nearly all ACLs are the open one. */
static zobo_err
fix_acl(zs_change *c, zb_aclvec acl, uint32_t *id)
{
    static const uint8_t open[] = {0,   0, 0, 31, 0, 0,   0,   5,   'w', 'o', 'r', 'l',
                                   'd', 0, 0, 0,  6, 'a', 'n', 'y', 'o', 'n', 'e'};
    *id = 0;
    if (acl.n == 1 && acl.end - acl.p == sizeof open && memcmp(acl.p, open, sizeof open) == 0) {
        *id = ZS_ACL_OPEN;
        return ZOBO_OK;
    }
    zs_reuse(&c->w->acl);
    zobo_err err = zs_acl_fix(acl, c->request->ids, &c->w->acl);
    return !err && c->w->acl.failed ? ZOBO_ENOMEM : err;
}

static zobo_err
store_acl(zs_change *c, uint32_t *id)
{
    return *id ? ZOBO_OK : zs_acl_put(c->txn, c->w->acl.p, c->w->acl.n, id);
}

/* final_path puts a path into the arena, with the next number of its parent if it is to have one. The counter stays at
 * its end, where no number is left: that name would come twice. */
static zobo_err
final_path(zs_change *c, const zs_op *op, const zs_node *parent, zs_done *done)
{
    char digits[12] = "";
    size_t n = (size_t)op->path.n, n_digits = 0;
    if (is_sequence(op->flags))
        n_digits = (size_t)snprintf(digits, sizeof digits, "%010d", (int)parent->created);
    char *path = zs_arena_take(c->arena, n + n_digits);
    if (!path)
        return ZOBO_ENOMEM;
    memcpy(path, op->path.p, n);
    memcpy(path + n, digits, n_digits);
    done->path = path;
    done->len = n + n_digits;
    size_t offset;
    if (zb_path_fault(done->path, done->len, false, &offset))
        return ZOBO_EBADARGUMENTS;
    return n_digits && parent->created == INT32_MAX ? ZOBO_ENODEEXISTS : ZOBO_OK;
}

/* check does all that can refuse a create. */
static zobo_err
check(zs_change *c, const zs_op *op, zs_node *parent, uint32_t *acl, zs_done *done)
{
    const char *path = op->path.p;
    size_t len = (size_t)op->path.n, parent_len = zs_parent_len(path, len);
    if (!memchr(path, '/', len) || memchr(path, 0, len))
        return ZOBO_EBADARGUMENTS;
    zobo_err err = fix_acl(c, op->acl, acl);
    if (!err)
        err = zs_find(c->txn, path, parent_len, parent, NULL);
    if (!err)
        err = zs_permit(c->txn, &c->w->rules, c->request->ids, parent->acl, ZOBO_PERM_CREATE);
    if (!err)
        err = final_path(c, op, parent, done);
    if (err)
        return err;
    err = zs_node_find(c->txn, done->path, done->len, &done->node, NULL);
    if (err != ZOBO_ENONODE)
        return err ? err : ZOBO_ENODEEXISTS;
    if (zs_owner_is_session(parent->owner))
        return ZOBO_ENOCHILDRENFOREPHEMERALS;
    return zs_quota_check(c, done->path, done->len, op->data.n > 0 ? op->data.n : 0, 1);
}

zobo_err
zs_create(zs_change *c, const zs_op *op, zs_done *done)
{
    zs_node parent;
    uint32_t acl;
    int64_t owner, time = c->request->time_ms;
    if (!owner_of(op, c->request->session, &owner))
        return ZOBO_EBADARGUMENTS;
    zobo_err err = check(c, op, &parent, &acl, done);
    if (!err)
        err = store_acl(c, &acl);
    if (err)
        return err;

    done->node = (zs_node){
        .czxid = c->zxid, .mzxid = c->zxid, .pzxid = c->zxid, .ctime = time, .mtime = time, .owner = owner, .acl = acl};
    err = zs_node_put(c->txn, done->path, done->len, &done->node, &op->data);
    if (err)
        return err;
    size_t parent_len = zb_path_parent_len(done->path, done->len);
    parent.created += parent.created < INT32_MAX;
    parent.n_children++;
    parent.pzxid = c->zxid;
    err = zs_node_put(c->txn, done->path, parent_len, &parent, NULL);
    if (!err)
        err = zs_effect_add(c, ZOBO_EVENT_CREATED, acl, done->path, done->len);
    if (!err)
        err = zs_effect_add(c, ZOBO_EVENT_CHILD, parent.acl, done->path, parent_len);
    if (!err)
        err = zs_quota_created(c, done->path, done->len);
    if (!err)
        err = zs_quota_count(c, done->path, done->len, op->data.n > 0 ? op->data.n : 0, 1);
    return err;
}

zobo_err
zs_set_acl(zs_change *c, const zs_op *op, zs_done *done)
{
    size_t offset;
    uint32_t acl;
    if (zb_path_fault(op->path.p, (size_t)op->path.n, false, &offset))
        return ZOBO_EBADARGUMENTS;
    zobo_err err = fix_acl(c, op->acl, &acl);
    if (!err)
        err = zs_node_find(c->txn, op->path.p, (size_t)op->path.n, &done->node, NULL);
    if (!err)
        err = zs_permit(c->txn, &c->w->rules, c->request->ids, done->node.acl, ZOBO_PERM_ADMIN);
    if (!err)
        err = zs_next_version(&done->node.aversion, op->version);
    if (!err)
        err = store_acl(c, &acl);
    if (err)
        return err;
    done->node.acl = acl;
    return zs_node_put(c->txn, op->path.p, (size_t)op->path.n, &done->node, NULL);
}
