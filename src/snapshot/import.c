/* SPDX-License-Identifier: Apache-2.0 */
/* From Apache ZooKeeper's data directory to one of ours. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
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
    char *end;
    errno = 0;
    *zxid = (int64_t)strtoull(name + n + 1, &end, 16);
    return *end == '\0' && errno == 0;
}

static char *
join(const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = zb_malloc(n);
    if (path)
        (void)snprintf(path, n, "%s/%s", dir, name);
    return path;
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
    char *path = join(dir, name);
    if (path)
        list->items[list->n++] = (found){path, zxid};
    return path != NULL;
}

/* Looks in `dir`/version-2 if there is one, else in `dir`. */
static zobo_err
find_files(const char *dir, const char *kind, files *list, zobo_problem *why)
{
    char *below = join(dir, "version-2"), text[128];
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
    for (struct dirent *entry; !err && (entry = readdir(d));) {
        int64_t zxid;
        if (zxid_of_name(entry->d_name, kind, &zxid) && !add_file(list, used, entry->d_name, zxid))
            err = zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
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

/* Loads the newest snapshot that is whole. Without any snapshot the logs must tell all. */
static zobo_err
load_newest(zs_import *job, zs_store *store, const files *snapshots)
{
    zobo_err err = ZOBO_OK;
    for (size_t i = snapshots->n; i-- > 0;) {
        err = zs_write_begin(store, &job->txn);
        if (!err)
            err = zs_grow_clear(job->txn);
        if (!err)
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
    return zs_write_begin(store, &job->txn);
}

/* From the log that holds the transaction after the snapshot: the last that begins no later. */
static zobo_err
replay_all(zs_import *job, const files *logs)
{
    int64_t from = zs_txn_meta(job->txn)->last_zxid + 1;
    size_t first = 0;
    for (size_t i = 0; i < logs->n; i++)
        if (logs->items[i].zxid <= from)
            first = i;
    for (size_t i = first; i < logs->n; i++) {
        zobo_err err = zs_replay(job, logs->items[i].path, i + 1 == logs->n);
        if (err)
            return err;
    }
    return ZOBO_OK;
}

static zobo_err
refuse_used(zs_store *store, const char *dir, zobo_problem *why)
{
    zs_txn *txn;
    zobo_err err = zs_read_begin(store, &txn);
    if (err)
        return zb_problem(why, err, 0, "%s: %s", dir, zobo_err_text(err));
    bool used = zs_txn_meta(txn)->last_zxid != 0;
    zs_txn_end(txn);
    return used ? zb_problem(why, ZOBO_EFILE, 0, "%s: holds data already; give a new directory", dir) : ZOBO_OK;
}

static zobo_err
import(zs_import *job, zs_store *store, const char *from, const char *log_dir)
{
    files snapshots = {0}, logs = {0};
    zobo_err err = find_files(from, "snapshot", &snapshots, job->why);
    if (!err)
        err = find_files(log_dir, "log", &logs, job->why);
    if (!err && snapshots.n == 0 && logs.n == 0)
        err =
            zb_problem(job->why, ZOBO_EFILE, 0, "%s: holds no snapshot.<zxid> and no log.<zxid> of ZooKeeper's", from);
    if (!err)
        err = load_newest(job, store, &snapshots);
    if (!err)
        err = replay_all(job, &logs);
    files_free(&snapshots);
    files_free(&logs);
    if (err) {
        zs_txn_end(job->txn);
        return err;
    }
    const zs_meta *meta = zs_txn_meta(job->txn);
    job->result->zxid = meta->last_zxid;
    job->result->nodes = (uint64_t)meta->n_nodes;
    job->result->ephemerals = (uint64_t)meta->n_ephemerals;
    err = zs_write_commit(job->txn);
    return err ? zb_problem(job->why, err, 0, "cannot write the data: %s", zobo_err_text(err)) : ZOBO_OK;
}

static zobo_err
count_sessions(zs_store *store, zobo_snapshot_result *result)
{
    zs_txn *txn;
    zobo_err err = zs_read_begin(store, &txn);
    if (err)
        return err;
    zs_session_record session = {0};
    result->sessions = 0;
    while ((err = zs_session_after(txn, session.id, &session)) == ZOBO_OK)
        result->sessions++;
    zs_txn_end(txn);
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}

zobo_err
zobo_snapshot_import(const char *from, const char *log_dir, const char *data_dir, const zobo_snapshot_options *options,
                     zobo_snapshot_result *result, zobo_problem *why)
{
    static const zobo_snapshot_options defaults = {.size = sizeof defaults};
    zobo_snapshot_result ours = {0};
    zobo_problem text;
    zb_problem_clear(why);
    if (!from || !*from || !data_dir || !*data_dir)
        return zb_problem(why, ZOBO_EINVAL, 0, "no directory to read, or none to write");
    zs_import job = {
        .options = options ? options : &defaults, .result = result ? result : &ours, .why = why ? why : &text};
    job.log = (zb_log){job.options->log, job.options->log_arg, ZOBO_LOG_INFO};
    *job.result = (zobo_snapshot_result){0};
    zs_store *store;
    zobo_err err = zs_store_open(&store, &(zs_store_options){.dir = data_dir}, job.why);
    if (err)
        return err;
    err = refuse_used(store, data_dir, job.why);
    if (!err)
        err = import(&job, store, from, log_dir ? log_dir : from);
    if (!err)
        err = count_sessions(store, job.result);
    zs_store_close(store);
    zs_bytes_free(&job.path);
    zs_bytes_free(&job.data);
    zs_bytes_free(&job.acl);
    return err;
}
