/* SPDX-License-Identifier: Apache-2.0 */
/* What the server watches for nobody: taken back as soon as nothing that needs it stands, or is being asked for. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

static int one, two;

static void
no_event(void *arg, const zobo_event *event)
{
    (void)arg;
    (void)event;
}

static zb_path
path_of(const char *path)
{
    zb_path p = {"", path, 0, (uint32_t)strlen(path)};
    return p;
}

static zb_watch *
new_watch(zb_watches *w, const char *path, zb_watch_table table, void *arg)
{
    zobo_watcher watcher = {.fn = no_event, .arg = arg};
    zb_watch *watch = zb_watch_new(w, path_of(path), table, &watcher);
    assert_non_null(watch);
    return watch;
}

static void
add(zb_watches *w, const char *path, zb_watch_table table, void *arg)
{
    zb_watch_register(w, new_watch(w, path, table, arg), table);
}

static void
drop(zb_watches *w, zb_link *out)
{
    for (zb_link *l; (l = zb_list_pop_front(out));)
        zb_watch_unref(w, ZB_CONTAINER_OF(l, zb_watch, link));
}

static void
fire(zb_watches *w, zobo_event_type type)
{
    zb_link out;
    zb_list_init(&out);
    zb_watch_array persist = {0};
    assert_true(zb_watches_fire(w, "/a", 2, type, 42, &out, &persist));
    drop(w, &out);
    zb_free(persist.items);
}

enum {
    DATA = 1U << ZB_WATCH_DATA,
    EXIST = 1U << ZB_WATCH_EXIST,
    CHILD = 1U << ZB_WATCH_CHILD,
    PERSISTENT = 1U << ZB_WATCH_PERSISTENT
};

static void
remove_data(zb_watches *w)
{
    zb_link out;
    zb_list_init(&out);
    assert_int_equal(zb_watches_remove(w, path_of("/a"), ZOBO_WATCH_DATA, NULL, &out, NULL), 1);
    zb_watches_renounce(w, path_of("/a"), DATA);
    drop(w, &out);
}

/* A removal on a path where others stand: what the server can be asked now. */
static void
what_others_need_is_not_taken_back(void **state)
{
    (void)state;
    static const struct {
        unsigned renounced;
        zb_watch_table stands; /* NONE: nothing */
        int32_t kind;          /* to be asked now; 0: none */
    } rows[] = {
        {DATA, ZB_WATCH_NONE, ZOBO_WATCH_ANY},
        {PERSISTENT, ZB_WATCH_NONE, ZOBO_WATCH_ANY},
        {DATA, ZB_WATCH_CHILD, ZOBO_WATCH_DATA},
        {EXIST, ZB_WATCH_CHILD, ZOBO_WATCH_DATA},
        {DATA, ZB_WATCH_EXIST, 0},
        {EXIST, ZB_WATCH_DATA, 0},
        {CHILD, ZB_WATCH_EXIST, ZOBO_WATCH_CHILDREN},
        {CHILD | DATA, ZB_WATCH_DATA, ZOBO_WATCH_CHILDREN},
        {CHILD, ZB_WATCH_CHILD, 0},
        {DATA, ZB_WATCH_PERSISTENT, 0},
        {CHILD, ZB_WATCH_RECURSIVE, 0},
        {PERSISTENT, ZB_WATCH_RECURSIVE, 0},
        {PERSISTENT, ZB_WATCH_DATA, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int asked = 0; asked < 2; asked++) { /* the other stands, or is being asked for */
            zb_watches w;
            zb_watches_init(&w, 1);
            zb_watch *path_stays = new_watch(&w, "/a", ZB_WATCH_DATA, &two);
            zb_watch_give_up(&w, path_stays, true); /* of itself a one-shot one leaves nothing to be done */
            assert_int_equal(zb_watches_surplus(&w, path_of("/a")), 0);
            zb_watch *other = NULL;
            if (rows[i].stands && asked)
                other = new_watch(&w, "/a", rows[i].stands, &one);
            else if (rows[i].stands)
                add(&w, "/a", rows[i].stands, &one);
            zb_watches_renounce(&w, path_of("/a"), rows[i].renounced);
            assert_int_equal(zb_watches_surplus(&w, path_of("/a")), rows[i].kind);
            assert_int_equal(zb_watches_surplus(&w, path_of("/a")), 0); /* once */
            assert_int_equal(zb_watches_surplus(&w, path_of("/b")), 0);
            if (other)
                zb_watch_unref(&w, other);
            zb_watch_unref(&w, path_stays);
            zb_watches_free(&w);
            assert_int_equal(w.n_unwanted, 0);
        }
    }
}

static void
what_could_not_be_taken_back_is_when_it_is_decided(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    /* a request under way comes to nothing */
    add(&w, "/a", ZB_WATCH_DATA, &one);
    zb_watch *asked = new_watch(&w, "/a", ZB_WATCH_EXIST, &two);
    remove_data(&w);
    assert_int_equal(zb_watches_surplus(&w, path_of("/a")), 0);
    zb_watch_give_up(&w, asked, false);
    assert_int_equal(zb_watches_surplus(&w, path_of("/a")), ZOBO_WATCH_ANY);
    zb_watch_unref(&w, asked);
    /* it sets its watch, which takes over the server's, or ends with an event, as that does */
    for (int fires = 0; fires < 2; fires++) {
        add(&w, "/a", ZB_WATCH_DATA, &one);
        asked = new_watch(&w, "/a", ZB_WATCH_EXIST, &two);
        remove_data(&w);
        if (fires)
            fire(&w, ZOBO_EVENT_CHANGED); /* of before the request: another may be set since */
        assert_int_equal(w.n_unwanted, 1);
        zb_watch_register(&w, asked, ZB_WATCH_DATA);
        assert_int_equal(w.n_unwanted, 0);
        fire(&w, ZOBO_EVENT_CHANGED);
        assert_int_equal(w.nodes.n, 0);
    }
    /* the server's watch goes with an event, when nothing is under way */
    add(&w, "/a", ZB_WATCH_DATA, &one);
    add(&w, "/a", ZB_WATCH_PERSISTENT, &two);
    remove_data(&w);
    assert_int_equal(w.n_unwanted, 1);
    fire(&w, ZOBO_EVENT_CHILD);
    assert_int_equal(w.n_unwanted, 1);
    fire(&w, ZOBO_EVENT_CHANGED);
    assert_int_equal(w.n_unwanted, 0);
    /* a persistent one that was given up stands for nobody */
    asked = new_watch(&w, "/b", ZB_WATCH_PERSISTENT, &two);
    zb_watch_give_up(&w, asked, true);
    assert_int_equal(zb_watches_surplus(&w, path_of("/b")), ZOBO_WATCH_ANY);
    zb_watch_unref(&w, asked);
    /* a new connection has nothing to be taken back */
    zb_watches_renounce(&w, path_of("/a"), DATA);
    assert_int_equal(w.n_unwanted, 1);
    zb_watch_iter it = {0};
    size_t len;
    unsigned tables;
    while (zb_watches_next_path(&w, &it, &len, &tables)) {
    }
    assert_int_equal(w.n_unwanted, 0);
    zb_watches_free(&w);
}

/* As the client's verb does; what the server can be asked now. */
static int32_t
take_watch_back(rig *r, const char *at, unsigned table)
{
    zb_watches *w = zb_session_watches(r->s);
    zb_path path = path_of(at);
    zb_link out;
    zb_list_init(&out);
    assert_int_equal(zb_watches_remove(w, path, ZOBO_WATCH_ANY, NULL, &out, NULL), 1);
    zb_watches_renounce(w, path, 1U << table);
    int32_t kind = zb_watches_surplus(w, path);
    drop(w, &out);
    return kind;
}

static void
expect_removal(rig *r, int32_t xid, const char *path, int32_t kind)
{
    rig_frame f = take(r, ZB_OP_REMOVE_WATCHES);
    size_t len = strlen(path);
    assert_int_equal(f.xid, xid);
    assert_int_equal(f.n, 8 + 4 + len + 4);
    assert_memory_equal(f.p + 12, path, len);
    assert_int_equal(f.p[f.n - 1], kind);
    rig_reply(r, xid, 5, kind == ZOBO_WATCH_ANY ? 0 : ZOBO_ENOWATCHER, NULL); /* which nobody minds */
    expect_nothing(r);
}

static void
expect_no_output(rig *r)
{
    assert_false(zb_session_wants_write(r->s));
}

/* A watcher is taken back while a request is under way that may set another on the path, and then does not. */
static void
a_removal_that_waited_for_a_request_is_made_when_that_ends(void **state)
{
    (void)state;
    enum { ANSWERED, FORGOTTEN, TIMED_OUT, FIRED, N_ENDS };
    rig r;
    rig_req q, other;
    for (int end = 0; end < N_ENDS; end++) {
        rig_init(&r);
        rig_begin(&r);
        rig_connect(&r);
        rig_get_watch(&r, &q, ZB_OP_GET_DATA, "/a", ZB_WATCH_DATA, &one);
        rig_answer(&r, &q, 5, ZOBO_OK);
        rig_req_init(&q, end == FIRED ? ZB_OP_GET_CHILDREN : ZB_OP_GET_DATA);
        q.req.timeout = end == TIMED_OUT ? ZB_MS(100) : 0;
        zobo_watcher watcher = {.fn = no_event, .arg = &two};
        zb_path path = path_of("/a");
        q.req.watch =
            zb_watch_new(zb_session_watches(r.s), path, end == FIRED ? ZB_WATCH_CHILD : ZB_WATCH_DATA, &watcher);
        struct zb_path_watch_request record = {path, true};
        assert_int_equal(zb_session_submit(r.s, &q.req, &record, r.now), ZOBO_OK);
        rig_get(&r, &other, "/b"); /* under way too, and of no account */
        if (end == FIRED)
            zb_watches_renounce(zb_session_watches(r.s), path, 1U << ZB_WATCH_PERSISTENT); /* cannot go by itself */
        int32_t kind = take_watch_back(&r, "/a", ZB_WATCH_DATA);
        assert_int_equal(kind, end == FIRED ? ZOBO_WATCH_DATA : 0);
        (void)take(&r, q.req.op->code);
        (void)take(&r, ZB_OP_GET_DATA);
        expect_no_output(&r);
        if (end == ANSWERED) {
            rig_reply(&r, 2, 5, ZOBO_ENONODE, NULL);
            expect_done(&r, &q, ZOBO_ENONODE);
        } else if (end == FORGOTTEN) {
            zb_session_forget(r.s, &q.req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
            assert_int_equal(q.req.err, ZOBO_EABANDONED);
        } else if (end == TIMED_OUT) {
            rig_tick(&r, 101);
            expect_done(&r, &q, ZOBO_EOPERATIONTIMEOUT);
        } else {
            zt_buf none = {0};
            zt_put_i32(&none, 0);
            rig_reply(&r, 2, 5, ZOBO_OK, &none);
            zt_buf_free(&none);
            expect_done(&r, &q, ZOBO_OK);
            expect_no_output(&r); /* its own watch stands, and might go with the other */
            rig_event_frame(&r, 6, ZOBO_EVENT_CHILD, "/a");
            expect_watch(&r, &two, ZOBO_EVENT_CHILD);
        }
        zb_watches *watches = zb_session_watches(r.s);
        assert_int_equal(watches->n, 0);
        assert_int_equal(watches->n_unwanted, 0);
        rig_flush(&r);
        if (end == FORGOTTEN || end == TIMED_OUT)
            rig_reply(&r, 2, 5, ZOBO_ENONODE, NULL); /* too late */
        rig_reply(&r, 3, 5, ZOBO_ENONODE, NULL);
        expect_done(&r, &other, ZOBO_ENONODE);
        expect_removal(&r, 4, "/a", ZOBO_WATCH_ANY);
        expect_no_output(&r);
        rig_end(&r);
    }
}

static void
what_went_with_the_connection_is_not_taken_back(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get_watch(&r, &q, ZB_OP_GET_DATA, "/a", ZB_WATCH_DATA, &one);
    rig_answer(&r, &q, 5, ZOBO_OK);
    rig_get_watch(&r, &q, ZB_OP_GET_DATA, "/a", ZB_WATCH_DATA, &two);
    assert_true(zb_session_linked(r.s));
    assert_int_equal(take_watch_back(&r, "/a", ZB_WATCH_DATA), 0);
    (void)take(&r, ZB_OP_GET_DATA);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    assert_false(zb_session_linked(r.s));
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    expect_done(&r, &q, ZOBO_ECONNECTIONLOSS);
    rig_reconnect(&r);
    expect_no_output(&r);
    /* the same, but the path lives on: a watch on it is set again */
    rig_get_watch(&r, &q, ZB_OP_GET_CHILDREN, "/a", ZB_WATCH_CHILD, &one);
    zt_buf none = {0};
    zt_put_i32(&none, 0);
    rig_flush(&r);
    r.wire_at = r.wire.n = 0;
    rig_reply(&r, 1, 5, ZOBO_OK, &none);
    zt_buf_free(&none);
    expect_done(&r, &q, ZOBO_OK);
    zb_path path = path_of("/a");
    zb_watches_renounce(zb_session_watches(r.s), path, 1U << ZB_WATCH_PERSISTENT);
    assert_int_equal(zb_session_watches(r.s)->n_unwanted, 1);
    rig_down(&r, ZOBO_ESERVERCLOSED);
    expect_state(&r, ZOBO_SUSPENDED, ZOBO_ESERVERCLOSED);
    rig_reconnect(&r);
    assert_int_equal(zb_session_watches(r.s)->n_unwanted, 0);
    (void)take(&r, ZB_OP_SET_WATCHES);
    expect_no_output(&r);
    rig_end(&r);
}

/* Who gives up adding a persistent watch has no other way to be rid of it: it is not in the table. */
static void
a_persistent_watch_given_up_is_taken_back(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    zb_path path = path_of("/a");
    struct zb_add_watch_request record = {path, 0};
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_req_init(&q, ZB_OP_ADD_WATCH);
    q.req.watch = new_watch(zb_session_watches(r.s), "/a", ZB_WATCH_PERSISTENT, &one);
    assert_int_equal(zb_session_submit(r.s, &q.req, &record, r.now), ZOBO_OK);
    (void)take(&r, ZB_OP_ADD_WATCH);
    zb_session_forget(r.s, &q.req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    rig_flush(&r);
    rig_reply(&r, 1, 5, ZOBO_OK, NULL);
    expect_removal(&r, 2, "/a", ZOBO_WATCH_ANY);
    rig_end(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_need_is_not_taken_back),
        cmocka_unit_test(what_could_not_be_taken_back_is_when_it_is_decided),
        cmocka_unit_test(a_removal_that_waited_for_a_request_is_made_when_that_ends),
        cmocka_unit_test(what_went_with_the_connection_is_not_taken_back),
        cmocka_unit_test(a_persistent_watch_given_up_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
