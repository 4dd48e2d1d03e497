/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a subtree, node after node, in flat memory: it keeps many requests in flight, but holds no more than a window
 * of answers and, for each level, the names that are still to come. A command that scans reads like a loop:
 *
 *     struct scan *scan = scan_open(ctx, path, &(struct scan_options){.depth = UINT32_MAX});
 *     struct scan_node node;
 *     while (scan_next(scan, &node))
 *         ...
 *     code = scan_close(scan);
 */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "frame/cli.h"

enum { SCAN_DATA = 1, SCAN_ACL = 2 };

struct scan_options {
    uint32_t depth;  /* how far below the root; 0: the root alone */
    unsigned what;   /* SCAN_DATA, SCAN_ACL besides the stat, which each node has */
    bool names_only; /* the nodes at that depth are not asked about at all: no stat, not known whether they are there */
    bool leave;      /* tell each node a second time when all below it has been told */
    bool own_errors; /* nodes that could not be read are the caller's to count and tell: scan_close does not */
    bool may_miss;   /* that the root is not there is no error: nothing is told */
    const char *doing; /* tell of progress under this word ("reading"); NULL: do not */
};

/* What scan_next tells; it is good until the next call. */
struct scan_node {
    const char *path;
    const char *name; /* the last part of the path; "/" for the root of all */
    uint32_t depth;
    bool last;             /* no sibling follows, as far as is known by now */
    bool leaving;          /* the second time: only path, name, depth and stat are set */
    zobo_err err;          /* it could not be read: ZOBO_ENOAUTH, ... What is below it is not told. */
    const zobo_stat *stat; /* NULL: err says why, or names_only */
    const void *data;      /* SCAN_DATA; NULL: the node has no data */
    size_t data_len;
    const zobo_acl *acls; /* SCAN_ACL; NULL: they may not be read */
    size_t n_acls;
};

/* What a node is, as far as the owner field of its stat tells: not all servers say so of containers and TTLs. */
enum node_kind { NODE_EPHEMERAL, NODE_PERSISTENT, NODE_CONTAINER, NODE_TTL };
enum node_kind node_kind(const zobo_stat *stat);

struct scan;

/* scan_open begins to read `path` and what is below it; the session must be there. Only scan_close ends it. */
struct scan *scan_open(struct ctx *ctx, const char *path, const struct scan_options *options);

/* scan_next tells the next node: parents before children, children by name (bytes). Nodes that vanish meanwhile are
 * left out, but not the root, whose error ends the scan. A lost connection is waited out. False at the end: of the tree,
 * by a signal, or by an error that scan_close tells. */
bool scan_next(struct scan *scan, struct scan_node *node);

/* scan_prune leaves out what is below the node just told. */
void scan_prune(struct scan *scan);

/* scan_close ends the scan, even amid the tree. 0; or, after telling, the exit code of what ended it (a lost session:
 * NO_SERVER), PARTIAL when nodes could not be read. After a signal, which ctx->signal holds, BY_SIGNAL and its number. */
int scan_close(struct scan *scan);

#endif
