/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of the cache: see tree.h.
 *
 * A zr_node may be changed when it has one reference and so have all above it, for then nobody else can see it: `own`
 * copies what is shared on the way down. Balance is that of Adams' weight-balanced trees with the parameters (3, 2)
 * that Hirai and Yamamoto proved right. A rotation for which there is no memory is left out: the tree is then less
 * balanced than it might be, and right all the same. */
#include "recipes/tree.h"

#include <string.h>

#include "base/mem.h"

enum { DELTA = 3, RATIO = 2 };

/* What malloc takes for so many bytes, as glibc does it. */
static size_t
chunk(size_t bytes)
{
    size_t size = (bytes + sizeof(size_t) + 15) & ~(size_t)15;
    return size < 32 ? 32 : size;
}

static size_t
leaf_bytes(const zr_leaf *leaf)
{
    return chunk(offsetof(zr_leaf, name) + leaf->name_len + 1 + (leaf->has_data ? (size_t)leaf->data_len + 1 : 0));
}

/* ---- making and freeing ---- */

zr_leaf *
zr_leaf_new(const char *name, size_t name_len, const zobo_stat *stat, const void *data, size_t data_len, zobo_err err)
{
    zr_leaf *leaf = zb_malloc(offsetof(zr_leaf, name) + name_len + 1 + (data ? data_len + 1 : 0));
    if (!leaf)
        return NULL;
    atomic_init(&leaf->refs, 1);
    leaf->name_len = (uint32_t)name_len;
    leaf->data_len = data ? (uint32_t)data_len : 0;
    leaf->err = err;
    leaf->has_stat = stat != NULL;
    leaf->has_data = data != NULL;
    if (stat)
        leaf->stat = *stat;
    else
        memset(&leaf->stat, 0, sizeof leaf->stat);
    memcpy(leaf->name, name, name_len);
    leaf->name[name_len] = 0;
    if (data) {
        memcpy(leaf->name + name_len + 1, data, data_len);
        leaf->name[name_len + 1 + data_len] = 0;
    }
    return leaf;
}

static zr_leaf *
leaf_ref(zr_leaf *leaf)
{
    atomic_fetch_add_explicit(&leaf->refs, 1, memory_order_relaxed);
    return leaf;
}

void
zr_leaf_unref(zr_leaf *leaf)
{
    if (leaf && atomic_fetch_sub_explicit(&leaf->refs, 1, memory_order_acq_rel) == 1)
        zb_free(leaf);
}

zr_node *
zr_node_ref(zr_node *n)
{
    if (n)
        atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}

/* Drops a reference; a node that has none left goes to the list. */
static zr_node *
drop(zr_node *n, zr_node *list)
{
    if (!n || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) != 1)
        return list;
    zr_leaf_unref(n->leaf);
    n->next = list;
    return n;
}

void
zr_node_unref(zr_node *n)
{
    zr_node *list = drop(n, NULL);
    while (list) {
        n = list;
        list = n->next;
        list = drop(n->left, list);
        list = drop(n->right, list);
        list = drop(n->kids, list);
        zb_free(n);
    }
}

void
zr_tree_free(zr_tree *t)
{
    zr_node_unref(t->root);
    memset(t, 0, sizeof *t);
}

/* ---- looking ---- */

static int
compare(const char *name, size_t len, const zr_leaf *leaf)
{
    int c = memcmp(name, leaf->name, len < leaf->name_len ? len : leaf->name_len);
    return c ? c : (len > leaf->name_len) - (len < leaf->name_len);
}

static const zr_node *
lookup(const zr_node *n, const char *name, size_t len)
{
    while (n) {
        int c = compare(name, len, n->leaf);
        if (c == 0)
            break;
        n = c < 0 ? n->left : n->right;
    }
    return n;
}

const zr_node *
zr_child(const zr_node *parent, const char *name, size_t len)
{
    return lookup(parent->kids, name, len);
}

/* The first component's length. */
static size_t
first(const char *path, size_t len)
{
    const char *slash = memchr(path, '/', len);
    return slash ? (size_t)(slash - path) : len;
}

const zr_node *
zr_find(const zr_node *n, const char *path, size_t len)
{
    while (n && len) {
        size_t part = first(path, len);
        n = zr_child(n, path, part);
        part += part < len;
        path += part;
        len -= part;
    }
    return n;
}

const zr_node *
zr_nth(const zr_node *n, size_t i)
{
    while (n) {
        size_t left = zr_node_size(n->left);
        if (i == left)
            break;
        if (i < left) {
            n = n->left;
        } else {
            i -= left + 1;
            n = n->right;
        }
    }
    return n;
}

/* ---- changing ---- */

/* Makes *slot ours alone. What leads there must be so already. */
static bool
own(zr_node **slot)
{
    zr_node *n = *slot;
    if (!n)
        return false; /* nobody asks for that */
    if (atomic_load_explicit(&n->refs, memory_order_acquire) == 1)
        return true;
    zr_node *copy = zb_malloc(sizeof *copy);
    if (!copy)
        return false;
    atomic_init(&copy->refs, 1);
    copy->size = n->size;
    copy->left = zr_node_ref(n->left);
    copy->right = zr_node_ref(n->right);
    copy->kids = zr_node_ref(n->kids);
    copy->leaf = leaf_ref(n->leaf);
    *slot = copy;
    zr_node_unref(n);
    return true;
}

static void
resize(zr_node *n)
{
    n->size = zr_node_size(n->left) + zr_node_size(n->right) + 1;
}

/* The right one comes up. Both are ours. */
static void
rotate_left(zr_node **slot)
{
    zr_node *n = *slot, *up = n->right;
    n->right = up->left;
    up->left = n;
    resize(n);
    resize(up);
    *slot = up;
}

static void
rotate_right(zr_node **slot)
{
    zr_node *n = *slot, *up = n->left;
    n->left = up->right;
    up->right = n;
    resize(n);
    resize(up);
    *slot = up;
}

/* *slot is ours and its size may be wrong; so may be its balance, by one. */
static void
balance(zr_node **slot)
{
    zr_node *n = *slot;
    resize(n);
    uint64_t left = zr_node_size(n->left), right = zr_node_size(n->right);
    if (left + right <= 1)
        return;
    if (right > DELTA * left) {
        if (!own(&n->right))
            return;
        if (zr_node_size(n->right->left) >= (uint64_t)RATIO * zr_node_size(n->right->right)) {
            if (!own(&n->right->left))
                return;
            rotate_right(&n->right);
        }
        rotate_left(slot);
    } else if (left > DELTA * right) {
        if (!own(&n->left))
            return;
        if (zr_node_size(n->left->right) >= (uint64_t)RATIO * zr_node_size(n->left->left)) {
            if (!own(&n->left->right))
                return;
            rotate_left(&n->left);
        }
        rotate_right(slot);
    }
}

/* *slot gets the node, which is not there yet. */
static bool
insert(zr_node **slot, zr_node *node)
{
    if (!*slot) {
        *slot = node;
        return true;
    }
    if (!own(slot))
        return false;
    bool left = compare(node->leaf->name, node->leaf->name_len, (*slot)->leaf) < 0;
    if (!insert(left ? &(*slot)->left : &(*slot)->right, node))
        return false;
    balance(slot);
    return true;
}

/* Takes the first node out of *slot, which is not empty. NULL: no memory, nothing has changed. */
static zr_node *
take_first(zr_node **slot)
{
    if (!own(slot))
        return NULL;
    zr_node *n = *slot;
    if (!n->left) {
        *slot = n->right;
        n->right = NULL;
        return n;
    }
    zr_node *taken = take_first(&n->left);
    if (taken)
        balance(slot);
    return taken;
}

/* Takes the node `name`, which is there, out of *slot. */
static bool
erase(zr_node **slot, const char *name, size_t len)
{
    if (!own(slot))
        return false;
    zr_node *n = *slot;
    int c = compare(name, len, n->leaf);
    if (c) {
        if (!erase(c < 0 ? &n->left : &n->right, name, len))
            return false;
        balance(slot);
        return true;
    }
    if (!n->left || !n->right) {
        *slot = n->left ? n->left : n->right;
    } else {
        zr_node *heir = take_first(&n->right);
        if (!heir)
            return false;
        heir->left = n->left;
        heir->right = n->right;
        *slot = heir;
        balance(slot);
    }
    n->left = n->right = NULL;
    zr_node_unref(n);
    return true;
}

/* The slot of the child `name`, which is there; the way to it is made ours. NULL: no memory. */
static zr_node **
own_child(zr_node **slot, const char *name, size_t len)
{
    for (;;) {
        if (!own(slot))
            return NULL;
        int c = compare(name, len, (*slot)->leaf);
        if (c == 0)
            return slot;
        slot = c < 0 ? &(*slot)->left : &(*slot)->right;
    }
}

/* The slot of a node that is there, its way ours. NULL: no memory. */
static zr_node **
own_path(zr_tree *t, const char *path, size_t len)
{
    zr_node **slot = &t->root;
    if (!own(slot))
        return NULL;
    while (len && slot) {
        size_t part = first(path, len);
        slot = own_child(&(*slot)->kids, path, part);
        part += part < len;
        path += part;
        len -= part;
    }
    return slot;
}

/* The length of the parent's path, and where the last component begins. */
static size_t
parent_of(const char *path, size_t len, size_t *last)
{
    size_t at = len;
    while (at > 0 && path[at - 1] != '/')
        at--;
    *last = at;
    return at > 0 ? at - 1 : 0;
}

static zobo_err
replace(zr_tree *t, const char *path, size_t len, zr_leaf *leaf)
{
    zr_node **slot = own_path(t, path, len);
    if (!slot) {
        zr_leaf_unref(leaf);
        return ZOBO_ENOMEM;
    }
    t->bytes += leaf_bytes(leaf);
    t->bytes -= leaf_bytes((*slot)->leaf);
    zr_leaf_unref((*slot)->leaf);
    (*slot)->leaf = leaf;
    return ZOBO_OK;
}

/* Hangs a new node in; its parent, if it is not the root, is there. */
static bool
hang(zr_tree *t, const char *path, size_t len, zr_node *node)
{
    if (!t->root) {
        t->root = node;
        return true;
    }
    size_t last, up = parent_of(path, len, &last);
    zr_node **parent = own_path(t, path, up);
    return parent && insert(&(*parent)->kids, node);
}

zobo_err
zr_tree_put(zr_tree *t, const char *path, size_t len, zr_leaf *leaf)
{
    size_t last, up = parent_of(path, len, &last);
    if (zr_find(t->root, path, len))
        return replace(t, path, len, leaf);
    zobo_err err = len && !zr_find(t->root, path, up) ? ZOBO_ENONODE : ZOBO_OK;
    zr_node *node = err ? NULL : zb_calloc(1, sizeof *node);
    if (!node) {
        zr_leaf_unref(leaf);
        return err ? err : ZOBO_ENOMEM;
    }
    atomic_init(&node->refs, 1);
    node->size = 1;
    node->leaf = leaf;
    if (!hang(t, path, len, node)) {
        zr_node_unref(node);
        return ZOBO_ENOMEM;
    }
    t->nodes++;
    t->bytes += chunk(sizeof *node) + leaf_bytes(leaf);
    if (len > t->path_max)
        t->path_max = len;
    return ZOBO_OK;
}

static void
count(const zr_node *n, size_t *nodes, size_t *bytes)
{
    for (; n; n = n->right) {
        count(n->left, nodes, bytes);
        count(n->kids, nodes, bytes);
        ++*nodes;
        *bytes += chunk(sizeof *n) + leaf_bytes(n->leaf);
    }
}

zobo_err
zr_tree_remove(zr_tree *t, const char *path, size_t len)
{
    const zr_node *n = zr_find(t->root, path, len);
    if (!n)
        return ZOBO_ENONODE;
    size_t nodes = 1, bytes = chunk(sizeof *n) + leaf_bytes(n->leaf);
    count(n->kids, &nodes, &bytes);
    if (len == 0) {
        zr_node_unref(t->root);
        t->root = NULL;
    } else {
        size_t last, up = parent_of(path, len, &last);
        zr_node **parent = own_path(t, path, up);
        if (!parent || !erase(&(*parent)->kids, path + last, len - last))
            return ZOBO_ENOMEM;
    }
    t->nodes -= nodes;
    t->bytes -= bytes;
    return ZOBO_OK;
}
