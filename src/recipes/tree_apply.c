/* SPDX-License-Identifier: Apache-2.0 */
/* What was read, and what has happened, put into the tree.
 *
 * A node is put in when its parent is there. When it is not, what is nearest to the node among those that are missing
 * is read: when that comes in, all below it is listed. So whatever comes in which order, in the end the tree is whole.
 * That a node is gone is only believed of a reading of the node itself. */
#include <stdlib.h>
#include <string.h>

#include "recipes/tree_cache.h"

enum {
    NAME_BYTES = 24,
    LIST_BYTES = 90,
    SMALL_DATA = 300 /* to compare a node, its data are read in a multi-read; longer ones are spared, by a request for
                      * each node */
};

static const char *
below(const zobo_tree_cache *c, const char *path)
{
    return zr_place_below(c->place, path);
}

/* Levels below the root. */
static size_t
depth_of(const char *rel)
{
    size_t depth = *rel != 0;
    for (; *rel; rel++)
        depth += *rel == '/';
    return depth;
}

static const char *
last_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* The length of what of `path` is missing first, below what is there; 0: nothing is missing. */
static size_t
first_missing(const zobo_tree_cache *c, const char *path)
{
    const zr_node *n = c->tree.root;
    const char *at = below(c, path);
    if (!n)
        return strlen(c->place->path);
    while (*at) {
        size_t len = strcspn(at, "/");
        n = zr_child(n, at, len);
        if (!n)
            return (size_t)(at - path) + len;
        at += len;
        at += *at == '/';
    }
    return 0;
}

/* Does a node that is not there belong here? `path` need not be terminated at len. */
static bool
belongs(zobo_tree_cache *c, const char *path, size_t len)
{
    char small[256], *copy = small;
    if (!c->o.filter || len <= strlen(c->place->path))
        return true;
    if (len >= sizeof small)
        copy = zb_malloc(len + 1);
    if (!copy) {
        zr_cache_lost_track(c);
        return false;
    }
    memcpy(copy, path, len);
    copy[len] = 0;
    bool yes = c->o.filter(c->o.filter_arg, copy);
    if (copy != small)
        zb_free(copy);
    return yes;
}

/* ---- into the tree ---- */

static void
take_out(zobo_tree_cache *c, const char *path)
{
    const char *rel = below(c, path);
    zobo_err err = zr_tree_remove(&c->tree, rel, strlen(rel));
    if (err == ZOBO_ENOMEM)
        zr_cache_lost_track(c);
    else if (!err)
        c->changed = true;
}

static bool
has_room(zobo_tree_cache *c)
{
    if (!c->o.max_nodes || c->tree.nodes < c->o.max_nodes)
        return true;
    atomic_fetch_add_explicit(&c->left_out, 1, memory_order_relaxed);
    c->changed = c->changed || !c->condition.full;
    c->condition.full = true;
    return false;
}

/* False: it is not there now. */
static bool
put_in(zobo_tree_cache *c, const char *path, const zobo_result *res)
{
    const char *rel = below(c, path), *name = *rel ? last_name(path) : "";
    const void *data = res->err || c->o.no_data ? NULL : res->data;
    zobo_err flaw = res->err;
    if (data && c->o.max_data_bytes && res->data_len > c->o.max_data_bytes) {
        data = NULL;
        flaw = ZOBO_ETOOBIG;
    }
    zr_leaf *leaf =
        zr_leaf_new(name, strlen(name), res->has_stat ? &res->stat : NULL, data, data ? res->data_len : 0, flaw);
    zobo_err err = leaf ? zr_tree_put(&c->tree, rel, strlen(rel), leaf) : ZOBO_ENOMEM;
    if (err == ZOBO_ENOMEM)
        zr_cache_lost_track(c);
    c->changed = c->changed || !err;
    return !err;
}

static bool
may_have_children(const zobo_tree_cache *c, const char *path)
{
    return depth_of(below(c, path)) < c->o.max_depth;
}

static bool
is_as_read(const zr_leaf *leaf, const zobo_result *res)
{
    if (res->err)
        return leaf->err == res->err;
    return leaf->has_stat && leaf->stat.mzxid == res->stat.mzxid && (!leaf->err || leaf->err == ZOBO_ETOOBIG);
}

/* Puts a reading that shows a stat, or that there is no permission, into the tree. True: nothing has been known of what
 * is below the node. */
static bool
update(zobo_tree_cache *c, const char *path, const zobo_result *res)
{
    const char *rel = below(c, path);
    const zr_node *n = zr_find(c->tree.root, rel, strlen(rel));
    if (n && n->leaf->has_stat && res->has_stat && n->leaf->stat.czxid != res->stat.czxid) {
        take_out(c, path); /* another one, and nothing that was below it is below this one */
        n = zr_find(c->tree.root, rel, strlen(rel));
    }
    if (n) {
        bool was_closed = !n->leaf->has_stat;
        return !is_as_read(n->leaf, res) && put_in(c, path, res) && was_closed;
    }
    size_t missing = first_missing(c, path);
    if (missing < strlen(path)) { /* its parent is missing: that has to come first */
        if (belongs(c, path, missing))
            zr_jobs_want(c, path, missing, ZR_DATA, 0);
        return false;
    }
    return has_room(c) && put_in(c, path, res);
}

/* ---- children ---- */

static void
want_child(zobo_tree_cache *c, const zr_job *job, const char *name, unsigned what, bool is_here)
{
    char small[512], *path = small;
    size_t dir = job->map.key_len == 1 ? 0 : job->map.key_len, len = strlen(name), all = dir + 1 + len;
    if (all >= sizeof small)
        path = zb_malloc(all + 1);
    if (!path) {
        zr_cache_lost_track(c);
        return;
    }
    memcpy(path, job->path, dir);
    path[dir] = '/';
    memcpy(path + dir + 1, name, len + 1);
    if (is_here || belongs(c, path, all))
        zr_jobs_want(c, path, all, what, LIST_BYTES);
    if (path != small)
        zb_free(path);
}

typedef struct names {
    const char **items; /* sorted */
    size_t n, at;
} names;

/* Those who are here and not in the list are read, to see that they are gone. In order. */
static void
want_vanished(zobo_tree_cache *c, const zr_job *job, const zr_node *kid, names *list)
{
    for (; kid; kid = kid->right) {
        want_vanished(c, job, kid->left, list);
        int order = -1;
        while (list->at < list->n && (order = strcmp(list->items[list->at], kid->leaf->name)) < 0)
            list->at++;
        if (list->at == list->n || order != 0)
            want_child(c, job, kid->leaf->name, ZR_DATA, true);
    }
}

static void
compare_children(zobo_tree_cache *c, const zr_job *job, const zobo_result *res, const zr_node *n)
{
    for (size_t i = 0; i < res->n_children; i++) {
        const char *name = res->children[i];
        if (!zr_child(n, name, strlen(name)))
            want_child(c, job, name, ZR_DATA, false);
    }
    if (!n->kids)
        return;
    names list = {zb_malloc((res->n_children + 1) * sizeof(char *)), res->n_children, 0};
    if (!list.items) {
        zr_cache_lost_track(c);
        return;
    }
    if (res->n_children) {
        memcpy(list.items, res->children, res->n_children * sizeof(char *));
        qsort(list.items, res->n_children, sizeof(char *), zr_by_text);
    }
    want_vanished(c, job, n->kids, &list);
    zb_free(list.items);
}

/* Has all that is below the node compared with the server's. */
static void
want_below(zobo_tree_cache *c, const zr_job *job, const zr_node *kid)
{
    for (; kid; kid = kid->right) {
        const zr_leaf *leaf = kid->leaf;
        want_below(c, job, kid->left);
        bool is_long = leaf->has_stat && leaf->stat.data_length > SMALL_DATA;
        want_child(c, job, leaf->name, ZR_DEEP | (is_long ? ZR_STAT : ZR_DATA), true);
    }
}

static const zr_node *
node_of(const zobo_tree_cache *c, const zr_job *job)
{
    const char *rel = below(c, job->path);
    return zr_find(c->tree.root, rel, strlen(rel));
}

static void
want_list(zobo_tree_cache *c, const zr_job *job, int32_t num_children)
{
    if (!(job->asked & ZR_LIST) && may_have_children(c, job->path))
        zr_jobs_want(c, job->path, job->map.key_len, ZR_LIST, LIST_BYTES + (size_t)(uint32_t)num_children * NAME_BYTES);
}

/* Are the children those that were there when the stat was read? What came and went since was told by events. */
static bool
has_same_children(const zr_leaf *leaf, const zobo_stat *stat)
{
    return leaf->has_stat && leaf->stat.pzxid == stat->pzxid && leaf->stat.cversion == stat->cversion &&
           leaf->stat.num_children == stat->num_children;
}

void
zr_apply_data(zobo_tree_cache *c, const zr_job *job, const zobo_result *res)
{
    if (res->err == ZOBO_ENONODE) {
        take_out(c, job->path);
        return;
    }
    const zr_node *n = node_of(c, job);
    bool deep = (job->asked & ZR_DEEP) && n, moved = false;
    /* Until all has been compared, no event need have told of children that came and went: once this stat stands in the
     * tree, nothing would show it any more. */
    if (n && !c->condition.current && res->has_stat && n->leaf->has_stat && n->leaf->stat.czxid == res->stat.czxid)
        moved = c->thorough || c->condition.full || !has_same_children(n->leaf, &res->stat);
    if (update(c, job->path, res)) {
        if (res->has_stat && res->stat.num_children > 0)
            want_list(c, job, res->stat.num_children);
    } else if (moved) {
        (void)put_in(c, job->path, res); /* for its stat */
        want_list(c, job, res->stat.num_children);
    }
    n = deep ? node_of(c, job) : NULL;
    if (n)
        want_below(c, job, n->kids);
}

void
zr_apply_list(zobo_tree_cache *c, const zr_job *job, const zobo_result *res)
{
    if (res->err == ZOBO_ENONODE) {
        take_out(c, job->path);
        return;
    }
    const zr_node *n = node_of(c, job);
    if (n && !res->err && may_have_children(c, job->path))
        compare_children(c, job, res, n);
    else if (!n || n->leaf->err != res->err)
        zr_jobs_want(c, job->path, job->map.key_len, ZR_DATA, 0);
}

void
zr_apply_stat(zobo_tree_cache *c, const zr_job *job, const zobo_result *res)
{
    if (res->err == ZOBO_ENONODE) {
        take_out(c, job->path);
        return;
    }
    const zr_node *n = node_of(c, job);
    bool other = n && n->leaf->has_stat && res->has_stat && n->leaf->stat.czxid != res->stat.czxid;
    if (c->o.no_data)
        (void)update(c, job->path, res);
    else if (!n || other || !is_as_read(n->leaf, res))
        zr_jobs_want(c, job->path, job->map.key_len, ZR_DATA, 0);
    if (other && !c->o.no_data)
        return; /* what is below this one is read when it has taken the other's place */
    n = node_of(c, job);
    if (n && !res->err && may_have_children(c, job->path))
        compare_children(c, job, res, n);
    if (n && job->asked & ZR_DEEP)
        want_below(c, job, n->kids);
}

/* ---- events ---- */

void
zr_apply_event(zobo_tree_cache *c, const zobo_event *event)
{
    if (event->type != ZOBO_EVENT_CREATED && event->type != ZOBO_EVENT_DELETED && event->type != ZOBO_EVENT_CHANGED)
        return;
    const char *path = event->path, *rel = below(c, path);
    if (!rel)
        return;
    size_t len = strlen(path), missing = first_missing(c, path);
    if (missing) {
        if (event->type == ZOBO_EVENT_DELETED && missing == len && !zr_jobs_has(c, path, len))
            return;
        if (depth_of(rel) > c->o.max_depth || !belongs(c, path, missing))
            return;
        len = missing;
    }
    zr_jobs_want(c, path, len, ZR_DATA, 0);
}
