/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sessions.h"

#include "base/rng.h"
#include "unit/test.h"

static zs_session *
add(zs_sessions *s, int64_t id, int32_t timeout_ms)
{
    zs_session *session = zs_session_add(s, &(zs_session_record){.id = id, .timeout_ms = timeout_ms});
    assert_non_null(session);
    return session;
}

/* Goes on in the steps that are asked for. Returns the id of the first session that is over, and when. */
static int64_t
run(zs_sessions *s, zb_time *now, zb_time until)
{
    for (;;) {
        zs_session *session = zs_sessions_expired(s);
        if (session)
            return session->record.id;
        zb_time next = zs_sessions_deadline(s);
        if (next > until)
            next = until;
        if (next == *now)
            return 0;
        assert_true(next > *now);
        *now = next;
        zs_sessions_tick(s, next);
    }
}

static void
test_over_in_time(void **state)
{
    (void)state;
    static const int32_t timeouts[] = {100, 101, 4000, 39999, 102400, 250000};
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        zs_sessions s;
        zb_time now = ZB_MS(12345), start = now;
        assert_true(zs_sessions_init(&s, 1, now));
        assert_true(zs_sessions_deadline(&s) == ZB_NEVER);
        add(&s, 1, timeouts[i]);
        assert_int_equal(run(&s, &now, start + ZB_MS(400000)), 1);
        zb_time took = now - start;
        assert_true(took >= ZB_MS(timeouts[i]));
        assert_true(took <= ZB_MS(timeouts[i]) + 2 * ZB_MS(ZS_SESSION_TURN_MS));
        zs_sessions_free(&s);
    }
}

static void
test_touching(void **state)
{
    (void)state;
    zs_sessions s;
    zb_time now = ZB_MS(500);
    assert_true(zs_sessions_init(&s, 1, now));
    zs_session *a = add(&s, 1, 1000);
    add(&s, 2, 1000);
    for (int i = 0; i < 30; i++) {
        int64_t over = run(&s, &now, now + ZB_MS(300));
        if (over) {
            assert_int_equal(over, 2);
            zs_session_drop(&s, zs_session_find(&s, 2));
        }
        zs_session_touch(&s, a);
    }
    assert_null(zs_session_find(&s, 2));
    assert_int_equal(s.n, 1);
    zb_time last = now;
    assert_int_equal(run(&s, &now, now + ZB_MS(5000)), 1);
    assert_true(now - last >= ZB_MS(1000));
    /* taken off the wheel, and put on it again */
    assert_null(zs_sessions_expired(&s));
    zs_session_touch(&s, a);
    assert_int_equal(run(&s, &now, now + ZB_MS(5000)), 1);
    zs_sessions_free(&s);
}

/* A process that stood still for longer than the timeout finds nobody expired but those whose time was all but over. */
static void
test_a_stall_is_not_silence(void **state)
{
    (void)state;
    zs_sessions s;
    zb_time now = 0;
    assert_true(zs_sessions_init(&s, 1, now));
    add(&s, 1, 4000);
    now += ZB_MS(60000);
    zs_sessions_tick(&s, now);
    assert_null(zs_sessions_expired(&s));
    assert_int_equal(run(&s, &now, now + ZB_MS(2900)), 0);
    assert_int_equal(run(&s, &now, now + ZB_MS(300)), 1);
    zs_sessions_free(&s);
}

/* Many sessions, touched at random: each is over in its time after it was touched last. */
static void
test_random(void **state)
{
    (void)state;
    enum { N = 500 };
    zs_sessions s;
    zb_time now = 0, touched[N + 1];
    zb_rng rng = {11};
    size_t left = N;
    assert_true(zs_sessions_init(&s, 1, now));
    for (int i = 1; i <= N; i++) {
        add(&s, i, 200 + (int32_t)zb_rng_below(&rng, 8000));
        touched[i] = 0;
    }
    while (left) {
        int64_t id = run(&s, &now, now + ZB_MS(zb_rng_below(&rng, 100)));
        if (id) {
            zs_session *session = zs_session_find(&s, id);
            zb_time silent = now - touched[id], timeout = ZB_MS(session->record.timeout_ms);
            assert_true(silent >= timeout && silent <= timeout + 2 * ZB_MS(ZS_SESSION_TURN_MS));
            zs_session_drop(&s, session);
            left--;
        }
        int64_t other = 1 + (int64_t)zb_rng_below(&rng, N);
        zs_session *session = now < ZB_MS(20000) ? zs_session_find(&s, other) : NULL;
        if (session) {
            zs_session_touch(&s, session);
            touched[other] = now;
        }
    }
    assert_true(zs_sessions_deadline(&s) == ZB_NEVER);
    zs_sessions_free(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_in_time),
        cmocka_unit_test(test_touching),
        cmocka_unit_test(test_a_stall_is_not_silence),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
