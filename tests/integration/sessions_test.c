/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions on a real server: resumed, expired, declared lost, given up. */
#include "support/one_server.h"

#include <string.h>

#include "support/record.h"
#include "support/relay.h"

/* Not on a test's stack: a test that fails leaves its client to teardown, and that client still writes here. */
static zt_relay *relay;
static zt_states states;
static zt_events events;
static zt_calls calls;
static zobo_client *behind; /* behind the relay */

static int
setup(void **state)
{
    new_home(state);
    relay = zt_relay_start(zt_zk_port(&zk, 1));
    zt_states_init(&states);
    zt_events_init(&events);
    zt_calls_init(&calls, 1);
    return 0;
}

static void
close_behind(void)
{
    zobo_close(behind);
    behind = NULL;
}

static int
teardown(void **state)
{
    (void)state;
    close_behind();
    zt_relay_stop(relay);
    zt_states_destroy(&states);
    zt_events_destroy(&events);
    zt_calls_destroy(&calls);
    return 0;
}

static zobo_client *
behind_relay_with(zobo_options *o)
{
    o->hosts = zt_relay_hosts(relay);
    behind = zt_client_with(o);
    assert_ok(zobo_add_listener(behind, zt_states_listener, &states));
    return behind;
}

static zobo_client *
behind_relay(uint32_t timeout_ms)
{
    zobo_options o = zt_options(NULL, timeout_ms);
    return behind_relay_with(&o);
}

static void
expect_states(const char *want)
{
    char got[256];
    ZT_WAIT(strlen(zt_states_text(&states, got, sizeof got)) >= strlen(want));
    assert_string_equal(got, want);
}

static void
make_ephemeral(zobo_client *c, const char *path)
{
    assert_ok(zobo_create(c, path, "", 0, &(zobo_create_options){.ephemeral = true}, NULL));
}

static void
test_reconnect(void **state)
{
    (void)state;
    zobo_client *c = behind_relay(8000);
    zobo_client_id before, after;
    make_ephemeral(c, in_home("/e"));
    assert_ok(zobo_get_client_id(c, &before));
    for (size_t i = 0; i < 5; i++) {
        zt_relay_cut(relay);
        ZT_WAIT(zt_states_n(&states) == 2 * (i + 1));
        assert_ok(zobo_get(c, in_home("/e"), NULL, NULL));
    }
    expect_states(
        "SUSPENDED CONNECTED SUSPENDED CONNECTED SUSPENDED CONNECTED SUSPENDED CONNECTED SUSPENDED CONNECTED");
    assert_ok(zobo_get_client_id(c, &after));
    assert_int_equal(before.session_id, after.session_id);
    close_behind();
    assert_err(zobo_exists(zc, in_home("/e"), NULL, NULL), ZOBO_ENONODE);
}

static void
test_stop_ends_the_session_and_detach_does_not(void **state)
{
    (void)state;
    zobo_client *c = zt_client(zk.hosts, 8000);
    make_ephemeral(c, in_home("/e"));
    assert_ok(zobo_stop(c));
    assert_err(zobo_exists(zc, in_home("/e"), NULL, NULL), ZOBO_ENONODE);
    assert_ok(zobo_start(c, 0, NULL));
    make_ephemeral(c, in_home("/e"));
    zobo_client_id id, same;
    assert_ok(zobo_get_client_id(c, &id));
    assert_ok(zobo_detach(c));
    zobo_close(c);
    assert_ok(zobo_exists(zc, in_home("/e"), NULL, NULL));

    zobo_options o = zt_options(zk.hosts, 8000);
    o.client_id = &id;
    c = zt_client_with(&o);
    assert_ok(zobo_get_client_id(c, &same));
    assert_int_equal(id.session_id, same.session_id);
    assert_ok(zobo_set(c, in_home("/e"), "mine still", 10, -1, NULL));
    zobo_close(c);
    assert_err(zobo_exists(zc, in_home("/e"), NULL, NULL), ZOBO_ENONODE);

    zobo_problem why; /* and now it is over */
    assert_ok(zobo_new(&o, &c, NULL));
    assert_err(zobo_start(c, 0, &why), ZOBO_ESESSIONEXPIRED);
    zobo_close(c);
    id.password[3] ^= 1;
    assert_ok(zobo_new(&o, &c, NULL));
    assert_err(zobo_start(c, 0, &why), ZOBO_ESESSIONEXPIRED);
    zobo_close(c);
}

static void
test_expiry(void **state)
{
    (void)state;
    zobo_options o = zt_options(NULL, 1000); /* two ticks: the least the server grants */
    o.lost_after_percent = ZOBO_NEVER;
    zobo_client *c = behind_relay_with(&o);
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(c, &before));
    make_ephemeral(c, in_home("/e"));
    zt_relay_refuse(relay, true);
    zt_relay_cut(relay);
    assert_true(zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) == 0);
    zobo_how how = zt_calls_how(&calls);
    how.timeout_ms = 60000;
    assert_ok(zobo_get_async(c, home, NULL, &how, NULL));
    ZT_WAIT(zobo_exists(zc, in_home("/e"), NULL, NULL) == ZOBO_ENONODE); /* the server has ended it */
    assert_int_equal(zobo_get_state(c), ZOBO_SUSPENDED);                 /* the client cannot know */
    zt_relay_refuse(relay, false);
    expect_states("SUSPENDED LOST CONNECTED");
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_true(calls.items[0].err == ZOBO_ESESSIONEXPIRED || calls.items[0].err == ZOBO_ENOCONNECTION);
    assert_ok(zobo_get_client_id(c, &after));
    assert_true(before.session_id != after.session_id);
    assert_ok(zobo_get(c, home, NULL, NULL));
    close_behind();
}

static void
test_silence_is_noticed_and_lost_declared(void **state)
{
    (void)state;
    zobo_client *c = behind_relay(1000);
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(c, &before));
    make_ephemeral(c, in_home("/e"));
    zt_relay_stall(relay, true); /* nothing is closed, nothing comes */
    assert_err(zobo_get(c, home, NULL, NULL), ZOBO_ECONNECTIONLOSS);
    assert_true(zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) == 0);
    assert_true(zt_states_wait(&states, 1, ZOBO_LOST, ZT_SOON_MS) == 1); /* by the clock alone */
    ZT_WAIT(zobo_exists(zc, in_home("/e"), NULL, NULL) == ZOBO_ENONODE);
    zt_relay_stall(relay, false);
    assert_true(zt_states_wait(&states, 2, ZOBO_CONNECTED, ZT_SOON_MS) == 2);
    assert_ok(zobo_get_client_id(c, &after));
    assert_true(before.session_id != after.session_id);
    close_behind();
}

static void
test_lost_is_not_declared_early(void **state)
{
    (void)state;
    /* A stall shorter than the session's timeout costs nothing but time. */
    zobo_client *c = behind_relay(8000);
    make_ephemeral(c, in_home("/e"));
    zt_relay_stall(relay, true);
    zobo_call *call;
    assert_ok(zobo_get_async(c, home, NULL, NULL, &call));
    assert_err(zobo_call_wait(call, 1500), ZOBO_ETIMEDOUT);
    zt_relay_stall(relay, false);
    assert_ok(zobo_call_get(call, ZT_SOON_MS, NULL));
    zobo_call_free(call);
    assert_int_equal(zt_states_n(&states), 0);
    close_behind();
}

static void
test_the_server_goes_and_comes_back(void **state)
{
    (void)state;
    /* How long a server takes to come back nobody knows, so the client may not give the session up by the clock, nor
     * wait long between its tries: the server, once it is back, gives it the session's timeout to return. */
    zobo_retry_policy policy = {.size = sizeof policy, .max_delay_ms = 200};
    zobo_options o = zt_options(NULL, 10000);
    o.lost_after_percent = ZOBO_NEVER;
    o.connection_retry = &policy;
    zobo_client *c = behind_relay_with(&o);
    make_ephemeral(c, in_home("/e"));
    zobo_watcher w = zt_events_watcher(&events);
    assert_ok(zobo_get(c, home, &w, NULL));
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(c, &before));
    zt_zk_signal(&zk, 1, "KILL");
    assert_true(zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) == 0);
    zt_zk_restart(&zk, 1);
    assert_true(zt_states_wait(&states, 1, ZOBO_CONNECTED, ZT_SOON_MS) == 1);
    assert_ok(zobo_get_client_id(c, &after));
    assert_int_equal(before.session_id, after.session_id);
    assert_ok(zobo_get(c, in_home("/e"), NULL, NULL));
    assert_ok(zobo_set(c, home, "after", 5, -1, NULL));
    assert_true(zt_events_wait(&events, 1, ZT_SOON_MS));
    assert_int_equal(zt_events_at(&events, 0).type, ZOBO_EVENT_CHANGED);
    close_behind();
    ZT_WAIT(zobo_connected(zc));
}

static void
test_many_clients(void **state)
{
    (void)state;
    enum { CLIENTS = 30 };
    zobo_client *clients[CLIENTS];
    zobo_reply *r;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = zt_client(zt_relay_hosts(relay), 8000);
        assert_ok(zobo_create(clients[i], in_home("/m-"), "", 0,
                              &(zobo_create_options){.ephemeral = true, .sequence = true}, NULL));
    }
    zt_relay_cut(relay);
    for (int i = 0; i < CLIENTS; i++)
        ZT_WAIT(zobo_get(clients[i], home, NULL, NULL) == ZOBO_OK);
    assert_ok(zobo_get_children(zc, home, NULL, &r));
    assert_int_equal(r->n_children, CLIENTS);
    zobo_reply_free(r);
    for (int i = 0; i < CLIENTS; i++)
        zobo_close(clients[i]);
    assert_ok(zobo_get_children(zc, home, NULL, &r));
    assert_int_equal(r->n_children, 0);
    zobo_reply_free(r);
}

static void
test_granted_timeouts(void **state)
{
    (void)state;
    zobo_client *c = zt_client(zk.hosts, 1); /* the server has its limits: 2 to 20 ticks of 500 ms */
    assert_int_equal(zobo_timeout_ms(c), 1000);
    zobo_close(c);
    c = zt_client(zk.hosts, 100000);
    assert_int_equal(zobo_timeout_ms(c), 10000);
    assert_true(zobo_last_zxid(c) > 0 || zobo_sync(c, "/") == ZOBO_OK);
    zobo_close(c);
}

#define session_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(test_reconnect),
        session_test(test_stop_ends_the_session_and_detach_does_not),
        session_test(test_expiry),
        session_test(test_silence_is_noticed_and_lost_declared),
        session_test(test_lost_is_not_declared_early),
        session_test(test_the_server_goes_and_comes_back),
        session_test(test_many_clients),
        session_test(test_granted_timeouts),
    };
    return run_on_one_server(tests);
}
