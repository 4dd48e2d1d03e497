/* SPDX-License-Identifier: Apache-2.0 */
/* TreeCache: always compared with the server's tree, and with what its listener made of the events. */
#include "mirror.h"

static void
follows_the_tree(void **state)
{
    (void)state;
    zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){0}); /* a missing root is a state */
    zobo_reply *reply;
    assert_err(zobo_tree_cache_exists(cache, "/r", NULL), ZOBO_ENONODE);
    UNTIL(log_is(" INITIALIZED"));
    zt_put(other, "/r", "root");
    UNTIL(log_is(" INITIALIZED ADDED:/r"));
    zt_put(other, "/r/a", "1");
    UNTIL(log_is(" INITIALIZED ADDED:/r ADDED:/r/a"));
    zt_put(other, "/r/a", "2");
    UNTIL(log_is(" INITIALIZED ADDED:/r ADDED:/r/a UPDATED:/r/a"));
    assert_ok(zobo_tree_cache_get_data(cache, "/r/a", &reply));
    assert_string_equal(reply->data, "2");
    assert_int_equal(reply->stat.version, 1);
    zobo_reply_free(reply);
    assert_ok(zobo_create(other, "/r/b", NULL, 0, NULL, NULL));
    zt_put(other, "/r/a/x", "");
    check_equal(cache);
    assert_ok(zobo_tree_cache_get_data(cache, "/r/b", &reply));
    assert_null(reply->data);
    zobo_reply_free(reply);
    assert_ok(zobo_tree_cache_get_data(cache, "/r/a/x", &reply));
    assert_non_null(reply->data);
    assert_int_equal(reply->data_len, 0);
    zobo_reply_free(reply);
    assert_ok(zobo_tree_cache_get_children(cache, "/r", &reply));
    assert_int_equal(reply->n_children, 2);
    assert_string_equal(reply->children[0], "a");
    assert_string_equal(reply->children[1], "b");
    zobo_reply_free(reply);
    assert_err(zobo_tree_cache_get_data(cache, "/rabbit", &reply), ZOBO_EINVAL);
    assert_err(zobo_tree_cache_get_data(cache, "/", &reply), ZOBO_EINVAL);
    assert_err(zobo_tree_cache_get_data(cache, "/r/", &reply), ZOBO_EBADPATH);
    assert_err(zobo_tree_cache_get_children(cache, "r", &reply), ZOBO_EBADPATH);
    assert_err(zobo_tree_cache_get_data(cache, "/r/none", &reply), ZOBO_ENONODE);
    assert_null(reply);
    forget_log();
    assert_ok(zobo_delete_recursive(other, "/r", NULL));
    UNTIL(told(ZOBO_TREE_REMOVED) == 4);
    check_equal(cache);
    zt_put(other, "/r", "again");
    check_equal(cache);
    free_and_look(cache);
}

/* A snapshot stays, whatever happens to the tree, and to the cache. */
static void
snapshots_stay(void **state)
{
    (void)state;
    zt_put(other, "/r", "root");
    plant("/r", 3, 2);
    zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){0});
    zobo_tree_snapshot *s = zobo_tree_cache_snapshot(cache);
    zobo_tree_node node;
    assert_int_equal(zobo_tree_snapshot_size(s), 13);
    assert_ok(zobo_delete_recursive(other, "/r", NULL));
    check_equal(cache);
    assert_err(zobo_tree_cache_exists(cache, "/r/c0", NULL), ZOBO_ENONODE);
    free_and_look(cache);
    assert_ok(zobo_tree_snapshot_get(s, "/r/c1/b2", &node));
    assert_string_equal(node.data, "c1/b2");
    assert_string_equal(node.name, "b2");
    assert_ok(zobo_tree_snapshot_get(s, "/r", &node));
    assert_string_equal(node.name, "r");
    assert_int_equal(node.n_children, 3);
    assert_ok(zobo_tree_snapshot_child(s, "/r", 2, &node));
    assert_string_equal(node.name, "c2");
    assert_err(zobo_tree_snapshot_child(s, "/r", 3, &node), ZOBO_ENONODE);
    assert_err(zobo_tree_snapshot_child(s, "/x", 0, &node), ZOBO_EINVAL);
    zobo_tree_snapshot_free(s);
}

static void
options(void **state)
{
    (void)state;
    zobo_tree_cache *cache;
    zobo_tree_node node;
    zobo_reply *reply;
    zt_put(other, "/r", "root");
    plant("/r", 3, 3);
    cache = started("/r", (zobo_tree_cache_options){.max_depth = 1});
    zobo_tree_snapshot *s = zobo_tree_cache_snapshot(cache);
    assert_int_equal(zobo_tree_snapshot_size(s), 4);
    zobo_tree_snapshot_free(s);
    zt_put(other, "/r/d0/new", "deeper than that");
    zt_put(other, "/r/near", "x");
    UNTIL(zobo_tree_cache_exists(cache, "/r/near", NULL) == ZOBO_OK);
    assert_err(zobo_tree_cache_exists(cache, "/r/d0/new", NULL), ZOBO_ENONODE);
    drop_connection();
    assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
    assert_int_equal(info_of(cache).nodes, 5);
    free_and_look(cache);

    cache = started("/r", (zobo_tree_cache_options){.no_data = true});
    assert_int_equal(info_of(cache).nodes, 42);
    assert_int_equal(info_of(cache).reads, 0);
    assert_ok(zobo_tree_cache_get_data(cache, "/r/d0", &reply));
    assert_null(reply->data);
    assert_true(reply->has_stat);
    int32_t version = reply->stat.version;
    zobo_reply_free(reply);
    UNTIL(is_mirrored(cache));
    size_t before = told(ZOBO_TREE_UPDATED);
    zt_put(other, "/r/d0", "set");
    UNTIL(told(ZOBO_TREE_UPDATED) == before + 1);
    zobo_stat stat;
    assert_ok(zobo_tree_cache_exists(cache, "/r/d0", &stat));
    assert_int_equal(stat.version, version + 1);
    assert_ok(zobo_delete_recursive(other, "/r/d1", NULL));
    UNTIL(info_of(cache).nodes == 29);
    free_and_look(cache);

    zt_put(other, "/r/d0", "0123456789");
    cache = started("/r", (zobo_tree_cache_options){.max_data_bytes = 9});
    s = zobo_tree_cache_snapshot(cache);
    assert_ok(zobo_tree_snapshot_get(s, "/r/d0", &node));
    assert_err(node.err, ZOBO_ETOOBIG);
    assert_null(node.data);
    assert_int_equal(node.stat->data_length, 10);
    zobo_tree_snapshot_free(s);
    assert_err(zobo_tree_cache_get_data(cache, "/r/d0", &reply), ZOBO_ETOOBIG);
    zt_put(other, "/r/d0", "012345678");
    UNTIL(zobo_tree_cache_get_data(cache, "/r/d0", &reply) == ZOBO_OK);
    zobo_reply_free(reply);
    free_and_look(cache);

    cache = started("/r", (zobo_tree_cache_options){.max_nodes = 10});
    UNTIL(told(ZOBO_TREE_FULL) == 1);
    assert_int_equal(info_of(cache).nodes, 10);
    assert_true(info_of(cache).left_out > 0);
    free_and_look(cache);
    assert_err(zobo_tree_cache_new(c, "/r", &(zobo_tree_cache_options){.max_depth = 256}, &cache, NULL),
               ZOBO_EBADOPTION);
    assert_err(zobo_tree_cache_new(c, "r", NULL, &cache, NULL), ZOBO_EBADPATH);
    assert_null(cache);
    zobo_tree_cache_free(NULL);
}

static bool
no_d1(void *arg, const char *path)
{
    ++*(int *)arg;
    return strcmp(path, "/r/d1") != 0 && strstr(path, "secret") == NULL;
}

static void
a_filter(void **state)
{
    (void)state;
    int asked = 0;
    zt_put(other, "/r", "root");
    plant("/r", 3, 3);
    zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){.filter = no_d1, .filter_arg = &asked});
    assert_int_equal(info_of(cache).nodes, 40 - 13);
    assert_err(zobo_tree_cache_exists(cache, "/r/d1/c0", NULL), ZOBO_ENONODE);
    zt_put(other, "/r/d1/c0", "changed");
    zt_put(other, "/r/d0/secret", "x");
    zt_put(other, "/r/d0/secret/child", "x");
    zt_put(other, "/r/d0/open", "x");
    UNTIL(zobo_tree_cache_exists(cache, "/r/d0/open", NULL) == ZOBO_OK);
    assert_int_equal(info_of(cache).nodes, 28);
    drop_connection();
    assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
    assert_int_equal(info_of(cache).nodes, 28);
    free_and_look(cache);
}

static void
nodes_that_may_not_be_read(void **state)
{
    (void)state;
    zobo_acl nobody = {ZOBO_PERM_ALL & ~ZOBO_PERM_READ, "world", "anyone"};
    zobo_acl_list closed = {&nobody, 1};
    zobo_create_options o = {.acl = &closed};
    zobo_tree_node node;
    zobo_reply *reply;
    zt_put(other, "/r", "root");
    assert_ok(zobo_create(other, "/r/closed", "x", 1, &o, NULL));
    zt_put(other, "/r/closed/in", "x");
    zt_put(other, "/r/open", "x");
    zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){0});
    zobo_tree_snapshot *s = zobo_tree_cache_snapshot(cache);
    assert_ok(zobo_tree_snapshot_get(s, "/r/closed", &node));
    assert_err(node.err, ZOBO_ENOAUTH);
    assert_null(node.data);
    assert_null(node.stat);
    assert_int_equal(node.n_children, 0);
    zobo_tree_snapshot_free(s);
    assert_err(zobo_tree_cache_get_data(cache, "/r/closed", &reply), ZOBO_ENOAUTH);
    assert_ok(zobo_set_acls(other, "/r/closed", zobo_open_acl(), -1, NULL));
    zt_put(other, "/r/closed", "y");
    check_equal(cache);
    assert_ok(zobo_tree_cache_exists(cache, "/r/closed/in", NULL));
    free_and_look(cache);
}

/* Gives every node below path data of `len` bytes. */
static void
fatten(const char *path, size_t len)
{
    static char data[1000];
    zobo_reply *kids;
    memset(data, 'x', sizeof data);
    assert_ok(zobo_get_children(other, path, NULL, &kids));
    for (size_t i = 0; i < kids->n_children; i++) {
        char child[PATH];
        int n_child = snprintf(child, sizeof child, "%s/%s", path, kids->children[i]);
        assert_true(n_child > 0 && n_child < (int)sizeof child);
        assert_ok(zobo_set(other, child, data, len, -1, NULL));
        fatten(child, len);
    }
    zobo_reply_free(kids);
}

/* After a reconnect each node is compared, in few requests, or if data are long without reading them; and if nothing
 * has happened, it is one request. */
static void
a_reconnect_costs_what_has_changed(void **state)
{
    (void)state;
    zt_put(other, "/r", "root");
    plant("/r", 10, 3); /* 1111 */
    for (int fat = 0; fat < 2; fat++) {
        if (fat)
            fatten("/r", 500);
        zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){0});
        check_equal(cache);
        UNTIL(told(ZOBO_TREE_INITIALIZED) == 1);
        zobo_tree_cache_info before = info_of(cache);
        uint64_t nodes = before.nodes;
        assert_int_equal(before.reads, nodes);
        assert_in_range(before.lists, 111 - 2, 111);
        assert_in_range(before.requests, 4, 10);
        forget_log();
        drop_connection();
        assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
        zobo_tree_cache_info after = info_of(cache);
        assert_int_equal(after.requests - before.requests, 1);
        assert_int_equal(after.reads, before.reads);
        UNTIL(log_is(" SUSPENDED RECONNECTED"));
        before = after;
        zobo_server_refuse(server, true);
        assert_ok(zobo_server_drop(server, session_of(c)));
        UNTIL(!zobo_connected(c));
        zt_put(other, "/r/d3/c4/b5", "changed");
        zt_put(other, fat ? "/r/d4/c4/newer" : "/r/d4/c4/new", "new");
        assert_ok(zobo_delete(other, fat ? "/r/d5/c5/b4" : "/r/d5/c5/b5", -1));
        assert_ok(zobo_delete_recursive(other, fat ? "/r/d6/c5" : "/r/d6/c6", NULL));
        zobo_server_refuse(server, false);
        UNTIL(zobo_connected(c));
        assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
        after = info_of(cache);
        if (fat) {
            assert_in_range(after.reads - before.reads, 2, 20); /* the root is small; what is new, and what is gone */
            assert_in_range(after.lists - before.lists, 1050, 1130);
        } else {
            assert_in_range(after.reads - before.reads, 1050, 1130);
            assert_in_range(after.lists - before.lists, 1, 20); /* where children came or went */
            assert_in_range(after.requests - before.requests, 4, 20);
        }
        check_equal(cache);
        UNTIL(told(ZOBO_TREE_RECONNECTED) == 2);
        assert_int_equal(told(ZOBO_TREE_UPDATED), 1);
        assert_int_equal(told(ZOBO_TREE_REMOVED), 12);
        assert_int_equal(told(ZOBO_TREE_INITIALIZED), 1);
        free_and_look(cache);
    }
}

static void
over_sessions_and_stop(void **state)
{
    (void)state;
    zt_put(other, "/r", "root");
    plant("/r", 4, 2);
    zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){0});
    check_equal(cache);
    expire_session();
    zt_put(other, "/r/c0", "after");
    check_equal(cache);
    UNTIL(told(ZOBO_TREE_LOST) == 1 && told(ZOBO_TREE_RECONNECTED) == 1);
    assert_ok(zobo_stop(c));
    assert_false(info_of(cache).current);
    assert_ok(zobo_tree_cache_exists(cache, "/r/c0", NULL)); /* what there is can be read */
    zt_put(other, "/r/c0", "stopped");
    assert_ok(zobo_delete_recursive(other, "/r/c1", NULL));
    assert_ok(zobo_start(c, 0, NULL));
    assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
    check_equal(cache);
    zt_put(other, "/r/c0", "started");
    check_equal(cache);
    UNTIL(told(ZOBO_TREE_RECONNECTED) == 2);
    assert_int_equal(told(ZOBO_TREE_INITIALIZED), 1);
    free_and_look(cache);
}

static void
starting(void **state)
{
    (void)state;
    zobo_tree_cache *cache = cache_of("/r", (zobo_tree_cache_options){0});
    zt_put(other, "/r", "root");
    assert_err(zobo_tree_cache_exists(cache, "/r", NULL), ZOBO_ENONODE); /* not begun */
    assert_ok(zobo_stop(c));
    assert_err(zobo_tree_cache_wait(cache, 0), ZOBO_ENOTSTARTED); /* the cache; and now the client: */
    assert_ok(zobo_tree_cache_start(cache));
    assert_err(zobo_tree_cache_start(cache), ZOBO_EALREADY);
    assert_err(zobo_tree_cache_wait(cache, ZT_SOON_MS), ZOBO_ENOTSTARTED);
    zobo_server_delay(server, 100); /* before the client is up: a cache that was started begins by itself then */
    assert_ok(zobo_start(c, 0, NULL));
    assert_err(zobo_tree_cache_wait(cache, 20), ZOBO_EWAITTIMEOUT); /* goes on */
    zobo_server_delay(server, 0);
    assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
    assert_ok(zobo_tree_cache_wait(cache, 0));
    assert_ok(zobo_tree_cache_exists(cache, "/r", NULL));
    free_and_look(cache);
    cache = cache_of("/r", (zobo_tree_cache_options){0});
    zobo_server_fail_requests(server, 1, ZOBO_EUNIMPLEMENTED);
    assert_ok(zobo_tree_cache_start(cache));
    assert_err(zobo_tree_cache_wait(cache, ZT_SOON_MS), ZOBO_EUNIMPLEMENTED);
    assert_err(zobo_tree_cache_wait(cache, ZT_SOON_MS), ZOBO_EUNIMPLEMENTED);
    UNTIL(log_is(" FAILED"));
    free_and_look(cache);
}

static void
roots(void **state)
{
    (void)state;
    zt_put(other, "/r", "root");
    zt_put(other, "/r/a", "1");
    zobo_tree_cache *cache = started("/", (zobo_tree_cache_options){0}); /* with /zookeeper */
    assert_ok(zobo_tree_cache_exists(cache, "/r/a", NULL));
    assert_ok(zobo_tree_cache_exists(cache, "/", NULL));
    zt_put(other, "/new", "1");
    UNTIL(is_equal(cache, "/"));
    UNTIL(is_mirrored(cache));
    free_and_look(cache);
    char hosts[128];
    (void)snprintf(hosts, sizeof hosts, "%s/r", zobo_server_hosts(server));
    zobo_options o = zt_options(hosts, 10000);
    zobo_client *rooted = zt_client_with(&o);
    assert_ok(zobo_tree_cache_new(rooted, "/a", NULL, &cache, NULL));
    assert_ok(zobo_tree_cache_start(cache));
    assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
    zt_put(other, "/r/a/b", "1");
    UNTIL(zobo_tree_cache_exists(cache, "/a/b", NULL) == ZOBO_OK);
    zobo_tree_cache_free(cache);
    zobo_close(rooted);
}

/* Updated, then deleted, while the listener is slow: the deletion is what it hears of. */
static void
a_slow_listener(void **state)
{
    (void)state;
    if (on_loop)
        return;
    zt_put(other, "/r", "root");
    zt_put(other, "/r/a", "1");
    zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){0});
    UNTIL(log_is(" ADDED:/r ADDED:/r/a INITIALIZED"));
    pthread_mutex_lock(&m.gate);
    forget_log();
    zt_put(other, "/r/first", "1"); /* the listener waits with this one */
    UNTIL(zobo_tree_cache_exists(cache, "/r/first", NULL) == ZOBO_OK);
    for (int i = 0; i < 200; i++) {
        zt_put(other, "/r/a", "2");
        zt_put(other, "/r/b", "1");
        assert_ok(zobo_delete(other, "/r/b", -1));
    }
    assert_ok(zobo_delete(other, "/r/a", -1));
    zt_put(other, "/r/last", "1");
    UNTIL(is_equal(cache, "/r"));
    pthread_mutex_unlock(&m.gate);
    check_equal(cache);
    assert_true(told(ZOBO_TREE_UPDATED) <= 1);
    assert_int_equal(told(ZOBO_TREE_REMOVED), 1);
    free_and_look(cache);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        both_ways(follows_the_tree),
        both_ways(snapshots_stay),
        both_ways(options),
        both_ways(a_filter),
        both_ways(nodes_that_may_not_be_read),
        both_ways(a_reconnect_costs_what_has_changed),
        both_ways(over_sessions_and_stop),
        both_ways(starting),
        both_ways(roots),
        both_ways(a_slow_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
