/* SPDX-License-Identifier: Apache-2.0 */
/* The session: requests and their ends. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

enum { MANY = 1000 };

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

static void
a_pause_ends_by_the_clock_alone(void **state)
{
    (void)state;
    rig r;
    rig_req q[3];
    rig_init(&r);
    rig_begin(&r);
    for (int i = 0; i < 3; i++)
        rig_req_init(&q[i], ZB_OP_SYNC);
    assert_int_equal(zb_session_pause(r.s, &q[0].req, ZB_MS(50), r.now), ZOBO_ENOTSTARTED);
    rig_connect(&r);
    assert_int_equal(zb_session_pause(r.s, &q[0].req, ZB_MS(50), r.now), ZOBO_OK);
    assert_int_equal(zb_session_pause(r.s, &q[1].req, ZB_MS(50), r.now), ZOBO_OK);
    assert_true(zb_session_deadline(r.s) <= r.now + ZB_MS(50));
    rig_down(&r, ZOBO_ESERVERCLOSED);
    rig_tick(&r, 49);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    zb_session_forget(r.s, &q[1].req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    assert_int_equal(q[1].req.err, ZOBO_ECANCELLED);
    rig_reconnect(&r);
    rig_tick(&r, 1);
    expect_done(&r, &q[0], ZOBO_OK);
    assert_int_equal(zb_session_pause(r.s, &q[2].req, ZB_MS(50), r.now), ZOBO_OK);
    zb_session_stop(r.s, true, r.now);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_LOST, ZOBO_OK);
    expect_done(&r, &q[2], ZOBO_ESTOPPED);
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
        cmocka_unit_test(results_are_filled_in),
        cmocka_unit_test(replies_paths_lose_the_chroot),
        cmocka_unit_test(a_body_that_cannot_be_read_is_that_requests_problem),
        cmocka_unit_test(transactions_end_by_their_results),
        cmocka_unit_test(add_watch_answers_with_or_without_its_body),
        cmocka_unit_test(what_waits_is_sent_in_order_when_connected),
        cmocka_unit_test(waiting_has_its_time_and_so_has_a_request),
        cmocka_unit_test(forgetting_lets_go),
        cmocka_unit_test(a_pause_ends_by_the_clock_alone),
        cmocka_unit_test(without_memory_nothing_is_submitted),
        cmocka_unit_test(a_reply_without_memory_is_lost_but_not_the_link),
        cmocka_unit_test(what_waits_survives_want_of_memory),
        cmocka_unit_test(making_a_session_without_memory_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
