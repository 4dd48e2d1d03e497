/* SPDX-License-Identifier: Apache-2.0 */
/* A data file whose B-trees are whole and whose records are anything: an input is a list of changes, each a table, the
 * number of a record in it, what to do, and bytes. Then all is read, and a server is started on it: an error, or
 * something to read, in bounded time. Damage to LMDB's own pages is out of reach: it keeps no checksums. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/path.h"
#include "engine/exec_internal.h"
#include "engine/store_internal.h"
#include "support/engine.h"
#include "wire/op.h"

static zs_store *store;

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static void
put(zs_txn *txn, const char *path, int64_t owner, uint32_t acl, int32_t data_len)
{
    static const char bytes[3000] = "some data";
    zs_node node = {.owner = owner, .acl = acl}, parent;
    zb_buf data = {bytes, data_len};
    size_t len = strlen(path), parent_len = zb_path_parent_len(path, len);
    must(zs_node_put(txn, path, len, &node, &data) == ZOBO_OK);
    must(zs_node_find(txn, path, parent_len, &parent, NULL) == ZOBO_OK);
    parent.n_children++;
    must(zs_node_put(txn, path, parent_len, &parent, NULL) == ZOBO_OK);
}

static void
begin(void)
{
    static const char acl[] = "\0\0\0\1\0\0\0\3\0\0\0\6digest\0\0\0\3a:b";
    zs_session_record session = {.id = 5, .timeout_ms = 9000};
    char name[700] = "/long/";
    uint32_t id;
    zs_txn *txn;
    memset(name + 6, 'n', sizeof name - 7);
    must(zs_store_open(&store, &(zs_store_options){.map_bytes = 1 << 26}, NULL) == ZOBO_OK);
    must(zs_write_begin(store, &txn) == ZOBO_OK);
    must(zs_acl_put(txn, acl, sizeof acl - 1, &id) == ZOBO_OK);
    must(zs_session_put(txn, &session) == ZOBO_OK);
    put(txn, "/long", 0, ZS_ACL_OPEN, -1);
    put(txn, name, 0, id, 3000);
    put(txn, "/a", 0, ZS_ACL_READ, 0);
    put(txn, "/a/b", 5, id, 9);
    put(txn, "/c", ZS_OWNER_CONTAINER, ZS_ACL_OPEN, 2000);
    put(txn, "/t", ZS_OWNER_TTL | 60000, ZS_ACL_OPEN, 9);
    put(txn, "/zookeeper/quota/a", 0, ZS_ACL_OPEN, 0);
    put(txn, "/zookeeper/quota/a/zookeeper_limits", 0, ZS_ACL_OPEN, 9);
    put(txn, "/zookeeper/quota/a/zookeeper_stats", 0, ZS_ACL_OPEN, 9);
    must(zs_write_commit(txn) == ZOBO_OK);
}

/* --- the changes --- */

enum { CHANGE_BYTES = 5, PATCH, REPLACE, REMOVE, ADD, KINDS };

static void
change(zs_txn *txn, const uint8_t head[CHANGE_BYTES], const uint8_t *p, size_t n)
{
    MDB_dbi table = store->tables[head[0] % ZS_TABLES];
    MDB_cursor *cursor;
    MDB_val key, value;
    must(mdb_cursor_open(txn->txn, table, &cursor) == 0);
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (unsigned i = 0; i < head[1] && rc == 0; i++)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    uint8_t copy[4096], name[511];
    bool is_table = head[0] % ZS_TABLES == ZS_META && rc == 0 && value.mv_size == 48; /* LMDB's own records */
    if (rc == 0 && !is_table && value.mv_size <= sizeof copy && key.mv_size <= sizeof name) {
        memcpy(copy, value.mv_data, value.mv_size);
        memcpy(name, key.mv_data, key.mv_size);
        key.mv_data = name;
        int kind = head[2] % (KINDS - PATCH) + PATCH;
        size_t at = value.mv_size ? (size_t)(head[3] << 8 | head[4]) % value.mv_size : 0;
        if (kind == PATCH) {
            memcpy(copy + at, p, n < value.mv_size - at ? n : value.mv_size - at);
            value.mv_data = copy;
        } else if (kind == REPLACE || kind == ADD) {
            value.mv_data = (void *)(uintptr_t)p;
            value.mv_size = n;
        }
        if (kind == ADD) {
            key.mv_data = (void *)(uintptr_t)p;
            key.mv_size = n < 8 ? n : 8;
        }
        mdb_cursor_close(cursor);
        cursor = NULL;
        if (kind == REMOVE)
            (void)mdb_del(txn->txn, table, &key, NULL);
        else if (key.mv_size > 0)
            (void)mdb_put(txn->txn, table, &key, &value, 0);
    }
    if (cursor)
        mdb_cursor_close(cursor);
}

/* --- reading --- */

static size_t touched;

static void
touch(zb_buf b)
{
    for (int32_t i = 0; i < b.n; i++)
        touched += ((const uint8_t *)b.p)[i];
}

static void
read_nodes(zs_txn *txn)
{
    zs_walk walk;
    zs_node node;
    zb_buf data;
    int steps = 0;
    zs_walk_start(&walk, txn, "/", 1);
    while (zs_walk_next(&walk, &node)) {
        zb_aclvec acl;
        zobo_stat stat;
        zs_node_stat(&node, &stat);
        must(++steps < 10000);
        if (zs_node_find(txn, (const char *)walk.path.p, walk.path.n, &node, &data) == ZOBO_OK)
            touch(data);
        (void)zs_acl_get(txn, node.acl, &acl);
    }
    zs_walk_stop(&walk);
}

static void
read_lists(zs_txn *txn)
{
    zs_session_record session = {0};
    int steps = 0;
    for (int64_t before = -1; zs_session_after(txn, session.id, &session) == ZOBO_OK && session.id != before;) {
        uint64_t serial = 0;
        zb_buf path;
        before = session.id;
        while (zs_ephemeral_after(txn, session.id, &serial, &path) == ZOBO_OK) {
            must(++steps < 10000);
            touch(path);
        }
    }
    uint64_t serial = 0;
    zb_buf path;
    while (zs_expiring_after(txn, &serial, &path) == ZOBO_OK) {
        must(++steps < 10000);
        touch(path);
    }
    uint32_t id = 0;
    zb_aclvec acl;
    while (zs_acl_after(txn, &id, &acl) == ZOBO_OK)
        must(++steps < 10000);
}

/* Changes on top of what there is: each an error or done. */
static void
write_some(zs_txn *txn)
{
    static const char *const paths[] = {"/a", "/a/b", "/c", "/t", "/long", "/zookeeper/quota/a/zookeeper_limits"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        zs_node node;
        zb_buf data = {"xyz", 3};
        size_t len = strlen(paths[i]);
        if (zs_node_find(txn, paths[i], len, &node, NULL) == ZOBO_OK)
            (void)zs_node_put(txn, paths[i], len, &node, i % 2 ? &data : NULL);
        (void)zs_node_delete(txn, paths[i], len);
    }
    (void)zs_session_delete(txn, 5);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!store)
        begin();
    zs_txn *txn;
    must(zs_write_begin(store, &txn) == ZOBO_OK);
    while (size > CHANGE_BYTES) {
        size_t n = data[CHANGE_BYTES], left = size - CHANGE_BYTES - 1;
        n = n < left ? n : left;
        change(txn, data, data + CHANGE_BYTES + 1, n);
        data += CHANGE_BYTES + 1 + n;
        size = left - n;
    }
    read_nodes(txn);
    read_lists(txn);
    write_some(txn);
    read_nodes(txn);
    zs_txn_end(txn);
    return 0;
}
