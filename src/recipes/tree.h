/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of nodes that can be changed while others read it as it was.
 *
 * The children of a node are a weight-balanced search tree by name; its nodes (zr_node) are small and counted. A change
 * copies the zr_nodes from the root down to the place of the change, and leaves all others shared with whoever keeps an
 * older root: some dozens of small copies, whatever the size of the tree. What is not shared is changed in place, so a
 * tree that nobody keeps costs no copies. What is known of a node (zr_leaf) never changes and is shared by all trees.
 *
 * Pure: no clock, no client. Changing is for one thread at a time; reading, taking and dropping references for any. */
#ifndef ZR_TREE_H
#define ZR_TREE_H

#include <stdatomic.h>

#include <zobo/types.h>

enum { ZR_TREE_DEPTH = 255 }; /* levels below the root: what bounds the recursions here */

/* What is known of a node. */
typedef struct zr_leaf {
    atomic_uint refs;
    uint32_t name_len;
    uint32_t data_len;
    int32_t err; /* why something is not known, or ZOBO_OK */
    zobo_stat stat;
    bool has_stat;
    bool has_data;
    char name[]; /* name, NUL, data, NUL */
} zr_leaf;

/* A node's place among its siblings. */
typedef struct zr_node {
    atomic_uint refs;
    uint32_t size; /* of the search tree that begins here */
    struct zr_node *left, *right;
    struct zr_node *kids; /* the search tree of its children */
    union {
        zr_leaf *leaf;
        struct zr_node *next; /* while it is being freed */
    };
} zr_node;

/* zr_leaf_new makes what is known of a node; `stat` and `data` may be NULL. NULL: no memory. */
zr_leaf *zr_leaf_new(const char *name, size_t name_len, const zobo_stat *stat, const void *data, size_t data_len,
                     zobo_err err);
void zr_leaf_unref(zr_leaf *leaf);

static inline const void *
zr_leaf_data(const zr_leaf *leaf)
{
    return leaf->has_data ? leaf->name + leaf->name_len + 1 : NULL;
}

/* zr_node_ref keeps a whole tree; NULL stays NULL. */
zr_node *zr_node_ref(zr_node *n);
void zr_node_unref(zr_node *n);

static inline uint32_t
zr_node_size(const zr_node *n)
{
    return n ? n->size : 0;
}

/* A tree that is being changed. */
typedef struct zr_tree {
    zr_node *root; /* NULL: empty */
    size_t nodes;
    size_t bytes;    /* of memory, as malloc counts */
    size_t path_max; /* the longest path there ever was, without a NUL: see zr_diff */
} zr_tree;

void zr_tree_free(zr_tree *t);

/* --- paths here are those below the root, without a slash at either end: "a/b"; "" is the root --- */

/* zr_find looks a node up; NULL: there is none. */
const zr_node *zr_find(const zr_node *root, const char *path, size_t len);

/* zr_child looks a child up by its name; zr_nth the i-th in order. NULL: there is none. */
const zr_node *zr_child(const zr_node *parent, const char *name, size_t len);
const zr_node *zr_nth(const zr_node *kids, size_t i);

/* zr_tree_put adds the node, or replaces what is known of it; its children stay. Takes `leaf` over, also on an error.
 * ZOBO_ENONODE: no parent. ZOBO_ENOMEM: nothing has changed. */
zobo_err zr_tree_put(zr_tree *t, const char *path, size_t len, zr_leaf *leaf);

/* zr_tree_remove removes a node and all below it. ZOBO_ENONODE, ZOBO_ENOMEM: nothing has changed. */
zobo_err zr_tree_remove(zr_tree *t, const char *path, size_t len);

/* --- the difference between two trees --- */

typedef enum zr_change { ZR_ADDED, ZR_UPDATED, ZR_REMOVED } zr_change;

/* Told of a node that is another. `path` begins as in zr_diff; `was` and `is` are NULL where there is none. False ends.
 * */
typedef bool zr_diff_fn(void *arg, zr_change change, const char *path, const zr_node *was, const zr_node *is);

/* zr_diff tells all that is different in `to`: parents are added before their children, removed after them; a node with
 * another czxid is removed and added. Costs what has changed, not what there is. `path` is a buffer that holds the
 * root's path, `len` long, without a slash at its end ("" for "/"), with room for the longest path of both trees, a
 * slash and a NUL. False: fn has ended it. */
bool zr_diff(const zr_node *from, const zr_node *to, char *path, size_t len, zr_diff_fn *fn, void *arg);

/* zr_walk tells each node of a tree, parents first, as ZR_ADDED. `path` as in zr_diff. */
bool zr_walk(const zr_node *n, char *path, size_t len, zr_diff_fn *fn, void *arg);

#endif
