/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes and framing: PROTOCOL.md 1-10, 12. */
#include "support/engine.h"
#include "unit/test.h"
#include "wire/op.h"

static void
test_1_the_answer_is_as_long_as_the_request(void **state)
{
    zt_link l;
    for (int byte = 0; byte < 2; byte++) {
        zt_link_open(*state, &l, "127.0.0.1");
        zt_link_shake(&l, 0, NULL, 10000, 0, byte);
        assert_true(zt_link_shaken(&l, byte)); /* which looks at the length */
        zt_link_close(&l);
    }
}

static void
test_2_the_version_and_the_password_of_a_new_session_do_not_matter(void **state)
{
    zt_link l;
    for (int32_t n = 0; n <= 40; n += 20) {
        zt_buf b = {0};
        zt_link_open(*state, &l, "127.0.0.1");
        zt_put_i32(&b, 5);
        zt_put_i64(&b, 0);
        zt_put_i32(&b, 10000);
        zt_put_i64(&b, 0);
        zt_put_bytes(&b, "0123456789012345678901234567890123456789", n);
        zt_link_send(&l, &b);
        assert_true(zt_link_shaken(&l, false));
        zt_link_close(&l);
    }
}

static void
test_3_timeouts_are_kept_within_bounds(void **state)
{
    static const int32_t asked[] = {1, -5, 1000000000, 12345}, granted[] = {4000, 4000, 40000, 12345};
    zt_link l;
    for (int i = 0; i < 4; i++) {
        assert_true(zt_link_join(*state, &l, asked[i]));
        assert_int_equal(l.timeout_ms, granted[i]);
        zt_link_close(&l);
    }
}

static void
test_4_a_client_that_has_seen_more_is_refused(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    zt_link_open(z, &l, "127.0.0.1");
    zt_link_shake(&l, 0, NULL, 10000, 1000, true);
    assert_false(zt_link_shaken(&l, true));
    assert_true(zt_link_is_over(&l));
    assert_int_equal(l.in.n, 0);
    assert_non_null(strstr(z->log, "0x3e8"));
    assert_non_null(strstr(z->log, "accept_future_zxid"));
    zt_link_close(&l);
    zt_engine_stop(z);
    z->options.accept_future_zxid = true;
    zt_engine_start(z, NULL);
    zt_link_open(z, &l, "127.0.0.1");
    zt_link_shake(&l, 0, NULL, 10000, 1000, true);
    assert_true(zt_link_shaken(&l, true));
    zt_link_close(&l);
}

static void
expect_refusal(zt_engine *z, int64_t session, const uint8_t *password, bool byte)
{
    static const uint8_t zeros[16];
    zt_link l;
    zt_link_open(z, &l, "127.0.0.1");
    zt_link_shake(&l, session, password, 10000, 0, byte);
    assert_false(zt_link_shaken(&l, byte));
    assert_true(l.in.n > 0);
    assert_int_equal(l.timeout_ms, 0);
    assert_int_equal(l.session, 0);
    assert_memory_equal(l.password, zeros, 16);
    assert_true(zt_link_is_over(&l));
    zt_link_close(&l);
}

static void
test_5_zeros_for_a_bad_password_and_an_unknown_session(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    uint8_t password[16];
    memcpy(password, l.password, 16);
    password[15] ^= 1;
    expect_refusal(z, l.session, password, true);
    expect_refusal(z, l.session, NULL, false);
    expect_refusal(z, l.session + 1, l.password, true);
    assert_false(zt_link_is_over(&l)); /* who has the session keeps it */
    zt_link_close(&l);
    int64_t id = l.session;
    memcpy(password, l.password, 16);
    zt_engine_advance(z, 11000);
    expect_refusal(z, id, password, true);
}

static void
test_6_a_session_comes_back(void **state)
{
    zt_engine *z = *state;
    zt_link first, second;
    assert_true(zt_link_join(z, &first, 10000));
    zt_ask_create(&first, 1, "/e", "", ZB_CREATE_EPHEMERAL);
    zt_engine_commit(z);
    zt_expect(&first, 1, 0);
    zt_link_open(z, &second, "127.0.0.1");
    zt_link_shake(&second, first.session, first.password, 20000, 0, true);
    assert_true(zt_link_shaken(&second, true));
    assert_true(zt_link_is_over(&first));
    assert_int_equal(second.session, first.session);
    assert_memory_equal(second.password, first.password, 16);
    assert_int_equal(second.timeout_ms, 20000);
    zt_link_close(&first);
    zt_engine_advance(z, 15000); /* the new timeout holds */
    zt_ask_watch(&second, 1, ZB_OP_EXISTS, "/e", false);
    zt_expect(&second, 1, 0);
    zt_link_close(&second);
}

static void
test_7_requests_behind_the_handshake_wait_for_it(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    zt_link_open(z, &l, "127.0.0.1");
    zt_link_shake(&l, 0, NULL, 10000, 0, true);
    assert_false(zs_conn_wants_input(l.c));
    zt_ask_create(&l, 1, "/p", "x", 0);
    zt_ask_watch(&l, 2, ZB_OP_GET_DATA, "/p", false);
    zt_ask(&l, -2, ZB_OP_PING, NULL);
    zt_link_feed(&l, "\0\0", 2); /* and half a length */
    assert_true(zt_link_shaken(&l, true));
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_expect(&l, 2, 0);
    zt_expect(&l, -2, 0);
    assert_true(zs_conn_wants_input(l.c));
    zt_link_feed(&l, "\0\010\0\0\0\3\0\0\0\013", 10);
    zt_expect(&l, -2, 0); /* a ping's answer has no other */
    zt_link_close(&l);
}

static void
test_8_impossible_lengths(void **state)
{
    static const int32_t lengths[] = {-1, -5, INT32_MIN, 0xfffff + 1, INT32_MAX};
    zt_engine *z = *state;
    zt_link l;
    for (size_t i = 0; i < 2 * sizeof lengths / sizeof *lengths; i++) {
        zt_buf b = {0};
        if (i % 2)
            zt_link_open(z, &l, "127.0.0.1");
        else
            assert_true(zt_link_join(z, &l, 10000));
        zt_put_i32(&b, lengths[i / 2]);
        zt_put_raw(&b, "garbage behind it", 17);
        zt_link_feed(&l, b.p, b.n);
        zt_buf_free(&b);
        zt_expect_nothing(&l);
        assert_true(zt_link_is_over(&l));
        zt_link_close(&l);
    }
    /* the longest that is allowed */
    assert_true(zt_link_join(z, &l, 10000));
    zt_buf b = {0};
    char *data = test_calloc(1, 0xfffff);
    memset(data, 'x', 0xfffff - 100);
    zt_ask_create(&l, 1, "/large", data, 0);
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_put_raw(&b, data, 0xfffff - 8);
    zt_ask(&l, 2, ZB_OP_PING, &b);
    zt_expect(&l, -2, 0);
    zt_put_raw(&b, data, 0xfffff - 7);
    zt_ask(&l, 3, ZB_OP_PING, &b);
    assert_true(zt_link_is_over(&l));
    zt_expect_nothing(&l);
    test_free(data);
    zt_link_close(&l);
}

/* A conversation as bytes: all kinds of requests, in one piece. */
static zt_buf
conversation(void)
{
    zt_buf all = {0};
    zt_buf parts[9] = {0};
    zt_buf *p = parts;
    zt_put_i32(p, 0), zt_put_i64(p, 0), zt_put_i32(p, 10000), zt_put_i64(p, 0), zt_put_bytes(p, "", 0), p++;
    zt_put_i32(p, 1), zt_put_i32(p, ZB_OP_EXISTS), zt_put_str(p, "/c"), zt_put_bool(p, true), p++;
    zt_put_i32(p, 2), zt_put_i32(p, ZB_OP_CREATE2), zt_put_str(p, "/c"), zt_put_str(p, "data"), zt_put_i32(p, 1);
    zt_put_i32(p, 31), zt_put_str(p, "world"), zt_put_str(p, "anyone"), zt_put_i32(p, 0), p++;
    zt_put_i32(p, 3), zt_put_i32(p, ZB_OP_GET_DATA), zt_put_str(p, "/c"), zt_put_bool(p, true), p++;
    zt_put_i32(p, 4), zt_put_i32(p, ZB_OP_SET_DATA), zt_put_str(p, "/c"), zt_put_str(p, "more"), zt_put_i32(p, 0), p++;
    zt_put_i32(p, -2), zt_put_i32(p, ZB_OP_PING), p++;
    zt_put_i32(p, 5), zt_put_i32(p, ZB_OP_WHO_AM_I), p++;
    zt_put_i32(p, 6), zt_put_i32(p, ZB_OP_ADD_WATCH), zt_put_str(p, "/c"), zt_put_i32(p, 1), p++;
    zt_put_i32(p, 7), zt_put_i32(p, ZB_OP_CLOSE_SESSION);
    for (size_t i = 0; i < 9; i++) {
        zt_put_i32(&all, (int32_t)parts[i].n);
        zt_put_raw(&all, parts[i].p, parts[i].n);
        zt_buf_free(&parts[i]);
    }
    return all;
}

/* The answers to a conversation fed in pieces of a size. Batches are committed only when nothing more can be fed. */
static zt_buf
answers(size_t piece, bool commit_between)
{
    zt_engine z = {0};
    zt_link l;
    zt_buf asked = conversation(), got;
    zt_engine_start(&z, NULL);
    zt_link_open(&z, &l, "127.0.0.1");
    for (size_t at = 0; at < asked.n; at += piece) {
        zt_link_feed(&l, asked.p + at, asked.n - at < piece ? asked.n - at : piece);
        zt_link_pull(&l);
        if (commit_between)
            zt_engine_commit(&z);
    }
    zt_engine_commit(&z);
    assert_true(zt_link_is_over(&l));
    got = l.in;
    l.in = (zt_buf){0};
    zt_link_close(&l);
    zt_engine_stop(&z);
    zt_buf_free(&asked);
    assert_true(got.n > 24);
    memset(got.p + 12, 0, 28); /* the session's id and password are random */
    return got;
}

static void
test_9_pieces_of_any_size_give_the_same_answers(void **state)
{
    (void)state;
    zt_buf whole = answers(100000, false);
    for (int i = 0; i < 2; i++) {
        for (size_t piece = 1; piece < 80; piece += 1 + piece / 8) {
            zt_buf pieces = answers(piece, i);
            assert_int_equal(pieces.n, whole.n);
            assert_memory_equal(pieces.p, whole.p, whole.n);
            zt_buf_free(&pieces);
        }
    }
    zt_buf_free(&whole);
}

static void
test_10_half_closed(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 10000));
    zt_ask_create(&l, 1, "/h", "", 0);
    zt_ask_watch(&l, 2, ZB_OP_EXISTS, "/h", false);
    zs_conn_end_of_input(l.c);
    zt_link_pull(&l);
    assert_non_null(l.c);
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_expect(&l, 2, 0);
    assert_true(zt_link_is_over(&l));
    zt_link_close(&l);
    /* behind a handshake, too */
    zt_link_open(z, &l, "127.0.0.1");
    zt_link_shake(&l, 0, NULL, 10000, 0, true);
    zt_ask_watch(&l, 1, ZB_OP_EXISTS, "/h", false);
    zs_conn_end_of_input(l.c);
    assert_true(zt_link_shaken(&l, true));
    zt_expect(&l, 1, 0);
    assert_true(zt_link_is_over(&l));
    zt_link_close(&l);
}

static void
test_12_without_a_session_for_long(void **state)
{
    zt_engine *z = *state;
    zt_link silent, half, fine;
    zt_link_open(z, &silent, "127.0.0.1");
    zt_link_open(z, &half, "127.0.0.1");
    zt_link_feed(&half, "\0\0\0", 3);
    assert_true(zt_link_join(z, &fine, 40000));
    zt_engine_advance(z, 9000);
    assert_false(zt_link_is_over(&silent));
    zt_engine_advance(z, 1100);
    assert_true(zt_link_is_over(&silent));
    assert_true(zt_link_is_over(&half));
    assert_false(zt_link_is_over(&fine));
    zt_link_close(&silent);
    zt_link_close(&half);
    zt_link_close(&fine);
}

static bool
word(void *arg, zs_conn *conn, const char *text, zs_bytes *out)
{
    (void)arg, (void)conn;
    if (strcmp(text, "ruok") != 0)
        return false;
    zs_bytes_add(out, "imok", 4);
    return true;
}

static void
test_13_words(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    zt_engine_stop(z);
    z->options.word = word;
    zt_engine_start(z, NULL);
    zt_link_open(z, &l, "127.0.0.1");
    zt_link_feed(&l, "ru", 2);
    zt_link_feed(&l, "ok\nruok", 7);
    zt_link_pull(&l);
    assert_int_equal(l.in.n, 4);
    assert_memory_equal(l.in.p, "imok", 4);
    assert_true(zt_link_is_over(&l));
    zt_link_close(&l);
    zt_link_open(z, &l, "127.0.0.1");
    zt_link_feed(&l, "what", 4);
    assert_true(zt_link_is_over(&l));
    assert_int_equal(l.in.n, 0);
    zt_link_close(&l);
    assert_true(zt_link_join(z, &l, 10000)); /* only at the beginning */
    zt_link_feed(&l, "ruok", 4);
    assert_true(zt_link_is_over(&l));
    zt_expect_nothing(&l);
    zt_link_close(&l);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, zt_engine_setup, zt_engine_teardown)
    const struct CMUnitTest tests[] = {
        T(test_1_the_answer_is_as_long_as_the_request),
        T(test_2_the_version_and_the_password_of_a_new_session_do_not_matter),
        T(test_3_timeouts_are_kept_within_bounds),
        T(test_4_a_client_that_has_seen_more_is_refused),
        T(test_5_zeros_for_a_bad_password_and_an_unknown_session),
        T(test_6_a_session_comes_back),
        T(test_7_requests_behind_the_handshake_wait_for_it),
        T(test_8_impossible_lengths),
        cmocka_unit_test(test_9_pieces_of_any_size_give_the_same_answers),
        T(test_10_half_closed),
        T(test_12_without_a_session_for_long),
        T(test_13_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
