/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, and the one way in which records change.
 *
 * A change is seek, then put or delete at the cursor: the old value is at hand, so that it costs nothing to keep it
 * when an undo list is being written, and LMDB does not search twice. */
#include "engine/store_internal.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

/* A record as it was before a change. Its key and old value follow it. */
struct zs_undone {
    zs_undone *older;
    zs_table table;
    bool existed;
    size_t key_n, value_n;
    uint8_t bytes[];
};

zobo_err
zs_store_err(int rc)
{
    switch (rc) {
    case 0:
        return ZOBO_OK;
    case MDB_NOTFOUND:
        return ZOBO_ENONODE;
    case ENOMEM:
        return ZOBO_ENOMEM;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ZOBO_ENOTREADONLY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        return ZOBO_EDATAINCONSISTENCY;
    default:
        return ZOBO_ESYSTEM;
    }
}

/* --- begin, renew, end --- */

static const char meta_key[] = "meta";

static zobo_err
load_meta(zs_txn *txn)
{
    MDB_val value = {0};
    zobo_err err = zs_get(txn, ZS_META, meta_key, sizeof meta_key - 1, &value);
    if (err == ZOBO_ENONODE || (err == ZOBO_OK && value.mv_size != sizeof txn->meta))
        err = ZOBO_EDATAINCONSISTENCY;
    if (err)
        return err;
    memcpy(&txn->meta, value.mv_data, sizeof txn->meta);
    txn->stored = txn->meta;
    return ZOBO_OK;
}

static zobo_err
begin(zs_store *store, bool writing, zs_txn **out)
{
    *out = NULL;
    zs_txn *txn = zb_calloc(1, sizeof *txn);
    if (!txn)
        return ZOBO_ENOMEM;
    txn->store = store;
    txn->writing = writing;
    zobo_err err = zs_store_err(mdb_txn_begin(store->env, NULL, writing ? 0 : MDB_RDONLY, &txn->txn));
    if (!err)
        err = load_meta(txn);
    if (err) {
        zs_txn_end(txn);
        return err;
    }
    *out = txn;
    return ZOBO_OK;
}

zobo_err
zs_read_begin(zs_store *store, zs_txn **out)
{
    return begin(store, false, out);
}

zobo_err
zs_write_begin(zs_store *store, zs_txn **out)
{
    return begin(store, true, out);
}

zobo_err
zs_read_renew(zs_txn *txn)
{
    mdb_txn_reset(txn->txn);
    int rc = mdb_txn_renew(txn->txn);
    for (int i = 0; i < ZS_TABLES && rc == 0; i++) {
        if (txn->cursors[i])
            rc = mdb_cursor_renew(txn->txn, txn->cursors[i]);
    }
    if (rc == 0 && txn->walker)
        rc = mdb_cursor_renew(txn->txn, txn->walker);
    return rc ? zs_store_err(rc) : load_meta(txn);
}

/* A writing transaction's cursors end with it; a reading one's are left to us. */
static void
release(zs_txn *txn)
{
    for (int i = 0; i < ZS_TABLES && !txn->writing; i++) {
        if (txn->cursors[i])
            mdb_cursor_close(txn->cursors[i]);
    }
    if (txn->walker && !txn->writing)
        mdb_cursor_close(txn->walker);
    zs_arena_free(&txn->arena);
    zb_free(txn);
}

void
zs_txn_end(zs_txn *txn)
{
    if (!txn)
        return;
    if (txn->txn)
        mdb_txn_abort(txn->txn);
    release(txn);
}

zobo_err
zs_write_commit(zs_txn *txn)
{
    txn->recording = false;
    zobo_err err = ZOBO_OK;
    if (memcmp(&txn->meta, &txn->stored, sizeof txn->meta) != 0)
        err = zs_put(txn, ZS_META, meta_key, sizeof meta_key - 1, &txn->meta, sizeof txn->meta);
    if (err) {
        zs_txn_end(txn);
        return err;
    }
    int fd = -1;
    (void)mdb_env_get_fd(txn->store->env, &fd);
    bool on_disk = txn->store->lock_fd >= 0;
    int rc = mdb_txn_commit(txn->txn);
    release(txn);
    if (!rc && on_disk && zs_is_unlinked(fd))
        return ZOBO_EFILE; /* nobody will ever find what was just written */
    /* LMDB has the same word for a disk that failed and one that took half of a page. Nothing refers to the pages of a
     * commit that failed, so whichever it was, another may be tried. */
    if (rc == EIO && zs_is_full(fd))
        rc = ENOSPC;
    return zs_store_err(rc);
}

zs_meta *
zs_txn_meta(zs_txn *txn)
{
    return &txn->meta;
}

/* --- the undo list --- */

static bool
note_old(zs_txn *txn, zs_table table, const void *key, size_t n, const MDB_val *old)
{
    size_t old_n = old ? old->mv_size : 0;
    zs_undone *note = zs_arena_take(&txn->arena, sizeof *note + n + old_n);
    if (!note)
        return false;
    *note = (zs_undone){.older = txn->undone, .table = table, .existed = old != NULL, .key_n = n, .value_n = old_n};
    memcpy(note->bytes, key, n);
    if (old_n)
        memcpy(note->bytes + n, old->mv_data, old_n);
    txn->undone = note;
    return true;
}

void
zs_undo_start(zs_txn *txn)
{
    zs_undo_stop(txn);
    txn->recording = true;
    txn->undo_meta = txn->meta;
}

void
zs_undo_stop(zs_txn *txn)
{
    txn->recording = false;
    txn->undone = NULL;
    zs_arena_reset(&txn->arena);
}

zobo_err
zs_undo(zs_txn *txn)
{
    if (!txn->recording)
        return ZOBO_OK;
    txn->recording = false;
    for (const zs_undone *u = txn->undone; u; u = u->older) {
        const uint8_t *key = u->bytes;
        zobo_err err = u->existed ? zs_put(txn, u->table, key, u->key_n, key + u->key_n, u->value_n)
                                  : zs_delete(txn, u->table, key, u->key_n);
        /* not there: the change that was noted failed */
        if (err && (u->existed || err != ZOBO_ENONODE))
            return err;
    }
    txn->meta = txn->undo_meta;
    zs_undo_stop(txn);
    return ZOBO_OK;
}

/* --- tables --- */

MDB_cursor *
zs_cursor(zs_txn *txn, zs_table table, zobo_err *err)
{
    if (ZB_UNLIKELY(!txn->cursors[table])) {
        int rc = mdb_cursor_open(txn->txn, txn->store->tables[table], &txn->cursors[table]);
        if (rc) {
            *err = zs_store_err(rc);
            return NULL;
        }
    }
    return txn->cursors[table];
}

/* LMDB's values are not const; it does not write to what is given to it. */
static MDB_val
val_of(const void *p, size_t n)
{
    union {
        const void *from;
        void *to;
    } same = {.from = p};
    return (MDB_val){.mv_size = n, .mv_data = same.to};
}

zobo_err
zs_get(zs_txn *txn, zs_table table, const void *key, size_t n, MDB_val *value)
{
    if (txn->writing) /* the change that follows finds the cursor on the same page */
        return zs_seek(txn, table, key, n, value);
    MDB_val k = val_of(key, n);
    return zs_store_err(mdb_get(txn->txn, txn->store->tables[table], &k, value));
}

zobo_err
zs_seek(zs_txn *txn, zs_table table, const void *key, size_t n, MDB_val *old)
{
    zobo_err err = ZOBO_ESYSTEM;
    MDB_cursor *cursor = zs_cursor(txn, table, &err);
    if (!cursor)
        return err;
    MDB_val k = val_of(key, n);
    return zs_store_err(mdb_cursor_get(cursor, &k, old, MDB_SET));
}

zobo_err
zs_put_here(zs_txn *txn, zs_table table, const void *key, size_t n, const MDB_val *old, const void *value,
            size_t value_n)
{
    if (txn->recording && !note_old(txn, table, key, n, old))
        return ZOBO_ENOMEM;
    MDB_val k = val_of(key, n), v = val_of(value, value_n);
    return zs_store_err(mdb_cursor_put(txn->cursors[table], &k, &v, old ? MDB_CURRENT : 0));
}

zobo_err
zs_delete_here(zs_txn *txn, zs_table table, const void *key, size_t n, const MDB_val *old)
{
    if (txn->recording && !note_old(txn, table, key, n, old))
        return ZOBO_ENOMEM;
    return zs_store_err(mdb_cursor_del(txn->cursors[table], 0));
}

zobo_err
zs_put(zs_txn *txn, zs_table table, const void *key, size_t n, const void *value, size_t value_n)
{
    MDB_val old = {0};
    zobo_err err = zs_seek(txn, table, key, n, &old);
    if (err && err != ZOBO_ENONODE)
        return err;
    return zs_put_here(txn, table, key, n, err ? NULL : &old, value, value_n);
}

zobo_err
zs_delete(zs_txn *txn, zs_table table, const void *key, size_t n)
{
    MDB_val old = {0};
    zobo_err err = zs_seek(txn, table, key, n, &old);
    return err ? err : zs_delete_here(txn, table, key, n, &old);
}

zobo_err
zs_next(zs_txn *txn, zs_table table, const void *key, size_t n, MDB_val *found_key, MDB_val *value)
{
    zobo_err err = ZOBO_ESYSTEM;
    MDB_cursor *cursor = zs_cursor(txn, table, &err);
    if (!cursor)
        return err;
    *found_key = val_of(key, n);
    int rc = mdb_cursor_get(cursor, found_key, value, MDB_SET_RANGE);
    if (rc == 0 && found_key->mv_size == n && memcmp(found_key->mv_data, key, n) == 0)
        rc = mdb_cursor_get(cursor, found_key, value, MDB_NEXT);
    return zs_store_err(rc);
}
