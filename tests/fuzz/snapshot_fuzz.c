/* SPDX-License-Identifier: Apache-2.0 */
/* Apache ZooKeeper's files from anywhere. An input is a snapshot and a log: the snapshot's length in two bytes and its
 * bytes, then the log's transactions, each with a length in two bytes. Their checksums are put right here, for no
 * fuzzer finds one. What was read without an error must be a tree that holds together, and can be written and read
 * again. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/path.h"
#include "engine/exec_internal.h"
#include "snapshot/snapshot.h"
#include "support/bytes.h"

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static int64_t
sum_of(const void *p, size_t n)
{
    zs_adler sum;
    zs_adler_init(&sum);
    zs_adler_add(&sum, p, n);
    return zs_adler_value(&sum);
}

/* A file in memory: its path. */
static int
file_of(const zt_buf *b, char path[40])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, b->p, b->n) == (ssize_t)b->n);
    (void)snprintf(path, 40, "/proc/self/fd/%d", fd);
    return fd;
}

static void
put_log(zt_buf *log, const uint8_t *p, size_t n)
{
    zt_put_i32(log, ZS_LOG_MAGIC);
    zt_put_i32(log, ZS_FILE_VERSION);
    zt_put_i64(log, 0);
    while (n >= 2) {
        size_t len = (size_t)(p[0] << 8 | p[1]);
        p += 2;
        n -= 2;
        len = len < n ? len : n;
        zt_put_i64(log, sum_of(p, len));
        zt_put_bytes(log, p, (int32_t)len);
        zt_put_raw(log, "B", 1);
        p += len;
        n -= len;
    }
}

/* All nodes are found, all counts are right. */
static void
check(zs_txn *txn)
{
    zs_walk walk;
    zs_node node, parent;
    int64_t nodes = 1, ephemerals = 0, children = 0, listed = 0;
    must(zs_node_find(txn, "/", 1, &node, NULL) == ZOBO_OK);
    children += node.n_children;
    zs_walk_start(&walk, txn, "/", 1);
    while (zs_walk_next(&walk, &node)) {
        const char *path = (const char *)walk.path.p;
        zb_aclvec acl;
        must(zs_node_find(txn, path, zb_path_parent_len(path, walk.path.n), &parent, NULL) == ZOBO_OK);
        must(zs_acl_get(txn, node.acl, &acl) == ZOBO_OK);
        nodes++;
        listed++;
        ephemerals += zs_owner_is_session(node.owner);
        children += node.n_children;
    }
    must(walk.err == ZOBO_OK);
    zs_walk_stop(&walk);
    must(children == listed && nodes == zs_txn_meta(txn)->n_nodes && ephemerals == zs_txn_meta(txn)->n_ephemerals);
}

static void
read_files(zs_txn *txn, const zt_buf *snapshot, const zt_buf *log)
{
    static const zobo_snapshot_options options = {.size = sizeof options};
    zobo_snapshot_result result = {0};
    zobo_problem why = {0};
    zs_import job = {.options = &options, .result = &result, .why = &why, .txn = txn};
    char path[40];
    must(zs_grow_clear(txn) == ZOBO_OK);
    int fd = file_of(snapshot, path);
    zobo_err err = zs_load(&job, path);
    (void)close(fd);
    fd = file_of(log, path);
    if (!err)
        err = zs_replay(&job, path, 0);
    (void)close(fd);
    if (!err)
        err = zs_finish_import(&job);
    must(!err == !why.text[0]);
    must(err == ZOBO_OK || err == ZOBO_EFILE);
    if (!err)
        check(txn);
    zs_bytes_free(&job.path);
    zs_bytes_free(&job.data);
    zs_bytes_free(&job.acl);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static zs_store *store;
    if (!store)
        must(zs_store_open(&store, &(zs_store_options){.map_bytes = 1 << 28}, NULL) == ZOBO_OK);
    if (size < 2)
        return 0;
    size_t n = (size_t)(data[0] << 8 | data[1]);
    data += 2;
    size -= 2;
    n = n < size ? n : size;
    zt_buf snapshot = {0}, log = {0};
    zt_put_raw(&snapshot, data, n);
    zt_put_i64(&snapshot, sum_of(data, n));
    zt_put_str(&snapshot, "/");
    put_log(&log, data + n, size - n);
    zs_txn *txn;
    must(zs_write_begin(store, &txn) == ZOBO_OK);
    read_files(txn, &snapshot, &log);
    zs_txn_end(txn);
    zt_buf_free(&snapshot);
    zt_buf_free(&log);
    return 0;
}
