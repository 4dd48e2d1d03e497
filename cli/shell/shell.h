/* SPDX-License-Identifier: Apache-2.0 */
/* What a shell or script keeps from one command to the next. */
#ifndef CLI_SHELL_H
#define CLI_SHELL_H

#include "frame/command.h"
#include "frame/split.h"

struct past;
struct nodes;

struct shell {
    struct ctx *ctx;
    bool over; /* exit was asked for, with `exit_code` */
    int exit_code;
    char *cwd_before; /* cd -; or NULL */

    /* Of a shell at a terminal only: */
    bool interactive;
    struct past *past;
    struct nodes *nodes; /* children known to completion */
    bool hides_events;   /* printwatches off */
    bool running;        /* a command has the terminal */
    zobo_state told;     /* what the user knows of the connection */
    bool was_up;         /* ever */
    char *above;         /* lines to be printed above the prompt; NULL: none */
    size_t above_len;
    size_t redone; /* commands that redo runs inside each other */
};

/* Where commands come from, for messages. */
struct source {
    const char *name; /* NULL: typed */
    size_t line;      /* of the text's first character, from 1 */
    bool keep_going;  /* after errors */
};

/* run_text runs the commands in `text`, which has no open quote: up to the first error, or with keep_going all. It
 * returns the exit code of what ended it; with keep_going PARTIAL if anything failed. */
int run_text(struct ctx *ctx, const char *text, size_t len, const struct source *source);

/* text_is_open tells what the text ends in the middle of, and where that begins. */
enum split_open text_is_open(const char *text, size_t len, size_t *opened);

/* run_script runs what comes from `file`, line by line; run_interactive what is typed. */
int run_script(struct ctx *ctx, FILE *file, const char *name, bool keep_going);
int run_interactive(struct ctx *ctx);

/* listen_to has changes of the client's state told above the prompt. */
void listen_to(struct shell *shell);

/* tell_above has a line printed above the prompt, or at once when there is none. */
void tell_above(struct shell *shell, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
