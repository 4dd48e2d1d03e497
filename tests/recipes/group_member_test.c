/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/trouble.h"

#include <zobo/party.h>

#include "base/mem.h"

static zobo_group_member *
member(zobo_client *zk, const char *id, const char *data)
{
    zobo_group_member *m = NULL;
    zobo_problem why;
    zobo_group_member_options o = {.data = data, .data_len = strlen(data)};
    assert_ok(zobo_group_member_new(zk, "/gro/up", id, &o, &m, &why));
    return m;
}

/* The view as text: "a=1 b=2 ". */
static const char *
view(zobo_group_member *m, char *buf, size_t size)
{
    zobo_members *all;
    size_t at = 0;
    buf[0] = 0;
    assert_ok(zobo_group_member_get_members(m, &all));
    for (size_t i = 0; i < all->n && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s=%s ", all->items[i].id, (const char *)all->items[i].data);
    zobo_members_free(all);
    return buf;
}

static bool
sees(zobo_group_member *m, const char *want)
{
    char buf[1000];
    return strcmp(view(m, buf, sizeof buf), want) == 0;
}

static void
test_a_group(void **state)
{
    (void)state;
    zobo_client *zk = brief_client(), *zk2 = brief_client();
    zobo_group_member *a = member(zk, "a", "1"), *b = member(zk2, "b", "2");
    assert_true(sees(a, "a=1 ")); /* itself in any case */
    assert_err(zobo_group_member_wait(a, 0), ZOBO_ENOTSTARTED);
    assert_ok(zobo_group_member_start(a));
    assert_err(zobo_group_member_start(a), ZOBO_EALREADY);
    assert_ok(zobo_group_member_wait(a, 5000));
    assert_true(has_data(look, "/gro/up/a", "1"));
    assert_ok(zobo_group_member_start(b));
    assert_ok(zobo_group_member_wait(b, 5000));
    assert_true(sees(b, "a=1 b=2 "));
    ZT_WAIT(sees(a, "a=1 b=2 "));
    assert_ok(zobo_group_member_set(b, "22", 2, 0));
    ZT_WAIT(sees(a, "a=1 b=22 ") && sees(b, "a=1 b=22 "));
    expire(zk2); /* it comes back by itself */
    ZT_WAIT(sees(a, "a=1 b=22 ") && zobo_group_member_presence(b) == ZOBO_PRESENCE_PRESENT);
    zt_put(look, "/gro/up/stranger", "s");
    ZT_WAIT(sees(a, "a=1 b=22 stranger=s ") && sees(b, "a=1 b=22 stranger=s "));
    assert_ok(zobo_delete(look, "/gro/up/stranger", -1));
    zobo_group_member_free(b);
    ZT_WAIT(sees(a, "a=1 "));
    zobo_group_member_free(a);
    zobo_group_member_free(NULL);
    zobo_members_free(NULL);
    ZT_WAIT(children_of(look, "/gro/up") == 0);
    zobo_close(zk);
    zobo_close(zk2);
}

typedef struct told {
    pthread_mutex_t lock;
    char last[1000];
    int n;
} told;

static void
note(void *arg, zobo_group_member *member, const zobo_members *members)
{
    told *t = arg;
    size_t at = 0;
    (void)member;
    pthread_mutex_lock(&t->lock);
    t->n++;
    t->last[0] = 0;
    for (size_t i = 0; i < members->n; i++)
        at += (size_t)snprintf(t->last + at, sizeof t->last - at, "%s=%s ", members->items[i].id,
                               (const char *)members->items[i].data);
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
test_listener_and_outages(void **state)
{
    told t = {.lock = PTHREAD_MUTEX_INITIALIZER};
    zobo_group_member *a;
    (void)state;
    zobo_client *zk = brief_client();
    zobo_group_member_options o = {.data = "1", .data_len = 1, .changed = note, .changed_arg = &t};
    assert_ok(zobo_group_member_new(zk, "/gro/up", "a", &o, &a, NULL));
    assert_ok(zobo_group_member_start(a));
    ZT_WAIT(was_told(&t, "a=1 "));
    zt_put(look, "/gro/up/b", "2");
    ZT_WAIT(was_told(&t, "a=1 b=2 "));
    zobo_server_refuse(server, true); /* what happens meanwhile is seen afterwards */
    assert_ok(zobo_server_drop(server, session_of(zk)));
    zt_put(look, "/gro/up/b", "3");
    zt_put(look, "/gro/up/c", "4");
    assert_true(sees(a, "a=1 b=2 "));
    zobo_server_refuse(server, false);
    ZT_WAIT(was_told(&t, "a=1 b=3 c=4 "));
    expire(zk);
    ZT_WAIT(zobo_group_member_presence(a) == ZOBO_PRESENCE_PRESENT);
    assert_ok(zobo_delete(look, "/gro/up/b", -1));
    zt_put(look, "/gro/up/c", "5");
    ZT_WAIT(was_told(&t, "a=1 c=5 "));
    zobo_group_member_free(a);
    zobo_close(zk);
}

static void
test_faults(void **state)
{
    (void)state;
    zt_put(look, "/gro", "");
    zt_put(look, "/gro/up", "");
    zt_put(look, "/gro/up/b", "2");
    for (unsigned after = 1; after < 12; after++) {
        for (int kind = 0; kind < 2; kind++) {
            zobo_client *zk = patient_client();
            zobo_call *wait;
            zobo_group_member *a = member(zk, "a", "1");
            if (kind == 0)
                zobo_server_lose_replies(server, after);
            else
                zobo_server_fail_requests(server, after, ZOBO_ECONNECTIONLOSS);
            assert_ok(zobo_group_member_start(a));
            assert_ok(zobo_group_member_wait_async(a, NULL, &wait));
            assert_ok(get_patiently(zk, wait, NULL));
            zobo_call_free(wait);
            zobo_server_lose_replies(server, 0);
            zobo_server_fail_requests(server, 0, ZOBO_ECONNECTIONLOSS);
            assert_true(sees(a, "a=1 b=2 "));
            zobo_group_member_free(a);
            zobo_close(zk);
        }
    }
}

enum { MANY = 40 };

static void
test_many(void **state)
{
    zobo_client *zk[4];
    zobo_group_member *m[MANY];
    (void)state;
    for (int i = 0; i < 4; i++)
        zk[i] = brief_client();
    for (int i = 0; i < MANY; i++) {
        char id[20];
        snprintf(id, sizeof id, "m%02d", i);
        m[i] = member(zk[i % 4], id, "x");
        assert_ok(zobo_group_member_start(m[i]));
    }
    assert_ok(zobo_server_expire(server, session_of(zk[1])));
    for (int i = 0; i < MANY; i++) {
        zobo_members *all = NULL;
        assert_ok(zobo_group_member_wait(m[i], ZT_SOON_MS));
        do {
            zobo_members_free(all);
            zt_nap();
            assert_ok(zobo_group_member_get_members(m[i], &all));
        } while (all->n != MANY);
        assert_string_equal(all->items[7].id, "m07");
        zobo_members_free(all);
    }
    for (int i = 1; i < MANY; i++)
        zobo_group_member_free(m[i]);
    ZT_WAIT(sees(m[0], "m00=x "));
    zobo_group_member_free(m[0]);
    for (int i = 0; i < 4; i++)
        zobo_close(zk[i]);
}

static void
test_lives(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    for (int i = 0; i < 10000; i++) {
        zobo_group_member *m = member(zk, i % 2 ? "a" : "b", "x");
        if (i % 4)
            assert_ok(zobo_group_member_start(m));
        if (i % 51 == 0 && i % 4)
            assert_ok(zobo_group_member_wait(m, 0));
        zobo_group_member_free(m);
    }
    ZT_WAIT(children_of(look, "/gro/up") == 0);
    zobo_close(zk);
}

static void
test_what_new_refuses(void **state)
{
    zobo_group_member *m;
    (void)state;
    assert_err(zobo_group_member_new(look, "/g", NULL, NULL, &m, NULL), ZOBO_EBADPATH);
    assert_err(zobo_group_member_new(look, "/g", "", NULL, &m, NULL), ZOBO_EBADPATH);
    assert_err(zobo_group_member_new(look, "/g", "a/b", NULL, &m, NULL), ZOBO_EBADPATH);
    assert_err(zobo_group_member_new(look, "/g", "..", NULL, &m, NULL), ZOBO_EBADPATH);
    assert_err(zobo_group_member_new(look, "g", "a", NULL, &m, NULL), ZOBO_EBADPATH);
    assert_err(zobo_group_member_new(look, "/g", "a", &(zobo_group_member_options){.data_len = 1}, &m, NULL),
               ZOBO_EINVAL);
}

/* The n-th allocation fails, for every n: no crash, no leak, nothing left behind. */
static void
test_no_memory(void **state)
{
    (void)state;
    for (long n = 0; n < 90; n++) {
        zobo_client *zk = brief_client();
        zobo_group_member *m = NULL;
        zb_mem_fail_after(n, 0);
        zobo_err err = zobo_group_member_new(zk, "/gro/up", "a", NULL, &m, NULL);
        if (!err)
            err = zobo_group_member_start(m);
        if (!err)
            err = zobo_group_member_wait(m, 2000);
        zb_mem_fail_after(-1, 0);
        if (!err)
            assert_true(sees(m, "a= "));
        zobo_group_member_free(m);
        ZT_WAIT(children_of(look, "/gro/up") <= 0);
        zobo_close(zk);
    }
}

#define staged(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        staged(test_a_group), staged(test_listener_and_outages), staged(test_faults),    staged(test_many),
        staged(test_lives),   staged(test_what_new_refuses),     staged(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
