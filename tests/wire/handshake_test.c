/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer may do instead of a handshake, and what a good one may look like. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/peer.h"
#include "support/record.h"

/* A conversation that is no handshake: these bytes, then the connection is closed or left open. */
typedef struct bad_handshake {
    const char *name;
    const char *bytes;
    size_t n;
    bool stay;
} bad_handshake;

#define BYTES(literal) literal, sizeof(literal) - 1
#define HEAD           "\0\0\0\0\0\0\x27\x10\1\0\0\0\0\0\0\2"
#define PASSWORD       "0123456789abcdef"

static const bad_handshake bad_handshakes[] = {
    {"closes at once", BYTES(""), false},
    {"speaks HTTP", BYTES("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), true},
    {"speaks TLS", BYTES("\x15\x03\x03\x00\x02\x02\x28"), true},
    {"a frame of no bytes", BYTES("\0\0\0\0"), true},
    {"a frame of -1 bytes", BYTES("\xff\xff\xff\xff"), true},
    {"a frame of 2 GB", BYTES("\x7f\xff\xff\xff"), true},
    {"half a length", BYTES("\0\0"), false},
    {"half a handshake", BYTES("\0\0\0\x25" HEAD), false},
    {"35 bytes",
     BYTES("\0\0\0\x23" HEAD "\0\0\0\x0f"
           "0123456789abcde"),
     true},
    {"a password of 15 bytes",
     BYTES("\0\0\0\x24" HEAD "\0\0\0\x0f"
           "0123456789abcde"
           "\0"),
     true},
    {"a password of 17 bytes", BYTES("\0\0\0\x26" HEAD "\0\0\0\x11" PASSWORD "X\0"), true},
    {"a password longer than the frame", BYTES("\0\0\0\x25" HEAD "\0\0\0\x20" PASSWORD "\0"), true},
    {"a password of -1 bytes", BYTES("\0\0\0\x24" HEAD "\xff\xff\xff\xff" PASSWORD), true},
};

static void
say_badly(zt_conn *c, void *arg)
{
    const bad_handshake *bad = arg;
    zt_connect request;
    if (zt_read_connect(c, &request) && zt_send(c, bad->bytes, bad->n) && bad->stay)
        zt_await_close(c);
}

static void
test_P3_no_handshake(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_handshakes / sizeof bad_handshakes[0]; i++) {
        zt_peer *peer = zt_peer_start(
            &(zt_peer_config){.script = say_badly, .arg = (void *)(uintptr_t)(const void *)&bad_handshakes[i]});
        zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
        zobo_client *client;
        zobo_problem why = {0};
        assert_ok(zobo_new(&options, &client, &why));
        zobo_err err = zobo_start(client, 300, &why);
        if (err != ZOBO_ENOCONNECTION)
            fail_msg("%s: start says %s", bad_handshakes[i].name, zobo_err_name(err));
        assert_int_equal(why.err, ZOBO_ENOCONNECTION);
        if (!strstr(why.text, zt_peer_hosts(peer)))
            fail_msg("%s: the server is not named in: %s", bad_handshakes[i].name, why.text);
        assert_int_equal(zobo_get_state(client), ZOBO_LOST);
        assert_err(zobo_sync(client, "/"), ZOBO_ENOTSTARTED);
        zobo_close(client);
        zt_peer_stop(peer);
    }
}

/* The same, but the second connection is answered well: the client gets there by itself. */
static void
badly_then_well(zt_conn *c, void *arg)
{
    if (zt_conn_index(c) == 0)
        say_badly(c, arg);
    else
        zt_serve(c);
}

static void
test_bad_handshake_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_handshakes / sizeof bad_handshakes[0]; i++) {
        zt_peer *peer = zt_peer_start(
            &(zt_peer_config){.script = badly_then_well, .arg = (void *)(uintptr_t)(const void *)&bad_handshakes[i]});
        zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
        assert_ok(zobo_sync(client, "/"));
        zobo_close(client);
        zt_peer_stop(peer);
    }
}

static void
test_a_session_refused_by_a_read_only_server(void **state)
{
    (void)state;
    /* What a server without a quorum says when it may not make sessions: an error where the handshake should be. */
    static const bad_handshake refusal = {"an error",
                                          BYTES("\0\0\0\x10"
                                                "\0\0\0\0"
                                                "\xff\xff\xff\xff\xff\xff\xff\xff"
                                                "\xff\xff\xff\x89"),
                                          true};
    zt_peer *peer =
        zt_peer_start(&(zt_peer_config){.script = say_badly, .arg = (void *)(uintptr_t)(const void *)&refusal});
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    options.read_only = true;
    zobo_client *client;
    zobo_problem why = {0};
    assert_ok(zobo_new(&options, &client, NULL));
    assert_err(zobo_start(client, 300, &why), ZOBO_ENOCONNECTION);
    assert_non_null(strstr(why.text, zobo_err_text(ZOBO_ENOTREADONLY)));
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_start_after_failed_start(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    zt_peer_refuse(peer, true);
    assert_err(zobo_start(client, 200, NULL), ZOBO_ENOCONNECTION);
    zt_peer_refuse(peer, false);
    assert_ok(zobo_start(client, 0, NULL));
    assert_err(zobo_start(client, 0, NULL), ZOBO_EALREADY);
    assert_err(zobo_start_async(client), ZOBO_EALREADY);
    assert_ok(zobo_sync(client, "/"));
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
say_nothing(zt_conn *c, void *arg)
{
    (void)arg;
    zt_connect request;
    if (zt_read_connect(c, &request))
        zt_await_close(c);
}

static void
test_silent_peer(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.script = say_nothing});
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    options.connect_timeout_ms = 100;
    zobo_client *client;
    zobo_problem why = {0};
    assert_ok(zobo_new(&options, &client, &why));
    assert_err(zobo_start(client, 1000, &why), ZOBO_ENOCONNECTION);
    assert_non_null(strstr(why.text, zt_peer_hosts(peer)));
    assert_true(zt_peer_connections(peer) >= 2);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_the_request(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4321);
    zt_connect request = zt_peer_last_connect(peer);
    assert_int_equal(request.len, 45);
    assert_int_equal(request.protocol_version, 0);
    assert_int_equal(request.timeout_ms, 4321);
    assert_int_equal(request.session_id, 0);
    assert_int_equal(request.last_zxid_seen, 0);
    assert_int_equal(request.password_len, 16);
    assert_false(request.read_only);
    zobo_client_id id;
    assert_ok(zobo_get_client_id(client, &id));
    assert_true(id.session_id != 0);
    assert_int_equal(zobo_timeout_ms(client), 4321);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_36_and_37_bytes(void **state)
{
    (void)state;
    for (int is_short = 0; is_short < 2; is_short++) {
        zt_peer *peer = zt_peer_start(&(zt_peer_config){.short_handshake = is_short});
        zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
        assert_int_equal(zobo_get_state(client), ZOBO_CONNECTED);
        assert_ok(zobo_sync(client, "/"));
        zobo_close(client);
        zt_peer_stop(peer);
    }
}

static void
one_byte_at_a_time(zt_conn *c, void *arg)
{
    (void)arg;
    static const char handshake[] = "\0\0\0\x25" HEAD "\0\0\0\x10" PASSWORD "\0";
    zt_connect request;
    if (zt_read_connect(c, &request) && zt_send_slowly(c, BYTES(handshake), 1, 1))
        zt_await_close(c);
}

static void
test_handshake_in_pieces(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.script = one_byte_at_a_time});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 500);
    assert_int_equal(zobo_get_state(client), ZOBO_CONNECTED);
    assert_int_equal(zobo_timeout_ms(client), 10000);
    zobo_client_id id;
    assert_ok(zobo_get_client_id(client, &id));
    assert_int_equal(id.session_id, 0x0100000000000002);
    assert_memory_equal(id.password, PASSWORD, 16);
    zt_peer_cut(peer); /* or the close would wait for its answer */
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_unix_socket(void **state)
{
    (void)state;
    char path[64], hosts[80], host[80];
    snprintf(path, sizeof path, "/tmp/zobo-peer-%ld", (long)getpid());
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.unix_path = path});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zt_put(client, "/app", "x");
    zobo_connected_host(client, host, sizeof host);
    assert_string_equal(host, zt_peer_hosts(peer));
    zobo_close(client);
    snprintf(hosts, sizeof hosts, "unix:%s:/app", path);
    client = zt_client(hosts, 4000);
    assert_string_equal(zobo_chroot(client), "/app");
    zt_put(client, "/y", "z");
    assert_true(zt_peer_has_node(peer, "/app/y"));
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_read_only_server_is_not_wanted(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.read_only = true});
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    assert_err(zobo_start(client, 300, NULL), ZOBO_ENOCONNECTION);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_P19_read_only_server_is_wanted(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.read_only = true});
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    options.read_only = true;
    zobo_client *client = zt_client_with(&options);
    assert_true(zt_peer_last_connect(peer).read_only);
    assert_int_equal(zobo_get_state(client), ZOBO_CONNECTED_RO);
    assert_true(zobo_connected(client));
    char host[64]; /* Apache's C client knows no host in this state (P11) */
    zobo_connected_host(client, host, sizeof host);
    assert_string_equal(host, zt_peer_hosts(peer));
    assert_ok(zobo_get(client, "/", NULL, NULL));
    assert_err(zobo_create(client, "/a", "", 0, NULL, NULL), ZOBO_ENOTREADONLY);
    assert_class(ZOBO_ENOTREADONLY, ZOBO_CLASS_REJECTED);

    zt_states states;
    zt_states_init(&states);
    assert_ok(zobo_add_listener(client, zt_states_listener, &states));
    zt_peer_set_read_only(peer, false);
    assert_true(zt_states_wait(&states, 0, ZOBO_CONNECTED, 2 * ZT_SOON_MS) >= 0);
    assert_ok(zobo_create(client, "/a", "", 0, NULL, NULL));
    /* A session that only a read-only server knows is not offered to others: they would not know it. */
    assert_int_equal(zt_peer_last_connect(peer).session_id, 0);
    zobo_close(client);
    zt_states_destroy(&states);
    zt_peer_stop(peer);
}

static void
test_resume(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_create_options ephemeral = {.ephemeral = true};
    assert_ok(zobo_create(client, "/e", "", 0, &ephemeral, NULL));
    zobo_client_id id, same;
    assert_ok(zobo_get_client_id(client, &id));
    assert_ok(zobo_detach(client));
    assert_int_equal(zobo_get_state(client), ZOBO_LOST);
    assert_err(zobo_detach(client), ZOBO_ENOTSTARTED);
    zobo_close(client);
    assert_int_equal(zt_peer_count(peer, ZB_OP_CLOSE_SESSION), 0);
    assert_true(zt_peer_has_node(peer, "/e"));

    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    options.client_id = &id;
    client = zt_client_with(&options);
    assert_ok(zobo_get_client_id(client, &same));
    assert_memory_equal(&id.password, &same.password, 16);
    assert_int_equal(id.session_id, same.session_id);
    zobo_close(client);
    assert_false(zt_peer_has_node(peer, "/e"));
    zt_peer_stop(peer);
}

static void
test_resume_what_is_over(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    zobo_client_id id = {.session_id = 0x1234};
    options.client_id = &id;
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    zobo_problem why = {0};
    assert_err(zobo_start(client, 0, &why), ZOBO_ESESSIONEXPIRED);
    assert_true(why.text[0]);
    assert_int_equal(zobo_get_state(client), ZOBO_LOST);
    assert_int_equal(zt_peer_last_connect(peer).session_id, 0x1234);
    assert_ok(zobo_start(client, 0, &why)); /* again, for a new one */
    assert_ok(zobo_get_client_id(client, &id));
    assert_true(id.session_id != 0x1234);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
no_request_yet(zt_conn *c, void *arg)
{
    (void)arg;
    zt_connect request;
    zt_frame f;
    if (zt_read_connect(c, &request) && zt_read_frame(c, &f))
        zt_complain(c, "request %d before the handshake was answered", (int)f.op);
}

static void
test_requests_wait_for_the_handshake(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.script = no_request_yet});
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    options.connect_timeout_ms = 200;
    options.queue_timeout_ms = 600;
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    assert_ok(zobo_start_async(client));
    assert_err(zobo_create(client, "/a", "", 0, NULL, NULL), ZOBO_ENOCONNECTION);
    assert_int_equal(zobo_get_state(client), ZOBO_LOST);
    zobo_close(client);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_P3_no_handshake),
        cmocka_unit_test(test_bad_handshake_is_survived),
        cmocka_unit_test(test_a_session_refused_by_a_read_only_server),
        cmocka_unit_test(test_start_after_failed_start),
        cmocka_unit_test(test_silent_peer),
        cmocka_unit_test(test_the_request),
        cmocka_unit_test(test_36_and_37_bytes),
        cmocka_unit_test(test_handshake_in_pieces),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_read_only_server_is_not_wanted),
        cmocka_unit_test(test_P19_read_only_server_is_wanted),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_resume_what_is_over),
        cmocka_unit_test(test_requests_wait_for_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
