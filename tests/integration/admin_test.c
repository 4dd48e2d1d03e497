/* SPDX-License-Identifier: Apache-2.0 */
/* Four-letter words, the server's version, the ensemble's configuration. */
#include "support/one_server.h"

#include <string.h>

static void
test_commands(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_call *call;
    assert_ok(zobo_command(zc, "ruok", &r));
    assert_string_equal(r->data, "imok");
    assert_int_equal(r->data_len, 4);
    zobo_reply_free(r);
    assert_ok(zobo_command(zc, "envi", &r)); /* whole, however long */
    assert_non_null(strstr(r->data, "zookeeper.version="));
    assert_int_equal(strlen(r->data), r->data_len);
    zobo_reply_free(r);
    assert_ok(zobo_command_async(zc, "mntr", NULL, &call));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &r));
    assert_non_null(strstr(r->data, "zk_server_state\tstandalone"));
    zobo_reply_free(r);
    zobo_call_free(call);
    zobo_err err = zobo_command(zc, "nope", &r); /* answered in words or not at all, but not hanging */
    assert_true(err == ZOBO_OK || err == ZOBO_ECONNECTIONLOSS);
    zobo_reply_free(r);
}

static void
test_server_version(void **state)
{
    (void)state;
    int version[3] = {0, 0, 0};
    char text[32];
    zobo_reply *r;
    zobo_call *call;
    assert_ok(zobo_server_version(zc, version));
    assert_int_equal(version[0], 3);
    assert_in_range(version[1], 4, 20);
    snprintf(text, sizeof text, "%d.%d.%d", version[0], version[1], version[2]);
    assert_ok(zobo_server_version_async(zc, NULL, &call));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &r));
    assert_string_equal(r->data, text);
    zobo_reply_free(r);
    zobo_call_free(call);
}

static void
test_config(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_call *call;
    assert_ok(zobo_get_config(zc, NULL, &r));
    assert_true(r->has_stat);
    zobo_reply_free(r);
    zobo_client *under = zt_client(hosts_under("/any"), 10000);
    assert_ok(zobo_get_config(under, NULL, &r)); /* whatever the chroot (E8) */
    assert_true(r->has_stat);
    zobo_reply_free(r);
    assert_ok(zobo_get_config_async(under, NULL, NULL, &call));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &r));
    zobo_reply_free(r);
    zobo_call_free(call);
    zobo_close(under);
    assert_err(zobo_reconfig(zc, "server.9=127.0.0.1:1:2;3", NULL, NULL, -1, &r), ZOBO_ERECONFIGDISABLED);
    assert_null(r);
    assert_err(zobo_reconfig(zc, NULL, "1,2", NULL, -1, NULL), ZOBO_ERECONFIGDISABLED);
    assert_ok(zobo_reconfig_async(zc, NULL, NULL, "server.1=127.0.0.1:1:2;3", 0x10, NULL, &call));
    assert_err(zobo_call_get(call, ZT_SOON_MS, NULL), ZOBO_ERECONFIGDISABLED);
    zobo_call_free(call);
}

static void
test_counters(void **state)
{
    (void)state;
    zobo_counters before = {.size = sizeof before}, after = {.size = sizeof after};
    zobo_get_counters(zc, &before);
    for (int i = 0; i < 10; i++)
        assert_ok(zobo_sync(zc, "/"));
    assert_err(zobo_get(zc, in_home("/none"), NULL, NULL), ZOBO_ENONODE);
    zobo_get_counters(zc, &after);
    assert_int_equal(after.requests - before.requests, 11);
    assert_int_equal(after.replies - before.replies, 11);
    assert_int_equal(after.errors - before.errors, 1);
    assert_true(after.bytes_out > before.bytes_out && after.bytes_in > before.bytes_in);
    assert_int_equal(after.in_flight, 0);
    assert_true(zobo_version()[0] >= '0');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        home_test(test_commands),
        home_test(test_server_version),
        home_test(test_config),
        home_test(test_counters),
    };
    return run_on_one_server(tests);
}
