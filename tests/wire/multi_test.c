/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: Apache's C client aborts the process on four of the answers below. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

static zobo_transaction *
two_ops(zobo_client *client)
{
    zobo_transaction *tx;
    assert_ok(zobo_transaction_new(client, &tx));
    assert_ok(zobo_transaction_create(tx, "/a", "1", 1, NULL));
    assert_ok(zobo_transaction_set(tx, "/a", "2", 1, 0));
    assert_int_equal(zobo_transaction_size(tx), 2);
    return tx;
}

/* Answers a multi with what the test says: an error in the header, or a body. */
typedef struct answer {
    int32_t err;
    zt_buf body;
} answer;

static bool
answer_multi(zt_conn *c, const zt_frame *f, void *arg)
{
    const answer *a = arg;
    if (f->op != ZB_OP_MULTI && f->op != ZB_OP_MULTI_READ)
        return false;
    zt_reply(c, f->xid, 5, a->err, &a->body);
    return true;
}

static void
test_E4_error_in_the_header_of_multi(void **state)
{
    (void)state;
    answer a = {0, {0}};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = answer_multi, .arg = &a});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_transaction *tx = two_ops(client);
    const int errs[] = {ZOBO_ENOTREADONLY, ZOBO_EMARSHALLING, ZOBO_ETHROTTLED, ZOBO_ESYSTEM, -999};
    for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++) {
        a.err = errs[i];
        zobo_reply *reply = NULL;
        assert_err(zobo_transaction_commit(tx, &reply), errs[i]);
        assert_null(reply);
        zt_calls calls;
        zt_calls_init(&calls, 1);
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_transaction_commit_async(tx, &how, NULL));
        assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
        assert_err(calls.items[0].err, errs[i]);
        zt_calls_destroy(&calls);
        zobo_read read = {ZOBO_READ_DATA, "/"};
        assert_err(zobo_multi_read(client, &read, 1, &reply), errs[i]);
        assert_null(reply);
    }
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    zobo_transaction_free(tx);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_E5_E7_every_create_in_multi(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL); /* answers container, TTL and create2 with type 15, as servers do */
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_transaction *tx;
    assert_ok(zobo_transaction_new(client, &tx));
    assert_ok(zobo_transaction_create(tx, "/plain", "p", 1, NULL));
    assert_ok(zobo_transaction_create(tx, "/stat", "p", 1, &(zobo_create_options){.include_stat = true}));
    assert_ok(zobo_transaction_create(tx, "/container", "p", 1, &(zobo_create_options){.container = true}));
    assert_ok(zobo_transaction_create(tx, "/ttl", "p", 1, &(zobo_create_options){.ttl_ms = 10000}));
    assert_ok(zobo_transaction_create(tx, "/s-", "p", 1, &(zobo_create_options){.sequence = true, .ephemeral = true}));
    assert_ok(zobo_transaction_create(tx, "/t-", "p", 1, &(zobo_create_options){.sequence = true, .ttl_ms = 10000}));
    assert_ok(zobo_transaction_set(tx, "/plain", "q", 1, 0));
    assert_ok(zobo_transaction_check(tx, "/plain", 1));
    assert_ok(zobo_transaction_delete(tx, "/plain", 1));
    zobo_reply *reply;
    assert_ok(zobo_transaction_commit(tx, &reply));
    assert_int_equal(reply->n_results, 9);
    const zobo_result *r = reply->results;
    assert_string_equal(r[0].path, "/plain");
    assert_string_equal(r[1].path, "/stat");
    assert_true(r[1].has_stat && r[1].stat.data_length == 1);
    assert_string_equal(r[2].path, "/container");
    assert_true(r[2].has_stat);
    assert_string_equal(r[3].path, "/ttl");
    assert_true(r[3].has_stat);
    assert_string_equal(r[4].path, "/s-0000000004");
    assert_non_null(strstr(r[5].path, "/t-00000"));
    assert_true(r[6].has_stat && r[6].stat.version == 1);
    assert_null(r[7].path);
    assert_null(r[8].path);
    for (size_t i = 0; i < 9; i++)
        assert_ok(r[i].err);
    zobo_reply_free(reply);
    zobo_transaction_free(tx);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_rolled_back(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_transaction *tx;
    assert_ok(zobo_transaction_new(client, &tx));
    assert_ok(zobo_transaction_create(tx, "/a", "", 0, NULL));
    assert_ok(zobo_transaction_check(tx, "/a", 7));
    assert_ok(zobo_transaction_delete(tx, "/a", -1));
    zobo_reply *reply;
    assert_err(zobo_transaction_commit(tx, &reply), ZOBO_ETRANSACTION);
    assert_non_null(reply);
    assert_err(reply->err, ZOBO_ETRANSACTION);
    assert_int_equal(reply->n_results, 3);
    assert_err(reply->results[0].err, ZOBO_EROLLEDBACK);
    assert_err(reply->results[1].err, ZOBO_EBADVERSION);
    assert_err(reply->results[2].err, ZOBO_ERUNTIMEINCONSISTENCY);
    zobo_reply_free(reply);
    assert_err(zobo_transaction_commit(tx, NULL), ZOBO_ETRANSACTION); /* nobody has to take the results */
    assert_class(ZOBO_ETRANSACTION, ZOBO_CLASS_REJECTED);
    assert_false(zt_peer_has_node(peer, "/a"));
    zobo_transaction_free(tx);

    assert_ok(zobo_transaction_new(client, &tx)); /* empty */
    assert_ok(zobo_transaction_commit(tx, &reply));
    assert_int_equal(reply->n_results, 0);
    zobo_reply_free(reply);
    zobo_transaction_free(tx);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_E6_bad_path_in_a_transaction_under_a_chroot(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    char hosts[64];
    snprintf(hosts, sizeof hosts, "%s/root", zt_peer_hosts(peer));
    zobo_client *client = zt_client(hosts, 4000);
    assert_ok(zobo_ensure_path(client, "/", NULL));
    zobo_transaction *tx = two_ops(client);
    const char *const bad[] = {"", "a", "/a/", "//a", "/a/../b", "/a/.", "/\1", "/\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_err(zobo_transaction_create(tx, bad[i], "", 0, NULL), ZOBO_EBADPATH);
        assert_err(zobo_transaction_set(tx, bad[i], "", 0, -1), ZOBO_EBADPATH);
        assert_err(zobo_transaction_delete(tx, bad[i], -1), ZOBO_EBADPATH);
        assert_err(zobo_transaction_check(tx, bad[i], -1), ZOBO_EBADPATH);
    }
    assert_err(zobo_transaction_create(tx, "/b", "", 0, &(zobo_create_options){.makepath = true}), ZOBO_EBADOPTION);
    assert_int_equal(zobo_transaction_size(tx), 2); /* as it was, and it works */
    zobo_reply *reply;
    assert_ok(zobo_transaction_commit(tx, &reply));
    assert_int_equal(reply->n_results, 2);
    assert_string_equal(reply->results[0].path, "/a"); /* the chroot is off (P11) */
    zobo_reply_free(reply);
    assert_true(zt_peer_has_node(peer, "/root/a"));
    zobo_transaction_free(tx);
    zobo_close(client);
    zt_peer_stop(peer);
}

/* --- answers that do not fit the question ----------------------------------------------------------------------- */

static void
put_head(zt_buf *b, int32_t type, bool done, int32_t err)
{
    zt_put_i32(b, type);
    zt_put_bool(b, done);
    zt_put_i32(b, err);
}

static void
put_answer(zt_buf *b, int which)
{
    zobo_stat stat = {0};
    b->n = 0;
    switch (which) {
    case 0:
        break; /* nothing */
    case 1:
        put_head(b, -1, true, -1);
        break; /* too few */
    case 2:    /* one too few */
        put_head(b, ZB_OP_CREATE, false, 0);
        zt_put_str(b, "/a");
        put_head(b, -1, true, -1);
        break;
    case 3: /* no end */
        put_head(b, ZB_OP_CREATE, false, 0);
        zt_put_str(b, "/a");
        put_head(b, ZB_OP_SET_DATA, false, 0);
        zt_put_stat(b, &stat);
        break;
    case 4: /* the stat is cut off */
        put_head(b, ZB_OP_CREATE, false, 0);
        zt_put_str(b, "/a");
        put_head(b, ZB_OP_SET_DATA, false, 0);
        zt_put_i64(b, 1);
        put_head(b, -1, true, -1);
        break;
    case 5: /* an unknown type */
        put_head(b, 4711, false, 0);
        put_head(b, ZB_OP_SET_DATA, false, 0);
        zt_put_stat(b, &stat);
        put_head(b, -1, true, -1);
        break;
    case 6: /* an error without its number */
        put_head(b, -1, false, -103);
        break;
    case 7: /* more results than operations */
        for (int i = 0; i < 3; i++) {
            put_head(b, ZB_OP_CREATE, false, 0);
            zt_put_str(b, "/a");
        }
        put_head(b, -1, true, -1);
        break;
    default: /* a path of 2 GB */
        put_head(b, ZB_OP_CREATE, false, 0);
        zt_put_i32(b, 0x7fffffff);
        break;
    }
}

static void
test_P1_answers_that_do_not_fit(void **state)
{
    (void)state;
    answer a = {0, {0}};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = answer_multi, .arg = &a});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_transaction *tx = two_ops(client);
    for (int which = 0; which < 9; which++) {
        put_answer(&a.body, which);
        zobo_reply *reply = (zobo_reply *)&a;
        zobo_err err = zobo_transaction_commit(tx, &reply);
        if (zobo_err_class(err) != ZOBO_CLASS_UNKNOWN)
            fail_msg("answer %d: commit says %s", which, zobo_err_name(err));
        assert_null(reply);
        assert_ok(zobo_sync(client, "/"));
    }
    zobo_transaction_free(tx);
    zobo_close(client);
    zt_peer_stop(peer);
    zt_buf_free(&a.body);
}

static void
test_multi_read(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zt_put(client, "/a", "data");
    zt_put(client, "/a/c", "");
    zobo_read reads[3] = {{ZOBO_READ_DATA, "/a"}, {ZOBO_READ_DATA, "/none"}, {ZOBO_READ_CHILDREN, "/a"}};
    zobo_reply *reply;
    assert_ok(zobo_multi_read(client, reads, 3, &reply));
    assert_int_equal(reply->n_results, 3);
    assert_string_equal(reply->results[0].data, "data");
    assert_true(reply->results[0].has_stat);
    assert_err(reply->results[1].err, ZOBO_ENONODE);
    assert_int_equal(reply->results[2].n_children, 1);
    assert_string_equal(reply->results[2].children[0], "c");
    zobo_reply_free(reply);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_a_transaction_outlives_nothing_it_needs(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_transaction *tx = two_ops(client);
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_transaction_commit_async(tx, &how, NULL));
    zobo_transaction_free(tx); /* a commit under way is not disturbed */
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_ok(calls.items[0].err);
    zt_calls_destroy(&calls);
    zobo_close(client);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_E4_error_in_the_header_of_multi),
        cmocka_unit_test(test_E5_E7_every_create_in_multi),
        cmocka_unit_test(test_rolled_back),
        cmocka_unit_test(test_E6_bad_path_in_a_transaction_under_a_chroot),
        cmocka_unit_test(test_P1_answers_that_do_not_fit),
        cmocka_unit_test(test_multi_read),
        cmocka_unit_test(test_a_transaction_outlives_nothing_it_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
