/* SPDX-License-Identifier: Apache-2.0 */
/* The session: credentials and watches on each new connection. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

/* Takes an auth packet off the wire: its credential must be this one. */
static void
take_auth(rig *r, const char *credential)
{
    rig_frame f = take(r, ZB_OP_AUTH);
    assert_int_equal(f.xid, ZB_XID_AUTH);
    struct zb_auth_request a;
    zb_reader body = zb_reader_of(f.p + 8, f.n - 8);
    zb_get_auth_request(&body, &a);
    assert_false(body.bad);
    assert_int_equal(a.type, 0);
    assert_int_equal(a.scheme.n, 6);
    assert_memory_equal(a.scheme.p, "digest", 6);
    assert_int_equal(a.auth.n, strlen(credential));
    assert_memory_equal(a.auth.p, credential, strlen(credential));
}

static void
auth_reply(rig *r, zobo_err err)
{
    rig_reply(r, ZB_XID_AUTH, 0, err, NULL);
}

static void
lose(rig *r)
{
    rig_down(r, ZOBO_ESERVERCLOSED);
    expect_state(r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
}

static const zobo_auth two[] = {{"digest", "u1:p", 4}, {"digest", "u2:p", 4}};

static void
credentials_go_first_in_order_on_each_connection(void **state)
{
    (void)state;
    rig r;
    rig_req q, get;
    rig_init(&r);
    r.options.auth = two;
    r.options.n_auth = 2;
    rig_begin(&r);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    rig_get(&r, &get, "/a");
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "u3:p"), ZOBO_OK);
    for (int connection = 0; connection < 3; connection++) {
        rig_hello(&r);
        expect_nothing(&r);
        take_auth(&r, "u1:p");
        take_auth(&r, "u2:p");
        take_auth(&r, "u3:p");
        if (connection == 0)
            take(&r, ZB_OP_GET_DATA); /* does not wait for the answers */
        if (connection == 2)
            take_auth(&r, "u4:p");
        auth_reply(&r, ZOBO_OK);
        auth_reply(&r, ZOBO_OK);
        expect_nothing(&r);
        auth_reply(&r, ZOBO_OK);
        if (connection == 2) {
            expect_nothing(&r);
            auth_reply(&r, ZOBO_OK);
        }
        expect_state(&r, ZOBO_CONNECTED, ZOBO_OK); /* when all have been accepted */
        if (connection != 1)
            expect_done(&r, &q, ZOBO_OK);
        if (connection == 0) {
            rig_data_reply(&r, 1, 1, "x");
            expect_done(&r, &get, ZOBO_OK);
        }
        expect_nothing(&r);
        lose(&r);
        if (connection == 1) /* while not connected: behind those that are known */
            assert_int_equal(rig_submit_auth(&r, &q, "digest", "u4:p"), ZOBO_OK);
    }
    assert_int_equal(zb_session_in_flight(r.s), 0);
    rig_end(&r);
}

static void
a_credential_given_twice_is_kept_once(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    r.options.auth = two;
    r.options.n_auth = 1;
    rig_begin(&r);
    rig_connect(&r);
    take_auth(&r, "u1:p");
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "u1:p"), ZOBO_OK);
    take_auth(&r, "u1:p");
    auth_reply(&r, ZOBO_OK);
    expect_done(&r, &q, ZOBO_OK);
    lose(&r);
    rig_reconnect(&r);
    take_auth(&r, "u1:p");
    rig_flush(&r);
    rig_frame f;
    assert_false(rig_try_frame(&r, &f));
    rig_end(&r);
}

/* Answers overtake those of requests; each belongs to the credential sent first. */
static void
answers_belong_to_their_credentials(void **state)
{
    (void)state;
    rig r;
    rig_req get, a, b, c;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get(&r, &get, "/a");
    assert_int_equal(rig_submit_auth(&r, &a, "digest", "a:p"), ZOBO_OK);
    assert_int_equal(rig_submit_auth(&r, &b, "digest", "b:p"), ZOBO_OK);
    assert_int_equal(rig_submit_auth(&r, &c, "digest", "c:p"), ZOBO_OK);
    take(&r, ZB_OP_GET_DATA);
    take_auth(&r, "a:p");
    take_auth(&r, "b:p");
    take_auth(&r, "c:p");
    auth_reply(&r, ZOBO_OK);
    expect_done(&r, &a, ZOBO_OK);
    /* a server that refuses one closes the connection: it is left at once, for what were sent now would be lost */
    auth_reply(&r, ZOBO_EAUTHFAILED);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    expect_done(&r, &b, ZOBO_EAUTHFAILED);
    expect_done(&r, &get, ZOBO_ECONNECTIONLOSS);
    r.wire.n = r.wire_at = 0;
    rig_hello(&r); /* c, unanswered, is put back, b forgotten */
    expect_nothing(&r);
    take_auth(&r, "a:p");
    take_auth(&r, "c:p");
    auth_reply(&r, ZOBO_OK);
    auth_reply(&r, ZOBO_EAUTHFAILED); /* still the user's: not the end */
    expect(&r, ZB_EV_DISCONNECT);
    expect_done(&r, &c, ZOBO_EAUTHFAILED);
    r.wire.n = r.wire_at = 0;
    rig_hello(&r);
    expect_nothing(&r);
    take_auth(&r, "a:p");
    auth_reply(&r, ZOBO_OK);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_flush(&r);
    rig_frame f;
    assert_false(rig_try_frame(&r, &f));
    rig_end(&r);
}

/* Never told to be up, it is not told to be down. */
static void
a_link_lost_before_the_credentials_are_accepted_was_never_up(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    r.options.auth = two;
    r.options.n_auth = 1;
    rig_begin(&r);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
    rig_hello(&r);
    expect_nothing(&r);
    rig_get(&r, &q, "/a");
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_done(&r, &q, ZOBO_ENOTSENT);
    rig_hello(&r);
    expect_nothing(&r);
    auth_reply(&r, ZOBO_OK);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_hello(&r);
    expect_nothing(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED); /* suspended as before */
    rig_hello(&r);
    expect_nothing(&r);
    zb_session_stop(r.s, false, r.now);
    rig_tick(&r, RIG_TIMEOUT_MS);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_LOST, ZOBO_OK);
    expect(&r, ZB_EV_CLOSED);
    rig_end(&r);
}

static void
a_refused_credential_of_the_options_ends_all(void **state)
{
    (void)state;
    for (int reconnect = 0; reconnect < 2; reconnect++) {
        rig r;
        rig_req sent, unsent, auth;
        rig_init(&r);
        r.options.auth = two;
        r.options.n_auth = 2;
        rig_begin(&r);
        if (reconnect) {
            rig_connect(&r);
            lose(&r);
        } else {
            assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK);
        }
        rig_hello(&r);
        expect_nothing(&r);
        take_auth(&r, "u1:p");
        take_auth(&r, "u2:p");
        rig_get(&r, &sent, "/a");
        assert_int_equal(rig_submit_auth(&r, &auth, "digest", "u3:p"), ZOBO_OK);
        rig_flush(&r);
        rig_get(&r, &unsent, "/a");
        auth_reply(&r, ZOBO_OK);
        auth_reply(&r, ZOBO_EAUTHFAILED);
        expect(&r, ZB_EV_DISCONNECT);
        if (reconnect)
            expect_state(&r, ZOBO_LOST, ZOBO_EAUTHFAILED);
        expect_done(&r, &sent, ZOBO_ECONNECTIONLOSS);
        expect_done(&r, &unsent, ZOBO_EAUTHFAILED);
        expect_done(&r, &auth, ZOBO_ECONNECTIONLOSS);
        assert_int_equal(expect(&r, ZB_EV_CLOSED)->err, ZOBO_EAUTHFAILED);
        assert_int_equal(rig_submit_path(&r, &sent, ZB_OP_SYNC, "/"), ZOBO_EAUTHFAILED);
        zb_session_info info;
        zb_session_get_info(r.s, &info);
        assert_int_equal(info.ended_by, ZOBO_EAUTHFAILED);
        assert_int_equal(zb_session_deadline(r.s), ZB_NEVER);
        rig_end(&r);
    }
}

static void
add_auth_has_its_time(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    r.options.queue_timeout_ms = 100;
    r.options.connect_timeout_ms = 100000;
    r.options.lost_after_percent = ZOBO_NEVER;
    rig_begin(&r);
    rig_connect(&r);
    struct zb_auth_request record = {0, zb_buf_of("digest"), zb_buf_of("a:p")};
    rig_req_init(&q, ZB_OP_AUTH);
    q.req.is_auth = true;
    q.req.timeout = ZB_MS(50);
    assert_int_equal(zb_session_submit(r.s, &q.req, &record, r.now), ZOBO_OK);
    rig_flush(&r);
    rig_tick(&r, 50);
    expect_done(&r, &q, ZOBO_EOPERATIONTIMEOUT);
    auth_reply(&r, ZOBO_OK); /* too late: it is not remembered */
    expect_nothing(&r);
    assert_true(zb_list_empty(&r.s->auths));
    /* put back when the link breaks, it waits like others */
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "b:p"), ZOBO_OK);
    rig_flush(&r);
    rig_tick(&r, 90);
    lose(&r);
    expect(&r, ZB_EV_RESOLVE);
    rig_tick(&r, 99);
    expect_nothing(&r);
    rig_tick(&r, 1);
    expect_done(&r, &q, ZOBO_ECONNECTIONLOSS); /* the first connection may have brought it to the server */
    assert_true(zb_list_empty(&r.s->auths));
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "b:p"), ZOBO_OK);
    rig_tick(&r, 100);
    expect_done(&r, &q, ZOBO_ENOCONNECTION);
    assert_true(zb_list_empty(&r.s->auths));
    /* given up before and after it was sent */
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "c:p"), ZOBO_OK);
    zb_session_forget(r.s, &q.req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    assert_int_equal(q.req.err, ZOBO_ECANCELLED);
    assert_true(zb_list_empty(&r.s->auths));
    rig_resolved(&r, 1);
    expect(&r, ZB_EV_CONNECT);
    rig_up(&r);
    rig_welcome(&r, 9000, RIG_SESSION, 0);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "d:p"), ZOBO_OK);
    zb_session_forget(r.s, &q.req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    assert_int_equal(q.req.err, ZOBO_EABANDONED);
    auth_reply(&r, ZOBO_EAUTHFAILED);
    expect(&r, ZB_EV_DISCONNECT); /* as the server does */
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    assert_true(zb_list_empty(&r.s->auths));
    r.wire.n = r.wire_at = 0;
    rig_reconnect(&r);
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "e:p"), ZOBO_OK);
    zb_session_forget(r.s, &q.req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    lose(&r);
    assert_true(zb_list_empty(&r.s->auths));
    /* given up between two connections */
    rig_tick(&r, 5000); /* the back-off */
    rig_reconnect(&r);
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "f:p"), ZOBO_OK);
    rig_flush(&r);
    lose(&r);
    zb_session_forget(r.s, &q.req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    assert_int_equal(q.req.err, ZOBO_EABANDONED);
    assert_true(zb_list_empty(&r.s->auths));
    rig_end(&r);
}

static void
add_auth_outlives_the_session(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    lose(&r);
    assert_int_equal(rig_submit_auth(&r, &q, "digest", "a:p"), ZOBO_OK);
    rig_dial(&r);
    rig_welcome(&r, 0, 0, 0);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_LOST, ZOBO_ESESSIONEXPIRED);
    rig_hello(&r);
    expect_nothing(&r);
    take_auth(&r, "a:p");
    auth_reply(&r, ZOBO_OK);
    expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
    expect_done(&r, &q, ZOBO_OK);
    zb_session_stop(r.s, false, r.now);
    take(&r, ZB_OP_CLOSE_SESSION);
    rig_reply(&r, 1, 1, 0, NULL);
    rig_drain(&r);
    assert_int_equal(zb_session_start(r.s, NULL, r.now), ZOBO_OK); /* and the client's stop */
    rig_hello(&r);
    expect_nothing(&r);
    take_auth(&r, "a:p");
    rig_end(&r);
}

/* Counts what a setWatches packet holds, by table. */
typedef struct packet {
    int32_t type;
    int64_t relative_zxid;
    int32_t n[6]; /* by zb_watch_table */
    size_t bytes;
} packet;

static bool
take_set_watches(rig *r, packet *p)
{
    rig_frame f;
    rig_flush(r);
    if (!rig_try_frame(r, &f) || (f.type != ZB_OP_SET_WATCHES && f.type != ZB_OP_SET_WATCHES2))
        return false;
    assert_int_equal(f.xid, ZB_XID_SET_WATCHES);
    memset(p, 0, sizeof *p);
    p->type = f.type;
    p->bytes = f.n;
    zb_reader body = zb_reader_of(f.p + 8, f.n - 8);
    struct zb_set_watches2_request s2 = {0};
    struct zb_set_watches_request s1 = {0};
    if (f.type == ZB_OP_SET_WATCHES) {
        zb_get_set_watches_request(&body, &s1);
        s2.relative_zxid = s1.relative_zxid;
        s2.data = s1.data;
        s2.exist = s1.exist;
        s2.child = s1.child;
    } else {
        zb_get_set_watches2_request(&body, &s2);
    }
    assert_false(body.bad);
    assert_int_equal(zb_reader_left(&body), 0);
    p->relative_zxid = s2.relative_zxid;
    p->n[ZB_WATCH_DATA] = s2.data.n;
    p->n[ZB_WATCH_EXIST] = s2.exist.n;
    p->n[ZB_WATCH_CHILD] = s2.child.n;
    p->n[ZB_WATCH_PERSISTENT] = s2.persistent.n;
    p->n[ZB_WATCH_RECURSIVE] = s2.persistent_recursive.n;
    return true;
}

static void
watches_are_set_again_from_the_last_zxid_on(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    int w[5] = {0};
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get_watch(&r, &q, ZB_OP_GET_DATA, "/a", ZB_WATCH_DATA, &w[0]);
    rig_answer(&r, &q, 10, 0);
    rig_get_watch(&r, &q, ZB_OP_EXISTS, "/a", ZB_WATCH_DATA, &w[1]);
    rig_answer(&r, &q, 11, 0);
    rig_get_watch(&r, &q, ZB_OP_EXISTS, "/b", ZB_WATCH_DATA, &w[1]);
    rig_answer(&r, &q, 12, ZOBO_ENONODE);
    rig_get_watch(&r, &q, ZB_OP_GET_CHILDREN2, "/a", ZB_WATCH_CHILD, &w[2]);
    rig_answer(&r, &q, 13, 0);
    /* neither an event's nor a ping's zxid counts: more of the same change may be on its way */
    rig_event_frame(&r, 20, ZOBO_EVENT_CHANGED, "/nobody");
    rig_reply(&r, ZB_XID_PING, 21, 0, NULL);
    expect_nothing(&r);
    lose(&r);
    rig_reconnect(&r);
    packet p;
    assert_true(take_set_watches(&r, &p));
    assert_int_equal(p.type, ZB_OP_SET_WATCHES); /* which every server knows */
    assert_int_equal(p.relative_zxid, 13);
    assert_int_equal(p.n[ZB_WATCH_DATA], 1);
    assert_int_equal(p.n[ZB_WATCH_EXIST], 1);
    assert_int_equal(p.n[ZB_WATCH_CHILD], 1);
    /* what happened meanwhile comes before the answer */
    rig_event_frame(&r, -1, ZOBO_EVENT_CREATED, "/b");
    expect_watch(&r, &w[1], ZOBO_EVENT_CREATED);
    rig_reply(&r, ZB_XID_SET_WATCHES, 30, 0, NULL);
    expect_nothing(&r);
    rig_add_watch(&r, "/a", ZB_WATCH_PERSISTENT, &w[3]);
    rig_add_watch(&r, "/a", ZB_WATCH_RECURSIVE, &w[4]);
    lose(&r);
    expect_watch(&r, &w[3], ZOBO_EVENT_NONE);
    expect_watch(&r, &w[4], ZOBO_EVENT_NONE);
    rig_reconnect(&r);
    assert_true(take_set_watches(&r, &p));
    assert_int_equal(p.type, ZB_OP_SET_WATCHES2);
    assert_int_equal(p.relative_zxid, 30);
    assert_int_equal(p.n[ZB_WATCH_DATA], 1);
    assert_int_equal(p.n[ZB_WATCH_EXIST], 0);
    assert_int_equal(p.n[ZB_WATCH_CHILD], 1);
    assert_int_equal(p.n[ZB_WATCH_PERSISTENT], 1);
    assert_int_equal(p.n[ZB_WATCH_RECURSIVE], 1);
    rig_end(&r);
}

static void
many_watches_are_set_in_packets_of_moderate_size(void **state)
{
    (void)state;
    enum { N = 9000 };
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    char path[64];
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "/a/path/of/more/than/forty/bytes/in/all/%08d", i);
        rig_get_watch(&r, &q, ZB_OP_EXISTS, path, ZB_WATCH_EXIST, NULL);
        rig_answer(&r, &q, 50 + i, ZOBO_ENONODE);
    }
    lose(&r);
    rig_get(&r, &q, "/behind");
    rig_hello(&r);
    packet p;
    rig_event ev;
    int packets = 0, n = 0;
    while (n < N) { /* one at a time, and until the last nothing else */
        assert_true(packets == 0 || !zb_session_wants_write(r.s));
        bool up = rig_next(&r, &ev);
        assert_true(take_set_watches(&r, &p));
        packets++;
        n += p.n[ZB_WATCH_EXIST];
        assert_true(p.bytes <= 128 * 1024 + 64);
        assert_true(n == N || p.bytes >= 112 * 1024);
        assert_int_equal(up, n == N); /* told when the last one is on its way */
        assert_true(!up || (ev.kind == ZB_EV_STATE && ev.state == ZOBO_CONNECTED));
        assert_int_equal(p.relative_zxid, 50 + N - 1);
        if (packets == 1) { /* its answer does not speak for the others */
            rig_reply(&r, ZB_XID_SET_WATCHES, 90000, 0, NULL);
            assert_int_equal(rig_info(&r).last_zxid, 50 + N - 1);
        }
    }
    assert_in_range(packets, 4, 5);
    take(&r, ZB_OP_GET_DATA); /* requests come behind */
    /* a link that breaks between the answers must not have moved the zxid from which the rest is set */
    for (int i = 1; i < packets - 1; i++)
        rig_reply(&r, ZB_XID_SET_WATCHES, 90000, 0, NULL);
    expect_nothing(&r);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    expect_done(&r, &q, ZOBO_ECONNECTIONLOSS);
    rig_hello(&r);
    for (int i = 0; i < packets; i++) {
        assert_int_equal(rig_next(&r, &ev), i == packets - 1);
        assert_true(take_set_watches(&r, &p));
        assert_int_equal(p.relative_zxid, 50 + N - 1);
    }
    for (int i = 0; i < packets; i++)
        rig_reply(&r, ZB_XID_SET_WATCHES, 90001, 0, NULL);
    expect_nothing(&r);
    zb_session_info info;
    zb_session_get_info(r.s, &info);
    assert_int_equal(info.last_zxid, 90001);
    rig_end(&r);
}

/* Watches that are not set must not look as if they were. */
static void
a_refused_set_watches_ends_the_link(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    int w = 0;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get_watch(&r, &q, ZB_OP_GET_DATA, "/a", ZB_WATCH_DATA, &w);
    rig_answer(&r, &q, 10, 0);
    lose(&r);
    rig_reconnect(&r);
    rig_reply(&r, ZB_XID_SET_WATCHES, 10, ZOBO_EMARSHALLING, NULL);
    expect(&r, ZB_EV_DISCONNECT);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_EPROTOCOL);
    rig_end(&r);
}

static void
without_memory_for_the_replay_the_connection_is_given_up(void **state)
{
    (void)state;
    int failures = 0;
    for (long n = 0;; n++) {
        rig r;
        rig_req q, a;
        int w = 0;
        rig_init(&r);
        r.options.auth = two;
        r.options.n_auth = 2;
        rig_begin(&r);
        rig_connect(&r);
        for (int i = 0; i < 3000; i++) {
            char path[64];
            snprintf(path, sizeof path, "/a/path/of/more/than/forty/bytes/in/all/%08d", i);
            rig_get_watch(&r, &q, ZB_OP_GET_DATA, path, ZB_WATCH_DATA, &w);
            rig_flush(&r);
            rig_data_reply(&r, i + 1, 10, "x");
            expect_done(&r, &q, ZOBO_OK);
        }
        r.wire.n = r.wire_at = 0;
        lose(&r);
        assert_int_equal(rig_submit_auth(&r, &a, "digest", "u3:p"), ZOBO_OK);
        rig_dial(&r);
        rig_flush(&r);
        rig_welcome(&r, 9000, RIG_SESSION, 0);
        rig_event ev;
        r.wire.n = r.wire_at = 0;
        zb_mem_fail_after(n, 1);
        bool failed = rig_next(&r, &ev);
        if (!failed) { /* the second packet's turn */
            rig_flush(&r);
            failed = rig_next(&r, &ev);
        }
        zb_mem_fail_after(-1, 0);
        if (failed) {
            r.wire.n = r.wire_at = 0;
            failures++;
            assert_int_equal(ev.kind, ZB_EV_DISCONNECT);
            assert_int_equal(zb_session_hosts(r.s)->items[0].last_err, ZOBO_ENOMEM);
            rig_hello(&r);
            rig_flush(&r);
            expect_nothing(&r);
        }
        take_auth(&r, "u1:p");
        take_auth(&r, "u2:p");
        take_auth(&r, "u3:p");
        packet p;
        expect_nothing(&r);
        assert_true(take_set_watches(&r, &p));
        expect_nothing(&r);
        assert_true(take_set_watches(&r, &p));
        auth_reply(&r, ZOBO_OK);
        auth_reply(&r, ZOBO_OK);
        auth_reply(&r, ZOBO_OK);
        expect_state(&r, ZOBO_CONNECTED, ZOBO_OK);
        expect_done(&r, &a, ZOBO_OK);
        rig_end(&r);
        if (!failed)
            break;
    }
    assert_true(failures > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_go_first_in_order_on_each_connection),
        cmocka_unit_test(a_credential_given_twice_is_kept_once),
        cmocka_unit_test(answers_belong_to_their_credentials),
        cmocka_unit_test(a_link_lost_before_the_credentials_are_accepted_was_never_up),
        cmocka_unit_test(a_refused_credential_of_the_options_ends_all),
        cmocka_unit_test(add_auth_has_its_time),
        cmocka_unit_test(add_auth_outlives_the_session),
        cmocka_unit_test(watches_are_set_again_from_the_last_zxid_on),
        cmocka_unit_test(many_watches_are_set_in_packets_of_moderate_size),
        cmocka_unit_test(a_refused_set_watches_ends_the_link),
        cmocka_unit_test(without_memory_for_the_replay_the_connection_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
