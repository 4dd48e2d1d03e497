/* SPDX-License-Identifier: Apache-2.0 */
/* PatientChildrenWatch. */
#include "recipes/pair.h"

#include <zobo/watchers.h>

typedef struct result {
    atomic_int ended;
    zobo_err err;
    char names[256];
    uint64_t at;
} result;

static void
ended(void *arg, zobo_err err, const zobo_reply *reply)
{
    result *r = arg;
    r->err = err;
    r->names[0] = 0;
    r->at = zt_now_ms();
    for (size_t i = 0; reply && i < reply->n_children; i++) {
        strcat(r->names, reply->children[i]);
        strcat(r->names, " ");
    }
    atomic_fetch_add(&r->ended, 1);
}

static zobo_patient_children_watch *
watch(uint32_t quiet_ms)
{
    zobo_patient_children_watch *w;
    zobo_watch_options o = {.quiet_ms = quiet_ms};
    assert_ok(zobo_patient_children_watch_new(c, "/n", &o, &w, NULL));
    return w;
}

static void
get(zobo_patient_children_watch *w, uint32_t timeout_ms, result *r)
{
    zobo_how how = {.done = ended, .arg = r, .timeout_ms = timeout_ms};
    atomic_store(&r->ended, 0);
    assert_ok(zobo_patient_children_watch_get_async(w, &how, NULL));
}

static void
changed(zobo_patient_children_watch *w, uint32_t timeout_ms, result *r)
{
    zobo_how how = {.done = ended, .arg = r, .timeout_ms = timeout_ms};
    atomic_store(&r->ended, 0);
    assert_ok(zobo_patient_children_watch_changed_async(w, &how, NULL));
}

#define done(r) (atomic_load(&(r).ended) == 1)

static void
nothing_left(void)
{
    UNTIL(watches_here() == 0);
    UNTIL(watches_on_server() == 0);
}

static void
children_at_rest(void **state)
{
    (void)state;
    enum { QUIET = 300 };
    result r = {0}, next = {0};
    assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
    assert_ok(zobo_create(other, "/n/b", NULL, 0, NULL, NULL));
    zobo_patient_children_watch *w = watch(QUIET);
    get(w, 0, &r);
    uint64_t last = 0;
    for (int i = 0; i < 5; i++) { /* never at rest for so long */
        char path[16];
        (void)snprintf(path, sizeof path, "/n/a%d", i);
        uint64_t until = zt_now_ms() + QUIET / 4;
        UNTIL(zt_now_ms() >= until);
        assert_false(done(r));
        last = zt_now_ms();
        assert_ok(zobo_create(other, path, NULL, 0, NULL, NULL));
    }
    UNTIL(done(r));
    assert_err(r.err, ZOBO_OK);
    assert_string_equal(r.names, "a0 a1 a2 a3 a4 b ");
    assert_true(r.at - last >= QUIET);
    get(w, 0, &r); /* still at rest: at once */
    UNTIL(done(r));
    assert_string_equal(r.names, "a0 a1 a2 a3 a4 b ");
    changed(w, 0, &next);
    zt_put(other, "/n", "data"); /* no change of the children */
    for (int i = 0; i < 20; i++)
        turn();
    assert_false(done(next));
    assert_ok(zobo_delete(other, "/n/b", -1));
    UNTIL(done(next));
    assert_err(next.err, ZOBO_OK);
    changed(w, 0, &next); /* has changed since the last get: at once */
    UNTIL(done(next));
    get(w, 0, &r);
    UNTIL(done(r));
    assert_string_equal(r.names, "a0 a1 a2 a3 a4 ");
    zobo_patient_children_watch_free(w);
    nothing_left();
}

static void
a_missing_node_rests_too(void **state)
{
    (void)state;
    result r = {0}, next = {0};
    zobo_patient_children_watch *w = watch(50);
    get(w, 0, &r);
    UNTIL(done(r));
    assert_err(r.err, ZOBO_ENONODE);
    changed(w, 0, &next);
    assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
    UNTIL(done(next));
    get(w, 0, &r);
    UNTIL(done(r));
    assert_err(r.err, ZOBO_OK);
    assert_string_equal(r.names, "");
    zobo_patient_children_watch_free(w);
    nothing_left();
}

static void
limits_and_cancelling(void **state)
{
    (void)state;
    result r = {0}, next = {0};
    assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
    zobo_patient_children_watch *w = watch(60000);
    get(w, 50, &r);
    UNTIL(done(r));
    assert_err(r.err, ZOBO_EWAITTIMEOUT);
    zobo_call *call;
    zobo_how how = {.done = ended, .arg = &r};
    atomic_store(&r.ended, 0);
    assert_ok(zobo_patient_children_watch_get_async(w, &how, &call));
    zobo_call_cancel(call);
    UNTIL(done(r));
    assert_err(r.err, ZOBO_ECANCELLED);
    zobo_call_free(call);
    get(w, 0, &r);
    assert_ok(zobo_stop(c));
    UNTIL(done(r));
    assert_err(r.err, ZOBO_ESTOPPED);
    assert_ok(zobo_start(c, 0, NULL));
    get(w, 0, &r);
    changed(w, 0, &next); /* the first reading has been, or is about to be */
    UNTIL(done(next));
    zobo_patient_children_watch_free(w);
    UNTIL(done(r));
    assert_err(r.err, ZOBO_ECANCELLED);
    nothing_left();
    zobo_patient_children_watch_free(NULL);
}

/* What happens without a connection is not known: the time begins anew. */
static void
a_lost_connection_begins_anew(void **state)
{
    (void)state;
    static const zobo_watch_options ways[] = {{.quiet_ms = 200}, {.quiet_ms = 200, .one_shot = true}};
    for (size_t i = 0; i < 2; i++) {
        result r = {0};
        zobo_patient_children_watch *w;
        assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
        assert_ok(zobo_patient_children_watch_new(c, "/n", &ways[i], &w, NULL));
        get(w, 0, &r);
        UNTIL(done(r));
        drop_connection();
        uint64_t at = zt_now_ms();
        get(w, 0, &r);
        UNTIL(done(r));
        assert_err(r.err, ZOBO_OK);
        assert_true(r.at - at >= 150); /* the connection came a little before `at` */
        expire_session();
        assert_ok(zobo_create(other, "/n/new", NULL, 0, NULL, NULL));
        get(w, 0, &r);
        UNTIL(done(r));
        assert_string_equal(r.names, "new ");
        zobo_patient_children_watch_free(w);
        nothing_left();
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
    }
}

static void
blocking(void **state)
{
    (void)state;
    zobo_reply *reply;
    assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
    assert_ok(zobo_create(other, "/n/x", NULL, 0, NULL, NULL));
    zobo_patient_children_watch *w = watch(20);
    assert_ok(zobo_patient_children_watch_get(w, 0, &reply));
    assert_int_equal(reply->n_children, 1);
    assert_string_equal(reply->children[0], "x");
    assert_true(reply->has_stat);
    zobo_reply_free(reply);
    assert_err(zobo_patient_children_watch_changed(w, 30), ZOBO_EWAITTIMEOUT);
    assert_ok(zobo_delete(other, "/n/x", -1));
    assert_ok(zobo_patient_children_watch_changed(w, 0));
    assert_ok(zobo_patient_children_watch_get(w, 0, NULL));
    zobo_patient_children_watch_free(w);
    nothing_left();
}

static void
freed_at_any_time(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        result r = {0};
        zobo_patient_children_watch *w = watch(1);
        get(w, 0, &r);
        for (int turns = i % 9; turns > 0; turns--)
            turn();
        zobo_patient_children_watch_free(w);
        UNTIL(done(r));
        assert_true(r.err == ZOBO_ECANCELLED || r.err == ZOBO_ENONODE);
    }
    nothing_left();
}

static void
bad_arguments(void **state)
{
    (void)state;
    zobo_patient_children_watch *w;
    zobo_problem why;
    assert_err(zobo_patient_children_watch_new(c, "", NULL, &w, &why), ZOBO_EBADPATH);
    assert_null(w);
    assert_true(why.text[0] != 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        both_ways(children_at_rest),
        both_ways(a_missing_node_rests_too),
        both_ways(limits_and_cancelling),
        both_ways(a_lost_connection_begins_anew),
        both_ways(blocking),
        both_ways(freed_at_any_time),
        both_ways(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
