/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is written whole or not at all, compressed by its name (.gz, .zst). */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include "frame/cli.h"

struct outfile;

/* outfile_open begins a file under another name beside it; "-" is stdout, written as it comes, as are files that are
 * none (a pipe). The file is the user's alone (mode 0600). NULL after telling what is wrong. */
struct outfile *outfile_open(const struct ctx *ctx, const char *file);

/* outfile_begin gives the stream for a record, outfile_end writes the record. False: it failed, which was told. */
FILE *outfile_begin(struct outfile *out);
bool outfile_end(struct outfile *out);

/* outfile_again throws away what was written and begins anew; false where that cannot be. */
bool outfile_again(struct outfile *out);

/* outfile_keep ends the file and gives it its name; outfile_drop leaves nothing. Both free. 0, or the exit code after
 * telling. */
int outfile_keep(struct outfile *out);
void outfile_drop(struct outfile *out);

#endif
