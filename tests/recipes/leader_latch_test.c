/* SPDX-License-Identifier: Apache-2.0 */
/* Leader latches: one leads, is told so, is told when it no longer does, and takes part again by itself. */
#include "recipes/stage.h"

#include <pthread.h>
#include <stdatomic.h>

#include <zobo/election.h>

static zobo_client *a, *b;

static int
up(void **state)
{
    if (stage_up(state))
        return -1;
    a = another_client();
    b = another_client();
    return 0;
}

static int
down(void **state)
{
    zobo_close(a);
    zobo_close(b);
    return stage_down(state);
}

static const char path[] = "/latch/one";

/* What a latch has told. */
typedef struct told {
    zt_latch leader, not_leader;
    atomic_int leads;   /* by what was told */
    atomic_int wrong;   /* not in turn */
    atomic_llong fence; /* of the last leadership */
    bool frees;         /* the latch, as soon as it is told that it leads */
} told;

static void
on_leader(void *arg, zobo_leader_latch *latch)
{
    told *t = arg;
    if (atomic_exchange(&t->leads, 1))
        atomic_fetch_add(&t->wrong, 1);
    int64_t fence = zobo_leader_latch_fence(latch);
    if (fence && fence <= atomic_exchange(&t->fence, fence))
        atomic_fetch_add(&t->wrong, 1);
    if (t->frees)
        zobo_leader_latch_free(latch);
    zt_latch_hit(&t->leader);
}

static void
on_not_leader(void *arg, zobo_leader_latch *latch)
{
    told *t = arg;
    (void)latch;
    if (!atomic_exchange(&t->leads, 0))
        atomic_fetch_add(&t->wrong, 1);
    zt_latch_hit(&t->not_leader);
}

static told *
told_new(void)
{
    told *t = calloc(1, sizeof *t);
    assert_non_null(t);
    zt_latch_init(&t->leader);
    zt_latch_init(&t->not_leader);
    return t;
}

static void
told_free(told *t)
{
    assert_int_equal(atomic_load(&t->wrong), 0);
    zt_latch_destroy(&t->leader);
    zt_latch_destroy(&t->not_leader);
    free(t);
}

static zobo_leader_latch *
latch_with(zobo_client *c, told *t, zobo_leader_latch_options o)
{
    zobo_leader_latch *latch;
    zobo_problem why;
    if (t) {
        o.leader = on_leader;
        o.not_leader = on_not_leader;
        o.leader_arg = t;
        o.not_leader_arg = t;
    }
    if (zobo_leader_latch_new(c, path, &o, &latch, &why))
        fail_msg("%s", why.text);
    return latch;
}

static void
test_leads_and_stands_down(void **state)
{
    (void)state;
    told *x = told_new(), *y = told_new();
    zobo_leader_latch *first = latch_with(a, x, (zobo_leader_latch_options){.identifier = "first"});
    zobo_leader_latch *second = latch_with(b, y, (zobo_leader_latch_options){.identifier = "second"});
    zobo_reply *r;
    assert_false(zobo_leader_latch_is_leader(first));
    assert_ok(zobo_leader_latch_start(first));
    assert_err(zobo_leader_latch_start(first), ZOBO_EALREADY);
    assert_ok(zobo_leader_latch_await(first, 0));
    assert_true(zobo_leader_latch_is_leader(first));
    int64_t fence = zobo_leader_latch_fence(first);
    assert_true(fence > 0);
    assert_true(zt_latch_wait(&x->leader, 1, ZT_SOON_MS));
    assert_ok(zobo_leader_latch_start(second));
    assert_err(zobo_leader_latch_await(second, 50), ZOBO_EWAITTIMEOUT);
    ZT_WAIT(children_of(look, path) == 2);
    assert_ok(zobo_leader_latch_participants(second, 0, &r));
    assert_int_equal(r->n_children, 2);
    assert_string_equal(r->children[0], "first");
    assert_string_equal(r->children[1], "second");
    zobo_reply_free(r);
    assert_ok(zobo_leader_latch_stop(first, 0));
    assert_false(zobo_leader_latch_is_leader(first));
    assert_int_equal(children_of(look, path), 1);
    assert_true(zt_latch_wait(&x->not_leader, 1, ZT_SOON_MS));
    assert_ok(zobo_leader_latch_await(second, 5000));
    assert_true(zobo_leader_latch_fence(second) > fence);
    assert_ok(zobo_leader_latch_stop(first, 0));
    assert_ok(zobo_leader_latch_start(first)); /* it may take part again */
    ZT_WAIT(children_of(look, path) == 2);
    zobo_leader_latch_free(second);
    assert_ok(zobo_leader_latch_await(first, 5000));
    zobo_leader_latch_free(first);
    ZT_WAIT(children_of(look, path) == 0);
    assert_int_equal(zt_latch_hits(&y->not_leader), 0); /* free is silent */
    told_free(x);
    told_free(y);
}

static void
test_stands_down_when_suspended(void **state)
{
    (void)state;
    told *x = told_new(), *y = told_new();
    zobo_leader_latch *careful = latch_with(a, x, (zobo_leader_latch_options){0});
    assert_ok(zobo_leader_latch_start(careful));
    assert_true(zt_latch_wait(&x->leader, 1, ZT_SOON_MS));
    for (int i = 2; i < 5; i++) {
        assert_ok(zobo_server_drop(server, session_of(a)));
        assert_true(zt_latch_wait(&x->not_leader, i - 1, ZT_SOON_MS));
        assert_true(zt_latch_wait(&x->leader, i, ZT_SOON_MS)); /* by itself */
    }
    zobo_leader_latch_free(careful);
    ZT_WAIT(children_of(look, path) == 0);
    zobo_leader_latch *bold = latch_with(a, y, (zobo_leader_latch_options){.keep_on_suspended = true});
    assert_ok(zobo_leader_latch_start(bold));
    assert_true(zt_latch_wait(&y->leader, 1, ZT_SOON_MS));
    assert_ok(zobo_server_drop(server, session_of(a)));
    ZT_WAIT(!zobo_connected(a) || zobo_exists(a, "/", NULL, NULL) == ZOBO_OK);
    ZT_WAIT(zobo_exists(a, "/", NULL, NULL) == ZOBO_OK);
    assert_true(zobo_leader_latch_is_leader(bold));
    assert_ok(zobo_server_expire(server, session_of(a)));
    assert_true(zt_latch_wait(&y->leader, 2, ZT_SOON_MS));
    assert_int_equal(zt_latch_hits(&y->not_leader), 1);
    zobo_leader_latch_free(bold);
    ZT_WAIT(children_of(look, path) == 0);
    told_free(x);
    told_free(y);
}

static void
delete_children(void)
{
    zobo_reply *r;
    assert_ok(zobo_get_children(look, path, NULL, &r));
    for (size_t i = 0; i < r->n_children; i++) {
        char child[200];
        snprintf(child, sizeof child, "%s/%s", path, r->children[i]);
        assert_ok(zobo_delete(look, child, -1));
    }
    zobo_reply_free(r);
}

static void
test_expiry_and_deletion(void **state)
{
    (void)state;
    told *x = told_new(), *y = told_new();
    zobo_leader_latch *first = latch_with(a, x, (zobo_leader_latch_options){0});
    zobo_leader_latch *second = latch_with(b, y, (zobo_leader_latch_options){0});
    assert_ok(zobo_leader_latch_start(first));
    assert_ok(zobo_leader_latch_await(first, 0));
    assert_ok(zobo_leader_latch_start(second));
    ZT_WAIT(children_of(look, path) == 2);
    assert_ok(zobo_server_expire(server, session_of(a)));
    assert_true(zt_latch_wait(&x->not_leader, 1, ZT_SOON_MS));
    assert_ok(zobo_leader_latch_await(second, 5000));
    ZT_WAIT(children_of(look, path) == 2); /* the first stands in line again */
    assert_false(zobo_leader_latch_is_leader(first));
    assert_ok(zobo_leader_latch_stop(second, 0));
    assert_true(zt_latch_wait(&x->leader, 2, ZT_SOON_MS));
    delete_children();
    assert_true(zt_latch_wait(&x->not_leader, 2, ZT_SOON_MS));
    assert_true(zt_latch_wait(&x->leader, 3, ZT_SOON_MS));
    zobo_leader_latch_free(first);
    zobo_leader_latch_free(second);
    ZT_WAIT(children_of(look, path) == 0);
    told_free(x);
    told_free(y);
}

static void
test_client_stops_and_starts(void **state)
{
    (void)state;
    told *x = told_new();
    zobo_client *c;
    zobo_call *call;
    zobo_options o = client_options();
    assert_ok(zobo_new(&o, &c, NULL));
    zobo_leader_latch *latch = latch_with(c, x, (zobo_leader_latch_options){0});
    assert_err(zobo_leader_latch_await(latch, 0), ZOBO_ENOTSTARTED);
    assert_ok(zobo_leader_latch_start(latch));
    assert_err(zobo_leader_latch_await(latch, 0), ZOBO_ENOTSTARTED);
    assert_ok(zobo_start(c, 0, NULL));
    for (int i = 1; i < 4; i++) {
        assert_true(zt_latch_wait(&x->leader, i, ZT_SOON_MS));
        assert_ok(zobo_stop(c));
        assert_true(zt_latch_wait(&x->not_leader, i, ZT_SOON_MS));
        assert_ok(zobo_start(c, 0, NULL));
    }
    assert_ok(zobo_leader_latch_await(latch, 5000));
    assert_ok(zobo_leader_latch_stop(latch, 0));
    assert_err(zobo_leader_latch_await(latch, 0), ZOBO_ENOTSTARTED); /* for ever, if it were waited for */
    assert_ok(zobo_leader_latch_await_async(latch, NULL, &call));
    assert_err(zobo_call_get(call, 5000, NULL), ZOBO_ENOTSTARTED);
    zobo_call_free(call);
    assert_ok(zobo_leader_latch_start(latch));
    assert_err(zobo_leader_latch_start(latch), ZOBO_EALREADY);
    assert_ok(zobo_leader_latch_await(latch, 5000));
    zobo_leader_latch_free(latch);
    zobo_close(c);
    told_free(x);
    ZT_WAIT(children_of(look, path) == 0);
}

static void
test_stop_and_free_end_what_waits(void **state)
{
    (void)state;
    zobo_leader_latch *leader = latch_with(b, NULL, (zobo_leader_latch_options){0});
    zobo_leader_latch *x = latch_with(a, NULL, (zobo_leader_latch_options){0});
    zobo_call *calls[3];
    assert_ok(zobo_leader_latch_start(leader));
    assert_ok(zobo_leader_latch_await(leader, 0));
    assert_ok(zobo_leader_latch_start(x));
    for (int i = 0; i < 3; i++)
        assert_ok(zobo_leader_latch_await_async(x, NULL, &calls[i]));
    ZT_WAIT(children_of(look, path) == 2);
    zobo_call_cancel(calls[0]);
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    assert_ok(zobo_leader_latch_stop(x, 0));
    assert_err(zobo_call_get(calls[1], 5000, NULL), ZOBO_ECANCELLED);
    assert_err(zobo_call_get(calls[2], 5000, NULL), ZOBO_ECANCELLED);
    ZT_WAIT(children_of(look, path) == 1);
    zobo_call_free(calls[0]);
    assert_ok(zobo_leader_latch_start(x));
    ZT_WAIT(children_of(look, path) == 2);
    assert_ok(zobo_leader_latch_await_async(x, NULL, &calls[0]));
    zobo_leader_latch_free(x);
    assert_err(zobo_call_get(calls[0], 5000, NULL), ZOBO_ECANCELLED);
    for (int i = 0; i < 3; i++)
        zobo_call_free(calls[i]);
    zobo_leader_latch_free(leader);
    ZT_WAIT(children_of(look, path) == 0);
}

/* Started and stopped in quick turns: what is told stays in turn, and the last word is right. */
static void
test_started_and_stopped_quickly(void **state)
{
    (void)state;
    told *x = told_new();
    zobo_leader_latch *latch = latch_with(a, x, (zobo_leader_latch_options){0});
    for (int i = 0; i < 300; i++) {
        assert_ok(zobo_leader_latch_start(latch));
        for (int j = 0; j < i % 4; j++)
            assert_ok(zobo_exists(a, "/", NULL, NULL));
        if (i % 3)
            assert_ok(zobo_leader_latch_stop_async(latch, NULL, NULL));
        else
            assert_ok(zobo_leader_latch_stop(latch, 0));
        ZT_WAIT(zobo_leader_latch_start(latch) == ZOBO_OK); /* the stop is known */
        assert_ok(zobo_leader_latch_stop(latch, 0));
        assert_false(zobo_leader_latch_is_leader(latch));
    }
    assert_ok(zobo_leader_latch_start(latch));
    assert_ok(zobo_leader_latch_await(latch, 5000));
    ZT_WAIT(atomic_load(&x->leads) == 1);
    assert_ok(zobo_leader_latch_stop(latch, 0));
    ZT_WAIT(atomic_load(&x->leads) == 0);
    assert_int_equal(zt_latch_hits(&x->leader), zt_latch_hits(&x->not_leader));
    ZT_WAIT(children_of(look, path) == 0);
    zobo_leader_latch_free(latch);
    told_free(x);
}

static void
test_lost_replies(void **state)
{
    (void)state;
    told *x = told_new();
    for (unsigned skip = 0; skip < 6; skip++) {
        zobo_leader_latch *latch = latch_with(a, x, (zobo_leader_latch_options){.keep_on_suspended = true});
        assert_ok(zobo_leader_latch_start(latch));
        for (unsigned i = 0; i < skip; i++)
            assert_ok(zobo_exists(look, "/", NULL, NULL));
        zobo_server_lose_replies(server, 1);
        assert_ok(zobo_server_drop(server, session_of(a)));
        zobo_server_lose_replies(server, 0);
        assert_ok(zobo_leader_latch_await(latch, 20000));
        assert_int_equal(children_of(look, path), 1);
        assert_ok(zobo_leader_latch_stop(latch, 0));
        assert_int_equal(children_of(look, path), 0);
        ZT_WAIT(atomic_load(&x->leads) == 0);
        zobo_leader_latch_free(latch);
    }
    told_free(x);
}

static void
test_freed_in_its_callback(void **state)
{
    (void)state;
    told *x = told_new();
    x->frees = true;
    zobo_leader_latch *latch = latch_with(a, x, (zobo_leader_latch_options){0});
    assert_ok(zobo_leader_latch_start(latch));
    assert_true(zt_latch_wait(&x->leader, 1, ZT_SOON_MS));
    ZT_WAIT(children_of(look, path) == 0);
    told_free(x);
}

static void
test_event_loop(void **state)
{
    (void)state;
    told *x = told_new();
    zobo_client *loop = loop_client();
    zobo_leader_latch *latch = latch_with(loop, x, (zobo_leader_latch_options){0});
    assert_ok(zobo_leader_latch_start(latch));
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && zt_latch_hits(&x->leader) == 1);
    assert_true(zobo_leader_latch_is_leader(latch));
    assert_ok(zobo_server_drop(server, session_of(loop)));
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && zt_latch_hits(&x->not_leader) == 1);
    ZT_WAIT(zobo_process(loop) == ZOBO_OK && zt_latch_hits(&x->leader) == 2);
    assert_ok(zobo_leader_latch_stop(latch, 0));
    assert_int_equal(children_of(look, path), 0);
    zobo_leader_latch_free(latch);
    zobo_close(loop);
    told_free(x);
}

/* Many latches on two clients whose connections break: never do two lead by their fences, and each has its turn. */
static void
test_many_take_turns(void **state)
{
    (void)state;
    enum { N = 8 };
    told *tolds[N];
    zobo_leader_latch *latches[N];
    for (int i = 0; i < N; i++) {
        tolds[i] = told_new();
        latches[i] = latch_with(i % 2 ? a : b, tolds[i], (zobo_leader_latch_options){.keep_on_suspended = i % 3 == 0});
        assert_ok(zobo_leader_latch_start(latches[i]));
    }
    for (int round = 0; round < 4 * N; round++) {
        int leaders = 0, leader = 0;
        ZT_WAIT(zobo_leader_latch_is_leader(latches[leader = (leader + 1) % N]));
        for (int i = 0; i < N; i++)
            leaders += zobo_leader_latch_is_leader(latches[i]);
        assert_in_range(leaders, 0, 1);
        if (round % 4 == 3)
            assert_ok(zobo_server_drop(server, session_of(round % 8 == 3 ? a : b)));
        assert_ok(zobo_leader_latch_stop(latches[leader], 0));
        assert_ok(zobo_leader_latch_start(latches[leader]));
    }
    for (int i = 0; i < N; i++)
        zobo_leader_latch_free(latches[i]);
    ZT_WAIT(children_of(look, path) == 0);
    for (int i = 0; i < N; i++)
        told_free(tolds[i]);
}

static void
test_refused_by_the_server(void **state)
{
    (void)state;
    zobo_acl mine = {ZOBO_PERM_READ, "world", "anyone"};
    zobo_acl_list read_only = {&mine, 1};
    zobo_leader_latch *latch;
    assert_ok(zobo_create(look, "/closed", "", 0, &(zobo_create_options){.acl = &read_only}, NULL));
    assert_ok(zobo_leader_latch_new(a, "/closed", NULL, &latch, NULL));
    assert_ok(zobo_leader_latch_start(latch));
    assert_err(zobo_leader_latch_await(latch, 5000), ZOBO_ENOAUTH);
    assert_ok(zobo_leader_latch_stop(latch, 0));
    zobo_leader_latch_free(latch);
    assert_ok(zobo_delete(look, "/closed", -1));
}

static void
test_wrong_options(void **state)
{
    (void)state;
    zobo_leader_latch *x;
    zobo_problem why;
    assert_err(zobo_leader_latch_new(a, "l", NULL, &x, &why), ZOBO_EBADPATH);
    assert_err(zobo_leader_latch_new(a, "/l", &(zobo_leader_latch_options){.size = 3}, &x, &why), ZOBO_EBADOPTION);
    assert_null(x);
    zobo_leader_latch_free(NULL);
}

static void
test_made_and_freed_often(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        zobo_leader_latch *x = latch_with(a, NULL, (zobo_leader_latch_options){0});
        if (i % 10 == 0)
            assert_ok(zobo_leader_latch_start(x));
        if (i % 100 == 0)
            assert_ok(zobo_leader_latch_await(x, 0));
        zobo_leader_latch_free(x);
    }
    ZT_WAIT(children_of(look, path) == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leads_and_stands_down),
        cmocka_unit_test(test_stands_down_when_suspended),
        cmocka_unit_test(test_expiry_and_deletion),
        cmocka_unit_test(test_client_stops_and_starts),
        cmocka_unit_test(test_stop_and_free_end_what_waits),
        cmocka_unit_test(test_started_and_stopped_quickly),
        cmocka_unit_test(test_lost_replies),
        cmocka_unit_test(test_freed_in_its_callback),
        cmocka_unit_test(test_event_loop),
        cmocka_unit_test(test_many_take_turns),
        cmocka_unit_test(test_refused_by_the_server),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_made_and_freed_often),
    };
    return cmocka_run_group_tests(tests, up, down);
}
