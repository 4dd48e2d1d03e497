/* SPDX-License-Identifier: Apache-2.0 */
/* Watches over the wire: PROTOCOL.md 48-58. */
#include "support/engine.h"
#include "unit/test.h"
#include "wire/op.h"

enum { CREATED = 1, DELETED = 2, CHANGED = 3, CHILDREN = 4 };

/* An engine, a watcher and a writer. */
typedef struct rig {
    zt_engine z;
    zt_link w, l;
    int32_t xid;
} rig;

static int
start(void **state)
{
    static rig r;
    r = (rig){.xid = 100};
    zt_engine_start(&r.z, NULL);
    *state = &r;
    return zt_link_join(&r.z, &r.w, 10000) && zt_link_join(&r.z, &r.l, 10000) ? 0 : -1;
}

static int
stop(void **state)
{
    rig *r = *state;
    zt_link_close(&r->w);
    zt_link_close(&r->l);
    zt_engine_stop(&r->z);
    return 0;
}

static int64_t
create(rig *r, const char *path)
{
    zt_ask_create(&r->l, ++r->xid, path, "", 0);
    zt_engine_commit(&r->z);
    return zt_expect(&r->l, r->xid, 0).zxid;
}

static int64_t
set(rig *r, const char *path)
{
    zt_ask_set(&r->l, ++r->xid, path, "x");
    zt_engine_commit(&r->z);
    return zt_expect(&r->l, r->xid, 0).zxid;
}

static int64_t
take(rig *r, const char *path)
{
    zt_ask_delete(&r->l, ++r->xid, path);
    zt_engine_commit(&r->z);
    return zt_expect(&r->l, r->xid, 0).zxid;
}

static void
watch(zt_link *l, int32_t op, const char *path, int32_t err)
{
    zt_ask_watch(l, 1, op, path, true);
    zt_expect(l, 1, err);
}

static void
ask_type(zt_link *l, int32_t xid, int32_t op, const char *path, int32_t type)
{
    zt_buf b = {0};
    zt_put_str(&b, path);
    zt_put_i32(&b, type);
    zt_ask(l, xid, op, &b);
}

static void
add_watch(zt_link *l, const char *path, int32_t mode)
{
    ask_type(l, 2, ZB_OP_ADD_WATCH, path, mode);
    zt_frame f = zt_expect(l, 2, 0);
    assert_int_equal(f.n, 20); /* 52: four bytes of body */
    assert_int_equal(zt_take_i32(&f.body), 0);
}

static void
test_48_one_shot(void **state)
{
    rig *r = *state;
    watch(&r->w, ZB_OP_GET_DATA, "/a", ZOBO_ENONODE); /* sets none */
    watch(&r->w, ZB_OP_GET_CHILDREN, "/a", ZOBO_ENONODE);
    create(r, "/a");
    zt_expect_nothing(&r->w);
    watch(&r->w, ZB_OP_EXISTS, "/b", ZOBO_ENONODE); /* sets one */
    create(r, "/b");
    zt_expect_event(&r->w, CREATED, "/b");
    set(r, "/b");
    zt_expect_nothing(&r->w);
    watch(&r->w, ZB_OP_GET_DATA, "/b", 0);
    int64_t zxid = set(r, "/b");
    assert_int_equal(zt_expect_event(&r->w, CHANGED, "/b"), zxid); /* 57 */
    watch(&r->w, ZB_OP_GET_CHILDREN2, "/b", 0);
    create(r, "/b/c");
    zt_expect_event(&r->w, CHILDREN, "/b");
    create(r, "/b/d");
    set(r, "/b");
    zt_expect_nothing(&r->w);
}

static void
test_49_and_50_one_event_for_a_deleted_node(void **state)
{
    rig *r = *state;
    create(r, "/a");
    watch(&r->w, ZB_OP_GET_DATA, "/a", 0);
    watch(&r->w, ZB_OP_GET_CHILDREN, "/a", 0);
    watch(&r->w, ZB_OP_GET_CHILDREN, "/", 0);
    take(r, "/a");
    zt_expect_event(&r->w, DELETED, "/a");
    zt_expect_event(&r->w, CHILDREN, "/");
    zt_expect_nothing(&r->w);
    create(r, "/a");
    watch(&r->w, ZB_OP_GET_CHILDREN, "/a", 0);
    take(r, "/a");
    zt_expect_event(&r->w, DELETED, "/a");
    zt_expect_nothing(&r->w);
}

static void
test_51_persistent_and_recursive(void **state)
{
    rig *r = *state;
    zt_link deep;
    assert_true(zt_link_join(&r->z, &deep, 10000));
    add_watch(&r->w, "/a", ZOBO_PERSISTENT);
    add_watch(&deep, "/a", ZOBO_PERSISTENT_RECURSIVE);
    for (int i = 0; i < 2; i++) {
        create(r, "/a");
        zt_expect_event(&r->w, CREATED, "/a");
        zt_expect_event(&deep, CREATED, "/a");
        create(r, "/a/b");
        zt_expect_event(&r->w, CHILDREN, "/a");
        zt_expect_event(&deep, CREATED, "/a/b");
        create(r, "/a/b/c");
        zt_expect_event(&deep, CREATED, "/a/b/c");
        set(r, "/a/b/c");
        zt_expect_event(&deep, CHANGED, "/a/b/c");
        set(r, "/a");
        zt_expect_event(&r->w, CHANGED, "/a");
        zt_expect_event(&deep, CHANGED, "/a");
        take(r, "/a/b/c");
        zt_expect_event(&deep, DELETED, "/a/b/c");
        take(r, "/a/b");
        zt_expect_event(&r->w, CHILDREN, "/a");
        zt_expect_event(&deep, DELETED, "/a/b");
        take(r, "/a");
        zt_expect_event(&r->w, DELETED, "/a");
        zt_expect_event(&deep, DELETED, "/a");
        zt_expect_nothing(&r->w);
        zt_expect_nothing(&deep);
    }
    zt_link_close(&deep);
}

static void
test_53_modes_combine(void **state)
{
    rig *r = *state;
    create(r, "/a");
    add_watch(&r->w, "/a", ZOBO_PERSISTENT_RECURSIVE);
    add_watch(&r->w, "/a", ZOBO_PERSISTENT);
    watch(&r->w, ZB_OP_GET_DATA, "/a", 0);
    set(r, "/a");
    zt_expect_event(&r->w, CHANGED, "/a"); /* once */
    zt_expect_nothing(&r->w);
    create(r, "/a/b");
    zt_expect_event(&r->w, CREATED, "/a/b"); /* recursive */
    zt_expect_event(&r->w, CHILDREN, "/a");  /* persistent */
    zt_expect_nothing(&r->w);
    ask_type(&r->w, 3, ZB_OP_ADD_WATCH, "/a", 2);
    zt_expect(&r->w, 3, ZOBO_EMARSHALLING);
}

static void
check(zt_link *l, const char *path, int32_t type, int32_t err)
{
    ask_type(l, 3, ZB_OP_CHECK_WATCHES, path, type);
    zt_expect(l, 3, err);
}

static void
take_away(zt_link *l, const char *path, int32_t type, int32_t err)
{
    ask_type(l, 4, ZB_OP_REMOVE_WATCHES, path, type);
    zt_expect(l, 4, err);
}

static void
test_54_checking_and_removing(void **state)
{
    rig *r = *state;
    enum { NONE = ZOBO_ENOWATCHER };
    create(r, "/a");
    for (int32_t type = 1; type <= 5; type++) {
        check(&r->w, "/a", type, NONE);
        take_away(&r->w, "/a", type, NONE);
    }
    watch(&r->w, ZB_OP_GET_DATA, "/a", 0);
    watch(&r->w, ZB_OP_GET_CHILDREN, "/a", 0);
    add_watch(&r->w, "/a", ZOBO_PERSISTENT);
    add_watch(&r->w, "/a", ZOBO_PERSISTENT_RECURSIVE);
    for (int32_t type = 1; type <= 5; type++) {
        check(&r->w, "/a", type, 0);
        check(&r->w, "/a/b", type, NONE);
        check(&r->l, "/a", type, NONE); /* another connection's */
    }
    take_away(&r->w, "/a", ZOBO_WATCH_DATA, 0);
    take_away(&r->w, "/a", ZOBO_WATCH_DATA, NONE);
    check(&r->w, "/a", ZOBO_WATCH_CHILDREN, 0);
    take_away(&r->w, "/a", ZOBO_WATCH_CHILDREN, 0);
    check(&r->w, "/a", ZOBO_WATCH_PERSISTENT, 0);
    take_away(&r->w, "/a", ZOBO_WATCH_PERSISTENT, 0);
    check(&r->w, "/a", ZOBO_WATCH_PERSISTENT, NONE);
    take_away(&r->w, "/a", ZOBO_WATCH_PERSISTENT_RECURSIVE, 0);
    check(&r->w, "/a", ZOBO_WATCH_ANY, NONE);
    watch(&r->w, ZB_OP_GET_DATA, "/a", 0);
    add_watch(&r->w, "/a", ZOBO_PERSISTENT);
    take_away(&r->w, "/a", ZOBO_WATCH_ANY, 0);
    set(r, "/a");
    take(r, "/a");
    zt_expect_nothing(&r->w); /* no event for the removal either */
    check(&r->w, "/a", 6, ZOBO_EMARSHALLING);
    check(&r->w, "/a", 0, ZOBO_EMARSHALLING);
}

static void
put_paths(zt_buf *b, const char *const *paths, int32_t n)
{
    zt_put_i32(b, n);
    for (int32_t i = 0; i < n; i++)
        zt_put_str(b, paths[i]);
}

static void
test_55_set_watches(void **state)
{
    rig *r = *state;
    static const char *const data[] = {"/same", "/changed", "/gone", "/never/was"};
    static const char *const exist[] = {"/absent", "/same", "no path", "/trailing/"};
    static const char *const child[] = {"/same", "/grown", "/gone"};
    static const char *const persistent[] = {"/p"}, *const recursive[] = {"/r"};
    for (int second = 0; second < 2; second++) {
        for (int behind = 0; behind < 2; behind++) {
            zt_link w;
            zt_buf b = {0};
            create(r, "/same");
            create(r, "/changed");
            create(r, "/grown");
            create(r, "/gone");
            int64_t zxid = set(r, "/same");
            set(r, "/changed");
            create(r, "/grown/up");
            take(r, "/gone");
            assert_true(zt_link_join(&r->z, &w, 10000));
            if (behind) /* an unanswered write: in its turn */
                zt_ask_set(&w, 8, "/zookeeper", "");
            zt_put_i64(&b, zxid);
            put_paths(&b, data, 4);
            put_paths(&b, exist, 4);
            put_paths(&b, child, 3);
            if (second) {
                put_paths(&b, persistent, 1);
                put_paths(&b, recursive, 1);
            }
            zt_ask(&w, behind ? 77 : -8, second ? ZB_OP_SET_WATCHES2 : ZB_OP_SET_WATCHES, &b);
            if (behind) { /* and what is written behind it is not in what it looks at */
                zt_ask_delete(&w, 9, "/same");
                zt_expect_nothing(&w);
                zt_engine_commit(&r->z);
                zt_expect(&w, 8, 0);
            }
            zt_expect_event(&w, CHANGED, "/changed");
            zt_expect_event(&w, DELETED, "/gone");
            zt_expect_event(&w, DELETED, "/never/was");
            zt_expect_event(&w, CREATED, "/same");
            zt_expect_event(&w, CHILDREN, "/grown");
            assert_int_equal(zt_expect_event(&w, DELETED, "/gone"), -1);
            zt_expect(&w, behind ? 77 : -8, 0);
            /* and what was armed */
            if (behind) {
                zt_engine_commit(&r->z);
                zt_expect_event(&w, DELETED, "/same");
                zt_expect(&w, 9, 0);
                create(r, "/same");
                zt_ask_watch(&w, 10, ZB_OP_GET_DATA, "/same", true);
                zt_expect(&w, 10, 0);
                zt_ask_watch(&w, 11, ZB_OP_GET_CHILDREN, "/same", true);
                zt_expect(&w, 11, 0);
            }
            set(r, "/same");
            zt_expect_event(&w, CHANGED, "/same");
            create(r, "/same/child");
            zt_expect_event(&w, CHILDREN, "/same");
            create(r, "/absent");
            zt_expect_event(&w, CREATED, "/absent");
            create(r, "/p");
            create(r, "/r");
            create(r, "/r/s");
            if (second) {
                zt_expect_event(&w, CREATED, "/p");
                zt_expect_event(&w, CREATED, "/r");
                zt_expect_event(&w, CREATED, "/r/s");
            }
            zt_expect_nothing(&w);
            zt_link_close(&w);
            static const char *const all[] = {"/r/s",   "/r",    "/p",      "/same/child", "/grown/up",
                                              "/grown", "/same", "/absent", "/changed"};
            for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                take(r, all[i]);
        }
    }
}

static void
test_56_who_may_not_read_is_not_told(void **state)
{
    rig *r = *state;
    zt_link friend;
    zt_buf b = {0};
    assert_true(zt_link_join(&r->z, &friend, 10000));
    for (int i = 0; i < 2; i++) {
        zt_put_i32(&b, 0);
        zt_put_str(&b, "digest");
        zt_put_str(&b, "anna:secret");
        zt_ask(i ? &friend : &r->l, -4, ZB_OP_AUTH, &b);
        zt_expect(i ? &friend : &r->l, -4, 0);
    }
    add_watch(&r->w, "/", ZOBO_PERSISTENT_RECURSIVE);
    add_watch(&friend, "/", ZOBO_PERSISTENT_RECURSIVE);
    add_watch(&r->w, "/secret", ZOBO_PERSISTENT);
    zt_put_str(&b, "/secret");
    zt_put_str(&b, "x");
    zt_put_i32(&b, 1);
    zt_put_i32(&b, 31);
    zt_put_str(&b, "auth");
    zt_put_str(&b, "");
    zt_put_i32(&b, 0);
    zt_ask(&r->l, 5, ZB_OP_CREATE, &b);
    zt_engine_commit(&r->z);
    zt_expect(&r->l, 5, 0);
    set(r, "/secret");
    create(r, "/secret/open"); /* its own ACL is open */
    take(r, "/secret/open");
    take(r, "/secret");
    zt_expect_event(&friend, CREATED, "/secret");
    zt_expect_event(&friend, CHANGED, "/secret");
    zt_expect_event(&friend, CREATED, "/secret/open");
    zt_expect_event(&friend, DELETED, "/secret/open");
    zt_expect_event(&friend, DELETED, "/secret");
    zt_expect_event(&r->w, CREATED, "/secret/open"); /* but not CHILDREN of /secret */
    zt_expect_event(&r->w, DELETED, "/secret/open");
    zt_expect_nothing(&r->w);
    zt_link_close(&friend);
}

static void
test_58_dropped_with_the_connection(void **state)
{
    rig *r = *state;
    zt_link again;
    zs_watches_count count;
    add_watch(&r->w, "/a", ZOBO_PERSISTENT);
    watch(&r->w, ZB_OP_EXISTS, "/a", ZOBO_ENONODE);
    zt_link_open(&r->z, &again, "127.0.0.1");
    zt_link_shake(&again, r->w.session, r->w.password, 10000, 0, true);
    assert_true(zt_link_shaken(&again, true));
    assert_true(zt_link_is_over(&r->w));
    create(r, "/a");
    zt_expect_nothing(&again);
    zs_watches_counted(zs_engine_watches(r->z.e), &count);
    assert_int_equal(count.watches, 0);
    zt_link_close(&again);
}

/* What a write's own connection has asked to watch in the same batch, before and behind it. */
static void
test_watches_have_their_place_among_the_writes(void **state)
{
    rig *r = *state;
    zt_ask_watch(&r->l, 1, ZB_OP_EXISTS, "/a", true);
    zt_expect(&r->l, 1, ZOBO_ENONODE);
    zt_ask_create(&r->l, 2, "/a", "", 0);
    ask_type(&r->l, 3, ZB_OP_REMOVE_WATCHES, "/a", ZOBO_WATCH_ANY);
    ask_type(&r->l, 4, ZB_OP_ADD_WATCH, "/a", ZOBO_PERSISTENT);
    zt_ask_set(&r->l, 5, "/a", "x");
    ask_type(&r->l, 6, ZB_OP_REMOVE_WATCHES, "/a", ZOBO_WATCH_ANY);
    zt_ask_set(&r->l, 7, "/a", "x");
    zt_engine_commit(&r->z);
    zt_expect_event(&r->l, CREATED, "/a");
    zt_expect(&r->l, 2, 0);
    zt_expect(&r->l, 3, ZOBO_ENOWATCHER);
    zt_expect(&r->l, 4, 0);
    zt_expect_event(&r->l, CHANGED, "/a");
    zt_expect(&r->l, 5, 0);
    zt_expect(&r->l, 6, 0);
    zt_expect(&r->l, 7, 0);
    zt_expect_nothing(&r->l);
}

/* addWatch in one batch, setWatches in the next: the answer to the first does not let the second's sender go on. */
static void
test_setwatches_holds(void **state)
{
    rig *r = *state;
    zt_link w;
    zt_buf b = {0};
    static const char *const data[] = {"/held"};
    create(r, "/held");
    int64_t zxid = set(r, "/held");
    assert_true(zt_link_join(&r->z, &w, 10000));
    zt_ask_set(&w, 1, "/zookeeper", "");
    ask_type(&w, 2, ZB_OP_ADD_WATCH, "/other", ZOBO_PERSISTENT);
    zs_batch *first = zs_engine_take(r->z.e);
    zt_ask_set(&w, 3, "/zookeeper", "");
    zt_put_i64(&b, zxid);
    put_paths(&b, data, 1);
    put_paths(&b, data, 0);
    put_paths(&b, data, 0);
    zt_ask(&w, 4, ZB_OP_SET_WATCHES, &b);
    zs_batch_commit(first);
    zs_engine_publish(r->z.e, first);
    zt_ask_set(&w, 5, "/held", "later");
    zt_engine_commit(&r->z);
    for (int32_t xid = 1; xid <= 4; xid++)
        zt_expect(&w, xid, 0);
    zt_expect_event(&w, CHANGED, "/held");
    zt_expect(&w, 5, 0);
    take(r, "/held");
    zt_link_close(&w);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_48_one_shot),
        T(test_49_and_50_one_event_for_a_deleted_node),
        T(test_51_persistent_and_recursive),
        T(test_53_modes_combine),
        T(test_54_checking_and_removing),
        T(test_55_set_watches),
        T(test_56_who_may_not_read_is_not_told),
        T(test_58_dropped_with_the_connection),
        T(test_watches_have_their_place_among_the_writes),
        T(test_setwatches_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
