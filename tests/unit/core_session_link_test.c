/* SPDX-License-Identifier: Apache-2.0 */
/* The session: servers in turn, the handshake, loss and return of the link, expiry, read-only servers. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

static zb_session_info
info_of(const rig *r)
{
    zb_session_info info;
    zb_session_get_info(r->s, &info);
    return info;
}

static const zb_host *
host_of(const rig *r, size_t i)
{
    return &zb_session_hosts(r->s)->items[i];
}

/* Lets the session's own deadline come. */
static void
wait_for_deadline(rig *r)
{
    zb_time at = zb_session_deadline(r->s);
    assert_true(at != ZB_NEVER && at >= r->now);
    r->now = at;
    zb_session_tick(r->s, r->now);
}

static void
begin(rig *r)
{
    rig_begin(r);
    assert_int_equal(zb_session_start(r->s, NULL, r->now), ZOBO_OK);
}

/* Lets every server of a round be unresolvable. */
static void
fail_round(rig *r)
{
    for (size_t i = 0; i < zb_session_hosts(r->s)->n; i++) {
        expect(r, ZB_EV_RESOLVE);
        rig_resolved(r, 0);
    }
}

static void
connects(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    rig_begin(&r);
    assert_true(info_of(&r).stopped);
    assert_int_equal(info_of(&r).host, -1);
    assert_int_equal(zb_session_deadline(r.s), ZB_NEVER);
    expect_nothing(&r);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_EALREADY);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 0);
    expect_nothing(&r);
    rig_resolved(&r, 1);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 1);
    expect_nothing(&r);
    assert_false(zb_session_wants_write(r.s));
    rig_up(&r);
    expect_nothing(&r);
    assert_true(zb_session_wants_write(r.s));
    rig_flush(&r);
    rig_frame f;
    assert_true(rig_try_frame(&r, &f));
    struct zb_connect_request hello;
    zb_reader body = zb_reader_of(f.p, f.n);
    zb_get_connect_request(&body, &hello);
    assert_false(body.bad);
    assert_int_equal(zb_reader_left(&body), 0);
    assert_int_equal(f.n, 45);
    assert_int_equal(hello.protocol_version, 0);
    assert_int_equal(hello.timeout, RIG_TIMEOUT_MS);
    assert_int_equal(hello.session_id, 0);
    assert_int_equal(hello.last_zxid_seen, 0);
    assert_int_equal(hello.password.n, 16);
    assert_false(hello.read_only);
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    expect_nothing(&r);
    zb_session_info info = info_of(&r);
    assert_true(info.connected && info.has_session && !info.stopped);
    assert_int_equal(info.id.session_id, RIG_SESSION);
    assert_int_equal(info.id.password[15], 'p');
    assert_int_equal(info.timeout_ms, 4000);
    assert_int_equal(info.host, 0);
    assert_int_equal(zb_session_get_stats(r.s)->connects, 1);
    assert_int_equal(zb_session_get_stats(r.s)->reconnects, 0);
    assert_int_equal(zb_session_get_stats(r.s)->bytes_out, 49);
    assert_int_equal(zb_session_get_stats(r.s)->bytes_in, 41);
    rig_end(&r);
}

/* A server that is older answers with one byte less. What follows in the same packet is a frame of its own. */
static void
both_lengths_of_the_answer_are_read_in_any_pieces(void **state)
{
    (void)state;
    for (int read_only = -1; read_only <= 0; read_only++) {
        for (size_t piece = 1; piece < 50; piece++) {
            rig r;
            rig_init(&r);
            r.read_max = piece;
            begin(&r);
            rig_dial(&r);
            rig_welcome(&r, 4000, RIG_SESSION, read_only);
            rig_reply(&r, ZB_XID_PING, 5, 0, NULL);
            expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
            expect_nothing(&r);
            rig_end(&r);
        }
    }
}

static void
a_bad_answer_to_the_handshake_is_the_servers_fault(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        {"HTTP/1.1 400 Bad Request", 24},
        {"\0\0\0\043", 4},
        {"\0\0\0\046", 4},
        {"\377\377\377\377", 4},
        /* no session, though none was asked for again */
        {"\0\0\0\044\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\020pppppppppppppppp", 40},
        {"\0\0\0\044\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\020pppppppppppppppp", 40},
        /* passwords that are too short, too long for the frame, null */
        {"\0\0\0\044\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\1\0\0\0\017pppppppppppppppp", 40},
        {"\0\0\0\044\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\1\0\0\0\022pppppppppppppppp", 40},
        {"\0\0\0\044\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\1\377\377\377\377pppppppppppppppp", 40},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig r;
        rig_init(&r);
        begin(&r);
        rig_dial(&r);
        rig_feed(&r, rows[i].bytes, rows[i].n);
        expect(&r, ZB_EV_DISCONNECT);
        assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
        expect_nothing(&r);
        assert_int_equal(host_of(&r, 0)->last_err, ZOBO_EPROTOCOL);
        assert_false(info_of(&r).has_session);
        assert_int_equal(info_of(&r).state, ZOBO_LOST);
        rig_end(&r);
    }
}

/* Before the ConnectRequest has gone out nothing can be its answer (and a ping would overtake it). */
static void
an_answer_before_the_question_is_none(void **state)
{
    (void)state;
    static const char early[] = "\0\0\0\044\0\0\0\0\0\0\7\0\0\0\0\0\0\0\0\1\0\0\0\020pppppppppppppppp";
    rig r;
    rig_init(&r);
    begin(&r);
    rig_dial(&r);
    rig_feed(&r, early, sizeof early - 1);
    expect(&r, ZB_EV_DISCONNECT);
    expect(&r, ZB_EV_RESOLVE);
    assert_int_equal(host_of(&r, 0)->last_err, ZOBO_EPROTOCOL);
    rig_end(&r);
}

static void
servers_and_addresses_are_tried_in_turn(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    begin(&r);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 0);
    rig_resolved(&r, 0);
    assert_int_equal(host_of(&r, 0)->last_err, ZOBO_ERESOLVE);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
    rig_resolved(&r, 3);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 1);
    zb_session_link(r.s, ZB_LINK_DOWN, ZOBO_EREFUSED, 111, r.now);
    assert_int_equal(host_of(&r, 1)->last_err, ZOBO_EREFUSED);
    assert_int_equal(host_of(&r, 1)->last_errno, 111);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 2);
    rig_up(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    assert_int_equal(host_of(&r, 1)->last_err, ZOBO_EHANDSHAKECLOSED);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 3);
    rig_up(&r);
    rig_down(&r, ZOBO_EUNREACHABLE);
    assert_int_equal(host_of(&r, 1)->last_err, ZOBO_EUNREACHABLE);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 2);
    rig_resolved(&r, 1);
    expect(&r, ZB_EV_CONNECT);
    rig_down(&r, ZOBO_EREFUSED);
    expect_nothing(&r); /* the round is over: a pause */
    assert_int_equal(info_of(&r).host, -1);
    assert_int_equal(info_of(&r).state, ZOBO_LOST);
    wait_for_deadline(&r);
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    assert_int_equal(host_of(&r, 0)->last_err, ZOBO_OK);
    rig_end(&r);
}

static void
servers_and_addresses_are_shuffled_unless_told_not_to(void **state)
{
    (void)state;
    unsigned hosts = 0, addrs = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        rig r;
        rig_init(&r);
        r.options.ordered_hosts = false;
        rig_begin(&r);
        r.s->rng.s = seed;
        assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
        hosts |= 1U << expect(&r, ZB_EV_RESOLVE)->host;
        rig_resolved(&r, 3);
        addrs |= 1U << expect(&r, ZB_EV_CONNECT)->addr;
        rig_end(&r);
    }
    assert_int_equal(hosts, 7);
    assert_int_equal(addrs, 14);
}

static void
each_try_has_its_time(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    begin(&r);
    expect(&r, ZB_EV_RESOLVE);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(RIG_TIMEOUT_MS / 3));
    rig_tick(&r, RIG_TIMEOUT_MS / 3 - 1);
    expect_nothing(&r);
    rig_tick(&r, 1);
    expect(&r, ZB_EV_DISCONNECT); /* gives up resolving */
    assert_int_equal(host_of(&r, 0)->last_err, ZOBO_ECONNECTTIMEOUT);
    expect(&r, ZB_EV_RESOLVE);
    rig_resolved(&r, 2);
    expect(&r, ZB_EV_CONNECT);
    rig_tick(&r, RIG_TIMEOUT_MS / 3);
    expect(&r, ZB_EV_DISCONNECT);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 2);
    rig_tick(&r, 1000);
    rig_up(&r);
    rig_tick(&r, RIG_TIMEOUT_MS / 3 - 1001); /* the handshake has what connecting left */
    expect_nothing(&r);
    rig_tick(&r, 1);
    expect(&r, ZB_EV_DISCONNECT);
    assert_int_equal(host_of(&r, 1)->last_err, ZOBO_ECONNECTTIMEOUT);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 2);
    rig_end(&r);

    rig_init(&r);
    r.options.connect_timeout_ms = 77;
    begin(&r);
    expect(&r, ZB_EV_RESOLVE);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(77));
    rig_end(&r);

    rig_init(&r);
    r.options.timeout_ms = 100; /* a second at least */
    begin(&r);
    expect(&r, ZB_EV_RESOLVE);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(1000));
    rig_end(&r);
}

static void
answers_to_what_was_called_off_are_not_heard(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    begin(&r);
    rig_resolved(&r, 1); /* not asked yet */
    rig_up(&r);
    rig_down(&r, ZOBO_EREFUSED);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 0);
    rig_up(&r);
    rig_down(&r, ZOBO_EREFUSED);
    rig_tick(&r, RIG_TIMEOUT_MS / 3);
    rig_resolved(&r, 1); /* too late, and the next server's turn has not been pulled */
    expect(&r, ZB_EV_DISCONNECT);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
    zb_addr addr = {{9}, 16};
    zb_session_resolved(r.s, 0, &addr, 1, ZOBO_OK, 0, r.now);
    expect_nothing(&r);
    zb_session_resolved(r.s, 1, &addr, 1, ZOBO_OK, 0, r.now);
    zb_session_resolved(r.s, 1, &addr, 1, ZOBO_OK, 0, r.now);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 9);
    rig_tick(&r, RIG_TIMEOUT_MS / 3);
    rig_up(&r); /* crossed with the DISCONNECT */
    expect(&r, ZB_EV_DISCONNECT);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 2);
    rig_resolved(&r, 2);
    rig_up(&r); /* of the address before: the new one has not been asked for */
    expect(&r, ZB_EV_CONNECT);
    assert_false(zb_session_wants_write(r.s));
    rig_up(&r);
    rig_up(&r);
    zb_session_fed(r.s, 10, r.now); /* no space was taken */
    assert_true(zb_session_wants_write(r.s));
    expect_nothing(&r);
    rig_end(&r);
}

static void
rounds_are_further_and_further_apart(void **state)
{
    (void)state;
    zobo_retry_policy policy = {0};
    policy.size = sizeof policy;
    policy.delay_ms = 100;
    policy.jitter_percent = ZOBO_NO_JITTER;
    policy.max_delay_ms = 500;
    rig r;
    rig_init(&r);
    r.options.connection_retry = &policy;
    begin(&r);
    static const unsigned waits[] = {100, 200, 400, 500, 500};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        fail_round(&r);
        expect_nothing(&r);
        assert_int_equal(zb_session_deadline(r.s) - r.now, ZB_MS(waits[i]));
        wait_for_deadline(&r);
    }
    /* a round that succeeds begins the count anew, and the first round after a loss is at once */
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    fail_round(&r);
    assert_int_equal(zb_session_deadline(r.s) - r.now, ZB_MS(100));
    rig_end(&r);
}

static void
rounds_may_be_limited(void **state)
{
    (void)state;
    zobo_retry_policy policy = {0};
    policy.size = sizeof policy;
    policy.max_tries = 2;
    for (int connect_first = 0; connect_first < 2; connect_first++) {
        rig r;
        rig_req q;
        rig_init(&r);
        r.options.connection_retry = &policy;
        rig_begin(&r);
        if (connect_first) {
            rig_connect(&r);
            rig_down(&r, ZOBO_ESERVERCLOSED);
            expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
        } else {
            assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
        }
        rig_get(&r, &q, "/a");
        fail_round(&r);
        expect_nothing(&r);
        wait_for_deadline(&r);
        fail_round(&r);
        if (connect_first)
            expect_state(&r, ZOBO_LOST, ZOBO_ENOCONNECTION);
        expect_done(&r, &q, ZOBO_ENOCONNECTION);
        assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_ENOCONNECTION);
        expect_nothing(&r);
        assert_true(info_of(&r).stopped);
        assert_int_equal(info_of(&r).ended_by, ZOBO_ENOCONNECTION);
        assert_int_equal(rig_submit_path(&r, &q, ZB_OP_SYNC, "/"), ZOBO_ENOTSTARTED);
        assert_int_equal(zb_session_deadline(r.s), ZB_NEVER);
        rig_connect(&r); /* may be started again */
        rig_end(&r);
    }
}

static void
rounds_may_have_a_deadline(void **state)
{
    (void)state;
    zobo_retry_policy policy = {0};
    policy.size = sizeof policy;
    policy.delay_ms = 100;
    policy.jitter_percent = ZOBO_NO_JITTER;
    policy.deadline_ms = 350;
    rig r;
    rig_init(&r);
    r.options.connection_retry = &policy;
    begin(&r);
    fail_round(&r);
    wait_for_deadline(&r); /* at 100 */
    fail_round(&r);
    wait_for_deadline(&r); /* at 300 */
    fail_round(&r);
    assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_ENOCONNECTION);
    rig_end(&r);
}

/* A server that accepts and hangs up, again and again. */
static void
a_server_that_hangs_up_at_once_is_not_visited_in_a_loop(void **state)
{
    (void)state;
    zobo_retry_policy policy = {0};
    policy.size = sizeof policy;
    policy.delay_ms = 100;
    policy.jitter_percent = ZOBO_NO_JITTER;
    policy.max_tries = 3;
    rig r;
    rig_init(&r);
    r.options.connection_retry = &policy;
    rig_begin(&r);
    rig_connect(&r);
    rig_reply(&r, ZB_XID_PING, 1, 0, NULL);
    expect_nothing(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED); /* one that has been heard does not count */
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_reconnect(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED); /* the first time: at once */
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    static const unsigned waits[] = {100, 200};
    for (size_t i = 0; i < 2; i++) {
        rig_reconnect(&r);
        rig_down(&r, ZOBO_ESERVERCLOSED);
        expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
        expect_nothing(&r);
        assert_int_equal(zb_session_deadline(r.s) - r.now, ZB_MS(waits[i]));
        wait_for_deadline(&r);
    }
    rig_reconnect(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_LOST, ZOBO_ENOCONNECTION);
    expect(&r, ZB_EV_CLOSED);
    rig_end(&r);
}

static void
a_lost_link_is_suspended_and_the_session_resumed(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_flush(&r);
    rig_frame f;
    assert_true(rig_try_frame(&r, &f));
    rig_get(&r, &q, "/a");
    rig_answer(&r, &q, 0x500000007, 0);
    assert_int_equal(info_of(&r).last_zxid, 0x500000007);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    assert_int_equal(host_of(&r, 0)->last_err, ZOBO_ESERVERCLOSED);
    assert_false(info_of(&r).connected);
    assert_true(info_of(&r).has_session);
    rig_dial(&r);
    rig_flush(&r);
    struct zb_connect_request hello;
    assert_true(rig_try_frame(&r, &f));
    zb_reader body = zb_reader_of(f.p, f.n);
    zb_get_connect_request(&body, &hello);
    assert_int_equal(hello.session_id, RIG_SESSION);
    assert_int_equal(((const char *)hello.password.p)[0], 'p');
    assert_int_equal(hello.last_zxid_seen, 0x500000007);
    assert_int_equal(hello.timeout, RIG_TIMEOUT_MS); /* what is wanted, not what was granted */
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    assert_int_equal(zb_session_get_stats(r.s)->connects, 2);
    assert_int_equal(zb_session_get_stats(r.s)->reconnects, 1);
    rig_end(&r);
}

/* The server's no: no id, no timeout, or another id than was asked for. */
static void
the_server_says_that_the_session_is_over(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        for (int stay_lost = 0; stay_lost < 2; stay_lost++) {
            rig r;
            rig_req q, w;
            rig_init(&r);
            r.options.stay_lost = stay_lost;
            rig_begin(&r);
            rig_connect(&r);
            int watcher = 0, stays = 0;
            rig_get_watch(&r, &w, ZB_OP_GET_DATA, "/a", ZB_WATCH_DATA, &watcher);
            rig_answer(&r, &w, 9, 0);
            rig_add_watch(&r, "/p", ZB_WATCH_PERSISTENT, &stays);
            rig_down(&r, ZOBO_ESERVERCLOSED);
            expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
            expect_watch(&r, &stays, ZOBO_EVENT_NONE);
            rig_get(&r, &q, "/b");
            rig_dial(&r);
            rig_welcome(&r, how == 1 ? 0 : 4000, how == 0 ? 0 : RIG_SESSION + (how == 2), 0);
            expect(&r, ZB_EV_DISCONNECT);
            expect_state(&r, ZOBO_LOST, ZOBO_ESESSIONEXPIRED);
            if (!stay_lost) {
                assert_int_equal(expect_watch(&r, &stays, ZOBO_EVENT_NONE)->state, ZOBO_LOST);
                assert_false(r.last.last);
            }
            expect_done(&r, &q, ZOBO_ESESSIONEXPIRED);
            assert_int_equal(expect_watch(&r, &watcher, ZOBO_EVENT_NONE)->state, ZOBO_LOST);
            assert_true(r.last.last);
            assert_string_equal(r.last.path, "/a");
            assert_int_equal(zb_session_get_stats(r.s)->expirations, 1);
            assert_false(info_of(&r).has_session);
            assert_int_equal(info_of(&r).last_zxid, 0);
            if (stay_lost) {
                assert_int_equal(expect_watch(&r, &stays, ZOBO_EVENT_NONE)->state, ZOBO_LOST);
                assert_true(r.last.last);
                assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_ESESSIONEXPIRED);
                assert_int_equal(rig_submit_path(&r, &q, ZB_OP_SYNC, "/"), ZOBO_ESESSIONEXPIRED);
                rig_end(&r);
                continue;
            }
            rig_get(&r, &q, "/b");                 /* waits for the new session */
            assert_int_equal(info_of(&r).host, 0); /* the same server first, and at once */
            rig_dial(&r);
            rig_flush(&r);
            rig_frame f;
            assert_true(rig_try_frame(&r, &f));
            struct zb_connect_request hello;
            zb_reader body = zb_reader_of(f.p, f.n);
            zb_get_connect_request(&body, &hello);
            assert_int_equal(hello.session_id, 0);
            assert_int_equal(hello.last_zxid_seen, 0);
            assert_int_equal(((const char *)hello.password.p)[0], 0);
            rig_welcome(&r, 4000, RIG_SESSION + 1, 0);
            expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
            assert_int_equal(expect_watch(&r, &stays, ZOBO_EVENT_NONE)->state, ZOBO_CONNECTED);
            take(&r, ZB_OP_SET_WATCHES2); /* the persistent one is set on the new session */
            rig_reply(&r, ZB_XID_SET_WATCHES, 1, 0, NULL);
            rig_answer(&r, &q, 12, ZOBO_ENONODE);
            assert_int_equal(zb_session_get_stats(r.s)->reconnects, 0);
            rig_end(&r);
        }
    }
}

static void
the_clock_says_that_the_session_is_over(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    r.options.queue_timeout_ms = 100000;
    rig_begin(&r);
    rig_connect(&r);
    r.now += ZB_MS(1000);
    rig_reply(&r, ZB_XID_PING, 1, 0, NULL);
    expect_nothing(&r);
    zb_time heard = r.now;
    r.now += ZB_MS(500);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_dial(&r); /* connects, but is not answered */
    rig_get(&r, &q, "/a");
    rig_flush(&r);
    r.now = heard + ZB_MS(RIG_TIMEOUT_MS) / 100 * 133 - 1;
    zb_session_tick(r.s, r.now); /* this try has timed out */
    expect(&r, ZB_EV_DISCONNECT);
    rig_dial(&r);
    assert_int_equal(zb_session_deadline(r.s), r.now + 1);
    r.now++;
    zb_session_tick(r.s, r.now);
    expect(&r, ZB_EV_DISCONNECT); /* the old id has gone out on this link */
    expect_state(&r, ZOBO_LOST, ZOBO_ESESSIONEXPIRED);
    expect_done(&r, &q, ZOBO_ESESSIONEXPIRED);
    assert_int_equal(zb_session_get_stats(r.s)->expirations, 1);
    r.wire.n = r.wire_at = 0;
    rig_dial(&r);
    rig_flush(&r);
    rig_frame f;
    assert_true(rig_try_frame(&r, &f));
    assert_int_equal(zb_load64(f.p + 16), 0);
    rig_welcome(&r, 4000, RIG_SESSION + 1, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_end(&r);
}

/* During a pause the session ends by the clock all the same, once; a try under way goes on. */
static void
the_clock_runs_during_pauses_too(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    r.options.lost_after_percent = 50;
    rig_begin(&r);
    rig_connect(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    zb_time lost = r.now + ZB_MS(RIG_TIMEOUT_MS / 2);
    while (r.now < lost) {
        if (info_of(&r).host < 0) {
            expect_nothing(&r);
            wait_for_deadline(&r);
            if (r.now < lost)
                fail_round(&r);
        } else {
            fail_round(&r);
        }
    }
    assert_int_equal(r.now, lost);
    expect_state(&r, ZOBO_LOST, ZOBO_ESESSIONEXPIRED);
    wait_for_deadline(&r);
    rig_dial(&r);
    rig_end(&r);

    rig_init(&r);
    r.options.lost_after_percent = 50;
    r.options.connect_timeout_ms = 8000;
    rig_begin(&r);
    rig_connect(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    expect(&r, ZB_EV_RESOLVE);
    wait_for_deadline(&r);
    expect_state(&r, ZOBO_LOST, ZOBO_ESESSIONEXPIRED);
    expect_nothing(&r);
    rig_resolved(&r, 1);
    expect(&r, ZB_EV_CONNECT);
    rig_end(&r);

    rig_init(&r);
    r.options.lost_after_percent = ZOBO_NEVER;
    rig_begin(&r);
    rig_connect(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    fail_round(&r);
    rig_tick(&r, 1000000);
    rig_drain(&r);
    assert_int_equal(info_of(&r).state, ZOBO_SUSPENDED);
    rig_end(&r);
}

static void
an_id_given_is_resumed_or_all_ends(void **state)
{
    (void)state;
    zobo_client_id id = {77, {1, 2, 3}};
    for (int accepted = 0; accepted < 2; accepted++) {
        rig r;
        rig_req q;
        rig_init(&r);
        rig_begin(&r);
        assert_int_equal(zb_session_start(r.s, &id, r.now), ZOBO_OK);
        assert_false(info_of(&r).has_session); /* not before a server says so */
        rig_get(&r, &q, "/a");
        rig_tick(&r, 1);
        rig_dial(&r);
        rig_flush(&r);
        rig_frame f;
        assert_true(rig_try_frame(&r, &f));
        struct zb_connect_request hello;
        zb_reader body = zb_reader_of(f.p, f.n);
        zb_get_connect_request(&body, &hello);
        assert_int_equal(hello.session_id, 77);
        assert_memory_equal(hello.password.p, id.password, 16);
        assert_int_equal(hello.last_zxid_seen, 0);
        rig_welcome(&r, accepted ? 4000 : 0, accepted ? 77 : 0, 0);
        if (accepted) {
            expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
            assert_int_equal(zb_session_get_stats(r.s)->reconnects, 1);
            rig_answer(&r, &q, 3, 0);
        } else {
            expect(&r, ZB_EV_DISCONNECT);
            expect_done(&r, &q, ZOBO_ESESSIONEXPIRED);
            assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_ESESSIONEXPIRED);
            assert_int_equal(rig_submit_path(&r, &q, ZB_OP_SYNC, "/"), ZOBO_ESESSIONEXPIRED);
            assert_int_equal(info_of(&r).ended_by, ZOBO_ESESSIONEXPIRED);
            rig_connect(&r);
            assert_int_equal(info_of(&r).ended_by, ZOBO_OK);
        }
        rig_end(&r);
    }
}

static void
the_heartbeat_beats(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r); /* granted 9000: ping after 3000, dead after 6000 */
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(3000));
    rig_tick(&r, 2999);
    assert_false(zb_session_wants_write(r.s));
    rig_tick(&r, 1);
    take(&r, ZB_OP_PING);
    rig_tick(&r, 100);
    assert_false(zb_session_wants_write(r.s));
    rig_reply(&r, ZB_XID_PING, 1, 0, NULL);
    expect_nothing(&r);
    /* what is heard does not put off a ping if nothing is sent, for the server must hear from us too */
    rig_tick(&r, 2800);
    rig_event_frame(&r, 5, ZOBO_EVENT_CHANGED, "/nobody");
    expect_nothing(&r);
    rig_tick(&r, 100);
    take(&r, ZB_OP_PING);
    rig_reply(&r, ZB_XID_PING, 1, 0, NULL);
    expect_nothing(&r);
    /* what is sent does not put it off if nothing is heard */
    rig_tick(&r, 2000);
    rig_get(&r, &q, "/a");
    take(&r, ZB_OP_GET_DATA);
    rig_tick(&r, 1000);
    take(&r, ZB_OP_PING);
    /* a part of a frame is a sign of life */
    rig_tick(&r, 2999);
    rig_feed(&r, "\0\0\1\0xxxx", 8);
    expect_nothing(&r);
    rig_tick(&r, 1);
    take(&r, ZB_OP_PING);
    rig_tick(&r, 5998);
    expect_nothing(&r);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(1));
    rig_tick(&r, 1);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESILENT);
    expect_done(&r, &q, ZOBO_ECONNECTIONLOSS);
    assert_int_equal(host_of(&r, 0)->last_err, ZOBO_ESILENT);
    rig_end(&r);
}

/* Who was asleep himself has not heard the server because he did not listen. */
static void
a_client_that_overslept_asks_before_it_judges(void **state)
{
    (void)state;
    for (int answers = 0; answers < 2; answers++) {
        rig r;
        rig_init(&r);
        rig_begin(&r);
        rig_connect(&r);
        rig_tick(&r, 8000);
        expect_nothing(&r);
        take(&r, ZB_OP_PING);
        assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(3000));
        rig_tick(&r, 2999);
        expect_nothing(&r);
        if (answers)
            rig_reply(&r, ZB_XID_PING, 1, 0, NULL);
        rig_tick(&r, 1);
        if (!answers)
            expect(&r, ZB_EV_DISCONNECT);
        else
            expect_nothing(&r);
        rig_end(&r);
    }
}

/* While the kernel takes nothing, pings do not pile up. */
static void
a_blocked_link_gets_few_pings(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    for (int i = 0; i < 5999; i += 7)
        rig_tick(&r, 7);
    assert_int_equal(zb_session_queued_bytes(r.s), 12);
    rig_tick(&r, 7);
    expect(&r, ZB_EV_DISCONNECT);
    rig_end(&r);
}

static void
a_read_only_server_is_left_unless_asked_for(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    begin(&r);
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 1);
    expect(&r, ZB_EV_DISCONNECT);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
    assert_int_equal(host_of(&r, 0)->last_err, ZOBO_EREADONLYSERVER);
    assert_false(info_of(&r).has_session);
    rig_end(&r);
}

static void
connect_read_only(rig *r)
{
    rig_init(r);
    r->options.read_only = true;
    begin(r);
    rig_dial(r);
    rig_flush(r);
    rig_frame f;
    assert_true(rig_try_frame(r, &f));
    assert_int_equal(f.p[44], 1);
    rig_welcome(r, 2000000000, RIG_SESSION, 1); /* no heartbeat gets in the way */
    expect_state(r, ZOBO_CONNECTED_RO, ZOBO_OK);
}

static void
on_a_read_only_server_others_are_asked_whether_they_write(void **state)
{
    (void)state;
    rig r;
    connect_read_only(&r);
    size_t expected = 1;
    zb_time last = r.now;
    for (int i = 0; i < 12; i++) {
        wait_for_deadline(&r);
        assert_true(r.now - last >= ZB_MS(900));
        assert_true(r.now - last <= ZB_MS(60000));
        if (i == 0)
            assert_true(r.now - last <= ZB_MS(2000));
        if (i == 11)
            assert_true(r.now - last >= ZB_MS(30000));
        last = r.now;
        assert_int_equal(expect(&r, ZB_EV_PROBE)->host, expected);
        expect_nothing(&r);
        zb_session_probed(r.s, 0, true, r.now); /* was not asked */
        expect_nothing(&r);
        zb_session_probed(r.s, expected, false, r.now);
        zb_session_probed(r.s, expected, true, r.now); /* asked once, answered twice */
        expect_nothing(&r);
        expected = 3 - expected; /* never the one we are on */
    }
    /* one that never answers is passed over */
    wait_for_deadline(&r);
    assert_int_equal(expect(&r, ZB_EV_PROBE)->host, expected);
    wait_for_deadline(&r);
    assert_int_equal(expect(&r, ZB_EV_PROBE)->host, 3 - expected);
    zb_session_probed(r.s, 3 - expected, true, r.now);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_EREADONLYSERVER);
    /* it goes first, and the session made by the other, which no server that writes knows, is not asked for */
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 3 - expected);
    rig_resolved(&r, 1);
    expect(&r, ZB_EV_CONNECT);
    rig_up(&r);
    r.wire.n = r.wire_at = 0;
    rig_flush(&r);
    rig_frame f;
    assert_true(rig_try_frame(&r, &f));
    assert_int_equal(zb_load64(f.p + 16), 0);
    rig_welcome(&r, 4000, RIG_SESSION + 1, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_dial(&r);
    rig_flush(&r);
    assert_true(rig_try_frame(&r, &f));
    assert_int_equal(zb_load64(f.p + 16), RIG_SESSION + 1);
    rig_end(&r);
}

static void
a_preferred_server_that_fails_is_not_tried_twice_in_a_round(void **state)
{
    (void)state;
    rig r;
    connect_read_only(&r);
    wait_for_deadline(&r);
    assert_int_equal(expect(&r, ZB_EV_PROBE)->host, 1);
    zb_session_probed(r.s, 1, true, r.now);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_EREADONLYSERVER);
    static const size_t order[] = {1, 0, 2};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, order[i]);
        rig_resolved(&r, 0);
    }
    expect_nothing(&r);
    rig_end(&r);
}

static zb_hosts
hosts_of(const char *text)
{
    zb_hosts hosts;
    zobo_problem why;
    assert_int_equal(zb_hosts_parse(&hosts, text, &why), ZOBO_OK);
    return hosts;
}

static void
new_servers_are_for_the_next_round(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    rig_begin(&r);
    zb_hosts hosts = hosts_of("d,e");
    zb_session_set_hosts(r.s, &hosts);
    assert_null(hosts.items);
    assert_string_equal(host_of(&r, 1)->name, "e"); /* nothing is under way: at once */
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    expect(&r, ZB_EV_RESOLVE);
    hosts = hosts_of("x");
    zb_session_set_hosts(r.s, &hosts);
    hosts = hosts_of("f,g,h");
    zb_session_set_hosts(r.s, &hosts);
    assert_string_equal(host_of(&r, 0)->name, "d");
    rig_resolved(&r, 0);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
    rig_resolved(&r, 0);
    expect_nothing(&r);
    wait_for_deadline(&r);
    assert_string_equal(host_of(&r, 0)->name, "f");
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    hosts = hosts_of("i");
    zb_session_set_hosts(r.s, &hosts);
    assert_int_equal(info_of(&r).host, 0);
    assert_string_equal(host_of(&r, 0)->name, "f");
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    assert_string_equal(host_of(&r, 0)->name, "i");
    hosts = hosts_of("j");
    zb_session_set_hosts(r.s, &hosts); /* freed with the session */
    rig_end(&r);
}

/* The answer of a probe of the old list must not be taken for one of the new list. */
static void
an_index_into_the_old_list_of_servers_means_nothing_in_the_new(void **state)
{
    (void)state;
    rig r;
    connect_read_only(&r);
    wait_for_deadline(&r);
    assert_int_equal(expect(&r, ZB_EV_PROBE)->host, 1);
    zb_hosts hosts = hosts_of("x,y");
    zb_session_set_hosts(r.s, &hosts);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_dial(&r);
    rig_welcome(&r, 2000000000, RIG_SESSION, 1);
    expect_state(&r, ZOBO_CONNECTED_RO, ZOBO_OK);
    wait_for_deadline(&r);
    assert_int_equal(expect(&r, ZB_EV_PROBE)->host, 1);
    zb_session_probed(r.s, 1, true, r.now); /* the old one's */
    expect_nothing(&r);
    assert_true(info_of(&r).connected);
    zb_session_probed(r.s, 1, true, r.now);
    expect(&r, ZB_EV_DISCONNECT);
    rig_end(&r);
}

static void
states_are_told_in_order_even_when_pulled_late(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    r.options.lost_after_percent = 50;
    rig_begin(&r);
    rig_connect(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    rig_tick(&r, 100000);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_LOST, ZOBO_ESESSIONEXPIRED);
    rig_end(&r);
}

static void
log_line(void *arg, zobo_log_level level, const char *line)
{
    assert_true(level >= ZOBO_LOG_ERROR && level <= ZOBO_LOG_DEBUG);
    assert_null(strstr(line, "secret"));
    assert_null(strchr(line, '\n'));
    (*(int *)arg)++;
}

static void
the_log_tells_each_step_but_no_secrets(void **state)
{
    (void)state;
    int lines = 0;
    zobo_auth auth = {"digest", "user:secret", 11};
    rig r;
    rig_req q;
    rig_init(&r);
    r.options.log = log_line;
    r.options.log_arg = &lines;
    r.options.log_level = ZOBO_LOG_DEBUG;
    r.options.auth = &auth;
    r.options.n_auth = 1;
    rig_begin(&r);
    rig_connect(&r);
    assert_true(lines >= 5);
    take(&r, ZB_OP_AUTH);
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "other:secret"), ZOBO_OK);
    rig_reply(&r, ZB_XID_AUTH, 0, ZOBO_EAUTHFAILED, NULL);
    rig_end(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects),
        cmocka_unit_test(both_lengths_of_the_answer_are_read_in_any_pieces),
        cmocka_unit_test(a_bad_answer_to_the_handshake_is_the_servers_fault),
        cmocka_unit_test(an_answer_before_the_question_is_none),
        cmocka_unit_test(servers_and_addresses_are_tried_in_turn),
        cmocka_unit_test(servers_and_addresses_are_shuffled_unless_told_not_to),
        cmocka_unit_test(each_try_has_its_time),
        cmocka_unit_test(answers_to_what_was_called_off_are_not_heard),
        cmocka_unit_test(rounds_are_further_and_further_apart),
        cmocka_unit_test(rounds_may_be_limited),
        cmocka_unit_test(rounds_may_have_a_deadline),
        cmocka_unit_test(a_server_that_hangs_up_at_once_is_not_visited_in_a_loop),
        cmocka_unit_test(a_lost_link_is_suspended_and_the_session_resumed),
        cmocka_unit_test(the_server_says_that_the_session_is_over),
        cmocka_unit_test(the_clock_says_that_the_session_is_over),
        cmocka_unit_test(the_clock_runs_during_pauses_too),
        cmocka_unit_test(an_id_given_is_resumed_or_all_ends),
        cmocka_unit_test(the_heartbeat_beats),
        cmocka_unit_test(a_client_that_overslept_asks_before_it_judges),
        cmocka_unit_test(a_blocked_link_gets_few_pings),
        cmocka_unit_test(a_read_only_server_is_left_unless_asked_for),
        cmocka_unit_test(on_a_read_only_server_others_are_asked_whether_they_write),
        cmocka_unit_test(a_preferred_server_that_fails_is_not_tried_twice_in_a_round),
        cmocka_unit_test(new_servers_are_for_the_next_round),
        cmocka_unit_test(an_index_into_the_old_list_of_servers_means_nothing_in_the_new),
        cmocka_unit_test(states_are_told_in_order_even_when_pulled_late),
        cmocka_unit_test(the_log_tells_each_step_but_no_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
