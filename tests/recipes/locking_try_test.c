/* SPDX-License-Identifier: Apache-2.0 */
/* A locking queue's get tries an entry by two requests at once: the lock, and the data. */
#include "recipes/pair.h"

#include <zobo/queue.h>

#include "support/peer.h"

static zobo_locking_queue *
queue(zobo_client *client)
{
    zobo_locking_queue *q;
    assert_ok(zobo_locking_queue_new(client, "/l", NULL, &q, NULL));
    return q;
}

/* The lock cannot be made any more: the connection goes, and comes back only to lose it again. */
static bool
no_lock(zt_conn *conn, const zt_frame *f, void *arg)
{
    (void)arg;
    if (f->op != ZB_OP_MULTI)
        return false;
    zt_peer_refuse(zt_conn_peer(conn), true);
    zt_close(conn);
    return true;
}

/* Whoever gives up does not wait for a connection. */
static void
test_given_up_without_connection(void **state)
{
    zt_calls calls;
    zobo_call *call;
    zobo_counters k = {.size = sizeof k};
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = no_lock});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 60000);
    zobo_locking_queue *q = queue(client);
    assert_ok(zobo_ensure_path(client, "/l/entries/entry-100-0000000000", NULL));
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_locking_queue_get_async(q, &how, &call));
    ZT_WAIT(!zobo_connected(client) && (zobo_get_counters(client, &k), k.in_flight == 2));
    zobo_call_cancel(call);
    zobo_call_free(call);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_ECANCELLED);
    assert_int_equal(zt_peer_count(peer, ZB_OP_MULTI), 1);
    assert_false(zobo_connected(client));
    zt_peer_refuse(peer, false);
    zobo_locking_queue_free(q);
    zobo_close(client);
    zt_calls_destroy(&calls);
    zt_peer_stop(peer);
}

/* There is room for one request only: the data cannot be asked for while the lock is being made. */
static void
test_no_room_for_the_data(void **state)
{
    zobo_reply *reply;
    zobo_options o = client_options();
    (void)state;
    o.max_in_flight = 1;
    zobo_client *narrow = zt_client_with(&o);
    zobo_locking_queue *q = queue(narrow);
    assert_ok(zobo_locking_queue_put(q, "x", 1, 100, 0));
    for (int i = 0; i < 3; i++) {
        assert_ok(zobo_locking_queue_get(q, 0, &reply));
        assert_int_equal(children_of(look, "/l/taken"), 1);
        zobo_reply_free(reply);
        assert_ok(zobo_locking_queue_release(q, 0));
        assert_ok(zobo_get_children(look, "/l", NULL, &reply));
        for (size_t j = 0; j < reply->n_children; j++) { /* somebody removes the token: then there is no lock */
            char path[80];
            snprintf(path, sizeof path, "/l/%s", reply->children[j]);
            if (strstr(path, "__session__"))
                assert_ok(zobo_delete(look, path, -1));
        }
        zobo_reply_free(reply);
    }
    zobo_locking_queue_free(q);
    zobo_close(narrow);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_up_without_connection),
        cmocka_unit_test_setup_teardown(test_no_room_for_the_data, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
