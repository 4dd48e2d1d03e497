/* SPDX-License-Identifier: Apache-2.0 */
/* Whole trees: one with everything in it, and what is in one as text, to be compared. */
#ifndef ZT_TREE_H
#define ZT_TREE_H

#include <zobo/zobo.h>

/* zt_tree_plant makes nodes of every kind below /t, and a quota on it. The client's credential becomes joe's, without
 * which some cannot be read; /t/eph is its session's. */
void zt_tree_plant(zobo_client *client);
void zt_tree_login(zobo_client *client); /* joe's credential alone */

/* A line for each node: path, stat, data, ACL. */
typedef struct zt_tree {
    char **lines;
    size_t n, cap;
} zt_tree;
void zt_tree_read(zt_tree *tree, zobo_client *client);
void zt_tree_free(zt_tree *tree);

/* zt_tree_same fails the test where two differ; `but` (may be NULL) is a path that may. */
void zt_tree_same(const zt_tree *want, const zt_tree *got, const char *but);
const char *zt_tree_find(const zt_tree *tree, const char *path); /* its line, or NULL */

#endif
