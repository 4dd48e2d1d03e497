/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of any bytes on a tree in memory: a byte that chooses the operation, a length, a body, and so on. Whatever
 * they do, the tree's books are in order afterwards: a walk finds as many nodes as the counter has and every node as
 * many children as it says, and a write that failed has changed nothing. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "engine/exec.h"
#include "wire/op.h"

enum { SESSION = 7, MAX_REQUESTS = 64 };

static const int32_t ops[] = {
    ZB_OP_CREATE,
    ZB_OP_CREATE2,
    ZB_OP_CREATE_CONTAINER,
    ZB_OP_CREATE_TTL,
    ZB_OP_DELETE,
    ZB_OP_SET_DATA,
    ZB_OP_SET_ACL,
    ZB_OP_MULTI,
    ZB_OP_RECONFIG,
    ZB_OP_CLOSE_SESSION,
    ZB_OP_EXISTS,
    ZB_OP_GET_DATA,
    ZB_OP_GET_CHILDREN,
    ZB_OP_GET_ACL,
    ZB_OP_GET_CHILDREN2,
    ZB_OP_SYNC,
    ZB_OP_MULTI_READ,
    ZB_OP_GET_EPHEMERALS,
    ZB_OP_GET_ALL_CHILDREN_NUMBER,
};
enum { OPS = sizeof ops / sizeof ops[0], WRITES = 10 };

static void
must(bool holds)
{
    if (!holds)
        abort();
}

/* count walks the tree below a path: its depth is what the requests can build, which is little. */
static int64_t
count(zs_txn *txn, const char *path, size_t len)
{
    zs_node node;
    must(zs_node_find(txn, path, len, &node, NULL) == ZOBO_OK);
    zs_children it;
    zb_buf name;
    int64_t n = 1;
    int32_t children = 0;
    zs_bytes names = {0};
    must(zs_children_start(&it, txn, path, len) == ZOBO_OK);
    for (; zs_children_next(&it, &name); children++)
        zs_add_buf(&names, name);
    zs_children_stop(&it);
    must(children == node.n_children);
    must(children == 0 || !zs_owner_is_session(node.owner));
    zb_reader r = zb_reader_of(names.p, names.n);
    for (int32_t i = 0; i < children; i++) {
        zs_bytes child = {0};
        name = zb_get_buf(&r);
        zs_bytes_add(&child, path, len > 1 ? len : 0);
        zs_bytes_add(&child, "/", 1);
        zs_bytes_add(&child, name.p, (size_t)name.n);
        n += count(txn, (const char *)child.p, child.n);
        zs_bytes_free(&child);
    }
    zs_bytes_free(&names);
    return n;
}

static void
write_one(zs_writer *w, zs_txn *txn, const zs_request *request)
{
    zs_arena arena = {0};
    zs_outcome out;
    zs_meta before = *zs_txn_meta(txn);
    must(zs_exec_write(w, txn, request, &arena, &out) == ZOBO_OK);
    zs_meta after = *zs_txn_meta(txn);
    must(after.last_zxid == before.last_zxid + 1 && out.zxid == after.last_zxid);
    if (out.err) {
        before.last_zxid++;
        must(memcmp(&before, &after, sizeof before) == 0 && !out.effects && !out.reply_len);
    }
    zs_arena_free(&arena);
}

static void
read_one(zs_txn *txn, const zs_rules *rules, const zs_request *request)
{
    zs_bytes out = {0};
    zs_arm arm;
    zobo_err err = zs_exec_read(txn, rules, request, &out, &arm);
    must(!out.failed && (!err || out.n == 0));
    zs_bytes_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static zs_store *store; /* one for all inputs: nothing is ever committed to it */
    zs_writer *w = NULL;
    zs_txn *txn = NULL;
    zs_rules rules = {.enforce_quota = true};
    zs_ids *ids = zs_ids_of_address("127.0.0.1");
    must(ids && (store || zs_store_open(&store, &(zs_store_options){.map_bytes = 16 << 20}, NULL) == ZOBO_OK));
    must(zs_writer_new(&w, &rules, store) == ZOBO_OK && zs_write_begin(store, &txn) == ZOBO_OK);

    zb_reader r = zb_reader_of(data, size);
    for (int i = 0; i < MAX_REQUESTS && zb_reader_left(&r) >= 3; i++) {
        const uint8_t *head = zb_reader_take(&r, 3);
        size_t n = (size_t)head[1] << 8 | head[2];
        n = n < zb_reader_left(&r) ? n : zb_reader_left(&r);
        zs_request request = {SESSION, ids, ops[head[0] % OPS], zb_reader_take(&r, n), n, i};
        if (head[0] % OPS < WRITES)
            write_one(w, txn, &request);
        else
            read_one(txn, &rules, &request);
    }
    must(count(txn, "/", 1) == zs_txn_meta(txn)->n_nodes);
    zs_request end = {.session = SESSION, .ids = ids, .op = ZB_OP_CLOSE_SESSION};
    write_one(w, txn, &end);
    must(zs_txn_meta(txn)->n_ephemerals == 0);
    must(count(txn, "/", 1) == zs_txn_meta(txn)->n_nodes);

    zs_txn_end(txn);
    zs_writer_free(w);
    zs_ids_unref(ids);
    return 0;
}
