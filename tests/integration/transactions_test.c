/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions in all modes of creation, and under a chroot. */
#include "support/one_server.h"

#include <string.h>

static void
test_every_mode(void **state)
{
    (void)state;
    zobo_transaction *tx;
    zobo_reply *r;
    zobo_client_id id;
    assert_ok(zobo_get_client_id(zc, &id));
    assert_ok(zobo_transaction_new(zc, &tx));
    assert_ok(zobo_transaction_create(tx, in_home("/plain"), "p", 1, NULL));
    assert_ok(zobo_transaction_create(tx, in_home("/stat"), "s", 1, &(zobo_create_options){.include_stat = true}));
    assert_ok(zobo_transaction_create(tx, in_home("/container"), "c", 1, &(zobo_create_options){.container = true}));
    assert_ok(zobo_transaction_create(tx, in_home("/ttl"), "t", 1, &(zobo_create_options){.ttl_ms = 60000}));
    assert_ok(zobo_transaction_create(tx, in_home("/ttl-"), "t", 1,
                                      &(zobo_create_options){.ttl_ms = 60000, .sequence = true}));
    assert_ok(zobo_transaction_create(tx, in_home("/e"), "e", 1, &(zobo_create_options){.ephemeral = true}));
    assert_ok(zobo_transaction_create(tx, in_home("/s-"), NULL, 0, &(zobo_create_options){.sequence = true}));
    assert_ok(zobo_transaction_create(tx, in_home("/"), "", 0, &(zobo_create_options){.sequence = true}));
    assert_ok(zobo_transaction_create(
        tx, in_home("/es-"), "", 0, &(zobo_create_options){.sequence = true, .ephemeral = true, .include_stat = true}));
    assert_ok(zobo_transaction_set(tx, in_home("/plain"), "new", 3, 0));
    assert_ok(zobo_transaction_check(tx, in_home("/plain"), 1));
    assert_ok(zobo_transaction_delete(tx, in_home("/plain"), 1));
    assert_int_equal(zobo_transaction_size(tx), 12);
    assert_ok(zobo_transaction_commit(tx, &r));
    assert_int_equal(r->n_results, 12);
    assert_int_equal(r->err, ZOBO_OK);
    const char *const paths[] = {"/plain", "/stat",         "/container",  "/ttl",          "/ttl-0000000004",
                                 "/e",     "/s-0000000006", "/0000000007", "/es-0000000008"};
    const bool stats[] = {false, true, true, true, true, false, false, false, true, true, false, false};
    for (size_t i = 0; i < 12; i++) {
        assert_ok(r->results[i].err);
        /* Servers before ZOOKEEPER-4026 leave the stat out where it is asked for with include_stat. */
        if (r->results[i].has_stat != stats[i] && i != 1 && i != 8)
            fail_msg("result %zu has %s stat", i, stats[i] ? "no" : "a");
        if (i < 9)
            assert_string_equal(r->results[i].path, in_home(paths[i]));
        else
            assert_null(r->results[i].path);
    }
    if (r->results[8].has_stat)
        assert_int_equal(r->results[8].stat.ephemeral_owner, id.session_id);
    assert_int_equal(r->results[9].stat.version, 1);
    assert_int_equal(r->results[9].stat.data_length, 3);
    zobo_reply_free(r);
    zobo_transaction_free(tx);
    assert_err(zobo_exists(zc, in_home("/plain"), NULL, NULL), ZOBO_ENONODE);
}

static void
test_all_or_nothing(void **state)
{
    (void)state;
    zobo_transaction *tx;
    zobo_reply *r;
    zt_put(zc, in_home("/there"), "1");
    assert_ok(zobo_transaction_new(zc, &tx));
    assert_ok(zobo_transaction_create(tx, in_home("/a"), "", 0, NULL));
    assert_ok(zobo_transaction_set(tx, in_home("/there"), "2", 1, 99));
    assert_ok(zobo_transaction_delete(tx, in_home("/there"), -1));
    assert_err(zobo_transaction_commit(tx, &r), ZOBO_ETRANSACTION);
    assert_non_null(r);
    assert_int_equal(r->n_results, 3);
    assert_err(r->results[0].err, ZOBO_EROLLEDBACK);
    assert_err(r->results[1].err, ZOBO_EBADVERSION);
    assert_err(r->results[2].err, ZOBO_ERUNTIMEINCONSISTENCY);
    zobo_reply_free(r);
    assert_err(zobo_exists(zc, in_home("/a"), NULL, NULL), ZOBO_ENONODE);
    assert_ok(zobo_set(zc, in_home("/there"), "x", 1, -1, NULL));
    zobo_call *call; /* it is not used up */
    assert_ok(zobo_transaction_commit_async(tx, NULL, &call));
    assert_err(zobo_call_get(call, ZT_SOON_MS, &r), ZOBO_ETRANSACTION);
    assert_non_null(r);
    assert_err(r->results[1].err, ZOBO_EBADVERSION);
    zobo_reply_free(r);
    zobo_call_free(call);
    zobo_transaction_free(tx);

    assert_ok(zobo_transaction_new(zc, &tx));
    assert_ok(zobo_transaction_commit(tx, &r)); /* empty */
    assert_int_equal(r->n_results, 0);
    zobo_reply_free(r);
    assert_ok(zobo_transaction_check(tx, in_home("/none"), -1));
    assert_err(zobo_transaction_commit(tx, &r), ZOBO_ETRANSACTION);
    assert_err(r->results[0].err, ZOBO_ENONODE);
    zobo_reply_free(r);
    zobo_transaction_free(tx);
}

static void
test_sees_its_own_changes(void **state)
{
    (void)state;
    zobo_transaction *tx;
    zt_put(zc, in_home("/p"), "");
    zt_put(zc, in_home("/p/c"), "");
    assert_ok(zobo_transaction_new(zc, &tx));
    assert_ok(zobo_transaction_delete(tx, in_home("/p/c"), -1));
    assert_ok(zobo_transaction_delete(tx, in_home("/p"), -1));
    assert_ok(zobo_transaction_create(tx, in_home("/p"), "again", 5, NULL));
    assert_ok(zobo_transaction_create(tx, in_home("/p/d"), "", 0, NULL));
    assert_ok(zobo_transaction_commit(tx, NULL));
    assert_ok(zobo_exists(zc, in_home("/p/d"), NULL, NULL));
    zobo_transaction_free(tx);
}

static void
test_many_operations(void **state)
{
    (void)state;
    enum { N = 2000 };
    zobo_transaction *tx;
    zobo_reply *r;
    assert_ok(zobo_transaction_new(zc, &tx));
    for (int i = 0; i < N; i++) {
        char name[32];
        snprintf(name, sizeof name, "/n%d", i);
        assert_ok(zobo_transaction_create(tx, in_home(name), "x", 1, NULL));
    }
    assert_ok(zobo_transaction_commit(tx, &r));
    assert_int_equal(r->n_results, N);
    assert_string_equal(r->results[N - 1].path, in_home("/n1999"));
    zobo_reply_free(r);
    zobo_transaction_free(tx);
}

static void
test_under_a_chroot(void **state)
{
    (void)state;
    zobo_client *c = zt_client(hosts_under(""), 10000);
    zobo_transaction *tx;
    zobo_reply *r;
    assert_ok(zobo_transaction_new(c, &tx));
    assert_ok(zobo_transaction_create(tx, "/a", "", 0, NULL));
    assert_ok(zobo_transaction_create(tx, "/a/c", "", 0, &(zobo_create_options){.container = true}));
    assert_ok(zobo_transaction_create(tx, "/a/s-", "", 0, &(zobo_create_options){.sequence = true}));
    assert_ok(zobo_transaction_set(tx, "/", "root", 4, -1));
    assert_ok(zobo_transaction_commit(tx, &r));
    assert_string_equal(r->results[0].path, "/a");
    assert_string_equal(r->results[1].path, "/a/c");
    assert_string_equal(r->results[2].path, "/a/s-0000000001");
    zobo_reply_free(r);
    zobo_transaction_free(tx);
    zobo_close(c);
    assert_ok(zobo_exists(zc, in_home("/a/s-0000000001"), NULL, NULL));
    assert_ok(zobo_get(zc, home, NULL, &r));
    assert_string_equal(r->data, "root");
    zobo_reply_free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        home_test(test_every_mode),      home_test(test_all_or_nothing), home_test(test_sees_its_own_changes),
        home_test(test_many_operations), home_test(test_under_a_chroot),
    };
    return run_on_one_server(tests);
}
