/* SPDX-License-Identifier: Apache-2.0 */
/* The session: loss and return of the link, expiry, heartbeat, read-only servers. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

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
    assert_int_equal(rig_info(&r).last_zxid, 0x500000007);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    assert_int_equal(rig_host(&r, 0)->last_err, ZOBO_ESERVERCLOSED);
    assert_false(rig_info(&r).connected);
    assert_true(rig_info(&r).has_session);
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
            assert_false(rig_info(&r).has_session);
            assert_int_equal(rig_info(&r).last_zxid, 0);
            if (stay_lost) {
                assert_int_equal(expect_watch(&r, &stays, ZOBO_EVENT_NONE)->state, ZOBO_LOST);
                assert_true(r.last.last);
                assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_ESESSIONEXPIRED);
                assert_int_equal(rig_submit_path(&r, &q, ZB_OP_SYNC, "/"), ZOBO_ESESSIONEXPIRED);
                rig_end(&r);
                continue;
            }
            rig_get(&r, &q, "/b");                  /* waits for the new session */
            assert_int_equal(rig_info(&r).host, 0); /* the same server first, and at once */
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
        if (rig_info(&r).host < 0) {
            expect_nothing(&r);
            rig_wait(&r);
            if (r.now < lost)
                rig_fail_round(&r);
        } else {
            rig_fail_round(&r);
        }
    }
    assert_int_equal(r.now, lost);
    expect_state(&r, ZOBO_LOST, ZOBO_ESESSIONEXPIRED);
    rig_wait(&r);
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
    rig_wait(&r);
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
    rig_fail_round(&r);
    rig_tick(&r, 1000000);
    rig_drain(&r);
    assert_int_equal(rig_info(&r).state, ZOBO_SUSPENDED);
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
        assert_false(rig_info(&r).has_session); /* not before a server says so */
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
            assert_int_equal(rig_info(&r).ended_by, ZOBO_ESESSIONEXPIRED);
            rig_connect(&r);
            assert_int_equal(rig_info(&r).ended_by, ZOBO_OK);
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
    assert_int_equal(rig_host(&r, 0)->last_err, ZOBO_ESILENT);
    rig_end(&r);
}

/* Who was asleep himself has not heard the server because he did not listen; but only up to the session's end. */
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
        assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(1000));
        rig_tick(&r, 999);
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
    rig r;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_tick(&r, 9000);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESILENT);
    rig_end(&r);
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
    rig_start(&r);
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 1);
    expect(&r, ZB_EV_DISCONNECT);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
    assert_int_equal(rig_host(&r, 0)->last_err, ZOBO_EREADONLYSERVER);
    assert_false(rig_info(&r).has_session);
    rig_end(&r);
}

static void
connect_read_only(rig *r)
{
    rig_init(r);
    r->options.read_only = true;
    rig_start(r);
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
        rig_wait(&r);
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
    rig_wait(&r);
    assert_int_equal(expect(&r, ZB_EV_PROBE)->host, expected);
    rig_wait(&r);
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
    rig_wait(&r);
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

/* The answer of a probe of the old list must not be taken for one of the new list. */
static void
an_index_into_the_old_list_of_servers_means_nothing_in_the_new(void **state)
{
    (void)state;
    rig r;
    connect_read_only(&r);
    rig_wait(&r);
    assert_int_equal(expect(&r, ZB_EV_PROBE)->host, 1);
    zb_hosts hosts;
    zobo_problem why;
    assert_int_equal(zb_hosts_parse(&hosts, "x,y", &why), ZOBO_OK);
    zb_session_set_hosts(r.s, &hosts);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_dial(&r);
    rig_welcome(&r, 2000000000, RIG_SESSION, 1);
    expect_state(&r, ZOBO_CONNECTED_RO, ZOBO_OK);
    rig_wait(&r);
    assert_int_equal(expect(&r, ZB_EV_PROBE)->host, 1);
    zb_session_probed(r.s, 1, true, r.now); /* the old one's */
    expect_nothing(&r);
    assert_true(rig_info(&r).connected);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(an_index_into_the_old_list_of_servers_means_nothing_in_the_new),
        cmocka_unit_test(states_are_told_in_order_even_when_pulled_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
