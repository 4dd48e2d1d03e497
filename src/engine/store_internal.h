/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store share: tables, transactions, and one way to change a record. */
#ifndef ZS_STORE_INTERNAL_H
#define ZS_STORE_INTERNAL_H

#include <lmdb.h>

#include "engine/files.h"
#include "engine/store.h"

/* The tables. The last is LMDB's unnamed one, which a commit writes in any case: it has what changes each time. */
typedef enum zs_table {
    ZS_NODES,
    ZS_BLOBS,
    ZS_EPHEMERALS,
    ZS_EXPIRING,
    ZS_ACLS,
    ZS_ACL_IDS,
    ZS_SESSIONS,
    ZS_META,
    ZS_TABLES
} zs_table;

struct zs_store {
    MDB_env *env;
    MDB_dbi tables[ZS_TABLES];
    int lock_fd; /* -1: none */
};

typedef struct zs_undone zs_undone;

struct zs_txn {
    zs_store *store;
    MDB_txn *txn;
    MDB_cursor *cursors[ZS_TABLES]; /* opened when first needed */
    MDB_cursor *walker;             /* lent to one zs_children at a time */
    bool writing;
    bool recording;
    zs_meta meta, stored;
    zs_arena arena; /* of the undo list */
    zs_undone *undone;
    zs_meta undo_meta;
};

zobo_err zs_store_err(int rc); /* of LMDB's and the system's numbers */

/* --- tables (txn.c) ---
 *
 * Every change of a table is a zs_seek, which tells what is there and moves the table's cursor, and right behind it a
 * zs_put_here or zs_delete_here. */
MDB_cursor *zs_cursor(zs_txn *txn, zs_table table, zobo_err *err); /* the table's own; NULL: *err */
zobo_err zs_get(zs_txn *txn, zs_table table, const void *key, size_t n, MDB_val *value);
zobo_err zs_seek(zs_txn *txn, zs_table table, const void *key, size_t n, MDB_val *old);
zobo_err zs_put_here(zs_txn *txn, zs_table table, const void *key, size_t n, const MDB_val *old, const void *value,
                     size_t value_n);
zobo_err zs_delete_here(zs_txn *txn, zs_table table, const void *key, size_t n, const MDB_val *old);

/* Both in one. zs_delete: ENONODE when it is not there. */
zobo_err zs_put(zs_txn *txn, zs_table table, const void *key, size_t n, const void *value, size_t value_n);
zobo_err zs_delete(zs_txn *txn, zs_table table, const void *key, size_t n);

/* zs_next finds the first record whose key is greater than `key`. */
zobo_err zs_next(zs_txn *txn, zs_table table, const void *key, size_t n, MDB_val *found_key, MDB_val *value);

/* --- the first content (store.c calls them on a new store) --- */
zobo_err zs_write_first_acls(zs_txn *txn);  /* records.c */
zobo_err zs_write_first_nodes(zs_txn *txn); /* node.c */

/* zs_make_whole: is the data file as long as it should be? If only free pages are missing it is made so (length.c).
 * Returns 0, or LMDB's or the system's error. */
int zs_make_whole(zs_store *store, bool *whole);

#endif
