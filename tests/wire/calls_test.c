/* SPDX-License-Identifier: Apache-2.0 */
/* Calls under way: waiting, deadlines, cancelling, and what happens when there are too many. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

/* Gets on "/hold..." wait for zt_peer_release, in order; the answer is NONODE. */
static bool
hold(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)arg;
    if (!f->path || strncmp(f->path, "/hold", 5) != 0)
        return false;
    if (zt_stall(c))
        zt_serve_one(c, f);
    return true;
}

typedef struct fixture {
    zt_peer *peer;
    zobo_client *client;
} fixture;

static void
begin(fixture *f, const zobo_options *options)
{
    zobo_options o = options ? *options : zt_options(NULL, 4000);
    f->peer = zt_peer_start(&(zt_peer_config){.handler = hold});
    o.hosts = zt_peer_hosts(f->peer);
    f->client = zt_client_with(&o);
}

static void
end(fixture *f)
{
    for (int i = 0; i < 1000; i++)
        zt_peer_release(f->peer);
    zobo_close(f->client);
    zt_peer_stop(f->peer);
}

static void
test_wait_poll_get(void **state)
{
    (void)state;
    fixture f;
    begin(&f, NULL);
    zobo_call *call;
    zobo_reply *reply = NULL;
    assert_ok(zobo_get_async(f.client, "/hold", NULL, NULL, &call));
    assert_false(zobo_call_done(call));
    assert_err(zobo_call_wait(call, 50), ZOBO_ETIMEDOUT);
    assert_err(zobo_call_get(call, 50, &reply), ZOBO_ETIMEDOUT);
    assert_null(reply);
    zt_peer_release(f.peer);
    assert_ok(zobo_call_wait(call, ZT_SOON_MS));
    assert_true(zobo_call_done(call));
    assert_err(zobo_call_get(call, 0, &reply), ZOBO_ENONODE);
    assert_null(reply);
    zobo_call_free(call);

    zt_put(f.client, "/a", "x");
    assert_ok(zobo_get_async(f.client, "/a", NULL, NULL, &call));
    assert_ok(zobo_call_get(call, 0, &reply));
    assert_string_equal(reply->data, "x");
    zobo_reply_free(reply);
    assert_ok(zobo_call_get(call, 0, &reply)); /* the second time there is no reply any more */
    assert_null(reply);
    zobo_call_free(call);

    assert_ok(zobo_get_async(f.client, "/a", NULL, NULL, &call));
    zobo_call_free(call); /* never waited for: no leak, nothing blocks */
    assert_ok(zobo_get_async(f.client, "/a", NULL, NULL, NULL));
    zt_calls calls; /* a callback keeps the reply for itself */
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_get_async(f.client, "/a", NULL, &how, &call));
    assert_ok(zobo_call_get(call, 0, &reply));
    assert_null(reply);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_string_equal(calls.items[0].data, "x");
    zobo_call_free(call);
    zt_calls_destroy(&calls);
    end(&f);
}

static void
test_deadline_of_what_was_sent(void **state)
{
    (void)state;
    fixture f;
    zobo_options options = zt_options(NULL, 30000);
    options.request_timeout_ms = 150;
    begin(&f, &options);
    uint64_t from = zt_now_ms();
    assert_err(zobo_get(f.client, "/hold", NULL, NULL), ZOBO_EOPERATIONTIMEOUT);
    assert_true(zt_now_ms() - from >= 140 && zt_now_ms() - from < 5000);
    assert_class(ZOBO_EOPERATIONTIMEOUT, ZOBO_CLASS_UNKNOWN);
    zt_calls calls;
    zt_calls_init(&calls, 2);
    zobo_how how = zt_calls_how(&calls);
    how.timeout_ms = 20000; /* its own deadline goes before the client's */
    assert_ok(zobo_get_async(f.client, "/hold2", NULL, &how, NULL));
    how = zt_calls_how(&calls);
    how.timeout_ms = 100;
    assert_ok(zobo_get_async(f.client, "/hold3", NULL, &how, NULL));
    ZT_WAIT(zt_calls_completed(&calls) == 1);
    assert_err(calls.items[1].err, ZOBO_EOPERATIONTIMEOUT);
    zt_peer_release(f.peer); /* the late replies are dropped, the one in time is not */
    zt_peer_release(f.peer);
    zt_peer_release(f.peer);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_ENONODE);
    assert_true(zt_calls_once_each(&calls));
    assert_err(zobo_exists(f.client, "/none", NULL, NULL), ZOBO_ENONODE);
    assert_int_equal(zt_peer_sessions_up(f.peer), 1);
    zt_calls_destroy(&calls);
    end(&f);
}

static void
test_deadline_of_what_was_not_sent(void **state)
{
    (void)state;
    fixture f;
    begin(&f, NULL);
    zt_peer_refuse(f.peer, true);
    zt_peer_cut(f.peer);
    ZT_WAIT(zobo_get_state(f.client) == ZOBO_SUSPENDED);
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    how.timeout_ms = 100;
    assert_ok(zobo_create_async(f.client, "/late", "", 0, NULL, &how, NULL));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_ENOCONNECTION);
    zt_peer_refuse(f.peer, false);
    ZT_WAIT(zobo_connected(f.client));
    assert_ok(zobo_sync(f.client, "/"));
    assert_int_equal(zt_peer_count(f.peer, ZB_OP_CREATE), 0); /* RETRY is a promise */
    zt_calls_destroy(&calls);
    end(&f);
}

static void
test_P36_cancel(void **state)
{
    (void)state;
    fixture f;
    begin(&f, NULL);
    zt_calls calls;
    zt_calls_init(&calls, 3);
    zobo_call *sent, *queued, *finished;
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_get_async(f.client, "/hold", NULL, &how, &sent));
    ZT_WAIT(zt_peer_count_path(f.peer, ZB_OP_GET_DATA, "/hold") == 1);
    zobo_call_cancel(sent);
    assert_true(zobo_call_done(sent));
    assert_err(zobo_call_get(sent, 0, NULL), ZOBO_EABANDONED);
    zobo_call_cancel(sent);
    zobo_call_free(sent);
    zt_peer_release(f.peer); /* its reply comes and finds nobody */
    how = zt_calls_how(&calls);
    assert_ok(zobo_get_async(f.client, "/", NULL, &how, &finished));
    assert_ok(zobo_call_wait(finished, 0));
    zobo_call_cancel(finished);
    assert_ok(zobo_call_get(finished, 0, NULL));
    zobo_call_free(finished);

    zt_peer_refuse(f.peer, true);
    zt_peer_cut(f.peer);
    ZT_WAIT(zobo_get_state(f.client) == ZOBO_SUSPENDED);
    how = zt_calls_how(&calls);
    assert_ok(zobo_create_async(f.client, "/never", "", 0, NULL, &how, &queued));
    zobo_call_cancel(queued);
    assert_err(zobo_call_get(queued, 0, NULL), ZOBO_ECANCELLED);
    zobo_call_free(queued);
    zt_peer_refuse(f.peer, false);
    ZT_WAIT(zobo_connected(f.client));
    assert_ok(zobo_sync(f.client, "/"));
    assert_int_equal(zt_peer_count(f.peer, ZB_OP_CREATE), 0);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_true(zt_calls_once_each(&calls));
    assert_err(calls.items[0].err, ZOBO_EABANDONED);
    assert_ok(calls.items[1].err);
    assert_err(calls.items[2].err, ZOBO_ECANCELLED);
    assert_class(ZOBO_EABANDONED, ZOBO_CLASS_UNKNOWN);
    assert_class(ZOBO_ECANCELLED, ZOBO_CLASS_LOCAL);
    zobo_call_cancel(NULL);
    zobo_call_free(NULL);
    zt_calls_destroy(&calls);
    end(&f);
}

static void *
cancel_soon(void *arg)
{
    zt_nap();
    zobo_call_cancel(arg);
    return NULL;
}

static void
test_P36_cancel_wakes_who_waits(void **state)
{
    (void)state;
    fixture f;
    zobo_options options = zt_options(NULL, 60000); /* the next heartbeat is far away */
    begin(&f, &options);
    for (int i = 0; i < 20; i++) {
        zobo_call *call;
        pthread_t thread;
        assert_ok(zobo_get_async(f.client, "/hold", NULL, NULL, &call));
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, call), 0);
        uint64_t from = zt_now_ms();
        assert_err(zobo_call_get(call, 0, NULL), ZOBO_EABANDONED);
        assert_true(zt_now_ms() - from < 5000);
        pthread_join(thread, NULL);
        zobo_call_free(call);
    }
    end(&f);
}

static void
test_commands_come_back_at_once(void **state)
{
    (void)state;
    fixture f;
    zobo_options options = zt_options(NULL, 60000);
    begin(&f, &options);
    uint64_t from = zt_now_ms();
    for (int i = 0; i < 20; i++) {
        int version[3];
        zobo_reply *reply;
        assert_ok(zobo_command(f.client, "ruok", &reply));
        assert_string_equal(reply->data, "imok");
        zobo_reply_free(reply);
        assert_ok(zobo_server_version(f.client, version));
        assert_true(version[0] == 3 && version[1] == 8 && version[2] == 0);
    }
    assert_true(zt_now_ms() - from < 5000);
    end(&f);
}

static void
test_P36_full_is_an_error(void **state)
{
    (void)state;
    fixture f;
    zobo_options options = zt_options(NULL, 30000);
    options.max_in_flight = 10;
    options.fail_when_full = true;
    begin(&f, &options);
    zt_calls calls;
    zt_calls_init(&calls, 30);
    for (int i = 0; i < 10; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(f.client, "/hold", NULL, &how, NULL));
    }
    zobo_call *call = (zobo_call *)&f;
    assert_err(zobo_get_async(f.client, "/hold", NULL, NULL, &call), ZOBO_EQUEUEFULL);
    assert_null(call);
    assert_class(ZOBO_EQUEUEFULL, ZOBO_CLASS_RETRY);
    zobo_counters counters = {.size = sizeof counters};
    zobo_get_counters(f.client, &counters);
    assert_int_equal(counters.in_flight, 10);
    zt_peer_release(f.peer);
    ZT_WAIT(zt_calls_completed(&calls) == 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_get_async(f.client, "/hold", NULL, &how, NULL));
    for (int i = 0; i < 10; i++)
        zt_peer_release(f.peer);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_ENONODE), 11);
    zt_calls_destroy(&calls);
    end(&f);
}

static void
test_P36_bytes_count_too(void **state)
{
    (void)state;
    fixture f;
    zobo_options options = zt_options(NULL, 30000);
    options.max_queued_bytes = 100000;
    options.fail_when_full = true;
    begin(&f, &options);
    zt_peer_refuse(f.peer, true); /* so that nothing can be written */
    zt_peer_cut(f.peer);
    ZT_WAIT(zobo_get_state(f.client) == ZOBO_SUSPENDED);
    char data[10000] = {0};
    zt_calls calls;
    zt_calls_init(&calls, 100);
    zobo_err err = ZOBO_OK;
    int n = 0;
    for (; n < 50 && !err; n++) {
        zobo_how how = zt_calls_how(&calls);
        err = zobo_create_async(f.client, "/n", data, sizeof data, NULL, &how, NULL);
    }
    assert_err(err, ZOBO_EQUEUEFULL);
    assert_in_range(n, 9, 12);
    zt_peer_refuse(f.peer, false);
    ZT_WAIT(zt_calls_completed(&calls) == (size_t)n - 1);
    assert_ok(zobo_create(f.client, "/m", data, sizeof data, NULL, NULL));
    zobo_close(f.client);
    f.client = NULL;
    zt_calls_destroy(&calls);
    end(&f);
}

typedef struct submitter {
    fixture *f;
    zt_calls *calls;
    zt_latch submitted;
    zobo_err err;
} submitter;

static void *
submit_one_more(void *arg)
{
    submitter *s = arg;
    zobo_how how = zt_calls_how(s->calls);
    s->err = zobo_get_async(s->f->client, "/hold", NULL, &how, NULL);
    zt_latch_hit(&s->submitted);
    return NULL;
}

static void
test_P36_full_waits_for_room(void **state)
{
    (void)state;
    fixture f;
    zobo_options options = zt_options(NULL, 30000);
    options.max_in_flight = 10;
    begin(&f, &options);
    zt_calls calls;
    zt_calls_init(&calls, 11);
    for (int i = 0; i < 10; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(f.client, "/hold", NULL, &how, NULL));
    }
    submitter s = {.f = &f, .calls = &calls};
    zt_latch_init(&s.submitted);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, submit_one_more, &s), 0);
    assert_false(zt_latch_wait(&s.submitted, 1, 200));
    zt_peer_release(f.peer);
    assert_true(zt_latch_wait(&s.submitted, 1, ZT_SOON_MS));
    assert_ok(s.err);
    for (int i = 0; i < 10; i++)
        zt_peer_release(f.peer);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_ENONODE), 11);
    pthread_join(thread, NULL);
    zt_latch_destroy(&s.submitted);
    zt_calls_destroy(&calls);
    end(&f);
}

static void
test_P36_waiting_for_room_ends_with_the_client(void **state)
{
    (void)state;
    fixture f;
    zobo_options options = zt_options(NULL, 500);
    options.max_in_flight = 2;
    begin(&f, &options);
    zt_calls calls;
    zt_calls_init(&calls, 3);
    for (int i = 0; i < 2; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(f.client, "/hold", NULL, &how, NULL));
    }
    submitter s = {.f = &f, .calls = &calls};
    zt_latch_init(&s.submitted);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, submit_one_more, &s), 0);
    assert_false(zt_latch_wait(&s.submitted, 1, 50));
    assert_ok(zobo_stop(f.client));
    assert_true(zt_latch_wait(&s.submitted, 1, ZT_SOON_MS));
    pthread_join(thread, NULL);
    if (s.err) /* or room came first */
        assert_true(s.err == ZOBO_ESTOPPED || s.err == ZOBO_ENOTSTARTED);
    zobo_close(f.client);
    f.client = NULL;
    assert_int_equal(zt_calls_completed(&calls), s.err ? 2 : 3);
    zt_latch_destroy(&s.submitted);
    zt_calls_destroy(&calls);
    end(&f);
}

/* Notes the xids of the connections' first requests. */
static bool
note_xid(zt_conn *c, const zt_frame *f, void *arg)
{
    int32_t *first = arg;
    size_t i = zt_conn_index(c);
    if (f->op == ZB_OP_SYNC && i < 8 && !first[i])
        first[i] = f->xid;
    return false;
}

static void
test_P12_xids_are_the_connections_own(void **state)
{
    (void)state;
    int32_t first[8] = {0};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = note_xid, .arg = first});
    zobo_client *one = zt_client(zt_peer_hosts(peer), 4000);
    for (int i = 0; i < 100; i++)
        assert_ok(zobo_sync(one, "/"));
    zobo_client *two = zt_client(zt_peer_hosts(peer), 4000);
    assert_ok(zobo_sync(two, "/"));
    assert_true(first[0] > 0 && first[0] < 10); /* Apache's C client begins with the time, and shares its counter */
    assert_true(first[1] > 0 && first[1] < 10);
    zobo_close(one);
    zobo_close(two);
    zt_peer_stop(peer);
}

static void
test_P36_pipelining(void **state)
{
    (void)state;
    fixture f;
    begin(&f, NULL);
    enum { N = 20000 };
    zt_calls calls;
    zt_calls_init(&calls, N);
    for (int i = 0; i < N; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(f.client, "/", NULL, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, 2 * ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), N);
    assert_true(zt_calls_once_each(&calls));
    for (size_t i = 1; i < N; i++)
        assert_true(calls.items[i].order > calls.items[i - 1].order);
    zobo_counters counters = {.size = sizeof counters};
    zobo_get_counters(f.client, &counters);
    assert_true(counters.requests >= N && counters.replies >= N && counters.in_flight == 0);
    uint64_t latencies = 0;
    for (int i = 0; i < 32; i++)
        latencies += counters.latency_us[i];
    assert_int_equal(latencies, counters.requests);
    zt_calls_destroy(&calls);
    end(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_poll_get),
        cmocka_unit_test(test_deadline_of_what_was_sent),
        cmocka_unit_test(test_deadline_of_what_was_not_sent),
        cmocka_unit_test(test_P36_cancel),
        cmocka_unit_test(test_P36_cancel_wakes_who_waits),
        cmocka_unit_test(test_commands_come_back_at_once),
        cmocka_unit_test(test_P36_full_is_an_error),
        cmocka_unit_test(test_P36_bytes_count_too),
        cmocka_unit_test(test_P36_full_waits_for_room),
        cmocka_unit_test(test_P36_waiting_for_room_ends_with_the_client),
        cmocka_unit_test(test_P12_xids_are_the_connections_own),
        cmocka_unit_test(test_P36_pipelining),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
