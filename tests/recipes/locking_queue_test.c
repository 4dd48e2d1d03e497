/* SPDX-License-Identifier: Apache-2.0 */
/* Locking queues: nothing lost, nothing consumed twice, and whoever lost an entry knows. */
#include "recipes/pair.h"
#include "recipes/trouble.h"

#include <zobo/queue.h>

static zt_latch lost;

static void
on_lost(void *arg, zobo_locking_queue *q)
{
    (void)arg, (void)q;
    zt_latch_hit(&lost);
}

static zobo_locking_queue *
queue(zobo_client *client)
{
    zobo_locking_queue *q;
    zobo_problem why;
    if (zobo_locking_queue_new(client, "/a/l", &(zobo_locking_queue_options){.lost = on_lost}, &q, &why))
        fail_msg("%s", why.text);
    return q;
}

static int
set_up(void **state)
{
    zt_latch_init(&lost);
    return up(state);
}

static int
tear_down(void **state)
{
    int result = down(state);
    zt_latch_destroy(&lost);
    return result;
}

static void
put(zobo_locking_queue *q, const char *data, int priority)
{
    assert_ok(zobo_locking_queue_put(q, data, strlen(data), priority, 0));
}

static void
get(zobo_locking_queue *q, const char *want)
{
    zobo_reply *reply;
    assert_ok(zobo_locking_queue_get(q, 10000, &reply));
    assert_int_equal(reply->data_len, strlen(want));
    assert_memory_equal(reply->data, want, strlen(want));
    zobo_reply_free(reply);
}

static bool
holds(zobo_locking_queue *q)
{
    bool yes = false;
    assert_ok(zobo_locking_queue_holds_lock(q, 0, &yes));
    return yes;
}

static void
test_life(void **state)
{
    zobo_reply *reply;
    zobo_stat stat;
    int32_t len;
    (void)state;
    zobo_locking_queue *q = queue(c), *w = queue(other);
    assert_ok(zobo_locking_queue_len(q, 0, &len));
    assert_int_equal(len, 0);
    assert_err(zobo_locking_queue_try_get(q, 0, &reply), ZOBO_EEMPTY);
    assert_err(zobo_locking_queue_get(q, 20, &reply), ZOBO_EWAITTIMEOUT);
    assert_err(zobo_locking_queue_consume(q, 0), ZOBO_ENOTHELD);
    assert_err(zobo_locking_queue_release(q, 0), ZOBO_ENOTHELD);
    assert_false(holds(q));
    put(q, "second", 200);
    put(q, "first", 100);
    assert_data(other, "/a/l/entries/entry-200-0000000000", "second");
    get(q, "first");
    get(q, "first"); /* the same again */
    assert_ok(zobo_exists(c, "/a/l/taken/entry-100-0000000001", NULL, &stat));
    assert_int_equal(stat.ephemeral_owner, session_of(c));
    assert_int_equal(stat.data_length, 32);
    assert_true(holds(q));
    get(w, "second");
    assert_ok(zobo_locking_queue_len(q, 0, &len));
    assert_int_equal(len, 2);
    assert_ok(zobo_locking_queue_consume(q, 0));
    assert_err(zobo_locking_queue_consume(q, 0), ZOBO_ENOTHELD);
    assert_false(holds(q));
    assert_err(zobo_locking_queue_try_get(q, 0, &reply), ZOBO_EEMPTY); /* the other has it */
    assert_ok(zobo_locking_queue_release(w, 0));
    get(q, "second");
    zobo_locking_queue_free(q); /* gives it back */
    get(w, "second");
    assert_ok(zobo_locking_queue_consume(w, 0));
    assert_int_equal(children_of(c, "/a/l/entries"), 0);
    assert_int_equal(children_of(c, "/a/l/taken"), 0);
    zobo_locking_queue_free(w);
    zobo_locking_queue_free(NULL);
    ZT_WAIT(children_of(c, "/a/l") == 2);
    assert_int_equal(zt_latch_hits(&lost), 0);
}

static void
test_put_all(void **state)
{
    enum { N = 3000 };
    static char big[1000];
    zobo_item *items = calloc(N, sizeof *items);
    size_t n;
    int32_t len;
    (void)state;
    zobo_locking_queue *q = queue(c);
    for (int i = 0; i < N; i++)
        items[i] = (zobo_item){big, sizeof big};
    items[0] = (zobo_item){"head", 4};
    assert_ok(zobo_locking_queue_put_all(q, items, N, 7, 0, &n)); /* 3 MB: several transactions */
    assert_int_equal(n, N);
    assert_ok(zobo_locking_queue_len(q, 0, &len));
    assert_int_equal(len, N);
    get(q, "head");
    assert_ok(zobo_locking_queue_put_all(q, NULL, 0, 7, 0, &n));
    assert_int_equal(n, 0);
    assert_err(zobo_locking_queue_put_all(q, NULL, 1, 7, 0, &n), ZOBO_EINVAL);
    assert_err(zobo_locking_queue_put_all(q, items, 1, 1000, 0, &n), ZOBO_EINVAL);
    zobo_locking_queue_free(q);
    free(items);
}

static void
test_waits_for_release_and_expiry(void **state)
{
    zt_calls calls;
    (void)state;
    zobo_locking_queue *q = queue(c), *w = queue(other);
    put(q, "x", 1);
    get(q, "x");
    zt_calls_init(&calls, 3);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_locking_queue_get_async(w, &how, NULL));
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(other, &k), k.watches == 2 && k.in_flight == 0));
    how = zt_calls_how(&calls);
    assert_ok(zobo_locking_queue_get_async(w, &how, NULL));
    ZT_WAIT(zt_calls_completed(&calls) == 1);
    assert_err(calls.items[1].err, ZOBO_EALREADY);
    assert_ok(zobo_server_drop(server, session_of(other)));
    assert_ok(zobo_locking_queue_release(q, 0));
    ZT_WAIT(zt_calls_completed(&calls) == 2);
    assert_err(calls.items[0].err, ZOBO_OK);
    how = zt_calls_how(&calls);
    assert_ok(zobo_locking_queue_get_async(q, &how, NULL));
    assert_ok(zobo_server_expire(server, session_of(other)));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[2].err, ZOBO_OK);
    assert_true(zt_latch_wait(&lost, 1, ZT_SOON_MS)); /* the other learns it */
    assert_false(holds(w));
    assert_err(zobo_locking_queue_consume(w, 0), ZOBO_ELOCKLOST);
    assert_err(zobo_locking_queue_consume(w, 0), ZOBO_ENOTHELD);
    assert_true(holds(q));
    assert_ok(zobo_locking_queue_consume(q, 0));
    zobo_locking_queue_free(q);
    zobo_locking_queue_free(w);
    ZT_WAIT((zobo_get_counters(other, &k), k.watches == 0));
    zt_calls_destroy(&calls);
}

/* The answer to a consume is lost, then the connection or the session: it was consumed, and that is what it says. */
static void
lost_answer(bool session_too, bool release)
{
    zt_calls calls;
    zobo_locking_queue *q = queue(c), *w = queue(other);
    put(q, "x", 1);
    get(q, "x");
    assert_ok(zobo_locking_queue_release(q, 0));
    get(q, "x");
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    arm(c, other, "/a/l/taken");
    assert_ok(release ? zobo_locking_queue_release_async(q, &how, NULL)
                      : zobo_locking_queue_consume_async(q, &how, NULL));
    wait_armed(other, "/a/l/taken");
    if (release)
        get(w, "x"); /* before it is looked after: this must not be taken away */
    assert_ok(session_too ? zobo_server_expire(server, session_of(c)) : zobo_server_drop(server, session_of(c)));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_OK);
    if (release) {
        assert_true(holds(w));
        assert_ok(zobo_locking_queue_consume(w, 0));
    }
    assert_int_equal(children_of(other, "/a/l/entries"), 0);
    zobo_locking_queue_free(q);
    zobo_locking_queue_free(w);
    zt_calls_destroy(&calls);
}

static void
test_lost_answers(void **state)
{
    (void)state;
    lost_answer(false, false);
    lost_answer(true, false);
    lost_answer(false, true);
    lost_answer(true, true);
}

/* ---- many consumers ---- */

enum { CONSUMERS = 4, ENTRIES = 150, TROUBLES = 60 };

typedef struct worker {
    pthread_t thread;
    zobo_locking_queue *q;
    atomic_int *consumed, *left;
    int lost, errors;
    zobo_err err;
} worker;

static void *
consume(void *arg)
{
    worker *w = arg;
    for (int turn = 0; atomic_load(w->left) > 0; turn++) {
        zobo_reply *reply;
        zobo_err err = zobo_locking_queue_get(w->q, 50, &reply);
        int number = err ? -1 : atoi(reply->data);
        zobo_reply_free(reply);
        if (!err)
            err = turn % 5 ? zobo_locking_queue_consume(w->q, 0) : zobo_locking_queue_release(w->q, 0);
        if (!err && turn % 5) {
            atomic_fetch_add(&w->consumed[number], 1);
            atomic_fetch_sub(w->left, 1);
        }
        w->lost += err == ZOBO_ELOCKLOST;
        if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ELOCKLOST) {
            w->errors++;
            w->err = err;
        }
    }
    return NULL;
}

static void
all_at_work(bool with_trouble)
{
    static atomic_int consumed[ENTRIES];
    zobo_client *clients[] = {c, other};
    worker workers[CONSUMERS];
    atomic_int left;
    trouble t;
    zobo_locking_queue *q = queue(c);
    atomic_init(&left, ENTRIES);
    if (with_trouble)
        start_trouble(&t, clients, 2, true);
    for (int i = 0; i < ENTRIES; i++) {
        char text[16];
        atomic_store(&consumed[i], 0);
        snprintf(text, sizeof text, "%d", i);
        put(q, text, i % 10);
    }
    for (int i = 0; i < CONSUMERS; i++) {
        workers[i] = (worker){.q = queue(clients[i % 2]), .consumed = consumed, .left = &left};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, consume, &workers[i]), 0);
    }
    for (int i = 0; i < CONSUMERS; i++)
        pthread_join(workers[i].thread, NULL);
    if (with_trouble)
        end_trouble(&t);
    for (int i = 0; i < CONSUMERS; i++) {
        if (workers[i].errors)
            fail_msg("consumer %d: %s", i, zobo_err_text(workers[i].err));
        zobo_locking_queue_free(workers[i].q);
    }
    for (int i = 0; i < ENTRIES; i++)
        assert_int_equal(atomic_load(&consumed[i]), 1);
    assert_int_equal(children_of(c, "/a/l/entries"), 0);
    zobo_locking_queue_free(q);
    ZT_WAIT(children_of(c, "/a/l/taken") == 0);
    if (!with_trouble)
        ZT_WAIT(children_of(c, "/a/l") == 2);
}

static void
test_at_work(void **state)
{
    (void)state;
    all_at_work(false);
}

static void
test_at_work_in_trouble(void **state)
{
    (void)state;
    all_at_work(true);
}

static void
test_given_up(void **state)
{
    (void)state;
    zobo_locking_queue *q = queue(c), *w = queue(other);
    put(q, "x", 1);
    for (int i = 0; i < 200; i++) {
        zt_calls calls;
        zobo_call *call;
        zt_calls_init(&calls, 1);
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_locking_queue_get_async(w, &how, &call));
        for (int j = 0; j < i % 6; j++)
            assert_ok(zobo_sync(other, "/"));
        zobo_call_cancel(call);
        zobo_call_free(call);
        assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
        if (calls.items[0].err == ZOBO_OK)
            assert_ok(zobo_locking_queue_release(w, 0));
        else
            assert_err(calls.items[0].err, ZOBO_ECANCELLED);
        zt_calls_destroy(&calls);
        get(q, "x"); /* nobody keeps it from the others */
        assert_ok(zobo_locking_queue_release(q, 0));
    }
    zobo_locking_queue_free(w);
    zobo_locking_queue_free(q);
}

static void
test_event_loop(void **state)
{
    (void)state;
    zobo_client *looped = loop_client();
    zobo_locking_queue *q = queue(looped);
    put(q, "a", 1);
    get(q, "a");
    assert_ok(zobo_locking_queue_consume(q, 0));
    zobo_locking_queue_free(q);
    zobo_close(looped);
    assert_int_equal(children_of(c, "/a/l"), 2);
}

static void
test_made_and_freed(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++)
        zobo_locking_queue_free(queue(c));
    for (int i = 0; i < 300; i++) {
        zobo_locking_queue *q = queue(c);
        assert_ok(zobo_locking_queue_put_async(q, "x", 1, 1, NULL, NULL));
        assert_ok(zobo_locking_queue_get_async(q, NULL, NULL));
        for (int j = 0; j < i % 7; j++)
            assert_ok(zobo_sync(c, "/"));
        if (i % 3)
            assert_ok(zobo_locking_queue_consume_async(q, NULL, NULL));
        zobo_locking_queue_free(q);
    }
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 0 && k.in_flight == 0));
    ZT_WAIT(children_of(other, "/a/l/taken") == 0);
}

#define locking_test(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        locking_test(test_life),         locking_test(test_put_all),    locking_test(test_waits_for_release_and_expiry),
        locking_test(test_lost_answers), locking_test(test_at_work),    locking_test(test_at_work_in_trouble),
        locking_test(test_given_up),     locking_test(test_event_loop), locking_test(test_made_and_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
