/* SPDX-License-Identifier: Apache-2.0 */
/* Shared values: who sets, who hears of it, and that nothing is set twice. */
#include "recipes/pair.h"
#include "recipes/trouble.h"

#include <zobo/counter.h>

/* What a `changed` was told: "a b (gone) c". */
typedef struct hearer {
    pthread_mutex_t lock;
    pthread_cond_t let_on;
    char text[4096];
    int free_at; /* frees the value when told for the n-th time */
    int told;
    bool hold; /* does not return */
    bool freed;
} hearer;

static hearer heard;

static void
hear(void *arg, zobo_shared_value *v, const zobo_reply *value)
{
    hearer *h = arg;
    pthread_mutex_lock(&h->lock);
    size_t n = strlen(h->text);
    snprintf(h->text + n, sizeof h->text - n, "%s%.*s", n ? " " : "", value ? (int)value->data_len : 6,
             value ? (const char *)value->data : "(gone)");
    h->told++;
    bool let_go = h->told == h->free_at;
    while (h->hold)
        pthread_cond_wait(&h->let_on, &h->lock);
    pthread_mutex_unlock(&h->lock);
    if (!let_go)
        return;
    zobo_shared_value_free(v);
    pthread_mutex_lock(&h->lock);
    h->freed = true;
    pthread_mutex_unlock(&h->lock);
}

static bool
heard_is(const char *text)
{
    pthread_mutex_lock(&heard.lock);
    bool is = strcmp(heard.text, text) == 0;
    pthread_mutex_unlock(&heard.lock);
    return is;
}

static bool
heard_ends(const char *text)
{
    pthread_mutex_lock(&heard.lock);
    size_t n = strlen(heard.text), m = strlen(text);
    bool is = n >= m && strcmp(heard.text + n - m, text) == 0;
    pthread_mutex_unlock(&heard.lock);
    return is;
}

static zobo_shared_value *
value(zobo_client *client, const char *seed, hearer *h)
{
    zobo_shared_value *v;
    zobo_problem why;
    zobo_shared_value_options o = {
        .seed = seed, .seed_len = seed ? strlen(seed) : 0, .changed = h ? hear : NULL, .changed_arg = h};
    if (h) {
        memset(h, 0, sizeof *h);
        pthread_mutex_init(&h->lock, NULL);
        pthread_cond_init(&h->let_on, NULL);
    }
    if (zobo_shared_value_new(client, "/a/v", &o, &v, &why))
        fail_msg("%s", why.text);
    return v;
}

static bool
is(zobo_shared_value *v, const char *want)
{
    zobo_reply *reply;
    if (zobo_shared_value_get(v, &reply))
        return false;
    bool same = reply->data_len == strlen(want) && memcmp(reply->data, want, strlen(want)) == 0;
    zobo_reply_free(reply);
    return same;
}

static void
test_life(void **state)
{
    zobo_stat stat;
    zobo_reply *reply;
    (void)state;
    zobo_shared_value *v = value(c, "seed", NULL), *w = value(other, "another", &heard);
    assert_err(zobo_shared_value_get(v, &reply), ZOBO_ENOTSTARTED);
    assert_err(zobo_shared_value_set(v, "x", 1, 0, NULL), ZOBO_ENOTSTARTED);
    assert_err(zobo_shared_value_wait(v, 0), ZOBO_ENOTSTARTED);
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    assert_err(zobo_shared_value_start(v), ZOBO_EALREADY);
    assert_data(other, "/a/v", "seed");
    assert_ok(zobo_shared_value_start(w));
    assert_ok(zobo_shared_value_wait(w, 0));
    assert_true(is(w, "seed"));
    ZT_WAIT(heard_is("seed"));
    assert_ok(zobo_shared_value_set(v, "one", 3, 0, &stat));
    assert_true(is(v, "one"));
    assert_int_equal(stat.version, 1);
    ZT_WAIT(is(w, "one") && heard_is("seed one"));
    assert_ok(zobo_shared_value_try_set(w, "two", 3, stat.version, 0, &stat));
    assert_int_equal(stat.version, 2);
    assert_err(zobo_shared_value_try_set(v, "three", 5, 1, 0, NULL), ZOBO_EBADVERSION);
    ZT_WAIT(is(v, "two") && heard_is("seed one two"));
    zt_put(c, "/a/v", "four");
    ZT_WAIT(heard_is("seed one two four"));
    zobo_shared_value_free(v);
    zobo_shared_value_free(w);
    ZT_WAIT(children_of(c, "/a/v") == 0);
}

static void
test_deleted_and_made_again(void **state)
{
    zobo_reply *reply;
    (void)state;
    zobo_shared_value *v = value(c, "s", &heard);
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    ZT_WAIT(heard_is("s"));
    assert_ok(zobo_delete(other, "/a/v", -1));
    ZT_WAIT(heard_is("s (gone)"));
    assert_err(zobo_shared_value_get(v, &reply), ZOBO_ENONODE);
    zt_put(other, "/a/v", "new");
    ZT_WAIT(heard_is("s (gone) new"));
    assert_ok(zobo_shared_value_set(v, "mine", 4, 0, NULL));
    ZT_WAIT(heard_is("s (gone) new mine"));
    zobo_shared_value_free(v);
}

static void
test_followed_over_everything(void **state)
{
    (void)state;
    zobo_shared_value *v = value(c, "0", &heard);
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    ZT_WAIT(heard_is("0"));
    assert_ok(zobo_server_drop(server, session_of(c)));
    zt_put(other, "/a/v", "1");
    ZT_WAIT(heard_ends(" 1"));
    assert_ok(zobo_server_expire(server, session_of(c)));
    zt_put(other, "/a/v", "2");
    ZT_WAIT(heard_ends(" 2"));
    assert_ok(zobo_stop(c));
    zt_put(other, "/a/v", "3");
    assert_ok(zobo_start(c, 0, NULL));
    ZT_WAIT(heard_ends(" 3"));
    zt_put(other, "/a/v", "4");
    ZT_WAIT(heard_is("0 1 2 3 4"));
    zobo_shared_value_free(v);
}

/* Set, and the answer lost; before it is looked after, another sets something else: it must not be set again. */
static void
lost_answer(bool session_too)
{
    zt_calls calls;
    (void)session_too;
    zobo_shared_value *v = value(c, "0", NULL);
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    assert_ok(zobo_shared_value_set(v, "1", 1, 0, NULL));
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    ZT_WAIT(at_rest(c));
    arm(c, other, "/a/v");
    assert_ok(zobo_shared_value_set_async(v, "2", 1, &how, NULL));
    wait_armed(other, "/a/v");
    zt_put(other, "/a/v", "3");
    if (session_too)
        assert_ok(zobo_server_expire(server, session_of(c)));
    else
        assert_ok(zobo_server_drop(server, session_of(c)));
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_OK);
    assert_data(other, "/a/v", "3");
    ZT_WAIT(is(v, "3"));
    zobo_shared_value_free(v);
    zt_calls_destroy(&calls);
}

static void
test_lost_answer(void **state)
{
    (void)state;
    lost_answer(false);
}

static void
test_lost_answer_and_session(void **state)
{
    (void)state;
    lost_answer(true);
}

static void
test_trouble(void **state)
{
    zobo_client *clients[] = {c, other};
    trouble t;
    (void)state;
    zobo_shared_value *v = value(c, "0", &heard), *w = value(other, "0", NULL);
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    assert_ok(zobo_shared_value_start(w));
    assert_ok(zobo_shared_value_wait(w, 0));
    start_trouble(&t, clients, 2, true);
    char text[24] = "";
    long sets = 0;
    while (atomic_load(&t.made) < 40) {
        snprintf(text, sizeof text, "%ld", ++sets);
        assert_ok(zobo_shared_value_set(w, text, strlen(text), 0, NULL));
    }
    end_trouble(&t);
    zobo_stat stat;
    ZT_WAIT(zobo_exists(c, "/a/v", NULL, &stat) == ZOBO_OK); /* the last trouble may be on its way yet */
    assert_int_equal(stat.version, sets);                    /* each once */
    ZT_WAIT(is(v, text));
    zobo_shared_value_free(v);
    zobo_shared_value_free(w);
}

/* While a callback runs the news do not pile up: the next one is told of what is so then. */
static void
test_a_slow_callback_is_told_the_latest(void **state)
{
    char text[24] = "";
    (void)state;
    zobo_shared_value *v = value(c, "0", &heard);
    heard.hold = true;
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    ZT_WAIT(heard_is("0"));
    for (int i = 1; i <= 50; i++) {
        snprintf(text, sizeof text, "%d", i);
        zt_put(other, "/a/v", text);
        ZT_WAIT(is(v, text));
    }
    pthread_mutex_lock(&heard.lock);
    heard.hold = false;
    pthread_cond_signal(&heard.let_on);
    pthread_mutex_unlock(&heard.lock);
    zt_put(other, "/a/v", "51");
    ZT_WAIT(heard_ends(" 51"));
    assert_true(heard_is("0 50 51") || heard_is("0 51"));
    zobo_shared_value_free(v);
}

/* What may not be read for a while is read when it may, without anything else happening. */
static void
test_followed_over_a_refusal(void **state)
{
    zobo_acl no_read = {ZOBO_PERM_ALL & ~ZOBO_PERM_READ, "world", "anyone"};
    zobo_counters k = {.size = sizeof k};
    (void)state;
    zobo_shared_value *v = value(c, "0", &heard);
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    ZT_WAIT(heard_is("0") && at_rest(c));
    zobo_get_counters(c, &k);
    uint64_t before = k.errors;
    assert_ok(zobo_set_acls(other, "/a/v", &(zobo_acl_list){&no_read, 1}, -1, NULL));
    assert_ok(zobo_server_expire(server, session_of(c)));
    assert_ok(zobo_set(other, "/a/v", "1", 1, -1, NULL));
    ZT_WAIT((zobo_get_counters(c, &k), zobo_connected(c) && k.errors > before && at_rest(c)));
    assert_ok(zobo_set_acls(other, "/a/v", zobo_open_acl(), -1, NULL));
    ZT_WAIT(heard_is("0 1"));
    zobo_shared_value_free(v);
}

static void
test_freed_in_its_own_callback(void **state)
{
    (void)state;
    zobo_shared_value *v = value(c, "s", &heard);
    heard.free_at = 2;
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    ZT_WAIT(heard_is("s"));
    zt_put(other, "/a/v", "t");
    zt_put(other, "/a/v", "u");
    bool freed = false;
    ZT_WAIT((pthread_mutex_lock(&heard.lock), freed = heard.freed, pthread_mutex_unlock(&heard.lock), freed));
    assert_int_equal(heard.told, 2);
}

static void
test_event_loop(void **state)
{
    (void)state;
    zobo_client *looped = loop_client();
    zobo_shared_value *v = value(looped, "s", &heard);
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    ZT_WAIT((assert_ok(zobo_process(looped)), heard_is("s")));
    zt_put(other, "/a/v", "t");
    ZT_WAIT((assert_ok(zobo_process(looped)), heard_is("s t")));
    zobo_shared_value_free(v);
    zobo_close(looped);
}

static void
test_usage(void **state)
{
    zobo_shared_value *v;
    zobo_problem why;
    (void)state;
    assert_err(zobo_shared_value_new(c, "/", NULL, &v, &why), ZOBO_EBADPATH);
    assert_err(zobo_shared_value_new(c, "/x/", NULL, &v, &why), ZOBO_EBADPATH);
    assert_err(zobo_shared_value_new(NULL, "/x", NULL, &v, &why), ZOBO_EINVAL);
    zobo_acl nobodys = {ZOBO_PERM_ALL, NULL, "anyone"};
    assert_err(
        zobo_shared_value_new(c, "/x", &(zobo_shared_value_options){.acl = &(zobo_acl_list){&nobodys, 1}}, &v, &why),
        ZOBO_EINVAL);
    zobo_acl mine = {ZOBO_PERM_ALL & ~ZOBO_PERM_DELETE, "world", "anyone"};
    assert_ok(
        zobo_shared_value_new(c, "/mine", &(zobo_shared_value_options){.acl = &(zobo_acl_list){&mine, 1}}, &v, &why));
    assert_ok(zobo_shared_value_start(v));
    assert_ok(zobo_shared_value_wait(v, 0));
    zobo_reply *acls;
    assert_ok(zobo_get_acls(c, "/mine", &acls));
    assert_int_equal(acls->acls[0].perms, mine.perms);
    zobo_reply_free(acls);
    zobo_shared_value_free(v);
    assert_err(zobo_shared_value_new(c, "/x", &(zobo_shared_value_options){.seed_len = 4}, &v, &why), ZOBO_EINVAL);
    zobo_shared_value_free(NULL);
    zt_put(c, "/x", "");
    zobo_create_options ephemeral = {.ephemeral = true};
    assert_ok(zobo_create(c, "/x/e", NULL, 0, &ephemeral, NULL));
    assert_ok(zobo_shared_value_new(c, "/x/e/v", NULL, &v, &why));
    assert_ok(zobo_shared_value_start(v));
    assert_err(zobo_shared_value_wait(v, 0), ZOBO_ENOCHILDRENFOREPHEMERALS);
    assert_ok(zobo_delete(c, "/x/e", -1));
    assert_ok(zobo_shared_value_wait(v, 0)); /* it is tried again */
    assert_err(zobo_shared_value_set(v, NULL, 3, 0, NULL), ZOBO_EINVAL);
    assert_ok(zobo_shared_value_set(v, NULL, 0, 0, NULL));
    zobo_shared_value_free(v);
}

static void
test_started_before_the_client(void **state)
{
    zobo_client *later;
    zobo_reply *reply;
    zobo_options o = client_options();
    (void)state;
    assert_ok(zobo_new(&o, &later, NULL));
    zobo_shared_value *v = value(later, "seed", NULL);
    assert_ok(zobo_shared_value_start(v));
    assert_err(zobo_shared_value_wait(v, 0), ZOBO_ENOTSTARTED);
    assert_err(zobo_shared_value_get(v, &reply), ZOBO_ENOTSTARTED);
    assert_ok(zobo_start(later, 0, NULL));
    ZT_WAIT(is(v, "seed")); /* by itself */
    assert_ok(zobo_shared_value_wait(v, 0));
    zobo_shared_value_free(v);
    zobo_close(later);
}

static void
test_made_and_freed_many_times(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++)
        zobo_shared_value_free(value(c, "s", NULL));
    for (int i = 0; i < 300; i++) {
        zobo_shared_value *v = value(c, "s", NULL);
        assert_ok(zobo_shared_value_start(v));
        if (i % 3)
            assert_ok(zobo_shared_value_set_async(v, "t", 1, NULL, NULL));
        if (i % 3 == 2)
            assert_err(zobo_shared_value_start(v), ZOBO_EALREADY);
        zobo_shared_value_free(v);
    }
    ZT_WAIT(children_of(other, "/a/v") <= 0);
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 0));
}

#define value_test(t) cmocka_unit_test_setup_teardown(t, up, down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        value_test(test_life),
        value_test(test_deleted_and_made_again),
        value_test(test_followed_over_everything),
        value_test(test_lost_answer),
        value_test(test_lost_answer_and_session),
        value_test(test_trouble),
        value_test(test_a_slow_callback_is_told_the_latest),
        value_test(test_followed_over_a_refusal),
        value_test(test_freed_in_its_own_callback),
        value_test(test_event_loop),
        value_test(test_usage),
        value_test(test_started_before_the_client),
        value_test(test_made_and_freed_many_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
