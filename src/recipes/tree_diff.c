/* SPDX-License-Identifier: Apache-2.0 */
/* What is different between two trees.
 *
 * Two search trees that hold the same names need not have the same shape, so they are compared by ranges of names: both
 * are narrowed to the part of a range, and what is one and the same object there is equal. What remains is split at a
 * name that the larger one has at its root. So only what has changed is looked at, and a little around it. */
#include <string.h>

#include "recipes/tree.h"

/* Names between lo and hi, both excluded; NULL: no bound. */
typedef struct range {
    const zr_leaf *lo, *hi;
} range;

typedef struct differ {
    char *path;
    zr_diff_fn *fn;
    void *arg;
} differ;

static int
compare(const zr_leaf *a, const zr_leaf *b)
{
    int c = memcmp(a->name, b->name, a->name_len < b->name_len ? a->name_len : b->name_len);
    return c ? c : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

/* The topmost node of the range. */
static const zr_node *
narrow(const zr_node *n, range r)
{
    while (n) {
        if (r.lo && compare(n->leaf, r.lo) <= 0)
            n = n->right;
        else if (r.hi && compare(n->leaf, r.hi) >= 0)
            n = n->left;
        else
            break;
    }
    return n;
}

static const zr_node *
lookup(const zr_node *n, const zr_leaf *leaf)
{
    while (n) {
        int c = compare(leaf, n->leaf);
        if (c == 0)
            break;
        n = c < 0 ? n->left : n->right;
    }
    return n;
}

/* Appends a name; returns the path's new length. */
static size_t
enter(differ *d, size_t len, const zr_leaf *leaf)
{
    if (leaf->name_len) { /* the root has its path already */
        d->path[len++] = '/';
        memcpy(d->path + len, leaf->name, leaf->name_len);
        len += leaf->name_len;
    }
    d->path[len] = 0;
    return len;
}

static bool
tell(differ *d, zr_change change, size_t len, const zr_node *was, const zr_node *is)
{
    d->path[len] = 0;
    return d->fn(d->arg, change, len ? d->path : "/", was, is);
}

static bool all(differ *d, zr_change change, const zr_node *n, range r, size_t len);

/* A node that is in one tree only, with all below it. */
static bool
whole(differ *d, zr_change change, const zr_node *n, size_t len)
{
    const range any = {NULL, NULL};
    len = enter(d, len, n->leaf);
    if (change == ZR_ADDED)
        return tell(d, change, len, NULL, n) && all(d, change, n->kids, any, len);
    return all(d, change, n->kids, any, len) && tell(d, change, len, n, NULL);
}

static bool
all(differ *d, zr_change change, const zr_node *n, range r, size_t len)
{
    while ((n = narrow(n, r)) != NULL) {
        if (!all(d, change, n->left, r, len) || !whole(d, change, n, len))
            return false;
        n = n->right;
    }
    return true;
}

static bool compare_trees(differ *d, const zr_node *a, const zr_node *b, range r, size_t len);

static bool
is_another(const zr_leaf *a, const zr_leaf *b)
{
    return a->has_stat && b->has_stat && a->stat.czxid != b->stat.czxid;
}

static bool
is_updated(const zr_leaf *a, const zr_leaf *b)
{
    return a->err != b->err || a->has_stat != b->has_stat || a->stat.mzxid != b->stat.mzxid ||
           a->has_data != b->has_data || a->data_len != b->data_len;
}

/* The node of one name in both; either may be NULL. */
static bool
compare_nodes(differ *d, const zr_node *a, const zr_node *b, size_t len)
{
    if (!a)
        return !b || whole(d, ZR_ADDED, b, len);
    if (!b)
        return whole(d, ZR_REMOVED, a, len);
    if (a->leaf == b->leaf && a->kids == b->kids)
        return true;
    if (is_another(a->leaf, b->leaf))
        return whole(d, ZR_REMOVED, a, len) && whole(d, ZR_ADDED, b, len);
    const range any = {NULL, NULL};
    len = enter(d, len, b->leaf);
    if (a->leaf != b->leaf && is_updated(a->leaf, b->leaf) && !tell(d, ZR_UPDATED, len, a, b))
        return false;
    return compare_trees(d, a->kids, b->kids, any, len);
}

static bool
compare_trees(differ *d, const zr_node *a, const zr_node *b, range r, size_t len)
{
    a = narrow(a, r);
    b = narrow(b, r);
    if (a == b)
        return true;
    if (!a)
        return all(d, ZR_ADDED, b, r, len);
    if (!b)
        return all(d, ZR_REMOVED, a, r, len);
    const zr_leaf *at = (a->size >= b->size ? a : b)->leaf;
    return compare_trees(d, a, b, (range){r.lo, at}, len) && compare_nodes(d, lookup(a, at), lookup(b, at), len) &&
           compare_trees(d, a, b, (range){at, r.hi}, len);
}

bool
zr_diff(const zr_node *from, const zr_node *to, char *path, size_t len, zr_diff_fn *fn, void *arg)
{
    differ d = {path, fn, arg};
    return from == to || compare_nodes(&d, from, to, len);
}

/* The node's own name is in the path already. */
bool
zr_walk(const zr_node *n, char *path, size_t len, zr_diff_fn *fn, void *arg)
{
    const range any = {NULL, NULL};
    differ d = {path, fn, arg};
    return tell(&d, ZR_ADDED, len, NULL, n) && all(&d, ZR_ADDED, n->kids, any, len);
}
