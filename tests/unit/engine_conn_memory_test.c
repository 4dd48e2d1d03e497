/* SPDX-License-Identifier: Apache-2.0 */
/* A whole conversation with the n-th allocation failing, for every n: connections may end, writes may be refused, but
 * answers stay in order, what was acknowledged is there, and afterwards all works as before. */
#include "support/engine.h"
#include "unit/test.h"
#include "wire/op.h"

enum { CREATE_XID = 3, LAST_XID = 12 };

static void
converse(zt_engine *z, zt_link *l, zt_link *other)
{
    static const char *const path[] = {"/a"};
    zt_buf b = {0};
    zt_link_shake(other, 0, NULL, 10000, 0, true);
    zt_link_shake(l, 0, NULL, 10000, 0, true);
    zt_engine_commit(z);
    zt_ask_watch(l, 1, ZB_OP_EXISTS, "/a", true);
    zt_put_str(&b, "/");
    zt_put_i32(&b, ZOBO_PERSISTENT_RECURSIVE);
    zt_ask(other, 1, ZB_OP_ADD_WATCH, &b);
    zt_put_i32(&b, 0);
    zt_put_str(&b, "digest");
    zt_put_str(&b, "anna:secret");
    zt_ask(l, 2, ZB_OP_AUTH, &b);
    zt_put_str(&b, "/a");
    zt_put_str(&b, "data");
    zt_put_i32(&b, 1);
    zt_put_i32(&b, 31);
    zt_put_str(&b, "auth");
    zt_put_str(&b, "");
    zt_put_i32(&b, ZB_CREATE_EPHEMERAL);
    zt_ask(l, CREATE_XID, ZB_OP_CREATE, &b);
    zt_ask_watch(l, 4, ZB_OP_GET_DATA, "/a", true);
    zt_ask(l, 5, ZB_OP_WHO_AM_I, NULL);
    zt_ask_set(l, 6, "/a", "more");
    zt_put_i64(&b, 0);
    for (int i = 0; i < 3; i++) {
        zt_put_i32(&b, 1);
        zt_put_str(&b, path[0]);
    }
    zt_ask(l, 7, ZB_OP_SET_WATCHES, &b);
    zt_engine_commit(z);
    zt_ask_watch(l, 8, ZB_OP_GET_CHILDREN, "/", true);
    zt_ask_create(l, 9, "/a-long-path-that-needs-a-little-more-room", "", 0);
    zt_link_feed(l, "\0\0\0\010\0\0", 6);
    zt_link_feed(l, "\0\012\0\0\0\153", 6);
    zt_engine_commit(z);
    zt_ask(l, LAST_XID, ZB_OP_CLOSE_SESSION, NULL);
    zt_engine_commit(z);
}

/* True: the create was acknowledged. */
static bool
check_order(zt_link *l, long nth)
{
    bool created = false;
    int32_t last = 0;
    zt_frame f;
    (void)zt_link_shaken(l, true);
    while (zt_link_next(l, &f)) {
        if (f.xid == -1)
            continue;
        if (f.xid <= last)
            fail_msg("xid %d behind %d (err %d), the %ld-th allocation failed", (int)f.xid, (int)last, (int)f.err, nth);
        last = f.xid;
        created |= f.xid == CREATE_XID && f.err == 0;
    }
    return created;
}

static void
test_every_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (long n = 0; failed; n++) {
        zt_engine z = {0};
        zt_link l, other, after;
        zt_engine_start(&z, NULL);
        zt_link_open(&z, &l, "127.0.0.1");
        zt_link_open(&z, &other, "127.0.0.1");
        (void)zb_mem_fail_after(n, 0);
        converse(&z, &l, &other);
        failed = zb_mem_fail_after(-1, 0) > n;
        zt_engine_advance(&z, 1000); /* it finds out that there is memory again */
        assert_int_equal(zs_engine_health(z.e), ZS_HEALTHY);
        bool created = check_order(&l, n);
        assert_true(created || failed);
        assert_true(zt_link_join(&z, &after, 10000));
        zt_ask_create(&after, 1, "/after", "", 0);
        zt_engine_commit(&z);
        zt_expect(&after, 1, 0);
        zt_link_close(&l);
        zt_link_close(&other);
        zt_link_close(&after);
        zt_engine_stop(&z);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
