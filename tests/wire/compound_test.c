/* SPDX-License-Identifier: Apache-2.0 */
/* Operations made of many requests: their deadline is one, and so is their end. */
#include "support/test.h"

#include <stdatomic.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

typedef struct fixture {
    zt_peer *peer;
    zobo_client *client;
    atomic_bool stubborn; /* "/p" is never empty, though it has no children */
    atomic_bool silent;   /* creates are not answered */
} fixture;

static bool
handle(zt_conn *c, const zt_frame *frame, void *arg)
{
    fixture *f = arg;
    if (f->stubborn && frame->op == ZB_OP_DELETE && strcmp(frame->path, "/p") == 0)
        return zt_reply(c, frame->xid, zt_zxid(c), ZOBO_ENOTEMPTY, NULL);
    return f->silent && frame->op == ZB_OP_CREATE;
}

static void
begin_with(fixture *f, uint32_t request_timeout_ms)
{
    atomic_init(&f->stubborn, false);
    atomic_init(&f->silent, false);
    f->peer = zt_peer_start(&(zt_peer_config){.handler = handle, .arg = f});
    zobo_options o = zt_options(zt_peer_hosts(f->peer), 30000);
    zobo_retry_policy at_once = {.size = sizeof at_once, .delay_ms = 10, .max_delay_ms = 10};
    o.connection_retry = &at_once;
    o.request_timeout_ms = request_timeout_ms;
    f->client = zt_client_with(&o);
}

static void
end(fixture *f)
{
    zobo_close(f->client);
    zt_peer_stop(f->peer);
}

static void
interrupt_connection(fixture *f)
{
    zt_peer_refuse(f->peer, true);
    zt_peer_cut(f->peer);
    ZT_WAIT(zobo_get_state(f->client) == ZOBO_SUSPENDED);
}

/* Most of the time is spent waiting for a connection; what the rest does not suffice for ends in time. */
static void
one_deadline(fixture *f, zobo_err (*begin)(fixture *f, const zobo_how *how, zobo_call **call))
{
    enum { WHOLE_MS = 4000, AWAY_MS = 2500 }; /* what is left is enough to connect in, on a busy machine too */
    zobo_call *call;
    zobo_how how = {.timeout_ms = WHOLE_MS};
    interrupt_connection(f);
    atomic_store(&f->silent, true);
    uint64_t from = zt_now_ms();
    assert_ok(begin(f, &how, &call));
    ZT_WAIT(zt_now_ms() - from >= AWAY_MS);
    zt_peer_refuse(f->peer, false);
    zobo_err err = zobo_call_get(call, 0, NULL);
    uint64_t took = zt_now_ms() - from;
    zobo_call_free(call);
    assert_err(err, ZOBO_EOPERATIONTIMEOUT);
    assert_in_range(took, WHOLE_MS, WHOLE_MS + AWAY_MS - 200); /* and not as long again for the second request */
}

static zobo_err
begin_ensure_path(fixture *f, const zobo_how *how, zobo_call **call)
{
    return zobo_ensure_path_async(f->client, "/a/b", NULL, how, call);
}

static void
test_one_deadline_for_ensure_path(void **state)
{
    (void)state;
    fixture f;
    begin_with(&f, 0);
    one_deadline(&f, begin_ensure_path);
    end(&f);
}

static zobo_err
begin_makepath(fixture *f, const zobo_how *how, zobo_call **call)
{
    zobo_create_options options = {.makepath = true};
    return zobo_create_async(f->client, "/a/b", "", 0, &options, how, call);
}

static void
test_one_deadline_for_makepath(void **state)
{
    (void)state;
    fixture f;
    begin_with(&f, 0);
    one_deadline(&f, begin_makepath);
    end(&f);
}

/* A node that others keep filling: tried until the deadline, with pauses, and then named. */
static void
test_delete_recursive_goes_on_until_the_deadline(void **state)
{
    (void)state;
    fixture f;
    begin_with(&f, 1000);
    zobo_problem why;
    zt_put(f.client, "/p", "");
    atomic_store(&f.stubborn, true);
    uint64_t from = zt_now_ms();
    assert_err(zobo_delete_recursive(f.client, "/p", &why), ZOBO_ENOTEMPTY);
    uint64_t took = zt_now_ms() - from;
    assert_in_range(took, 1000, 5000);
    assert_string_equal(why.text, "/p: the node has children");
    assert_in_range(zt_peer_count(f.peer, ZB_OP_DELETE), 5, 30); /* 1 + 2 + 4 + ... ms apart */
    end(&f);
}

static void
test_delete_recursive_wins_in_the_end(void **state)
{
    (void)state;
    fixture f;
    begin_with(&f, 0);
    zobo_call *call;
    zt_put(f.client, "/p", "");
    atomic_store(&f.stubborn, true);
    assert_ok(zobo_delete_recursive_async(f.client, "/p", NULL, &call));
    ZT_WAIT(zt_peer_count(f.peer, ZB_OP_DELETE) >= 8);
    assert_false(zobo_call_done(call));
    atomic_store(&f.stubborn, false);
    assert_ok(zobo_call_get(call, ZT_SOON_MS, NULL));
    zobo_call_free(call);
    assert_false(zt_peer_has_node(f.peer, "/p"));
    end(&f);
}

static void
test_stopping_ends_a_pause(void **state)
{
    (void)state;
    fixture f;
    begin_with(&f, 0);
    zobo_call *call;
    zobo_reply *reply;
    zt_put(f.client, "/p", "");
    atomic_store(&f.stubborn, true);
    assert_ok(zobo_delete_recursive_async(f.client, "/p", NULL, &call));
    ZT_WAIT(zt_peer_count(f.peer, ZB_OP_DELETE) >= 9);
    assert_ok(zobo_stop(f.client));
    zobo_err err = zobo_call_get(call, ZT_SOON_MS, &reply);
    assert_true(err == ZOBO_ESTOPPED || err == ZOBO_ECONNECTIONLOSS || err == ZOBO_ENOTSTARTED);
    assert_string_equal(reply->path, "/p");
    zobo_reply_free(reply);
    zobo_call_free(call);
    end(&f);
}

static void
test_cancelled_before_anything_was_sent(void **state)
{
    (void)state;
    fixture f;
    begin_with(&f, 0);
    zobo_call *call[3];
    zobo_create_options makepath = {.makepath = true};
    interrupt_connection(&f);
    assert_ok(zobo_ensure_path_async(f.client, "/a/b", NULL, NULL, &call[0]));
    assert_ok(zobo_create_async(f.client, "/a/b/c", "", 0, &makepath, NULL, &call[1]));
    assert_ok(zobo_delete_recursive_async(f.client, "/a", NULL, &call[2]));
    for (int i = 0; i < 3; i++) {
        zobo_call_cancel(call[i]);
        assert_err(zobo_call_get(call[i], ZT_SOON_MS, NULL), ZOBO_ECANCELLED);
        zobo_call_free(call[i]);
    }
    zt_peer_refuse(f.peer, false);
    assert_ok(zobo_wait_connected(f.client, ZT_SOON_MS));
    assert_ok(zobo_sync(f.client, "/"));
    assert_int_equal(zt_peer_count(f.peer, ZB_OP_EXISTS), 0); /* and it never will be */
    assert_int_equal(zt_peer_count(f.peer, ZB_OP_CREATE), 0);
    assert_int_equal(zt_peer_count(f.peer, ZB_OP_DELETE), 0);
    end(&f);
}

static void
test_cancelled_half_way(void **state)
{
    (void)state;
    fixture f;
    begin_with(&f, 0);
    zobo_call *call;
    zt_put(f.client, "/p", "");
    atomic_store(&f.stubborn, true);
    assert_ok(zobo_delete_recursive_async(f.client, "/p", NULL, &call));
    ZT_WAIT(zt_peer_count(f.peer, ZB_OP_DELETE) >= 9); /* in a pause, most likely */
    zobo_call_cancel(call);
    assert_err(zobo_call_get(call, ZT_SOON_MS, NULL), ZOBO_EABANDONED);
    zobo_call_free(call);
    atomic_store(&f.silent, true);
    assert_ok(zobo_ensure_path_async(f.client, "/a/b", NULL, NULL, &call));
    ZT_WAIT(zt_peer_count(f.peer, ZB_OP_CREATE) >= 2);
    zobo_call_cancel(call);
    assert_err(zobo_call_get(call, ZT_SOON_MS, NULL), ZOBO_EABANDONED);
    zobo_call_free(call);
    end(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_deadline_for_ensure_path),
        cmocka_unit_test(test_one_deadline_for_makepath),
        cmocka_unit_test(test_delete_recursive_goes_on_until_the_deadline),
        cmocka_unit_test(test_delete_recursive_wins_in_the_end),
        cmocka_unit_test(test_stopping_ends_a_pause),
        cmocka_unit_test(test_cancelled_before_anything_was_sent),
        cmocka_unit_test(test_cancelled_half_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
