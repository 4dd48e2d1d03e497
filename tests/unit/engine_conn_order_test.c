/* SPDX-License-Identifier: Apache-2.0 */
/* The order of answers and events, what is refused, faults, back-pressure: PROTOCOL.md 14-19, 44, 71-84. */
#include "base/rng.h"
#include "support/engine.h"
#include "unit/test.h"
#include "wire/op.h"

static void
expect_data(zt_frame f, const char *text)
{
    const uint8_t *data;
    int32_t n = zt_take_bytes(&f.body, &data);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(data, text, strlen(text));
}

static void
test_connect_create_get_set_ping(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    zt_ask_create(&l, 1, "/a", "one", 0);
    zt_engine_commit(z);
    zt_frame f = zt_expect(&l, 1, 0);
    char *path = zt_take_str(&f.body);
    assert_string_equal(path, "/a");
    free(path);
    zt_ask_watch(&l, 2, ZB_OP_GET_DATA, "/a", false);
    expect_data(zt_expect(&l, 2, 0), "one");
    zt_ask_set(&l, 3, "/a", "two");
    zt_expect_nothing(&l);
    zt_commit(z, &l, 3);
    zt_ask(&l, -2, ZB_OP_PING, NULL);
    f = zt_expect(&l, -2, 0);
    assert_int_equal(f.n, 16);
    zt_link_close(&l);
}

/* 10,000 requests of every kind in flight, batches committed at random moments, two connections. */
static void
test_14_and_18_answers_in_order_zxids_growing(void **state)
{
    enum { N = 10000, TREE = 20 };
    zt_engine *z = *state;
    zt_link l[2];
    zb_rng rng = {5};
    int32_t due[2] = {0, 0}, sent[2] = {0, 0};
    int64_t zxid[2] = {0, 0}, written[2] = {0, 0};
    static int32_t ops[2][N];
    for (int i = 0; i < 2; i++)
        assert_true(zt_link_join(z, &l[i], 10000));
    while (due[0] < N || due[1] < N) {
        int i = (int)zb_rng_below(&rng, 2);
        char path[16];
        (void)snprintf(path, sizeof path, "/n%d", (int)zb_rng_below(&rng, TREE));
        if (sent[i] < N) {
            static const int32_t kinds[] = {1, 2, 3, 4, 5, 5, 4, 8, 11, 12, 9, 6};
            int32_t op = kinds[zb_rng_below(&rng, 12)], xid = sent[i];
            ops[i][sent[i]++] = op;
            if (op == ZB_OP_CREATE)
                zt_ask_create(&l[i], xid, path, "x", 0);
            else if (op == ZB_OP_DELETE)
                zt_ask_delete(&l[i], xid, path);
            else if (op == ZB_OP_SET_DATA)
                zt_ask_set(&l[i], xid, path, "y");
            else if (op == ZB_OP_PING)
                zt_ask(&l[i], xid, op, NULL);
            else
                zt_ask_watch(&l[i], xid, op, path, zb_rng_below(&rng, 2));
        }
        if (zb_rng_below(&rng, 50) == 0 || sent[i] == N)
            zt_engine_commit(z);
        zt_frame f;
        while (zt_link_next(&l[i], &f)) {
            assert_true(f.zxid >= zxid[i]);
            zxid[i] = f.zxid;
            if (f.xid == -1)
                continue;
            assert_int_equal(f.xid, ops[i][due[i]] == ZB_OP_PING ? ZB_XID_PING : due[i]);
            int32_t op = ops[i][due[i]++];
            if (op == ZB_OP_CREATE || op == ZB_OP_DELETE || op == ZB_OP_SET_DATA) {
                assert_true(f.zxid > written[i]); /* failed ones, too: 19 */
                written[i] = f.zxid;
            }
        }
    }
    zt_link_close(&l[0]);
    zt_link_close(&l[1]);
}

static void
test_14_reads_behind_writes_see_them(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    zt_ask_create(&l, 1, "/a", "1", 0);
    zt_ask_watch(&l, 2, ZB_OP_GET_DATA, "/a", false);
    zt_ask_set(&l, 3, "/a", "2");
    zt_ask_watch(&l, 4, ZB_OP_GET_DATA, "/a", false);
    zt_ask_delete(&l, 5, "/a");
    zt_ask_watch(&l, 6, ZB_OP_GET_DATA, "/a", false);
    zt_expect_nothing(&l);
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    expect_data(zt_expect(&l, 2, 0), "1");
    zt_expect(&l, 3, 0);
    expect_data(zt_expect(&l, 4, 0), "2");
    zt_expect(&l, 5, 0);
    zt_expect(&l, 6, ZOBO_ENONODE);
    zt_link_close(&l);
}

static void
test_15_the_event_comes_before_the_answer(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    zt_ask_create(&l, 1, "/a", "1", 0);
    zt_ask_watch(&l, 2, ZB_OP_GET_DATA, "/a", true); /* armed at its place in the batch */
    zt_ask_set(&l, 3, "/a", "2");
    zt_ask_set(&l, 4, "/a", "3");
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_expect(&l, 2, 0);
    int64_t zxid = zt_expect_event(&l, 3, "/a");
    zt_frame f = zt_expect(&l, 3, 0);
    assert_int_equal(zxid, f.zxid); /* 57 */
    zt_expect(&l, 4, 0);
    zt_expect_nothing(&l);
    zt_link_close(&l);
}

/* Two batches are on disk before the first is published: nobody sees the second one's writes with the first. */
static void
test_16_nobody_reads_what_is_not_published(void **state)
{
    zt_engine *z = *state;
    zt_link l, other;
    assert_true(zt_link_join(z, &l, 10000));
    assert_true(zt_link_join(z, &other, 10000));
    zt_ask_create(&l, 1, "/a", "1", 0);
    zt_commit(z, &l, 1);
    zt_ask_watch(&other, 1, ZB_OP_GET_DATA, "/a", true);
    expect_data(zt_expect(&other, 1, 0), "1");
    zt_ask_set(&l, 2, "/a", "2");
    zs_batch *first = zs_engine_take(z->e);
    zt_ask_set(&l, 3, "/a", "3");
    zs_batch *second = zs_engine_take(z->e);
    zs_batch_commit(first);
    zt_ask_watch(&other, 2, ZB_OP_GET_DATA, "/a", false);
    expect_data(zt_expect(&other, 2, 0), "1");
    zs_batch_commit(second);
    zs_engine_publish(z->e, first);
    zt_ask_watch(&other, 3, ZB_OP_GET_DATA, "/a", true);
    zt_expect_event(&other, 3, "/a");
    expect_data(zt_expect(&other, 3, 0), "2");
    zs_engine_publish(z->e, second);
    zt_ask_watch(&other, 4, ZB_OP_GET_DATA, "/a", false);
    zt_expect_event(&other, 3, "/a");
    expect_data(zt_expect(&other, 4, 0), "3");
    zt_link_close(&l);
    zt_link_close(&other);
}

static void
put_multi(zt_buf *b, int32_t op, const char *path, const char *data)
{
    zt_put_i32(b, op);
    zt_put_bool(b, op == -1);
    zt_put_i32(b, -1);
    if (op == ZB_OP_SET_DATA || op == ZB_OP_DELETE) {
        zt_put_str(b, path);
        if (op == ZB_OP_SET_DATA)
            zt_put_str(b, data);
        zt_put_i32(b, -1);
    } else if (op == ZB_OP_CREATE) {
        zt_put_str(b, path);
        zt_put_str(b, data);
        zt_put_i32(b, 1);
        zt_put_i32(b, 31);
        zt_put_str(b, "world");
        zt_put_str(b, "anyone");
        zt_put_i32(b, 0);
    }
}

static void
test_17_events_of_a_multi_in_the_order_of_its_operations(void **state)
{
    zt_engine *z = *state;
    zt_link l, w;
    assert_true(zt_link_join(z, &l, 10000));
    assert_true(zt_link_join(z, &w, 10000));
    zt_ask_create(&l, 1, "/a", "", 0);
    zt_commit(z, &l, 1);
    zt_buf b = {0};
    zt_put_str(&b, "/");
    zt_put_i32(&b, ZOBO_PERSISTENT_RECURSIVE);
    zt_ask(&w, 1, ZB_OP_ADD_WATCH, &b);
    zt_expect(&w, 1, 0);
    put_multi(&b, ZB_OP_CREATE, "/b", "");
    put_multi(&b, ZB_OP_SET_DATA, "/a", "x");
    put_multi(&b, ZB_OP_DELETE, "/b", NULL);
    put_multi(&b, ZB_OP_DELETE, "/a", NULL);
    put_multi(&b, -1, NULL, NULL);
    zt_ask(&l, 2, ZB_OP_MULTI, &b);
    zt_engine_commit(z);
    zt_frame f = zt_expect(&l, 2, 0);
    assert_int_equal(zt_expect_event(&w, 1, "/b"), f.zxid);
    assert_int_equal(zt_expect_event(&w, 3, "/a"), f.zxid);
    assert_int_equal(zt_expect_event(&w, 2, "/b"), f.zxid);
    assert_int_equal(zt_expect_event(&w, 2, "/a"), f.zxid);
    zt_expect_nothing(&w);
    zt_link_close(&l);
    zt_link_close(&w);
}

static void
test_19_a_write_that_fails_costs_a_zxid_and_a_read_none(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    zt_ask_watch(&l, 1, ZB_OP_EXISTS, "/none", false);
    int64_t before = zt_expect(&l, 1, ZOBO_ENONODE).zxid;
    zt_ask_delete(&l, 2, "/none");
    zt_engine_commit(z);
    assert_int_equal(zt_expect(&l, 2, ZOBO_ENONODE).zxid, before + 1);
    zt_ask_path(&l, 3, ZB_OP_SYNC, "/none");
    assert_int_equal(zt_expect(&l, 3, 0).zxid, before + 1);
    zt_link_close(&l);
}

/* --- authentication --- */

static void
ask_auth(zt_link *l, const char *scheme, const char *credential)
{
    zt_buf b = {0};
    zt_put_i32(&b, 0);
    zt_put_str(&b, scheme);
    zt_put_str(&b, credential);
    zt_ask(l, -4, ZB_OP_AUTH, &b);
}

static void
ask_create_as(zt_link *l, int32_t xid, const char *path, int32_t perms, const char *scheme, const char *id)
{
    zt_buf b = {0};
    zt_put_str(&b, path);
    zt_put_str(&b, "secret");
    zt_put_i32(&b, 1);
    zt_put_i32(&b, perms);
    zt_put_str(&b, scheme);
    zt_put_str(&b, id);
    zt_put_i32(&b, 0);
    zt_ask(l, xid, ZB_OP_CREATE, &b);
}

/* A multi spends one zxid and costs one commit, however many operations it has; so do many clients' writes. */
static void
test_44_a_multi_is_one_zxid_and_one_commit(void **state)
{
    zt_engine *z = *state;
    zt_link l, other;
    zs_stats before, after;
    assert_true(zt_link_join(z, &l, 10000));
    assert_true(zt_link_join(z, &other, 10000));
    zt_ask_create(&l, 1, "/a", "", 0);
    zt_engine_commit(z);
    int64_t zxid = zt_expect(&l, 1, 0).zxid;
    zs_engine_stats(z->e, &before);
    zt_buf b = {0};
    put_multi(&b, ZB_OP_CREATE, "/b", "");
    put_multi(&b, ZB_OP_SET_DATA, "/a", "x");
    put_multi(&b, ZB_OP_DELETE, "/b", NULL);
    put_multi(&b, -1, NULL, NULL);
    zt_ask(&l, 2, ZB_OP_MULTI, &b);
    zt_ask_set(&other, 1, "/a", "y");
    zt_engine_commit(z);
    assert_int_equal(zt_expect(&l, 2, 0).zxid, zxid + 1);
    assert_int_equal(zt_expect(&other, 1, 0).zxid, zxid + 2);
    zs_engine_stats(z->e, &after);
    assert_int_equal(after.commits, before.commits + 1);
    zt_link_close(&l);
    zt_link_close(&other);
}

static void
test_71_addresses(void **state)
{
    zt_engine *z = *state;
    zt_link l, near, far, six;
    zt_link *const all[] = {&l, &near, &far, &six};
    static const char *const ips[] = {"10.1.2.3", "10.1.99.1", "10.2.0.1", "fd00::7"};
    for (int i = 0; i < 4; i++) {
        zt_link_open(z, all[i], ips[i]);
        zt_link_shake(all[i], 0, NULL, 10000, 0, true);
        assert_true(zt_link_shaken(all[i], true));
    }
    ask_create_as(&l, 1, "/four", 31, "ip", "10.1.0.0/16");
    ask_create_as(&l, 2, "/six", 31, "ip", "fd00::/8");
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_expect(&l, 2, 0);
    static const int32_t four[] = {0, 0, ZOBO_ENOAUTH, ZOBO_ENOAUTH}, of_six[] = {-102, -102, -102, 0};
    for (int i = 0; i < 4; i++) {
        zt_ask_watch(all[i], 3, ZB_OP_GET_DATA, "/four", false);
        zt_expect(all[i], 3, four[i]);
        zt_ask_watch(all[i], 4, ZB_OP_GET_DATA, "/six", false);
        zt_expect(all[i], 4, of_six[i]);
        zt_link_close(all[i]);
    }
}

static void
test_74_an_unknown_scheme(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    for (int behind = 0; behind < 2; behind++) { /* at once, and in its turn */
        assert_true(zt_link_join(z, &l, 10000));
        if (behind)
            zt_ask_set(&l, 1, "/zookeeper", "");
        ask_auth(&l, "nosuch", "x");
        zt_ask(&l, -2, ZB_OP_PING, NULL);
        if (behind) {
            zt_expect_nothing(&l);
            zt_engine_commit(z);
            zt_frame f;
            assert_true(zt_link_next(&l, &f));
            assert_int_equal(f.xid, 1);
        }
        assert_int_equal(zt_expect(&l, -4, ZOBO_EAUTHFAILED).zxid, 0);
        assert_true(zt_link_is_over(&l));
        zt_expect_nothing(&l);
        zt_link_close(&l);
    }
    zs_stats stats;
    zs_engine_stats(z->e, &stats);
    assert_int_equal(stats.auth_failed, 2);
}

static void
test_75_who_am_i(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    ask_auth(&l, "digest", "anna:secret");
    assert_int_equal(zt_expect(&l, -4, 0).zxid, 0);
    zt_ask(&l, 1, ZB_OP_WHO_AM_I, NULL);
    zt_frame f = zt_expect(&l, 1, 0);
    static const char *const expected[] = {"ip", "127.0.0.1", "digest", "anna"};
    assert_int_equal(zt_take_i32(&f.body), 2);
    for (int i = 0; i < 4; i++) {
        char *s = zt_take_str(&f.body);
        assert_string_equal(s, expected[i]);
        free(s);
    }
    assert_ptr_equal(f.body.p, f.body.end);
    zt_link_close(&l);
}

/* What is proved holds for the request right behind it, even when both wait in one batch. */
static void
test_credentials_hold_for_what_is_behind_them(void **state)
{
    zt_engine *z = *state;
    zt_link l, other;
    assert_true(zt_link_join(z, &l, 10000));
    assert_true(zt_link_join(z, &other, 10000));
    zt_ask_create(&l, 1, "/a", "", 0);
    ask_auth(&l, "digest", "anna:secret");
    ask_create_as(&l, 2, "/mine", 31, "auth", "");
    zt_ask_watch(&l, 3, ZB_OP_GET_DATA, "/mine", false);
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_expect(&l, -4, 0);
    zt_expect(&l, 2, 0);
    zt_expect(&l, 3, 0);
    zt_ask_watch(&other, 1, ZB_OP_GET_DATA, "/mine", false);
    zt_expect(&other, 1, ZOBO_ENOAUTH);
    zt_link_close(&l);
    zt_link_close(&other);
}

static void
test_sasl_is_answered_with_a_null_token(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    zt_buf b = {0};
    assert_true(zt_link_join(z, &l, 10000));
    zt_put_bytes(&b, "", 0);
    zt_ask(&l, 5, ZB_OP_SASL, &b);
    zt_frame f = zt_expect(&l, 5, 0);
    assert_int_equal(f.zxid, 0);
    assert_int_equal(f.n, 20);
    assert_int_equal(zt_take_i32(&f.body), -1);
    zt_link_close(&l);
}

/* --- other operations --- */

static void
test_81_the_configuration_can_be_read_and_watched(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    zt_ask_watch(&l, 1, ZB_OP_GET_DATA, "/zookeeper/config", true);
    zt_frame f = zt_expect(&l, 1, 0);
    const uint8_t *data;
    assert_int_equal(zt_take_bytes(&f.body, &data), 0);
    zs_watches_count count;
    zs_watches_counted(zs_engine_watches(z->e), &count);
    assert_int_equal(count.watches, 1);
    zt_link_close(&l);
}

static void
test_82_and_84_what_is_no_operation_of_a_client(void **state)
{
    static const int32_t ops[] = {99, -1, 0, ZB_OP_CREATE_SESSION, ZB_OP_DELETE_CONTAINER, ZB_OP_CHECK, INT32_MAX};
    zt_engine *z = *state;
    for (size_t i = 0; i < 2 * sizeof ops / sizeof *ops; i++) {
        zt_link l;
        assert_true(zt_link_join(z, &l, 10000));
        if (i % 2)
            zt_ask_create(&l, 6, "/82", "", ZB_CREATE_SEQUENCE);
        zt_ask_path(&l, 7, ops[i / 2], "/a");
        zt_ask_path(&l, 8, ZB_OP_SYNC, "/a");
        if (i % 2)
            zt_commit(z, &l, 6);
        assert_int_equal(zt_expect(&l, 7, ZOBO_EUNIMPLEMENTED).zxid, -1);
        assert_true(zt_link_is_over(&l));
        zt_expect_nothing(&l);
        zt_link_close(&l);
    }
}

static void
test_83_a_bad_body_is_answered_and_survived(void **state)
{
    static const int32_t ops[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 17, 18, 19, 21, 22, 101, 103, 104, 105, 106};
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        zt_buf b = {0};
        zt_put_raw(&b, "\0\0\0\5/a", 6);
        zt_ask(&l, 9, ops[i], &b);
        zt_engine_commit(z);
        zt_expect(&l, 9, ZOBO_EMARSHALLING);
    }
    zt_ask_path(&l, 10, ZB_OP_SYNC, "/a");
    zt_expect(&l, 10, 0);
    zt_link_close(&l);
}

/* --- faults --- */

static void
test_requests_that_are_made_to_fail(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    zt_ask_create(&l, 1, "/a", "1", 0);
    *zs_engine_faults(z->e) = (zs_faults){.fail_next = 2, .fail_with = ZOBO_EOPERATIONTIMEOUT};
    zt_ask_set(&l, 2, "/a", "2");
    zt_ask(&l, -2, ZB_OP_PING, NULL);
    zt_ask_watch(&l, 3, ZB_OP_GET_DATA, "/a", false);
    zt_ask_watch(&l, 4, ZB_OP_GET_DATA, "/a", false);
    zt_expect_nothing(&l);
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_expect(&l, 2, ZOBO_EOPERATIONTIMEOUT);
    zt_expect(&l, -2, 0);
    zt_expect(&l, 3, ZOBO_EOPERATIONTIMEOUT);
    expect_data(zt_expect(&l, 4, 0), "1");
    zt_link_close(&l);
}

static void
test_answers_that_are_lost(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    zt_ask_create(&l, 1, "/a", "1", 0);
    zt_commit(z, &l, 1);
    *zs_engine_faults(z->e) = (zs_faults){.lose_next = 3};
    zt_ask_watch(&l, 2, ZB_OP_GET_DATA, "/a", false);
    zt_ask(&l, -2, ZB_OP_PING, NULL);
    zt_expect(&l, -2, 0);
    zt_ask_set(&l, 3, "/a", "2");
    zt_ask_watch(&l, 4, ZB_OP_GET_DATA, "/a", false);
    zt_ask(&l, -2, ZB_OP_PING, NULL);
    zt_engine_commit(z);
    zt_expect(&l, -2, 0);
    zt_ask_watch(&l, 5, ZB_OP_GET_DATA, "/a", false);
    expect_data(zt_expect(&l, 5, 0), "2"); /* it was carried out */
    zt_link_close(&l);
}

/* --- back-pressure --- */

static void
test_a_client_that_does_not_read(void **state)
{
    enum { BIG = 100000, N = 100 };
    zt_engine *z = *state;
    zt_link l, writer;
    char *data = test_calloc(1, BIG + 1);
    memset(data, 'x', BIG);
    assert_true(zt_link_join(z, &l, 10000));
    assert_true(zt_link_join(z, &writer, 10000));
    zt_ask_create(&l, 1, "/big", data, 0);
    zt_commit(z, &l, 1);
    l.deaf = true;
    for (int32_t i = 0; i < N; i++)
        zt_ask_watch(&l, i, ZB_OP_GET_DATA, "/big", false);
    assert_false(zs_conn_wants_input(l.c));
    assert_in_range(zs_conn_output(l.c).n, (size_t)1 << 20, ((size_t)1 << 20) + BIG + 200);
    assert_true(zs_conn_wants_input(writer.c)); /* nobody else is held up */
    l.deaf = false;
    for (int32_t i = 0; i < N; i++)
        zt_expect(&l, i, 0);
    zt_expect_nothing(&l);
    assert_true(zs_conn_wants_input(l.c));
    test_free(data);
    zt_link_close(&l);
    zt_link_close(&writer);
}

static void
test_a_client_that_does_not_take_its_events(void **state)
{
    zt_engine *z = *state;
    zt_link l, writer;
    zt_buf b = {0};
    zt_engine_stop(z);
    z->options.max_events = 10000;
    zt_engine_start(z, NULL);
    assert_true(zt_link_join(z, &l, 10000));
    assert_true(zt_link_join(z, &writer, 10000));
    zt_put_str(&b, "/");
    zt_put_i32(&b, ZOBO_PERSISTENT_RECURSIVE);
    zt_ask(&l, 1, ZB_OP_ADD_WATCH, &b);
    zt_expect(&l, 1, 0);
    l.deaf = true;
    for (int32_t i = 0; i < 1000 && l.c; i++) {
        zt_ask_set(&writer, i, "/zookeeper", "x");
        zt_engine_commit(z);
        assert_true(!l.c || zs_conn_output(l.c).n < 10100);
        zt_link_pull(&l);
        zt_link_pull(&writer);
    }
    assert_null(l.c);
    assert_non_null(writer.c);
    zt_link_close(&l);
    zt_link_close(&writer);
}

static void
test_the_queue_of_writes_is_bounded(void **state)
{
    zt_engine *z = *state;
    zt_link l, other;
    zt_engine_stop(z);
    z->options.max_queued_jobs = 10;
    zt_engine_start(z, NULL);
    assert_true(zt_link_join(z, &l, 4000));
    assert_true(zt_link_join(z, &other, 10000));
    for (int32_t i = 0; i < 100; i++)
        zt_ask_create(&l, i, "/q-", "", ZB_CREATE_SEQUENCE);
    zs_stats stats;
    zs_engine_stats(z->e, &stats);
    assert_int_equal(stats.outstanding, 10);
    assert_false(zs_conn_wants_input(l.c));
    /* reads of others go on, until they want to write, too */
    assert_true(zs_conn_wants_input(other.c));
    zt_ask_watch(&other, 1, ZB_OP_EXISTS, "/", false);
    zt_expect(&other, 1, 0);
    zt_ask_create(&other, 2, "/q-", "", ZB_CREATE_SEQUENCE);
    zt_ask_watch(&other, 3, ZB_OP_EXISTS, "/", false);
    zt_expect_nothing(&other);
    assert_false(zs_conn_wants_input(other.c));
    /* a session that waits for its answers does not expire: its pings may lie unread */
    for (int i = 0; i < 20; i++) {
        z->now += ZB_MS(400);
        zs_engine_tick(z->e, z->now, z->wall_ms);
    }
    zt_engine_commit(z);
    for (int32_t i = 0; i < 100; i++)
        zt_expect(&l, i, 0);
    zt_expect(&other, 2, 0);
    zt_expect(&other, 3, 0);
    assert_true(zs_conn_wants_input(l.c));
    assert_true(zs_conn_wants_input(other.c));
    zt_link_close(&l);
    zt_link_close(&other);
}

static void
test_idle_connections_hold_no_buffers(void **state)
{
    enum { N = 3000 };
    zt_engine *z = *state;
    static zt_link links[N];
    long before = zb_mem_fail_after(-1, 0);
    (void)before;
    for (int i = 0; i < N; i++)
        assert_true(zt_link_join(z, &links[i], 10000));
    (void)zb_mem_fail_after(-1, 0);
    for (int32_t round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            zt_ask_watch(&links[i], round, ZB_OP_GET_DATA, "/zookeeper", false);
            zt_expect(&links[i], round, 0);
        }
    }
    assert_true(zb_mem_fail_after(-1, 0) < 10); /* reading took no memory: buffers went from hand to hand */
    for (int i = 0; i < N; i++)
        zt_link_close(&links[i]);
}

/* --- connections that go --- */

static void
test_jobs_of_a_closed_connection_find_nobody(void **state)
{
    zt_engine *z = *state;
    zt_link l, other;
    assert_true(zt_link_join(z, &l, 10000));
    assert_true(zt_link_join(z, &other, 10000));
    zt_ask_create(&l, 1, "/a", "", 0);
    zt_ask_watch(&l, 2, ZB_OP_GET_DATA, "/a", true);
    zt_link_close(&l);
    zt_engine_commit(z);
    zt_ask_watch(&other, 1, ZB_OP_EXISTS, "/a", false);
    zt_expect(&other, 1, 0);
    zs_watches_count count;
    zs_watches_counted(zs_engine_watches(z->e), &count);
    assert_int_equal(count.watches, 0);
    /* one that goes in its handshake: the session is there and will expire */
    zt_link_open(z, &l, "127.0.0.1");
    zt_link_shake(&l, 0, NULL, 10000, 0, true);
    zt_link_close(&l);
    zt_engine_commit(z);
    assert_int_equal(zs_engine_sessions(z->e)->n, 3);
    /* and what was gathered when the engine is closed */
    zt_ask_create(&other, 2, "/b", "", 0);
    zt_link_close(&other);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, zt_engine_setup, zt_engine_teardown)
    const struct CMUnitTest tests[] = {
        T(test_connect_create_get_set_ping),
        T(test_14_and_18_answers_in_order_zxids_growing),
        T(test_14_reads_behind_writes_see_them),
        T(test_15_the_event_comes_before_the_answer),
        T(test_16_nobody_reads_what_is_not_published),
        T(test_17_events_of_a_multi_in_the_order_of_its_operations),
        T(test_19_a_write_that_fails_costs_a_zxid_and_a_read_none),
        T(test_44_a_multi_is_one_zxid_and_one_commit),
        T(test_71_addresses),
        T(test_74_an_unknown_scheme),
        T(test_75_who_am_i),
        T(test_credentials_hold_for_what_is_behind_them),
        T(test_sasl_is_answered_with_a_null_token),
        T(test_81_the_configuration_can_be_read_and_watched),
        T(test_82_and_84_what_is_no_operation_of_a_client),
        T(test_83_a_bad_body_is_answered_and_survived),
        T(test_requests_that_are_made_to_fail),
        T(test_answers_that_are_lost),
        T(test_a_client_that_does_not_read),
        T(test_a_client_that_does_not_take_its_events),
        T(test_the_queue_of_writes_is_bounded),
        T(test_idle_connections_hold_no_buffers),
        T(test_jobs_of_a_closed_connection_find_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
