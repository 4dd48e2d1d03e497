/* SPDX-License-Identifier: Apache-2.0 */
/* An export as a directory, for version control: each node's data in a file of its own, and an index of what files
 * cannot say.
 *
 *     DIR/@index.ndjson      a line for each node, as in an export, with the name of its file instead of its data
 *     DIR/@data              the root's data
 *     DIR/a                  the data of /a
 *     DIR/a@/b               of /a/b
 *
 * In names "%" and "@" become %25 and %40, a dot at the beginning %2E; one that is too long for a file system is cut off
 * and ends in "%~" and a hash. */
#ifndef CLI_BACKUP_DIR_H
#define CLI_BACKUP_DIR_H

#include "record.h"

struct dirout;

/* dirout_open begins to write a directory: a new one, an empty one, or one that holds an export already. NULL after
 * telling what is wrong. */
struct dirout *dirout_open(const struct ctx *ctx, const char *dir);
bool dirout_header(struct dirout *out, const struct header *header);
bool dirout_node(struct dirout *out, const struct tnode *node);

/* dirout_keep puts the new index in its place, and removes the files that only the old one has. dirout_drop leaves the
 * files as they are by now, without an index when some were written: what is half of an export is none. The old index is
 * DIR/@index.old then, for the next export to tidy up by. Both free. 0, or the exit code after telling. */
int dirout_keep(struct dirout *out, const struct trailer *trailer);
void dirout_drop(struct dirout *out);

/* index_file names the index of a directory; freed by the caller. */
char *index_file(const char *dir);

/* dir_is_unfinished tells whether an export into the directory has not come to its end. */
bool dir_is_unfinished(const char *dir);

/* read_node_file reads the data of a node from its file. 0, or the exit code after telling. */
int read_node_file(const struct ctx *ctx, const char *dir, struct record *record);

#endif
