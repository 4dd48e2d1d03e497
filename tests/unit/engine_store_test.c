/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: nodes, children, ephemerals, expiring, ACLs, sessions, and taking changes back. */
#include "engine_store.h"

#include "base/rng.h"
#include "engine/exec_internal.h"

/* As Apache ZooKeeper 3.8 shows a fresh tree. */
static void
first_tree(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int32_t cversion, aversion, num_children;
        uint32_t acl;
    } first[] = {{"/", -1, 0, 1, ZS_ACL_OPEN},
                 {"/zookeeper", -2, 0, 2, ZS_ACL_OPEN},
                 {"/zookeeper/quota", 0, 0, 0, ZS_ACL_OPEN},
                 {"/zookeeper/config", 0, -1, 0, ZS_ACL_READ}};
    zs_store *store = open_memory();
    zs_txn *txn = reading(store);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        zs_node node;
        zb_buf data;
        zobo_stat stat;
        assert_zs(find(txn, first[i].path, &node, &data));
        assert_int_equal(data.n, 0);
        assert_int_equal(node.acl, first[i].acl);
        zs_node_stat(&node, &stat);
        zs_bytes shown = {0}, expected = {0};
        zs_add_stat(&shown, &stat);
        zs_add_stat(&expected, &(zobo_stat){.cversion = first[i].cversion,
                                            .aversion = first[i].aversion,
                                            .num_children = first[i].num_children});
        assert_memory_equal(shown.p, expected.p, expected.n);
        zs_bytes_free(&shown);
        zs_bytes_free(&expected);
    }
    assert_int_equal(walk(txn, "/"), 4);
    const zs_meta *meta = zs_txn_meta(txn);
    assert_int_equal(meta->n_nodes, 4);
    assert_int_equal(meta->n_ephemerals, 0);
    assert_int_equal(meta->last_zxid, 0);
    assert_int_equal(meta->data_bytes, strlen("/"
                                              "/zookeeper"
                                              "/zookeeper/quota"
                                              "/zookeeper/config"));
    zs_txn_end(txn);
    zs_store_close(store);
}

static void
stat_of_owners(void **state)
{
    (void)state;
    static const struct {
        int64_t owner, shown;
    } owners[] = {{0, 0},
                  {5, 5},
                  {-5 & ~ZS_OWNER_TTL, -5 & ~ZS_OWNER_TTL},
                  {(int64_t)0xfe00000000000001, (int64_t)0xfe00000000000001},
                  {ZS_OWNER_CONTAINER, 0},
                  {ZS_OWNER_TTL | 1000, 0},
                  {ZS_OWNER_TTL | ZS_MAX_TTL, 0}};
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        zs_node node = {.owner = owners[i].owner, .created = INT32_MIN, .n_children = 1, .data_len = -1};
        zobo_stat stat;
        zs_node_stat(&node, &stat);
        assert_true(stat.ephemeral_owner == owners[i].shown);
        assert_int_equal(zs_owner_is_session(owners[i].owner), owners[i].shown != 0);
        assert_int_equal(stat.cversion, -1); /* it wraps */
        assert_int_equal(stat.data_length, 0);
    }
}

/* Data of every size around the place where it leaves its node, each followed by each. */
static void
data_of_all_sizes(void **state)
{
    (void)state;
    static const int sizes[] = {-1, 0, 1, 100, 1023, 1024, 1025, 2000, 5000, 100000, 1048576};
    enum { N = sizeof sizes / sizeof *sizes };
    zs_store *store = open_memory();
    zs_txn *txn = writing(store);
    int64_t before = zs_txn_meta(txn)->data_bytes;
    char *texts[N];
    for (int i = 0; i < N; i++)
        texts[i] = sizes[i] < 0 ? NULL : letters((char)('a' + i), (size_t)sizes[i]);
    assert_zs(put_text(txn, "/n", "first"));
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            zs_node node;
            assert_zs(put_text(txn, "/n", texts[i]));
            assert_text(txn, "/n", texts[i]);
            assert_zs(find(txn, "/n", &node, NULL));
            node.version = i * N + j;
            assert_zs(zs_node_put(txn, "/n", 2, &node, NULL)); /* the data stays */
            assert_text(txn, "/n", texts[i]);
            assert_zs(find(txn, "/n", &node, NULL));
            assert_int_equal(node.version, i * N + j);
            assert_int_equal(zs_txn_meta(txn)->data_bytes - before, 2 + (sizes[i] > 0 ? sizes[i] : 0));
            assert_zs(put_text(txn, "/n", texts[j]));
            assert_text(txn, "/n", texts[j]);
        }
    }
    assert_zs(zs_node_delete(txn, "/n", 2));
    zs_node gone;
    assert_int_equal(find(txn, "/n", &gone, NULL), ZOBO_ENONODE);
    assert_int_equal(zs_node_delete(txn, "/n", 2), ZOBO_ENONODE);
    assert_int_equal(zs_txn_meta(txn)->data_bytes, before);
    MDB_stat blobs;
    assert_int_equal(mdb_stat(txn->txn, store->tables[ZS_BLOBS], &blobs), 0);
    assert_int_equal(blobs.ms_entries, 0);
    zs_txn_end(txn);
    for (int i = 0; i < N; i++)
        free(texts[i]);
    zs_store_close(store);
}

static void
what_is_no_path(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "abc", "//", "/zookeeper/", "/zookeeper//quota", "/zookeeper/quota/"};
    zs_store *store = open_memory();
    zs_txn *txn = writing(store);
    zs_node node = {0};
    zb_buf data = {"", 0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *path = exact(bad[i], strlen(bad[i]));
        assert_int_equal(zs_node_find(txn, path, strlen(bad[i]), &node, NULL), ZOBO_ENONODE);
        free(path);
    }
    assert_int_equal(zs_node_find(txn, "/zookeeper\0quota", 16, &node, NULL), ZOBO_ENONODE);
    assert_int_equal(zs_node_find(txn, "\0zookeeper", 10, &node, NULL), ZOBO_ENONODE);
    assert_int_equal(zs_node_put(txn, "abc", 3, &node, &data), ZOBO_EBADARGUMENTS);
    assert_int_equal(zs_node_put(txn, "/new", 4, &node, NULL), ZOBO_EBADARGUMENTS);
    zs_txn_end(txn);
    zs_store_close(store);
}

/* Names and parents around the lengths at which they are hashed, nested in each other. */
static void
long_paths(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 100, 254, 255, 256, 257, 511, 512, 3000, 70000};
    enum { N = sizeof lengths / sizeof *lengths };
    zs_store *store = open_memory();
    zs_txn *txn = writing(store);
    char *parents[N], *children[N][N];
    for (int i = 0; i < N; i++) {
        parents[i] = letters('p', lengths[i] + 1);
        parents[i][0] = '/';
        assert_zs(put_text(txn, parents[i], parents[i]));
        for (int j = 0; j < N; j++) {
            size_t at = lengths[i] + 1;
            children[i][j] = letters((char)('a' + j), at + 1 + lengths[j]);
            memcpy(children[i][j], parents[i], at);
            children[i][j][at] = '/';
            assert_zs(put_text(txn, children[i][j], children[i][j] + at));
        }
    }
    assert_zs(zs_write_commit(txn));
    txn = reading(store);
    assert_int_equal(walk(txn, "/"), 4 + N + N * N);
    assert_int_equal(zs_txn_meta(txn)->n_nodes, 4 + N + N * N);
    for (int i = 0; i < N; i++) {
        assert_text(txn, parents[i], parents[i]);
        for (int j = 0; j < N; j++)
            assert_text(txn, children[i][j], children[i][j] + lengths[i] + 1);
        zs_children it;
        zb_buf name;
        assert_zs(zs_children_start(&it, txn, parents[i], strlen(parents[i])));
        int n = 0;
        for (; zs_children_next(&it, &name); n++) {
            if (n < 4) /* those that are not hashed, in their order */
                assert_int_equal(name.n, (int)lengths[n]);
        }
        assert_int_equal(n, N);
        zs_children_stop(&it);
    }
    zs_txn_end(txn);
    txn = writing(store);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            zs_node node;
            assert_zs(zs_node_delete(txn, children[i][j], strlen(children[i][j])));
            assert_int_equal(find(txn, children[i][j], &node, NULL), ZOBO_ENONODE);
            free(children[i][j]);
        }
        assert_zs(zs_node_delete(txn, parents[i], strlen(parents[i])));
        free(parents[i]);
    }
    assert_int_equal(walk(txn, "/"), 4);
    zs_txn_end(txn);
    zs_store_close(store);
}

static void
expect_children(zs_txn *txn, const char *path, const char *expected)
{
    char got[256] = "";
    zs_children it;
    zb_buf name;
    assert_zs(zs_children_start(&it, txn, path, strlen(path)));
    while (zs_children_next(&it, &name))
        sprintf(got + strlen(got), "%.*s ", (int)name.n, (const char *)name.p);
    assert_false(zs_children_next(&it, &name));
    zs_children_stop(&it);
    zs_children_stop(&it);
    assert_string_equal(got, expected);
}

static void
children(void **state)
{
    (void)state;
    static const char *const paths[] = {"/a",     "/a/10", "/a/9", "/a/b",        "/a/b/c",    "/a!",
                                        "/a!/no", "/a0",   "/b",   "/a/\xc3\xa4", "/a/\xff_1", "/a/B"};
    zs_store *store = open_memory();
    zs_txn *txn = writing(store);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_zs(put_text(txn, paths[i], "x"));
    expect_children(txn, "/", "a a! a0 b zookeeper ");
    expect_children(txn, "/a", "10 9 B b \xc3\xa4 \xff_1 ");
    expect_children(txn, "/a!", "no ");
    expect_children(txn, "/a/b", "c ");
    expect_children(txn, "/b", "");
    expect_children(txn, "/none", "");
    assert_zs(zs_write_commit(txn));

    /* two at once, and over a renewal */
    txn = reading(store);
    zs_children outer, inner;
    zb_buf name;
    assert_zs(zs_children_start(&outer, txn, "/a", 2));
    assert_true(zs_children_next(&outer, &name));
    assert_zs(zs_children_start(&inner, txn, "/", 1));
    assert_true(zs_children_next(&inner, &name));
    assert_memory_equal(name.p, "a", 1);
    zs_children_stop(&inner);
    assert_true(zs_children_next(&outer, &name));
    assert_memory_equal(name.p, "9", 1);
    zs_children_stop(&outer);
    zs_txn *change = writing(store);
    assert_zs(put_text(change, "/b/new", "x"));
    assert_zs(zs_write_commit(change));
    expect_children(txn, "/b", "");
    assert_zs(zs_read_renew(txn));
    expect_children(txn, "/b", "new ");
    zs_txn_end(txn);
    zs_store_close(store);
}

static void
expect_ephemerals(zs_txn *txn, int64_t session, const char *expected)
{
    char got[256] = "";
    uint64_t serial = 0;
    zb_buf path;
    zobo_err err;
    while ((err = session ? zs_ephemeral_after(txn, session, &serial, &path)
                          : zs_expiring_after(txn, &serial, &path)) == ZOBO_OK)
        sprintf(got + strlen(got), "%.*s ", (int)path.n, (const char *)path.p);
    assert_int_equal(err, ZOBO_ENONODE);
    assert_string_equal(got, expected);
}

static void
owners(void **state)
{
    (void)state;
    enum { A = 0x100, B = 0x101 };
    const int64_t last = (int64_t)0xfeffffffffffffff;
    zs_store *store = open_memory();
    zs_txn *txn = writing(store);
    assert_zs(put_owned(txn, "/a2", "", A));
    assert_zs(put_owned(txn, "/b1", "", B));
    assert_zs(put_owned(txn, "/c", "", ZS_OWNER_CONTAINER));
    assert_zs(put_owned(txn, "/a1", "", A));
    assert_zs(put_owned(txn, "/t", "", ZS_OWNER_TTL | 50));
    assert_zs(put_owned(txn, "/l", "", last));
    assert_int_equal(zs_txn_meta(txn)->n_ephemerals, 4);
    expect_ephemerals(txn, A, "/a2 /a1 "); /* as they were made */
    expect_ephemerals(txn, B, "/b1 ");
    expect_ephemerals(txn, last, "/l ");
    expect_ephemerals(txn, 0xff, "");
    expect_ephemerals(txn, 0, "/c /t ");

    /* a known node's owner and serial stay whatever the caller says */
    zs_node node, again;
    assert_zs(find(txn, "/a2", &node, NULL));
    zs_node changed = node;
    changed.owner = B;
    changed.serial = 99;
    assert_zs(zs_node_put(txn, "/a2", 3, &changed, NULL));
    assert_zs(find(txn, "/a2", &again, NULL));
    assert_memory_equal(&again, &node, sizeof node);

    assert_zs(zs_write_commit(txn));
    txn = writing(store);
    assert_zs(zs_node_delete(txn, "/a2", 3));
    assert_zs(zs_node_delete(txn, "/t", 2));
    assert_zs(put_owned(txn, "/a2", "", A)); /* a new node: behind */
    expect_ephemerals(txn, A, "/a1 /a2 ");
    expect_ephemerals(txn, 0, "/c ");
    assert_int_equal(zs_txn_meta(txn)->n_ephemerals, 4);
    zs_txn_end(txn);
    zs_store_close(store);
}

/* A vector<ACL> of n entries by the same id. */
static size_t
make_acl(uint8_t *at, int n, const char *id)
{
    zb_writer w = zb_writer_of(at, 1000);
    zb_put_i32(&w, n);
    for (int i = 0; i < n; i++) {
        zb_put_i32(&w, i + 1);
        zb_put_str(&w, zb_buf_of("digest"));
        zb_put_str(&w, zb_buf_of(id));
    }
    assert_false(w.bad);
    return w.n;
}

static void
acls(void **state)
{
    (void)state;
    zs_store *store = open_memory();
    zs_txn *txn = writing(store);
    uint8_t one[1000], other[1000];
    size_t one_n = make_acl(one, 2, "u:p"), other_n = make_acl(other, 1, "u:p");
    uint32_t id, again, third;
    assert_zs(zs_acl_put(txn, one, one_n, &id));
    assert_true(id > ZS_ACL_READ);
    assert_zs(zs_acl_put(txn, other, other_n, &third));
    assert_int_not_equal(third, id);
    assert_zs(zs_acl_put(txn, one, one_n, &again));
    assert_int_equal(again, id);
    assert_int_equal(zs_acl_put(txn, one, one_n - 1, &again), ZOBO_EINVALIDACL);
    assert_zs(zs_write_commit(txn));

    txn = reading(store);
    zb_aclvec acl;
    assert_zs(zs_acl_get(txn, id, &acl));
    assert_int_equal(acl.n, 2);
    zb_reader r = zb_reader_of(acl.p, (size_t)(acl.end - acl.p));
    zb_acl_view view = zb_get_acl(&r);
    assert_int_equal(view.perms, 1);
    assert_int_equal(view.id.n, 3);
    for (uint32_t i = ZS_ACL_OPEN; i <= ZS_ACL_READ; i++) {
        assert_zs(zs_acl_get(txn, i, &acl));
        assert_int_equal(acl.n, 1);
        r = zb_reader_of(acl.p, (size_t)(acl.end - acl.p));
        view = zb_get_acl(&r);
        assert_int_equal(view.perms, i == ZS_ACL_OPEN ? ZOBO_PERM_ALL : ZOBO_PERM_READ);
        assert_int_equal(view.scheme.n, 5);
        assert_memory_equal(view.scheme.p, "world", 5);
        assert_int_equal(view.id.n, 6);
        assert_memory_equal(view.id.p, "anyone", 6);
        /* the table has it too, the same, for who reads the file */
        MDB_val value;
        assert_zs(zs_get(txn, ZS_ACLS, (const uint8_t[]){0, 0, 0, (uint8_t)i}, 4, &value));
        assert_int_equal(value.mv_size, (size_t)(acl.end - acl.p) + 4);
        assert_memory_equal((const uint8_t *)value.mv_data + 4, acl.p, value.mv_size - 4);
    }
    assert_int_equal(zs_acl_get(txn, 1000, &acl), ZOBO_EDATAINCONSISTENCY);
    zs_txn_end(txn);

    /* what a client may spell the same way gets the same id */
    txn = writing(store);
    zs_bytes b = {0};
    zs_add_i32(&b, 1);
    zs_add_i32(&b, ZOBO_PERM_READ);
    zs_add_buf(&b, zb_buf_of("world"));
    zs_add_buf(&b, zb_buf_of("anyone"));
    assert_zs(zs_acl_put(txn, b.p, b.n, &id));
    assert_int_equal(id, ZS_ACL_READ);
    zs_bytes_free(&b);
    zs_txn_end(txn);
    zs_store_close(store);
}

static void
sessions(void **state)
{
    (void)state;
    zs_store *store = open_memory();
    zs_txn *txn = writing(store);
    const int64_t ids[] = {7, 0x100000000, INT64_MIN + 1, -2};
    for (int i = 3; i >= 0; i--) {
        zs_session_record s = {ids[i], 1000 + i, {(uint8_t)i}};
        assert_zs(zs_session_put(txn, &s));
    }
    zs_session_record s = {.id = 0};
    for (int i = 0; i < 4; i++) {
        assert_zs(zs_session_after(txn, s.id, &s));
        assert_true(s.id == ids[i]);
        assert_int_equal(s.timeout_ms, 1000 + i);
        assert_int_equal(s.password[0], i);
    }
    assert_int_equal(zs_session_after(txn, s.id, &s), ZOBO_ENONODE);
    assert_zs(zs_session_delete(txn, 7));
    assert_int_equal(zs_session_delete(txn, 7), ZOBO_ENONODE);
    assert_zs(zs_session_after(txn, 0, &s));
    assert_true(s.id == ids[1]);
    s.timeout_ms = 5;
    assert_zs(zs_session_put(txn, &s));
    assert_zs(zs_session_after(txn, 0, &s));
    assert_int_equal(s.timeout_ms, 5);
    zs_txn_end(txn);
    zs_store_close(store);
}

/* One change of each kind in each table. */
static void
change_all(zs_txn *txn, const char *long_text)
{
    uint8_t acl[1000];
    uint32_t id;
    assert_zs(put_owned(txn, "/e1", long_text, 77));
    assert_zs(zs_node_delete(txn, "/e", 2));
    assert_zs(put_owned(txn, "/c1", "", ZS_OWNER_CONTAINER));
    assert_zs(zs_node_delete(txn, "/c", 2));
    assert_zs(put_text(txn, "/short", long_text));
    assert_zs(put_text(txn, "/long", "short"));
    assert_zs(zs_node_delete(txn, "/gone", 5));
    assert_zs(put_text(txn, "/gone", "back"));
    assert_zs(zs_node_delete(txn, "/zookeeper", 10));
    assert_zs(zs_acl_put(txn, acl, make_acl(acl, 3, "new:acl"), &id));
    assert_zs(zs_session_put(txn, &(zs_session_record){1, 99, {0}}));
    assert_zs(zs_session_put(txn, &(zs_session_record){2, 99, {0}}));
    assert_zs(zs_session_delete(txn, 3));
    zs_txn_meta(txn)->last_zxid += 5;
}

static void
undo(void **state)
{
    (void)state;
    zs_store *store = open_memory();
    char *text = letters('x', 5000);
    zs_txn *txn = writing(store);
    assert_zs(put_owned(txn, "/e", "old", 76));
    assert_zs(put_owned(txn, "/c", "", ZS_OWNER_TTL | 1));
    assert_zs(put_text(txn, "/short", "short"));
    assert_zs(put_text(txn, "/long", text));
    assert_zs(put_text(txn, "/gone", NULL));
    assert_zs(zs_session_put(txn, &(zs_session_record){1, 1, {1}}));
    assert_zs(zs_session_put(txn, &(zs_session_record){3, 3, {3}}));
    assert_zs(zs_write_commit(txn));

    txn = writing(store);
    uint8_t before[20], after[20];
    digest(txn, before);
    for (int i = 0; i < 3; i++) {
        zs_undo_start(txn);
        change_all(txn, text);
        digest(txn, after);
        assert_memory_not_equal(before, after, sizeof before);
        assert_zs(zs_undo(txn));
        digest(txn, after);
        assert_memory_equal(before, after, sizeof before);
    }
    /* without a start there is nothing to undo; stopped, it stays */
    zs_undo_start(txn);
    change_all(txn, text);
    zs_undo_stop(txn);
    digest(txn, before);
    assert_zs(zs_undo(txn));
    digest(txn, after);
    assert_memory_equal(before, after, sizeof before);
    assert_zs(zs_write_commit(txn));
    txn = reading(store);
    digest(txn, after);
    assert_memory_equal(before, after, sizeof before);
    zs_txn_end(txn);
    free(text);
    zs_store_close(store);
}

/* --- at random, against a model --- */

enum { PATHS = 40, STEPS = 3000 };

typedef struct model {
    struct {
        bool there;
        int size; /* of its data, all the same letter */
        int32_t version;
        int64_t owner;
    } nodes[PATHS];
} model;

static char *paths[PATHS];

static void
expect_model(zs_txn *txn, const model *m, const char *text)
{
    int nodes = 4, ephemerals = 0;
    for (int i = 0; i < PATHS; i++) {
        zs_node node;
        zb_buf data;
        zobo_err err = find(txn, paths[i], &node, &data);
        assert_int_equal(err, m->nodes[i].there ? ZOBO_OK : ZOBO_ENONODE);
        if (err)
            continue;
        nodes++;
        ephemerals += zs_owner_is_session(m->nodes[i].owner);
        assert_int_equal(data.n, m->nodes[i].size);
        if (data.n > 0)
            assert_memory_equal(data.p, text, (size_t)data.n);
        assert_int_equal(node.version, m->nodes[i].version);
        assert_true(node.owner == m->nodes[i].owner);
    }
    assert_int_equal(zs_txn_meta(txn)->n_nodes, nodes);
    assert_int_equal(zs_txn_meta(txn)->n_ephemerals, ephemerals);
    assert_int_equal(walk(txn, "/"), nodes);
}

static void
change_one(zs_txn *txn, model *m, zb_rng *rng, const char *text)
{
    size_t i = zb_rng_below(rng, PATHS);
    if (m->nodes[i].there && zb_rng_below(rng, 3) == 0) {
        assert_zs(zs_node_delete(txn, paths[i], strlen(paths[i])));
        m->nodes[i].there = false;
        return;
    }
    static const int64_t kinds[] = {0, 0, 11, 12, ZS_OWNER_CONTAINER, ZS_OWNER_TTL | 9};
    if (!m->nodes[i].there)
        m->nodes[i].owner = kinds[zb_rng_below(rng, 6)];
    bool same = m->nodes[i].there && zb_rng_below(rng, 2);
    if (!same)
        m->nodes[i].size = (int)zb_rng_below(rng, zb_rng_below(rng, 2) ? 20000 : 1500) - 1;
    m->nodes[i].there = true;
    m->nodes[i].version++;
    zs_node node = {.version = m->nodes[i].version, .owner = m->nodes[i].owner};
    zb_buf data = {m->nodes[i].size < 0 ? NULL : text, m->nodes[i].size};
    assert_zs(zs_node_put(txn, paths[i], strlen(paths[i]), &node, same ? NULL : &data));
}

static void
at_random(void **state)
{
    (void)state;
    zb_rng rng = {20261122};
    char *text = letters('t', 20000);
    for (int i = 0; i < PATHS; i++) {
        size_t n = i % 4 ? 10 + (size_t)i : 250 + (size_t)i;
        paths[i] = letters('n', n);
        paths[i][0] = '/';
        paths[i][1] = (char)('!' + i % 14); /* up to '.', which is below '/' */
    }
    zs_store *store = open_memory();
    zs_txn *reader = reading(store), *txn = writing(store);
    model now = {0}, committed = now, kept = now;
    bool recording = false;
    for (int step = 0; step < STEPS; step++) {
        change_one(txn, &now, &rng, text);
        switch (zb_rng_below(&rng, 12)) {
        case 0:
            kept = now;
            zs_undo_start(txn);
            recording = true;
            break;
        case 1:
            assert_zs(zs_undo(txn));
            if (recording)
                now = kept;
            recording = false;
            expect_model(txn, &now, text);
            break;
        case 2:
            zs_undo_stop(txn);
            recording = false;
            break;
        case 3:
        case 4: {
            bool give_up = zb_rng_below(&rng, 3) == 0;
            if (give_up)
                zs_txn_end(txn);
            else
                assert_zs(zs_write_commit(txn));
            expect_model(reader, &committed, text); /* until it is renewed */
            committed = now = give_up ? committed : now;
            assert_zs(zs_read_renew(reader));
            expect_model(reader, &committed, text);
            recording = false;
            txn = writing(store);
            break;
        }
        default:
            break;
        }
    }
    expect_model(txn, &now, text);
    zs_txn_end(txn);
    zs_txn_end(reader);
    zs_store_close(store);
    for (int i = 0; i < PATHS; i++)
        free(paths[i]);
    free(text);
}

/* A record that cannot be is an error, never a read beyond it. */
static void
damaged_records(void **state)
{
    (void)state;
    zs_store *store = open_memory();
    zs_txn *txn = writing(store);
    char *deep = letters('d', 300);
    deep[0] = '/';
    char *text = letters('x', 3000);
    assert_zs(put_owned(txn, "/n", "data", 5));
    assert_zs(put_text(txn, "/blob", text));
    assert_zs(put_text(txn, deep, "x"));
    assert_zs(zs_session_put(txn, &(zs_session_record){1, 1, {1}}));
    assert_zs(zs_write_commit(txn));
    for (int table = 0; table < ZS_META; table++) {
        txn = writing(store);
        MDB_cursor *cursor;
        MDB_val key, value;
        assert_int_equal(mdb_cursor_open(txn->txn, store->tables[table], &cursor), 0);
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            uint8_t copy[64], key_copy[511]; /* the page itself moves */
            key.mv_data = memcpy(key_copy, key.mv_data, key.mv_size);
            value.mv_size = value.mv_size / 2 < sizeof copy ? value.mv_size / 2 : sizeof copy;
            value.mv_data = memcpy(copy, value.mv_data, value.mv_size);
            assert_int_equal(mdb_cursor_put(cursor, &key, &value, MDB_CURRENT), 0);
        }
        mdb_cursor_close(cursor);
        zs_node node;
        zb_buf data;
        zb_aclvec acl;
        zs_session_record s;
        uint32_t id;
        switch (table) {
        case ZS_NODES:
            assert_int_equal(find(txn, "/", &node, &data), ZOBO_EDATAINCONSISTENCY);
            assert_int_equal(find(txn, deep, &node, &data), ZOBO_EDATAINCONSISTENCY);
            assert_int_equal(put_text(txn, deep, "x"), ZOBO_EDATAINCONSISTENCY);
            assert_int_equal(zs_node_delete(txn, "/n", 2), ZOBO_EDATAINCONSISTENCY);
            break;
        case ZS_BLOBS:
            assert_int_equal(find(txn, "/blob", &node, &data), ZOBO_EDATAINCONSISTENCY);
            assert_zs(zs_delete(txn, ZS_BLOBS, "\0blob", 5));
            assert_int_equal(find(txn, "/blob", &node, &data), ZOBO_EDATAINCONSISTENCY);
            break;
        case ZS_ACLS: {
            uint8_t bytes[1000];
            assert_zs(zs_acl_put(txn, bytes, make_acl(bytes, 1, "u:p"), &id));
            assert_zs(zs_put(txn, ZS_ACLS, (const uint8_t[]){0, 0, 0, 9}, 4, "short", 5));
            assert_int_equal(zs_acl_get(txn, 9, &acl), ZOBO_EDATAINCONSISTENCY);
            break;
        }
        case ZS_SESSIONS:
            assert_int_equal(zs_session_after(txn, 0, &s), ZOBO_EDATAINCONSISTENCY);
            break;
        default:
            break;
        }
        zs_txn_end(txn);
    }
    free(deep);
    free(text);
    zs_store_close(store);
}

/* A record of the table nodes below the root whose key ends in `key`, and whose path, where there is one, is `path`. */
static void
put_damaged(zs_txn *txn, const void *key, size_t n, const char *path)
{
    uint8_t name[511] = {0}, value[sizeof(zs_node) + 4 + 300] = {0};
    zs_node node = {.n_children = 1, .acl = ZS_ACL_OPEN, .data_len = -1};
    uint32_t path_n = (uint32_t)strlen(path);
    memcpy(name + 1, key, n);
    memcpy(value, &node, sizeof node);
    memcpy(value + sizeof node, &path_n, 4);
    memcpy(value + sizeof node + 4, path, path_n);
    assert_zs(zs_put(txn, ZS_NODES, name, 1 + n, value, sizeof node + (path_n ? 4 + path_n : 0)));
}

/* A name that no path has: the children end with an error, and so does a walk, which could go round in circles. */
static void
expect_bad_child(zs_store *store, const void *key, size_t n, const char *path)
{
    zs_txn *txn = writing(store);
    zs_children it;
    zb_buf name;
    int children = 0;
    put_damaged(txn, key, n, path);
    assert_zs(zs_children_start(&it, txn, "/", 1));
    while (zs_children_next(&it, &name))
        children++;
    assert_int_equal(it.err, ZOBO_EDATAINCONSISTENCY);
    assert_in_range(children, 0, 1); /* "zookeeper", if it comes first */
    zs_children_stop(&it);

    zs_walk all;
    zs_node node;
    int steps = 0;
    zs_walk_start(&all, txn, "/", 1);
    while (zs_walk_next(&all, &node))
        assert_in_range(++steps, 1, 3);
    assert_int_equal(all.err, ZOBO_EDATAINCONSISTENCY);
    zs_walk_stop(&all);
    zs_txn_end(txn);
}

static void
damaged_names(void **state)
{
    (void)state;
    zs_store *store = open_memory();
    uint8_t hash[21] = {0xff};
    char *text = letters('n', 290);
    expect_bad_child(store, hash, sizeof hash, "/");          /* nameless: the root once more */
    expect_bad_child(store, hash, sizeof hash, "/zookeeper"); /* a name that is there already */
    zb_sha1("zookeeper", 9, hash + 1);
    expect_bad_child(store, hash, sizeof hash, "/zookeeper"); /* too short for a hash */
    text[0] = '/';
    expect_bad_child(store, hash, sizeof hash, text); /* another's hash */
    zb_sha1(text + 1, 289, hash + 1);
    expect_bad_child(store, hash, sizeof hash - 1, text);
    expect_bad_child(store, "zookeeper/quota", 15, "");
    expect_bad_child(store, text + 1, 289, ""); /* too long to be no hash */
    expect_bad_child(store, hash, 1, "");       /* no path */

    zs_txn *txn = writing(store); /* and the whole one is found */
    put_damaged(txn, hash, sizeof hash, text);
    assert_int_equal(walk(txn, "/"), 5);
    zs_txn_end(txn);
    free(text);
    zs_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_tree),
        cmocka_unit_test(stat_of_owners),
        cmocka_unit_test(data_of_all_sizes),
        cmocka_unit_test(what_is_no_path),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(children),
        cmocka_unit_test(owners),
        cmocka_unit_test(acls),
        cmocka_unit_test(sessions),
        cmocka_unit_test(undo),
        cmocka_unit_test(at_random),
        cmocka_unit_test(damaged_records),
        cmocka_unit_test(damaged_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
