/* SPDX-License-Identifier: Apache-2.0 */
/* The user's editor on a file. */
#ifndef CLI_EDITOR_H
#define CLI_EDITOR_H

#include "frame/cli.h"

/* run_editor runs $VISUAL, $EDITOR or vi on `path` and waits for its end; the client, if there is one, is served
 * meanwhile. 0, or the exit code after telling what went wrong. */
int run_editor(struct ctx *ctx, const char *path);

/* write_temporary makes a file beside `beside` (NULL: where temporary files lie), readable by the user alone, and writes
 * the bytes to it. Returns its name, to be freed and the file to be removed; NULL after telling. */
char *write_temporary(const struct ctx *ctx, const char *beside, const void *bytes, size_t len);

/* read_whole reads a file of at most `most` bytes. NULL after telling; to be freed. */
char *read_whole(const struct ctx *ctx, const char *path, size_t most, size_t *len);

#endif
