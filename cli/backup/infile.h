/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is read as a stream of bytes or lines. Whether it is compressed (gzip, zstd) is told by its content. */
#ifndef CLI_INFILE_H
#define CLI_INFILE_H

#include "frame/cli.h"

struct infile;

/* infile_open opens `file`; "-" is stdin. What can be read only once, a pipe, is copied to a temporary file (in TMPDIR)
 * without a name first: so it can be looked through before anything is done. NULL after telling what is wrong. */
struct infile *infile_open(const struct ctx *ctx, const char *file);

/* infile_of reads bytes in memory, which must live as long. */
struct infile *infile_of(const struct ctx *ctx, const char *name, const void *bytes, size_t n);

/* infile_read reads up to `n` bytes, 0 at the end. */
size_t infile_read(struct infile *in, void *buf, size_t n);

/* infile_line reads a line, without its newline; it is good until the next call. False at the end, or by an error. */
bool infile_line(struct infile *in, char **line, size_t *len);

/* infile_failed tells whether reading has failed; what is wrong was told then. */
bool infile_failed(const struct infile *in);

/* infile_rewind goes back to the beginning. */
bool infile_rewind(struct infile *in);

/* infile_name is what messages call it. infile_number counts the lines read so far. */
const char *infile_name(const struct infile *in);
uint64_t infile_number(const struct infile *in);

void infile_close(struct infile *in);

#endif
