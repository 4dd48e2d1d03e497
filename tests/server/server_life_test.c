/* SPDX-License-Identifier: Apache-2.0 */
/* A server's life: where it listens, what it refuses, what is left of it. */
#include "server.h"

#include <pthread.h>
#include <stdatomic.h>

#include "support/record.h"

static void
test_memory_serves(void **state)
{
    (void)state;
    zobo_server *server = serve(NULL);
    assert_true(zobo_server_port(server) > 0);
    zobo_server_close(server);
    server = serve(&(zobo_server_options){.tick_ms = 1000}); /* no size: the fields of the first version */
    assert_true(zobo_server_port(server) > 0);
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    zobo_reply *r;
    zobo_stat stat;
    zt_events events;
    zt_events_init(&events);
    zobo_watcher watcher = zt_events_watcher(&events);
    assert_ok(zobo_create(c, "/a", "one", 3, NULL, NULL));
    assert_ok(zobo_get(c, "/a", &watcher, &r));
    assert_int_equal(r->data_len, 3);
    assert_memory_equal(r->data, "one", 3);
    zobo_reply_free(r);
    assert_ok(zobo_set(c, "/a", "two", 3, 0, &stat));
    assert_int_equal(stat.version, 1);
    assert_true(zt_events_wait(&events, 1, ZT_SOON_MS));
    assert_int_equal(zt_events_at(&events, 0).type, ZOBO_EVENT_CHANGED);
    assert_err(zobo_set(c, "/a", "x", 1, 0, NULL), ZOBO_EBADVERSION);
    assert_ok(zobo_delete(c, "/a", -1));
    assert_err(zobo_exists(c, "/a", NULL, NULL), ZOBO_ENONODE);
    zobo_close(c);
    zt_events_destroy(&events);
    zobo_server_close(server);
}

/* A session and its ephemeral node live on over stop and restart, in memory too. */
static void
resume_over_restart(const zobo_server_options *options)
{
    zobo_server *server = serve(options);
    zobo_create_options ephemeral = {.ephemeral = true};
    zobo_client_id before, after;
    zt_states states;
    char *hosts = zt_strdup(zobo_server_hosts(server));
    zobo_client *c = zt_client(hosts, 10000);
    zt_states_init(&states);
    assert_ok(zobo_add_listener(c, zt_states_listener, &states));
    assert_ok(zobo_create(c, "/mine", "e", 1, &ephemeral, NULL));
    assert_ok(zobo_create(c, "/kept", "k", 1, NULL, NULL));
    assert_ok(zobo_get_client_id(c, &before));

    assert_ok(zobo_server_stop(server));
    assert_err(zobo_server_stop(server), ZOBO_EALREADY);
    assert_true(zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) >= 0);
    zobo_problem why;
    assert_ok(zobo_server_restart(server, &why));
    assert_err(zobo_server_restart(server, &why), ZOBO_EALREADY);
    assert_string_equal(zobo_server_hosts(server), hosts);

    assert_true(zt_states_wait(&states, 0, ZOBO_CONNECTED, ZT_SOON_MS) >= 0);
    assert_ok(zobo_get_client_id(c, &after));
    assert_memory_equal(&before, &after, sizeof before);
    zobo_stat stat;
    assert_ok(zobo_exists(c, "/mine", NULL, &stat));
    assert_int_equal(stat.ephemeral_owner, before.session_id);
    assert_ok(zobo_exists(c, "/kept", NULL, NULL));
    zobo_close(c);

    c = zt_client(hosts, 10000);
    assert_err(zobo_exists(c, "/mine", NULL, NULL), ZOBO_ENONODE);
    zobo_close(c);
    zt_states_destroy(&states);
    zobo_server_close(server);
    free(hosts);
}

static void
test_restart_in_memory(void **state)
{
    (void)state;
    zobo_server_options o = server_options();
    resume_over_restart(&o);
}

static void
test_restart_on_disk(void **state)
{
    (void)state;
    char dir[40];
    make_dir(dir);
    zobo_server_options o = server_options();
    o.data_dir = dir;
    resume_over_restart(&o);
    remove_dir(dir);
}

static void
test_directory_is_reopened(void **state)
{
    (void)state;
    char dir[40], hosts[80];
    make_dir(dir);
    zobo_server_options o = server_options();
    o.data_dir = dir;
    o.listen = ""; /* the Unix socket in the directory alone */
    zobo_server *server = serve(&o);
    snprintf(hosts, sizeof hosts, "unix:%s/zobo.sock", dir);
    assert_string_equal(zobo_server_hosts(server), hosts);
    assert_int_equal(zobo_server_port(server), 0);
    zobo_client *c = zt_client(hosts, 5000);
    assert_ok(zobo_create(c, "/kept", "data", 4, NULL, NULL));
    zobo_close(c);
    zobo_server_close(server);
    assert_int_not_equal(access(hosts + 5, F_OK), 0); /* the socket's file is gone */

    server = serve(&o);
    c = zt_client(hosts, 5000);
    zobo_reply *r;
    assert_ok(zobo_get(c, "/kept", NULL, &r));
    assert_memory_equal(r->data, "data", 4);
    zobo_reply_free(r);
    zobo_close(c);
    zobo_server_close(server);
    remove_dir(dir);
}

static void
test_what_is_refused(void **state)
{
    (void)state;
    char dir[40], path[80];
    make_dir(dir);
    zobo_server_options first = server_options(), o = server_options();
    first.data_dir = dir;
    zobo_server *server = serve(&first);

    o.data_dir = dir;
    refused(&o, ZOBO_EFILE, "in use");
    o.data_dir = NULL;
    o.listen = zobo_server_hosts(server);
    refused(&o, ZOBO_ESYS, "another process listens there");
    refused(&o, ZOBO_ESYS, zobo_server_hosts(server));
    snprintf(path, sizeof path, "%s/zobo.sock", dir);
    o.listen = "";
    o.unix_path = path;
    refused(&o, ZOBO_EFILE, "another server listens there");
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    refused(&o, ZOBO_EFILE, "no socket");
    o.unix_path = NULL;
    refused(&o, ZOBO_EBADOPTION, "nowhere to listen");

    static const char *const bad[] = {"127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "::1:2181", "[::1]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o.listen = bad[i];
        refused(&o, ZOBO_EBADOPTION, bad[i]);
    }
    o.listen = "192.0.2.1:0";
    refused(&o, ZOBO_ESYS, "no such address");
    o.listen = "127.0.0.1:0";
    o.data_dir = "/proc/self/nothing";
    refused(&o, ZOBO_EFILE, "/proc/self/nothing");
    o.data_dir = "";
    refused(&o, ZOBO_EBADOPTION, "data_dir");
    o.data_dir = NULL;
    o.super_digest = "joe:x";
    refused(&o, ZOBO_EBADOPTION, "super_digest");
    o.super_digest = NULL;
    o.max_request_bytes = 5;
    refused(&o, ZOBO_EBADOPTION, "max_request_bytes");
    o.max_request_bytes = 0;
    o.min_session_timeout_ms = 2000;
    o.max_session_timeout_ms = 1000;
    refused(&o, ZOBO_EBADOPTION, "min_session_timeout_ms");
    o.size = 3;
    refused(&o, ZOBO_EBADOPTION, "size");
    struct {
        zobo_server_options known;
        void *later;
    } newer = {.known = {.size = sizeof newer}, .later = dir};
    refused(&newer.known, ZOBO_EBADOPTION, "does not know");

    /* The one that was there is none the worse. */
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    assert_ok(zobo_create(c, "/a", NULL, 0, NULL, NULL));
    zobo_close(c);
    zobo_server_close(server);
    remove_dir(dir);
}

/* The socket file of a server that died is replaced. */
static void
test_dead_socket_is_replaced(void **state)
{
    (void)state;
    char dir[40], path[80];
    make_dir(dir);
    snprintf(path, sizeof path, "%s/other.sock", dir);
    struct sockaddr_un dead = {.sun_family = AF_UNIX};
    snprintf(dead.sun_path, sizeof dead.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&dead, sizeof dead), 0);
    close(fd);

    zobo_server_options o = server_options();
    o.unix_path = path;
    zobo_server *server = serve(&o);
    char hosts[100];
    snprintf(hosts, sizeof hosts, "unix:%s", path);
    zobo_client *c = zt_client(hosts, 5000), *tcp = zt_client(zobo_server_hosts(server), 5000);
    zt_put(c, "/a", "by unix");
    assert_ok(zobo_exists(tcp, "/a", NULL, NULL)); /* both doors lead to one tree */
    zobo_close(c);
    zobo_close(tcp);
    zobo_server_close(server);
    assert_int_not_equal(access(path, F_OK), 0);
    remove_dir(dir);
}

static void
test_all_addresses(void **state)
{
    (void)state;
    zobo_server_options o = server_options();
    o.listen = ":0";
    zobo_server *server = serve(&o);
    assert_int_equal(strncmp(zobo_server_hosts(server), "127.0.0.1:", 10), 0);
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    zobo_reply *r;
    assert_ok(zobo_who_am_i(c, &r));
    assert_string_equal(r->acls[0].id, "127.0.0.1"); /* not ::ffff:127.0.0.1 */
    zobo_reply_free(r);
    zobo_close(c);
    zobo_server_close(server);
}

static void
test_ipv6(void **state)
{
    (void)state;
    zobo_server_options o = server_options();
    o.listen = "[::1]:0";
    zobo_server *server;
    zobo_problem why;
    zobo_err err = zobo_server_start(&server, &o, &why);
    if (err == ZOBO_ESYS) {
        print_message("no IPv6 here: %s\n", why.text);
        skip();
    }
    assert_ok(err);
    assert_int_equal(strncmp(zobo_server_hosts(server), "[::1]:", 6), 0);
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    assert_ok(zobo_create(c, "/six", NULL, 0, NULL, NULL));
    zobo_close(c);
    zobo_server_close(server);
}

static void
test_drain(void **state)
{
    (void)state;
    zobo_server *server = serve_memory();
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    assert_err(zobo_server_drain(server, 20), ZOBO_ETIMEDOUT);
    assert_ok(zobo_create(c, "/a", NULL, 0, NULL, NULL)); /* as before */
    close(raw_session(server));
    zobo_close(c);
    assert_ok(zobo_server_drain(server, ZT_SOON_MS));
    zobo_options o = zt_options(zobo_server_hosts(server), 5000);
    zobo_retry_policy once = {.size = sizeof once, .max_tries = 1};
    o.connection_retry = &once;
    assert_ok(zobo_new(&o, &c, NULL));
    assert_err(zobo_start(c, ZT_SOON_MS, NULL), ZOBO_ENOCONNECTION);
    zobo_close(c);
    assert_ok(zobo_server_drain(server, 0));
    assert_ok(zobo_server_stop(server));
    assert_ok(zobo_server_drain(server, 0));
    assert_ok(zobo_server_restart(server, NULL));
    c = zt_client(zobo_server_hosts(server), 5000);
    assert_ok(zobo_exists(c, "/a", NULL, NULL));
    zobo_close(c);
    zobo_server_close(server);
}

/* http_get gives the status of an answer, and the answer, cut, in `text`. */
static int
http_get(uint16_t port, const char *path, char *text, size_t size)
{
    char request[200];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    raw_send(fd, request, strlen(request));
    size_t n = 0;
    while (n + 1 < size && raw_read(fd, text + n, 1))
        n++;
    text[n] = '\0';
    close(fd);
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(text + 9, NULL, 10) : 0;
}

static void
test_http(void **state)
{
    (void)state;
    zobo_server_options o = server_options();
    o.http = "127.0.0.1:0";
    zobo_server *server;
    zobo_problem why;
    zobo_err err = zobo_server_start(&server, &o, &why);
    if (err == ZOBO_ESYS && strstr(why.text, "install")) {
        print_message("%s\n", why.text);
        skip();
    }
    assert_ok(err);
    char text[20000];
    uint16_t port = zobo_server_http_port(server);
    assert_true(port > 0);
    assert_int_equal(http_get(port, "/metrics", text, sizeof text), 200);
    assert_non_null(strstr(text, "num_alive_connections"));
    assert_int_equal(http_get(port, "/commands/ruok", text, sizeof text), 200);
    assert_non_null(strstr(text, "\"error\""));
    assert_int_equal(http_get(port, "/commands", text, sizeof text), 200);
    assert_non_null(strstr(text, "/commands/monitor"));
    assert_int_equal(http_get(port, "/commandsruok", text, sizeof text), 404);
    assert_int_equal(http_get(port, "/", text, sizeof text), 404);
    assert_ok(zobo_server_stop(server));
    assert_int_equal(zobo_server_http_port(server), 0);
    assert_ok(zobo_server_restart(server, &why));
    assert_int_equal(http_get(zobo_server_http_port(server), "/metrics", text, sizeof text), 200);
    o.listen = "127.0.0.1:0";
    char taken[40];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", (unsigned)zobo_server_http_port(server));
    o.http = taken;
    refused(&o, ZOBO_ESYS, taken);
    refused(&o, ZOBO_ESYS, "HTTP: cannot listen on");
    o.http = "8080";
    refused(&o, ZOBO_EBADOPTION, "HTTP: cannot listen on \"8080\": host:port is needed");
    zobo_server_close(server);
}

/* What only asks may be called by any thread while the server stops and starts again. */
typedef struct asker {
    zobo_server *server;
    atomic_bool done;
} asker;

static void *
ask_for_ports(void *arg)
{
    asker *a = arg;
    while (!a->done) {
        (void)zobo_server_http_port(a->server);
        (void)zobo_server_port(a->server);
        (void)zobo_server_hosts(a->server);
    }
    return NULL;
}

static void
test_ports_while_it_stops(void **state)
{
    (void)state;
    enum { ROUNDS = 20 };
    zobo_server_options o = server_options();
    o.http = "127.0.0.1:0";
    zobo_problem why;
    asker a = {0};
    pthread_t thread;
    zobo_err err = zobo_server_start(&a.server, &o, &why);
    if (err == ZOBO_ESYS && strstr(why.text, "install")) {
        print_message("%s\n", why.text);
        skip();
    }
    assert_ok(err);
    assert_int_equal(pthread_create(&thread, NULL, ask_for_ports, &a), 0);
    for (int i = 0; i < ROUNDS; i++) {
        assert_ok(zobo_server_stop(a.server));
        assert_int_equal(zobo_server_http_port(a.server), 0);
        assert_ok(zobo_server_restart(a.server, &why));
        assert_int_not_equal(zobo_server_http_port(a.server), 0);
    }
    a.done = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    zobo_server_close(a.server);
}

/* Writes that are under way when the server stops are answered or broken off, never half done; it stops all the same.
 * */
static void
test_stop_under_load(void **state)
{
    (void)state;
    enum { N = 500 };
    char dir[40], path[32];
    make_dir(dir);
    zobo_server_options o = server_options();
    o.data_dir = dir;
    zobo_server *server = serve(&o);
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    zt_calls calls;
    zt_calls_init(&calls, N);
    for (int i = 0; i < N; i++) {
        zobo_how how = zt_calls_how(&calls);
        snprintf(path, sizeof path, "/n%d", i);
        assert_ok(zobo_create_async(c, path, "x", 1, NULL, &how, NULL));
    }
    assert_ok(zobo_server_stop(server));
    zobo_problem why;
    assert_ok(zobo_server_restart(server, &why));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_true(zt_calls_once_each(&calls));
    zobo_client *look = zt_client(zobo_server_hosts(server), 5000);
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "/n%d", i);
        if (calls.items[i].err == ZOBO_OK)
            assert_ok(zobo_exists(look, path, NULL, NULL)); /* acknowledged: there */
    }
    zobo_close(look);
    zobo_close(c);
    zt_calls_destroy(&calls);
    zobo_server_close(server);
    remove_dir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_serves),   cmocka_unit_test(test_restart_in_memory),
        cmocka_unit_test(test_restart_on_disk), cmocka_unit_test(test_directory_is_reopened),
        cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_dead_socket_is_replaced),
        cmocka_unit_test(test_all_addresses),   cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_stop_under_load), cmocka_unit_test(test_http),
        cmocka_unit_test(test_drain),           cmocka_unit_test(test_ports_while_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
