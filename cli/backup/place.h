/* SPDX-License-Identifier: Apache-2.0 */
/* Where a tree is, as users say it: "/path" here, "context:/path" at another context's servers, else a file or directory
 * of an export; "file:" before a name says so, too. */
#ifndef CLI_BACKUP_PLACE_H
#define CLI_BACKUP_PLACE_H

#include "source.h"

struct place {
    const char *path; /* of a node; NULL: it is a file */
    const char *file;
    struct ctx *ctx; /* whose session: the command's or `own`; NULL with a file */
    struct ctx own;
    char *owned;
};

/* place_open finds the place and connects to its servers; place_close in either case. 0, or the exit code after telling. */
int place_open(struct ctx *ctx, const char *word, struct place *out);
void place_close(struct place *place);

/* open_export opens the export in a file ("-": stdin) or directory. NULL after telling. */
struct source *open_export(const struct ctx *ctx, const char *file, int *code);

/* place_source begins to read the tree there. NULL after telling. */
struct source *place_source(struct ctx *ctx, const struct place *place, const struct source_options *options,
                            int *code);

/* may_change holds what a command is about to do against what the context of its servers allows. */
int may_change(struct ctx *ctx, struct ctx *dst);

#endif
