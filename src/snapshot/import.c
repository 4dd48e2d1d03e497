/* SPDX-License-Identifier: Apache-2.0 */
/* From Apache ZooKeeper's data directory to one of ours. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/exec.h"
#include "engine/files.h"
#include "snapshot/snapshot.h"

/* The files of one kind in a directory, by zxid. */
typedef struct found {
    char *path;
    int64_t zxid;
} found;

typedef struct files {
    found *items;
    size_t n, cap;
} files;

static void
files_free(files *list)
{
    for (size_t i = 0; i < list->n; i++)
        zb_free(list->items[i].path);
    zb_free(list->items);
}

static int
by_zxid(const void *a, const void *b)
{
    int64_t x = ((const found *)a)->zxid, y = ((const found *)b)->zxid;
    return x < y ? -1 : x > y;
}

/* "snapshot.1f" -> 0x1f. False: another file, or a compressed one. */
static bool
zxid_of_name(const char *name, const char *kind, int64_t *zxid)
{
    size_t n = strlen(kind);
    if (strncmp(name, kind, n) != 0 || name[n] != '.' || !name[n + 1])
        return false;
    const char *digits = name + n + 1;
    size_t len = strspn(digits, "0123456789abcdef");
    if (len == 0 || len > 16 || digits[len] != '\0')
        return false;
    *zxid = (int64_t)strtoull(digits, NULL, 16);
    return *zxid >= 0;
}

/* Those of other methods than none (snapshot.compression.method) have an ending of its name. */
static bool
is_compressed(const char *name)
{
    return strncmp(name, "snapshot.", 9) == 0 && (strstr(name, ".gz") || strstr(name, ".snappy"));
}

static bool
add_file(files *list, const char *dir, const char *name, int64_t zxid)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 16;
        found *items = zb_realloc(list->items, cap * sizeof *items);
        if (!items)
            return false;
        list->items = items;
        list->cap = cap;
    }
    char *path = zs_path_in(dir, name);
    if (path)
        list->items[list->n++] = (found){path, zxid};
    return path != NULL;
}

/* Looks in `dir`/version-2 if there is one, else in `dir`. */
static zobo_err
find_files(const char *dir, const char *kind, files *list, zobo_problem *why)
{
    char *below = zs_path_in(dir, "version-2"), text[128];
    if (!below)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    DIR *d = opendir(below);
    const char *used = below;
    if (!d) {
        used = dir;
        d = opendir(dir);
    }
    zobo_err err = ZOBO_OK;
    if (!d)
        err = zb_problem(why, ZOBO_EFILE, 0, "%s: cannot open it: %s", dir, strerror_r(errno, text, sizeof text));
    for (struct dirent *entry; d && !err && (entry = readdir(d));) {
        int64_t zxid;
        if (zxid_of_name(entry->d_name, kind, &zxid) && !add_file(list, used, entry->d_name, zxid))
            err = zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
        else if (*kind == 's' && is_compressed(entry->d_name))
            err = zb_problem(why, ZOBO_EFILE, 0, "%s/%s: it is compressed: unpack it first", used, entry->d_name);
    }
    if (d)
        (void)closedir(d);
    if (list->n)
        qsort(list->items, list->n, sizeof *list->items, by_zxid);
    zb_free(below);
    return err;
}

void
zs_import_progress(const zs_import *job, uint64_t total)
{
    enum { EVERY = 4096 };
    uint64_t done = job->result->nodes + job->result->transactions;
    if (job->options->progress && done % EVERY == 0)
        job->options->progress(job->options->progress_arg, done, total);
}

zobo_err
zs_import_fail(const zs_import *job, const char *where, zobo_err err)
{
    if (err == ZOBO_ENOMEM)
        return zb_problem(job->why, err, 0, "%s: out of memory", where);
    if (err == ZOBO_ENOTREADONLY)
        return zb_problem(job->why, ZOBO_EFILE, 0,
                          "%s: there is no room for the data: make room, or name another directory", where);
    return zb_problem(job->why, ZOBO_EFILE, 0, "%s: %s", where, zobo_err_text(err));
}

/* --- what a server does when it has read its files --- */

zobo_err
zs_delete_ephemerals(zs_import *job, int64_t session, int64_t zxid)
{
    uint64_t serial = 0;
    zb_buf path;
    zobo_err err;
    while ((err = zs_ephemeral_after(job->txn, session, &serial, &path)) == ZOBO_OK) {
        job->path.n = 0; /* the path lies in the store, which changes */
        zs_bytes_add(&job->path, path.p, (size_t)path.n);
        err = job->path.failed ? ZOBO_ENOMEM : zs_grow_delete(job->txn, (const char *)job->path.p, job->path.n, zxid);
        if (err)
            break;
    }
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}

/* Sessions that own nodes and are not known: nobody would ever end them. */
static zobo_err
end_dead_sessions(zs_import *job)
{
    zs_session_record live = {0};
    int64_t owner = 0;
    zobo_err more = zs_session_after(job->txn, 0, &live), err;
    while ((err = zs_owner_after(job->txn, owner, &owner)) == ZOBO_OK) {
        while (more == ZOBO_OK && (uint64_t)live.id < (uint64_t)owner)
            more = zs_session_after(job->txn, live.id, &live);
        if (more != ZOBO_OK && more != ZOBO_ENONODE)
            return more;
        if (more == ZOBO_OK && live.id == owner)
            continue;
        err = zs_delete_ephemerals(job, owner, zs_txn_meta(job->txn)->last_zxid);
        if (err)
            return err;
    }
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}

zobo_err
zs_finish_import(zs_import *job)
{
    zobo_err err = end_dead_sessions(job);
    if (!err)
        err = zs_quotas_recount(job->txn);
    return err ? zs_import_fail(job, "the data that was read", err) : ZOBO_OK;
}

/* --- all of it --- */

/* Loads the newest snapshot that is whole. Without any snapshot the logs must tell all. */
static zobo_err
load_newest(zs_import *job, zs_store *store, const files *snapshots)
{
    zobo_err err = ZOBO_OK;
    for (size_t i = snapshots->n; i-- > 0;) {
        err = zs_write_begin(store, &job->txn);
        if (!err)
            err = zs_grow_clear(job->txn);
        if (err)
            err = zs_import_fail(job, "the new data", err);
        else
            err = zs_load(job, snapshots->items[i].path);
        if (!err) {
            zs_txn_meta(job->txn)->last_zxid = snapshots->items[i].zxid;
            return ZOBO_OK;
        }
        zs_txn_end(job->txn);
        job->txn = NULL;
        *job->result = (zobo_snapshot_result){0};
        if (err != ZOBO_EFILE || i == 0)
            return err;
        ZB_LOG(&job->log, ZOBO_LOG_WARN, "%s; the one before it is taken", job->why ? job->why->text : "damaged");
        zb_problem_clear(job->why);
    }
    err = zs_write_begin(store, &job->txn);
    return err ? zs_import_fail(job, "the new data", err) : ZOBO_OK;
}

/* From the log that holds the transaction after the snapshot: the last that begins no later. */
static zobo_err
replay_all(zs_import *job, const files *logs)
{
    size_t first = 0;
    for (size_t i = 0; i < logs->n; i++)
        if (logs->items[i].zxid - 1 <= zs_txn_meta(job->txn)->last_zxid)
            first = i;
    for (size_t i = first; i < logs->n; i++) {
        const found *log = &logs->items[i];
        int64_t last = zs_txn_meta(job->txn)->last_zxid;
        if (!zs_zxid_follows(last, log->zxid))
            return zb_problem(job->why, ZOBO_EFILE, 0,
                              "%s: it begins with transaction 0x%llx, and those behind 0x%llx are missing", log->path,
                              (unsigned long long)log->zxid, (unsigned long long)last);
        zobo_err err = zs_replay(job, log->path, i + 1 < logs->n ? logs->items[i + 1].zxid : 0);
        if (err)
            return err;
    }
    return ZOBO_OK;
}

/* When the newest snapshot was damaged, the logs must lead at least as far. */
static zobo_err
reaches(const zs_import *job, const files *snapshots)
{
    const found *newest = snapshots->n ? &snapshots->items[snapshots->n - 1] : NULL;
    int64_t last = zs_txn_meta(job->txn)->last_zxid;
    if (!newest || newest->zxid <= last)
        return ZOBO_OK;
    return zb_problem(job->why, ZOBO_EFILE, 0, "%s: it is damaged, and the older files end at transaction 0x%llx",
                      newest->path, (unsigned long long)last);
}

static zobo_err
refuse_used(zs_store *store, const char *dir, zobo_problem *why)
{
    zs_txn *txn;
    zobo_err err = zs_read_begin(store, &txn);
    if (err)
        return zb_problem(why, err == ZOBO_ENOMEM ? err : ZOBO_EFILE, 0, "%s: %s", dir, zobo_err_text(err));
    bool used = zs_txn_meta(txn)->last_zxid != 0;
    zs_txn_end(txn);
    return used ? zb_problem(why, ZOBO_EFILE, 0, "%s: holds data already; give a new directory", dir) : ZOBO_OK;
}

/* The first zxid of a server that stands alone, or of an ensemble's first leader. */
static bool
begins_history(int64_t zxid)
{
    return zxid <= 1 || zxid == ((int64_t)1 << 32) + 1;
}

static zobo_err
nothing_there(const char *from, zobo_problem *why)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/data.mdb", from);
    if (n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0)
        return zb_problem(why, ZOBO_EFILE, 0,
                          "%s: is the data of zobo's server, not of ZooKeeper's: start a server on it as it is", from);
    return zb_problem(why, ZOBO_EFILE, 0, "%s: holds no snapshot.<zxid> and no log.<zxid> of ZooKeeper's", from);
}

static zobo_err
import(zs_import *job, zs_store *store, const char *from, const char *log_dir)
{
    files snapshots = {0}, logs = {0};
    zobo_err err = find_files(from, "snapshot", &snapshots, job->why);
    if (!err)
        err = find_files(log_dir, "log", &logs, job->why);
    if (!err && snapshots.n == 0 && logs.n == 0)
        err = nothing_there(from, job->why);
    if (!err && snapshots.n == 0 && logs.n && !begins_history(logs.items[0].zxid))
        err = zb_problem(
            job->why, ZOBO_EFILE, 0,
            "%s: there is no snapshot, and the logs begin with transaction 0x%llx: what was before is missing", from,
            (unsigned long long)logs.items[0].zxid);
    if (!err)
        err = load_newest(job, store, &snapshots);
    if (!err)
        err = replay_all(job, &logs);
    if (!err)
        err = reaches(job, &snapshots);
    if (!err)
        err = zs_finish_import(job);
    files_free(&snapshots);
    files_free(&logs);
    if (err) {
        zs_txn_end(job->txn);
        return err;
    }
    err = zs_write_commit(job->txn);
    return err ? zs_import_fail(job, "the new data", err) : ZOBO_OK;
}

zobo_err
zs_count_all(zs_store *store, zobo_snapshot_result *result)
{
    zs_txn *txn;
    zobo_err err = zs_read_begin(store, &txn);
    if (err)
        return err;
    const zs_meta *meta = zs_txn_meta(txn);
    result->zxid = meta->last_zxid;
    result->nodes = (uint64_t)meta->n_nodes;
    result->ephemerals = (uint64_t)meta->n_ephemerals;
    result->ttl_nodes = 0;
    err = zs_count_sessions(txn, &result->sessions);
    uint64_t serial = 0;
    zb_buf path;
    zs_node node;
    while (!err && zs_expiring_after(txn, &serial, &path) == ZOBO_OK)
        result->ttl_nodes +=
            zs_node_find(txn, path.p, (size_t)path.n, &node, NULL) == ZOBO_OK && node.owner != ZS_OWNER_CONTAINER;
    zs_txn_end(txn);
    return err;
}

static void
what_is_there(const char *dir, bool *dir_known, bool *data_known)
{
    char *data = zs_path_in(dir, "data.mdb");
    *dir_known = access(dir, F_OK) == 0;
    *data_known = !data || access(data, F_OK) == 0;
    zb_free(data);
}

/* Nobody is to start a server on the empty tree that an import which failed would leave. */
static void
remove_data(const char *dir, bool keep_dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = zs_path_in(dir, names[i]);
        if (path)
            (void)unlink(path);
        zb_free(path);
    }
    if (!keep_dir)
        (void)rmdir(dir);
}

zobo_err
zobo_snapshot_import(const char *from, const char *log_dir, const char *data_dir, const zobo_snapshot_options *options,
                     zobo_snapshot_result *result, zobo_problem *why)
{
    zobo_snapshot_options known;
    zobo_snapshot_result done = {0};
    zobo_problem text;
    zb_problem_clear(why);
    if (!from || !*from || !data_dir || !*data_dir)
        return zb_problem(why, ZOBO_EINVAL, 0, "no directory to read, or none to write");
    zobo_err err = zs_job_begin(&known, options, result, why);
    if (err)
        return err;
    zs_import job = {
        .options = &known, .result = &done, .why = why ? why : &text, .log = {known.log, known.log_arg, ZOBO_LOG_INFO}};
    bool dir_known, data_known;
    what_is_there(data_dir, &dir_known, &data_known);
    zs_store *store;
    err = zs_store_open(&store, &(zs_store_options){.dir = data_dir}, job.why);
    if (err && !dir_known)
        remove_data(data_dir, false);
    if (err)
        return err;
    err = refuse_used(store, data_dir, job.why);
    if (!err)
        err = import(&job, store, from, log_dir ? log_dir : from);
    if (!err)
        err = zs_count_all(store, job.result);
    if (err && !data_known)
        remove_data(data_dir, dir_known);
    zs_store_close(store);
    zs_bytes_free(&job.path);
    zs_bytes_free(&job.data);
    zs_bytes_free(&job.acl);
    if (!err)
        zs_job_tell(result, &done);
    return err;
}
