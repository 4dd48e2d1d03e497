/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/kit.h"

static zobo_persistent_node *
node(zobo_client *zk, const char *data)
{
    zobo_persistent_node *n = NULL;
    zobo_problem why;
    zobo_persistent_node_options o = {.data = data, .data_len = strlen(data)};
    assert_ok(zobo_persistent_node_new(zk, "/n/ode", &o, &n, &why));
    return n;
}

static void
test_comes_and_goes(void **state)
{
    rig r;
    zobo_stat stat;
    (void)state;
    rig_open(&r);
    zobo_client *zk = rig_client(&r);
    zobo_persistent_node *n = node(zk, "one");
    assert_err(zobo_persistent_node_wait(n, 1000), ZOBO_ENOTSTARTED);
    assert_int_equal(zobo_persistent_node_presence(n), ZOBO_PRESENCE_ABSENT);
    assert_ok(zobo_persistent_node_start(n));
    assert_err(zobo_persistent_node_start(n), ZOBO_EALREADY);
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_int_equal(zobo_persistent_node_presence(n), ZOBO_PRESENCE_PRESENT);
    assert_true(holds(r.zk, "/n/ode", "one"));
    assert_true(is_there(r.zk, "/n/ode", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_ok(zobo_persistent_node_set(n, "two", 3, 0));
    assert_true(holds(r.zk, "/n/ode", "two"));
    assert_err(zobo_persistent_node_set(n, NULL, 3, 0), ZOBO_EINVAL);
    assert_ok(zobo_delete(r.zk, "/n/ode", -1));
    ZT_WAIT(holds(r.zk, "/n/ode", "two"));
    rig_expire(&r, zk);
    ZT_WAIT(is_there(r.zk, "/n/ode", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_true(holds(r.zk, "/n/ode", "two"));
    zobo_persistent_node_free(n);
    ZT_WAIT(!is_there(r.zk, "/n/ode", NULL));
    zobo_close(zk);
    rig_close(&r);
}

/* What others set stays, until it is made again. */
static void
test_data_of_others(void **state)
{
    rig r;
    (void)state;
    rig_open(&r);
    zobo_client *zk = rig_client(&r);
    zobo_persistent_node *n = node(zk, "mine");
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 0));
    zt_put(r.zk, "/n/ode", "theirs");
    assert_ok(zobo_sync(zk, "/"));
    assert_true(holds(r.zk, "/n/ode", "theirs"));
    assert_ok(zobo_delete(r.zk, "/n/ode", -1));
    ZT_WAIT(holds(r.zk, "/n/ode", "mine"));
    zobo_persistent_node_free(n);
    zobo_close(zk);
    rig_close(&r);
}

static void
test_waits_another_session_out(void **state)
{
    rig r;
    zobo_stat stat;
    zobo_create_options e = {.ephemeral = true, .makepath = true};
    (void)state;
    rig_open(&r);
    zobo_client *zk = rig_client(&r), *old = rig_client(&r);
    assert_ok(zobo_create(old, "/n/ode", "old", 3, &e, NULL));
    zobo_persistent_node *n = node(zk, "new");
    assert_ok(zobo_persistent_node_start(n));
    ZT_WAIT(zobo_persistent_node_presence(n) == ZOBO_PRESENCE_WAITING);
    assert_err(zobo_persistent_node_wait(n, 50), ZOBO_EWAITTIMEOUT);
    zt_put(r.zk, "/n/ode", "still old");
    assert_err(zobo_persistent_node_wait(n, 50), ZOBO_EWAITTIMEOUT);
    rig_expire(&r, zk); /* its own expiry changes nothing */
    assert_err(zobo_persistent_node_wait(n, 50), ZOBO_EWAITTIMEOUT);
    assert_true(holds(r.zk, "/n/ode", "still old"));
    assert_ok(zobo_server_expire(r.server, session_of(old)));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(is_there(r.zk, "/n/ode", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_true(holds(r.zk, "/n/ode", "new"));
    zobo_persistent_node_free(n);
    ZT_WAIT(!is_there(r.zk, "/n/ode", NULL));
    zobo_close(old);
    zobo_close(zk);
    rig_close(&r);
}

/* Another's node is not deleted by who waits for it. */
static void
test_leaves_another_s_node_alone(void **state)
{
    rig r;
    zobo_create_options e = {.ephemeral = true, .makepath = true};
    (void)state;
    rig_open(&r);
    zobo_client *zk = rig_client(&r);
    assert_ok(zobo_create(r.zk, "/n/ode", "old", 3, &e, NULL));
    zobo_persistent_node *n = node(zk, "new");
    assert_ok(zobo_persistent_node_start(n));
    ZT_WAIT(zobo_persistent_node_presence(n) == ZOBO_PRESENCE_WAITING);
    zobo_persistent_node_free(n);
    n = node(zk, "new"); /* freed at once */
    assert_ok(zobo_persistent_node_start(n));
    zobo_persistent_node_free(n);
    assert_ok(zobo_sync(zk, "/"));
    assert_ok(zobo_sync(zk, "/"));
    zobo_close(zk);
    assert_true(holds(r.zk, "/n/ode", "old"));
    rig_close(&r);
}

static void
test_takes_over(void **state)
{
    rig r;
    zobo_stat stat;
    zobo_persistent_node *n;
    zobo_create_options e = {.ephemeral = true, .makepath = true};
    (void)state;
    rig_open(&r);
    zobo_client *zk = rig_client(&r);
    zobo_persistent_node_options o = {.data = "new", .data_len = 3, .take_over = true};
    assert_ok(zobo_create(r.zk, "/n/ode", "old", 3, &e, NULL));
    assert_ok(zobo_persistent_node_new(zk, "/n/ode", &o, &n, NULL));
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(is_there(r.zk, "/n/ode", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_true(holds(r.zk, "/n/ode", "new"));
    zobo_persistent_node_free(n);
    ZT_WAIT(!is_there(r.zk, "/n/ode", NULL));
    zobo_close(zk);
    rig_close(&r);
}

static void
test_persistent(void **state)
{
    rig r;
    zobo_stat stat = {0}, again = {0};
    zobo_persistent_node *n;
    (void)state;
    rig_open(&r);
    zobo_client *zk = rig_client(&r);
    zobo_persistent_node_options o = {.data = "new", .data_len = 3, .persistent = true};
    assert_ok(zobo_ensure_path(r.zk, "/n", NULL));
    assert_ok(zobo_create(r.zk, "/n/ode", "old", 3, NULL, NULL));
    assert_ok(zobo_persistent_node_new(zk, "/n/ode", &o, &n, NULL));
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(holds(r.zk, "/n/ode", "new"));
    assert_true(is_there(r.zk, "/n/ode", &stat) && stat.ephemeral_owner == 0 && stat.version == 1);
    rig_expire(&r, zk);
    assert_ok(zobo_persistent_node_set(n, "newer", 5, 0));
    assert_true(is_there(r.zk, "/n/ode", &again) && again.czxid == stat.czxid);
    zobo_persistent_node_free(n);
    ZT_WAIT(!is_there(r.zk, "/n/ode", NULL));
    zobo_close(zk);
    rig_close(&r);
}

/* A session that another process has left, with its node: nothing is done twice. */
static void
test_a_resumed_session(void **state)
{
    rig r;
    zobo_client *zk;
    zobo_client_id id;
    zobo_stat before = {0}, after = {0};
    (void)state;
    rig_open(&r);
    zobo_client *old = rig_client(&r);
    zobo_create_options e = {.ephemeral = true, .makepath = true};
    assert_ok(zobo_create(old, "/n/ode", "one", 3, &e, NULL));
    assert_true(is_there(r.zk, "/n/ode", &before));
    assert_ok(zobo_get_client_id(old, &id));
    assert_ok(zobo_detach(old));
    zobo_close(old);
    zobo_options o = zt_options(zobo_server_hosts(r.server), 4000);
    o.client_id = &id;
    assert_ok(zobo_new(&o, &zk, NULL));
    assert_ok(zobo_start(zk, 0, NULL));
    zobo_persistent_node *n = node(zk, "one");
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(is_there(r.zk, "/n/ode", &after) && after.mzxid == before.mzxid);
    zobo_persistent_node_free(n);
    n = node(zk, "two"); /* the same, but with other data */
    ZT_WAIT(!is_there(r.zk, "/n/ode", NULL));
    assert_ok(zobo_create(zk, "/n/ode", "one", 3, &e, NULL));
    assert_true(is_there(r.zk, "/n/ode", &before));
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(is_there(r.zk, "/n/ode", &after) && after.czxid == before.czxid && after.version == 1);
    assert_true(holds(r.zk, "/n/ode", "two"));
    zobo_persistent_node_free(n);
    zobo_close(zk);
    rig_close(&r);
}

static void
test_faults(void **state)
{
    rig r;
    (void)state;
    rig_open(&r);
    for (unsigned after = 1; after < 8; after++) {
        for (int kind = 0; kind < 3; kind++) {
            zobo_client *zk = rig_patient_client(&r);
            zobo_call *wait, *set;
            zobo_persistent_node *n = node(zk, "one");
            if (kind == 0)
                zobo_server_lose_replies(r.server, after);
            else
                zobo_server_fail_requests(r.server, after, kind == 1 ? ZOBO_ECONNECTIONLOSS : ZOBO_ESESSIONEXPIRED);
            assert_ok(zobo_persistent_node_start(n));
            assert_ok(zobo_persistent_node_wait_async(n, NULL, &wait));
            assert_ok(zobo_persistent_node_set_async(n, "two", 3, NULL, &set));
            assert_ok(rig_get(&r, zk, wait, NULL));
            assert_ok(rig_get(&r, zk, set, NULL));
            zobo_call_free(wait);
            zobo_call_free(set);
            zobo_server_lose_replies(r.server, 0);
            zobo_server_fail_requests(r.server, 0, ZOBO_ECONNECTIONLOSS);
            assert_true(holds(r.zk, "/n/ode", "two"));
            zobo_persistent_node_free(n);
            ZT_WAIT(!is_there(r.zk, "/n/ode", NULL));
            zobo_close(zk);
        }
    }
    rig_close(&r);
}

static void
test_refused_and_tried_again(void **state)
{
    rig r;
    zobo_persistent_node *n;
    (void)state;
    rig_open(&r);
    zobo_acl nobody = {ZOBO_PERM_ADMIN | ZOBO_PERM_READ, "world", "anyone"};
    zobo_create_options o = {.acl = &(zobo_acl_list){&nobody, 1}};
    assert_ok(zobo_create(r.zk, "/closed", "", 0, &o, NULL));
    assert_ok(zobo_persistent_node_new(r.zk, "/closed/n", NULL, &n, NULL));
    assert_ok(zobo_persistent_node_start(n));
    assert_err(zobo_persistent_node_wait(n, 5000), ZOBO_ENOAUTH);
    assert_int_equal(zobo_persistent_node_presence(n), ZOBO_PRESENCE_REFUSED);
    assert_ok(zobo_set_acls(r.zk, "/closed", zobo_open_acl(), -1, NULL));
    ZT_WAIT(zobo_persistent_node_presence(n) == ZOBO_PRESENCE_PRESENT);
    zobo_persistent_node_free(n);
    zobo_persistent_node_free(NULL);
    assert_err(zobo_persistent_node_new(r.zk, "/", NULL, &n, NULL), ZOBO_EBADPATH);
    assert_err(zobo_persistent_node_new(r.zk, "/a/", NULL, &n, NULL), ZOBO_EBADPATH);
    assert_err(zobo_persistent_node_new(NULL, "/a", NULL, &n, NULL), ZOBO_EINVAL);
    rig_close(&r);
}

static void
test_the_last_data_wins(void **state)
{
    rig r;
    (void)state;
    rig_open(&r);
    zobo_client *zk = rig_client(&r);
    zobo_persistent_node *n = node(zk, "");
    zobo_call *calls[100];
    char text[10];
    assert_ok(zobo_persistent_node_start(n));
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_ok(zobo_persistent_node_set_async(n, text, strlen(text), NULL, &calls[i]));
        if (i == 50)
            assert_ok(zobo_server_expire(r.server, session_of(zk)));
    }
    for (int i = 0; i < 100; i++) {
        assert_ok(zobo_call_get(calls[i], ZT_SOON_MS, NULL));
        zobo_call_free(calls[i]);
    }
    ZT_WAIT(holds(r.zk, "/n/ode", "99"));
    zobo_persistent_node_free(n);
    zobo_close(zk);
    rig_close(&r);
}

static void
test_lives(void **state)
{
    rig r;
    (void)state;
    rig_open(&r);
    zobo_client *zk = rig_client(&r);
    for (int i = 0; i < 10000; i++) {
        zobo_persistent_node *n = node(zk, "x");
        assert_ok(zobo_persistent_node_start(n));
        if (i % 50 == 0)
            assert_ok(zobo_persistent_node_wait(n, 0));
        zobo_persistent_node_free(n);
    }
    ZT_WAIT(!is_there(r.zk, "/n/ode", NULL));
    zobo_close(zk);
    rig_close(&r);
}

/* The n-th allocation fails, for every n: no crash, no leak, nothing left behind. */
static void
test_no_memory(void **state)
{
    rig r;
    (void)state;
    rig_open(&r);
    for (long n = 0; n < 60; n++) {
        zobo_client *zk = rig_client(&r);
        zobo_persistent_node *p = NULL;
        zb_mem_fail_after(n, 0);
        zobo_err err = zobo_persistent_node_new(zk, "/n/ode", NULL, &p, NULL);
        if (!err)
            err = zobo_persistent_node_start(p);
        if (!err)
            err = zobo_persistent_node_wait(p, 2000);
        zb_mem_fail_after(-1, 0);
        if (!err)
            assert_true(is_there(r.zk, "/n/ode", NULL));
        zobo_persistent_node_free(p);
        ZT_WAIT(!is_there(r.zk, "/n/ode", NULL));
        zobo_close(zk);
    }
    rig_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_and_goes),
        cmocka_unit_test(test_data_of_others),
        cmocka_unit_test(test_waits_another_session_out),
        cmocka_unit_test(test_leaves_another_s_node_alone),
        cmocka_unit_test(test_takes_over),
        cmocka_unit_test(test_persistent),
        cmocka_unit_test(test_a_resumed_session),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_refused_and_tried_again),
        cmocka_unit_test(test_the_last_data_wins),
        cmocka_unit_test(test_lives),
        cmocka_unit_test(test_no_memory),
    };
    if (getenv("ZT_FILTER"))
        cmocka_set_test_filter(getenv("ZT_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
