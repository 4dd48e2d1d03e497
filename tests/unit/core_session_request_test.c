/* SPDX-License-Identifier: Apache-2.0 */
/* The session: requests and their ends, output, input. */
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
results_are_filled_in(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    zt_buf body = {0};
    rig_put_stat(&body);
    assert_int_equal(rig_submit_path(&r, &q, ZB_OP_EXISTS, "/a"), ZOBO_OK);
    rig_reply(&r, 1, 5, 0, &body);
    expect_done(&r, &q, ZOBO_OK);
    assert_true(q.req.has_stat);
    assert_int_equal(q.req.stat.pzxid, 11);
    assert_null(q.req.reply);

    assert_int_equal(rig_submit_path(&r, &q, ZB_OP_EXISTS, "/a"), ZOBO_OK);
    q.req.want_reply = true;
    rig_reply(&r, 2, 5, 0, &body);
    expect_done(&r, &q, ZOBO_OK);
    assert_true(q.req.has_stat && q.req.reply->has_stat);
    zobo_reply_free(q.req.reply);
    zt_buf_free(&body);

    zt_put_i32(&body, 1234);
    assert_int_equal(rig_submit_path(&r, &q, ZB_OP_GET_ALL_CHILDREN_NUMBER, "/a"), ZOBO_OK);
    rig_reply(&r, 3, 5, 0, &body);
    expect_done(&r, &q, ZOBO_OK);
    assert_int_equal(q.req.count, 1234);

    assert_int_equal(rig_submit_path(&r, &q, ZB_OP_GET_DATA, "/a"), ZOBO_OK);
    q.req.want_reply = true;
    rig_reply(&r, 4, 5, -7777, &body); /* a number nobody knows passes through */
    expect_done(&r, &q, (zobo_err)-7777);
    assert_null(q.req.reply);
    rig_get(&r, &q, "/a");
    rig_reply(&r, 5, 5, ZOBO_ENOTSENT, NULL); /* but for those that only the library may say */
    expect_done(&r, &q, ZOBO_EBADREPLY);

    assert_int_equal(rig_submit_path(&r, &q, ZB_OP_SYNC, "/a"), ZOBO_OK);
    q.req.want_reply = true;
    zt_buf_free(&body);
    zt_put_str(&body, "/a");
    rig_reply(&r, 6, 5, 0, &body);
    expect_done(&r, &q, ZOBO_OK);
    assert_string_equal(q.req.reply->path, "/a");
    zobo_reply_free(q.req.reply);
    zt_buf_free(&body);
    rig_end(&r);
}

static void
replies_paths_lose_the_chroot(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    r.options.hosts = "a/root";
    rig_begin(&r);
    rig_connect(&r);
    for (int no_chroot = 0; no_chroot < 2; no_chroot++) {
        assert_int_equal(rig_submit_path(&r, &q, ZB_OP_SYNC, "/root/a"), ZOBO_OK);
        q.req.want_reply = true;
        q.req.no_chroot = no_chroot;
        zt_buf body = {0};
        zt_put_str(&body, "/root/a");
        rig_reply(&r, 1 + no_chroot, 5, 0, &body);
        zt_buf_free(&body);
        expect_done(&r, &q, ZOBO_OK);
        assert_string_equal(q.req.reply->path, no_chroot ? "/root/a" : "/a");
        zobo_reply_free(q.req.reply);
    }
    rig_end(&r);
}

static void
a_body_that_cannot_be_read_is_that_requests_problem(void **state)
{
    (void)state;
    static const int32_t ops[] = {ZB_OP_EXISTS, ZB_OP_GET_ALL_CHILDREN_NUMBER, ZB_OP_GET_DATA, ZB_OP_GET_CHILDREN2};
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    int32_t xid = 0;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        assert_int_equal(rig_submit_path(&r, &q, ops[i], "/a"), ZOBO_OK);
        q.req.want_reply = true;
        zt_buf body = {0};
        zt_put_bool(&body, true);
        rig_reply(&r, ++xid, 5, 0, &body);
        zt_buf_free(&body);
        expect_done(&r, &q, ZOBO_EBADREPLY);
        assert_null(q.req.reply);
    }
    rig_get(&r, &q, "/a");
    rig_flush(&r);
    r.wire.n = r.wire_at = 0;
    rig_data_reply(&r, ++xid, 5, "x"); /* the link goes on */
    expect_done(&r, &q, ZOBO_OK);
    rig_end(&r);
}

/* A transaction that failed says so in its body; a server may also refuse all of it in the header. */
static void
transactions_end_by_their_results(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    struct zb_raw_request record = {{"\377\377\377\377\1\377\377\377\377", 9}};
    zt_buf failed = {0};
    for (int i = 0; i < 2; i++) {
        zt_put_i32(&failed, -1);
        zt_put_bool(&failed, false);
        zt_put_i32(&failed, i ? -101 : 0);
        zt_put_i32(&failed, i ? -101 : 0);
    }
    zt_put_raw(&failed, record.body.p, record.body.n);
    int32_t xid = 0;
    for (int want = 0; want < 2; want++) {
        rig_req_init(&q, ZB_OP_MULTI);
        q.req.want_reply = want;
        q.req.n_results = 2;
        assert_int_equal(zb_session_submit(r.s, &q.req, &record, r.now), ZOBO_OK);
        rig_reply(&r, ++xid, 5, 0, &failed);
        expect_done(&r, &q, ZOBO_ETRANSACTION);
        assert_int_equal(q.req.reply != NULL, want);
        if (want) {
            assert_int_equal(q.req.reply->n_results, 2);
            assert_int_equal(q.req.reply->results[1].err, ZOBO_ENONODE);
            zobo_reply_free(q.req.reply);
        }
        rig_req_init(&q, ZB_OP_MULTI);
        q.req.want_reply = want;
        assert_int_equal(zb_session_submit(r.s, &q.req, &record, r.now), ZOBO_OK);
        rig_reply(&r, ++xid, 5, ZOBO_ENOTREADONLY, NULL);
        expect_done(&r, &q, ZOBO_ENOTREADONLY);
        assert_null(q.req.reply);
        rig_req_init(&q, ZB_OP_MULTI);
        q.req.want_reply = want;
        q.req.n_results = 3; /* more than there are */
        assert_int_equal(zb_session_submit(r.s, &q.req, &record, r.now), ZOBO_OK);
        rig_reply(&r, ++xid, 5, 0, &failed);
        expect_done(&r, &q, ZOBO_EBADREPLY);
        assert_null(q.req.reply);
    }
    zt_buf_free(&failed);
    rig_end(&r);
}

static void
add_watch_answers_with_or_without_its_body(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    struct zb_add_watch_request record = {{"", "/a", 0, 2}, 0};
    static const zobo_err errs[] = {ZOBO_OK, ZOBO_OK, ZOBO_EMARSHALLING};
    for (int i = 0; i < 3; i++) {
        rig_req_init(&q, ZB_OP_ADD_WATCH);
        q.req.want_reply = true;
        assert_int_equal(zb_session_submit(r.s, &q.req, &record, r.now), ZOBO_OK);
        zt_buf body = {0};
        if (i > 0)
            zt_put_i32(&body, errs[i]);
        rig_reply(&r, i + 1, 5, 0, &body);
        zt_buf_free(&body);
        expect_done(&r, &q, errs[i]);
        assert_int_equal(q.req.reply != NULL, errs[i] == ZOBO_OK);
        zobo_reply_free(q.req.reply);
    }
    rig_end(&r);
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

static void
what_waits_is_sent_in_order_when_connected(void **state)
{
    (void)state;
    rig r;
    rig_req *q = calloc(MANY, sizeof *q);
    assert_non_null(q);
    rig_init(&r);
    rig_begin(&r);
    assert_int_equal(rig_submit_path(&r, &q[0], ZB_OP_SYNC, "/"), ZOBO_ENOTSTARTED);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    char path[16];
    size_t bytes = 0;
    for (int i = 0; i < MANY; i++) {
        if (i == MANY / 2)
            rig_dial(&r);
        snprintf(path, sizeof path, "/%d", i);
        rig_get(&r, &q[i], path);
        bytes += 4 + 8 + 4 + strlen(path) + 1;
    }
    zb_session_forget(r.s, &q[10].req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    assert_int_equal(q[10].req.err, ZOBO_ECANCELLED);
    assert_int_equal(zb_session_in_flight(r.s), MANY - 1);
    rig_flush(&r);
    rig_frame f;
    assert_true(rig_try_frame(&r, &f));
    assert_false(rig_try_frame(&r, &f));
    rig_welcome(&r, 9000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    assert_int_equal(zb_session_queued_bytes(r.s), bytes - (4 + 8 + 4 + 3 + 1));
    for (int i = 0, xid = 1; i < MANY; i++) {
        if (i == 10)
            continue;
        f = take(&r, ZB_OP_GET_DATA);
        assert_int_equal(f.xid, xid++);
        snprintf(path, sizeof path, "/%d", i);
        assert_int_equal(f.n, 8 + 4 + strlen(path) + 1);
        assert_memory_equal(f.p + 12, path, strlen(path));
        rig_data_reply(&r, f.xid, 7, "x");
        expect_done(&r, &q[i], ZOBO_OK);
    }
    assert_int_equal(zb_session_in_flight(r.s), 0);
    free(q);
    rig_end(&r);
}

static void
waiting_has_its_time_and_so_has_a_request(void **state)
{
    (void)state;
    rig r;
    rig_req a, b, c;
    rig_init(&r);
    r.options.queue_timeout_ms = 500;
    r.options.connect_timeout_ms = 100000;
    rig_begin(&r);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    rig_get(&r, &a, "/a"); /* no deadline of its own: the queue's */
    rig_req_init(&b, ZB_OP_SYNC);
    b.req.timeout = ZB_MS(200); /* shorter than the queue's */
    struct zb_path_request record = {{"", "/b", 0, 2}};
    assert_int_equal(zb_session_submit(r.s, &b.req, &record, r.now), ZOBO_OK);
    rig_req_init(&c, ZB_OP_SYNC);
    c.req.timeout = ZB_MS(900); /* longer: ends with the queue's, unless it is sent before */
    assert_int_equal(zb_session_submit(r.s, &c.req, &record, r.now), ZOBO_OK);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(200));
    rig_tick(&r, 200);
    expect_done(&r, &b, ZOBO_ENOCONNECTION);
    rig_tick(&r, 200);
    rig_dial(&r);
    rig_flush(&r);
    rig_welcome(&r, 9000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_flush(&r);
    rig_tick(&r, 499);
    expect_nothing(&r); /* sent: only c's own deadline is left */
    rig_tick(&r, 1);
    expect_done(&r, &c, ZOBO_EOPERATIONTIMEOUT);
    rig_tick(&r, 1000);
    expect_nothing(&r);
    rig_data_reply(&r, 1, 5, "x");
    expect_done(&r, &a, ZOBO_OK);
    rig_reply(&r, 2, 6, 0, NULL); /* c's, too late */
    expect_nothing(&r);
    assert_int_equal(zb_session_in_flight(r.s), 0);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_get(&r, &a, "/a");
    rig_tick(&r, 500);
    expect(&r, ZB_EV_DONE);
    assert_int_equal(a.req.err, ZOBO_ENOCONNECTION);
    rig_end(&r);
}

static void
forgetting_lets_go(void **state)
{
    (void)state;
    rig r;
    rig_req q[3], fresh;
    int watcher = 0;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_req_init(&fresh, ZB_OP_SYNC);
    zb_session_forget(r.s, &fresh.req, ZOBO_ECANCELLED, ZOBO_EABANDONED); /* never submitted: nothing */
    assert_int_equal(fresh.req.err, ZOBO_OK);
    rig_get(&r, &q[0], "/a");
    rig_get_watch(&r, &q[1], ZB_OP_GET_DATA, "/a", ZB_WATCH_DATA, &watcher);
    q[1].req.timeout = 0;
    rig_get(&r, &q[2], "/a");
    zb_session_forget(r.s, &q[1].req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    assert_int_equal(q[1].req.err, ZOBO_EABANDONED);
    assert_int_equal(q[1].req.state, ZB_REQ_NEW);
    assert_null(q[1].req.watch);
    memset(&q[1], 0x55, sizeof q[1]); /* no pointer to it is left */
    rig_flush(&r);
    for (int xid = 1; xid <= 3; xid++)
        rig_data_reply(&r, xid, 5, "x");
    expect_done(&r, &q[0], ZOBO_OK);
    expect_done(&r, &q[2], ZOBO_OK);
    expect_nothing(&r);
    assert_int_equal(zb_session_watches(r.s)->n, 0);
    /* one that has ended must be pulled all the same */
    rig_get(&r, &q[0], "/a");
    rig_down(&r, ZOBO_ESERVERCLOSED);
    zb_session_forget(r.s, &q[0].req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    assert_int_equal(q[0].req.state, ZB_REQ_DONE);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    q[0].ended = 0;
    expect_done(&r, &q[0], ZOBO_ENOTSENT);
    rig_end(&r);
}

/* Every allocation on the way may fail: submitting says so and changes nothing. */
static void
without_memory_nothing_is_submitted(void **state)
{
    (void)state;
    uint8_t data[100000] = {0};
    for (int kind = 0; kind < 3; kind++) {
        for (int connected = 0; connected < 2; connected++) {
            int failures = 0;
            for (long n = 0;; n++) {
                rig r;
                rig_req q;
                rig_init(&r);
                rig_begin(&r);
                if (connected)
                    rig_connect(&r);
                else
                    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
                zobo_err err;
                struct zb_path_watch_request get = {{"", "/a", 0, 2}, false};
                zb_mem_fail_after(n, 1);
                if (kind == 0) {
                    rig_req_init(&q, ZB_OP_GET_DATA);
                    q.req.timeout = ZB_MS(50);
                    err = zb_session_submit(r.s, &q.req, &get, r.now);
                } else if (kind == 1) {
                    err = rig_submit_set(&r, &q, "/a", data, sizeof data);
                } else {
                    err = rig_submit_auth(&r, &q, "digest", "a:b");
                }
                zb_mem_fail_after(-1, 0);
                assert_int_equal(zb_session_in_flight(r.s), err == ZOBO_OK);
                if (err == ZOBO_OK) {
                    zb_session_forget(r.s, &q.req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
                    rig_end(&r);
                    break;
                }
                failures++;
                assert_int_equal(err, ZOBO_ENOMEM);
                assert_int_equal(zb_session_queued_bytes(r.s), 0);
                assert_int_equal(r.s->deadlines.n, 0);
                expect(&r, connected ? ZB_EV_NONE : ZB_EV_RESOLVE);
                rig_end(&r);
            }
            assert_true(failures >= 1);
        }
    }
}

static void
a_reply_without_memory_is_lost_but_not_the_link(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get(&r, &q, "/a");
    q.req.want_reply = true;
    rig_data_reply(&r, 1, 5, "x");
    zb_mem_fail_after(0, 1);
    expect_done(&r, &q, ZOBO_EREPLYLOST);
    zb_mem_fail_after(-1, 0);
    assert_null(q.req.reply);
    expect_nothing(&r);
    zb_mem_fail_after(0, 1);
    size_t room;
    assert_null(zb_session_space(r.s, 1 << 20, &room));
    zb_mem_fail_after(-1, 0);
    rig_get(&r, &q, "/a");
    rig_data_reply(&r, 2, 5, "x");
    expect_done(&r, &q, ZOBO_OK);
    rig_end(&r);
}

/* When there is no memory for what waits, the connection is given up and nothing is lost. */
static void
what_waits_survives_want_of_memory(void **state)
{
    (void)state;
    int failures = 0;
    for (long n = 0;; n++) {
        rig r;
        enum { N = 200 };
        rig_req *q = calloc(N, sizeof *q);
        assert_non_null(q);
        rig_init(&r);
        rig_begin(&r);
        assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
        uint8_t data[1000] = {0};
        for (int i = 0; i < N; i++)
            assert_int_equal(rig_submit_set(&r, &q[i], "/a", data, sizeof data), ZOBO_OK);
        rig_dial(&r);
        rig_flush(&r);
        rig_welcome(&r, 9000, RIG_SESSION, 0);
        zb_mem_fail_after(n, 1);
        rig_event ev;
        bool any = rig_next(&r, &ev);
        zb_mem_fail_after(-1, 0);
        assert_true(any);
        assert_int_equal(zb_session_in_flight(r.s), N);
        r.wire.n = r.wire_at = 0;
        if (ev.kind != ZB_EV_STATE) {
            failures++;
            assert_int_equal(ev.kind, ZB_EV_DISCONNECT);
            assert_int_equal(zb_session_hosts(r.s)->items[0].last_err, ZOBO_ENOMEM);
            rig_reconnect(&r);
        }
        for (int i = 0; i < N; i++)
            assert_int_equal(take(&r, ZB_OP_SET_DATA).xid, i + 1);
        for (int i = 0; i < N; i++) {
            zt_buf body = {0};
            rig_put_stat(&body);
            rig_reply(&r, i + 1, 1, 0, &body);
            zt_buf_free(&body);
            expect_done(&r, &q[i], ZOBO_OK);
        }
        free(q);
        rig_end(&r);
        if (ev.kind == ZB_EV_STATE)
            break;
    }
    assert_true(failures >= 4); /* the ring, and chunk after chunk */
}

static void
making_a_session_without_memory_fails_cleanly(void **state)
{
    (void)state;
    zobo_auth auth = {"digest", "a:b", 3};
    zobo_options options = {0};
    options.size = sizeof options;
    options.hosts = "a,b/c";
    options.auth = &auth;
    options.n_auth = 1;
    zb_session_config config = {&options, {0}, 1};
    long n = 0;
    for (;; n++) {
        zb_session *s;
        zobo_problem why;
        zb_mem_fail_after(n, 1);
        zobo_err err = zb_session_new(&config, &s, &why);
        zb_mem_fail_after(-1, 0);
        if (err == ZOBO_OK) {
            zb_session_free(s);
            break;
        }
        assert_int_equal(err, ZOBO_ENOMEM);
        assert_null(s);
        assert_true(why.text[0] != '\0');
    }
    assert_true(n > 5);
    zb_session *s;
    zobo_problem why;
    options.hosts = "a,b:notaport";
    assert_int_equal(zb_session_new(&config, &s, &why), ZOBO_EBADHOSTS);
    zb_session_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_in_order_through_any_cuts),
        cmocka_unit_test(results_are_filled_in),
        cmocka_unit_test(replies_paths_lose_the_chroot),
        cmocka_unit_test(a_body_that_cannot_be_read_is_that_requests_problem),
        cmocka_unit_test(transactions_end_by_their_results),
        cmocka_unit_test(add_watch_answers_with_or_without_its_body),
        cmocka_unit_test(what_does_not_fit_the_protocol_ends_the_link),
        cmocka_unit_test(memory_follows_what_has_come_not_what_was_claimed),
        cmocka_unit_test(xids_wrap_to_one),
        cmocka_unit_test(large_requests_go_out_whole_and_too_large_ones_not_at_all),
        cmocka_unit_test(what_was_handed_out_stays_as_it_is),
        cmocka_unit_test(a_ping_overtakes_what_waits_but_splits_no_frame),
        cmocka_unit_test(a_lost_link_tells_what_was_sent_and_what_was_not),
        cmocka_unit_test(what_waits_is_sent_in_order_when_connected),
        cmocka_unit_test(waiting_has_its_time_and_so_has_a_request),
        cmocka_unit_test(forgetting_lets_go),
        cmocka_unit_test(without_memory_nothing_is_submitted),
        cmocka_unit_test(a_reply_without_memory_is_lost_but_not_the_link),
        cmocka_unit_test(what_waits_survives_want_of_memory),
        cmocka_unit_test(making_a_session_without_memory_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
