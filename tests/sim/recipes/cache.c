/* SPDX-License-Identifier: Apache-2.0 */
/* TreeCache: when all is quiet the copy is the tree, and so is what the listener was told, event by event: no node
 * without its parent, none added twice, none updated or removed that is not there. */
#include <stdlib.h>
#include <string.h>

#include <zobo/cache.h>

#include "sim/world/world.h"

enum { MAX_ACTORS = 5, MAX_NODES = 80, WRITES = 20 };

typedef struct known {
    char path[64], data[24];
} known;

typedef struct actor {
    wclient *c;
    size_t index;
    zobo_tree_cache *cache;
    bool starting, started;
    unsigned events;
    known nodes[MAX_NODES]; /* as told */
    size_t n;
} actor;

typedef struct caches {
    actor actors[MAX_ACTORS];
    size_t n;
    wclient *writer;
    bool writing, unsure;
    unsigned writes;
} caches;

static const char root[] = "/tree";

static void start(wclient *c, void *arg);

/* --- the writer --------------------------------------------------------------------------------------------------- */

static void write_one(wclient *c, void *arg);

static void
written(void *arg, zobo_err err, const zobo_reply *reply)
{
    caches *v = arg;
    (void)reply;
    v->writing = false;
    v->unsure = err && zobo_err_class(err) != ZOBO_CLASS_REJECTED;
    world_after(v->writer, 0, v->writer->w->small || world_chance(v->writer->w, 80) ? 40 : 3000, write_one, v);
}

static void
write_one(wclient *c, void *arg)
{
    caches *v = arg;
    world *w = c->w;
    char path[64], data[24];
    zobo_how how = {.done = written, .arg = v};
    zobo_err err;
    if (w->healed && v->writes >= WRITES && !v->unsure)
        return;
    v->writes++;
    v->writing = true;
    int n = snprintf(path, sizeof path, "%s", root);
    for (uint64_t depth = world_below(w, 4); depth > 0; depth--)
        n += snprintf(path + n, sizeof path - (size_t)n, "/%c", (char)('a' + world_below(w, 3)));
    (void)snprintf(data, sizeof data, "%u", v->writes);
    switch (world_below(w, 10)) {
    case 0:
        err = zobo_delete_recursive_async(c->c, path, &how, NULL);
        break;
    case 1:
    case 2:
        err = zobo_delete_async(c->c, path, -1, &how, NULL);
        break;
    case 3:
    case 4:
    case 5:
        err = zobo_set_async(c->c, path, data, strlen(data), -1, &how, NULL);
        break;
    default:
        err = zobo_create_async(c->c, path, data, strlen(data), &(zobo_create_options){.makepath = true}, &how, NULL);
    }
    if (err)
        world_fail(w, "a write: %s", zobo_err_name(err));
}

/* --- what is told ------------------------------------------------------------------------------------------------- */

static known *
find(actor *a, const char *path)
{
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->nodes[i].path, path) == 0)
            return &a->nodes[i];
    return NULL;
}

static bool
has_children(const actor *a, const char *path)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < a->n; i++)
        if (strncmp(a->nodes[i].path, path, len) == 0 && a->nodes[i].path[len] == '/')
            return true;
    return false;
}

static void
add(actor *a, const zobo_tree_event *e)
{
    world *w = a->c->w;
    char parent[64];
    (void)snprintf(parent, sizeof parent, "%s", e->path);
    *strrchr(parent, '/') = '\0';
    if (find(a, e->path))
        world_fail(w, "actor %u is told twice that %s has come", (unsigned)a->index, e->path);
    if (strcmp(e->path, root) != 0 && !find(a, parent))
        world_fail(w, "actor %u is told of %s before its parent", (unsigned)a->index, e->path);
    world_must(w, a->n < MAX_NODES);
    known *k = &a->nodes[a->n++];
    (void)snprintf(k->path, sizeof k->path, "%s", e->path);
    (void)snprintf(k->data, sizeof k->data, "%.*s", (int)e->node->data_len,
                   e->node->data ? (const char *)e->node->data : "");
}

static void
on_event(void *arg, zobo_tree_cache *cache, const zobo_tree_event *e)
{
    actor *a = arg;
    world *w = a->c->w;
    known *k = e->path ? find(a, e->path) : NULL;
    world_must(w, cache == a->cache);
    a->events++;
    world_trace(w, "actor %u: %s %s", (unsigned)a->index, zobo_tree_event_name(e->type), e->path ? e->path : "");
    switch (e->type) {
    case ZOBO_TREE_ADDED:
        add(a, e);
        break;
    case ZOBO_TREE_UPDATED:
        if (!k)
            world_fail(w, "actor %u is told of a change of %s, which is not there", (unsigned)a->index, e->path);
        (void)snprintf(k->data, sizeof k->data, "%.*s", (int)e->node->data_len,
                       e->node->data ? (const char *)e->node->data : "");
        break;
    case ZOBO_TREE_REMOVED:
        if (!k || has_children(a, e->path))
            world_fail(w, "actor %u is told that %s has gone, which %s", (unsigned)a->index, e->path,
                       k ? "has children" : "is not there");
        *k = a->nodes[--a->n];
        break;
    case ZOBO_TREE_FAILED:
        world_fail(w, "actor %u: %s", (unsigned)a->index, zobo_err_name(e->err));
    default:
        break;
    }
}

/* --- actors ------------------------------------------------------------------------------------------------------- */

static void
begun(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    a->starting = false;
    if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED)
        world_fail(a->c->w, "wait: %s", zobo_err_name(err));
    if (err)
        world_after(a->c, 0, 300, start, a);
    a->started = err == ZOBO_OK && a->cache;
}

static void
start(wclient *c, void *arg)
{
    actor *a = arg;
    world *w = c->w;
    zobo_problem why;
    const zobo_how how = {.done = begun, .arg = a, .timeout_ms = world_chance(w, 50) ? 500 : 0};
    if (w->ending || a->starting || (a->cache && a->started))
        return;
    if (!a->cache) {
        const zobo_tree_cache_options o = {.listener = on_event, .listener_arg = a};
        a->n = 0;
        a->started = false;
        if (zobo_tree_cache_new(c->c, root, &o, &a->cache, &why))
            world_fail(w, "zobo_tree_cache_new: %s", why.text);
        if (zobo_tree_cache_start(a->cache))
            world_fail(w, "zobo_tree_cache_start");
    }
    a->starting = true;
    if (zobo_tree_cache_wait_async(a->cache, &how, NULL))
        world_fail(w, "zobo_tree_cache_wait_async");
}

static void
abandon(world *w, wclient *c)
{
    caches *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c || !a->cache)
            continue;
        world_trace(w, "actor %u is freed", (unsigned)i);
        zobo_tree_cache_free(a->cache);
        a->cache = NULL;
        a->started = false;
        world_after(c, 0, 300, start, a);
    }
}

/* --- the scenario ------------------------------------------------------------------------------------------------- */

static void
begin(world *w)
{
    caches *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->writer = &w->clients[0];
    v->n = w->small ? 1 : 1 + world_below(w, MAX_ACTORS);
    for (size_t i = 0; i < v->n; i++) {
        v->actors[i].c = &w->clients[(i + 1) % clients];
        v->actors[i].index = i;
        world_after(v->actors[i].c, 0, 500, start, &v->actors[i]);
    }
    world_after(v->writer, 0, 50, write_one, v);
}

/* Compares what is at `path` and below with the copy and with what was told; counts. */
static bool
same_below(world *w, actor *a, const zobo_tree_snapshot *s, const char *path, size_t *n)
{
    char names[8][80], data[24], child[160];
    zobo_tree_node node;
    const known *k = find(a, path);
    if (!world_node(w, path, NULL, data, sizeof data))
        return zobo_tree_snapshot_get(s, path, &node) == ZOBO_ENONODE && !k;
    ++*n;
    if (zobo_tree_snapshot_get(s, path, &node) || node.data_len != strlen(data) ||
        (node.data && memcmp(node.data, data, node.data_len) != 0) || !k || strcmp(k->data, data) != 0)
        return false;
    size_t children = world_children(w, path, names, 8);
    if (children != node.n_children)
        return false;
    for (size_t i = 0; i < children; i++) {
        (void)snprintf(child, sizeof child, "%s/%s", path, names[i]);
        if (!same_below(w, a, s, child, n))
            return false;
    }
    return true;
}

static bool
is_the_tree(world *w, actor *a)
{
    size_t n = 0;
    zobo_tree_cache_info info = {.size = sizeof info};
    zobo_tree_cache_get_info(a->cache, &info);
    zobo_tree_snapshot *s = zobo_tree_cache_snapshot(a->cache);
    bool same = same_below(w, a, s, root, &n) && zobo_tree_snapshot_size(s) == n && a->n == n;
    zobo_tree_snapshot_free(s);
    return same && info.current;
}

static bool
settled(world *w)
{
    caches *v = w->state;
    if (v->writing || v->writes < WRITES || v->unsure || !world_up(w))
        return false;
    for (size_t i = 0; i < v->n; i++)
        if (!v->actors[i].started || !is_the_tree(w, &v->actors[i]))
            return false;
    return true;
}

static void
end(world *w)
{
    caches *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->actors[i].c);
        zobo_tree_cache_free(v->actors[i].cache);
        w->current = was;
    }
}

static void
show(world *w)
{
    caches *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u: %s%s, %u events, %u nodes told%s", (unsigned)i, (unsigned)a->c->index,
                    a->starting ? "starting " : "", a->started ? "started" : "not started", a->events, (unsigned)a->n,
                    a->cache && !is_the_tree(w, a) ? ": WRONG" : "");
    }
}

const char world_program[] = "sim_cache";
const scenario world_scenarios[] = {
    {.name = "cache",
     .state_size = sizeof(caches),
     .begin = begin,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
