/* SPDX-License-Identifier: Apache-2.0 */
/* DataWatch and ChildrenWatch under load, with errors, and freed at any time. */
#include "recipes/told.h"

/* ---- load ---- */

/* A slow callback is told the latest state, and the last one always. */
static void
a_slow_callback_gets_the_latest(void **state)
{
    (void)state;
    enum { N = 500 };
    for (size_t i = 0; i < 2 && !on_loop; i++) {
        told t;
        char text[16];
        zt_put(other, "/n", "begin");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        expect(&t, " begin");
        pthread_mutex_lock(&t.gate);
        for (int k = 0; k < N; k++) {
            (void)snprintf(text, sizeof text, "%d", k);
            zt_put(other, "/n", text);
        }
        for (int k = 0; k < 4; k++)
            assert_ok(zobo_sync(c, "/"));
        pthread_mutex_unlock(&t.gate);
        UNTIL(ends_with(&t, " 499/CHANGED"));
        settle();
        assert_true(calls(&t) <= 4); /* the first, that at the gate, and the latest */
        zobo_data_watch_free(w);
        assert_ok(zobo_delete(other, "/n", -1));
        nothing_left();
        told_destroy(&t);
    }
}

/* Changes as fast as they go, with faults between: what is told last is how it stands. */
static void
the_last_state_is_always_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t, kids;
        char text[32], last[32];
        zt_put(other, "/n", "begin");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        zobo_children_watch *k = watch_children(&kids, ways[i]);
        for (int n = 0; n < 150; n++) {
            (void)snprintf(text, sizeof text, "%d", n);
            zt_put(other, "/n", text);
            (void)snprintf(text, sizeof text, "/n/%d", n);
            assert_ok(zobo_create(other, text, NULL, 0, NULL, NULL));
            if (n > 0) {
                (void)snprintf(text, sizeof text, "/n/%d", n - 1);
                assert_ok(zobo_delete(other, text, -1));
            }
            if (n % 40 == 20)
                disturb(false);
            if (n == 100)
                disturb(true);
            turn();
        }
        UNTIL(ends_with(&t, " 149") || ends_with(&t, " 149/CHANGED"));
        (void)snprintf(last, sizeof last, " [149]");
        UNTIL(ends_with(&kids, last) || ends_with(&kids, " [149]/CHILD"));
        zobo_data_watch_free(w);
        zobo_children_watch_free(k);
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        nothing_left();
        told_destroy(&t);
        told_destroy(&kids);
    }
}

/* ---- errors ---- */

static void
a_node_that_may_not_be_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t, kids;
        zobo_acl nobody = {ZOBO_PERM_ALL & ~ZOBO_PERM_READ, "world", "anyone"};
        zobo_acl_list closed = {&nobody, 1};
        zobo_create_options o = {.acl = &closed};
        assert_ok(zobo_create(other, "/n", "secret", 6, &o, NULL));
        zobo_data_watch *w = watch_data(&t, ways[i]);
        zobo_children_watch *k = watch_children(&kids, ways[i]);
        expect(&t, " NoAuth");
        expect(&kids, " NoAuth");
        assert_ok(zobo_set_acls(other, "/n", zobo_open_acl(), -1, NULL));
        expect(&t, " NoAuth secret"); /* no event says so: it is tried again */
        expect(&kids, " NoAuth []");
        zt_put(other, "/n", "more");
        expect(&t, " NoAuth secret more/CHANGED");
        assert_ok(zobo_delete(other, "/n", -1));
        expect(&t, " NoAuth secret more/CHANGED NoNode/DELETED");
        zobo_data_watch_free(w);
        zobo_children_watch_free(k);
        nothing_left();
        told_destroy(&t);
        told_destroy(&kids);
    }
}

/* A server that is overloaded, or whose answers are lost, delays only. */
static void
faults_delay_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t;
        zt_put(other, "/n", "1");
        zobo_server_fail_requests(server, 4, ZOBO_ETHROTTLED);
        zobo_data_watch *w = watch_data(&t, ways[i]);
        expect(&t, " 1");
        zobo_server_lose_replies(server, 1);
        zt_latch latch;
        zt_latch_init(&latch);
        zobo_how how = {.done = hit, .arg = &latch};
        zobo_call *call;
        assert_ok(
            zobo_set_async(c, "/n", "2", 1, -1, &how, &call)); /* it is this one's answer, or that of the reading */
        UNTIL(ends_with(&t, " 2/CHANGED") || ends_with(&t, " 2"));
        UNTIL(zt_latch_hits(&latch) == 1);
        zobo_call_free(call);
        zt_latch_destroy(&latch);
        zobo_data_watch_free(w);
        assert_ok(zobo_delete(other, "/n", -1));
        nothing_left();
        told_destroy(&t);
    }
}

/* A server without persistent watches is found out, and the watch goes on with one-shot ones. */
static void
without_persistent_watches(void **state)
{
    (void)state;
    told t;
    zt_put(other, "/n", "1");
    zobo_server_fail_requests(server, 1, ZOBO_EUNIMPLEMENTED);
    zobo_data_watch *w = watch_data(&t, NULL);
    expect(&t, " 1");
    zt_put(other, "/n", "2");
    expect(&t, " 1 2/CHANGED");
    assert_err(zobo_check_watches(c, "/n", ZOBO_WATCH_PERSISTENT), ZOBO_ENOWATCHER);
    assert_ok(zobo_check_watches(c, "/n", ZOBO_WATCH_DATA));
    zobo_data_watch_free(w);
    nothing_left();
    told_destroy(&t);
}

/* Somebody takes all watches on the path back: ours comes again. */
static void
a_watch_that_was_taken_comes_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t;
        zt_put(other, "/n", "1");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        expect(&t, " 1");
        assert_ok(zobo_remove_watches(c, "/n", ZOBO_WATCH_ANY, NULL));
        UNTIL(watches_here() == 1);
        settle();
        zt_put(other, "/n", "2");
        expect(&t, " 1 2/CHANGED");
        zobo_data_watch_free(w);
        nothing_left();
        assert_ok(zobo_delete(other, "/n", -1));
        told_destroy(&t);
    }
}

/* ---- freeing ---- */

static void
freed_in_the_callback(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t n = 1; n <= 2; n++) {
            told t, kids;
            zt_put(other, "/n", "1");
            told_init(&t);
            told_init(&kids);
            t.free_it = kids.free_it = true;
            t.calls_before_free = kids.calls_before_free = n;
            zobo_data_watch *w;
            zobo_children_watch *k;
            assert_ok(zobo_data_watch_new(c, "/n", data_told, &t, ways[i], &w, NULL));
            assert_ok(zobo_children_watch_new(c, "/n", children_told, &kids, ways[i], &k, NULL));
            UNTIL(calls(&t) == 1 && calls(&kids) == 1);
            zt_put(other, "/n", "2");
            assert_ok(zobo_create(other, "/n/a", NULL, 0, NULL, NULL));
            UNTIL(calls(&t) == n && calls(&kids) == n);
            nothing_left();
            zt_put(other, "/n", "3");
            settle();
            assert_int_equal(calls(&t), n);
            assert_ok(zobo_delete_recursive(other, "/n", NULL));
            told_destroy(&t);
            told_destroy(&kids);
        }
    }
}

/* At any moment: between the request that sets the watch and its answer, too. */
static void
freed_at_any_time(void **state)
{
    (void)state;
    const char *rounds = getenv("WATCH_ROUNDS");
    long n = rounds ? atol(rounds) : 300;
    told t, kids;
    told_init(&t);
    told_init(&kids);
    zt_put(other, "/n", "1");
    for (long i = 0; i < n; i++) {
        zobo_data_watch *w;
        zobo_children_watch *k;
        size_t before = calls(&t);
        assert_ok(zobo_data_watch_new(c, "/n", data_told, &t, ways[i % 2], &w, NULL));
        assert_ok(zobo_children_watch_new(c, "/n", children_told, &kids, ways[i % 2], &k, NULL));
        for (long turns = i % 7; turns > 0 && on_loop; turns--)
            turn();
        if (i % 5 == 4)
            UNTIL(calls(&t) > before);
        if (i % 100 == 50)
            disturb(false);
        zobo_data_watch_free(w);
        before = calls(&t);
        zobo_children_watch_free(k);
        if (i % 16 == 0)
            settle();
        if (i % 16 == 0)
            assert_int_equal(calls(&t), before);
    }
    UNTIL(zobo_connected(c) && zobo_connected(other));
    nothing_left();
    told_destroy(&t);
    told_destroy(&kids);
}

/* Two watches on one path do not disturb each other. */
static void
two_on_one_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told a, b;
        zt_put(other, "/n", "1");
        zobo_data_watch *x = watch_data(&a, ways[i]);
        zobo_data_watch *y = watch_data(&b, ways[i]);
        expect(&a, " 1");
        expect(&b, " 1");
        zobo_data_watch_free(x);
        settle();
        zt_put(other, "/n", "2");
        expect(&b, " 1 2/CHANGED");
        assert_int_equal(calls(&a), 1);
        zobo_data_watch_free(y);
        nothing_left();
        assert_ok(zobo_delete(other, "/n", -1));
        told_destroy(&a);
        told_destroy(&b);
    }
}

static void
closed_while_it_watches(void **state)
{
    (void)state;
    told t;
    zobo_options o = zt_options(zobo_server_hosts(server), 10000);
    zobo_client *third = zt_client_with(&o);
    zobo_data_watch *w;
    told_init(&t);
    assert_ok(zobo_data_watch_new(third, "/n", data_told, &t, NULL, &w, NULL));
    zobo_data_watch_free(w);
    zobo_close(third);
    told_destroy(&t);
}

static void
bad_arguments(void **state)
{
    (void)state;
    zobo_data_watch *w;
    zobo_children_watch *k;
    zobo_problem why;
    struct {
        zobo_watch_options o;
        char more[16];
    } longer = {.o = {.size = sizeof longer}, .more = "unknown"};
    assert_err(zobo_data_watch_new(c, "n", data_told, NULL, NULL, &w, &why), ZOBO_EBADPATH);
    assert_null(w);
    assert_true(why.text[0] != 0);
    assert_err(zobo_data_watch_new(c, "/n", NULL, NULL, NULL, &w, &why), ZOBO_EINVAL);
    assert_err(zobo_data_watch_new(c, "/n", data_told, NULL, &longer.o, &w, &why), ZOBO_EBADOPTION);
    assert_err(zobo_children_watch_new(c, "/n/", children_told, NULL, NULL, &k, NULL), ZOBO_EBADPATH);
    assert_err(zobo_children_watch_new(c, "/n", NULL, NULL, NULL, &k, NULL), ZOBO_EINVAL);
    assert_null(k);
    zobo_data_watch_free(NULL);
    zobo_children_watch_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        both_ways(a_slow_callback_gets_the_latest),
        both_ways(the_last_state_is_always_told),
        both_ways(a_node_that_may_not_be_read),
        both_ways(faults_delay_only),
        both_ways(without_persistent_watches),
        both_ways(a_watch_that_was_taken_comes_again),
        both_ways(freed_in_the_callback),
        both_ways(freed_at_any_time),
        both_ways(two_on_one_path),
        both_ways(closed_while_it_watches),
        both_ways(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
