/* SPDX-License-Identifier: Apache-2.0 */
/* The session: watch events, and the end. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

static uint64_t
n_watches(const rig *r)
{
    return zb_session_watches(r->s)->n;
}

static void
a_watch_is_registered_as_its_reply_says(void **state)
{
    (void)state;
    static const struct {
        int32_t op;
        zobo_err err;
        zb_watch_table table; /* NONE: dropped */
    } rows[] = {
        {ZB_OP_GET_DATA, ZOBO_OK, ZB_WATCH_DATA},       {ZB_OP_GET_DATA, ZOBO_ENONODE, ZB_WATCH_NONE},
        {ZB_OP_EXISTS, ZOBO_OK, ZB_WATCH_DATA},         {ZB_OP_EXISTS, ZOBO_ENONODE, ZB_WATCH_EXIST},
        {ZB_OP_EXISTS, ZOBO_ENOAUTH, ZB_WATCH_NONE},    {ZB_OP_GET_CHILDREN, ZOBO_OK, ZB_WATCH_CHILD},
        {ZB_OP_GET_CHILDREN2, ZOBO_OK, ZB_WATCH_CHILD}, {ZB_OP_GET_CHILDREN2, ZOBO_ENONODE, ZB_WATCH_NONE},
    };
    rig r;
    rig_req q;
    int w = 0;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig_get_watch(&r, &q, rows[i].op, "/a", ZB_WATCH_DATA, &w);
        assert_int_equal(n_watches(&r), 0); /* not before the reply */
        rig_answer(&r, &q, 5, rows[i].err);
        assert_int_equal(n_watches(&r), rows[i].table != ZB_WATCH_NONE);
        if (rows[i].table == ZB_WATCH_NONE)
            continue;
        zb_watch_iter it = {0};
        size_t len;
        unsigned tables;
        assert_string_equal(zb_watches_next_path(zb_session_watches(r.s), &it, &len, &tables), "/a");
        assert_int_equal(tables, 1U << rows[i].table);
        rig_event_frame(&r, 6, ZOBO_EVENT_DELETED, "/a");
        const rig_event *ev = expect_watch(&r, &w, ZOBO_EVENT_DELETED);
        assert_true(ev->last);
        assert_int_equal(ev->zxid, 6);
        assert_int_equal(ev->state, ZOBO_CONNECTED);
        assert_string_equal(ev->path, "/a");
        expect_nothing(&r);
        assert_int_equal(n_watches(&r), 0);
    }
    /* a reply that cannot be read registers nothing */
    rig_get_watch(&r, &q, ZB_OP_EXISTS, "/a", ZB_WATCH_DATA, &w);
    rig_flush(&r);
    rig_reply(&r, (int32_t)(sizeof rows / sizeof *rows) + 1, 5, 0, NULL);
    expect_done(&r, &q, ZOBO_EBADREPLY);
    assert_int_equal(n_watches(&r), 0);
    rig_end(&r);
}

static void
a_refused_add_watch_registers_nothing(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    static const int32_t errs[] = {ZOBO_EUNIMPLEMENTED, ZOBO_OK};
    for (int i = 0; i < 2; i++) {
        rig_req q;
        zobo_watcher watcher = {0};
        rig_req_init(&q, ZB_OP_ADD_WATCH);
        zb_path path = {"", "/a", 0, 2};
        q.req.watch = zb_watch_new(zb_session_watches(r.s), path, ZB_WATCH_RECURSIVE, &watcher);
        struct zb_add_watch_request record = {path, 1};
        assert_int_equal(zb_session_submit(r.s, &q.req, &record, r.now), ZOBO_OK);
        zt_buf body = {0};
        zt_put_i32(&body, ZOBO_EMARSHALLING);
        rig_reply(&r, i + 1, 5, errs[i], &body);
        zt_buf_free(&body);
        expect_done(&r, &q, i ? ZOBO_EMARSHALLING : ZOBO_EUNIMPLEMENTED);
        assert_int_equal(n_watches(&r), 0);
    }
    rig_end(&r);
}

/* The event of a client's own change comes before the change's reply, and finds the watch that an earlier reply set. */
static void
events_and_replies_keep_their_order(void **state)
{
    (void)state;
    rig r;
    rig_req get, set;
    int w = 0, p = 0;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_add_watch(&r, "/", ZB_WATCH_RECURSIVE, &p);
    rig_get_watch(&r, &get, ZB_OP_GET_DATA, "/a", ZB_WATCH_DATA, &w);
    assert_int_equal(rig_submit_set(&r, &set, "/a", "x", 1), ZOBO_OK);
    rig_flush(&r);
    rig_data_reply(&r, 2, 5, "x");
    rig_event_frame(&r, 6, ZOBO_EVENT_CHANGED, "/a");
    zt_buf body = {0};
    rig_put_stat(&body);
    rig_reply(&r, 3, 6, 0, &body);
    zt_buf_free(&body);
    expect_done(&r, &get, ZOBO_OK);
    rig_event *ev = expect_watch(&r, &p, ZOBO_EVENT_CHANGED);
    assert_false(ev->last);
    assert_string_equal(ev->path, "/a");
    assert_int_equal(ev->zxid, 6);
    assert_true(expect_watch(&r, &w, ZOBO_EVENT_CHANGED)->last);
    expect_done(&r, &set, ZOBO_OK);
    expect_nothing(&r);
    rig_end(&r);
}

static void
events_nobody_waits_for_are_ignored(void **state)
{
    (void)state;
    rig r;
    int p = 0;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_add_watch(&r, "/a", ZB_WATCH_PERSISTENT, &p);
    rig_event_frame(&r, -1, ZOBO_EVENT_CHANGED, "/b");
    rig_event_frame(&r, -1, ZOBO_EVENT_CHANGED, NULL);
    rig_event_frame(&r, -1, ZOBO_EVENT_CHANGED, "");
    rig_event_frame(&r, -1, ZOBO_EVENT_NONE, "/a"); /* not a server's business */
    rig_event_frame(&r, -1, ZOBO_EVENT_PERSISTENT_WATCH_REMOVED, "/a");
    rig_event_frame(&r, -1, 77, "/a");
    expect_nothing(&r);
    rig_event_frame(&r, -1, ZOBO_EVENT_CHILD, "/a");
    assert_int_equal(expect_watch(&r, &p, ZOBO_EVENT_CHILD)->zxid, -1);
    assert_int_equal(zb_session_get_stats(r.s)->events, 7);
    rig_end(&r);
}

static void
a_storm_of_events_reaches_everybody_once(void **state)
{
    (void)state;
    enum { N = 500, EVENTS = 50 };
    rig r;
    int w[N];
    rig_init(&r);
    r.read_max = 13;
    rig_begin(&r);
    rig_connect(&r);
    for (int i = 0; i < N; i++) {
        w[i] = 0;
        rig_add_watch(&r, i % 2 ? "/a" : "/", ZB_WATCH_RECURSIVE, &w[i]);
    }
    for (int i = 0; i < EVENTS; i++)
        rig_event_frame(&r, i, ZOBO_EVENT_CREATED, "/a/b");
    rig_event ev;
    for (size_t n = 0; n < (size_t)N * EVENTS; n++) {
        assert_true(rig_next(&r, &ev));
        assert_int_equal(ev.kind, ZB_EV_WATCH);
        assert_int_equal(ev.zxid, n / N); /* each event is told to all before the next */
        assert_string_equal(ev.path, "/a/b");
        (*(int *)ev.watcher)++;
    }
    expect_nothing(&r);
    for (int i = 0; i < N; i++)
        assert_int_equal(w[i], EVENTS);
    rig_end(&r);
}

static void
each_change_of_state_is_told_to_persistent_watches(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    int p = 0, w = 0;
    rig_init(&r);
    r.options.read_only = true;
    rig_begin(&r);
    rig_connect(&r);
    rig_add_watch(&r, "/p", ZB_WATCH_RECURSIVE, &p);
    rig_get_watch(&r, &q, ZB_OP_GET_DATA, "/w", ZB_WATCH_DATA, &w);
    rig_answer(&r, &q, 5, 0);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_event *ev = expect_watch(&r, &p, ZOBO_EVENT_NONE);
    assert_int_equal(ev->state, ZOBO_SUSPENDED);
    assert_string_equal(ev->path, "/p");
    assert_int_equal(ev->zxid, -1);
    assert_false(ev->last);
    rig_dial(&r);
    rig_welcome(&r, 9000, RIG_SESSION, 1);
    expect_state(&r, ZOBO_CONNECTED_RO, ZOBO_OK);
    assert_int_equal(expect_watch(&r, &p, ZOBO_EVENT_NONE)->state, ZOBO_CONNECTED_RO);
    expect_nothing(&r); /* the one-shot watch lives on, silently */
    assert_int_equal(n_watches(&r), 2);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    expect_watch(&r, &p, ZOBO_EVENT_NONE);
    rig_dial(&r);
    rig_welcome(&r, 9000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    assert_int_equal(expect_watch(&r, &p, ZOBO_EVENT_NONE)->state, ZOBO_CONNECTED);
    rig_end(&r);
}

/* Pulls one event of a watch without giving back its reference. */
static zb_watch *
pull_watch(rig *r, zb_event *ev)
{
    assert_true(zb_session_next(r->s, ev, r->now));
    assert_int_equal(ev->kind, ZB_EV_WATCH);
    return ev->watch;
}

static void
removed_watches_are_told_nothing_more(void **state)
{
    (void)state;
    for (int telling = 0; telling < 2; telling++) {
        rig r;
        int p[3] = {0};
        rig_init(&r);
        rig_begin(&r);
        rig_connect(&r);
        for (int i = 0; i < 3; i++)
            rig_add_watch(&r, "/a", ZB_WATCH_PERSISTENT, &p[i]);
        if (telling) {
            rig_down(&r, ZOBO_ESERVERCLOSED);
            expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
        } else {
            rig_event_frame(&r, 1, ZOBO_EVENT_CHANGED, "/a");
        }
        zb_event ev;
        zb_watch *first = pull_watch(&r, &ev);
        zb_watches *w = zb_session_watches(r.s);
        zb_link out;
        zb_list_init(&out);
        unsigned left;
        zobo_watcher gone = {.fn = first->watcher.fn};
        for (int i = 0; i < 2; i++) { /* the one being told, and the next */
            gone.arg = &p[i];
            zb_path path = {"", "/a", 0, 2};
            assert_int_equal(zb_watches_remove(w, path, ZOBO_WATCH_ANY, &gone, &out, &left), 1);
        }
        assert_true(first->removed);
        zb_watch_unref(w, first);
        for (zb_link *l; (l = zb_list_pop_front(&out));)
            zb_watch_unref(w, ZB_CONTAINER_OF(l, zb_watch, link));
        expect_watch(&r, &p[2], telling ? ZOBO_EVENT_NONE : ZOBO_EVENT_CHANGED);
        if (telling)
            expect(&r, ZB_EV_RESOLVE);
        expect_nothing(&r);
        rig_end(&r);
    }
}

/* What cannot be told for want of memory is not passed over: the link goes, and on the next one watchers read again. */
static void
an_event_without_memory_ends_the_link(void **state)
{
    (void)state;
    for (long n = 0; n < 2; n++) {
        rig r;
        int p = 0;
        rig_init(&r);
        rig_begin(&r);
        rig_connect(&r);
        rig_add_watch(&r, "/a", ZB_WATCH_PERSISTENT, &p);
        rig_event_frame(&r, 1, ZOBO_EVENT_CHANGED, "/a");
        zb_mem_fail_after(n, 1);
        rig_event ev;
        bool any = rig_next(&r, &ev);
        zb_mem_fail_after(-1, 0);
        assert_true(any);
        assert_int_equal(ev.kind, ZB_EV_DISCONNECT);
        expect_state(&r, ZOBO_SUSPENDED, ZOBO_ENOMEM);
        assert_int_equal(expect_watch(&r, &p, ZOBO_EVENT_NONE)->state, ZOBO_SUSPENDED);
        rig_end(&r);
    }
}

/* --- the end --- */

static void
stop_flushes_closes_and_tells_everybody(void **state)
{
    (void)state;
    rig r;
    rig_req q, w, late;
    int once = 0, stays = 0;
    rig_init(&r);
    rig_begin(&r);
    zb_session_stop(r.s, false, r.now); /* nothing is started */
    expect_nothing(&r);
    rig_connect(&r);
    rig_add_watch(&r, "/p", ZB_WATCH_PERSISTENT, &stays);
    rig_get_watch(&r, &w, ZB_OP_GET_DATA, "/w", ZB_WATCH_DATA, &once);
    rig_answer(&r, &w, 5, 0);
    rig_get(&r, &q, "/a");
    zb_session_stop(r.s, false, r.now);
    zb_session_stop(r.s, true, r.now); /* once is enough */
    assert_int_equal(rig_submit_path(&r, &late, ZB_OP_SYNC, "/"), ZOBO_ESTOPPED);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_EALREADY);
    expect_nothing(&r);
    assert_int_equal(zb_session_deadline(r.s), r.now + ZB_MS(RIG_TIMEOUT_MS));
    rig_frame f = take(&r, ZB_OP_GET_DATA);
    assert_int_equal(f.xid, 3);
    f = take(&r, ZB_OP_CLOSE_SESSION);
    assert_int_equal(f.n, 8);
    rig_data_reply(&r, 3, 6, "x");
    expect_done(&r, &q, ZOBO_OK);
    rig_event_frame(&r, 6, ZOBO_EVENT_CHILD, "/p");
    assert_false(expect_watch(&r, &stays, ZOBO_EVENT_CHILD)->last);
    rig_reply(&r, f.xid, 7, 0, NULL);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_LOST, ZOBO_OK);
    assert_int_equal(expect_watch(&r, &once, ZOBO_EVENT_NONE)->state, ZOBO_LOST);
    assert_true(r.last.last);
    assert_int_equal(expect_watch(&r, &stays, ZOBO_EVENT_NONE)->state, ZOBO_LOST);
    assert_true(r.last.last);
    assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_OK);
    expect_nothing(&r);
    assert_int_equal(n_watches(&r), 0);
    zb_session_info info;
    zb_session_get_info(r.s, &info);
    assert_true(info.stopped && !info.has_session && !info.connected);
    assert_int_equal(info.id.session_id, 0);
    assert_int_equal(rig_submit_path(&r, &late, ZB_OP_SYNC, "/"), ZOBO_ENOTSTARTED);
    assert_int_equal(zb_session_deadline(r.s), ZB_NEVER);
    rig_tick(&r, 1000000);
    expect_nothing(&r);
    rig_connect(&r); /* may be started again */
    rig_end(&r);
}

static void
stop_waits_for_the_server_no_longer_than_the_timeout(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        rig r;
        rig_req sent, unsent;
        rig_init(&r);
        rig_begin(&r);
        rig_connect(&r);
        rig_get(&r, &sent, "/a");
        rig_flush(&r);
        rig_get(&r, &unsent, "/a");
        zb_session_stop(r.s, false, r.now);
        expect_nothing(&r);
        if (how == 0) {
            rig_tick(&r, RIG_TIMEOUT_MS - 1);
            expect_nothing(&r);
            rig_tick(&r, 1);
            expect(&r, ZB_EV_DISCONNECT);
        } else if (how == 1) {
            rig_down(&r, ZOBO_ESERVERCLOSED); /* nothing is left to disconnect */
        } else {
            rig_feed(&r, "\377\377\377\377", 4);
            expect(&r, ZB_EV_DISCONNECT);
        }
        expect_state(&r, ZOBO_LOST, ZOBO_OK);
        expect_done(&r, &sent, ZOBO_ECONNECTIONLOSS);
        expect_done(&r, &unsent, ZOBO_ESTOPPED);
        assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_OK);
        expect_nothing(&r);
        rig_end(&r);
    }
}

static void
stop_without_a_connection_is_at_once(void **state)
{
    (void)state;
    for (int phase = 0; phase < 5; phase++) {
        rig r;
        rig_req q, auth;
        rig_init(&r);
        rig_begin(&r);
        assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
        bool asked = true;
        if (phase == 0) {
            asked = false; /* not even pulled */
        } else if (phase == 1) {
            expect(&r, ZB_EV_RESOLVE);
        } else if (phase == 2) {
            expect(&r, ZB_EV_RESOLVE);
            rig_resolved(&r, 1);
            expect(&r, ZB_EV_CONNECT);
        } else if (phase == 3) {
            rig_dial(&r);
        } else {
            for (int i = 0; i < 3; i++) {
                expect(&r, ZB_EV_RESOLVE);
                rig_resolved(&r, 0);
            }
            asked = false;
        }
        rig_get(&r, &q, "/a");
        assert_int_equal(rig_submit_auth(&r, &auth, "digest", "a:b"), ZOBO_OK);
        zb_session_stop(r.s, phase % 2, r.now);
        if (asked)
            expect(&r, ZB_EV_DISCONNECT);
        expect_done(&r, &auth, ZOBO_ESTOPPED);
        expect_done(&r, &q, ZOBO_ESTOPPED);
        expect(&r, ZB_EV_CLOSED);
        expect_nothing(&r);
        rig_resolved(&r, 1); /* stale */
        rig_up(&r);
        expect_nothing(&r);
        rig_end(&r);
    }
}

static void
detach_waits_for_answers_and_leaves_the_session(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    zb_session_info info;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get(&r, &q, "/a");
    zb_session_stop(r.s, true, r.now);
    take(&r, ZB_OP_GET_DATA);
    expect_nothing(&r);
    rig_data_reply(&r, 1, 5, "x");
    expect_done(&r, &q, ZOBO_OK);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_LOST, ZOBO_OK);
    expect(&r, ZB_EV_CLOSED);
    rig_flush(&r);
    rig_frame f;
    assert_false(rig_try_frame(&r, &f)); /* no closeSession */
    zb_session_get_info(r.s, &info);
    assert_true(info.has_session && info.stopped);
    assert_int_equal(info.id.session_id, RIG_SESSION);
    zobo_client_id id = info.id;
    assert_int_equal(zb_session_start(r.s, &id, r.now), ZOBO_OK);
    rig_dial(&r);
    rig_welcome(&r, 9000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    zb_session_stop(r.s, true, r.now); /* nothing to wait for but the ConnectRequest's last bytes */
    rig_flush(&r);
    expect(&r, ZB_EV_DISCONNECT);
    rig_drain(&r);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    zb_session_get_info(r.s, &info);
    assert_false(info.has_session);
    rig_end(&r);
}

static void
detach_waits_for_no_one_who_has_gone(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get(&r, &q, "/a");
    rig_flush(&r);
    zb_session_stop(r.s, true, r.now);
    expect_nothing(&r);
    zb_session_forget(r.s, &q.req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_LOST, ZOBO_OK);
    expect(&r, ZB_EV_CLOSED);
    rig_end(&r);
}

static void
stop_works_without_memory(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    uint8_t data[65000] = {0};
    assert_int_equal(rig_submit_set(&r, &q, "/a", data, sizeof data), ZOBO_OK); /* fills the chunk */
    size_t room = r.s->out.tail->cap - r.s->out.tail->end;
    rig_req fill;
    assert_int_equal(rig_submit_set(&r, &fill, "/a", data, room - 12 - 6 - 4 - 4), ZOBO_OK);
    zb_mem_fail_after(0, 1);
    zb_session_stop(r.s, false, r.now);
    zb_mem_fail_after(-1, 0);
    expect_nothing(&r);
    rig_flush(&r);
    zt_buf body = {0};
    rig_put_stat(&body);
    rig_reply(&r, 1, 1, 0, &body);
    rig_reply(&r, 2, 1, 0, &body);
    zt_buf_free(&body);
    expect_done(&r, &q, ZOBO_OK);
    expect_done(&r, &fill, ZOBO_OK);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_LOST, ZOBO_OK);
    expect(&r, ZB_EV_CLOSED);
    rig_end(&r);
}

static void
start_waits_until_the_end_has_been_pulled(void **state)
{
    (void)state;
    rig r;
    rig_init(&r);
    rig_begin(&r);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    zb_session_stop(r.s, false, r.now);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_EALREADY);
    expect(&r, ZB_EV_CLOSED);
    rig_connect(&r);
    rig_end(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_is_registered_as_its_reply_says),
        cmocka_unit_test(a_refused_add_watch_registers_nothing),
        cmocka_unit_test(events_and_replies_keep_their_order),
        cmocka_unit_test(events_nobody_waits_for_are_ignored),
        cmocka_unit_test(a_storm_of_events_reaches_everybody_once),
        cmocka_unit_test(each_change_of_state_is_told_to_persistent_watches),
        cmocka_unit_test(removed_watches_are_told_nothing_more),
        cmocka_unit_test(an_event_without_memory_ends_the_link),
        cmocka_unit_test(stop_flushes_closes_and_tells_everybody),
        cmocka_unit_test(stop_waits_for_the_server_no_longer_than_the_timeout),
        cmocka_unit_test(stop_without_a_connection_is_at_once),
        cmocka_unit_test(detach_waits_for_answers_and_leaves_the_session),
        cmocka_unit_test(detach_waits_for_no_one_who_has_gone),
        cmocka_unit_test(stop_works_without_memory),
        cmocka_unit_test(start_waits_until_the_end_has_been_pulled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
