/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a line from the terminal, edited by libedit, while the session is kept alive. */
#ifndef CLI_LINEEDIT_H
#define CLI_LINEEDIT_H

#include "shell.h"

struct lineedit;

enum line_end {
    LINE_READ,
    LINE_INTERRUPTED, /* Ctrl-C: the line is forgotten */
    LINE_OVER         /* Ctrl-D on an empty line, the terminal is gone, or a signal ends us: ctx->signal */
};

/* lineedit_new takes the terminal over; NULL after telling why not. */
struct lineedit *lineedit_new(struct shell *shell);
void lineedit_free(struct lineedit *edit);

/* lineedit_read reads a line, without its newline; `*line` is to be freed. `before` is what the line continues (NULL:
 * nothing): a text with an open quote. */
enum line_end lineedit_read(struct lineedit *edit, const char *before, char **line);

#endif
