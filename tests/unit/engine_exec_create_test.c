/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_rig.h"

static const struct {
    const char *path;
    int flags, err;
    const char *made; /* NULL: the path as it is */
} creates[] = {
    {"", 0, ZOBO_EBADARGUMENTS, NULL},
    {"abc", 0, ZOBO_EBADARGUMENTS, NULL},
    {"a/b", 0, ZOBO_ENONODE, NULL}, /* its parent is looked up first, and is not there */
    {"/", 0, ZOBO_ENODEEXISTS, NULL},
    {"/dup", 0, ZOBO_OK, NULL},
    {"/dup", 0, ZOBO_ENODEEXISTS, NULL},
    {"/none/x", 0, ZOBO_ENONODE, NULL},
    {"/x", 99, ZOBO_EBADARGUMENTS, NULL},
    {"/x", 7, ZOBO_EBADARGUMENTS, NULL},
    {"/x", -1, ZOBO_EBADARGUMENTS, NULL},
    {"/x", INT32_MIN, ZOBO_EBADARGUMENTS, NULL},
    {"/x", 5, ZOBO_EBADARGUMENTS, NULL}, /* no room for a TTL */
    {"/x", 6, ZOBO_EBADARGUMENTS, NULL},
    {"/dup/", 0, ZOBO_EBADARGUMENTS, NULL},
    {"/none/", 0, ZOBO_ENONODE, NULL},
    {"//a", 0, ZOBO_EBADARGUMENTS, NULL},
    {"/dup//a", 0, ZOBO_ENONODE, NULL},
    {"//", 2, ZOBO_EBADARGUMENTS, NULL},
    {"/dup/.", 0, ZOBO_EBADARGUMENTS, NULL},
    {"/dup/..", 0, ZOBO_EBADARGUMENTS, NULL},
    {"/dup/../x", 0, ZOBO_ENONODE, NULL},
    {"/dup/a\001", 0, ZOBO_EBADARGUMENTS, NULL},
    {"/dup/a\xff", 0, ZOBO_EBADARGUMENTS, NULL},
    {"/dup/a\xc2\x80", 0, ZOBO_EBADARGUMENTS, NULL},         /* U+0080 */
    {"/dup/a\xee\x80\x80", 0, ZOBO_EBADARGUMENTS, NULL},     /* U+E000 */
    {"/dup/a\xef\xbf\xb0", 0, ZOBO_EBADARGUMENTS, NULL},     /* U+FFF0 */
    {"/dup/a\xf0\x9f\x98\x80", 0, ZOBO_EBADARGUMENTS, NULL}, /* above U+FFFF: surrogates to the server */
    {"/dup/\xc3\xbc", 0, ZOBO_OK, NULL},
    {"/dup/", 2, ZOBO_OK, "/dup/0000000001"},
    {"/dup/n-", 2, ZOBO_OK, "/dup/n-0000000002"},
    {"/dup/.", 2, ZOBO_OK, "/dup/.0000000003"},
    {"/dup/e-", 3, ZOBO_OK, "/dup/e-0000000004"},
    {"/dup/e-0000000004/x", 0, ZOBO_ENOCHILDRENFOREPHEMERALS, NULL},
    {"/dup/e-0000000004/x", 1, ZOBO_ENOCHILDRENFOREPHEMERALS, NULL},
    {"/dup/c", 4, ZOBO_OK, NULL},
    {"/dup/c/x", 0, ZOBO_OK, NULL},
    {"/", 2, ZOBO_OK, "/0000000002"}, /* /zookeeper is not counted, as in ZooKeeper */
};

static void
test_paths_and_flags(void **state)
{
    rig *r = *state;
    for (size_t i = 0; i < sizeof creates / sizeof creates[0]; i++) {
        int err = create(r, creates[i].path, "", creates[i].flags);
        if (err != creates[i].err)
            fail_msg("create %s, flags %d: %d", creates[i].path, creates[i].flags, err);
        if (err == ZOBO_OK)
            assert_created(r, creates[i].made ? creates[i].made : creates[i].path);
        if (i == 4)
            assert_int_equal(create(r, "/second", "", 0), ZOBO_OK);
    }
    zt_buf nul = {0};
    zt_put_bytes(&nul, "/a\0b", 4);
    add(&nul, "sAi", "", 0);
    assert_int_equal(send_body(r, ZB_OP_CREATE, nul), ZOBO_EBADARGUMENTS);
}

/* One request may be wrong in several ways: the first check tells. */
static void
test_precedence(void **state)
{
    rig *r = *state;
    zs_ids *ids = r->ids;
    assert_int_equal(SEND(r, CREATE, "ssai", "/closed", "", 1, "world", "anyone", 0), ZOBO_OK);
    r->ids = NULL;
    assert_int_equal(create(r, "/closed/there", "", 0), ZOBO_OK);
    r->ids = ids;
    assert_int_equal(SEND(r, CREATE, "ssni", "abc", "", 9), ZOBO_EBADARGUMENTS);   /* mode before path */
    assert_int_equal(SEND(r, CREATE, "ssni", "abc", "", 0), ZOBO_EBADARGUMENTS);   /* slash before ACL */
    assert_int_equal(SEND(r, CREATE, "ssni", "/none/x", "", 0), ZOBO_EINVALIDACL); /* ACL before parent */
    assert_int_equal(SEND(r, CREATE, "ssni", "/none/", "", 0), ZOBO_EINVALIDACL);
    assert_int_equal(SEND(r, CREATE, "ssii", "/x", "", -1, 0), ZOBO_EINVALIDACL); /* a null ACL */
    assert_int_equal(create(r, "/none/x/", "", 0), ZOBO_ENONODE);                 /* parent before path */
    assert_int_equal(create(r, "/closed/", "", 0), ZOBO_ENOAUTH);                 /* permission before path */
    assert_int_equal(create(r, "/closed/there", "", 0), ZOBO_ENOAUTH);            /* and before existence */
    assert_int_equal(create(r, "/e", "", 1), ZOBO_OK);
    assert_int_equal(create(r, "/e/", "", 0), ZOBO_EBADARGUMENTS); /* path before ephemeral */
    r->rules.skip_acl = true;
    commit_and_reopen(r);
    assert_int_equal(create(r, "/closed/there", "", 0), ZOBO_ENODEEXISTS);
    assert_int_equal(create(r, "/closed/x", "", 0), ZOBO_OK);
}

static void
test_opcodes(void **state)
{
    rig *r = *state;
    zobo_stat fresh = {.ctime = r->now, .mtime = r->now, .data_length = 1};
    assert_int_equal(create(r, "/plain", "d", 0), ZOBO_OK);
    zt_cursor c = written(r);
    assert_str(&c, "/plain");
    assert_end(&c);

    assert_int_equal(SEND(r, CREATE2, "ssAi", "/two", "d", 0), ZOBO_OK);
    c = written(r);
    assert_str(&c, "/two");
    fresh.czxid = fresh.mzxid = fresh.pzxid = r->out.zxid;
    assert_stat(take_stat(&c), fresh);
    assert_end(&c);

    assert_int_equal(SEND(r, CREATE2, "ssAi", "/two-e", "d", 1), ZOBO_OK);
    c = written(r);
    assert_str(&c, "/two-e");
    assert_int_equal(take_stat(&c).ephemeral_owner, r->session);

    assert_int_equal(SEND(r, CREATE_CONTAINER, "ssAi", "/box", "d", 4), ZOBO_OK);
    c = written(r);
    assert_str(&c, "/box");
    assert_int_equal(take_stat(&c).ephemeral_owner, 0);
    assert_end(&c);
    for (int flags = 0; flags < 7; flags++)
        if (flags != 4)
            assert_int_equal(SEND(r, CREATE_CONTAINER, "ssAi", "/not", "d", flags), ZOBO_EBADARGUMENTS);

    assert_int_equal(SEND(r, CREATE_TTL, "ssAiq", "/ttl", "d", 5, (int64_t)1), ZOBO_OK);
    c = written(r);
    assert_str(&c, "/ttl");
    assert_int_equal(take_stat(&c).ephemeral_owner, 0);
    assert_end(&c);
    assert_int_equal(SEND(r, CREATE_TTL, "ssAiq", "/ttl-", "d", 6, ZS_MAX_TTL), ZOBO_OK);
    assert_created(r, "/ttl-0000000005");
    assert_int_equal(SEND(r, CREATE_TTL, "ssAiq", "/not", "d", 5, (int64_t)0), ZOBO_EBADARGUMENTS);
    assert_int_equal(SEND(r, CREATE_TTL, "ssAiq", "/not", "d", 5, (int64_t)-1), ZOBO_EBADARGUMENTS);
    assert_int_equal(SEND(r, CREATE_TTL, "ssAiq", "/not", "d", 5, ZS_MAX_TTL + 1), ZOBO_EBADARGUMENTS);
    for (int flags = 0; flags < 5; flags++)
        assert_int_equal(SEND(r, CREATE_TTL, "ssAiq", "/not", "d", flags, (int64_t)5), ZOBO_EBADARGUMENTS);
    assert_false(is_there(r, "/not"));
    assert_int_equal(create(r, "/ttl/child", "", 0), ZOBO_OK);
    assert_int_equal(stat_of(r, "/ttl").ephemeral_owner, 0);
}

static void
test_sequence(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/p", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/p/a", "", 2), ZOBO_OK);
    assert_created(r, "/p/a0000000000");
    assert_string_equal(r->events, "1 /p/a0000000000, 4 /p");
    assert_int_equal(create(r, "/p/a", "", 2), ZOBO_OK);
    assert_created(r, "/p/a0000000001");
    assert_int_equal(delete (r, "/p/a0000000001", -1), ZOBO_OK);
    assert_int_equal(create(r, "/p/", "", 2), ZOBO_OK); /* creates ever, not children now */
    assert_created(r, "/p/0000000002");
    assert_int_equal(create(r, "/p/plain", "", 0), ZOBO_OK); /* any create counts */
    assert_int_equal(create(r, "/p/b", "", 2), ZOBO_OK);
    assert_created(r, "/p/b0000000004");
    assert_int_equal(create(r, "/p/b0000000005", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/p/b0000000007", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/p/b", "", 2), ZOBO_ENODEEXISTS); /* and a failed one does not */
    assert_int_equal(create(r, "/p/c", "", 2), ZOBO_OK);
    assert_created(r, "/p/c0000000007");

    tamper(r, "/p", 0, 0, INT32_MAX - 1);
    assert_int_equal(create(r, "/p/z", "", 2), ZOBO_OK);
    assert_created(r, "/p/z2147483646");
    assert_int_equal(create(r, "/p/z", "", 2), ZOBO_ENODEEXISTS); /* no number is left, and none comes twice */
    assert_int_equal(create(r, "/p/still", "", 0), ZOBO_OK);
    assert_int_equal(stat_of(r, "/p").pzxid, r->out.zxid);
    assert_int_equal(create(r, "/p/z", "", 2), ZOBO_ENODEEXISTS);
}

static void
test_wire_cversion(void **state)
{
    rig *r = *state;
    assert_int_equal(stat_of(r, "/").cversion, -1); /* one child, none created */
    assert_int_equal(create(r, "/p", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/p/a", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/p/b", "", 0), ZOBO_OK);
    assert_int_equal(stat_of(r, "/p").cversion, 2);
    assert_int_equal(delete (r, "/p/a", -1), ZOBO_OK);
    assert_int_equal(stat_of(r, "/p").cversion, 3);
    assert_int_equal(stat_of(r, "/p").num_children, 1);
}

/* Acls as they are sent and as they are kept. */
static void
test_acls(void **state)
{
    rig *r = *state;
    static const struct {
        const char *scheme, *id;
        int err;
    } bad[] =
        {
            {"world", "nobody", ZOBO_EINVALIDACL},
            {"auth", "", ZOBO_EINVALIDACL}, /* nobody has authenticated: ip is not it */
            {"digest", "user", ZOBO_EINVALIDACL},
            {"ip", "300.1.1.1", ZOBO_EINVALIDACL},
            {"none", "x", ZOBO_EINVALIDACL},
        };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(SEND(r, CREATE, "ssai", "/x", "", 31, bad[i].scheme, bad[i].id, 0), bad[i].err);
    assert_int_equal(zs_auth(&r->ids, text("digest"), text("bob:pw"), NULL), ZOBO_OK);
    assert_int_equal(SEND(r, CREATE, "ssai", "/mine", "", 31, "auth", "", 0), ZOBO_OK);
    assert_int_equal(SEND(r, GET_ACL, "s", "/mine"), ZOBO_OK);
    zt_cursor c = answer(r);
    assert_int_equal(zt_take_i32(&c), 1);
    assert_int_equal(zt_take_i32(&c), 31);
    assert_str(&c, "digest");
    assert_str(&c, "bob:ikIaKsbtGweaHnb/jKn7OHqbunM=");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_paths_and_flags), RIG_TEST(test_precedence),    RIG_TEST(test_opcodes),
        RIG_TEST(test_sequence),        RIG_TEST(test_wire_cversion), RIG_TEST(test_acls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
