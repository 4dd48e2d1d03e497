/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/trouble.h"

#include <sched.h>
#include <zobo/party.h>

#include "base/mem.h"

#include <zobo/lock.h>

static zobo_party *
party(zobo_client *zk, const char *identifier, bool shallow)
{
    zobo_party *p = NULL;
    zobo_problem why;
    zobo_party_options o = {.identifier = identifier};
    assert_ok(shallow ? zobo_shallow_party_new(zk, "/p/arty", &o, &p, &why)
                      : zobo_party_new(zk, "/p/arty", &o, &p, &why));
    return p;
}

static void
join_look_leave(bool shallow)
{
    zobo_reply *who;
    int32_t n;
    zobo_client *zk = brief_client();
    zobo_party *a = party(zk, "a", shallow), *b = party(zk, "b-1", shallow);
    assert_ok(zobo_party_members(a, 0, &who));
    assert_int_equal(who->n_children, 0);
    zobo_reply_free(who);
    assert_false(zobo_party_participating(a));
    assert_err(zobo_party_leave(a, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_party_join(a, 5000));
    assert_ok(zobo_party_join(a, 5000));
    assert_ok(zobo_party_join(b, 5000));
    assert_true(zobo_party_participating(a));
    assert_ok(zobo_party_members(a, 0, &who));
    assert_int_equal(who->n_children, 2);
    assert_true(has_string(who, "a") && has_string(who, "b-1"));
    zobo_reply_free(who);
    assert_ok(zobo_party_count(b, 0, &n));
    assert_int_equal(n, 2);
    assert_int_equal(children_of(look, "/p/arty"), 2);
    assert_ok(zobo_party_leave(a, 0));
    assert_false(zobo_party_participating(a));
    assert_int_equal(children_of(look, "/p/arty"), 1);
    assert_ok(zobo_party_join(a, 0)); /* and in again */
    assert_int_equal(children_of(look, "/p/arty"), 2);
    zobo_party_free(a);
    zobo_party_free(b);
    ZT_WAIT(children_of(look, "/p/arty") == 0);
    zobo_close(zk);
}

static void
test_party(void **state)
{
    (void)state;
    join_look_leave(false);
}

static void
test_shallow_party(void **state)
{
    (void)state;
    join_look_leave(true);
}

/* The names and the data are kazoo's. */
static void
test_layout(void **state)
{
    zobo_reply *names;
    char path[200];
    (void)state;
    zobo_party *deep = party(look, "me", false);
    assert_ok(zobo_party_join(deep, 0));
    assert_ok(zobo_get_children(look, "/p/arty", NULL, &names));
    assert_int_equal(names->n_children, 1);
    assert_int_equal(strspn(names->children[0], "0123456789abcdef"), 32);
    assert_string_equal(names->children[0] + 32, "__party__");
    snprintf(path, sizeof path, "/p/arty/%s", names->children[0]);
    assert_true(has_data(look, path, "me"));
    zobo_reply_free(names);
    assert_ok(zobo_party_leave(deep, 0));
    zobo_party *flat = party(look, "m-e", true);
    assert_ok(zobo_party_join(flat, 0));
    assert_ok(zobo_get_children(look, "/p/arty", NULL, &names));
    assert_int_equal(names->n_children, 1);
    assert_int_equal(strspn(names->children[0], "0123456789abcdef"), 32);
    assert_string_equal(names->children[0] + 32, "-m-e");
    snprintf(path, sizeof path, "/p/arty/%s", names->children[0]);
    assert_true(has_data(look, path, "m-e"));
    zobo_stat stat;
    assert_true(is_there(look, path, &stat));
    assert_true(stat.ephemeral_owner == session_of(look));
    zobo_reply_free(names);
    /* What is no member of a party does not count, but is one of a shallow party, as in kazoo. */
    zt_put(look, "/p/arty/stranger", "x");
    int32_t n;
    assert_ok(zobo_party_count(deep, 0, &n));
    assert_int_equal(n, 0);
    assert_ok(zobo_party_count(flat, 0, &n));
    assert_int_equal(n, 2);
    zobo_party_free(deep);
    zobo_party_free(flat);
}

static void
test_what_new_refuses(void **state)
{
    zobo_party *p;
    zobo_problem why;
    (void)state;
    assert_err(zobo_party_new(look, "p", NULL, &p, &why), ZOBO_EBADPATH);
    assert_err(zobo_party_new(look, NULL, NULL, &p, &why), ZOBO_EBADPATH);
    assert_null(p);
    assert_true(why.text[0]);
    assert_err(zobo_shallow_party_new(look, "/p", &(zobo_party_options){.identifier = "a/b"}, &p, &why), ZOBO_EBADPATH);
    assert_err(zobo_shallow_party_new(look, "/p", &(zobo_party_options){.identifier = "\x01"}, &p, NULL),
               ZOBO_EBADPATH);
    assert_err(zobo_party_new(look, "/p", &(zobo_party_options){.size = 1}, &p, &why), ZOBO_EBADOPTION);
    assert_err(zobo_party_new(look, "/p", &(zobo_party_options){.acl = &(zobo_acl_list){NULL, 1}}, &p, &why),
               ZOBO_EINVAL);
    assert_ok(zobo_party_new(look, "/p", &(zobo_party_options){.identifier = "a/b"}, &p, &why)); /* it is only data */
    zobo_party_free(p);
    zobo_party_free(NULL);
}

static void
test_rejoins_after_the_loss_of_the_session(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    zobo_party *a = party(zk, "a", false), *kazoo;
    assert_ok(zobo_party_new(zk, "/kazoo", &(zobo_party_options){.no_rejoin = true}, &kazoo, NULL));
    assert_ok(zobo_party_join(a, 0));
    assert_ok(zobo_party_join(kazoo, 0));
    for (int i = 0; i < 3; i++) {
        expire(zk);
        ZT_WAIT(zobo_party_participating(a) && children_of(look, "/p/arty") == 1);
    }
    assert_false(zobo_party_participating(kazoo));
    assert_int_equal(children_of(look, "/kazoo"), 0);
    assert_ok(zobo_party_join(kazoo, 0));
    assert_int_equal(children_of(look, "/kazoo"), 1);
    zobo_party_free(a);
    zobo_party_free(kazoo);
    zobo_close(zk);
}

/* Each request, and each answer, is lost once. */
static void
test_faults(void **state)
{
    (void)state;
    for (unsigned after = 0; after < 6; after++) {
        for (int answers = 0; answers < 2; answers++) {
            zobo_client *zk = patient_client();
            zobo_party *p = party(zk, "a", after % 2);
            zobo_call *join;
            zobo_reply *who;
            if (answers)
                zobo_server_lose_replies(server, after + 1);
            else
                zobo_server_fail_requests(server, after + 1, ZOBO_ECONNECTIONLOSS);
            assert_ok(zobo_party_join_async(p, NULL, &join));
            assert_ok(get_patiently(zk, join, NULL));
            zobo_call_free(join);
            zobo_server_lose_replies(server, 0);
            zobo_server_fail_requests(server, 0, ZOBO_ECONNECTIONLOSS);
            assert_ok(zobo_party_members(p, 0, &who));
            assert_int_equal(who->n_children, 1);
            zobo_reply_free(who);
            assert_ok(zobo_party_leave(p, 0));
            assert_int_equal(children_of(look, "/p/arty"), 0);
            zobo_party_free(p);
            zobo_close(zk);
        }
    }
}

static void
test_a_join_that_is_over_leaves_nothing_behind(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    zobo_party *p = party(zk, "a", false);
    zobo_server_delay(server, 300);
    assert_err(zobo_party_join(p, 50), ZOBO_EWAITTIMEOUT);
    zobo_server_delay(server, 0);
    for (int i = 0; i < 50; i++) { /* cancelled at some step or other */
        zobo_call *join;
        assert_ok(zobo_party_join_async(p, NULL, &join));
        for (int k = 0; k < i; k++)
            sched_yield();
        zobo_call_cancel(join);
        zobo_err err = zobo_call_get(join, ZT_SOON_MS, NULL);
        assert_true(err == ZOBO_OK || err == ZOBO_ECANCELLED);
        zobo_call_free(join);
        if (!err)
            assert_ok(zobo_party_leave(p, 0));
        else
            ZT_WAIT(!zobo_party_participating(p) && children_of(look, "/p/arty") == 0);
    }
    zobo_call *first, *second; /* the one that still waits keeps what the other has given up */
    zobo_server_delay(server, 100);
    assert_ok(zobo_party_join_async(p, NULL, &first));
    assert_ok(zobo_party_join_async(p, NULL, &second));
    zobo_call_cancel(first);
    assert_err(zobo_call_get(first, 0, NULL), ZOBO_ECANCELLED);
    assert_ok(zobo_call_get(second, ZT_SOON_MS, NULL));
    zobo_server_delay(server, 0);
    zobo_call_free(first);
    zobo_call_free(second);
    assert_int_equal(children_of(look, "/p/arty"), 1);
    zobo_party_free(p);
    ZT_WAIT(children_of(look, "/p/arty") == 0);
    zobo_close(zk);
}

static void
test_what_the_server_refuses(void **state)
{
    zobo_party *p;
    (void)state;
    zobo_acl nobody = {0, "world", "anyone"};
    zobo_create_options o = {.acl = &(zobo_acl_list){&nobody, 1}};
    assert_ok(zobo_create(look, "/closed", "", 0, &o, NULL));
    assert_ok(zobo_party_new(look, "/closed", NULL, &p, NULL));
    assert_err(zobo_party_join(p, 5000), ZOBO_ENOAUTH);
    zobo_reply *who;
    assert_err(zobo_party_members(p, 5000, &who), ZOBO_ENOAUTH);
    zobo_party_free(p);
}

/* More members than the client may have requests under way, be it of a party or in a lock's line. */
static void
test_more_members_than_requests(void **state)
{
    enum { N = 40 };
    zobo_client *zk;
    zobo_lock *lock;
    zobo_reply *who;
    char path[100];
    (void)state;
    zobo_options o = zt_options(zobo_server_hosts(server), 4000);
    o.max_in_flight = 4;
    zk = zt_client_with(&o);
    assert_ok(zobo_ensure_path(look, "/p/arty", NULL));
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "/p/arty/%032d__party__", i);
        zt_put(look, path, "m");
        snprintf(path, sizeof path, "/p/arty/%032d__lock__%010d", i, i);
        zt_put(look, path, "l");
    }
    zobo_party *p = party(zk, "a", false);
    assert_ok(zobo_party_members(p, 10000, &who));
    assert_int_equal(who->n_children, N);
    zobo_reply_free(who);
    assert_ok(zobo_lock_new(zk, "/p/arty", NULL, &lock, NULL));
    zobo_call *call;
    assert_ok(zobo_lock_contenders_async(lock, &(zobo_how){.timeout_ms = 10000}, &call));
    assert_ok(zobo_call_get(call, 0, &who));
    zobo_call_free(call);
    assert_int_equal(who->n_children, N);
    zobo_reply_free(who);
    zobo_lock_free(lock);
    zobo_party_free(p);
    zobo_close(zk);
}

/* Who is a member and asks again while he cannot be one stays one, and is back when he can. */
static void
test_a_second_join_does_not_end_the_first(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    zobo_party *p = party(zk, "a", false);
    assert_ok(zobo_party_join(p, 0));
    zobo_server_refuse(server, true);
    assert_ok(zobo_server_expire(server, session_of(zk)));
    ZT_WAIT(!zobo_connected(zk));
    zobo_server_refuse(server, false);
    zobo_server_delay(server, 200);
    ZT_WAIT(!zobo_party_participating(p));
    assert_err(zobo_party_join(p, 1), ZOBO_EWAITTIMEOUT);
    zobo_server_delay(server, 0);
    ZT_WAIT(zobo_party_participating(p) && children_of(look, "/p/arty") == 1);
    zobo_party_free(p);
    zobo_close(zk);
}

static void
test_without_a_connection(void **state)
{
    zobo_client *zk;
    (void)state;
    zobo_options o = zt_options(zobo_server_hosts(server), 4000);
    assert_ok(zobo_new(&o, &zk, NULL));
    zobo_party *p = party(zk, "a", false);
    assert_err(zobo_party_join(p, 1000), ZOBO_ENOTSTARTED);
    assert_ok(zobo_start(zk, 0, NULL));
    assert_true(children_of(look, "/p/arty") <= 0);
    assert_ok(zobo_party_join(p, 1000));
    assert_ok(zobo_stop(zk));
    assert_false(zobo_party_participating(p));
    assert_int_equal(children_of(look, "/p/arty"), 0);
    assert_ok(zobo_start(zk, 0, NULL)); /* the client is back, and so is the member */
    ZT_WAIT(children_of(look, "/p/arty") == 1);
    zobo_party_free(p);
    zobo_close(zk);
}

enum { MANY = 30 };

static void
test_many_clients(void **state)
{
    zobo_client *zk[MANY];
    zobo_party *p[MANY];
    zobo_call *calls[MANY];
    zobo_reply *who;
    (void)state;
    for (int i = 0; i < MANY; i++) {
        char name[20];
        snprintf(name, sizeof name, "m%d", i);
        zk[i] = brief_client();
        p[i] = party(zk[i], name, i % 2);
        assert_ok(zobo_party_join_async(p[i], NULL, &calls[i]));
    }
    for (int i = 0; i < MANY; i++) {
        assert_ok(zobo_call_get(calls[i], ZT_SOON_MS, NULL));
        zobo_call_free(calls[i]);
    }
    for (int i = 0; i < MANY; i += 3)
        assert_ok(zobo_server_expire(server, session_of(zk[i])));
    for (int i = 0; i < MANY; i++)
        ZT_WAIT(zobo_party_participating(p[i]) && zobo_connected(zk[i]));
    ZT_WAIT(children_of(look, "/p/arty") == MANY);
    assert_ok(zobo_party_members(p[1], 0, &who));
    assert_int_equal(who->n_children, MANY);
    zobo_reply_free(who);
    for (int i = 0; i < MANY; i++) {
        zobo_party_free(p[i]);
        zobo_close(zk[i]);
    }
    ZT_WAIT(children_of(look, "/p/arty") == 0);
}

/* --- in callbacks and in event loops --- */

typedef struct told {
    pthread_mutex_t lock;
    char text[400];
    bool free_it; /* when PRESENT is told */
    int n;
} told;

static void
note(void *arg, zobo_party *party, zobo_presence presence, zobo_err err)
{
    told *t = arg;
    pthread_mutex_lock(&t->lock);
    size_t n = strlen(t->text);
    snprintf(t->text + n, sizeof t->text - n, "%s%s ", zobo_presence_name(presence), err ? "!" : "");
    t->n++;
    zobo_party *p = presence == ZOBO_PRESENCE_PRESENT && t->free_it ? party : NULL;
    pthread_mutex_unlock(&t->lock);
    if (p) {
        zobo_reply *who;
        if (zobo_party_members(p, 0, &who) == ZOBO_OK && who->n_children == 1)
            zobo_party_free(p);
        zobo_reply_free(who);
    }
}

static int
told_n(told *t)
{
    pthread_mutex_lock(&t->lock);
    int n = t->n;
    pthread_mutex_unlock(&t->lock);
    return n;
}

static void
test_listener(void **state)
{
    told t = {.lock = PTHREAD_MUTEX_INITIALIZER}, f = {.lock = PTHREAD_MUTEX_INITIALIZER};
    zobo_party *p;
    (void)state;
    zobo_client *zk = brief_client();
    assert_ok(zobo_party_new(zk, "/p/arty", &(zobo_party_options){.changed = note, .changed_arg = &t}, &p, NULL));
    assert_ok(zobo_party_join(p, 0));
    ZT_WAIT(told_n(&t) == 1);
    expire(zk);
    ZT_WAIT(told_n(&t) == 3);
    assert_ok(zobo_party_leave(p, 0));
    ZT_WAIT(told_n(&t) == 4);
    /* The server may say that the node is gone before it is known that the session is. */
    if (strcmp(t.text, "PRESENT ABSENT PRESENT ABSENT ") != 0)
        assert_string_equal(t.text, "PRESENT ABSENT! PRESENT ABSENT ");
    zobo_party_free(p);
    /* Freed in its own callback, after blocking calls in it. */
    assert_ok(zobo_party_new(zk, "/p/arty", &(zobo_party_options){.changed = note, .changed_arg = &f}, &p, NULL));
    f.free_it = true;
    zobo_call *join;
    assert_ok(zobo_party_join_async(p, NULL, &join));
    assert_ok(zobo_call_get(join, ZT_SOON_MS, NULL));
    zobo_call_free(join);
    ZT_WAIT(told_n(&f) == 1 && children_of(look, "/p/arty") == 0);
    zobo_close(zk);
}

static void
test_event_loop(void **state)
{
    zobo_client *zk;
    zobo_call *join;
    told t = {.lock = PTHREAD_MUTEX_INITIALIZER};
    zobo_party *p;
    (void)state;
    zobo_options o = zt_options(zobo_server_hosts(server), 4000);
    o.event_loop = true;
    assert_ok(zobo_new(&o, &zk, NULL));
    assert_ok(zobo_start_async(zk));
    assert_ok(zobo_party_new(zk, "/p/arty", &(zobo_party_options){.changed = note, .changed_arg = &t}, &p, NULL));
    assert_ok(zobo_party_join_async(p, NULL, &join));
    while (!zobo_call_done(join) || !told_n(&t))
        assert_ok(zobo_process(zk));
    assert_ok(zobo_call_get(join, 0, NULL));
    zobo_call_free(join);
    assert_int_equal(children_of(look, "/p/arty"), 1);
    assert_ok(zobo_party_leave(p, 0)); /* blocking verbs drive the loop themselves */
    assert_ok(zobo_party_join(p, 0));
    zobo_party_free(p);
    while (children_of(look, "/p/arty") != 0)
        assert_ok(zobo_process(zk));
    zobo_close(zk);
}

static void
test_ten_thousand_lives(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    for (int i = 0; i < 10000; i++) {
        zobo_party *p = party(zk, "a", i % 2);
        zobo_call *join = NULL;
        if (i % 3 == 0)
            assert_ok(zobo_party_join_async(p, NULL, &join));
        zobo_party_free(p);
        if (join) {
            zobo_err err = zobo_call_get(join, ZT_SOON_MS, NULL);
            assert_true(err == ZOBO_ECANCELLED || err == ZOBO_OK);
            zobo_call_free(join);
        }
    }
    ZT_WAIT(children_of(look, "/p/arty") == 0);
    zobo_close(zk);
}

/* The n-th allocation fails, for every n: no crash, no leak, and what has succeeded is so. */
static void
test_no_memory(void **state)
{
    (void)state;
    for (long n = 0; n < 60; n++) {
        zobo_client *zk = brief_client();
        zobo_party *p = NULL;
        zb_mem_fail_after(n, 0);
        zobo_err err = zobo_party_new(zk, "/p/arty", NULL, &p, NULL);
        if (!err)
            err = zobo_party_join(p, 2000);
        zb_mem_fail_after(-1, 0);
        if (!err && (!zobo_party_participating(p) || children_of(look, "/p/arty") != 1))
            fail_msg("joined, but not there, when allocation %ld failed", n);
        zobo_party_free(p);
        ZT_WAIT(children_of(look, "/p/arty") <= 0);
        zobo_close(zk);
    }
}

#define staged(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        staged(test_party),
        staged(test_shallow_party),
        staged(test_layout),
        staged(test_what_new_refuses),
        staged(test_rejoins_after_the_loss_of_the_session),
        staged(test_faults),
        staged(test_a_join_that_is_over_leaves_nothing_behind),
        staged(test_what_the_server_refuses),
        staged(test_more_members_than_requests),
        staged(test_a_second_join_does_not_end_the_first),
        staged(test_without_a_connection),
        staged(test_many_clients),
        staged(test_listener),
        staged(test_event_loop),
        staged(test_ten_thousand_lives),
        staged(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
