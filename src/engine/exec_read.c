/* SPDX-License-Identifier: Apache-2.0 */
/* Reads. An answer is written straight into the connection's output: a getData is one look-up and one copy. Paths are
 * not judged: what is none is not found. */
#include "engine/exec_internal.h"
#include "engine/watches.h"

static void
add_node_stat(zs_bytes *out, const zs_node *node)
{
    zobo_stat stat;
    zs_node_stat(node, &stat);
    zs_add_stat(out, &stat);
}

/* find_for finds a node that `ids` have one of the permissions on. */
static zobo_err
find_for(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, zb_buf path, int32_t perms, zs_node *node, zb_buf *data)
{
    zobo_err err = zs_find(txn, path.p, (size_t)path.n, node, data);
    return err ? err : zs_permit(txn, rules, ids, node->acl, perms);
}

zobo_err
zs_get_data(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, zb_buf path, zs_bytes *out)
{
    zs_node node;
    zb_buf data;
    zobo_err err = find_for(txn, rules, ids, path, ZOBO_PERM_READ, &node, &data);
    if (err)
        return err;
    zs_add_buf(out, data);
    add_node_stat(out, &node);
    return ZOBO_OK;
}

/* begin_vector leaves room for a vector's count, which end_vector fills in. */
static size_t
begin_vector(zs_bytes *out)
{
    size_t at = out->n;
    zs_add_i32(out, 0);
    return at;
}

static void
end_vector(zs_bytes *out, size_t at, int32_t n)
{
    if (!out->failed)
        zb_store32(out->p + at, (uint32_t)n);
}

zobo_err
zs_get_children(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, zb_buf path, bool stat, zs_bytes *out)
{
    zs_node node;
    zobo_err err = find_for(txn, rules, ids, path, ZOBO_PERM_READ, &node, NULL);
    if (err)
        return err;
    size_t at = begin_vector(out);
    int32_t n = 0;
    if (node.n_children > 0) {
        zs_children it;
        zb_buf name;
        const char *dir = path.n > 0 ? path.p : "/";
        err = zs_children_start(&it, txn, dir, path.n > 0 ? (size_t)path.n : 1);
        if (err)
            return err;
        for (; zs_children_next(&it, &name); n++)
            zs_add_buf(out, name);
        zs_children_stop(&it);
        if (it.err)
            return it.err;
    }
    end_vector(out, at, n);
    if (stat)
        add_node_stat(out, &node);
    return ZOBO_OK;
}

static zobo_err
exists(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, zb_buf path, zs_bytes *out)
{
    zs_node node;
    if (memchr(path.p, 0, (size_t)path.n))
        return ZOBO_EBADARGUMENTS;
    zobo_err err = find_for(txn, rules, ids, path, ZOBO_PERM_READ, &node, NULL);
    if (!err)
        add_node_stat(out, &node);
    return err;
}

static zobo_err
get_acl(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, zb_buf path, zs_bytes *out)
{
    zs_node node;
    zb_aclvec acl;
    zobo_err err = find_for(txn, rules, ids, path, ZOBO_PERM_READ | ZOBO_PERM_ADMIN, &node, NULL);
    if (err)
        return err;
    err = zs_acl_get(txn, node.acl, &acl);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
    if (ids == NULL || rules->skip_acl) {
        zs_add_i32(out, acl.n);
        zs_bytes_add(out, acl.p, (size_t)(acl.end - acl.p));
    } else {
        zs_acl_show(acl, ids, out);
    }
    add_node_stat(out, &node);
    return ZOBO_OK;
}

/* is_any tells whether a prefix of getEphemerals means all: null, blank or "/". */
static bool
is_any(zb_buf prefix)
{
    const char *p = prefix.p;
    size_t n = prefix.n > 0 ? (size_t)prefix.n : 0;
    while (n > 0 && (uint8_t)p[n - 1] <= ' ')
        n--;
    while (n > 0 && (uint8_t)*p <= ' ') {
        p++;
        n--;
    }
    return n == 0 || (n == 1 && *p == '/');
}

static zobo_err
get_ephemerals(zs_txn *txn, int64_t session, zb_buf prefix, zs_bytes *out)
{
    bool any = is_any(prefix);
    size_t at = begin_vector(out);
    int32_t n = 0;
    uint64_t serial = 0;
    zb_buf path;
    zobo_err err;
    while ((err = zs_ephemeral_after(txn, session, &serial, &path)) == ZOBO_OK) {
        if (!any && (path.n < prefix.n || memcmp(path.p, prefix.p, (size_t)prefix.n) != 0))
            continue;
        zs_add_buf(out, path);
        n++;
    }
    end_vector(out, at, n);
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}

static zobo_err
count_below(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, zb_buf path, zs_bytes *out)
{
    zs_node node;
    zobo_err err = find_for(txn, rules, ids, path, ZOBO_PERM_READ, &node, NULL);
    if (err)
        return err;
    int64_t n = 0;
    if (path.n <= 1) { /* "/": all but itself; "": ZooKeeper counts all that begins with "/" */
        n = zs_txn_meta(txn)->n_nodes - path.n;
    } else if (node.n_children > 0) {
        zs_walk walk;
        zs_walk_start(&walk, txn, path.p, (size_t)path.n);
        while (zs_walk_next(&walk, &node))
            n++;
        err = walk.err;
        zs_walk_stop(&walk);
    }
    zs_add_i32(out, n > INT32_MAX ? INT32_MAX : (int32_t)n);
    return err;
}

/* carry_out appends the answer; what it appended before an error is taken back by its caller. */
static zobo_err
carry_out(zs_txn *txn, const zs_rules *rules, const zs_request *request, zs_bytes *out, zs_arm *arm)
{
    zb_reader r = zb_reader_of(request->body, request->n);
    if (request->op == ZB_OP_MULTI_READ)
        return zs_multi_read(txn, rules, request, out);
    bool may_be_null = request->op == ZB_OP_SYNC || request->op == ZB_OP_GET_EPHEMERALS;
    bool watches = request->op == ZB_OP_EXISTS || request->op == ZB_OP_GET_DATA || request->op == ZB_OP_GET_CHILDREN ||
                   request->op == ZB_OP_GET_CHILDREN2;
    zb_buf path = may_be_null ? zb_get_str(&r) : zs_get_name(&r);
    bool watch = watches && zb_get_bool(&r);
    unsigned kind = ZS_WATCH_DATA;
    const zs_ids *ids = request->ids;
    zobo_err err;
    if (r.bad)
        return ZOBO_EMARSHALLING;
    switch (request->op) {
    case ZB_OP_EXISTS:
        err = exists(txn, rules, ids, path, out);
        break;
    case ZB_OP_GET_DATA:
        err = zs_get_data(txn, rules, ids, path, out);
        break;
    case ZB_OP_GET_CHILDREN:
    case ZB_OP_GET_CHILDREN2:
        kind = ZS_WATCH_CHILD;
        err = zs_get_children(txn, rules, ids, path, request->op == ZB_OP_GET_CHILDREN2, out);
        break;
    case ZB_OP_GET_ACL:
        return get_acl(txn, rules, ids, path, out);
    case ZB_OP_SYNC:
        zs_add_buf(out, path);
        return ZOBO_OK;
    case ZB_OP_GET_EPHEMERALS:
        return get_ephemerals(txn, request->session, path, out);
    case ZB_OP_GET_ALL_CHILDREN_NUMBER:
        return count_below(txn, rules, ids, path, out);
    default:
        return ZOBO_EUNIMPLEMENTED;
    }
    /* exists watches for what is not there yet as well */
    if (watch && (err == ZOBO_OK || (err == ZOBO_ENONODE && request->op == ZB_OP_EXISTS)))
        *arm = (zs_arm){kind, path.p, (uint32_t)path.n};
    return err;
}

zobo_err
zs_exec_read(zs_txn *txn, const zs_rules *rules, const zs_request *request, zs_bytes *out, zs_arm *arm)
{
    size_t start = out->n;
    *arm = (zs_arm){0};
    zobo_err err = carry_out(txn, rules, request, out, arm);
    if (err)
        out->n = start;
    if (err == ZOBO_ENOMEM)
        out->failed = true;
    return err;
}
