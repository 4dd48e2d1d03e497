/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the cache share: a listener that makes a copy of its own from what it is told, and the cache
 * compared with it and with the server's tree. */
#ifndef ZT_MIRROR_H
#define ZT_MIRROR_H

#include "recipes/pair.h"

#include <zobo/cache.h>

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

static inline long
mirror_find(const char *path)
{
    for (size_t i = 0; i < m.n; i++) {
        if (strcmp(m.nodes[i].path, path) == 0)
            return (long)i;
    }
    return -1;
}

static inline void
complain(const char *what, const zobo_tree_event *event)
{
    if (!m.wrong[0])
        (void)snprintf(m.wrong, sizeof m.wrong, "%s: %s %s", what, zobo_tree_event_name(event->type),
                       event->path ? event->path : "");
}

static inline void
set_node(long i, const zobo_tree_event *event)
{
    (void)snprintf(m.nodes[i].path, PATH, "%s", event->path);
    (void)snprintf(m.nodes[i].data, sizeof m.nodes[i].data, "%s",
                   event->node->data ? (const char *)event->node->data : "NULL");
    m.nodes[i].czxid = event->node->stat ? event->node->stat->czxid : 0;
    m.nodes[i].mzxid = event->node->stat ? event->node->stat->mzxid : 0;
}

static inline void
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

static inline void
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

static inline void
mirror_clear(void)
{
    memset(&m, 0, sizeof m);
    pthread_mutex_init(&m.lock, NULL);
    pthread_mutex_init(&m.gate, NULL);
}

static inline size_t
told(zobo_tree_event_type type)
{
    pthread_mutex_lock(&m.lock);
    size_t n = m.count[type];
    pthread_mutex_unlock(&m.lock);
    return n;
}

static inline void
forget_log(void)
{
    pthread_mutex_lock(&m.lock);
    m.log[0] = 0;
    pthread_mutex_unlock(&m.lock);
}

static inline bool
log_is(const char *want)
{
    pthread_mutex_lock(&m.lock);
    bool yes = strcmp(m.log, want) == 0;
    pthread_mutex_unlock(&m.lock);
    return yes;
}

/* ---- the cache against the server ---- */

static inline zobo_tree_cache *
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

static inline zobo_tree_cache *
started(const char *root, zobo_tree_cache_options o)
{
    zobo_tree_cache *cache = cache_of(root, o);
    assert_ok(zobo_tree_cache_start(cache));
    assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
    return cache;
}

/* Nodes of the server's tree below path that the snapshot has as well; SIZE_MAX: one is missing or another. */
static inline size_t
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
        int n_child = snprintf(child, sizeof child, "%s/%s", strcmp(path, "/") ? path : "", kids->children[i]);
        assert_true(n_child > 0 && n_child < (int)sizeof child);
        size_t more = count_equal(s, child);
        n = more == SIZE_MAX ? more : n + more;
    }
    zobo_reply_free(data);
    zobo_reply_free(kids);
    return n;
}

static inline bool
is_equal(zobo_tree_cache *cache, const char *root)
{
    zobo_tree_snapshot *s = zobo_tree_cache_snapshot(cache);
    size_t n = count_equal(s, root);
    bool yes = n != SIZE_MAX && n == zobo_tree_snapshot_size(s);
    zobo_tree_snapshot_free(s);
    return yes;
}

static inline bool
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
static inline bool
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

static inline void
check_equal(zobo_tree_cache *cache)
{
    UNTIL(is_equal(cache, root_path));
    UNTIL(is_mirrored(cache));
    assert_string_equal(m.wrong, "");
}

static inline zobo_tree_cache_info
info_of(zobo_tree_cache *cache)
{
    zobo_tree_cache_info info = {.size = sizeof info};
    zobo_tree_cache_get_info(cache, &info);
    return info;
}

static inline void
free_and_look(zobo_tree_cache *cache)
{
    zobo_tree_cache_free(cache);
    UNTIL(watches_here() == 0);
    UNTIL(watches_on_server() == 0);
    assert_string_equal(m.wrong, "");
}

/* width^1 + ... + width^depth nodes. */
static inline void
plant(const char *path, int width, int depth)
{
    for (int i = 0; i < width && depth; i++) {
        char child[PATH];
        int n_child = snprintf(child, sizeof child, "%s/%c%d", path, 'a' + depth, i);
        assert_true(n_child > 0 && n_child < (int)sizeof child);
        zt_put(other, child, child + 3);
        plant(child, width, depth - 1);
    }
}

#endif
