/* SPDX-License-Identifier: Apache-2.0 */
/* What could stand where somebody types: from the tables of commands and options, the tree, files and contexts. */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "shell.h"

enum completing {
    COMPLETE_WORDS,
    COMPLETE_OPEN,    /* as WORDS, but the word may go on: no space behind it */
    COMPLETE_FILES,   /* a file's name; whoever asks knows them better */
    COMPLETE_DIRS,    /* a directory's */
    COMPLETE_PROGRAMS /* a program's, and then its arguments */
};

struct candidate {
    char *text;
    const char *help; /* or NULL */
};

struct candidates {
    struct candidate *items;
    size_t n;
    enum completing kind;
    size_t shared; /* of each text, what need not be shown: "/app/" of paths */
};

/* complete_word tells what the last of `words` (n of them, at least one) could become; the others are whole. The words
 * are a command line's, without "zobo". It says nothing, connects only out of a shell, and takes no longer than until
 * `deadline` (on now_ms's clock). candidates_free in the end. */
void complete_word(struct ctx *ctx, struct nodes *nodes, char *const *words, size_t n, uint64_t deadline,
                   struct candidates *out);
void candidates_free(struct candidates *candidates);

/* How a line is to be changed. */
struct completion {
    char *text; /* to be put in the place of the last `replaces` bytes, or NULL: nothing; to be freed */
    size_t replaces;
    bool beep;
};

/* complete_line completes what stands before the cursor of a shell's line; `before` is what the line continues, or NULL.
 * Where there is a choice it is shown above the prompt. */
void complete_line(struct shell *shell, const char *before, const char *line, size_t len, struct completion *out);

#endif
