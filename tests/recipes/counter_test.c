/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: kazoo's and Curator's layouts, and that nothing is counted twice. */
#include "recipes/pair.h"
#include "recipes/trouble.h"

#include <zobo/counter.h>

#include "recipes/count.h"

static zobo_counter *
counter(zobo_client *client, const zobo_counter_options *o)
{
    zobo_counter *k;
    zobo_problem why;
    if (zobo_counter_new(client, "/a/k", o, &k, &why))
        fail_msg("%s", why.text);
    return k;
}

static int64_t
value_of(zobo_counter *k)
{
    int64_t v = -999;
    assert_ok(zobo_counter_value(k, 0, &v));
    return v;
}

static void
test_kazoo_layout(void **state)
{
    zobo_counter_change is;
    (void)state;
    zobo_counter *k = counter(c, NULL);
    assert_int_equal(value_of(k), 0);
    assert_int_equal(children_of(c, "/a"), -1); /* reading makes nothing */
    assert_ok(zobo_counter_add(k, 5, 0, &is));
    assert_int_equal(is.pre_value, 0);
    assert_int_equal(is.post_value, 5);
    assert_data(other, "/a/k", "5");
    assert_ok(zobo_counter_sub(k, 8, 0, NULL));
    assert_data(other, "/a/k", "-3");
    zobo_counter_last(k, &is);
    assert_int_equal(is.pre_value, 5);
    assert_int_equal(is.post_value, -3);
    zt_put(other, "/a/k", "41");
    assert_ok(zobo_counter_add(k, 1, 0, &is));
    assert_int_equal(is.post_value, 42);
    assert_int_equal(value_of(k), 42);
    assert_int_equal(children_of(other, "/a/k"), 1);
    zobo_counter_free(k);
    ZT_WAIT(children_of(other, "/a/k") == 0);
}

static void
test_default(void **state)
{
    (void)state;
    zobo_counter *k = counter(c, &(zobo_counter_options){.default_value = 100});
    assert_int_equal(value_of(k), 100);
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    assert_data(other, "/a/k", "101");
    zt_put(other, "/a/k", "");
    assert_int_equal(value_of(k), 100);
    assert_ok(zobo_counter_sub(k, 1, 0, NULL));
    assert_int_equal(value_of(k), 99);
    zobo_counter_free(k);
}

static void
test_curator_layout(void **state)
{
    zobo_reply *reply;
    (void)state;
    zobo_counter *k = counter(c, &(zobo_counter_options){.curator = true});
    assert_ok(zobo_counter_add(k, 0x01020304, 0, NULL));
    assert_ok(zobo_get(c, "/a/k", NULL, &reply));
    assert_int_equal(reply->data_len, 4);
    assert_memory_equal(reply->data, "\1\2\3\4", 4);
    zobo_reply_free(reply);
    assert_err(zobo_counter_add(k, INT32_MAX, 0, NULL), ZOBO_EOVERFLOW);
    assert_ok(zobo_counter_sub(k, 0x01020305, 0, NULL));
    assert_int_equal(value_of(k), -1);
    zt_put(c, "/a/k", "5");
    assert_err(zobo_counter_add(k, 1, 0, NULL), ZOBO_EBADDATA);
    zobo_counter_free(k);
    zobo_problem why;
    assert_err(
        zobo_counter_new(c, "/a", &(zobo_counter_options){.curator = true, .default_value = 1LL << 31}, &k, &why),
        ZOBO_EBADOPTION);
    assert_non_null(strstr(why.text, "default_value"));
}

static bool
holds_bytes(const char *data, size_t len)
{
    zobo_reply *reply;
    assert_ok(zobo_sync(other, "/a"));
    assert_ok(zobo_get(other, "/a/k", NULL, &reply));
    bool same = reply->data_len == len && memcmp(reply->data, data, len) == 0;
    zobo_reply_free(reply);
    return same;
}

/* Curator's SharedCount reads four bytes, so there is never a node with fewer: not when it was just made, nor when it
 * was deleted meanwhile and its witness has to be made anew. A sum that does not fit shows what was there before it. */
static void
test_curator_never_sees_an_empty_node(void **state)
{
    (void)state;
    zobo_counter *k = counter(c, &(zobo_counter_options){.curator = true, .default_value = INT32_MAX});
    assert_err(zobo_counter_add(k, 1, 0, NULL), ZOBO_EOVERFLOW);
    assert_true(holds_bytes("\177\377\377\377", 4));
    assert_ok(zobo_counter_sub(k, 5, 0, NULL));
    assert_ok(zobo_delete_recursive(other, "/a", NULL));
    assert_err(zobo_counter_add(k, 3, 0, NULL), ZOBO_EOVERFLOW);
    assert_true(holds_bytes("\177\377\377\377", 4));
    zobo_counter_free(k);
    ZT_WAIT(children_of(other, "/a/k") == 0);
    assert_ok(zobo_delete_recursive(other, "/a", NULL));
    k = counter(c, &(zobo_counter_options){.default_value = INT64_MAX}); /* kazoo makes an empty one */
    assert_err(zobo_counter_add(k, 1, 0, NULL), ZOBO_EOVERFLOW);
    assert_true(holds_bytes("", 0));
    zobo_counter_free(k);
}

static bool
has_acl(const char *path, uint32_t perms)
{
    zobo_reply *reply;
    assert_ok(zobo_get_acls(other, path, &reply));
    bool same = reply->n_acls == 1 && reply->acls[0].perms == perms;
    zobo_reply_free(reply);
    return same;
}

static void
test_acl(void **state)
{
    zobo_acl mine = {ZOBO_PERM_ALL & ~ZOBO_PERM_ADMIN, "world", "anyone"};
    const zobo_acl_list acl = {&mine, 1};
    zobo_reply *names;
    char path[128];
    (void)state;
    for (int i = 0; i < 2; i++) {
        zobo_counter *k = counter(c, &(zobo_counter_options){.curator = i == 1, .acl = &acl});
        assert_ok(zobo_counter_add(k, 1, 0, NULL));
        assert_true(has_acl("/a/k", mine.perms));
        assert_ok(zobo_get_children(other, "/a/k", NULL, &names));
        assert_int_equal(names->n_children, 1);
        snprintf(path, sizeof path, "/a/k/%s", names->children[0]);
        zobo_reply_free(names);
        assert_true(has_acl(path, mine.perms));
        zobo_counter_free(k);
        ZT_WAIT(children_of(other, "/a/k") == 0);
        assert_ok(zobo_delete_recursive(other, "/a", NULL));
    }
}

static void
test_what_is_no_number(void **state)
{
    static const struct {
        const char *data;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+7", true, 7},
        {" 12\n", true, 12},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"3.5", false, 0},
        {"1e3", false, 0},
        {"-", false, 0},
        {"+", false, 0},
        {" ", false, 0},
        {"--1", false, 0},
        {"1 2", false, 0},
        {"five", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t got = 0;
        bool good = zr_count_read(cases[i].data, strlen(cases[i].data), false, 77, &got);
        if (good != cases[i].good || (good && got != cases[i].value))
            fail_msg("\"%s\"", cases[i].data);
    }
    zobo_counter *k = counter(c, NULL);
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    zt_put(other, "/a/k", "3.5");
    int64_t v;
    assert_err(zobo_counter_value(k, 0, &v), ZOBO_EBADDATA);
    assert_err(zobo_counter_add(k, 1, 0, NULL), ZOBO_EBADDATA);
    assert_data(other, "/a/k", "3.5");
    zobo_counter_free(k);
}

static void
test_overflow(void **state)
{
    (void)state;
    zobo_counter *k = counter(c, NULL);
    assert_ok(zobo_counter_add(k, INT64_MAX, 0, NULL));
    assert_err(zobo_counter_add(k, 1, 0, NULL), ZOBO_EOVERFLOW);
    assert_err(zobo_counter_sub(k, -1, 0, NULL), ZOBO_EOVERFLOW);
    assert_int_equal(value_of(k), INT64_MAX);
    assert_ok(zobo_counter_add(k, INT64_MIN, 0, NULL));
    assert_int_equal(value_of(k), -1);
    assert_err(zobo_counter_add(k, INT64_MIN, 0, NULL), ZOBO_EOVERFLOW);
    assert_ok(zobo_counter_sub(k, INT64_MIN, 0, NULL));
    assert_int_equal(value_of(k), INT64_MAX);
    zobo_counter_free(k);
}

static void
test_usage(void **state)
{
    zobo_counter *k;
    zobo_problem why;
    (void)state;
    assert_err(zobo_counter_new(c, "/", NULL, &k, &why), ZOBO_EBADPATH);
    assert_err(zobo_counter_new(NULL, "/a", NULL, &k, &why), ZOBO_EINVAL);
    zobo_acl nobodys = {ZOBO_PERM_ALL, "world", NULL};
    assert_err(zobo_counter_new(c, "/a", &(zobo_counter_options){.acl = &(zobo_acl_list){&nobodys, 1}}, &k, &why),
               ZOBO_EINVAL);
    assert_true(why.text[0]);
    assert_err(zobo_counter_new(c, "a", NULL, &k, &why), ZOBO_EBADPATH);
    assert_null(k);
    assert_err(zobo_counter_new(c, "/a", &(zobo_counter_options){.size = 3}, &k, &why), ZOBO_EBADOPTION);
    zobo_counter_free(NULL);
    zobo_client *idle;
    assert_ok(zobo_new(&(zobo_options){.hosts = zobo_server_hosts(server)}, &idle, NULL));
    assert_ok(zobo_counter_new(idle, "/a", NULL, &k, NULL));
    assert_err(zobo_counter_add(k, 1, 0, NULL), ZOBO_ENOTSTARTED);
    zobo_counter_free(k);
    zobo_close(idle);
}

/* The answer to the next change is lost; then, too, the connection or the session. */
static void
lost_answer(bool session_too, bool another_sets)
{
    zt_calls calls;
    zobo_counter_change is;
    zobo_counter *k = counter(c, NULL), *seen = counter(other, NULL);
    assert_ok(zobo_counter_add(k, 10, 0, NULL));
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    arm(c, other, "/a/k");
    assert_ok(zobo_counter_add_async(k, 1, &how, NULL));
    wait_armed(other, "/a/k");
    assert_int_equal(value_of(seen), 11);
    if (another_sets) /* once more by the same, so that the number does not tell whose it is */
        assert_ok(zobo_counter_add(seen, 1, 0, NULL));
    if (session_too)
        assert_ok(zobo_server_expire(server, session_of(c)));
    else
        assert_ok(zobo_server_drop(server, session_of(c)));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_OK);
    assert_int_equal(value_of(seen), another_sets ? 12 : 11);
    zobo_counter_last(k, &is);
    assert_int_equal(is.pre_value, 10);
    assert_int_equal(is.post_value, 11);
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    assert_int_equal(value_of(seen), another_sets ? 13 : 12);
    zobo_counter_free(seen);
    zobo_counter_free(k);
    zt_calls_destroy(&calls);
}

static void
test_lost_answer(void **state)
{
    (void)state;
    lost_answer(false, false);
}

static void
test_lost_answer_and_session(void **state)
{
    (void)state;
    lost_answer(true, false);
}

static void
test_lost_answer_and_another_sets(void **state)
{
    (void)state;
    lost_answer(false, true);
}

static void
test_lost_answer_and_session_and_another_sets(void **state)
{
    (void)state;
    lost_answer(true, true);
}

/* ---- many at once ---- */

enum { THREADS = 4, ADDS = 300, TROUBLES = 60 };

typedef struct adder {
    pthread_t thread;
    zobo_counter *k;
    trouble *t; /* NULL: a fixed number */
    long added, failed;
} adder;

static void *
add_many(void *arg)
{
    adder *a = arg;
    while (a->t ? atomic_load(&a->t->made) < TROUBLES : a->added < ADDS) {
        if (zobo_counter_add(a->k, 1, 0, NULL))
            a->failed++;
        else
            a->added++;
    }
    return NULL;
}

static void
many(bool with_trouble)
{
    zobo_client *clients[] = {c, other};
    zobo_counter *k[2] = {counter(c, NULL), counter(other, NULL)};
    adder adders[THREADS];
    trouble t;
    long added = 0, failed = 0;
    if (with_trouble)
        start_trouble(&t, clients, 2, true);
    for (int i = 0; i < THREADS; i++) {
        adders[i] = (adder){.k = k[i % 2], .t = with_trouble ? &t : NULL};
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_many, &adders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(adders[i].thread, NULL);
        added += adders[i].added;
        failed += adders[i].failed;
    }
    if (with_trouble)
        end_trouble(&t);
    assert_int_equal(failed, 0);
    assert_int_equal(value_of(k[0]), added);
    zobo_counter_free(k[0]);
    zobo_counter_free(k[1]);
    ZT_WAIT(children_of(c, "/a/k") == 0);
}

static void
test_contention(void **state)
{
    (void)state;
    many(false);
}

static void
test_contention_and_trouble(void **state)
{
    (void)state;
    many(true);
}

static void
test_asynchronous_ones_in_a_row(void **state)
{
    enum { N = 2000 };
    zt_calls calls;
    (void)state;
    zobo_counter *k = counter(c, NULL);
    zt_calls_init(&calls, N);
    for (int i = 0; i < N; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_counter_add_async(k, 1, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_int_equal(zt_calls_count(&calls, ZOBO_OK), N);
    assert_int_equal(value_of(k), N);
    zobo_counter_free(k);
    zt_calls_destroy(&calls);
}

/* ---- giving up ---- */

static void
test_free_ends_what_is_under_way(void **state)
{
    enum { N = 300 };
    zt_calls calls;
    (void)state;
    for (int round = 0; round < 20; round++) {
        zobo_counter *k = counter(c, NULL), *seen = counter(other, NULL);
        int64_t before = value_of(seen);
        zt_calls_init(&calls, N);
        for (int i = 0; i < N; i++) {
            zobo_how how = zt_calls_how(&calls);
            assert_ok(zobo_counter_add_async(k, 1, &how, NULL));
        }
        if (round % 2)
            ZT_WAIT(zt_calls_completed(&calls) > (size_t)round);
        zobo_counter_free(k);
        assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
        size_t ok = zt_calls_count(&calls, ZOBO_OK), abandoned = zt_calls_count(&calls, ZOBO_EABANDONED);
        assert_int_equal(ok + abandoned + zt_calls_count(&calls, ZOBO_ECANCELLED), N);
        int64_t added = value_of(seen) - before;
        assert_true(added >= (int64_t)ok && added <= (int64_t)(ok + abandoned));
        zobo_counter_free(seen);
        zt_calls_destroy(&calls);
    }
    ZT_WAIT(children_of(other, "/a/k") == 0);
}

/* All that wait are told one after another, not one within the other. */
static void
test_very_many_and_a_stop(void **state)
{
    enum { N = 100000 };
    zt_calls calls;
    (void)state;
    zobo_client *brief = another_client();
    zobo_counter *k = counter(brief, NULL);
    zt_calls_init(&calls, N);
    for (int i = 0; i < N; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_counter_add_async(k, 1, &how, NULL));
    }
    assert_ok(zobo_stop(brief));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    size_t ok = zt_calls_count(&calls, ZOBO_OK), stopped = zt_calls_count(&calls, ZOBO_ESTOPPED);
    size_t abandoned = zt_calls_count(&calls, ZOBO_EABANDONED);
    assert_int_equal(ok + stopped + abandoned, N);
    assert_true(ok < N && abandoned <= 1);
    zobo_counter_free(k);
    zobo_close(brief);
    zt_calls_destroy(&calls);
}

static void
test_deadline_and_cancel(void **state)
{
    zt_calls calls;
    zobo_call *call;
    (void)state;
    zobo_counter *k = counter(c, NULL);
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    zobo_server_refuse(server, true);
    assert_ok(zobo_server_drop(server, session_of(c)));
    ZT_WAIT(!zobo_connected(c));
    zt_calls_init(&calls, 2);
    zobo_how how = zt_calls_how(&calls);
    how.timeout_ms = 50;
    assert_ok(zobo_counter_add_async(k, 1, &how, NULL));
    how = zt_calls_how(&calls);
    assert_ok(zobo_counter_add_async(k, 1, &how, &call));
    zobo_call_cancel(call);
    zobo_call_free(call);
    zobo_server_refuse(server, false);
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    /* The first was queued for a connection when its time was over, and may be sent yet. */
    zobo_counter *seen = counter(other, NULL);
    int64_t v = value_of(seen);
    if (calls.items[0].err == ZOBO_OK)
        assert_int_equal(v, 2);
    else
        assert_err(calls.items[0].err, ZOBO_EWAITTIMEOUT);
    assert_err(calls.items[1].err, ZOBO_ECANCELLED);
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    assert_int_equal(value_of(seen), v + 1);
    zobo_counter_free(seen);
    zobo_counter_free(k);
    zt_calls_destroy(&calls);
}

static void
test_close_right_after_free(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        zobo_client *brief = another_client();
        zobo_counter *k = counter(brief, NULL);
        assert_ok(zobo_counter_add(k, 1, 0, NULL));
        zobo_counter_free(k);
        zobo_close(brief);
    }
    assert_data(c, "/a/k", "50");
    assert_int_equal(children_of(c, "/a/k"), 0);
}

static void
add_in_callback(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)err, (void)reply;
    zobo_counter *k = counter(c, NULL);
    zobo_err e = zobo_counter_add(k, 1, 0, NULL);
    zobo_counter_free(k);
    if (!e)
        zt_latch_hit(arg);
}

static void
test_in_a_callback(void **state)
{
    zt_latch latch;
    (void)state;
    zt_latch_init(&latch);
    zobo_how how = {.done = add_in_callback, .arg = &latch};
    assert_ok(zobo_sync_async(c, "/", &how, NULL));
    assert_true(zt_latch_wait(&latch, 1, ZT_SOON_MS));
    zt_latch_destroy(&latch);
}

static void
test_event_loop(void **state)
{
    zt_calls calls;
    (void)state;
    zobo_client *looped = loop_client();
    zobo_counter *k = counter(looped, NULL);
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    zt_calls_init(&calls, 100);
    for (int i = 0; i < 100; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_counter_add_async(k, 1, &how, NULL));
    }
    while (zt_calls_completed(&calls) < 100)
        assert_ok(zobo_process(looped));
    assert_int_equal(value_of(k), 101);
    zobo_counter_free(k);
    zobo_close(looped);
    assert_int_equal(children_of(c, "/a/k"), 0);
    zt_calls_destroy(&calls);
}

static void
test_made_and_freed_ten_thousand_times(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++)
        zobo_counter_free(counter(c, NULL));
    for (int i = 0; i < 100; i++) {
        zobo_counter *k = counter(c, NULL);
        assert_ok(zobo_counter_add_async(k, 1, NULL, NULL));
        zobo_counter_free(k);
    }
    ZT_WAIT(children_of(other, "/a/k") <= 0);
}

#define counter_test(t) cmocka_unit_test_setup_teardown(t, up, down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        counter_test(test_kazoo_layout),
        counter_test(test_default),
        counter_test(test_curator_layout),
        counter_test(test_curator_never_sees_an_empty_node),
        counter_test(test_acl),
        counter_test(test_what_is_no_number),
        counter_test(test_overflow),
        counter_test(test_usage),
        counter_test(test_lost_answer),
        counter_test(test_lost_answer_and_session),
        counter_test(test_lost_answer_and_another_sets),
        counter_test(test_lost_answer_and_session_and_another_sets),
        counter_test(test_contention),
        counter_test(test_contention_and_trouble),
        counter_test(test_asynchronous_ones_in_a_row),
        counter_test(test_free_ends_what_is_under_way),
        counter_test(test_very_many_and_a_stop),
        counter_test(test_deadline_and_cancel),
        counter_test(test_close_right_after_free),
        counter_test(test_in_a_callback),
        counter_test(test_event_loop),
        counter_test(test_made_and_freed_ten_thousand_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
