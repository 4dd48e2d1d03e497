/* SPDX-License-Identifier: Apache-2.0 */
/* Making a tree node by node. */
#include "core/path.h"
#include "snapshot/snapshot.h"

zobo_err
zs_grow_clear(zs_txn *txn)
{
    static const char *const made[] = {"/zookeeper/config", "/zookeeper/quota", "/zookeeper"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        zobo_err err = zs_grow_delete(txn, made[i], strlen(made[i]), 0);
        if (err)
            return err;
    }
    return ZOBO_OK;
}

/* One child more or less. A parent that is not there is ZOBO_ENONODE. */
static zobo_err
count_child(zs_txn *txn, const char *path, size_t len, int by, int64_t pzxid)
{
    size_t parent_len = zb_path_parent_len(path, len);
    zs_node parent;
    zobo_err err = zs_node_find(txn, path, parent_len, &parent, NULL);
    if (err)
        return err;
    parent.n_children += by;
    if (pzxid > parent.pzxid)
        parent.pzxid = pzxid;
    return zs_node_put(txn, path, parent_len, &parent, NULL);
}

zobo_err
zs_grow_put(zs_txn *txn, const char *path, size_t len, zs_node *node, const zb_buf *data)
{
    zs_node known;
    zobo_err err = zs_node_find(txn, path, len, &known, NULL);
    if (err == ZOBO_OK) {
        node->n_children = known.n_children;
        node->serial = known.serial;
    } else if (err == ZOBO_ENONODE) {
        node->n_children = 0;
        err = count_child(txn, path, len, 1, 0);
    }
    return err ? err : zs_node_put(txn, path, len, node, data);
}

/* Deletes what is below a node, from the leaves up. */
static zobo_err
delete_below(zs_txn *txn, const char *path, size_t len)
{
    zs_bytes at = {0};
    zobo_err err = ZOBO_OK;
    zs_bytes_add(&at, path, len);
    while (!err && !at.failed) {
        zs_children it;
        zb_buf name;
        err = zs_children_start(&it, txn, (const char *)at.p, at.n);
        if (err)
            break;
        bool any = zs_children_next(&it, &name);
        if (any) {
            zs_bytes_add(&at, "/", 1);
            zs_bytes_add(&at, name.p, (size_t)name.n);
        }
        zs_children_stop(&it);
        err = it.err;
        if (any)
            continue;
        if (err || at.n == len)
            break;
        err = zs_node_delete(txn, (const char *)at.p, at.n);
        at.n = zb_path_parent_len((const char *)at.p, at.n);
    }
    bool failed = at.failed;
    zs_bytes_free(&at);
    return err ? err : failed ? ZOBO_ENOMEM : ZOBO_OK;
}

/* A snapshot that was written while the server went on may already hold what was made anew at this place later, and
 * what is below it: that goes too, and comes back. If the node is gone its parent may still be as it was before. */
zobo_err
zs_grow_delete(zs_txn *txn, const char *path, size_t len, int64_t zxid)
{
    zs_node node;
    zobo_err err = zs_node_find(txn, path, len, &node, NULL);
    bool there = err == ZOBO_OK;
    if (there && node.n_children)
        err = delete_below(txn, path, len);
    if (there && !err)
        err = zs_node_delete(txn, path, len);
    if (err && err != ZOBO_ENONODE)
        return err;
    zobo_err counted = count_child(txn, path, len, there ? -1 : 0, zxid);
    return counted ? counted : err;
}

/* Java's Random, seeded as ZooKeeper's server does. */
static void
java_random(int64_t seed, uint8_t *out, size_t n)
{
    const uint64_t mask = ((uint64_t)1 << 48) - 1, multiplier = 0x5deece66dU;
    uint64_t state = ((uint64_t)seed ^ multiplier) & mask;
    for (size_t i = 0; i < n; i += 4) {
        state = (state * multiplier + 0xb) & mask;
        uint32_t word = (uint32_t)(state >> 16);
        for (size_t k = 0; k < 4 && i + k < n; k++, word >>= 8)
            out[i + k] = (uint8_t)word;
    }
}

void
zs_apache_session(int64_t id, int32_t timeout_ms, zs_session_record *out)
{
    *out = (zs_session_record){.id = id, .timeout_ms = timeout_ms > 0 ? timeout_ms : 0};
    java_random(id ^ 0xb3415c00, out->password, sizeof out->password);
}
