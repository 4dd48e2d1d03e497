/* SPDX-License-Identifier: Apache-2.0 */
/* The session: what goes over the link: frames, pieces, memory. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

enum { MANY = 1000 };

static void
replies_come_in_order_through_any_cuts(void **state)
{
    (void)state;
    static const size_t cuts[][2] = {{0, 0}, {1, 1}, {7, 3}, {1000, 5}, {65536, 65536}};
    for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
        rig r;
        rig_init(&r);
        r.write_max = cuts[c][0];
        r.read_max = cuts[c][1];
        rig_begin(&r);
        rig_connect(&r);
        rig_req *q = calloc(MANY, sizeof *q);
        assert_non_null(q);
        for (int i = 0; i < MANY; i++) {
            rig_get(&r, &q[i], "/a/b/c");
            q[i].req.want_reply = true;
        }
        assert_int_equal(zb_session_in_flight(r.s), MANY);
        rig_flush(&r);
        assert_int_equal(zb_session_queued_bytes(r.s), 0);
        for (int i = 0; i < MANY; i++) {
            rig_frame f = take(&r, ZB_OP_GET_DATA);
            assert_int_equal(f.xid, i + 1);
            assert_int_equal(f.n, 8 + 4 + 6 + 1);
            rig_data_reply(&r, f.xid, 100 + i, "some data");
        }
        for (int i = 0; i < MANY; i++) {
            expect_done(&r, &q[i], ZOBO_OK);
            assert_int_equal(q[i].req.zxid, 100 + i);
            assert_memory_equal(q[i].req.reply->data, "some data", 10);
            zobo_reply_free(q[i].req.reply);
        }
        expect_nothing(&r);
        assert_int_equal(zb_session_in_flight(r.s), 0);
        assert_int_equal(zb_session_get_stats(r.s)->replies, MANY);
        zb_session_info info;
        zb_session_get_info(r.s, &info);
        assert_int_equal(info.last_zxid, 100 + MANY - 1);
        free(q);
        rig_end(&r);
    }
}

static void
what_does_not_fit_the_protocol_ends_the_link(void **state)
{
    (void)state;
    static const struct {
        zobo_err err;
        const char *bytes;
        size_t n;
    } rows[] = {
        {ZOBO_EPROTOCOL, "\377\377\377\377", 4}, /* negative length */
        {ZOBO_EPROTOCOL, "\200\0\0\0", 4},
        {ZOBO_EPROTOCOL, "\0\0\0\017", 4}, /* no room for the header */
        {ZOBO_EPROTOCOL, "\0\0\0\0", 4},
        {ZOBO_EFRAMESIZE, "\0\020\0\1", 4}, /* beyond max_reply_bytes */
        {ZOBO_EFRAMESIZE, "\177\377\377\377", 4},
        {ZOBO_EPROTOCOL, "\0\0\0\020\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0\0", 20},         /* a later xid */
        {ZOBO_EPROTOCOL, "\0\0\0\020\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0", 20},         /* xid 0 */
        {ZOBO_EPROTOCOL, "\0\0\0\020\377\377\377\375\0\0\0\0\0\0\0\1\0\0\0\0", 20}, /* xid -3 */
        {ZOBO_EPROTOCOL, "\0\0\0\020\377\377\377\374\0\0\0\0\0\0\0\1\0\0\0\0", 20}, /* no auth is awaited */
        {ZOBO_EPROTOCOL, "\0\0\0\020\377\377\377\370\0\0\0\0\0\0\0\1\0\0\0\0", 20}, /* nor setWatches */
        {ZOBO_EPROTOCOL, "\0\0\0\020\377\377\377\377\0\0\0\0\0\0\0\1\0\0\0\0", 20}, /* an event without its body */
        {ZOBO_EPROTOCOL, "\0\0\0\034\377\377\377\377\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\3\0\0\0\5", 32},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig r;
        rig_req q;
        rig_init(&r);
        r.options.max_reply_bytes = 1 << 20;
        rig_begin(&r);
        rig_connect(&r);
        rig_get(&r, &q, "/a");
        rig_flush(&r);
        rig_feed(&r, rows[i].bytes, rows[i].n);
        expect(&r, ZB_EV_DISCONNECT);
        expect_state(&r, ZOBO_SUSPENDED, rows[i].err);
        expect_done(&r, &q, ZOBO_ECONNECTIONLOSS);
        expect(&r, ZB_EV_RESOLVE);
        expect_nothing(&r);
        rig_feed(&r, rows[i].bytes, rows[i].n); /* of a link that is gone */
        expect_nothing(&r);
        rig_end(&r);
    }
}

static void
memory_follows_what_has_come_not_what_was_claimed(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get(&r, &q, "/a");
    q.req.want_reply = true;
    rig_flush(&r);
    enum { BIG = 10 << 20 };
    zt_buf frame = {0};
    char *data = calloc(1, BIG);
    assert_non_null(data);
    zt_put_i32(&frame, 16 + 4 + BIG + 68);
    zt_put_i32(&frame, 1);
    zt_put_i64(&frame, 5);
    zt_put_i32(&frame, 0);
    zt_put_bytes(&frame, data, BIG);
    rig_put_stat(&frame);
    for (size_t at = 0; at < frame.n;) {
        size_t room;
        uint8_t *p = zb_session_space(r.s, 16384, &room);
        assert_non_null(p);
        assert_true(room >= 16384);
        assert_true(r.s->in.cap <= 65536 || r.s->in.cap <= 3 * (at + 16384));
        size_t n = frame.n - at < 16384 ? frame.n - at : 16384;
        memcpy(p, frame.p + at, n);
        zb_session_fed(r.s, n, r.now);
        at += n;
        if (at < frame.n)
            expect_nothing(&r);
    }
    expect_done(&r, &q, ZOBO_OK);
    assert_int_equal(q.req.reply->data_len, BIG);
    zobo_reply_free(q.req.reply);
    expect_nothing(&r);
    assert_true(r.s->in.cap > BIG);
    size_t room;
    assert_non_null(zb_session_space(r.s, 16384, &room));
    assert_int_equal(r.s->in.cap, 65536);
    zt_buf_free(&frame);
    free(data);
    rig_end(&r);
}

static void
xids_wrap_to_one(void **state)
{
    (void)state;
    rig r;
    rig_req q[4];
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    r.s->xid = INT32_MAX - 2;
    static const int32_t xids[] = {INT32_MAX - 1, INT32_MAX, 1, 2};
    for (int i = 0; i < 4; i++)
        rig_get(&r, &q[i], "/a");
    for (int i = 0; i < 4; i++) {
        rig_frame f = take(&r, ZB_OP_GET_DATA);
        assert_int_equal(f.xid, xids[i]);
        rig_data_reply(&r, f.xid, 1, "");
        expect_done(&r, &q[i], ZOBO_OK);
    }
    rig_get(&r, &q[0], "/a");
    rig_down(&r, ZOBO_ESERVERCLOSED);
    rig_drain(&r);
    r.host = 0;
    rig_resolved(&r, 1);
    expect(&r, ZB_EV_CONNECT);
    rig_up(&r);
    rig_flush(&r);
    rig_frame f;
    assert_true(rig_try_frame(&r, &f));
    rig_welcome(&r, 9000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_get(&r, &q[0], "/a");
    assert_int_equal(take(&r, ZB_OP_GET_DATA).xid, 1); /* they begin anew with each connection */
    rig_end(&r);
}

static void
large_requests_go_out_whole_and_too_large_ones_not_at_all(void **state)
{
    (void)state;
    enum { LIMIT = 300000 };
    uint8_t *data = malloc(LIMIT);
    assert_non_null(data);
    memset(data, 'd', LIMIT);
    for (int connected = 0; connected < 2; connected++) {
        rig r;
        rig_req big, small, over;
        rig_init(&r);
        r.options.max_request_bytes = LIMIT;
        rig_begin(&r);
        if (connected)
            rig_connect(&r);
        else
            assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
        size_t fits = LIMIT - 8 - (4 + 2) - 4 - 4;
        assert_int_equal(rig_submit_set(&r, &over, "/b", data, fits + 1), ZOBO_ETOOBIG);
        assert_int_equal(zb_session_in_flight(r.s), 0);
        assert_int_equal(rig_submit_set(&r, &big, "/b", data, fits), ZOBO_OK);
        rig_get(&r, &small, "/s");
        assert_int_equal(zb_session_queued_bytes(r.s), 4 + LIMIT + 4 + 8 + 4 + 2 + 1);
        if (!connected) {
            rig_dial(&r);
            rig_flush(&r);
            rig_frame f;
            assert_true(rig_try_frame(&r, &f));
            rig_welcome(&r, 9000, RIG_SESSION, 0);
            expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
        }
        rig_frame f = take(&r, ZB_OP_SET_DATA);
        assert_int_equal(f.n, LIMIT);
        assert_memory_equal(f.p + 8 + 6 + 4, data, fits);
        take(&r, ZB_OP_GET_DATA);
        assert_int_equal(zb_session_queued_bytes(r.s), 0);
        rig_end(&r);
    }
    free(data);
}

/* The writer holds the pieces without the lock: nothing that happens meanwhile moves or changes them. */
static void
what_was_handed_out_stays_as_it_is(void **state)
{
    (void)state;
    rig r;
    rig_req *q = calloc(MANY, sizeof *q);
    assert_non_null(q);
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    uint8_t data[400];
    memset(data, 'x', sizeof data);
    for (int i = 0; i < MANY / 2; i++)
        assert_int_equal(rig_submit_set(&r, &q[i], "/a", data, sizeof data), ZOBO_OK);
    zb_iov iov[16];
    size_t n = zb_session_output(r.s, iov, 16);
    assert_true(n > 2);
    uint8_t *copies[16];
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        copies[i] = exact(iov[i].p, iov[i].n);
        total += iov[i].n;
    }
    assert_int_equal(total, zb_session_queued_bytes(r.s));
    zb_session_sending(r.s, total);
    for (int i = MANY / 2; i < MANY; i++)
        assert_int_equal(rig_submit_set(&r, &q[i], "/a", data, sizeof data), ZOBO_OK);
    zb_session_forget(r.s, &q[3].req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    assert_int_equal(q[3].req.err, ZOBO_EABANDONED);
    rig_tick(&r, 3000); /* a ping */
    for (int down = 0; down < 2; down++) {
        for (size_t i = 0; i < n; i++)
            assert_memory_equal(iov[i].p, copies[i], iov[i].n);
        if (down == 0)
            rig_down(&r, ZOBO_ESERVERCLOSED); /* also when the link goes, until the writer comes back */
    }
    zb_session_sent(r.s, total, r.now);
    assert_int_equal(zb_session_queued_bytes(r.s), 0);
    for (size_t i = 0; i < n; i++)
        free(copies[i]);
    rig_drain(&r);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(q[i].ended, i != 3);
        if (i != 3)
            assert_int_equal(q[i].req.err, i < MANY / 2 ? ZOBO_ECONNECTIONLOSS : ZOBO_ENOTSENT);
    }
    free(q);
    rig_end(&r);
}

static void
a_ping_overtakes_what_waits_but_splits_no_frame(void **state)
{
    (void)state;
    uint8_t data[1000];
    memset(data, 'x', sizeof data);
    for (size_t sent = 0; sent < 3000; sent += 97) {
        for (int handed = 0; handed < 2; handed++) {
            rig r;
            enum { N = 300 };
            rig_req *q = calloc(N, sizeof *q);
            assert_non_null(q);
            rig_init(&r);
            rig_begin(&r);
            rig_connect(&r);
            for (int i = 0; i < N; i++)
                assert_int_equal(rig_submit_set(&r, &q[i], "/a", data, sizeof data), ZOBO_OK);
            zb_iov iov[2];
            size_t n = zb_session_output(r.s, iov, 2);
            assert_int_equal(n, 2);
            r.wire.n = r.wire_at = 0;
            zt_put_raw(&r.wire, iov[0].p, sent);
            if (!handed) {
                zb_session_sent(r.s, sent, r.now);
                rig_tick(&r, 3000);
            } else { /* the writer is at it when the ping falls due */
                rig_tick(&r, 3000);
                zb_session_sent(r.s, sent, r.now);
            }
            rig_flush(&r);
            rig_frame f;
            int before = 0, after = 0, pings = 0;
            while (rig_try_frame(&r, &f)) {
                if (f.type == ZB_OP_PING) {
                    assert_int_equal(f.xid, ZB_XID_PING);
                    pings++;
                } else {
                    assert_int_equal(f.type, ZB_OP_SET_DATA);
                    assert_int_equal(f.xid, before + after + 1);
                    before += !pings;
                    after += pings;
                }
            }
            assert_int_equal(r.wire_at, r.wire.n);
            assert_int_equal(pings, 1);
            assert_int_equal(before + after, N);
            assert_true(before < 130); /* two chunks at most */
            if (sent == 0 && !handed)
                assert_int_equal(before, 0);
            zb_session_free(r.s);
            zt_buf_free(&r.wire);
            free(q);
        }
    }
}

static void
a_lost_link_tells_what_was_sent_and_what_was_not(void **state)
{
    (void)state;
    enum { N = 9, FRAME = 4 + 8 + 4 + 2 + 1 };
    for (size_t sent = 0; sent <= N * FRAME; sent++) {
        for (int held = 0; held < 2; held++) { /* taken by the kernel, or in the writer's hands */
            rig r;
            rig_req q[N];
            rig_init(&r);
            rig_begin(&r);
            rig_connect(&r);
            for (int i = 0; i < N; i++)
                rig_get(&r, &q[i], "/a");
            zb_iov iov[1];
            assert_int_equal(zb_session_output(r.s, iov, 1), 1);
            zb_session_sending(r.s, sent);
            if (!held)
                zb_session_sent(r.s, sent, r.now);
            zb_session_forget(r.s, &q[4].req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
            rig_down(&r, ZOBO_ESERVERCLOSED);
            expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
            for (size_t i = 0; i < N; i++) {
                if (i != 4)
                    expect_done(&r, &q[i], i * FRAME < sent ? ZOBO_ECONNECTIONLOSS : ZOBO_ENOTSENT);
            }
            rig_end(&r);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_in_order_through_any_cuts),
        cmocka_unit_test(what_does_not_fit_the_protocol_ends_the_link),
        cmocka_unit_test(memory_follows_what_has_come_not_what_was_claimed),
        cmocka_unit_test(xids_wrap_to_one),
        cmocka_unit_test(large_requests_go_out_whole_and_too_large_ones_not_at_all),
        cmocka_unit_test(what_was_handed_out_stays_as_it_is),
        cmocka_unit_test(a_ping_overtakes_what_waits_but_splits_no_frame),
        cmocka_unit_test(a_lost_link_tells_what_was_sent_and_what_was_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
