/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_rig.h"

#define MULTI(r, ...)      SEND(r, MULTI, __VA_ARGS__)
#define assert_bytes(r, b) assert_written(r, b, sizeof(b))

static void
assert_written(const rig *r, const void *want, size_t n)
{
    assert_int_equal(r->out.reply_len, n);
    assert_memory_equal(r->out.reply, want, n);
}

static void
take_header(zt_cursor *c, int type, bool done, int err)
{
    assert_int_equal(zt_take_i32(c), type);
    assert_int_equal(zt_take_bool(c), done);
    assert_int_equal(zt_take_i32(c), err);
}

static void
take_end(zt_cursor *c)
{
    take_header(c, -1, true, -1);
    assert_end(c);
}

/* assert_failed: the answer of a multi that failed in the operation number `failed` of n. */
static void
assert_failed(const rig *r, int n, int failed, int err)
{
    zt_cursor c = written(r);
    for (int i = 0; i < n; i++) {
        int want = i < failed ? 0 : i == failed ? err : -2;
        take_header(&c, -1, false, want);
        assert_int_equal(zt_take_i32(&c), want);
    }
    take_end(&c);
    assert_null(r->out.effects);
}

/* A stat as it stands in an answer. */
#define STAT_OF(zxid, version, mzxid)                                                                                  \
    0, 0, 0, 0, 0, 0, 0, zxid, 0, 0, 0, 0, 0, 0, 0, mzxid, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0,    \
        version, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, zxid

static void
test_success(void **state)
{
    rig *r = *state;
    r->now = 9;
    assert_int_equal(
        MULTI(r, "hssAihssAihsihssihsi.", 1, "/a", "x", 0, 15, "/b", "y", 0, 13, "/a", 0, 5, "/b", "z", 0, 2, "/a", 0),
        ZOBO_OK);
    static const uint8_t want[] = {
        0,    0,
        0,    1,
        0,    0,
        0,    0,
        0,    0,
        0,    0,
        2,    '/',
        'a', /* create: the path */
        0,    0,
        0,    15,
        0,    0,
        0,    0,
        0,    0,
        0,    0,
        2,    '/',
        'b',  STAT_OF(1, 0, 1), /* create2: and the stat */
        0,    0,
        0,    13,
        0,    0,
        0,    0,
        0, /* check */
        0,    0,
        0,    5,
        0,    0,
        0,    0,
        0,    STAT_OF(1, 1, 1), /* setData */
        0,    0,
        0,    2,
        0,    0,
        0,    0,
        0, /* delete */
        0xff, 0xff,
        0xff, 0xff,
        1,    0xff,
        0xff, 0xff,
        0xff, /* the end */
    };
    assert_bytes(r, want);
    assert_string_equal(r->events, "1 /a, 4 /, 1 /b, 4 /, 3 /b, 2 /a, 4 /");
    assert_int_equal(r->out.zxid, 1);
    assert_int_equal(stat_of(r, "/").pzxid, 1);
    assert_false(is_there(r, "/a"));
    assert_data(r, "/b", "z");
}

static void
test_failure(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/n", "old", 0), ZOBO_OK);
    zobo_stat before = stat_of(r, "/"), node_before = stat_of(r, "/n");
    int64_t bytes_before = zs_txn_meta(r->txn)->data_bytes, nodes_before = zs_txn_meta(r->txn)->n_nodes;
    assert_int_equal(MULTI(r, "hssihsihssAi.", 5, "/n", "new", 0, 13, "/n", 7, 1, "/x", "", 0), ZOBO_OK);
    static const uint8_t want[] = {
        0xff, 0xff, 0xff, 0xff, 0, 0,    0,    0,    0,    0,    0,    0,    0,    /* done, and taken back */
        0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0x99, 0xff, 0xff, 0xff, 0x99, /* -103: this one */
        0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfe, /* -2: never tried */
        0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff,
    };
    assert_bytes(r, want);
    assert_string_equal(r->events, "");
    assert_stat(stat_of(r, "/"), before);
    assert_stat(stat_of(r, "/n"), node_before);
    assert_data(r, "/n", "old");
    assert_false(is_there(r, "/x"));

    assert_int_equal(
        MULTI(r, "hssAihssAihsihssAi.", 1, "/e", "data", 1, 1, "/c", "data", 4, 2, "/n", 0, 1, "/none/x", "", 0),
        ZOBO_OK);
    assert_failed(r, 4, 3, ZOBO_ENONODE);
    assert_stat(stat_of(r, "/"), before);
    assert_stat(stat_of(r, "/n"), node_before);
    assert_int_equal(zs_txn_meta(r->txn)->data_bytes, bytes_before);
    assert_int_equal(zs_txn_meta(r->txn)->n_nodes, nodes_before);
    assert_int_equal(zs_txn_meta(r->txn)->n_ephemerals, 0);
    assert_int_equal(SEND(r, GET_EPHEMERALS, "s", ""), ZOBO_OK);
    zt_cursor c = answer(r);
    assert_int_equal(zt_take_i32(&c), 0);
}

/* Each operation can be the one that fails. */
static void
test_each_failure(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/n", "", 0), ZOBO_OK);
    assert_int_equal(MULTI(r, "hsihssAi.", 13, "/none", 0, 1, "/a", "", 0), ZOBO_OK);
    assert_failed(r, 2, 0, ZOBO_ENONODE);
    assert_int_equal(MULTI(r, "hssAihsi.", 1, "/a", "", 0, 13, "/a", 1), ZOBO_OK);
    assert_failed(r, 2, 1, ZOBO_EBADVERSION);
    assert_int_equal(MULTI(r, "hssAihssAi.", 1, "/a", "", 0, 1, "bad", "", 0), ZOBO_OK);
    assert_failed(r, 2, 1, ZOBO_EBADARGUMENTS);
    assert_int_equal(MULTI(r, "hssAihssi.", 1, "/a", "", 0, 5, "/a/", "", 0), ZOBO_OK);
    assert_failed(r, 2, 1, ZOBO_EBADARGUMENTS);
    assert_int_equal(MULTI(r, "hssAihssAi.", 1, "/n/a", "", 0, 1, "/n", "", 0), ZOBO_OK);
    assert_failed(r, 2, 1, ZOBO_ENODEEXISTS);
    assert_int_equal(MULTI(r, "hssAihsi.", 1, "/n/a", "", 0, 2, "/n", 0), ZOBO_OK);
    assert_failed(r, 2, 1, ZOBO_ENOTEMPTY);
    assert_int_equal(MULTI(r, "hssAihssni.", 1, "/a", "", 0, 1, "/b", "", 0), ZOBO_OK);
    assert_failed(r, 2, 1, ZOBO_EINVALIDACL);
    assert_int_equal(MULTI(r, "hssAihssAi.", 1, "/e", "", 1, 1, "/e/x", "", 0), ZOBO_OK);
    assert_failed(r, 2, 1, ZOBO_ENOCHILDRENFOREPHEMERALS);
    assert_int_equal(MULTI(r, "hssAihssi.", 1, "/a", "", 0, 5, "/zookeeper/config", "", -1), ZOBO_OK);
    assert_failed(r, 2, 1, ZOBO_ENOAUTH);
    assert_int_equal(MULTI(r, "hssAi.", 1, "/b", "", 99), ZOBO_OK);
    assert_failed(r, 1, 0, ZOBO_EBADARGUMENTS);
    assert_int_equal(MULTI(r, "hssAi.", 19, "/b", "", 0), ZOBO_OK);
    assert_failed(r, 1, 0, ZOBO_EBADARGUMENTS);
    assert_int_equal(MULTI(r, "hssAiq.", 21, "/b", "", 5, (int64_t)0), ZOBO_OK);
    assert_failed(r, 1, 0, ZOBO_EBADARGUMENTS);
    assert_int_equal(MULTI(r, "hsi.", 13, "", 0), ZOBO_OK);
    assert_failed(r, 1, 0, ZOBO_EBADARGUMENTS);
    assert_false(is_there(r, "/a"));
    assert_false(is_there(r, "/b"));
    assert_int_equal(stat_of(r, "/n").num_children, 0);
}

static void
test_operations_see_each_other(void **state)
{
    rig *r = *state;
    assert_int_equal(MULTI(r, "hssAihssihssihsi.", 1, "/a", "", 0, 5, "/a", "1", 0, 5, "/a", "2", 1, 13, "/a", 2),
                     ZOBO_OK);
    assert_data(r, "/a", "2");
    assert_int_equal(
        MULTI(r, "hssAihssAihsihsihsi.", 1, "/a/b", "", 0, 1, "/a/c", "", 0, 2, "/a/b", 0, 2, "/a/c", 0, 2, "/a", 2),
        ZOBO_OK);
    assert_string_equal(r->events, "1 /a/b, 4 /a, 1 /a/c, 4 /a, 2 /a/b, 4 /a, 2 /a/c, 4 /a, 2 /a, 4 /");
    assert_false(is_there(r, "/a"));
    assert_int_equal(MULTI(r, "hssAihsihssAi.", 1, "/a", "1", 0, 2, "/a", 0, 1, "/a", "3", 0), ZOBO_OK);
    assert_data(r, "/a", "3");
}

static void
test_sequences(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/p", "", 0), ZOBO_OK);
    assert_int_equal(MULTI(r, "hssAihssAihsi.", 1, "/p/n", "", 2, 1, "/p/n", "", 3, 13, "/none", 0), ZOBO_OK);
    assert_failed(r, 3, 2, ZOBO_ENONODE);
    assert_int_equal(MULTI(r, "hssAihssAi.", 1, "/p/n", "", 2, 1, "/p/", "", 3), ZOBO_OK);
    zt_cursor c = written(r);
    take_header(&c, 1, false, 0);
    assert_str(&c, "/p/n0000000000");
    take_header(&c, 1, false, 0);
    assert_str(&c, "/p/0000000001");
    take_end(&c);
}

/* All creates that answer with a stat do so as create2, and so does a container that create made. */
static void
test_types(void **state)
{
    rig *r = *state;
    assert_int_equal(MULTI(r, "hssAihssAihssAiqhssAi.", 15, "/a", "", 1, 19, "/b", "", 4, 21, "/c", "", 5, (int64_t)100,
                           1, "/d", "", 4),
                     ZOBO_OK);
    zt_cursor c = written(r);
    static const char *const paths[] = {"/a", "/b", "/c", "/d"};
    for (int i = 0; i < 4; i++) {
        take_header(&c, 15, false, 0);
        assert_str(&c, paths[i]);
        zobo_stat stat = take_stat(&c);
        assert_int_equal(stat.czxid, r->out.zxid);
        assert_int_equal(stat.ephemeral_owner, i == 0 ? r->session : 0);
    }
    take_end(&c);
}

static void
test_empty(void **state)
{
    rig *r = *state;
    static const uint8_t end[] = {0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff};
    assert_int_equal(MULTI(r, "."), ZOBO_OK);
    assert_bytes(r, end);
}

/* What is refused as a whole, before any of it is done. */
static void
test_refused(void **state)
{
    rig *r = *state;
    assert_int_equal(MULTI(r, "hssAihsAi.", 1, "/a", "", 0, 7, "/", -1), ZOBO_EMARSHALLING); /* setACL */
    assert_int_equal(MULTI(r, "hssAihso.", 1, "/a", "", 0, 4, "/", 0), ZOBO_EMARSHALLING);   /* a read */
    assert_int_equal(MULTI(r, "hso.", 4, "/", 0), ZOBO_EMARSHALLING);
    assert_int_equal(MULTI(r, "hssAihs.", 1, "/a", "", 0, 20, "/b"), ZOBO_EMARSHALLING); /* deleteContainer */
    assert_int_equal(MULTI(r, "hssAih", 1, "/a", "", 0, 14), ZOBO_EMARSHALLING);         /* multi */
    assert_int_equal(MULTI(r, "hssAih", 1, "/a", "", 0, 99), ZOBO_EMARSHALLING);
    assert_int_equal(MULTI(r, "hssAihssAi.", 1, "/a", "", 0, 15, "/b", "", 5), ZOBO_EMARSHALLING); /* a TTL, but none */
    assert_int_equal(MULTI(r, "hssAihssAi.", 1, "/a", "", 0, 1, "/b", "", 6), ZOBO_EMARSHALLING);
    assert_int_equal(MULTI(r, "hssAi", 1, "/a", "", 0), ZOBO_EMARSHALLING); /* no end */
    assert_int_equal(MULTI(r, "hssAihssAi.", 1, "/a", "", 0, 1, NULL, "", 0), ZOBO_EMARSHALLING);
    assert_false(is_there(r, "/a"));
}

static void
test_large(void **state)
{
    rig *r = *state;
    enum { N = 10000 };
    zt_buf b = bytes("hssAi", 1, "/p", "", 0);
    for (int i = 0; i < N; i++)
        add(&b, "hssAi", 1, "/p/n", "", 2);
    zt_buf bad = bytes("");
    zt_put_raw(&bad, b.p, b.n);
    add(&b, ".");
    add(&bad, "hsi.", 13, "/none", 0);
    assert_int_equal(send_body(r, ZB_OP_MULTI, bad), ZOBO_OK);
    assert_failed(r, N + 2, N + 1, ZOBO_ENONODE);
    assert_false(is_there(r, "/p"));
    assert_int_equal(send_body(r, ZB_OP_MULTI, b), ZOBO_OK);
    assert_int_equal(stat_of(r, "/p").num_children, N);
    assert_true(is_there(r, "/p/n0000009999"));
}

/* --- multiRead --- */

static void
test_reads(void **state)
{
    rig *r = *state;
    r->now = 9;
    assert_int_equal(create(r, "/n", "x", 0), ZOBO_OK);
    assert_int_equal(SEND(r, CREATE, "ssai", "/closed", "", 30, "world", "anyone", 0), ZOBO_OK);
    assert_int_equal(SEND(r, MULTI_READ, "hsohsohsohsohso.", 4, "/n", 1, 4, "/none", 0, 8, "/zookeeper", 1, 8,
                          "/closed", 0, 4, "x", 0),
                     ZOBO_OK);
    static const uint8_t want[] = {
        0,    0,    0,    4,    0,    0,    0,    0,    0,    0,    0,    0,    1,    'x',  STAT_OF(1, 0, 1),
        0xff, 0xff, 0xff, 0xff, 0,    0xff, 0xff, 0xff, 0x9b, 0xff, 0xff, 0xff, 0x9b, 0,    0,
        0,    8,    0,    0,    0,    0,    0,    0,    0,    0,    2,    0,    0,    0,    6,
        'c',  'o',  'n',  'f',  'i',  'g',  0,    0,    0,    5,    'q',  'u',  'o',  't',  'a',
        0xff, 0xff, 0xff, 0xff, 0,    0xff, 0xff, 0xff, 0x9a, 0xff, 0xff, 0xff, 0x9a, 0xff, 0xff,
        0xff, 0xff, 0,    0xff, 0xff, 0xff, 0x9b, 0xff, 0xff, 0xff, 0x9b, 0xff, 0xff, 0xff, 0xff,
        1,    0xff, 0xff, 0xff, 0xff,
    };
    assert_int_equal(r->reply.n, 6 + sizeof want);
    assert_memory_equal(r->reply.p + 6, want, sizeof want);
    assert_int_equal(r->arm.kind, 0); /* the watch flags mean nothing here */
    assert_int_equal(SEND(r, MULTI_READ, "."), ZOBO_OK);
    assert_int_equal(r->reply.n, 6 + 9);
}

static void
test_reads_refused(void **state)
{
    rig *r = *state;
    assert_int_equal(SEND(r, MULTI_READ, "hsohsi.", 4, "/", 0, 2, "/none", 0), ZOBO_EMARSHALLING);
    assert_int_equal(SEND(r, MULTI_READ, "hsi.", 2, "/none", 0), ZOBO_EMARSHALLING);
    assert_int_equal(SEND(r, MULTI_READ, "hso.", 3, "/", 0), ZOBO_EMARSHALLING);
    assert_int_equal(SEND(r, MULTI_READ, "hso.", 12, "/", 0), ZOBO_EMARSHALLING);
    assert_int_equal(SEND(r, MULTI_READ, "hso.", 4, NULL, 0), ZOBO_EMARSHALLING);
    assert_int_equal(SEND(r, MULTI_READ, "hso", 4, "/", 0), ZOBO_EMARSHALLING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_success),       RIG_TEST(test_failure),
        RIG_TEST(test_each_failure),  RIG_TEST(test_operations_see_each_other),
        RIG_TEST(test_sequences),     RIG_TEST(test_types),
        RIG_TEST(test_empty),         RIG_TEST(test_refused),
        RIG_TEST(test_large),         RIG_TEST(test_reads),
        RIG_TEST(test_reads_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
