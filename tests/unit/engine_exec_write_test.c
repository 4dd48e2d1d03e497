/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_rig.h"

/* What each write does to the stats of a node and of its parent. */
static void
test_stats(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/p", NULL, 0), ZOBO_OK);
    zobo_stat p = {.czxid = r->out.zxid, .mzxid = r->out.zxid, .pzxid = r->out.zxid, .ctime = r->now, .mtime = r->now};
    assert_stat(stat_of(r, "/p"), p);

    r->now += 10;
    assert_int_equal(create(r, "/p/n", "abc", 1), ZOBO_OK);
    assert_string_equal(r->events, "1 /p/n, 4 /p");
    zobo_stat n = {.czxid = r->out.zxid,
                   .mzxid = r->out.zxid,
                   .pzxid = r->out.zxid,
                   .ctime = r->now,
                   .mtime = r->now,
                   .data_length = 3,
                   .ephemeral_owner = r->session};
    p.pzxid = r->out.zxid;
    p.cversion = p.num_children = 1;
    assert_stat(stat_of(r, "/p/n"), n);
    assert_stat(stat_of(r, "/p"), p);

    r->now += 10;
    assert_int_equal(set(r, "/p/n", "abcde", -1), ZOBO_OK);
    assert_string_equal(r->events, "3 /p/n");
    n.mzxid = r->out.zxid;
    n.mtime = r->now;
    n.version = 1;
    n.data_length = 5;
    zt_cursor c = written(r);
    assert_stat(take_stat(&c), n);
    assert_end(&c);
    assert_stat(stat_of(r, "/p/n"), n);
    assert_stat(stat_of(r, "/p"), p);

    r->now += 10;
    assert_int_equal(SEND(r, SET_ACL, "sai", "/p/n", 31, "ip", "127.0.0.1", 0), ZOBO_OK);
    assert_string_equal(r->events, "");
    n.aversion = 1;
    c = written(r);
    assert_stat(take_stat(&c), n);
    assert_end(&c);
    assert_stat(stat_of(r, "/p/n"), n);
    assert_stat(stat_of(r, "/p"), p);
    assert_data(r, "/p/n", "abcde");

    r->now += 10;
    assert_int_equal(delete (r, "/p/n", 1), ZOBO_OK);
    assert_string_equal(r->events, "2 /p/n, 4 /p");
    assert_int_equal(r->out.reply_len, 0);
    p.pzxid = r->out.zxid;
    p.cversion = 2;
    p.num_children = 0;
    assert_stat(stat_of(r, "/p"), p);
    assert_false(is_there(r, "/p/n"));
}

/* The ACL that decides who is told of a change. */
static void
test_acls_of_effects(void **state)
{
    rig *r = *state;
    zs_node node;
    assert_int_equal(SEND(r, CREATE, "ssai", "/p", "", 31, "ip", "127.0.0.1", 0), ZOBO_OK);
    assert_int_equal(zs_node_find(r->txn, "/p", 2, &node, NULL), ZOBO_OK);
    uint32_t parents = node.acl;
    assert_int_not_equal(parents, ZS_ACL_OPEN);
    assert_int_equal(r->out.effects->acl, parents);
    assert_int_equal(r->out.effects->next->acl, ZS_ACL_OPEN);
    assert_int_equal(create(r, "/p/n", "", 0), ZOBO_OK);
    assert_int_equal(r->out.effects->acl, ZS_ACL_OPEN);
    assert_int_equal(r->out.effects->next->acl, parents);
    assert_int_equal(SEND(r, SET_ACL, "sai", "/p/n", 1, "world", "anyone", -1), ZOBO_OK);
    assert_int_equal(delete (r, "/p/n", -1), ZOBO_OK);
    assert_int_equal(r->out.effects->acl, ZS_ACL_READ);
    assert_int_equal(r->out.effects->next->acl, parents);
}

static const struct {
    const char *path;
    int version, err;
} deletes[] = {
    {"", -1, ZOBO_EBADARGUMENTS},
    {"d", -1, ZOBO_EBADARGUMENTS},
    {"/", -1, ZOBO_EBADARGUMENTS},
    {"/zookeeper", -1, ZOBO_EBADARGUMENTS},
    {"/zookeeper/quota", -1, ZOBO_EBADARGUMENTS},
    {"/zookeeper/config", -1, ZOBO_EBADARGUMENTS},
    {"/zookeeper/other", -1, ZOBO_ENONODE},
    {"a/b", -1, ZOBO_ENONODE},
    {"/none", -1, ZOBO_ENONODE},
    {"/none/x", -1, ZOBO_ENONODE},
    {"/p/", -1, ZOBO_ENONODE},
    {"//p", -1, ZOBO_ENONODE},
    {"/p/n/../n", -1, ZOBO_ENONODE},
    {"/p", 5, ZOBO_EBADVERSION}, /* before its children are looked for */
    {"/p", 0, ZOBO_ENOTEMPTY},
    {"/p", -1, ZOBO_ENOTEMPTY},
    {"/p/n", 1, ZOBO_EBADVERSION},
    {"/p/n", -2, ZOBO_EBADVERSION},
    {"/closed/none", -1, ZOBO_ENOAUTH}, /* before it is looked for */
    {"/closed/n", -1, ZOBO_ENOAUTH},
    {"/p/n", 0, ZOBO_OK},
    {"/p", -1, ZOBO_OK},
    {"/guarded", -1, ZOBO_OK}, /* its own ACL does not matter */
};

static void
test_delete(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/p", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/p/n", "", 0), ZOBO_OK);
    assert_int_equal(SEND(r, CREATE, "ssai", "/closed", "", 31 - 8, "world", "anyone", 0), ZOBO_OK);
    assert_int_equal(create(r, "/closed/n", "", 0), ZOBO_OK);
    assert_int_equal(SEND(r, CREATE, "ssai", "/guarded", "", 31, "ip", "10.0.0.1", 0), ZOBO_OK);
    for (size_t i = 0; i < sizeof deletes / sizeof deletes[0]; i++) {
        int err = delete (r, deletes[i].path, deletes[i].version);
        if (err != deletes[i].err)
            fail_msg("delete %s %d: %d", deletes[i].path, deletes[i].version, err);
    }
}

static void
test_set(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/n", "", 0), ZOBO_OK);
    assert_int_equal(SEND(r, CREATE, "ssai", "/closed", "", 31 - 2, "world", "anyone", 0), ZOBO_OK);
    assert_int_equal(set(r, "", "", -1), ZOBO_EBADARGUMENTS);
    assert_int_equal(set(r, NULL, "", -1), ZOBO_EBADARGUMENTS);
    assert_int_equal(set(r, "/n/", "", -1), ZOBO_EBADARGUMENTS);
    assert_int_equal(set(r, "/none/", "", -1), ZOBO_EBADARGUMENTS);
    assert_int_equal(set(r, "/none", "", -1), ZOBO_ENONODE);
    assert_int_equal(set(r, "/closed", "", 9), ZOBO_ENOAUTH); /* before the version */
    assert_int_equal(set(r, "/n", "", 1), ZOBO_EBADVERSION);
    assert_int_equal(set(r, "/zookeeper/config", "", -1), ZOBO_ENOAUTH);
    assert_int_equal(set(r, "/", "root", -1), ZOBO_OK);
    assert_string_equal(r->events, "3 /");
    assert_data(r, "/", "root");
    assert_int_equal(set(r, "/n", "x", 0), ZOBO_OK);
    assert_data(r, "/n", "x");
    assert_int_equal(set(r, "/n", NULL, 1), ZOBO_OK); /* null and empty are two things */
    assert_data(r, "/n", NULL);
    assert_int_equal(stat_of(r, "/n").data_length, 0);
    assert_int_equal(set(r, "/n", "", 2), ZOBO_OK);
    assert_data(r, "/n", "");
    assert_int_equal(create(r, "/null", NULL, 0), ZOBO_OK);
    assert_data(r, "/null", NULL);
}

static void
test_set_acl(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/n", "", 0), ZOBO_OK);
    assert_int_equal(SEND(r, CREATE, "ssai", "/closed", "", 31 - 16, "world", "anyone", 0), ZOBO_OK);
    assert_int_equal(SEND(r, SET_ACL, "sni", "no", -1), ZOBO_EBADARGUMENTS);
    assert_int_equal(SEND(r, SET_ACL, "sAi", NULL, -1), ZOBO_EBADARGUMENTS);
    assert_int_equal(SEND(r, SET_ACL, "sni", "/none", -1), ZOBO_EINVALIDACL);
    assert_int_equal(SEND(r, SET_ACL, "sii", "/n", -1, -1), ZOBO_EINVALIDACL);
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/none", -1), ZOBO_ENONODE);
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/closed", 7), ZOBO_ENOAUTH);
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/n", 1), ZOBO_EBADVERSION);
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/n", 0), ZOBO_OK);
    assert_int_equal(SEND(r, SET_ACL, "sai", "/n", 1, "world", "anyone", 1), ZOBO_OK);
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/n", 2), ZOBO_ENOAUTH);
    r->ids = (zs_ids_unref(r->ids), NULL); /* the server itself */
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/n", 2), ZOBO_OK);
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/zookeeper/config", -1), ZOBO_OK);
    assert_int_equal(stat_of(r, "/zookeeper/config").aversion, 0); /* from -1 */
}

/* -1 means any version, so that none is -1. */
static void
test_versions_wrap(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/n", "", 0), ZOBO_OK);
    tamper(r, "/n", INT32_MAX, INT32_MAX, 0);
    assert_int_equal(set(r, "/n", "", INT32_MAX), ZOBO_OK);
    assert_int_equal(stat_of(r, "/n").version, INT32_MIN);
    assert_int_equal(set(r, "/n", "", INT32_MIN), ZOBO_OK);
    assert_int_equal(stat_of(r, "/n").version, INT32_MIN + 1);
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/n", INT32_MAX), ZOBO_OK);
    assert_int_equal(stat_of(r, "/n").aversion, INT32_MIN);
    tamper(r, "/n", -2, -2, 0);
    assert_int_equal(set(r, "/n", "", -2), ZOBO_OK);
    assert_int_equal(stat_of(r, "/n").version, 0);
    assert_int_equal(SEND(r, SET_ACL, "sAi", "/n", -2), ZOBO_OK);
    assert_int_equal(stat_of(r, "/n").aversion, 0);
}

static void
test_reconfig(void **state)
{
    rig *r = *state;
    assert_int_equal(SEND(r, RECONFIG, "sssq", NULL, NULL, NULL, (int64_t)-1), ZOBO_ERECONFIGDISABLED);
    assert_int_equal(SEND(r, RECONFIG, "s", NULL), ZOBO_EMARSHALLING);
    r->rules.reconfig_enabled = true;
    commit_and_reopen(r);
    assert_int_equal(SEND(r, RECONFIG, "sssq", "server.2=x", NULL, NULL, (int64_t)-1), ZOBO_EUNIMPLEMENTED);
}

/* Every beginning of every request, and every byte of it spoilt: never more than an error, and bytes behind the end do
 * not matter. */
static void
test_bad_bodies(void **state)
{
    rig *r = *state;
    struct {
        int32_t op;
        zt_buf body;
    } requests[] = {
        {ZB_OP_CREATE, bytes("ssAi", "/x", "data", 0)},
        {ZB_OP_CREATE2, bytes("ssAi", "/x", "data", 1)},
        {ZB_OP_CREATE_TTL, bytes("ssAiq", "/x", "data", 5, (int64_t)1000)},
        {ZB_OP_DELETE, bytes("si", "/none", -1)},
        {ZB_OP_SET_DATA, bytes("ssi", "/none", "data", -1)},
        {ZB_OP_SET_ACL, bytes("sAi", "/none", -1)},
        {ZB_OP_RECONFIG, bytes("sssq", "", "", "", (int64_t)0)},
        {ZB_OP_MULTI, bytes("hssAihsi.", 1, "/m", "data", 0, 2, "/m", 0)},
        {ZB_OP_EXISTS, bytes("so", "/none", 1)},
        {ZB_OP_GET_DATA, bytes("so", "/", 1)},
        {ZB_OP_GET_CHILDREN, bytes("so", "/", 1)},
        {ZB_OP_GET_CHILDREN2, bytes("so", "/", 1)},
        {ZB_OP_GET_ACL, bytes("s", "/")},
        {ZB_OP_SYNC, bytes("s", "/")},
        {ZB_OP_GET_EPHEMERALS, bytes("s", "/")},
        {ZB_OP_GET_ALL_CHILDREN_NUMBER, bytes("s", "/")},
        {ZB_OP_MULTI_READ, bytes("hsohso.", 4, "/", 0, 8, "/", 0)},
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        zt_buf *b = &requests[i].body;
        for (size_t n = 0; n < b->n; n++) {
            zt_buf cut = {0};
            zt_put_raw(&cut, b->p, n);
            assert_int_equal(send_body(r, requests[i].op, cut), ZOBO_EMARSHALLING);
        }
        for (size_t n = 0; n < b->n; n++) {
            static const uint8_t values[] = {0x00, 0x7f, 0x80, 0xff};
            for (size_t v = 0; v < sizeof values; v++) {
                zt_buf spoilt = {0};
                zt_put_raw(&spoilt, b->p, b->n);
                spoilt.p[n] = values[v];
                (void)send_body(r, requests[i].op, spoilt);
            }
        }
        zt_buf longer = {0};
        zt_put_raw(&longer, b->p, b->n);
        zt_put_raw(&longer, "more", 4);
        assert_int_not_equal(send_body(r, requests[i].op, longer), ZOBO_EMARSHALLING);
        zt_buf_free(b);
    }
}

/* What is no write, or not a client's. */
static void
test_unknown(void **state)
{
    rig *r = *state;
    assert_int_equal(SEND(r, DELETE_CONTAINER, "s", "/zookeeper"), ZOBO_EUNIMPLEMENTED);
    assert_int_equal(SEND(r, CREATE_SESSION, "i", 0), ZOBO_EUNIMPLEMENTED);
    assert_int_equal(SEND(r, CHECK, "si", "/", -1), ZOBO_EUNIMPLEMENTED);
    assert_int_equal(SEND(r, PING, "s", "/"), ZOBO_EUNIMPLEMENTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_stats),    RIG_TEST(test_acls_of_effects), RIG_TEST(test_delete),
        RIG_TEST(test_set),      RIG_TEST(test_set_acl),         RIG_TEST(test_versions_wrap),
        RIG_TEST(test_reconfig), RIG_TEST(test_bad_bodies),      RIG_TEST(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
