/* SPDX-License-Identifier: Apache-2.0 */
/* TreeCache: always compared with the server's tree, and with what its listener made of the events. */
#include "watching.h"

#include <zobo/cache.h>

#include "base/rng.h"

/* ---- a listener that keeps a copy of its own from the events alone ---- */

enum { MAX_NODES = 4096, PATH = 64 };

typedef struct mirror {
    pthread_mutex_t lock;
    pthread_mutex_t gate; /* held by the test: the listener waits */
    struct {
        char path[PATH];
        char data[32];
        int64_t czxid, mzxid;
    } nodes[MAX_NODES];
    size_t n;
    size_t count[16]; /* by type */
    char wrong[256];  /* the first event that made no sense */
    char log[4096];   /* what is not about nodes, and the first that are */
    bool free_it;
    size_t events;
} mirror;

static mirror m;

static long
mirror_find(const char *path)
{
    for (size_t i = 0; i < m.n; i++) {
        if (strcmp(m.nodes[i].path, path) == 0)
            return (long)i;
    }
    return -1;
}

static void
complain(const char *what, const zobo_tree_event *event)
{
    if (!m.wrong[0])
        (void)snprintf(m.wrong, sizeof m.wrong, "%s: %s %s", what, zobo_tree_event_name(event->type),
                       event->path ? event->path : "");
}

static void
set_node(long i, const zobo_tree_event *event)
{
    (void)snprintf(m.nodes[i].path, PATH, "%s", event->path);
    (void)snprintf(m.nodes[i].data, sizeof m.nodes[i].data, "%s",
                   event->node->data ? (const char *)event->node->data : "NULL");
    m.nodes[i].czxid = event->node->stat ? event->node->stat->czxid : 0;
    m.nodes[i].mzxid = event->node->stat ? event->node->stat->mzxid : 0;
}

static void
node_event(const zobo_tree_event *event, const char *root)
{
    long at = mirror_find(event->path);
    char parent[PATH];
    (void)snprintf(parent, sizeof parent, "%s", event->path);
    char *slash = strrchr(parent, '/');
    *(slash == parent ? slash + 1 : slash) = 0;
    if (strcmp(strrchr(event->path, '/') + 1, event->node->name) != 0)
        complain("name", event);
    if (event->type == ZOBO_TREE_ADDED) {
        if (at >= 0 || m.n == MAX_NODES)
            complain("is there", event);
        else if (strcmp(event->path, root) != 0 && mirror_find(parent) < 0)
            complain("no parent", event);
        else
            set_node((long)m.n++, event);
        return;
    }
    if (at < 0) {
        complain("is not there", event);
        return;
    }
    if (event->type == ZOBO_TREE_UPDATED) {
        if (event->old->stat && m.nodes[at].mzxid != event->old->stat->mzxid)
            complain("not what it was", event);
        set_node(at, event);
        return;
    }
    size_t len = strlen(event->path);
    for (size_t i = 0; i < m.n; i++) {
        if (strncmp(m.nodes[i].path, event->path, len) == 0 && m.nodes[i].path[len] == '/' && len > 1)
            complain("has children", event);
    }
    m.nodes[at] = m.nodes[--m.n];
}

static char root_path[PATH] = "/r";

static void
listen_to(void *arg, zobo_tree_cache *cache, const zobo_tree_event *event)
{
    (void)arg;
    pthread_mutex_lock(&m.gate);
    pthread_mutex_unlock(&m.gate);
    pthread_mutex_lock(&m.lock);
    m.count[event->type]++;
    m.events++;
    if (event->path)
        node_event(event, root_path);
    size_t n = strlen(m.log);
    (void)snprintf(m.log + n, sizeof m.log - n, " %s%s%s", zobo_tree_event_name(event->type), event->path ? ":" : "",
                   event->path ? event->path : "");
    bool free_it = m.free_it;
    m.free_it = false;
    pthread_mutex_unlock(&m.lock);
    if (free_it)
        zobo_tree_cache_free(cache);
}

static void
mirror_clear(void)
{
    memset(&m, 0, sizeof m);
    pthread_mutex_init(&m.lock, NULL);
    pthread_mutex_init(&m.gate, NULL);
}

static size_t
told(zobo_tree_event_type type)
{
    pthread_mutex_lock(&m.lock);
    size_t n = m.count[type];
    pthread_mutex_unlock(&m.lock);
    return n;
}

static void
forget_log(void)
{
    pthread_mutex_lock(&m.lock);
    m.log[0] = 0;
    pthread_mutex_unlock(&m.lock);
}

static bool
log_is(const char *want)
{
    pthread_mutex_lock(&m.lock);
    bool yes = strcmp(m.log, want) == 0;
    pthread_mutex_unlock(&m.lock);
    return yes;
}

/* ---- the cache against the server ---- */

static zobo_tree_cache *
cache_of(const char *root, zobo_tree_cache_options o)
{
    zobo_tree_cache *cache;
    zobo_problem why;
    mirror_clear();
    (void)snprintf(root_path, sizeof root_path, "%s", root);
    o.listener = listen_to;
    assert_ok(zobo_tree_cache_new(c, root, &o, &cache, &why));
    return cache;
}

static zobo_tree_cache *
started(const char *root, zobo_tree_cache_options o)
{
    zobo_tree_cache *cache = cache_of(root, o);
    assert_ok(zobo_tree_cache_start(cache, ZT_SOON_MS));
    return cache;
}

/* Nodes of the server's tree below path that the snapshot has as well; SIZE_MAX: one is missing or another. */
static size_t
count_equal(const zobo_tree_snapshot *s, const char *path)
{
    zobo_reply *data = NULL, *kids = NULL;
    zobo_tree_node node;
    zobo_err err = zobo_get(other, path, NULL, &data);
    size_t n = 1;
    if (err == ZOBO_ENONODE)
        return zobo_tree_snapshot_get(s, path, &node) == ZOBO_ENONODE ? 0 : SIZE_MAX;
    assert_ok(err);
    assert_ok(zobo_get_children(other, path, NULL, &kids));
    if (zobo_tree_snapshot_get(s, path, &node) || !node.stat || node.stat->mzxid != data->stat.mzxid ||
        node.data_len != data->data_len || (node.data == NULL) != (data->data == NULL) ||
        (data->data_len && memcmp(node.data, data->data, data->data_len) != 0) || node.n_children != kids->n_children)
        n = SIZE_MAX;
    for (size_t i = 0; i < kids->n_children && n != SIZE_MAX; i++) {
        char child[PATH];
        (void)snprintf(child, sizeof child, "%s/%s", strcmp(path, "/") ? path : "", kids->children[i]);
        size_t more = count_equal(s, child);
        n = more == SIZE_MAX ? more : n + more;
    }
    zobo_reply_free(data);
    zobo_reply_free(kids);
    return n;
}

static bool
is_equal(zobo_tree_cache *cache, const char *root)
{
    zobo_tree_snapshot *s = zobo_tree_cache_snapshot(cache);
    size_t n = count_equal(s, root);
    bool yes = n != SIZE_MAX && n == zobo_tree_snapshot_size(s);
    zobo_tree_snapshot_free(s);
    return yes;
}

static bool
mirrored(void *arg, const char *path, const zobo_tree_node *node)
{
    long at = mirror_find(path);
    bool same =
        at >= 0 && node->stat && m.nodes[at].mzxid == node->stat->mzxid &&
        strncmp(m.nodes[at].data, node->data ? (const char *)node->data : "NULL", sizeof m.nodes[at].data - 1) == 0;
    *(size_t *)arg += same;
    return true;
}

/* What the events have made is the newest snapshot. */
static bool
is_mirrored(zobo_tree_cache *cache)
{
    size_t same = 0;
    zobo_tree_snapshot *s = zobo_tree_cache_snapshot(cache);
    pthread_mutex_lock(&m.lock);
    zobo_err err = zobo_tree_snapshot_walk(s, root_path, mirrored, &same);
    bool yes = (err == ZOBO_OK || err == ZOBO_ENONODE) && same == m.n && same == zobo_tree_snapshot_size(s);
    pthread_mutex_unlock(&m.lock);
    zobo_tree_snapshot_free(s);
    return yes;
}

static void
check_equal(zobo_tree_cache *cache)
{
    UNTIL(is_equal(cache, root_path));
    UNTIL(is_mirrored(cache));
    assert_string_equal(m.wrong, "");
}

static zobo_tree_cache_info
info_of(zobo_tree_cache *cache)
{
    zobo_tree_cache_info info = {.size = sizeof info};
    zobo_tree_cache_get_info(cache, &info);
    return info;
}

static void
free_and_look(zobo_tree_cache *cache)
{
    zobo_tree_cache_free(cache);
    UNTIL(watches_here() == 0);
    UNTIL(watches_on_server() == 0);
    assert_string_equal(m.wrong, "");
}

/* width^1 + ... + width^depth nodes. */
static void
plant(const char *path, int width, int depth)
{
    for (int i = 0; i < width && depth; i++) {
        char child[PATH];
        (void)snprintf(child, sizeof child, "%s/%c%d", path, 'a' + depth, i);
        zt_put(other, child, child + 3);
        plant(child, width, depth - 1);
    }
}

/* ---- tests ---- */

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
    assert_ok(zobo_tree_cache_start(cache, ZT_SOON_MS));
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
    assert_ok(zobo_tree_cache_start(cache, ZT_SOON_MS));
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
        (void)snprintf(child, sizeof child, "%s/%s", path, kids->children[i]);
        assert_ok(zobo_set(other, child, data, len, -1, NULL));
        fatten(child, len);
    }
    zobo_reply_free(kids);
}

/* After a reconnect each node is compared, in few requests, or if data are long without reading them; and if nothing has
 * happened, it is one request. */
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
        assert_ok(zobo_tree_cache_start(cache, ZT_SOON_MS));
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
        assert_ok(zobo_tree_cache_start(cache, ZT_SOON_MS));
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
    assert_ok(zobo_tree_cache_start(cache, ZT_SOON_MS));
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
    assert_err(zobo_tree_cache_start(cache, ZT_SOON_MS), ZOBO_ENOTSTARTED);
    assert_ok(zobo_start(c, 0, NULL));
    zobo_server_delay(server, 100);
    assert_err(zobo_tree_cache_start(cache, 20), ZOBO_EWAITTIMEOUT); /* goes on */
    zobo_server_delay(server, 0);
    assert_ok(zobo_tree_cache_start(cache, ZT_SOON_MS));
    assert_ok(zobo_tree_cache_start(cache, 0));
    assert_ok(zobo_tree_cache_exists(cache, "/r", NULL));
    free_and_look(cache);
    cache = cache_of("/r", (zobo_tree_cache_options){0});
    zobo_server_fail_requests(server, 1, ZOBO_EUNIMPLEMENTED);
    assert_err(zobo_tree_cache_start(cache, ZT_SOON_MS), ZOBO_EUNIMPLEMENTED);
    assert_err(zobo_tree_cache_start(cache, ZT_SOON_MS), ZOBO_EUNIMPLEMENTED);
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
    assert_ok(zobo_tree_cache_start(cache, ZT_SOON_MS));
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

/* ---- everything at once ---- */

static void
change(zb_rng *rng)
{
    char path[PATH];
    int a = (int)zb_rng_below(rng, 6), b = (int)zb_rng_below(rng, 6), k = (int)zb_rng_below(rng, 6);
    switch (zb_rng_below(rng, 10)) {
    case 0:
        (void)snprintf(path, sizeof path, "/r/%d", a);
        break;
    case 1:
    case 2:
        (void)snprintf(path, sizeof path, "/r/%d/%d", a, b);
        break;
    default:
        (void)snprintf(path, sizeof path, "/r/%d/%d/%d", a, b, k);
    }
    zobo_err err;
    uint64_t what = zb_rng_below(rng, 60);
    if (what == 0)
        err = zobo_delete_recursive(other, path, NULL);
    else if (what == 1)
        err = zobo_delete_recursive(other, zb_rng_below(rng, 20) ? path : "/r", NULL);
    else if (what < 15)
        err = zobo_delete(other, path, -1);
    else if (what < 35)
        err = zobo_set(other, path, path, strlen(path), -1, NULL);
    else
        err = zobo_create(other, path, path, strlen(path), &(zobo_create_options){.makepath = true}, NULL);
    assert_true(err == ZOBO_OK || err == ZOBO_ENONODE || err == ZOBO_ENODEEXISTS || err == ZOBO_ENOTEMPTY);
}

static void
random_changes_and_faults(void **state)
{
    (void)state;
    const char *rounds = getenv("CACHE_ROUNDS"), *seed = getenv("CACHE_SEED");
    zb_rng rng = {.s = seed ? strtoull(seed, NULL, 10) : 1};
    for (long round = 0; round < (rounds ? atol(rounds) : 6); round++) {
        for (int i = 0; i < 100; i++)
            change(&rng);
        zobo_tree_cache *cache = cache_of("/r", (zobo_tree_cache_options){.no_data = round % 4 == 3});
        zobo_call *call;
        assert_ok(zobo_tree_cache_start_async(cache, NULL, &call));
        for (int i = 0; i < 400; i++) { /* while it is being loaded, too */
            change(&rng);
            uint64_t fault = zb_rng_below(&rng, 120);
            if (fault == 0)
                disturb(false);
            if (fault == 1 && zb_rng_below(&rng, 4) == 0)
                disturb(true);
            if (zb_rng_below(&rng, 4) == 0)
                turn();
        }
        UNTIL(zobo_call_done(call));
        assert_ok(zobo_call_get(call, 0, NULL));
        zobo_call_free(call);
        if (round % 4 == 3) {
            zobo_reply *all;
            int32_t count = -1;
            (void)all;
            zobo_err err = zobo_get_all_children_number(other, "/r", &count);
            size_t want = err == ZOBO_ENONODE ? 0 : (size_t)count + 1;
            UNTIL(info_of(cache).nodes == want);
            UNTIL(is_mirrored(cache));
        } else {
            check_equal(cache);
        }
        free_and_look(cache);
    }
}

/* ---- readers ---- */

typedef struct reader {
    pthread_t thread;
    zobo_tree_cache *cache;
    atomic_bool stop;
    size_t looks, wrong;
} reader;

static bool
sum_up(void *arg, const char *path, const zobo_tree_node *node)
{
    (void)path;
    bool torn = node->data_len > 0 && ((const char *)node->data)[node->data_len] != 0;
    *(size_t *)arg += torn ? 2U : 1U;
    return true;
}

/* Each snapshot is whole. */
static void *
read_all_the_time(void *arg)
{
    reader *r = arg;
    while (!atomic_load(&r->stop)) {
        zobo_tree_snapshot *s = zobo_tree_cache_snapshot(r->cache);
        size_t n = 0;
        if (zobo_tree_snapshot_walk(s, "/r", sum_up, &n) != ZOBO_OK || n != zobo_tree_snapshot_size(s))
            r->wrong++;
        zobo_tree_snapshot_free(s);
        zobo_reply *reply;
        if (zobo_tree_cache_get_data(r->cache, "/r", &reply) != ZOBO_OK)
            r->wrong++;
        zobo_reply_free(reply);
        r->looks++;
    }
    return NULL;
}

static void
many_readers(void **state)
{
    (void)state;
    enum { READERS = 4 };
    reader readers[READERS];
    zb_rng rng = {.s = 5};
    zt_put(other, "/r", "root");
    plant("/r", 5, 2);
    zobo_tree_cache *cache = started("/r", (zobo_tree_cache_options){0});
    for (int i = 0; i < READERS; i++) {
        readers[i] = (reader){.cache = cache};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_all_the_time, &readers[i]), 0);
    }
    for (int i = 0; i < 500; i++) {
        char path[PATH];
        (void)snprintf(path, sizeof path, "/r/c%d/x%d", (int)zb_rng_below(&rng, 5), (int)zb_rng_below(&rng, 5));
        if (zobo_delete(other, path, -1) == ZOBO_ENONODE)
            zt_put(other, path, path);
        turn();
    }
    for (int i = 0; i < READERS; i++) {
        atomic_store(&readers[i].stop, true);
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_true(readers[i].looks > 0);
        assert_int_equal(readers[i].wrong, 0);
    }
    check_equal(cache);
    free_and_look(cache);
}

/* ---- freeing ---- */

static void
freed_in_the_listener(void **state)
{
    (void)state;
    zt_put(other, "/r", "root");
    plant("/r", 3, 2);
    for (int i = 0; i < 4; i++) {
        zobo_tree_cache *cache = cache_of("/r", (zobo_tree_cache_options){0});
        m.free_it = true;
        zobo_call *call;
        assert_ok(zobo_tree_cache_start_async(cache, NULL, &call));
        UNTIL(zobo_call_done(call));
        zobo_call_free(call);
        UNTIL(watches_here() == 0);
        UNTIL(watches_on_server() == 0);
        assert_int_equal(m.events, 1);
    }
}

static void
freed_at_any_time(void **state)
{
    (void)state;
    const char *rounds = getenv("CACHE_CYCLES");
    long n = rounds ? atol(rounds) : 200;
    zt_put(other, "/r", "root");
    plant("/r", 3, 2);
    for (long i = 0; i < n; i++) {
        zobo_tree_cache *cache = cache_of("/r", (zobo_tree_cache_options){0});
        zobo_call *call = NULL;
        if (i % 10)
            assert_ok(zobo_tree_cache_start_async(cache, NULL, &call));
        for (long k = i % 9; k > 0; k--)
            turn();
        if (i % 60 == 59)
            disturb(i % 120 == 119);
        zobo_tree_snapshot *s = zobo_tree_cache_snapshot(cache);
        zobo_tree_cache_free(cache);
        zobo_tree_snapshot_free(s);
        if (call) {
            UNTIL(zobo_call_done(call));
            zobo_err err = zobo_call_get(call, 0, NULL);
            assert_true(err == ZOBO_OK || err == ZOBO_ECANCELLED);
            zobo_call_free(call);
        }
    }
    UNTIL(watches_here() == 0);
    UNTIL(watches_on_server() == 0);
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
        both_ways(random_changes_and_faults),
        both_ways(many_readers),
        both_ways(freed_in_the_listener),
        both_ways(freed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
