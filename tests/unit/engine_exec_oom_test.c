/* SPDX-License-Identifier: Apache-2.0 */
/* Every write and read with the n-th allocation failing, for every n: it is carried out, or it says so. */
#include "exec_rig.h"

#define QUOTA "/zookeeper/quota/q/zookeeper_"

static zt_buf
request(size_t i, int32_t *op)
{
    switch (i) {
    case 0:
        *op = ZB_OP_CREATE2;
        return bytes("ssai", "/q/new", "data", 31, "ip", "127.0.0.1", 3);
    case 1:
        *op = ZB_OP_SET_DATA;
        return bytes("ssi", "/q", "data", -1);
    case 2:
        *op = ZB_OP_SET_ACL;
        return bytes("sai", "/q", 31, "ip", "10.0.0.0/8", -1);
    case 3:
        *op = ZB_OP_DELETE;
        return bytes("si", "/q/e", -1);
    case 4:
        *op = ZB_OP_MULTI;
        return bytes("hssAihssAihsi.", 1, "/zookeeper/quota/q/e", "", 0, 1, "/zookeeper/quota/q/e/zookeeper_limits", "",
                     0, 13, "/none", 0);
    case 5:
        *op = ZB_OP_MULTI;
        return bytes("hssAihsi.", 15, "/q/n", "", 0, 2, "/q/e", 0);
    case 6:
        *op = ZB_OP_CLOSE_SESSION;
        return (zt_buf){0};
    case 7:
        *op = ZB_OP_CREATE;
        return bytes("ssAi", QUOTA "stats", "", 0);
    case 8:
        *op = ZB_OP_GET_CHILDREN2;
        return bytes("so", "/", 1);
    case 9:
        *op = ZB_OP_GET_ALL_CHILDREN_NUMBER;
        return bytes("s", "/zookeeper");
    default:
        *op = ZB_OP_MULTI_READ;
        return bytes("hsohso.", 4, "/q", 0, 8, "/none", 0);
    }
}
enum { REQUESTS = 11 };

/* Tells whether there was memory enough. */
static bool
attempt(rig *r, size_t i, long n)
{
    int32_t op;
    zt_buf body = request(i, &op);
    zs_request request = {r->session, r->ids, op, body.p, body.n, r->now};
    zs_bytes reply = {0};
    zs_arena arena = {0};
    zobo_err err;
    bool enough = true;
    int64_t before = zs_txn_meta(r->txn)->last_zxid;
    zb_mem_fail_after(n, 0);
    if (zb_op_find(op)->writes) {
        err = zs_exec_write(r->w, r->txn, &request, &arena, &r->out);
        assert_true(err == ZOBO_OK || err == ZOBO_ENOMEM);
        enough = err == ZOBO_OK;
        if (enough)
            assert_int_equal(r->out.err, ZOBO_OK);
    } else {
        err = zs_exec_read(r->txn, &r->rules, &request, &reply, &r->arm);
        enough = !reply.failed;
        assert_true(!enough || err == ZOBO_OK);
    }
    zb_mem_fail_after(-1, 0);
    zs_bytes_free(&reply);
    zs_arena_free(&arena);
    zt_buf_free(&body);

    /* all is given up, and the next transaction starts where this one did */
    zs_txn_end(r->txn);
    assert_int_equal(zs_writer_reload(r->w), ZOBO_OK);
    assert_int_equal(zs_write_begin(r->store, &r->txn), ZOBO_OK);
    assert_int_equal(zs_txn_meta(r->txn)->last_zxid, before);
    assert_true(is_there(r, "/q/e"));
    assert_false(is_there(r, "/q/n"));
    return enough;
}

static void
test_each_allocation(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/q", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/q/e", "", 1), ZOBO_OK);
    assert_int_equal(create(r, "/zookeeper/quota/q", "", 0), ZOBO_OK);
    assert_int_equal(create(r, QUOTA "limits", "count=-1,bytes=-1", 0), ZOBO_OK);
    for (size_t i = 0; i < REQUESTS; i++) {
        commit_and_reopen(r); /* a new writer, whose buffers are empty */
        long n = 0;
        while (!attempt(r, i, n) && n < 1000)
            n++;
        assert_in_range(n, 1, 999);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {RIG_TEST(test_each_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
