/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are much larger than what asks for them. */
#include "support/engine.h"
#include "unit/test.h"
#include "wire/op.h"

static int
start(void **state)
{
    static zt_engine z;
    z = (zt_engine){0};
    zt_engine_start(&z, NULL);
    *state = &z;
    return 0;
}

static int
stop(void **state)
{
    zt_engine_stop(*state);
    return 0;
}

static void
commit(zt_engine *z, zt_link *l, int32_t xid)
{
    zt_engine_commit(z);
    zt_expect(l, xid, 0);
}

enum { BIG = 1000000 };

static void
make_big_node(zt_engine *z, zt_link *l)
{
    char *data = test_malloc(BIG + 1);
    memset(data, 'x', BIG);
    data[BIG] = '\0';
    zt_ask_create(l, 1, "/big", data, 0);
    test_free(data);
    commit(z, l, 1);
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

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_a_multi_read_of_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
