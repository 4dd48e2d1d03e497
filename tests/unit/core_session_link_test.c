/* SPDX-License-Identifier: Apache-2.0 */
/* The session: servers in turn, the handshake, the pauses between rounds. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

static void
connects(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    rig_begin(&r);
    assert_true(rig_info(&r).stopped);
    assert_int_equal(rig_info(&r).host, -1);
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
    zb_session_info info = rig_info(&r);
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
            rig_start(&r);
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
        rig_start(&r);
        rig_dial(&r);
        rig_feed(&r, rows[i].bytes, rows[i].n);
        expect(&r, ZB_EV_DISCONNECT);
        assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
        expect_nothing(&r);
        assert_int_equal(rig_host(&r, 0)->last_err, ZOBO_EPROTOCOL);
        assert_false(rig_info(&r).has_session);
        assert_int_equal(rig_info(&r).state, ZOBO_LOST);
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
    rig_start(&r);
    rig_dial(&r);
    rig_feed(&r, early, sizeof early - 1);
    expect(&r, ZB_EV_DISCONNECT);
    expect(&r, ZB_EV_RESOLVE);
    assert_int_equal(rig_host(&r, 0)->last_err, ZOBO_EPROTOCOL);
    rig_end(&r);
}

static void
servers_and_addresses_are_tried_in_turn(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    rig_start(&r);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 0);
    rig_resolved(&r, 0);
    assert_int_equal(rig_host(&r, 0)->last_err, ZOBO_ERESOLVE);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
    rig_resolved(&r, 3);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 1);
    zb_session_link(r.s, ZB_LINK_DOWN, ZOBO_EREFUSED, 111, r.now);
    assert_int_equal(rig_host(&r, 1)->last_err, ZOBO_EREFUSED);
    assert_int_equal(rig_host(&r, 1)->last_errno, 111);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 2);
    rig_up(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    assert_int_equal(rig_host(&r, 1)->last_err, ZOBO_EHANDSHAKECLOSED);
    assert_int_equal(expect(&r, ZB_EV_CONNECT)->addr, 3);
    rig_up(&r);
    rig_down(&r, ZOBO_EUNREACHABLE);
    assert_int_equal(rig_host(&r, 1)->last_err, ZOBO_EUNREACHABLE);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 2);
    rig_resolved(&r, 1);
    expect(&r, ZB_EV_CONNECT);
    rig_down(&r, ZOBO_EREFUSED);
    expect_nothing(&r); /* the round is over: a pause */
    assert_int_equal(rig_info(&r).host, -1);
    assert_int_equal(rig_info(&r).state, ZOBO_LOST);
    rig_wait(&r);
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    assert_int_equal(rig_host(&r, 0)->last_err, ZOBO_OK);
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
    rig_start(&r);
    expect(&r, ZB_EV_RESOLVE);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(RIG_TIMEOUT_MS / 3));
    rig_tick(&r, RIG_TIMEOUT_MS / 3 - 1);
    expect_nothing(&r);
    rig_tick(&r, 1);
    expect(&r, ZB_EV_DISCONNECT); /* gives up resolving */
    assert_int_equal(rig_host(&r, 0)->last_err, ZOBO_ECONNECTTIMEOUT);
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
    assert_int_equal(rig_host(&r, 1)->last_err, ZOBO_ECONNECTTIMEOUT);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 2);
    rig_end(&r);

    rig_init(&r);
    r.options.connect_timeout_ms = 77;
    rig_start(&r);
    expect(&r, ZB_EV_RESOLVE);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(77));
    rig_end(&r);

    rig_init(&r);
    r.options.timeout_ms = 100; /* a second at least */
    rig_start(&r);
    expect(&r, ZB_EV_RESOLVE);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(1000));
    rig_end(&r);
}

/* A ZooKeeper that is just starting may take a connection and never read from it, nor close it. */
static void
a_server_that_says_nothing_once_does_not_cost_the_session(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    r.options.hosts = "a";
    r.options.timeout_ms = 60000; /* what counts is what the server granted: RIG_TIMEOUT_MS */
    rig_begin(&r);
    rig_connect(&r);
    zb_time heard = r.now;
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_dial(&r);
    rig_wait(&r);
    expect(&r, ZB_EV_DISCONNECT);
    rig_wait(&r);
    rig_reconnect(&r);
    assert_true(r.now - heard < ZB_MS(RIG_TIMEOUT_MS));
    rig_end(&r);
}

static void
answers_to_what_was_called_off_are_not_heard(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    rig_start(&r);
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
    rig_start(&r);
    static const unsigned waits[] = {100, 200, 400, 500, 500};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        rig_fail_round(&r);
        expect_nothing(&r);
        assert_int_equal(zb_session_deadline(r.s) - r.now, ZB_MS(waits[i]));
        rig_wait(&r);
    }
    /* a round that succeeds begins the count anew, and the first round after a loss is at once */
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_fail_round(&r);
    assert_int_equal(zb_session_deadline(r.s) - r.now, ZB_MS(100));
    rig_end(&r);
}

/* Before the first connection only: a start fails at once where nobody listens, a session goes on. */
static void
rounds_at_the_start_may_be_limited(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    r.options.start_rounds = 2;
    rig_start(&r);
    rig_fail_round(&r);
    expect_nothing(&r);
    rig_wait(&r);
    rig_fail_round(&r);
    assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_ENOCONNECTION);
    rig_end(&r);

    rig_init(&r);
    r.options.start_rounds = 1;
    rig_begin(&r);
    rig_connect(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    for (int round = 0; round < 5; round++) {
        rig_fail_round(&r);
        expect_nothing(&r);
        rig_wait(&r);
    }
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
        rig_fail_round(&r);
        expect_nothing(&r);
        rig_wait(&r);
        rig_fail_round(&r);
        if (connect_first)
            expect_state(&r, ZOBO_LOST, ZOBO_ENOCONNECTION);
        expect_done(&r, &q, ZOBO_ENOCONNECTION);
        assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_ENOCONNECTION);
        expect_nothing(&r);
        assert_true(rig_info(&r).stopped);
        assert_int_equal(rig_info(&r).ended_by, ZOBO_ENOCONNECTION);
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
    rig_start(&r);
    rig_fail_round(&r);
    rig_wait(&r); /* at 100 */
    rig_fail_round(&r);
    rig_wait(&r); /* at 300 */
    rig_fail_round(&r);
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
        rig_wait(&r);
    }
    rig_reconnect(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_LOST, ZOBO_ENOCONNECTION);
    expect(&r, ZB_EV_CLOSED);
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
    assert_string_equal(rig_host(&r, 1)->name, "e"); /* nothing is under way: at once */
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    expect(&r, ZB_EV_RESOLVE);
    hosts = hosts_of("x");
    zb_session_set_hosts(r.s, &hosts);
    hosts = hosts_of("f,g,h");
    zb_session_set_hosts(r.s, &hosts);
    assert_string_equal(rig_host(&r, 0)->name, "d");
    rig_resolved(&r, 0);
    assert_int_equal(expect(&r, ZB_EV_RESOLVE)->host, 1);
    rig_resolved(&r, 0);
    expect_nothing(&r);
    rig_wait(&r);
    assert_string_equal(rig_host(&r, 0)->name, "f");
    rig_dial(&r);
    rig_welcome(&r, 4000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    hosts = hosts_of("i");
    zb_session_set_hosts(r.s, &hosts);
    assert_int_equal(rig_info(&r).host, 0);
    assert_string_equal(rig_host(&r, 0)->name, "f");
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    assert_string_equal(rig_host(&r, 0)->name, "i");
    hosts = hosts_of("j");
    zb_session_set_hosts(r.s, &hosts); /* freed with the session */
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
        cmocka_unit_test(a_server_that_says_nothing_once_does_not_cost_the_session),
        cmocka_unit_test(answers_to_what_was_called_off_are_not_heard),
        cmocka_unit_test(rounds_are_further_and_further_apart),
        cmocka_unit_test(rounds_at_the_start_may_be_limited),
        cmocka_unit_test(rounds_may_be_limited),
        cmocka_unit_test(rounds_may_have_a_deadline),
        cmocka_unit_test(a_server_that_hangs_up_at_once_is_not_visited_in_a_loop),
        cmocka_unit_test(new_servers_are_for_the_next_round),
        cmocka_unit_test(the_log_tells_each_step_but_no_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
