/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a snapshot of Apache ZooKeeper. */
#include <stdlib.h>

#include "base/mem.h"
#include "core/path.h"
#include "snapshot/snapshot.h"

typedef struct acl_id {
    int64_t theirs;
    uint32_t ours;
} acl_id;

typedef struct acl_ids {
    acl_id *items;
    size_t n, cap;
} acl_ids;

static int
by_theirs(const void *a, const void *b)
{
    int64_t x = ((const acl_id *)a)->theirs, y = ((const acl_id *)b)->theirs;
    return x < y ? -1 : x > y;
}

static void
load_header(zs_file *file)
{
    int32_t magic = zs_file_get_i32(file), version = zs_file_get_i32(file);
    (void)zs_file_get_i64(file);
    if (!file->err && magic != ZS_SNAPSHOT_MAGIC)
        zs_file_fail(file, "it is no snapshot of ZooKeeper's (compressed ones must be unpacked first)");
    else if (!file->err && version != ZS_FILE_VERSION)
        zs_file_fail(file, "it has format %d, and only format %d is known here", version, ZS_FILE_VERSION);
}

static zobo_err
load_sessions(zs_import *job, zs_file *file)
{
    for (int32_t n = zs_file_get_i32(file); n > 0 && !file->err; n--) {
        zs_session_record session;
        int64_t id = zs_file_get_i64(file);
        zs_apache_session(id, zs_file_get_i32(file), &session);
        if (!file->err && id == 0)
            zs_file_fail(file, "it holds a session with the id 0");
        if (file->err)
            break;
        zobo_err err = zs_session_put(job->txn, &session);
        if (err)
            return err;
        job->result->sessions++;
    }
    return file->err;
}

/* Reads a vector<ACL> as the bytes it is made of. */
static void
load_acl(zs_file *file, zs_bytes *out)
{
    out->n = 0;
    int32_t n = zs_file_get_i32(file);
    zs_add_i32(out, n);
    for (int32_t i = 0; i < n && !file->err; i++) {
        zs_add_i32(out, zs_file_get_i32(file));
        for (int field = 0; field < 2; field++) {
            int32_t len = zs_file_get_i32(file);
            if (len < 0 || len > ZS_FIELD_MAX)
                zs_file_fail(file, "a length of %d bytes cannot be", len);
            else
                zs_add_i32(out, len), zs_file_get_bytes(file, (size_t)len, out);
            if (file->err)
                return;
        }
    }
}

static zobo_err
load_acls(zs_import *job, zs_file *file, acl_ids *ids)
{
    for (int32_t n = zs_file_get_i32(file); n > 0 && !file->err; n--) {
        acl_id id = {.theirs = zs_file_get_i64(file)};
        load_acl(file, &job->acl);
        if (file->err)
            break;
        zobo_err err = job->acl.failed ? ZOBO_ENOMEM : zs_acl_put(job->txn, job->acl.p, job->acl.n, &id.ours);
        if (err)
            return err;
        if (ids->n == ids->cap) {
            size_t cap = ids->cap ? 2 * ids->cap : 16;
            acl_id *items = zb_realloc(ids->items, cap * sizeof *items);
            if (!items)
                return ZOBO_ENOMEM;
            ids->items = items;
            ids->cap = cap;
        }
        ids->items[ids->n++] = id;
    }
    if (ids->n)
        qsort(ids->items, ids->n, sizeof *ids->items, by_theirs);
    return file->err;
}

static uint32_t
our_acl(zs_file *file, const acl_ids *ids, int64_t theirs)
{
    if (theirs == -1)
        return ZS_ACL_OPEN;
    acl_id wanted = {.theirs = theirs};
    const acl_id *found = ids->n ? bsearch(&wanted, ids->items, ids->n, sizeof wanted, by_theirs) : NULL;
    if (!found)
        zs_file_fail(file, "a node has the ACL number %lld, which is not in it", (long long)theirs);
    return found ? found->ours : 0;
}

static void
load_stat(zs_file *file, zs_node *node)
{
    node->czxid = zs_file_get_i64(file);
    node->mzxid = zs_file_get_i64(file);
    node->ctime = zs_file_get_i64(file);
    node->mtime = zs_file_get_i64(file);
    node->version = zs_file_get_i32(file);
    node->created = zs_file_get_i32(file);
    node->aversion = zs_file_get_i32(file);
    node->owner = zs_file_get_i64(file);
    node->pzxid = zs_file_get_i64(file);
}

/* The root, whose place is taken in every store. */
static zobo_err
load_root(zs_import *job, zs_node *node, const zb_buf *data)
{
    zs_node known;
    zobo_err err = zs_node_find(job->txn, "/", 1, &known, NULL);
    if (err)
        return err;
    node->n_children = known.n_children;
    node->serial = known.serial;
    return zs_node_put(job->txn, "/", 1, node, data);
}

static zobo_err
load_node(zs_import *job, zs_file *file, const acl_ids *ids, zb_buf path)
{
    zs_node node = {0};
    zb_buf data = zs_file_get_buf(file, &job->data);
    int64_t acl = zs_file_get_i64(file);
    load_stat(file, &node);
    node.acl = file->err ? 0 : our_acl(file, ids, acl);
    if (file->err)
        return file->err;
    job->result->nodes++;
    job->result->ephemerals += zs_owner_is_session(node.owner);
    if (path.n <= 0)
        return load_root(job, &node, &data);
    size_t at;
    const char *fault = zb_path_fault(path.p, (size_t)path.n, false, &at);
    if (fault) {
        zs_file_fail(file, "it holds a node whose path cannot be (%s)", fault);
        return file->err;
    }
    zobo_err err = zs_grow_put(job->txn, path.p, (size_t)path.n, &node, &data);
    if (err == ZOBO_ENONODE) {
        zs_file_fail(file, "%.*s comes before its parent", path.n < 100 ? path.n : 100, (const char *)path.p);
        return file->err;
    }
    return err;
}

static zobo_err
load_nodes(zs_import *job, zs_file *file, const acl_ids *ids)
{
    for (;;) {
        zb_buf path = zs_file_get_buf(file, &job->path);
        if (file->err)
            return file->err;
        if (path.n == 1 && *(const char *)path.p == '/')
            return ZOBO_OK;
        zobo_err err = load_node(job, file, ids, path);
        if (err)
            return err;
        zs_import_progress(job, 0);
    }
}

static void
check_sum(zs_import *job, zs_file *file)
{
    int64_t sum = zs_adler_value(&file->sum), said = zs_file_get_i64(file);
    zb_buf end = zs_file_get_buf(file, &job->path);
    if (!file->err && (sum != said || end.n != 1 || *(const char *)end.p != '/'))
        zs_file_fail(file, "its checksum does not fit: it is damaged");
}

zobo_err
zs_load(zs_import *job, const char *path)
{
    zs_file file;
    acl_ids ids = {0};
    zobo_err err = zs_file_open(&file, path, false, job->why);
    if (err)
        return err;
    load_header(&file);
    err = file.err;
    if (!err)
        err = load_sessions(job, &file);
    if (!err)
        err = load_acls(job, &file, &ids);
    if (!err)
        err = load_nodes(job, &file, &ids);
    if (!err)
        check_sum(job, &file); /* what follows, a digest of the tree, is of no use here */
    zb_free(ids.items);
    if (err && !file.err)
        err = zs_import_fail(job, path, err);
    zobo_err closed = zs_file_close(&file);
    return err ? err : closed;
}
