/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/trouble.h"

#include <zobo/party.h>

#include "base/mem.h"

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
    zobo_stat stat;
    (void)state;
    zobo_client *zk = brief_client();
    zobo_persistent_node *n = node(zk, "one");
    assert_err(zobo_persistent_node_wait(n, 1000), ZOBO_ENOTSTARTED);
    assert_int_equal(zobo_persistent_node_presence(n), ZOBO_PRESENCE_ABSENT);
    assert_ok(zobo_persistent_node_start(n));
    assert_err(zobo_persistent_node_start(n), ZOBO_EALREADY);
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_int_equal(zobo_persistent_node_presence(n), ZOBO_PRESENCE_PRESENT);
    assert_true(has_data(look, "/n/ode", "one"));
    assert_true(is_there(look, "/n/ode", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_ok(zobo_persistent_node_set(n, "two", 3, 0));
    assert_true(has_data(look, "/n/ode", "two"));
    assert_err(zobo_persistent_node_set(n, NULL, 3, 0), ZOBO_EINVAL);
    assert_ok(zobo_delete(look, "/n/ode", -1));
    ZT_WAIT(has_data(look, "/n/ode", "two"));
    expire(zk);
    ZT_WAIT(is_there(look, "/n/ode", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_true(has_data(look, "/n/ode", "two"));
    zobo_persistent_node_free(n);
    ZT_WAIT(!is_there(look, "/n/ode", NULL));
    zobo_close(zk);
}

/* What others set stays, until it is made again. */
static void
test_data_of_others(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    zobo_persistent_node *n = node(zk, "mine");
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 0));
    zt_put(look, "/n/ode", "theirs");
    assert_ok(zobo_sync(zk, "/"));
    assert_true(has_data(look, "/n/ode", "theirs"));
    assert_ok(zobo_delete(look, "/n/ode", -1));
    ZT_WAIT(has_data(look, "/n/ode", "mine"));
    zobo_persistent_node_free(n);
    zobo_close(zk);
}

static void
test_waits_another_session_out(void **state)
{
    zobo_stat stat;
    zobo_create_options e = {.ephemeral = true, .makepath = true};
    (void)state;
    zobo_client *zk = brief_client(), *old = brief_client();
    assert_ok(zobo_create(old, "/n/ode", "old", 3, &e, NULL));
    zobo_persistent_node *n = node(zk, "new");
    assert_ok(zobo_persistent_node_start(n));
    ZT_WAIT(zobo_persistent_node_presence(n) == ZOBO_PRESENCE_WAITING);
    assert_err(zobo_persistent_node_wait(n, 50), ZOBO_EWAITTIMEOUT);
    zt_put(look, "/n/ode", "still old");
    assert_err(zobo_persistent_node_wait(n, 50), ZOBO_EWAITTIMEOUT);
    expire(zk); /* its own expiry changes nothing */
    assert_err(zobo_persistent_node_wait(n, 50), ZOBO_EWAITTIMEOUT);
    assert_true(has_data(look, "/n/ode", "still old"));
    assert_ok(zobo_server_expire(server, session_of(old)));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(is_there(look, "/n/ode", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_true(has_data(look, "/n/ode", "new"));
    zobo_persistent_node_free(n);
    ZT_WAIT(!is_there(look, "/n/ode", NULL));
    zobo_close(old);
    zobo_close(zk);
}

/* Another's node is not deleted by who waits for it. */
static void
test_leaves_another_s_node_alone(void **state)
{
    zobo_create_options e = {.ephemeral = true, .makepath = true};
    (void)state;
    zobo_client *zk = brief_client();
    assert_ok(zobo_create(look, "/n/ode", "old", 3, &e, NULL));
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
    assert_true(has_data(look, "/n/ode", "old"));
}

static void
test_takes_over(void **state)
{
    zobo_stat stat;
    zobo_persistent_node *n;
    zobo_create_options e = {.ephemeral = true, .makepath = true};
    (void)state;
    zobo_client *zk = brief_client();
    zobo_persistent_node_options o = {.data = "new", .data_len = 3, .take_over = true};
    assert_ok(zobo_create(look, "/n/ode", "old", 3, &e, NULL));
    assert_ok(zobo_persistent_node_new(zk, "/n/ode", &o, &n, NULL));
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(is_there(look, "/n/ode", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_true(has_data(look, "/n/ode", "new"));
    zobo_persistent_node_free(n);
    ZT_WAIT(!is_there(look, "/n/ode", NULL));
    zobo_close(zk);
}

static void
test_persistent(void **state)
{
    zobo_stat stat = {0}, again = {0};
    zobo_persistent_node *n;
    (void)state;
    zobo_client *zk = brief_client();
    zobo_persistent_node_options o = {.data = "new", .data_len = 3, .persistent = true};
    assert_ok(zobo_ensure_path(look, "/n", NULL));
    assert_ok(zobo_create(look, "/n/ode", "old", 3, NULL, NULL));
    assert_ok(zobo_persistent_node_new(zk, "/n/ode", &o, &n, NULL));
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(has_data(look, "/n/ode", "new"));
    assert_true(is_there(look, "/n/ode", &stat) && stat.ephemeral_owner == 0 && stat.version == 1);
    expire(zk);
    assert_ok(zobo_persistent_node_set(n, "newer", 5, 0));
    assert_true(is_there(look, "/n/ode", &again) && again.czxid == stat.czxid);
    zobo_persistent_node_free(n);
    ZT_WAIT(!is_there(look, "/n/ode", NULL));
    zobo_close(zk);
}

/* A session that another process has left, with its node: nothing is done twice. */
static void
test_a_resumed_session(void **state)
{
    zobo_client *zk;
    zobo_client_id id;
    zobo_stat before = {0}, after = {0};
    (void)state;
    zobo_client *old = brief_client();
    zobo_create_options e = {.ephemeral = true, .makepath = true};
    assert_ok(zobo_create(old, "/n/ode", "one", 3, &e, NULL));
    assert_true(is_there(look, "/n/ode", &before));
    assert_ok(zobo_get_client_id(old, &id));
    assert_ok(zobo_detach(old));
    zobo_close(old);
    zobo_options o = zt_options(zobo_server_hosts(server), 4000);
    o.client_id = &id;
    assert_ok(zobo_new(&o, &zk, NULL));
    assert_ok(zobo_start(zk, 0, NULL));
    zobo_persistent_node *n = node(zk, "one");
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(is_there(look, "/n/ode", &after) && after.mzxid == before.mzxid);
    zobo_persistent_node_free(n);
    n = node(zk, "two"); /* the same, but with other data */
    ZT_WAIT(!is_there(look, "/n/ode", NULL));
    assert_ok(zobo_create(zk, "/n/ode", "one", 3, &e, NULL));
    assert_true(is_there(look, "/n/ode", &before));
    assert_ok(zobo_persistent_node_start(n));
    assert_ok(zobo_persistent_node_wait(n, 5000));
    assert_true(is_there(look, "/n/ode", &after) && after.czxid == before.czxid && after.version == 1);
    assert_true(has_data(look, "/n/ode", "two"));
    zobo_persistent_node_free(n);
    zobo_close(zk);
}

static void
test_faults(void **state)
{
    (void)state;
    for (unsigned after = 1; after < 8; after++) {
        for (int kind = 0; kind < 3; kind++) {
            zobo_client *zk = patient_client();
            zobo_call *wait, *set;
            zobo_persistent_node *n = node(zk, "one");
            if (kind == 0)
                zobo_server_lose_replies(server, after);
            else
                zobo_server_fail_requests(server, after, kind == 1 ? ZOBO_ECONNECTIONLOSS : ZOBO_ESESSIONEXPIRED);
            assert_ok(zobo_persistent_node_start(n));
            assert_ok(zobo_persistent_node_wait_async(n, NULL, &wait));
            assert_ok(zobo_persistent_node_set_async(n, "two", 3, NULL, &set));
            assert_ok(get_patiently(zk, wait, NULL));
            assert_ok(get_patiently(zk, set, NULL));
            zobo_call_free(wait);
            zobo_call_free(set);
            zobo_server_lose_replies(server, 0);
            zobo_server_fail_requests(server, 0, ZOBO_ECONNECTIONLOSS);
            assert_true(has_data(look, "/n/ode", "two"));
            zobo_persistent_node_free(n);
            ZT_WAIT(!is_there(look, "/n/ode", NULL));
            zobo_close(zk);
        }
    }
}

static void
test_refused_and_tried_again(void **state)
{
    zobo_persistent_node *n;
    (void)state;
    zobo_acl nobody = {ZOBO_PERM_ADMIN | ZOBO_PERM_READ, "world", "anyone"};
    zobo_create_options o = {.acl = &(zobo_acl_list){&nobody, 1}};
    assert_ok(zobo_create(look, "/closed", "", 0, &o, NULL));
    assert_ok(zobo_persistent_node_new(look, "/closed/n", NULL, &n, NULL));
    assert_ok(zobo_persistent_node_start(n));
    assert_err(zobo_persistent_node_wait(n, 5000), ZOBO_ENOAUTH);
    assert_int_equal(zobo_persistent_node_presence(n), ZOBO_PRESENCE_REFUSED);
    assert_ok(zobo_set_acls(look, "/closed", zobo_open_acl(), -1, NULL));
    ZT_WAIT(zobo_persistent_node_presence(n) == ZOBO_PRESENCE_PRESENT);
    zobo_persistent_node_free(n);
    zobo_persistent_node_free(NULL);
    assert_err(zobo_persistent_node_new(look, "/", NULL, &n, NULL), ZOBO_EBADPATH);
    assert_err(zobo_persistent_node_new(look, "/a/", NULL, &n, NULL), ZOBO_EBADPATH);
    assert_err(zobo_persistent_node_new(NULL, "/a", NULL, &n, NULL), ZOBO_EINVAL);
}

static void
test_the_last_data_wins(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    zobo_persistent_node *n = node(zk, "");
    zobo_call *calls[100];
    char text[10];
    assert_ok(zobo_persistent_node_start(n));
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_ok(zobo_persistent_node_set_async(n, text, strlen(text), NULL, &calls[i]));
        if (i == 50)
            assert_ok(zobo_server_expire(server, session_of(zk)));
    }
    for (int i = 0; i < 100; i++) {
        assert_ok(zobo_call_get(calls[i], ZT_SOON_MS, NULL));
        zobo_call_free(calls[i]);
    }
    ZT_WAIT(has_data(look, "/n/ode", "99"));
    zobo_persistent_node_free(n);
    zobo_close(zk);
}

static void
test_lives(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    for (int i = 0; i < 10000; i++) {
        zobo_persistent_node *n = node(zk, "x");
        assert_ok(zobo_persistent_node_start(n));
        if (i % 50 == 0)
            assert_ok(zobo_persistent_node_wait(n, 0));
        zobo_persistent_node_free(n);
    }
    ZT_WAIT(!is_there(look, "/n/ode", NULL));
    zobo_close(zk);
}

/* The n-th allocation fails, for every n: no crash, no leak, nothing left behind. */
static void
test_no_memory(void **state)
{
    (void)state;
    for (long n = 0; n < 60; n++) {
        zobo_client *zk = brief_client();
        zobo_persistent_node *p = NULL;
        zb_mem_fail_after(n, 0);
        zobo_err err = zobo_persistent_node_new(zk, "/n/ode", NULL, &p, NULL);
        if (!err)
            err = zobo_persistent_node_start(p);
        if (!err)
            err = zobo_persistent_node_wait(p, 2000);
        zb_mem_fail_after(-1, 0);
        if (!err)
            assert_true(is_there(look, "/n/ode", NULL));
        zobo_persistent_node_free(p);
        ZT_WAIT(!is_there(look, "/n/ode", NULL));
        zobo_close(zk);
    }
}

#define staged(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        staged(test_comes_and_goes),
        staged(test_data_of_others),
        staged(test_waits_another_session_out),
        staged(test_leaves_another_s_node_alone),
        staged(test_takes_over),
        staged(test_persistent),
        staged(test_a_resumed_session),
        staged(test_faults),
        staged(test_refused_and_tried_again),
        staged(test_the_last_data_wins),
        staged(test_lives),
        staged(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
