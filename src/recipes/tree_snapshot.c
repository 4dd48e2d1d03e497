/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the cache. */
#include <string.h>

#include "base/sized.h"
#include "recipes/tree_cache.h"

zobo_tree_snapshot *
zobo_tree_cache_snapshot(zobo_tree_cache *cache)
{
    return zr_board_take(&cache->board);
}

void
zobo_tree_snapshot_free(zobo_tree_snapshot *snapshot)
{
    zr_snapshot_unref(snapshot);
}

size_t
zobo_tree_snapshot_size(const zobo_tree_snapshot *snapshot)
{
    return snapshot->nodes;
}

/* ---- looking up ---- */

static zobo_err
find(const zobo_tree_snapshot *s, const char *path, const zr_node **out)
{
    size_t len = path ? strlen(path) : 0;
    if (len == 0 || path[0] != '/' || (len > 1 && path[len - 1] == '/'))
        return ZOBO_EBADPATH;
    const char *below = zr_place_below(s->place, path);
    if (!below)
        return ZOBO_EINVAL;
    *out = zr_find(s->root, below, strlen(below));
    return *out ? ZOBO_OK : ZOBO_ENONODE;
}

static void
show(const zobo_tree_snapshot *s, const zr_node *n, zobo_tree_node *out)
{
    const zr_leaf *leaf = n->leaf;
    out->err = (zobo_err)leaf->err;
    out->name = n == s->root ? strrchr(s->place->path, '/') + 1 : leaf->name;
    out->data = zr_leaf_data(leaf);
    out->data_len = leaf->data_len;
    out->stat = leaf->has_stat ? &leaf->stat : NULL;
    out->n_children = zr_node_size(n->kids);
}

zobo_err
zobo_tree_snapshot_get(const zobo_tree_snapshot *snapshot, const char *path, zobo_tree_node *out)
{
    const zr_node *n;
    zobo_err err = find(snapshot, path, &n);
    if (!err)
        show(snapshot, n, out);
    return err;
}

zobo_err
zobo_tree_snapshot_child(const zobo_tree_snapshot *snapshot, const char *path, size_t index, zobo_tree_node *out)
{
    const zr_node *n;
    zobo_err err = find(snapshot, path, &n);
    if (err)
        return err;
    n = zr_nth(n->kids, index);
    if (!n)
        return ZOBO_ENONODE;
    show(snapshot, n, out);
    return ZOBO_OK;
}

typedef struct walker {
    const zobo_tree_snapshot *s;
    zobo_tree_walk_fn *fn;
    void *arg;
} walker;

static bool
step(void *arg, zr_change change, const char *path, const zr_node *was, const zr_node *is)
{
    walker *w = arg;
    zobo_tree_node node;
    (void)change, (void)was;
    show(w->s, is, &node);
    return w->fn(w->arg, path, &node);
}

zobo_err
zobo_tree_snapshot_walk(const zobo_tree_snapshot *snapshot, const char *path, zobo_tree_walk_fn *fn, void *arg)
{
    const zr_node *n;
    zobo_err err = find(snapshot, path, &n);
    if (err)
        return err;
    walker w = {snapshot, fn, arg};
    char *buffer = zb_malloc(snapshot->place->len + snapshot->path_max + 2);
    if (!buffer)
        return ZOBO_ENOMEM;
    size_t len = path[1] ? strlen(path) : 0;
    memcpy(buffer, path, len);
    (void)zr_walk(n, buffer, len, step, &w);
    zb_free(buffer);
    return ZOBO_OK;
}

/* ---- copies ---- */

zobo_err
zobo_tree_cache_exists(zobo_tree_cache *cache, const char *path, zobo_stat *stat)
{
    const zr_node *n;
    zobo_tree_snapshot *s = zr_board_take(&cache->board);
    zobo_err err = find(s, path, &n);
    if (!err && stat)
        *stat = n->leaf->stat;
    zr_snapshot_unref(s);
    return err;
}

static zobo_reply *
data_reply(const zr_leaf *leaf)
{
    zobo_reply *r = zb_calloc(1, sizeof *r + leaf->data_len + 1);
    if (!r)
        return NULL;
    r->has_stat = leaf->has_stat;
    r->stat = leaf->stat;
    if (leaf->has_data) {
        r->data = memcpy(r + 1, zr_leaf_data(leaf), (size_t)leaf->data_len + 1);
        r->data_len = leaf->data_len;
    }
    return r;
}

zobo_err
zobo_tree_cache_get_data(zobo_tree_cache *cache, const char *path, zobo_reply **out)
{
    const zr_node *n;
    *out = NULL;
    zobo_tree_snapshot *s = zr_board_take(&cache->board);
    zobo_err err = find(s, path, &n);
    if (!err)
        err = (zobo_err)n->leaf->err;
    if (!err) {
        *out = data_reply(n->leaf);
        err = *out ? ZOBO_OK : ZOBO_ENOMEM;
    }
    zr_snapshot_unref(s);
    return err;
}

static size_t
name_bytes(const zr_node *n)
{
    size_t bytes = 0;
    for (; n; n = n->right)
        bytes += name_bytes(n->left) + n->leaf->name_len + 1;
    return bytes;
}

static char *
put_names(const zr_node *n, const char ***names, char *at)
{
    for (; n; n = n->right) {
        at = put_names(n->left, names, at);
        *(*names)++ = memcpy(at, n->leaf->name, (size_t)n->leaf->name_len + 1);
        at += n->leaf->name_len + 1;
    }
    return at;
}

static zobo_reply *
children_reply(const zr_node *n)
{
    size_t count = zr_node_size(n->kids);
    zobo_reply *r = zb_calloc(1, sizeof *r + count * sizeof(char *) + name_bytes(n->kids));
    if (!r)
        return NULL;
    const char **names = (const char **)(r + 1);
    r->has_stat = n->leaf->has_stat;
    r->stat = n->leaf->stat;
    r->children = count ? names : NULL;
    r->n_children = count;
    (void)put_names(n->kids, &names, (char *)(names + count));
    return r;
}

zobo_err
zobo_tree_cache_get_children(zobo_tree_cache *cache, const char *path, zobo_reply **out)
{
    const zr_node *n;
    *out = NULL;
    zobo_tree_snapshot *s = zr_board_take(&cache->board);
    zobo_err err = find(s, path, &n);
    if (!err) {
        *out = children_reply(n);
        err = *out ? ZOBO_OK : ZOBO_ENOMEM;
    }
    zr_snapshot_unref(s);
    return err;
}

/* ---- figures ---- */

void
zobo_tree_cache_get_info(zobo_tree_cache *cache, zobo_tree_cache_info *out)
{
    zobo_tree_snapshot *s = zr_board_take(&cache->board);
    zobo_tree_cache_info info = {
        .nodes = s->nodes,
        .bytes = s->bytes,
        .requests = atomic_load_explicit(&cache->requests, memory_order_relaxed),
        .reads = atomic_load_explicit(&cache->reads, memory_order_relaxed),
        .lists = atomic_load_explicit(&cache->lists, memory_order_relaxed),
        .left_out = atomic_load_explicit(&cache->left_out, memory_order_relaxed),
        .current = s->condition.current,
    };
    zr_snapshot_unref(s);
    zb_sized_fill(out, ZB_SIZED_FIRST(zobo_tree_cache_info, current), &info, sizeof info);
}
