/* SPDX-License-Identifier: Apache-2.0 */
/* What testers do to a server. */
#include "server.h"

#include "support/record.h"

static zobo_server *server;
static zobo_client *c;
static zt_states states;

static int
up(void **state)
{
    (void)state;
    server = serve_memory();
    c = zt_client(zobo_server_hosts(server), 10000);
    zt_states_init(&states);
    return zobo_add_listener(c, zt_states_listener, &states);
}

static int
down(void **state)
{
    (void)state;
    zobo_close(c);
    zobo_server_close(server);
    zt_states_destroy(&states);
    return 0;
}

static int64_t
session(void)
{
    zobo_client_id id;
    assert_ok(zobo_get_client_id(c, &id));
    return id.session_id;
}

static void
test_expire(void **state)
{
    (void)state;
    int64_t before = session();
    zobo_create_options ephemeral = {.ephemeral = true};
    assert_ok(zobo_create(c, "/mine", NULL, 0, &ephemeral, NULL));
    assert_ok(zobo_server_expire(server, before));
    assert_true(zt_states_wait(&states, 0, ZOBO_LOST, ZT_SOON_MS) >= 0);
    zobo_client *other = zt_client(zobo_server_hosts(server), 5000);
    assert_err(zobo_exists(other, "/mine", NULL, NULL), ZOBO_ENONODE);
    zobo_close(other);
    assert_err(zobo_server_expire(server, before), ZOBO_EUNKNOWNSESSION);
    assert_err(zobo_server_expire(server, 0), ZOBO_EUNKNOWNSESSION);
}

static void
test_drop(void **state)
{
    (void)state;
    int64_t before = session();
    assert_ok(zobo_server_drop(server, before));
    long at = zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS);
    assert_true(at >= 0);
    at = zt_states_wait(&states, (size_t)at, ZOBO_CONNECTED, ZT_SOON_MS);
    assert_true(at >= 0);
    assert_int_equal(session(), before); /* the session lived on */
    assert_ok(zobo_server_drop(server, 0));
    assert_true(zt_states_wait(&states, (size_t)at, ZOBO_SUSPENDED, ZT_SOON_MS) >= 0);
    assert_err(zobo_server_drop(server, 12345), ZOBO_EUNKNOWNSESSION);
}

static void
test_refuse(void **state)
{
    (void)state;
    zobo_server_refuse(server, true);
    assert_ok(zobo_create(c, "/still", NULL, 0, NULL, NULL)); /* who is in stays in */
    raw_ends(raw_connect(server));
    /* A stop does not make it forget. */
    assert_ok(zobo_server_stop(server));
    assert_ok(zobo_server_restart(server, NULL));
    raw_ends(raw_connect(server));
    zobo_server_refuse(server, false);
    close(raw_session(server));
    assert_true(zt_states_wait(&states, 0, ZOBO_CONNECTED, ZT_SOON_MS) >= 0);
}

static void
test_delay(void **state)
{
    (void)state;
    enum { DELAY_MS = 150 };
    zobo_server_delay(server, DELAY_MS);
    uint64_t begin = zt_now_ms();
    assert_ok(zobo_create(c, "/slow", NULL, 0, NULL, NULL));
    assert_true(zt_now_ms() - begin >= DELAY_MS);
    zt_calls calls;
    zt_calls_init(&calls, 20);
    begin = zt_now_ms();
    for (int i = 0; i < 20; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_exists_async(c, "/slow", NULL, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_true(zt_now_ms() - begin >= DELAY_MS);
    assert_true(zt_now_ms() - begin < 20 * DELAY_MS); /* late, not slow */
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 20);
    zt_calls_destroy(&calls);
    zobo_server_delay(server, 0);
    assert_ok(zobo_exists(c, "/slow", NULL, NULL));
}

static void
test_lose_replies(void **state)
{
    (void)state;
    zobo_how how = {.timeout_ms = 300};
    zobo_call *call;
    zobo_server_lose_replies(server, 1);
    assert_ok(zobo_create_async(c, "/unheard", NULL, 0, NULL, &how, &call));
    assert_class(zobo_call_get(call, ZT_SOON_MS, NULL), ZOBO_CLASS_UNKNOWN);
    zobo_call_free(call);
    zobo_client *other = zt_client(zobo_server_hosts(server), 5000);
    assert_ok(zobo_exists(other, "/unheard", NULL, NULL)); /* carried out all the same */
    zobo_close(other);
}

static void
test_fail_requests(void **state)
{
    (void)state;
    zobo_server_fail_requests(server, 2, ZOBO_ESYSTEM);
    assert_err(zobo_create(c, "/no", NULL, 0, NULL, NULL), ZOBO_ESYSTEM);
    assert_err(zobo_exists(c, "/", NULL, NULL), ZOBO_ESYSTEM);
    assert_err(zobo_exists(c, "/no", NULL, NULL), ZOBO_ENONODE);
    assert_ok(zobo_create(c, "/no", NULL, 0, NULL, NULL));
}

/* On a stopped server none of them hangs. */
static void
test_stopped(void **state)
{
    (void)state;
    int64_t id = session();
    assert_ok(zobo_server_stop(server));
    zobo_server_refuse(server, true);
    zobo_server_refuse(server, false);
    zobo_server_delay(server, 0);
    zobo_server_lose_replies(server, 1);
    zobo_server_fail_requests(server, 1, ZOBO_ESYSTEM);
    assert_err(zobo_server_drop(server, id), ZOBO_EUNKNOWNSESSION);
    assert_err(zobo_server_expire(server, id), ZOBO_EUNKNOWNSESSION);
    assert_ok(zobo_server_restart(server, NULL));
    assert_true(zt_states_wait(&states, 0, ZOBO_CONNECTED, ZT_SOON_MS) >= 0);
    assert_ok(zobo_exists(c, "/", NULL, NULL));
}

#define fault_test(name) cmocka_unit_test_setup_teardown(name, up, down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(test_expire),       fault_test(test_drop),          fault_test(test_refuse),  fault_test(test_delay),
        fault_test(test_lose_replies), fault_test(test_fail_requests), fault_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
