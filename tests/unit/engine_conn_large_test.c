/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are much larger than what asks for them. */
#include "support/engine.h"
#include "unit/test.h"
#include "wire/op.h"

enum { BIG = 1000000 };

static void
make_big_node(zt_engine *z, zt_link *l)
{
    char *data = test_malloc(BIG + 1);
    memset(data, 'x', BIG);
    data[BIG] = '\0';
    zt_ask_create(l, 1, "/big", data, 0);
    test_free(data);
    zt_commit(z, l, 1);
}

static void
ask_multi_read(zt_link *l, int32_t xid, int n)
{
    zt_buf b = {0};
    for (int i = 0; i < n; i++) {
        zt_put_i32(&b, ZB_OP_GET_DATA);
        zt_put_bool(&b, false);
        zt_put_i32(&b, -1);
        zt_put_str(&b, "/big");
        zt_put_bool(&b, false);
    }
    zt_put_i32(&b, -1);
    zt_put_bool(&b, true);
    zt_put_i32(&b, -1);
    zt_ask(l, xid, ZB_OP_MULTI_READ, &b);
}

/* A frame of a megabyte could ask for fifty gigabytes. */
static void
test_a_multi_read_of_too_much(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    make_big_node(z, &l);
    ask_multi_read(&l, 2, 30);
    assert_true(zt_expect(&l, 2, 0).n > 30u * BIG);
    ask_multi_read(&l, 3, 200);
    zt_expect(&l, 3, ZOBO_EBADARGUMENTS);
    zt_ask_set(&l, 4, "/big", "small"); /* and in a batch */
    ask_multi_read(&l, 5, 200);
    zt_engine_commit(z);
    zt_expect(&l, 4, 0);
    zt_expect(&l, 5, 0); /* it is small by then */
    zt_link_close(&l);
}

static void
test_reads_behind_a_write_wait_for_their_answers(void **state)
{
    enum { N = 300 };
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    make_big_node(z, &l);
    size_t most[2] = {0};
    for (int round = 0; round < 2; round++) {
        l.deaf = true;
        zt_ask_set(&l, 0, "/zookeeper", "x");
        for (int32_t i = 1; i <= N; i++)
            zt_ask_watch(&l, i, ZB_OP_GET_DATA, "/big", false);
        for (int32_t i = 0; i <= N;) {
            zt_frame f;
            l.deaf = true;
            zt_engine_commit(z);
            assert_non_null(l.c);
            if (zs_conn_output(l.c).n > most[round])
                most[round] = zs_conn_output(l.c).n;
            l.deaf = false;
            zt_link_pull(&l);
            for (; zt_link_next(&l, &f); i++) {
                assert_int_equal(f.xid, i);
                assert_int_equal(f.err, 0);
            }
        }
    }
    assert_true(most[0] < 100u * BIG); /* it was not known yet how large they are */
    assert_true(most[1] < 4u * BIG);
    zt_link_close(&l);
}

static void
test_reads_behind_a_write_that_ask_for_too_much(void **state)
{
    enum { SMALL = 2000, N = 200 };
    zt_engine *z = *state;
    zt_link l, other;
    assert_true(zt_link_join(z, &l, 10000));
    assert_true(zt_link_join(z, &other, 10000));
    make_big_node(z, &l);
    for (int round = 0; round < 5; round++) {
        zt_ask_set(&l, 0, "/zookeeper", "x");
        for (int32_t i = 1; i <= SMALL; i++)
            zt_ask_watch(&l, i, ZB_OP_GET_DATA, "/zookeeper", false);
        for (int32_t i = 0; i <= SMALL;) {
            zt_frame f;
            zt_engine_commit(z);
            zt_link_pull(&l);
            for (; zt_link_next(&l, &f); i++)
                assert_int_equal(f.err, 0);
        }
    }
    zt_ask_set(&l, 1, "/zookeeper", "x");
    for (int32_t i = 0; i < N; i++)
        zt_ask_watch(&l, 2, ZB_OP_GET_DATA, "/big", false);
    zt_ask_set(&other, 1, "/zookeeper", "x");
    zt_ask_watch(&other, 2, ZB_OP_GET_DATA, "/big", false);
    zt_engine_commit(z);
    zt_link_pull(&l);
    assert_null(l.c);
    assert_non_null(strstr(z->log, "behind its own writes"));
    zt_expect(&other, 1, 0);
    zt_expect(&other, 2, 0);
    zt_link_close(&l);
    zt_link_close(&other);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, zt_engine_setup, zt_engine_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_multi_read_of_too_much),
        T(test_reads_behind_a_write_wait_for_their_answers),
        T(test_reads_behind_a_write_that_ask_for_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
