/* SPDX-License-Identifier: Apache-2.0 */
/* The children of nodes, for completion: asked for with a deadline, known for a while. */
#ifndef CLI_NODES_H
#define CLI_NODES_H

#include "frame/cli.h"

struct nodes;

struct nodes *nodes_new(void);
void nodes_free(struct nodes *nodes);

/* nodes_children gives the names of a node's children, sorted, and how many; they are nodes' own, until its next call.
 * None when the server does not answer within `deadline` (on now_ms's clock), when there is no connection and they are
 * not known from before, or when there is no such node. In a shell it never connects. */
char **nodes_children(struct nodes *nodes, struct ctx *ctx, const char *path, uint64_t deadline, size_t *n);

/* nodes_forget forgets what is known of a node and its parent; nodes_age has all asked for again, where that is
 * possible. Both ignore NULL. */
void nodes_forget(struct nodes *nodes, const char *path);
void nodes_age(struct nodes *nodes);

#endif
