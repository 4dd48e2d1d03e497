/* SPDX-License-Identifier: Apache-2.0 */
/* Replies in pieces, replies that are wrong, replies that are not there. Whatever a peer sends, each call ends once,
 * nothing crashes, and the client goes on. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

static zobo_client *
client_of(zt_peer *peer)
{
    return zt_client(zt_peer_hosts(peer), 4000);
}

/* --- split and joined ------------------------------------------------------------------------------------------- */

/* Answers get with 3000 bytes of data, in pieces of the size that the path names: "/7". */
static bool
in_pieces(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)arg;
    if (f->op != ZB_OP_GET_DATA)
        return false;
    zt_buf body = {0}, frame = {0};
    char data[3000];
    memset(data, 'd', sizeof data);
    zt_put_bytes(&body, data, sizeof data);
    zobo_stat stat = {.czxid = 5, .data_length = sizeof data};
    zt_put_stat(&body, &stat);
    zt_put_reply(&frame, f->xid, 9, 0, &body);
    zt_send_slowly(c, frame.p, frame.n, (size_t)strtol(f->path + 1, NULL, 10), 0);
    zt_buf_free(&body);
    zt_buf_free(&frame);
    return true;
}

static void
test_split_frames(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = in_pieces});
    zobo_client *client = client_of(peer);
    const size_t sizes[] = {1, 2, 3, 4, 5, 7, 19, 20, 21, 64, 1023, 3091, 3092, 3093};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char path[16];
        snprintf(path, sizeof path, "/%zu", sizes[i]);
        zobo_reply *reply;
        assert_ok(zobo_get(client, path, NULL, &reply));
        assert_int_equal(reply->data_len, 3000);
        assert_int_equal(((const char *)reply->data)[2999], 'd');
        assert_int_equal(((const char *)reply->data)[3000], 0);
        assert_int_equal(reply->stat.czxid, 5);
        assert_int_equal(reply->zxid, 9);
        zobo_reply_free(reply);
    }
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    zobo_close(client);
    zt_peer_stop(peer);
}

/* Holds the replies to 50 gets and an event back, then sends all in one piece. */
static bool
all_at_once(zt_conn *c, const zt_frame *f, void *arg)
{
    zt_buf *held = arg;
    if (f->op != ZB_OP_GET_DATA)
        return false;
    zt_buf body = {0};
    zt_put_str(&body, f->path);
    zobo_stat stat = {0};
    zt_put_stat(&body, &stat);
    zt_put_reply(held, f->xid, 1, 0, &body);
    zt_buf_free(&body);
    if (strcmp(f->path, "/49") == 0)
        zt_send(c, held->p, held->n);
    return true;
}

static void
test_joined_frames(void **state)
{
    (void)state;
    zt_buf held = {0};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = all_at_once, .arg = &held});
    zobo_client *client = client_of(peer);
    zt_calls calls;
    zt_calls_init(&calls, 50);
    for (int i = 0; i < 50; i++) {
        char path[16];
        snprintf(path, sizeof path, "/%d", i);
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(client, path, NULL, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    for (int i = 0; i < 50; i++) { /* in the order of submission, each its own */
        char path[16];
        snprintf(path, sizeof path, "/%d", i);
        assert_string_equal(calls.items[i].data, path);
        assert_int_equal(calls.items[i].order, i);
        assert_ok(calls.items[i].err);
    }
    assert_true(zt_calls_once_each(&calls));
    zobo_close(client);
    zt_calls_destroy(&calls);
    zt_peer_stop(peer);
    zt_buf_free(&held);
}

/* --- wrong frames ----------------------------------------------------------------------------------------------- */

typedef enum wrong {
    WRONG_XID,
    UNSOLICITED,
    UNSOLICITED_BEFORE,
    LENGTH_2GB,
    LENGTH_NEGATIVE,
    LENGTH_ZERO,
    LENGTH_15,
    SHORT_THEN_CLOSE,
    HALF_LENGTH_THEN_CLOSE,
    CLOSE,
    RESET,
    TEXT,
    PING_NOBODY_SENT,
    EVENT_TOO_SHORT,
    LAST_WRONG
} wrong;

static const char *const wrong_names[] = {"wrong xid",
                                          "a second reply to the same xid",
                                          "a reply nobody asked for, before",
                                          "2 GB",
                                          "-1 bytes",
                                          "0 bytes",
                                          "15 bytes",
                                          "half a reply",
                                          "half a length",
                                          "close",
                                          "reset",
                                          "text",
                                          "a ping's reply",
                                          "half an event"};

static bool
answer_wrongly(zt_conn *c, const zt_frame *f, void *arg)
{
    wrong how = *(wrong *)arg;
    if (f->op != ZB_OP_GET_DATA || zt_conn_index(c) > 0)
        return false;
    static const char text[] = "GET / HTTP/1.0\r\n\r\nand more of this";
    switch (how) {
    case WRONG_XID:
        zt_reply(c, f->xid + 1, 1, 0, NULL);
        break;
    case UNSOLICITED:
        zt_reply(c, f->xid, 1, ZOBO_ENONODE, NULL);
        zt_reply(c, f->xid, 1, ZOBO_ENONODE, NULL);
        break;
    case UNSOLICITED_BEFORE:
        zt_reply(c, 0x7fffffff, 1, 0, NULL);
        break;
    case LENGTH_2GB:
        zt_send(c, "\x7f\xff\xff\xff", 4);
        break;
    case LENGTH_NEGATIVE:
        zt_send(c, "\xff\xff\xff\xff", 4);
        break;
    case LENGTH_ZERO:
        zt_send(c, "\0\0\0\0", 4);
        break;
    case LENGTH_15:
        zt_send(c,
                "\0\0\0\x0f"
                "123456789012345",
                19);
        break;
    case SHORT_THEN_CLOSE:
        zt_send(c,
                "\0\0\0\x30"
                "1234567890",
                14);
        zt_close(c);
        break;
    case HALF_LENGTH_THEN_CLOSE:
        zt_send(c, "\0\0", 2);
        zt_close(c);
        break;
    case CLOSE:
        zt_close(c);
        break;
    case RESET:
        zt_reset(c);
        break;
    case TEXT:
        zt_send(c, text, sizeof text - 1);
        break;
    case PING_NOBODY_SENT:
        zt_reply(c, ZB_XID_PING, 1, 0, NULL);
        zt_reply(c, f->xid, 1, ZOBO_ENONODE, NULL);
        break;
    case EVENT_TOO_SHORT:
        zt_reply(c, ZB_XID_EVENT, 1, 0, NULL);
        break;
    default:
        break;
    }
    return true;
}

static void
test_P1_P3_wrong_frames(void **state)
{
    (void)state;
    for (int how = 0; how < LAST_WRONG; how++) {
        wrong arg = (wrong)how;
        zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = answer_wrongly, .arg = &arg});
        zobo_client *client = client_of(peer);
        zt_states states;
        zt_states_init(&states);
        assert_ok(zobo_add_listener(client, zt_states_listener, &states));
        zobo_reply *reply = (zobo_reply *)&states;
        zobo_err err = zobo_get(client, "/x", NULL, &reply);
        bool answered = how == UNSOLICITED || how == PING_NOBODY_SENT;
        if (err != (answered ? ZOBO_ENONODE : ZOBO_ECONNECTIONLOSS))
            fail_msg("%s: the get ends with %s", wrong_names[how], zobo_err_name(err));
        assert_null(reply);
        if (how != PING_NOBODY_SENT && zt_states_wait(&states, 0, ZOBO_SUSPENDED, ZT_SOON_MS) != 0)
            fail_msg("%s: the connection was not given up", wrong_names[how]);
        assert_err(zobo_get(client, "/x", NULL, NULL), ZOBO_ENONODE); /* the client has healed itself */
        if (how != PING_NOBODY_SENT)
            assert_int_equal(zt_peer_sessions_up(peer), 2);
        zobo_close(client);
        zt_states_destroy(&states);
        zt_peer_stop(peer);
    }
}

/* --- wrong bodies ----------------------------------------------------------------------------------------------- */

/* Answers everything but pings with a body of `n` bytes `fill`. */
typedef struct filler {
    size_t n;
    uint8_t fill;
} filler;

static bool
answer_filler(zt_conn *c, const zt_frame *f, void *arg)
{
    const filler *with = arg;
    if (f->op == ZB_OP_PING || f->op == ZB_OP_CLOSE_SESSION || f->op == ZB_OP_SET_WATCHES ||
        f->op == ZB_OP_SET_WATCHES2)
        return false;
    zt_buf body = {0};
    for (size_t i = 0; i < with->n; i++)
        zt_put_raw(&body, &with->fill, 1);
    zt_reply(c, f->xid, 1, 0, &body);
    zt_buf_free(&body);
    return true;
}

enum { VERBS = 16 };

static zobo_err
submit(zobo_client *client, int verb, const zobo_how *how, const zobo_watcher *watcher, zobo_transaction *tx)
{
    zobo_create_options with_stat = {.include_stat = true};
    zobo_read reads[2] = {{ZOBO_READ_DATA, "/a"}, {ZOBO_READ_CHILDREN, "/b"}};
    switch (verb) {
    case 0:
        return zobo_create_async(client, "/a", "", 0, NULL, how, NULL);
    case 1:
        return zobo_create_async(client, "/a", "", 0, &with_stat, how, NULL);
    case 2:
        return zobo_exists_async(client, "/a", watcher, how, NULL);
    case 3:
        return zobo_get_async(client, "/a", watcher, how, NULL);
    case 4:
        return zobo_get_children_async(client, "/a", watcher, how, NULL);
    case 5:
        return zobo_get_acls_async(client, "/a", how, NULL);
    case 6:
        return zobo_set_acls_async(client, "/a", zobo_open_acl(), -1, how, NULL);
    case 7:
        return zobo_set_async(client, "/a", "x", 1, -1, how, NULL);
    case 8:
        return zobo_sync_async(client, "/a", how, NULL);
    case 9:
        return zobo_add_watch_async(client, "/a", ZOBO_PERSISTENT, watcher, how, NULL);
    case 10:
        return zobo_get_ephemerals_async(client, "/a", how, NULL);
    case 11:
        return zobo_get_all_children_number_async(client, "/a", how, NULL);
    case 12:
        return zobo_who_am_i_async(client, how, NULL);
    case 13:
        return zobo_get_config_async(client, NULL, how, NULL);
    case 14:
        return zobo_transaction_commit_async(tx, how, NULL);
    default:
        return zobo_multi_read_async(client, reads, 2, how, NULL);
    }
}

static void
test_P2_short_and_senseless_bodies(void **state)
{
    (void)state;
    filler with = {0, 0};
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = answer_filler, .arg = &with});
    zobo_client *client = client_of(peer);
    zobo_transaction *tx;
    assert_ok(zobo_transaction_new(client, &tx));
    assert_ok(zobo_transaction_create(tx, "/a", "", 0, NULL));
    assert_ok(zobo_transaction_set(tx, "/a", "", 0, -1));
    zt_events events;
    zt_events_init(&events);
    zobo_watcher watcher = zt_events_watcher(&events);
    const uint8_t fills[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t fill = 0; fill < sizeof fills; fill++)
        for (with.n = 0; with.n < 90; with.n += with.n < 12 ? 1 : 7) {
            with.fill = fills[fill];
            zt_calls calls;
            zt_calls_init(&calls, VERBS);
            for (int verb = 0; verb < VERBS; verb++) {
                zobo_how how = zt_calls_how(&calls);
                assert_ok(submit(client, verb, &how, &watcher, tx));
            }
            assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
            assert_true(zt_calls_once_each(&calls));
            for (int verb = 0; verb < VERBS; verb++) {
                zobo_err err = calls.items[verb].err;
                if (verb == 9 && with.n >= 4)
                    continue; /* addWatch's body is an error number, whatever it is */
                if (err && err != ZOBO_ETRANSACTION && zobo_err_class(err) != ZOBO_CLASS_UNKNOWN &&
                    zobo_err_class(err) != ZOBO_CLASS_RETRY)
                    fail_msg("verb %d, %zu bytes 0x%02x: %s", verb, with.n, with.fill, zobo_err_name(err));
                /* No bytes at all make no reply that needs some. (addWatch's four are left out by some servers.) */
                if (with.n == 0 && !err && verb != 9)
                    fail_msg("verb %d takes an empty body for an answer", verb);
            }
            zt_calls_destroy(&calls);
        }
    zobo_transaction_free(tx);
    zobo_close(client);
    zt_events_destroy(&events);
    zt_peer_stop(peer);
}

static bool
answer_bad_create(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)arg;
    if (f->op != ZB_OP_CREATE && f->op != ZB_OP_SYNC)
        return false;
    zt_buf body = {0};
    if (f->op == ZB_OP_CREATE)
        zt_put_bytes(&body, "/a\0b", 4);
    else
        zt_put_str(&body, NULL);
    zt_reply(c, f->xid, 1, 0, &body);
    zt_buf_free(&body);
    return true;
}

static void
test_P2_paths_that_are_none(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = answer_bad_create});
    zobo_client *client = client_of(peer);
    zobo_reply *reply;
    assert_err(zobo_create(client, "/a", "", 0, NULL, &reply), ZOBO_EBADREPLY); /* a NUL inside */
    assert_null(reply);
    assert_class(ZOBO_EBADREPLY, ZOBO_CLASS_UNKNOWN);
    zobo_err err = zobo_sync(client, "/a"); /* a null path: fine or not, but no crash */
    assert_true(err == ZOBO_OK || zobo_err_class(err) == ZOBO_CLASS_UNKNOWN);
    zobo_close(client);
    zt_peer_stop(peer);
}

static bool
answer_numbers(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)arg;
    if (f->op != ZB_OP_GET_DATA)
        return false;
    zt_reply(c, f->xid, 1, (int32_t)strtol(f->path + 2, NULL, 10), NULL);
    return true;
}

static void
test_unknown_error_numbers(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = answer_numbers});
    zobo_client *client = client_of(peer);
    const int numbers[] = {-999, -128, -3, 42, -127, -1021, -1082, -2147483647};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char path[32];
        snprintf(path, sizeof path, "/n%d", numbers[i]);
        zobo_err err = zobo_get(client, path, NULL, NULL);
        /* A server's number that happens to be one of ours must not be taken for "was never sent". */
        if (numbers[i] <= -1000 && numbers[i] > -2000)
            assert_true(err != ZOBO_OK && zobo_err_class(err) != ZOBO_CLASS_RETRY &&
                        zobo_err_class(err) != ZOBO_CLASS_LOCAL);
        else
            assert_int_equal(err, numbers[i]);
    }
    assert_int_equal(zobo_err_class((zobo_err)-999), ZOBO_CLASS_REJECTED);
    assert_string_equal(zobo_err_name((zobo_err)-999), "Unknown");
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    zobo_close(client);
    zt_peer_stop(peer);
}

/* --- size ------------------------------------------------------------------------------------------------------- */

static void
test_P13_nothing_is_cut_off(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = client_of(peer);
    size_t n = 1000000;
    char *data = zt_alloc(n);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 31 % 251);
    zobo_reply *reply;
    assert_ok(zobo_create(client, "/big", data, n, NULL, NULL));
    assert_ok(zobo_get(client, "/big", NULL, &reply));
    assert_int_equal(reply->data_len, n);
    assert_memory_equal(reply->data, data, n);
    assert_int_equal(reply->stat.data_length, n);
    zobo_reply_free(reply);
    free(data);

    char path[60001];
    path[0] = '/';
    memset(path + 1, 'p', sizeof path - 2);
    path[sizeof path - 1] = 0;
    assert_ok(zobo_create(client, path, "", 0, NULL, &reply));
    assert_string_equal(reply->path, path);
    zobo_reply_free(reply);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_null_and_empty_data(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = client_of(peer);
    zobo_reply *reply;
    assert_ok(zobo_create(client, "/null", NULL, 0, NULL, NULL));
    assert_ok(zobo_create(client, "/empty", "", 0, NULL, NULL));
    assert_ok(zobo_get(client, "/null", NULL, &reply));
    assert_null(reply->data);
    assert_int_equal(reply->data_len, 0);
    zobo_reply_free(reply);
    assert_ok(zobo_get(client, "/empty", NULL, &reply));
    assert_non_null(reply->data);
    assert_int_equal(reply->data_len, 0);
    assert_string_equal(reply->data, "");
    zobo_reply_free(reply);
    zobo_close(client);
    zt_peer_stop(peer);
}

static bool
answer_too_much(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)arg;
    if (f->op != ZB_OP_GET_DATA || strcmp(f->path, "/much") != 0)
        return false;
    zt_buf body = {0};
    char data[4096] = {0};
    zt_put_bytes(&body, data, sizeof data);
    zobo_stat stat = {0};
    zt_put_stat(&body, &stat);
    zt_reply(c, f->xid, 1, 0, &body);
    zt_buf_free(&body);
    return true;
}

static void
test_limits_on_both_sides(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = answer_too_much});
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    options.max_reply_bytes = 2048;
    options.max_request_bytes = 1000;
    zobo_client *client = zt_client_with(&options);
    assert_err(zobo_get(client, "/much", NULL, NULL), ZOBO_ECONNECTIONLOSS);
    char data[1001] = {0};
    assert_err(zobo_create(client, "/a", data, sizeof data, NULL, NULL), ZOBO_ETOOBIG);
    assert_class(ZOBO_ETOOBIG, ZOBO_CLASS_USAGE);
    assert_ok(zobo_create(client, "/a", data, 500, NULL, NULL));
    assert_ok(zobo_get(client, "/a", NULL, NULL));
    assert_int_equal(zt_peer_sessions_up(peer), 2);
    zobo_close(client);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_frames),           cmocka_unit_test(test_joined_frames),
        cmocka_unit_test(test_P1_P3_wrong_frames),     cmocka_unit_test(test_P2_short_and_senseless_bodies),
        cmocka_unit_test(test_P2_paths_that_are_none), cmocka_unit_test(test_unknown_error_numbers),
        cmocka_unit_test(test_P13_nothing_is_cut_off), cmocka_unit_test(test_null_and_empty_data),
        cmocka_unit_test(test_limits_on_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
