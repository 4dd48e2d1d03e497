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

zobo_err
zs_grow_delete(zs_txn *txn, const char *path, size_t len, int64_t zxid)
{
    zobo_err err = zs_node_delete(txn, path, len);
    return err ? err : count_child(txn, path, len, -1, zxid);
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
    *out = (zs_session_record){.id = id, .timeout_ms = timeout_ms};
    java_random(id ^ 0xb3415c00, out->password, sizeof out->password);
}
