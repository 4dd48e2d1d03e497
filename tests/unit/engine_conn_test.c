/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes, framing, order, back-pressure (protocol.md 1-10, 14, 18, 19, 82-84). */
#include "unit/test.h"

#include "support/engine.h"
#include "wire/op.h"

static void
test_connect_create_get_set_ping(void **state)
{
    (void)state;
    zt_engine z = {0};
    zt_link l;
    zt_engine_start(&z, NULL);
    assert_true(zt_link_join(&z, &l, 10000));
    zt_ask_create(&l, 1, "/a", "one", 0);
    zt_engine_commit(&z);
    zt_frame f = zt_expect(&l, 1, 0);
    char *path = zt_take_str(&f.body);
    assert_string_equal(path, "/a");
    free(path);
    zt_ask_watch(&l, 2, ZB_OP_GET_DATA, "/a", false);
    f = zt_expect(&l, 2, 0);
    const uint8_t *data;
    assert_int_equal(zt_take_bytes(&f.body, &data), 3);
    assert_memory_equal(data, "one", 3);
    zt_ask_set(&l, 3, "/a", "two");
    zt_expect_nothing(&l);
    zt_engine_commit(&z);
    zt_expect(&l, 3, 0);
    zt_ask(&l, -2, ZB_OP_PING, NULL);
    f = zt_expect(&l, -2, 0);
    assert_int_equal(f.n, 16);
    zt_link_close(&l);
    zt_engine_stop(&z);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_create_get_set_ping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
