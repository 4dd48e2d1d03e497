/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing.
 *
 * A new data file is made under another name and renamed when it is whole, so that an empty or short `data.mdb` is
 * never a beginning but always a loss, and refused. What is in a file is looked at only after its length was compared
 * with what it says of itself: a mapped page behind a file's end would end the process. */
#define _GNU_SOURCE
#include "engine/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { MAX_READERS = 512, FORMAT_VERSION = 1 };

#define DEFAULT_MAP_BYTES ((uint64_t)1 << 40)
#define LEAST_MAP_BYTES   ((uint64_t)1 << 26)

static const char *const table_names[ZS_TABLES] = {
    [ZS_NODES] = "nodes", [ZS_BLOBS] = "blobs",     [ZS_EPHEMERALS] = "ephemerals", [ZS_EXPIRING] = "expiring",
    [ZS_ACLS] = "acls",   [ZS_ACL_IDS] = "acl_ids", [ZS_SESSIONS] = "sessions",     [ZS_META] = NULL,
};

/* What tells a store of ours, and whether this program can read it. */
typedef struct format {
    char magic[8];
    uint32_t version;
    uint16_t node_bytes, meta_bytes;
} format;

static const char format_key[] = "format";
static const format this_format = {"zobo db", FORMAT_VERSION, sizeof(zs_node), sizeof(zs_meta)};

static const char anew[] = "restore a backup, or move data.mdb away to begin anew";

/* --- the environment --- */

static zobo_err
env_problem(const char *dir, int rc, zobo_problem *why)
{
    switch (rc) {
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_BAD_VALSIZE:
        return zb_problem(why, ZOBO_EFILE, 0, "%s: data.mdb is damaged or no file of zobo's server: %s", dir, anew);
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return zb_problem(why, ZOBO_EFILE, 0,
                          "%s: data.mdb was written with another version of LMDB: use the program that wrote it to "
                          "export a snapshot",
                          dir);
    case ENOMEM:
        return zb_problem(why, ZOBO_ENOMEM, 0, "%s: no memory or address space to open it", dir);
    default:
        return zb_problem(why, ZOBO_EFILE, 0,
                          "%s: its files cannot be opened (%s): give this user the right to them, and room", dir,
                          mdb_strerror(rc));
    }
}

static int
open_env_of(MDB_env **out, const char *path, unsigned flags, uint64_t map_bytes)
{
    MDB_env *env = NULL;
    int rc = mdb_env_create(&env);
    if (rc)
        return rc;
    if ((rc = mdb_env_set_maxdbs(env, ZS_TABLES)) || (rc = mdb_env_set_maxreaders(env, MAX_READERS)) ||
        (rc = mdb_env_set_mapsize(env, map_bytes)) || (rc = mdb_env_open(env, path, flags, 0600))) {
        mdb_env_close(env);
        return rc;
    }
    *out = env;
    return 0;
}

/* Takes less address space if all cannot be had: a limit on it, a sanitizer. */
static int
open_env(MDB_env **out, const char *path, unsigned flags, uint64_t map_bytes)
{
    long page = sysconf(_SC_PAGESIZE);
    uint64_t unit = page > 0 ? (uint64_t)page : 4096;
    uint64_t bytes = map_bytes ? map_bytes : DEFAULT_MAP_BYTES;
    if (bytes > SIZE_MAX / 4)
        bytes = SIZE_MAX / 4;
    bytes = (bytes + unit - 1) / unit * unit;
    for (;;) {
        int rc = open_env_of(out, path, flags | MDB_NOTLS | MDB_NORDAHEAD, bytes);
        if (rc != ENOMEM || bytes / 2 < LEAST_MAP_BYTES)
            return rc;
        bytes = bytes / 2 / unit * unit;
    }
}

/* --- a new data file --- */

static int
open_tables(zs_store *store, MDB_txn *txn, unsigned flags)
{
    int rc = 0;
    for (int i = 0; i < ZS_TABLES && !rc; i++)
        rc = mdb_dbi_open(txn, table_names[i], table_names[i] ? flags : 0, &store->tables[i]);
    return rc;
}

static zobo_err
write_first(zs_store *store)
{
    zs_txn *txn = zb_calloc(1, sizeof *txn);
    if (!txn)
        return ZOBO_ENOMEM;
    txn->store = store;
    txn->writing = true;
    zobo_err err = zs_store_err(mdb_txn_begin(store->env, NULL, 0, &txn->txn));
    if (!err)
        err = zs_store_err(open_tables(store, txn->txn, MDB_CREATE));
    if (!err)
        err = zs_put(txn, ZS_META, format_key, sizeof format_key - 1, &this_format, sizeof this_format);
    if (!err)
        err = zs_write_first_acls(txn);
    if (!err)
        err = zs_write_first_nodes(txn);
    if (err) {
        zs_txn_end(txn);
        return err;
    }
    return zs_write_commit(txn);
}

/* make_data writes the file `path`: whole and on disk, or an error. */
static zobo_err
make_data(const char *path, bool sync)
{
    zs_store store = {.lock_fd = -1};
    (void)unlink(path);
    int rc = open_env(&store.env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, LEAST_MAP_BYTES);
    if (rc)
        return zs_store_err(rc);
    zobo_err err = write_first(&store);
    if (!err && sync)
        err = zs_store_err(mdb_env_sync(store.env, 1));
    mdb_env_close(store.env);
    return err;
}

static zobo_err
new_data(const char *dir, const char *data, bool sync, zobo_problem *why)
{
    char *fresh = zs_path_in(dir, "data.new");
    zobo_err err = fresh ? make_data(fresh, sync) : ZOBO_ENOMEM;
    if (!err && (rename(fresh, data) || (sync && !zs_sync_dir(dir))))
        err = zs_store_err(errno);
    if (err && fresh)
        (void)unlink(fresh);
    zb_free(fresh);
    if (err == ZOBO_ENOTREADONLY)
        return zb_problem(why, ZOBO_EFILE, 0, "%s: no room for a new data file: make room, or name another directory",
                          dir);
    if (err)
        return zb_problem(why, err == ZOBO_ENOMEM ? err : ZOBO_EFILE, 0,
                          "%s: a new data file cannot be made: give this user the right to, or name another directory",
                          dir);
    return ZOBO_OK;
}

/* --- a known data file --- */

static zobo_err
cut_short(const char *dir, zobo_problem *why)
{
    return zb_problem(why, ZOBO_EFILE, 0, "%s: data.mdb is cut short: %s", dir, anew);
}

static zobo_err
check_length(zs_store *store, const char *dir, zobo_problem *why)
{
    bool whole;
    int rc = zs_make_whole(store, &whole);
    if (rc)
        return env_problem(dir, rc, why);
    return whole ? ZOBO_OK : cut_short(dir, why);
}

static zobo_err
check_format(zs_store *store, MDB_txn *txn, const char *dir, zobo_problem *why)
{
    MDB_dbi dbi;
    int rc = mdb_dbi_open(txn, NULL, 0, &dbi);
    MDB_val key = {sizeof format_key - 1, (void *)(uintptr_t)format_key}, value;
    if (!rc)
        rc = mdb_get(txn, dbi, &key, &value);
    if (rc && rc != MDB_NOTFOUND)
        return env_problem(dir, rc, why);
    format f;
    if (rc || value.mv_size != sizeof f || memcmp(value.mv_data, this_format.magic, sizeof f.magic) != 0)
        return env_problem(dir, MDB_INVALID, why);
    memcpy(&f, value.mv_data, sizeof f);
    if (memcmp(&f, &this_format, sizeof f) != 0)
        return zb_problem(why, ZOBO_EFILE, 0,
                          "%s: data.mdb has format %u, this program reads %u: export a snapshot with the version that "
                          "wrote it, and import that",
                          dir, (unsigned)f.version, (unsigned)FORMAT_VERSION);
    rc = open_tables(store, txn, 0);
    return rc ? env_problem(dir, rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc, why) : ZOBO_OK;
}

static zobo_err
check_data(zs_store *store, const char *dir, zobo_problem *why)
{
    zobo_err err = check_length(store, dir, why);
    if (err)
        return err;
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc)
        return env_problem(dir, rc, why);
    err = check_format(store, txn, dir, why);
    if (err) {
        mdb_txn_abort(txn);
        return err;
    }
    rc = mdb_txn_commit(txn); /* keeps the tables open */
    if (rc)
        return env_problem(dir, rc, why);
    zs_txn *look = NULL;
    err = zs_read_begin(store, &look);
    zs_txn_end(look);
    return err ? env_problem(dir, err == ZOBO_ENOMEM ? ENOMEM : MDB_CORRUPTED, why) : ZOBO_OK;
}

/* --- open, close --- */

static zobo_err
open_data(zs_store *store, const char *dir, const zs_store_options *o, zobo_problem *why)
{
    char *data = zs_path_in(dir, "data.mdb");
    if (!data)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    bool sync = o->dir && !o->no_sync;
    struct stat st = {0};
    zobo_err err = ZOBO_OK;
    if (stat(data, &st) == 0)
        err = st.st_size == 0 ? cut_short(dir, why) : ZOBO_OK;
    else if (errno != ENOENT)
        err = env_problem(dir, errno, why);
    else if (o->read_only)
        err = zb_problem(why, ZOBO_EFILE, 0, "%s: holds no data of a server: name the directory of one", dir);
    else if (zs_has_zookeepers_data(dir))
        err = zb_problem(why, ZOBO_EFILE, 0,
                         "%s: holds Apache ZooKeeper's data (version-2): `zobo snapshot import` makes a new directory "
                         "of it",
                         dir);
    else
        err = new_data(dir, data, sync, why);
    zb_free(data);
    if (err)
        return err;
    int rc = open_env(&store->env, dir, (sync ? 0 : MDB_NOSYNC) | (o->read_only ? MDB_RDONLY : 0), o->map_bytes);
    if (rc)
        return env_problem(dir, rc, why);
    int fd = -1, dead;
    (void)mdb_env_get_fd(store->env, &fd);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC))
        return env_problem(dir, errno, why);
    (void)mdb_reader_check(store->env, &dead); /* the readers of processes that are gone */
    return check_data(store, dir, why);
}

/* In memory: the files have no names as soon as they are open. */
static zobo_err
open_nameless(zs_store *store, const zs_store_options *o, zobo_problem *why)
{
    static const char *const names[] = {"data.new", "data.mdb", "lock.mdb"};
    char dir[PATH_MAX];
    zobo_err err = zs_temp_dir(dir, sizeof dir, why);
    if (err)
        return err;
    err = open_data(store, dir, o, why);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = zs_path_in(dir, names[i]);
        if (path)
            (void)unlink(path);
        zb_free(path);
    }
    (void)rmdir(dir);
    return err;
}

static zobo_err
open_named(zs_store *store, const zs_store_options *o, zobo_problem *why)
{
    if (o->read_only && zs_dir_is_ours(o->dir))
        return zb_problem(why, ZOBO_EFILE, 0, "%s: is open in this process already: copy that store", o->dir);
    zobo_err err = ZOBO_OK;
    if (!o->read_only) {
        err = zs_make_dir(o->dir, why);
        if (!err)
            err = zs_lock_dir(o->dir, &store->lock_fd, why);
    }
    return err ? err : open_data(store, o->dir, o, why);
}

zobo_err
zs_store_open(zs_store **out, const zs_store_options *options, zobo_problem *why)
{
    *out = NULL;
    zb_problem_clear(why);
    zs_store *store = zb_calloc(1, sizeof *store);
    if (!store)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    store->lock_fd = -1;
    zobo_err err = options->dir ? open_named(store, options, why) : open_nameless(store, options, why);
    if (err) {
        zs_store_close(store);
        return err;
    }
    *out = store;
    return ZOBO_OK;
}

void
zs_store_close(zs_store *store)
{
    if (!store)
        return;
    if (store->env)
        mdb_env_close(store->env);
    if (store->lock_fd >= 0)
        zs_unlock_dir(store->lock_fd);
    zb_free(store);
}

uint64_t
zs_store_file_bytes(const zs_store *store)
{
    int fd = -1;
    struct stat st;
    if (mdb_env_get_fd(store->env, &fd) || fstat(fd, &st))
        return 0;
    return (uint64_t)st.st_size;
}

/* --- copy --- */

static int
copy_to(zs_store *store, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int rc = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
    if (!rc && fsync(fd))
        rc = errno;
    if (close(fd) && !rc)
        rc = errno;
    if (rc)
        (void)unlink(path);
    return rc;
}

zobo_err
zs_store_copy(zs_store *store, const char *out, zobo_problem *why)
{
    zb_problem_clear(why);
    zobo_err err = zs_make_dir(out, why);
    if (err)
        return err;
    if (!zs_is_empty_dir(out))
        return zb_problem(why, ZOBO_EFILE, 0, "%s: cannot take a copy (%s): name an empty or a new directory", out,
                          strerror(errno));
    char *path = zs_path_in(out, "data.mdb");
    int rc = path ? copy_to(store, path) : ENOMEM;
    zb_free(path);
    if (!rc && !zs_sync_dir(out))
        rc = errno;
    if (rc)
        return zb_problem(why, rc == ENOMEM ? ZOBO_ENOMEM : ZOBO_EFILE, 0,
                          "%s: the copy failed (%s): nothing is left of it", out, mdb_strerror(rc));
    return ZOBO_OK;
}
