/* SPDX-License-Identifier: Apache-2.0 */
/* Names that do not resolve, or not yet. This program has its own resolver: the test says what it answers. */
#include "support/test.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "support/bytes.h"
#include "support/peer.h"
#include "support/record.h"

static atomic_int resolver_fails; /* an EAI_ number, 0: 127.0.0.1 */
static atomic_bool resolver_hangs;
static atomic_int lookups;
static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_changed = PTHREAD_COND_INITIALIZER;

static void
let_resolver_hang(bool on)
{
    pthread_mutex_lock(&resolver_lock);
    atomic_store(&resolver_hangs, on);
    pthread_cond_broadcast(&resolver_changed);
    pthread_mutex_unlock(&resolver_lock);
}

/* libc's own, as far as a client asks: one IPv4 address. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    bool literal = node && node[0] >= '0' && node[0] <= '9';
    if (!literal)
        atomic_fetch_add(&lookups, 1);
    pthread_mutex_lock(&resolver_lock);
    while (!literal && atomic_load(&resolver_hangs))
        pthread_cond_wait(&resolver_changed, &resolver_lock);
    pthread_mutex_unlock(&resolver_lock);
    int fails = literal ? 0 : atomic_load(&resolver_fails);
    if (fails)
        return fails;
    if (literal && hints && (hints->ai_flags & AI_NUMERICHOST) == 0 && strchr(node, ':'))
        return EAI_NONAME;
    struct addrinfo *info = calloc(1, sizeof *info);
    struct sockaddr_in *at = calloc(1, sizeof *at);
    if (!info || !at)
        abort();
    at->sin_family = AF_INET;
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at->sin_port = htons((uint16_t)(service ? strtol(service, NULL, 10) : 0));
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_protocol = IPPROTO_TCP;
    info->ai_addrlen = sizeof *at;
    info->ai_addr = (struct sockaddr *)at;
    *out = info;
    return 0;
}

void
freeaddrinfo(struct addrinfo *info)
{
    while (info) {
        struct addrinfo *next = info->ai_next;
        free(info->ai_addr);
        free(info);
        info = next;
    }
}

static int
reset(void **state)
{
    (void)state;
    atomic_store(&resolver_fails, 0);
    let_resolver_hang(false);
    atomic_store(&lookups, 0);
    return 0;
}

static const char *
by_name(zt_peer *peer)
{
    static char hosts[64];
    snprintf(hosts, sizeof hosts, "zoo.test%s", strchr(zt_peer_hosts(peer), ':'));
    return hosts;
}

static void
test_E1_resolver_fails_while_the_session_lives(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(by_name(peer), 600);
    zt_states states;
    zt_states_init(&states);
    assert_ok(zobo_add_listener(client, zt_states_listener, &states));
    int after_start = atomic_load(&lookups);
    assert_int_equal(after_start, 1);
    atomic_store(&resolver_fails, EAI_AGAIN);
    size_t pings = zt_peer_count(peer, ZB_OP_PING);
    ZT_WAIT(zt_peer_count(peer, ZB_OP_PING) >= pings + 10); /* several session timeouts */
    assert_ok(zobo_sync(client, "/"));
    assert_int_equal(zt_states_n(&states), 0);
    assert_int_equal(atomic_load(&lookups), after_start); /* E9: a live connection asks nobody */
    zt_peer_cut(peer);                                    /* now it needs the resolver: SUSPENDED until that is back */
    assert_true(zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) == 0);
    ZT_WAIT(atomic_load(&lookups) > after_start);
    atomic_store(&resolver_fails, 0);
    assert_true(zt_states_wait(&states, 1, ZOBO_CONNECTED, ZT_SOON_MS) >= 1);
    zobo_close(client);
    zt_states_destroy(&states);
    zt_peer_stop(peer);
}

static void
test_E2_slow_resolver_and_a_burst(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(by_name(peer), 4000);
    let_resolver_hang(true);
    enum { N = 50000 };
    zt_calls calls;
    zt_calls_init(&calls, N);
    for (int i = 0; i < N; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, 3 * ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), N);
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    zt_calls_destroy(&calls);
    let_resolver_hang(false);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_E2_slow_resolver_while_reconnecting(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(by_name(peer), 30000);
    let_resolver_hang(true);
    zt_peer_cut(peer);
    ZT_WAIT(zobo_get_state(client) == ZOBO_SUSPENDED);
    ZT_WAIT(atomic_load(&lookups) == 2);
    zt_calls calls;
    zt_calls_init(&calls, 1001);
    for (int i = 0; i < 1000; i++) { /* nobody waits for the resolver to submit */
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    }
    zobo_how how = zt_calls_how(&calls); /* deadlines go on */
    how.timeout_ms = 100;
    assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    ZT_WAIT(zt_calls_completed(&calls) == 1);
    assert_err(calls.items[1000].err, ZOBO_ENOCONNECTION);
    let_resolver_hang(false);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 1000);
    zt_calls_destroy(&calls);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_P27_nothing_waits_for_the_resolver(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    let_resolver_hang(true);
    zobo_options options = zt_options(by_name(peer), 4000);
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    assert_int_equal(atomic_load(&lookups), 0);
    uint64_t from = zt_now_ms();
    assert_ok(zobo_start_async(client));
    assert_true(zt_now_ms() - from < 2000);
    ZT_WAIT(atomic_load(&lookups) == 1);
    assert_ok(zobo_stop(client)); /* nor does stopping */
    assert_true(zt_now_ms() - from < 8000);
    zobo_problem why;
    from = zt_now_ms();
    assert_err(zobo_start(client, 300, &why), ZOBO_ENOCONNECTION);
    assert_true(zt_now_ms() - from < 6000);
    from = zt_now_ms();
    zobo_close(client);
    assert_true(zt_now_ms() - from < 6000);
    let_resolver_hang(false); /* the late answer finds nobody, and nothing to break */
    client = zt_client(by_name(peer), 4000);
    assert_ok(zobo_sync(client, "/"));
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_P27_one_name_of_two_does_not_resolve(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    atomic_store(&resolver_fails, EAI_NONAME);
    char hosts[128];
    snprintf(hosts, sizeof hosts, "nowhere.test:2181,%s", zt_peer_hosts(peer));
    zobo_options options = zt_options(hosts, 4000);
    options.ordered_hosts = true;
    zobo_client *client = zt_client_with(&options);
    assert_ok(zobo_sync(client, "/"));
    zobo_close(client);
    zobo_problem why;
    options.hosts = "nowhere.test";
    assert_ok(zobo_new(&options, &client, NULL));
    assert_err(zobo_start(client, 300, &why), ZOBO_ENOCONNECTION);
    assert_non_null(strstr(why.text, "nowhere.test"));
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_P9_a_failing_resolver_is_not_hammered(void **state)
{
    (void)state;
    atomic_store(&resolver_fails, EAI_AGAIN);
    zobo_options options = zt_options("nowhere.test", 10000);
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    uint64_t from = zt_now_ms();
    assert_ok(zobo_start_async(client));
    ZT_WAIT(atomic_load(&lookups) >= 4);
    /* 100, 200, 400 ms lie between four rounds, 40 % more or less; and it sleeps meanwhile. */
    assert_true(zt_now_ms() - from >= 400);
    ZT_WAIT(zt_now_ms() - from >= 2000);
    getrusage(RUSAGE_SELF, &after);
    long used_ms = (long)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000 +
                   (long)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1000 +
                   (long)(after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000 +
                   (long)(after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1000;
    assert_true(used_ms < 1000);
    assert_true(atomic_load(&lookups) < 20);
    zobo_close(client);
}

static void
test_a_hanging_resolver_does_not_collect_threads(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    let_resolver_hang(true);
    zobo_retry_policy policy = {.size = sizeof policy, .delay_ms = 1, .max_delay_ms = 1};
    zobo_options options = zt_options(by_name(peer), 60000);
    options.connect_timeout_ms = 10;
    options.connection_retry = &policy;
    zobo_client *client;
    assert_ok(zobo_new(&options, &client, NULL));
    assert_ok(zobo_start_async(client));
    uint64_t from = zt_now_ms();
    ZT_WAIT(zt_now_ms() - from >= 1000); /* dozens of rounds */
    assert_true(atomic_load(&lookups) <= 4);
    let_resolver_hang(false);
    assert_ok(zobo_wait_connected(client, ZT_SOON_MS));
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_a_hanging_resolver_has_one_probe(void **state)
{
    (void)state;
    zt_peer *reads = zt_peer_start(&(zt_peer_config){.read_only = true}), *writes = zt_peer_start(NULL);
    char hosts[200];
    snprintf(hosts, sizeof hosts, "%s,%s", zt_peer_hosts(reads), by_name(writes));
    zobo_options options = zt_options(hosts, 30000);
    options.read_only = options.ordered_hosts = true;
    options.connect_timeout_ms = 10; /* after which a probe is given up and the next one's turn comes */
    zobo_client *client = zt_client_with(&options);
    let_resolver_hang(true);
    uint64_t from = zt_now_ms();
    ZT_WAIT(zt_now_ms() - from >= 5000); /* two probes at least */
    assert_int_equal(zobo_get_state(client), ZOBO_CONNECTED_RO);
    assert_int_equal(atomic_load(&lookups), 1);
    let_resolver_hang(false);
    ZT_WAIT_MS(zobo_get_state(client) == ZOBO_CONNECTED, 60000);
    zobo_close(client);
    zt_peer_stop(reads);
    zt_peer_stop(writes);
}

static void
test_a_word_waits_for_no_resolver(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    char expected[120];
    zobo_reply *reply;
    zobo_problem why;
    assert_ok(zobo_command_at(by_name(peer), "ruok", ZT_SOON_MS, &reply, &why));
    assert_string_equal(reply->data, "imok");
    assert_string_equal(why.text, "");
    zobo_reply_free(reply);
    let_resolver_hang(true);
    uint64_t from = zt_now_ms();
    assert_err(zobo_command_at(by_name(peer), "ruok", 200, &reply, &why), ZOBO_ECONNECTTIMEOUT);
    assert_in_range(zt_now_ms() - from, 200, 5000);
    assert_null(reply);
    let_resolver_hang(false); /* the late answer finds nobody */
    atomic_store(&resolver_fails, EAI_NONAME);
    assert_err(zobo_command_at(by_name(peer), "ruok", ZT_SOON_MS, NULL, &why), ZOBO_ERESOLVE);
    snprintf(expected, sizeof expected, "%s: the name does not resolve", by_name(peer));
    assert_string_equal(why.text, expected);
    zt_peer_stop(peer);
}

static void
test_P28_other_addresses_do_not_end_a_connection(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(by_name(peer), 600);
    atomic_store(&resolver_fails, EAI_NONAME); /* the name is gone */
    size_t pings = zt_peer_count(peer, ZB_OP_PING);
    ZT_WAIT(zt_peer_count(peer, ZB_OP_PING) >= pings + 5);
    assert_ok(zobo_sync(client, "/"));
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    zobo_close(client);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_E1_resolver_fails_while_the_session_lives, reset),
        cmocka_unit_test_setup(test_E2_slow_resolver_and_a_burst, reset),
        cmocka_unit_test_setup(test_E2_slow_resolver_while_reconnecting, reset),
        cmocka_unit_test_setup(test_P27_nothing_waits_for_the_resolver, reset),
        cmocka_unit_test_setup(test_P27_one_name_of_two_does_not_resolve, reset),
        cmocka_unit_test_setup(test_P9_a_failing_resolver_is_not_hammered, reset),
        cmocka_unit_test_setup(test_a_hanging_resolver_does_not_collect_threads, reset),
        cmocka_unit_test_setup(test_a_hanging_resolver_has_one_probe, reset),
        cmocka_unit_test_setup(test_a_word_waits_for_no_resolver, reset),
        cmocka_unit_test_setup(test_P28_other_addresses_do_not_end_a_connection, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
