/* SPDX-License-Identifier: Apache-2.0 */
/* Making a subtree of a server like a tree from elsewhere: import and sync. Both are walked side by side, so nothing is
 * written that is already as it should be, and what was interrupted goes on where it was. */
#ifndef CLI_BACKUP_MIRROR_H
#define CLI_BACKUP_MIRROR_H

#include "source.h"

enum if_exists { IF_EXISTS_FAIL, IF_EXISTS_SKIP, IF_EXISTS_OVERWRITE };

struct mirror_options {
    const char *what; /* what questions call the source */
    enum if_exists if_exists;
    bool remove;     /* what the source does not have */
    bool no_acls;    /* new nodes have the usual ACL, those there keep theirs */
    bool ephemerals; /* they are made, too, as persistent nodes */
    bool keep_going; /* after an error */
    bool verify;
};

/* mirror makes `root` of `dst`, whose session must be there, like `source`. `ctx` is the command's: for what is printed.
 * Returns the exit code. */
int mirror(struct ctx *ctx, struct ctx *dst, const char *root, struct source *source,
           const struct mirror_options *options);

#endif
