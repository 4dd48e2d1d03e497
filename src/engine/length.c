/* SPDX-License-Identifier: Apache-2.0 */
/* Is the data file cut short? It may be shorter than the pages that are counted: one that a commit took from the end
 * and gave back at once was never written. Such pages are on the list of free ones, and any other is lost. To read that
 * list the file must be as long as it should be, or what is missing of it would end the process. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/store_internal.h"

/* How many pages from `from` to `last` are free. False: the list cannot be read. */
static bool
count_free(MDB_env *env, size_t from, size_t last, size_t *n)
{
    enum { FREE_PAGES = 0 }; /* LMDB's own table: transaction -> count, pages */
    MDB_txn *txn;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    *n = 0;
    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn))
        return false;
    int rc = mdb_cursor_open(txn, FREE_PAGES, &cursor);
    while (!rc && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        const size_t *pages = value.mv_data;
        if (value.mv_size < sizeof *pages || value.mv_size / sizeof *pages - 1 < pages[0])
            rc = MDB_CORRUPTED;
        for (size_t i = 1; !rc && i <= pages[0]; i++)
            *n += pages[i] >= from && pages[i] <= last;
    }
    if (cursor)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND;
}

/* Another process's file, too: it does not mind. */
static int
open_file(zs_store *store, int *fd)
{
    const char *dir;
    int rc = mdb_env_get_path(store->env, &dir);
    char *path = rc ? NULL : zs_path_in(dir, "data.mdb");
    if (!path)
        return rc ? rc : ENOMEM;
    *fd = open(path, O_RDWR | O_CLOEXEC);
    rc = *fd < 0 ? errno : 0;
    zb_free(path);
    return rc;
}

int
zs_make_whole(zs_store *store, bool *whole)
{
    MDB_envinfo info;
    MDB_stat stat;
    int fd, rc = mdb_env_info(store->env, &info);
    if (!rc)
        rc = mdb_env_stat(store->env, &stat);
    if (rc)
        return rc;
    uint64_t bytes = zs_store_file_bytes(store);
    size_t there = (size_t)(bytes / stat.ms_psize), pages = info.me_last_pgno + 1, n;
    *whole = there >= pages;
    if (*whole || (rc = open_file(store, &fd)))
        return rc;
    if (ftruncate(fd, (off_t)(pages * stat.ms_psize))) {
        rc = errno;
    } else {
        *whole = count_free(store->env, there, info.me_last_pgno, &n) && n == pages - there;
        rc = *whole || ftruncate(fd, (off_t)bytes) == 0 ? 0 : errno;
    }
    (void)close(fd);
    return rc;
}
