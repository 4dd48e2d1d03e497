/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store share. */
#ifndef ZOBO_TESTS_UNIT_ENGINE_STORE_H
#define ZOBO_TESTS_UNIT_ENGINE_STORE_H

#include "test.h"

#include "base/digest.h"
#include "engine/store_internal.h"

#define assert_zs(expr) assert_int_equal((expr), ZOBO_OK)

static inline zs_store *
open_store(const zs_store_options *o)
{
    zs_store *store = NULL;
    zobo_problem why;
    if (zs_store_open(&store, o, &why))
        fail_msg("%s", why.text);
    return store;
}

static inline zs_store *
open_memory(void)
{
    return open_store(&(zs_store_options){0});
}

static inline zs_txn *
reading(zs_store *store)
{
    zs_txn *txn;
    assert_zs(zs_read_begin(store, &txn));
    return txn;
}

static inline zs_txn *
writing(zs_store *store)
{
    zs_txn *txn;
    assert_zs(zs_write_begin(store, &txn));
    return txn;
}

static inline zobo_err
put_owned(zs_txn *txn, const char *path, const char *text, int64_t owner)
{
    zs_node node = {.acl = ZS_ACL_OPEN, .owner = owner};
    zb_buf data = zb_buf_of(text);
    return zs_node_put(txn, path, strlen(path), &node, &data);
}

static inline zobo_err
put_text(zs_txn *txn, const char *path, const char *text)
{
    return put_owned(txn, path, text, 0);
}

static inline zobo_err
find(zs_txn *txn, const char *path, zs_node *node, zb_buf *data)
{
    return zs_node_find(txn, path, strlen(path), node, data);
}

static inline void
assert_text(zs_txn *txn, const char *path, const char *text)
{
    zs_node node;
    zb_buf data;
    assert_zs(find(txn, path, &node, &data));
    assert_int_equal(data.n, node.data_len);
    assert_int_equal(data.n, text ? (int)strlen(text) : -1);
    if (text)
        assert_memory_equal(data.p, text, strlen(text));
}

/* A text of n letters. */
static inline char *
letters(char c, size_t n)
{
    char *p = malloc(n + 1);
    assert_non_null(p);
    memset(p, c, n);
    p[n] = '\0';
    return p;
}

/* A hash of all that is in the store, as the transaction sees it. */
static inline void
digest(zs_txn *txn, uint8_t out[20])
{
    zb_sha1_state s;
    zb_sha1_init(&s);
    zb_sha1_add(&s, &txn->meta, sizeof txn->meta);
    for (int i = 0; i < ZS_META; i++) {
        MDB_cursor *cursor;
        MDB_val key, value;
        assert_int_equal(mdb_cursor_open(txn->txn, txn->store->tables[i], &cursor), 0);
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            zb_sha1_add(&s, &i, sizeof i);
            zb_sha1_add(&s, &key.mv_size, sizeof key.mv_size);
            zb_sha1_add(&s, key.mv_data, key.mv_size);
            zb_sha1_add(&s, &value.mv_size, sizeof value.mv_size);
            zb_sha1_add(&s, value.mv_data, value.mv_size);
        }
        mdb_cursor_close(cursor);
    }
    zb_sha1_end(&s, out);
}

/* Walks the whole tree, checking that what is listed is found. Returns how many nodes there are. */
static inline int
walk(zs_txn *txn, const char *path)
{
    zs_node node;
    assert_zs(find(txn, path, &node, NULL));
    zs_children it;
    zb_buf name;
    int n = 1;
    assert_zs(zs_children_start(&it, txn, path, strlen(path)));
    while (zs_children_next(&it, &name)) {
        char *child = malloc(strlen(path) + (size_t)name.n + 2);
        assert_non_null(child);
        sprintf(child, "%s/%.*s", path[1] ? path : "", (int)name.n, (const char *)name.p);
        n += walk(txn, child);
        free(child);
    }
    zs_children_stop(&it);
    return n;
}

#endif
