/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/trouble.h"

#include <sched.h>

#include "base/mem.h"

#include <zobo/discovery.h>

static zobo_discovery *
discovery(zobo_client *zk)
{
    zobo_discovery *d = NULL;
    zobo_problem why;
    if (zobo_discovery_new(zk, "/dis/covery", NULL, &d, &why))
        fail_msg("%s", why.text);
    return d;
}

static zobo_service
service(const char *id, int port)
{
    return (zobo_service){.name = "pay", .id = id, .address = "10.1.2.3", .port = port, .registration_time_ms = 1};
}

static void
test_register_and_ask(void **state)
{
    zobo_reply *reply;
    zobo_service_list *list;
    zobo_stat stat;
    (void)state;
    zobo_client *zk = brief_client();
    zobo_discovery *d = discovery(zk), *looker = discovery(look);
    assert_ok(zobo_discovery_query_names(looker, 0, &reply));
    assert_int_equal(reply->n_children, 0);
    zobo_reply_free(reply);
    assert_ok(zobo_discovery_query_instances(looker, "pay", 0, &list));
    assert_int_equal(list->n, 0);
    zobo_service_list_free(list);
    zobo_service one = service("one", 8080), two = service(NULL, 8081);
    one.payload = "{\"@class\":\"org.example.P\",\"x\":1.50}";
    assert_ok(zobo_discovery_register(d, &one, 5000, NULL));
    assert_true(has_data(look, "/dis/covery/pay/one",
                         "{\"name\":\"pay\",\"id\":\"one\",\"address\":\"10.1.2.3\",\"port\":8080,\"sslPort\":null,"
                         "\"payload\":{\"@class\":\"org.example.P\",\"x\":1.50},\"registrationTimeUTC\":1,"
                         "\"serviceType\":\"DYNAMIC\",\"uriSpec\":null,\"enabled\":true}"));
    assert_true(is_there(look, "/dis/covery/pay/one", &stat) && stat.ephemeral_owner == session_of(zk));
    assert_ok(zobo_discovery_register(d, &two, 5000, &reply));
    assert_int_equal(reply->data_len, 36);
    assert_non_null(strstr(reply->path, (const char *)reply->data));
    assert_ok(zobo_discovery_query_instances(looker, "pay", 0, &list));
    assert_int_equal(list->n, 2);
    zobo_service_list_free(list);
    assert_ok(zobo_discovery_query_instance(looker, "pay", (const char *)reply->data, 0, &list));
    assert_int_equal(list->items[0].port, 8081);
    zobo_service_list_free(list);
    assert_ok(zobo_discovery_unregister(d, "pay", (const char *)reply->data, 0));
    assert_err(zobo_discovery_query_instance(looker, "pay", (const char *)reply->data, 0, &list), ZOBO_ENONODE);
    assert_null(list);
    assert_err(zobo_discovery_unregister(d, "pay", (const char *)reply->data, 0), ZOBO_ENOTHELD);
    zobo_reply_free(reply);
    one.port = 9090;
    assert_ok(zobo_discovery_update(d, &one, 0));
    assert_ok(zobo_discovery_query_instance(looker, "pay", "one", 0, &list));
    assert_int_equal(list->items[0].port, 9090);
    assert_string_equal(list->items[0].payload, one.payload);
    zobo_service_list_free(list);
    assert_err(zobo_discovery_update(d, &(zobo_service){.name = "pay", .id = "none"}, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_discovery_query_names(looker, 0, &reply));
    assert_int_equal(reply->n_children, 1);
    assert_string_equal(reply->children[0], "pay");
    zobo_reply_free(reply);
    expire(zk); /* it comes back */
    ZT_WAIT(is_there(look, "/dis/covery/pay/one", &stat) && stat.ephemeral_owner == session_of(zk));
    zobo_discovery_free(d);
    ZT_WAIT(!is_there(look, "/dis/covery/pay/one", NULL));
    zobo_discovery_free(looker);
    zobo_discovery_free(NULL);
    zobo_close(zk);
}

static void
test_types(void **state)
{
    zobo_stat stat;
    zobo_service_list *list;
    (void)state;
    zobo_client *zk = brief_client();
    zobo_discovery *d = discovery(zk);
    zobo_service s = service("s", 1), p = service("p", 2), q = service("q", 3);
    s.type = ZOBO_SERVICE_STATIC;
    p.type = ZOBO_SERVICE_PERMANENT;
    q.type = ZOBO_SERVICE_DYNAMIC_SEQUENTIAL;
    assert_ok(zobo_discovery_register(d, &s, 0, NULL));
    assert_ok(zobo_discovery_register(d, &p, 0, NULL));
    assert_err(zobo_discovery_register(d, &q, 0, NULL), ZOBO_EINVAL);
    assert_true(is_there(look, "/dis/covery/pay/s", &stat) && stat.ephemeral_owner == 0);
    assert_true(is_there(look, "/dis/covery/pay/p", &stat) && stat.ephemeral_owner == 0);
    /* What stands in the way of a name is taken away, as in Curator: this process's entry before a restart. */
    zobo_service again = service("again", 5);
    zobo_create_options e = {.ephemeral = true};
    assert_ok(zobo_create(look, "/dis/covery/pay/again", "old", 3, &e, NULL));
    assert_err(zobo_discovery_query_instance(d, "pay", "again", 0, &list), ZOBO_EBADDATA);
    assert_ok(zobo_discovery_query_instances(d, "pay", 0, &list));
    assert_true(list->n == 2 && list->unreadable == 1);
    zobo_service_list_free(list);
    assert_ok(zobo_discovery_register(d, &again, 5000, NULL));
    assert_true(is_there(look, "/dis/covery/pay/again", &stat) && stat.ephemeral_owner == session_of(zk));
    again.port = 6;
    assert_ok(zobo_discovery_register(d, &again, 5000, NULL)); /* an update */
    assert_ok(zobo_discovery_query_instance(d, "pay", "again", 0, &list));
    assert_int_equal(list->items[0].port, 6);
    zobo_service_list_free(list);
    zobo_discovery_free(d);
    ZT_WAIT(!is_there(look, "/dis/covery/pay/s", NULL) && !is_there(look, "/dis/covery/pay/again", NULL));
    assert_true(is_there(look, "/dis/covery/pay/p", NULL));
    zobo_close(zk);
}

static void
test_what_is_refused(void **state)
{
    zobo_discovery *d;
    zobo_service_cache *c;
    zobo_service_provider *p;
    zobo_service_list *list;
    (void)state;
    assert_err(zobo_discovery_new(look, "x", NULL, &d, NULL), ZOBO_EBADPATH);
    assert_err(zobo_service_cache_new(look, "/x", "a/b", NULL, &c, NULL), ZOBO_EBADPATH);
    assert_err(zobo_service_provider_new(look, "/x", NULL, NULL, &p, NULL), ZOBO_EBADPATH);
    zobo_service_provider_options o = {.strategy = (zobo_service_strategy)7};
    assert_err(zobo_service_provider_new(look, "/x", "a", &o, &p, NULL), ZOBO_EBADOPTION);
    d = discovery(look);
    assert_err(zobo_discovery_register(d, NULL, 0, NULL), ZOBO_EINVAL);
    assert_err(zobo_discovery_register(d, &(zobo_service){.name = "a/b", .id = "c"}, 0, NULL), ZOBO_EBADPATH);
    assert_err(zobo_discovery_register(d, &(zobo_service){.name = "a", .id = "b/c"}, 0, NULL), ZOBO_EBADPATH);
    assert_err(zobo_discovery_register(d, &(zobo_service){.name = "a", .payload = "{"}, 0, NULL), ZOBO_EINVAL);
    assert_err(zobo_discovery_update(d, &(zobo_service){.name = "a"}, 0), ZOBO_EINVAL);
    assert_err(zobo_discovery_query_instances(d, "a/b", 0, &list), ZOBO_EBADPATH);
    assert_err(zobo_discovery_query_instance(d, "a", NULL, 0, &list), ZOBO_EBADPATH);
    zobo_discovery_free(d);
    zobo_acl nobody = {ZOBO_PERM_READ, "world", "anyone"};
    zobo_create_options co = {.acl = &(zobo_acl_list){&nobody, 1}};
    assert_ok(zobo_create(look, "/closed", "", 0, &co, NULL));
    assert_ok(zobo_discovery_new(look, "/closed", NULL, &d, NULL));
    zobo_service s = service("s", 1);
    assert_err(zobo_discovery_register(d, &s, 5000, NULL), ZOBO_ENOAUTH);
    assert_err(zobo_discovery_unregister(d, "pay", "s", 0), ZOBO_ENOTHELD);
    zobo_discovery_free(d);
}

/* --- caches --- */

typedef struct told {
    pthread_mutex_t lock;
    zobo_service_cache *who;
    char last[400];
} told;

static void
note(void *arg, zobo_service_cache *cache, const zobo_service_list *list)
{
    told *t = arg;
    size_t at = 0;
    pthread_mutex_lock(&t->lock);
    t->who = cache;
    t->last[0] = 0;
    for (size_t i = 0; i < list->n; i++)
        at +=
            (size_t)snprintf(t->last + at, sizeof t->last - at, "%s:%d ", list->items[i].id, (int)list->items[i].port);
    pthread_mutex_unlock(&t->lock);
}

static bool
was_told(told *t, const char *want)
{
    pthread_mutex_lock(&t->lock);
    bool same = strcmp(t->last, want) == 0;
    pthread_mutex_unlock(&t->lock);
    return same;
}

static void
test_cache(void **state)
{
    zobo_service_cache *c;
    zobo_service_list *list;
    told t = {.lock = PTHREAD_MUTEX_INITIALIZER};
    zobo_service_cache_options o = {.changed = note, .changed_arg = &t};
    (void)state;
    zobo_client *zk = brief_client(), *watching = brief_client();
    zobo_discovery *d = discovery(zk);
    assert_ok(zobo_service_cache_new(watching, "/dis/covery", "pay", &o, &c, NULL));
    assert_err(zobo_service_cache_wait(c, 0), ZOBO_ENOTSTARTED);
    assert_ok(zobo_service_cache_start(c));
    assert_err(zobo_service_cache_start(c), ZOBO_EALREADY);
    assert_ok(zobo_service_cache_wait(c, 5000)); /* of a service that is not there yet */
    assert_ok(zobo_service_cache_get(c, &list));
    assert_int_equal(list->n, 0);
    zobo_service a = service("a", 1), b = service("b", 2);
    assert_ok(zobo_discovery_register(d, &b, 0, NULL));
    ZT_WAIT(was_told(&t, "b:2 "));
    assert_ptr_equal(t.who, c);
    assert_ok(zobo_discovery_register(d, &a, 0, NULL));
    ZT_WAIT(was_told(&t, "a:1 b:2 "));
    assert_int_equal(list->n, 0); /* what was handed out stays as it was */
    zobo_service_list_free(list);
    b.port = 3;
    assert_ok(zobo_discovery_update(d, &b, 0));
    ZT_WAIT(was_told(&t, "a:1 b:3 "));
    zt_put(look, "/dis/covery/pay/odd", "no instance");
    assert_ok(zobo_discovery_unregister(d, "pay", "a", 0));
    ZT_WAIT(was_told(&t, "b:3 "));
    do {
        assert_ok(zobo_service_cache_get(c, &list));
        bool seen = list->unreadable == 1;
        zobo_service_list_free(list);
        if (seen)
            break;
        zt_nap();
    } while (true);
    zobo_server_refuse(server, true);
    assert_ok(zobo_server_drop(server, session_of(watching)));
    assert_ok(zobo_service_cache_get(c, &list)); /* without a connection what was so is so */
    assert_int_equal(list->n, 1);
    zobo_service_list_free(list);
    zobo_server_refuse(server, false);
    assert_ok(zobo_discovery_register(d, &a, 0, NULL));
    ZT_WAIT(was_told(&t, "a:1 b:3 "));
    expire(watching);
    assert_ok(zobo_discovery_unregister(d, "pay", "b", 0));
    ZT_WAIT(was_told(&t, "a:1 "));
    zobo_discovery_free(d);
    ZT_WAIT(was_told(&t, ""));
    zobo_service_cache_free(c);
    zobo_service_cache_free(NULL);
    zobo_close(zk);
    zobo_close(watching);
}

/* --- providers --- */

/* The ids of n picks. */
static const char *
picks(zobo_service_provider *p, int n, char buf[100])
{
    size_t at = 0;
    buf[0] = 0;
    for (int i = 0; i < n; i++) {
        zobo_service_list *one;
        zobo_err err = zobo_service_provider_pick(p, &one);
        at += (size_t)snprintf(buf + at, 100 - at, "%s", err ? zobo_err_name(err) : one->items[0].id);
        zobo_service_list_free(one);
    }
    return buf;
}

static zobo_service_provider *
provider(zobo_client *zk, zobo_service_provider_options o)
{
    zobo_service_provider *p = NULL;
    assert_ok(zobo_service_provider_new(zk, "/dis/covery", "pay", &o, &p, NULL));
    assert_ok(zobo_service_provider_start(p));
    assert_ok(zobo_service_provider_wait(p, 5000));
    return p;
}

static void
test_providers(void **state)
{
    char buf[100], first[2];
    zobo_service_list *list;
    (void)state;
    zobo_client *zk = brief_client();
    zobo_discovery *d = discovery(look);
    zobo_service_provider *none = provider(zk, (zobo_service_provider_options){0});
    assert_string_equal(picks(none, 1, buf), "Empty");
    zobo_service a = service("a", 1), b = service("b", 2), c = service("c", 3), off = service("o", 4);
    off.disabled = true;
    assert_ok(zobo_discovery_register(d, &c, 0, NULL));
    assert_ok(zobo_discovery_register(d, &a, 0, NULL));
    assert_ok(zobo_discovery_register(d, &b, 0, NULL));
    assert_ok(zobo_discovery_register(d, &off, 0, NULL));
    zobo_service_provider *robin = provider(zk, (zobo_service_provider_options){.down_timeout_ms = 200});
    assert_string_equal(picks(robin, 7, buf), "abcabca");
    assert_ok(zobo_service_provider_get(robin, &list));
    assert_int_equal(list->n, 4);
    zobo_service_list_free(list);
    assert_ok(zobo_service_provider_note_error(robin, "b"));
    assert_ok(zobo_service_provider_note_error(robin, "stranger"));
    assert_non_null(strchr(picks(robin, 3, buf), 'b')); /* one error is none */
    assert_ok(zobo_service_provider_note_error(robin, "b"));
    assert_null(strchr(picks(robin, 6, buf), 'b'));
    ZT_WAIT(strchr(picks(robin, 3, buf), 'b') != NULL); /* forgiven */
    zobo_service_provider *sticky = provider(zk, (zobo_service_provider_options){.strategy = ZOBO_SERVICE_STICKY});
    picks(sticky, 1, buf);
    memcpy(first, buf, 2);
    picks(sticky, 20, buf);
    assert_int_equal(strspn(buf, first), 20);
    assert_ok(zobo_discovery_unregister(d, "pay", first, 0));
    ZT_WAIT(strcmp(picks(sticky, 1, buf), first) != 0);
    zobo_service_provider *any = provider(zk, (zobo_service_provider_options){.strategy = ZOBO_SERVICE_RANDOM});
    picks(any, 90, buf);
    assert_true(strspn(buf, "abc") == 90 && strspn(buf, (char[]){buf[0], 0}) < 90);
    zobo_service_provider_free(any);
    zobo_service_provider_free(sticky);
    zobo_service_provider_free(robin);
    zobo_service_provider_free(none);
    zobo_service_provider_free(NULL);
    zobo_discovery_free(d);
    zobo_close(zk);
}

static void
test_faults(void **state)
{
    (void)state;
    for (unsigned after = 1; after < 10; after++) {
        zobo_client *zk = patient_client();
        zobo_discovery *d = discovery(zk);
        zobo_service a = service("a", 1);
        zobo_call *call, *ask;
        zobo_reply *reply;
        zobo_service_list *list;
        if (after % 2)
            zobo_server_lose_replies(server, after);
        else
            zobo_server_fail_requests(server, after, ZOBO_ECONNECTIONLOSS);
        assert_ok(zobo_discovery_register_async(d, &a, NULL, &call));
        assert_ok(zobo_discovery_query_instances_async(d, "pay", NULL, &ask));
        assert_ok(get_patiently(zk, call, NULL));
        assert_ok(get_patiently(zk, ask, &reply));
        zobo_reply_free(reply);
        zobo_call_free(call);
        zobo_call_free(ask);
        zobo_server_lose_replies(server, 0);
        zobo_server_fail_requests(server, 0, ZOBO_ECONNECTIONLOSS);
        assert_ok(zobo_discovery_query_instances(d, "pay", 0, &list));
        assert_true(list->n == 1 && list->items[0].port == 1);
        zobo_service_list_free(list);
        assert_ok(zobo_discovery_unregister(d, "pay", "a", 0));
        assert_int_equal(children_of(look, "/dis/covery/pay"), 0);
        zobo_discovery_free(d);
        zobo_close(zk);
    }
}

static void
test_a_registration_that_is_over_leaves_nothing_behind(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    zobo_discovery *d = discovery(zk);
    for (int i = 0; i < 60; i++) {
        zobo_service a = service("a", 1);
        zobo_call *call;
        assert_ok(zobo_discovery_register_async(d, &a, NULL, &call));
        for (int k = 0; k < i; k++)
            sched_yield();
        zobo_call_cancel(call);
        zobo_err err = zobo_call_get(call, ZT_SOON_MS, NULL);
        assert_true(err == ZOBO_OK || err == ZOBO_ECANCELLED);
        zobo_call_free(call);
        if (!err)
            assert_ok(zobo_discovery_unregister(d, "pay", "a", 0));
        ZT_WAIT(children_of(look, "/dis/covery/pay") <= 0);
    }
    zobo_discovery_free(d);
    zobo_close(zk);
}

static void
test_lives(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    for (int i = 0; i < 10000; i++) {
        zobo_discovery *d = discovery(zk);
        zobo_service_provider *p;
        zobo_service_list *one;
        zobo_call *call;
        zobo_service a = service("a", 1);
        assert_ok(zobo_service_provider_new(zk, "/dis/covery", "pay", NULL, &p, NULL));
        if (i % 2)
            assert_ok(zobo_service_provider_start(p));
        assert_ok(zobo_discovery_register_async(d, &a, NULL, &call));
        if (i % 50 == 0)
            assert_ok(zobo_call_get(call, ZT_SOON_MS, NULL));
        if (zobo_service_provider_pick(p, &one) == ZOBO_OK)
            zobo_service_list_free(one);
        zobo_call_free(call);
        zobo_discovery_free(d);
        zobo_service_provider_free(p);
    }
    ZT_WAIT(children_of(look, "/dis/covery/pay") == 0);
    zobo_close(zk);
}

enum { MANY = 300 };

static void
test_many_instances(void **state)
{
    zobo_call *calls[MANY];
    zobo_service_cache *c;
    zobo_service_list *list = NULL;
    (void)state;
    zobo_client *zk = brief_client();
    zobo_discovery *d = discovery(zk);
    assert_ok(zobo_service_cache_new(look, "/dis/covery", "pay", NULL, &c, NULL));
    assert_ok(zobo_service_cache_start(c));
    for (int i = 0; i < MANY; i++) {
        char id[20];
        snprintf(id, sizeof id, "i%03d", i);
        zobo_service s = service(id, i + 1);
        assert_ok(zobo_discovery_register_async(d, &s, NULL, &calls[i]));
    }
    for (int i = 0; i < MANY; i++) {
        assert_ok(zobo_call_get(calls[i], ZT_SOON_MS, NULL));
        zobo_call_free(calls[i]);
    }
    do {
        zobo_service_list_free(list);
        zt_nap();
        assert_ok(zobo_service_cache_get(c, &list));
    } while (list->n != MANY);
    assert_string_equal(list->items[7].id, "i007");
    assert_int_equal(list->items[7].port, 8);
    zobo_service_list_free(list);
    zobo_service_cache_free(c);
    zobo_discovery_free(d);
    zobo_close(zk);
}

/* The n-th allocation fails, for every n: no crash, no leak, nothing left behind. */
static void
test_no_memory(void **state)
{
    (void)state;
    for (long n = 0; n < 120; n++) {
        zobo_client *zk = brief_client();
        zobo_discovery *d = NULL;
        zobo_service_provider *p = NULL;
        zobo_service_list *list = NULL;
        zobo_service a = service("a", 1);
        zb_mem_fail_after(n, 0);
        zobo_err err = zobo_discovery_new(zk, "/dis/covery", NULL, &d, NULL);
        if (!err)
            err = zobo_discovery_register(d, &a, 2000, NULL);
        if (!err)
            err = zobo_service_provider_new(zk, "/dis/covery", "pay", NULL, &p, NULL);
        if (!err)
            err = zobo_service_provider_start(p);
        if (!err)
            err = zobo_service_provider_wait(p, 2000);
        if (!err)
            err = zobo_discovery_query_instances(d, "pay", 2000, &list);
        zb_mem_fail_after(-1, 0);
        if (!err)
            assert_int_equal(list->n, 1);
        zobo_service_list_free(list);
        zobo_service_provider_free(p);
        zobo_discovery_free(d);
        ZT_WAIT(children_of(look, "/dis/covery/pay") <= 0);
        zobo_close(zk);
    }
}

#define staged(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        staged(test_register_and_ask),
        staged(test_types),
        staged(test_what_is_refused),
        staged(test_cache),
        staged(test_providers),
        staged(test_faults),
        staged(test_a_registration_that_is_over_leaves_nothing_behind),
        staged(test_lives),
        staged(test_many_instances),
        staged(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
