/* SPDX-License-Identifier: Apache-2.0 */
/* Copying a subtree, node after node. Reader and writer may be two clusters. */
#ifndef CLI_COPY_H
#define CLI_COPY_H

#include "frame/cli.h"

/* One end of a copy. */
struct place {
    struct ctx *ctx;
    const char *path;
};

struct copy_options {
    bool recursive;
    bool overwrite;  /* nodes that are there get the data (and ACL) */
    bool parents;    /* make those above */
    bool data_only;  /* without ACLs: new nodes have the default one, those there keep theirs */
    bool ephemerals; /* copy ephemeral nodes too, as ordinary ones */
};

struct copied {
    uint64_t created, overwritten, skipped;
    int64_t zxid; /* of the source, when it began */
};

/* need_apart refuses to copy a subtree into itself: 0, or the exit code after telling. */
int need_apart(const struct place *from, const struct place *to);

/* path_below returns to + (path - from): where a node of the source goes. To be freed. */
char *path_below(const char *to, const char *from, const char *path);

/* acl_is_whole tells whether the entries are what was set: without the permission ADMIN, a server hides passwords. */
bool acl_is_whole(const zobo_acl *acls, size_t n);

/* copy_tree copies; 0, or the exit code after telling. The sessions must be there. */
int copy_tree(const struct place *from, const struct place *to, const struct copy_options *options,
              struct copied *copied);

#endif
