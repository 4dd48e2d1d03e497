/* SPDX-License-Identifier: Apache-2.0 */
/* The chroot is put on and taken off at the client's edge, at a component's boundary, in everything. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

typedef struct fixture {
    zt_peer *peer;
    zobo_client *client;
} fixture;

static bool
lie(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)arg;
    /* What a server would never do: it answers with a node beside the chroot whose name begins like it. */
    if (f->op != ZB_OP_SYNC || strcmp(f->path, "/ab/lie") != 0)
        return false;
    zt_send_event(c, ZOBO_EVENT_CHANGED, "/abc");
    zt_send_event(c, ZOBO_EVENT_CHANGED, "/");
    zt_send_event(c, ZOBO_EVENT_CHANGED, "/a");
    zt_buf body = {0};
    zt_put_str(&body, "/abc");
    zt_reply(c, f->xid, 1, 0, &body);
    zt_buf_free(&body);
    return true;
}

static int
setup(void **state)
{
    static fixture f;
    char hosts[64];
    f.peer = zt_peer_start(&(zt_peer_config){.handler = lie});
    snprintf(hosts, sizeof hosts, "%s/ab", zt_peer_hosts(f.peer));
    f.client = zt_client(hosts, 4000);
    assert_ok(zobo_ensure_path(f.client, "/", NULL));
    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    fixture *f = *state;
    zobo_close(f->client);
    zt_peer_stop(f->peer);
    return 0;
}

static void
test_P11_paths_in_all_results(void **state)
{
    fixture *f = *state;
    zobo_reply *reply;
    assert_string_equal(zobo_chroot(f->client), "/ab");
    assert_ok(zobo_create(f->client, "/x", "", 0, NULL, &reply));
    assert_string_equal(reply->path, "/x");
    zobo_reply_free(reply);
    zobo_create_options options = {.ephemeral = true, .include_stat = true, .sequence = true};
    assert_ok(zobo_create(f->client, "/x-", "", 0, &options, &reply));
    assert_memory_equal(reply->path, "/x-0", 4);
    zobo_reply_free(reply);
    options.sequence = false;
    assert_ok(zobo_create(f->client, "/e", "", 0, &options, NULL));
    assert_true(zt_peer_has_node(f->peer, "/ab/e"));
    assert_ok(zobo_get_ephemerals(f->client, "/e", &reply));
    assert_int_equal(reply->n_children, 1);
    assert_string_equal(reply->children[0], "/e");
    zobo_reply_free(reply);
    assert_ok(zobo_get_children(f->client, "/", NULL, &reply));
    assert_int_equal(reply->n_children, 3);
    zobo_reply_free(reply);
    zobo_call *call;
    assert_ok(zobo_sync_async(f->client, "/x", NULL, &call));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &reply));
    assert_string_equal(reply->path, "/x");
    zobo_reply_free(reply);
    zobo_call_free(call);
    int32_t count;
    assert_ok(zobo_get_all_children_number(f->client, "/", &count));
    assert_int_equal(count, 3);
}

static void
test_P11_boundary(void **state)
{
    fixture *f = *state;
    zt_events on_root, on_c;
    zt_events_init(&on_root);
    zt_events_init(&on_c);
    zobo_watcher root = zt_events_watcher(&on_root), c = zt_events_watcher(&on_c);
    assert_ok(zobo_get(f->client, "/", &root, NULL));
    assert_err(zobo_exists(f->client, "/c", &c, NULL), ZOBO_ENONODE);
    zobo_call *call;
    zobo_reply *reply = NULL;
    assert_ok(zobo_sync_async(f->client, "/lie", NULL, &call));
    zobo_err err = zobo_call_get(call, ZT_SOON_MS, &reply);
    if (!err)
        assert_string_equal(reply->path, "/abc"); /* not "c" */
    else
        assert_err(err, ZOBO_EBADREPLY);
    zobo_reply_free(reply);
    zobo_call_free(call);
    assert_ok(zobo_sync(f->client, "/"));
    assert_int_equal(zt_events_n(&on_root), 0);
    assert_int_equal(zt_events_n(&on_c), 0);
    zt_peer_change(f->peer, "/ab", "new");
    assert_true(zt_events_wait(&on_root, 1, ZT_SOON_MS));
    assert_string_equal(zt_events_at(&on_root, 0).path, "/");
    zt_peer_change(f->peer, "/ab/c", "new");
    assert_true(zt_events_wait(&on_c, 1, ZT_SOON_MS));
    assert_string_equal(zt_events_at(&on_c, 0).path, "/c");
    zobo_close(f->client); /* no callback after this */
    zt_events_destroy(&on_root);
    zt_events_destroy(&on_c);
    f->client = NULL;
}

static void
test_P11_recursive_watch(void **state)
{
    fixture *f = *state;
    zt_events events;
    zt_events_init(&events);
    zobo_watcher watcher = zt_events_watcher(&events);
    assert_ok(zobo_add_watch(f->client, "/", ZOBO_PERSISTENT_RECURSIVE, &watcher));
    zt_peer_change(f->peer, "/abc", "beside");
    zt_peer_change(f->peer, "/ab/d", "below");
    zt_peer_change(f->peer, "/ab/d/e", "deeper");
    assert_true(zt_events_wait(&events, 2, ZT_SOON_MS));
    assert_string_equal(zt_events_at(&events, 0).path, "/d");
    assert_string_equal(zt_events_at(&events, 1).path, "/d/e");
    zobo_close(f->client);
    f->client = NULL;
    zt_events_destroy(&events);
}

static void
test_E8_get_config_under_a_chroot(void **state)
{
    fixture *f = *state;
    zt_events events;
    zt_events_init(&events);
    zobo_watcher watcher = zt_events_watcher(&events);
    zobo_reply *reply;
    assert_ok(zobo_get_config(f->client, &watcher, &reply));
    assert_string_equal(reply->data, "server.1=tiny");
    zobo_reply_free(reply);
    assert_int_equal(zt_peer_count_path(f->peer, ZB_OP_GET_DATA, "/zookeeper/config"), 1);
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_get_config_async(f->client, NULL, &how, NULL));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_ok(calls.items[0].err);
    zt_calls_destroy(&calls);
    zt_peer_change(f->peer, "/zookeeper/config", "server.2=tiny");
    assert_true(zt_events_wait(&events, 1, ZT_SOON_MS));
    assert_int_equal(zt_events_at(&events, 0).type, ZOBO_EVENT_CHANGED);
    zobo_close(f->client);
    f->client = NULL;
    zt_events_destroy(&events);
}

static void
test_deep_chroot_is_made(void **state)
{
    fixture *f = *state;
    char hosts[80];
    snprintf(hosts, sizeof hosts, "%s/deep/er/still", zt_peer_hosts(f->peer));
    zobo_client *client = zt_client(hosts, 4000);
    assert_err(zobo_create(client, "/x", "", 0, NULL, NULL), ZOBO_ENONODE);
    assert_ok(zobo_ensure_path(client, "/", NULL));
    assert_true(zt_peer_has_node(f->peer, "/deep/er/still"));
    assert_ok(zobo_create(client, "/x", "", 0, NULL, NULL));
    zobo_close(client);
    snprintf(hosts, sizeof hosts, "%s/other/one", zt_peer_hosts(f->peer));
    client = zt_client(hosts, 4000);
    zobo_reply *reply;
    assert_ok(zobo_create(client, "/p/q", "", 0, &(zobo_create_options){.makepath = true}, &reply));
    assert_string_equal(reply->path, "/p/q");
    zobo_reply_free(reply);
    assert_true(zt_peer_has_node(f->peer, "/other/one/p/q"));
    zobo_close(client);
}

static void
test_host_strings(void **state)
{
    fixture *f = *state;
    char hosts[96];
    snprintf(hosts, sizeof hosts, "%s//ab/", zt_peer_hosts(f->peer)); /* folded, as in kazoo */
    zobo_client *client = zt_client(hosts, 4000);
    assert_string_equal(zobo_chroot(client), "/ab");
    zobo_close(client);
    snprintf(hosts, sizeof hosts, "%s/", zt_peer_hosts(f->peer));
    client = zt_client(hosts, 4000);
    assert_string_equal(zobo_chroot(client), "");
    assert_err(zobo_set_hosts(client, "127.0.0.1:1/other", NULL), ZOBO_EBADHOSTS);
    zobo_close(client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_P11_paths_in_all_results, setup, teardown),
        cmocka_unit_test_setup_teardown(test_P11_boundary, setup, teardown),
        cmocka_unit_test_setup_teardown(test_P11_recursive_watch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_E8_get_config_under_a_chroot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deep_chroot_is_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_host_strings, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
