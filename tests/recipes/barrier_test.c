/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers and double barriers. */
#include "recipes/pair.h"
#include "recipes/trouble.h"

#include <zobo/barrier.h>

/* ---- barrier ---- */

static zobo_barrier *
barrier(zobo_client *client)
{
    zobo_barrier *b;
    zobo_problem why;
    if (zobo_barrier_new(client, "/a/b", NULL, &b, &why))
        fail_msg("%s", why.text);
    return b;
}

static void
test_up_and_away(void **state)
{
    bool removed = true;
    (void)state;
    zobo_barrier *b = barrier(c);
    assert_ok(zobo_barrier_wait(b, 0)); /* there is none */
    assert_ok(zobo_barrier_remove(b, 0, &removed));
    assert_false(removed);
    assert_ok(zobo_barrier_create(b, 0));
    assert_ok(zobo_barrier_create(b, 0));
    assert_data(other, "/a/b", "");
    assert_err(zobo_barrier_wait(b, 20), ZOBO_EWAITTIMEOUT);
    assert_ok(zobo_barrier_remove(b, 0, &removed));
    assert_true(removed);
    assert_ok(zobo_barrier_wait(b, 0));
    zobo_barrier_free(b);
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 0));
    assert_err(zobo_barrier_new(c, "/", NULL, &b, NULL), ZOBO_EBADPATH);
    zobo_barrier_free(NULL);
}

static void
wait_over(void (*what)(void), zobo_err want)
{
    zt_calls calls;
    zobo_barrier *b = barrier(c), *w = barrier(other);
    assert_ok(zobo_barrier_create(b, 0));
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_barrier_wait_async(w, &how, NULL));
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(other, &k), k.watches == 1));
    what();
    assert_ok(zobo_barrier_remove(b, 0, NULL));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, want);
    zobo_barrier_free(b);
    zobo_barrier_free(w);
    zt_calls_destroy(&calls);
}

static void
nothing(void)
{
}

static void
drop_waiter(void)
{
    assert_ok(zobo_server_drop(server, session_of(other)));
}

static void
expire_waiter(void)
{
    int64_t id = session_of(other);
    assert_ok(zobo_server_expire(server, id));
    ZT_WAIT(zobo_connected(other) && session_of(other) != id);
}

static void
touch_barrier(void)
{
    zt_put(c, "/a/b", "x");
}

static void
stop_waiter(void)
{
    assert_ok(zobo_stop(other));
}

static void
test_waits(void **state)
{
    (void)state;
    wait_over(nothing, ZOBO_OK);
    wait_over(drop_waiter, ZOBO_OK);
    wait_over(expire_waiter, ZOBO_OK);
    wait_over(touch_barrier, ZOBO_OK);
    wait_over(stop_waiter, ZOBO_ESTOPPED);
    assert_ok(zobo_start(other, 0, NULL));
}

static void
test_barrier_given_up(void **state)
{
    zt_calls calls;
    (void)state;
    zobo_barrier *b = barrier(c);
    assert_ok(zobo_barrier_create(b, 0));
    enum { N = 500 };
    zt_calls_init(&calls, N);
    for (int i = 0; i < N; i++) {
        zobo_call *call;
        zobo_how how = zt_calls_how(&calls);
        if (i % 3 == 1)
            how.timeout_ms = 1;
        assert_ok(zobo_barrier_wait_async(b, &how, &call));
        if (i % 3 == 2)
            zobo_call_cancel(call);
        zobo_call_free(call);
    }
    zobo_barrier_free(b);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_ECANCELLED) + zt_calls_count(&calls, ZOBO_EWAITTIMEOUT), N);
    assert_true(zt_calls_count(&calls, ZOBO_ECANCELLED) >= N / 3);
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 0));
    zt_calls_destroy(&calls);
    for (int i = 0; i < 10000; i++)
        zobo_barrier_free(barrier(c));
}

/* ---- double barrier ---- */

static zt_latch lost;

static void
on_lost(void *arg, zobo_double_barrier *b)
{
    (void)arg, (void)b;
    zt_latch_hit(&lost);
}

static zobo_double_barrier *
member(zobo_client *client, uint32_t n)
{
    zobo_double_barrier *b;
    zobo_problem why;
    if (zobo_double_barrier_new(client, "/a/d", n, &(zobo_double_barrier_options){.identifier = "me", .lost = on_lost},
                                &b, &why))
        fail_msg("%s", why.text);
    return b;
}

static void
test_layout(void **state)
{
    zobo_reply *names;
    char path[100];
    (void)state;
    zobo_double_barrier *b = member(c, 1);
    assert_err(zobo_double_barrier_leave(b, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_double_barrier_enter(b, 0));
    assert_true(zobo_double_barrier_participating(b));
    assert_err(zobo_double_barrier_enter(b, 0), ZOBO_EALREADY);
    assert_data(other, "/a/d/ready", "");
    assert_ok(zobo_get_children(other, "/a/d", NULL, &names));
    assert_int_equal(names->n_children, 2);
    const char *name = names->children[strcmp(names->children[0], "ready") == 0];
    assert_int_equal(strlen(name), 32);
    snprintf(path, sizeof path, "/a/d/%s", name);
    zobo_reply_free(names);
    assert_data(other, path, "me");
    zobo_stat stat;
    assert_ok(zobo_exists(c, path, NULL, &stat));
    assert_int_equal(stat.ephemeral_owner, session_of(c));
    assert_ok(zobo_double_barrier_leave(b, 0));
    assert_false(zobo_double_barrier_participating(b));
    assert_int_equal(children_of(other, "/a/d"), 0);
    zobo_double_barrier_free(b);
}

enum { MEMBERS = 6, ROUNDS = 20 };

typedef struct walker {
    pthread_t thread;
    zobo_double_barrier *b;
    atomic_int *in, *out; /* how many have begun and ended, over all rounds */
    int early, errors;
    zobo_err err;
} walker;

static void *
walk(void *arg)
{
    walker *w = arg;
    for (int round = 1; round <= ROUNDS; round++) {
        atomic_fetch_add(w->in, 1);
        zobo_err err = zobo_double_barrier_enter(w->b, 0);
        w->early += atomic_load(w->in) < round * MEMBERS;
        if (!err) {
            atomic_fetch_add(w->out, 1);
            err = zobo_double_barrier_leave(w->b, 0);
            w->early += !err && atomic_load(w->out) < round * MEMBERS;
        }
        if (err) {
            w->errors++;
            w->err = err;
        }
    }
    return NULL;
}

static void
walk_all(bool with_trouble)
{
    zobo_client *clients[MEMBERS];
    walker walkers[MEMBERS];
    atomic_int in, out;
    trouble t;
    atomic_init(&in, 0);
    atomic_init(&out, 0);
    for (int i = 0; i < MEMBERS; i++) {
        clients[i] = i < 3 ? another_client() : clients[i - 3]; /* two members to a client */
        walkers[i] = (walker){.b = member(clients[i], MEMBERS), .in = &in, .out = &out};
    }
    if (with_trouble)
        start_trouble(&t, clients, 3, false);
    for (int i = 0; i < MEMBERS; i++)
        assert_int_equal(pthread_create(&walkers[i].thread, NULL, walk, &walkers[i]), 0);
    for (int i = 0; i < MEMBERS; i++)
        pthread_join(walkers[i].thread, NULL);
    if (with_trouble)
        end_trouble(&t);
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(walkers[i].errors, 0);
        assert_int_equal(walkers[i].early, 0);
        zobo_double_barrier_free(walkers[i].b);
    }
    assert_int_equal(children_of(c, "/a/d"), 0);
    for (int i = 0; i < 3; i++)
        zobo_close(clients[i]);
}

static void
test_rounds(void **state)
{
    (void)state;
    walk_all(false);
}

static void
test_rounds_and_trouble(void **state)
{
    (void)state;
    walk_all(true);
}

static void
test_too_few(void **state)
{
    (void)state;
    zobo_double_barrier *b = member(c, 2);
    assert_err(zobo_double_barrier_enter(b, 30), ZOBO_EWAITTIMEOUT);
    assert_false(zobo_double_barrier_participating(b));
    ZT_WAIT(children_of(other, "/a/d") == 0);
    /* It may try again. */
    zt_calls calls;
    zt_calls_init(&calls, 2);
    zobo_how how = zt_calls_how(&calls);
    zobo_call *call;
    assert_ok(zobo_double_barrier_enter_async(b, &how, &call));
    ZT_WAIT(children_of(other, "/a/d") == 1);
    zobo_call_cancel(call);
    zobo_call_free(call);
    ZT_WAIT(children_of(other, "/a/d") == 0);
    how = zt_calls_how(&calls);
    assert_ok(zobo_double_barrier_enter_async(b, &how, NULL));
    ZT_WAIT(children_of(other, "/a/d") == 1);
    zobo_double_barrier_free(b);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_ECANCELLED), 2);
    ZT_WAIT(children_of(other, "/a/d") == 0);
    zt_calls_destroy(&calls);
}

/* A `ready` that a crash has left over lets nobody in. */
static void
test_stale_ready(void **state)
{
    zt_calls calls;
    (void)state;
    zt_put(c, "/a", "");
    zt_put(c, "/a/d", "");
    zt_put(c, "/a/d/ready", "");
    zobo_double_barrier *b = member(c, 2), *d = member(other, 2);
    assert_err(zobo_double_barrier_enter(b, 50), ZOBO_EWAITTIMEOUT);
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_double_barrier_enter_async(b, &how, NULL));
    ZT_WAIT(children_of(c, "/a/d") == 2);
    assert_ok(zobo_double_barrier_enter(d, 0));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_OK);
    zobo_double_barrier_free(b);
    zobo_double_barrier_free(d);
    zt_calls_destroy(&calls);
}

/* One is cut off while the other comes, begins and leaves. */
static void
test_cut_off_at_the_moment(void **state)
{
    zt_calls calls;
    (void)state;
    zobo_double_barrier *b = member(c, 2), *d = member(other, 2);
    zt_calls_init(&calls, 2);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_double_barrier_enter_async(b, &how, NULL));
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 3 && k.in_flight == 0));
    zobo_server_refuse(server, true);
    assert_ok(zobo_server_drop(server, session_of(c)));
    ZT_WAIT(!zobo_connected(c));
    assert_ok(zobo_double_barrier_enter(d, 0));
    how = zt_calls_how(&calls);
    assert_ok(zobo_double_barrier_leave_async(d, &how, NULL));
    zt_nap();
    zobo_server_refuse(server, false);
    ZT_WAIT(zobo_double_barrier_participating(b));
    assert_ok(zobo_double_barrier_leave(b, 0));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 2);
    zobo_double_barrier_free(b);
    zobo_double_barrier_free(d);
    zt_calls_destroy(&calls);
}

static void
test_lost_while_entering(void **state)
{
    zt_calls calls;
    (void)state;
    zobo_double_barrier *b = member(c, 2), *d = member(other, 2);
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_double_barrier_enter_async(b, &how, NULL));
    ZT_WAIT(children_of(other, "/a/d") == 1);
    assert_ok(zobo_server_expire(server, session_of(c)));
    assert_ok(zobo_double_barrier_enter(d, 0)); /* it has joined anew by itself */
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_OK);
    zobo_double_barrier_free(b);
    zobo_double_barrier_free(d);
    zt_calls_destroy(&calls);
}

static void
test_lost_inside(void **state)
{
    (void)state;
    zt_latch_init(&lost);
    zobo_double_barrier *b = member(c, 1);
    assert_ok(zobo_double_barrier_enter(b, 0));
    assert_ok(zobo_server_expire(server, session_of(c)));
    assert_true(zt_latch_wait(&lost, 1, ZT_SOON_MS));
    assert_false(zobo_double_barrier_participating(b));
    assert_err(zobo_double_barrier_leave(b, 0), ZOBO_ELOCKLOST);
    assert_err(zobo_double_barrier_leave(b, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_double_barrier_enter(b, 0));
    /* Somebody deletes the node. */
    zobo_reply *names;
    char path[100];
    assert_ok(zobo_get_children(other, "/a/d", NULL, &names));
    assert_int_equal(names->n_children, 2);
    snprintf(path, sizeof path, "/a/d/%s", names->children[strcmp(names->children[0], "ready") == 0]);
    zobo_reply_free(names);
    zt_put(other, path, "not me"); /* that does not matter */
    assert_ok(zobo_delete(other, path, -1));
    assert_true(zt_latch_wait(&lost, 2, ZT_SOON_MS));
    assert_err(zobo_double_barrier_leave(b, 0), ZOBO_ELOCKLOST);
    zobo_double_barrier_free(b);
    zt_latch_destroy(&lost);
}

static void
test_leave_in_time(void **state)
{
    (void)state;
    zobo_double_barrier *b = member(c, 2), *d = member(other, 2);
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_double_barrier_enter_async(b, &how, NULL));
    assert_ok(zobo_double_barrier_enter(d, 0));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(zobo_double_barrier_leave(b, 30), ZOBO_EWAITTIMEOUT);
    assert_ok(zobo_double_barrier_leave(d, 0));
    ZT_WAIT(children_of(c, "/a/d") == 0);
    zobo_double_barrier_free(b);
    zobo_double_barrier_free(d);
    zt_calls_destroy(&calls);
}

static void
test_double_event_loop(void **state)
{
    zt_calls calls;
    (void)state;
    zobo_client *looped = loop_client();
    zobo_double_barrier *b = member(looped, 2), *d = member(looped, 2);
    zt_calls_init(&calls, 2);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_double_barrier_enter_async(b, &how, NULL));
    assert_ok(zobo_double_barrier_enter(d, 0));
    how = zt_calls_how(&calls);
    assert_ok(zobo_double_barrier_leave_async(b, &how, NULL));
    assert_ok(zobo_double_barrier_leave(d, 0));
    while (zt_calls_completed(&calls) < 2)
        assert_ok(zobo_process(looped));
    zobo_double_barrier_free(b);
    zobo_double_barrier_free(d);
    zobo_close(looped);
    zt_calls_destroy(&calls);
}

static void
test_double_made_and_freed(void **state)
{
    zobo_double_barrier *b;
    (void)state;
    assert_err(zobo_double_barrier_new(c, "/x", 0, NULL, &b, NULL), ZOBO_EINVAL);
    zobo_double_barrier_free(NULL);
    for (int i = 0; i < 10000; i++)
        zobo_double_barrier_free(member(c, 2));
    for (int i = 0; i < 300; i++) {
        b = member(c, 1 + (uint32_t)i % 2);
        assert_ok(zobo_double_barrier_enter_async(b, NULL, NULL));
        if (i % 3)
            assert_ok(zobo_sync(c, "/"));
        if (i % 3 == 2)
            assert_ok(zobo_double_barrier_leave_async(b, NULL, NULL));
        zobo_double_barrier_free(b);
    }
    ZT_WAIT(children_of(other, "/a/d") <= 1);
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 0));
}

#define barrier_test(t) cmocka_unit_test_setup_teardown(t, up, down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        barrier_test(test_up_and_away),
        barrier_test(test_waits),
        barrier_test(test_barrier_given_up),
        barrier_test(test_layout),
        barrier_test(test_rounds),
        barrier_test(test_rounds_and_trouble),
        barrier_test(test_too_few),
        barrier_test(test_stale_ready),
        barrier_test(test_cut_off_at_the_moment),
        barrier_test(test_lost_while_entering),
        barrier_test(test_lost_inside),
        barrier_test(test_leave_in_time),
        barrier_test(test_double_event_loop),
        barrier_test(test_double_made_and_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
