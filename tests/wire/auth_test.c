/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: each answered for itself, kept in order, sent before anything else on each connection. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

/* Notes every auth request and, in order with them, the other requests, as text: "[scheme:credential] op op". */
typedef struct journal {
    pthread_mutex_t lock;
    char text[4096];
} journal;

static bool
write_down(zt_conn *c, const zt_frame *f, void *arg)
{
    journal *j = arg;
    char line[256] = "";
    (void)c;
    if (f->op == ZB_OP_AUTH) {
        zt_cursor at = {f->body, f->body + f->len, false};
        const uint8_t *credential;
        zt_take_i32(&at);
        char *scheme = zt_take_str(&at);
        int32_t n = zt_take_bytes(&at, &credential);
        snprintf(line, sizeof line, "[%s:%.*s]", scheme ? scheme : "", n > 0 ? (int)n : 0, (const char *)credential);
        free(scheme);
    } else if (f->op != ZB_OP_PING) {
        snprintf(line, sizeof line, "(%d)", (int)f->op);
    }
    pthread_mutex_lock(&j->lock);
    strncat(j->text, line, sizeof j->text - strlen(j->text) - 1);
    pthread_mutex_unlock(&j->lock);
    return false;
}

static bool
journal_is(journal *j, const char *want)
{
    pthread_mutex_lock(&j->lock);
    bool same = strcmp(j->text, want) == 0;
    pthread_mutex_unlock(&j->lock);
    return same;
}

static void
clear(journal *j)
{
    pthread_mutex_lock(&j->lock);
    j->text[0] = 0;
    pthread_mutex_unlock(&j->lock);
}

static void
test_E10_add_auth_completes_at_once(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 30000);
    assert_ok(zobo_sync(client, "/"));
    uint64_t from = zt_now_ms();
    assert_ok(zobo_add_auth(client, "digest", "a:b", 3)); /* on an idle connection */
    assert_true(zt_now_ms() - from < 2000);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_P10_each_credential_is_answered_for_itself(void **state)
{
    (void)state;
    journal j = {PTHREAD_MUTEX_INITIALIZER, ""};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = write_down, .arg = &j});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zt_calls calls;
    zt_calls_init(&calls, 3);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_add_auth_async(client, "digest", "u1:p", 4, &how, NULL));
    how = zt_calls_how(&calls);
    assert_ok(zobo_add_auth_async(client, "digest", "u2:p", 4, &how, NULL));
    how = zt_calls_how(&calls);
    assert_ok(zobo_add_auth_async(client, "nonsense", "x", 1, &how, NULL)); /* refused; the server closes */
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_ok(calls.items[0].err);
    assert_ok(calls.items[1].err);
    assert_err(calls.items[2].err, ZOBO_EAUTHFAILED);
    assert_true(calls.items[0].order < calls.items[1].order && calls.items[1].order < calls.items[2].order);
    assert_true(zt_calls_once_each(&calls));
    ZT_WAIT(zt_peer_sessions_up(peer) == 2); /* it reconnects without the refused one, the others in order */
    assert_ok(zobo_sync(client, "/"));
    assert_true(journal_is(&j, "[digest:u1:p][digest:u2:p][nonsense:x][digest:u1:p][digest:u2:p](9)"));
    zt_calls_destroy(&calls);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_P10_add_auth_without_a_connection(void **state)
{
    (void)state;
    journal j = {PTHREAD_MUTEX_INITIALIZER, ""};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = write_down, .arg = &j});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zt_states states;
    zt_states_init(&states);
    assert_ok(zobo_add_listener(client, zt_states_listener, &states));
    zt_peer_refuse(peer, true);
    zt_peer_cut(peer);
    assert_true(zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) == 0);
    zt_calls calls;
    zt_calls_init(&calls, 2);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_add_auth_async(client, "digest", "u:p", 3, &how, NULL));
    how = zt_calls_how(&calls);
    assert_ok(zobo_sync_async(client, "/", &how, NULL));
    zt_peer_refuse(peer, false);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 2);
    assert_true(journal_is(&j, "[digest:u:p](9)"));
    zt_calls_destroy(&calls);
    zobo_close(client);
    zt_states_destroy(&states);
    zt_peer_stop(peer);
}

static void
test_credentials_go_before_watches_and_requests(void **state)
{
    (void)state;
    journal j = {PTHREAD_MUTEX_INITIALIZER, ""};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = write_down, .arg = &j});
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    zobo_auth auth[2] = {{"digest", "a:1", 3}, {"digest", "b:2", 3}};
    options.auth = auth;
    options.n_auth = 2;
    zobo_client *client = zt_client_with(&options);
    assert_ok(zobo_add_auth(client, "digest", "c:3", 3));
    zt_events events;
    zt_events_init(&events);
    zobo_watcher watcher = zt_events_watcher(&events);
    assert_ok(zobo_get(client, "/", &watcher, NULL));
    assert_true(journal_is(&j, "[digest:a:1][digest:b:2][digest:c:3](4)"));
    clear(&j);
    zt_peer_cut(peer);
    ZT_WAIT(zt_peer_sessions_up(peer) == 2);
    assert_ok(zobo_sync(client, "/"));
    char want[128];
    snprintf(want, sizeof want, "[digest:a:1][digest:b:2][digest:c:3](%d)(9)",
             zt_peer_count(peer, ZB_OP_SET_WATCHES) ? ZB_OP_SET_WATCHES : ZB_OP_SET_WATCHES2);
    assert_true(journal_is(&j, want));
    zobo_close(client);
    zt_events_destroy(&events);
    zt_peer_stop(peer);
}

static void
test_refused_at_start(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    zobo_auth auth[1] = {{"nonsense", "a", 1}};
    options.auth = auth;
    options.n_auth = 1;
    zobo_client *client;
    zobo_problem why;
    assert_ok(zobo_new(&options, &client, &why));
    zt_states states;
    zt_states_init(&states);
    assert_ok(zobo_add_listener(client, zt_states_listener, &states));
    assert_err(zobo_start(client, 0, &why), ZOBO_EAUTHFAILED);
    assert_true(why.text[0]);
    assert_int_equal(zobo_get_state(client), ZOBO_LOST);
    assert_true(zt_peer_connections(peer) <= 2); /* it does not go on knocking */
    zobo_close(client);
    zt_states_destroy(&states);
    zt_peer_stop(peer);
}

static void
test_refused_by_add_auth(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(client, &before));
    assert_err(zobo_add_auth(client, "nonsense", "a", 1), ZOBO_EAUTHFAILED);
    assert_ok(zobo_sync(client, "/")); /* reconnected, without it, in the same session */
    assert_ok(zobo_get_client_id(client, &after));
    assert_int_equal(before.session_id, after.session_id);
    assert_int_equal(zt_peer_count(peer, ZB_OP_AUTH), 1);
    zobo_close(client);
    zt_peer_stop(peer);
}

/* Reads nothing after the session is up until the test says so. */
static void
slow_reader(zt_conn *c, void *arg)
{
    (void)arg;
    if (zt_accept_session(c) && zt_stall(c))
        zt_serve(c);
}

static void
test_P4_add_auth_does_not_cut_into_a_frame_under_way(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.script = slow_reader});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 30000);
    enum { N = 12, SIZE = 900000 }; /* more than any socket's buffers take */
    char *data = zt_alloc(SIZE);
    memset(data, 'x', SIZE);
    zt_calls calls;
    zt_calls_init(&calls, N + 1);
    for (int i = 0; i < N; i++) {
        char path[16];
        snprintf(path, sizeof path, "/n%d", i);
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_create_async(client, path, data, SIZE, NULL, &how, NULL));
    }
    zobo_counters counters = {.size = sizeof counters};
    uint64_t sent = 0;
    ZT_WAIT((zobo_get_counters(client, &counters), counters.bytes_out) > SIZE / 4); /* it is in the middle of it */
    do {
        sent = counters.bytes_out;
        zt_nap();
        zobo_get_counters(client, &counters);
    } while (counters.bytes_out != sent);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_add_auth_async(client, "digest", "a:b", 3, &how, NULL));
    zt_peer_release(peer);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), N + 1);
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    free(data);
    zt_calls_destroy(&calls);
    zobo_close(client);
    zt_peer_stop(peer); /* it would have complained of frames it cannot read */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_E10_add_auth_completes_at_once),
        cmocka_unit_test(test_P10_each_credential_is_answered_for_itself),
        cmocka_unit_test(test_P10_add_auth_without_a_connection),
        cmocka_unit_test(test_credentials_go_before_watches_and_requests),
        cmocka_unit_test(test_refused_at_start),
        cmocka_unit_test(test_refused_by_add_auth),
        cmocka_unit_test(test_P4_add_auth_does_not_cut_into_a_frame_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
