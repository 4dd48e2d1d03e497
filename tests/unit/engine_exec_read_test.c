/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_rig.h"

static void
test_exact_bytes(void **state)
{
    rig *r = *state;
    r->now = 0x0102030405;
    assert_int_equal(create(r, "/n", "abc", 0), ZOBO_OK);
    static const uint8_t data_stat[] = {
        0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0,
        0, 1, 2, 3, 4,   5,   0,   0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0,   0,   0,   0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    };
    assert_int_equal(SEND(r, GET_DATA, "so", "/n", 0), ZOBO_OK);
    assert_int_equal(r->reply.n, 6 + sizeof data_stat);
    assert_memory_equal(r->reply.p + 6, data_stat, sizeof data_stat);
    assert_int_equal(SEND(r, EXISTS, "so", "/n", 0), ZOBO_OK);
    assert_int_equal(r->reply.n, 6 + sizeof data_stat - 7);
    assert_memory_equal(r->reply.p + 6, data_stat + 7, sizeof data_stat - 7);
}

static void
test_children(void **state)
{
    rig *r = *state;
    assert_int_equal(SEND(r, GET_CHILDREN, "so", "/", 0), ZOBO_OK);
    zt_cursor c = answer(r);
    assert_int_equal(zt_take_i32(&c), 1);
    assert_str(&c, "zookeeper");
    assert_end(&c);
    assert_int_equal(SEND(r, GET_CHILDREN, "so", "/zookeeper/config", 0), ZOBO_OK);
    c = answer(r);
    assert_int_equal(zt_take_i32(&c), 0);
    assert_end(&c);
    assert_int_equal(create(r, "/b", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/a", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/a/x", "", 0), ZOBO_OK);
    assert_int_equal(SEND(r, GET_CHILDREN2, "so", "/", 0), ZOBO_OK);
    c = answer(r);
    assert_int_equal(zt_take_i32(&c), 3);
    assert_str(&c, "a");
    assert_str(&c, "b");
    assert_str(&c, "zookeeper");
    assert_int_equal(take_stat(&c).num_children, 3);
    assert_end(&c);
}

static void
test_many_children(void **state)
{
    rig *r = *state;
    enum { N = 100000 };
    char path[32];
    assert_int_equal(create(r, "/p", "", 0), ZOBO_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(create(r, "/p/n-", "", 2), ZOBO_OK);
    assert_int_equal(SEND(r, GET_CHILDREN, "so", "/p", 0), ZOBO_OK);
    zt_cursor c = answer(r);
    assert_int_equal(zt_take_i32(&c), N);
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "n-%010d", i);
        assert_str(&c, path);
    }
    assert_end(&c);
}

/* Which watches are armed, for which answers. */
static void
test_watches(void **state)
{
    rig *r = *state;
    assert_int_equal(SEND(r, CREATE, "ssai", "/closed", "", 30, "world", "anyone", 0), ZOBO_OK);
    static const struct {
        int32_t op;
        const char *path;
        int err;
        unsigned kind;
    } cases[] = {
        {ZB_OP_EXISTS, "/", ZOBO_OK, ZS_WATCH_DATA},
        {ZB_OP_EXISTS, "/none", ZOBO_ENONODE, ZS_WATCH_DATA},
        {ZB_OP_EXISTS, "/none/x/", ZOBO_ENONODE, ZS_WATCH_DATA},
        {ZB_OP_EXISTS, "/closed", ZOBO_ENOAUTH, 0},
        {ZB_OP_GET_DATA, "/", ZOBO_OK, ZS_WATCH_DATA},
        {ZB_OP_GET_DATA, "/none", ZOBO_ENONODE, 0},
        {ZB_OP_GET_DATA, "/closed", ZOBO_ENOAUTH, 0},
        {ZB_OP_GET_CHILDREN, "/", ZOBO_OK, ZS_WATCH_CHILD},
        {ZB_OP_GET_CHILDREN, "/none", ZOBO_ENONODE, 0},
        {ZB_OP_GET_CHILDREN, "/closed", ZOBO_ENOAUTH, 0},
        {ZB_OP_GET_CHILDREN2, "/", ZOBO_OK, ZS_WATCH_CHILD},
        {ZB_OP_GET_CHILDREN2, "/none", ZOBO_ENONODE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int watch = 0; watch < 2; watch++) {
            assert_int_equal(send_body(r, cases[i].op, bytes("so", cases[i].path, watch)), cases[i].err);
            assert_int_equal(r->arm.kind, watch ? cases[i].kind : 0);
            if (!r->arm.kind)
                continue;
            assert_int_equal(r->arm.len, strlen(cases[i].path));
            assert_memory_equal(r->arm.path, cases[i].path, r->arm.len);
        }
    }
}

/* A path is not judged: what is none is not there. "" is the root. */
static void
test_paths(void **state)
{
    rig *r = *state;
    static const int32_t ops[] = {ZB_OP_EXISTS,        ZB_OP_GET_DATA, ZB_OP_GET_CHILDREN,
                                  ZB_OP_GET_CHILDREN2, ZB_OP_GET_ACL,  ZB_OP_GET_ALL_CHILDREN_NUMBER};
    static const char *const paths[] = {"a", "/a/", "//a", "/a//b", "/a/../a", "/\001", "/a/\xff", "zookeeper/config"};
    assert_int_equal(create(r, "/a", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/a/b", "", 0), ZOBO_OK);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++)
            assert_int_equal(send_body(r, ops[i], bytes("so", paths[k], 0)), ZOBO_ENONODE);
        assert_int_equal(send_body(r, ops[i], bytes("so", "", 0)), ZOBO_OK);
        assert_int_equal(send_body(r, ops[i], bytes("so", NULL, 0)), ZOBO_EMARSHALLING);
        zt_buf nul = {0};
        zt_put_bytes(&nul, "/a\0b", 4);
        zt_put_bool(&nul, false);
        assert_int_equal(send_body(r, ops[i], nul), ops[i] == ZB_OP_EXISTS ? ZOBO_EBADARGUMENTS : ZOBO_ENONODE);
    }
    assert_int_equal(SEND(r, GET_CHILDREN, "so", "", 0), ZOBO_OK);
    zt_cursor c = answer(r);
    assert_int_equal(zt_take_i32(&c), 2);
}

static void
test_long_paths(void **state)
{
    rig *r = *state;
    enum { LONG = 700 };
    char path[3 * LONG] = "/";
    memset(path + 1, 'a', LONG);
    assert_int_equal(create(r, path, "long", 0), ZOBO_OK);
    assert_data(r, path, "long");
    strcat(path, "/");
    memset(path + strlen(path), 'b', LONG);
    assert_int_equal(create(r, path, "longer", 0), ZOBO_OK);
    assert_created(r, path);
    assert_data(r, path, "longer");
    assert_int_equal(SEND(r, GET_ALL_CHILDREN_NUMBER, "s", "/"), ZOBO_OK);
    assert_int_equal(delete (r, path, -1), ZOBO_OK);
}

static void
test_permissions(void **state)
{
    rig *r = *state;
    static const struct {
        int32_t op;
        int perms; /* one of them is enough */
    } needs[] = {
        {ZB_OP_EXISTS, 1},        {ZB_OP_GET_DATA, 1}, {ZB_OP_GET_CHILDREN, 1},
        {ZB_OP_GET_CHILDREN2, 1}, {ZB_OP_GET_ACL, 17}, {ZB_OP_GET_ALL_CHILDREN_NUMBER, 1},
    };
    for (int perm = 1; perm < 32; perm *= 2) {
        assert_int_equal(SEND(r, CREATE, "ssai", "/n", "", perm, "world", "anyone", 0), ZOBO_OK);
        for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
            assert_int_equal(send_body(r, needs[i].op, bytes("so", "/n", 0)),
                             needs[i].perms & perm ? ZOBO_OK : ZOBO_ENOAUTH);
        assert_int_equal(delete (r, "/n", -1), ZOBO_OK);
    }
    assert_int_equal(SEND(r, CREATE, "ssai", "/n", "", 0, "world", "anyone", 0), ZOBO_OK);
    assert_int_equal(SEND(r, GET_DATA, "so", "/n", 0), ZOBO_ENOAUTH);
    zs_ids *ids = r->ids;
    r->ids = NULL; /* the server itself */
    assert_int_equal(SEND(r, GET_DATA, "so", "/n", 0), ZOBO_OK);
    r->ids = ids;
    r->rules.skip_acl = true;
    assert_int_equal(SEND(r, GET_DATA, "so", "/n", 0), ZOBO_OK);
}

static void
take_acl(zt_cursor *c, int perms, const char *scheme, const char *id)
{
    assert_int_equal(zt_take_i32(c), perms);
    assert_str(c, scheme);
    assert_str(c, id);
}

static void
test_get_acl(void **state)
{
    rig *r = *state;
    zt_buf acl = bytes("ssiississ", "/n", "", 2, 1, "world", "anyone", 31, "digest", "bob:secret");
    zt_put_i32(&acl, 0);
    assert_int_equal(send_body(r, ZB_OP_CREATE, acl), ZOBO_OK);
    assert_int_equal(SEND(r, GET_ACL, "s", "/n"), ZOBO_OK); /* READ, not ADMIN: the hash is not shown */
    zt_cursor c = answer(r);
    assert_int_equal(zt_take_i32(&c), 2);
    take_acl(&c, 1, "world", "anyone");
    take_acl(&c, 31, "digest", "bob:x");
    take_stat(&c);
    assert_end(&c);
    r->rules.skip_acl = true;
    assert_int_equal(SEND(r, GET_ACL, "s", "/n"), ZOBO_OK);
    c = answer(r);
    assert_int_equal(zt_take_i32(&c), 2);
    take_acl(&c, 1, "world", "anyone");
    take_acl(&c, 31, "digest", "bob:secret");
    take_stat(&c);
    assert_end(&c);
}

static void
test_sync(void **state)
{
    rig *r = *state;
    static const char *const paths[] = {"/", "", "/none", "no path at all/", NULL};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(SEND(r, SYNC, "s", paths[i]), ZOBO_OK);
        zt_cursor c = answer(r);
        assert_str(&c, paths[i]);
        assert_end(&c);
    }
}

static void
test_ephemerals(void **state)
{
    rig *r = *state;
    static const struct {
        const char *prefix;
        int n;
    } cases[] = {{"", 3}, {"/", 3}, {NULL, 3}, {" / ", 3}, {"/p", 3}, {"/p/a", 2}, {"/p/ab", 1}, {"/x", 0}, {" /p", 0}};
    assert_int_equal(create(r, "/p", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/p/b", "", 1), ZOBO_OK);
    assert_int_equal(create(r, "/p/a", "", 1), ZOBO_OK);
    assert_int_equal(create(r, "/p/ab", "", 1), ZOBO_OK);
    r->session++;
    assert_int_equal(create(r, "/p/other", "", 1), ZOBO_OK);
    r->session--;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(SEND(r, GET_EPHEMERALS, "s", cases[i].prefix), ZOBO_OK);
        zt_cursor c = answer(r);
        assert_int_equal(zt_take_i32(&c), cases[i].n);
        for (int k = 0; k < cases[i].n; k++)
            free(zt_take_str(&c));
        assert_end(&c);
    }
    assert_int_equal(SEND(r, GET_EPHEMERALS, "s", "/p/a"), ZOBO_OK);
    zt_cursor c = answer(r);
    zt_take_i32(&c);
    assert_str(&c, "/p/a");
    assert_str(&c, "/p/ab");
}

static void
test_all_children_number(void **state)
{
    rig *r = *state;
    static const char *const made[] = {"/p", "/p/a", "/p/a/b", "/p/a/b/c", "/p/a/d", "/p/e", "/pp", "/pp/x"};
    static const struct {
        const char *path;
        int n;
    } cases[] = {{"/", 11}, {"", 12}, {"/p", 5}, {"/p/a", 3}, {"/p/a/b/c", 0}, {"/pp", 1}, {"/zookeeper", 2}};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        assert_int_equal(create(r, made[i], "", 0), ZOBO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(SEND(r, GET_ALL_CHILDREN_NUMBER, "s", cases[i].path), ZOBO_OK);
        zt_cursor c = answer(r);
        assert_int_equal(zt_take_i32(&c), cases[i].n);
        assert_end(&c);
    }
}

/* A tree as deep as a request can make it does not cost a stack. */
static void
test_deep(void **state)
{
    rig *r = *state;
    enum { DEPTH = 3000 };
    char path[2 * DEPTH + 1] = "";
    for (size_t i = 0; i < DEPTH; i++) {
        memcpy(path + 2 * i, "/d", 3);
        assert_int_equal(create(r, path, "", 0), ZOBO_OK);
    }
    assert_int_equal(SEND(r, GET_ALL_CHILDREN_NUMBER, "s", "/d"), ZOBO_OK);
    zt_cursor c = answer(r);
    assert_int_equal(zt_take_i32(&c), DEPTH - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_exact_bytes),
        RIG_TEST(test_children),
        RIG_TEST(test_many_children),
        RIG_TEST(test_watches),
        RIG_TEST(test_paths),
        RIG_TEST(test_long_paths),
        RIG_TEST(test_permissions),
        RIG_TEST(test_get_acl),
        RIG_TEST(test_sync),
        RIG_TEST(test_ephemerals),
        RIG_TEST(test_all_children_number),
        RIG_TEST(test_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
