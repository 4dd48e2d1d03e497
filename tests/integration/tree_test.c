/* SPDX-License-Identifier: Apache-2.0 */
/* Many nodes and deep ones: makepath, ensure_path, recursive deletion, chroots that are not there yet. */
#include "support/one_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "support/record.h"

static void
test_ensure_path(void **state)
{
    (void)state;
    assert_ok(zobo_ensure_path(zc, in_home("/a/b/c/d"), NULL));
    assert_ok(zobo_exists(zc, in_home("/a/b/c/d"), NULL, NULL));
    assert_ok(zobo_ensure_path(zc, in_home("/a/b/c/d"), NULL)); /* that it is there is success */
    assert_ok(zobo_ensure_path(zc, in_home("/a/b"), NULL));
    assert_ok(zobo_ensure_path(zc, "/", NULL));
    zobo_reply *r;
    assert_ok(zobo_get(zc, in_home("/a/b"), NULL, &r));
    assert_non_null(r->data); /* empty, not null */
    assert_int_equal(r->data_len, 0);
    zobo_reply_free(r);
    zobo_call *call;
    assert_ok(zobo_ensure_path_async(zc, in_home("/x/y/z"), NULL, NULL, &call));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &r));
    assert_string_equal(r->path, in_home("/x/y/z"));
    zobo_reply_free(r);
    zobo_call_free(call);
    assert_ok(zobo_create(zc, in_home("/e"), "", 0, &(zobo_create_options){.ephemeral = true}, NULL));
    assert_err(zobo_ensure_path(zc, in_home("/e/below"), NULL), ZOBO_ENOCHILDRENFOREPHEMERALS);
    assert_ok(zobo_ensure_path(zc, in_home("/acl"), NULL));
    assert_ok(zobo_ensure_path(zc, in_home("/acl/p"), zobo_read_acl()));
    assert_err(zobo_create(zc, in_home("/acl/p/q"), "", 0, NULL, NULL), ZOBO_ENOAUTH);
    assert_err(zobo_ensure_path(zc, in_home("/acl/p/q"), NULL), ZOBO_ENOAUTH);
}

static void
test_ensure_path_without_rights_above(void **state)
{
    (void)state;
    /* It climbs only as far as needed. */
    zobo_acl locked = {ZOBO_PERM_READ, "world", "anyone"};
    zobo_acl_list acl = {&locked, 1};
    assert_ok(zobo_ensure_path(zc, in_home("/locked/open"), NULL));
    assert_ok(zobo_set_acls(zc, in_home("/locked"), &acl, -1, NULL));
    assert_ok(zobo_ensure_path(zc, in_home("/locked/open/x/y"), NULL));
}

static void
test_makepath(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_create_options o = {.makepath = true};
    assert_ok(zobo_create(zc, in_home("/a/b/c"), "leaf", 4, &o, &r));
    assert_string_equal(r->path, in_home("/a/b/c"));
    zobo_reply_free(r);
    assert_ok(zobo_create(zc, in_home("/a/b/d"), "leaf", 4, &o, NULL)); /* the parents are there */
    assert_err(zobo_create(zc, in_home("/a/b/c"), "leaf", 4, &o, NULL), ZOBO_ENODEEXISTS);
    o.ephemeral = o.sequence = o.include_stat = true;
    assert_ok(zobo_create(zc, in_home("/m/n/e-"), "leaf", 4, &o, &r));
    assert_string_equal(r->path, in_home("/m/n/e-0000000000"));
    assert_true(r->stat.ephemeral_owner != 0);
    zobo_reply_free(r);
    zobo_stat stat;
    assert_ok(zobo_exists(zc, in_home("/m/n"), NULL, &stat));
    assert_int_equal(stat.ephemeral_owner, 0);
    assert_ok(zobo_create(zc, in_home("/m/n/o/p/q"), "", 0, &(zobo_create_options){.makepath = true}, NULL));
}

static void *
make_below(void *arg)
{
    atomic_int *failures = arg;
    for (int i = 0; i < 50; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/race/p%d/q%d/r%lx", home, i % 5, i % 7,
                 (unsigned long)pthread_self() + (unsigned)i);
        if (zobo_create(zc, name, "", 0, &(zobo_create_options){.makepath = true}, NULL))
            atomic_fetch_add(failures, 1);
    }
    return NULL;
}

static void
test_makepath_from_many_threads(void **state)
{
    (void)state;
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    atomic_int failures = 0;
    int32_t count;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_below, &failures), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(failures, 0);
    assert_ok(zobo_get_all_children_number(zc, in_home("/race"), &count));
    assert_int_equal(count, THREADS * 50 + 5 + 35);
}

static void
test_missing_chroot(void **state)
{
    (void)state;
    zobo_client *c = zt_client(hosts_under("/not/there/yet"), 10000);
    zobo_reply *r;
    assert_err(zobo_create(c, "/x", "", 0, NULL, NULL), ZOBO_ENONODE);
    assert_ok(zobo_create(c, "/x/y", "", 0, &(zobo_create_options){.makepath = true}, &r));
    assert_string_equal(r->path, "/x/y");
    zobo_reply_free(r);
    zobo_close(c);
    assert_ok(zobo_exists(zc, in_home("/not/there/yet/x/y"), NULL, NULL));
    c = zt_client(hosts_under("/nor/that/one"), 10000);
    assert_ok(zobo_ensure_path(c, "/", NULL)); /* as deep as it may be */
    assert_ok(zobo_create(c, "/x", "", 0, NULL, NULL));
    assert_ok(zobo_get_children(c, "/", NULL, &r));
    assert_int_equal(r->n_children, 1);
    zobo_reply_free(r);
    zobo_close(c);
    c = zt_client(hosts_under("/or/this"), 10000);
    assert_ok(zobo_ensure_path(c, "/a/b", NULL));
    zobo_close(c);
    assert_ok(zobo_exists(zc, in_home("/or/this/a/b"), NULL, NULL));
}

enum { NODES = 10000 };

/* 100 nodes with 99 children each. */
static void
plant(zobo_client *c, const char *top, zt_calls *calls)
{
    assert_ok(zobo_create(c, top, "", 0, NULL, NULL));
    for (int i = 0; i < NODES; i++) {
        char name[96];
        if (i % 100 == 0)
            snprintf(name, sizeof name, "%s/n%d", top, i / 100);
        else
            snprintf(name, sizeof name, "%s/n%d/m%d", top, i / 100, i);
        zobo_how how = zt_calls_how(calls);
        assert_ok(zobo_create_async(c, name, "", 0, NULL, &how, NULL));
    }
    assert_true(zt_calls_wait(calls, 3 * ZT_SOON_MS));
    assert_int_equal(zt_calls_count(calls, ZOBO_OK), NODES);
}

static void
test_delete_recursive(void **state)
{
    (void)state;
    zt_calls calls;
    int32_t count;
    zt_calls_init(&calls, NODES);
    plant(zc, in_home("/top"), &calls);
    assert_ok(zobo_get_all_children_number(zc, in_home("/top"), &count));
    assert_int_equal(count, NODES);
    uint64_t from = zt_now_ms();
    assert_ok(zobo_delete_recursive(zc, in_home("/top"), NULL));
    print_message("%d nodes removed in %u ms\n", NODES + 1, (unsigned)(zt_now_ms() - from));
    assert_err(zobo_exists(zc, in_home("/top"), NULL, NULL), ZOBO_ENONODE);
    assert_err(zobo_delete_recursive(zc, in_home("/top"), NULL), ZOBO_ENONODE);
    zt_calls_destroy(&calls);
    zt_put(zc, in_home("/leaf"), "");
    assert_ok(zobo_delete_recursive(zc, in_home("/leaf"), NULL));
    assert_ok(zobo_ensure_path(zc, in_home("/d/e/e/p/e/r"), NULL));
    zobo_call *call;
    assert_ok(zobo_delete_recursive_async(zc, in_home("/d"), NULL, &call));
    zobo_reply *r;
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &r));
    assert_true(r->zxid > 0); /* an empty reply is one */
    zobo_reply_free(r);
    zobo_call_free(call);
    assert_err(zobo_exists(zc, in_home("/d"), NULL, NULL), ZOBO_ENONODE);
}

static void *
delete_it(void *arg)
{
    zobo_client *c = zt_client(zk.hosts, 10000);
    zobo_err *err = arg;
    char top[64];
    snprintf(top, sizeof top, "%s/top", home);
    *err = zobo_delete_recursive(c, top, NULL);
    zobo_close(c);
    return NULL;
}

static void
test_delete_recursive_by_two(void **state)
{
    (void)state;
    /* Nodes vanish under its hands: no error, but for the top itself. */
    zt_calls calls;
    zt_calls_init(&calls, NODES);
    plant(zc, in_home("/top"), &calls);
    pthread_t threads[2];
    zobo_err errs[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, delete_it, &errs[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_true(errs[0] == ZOBO_OK || errs[0] == ZOBO_ENONODE);
    assert_true(errs[1] == ZOBO_OK || errs[1] == ZOBO_ENONODE);
    assert_err(zobo_exists(zc, in_home("/top"), NULL, NULL), ZOBO_ENONODE);
    zt_calls_destroy(&calls);
}

static void
test_delete_recursive_stops_at_what_it_may_not(void **state)
{
    (void)state;
    zobo_acl keep = {ZOBO_PERM_READ, "world", "anyone"};
    zobo_acl_list acl = {&keep, 1};
    assert_ok(zobo_ensure_path(zc, in_home("/t/kept/child"), NULL));
    assert_ok(zobo_set_acls(zc, in_home("/t/kept"), &acl, -1, NULL));
    zobo_problem why;
    assert_err(zobo_delete_recursive(zc, in_home("/t"), &why), ZOBO_ENOAUTH);
    assert_string_equal(why.text, in_home("/t/kept/child: the node's ACL does not permit this"));
    assert_ok(zobo_exists(zc, in_home("/t/kept/child"), NULL, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        home_test(test_ensure_path),
        home_test(test_ensure_path_without_rights_above),
        home_test(test_makepath),
        home_test(test_makepath_from_many_threads),
        home_test(test_missing_chroot),
        home_test(test_delete_recursive),
        home_test(test_delete_recursive_by_two),
        home_test(test_delete_recursive_stops_at_what_it_may_not),
    };
    return run_on_one_server(tests);
}
