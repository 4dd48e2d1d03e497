/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "wire/op.h"

/* The numbers of ZooDefs.OpCode, once more: a slip in the table would go unseen by a test made from the table. */
static const struct {
    int32_t code;
    const char *name;
    bool writes;
} known[] = {
    {1, "CREATE", true},
    {2, "DELETE", true},
    {3, "EXISTS", false},
    {4, "GET_DATA", false},
    {5, "SET_DATA", true},
    {6, "GET_ACL", false},
    {7, "SET_ACL", true},
    {8, "GET_CHILDREN", false},
    {9, "SYNC", false},
    {11, "PING", false},
    {12, "GET_CHILDREN2", false},
    {13, "CHECK", false},
    {14, "MULTI", true},
    {15, "CREATE2", true},
    {16, "RECONFIG", true},
    {17, "CHECK_WATCHES", false},
    {18, "REMOVE_WATCHES", false},
    {19, "CREATE_CONTAINER", true},
    {20, "DELETE_CONTAINER", true},
    {21, "CREATE_TTL", true},
    {22, "MULTI_READ", false},
    {100, "AUTH", false},
    {101, "SET_WATCHES", false},
    {102, "SASL", false},
    {103, "GET_EPHEMERALS", false},
    {104, "GET_ALL_CHILDREN_NUMBER", false},
    {105, "SET_WATCHES2", false},
    {106, "ADD_WATCH", false},
    {107, "WHO_AM_I", false},
    {-10, "CREATE_SESSION", true},
    {-11, "CLOSE_SESSION", true},
};

enum { N_KNOWN = sizeof known / sizeof *known };

static void
every_operation_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KNOWN; i++) {
        const zb_op *op = zb_op_find(known[i].code);
        assert_non_null(op);
        assert_int_equal(op->code, known[i].code);
        assert_string_equal(op->name, known[i].name);
        assert_int_equal(op->writes, known[i].writes);
        assert_non_null(op->put);
    }
}

static void
nothing_else_is_found(void **state)
{
    (void)state;
    size_t found = 0;
    for (int32_t code = -1000; code <= 1000; code++)
        found += zb_op_find(code) != NULL;
    assert_int_equal(found, N_KNOWN);
    assert_null(zb_op_find(INT32_MIN));
    assert_null(zb_op_find(INT32_MAX));
    assert_null(zb_op_find(0));
}

static void
a_row_encodes_its_record(void **state)
{
    (void)state;
    uint8_t out[64];
    zb_writer w = zb_writer_of(out, sizeof out);
    struct zb_path_watch_request get = {{"/app", "/x", 4, 2}, true};
    zb_op_find(ZB_OP_GET_DATA)->put(&w, &get);
    assert_int_equal(w.n, 11);
    assert_memory_equal(out, "\0\0\0\x06/app/x\x01", 11);

    w = zb_writer_of(out, sizeof out);
    zb_op_find(ZB_OP_PING)->put(&w, NULL);
    zb_op_find(ZB_OP_CLOSE_SESSION)->put(&w, NULL);
    zb_op_find(ZB_OP_WHO_AM_I)->put(&w, NULL);
    assert_int_equal(w.n, 0);
}

static void
replies_are_of_the_right_kind(void **state)
{
    (void)state;
    assert_int_equal(zb_op_find(ZB_OP_CREATE)->reply, ZB_REPLY_PATH);
    assert_int_equal(zb_op_find(ZB_OP_CREATE2)->reply, ZB_REPLY_PATH_STAT);
    assert_int_equal(zb_op_find(ZB_OP_CREATE_TTL)->reply, ZB_REPLY_PATH_STAT);
    assert_int_equal(zb_op_find(ZB_OP_GET_DATA)->reply, ZB_REPLY_DATA_STAT);
    assert_int_equal(zb_op_find(ZB_OP_GET_CHILDREN)->reply, ZB_REPLY_CHILDREN);
    assert_int_equal(zb_op_find(ZB_OP_GET_CHILDREN2)->reply, ZB_REPLY_CHILDREN_STAT);
    assert_int_equal(zb_op_find(ZB_OP_GET_ACL)->reply, ZB_REPLY_ACL_STAT);
    assert_int_equal(zb_op_find(ZB_OP_ADD_WATCH)->reply, ZB_REPLY_ERR);
    assert_int_equal(zb_op_find(ZB_OP_WHO_AM_I)->reply, ZB_REPLY_IDS);
    assert_int_equal(zb_op_find(ZB_OP_MULTI)->reply, ZB_REPLY_MULTI);
    assert_int_equal(zb_op_find(ZB_OP_MULTI_READ)->reply, ZB_REPLY_MULTI_READ);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_found),
        cmocka_unit_test(nothing_else_is_found),
        cmocka_unit_test(a_row_encodes_its_record),
        cmocka_unit_test(replies_are_of_the_right_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
