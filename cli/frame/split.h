/* SPDX-License-Identifier: Apache-2.0 */
/* The quoting grammar of shells, scripts and completion. It is the POSIX shell's, without what a shell does beyond
 * words: '...' is what it is, in "..." a backslash takes the meaning of \ " $ ` and newline, elsewhere a backslash of
 * any character; a backslash at a line's end joins it to the next. "#" where a word could begin makes a comment, ";" and
 * newline end a command. There are no variables, patterns, pipes or redirections: $ * | > & are characters. */
#ifndef CLI_SPLIT_H
#define CLI_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/* What a text ends in the middle of. */
enum split_open { OPEN_NOTHING, OPEN_SINGLE, OPEN_DOUBLE, OPEN_BACKSLASH };

struct split {
    size_t n;             /* words */
    size_t next;          /* where the next command begins: the text's length if there is none */
    enum split_open open; /* the text ends in a word that is not whole: see `opened` */
    size_t opened;        /* where the quote or the backslash stands */
    bool in_word;         /* the text ends right behind the last word's last character: it may go on */
    bool in_comment;      /* the text ends in a comment */
    size_t word_at;       /* where the last word begins in the text */
};

/* split_command cuts the first command off `text` (`len` bytes, no NUL needed): its words go to `words` and their
 * characters, each ended by NUL, to `room`. An unfinished word is still given, as far as it goes. Commands without words
 * (blank lines, comments, ";;") are given too, with n 0.
 *
 * `words` must have room for SPLIT_WORDS(len) pointers and `room` for SPLIT_ROOM(len) bytes. */
void split_command(const char *text, size_t len, char **words, char *room, struct split *out);

#define SPLIT_WORDS(len) ((len) / 2 + 2)
#define SPLIT_ROOM(len)  ((len) + 2)

/* split_fault says what is not finished: "this quote has no end". NULL for OPEN_NOTHING. */
const char *split_fault(enum split_open open);

/* split_line_column tells where `at` stands in the text: line and column, both from 1. Columns are characters (of
 * UTF-8). */
void split_line_column(const char *text, size_t at, size_t *line, size_t *column);

/* split_quote writes `word` as it must be typed to be read again as it is: plain where that will do, else in single
 * quotes. Writes at most SPLIT_QUOTED_ROOM(strlen(word)) bytes, NUL included. */
void split_quote(const char *word, char *out);

#define SPLIT_QUOTED_ROOM(len) (4 * (len) + 3)

#endif
