/* SPDX-License-Identifier: Apache-2.0 */
/* DataWatch and ChildrenWatch, with persistent watches and with one-shot ones. */
#include "recipes/told.h"

/* ---- data ---- */

static void
data_is_told_at_once_and_on_every_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t;
        zobo_data_watch *w = watch_data(&t, ways[i]);
        expect(&t, " NoNode");
        zt_put(other, "/n", "1");
        expect(&t, " NoNode 1/CREATED");
        zt_put(other, "/n", "2");
        expect(&t, " NoNode 1/CREATED 2/CHANGED");
        drop_connection();
        settle();
        zt_put(other, "/n", "3");
        expect(&t, " NoNode 1/CREATED 2/CHANGED 3/CHANGED");
        assert_ok(zobo_create(other, "/n/child", NULL, 0, NULL, NULL)); /* no change of the data */
        assert_ok(zobo_delete(other, "/n/child", -1));
        settle();
        assert_ok(zobo_delete(other, "/n", -1));
        expect(&t, " NoNode 1/CREATED 2/CHANGED 3/CHANGED NoNode/DELETED");
        zt_put(other, "/n", "4");
        expect(&t, " NoNode 1/CREATED 2/CHANGED 3/CHANGED NoNode/DELETED 4/CREATED");
        zt_put(other, "/n", "4"); /* the same bytes, but set again */
        expect(&t, " NoNode 1/CREATED 2/CHANGED 3/CHANGED NoNode/DELETED 4/CREATED 4/CHANGED");
        assert_ok(zobo_delete(other, "/n", -1));
        UNTIL(calls(&t) == 8);
        zobo_data_watch_free(w);
        nothing_left();
        zt_put(other, "/n", "5");
        settle();
        assert_int_equal(calls(&t), 8);
        assert_ok(zobo_delete(other, "/n", -1));
        told_destroy(&t);
    }
}

/* Null data is told as such. */
static void
null_data(void **state)
{
    (void)state;
    told t;
    assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
    zobo_data_watch *w = watch_data(&t, NULL);
    expect(&t, " NULL");
    zt_put(other, "/n", "");
    expect(&t, " NULL /CHANGED");
    zobo_data_watch_free(w);
    told_destroy(&t);
}

static void
over_lost_connections_and_sessions(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t, kids;
        zt_put(other, "/n", "1");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        zobo_children_watch *k = watch_children(&kids, ways[i]);
        expect(&t, " 1");
        expect(&kids, " []");
        for (int round = 0; round < 3; round++) {
            drop_connection();
            settle();
        }
        expire_session();
        settle();
        assert_int_equal(calls(&t), 1); /* nothing has changed */
        assert_int_equal(calls(&kids), 1);
        /* What changes while there is no connection is seen on the next one. */
        zobo_server_refuse(server, true);
        assert_ok(zobo_server_drop(server, session_of(c)));
        UNTIL(!zobo_connected(c));
        zt_put(other, "/n", "2");
        assert_ok(zobo_create(other, "/n/a", NULL, 0, NULL, NULL));
        zobo_server_refuse(server, false);
        UNTIL(ends_with(&t, " 2") || ends_with(&t, " 2/CHANGED"));
        UNTIL(ends_with(&kids, " [a]") || ends_with(&kids, " [a]/CHILD"));
        expire_session();
        zt_put(other, "/n", "3");
        UNTIL(ends_with(&t, " 3") || ends_with(&t, " 3/CHANGED"));
        assert_ok(zobo_delete(other, "/n/a", -1));
        UNTIL(ends_with(&kids, " []") || ends_with(&kids, " []/CHILD"));
        settle();
        assert_int_equal(calls(&t), 3);
        assert_int_equal(calls(&kids), 3);
        zobo_data_watch_free(w);
        zobo_children_watch_free(k);
        nothing_left();
        assert_ok(zobo_delete(other, "/n", -1));
        told_destroy(&t);
        told_destroy(&kids);
    }
}

/* zobo_stop takes all watches back; zobo_start brings them again. */
static void
over_stop_and_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t, kids;
        zt_put(other, "/n", "1");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        zobo_children_watch *k = watch_children(&kids, ways[i]);
        expect(&t, " 1");
        expect(&kids, " []");
        assert_ok(zobo_stop(c));
        zt_put(other, "/n", "2");
        assert_ok(zobo_start(c, 0, NULL));
        expect(&t, " 1 2");
        zt_put(other, "/n", "3");
        expect(&t, " 1 2 3/CHANGED");
        assert_ok(zobo_stop(c));
        assert_ok(zobo_start(c, 0, NULL));
        settle();
        assert_ok(zobo_create(other, "/n/a", NULL, 0, NULL, NULL));
        expect(&kids, " [] [a]/CHILD");
        assert_int_equal(calls(&t), 3);
        zobo_data_watch_free(w);
        zobo_children_watch_free(k);
        nothing_left();
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        told_destroy(&t);
        told_destroy(&kids);
    }
}

static void
begins_before_the_client(void **state)
{
    (void)state;
    told t;
    assert_ok(zobo_stop(c));
    zt_put(other, "/n", "1");
    zobo_data_watch *w = watch_data(&t, NULL);
    for (int i = 0; i < 20; i++)
        turn();
    assert_int_equal(calls(&t), 0);
    assert_ok(zobo_start(c, 0, NULL));
    expect(&t, " 1");
    zobo_data_watch_free(w);
    nothing_left();
    told_destroy(&t);
}

/* ---- children ---- */

static void
children_are_told_at_once_and_on_every_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t;
        zobo_children_watch *w = watch_children(&t, ways[i]);
        expect(&t, " NoNode");
        zt_put(other, "/n", "1");
        expect(&t, " NoNode []/CREATED");
        zt_put(other, "/n", "2"); /* not about children */
        assert_ok(zobo_create(other, "/n/b", NULL, 0, NULL, NULL));
        expect(&t, " NoNode []/CREATED [b]/CHILD");
        assert_ok(zobo_create(other, "/n/a", NULL, 0, NULL, NULL));
        expect(&t, " NoNode []/CREATED [b]/CHILD [a,b]/CHILD");
        assert_ok(zobo_create(other, "/n/a/deep", NULL, 0, NULL, NULL)); /* nor is this */
        settle();
        drop_connection();
        settle();
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        UNTIL(ends_with(&t, " NoNode/DELETED") || ends_with(&t, " NoNode/CHILD")); /* whatever came last */
        size_t n = calls(&t);
        assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
        assert_ok(zobo_create(other, "/n/c", NULL, 0, NULL, NULL));
        UNTIL(ends_with(&t, " [c]/CHILD") || ends_with(&t, " [c]/CREATED"));
        settle();
        assert_true(calls(&t) <= n + 2);
        zobo_children_watch_free(w);
        nothing_left();
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        told_destroy(&t);
    }
}

/* A child that comes and goes before the callback has time for it is not told; nor is the order of the names a change.
 * */
static void
a_set_that_is_the_same_again_is_not_told(void **state)
{
    (void)state;
    told t;
    assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
    zobo_children_watch *w = watch_children(&t, NULL);
    expect(&t, " []");
    if (!on_loop) {
        pthread_mutex_lock(&t.gate);
        assert_ok(zobo_create(other, "/n/x", NULL, 0, NULL, NULL)); /* the callback waits with this one */
        UNTIL(atomic_load(&t.arrived) == 2);
        assert_ok(zobo_create(other, "/n/y", NULL, 0, NULL, NULL));
        assert_ok(zobo_delete(other, "/n/y", -1));
        for (int i = 0; i < 4; i++) /* the events, what is read after them, and once more */
            assert_ok(zobo_sync(c, "/"));
        pthread_mutex_unlock(&t.gate);
        expect(&t, " [] [x]/CHILD");
    }
    zobo_children_watch_free(w);
    told_destroy(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        both_ways(data_is_told_at_once_and_on_every_change),
        both_ways(null_data),
        both_ways(over_lost_connections_and_sessions),
        both_ways(over_stop_and_start),
        both_ways(begins_before_the_client),
        both_ways(children_are_told_at_once_and_on_every_change),
        both_ways(a_set_that_is_the_same_again_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
