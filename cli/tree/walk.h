/* SPDX-License-Identifier: Apache-2.0 */
/* Reading many nodes at once: a subtree, or the stats of a node's children. */
#ifndef CLI_WALK_H
#define CLI_WALK_H

#include "frame/cli.h"

struct node {
    struct node *parent; /* NULL: the root of the walk, whose name is its path */
    const char *name;
    struct node *children; /* sorted by name */
    size_t n_children;
    struct node *next; /* in the walk's queue */
    uint32_t depth;    /* 0: the root */
    zobo_err err;      /* ZOBO_ENONODE: it vanished meanwhile */
    bool has_stat;
    zobo_stat stat;
};

/* What to walk, and what came of it. */
struct walk {
    struct node root; /* first: the callbacks climb to it and take it for the walk */
    uint32_t depth;   /* how deep to go; 1: the children */
    bool stats;       /* the nodes at that depth need a stat too (all others have one anyway) */

    size_t n_nodes;  /* below the root, those that vanished not counted */
    size_t n_failed; /* nodes that could not be read: their err tells why */
    zobo_err err;    /* what ended the walk before its time */

    struct node *queue, **queue_end;
    size_t in_flight;
};

/* walk_tree reads the nodes below `path`. Nodes that vanish meanwhile are no error. On ZOBO_OK or not: walk_free. */
zobo_err walk_tree(struct ctx *ctx, const char *path, struct walk *walk);
void walk_free(struct walk *walk);

/* node_path returns the node's path, to be freed by the caller. */
char *node_path(const struct node *node);

/* walk_next returns the node after `node`, each before those below it; NULL after the last. Vanished ones are left
 * out. Begin with the root. */
const struct node *walk_next(const struct node *node);

#endif
