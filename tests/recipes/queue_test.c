/* SPDX-License-Identifier: Apache-2.0 */
/* Queues and delay queues. */
#include "recipes/pair.h"
#include "recipes/trouble.h"

#include <zobo/extend.h>
#include <zobo/queue.h>

#include "recipes/entry.h"

static zobo_queue *
queue(zobo_client *client, const zobo_queue_options *o)
{
    zobo_queue *q;
    zobo_problem why;
    if (zobo_queue_new(client, "/a/q", o, &q, &why))
        fail_msg("%s", why.text);
    return q;
}

static void
put(zobo_queue *q, const char *data, int priority)
{
    assert_ok(zobo_queue_put(q, data, strlen(data), priority, 0));
}

static void
assert_got(zobo_err err, zobo_reply *reply, const char *want)
{
    assert_err(err, ZOBO_OK);
    assert_int_equal(reply->data_len, strlen(want));
    assert_memory_equal(reply->data, want, strlen(want));
    zobo_reply_free(reply);
}

#define ASSERT_GET(q, want)                                                                                            \
    do {                                                                                                               \
        zobo_reply *got_;                                                                                              \
        zobo_err err_ = zobo_queue_get(q, 5000, &got_);                                                                \
        assert_got(err_, got_, want);                                                                                  \
    } while (0)

static void
test_names(void **state)
{
    static const struct {
        bool delay, good;
        const char *name;
        int64_t key;
        int32_t sequence;
    } cases[] = {
        {false, true, "entry-100-0000000005", 100, 5},
        {false, true, "entry-000-2147483647", 0, INT32_MAX},
        {false, true, "entry-999--2147483648", 999, INT32_MIN},
        {false, false, "entry-1000-0000000005", 0, 0},
        {false, false, "entry-10-0000000005", 0, 0},
        {false, false, "entry-100-000000005", 0, 0},
        {false, false, "entry-1a0-0000000005", 0, 0},
        {false, false, "entry-100-entry-100-0000000005", 0, 0},
        {false, false, "entr", 0, 0},
        {false, false, "queue-|00000001|0000000005", 0, 0},
        {true, true, "queue-|00000001|0000000005", 1, 5},
        {true, true, "queue-|18BCFE56800|0000000005", 1700000000000, 5},
        {true, false, "queue-||0000000005", 0, 0},
        {true, false, "queue-0000000005", 0, 0},
        {true, false, "queue-|FFFFFFFFFFFFFFFFFF|0000000005", 0, 0},
        {true, false, "queue-|0000000G|0000000005", 0, 0},
    };
    char prefix[ZR_ENTRY_PREFIX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t key = -1;
        int32_t sequence = -1;
        bool good = zr_entry_read(cases[i].delay, cases[i].name, &key, &sequence);
        if (good != cases[i].good || (good && (key != cases[i].key || sequence != cases[i].sequence)))
            fail_msg("%s", cases[i].name);
    }
    zr_entry_prefix(false, 7, prefix);
    assert_string_equal(prefix, "entry-007-");
    zr_entry_prefix(true, 1700000000000, prefix);
    assert_string_equal(prefix, "queue-|18BCFE56800|");
    zr_entry_prefix(true, 1, prefix);
    assert_string_equal(prefix, "queue-|00000001|");
    unsigned char item[3 + ZR_ITEM_EXTRA];
    const void *data;
    size_t len;
    zr_item_write("abc", 3, item);
    assert_memory_equal(item, "\0\1\0\1\1\0\0\0\3abc\2", sizeof item);
    assert_true(zr_item_read(item, sizeof item, &data, &len));
    assert_int_equal(len, 3);
    for (size_t n = 0; n < sizeof item; n++)
        assert_false(zr_item_read(item, n, &data, &len));
    item[8] = 2;
    assert_false(zr_item_read(item, sizeof item, &data, &len));
}

static void
test_layout_and_order(void **state)
{
    zobo_reply *reply;
    int32_t len;
    (void)state;
    zobo_queue *q = queue(c, NULL);
    assert_err(zobo_queue_try_get(q, 0, &reply), ZOBO_EEMPTY);
    assert_ok(zobo_queue_len(q, 0, &len));
    assert_int_equal(len, 0);
    put(q, "low", 999);
    put(q, "first", ZOBO_PRIORITY);
    put(q, "second", ZOBO_PRIORITY);
    put(q, "high", 0);
    assert_data(other, "/a/q/entry-999-0000000000", "low");
    assert_data(other, "/a/q/entry-000-0000000003", "high");
    assert_int_equal(children_of(other, "/a/q"), 4);
    assert_ok(zobo_queue_len(q, 0, &len));
    assert_int_equal(len, 4);
    ASSERT_GET(q, "high");
    put(q, "higher", 1);
    ASSERT_GET(q, "higher");
    /* What another puts first is minded, too, with a list at hand. */
    zobo_queue *w = queue(other, NULL);
    put(w, "urgent", 50);
    assert_ok(zobo_sync(c, "/"));
    ASSERT_GET(q, "urgent");
    ASSERT_GET(q, "first");
    ASSERT_GET(w, "second");
    ASSERT_GET(q, "low");
    assert_err(zobo_queue_try_get(q, 0, &reply), ZOBO_EEMPTY);
    assert_err(zobo_queue_get(q, 20, &reply), ZOBO_EWAITTIMEOUT);
    assert_err(zobo_queue_put(q, "x", 1, -1, 0), ZOBO_EINVAL);
    assert_err(zobo_queue_put(q, "x", 1, 1000, 0), ZOBO_EINVAL);
    assert_err(zobo_queue_put(q, NULL, 1, 1, 0), ZOBO_EINVAL);
    assert_ok(zobo_queue_put(q, NULL, 0, 1, 0));
    assert_ok(zobo_queue_get(q, 1000, &reply));
    assert_null(reply->data);
    assert_non_null(strstr(reply->path, "/a/q/entry-001-"));
    zobo_reply_free(reply);
    zobo_queue_free(q);
    zobo_queue_free(w);
    ZT_WAIT(children_of(other, "/a/q__witness__") == -1);
}

static void
test_usage(void **state)
{
    zobo_queue *q;
    zobo_problem why;
    (void)state;
    assert_err(zobo_queue_new(c, "/", NULL, &q, &why), ZOBO_EBADPATH);
    assert_err(zobo_queue_new(c, "/q", &(zobo_queue_options){.witness_path = "/q"}, &q, &why), ZOBO_EINVAL);
    assert_err(zobo_queue_new(c, "/q", &(zobo_queue_options){.witness_path = "/q/w"}, &q, &why), ZOBO_EINVAL);
    assert_err(zobo_queue_new(c, "/q", &(zobo_queue_options){.witness_path = "w"}, &q, &why), ZOBO_EBADPATH);
    assert_ok(zobo_queue_new(c, "/q", &(zobo_queue_options){.witness_path = "/qw"}, &q, &why));
    put(q, "x", 1);
    assert_int_equal(children_of(c, "/qw"), 1);
    zobo_queue_free(q);
    ZT_WAIT(children_of(other, "/qw") == -1);
    zobo_queue_free(NULL);
    /* Foreign nodes are left alone. */
    zt_put(c, "/q/other", "");
    q = queue(c, &(zobo_queue_options){.no_witness = true});
    put(q, "a", 5);
    assert_int_equal(children_of(c, "/a/q__witness__"), -1);
    zt_put(c, "/a/q/zz", "");
    zobo_reply *reply;
    ASSERT_GET(q, "a");
    assert_err(zobo_queue_try_get(q, 0, &reply), ZOBO_EEMPTY);
    zobo_queue_free(q);
}

/* ---- waiting ---- */

static void
test_waits(void **state)
{
    zt_calls calls;
    (void)state;
    zobo_queue *q = queue(c, NULL), *w = queue(other, NULL);
    zt_calls_init(&calls, 4);
    for (int i = 0; i < 3; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_queue_get_async(q, &how, NULL));
    }
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 1)); /* one for all */
    put(w, "1", 1);
    ZT_WAIT(zt_calls_completed(&calls) == 1);
    assert_ok(zobo_server_drop(server, session_of(c)));
    put(w, "2", 1);
    ZT_WAIT(zt_calls_completed(&calls) == 2);
    assert_ok(zobo_server_expire(server, session_of(c)));
    put(w, "3", 1);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 3);
    /* Who gives up with an entry in his hand leaves it to the next. */
    for (int i = 0; i < 200; i++) {
        zobo_call *call;
        zt_calls round;
        zt_calls_init(&round, 2);
        zobo_how how = zt_calls_how(&round);
        assert_ok(zobo_queue_get_async(q, &how, &call));
        how = zt_calls_how(&round);
        assert_ok(zobo_queue_get_async(q, &how, NULL));
        put(w, "x", 1);
        zobo_call_cancel(call);
        zobo_call_free(call);
        if (i % 2 == 0)
            put(w, "y", 1);
        ZT_WAIT(zt_calls_completed(&round) >= 1);
        if (zt_calls_count(&round, ZOBO_OK) < 1 || (zt_calls_completed(&round) < 2 && i % 2))
            put(w, "z", 1);
        assert_true(zt_calls_wait(&round, ZT_SOON_MS));
        zt_calls_destroy(&round);
        zobo_reply *reply;
        while (zobo_queue_try_get(w, 0, &reply) == ZOBO_OK)
            zobo_reply_free(reply);
    }
    zobo_queue_free(q);
    zobo_queue_free(w);
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 0));
    zt_calls_destroy(&calls);
}

/* ---- nothing lost, nothing twice ---- */

enum { PRODUCERS = 2, CONSUMERS = 4, EACH = 300, TROUBLES = 50 };

typedef struct worker {
    pthread_t thread;
    zobo_queue *q;
    int first;
    trouble *t;
    atomic_int *put, *left; /* entries put so far; producers that go on */
    atomic_int *seen;       /* how often each was handed out */
    int errors, abandoned;
    zobo_err err;
} worker;

static void *
produce(void *arg)
{
    worker *w = arg;
    for (int i = 0; i < EACH && (!w->t || atomic_load(&w->t->made) < TROUBLES); i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", w->first + i);
        zobo_err err = zobo_queue_put(w->q, text, strlen(text), i % 3, 0);
        if (err) {
            w->errors++;
            w->err = err;
        } else {
            atomic_fetch_add(w->put, 1);
        }
        if (w->t)
            zt_nap();
    }
    atomic_fetch_sub(w->left, 1);
    return NULL;
}

static void *
consume(void *arg)
{
    worker *w = arg;
    for (;;) {
        zobo_reply *reply;
        bool last = atomic_load(w->left) == 0;
        zobo_err err = last ? zobo_queue_try_get(w->q, 0, &reply) : zobo_queue_get(w->q, 50, &reply);
        if (!err)
            atomic_fetch_add(&w->seen[atoi(reply->data)], 1);
        zobo_reply_free(reply);
        if (last && err == ZOBO_EEMPTY)
            break;
        w->abandoned += err == ZOBO_EABANDONED;
        if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_EABANDONED) {
            w->errors++;
            w->err = err;
        }
    }
    return NULL;
}

static void
all_at_work(bool with_trouble)
{
    static atomic_int seen[PRODUCERS * EACH];
    zobo_client *clients[] = {c, other};
    zobo_queue *q[2] = {queue(c, NULL), queue(other, NULL)};
    worker workers[PRODUCERS + CONSUMERS];
    atomic_int sum, producers;
    trouble t;
    atomic_init(&sum, 0);
    atomic_init(&producers, PRODUCERS);
    for (int i = 0; i < PRODUCERS * EACH; i++)
        atomic_store(&seen[i], 0);
    if (with_trouble)
        start_trouble(&t, clients, 2, true);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        workers[i] = (worker){.q = q[i % 2],
                              .first = i * EACH,
                              .t = with_trouble ? &t : NULL,
                              .put = &sum,
                              .left = &producers,
                              .seen = seen};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, i < PRODUCERS ? produce : consume, &workers[i]), 0);
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(workers[i].thread, NULL);
    if (with_trouble)
        end_trouble(&t);
    for (int i = PRODUCERS; i < PRODUCERS + CONSUMERS; i++)
        pthread_join(workers[i].thread, NULL);
    int handed_out = 0;
    for (int i = 0; i < PRODUCERS * EACH; i++) {
        if (atomic_load(&seen[i]) > 1)
            fail_msg("%d was handed out %d times", i, atomic_load(&seen[i]));
        handed_out += atomic_load(&seen[i]);
    }
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        if (workers[i].errors)
            fail_msg("worker %d: %s", i, zobo_err_text(workers[i].err));
    }
    /* A get whose time is over while the answer to its removal is lost does not learn the outcome, and says so. */
    int abandoned = 0, sum_put = atomic_load(&sum);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
        abandoned += workers[i].abandoned;
    assert_true(with_trouble || !abandoned);
    assert_true(handed_out <= sum_put && handed_out + abandoned >= sum_put);
    assert_int_equal(children_of(c, "/a/q"), 0);
    zobo_queue_free(q[0]);
    zobo_queue_free(q[1]);
    ZT_WAIT(children_of(c, "/a/q__witness__") == -1);
}

static void
test_at_work(void **state)
{
    (void)state;
    all_at_work(false);
}

static void
test_lost_answers(void **state)
{
    zt_calls calls;
    (void)state;
    zobo_queue *q = queue(c, NULL);
    for (int expire = 0; expire < 2; expire++) {
        put(q, "0", 1);
        put(q, "1", 2);
        zt_calls_init(&calls, 2);
        zobo_how how = zt_calls_how(&calls);
        arm(c, other, "/a/q");
        assert_ok(zobo_queue_put_async(q, "2", 1, 3, &how, NULL));
        wait_armed(other, "/a/q");
        assert_ok(expire ? zobo_server_expire(server, session_of(c)) : zobo_server_drop(server, session_of(c)));
        assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
        assert_int_equal(children_of(other, "/a/q"), 3);
        ASSERT_GET(q, "0");
        ASSERT_GET(q, "1");
        ASSERT_GET(q, "2");
        assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 1);
        zt_calls_destroy(&calls);
    }
    zobo_queue_free(q);
}

static void
test_at_work_in_trouble(void **state)
{
    (void)state;
    all_at_work(true);
}

static void
test_many_at_once(void **state)
{
    enum { N = 2000 };
    zt_calls calls;
    (void)state;
    zobo_queue *q = queue(c, NULL);
    zt_calls_init(&calls, 2 * N);
    for (int i = 0; i < N; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_queue_put_async(q, "x", 1, i % 1000, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    for (int i = 0; i < N; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_queue_get_async(q, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 2 * N);
    assert_int_equal(children_of(c, "/a/q"), 0);
    zobo_queue_free(q);
    zt_calls_destroy(&calls);
}

static void
test_event_loop(void **state)
{
    zobo_reply *reply;
    (void)state;
    zobo_client *looped = loop_client();
    zobo_queue *q = queue(looped, NULL);
    put(q, "a", 1);
    ASSERT_GET(q, "a");
    assert_err(zobo_queue_get(q, 10, &reply), ZOBO_EWAITTIMEOUT);
    zobo_queue_free(q);
    zobo_close(looped);
    assert_int_equal(children_of(c, "/a/q__witness__"), -1);
}

static void
test_made_and_freed(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++)
        zobo_queue_free(queue(c, NULL));
    for (int i = 0; i < 300; i++) {
        zobo_queue *q = queue(c, NULL);
        assert_ok(zobo_queue_put_async(q, "x", 1, 1, NULL, NULL));
        assert_ok(zobo_queue_get_async(q, NULL, NULL));
        assert_ok(zobo_queue_try_get_async(q, NULL, NULL));
        for (int j = 0; j < i % 5; j++)
            assert_ok(zobo_sync(c, "/"));
        zobo_queue_free(q);
    }
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 0 && k.in_flight == 0));
    ZT_WAIT(children_of(other, "/a/q__witness__") <= 0);
}

/* ---- delay queue ---- */

static void
test_delay(void **state)
{
    zobo_delay_queue *q, *w = NULL;
    zobo_reply *reply;
    zobo_problem why;
    int32_t len;
    (void)state;
    if (zobo_delay_queue_new(c, "/a/t", NULL, &q, &why) || zobo_delay_queue_new(other, "/a/t", NULL, &w, &why))
        fail_msg("%s", why.text);
    int64_t now = zobo_wall_ms();
    assert_ok(zobo_delay_queue_put(q, "later", 5, now + 400, 0));
    assert_ok(zobo_delay_queue_put(q, "long ago", 8, 1, 0));
    assert_ok(zobo_delay_queue_put(q, "never", 5, now + 1000000, 0));
    assert_ok(zobo_sync(other, "/"));
    assert_ok(zobo_get(other, "/a/t/queue-|00000001|0000000001", NULL, &reply));
    assert_int_equal(reply->data_len, 18);
    assert_memory_equal(reply->data, "\0\1\0\1\1\0\0\0\10long ago\2", 18);
    zobo_reply_free(reply);
    assert_err(zobo_delay_queue_put(q, "x", 1, 0, 0), ZOBO_EINVAL);
    zobo_err err = zobo_delay_queue_try_get(w, 0, &reply);
    assert_got(err, reply, "long ago");
    assert_err(zobo_delay_queue_try_get(w, 0, &reply), ZOBO_EEMPTY);
    zt_put(other, "/a/t/queue-|00000002|0000000077", "not one item");
    err = zobo_delay_queue_get(w, 20000, &reply);
    assert_true(zobo_wall_ms() >= now + 400);
    assert_got(err, reply, "later");
    assert_err(zobo_delay_queue_get(w, 20, &reply), ZOBO_EWAITTIMEOUT);
    /* One that is due earlier comes in while another is waited for. */
    zt_calls calls;
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_delay_queue_get_async(w, &how, NULL));
    assert_ok(zobo_delay_queue_put(q, "sooner", 6, zobo_wall_ms() + 30, 0));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_string_equal(calls.items[0].data, "sooner");
    assert_ok(zobo_delay_queue_len(q, 0, &len));
    assert_int_equal(len, 2);
    zobo_delay_queue_free(q);
    zobo_delay_queue_free(w);
    zobo_delay_queue_free(NULL);
    zt_calls_destroy(&calls);
}

#define queue_test(t) cmocka_unit_test_setup_teardown(t, up, down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        queue_test(test_layout_and_order),
        queue_test(test_usage),
        queue_test(test_waits),
        queue_test(test_at_work),
        queue_test(test_lost_answers),
        queue_test(test_at_work_in_trouble),
        queue_test(test_many_at_once),
        queue_test(test_event_loop),
        queue_test(test_made_and_freed),
        queue_test(test_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
