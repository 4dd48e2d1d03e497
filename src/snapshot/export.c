/* SPDX-License-Identifier: Apache-2.0 */
/* From our data directory to a snapshot that Apache ZooKeeper loads; and copies. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/files.h"
#include "snapshot/snapshot.h"

/* A node whose children are being written. */
typedef struct level {
    zs_children children;
    size_t path_len; /* of the node */
} level;

typedef struct walk {
    zs_txn *txn;
    zs_file *file;
    const zobo_snapshot_options *options;
    zobo_snapshot_result *result;
    zs_bytes path;
    level *levels;
    size_t depth, cap;
} walk;

static void
put_sessions(zs_txn *txn, zs_file *file, zobo_snapshot_result *result)
{
    zs_session_record session = {0};
    zobo_err err = zs_count_sessions(txn, &result->sessions);
    if (err)
        zs_file_fail(file, "cannot read the sessions: %s", zobo_err_text(err));
    zs_file_put_i32(file, (int32_t)result->sessions);
    while (!file->err && zs_session_after(txn, session.id, &session) == ZOBO_OK) {
        zs_file_put_i64(file, session.id);
        zs_file_put_i32(file, session.timeout_ms);
    }
}

static void
put_acls(zs_txn *txn, zs_file *file)
{
    int32_t n = 0;
    uint32_t id = 0;
    zb_aclvec acl;
    zobo_err err;
    while ((err = zs_acl_after(txn, &id, &acl)) == ZOBO_OK)
        n++;
    if (err != ZOBO_ENONODE)
        zs_file_fail(file, "cannot read the ACLs: %s", zobo_err_text(err));
    zs_file_put_i32(file, n);
    for (id = 0; !file->err && zs_acl_after(txn, &id, &acl) == ZOBO_OK;) {
        zs_file_put_i64(file, id);
        zs_file_put_i32(file, acl.n);
        zs_file_put(file, acl.p, (size_t)(acl.end - acl.p));
    }
}

static void
put_node(walk *w, const char *path, size_t len)
{
    zs_node node;
    zb_buf data;
    zobo_err err = zs_node_find(w->txn, path, len, &node, &data);
    if (err) {
        zs_file_fail(w->file, "cannot read %.*s: %s", (int)(len < 100 ? len : 100), path, zobo_err_text(err));
        return;
    }
    zs_file *file = w->file;
    zs_file_put_buf(file, (zb_buf){path, len == 1 ? 0 : (int32_t)len}); /* the root is "" there */
    zs_file_put_buf(file, data);
    zs_file_put_i64(file, node.acl == ZS_ACL_OPEN ? -1 : (int64_t)node.acl);
    zs_file_put_i64(file, node.czxid);
    zs_file_put_i64(file, node.mzxid);
    zs_file_put_i64(file, node.ctime);
    zs_file_put_i64(file, node.mtime);
    zs_file_put_i32(file, node.version);
    zs_file_put_i32(file, node.created);
    zs_file_put_i32(file, node.aversion);
    zs_file_put_i64(file, node.owner);
    zs_file_put_i64(file, node.pzxid);
    w->result->nodes++;
    w->result->ephemerals += zs_owner_is_session(node.owner);
    w->result->ttl_nodes += node.owner != 0 && node.owner != ZS_OWNER_CONTAINER && !zs_owner_is_session(node.owner);
    enum { EVERY = 4096 };
    if (w->options->progress && w->result->nodes % EVERY == 0)
        w->options->progress(w->options->progress_arg, w->result->nodes, (uint64_t)zs_txn_meta(w->txn)->n_nodes);
}

/* Goes down: the children of the node whose path is in w->path. */
static bool
enter(walk *w)
{
    if (w->depth == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 16;
        level *levels = zb_realloc(w->levels, cap * sizeof *levels);
        if (!levels)
            return false;
        w->levels = levels;
        w->cap = cap;
    }
    level *l = &w->levels[w->depth];
    l->path_len = w->path.n;
    if (zs_children_start(&l->children, w->txn, (const char *)w->path.p, w->path.n))
        return false;
    w->depth++;
    return true;
}

/* Depth first, parents before children. */
static void
put_tree(walk *w)
{
    zs_bytes_add(&w->path, "/", 1);
    bool ok = !w->path.failed;
    if (ok)
        put_node(w, (const char *)w->path.p, w->path.n);
    ok = ok && enter(w);
    while (ok && w->depth && !w->file->err) {
        level *l = &w->levels[w->depth - 1];
        zb_buf name;
        w->path.n = l->path_len;
        if (!zs_children_next(&l->children, &name)) {
            zs_children_stop(&l->children);
            ok = l->children.err == ZOBO_OK;
            w->depth--;
            continue;
        }
        if (l->path_len > 1)
            zs_bytes_add(&w->path, "/", 1);
        zs_bytes_add(&w->path, name.p, (size_t)name.n);
        ok = !w->path.failed;
        if (ok)
            put_node(w, (const char *)w->path.p, w->path.n);
        ok = ok && enter(w);
    }
    while (w->depth)
        zs_children_stop(&w->levels[--w->depth].children);
    if (!ok)
        zs_file_fail(w->file, "out of memory, or the data cannot be read");
}

static void
seal(zs_file *file)
{
    zs_file_put_i64(file, zs_adler_value(&file->sum));
    zs_file_put_buf(file, zb_buf_of("/"));
}

static zobo_err
write_snapshot(zs_txn *txn, zs_file *file, const zobo_snapshot_options *options, zobo_snapshot_result *result)
{
    enum { DIGEST_VERSION = 2 }; /* earlier ones have another record */
    walk w = {.txn = txn, .file = file, .options = options, .result = result};
    result->zxid = zs_txn_meta(txn)->last_zxid;
    zs_file_put_i32(file, ZS_SNAPSHOT_MAGIC);
    zs_file_put_i32(file, ZS_FILE_VERSION);
    zs_file_put_i64(file, -1); /* the id of the database: not used */
    put_sessions(txn, file, result);
    put_acls(txn, file);
    put_tree(&w);
    zs_file_put_buf(file, zb_buf_of("/"));
    seal(file);
    zs_file_put_i64(file, 0); /* no digest of the tree: one of zxid 0 is not looked at */
    zs_file_put_i32(file, DIGEST_VERSION);
    zs_file_put_i64(file, 0);
    seal(file);
    zs_file_put_i64(file, result->zxid);
    seal(file);
    zs_bytes_free(&w.path);
    zb_free(w.levels);
    return file->err;
}

/* A directory with other snapshots or logs in it is no place for this one: ZooKeeper would take the newest of all, and
 * carry out logs that have nothing to do with it. */
static zobo_err
refuse_others(const char *dir, zobo_problem *why)
{
    DIR *d = opendir(dir);
    char text[128];
    if (!d)
        return zb_problem(why, ZOBO_EFILE, 0, "%s: cannot open it: %s", dir, strerror_r(errno, text, sizeof text));
    zobo_err err = ZOBO_OK;
    for (struct dirent *entry; !err && (entry = readdir(d));)
        if (strncmp(entry->d_name, "snapshot.", 9) == 0 || strncmp(entry->d_name, "log.", 4) == 0)
            err = zb_problem(why, ZOBO_EFILE, 0, "%s: holds %s already: name a new directory", dir, entry->d_name);
    (void)closedir(d);
    return err;
}

static zobo_err
sync_dir(const char *path, zobo_problem *why)
{
    char text[128];
    if (zs_sync_dir(path))
        return ZOBO_OK;
    return zb_problem(why, ZOBO_EFILE, 0, "%s: cannot sync it: %s", path, strerror_r(errno, text, sizeof text));
}

/* Under its own name only when it is whole. */
static zobo_err
write_file(zs_txn *txn, const char *temp, const char *path, const zobo_snapshot_options *options,
           zobo_snapshot_result *result, zobo_problem *why)
{
    zs_file file;
    char text[128];
    (void)unlink(temp); /* of a process that died */
    zobo_err err = zs_file_open(&file, temp, true, why);
    if (err)
        return err;
    err = write_snapshot(txn, &file, options, result);
    zobo_err closed = zs_file_close(&file);
    err = err ? err : closed;
    if (!err && rename(temp, path) != 0)
        err = zb_problem(why, ZOBO_EFILE, 0, "%s: cannot make it: %s", path, strerror_r(errno, text, sizeof text));
    if (err)
        (void)unlink(temp);
    return err;
}

static zobo_err
export_to(zs_txn *txn, const char *dir, const zobo_snapshot_options *options, zobo_snapshot_result *result,
          zobo_problem *why)
{
    size_t n = strlen(dir) + 48;
    char *temp = zb_malloc(n), *path = zb_malloc(n);
    zobo_err err = temp && path ? ZOBO_OK : zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    if (temp && path) {
        (void)snprintf(temp, n, "%s/.snapshot.%ld", dir, (long)getpid());
        (void)snprintf(path, n, "%s/snapshot.%llx", dir, (unsigned long long)zs_txn_meta(txn)->last_zxid);
        err = write_file(txn, temp, path, options, result, why);
    }
    if (!err)
        err = sync_dir(dir, why);
    zb_free(temp);
    zb_free(path);
    return err;
}

/* Makes `out`/version-2 and writes there; takes the directories away again if nothing came of it. */
static zobo_err
export_into(zs_txn *txn, const char *out, const zobo_snapshot_options *options, zobo_snapshot_result *result,
            zobo_problem *why)
{
    bool known = access(out, F_OK) == 0;
    char *dir = zs_path_in(out, "version-2");
    if (!dir)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    zobo_err err = zs_make_dir(dir, why);
    if (!err)
        err = refuse_others(dir, why);
    if (!err)
        err = export_to(txn, dir, options, result, why);
    if (!err)
        err = sync_dir(out, why);
    if (err) {
        (void)rmdir(dir); /* only if it is empty */
        if (!known)
            (void)rmdir(out);
    }
    zb_free(dir);
    return err;
}

/* Opens a data directory that a server may be using. */
static zobo_err
open_to_read(const char *data_dir, zs_store **store, zs_txn **txn, zobo_problem *why)
{
    zobo_err err = zs_store_open(store, &(zs_store_options){.dir = data_dir, .read_only = true}, why);
    if (err)
        return err;
    err = zs_read_begin(*store, txn);
    if (err) {
        zs_store_close(*store);
        return zb_problem(why, err == ZOBO_ENOMEM ? err : ZOBO_EFILE, 0, "%s: %s", data_dir, zobo_err_text(err));
    }
    return ZOBO_OK;
}

zobo_err
zobo_snapshot_export(const char *data_dir, const char *out, const zobo_snapshot_options *options,
                     zobo_snapshot_result *result, zobo_problem *why)
{
    zobo_snapshot_options known;
    zobo_snapshot_result done = {0};
    zb_problem_clear(why);
    if (!data_dir || !*data_dir || !out || !*out)
        return zb_problem(why, ZOBO_EINVAL, 0, "no directory to read, or none to write");
    zs_store *store;
    zs_txn *txn;
    zobo_err err = zs_job_begin(&known, options, result, why);
    if (!err)
        err = open_to_read(data_dir, &store, &txn, why);
    if (err)
        return err;
    err = export_into(txn, out, &known, &done, why);
    zs_txn_end(txn);
    zs_store_close(store);
    if (err)
        return err;
    zb_log log = {known.log, known.log_arg, ZOBO_LOG_INFO};
    if (done.ttl_nodes)
        ZB_LOG(&log, ZOBO_LOG_WARN, "%llu TTL nodes: start Apache ZooKeeper with zookeeper.extendedTypesEnabled=true",
               (unsigned long long)done.ttl_nodes);
    zs_job_tell(result, &done);
    return ZOBO_OK;
}

zobo_err
zobo_snapshot_backup(const char *data_dir, const char *out, zobo_snapshot_result *result, zobo_problem *why)
{
    zb_problem_clear(why);
    if (!data_dir || !*data_dir || !out || !*out)
        return zb_problem(why, ZOBO_EINVAL, 0, "no directory to read, or none to write");
    zobo_snapshot_options none;
    zs_store *store;
    zobo_err err = zs_job_begin(&none, NULL, result, why);
    if (!err)
        err = zs_store_open(&store, &(zs_store_options){.dir = data_dir, .read_only = true}, why);
    if (err)
        return err;
    err = zs_store_copy(store, out, why);
    zs_store_close(store);
    if (err || !result)
        return err;
    zobo_snapshot_result done = {0};
    err = zs_store_open(&store, &(zs_store_options){.dir = out, .read_only = true}, why);
    if (err)
        return err;
    err = zs_count_all(store, &done); /* the copy itself tells what it holds */
    zs_store_close(store);
    if (err)
        return zb_problem(why, err == ZOBO_ENOMEM ? err : ZOBO_EFILE, 0, "%s: %s", out, zobo_err_text(err));
    zs_job_tell(result, &done);
    return ZOBO_OK;
}
