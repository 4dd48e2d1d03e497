/* SPDX-License-Identifier: Apache-2.0 */
/* Three servers that are killed, paused, brought back, and outnumbered. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/record.h"
#include "support/zk.h"

static zt_zk zk;

static int
group_up(void **state)
{
    (void)state;
    zt_zk_start(&zk, 3, 500);
    return 0;
}

static int
group_down(void **state)
{
    (void)state;
    zt_zk_stop(&zk);
    return 0;
}

enum { MAX_CALLS = 200 };

/* Not on a test's stack: a test that fails leaves its client to teardown, and that client still writes here. */
static zt_states states;
static zt_events events;
static zt_calls calls;
static zobo_client *client;

static int
setup(void **state)
{
    (void)state;
    zt_states_init(&states);
    zt_events_init(&events);
    zt_calls_init(&calls, MAX_CALLS);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    zobo_close(client);
    client = NULL;
    zt_states_destroy(&states);
    zt_events_destroy(&events);
    zt_calls_destroy(&calls);
    return 0;
}

/* How long an election or a restart takes nobody knows, so the client may not give its session up by the clock, nor
 * wait long between its tries: the servers give it the session's timeout from when they serve again. */
static zobo_client *
begin(void)
{
    zobo_retry_policy policy = {.size = sizeof policy, .max_delay_ms = 200};
    zobo_options o = zt_options(zk.hosts, 8000);
    o.connect_timeout_ms = 1500;
    o.lost_after_percent = ZOBO_NEVER;
    o.connection_retry = &policy;
    client = zt_client_with(&o);
    assert_ok(zobo_add_listener(client, zt_states_listener, &states));
    return client;
}

static int
server_of(const zobo_client *c)
{
    char host[64];
    zobo_connected_host(c, host, sizeof host);
    return zt_zk_index(&zk, host);
}

/* Tries until it goes through: elections take their time. */
static void
must_work(zobo_client *c, const char *path)
{
    ZT_WAIT_MS(zobo_set(c, path, "x", 1, -1, NULL) == ZOBO_OK, 60000);
}

static void
test_the_server_is_killed(void **state)
{
    (void)state;
    zobo_client *c = begin();
    zobo_client_id before, after;
    assert_ok(zobo_create(c, "/killed", "", 0, &(zobo_create_options){.ephemeral = true}, NULL));
    zobo_watcher w = zt_events_watcher(&events);
    assert_ok(zobo_get(c, "/killed", &w, NULL));
    assert_ok(zobo_get_client_id(c, &before));
    int i = server_of(c);
    assert_in_range(i, 1, 3);
    zt_zk_signal(&zk, i, "KILL");
    assert_true(zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) == 0);
    assert_true(zt_states_wait(&states, 1, ZOBO_CONNECTED, 2 * ZT_SOON_MS) >= 1);
    assert_ok(zobo_get_client_id(c, &after));
    assert_int_equal(before.session_id, after.session_id);
    assert_true(server_of(c) != i);
    must_work(c, "/killed");
    assert_true(zt_events_wait(&events, 1, ZT_SOON_MS));
    assert_int_equal(zt_events_at(&events, 0).type, ZOBO_EVENT_CHANGED);
    zt_zk_restart(&zk, i);
}

static void
test_the_server_is_paused(void **state)
{
    (void)state;
    zobo_client *c = begin();
    zobo_client_id before, after;
    assert_ok(zobo_create(c, "/paused", "", 0, &(zobo_create_options){.ephemeral = true}, NULL));
    assert_ok(zobo_get_client_id(c, &before));
    int i = server_of(c);
    zt_zk_signal(&zk, i, "STOP"); /* its kernel still takes connections; it says nothing */
    zobo_err err = zobo_get(c, "/paused", NULL, NULL);
    assert_err(err, ZOBO_ECONNECTIONLOSS);
    assert_true(zt_states_wait(&states, 1, ZOBO_CONNECTED, 2 * ZT_SOON_MS) >= 1);
    assert_true(server_of(c) != i);
    must_work(c, "/paused");
    assert_ok(zobo_get_client_id(c, &after));
    assert_int_equal(before.session_id, after.session_id);
    zt_zk_signal(&zk, i, "CONT");
}

static void
test_rolling_restart_under_load(void **state)
{
    (void)state;
    zobo_client *c = begin();
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(c, &before));
    assert_ok(zobo_ensure_path(c, "/load", NULL));
    size_t submitted = 0;
    for (int i = 1; i <= 3; i++) {
        zt_zk_signal(&zk, i, "KILL");
        for (int n = 0; n < 50; n++, submitted++) {
            char path[32];
            snprintf(path, sizeof path, "/load/n%zu", submitted);
            zobo_how how = zt_calls_how(&calls);
            how.timeout_ms = 60000;
            assert_ok(zobo_create_async(c, path, "", 0, NULL, &how, NULL));
        }
        zt_zk_restart(&zk, i);
        must_work(c, "/load");
    }
    assert_true(zt_calls_wait(&calls, 3 * ZT_SOON_MS));
    assert_true(zt_calls_once_each(&calls));
    /* What was acknowledged is there; what was never sent is not. */
    ZT_WAIT(zobo_sync(c, "/") == ZOBO_OK);
    for (size_t i = 0; i < submitted; i++) {
        char path[32];
        snprintf(path, sizeof path, "/load/n%zu", i);
        zobo_err there = zobo_exists(c, path, NULL, NULL), err = calls.items[i].err;
        if (err == ZOBO_OK)
            assert_ok(there);
        else if (zobo_err_class(err) == ZOBO_CLASS_RETRY)
            assert_err(there, ZOBO_ENONODE);
        else
            assert_class(err, ZOBO_CLASS_UNKNOWN);
    }
    assert_ok(zobo_get_client_id(c, &after));
    assert_int_equal(before.session_id, after.session_id);
    ZT_WAIT(zobo_delete_recursive(c, "/load", NULL) == ZOBO_OK);
}

static void
test_set_hosts(void **state)
{
    (void)state;
    zobo_client *c = begin();
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(c, &before));
    int from = server_of(c), to = from % 3 + 1;
    char hosts[64];
    snprintf(hosts, sizeof hosts, "127.0.0.1:%d", zt_zk_port(&zk, to));
    assert_ok(zobo_set_hosts(c, hosts, NULL));
    assert_ok(zobo_sync(c, "/"));
    assert_int_equal(server_of(c), from);
    assert_int_equal(zt_states_n(&states), 0);
    zt_zk_signal(&zk, from, "KILL");
    assert_true(zt_states_wait(&states, 0, ZOBO_CONNECTED, 60000) >= 0);
    assert_int_equal(server_of(c), to);
    assert_ok(zobo_get_client_id(c, &after));
    assert_int_equal(before.session_id, after.session_id);
    zt_zk_restart(&zk, from);
}

static void
test_config_and_reads_everywhere(void **state)
{
    (void)state;
    zobo_client *c = begin();
    zobo_reply *r;
    assert_ok(zobo_get_config(c, NULL, &r));
    assert_non_null(strstr(r->data, "server.3=")); /* an ensemble has one to show */
    zobo_reply_free(r);
    assert_err(zobo_reconfig(c, NULL, "3", NULL, -1, NULL), ZOBO_ERECONFIGDISABLED);
    ZT_WAIT(zobo_create(c, "/everywhere", "1", 1, NULL, NULL) == ZOBO_OK);
    for (int i = 1; i <= 3; i++) {
        char hosts[64];
        snprintf(hosts, sizeof hosts, "127.0.0.1:%d", zt_zk_port(&zk, i));
        zobo_client *one = zt_client(hosts, 8000);
        assert_ok(zobo_sync(one, "/everywhere")); /* without it a follower may be behind */
        assert_ok(zobo_get(one, "/everywhere", NULL, NULL));
        zobo_close(one);
    }
}

#define ensemble_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ensemble_test(test_config_and_reads_everywhere),
        ensemble_test(test_the_server_is_killed),
        ensemble_test(test_the_server_is_paused),
        ensemble_test(test_rolling_restart_under_load),
        ensemble_test(test_set_hosts),
    };
    return cmocka_run_group_tests(tests, group_up, group_down);
}
