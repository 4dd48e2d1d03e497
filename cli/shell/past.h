/* SPDX-License-Identifier: Apache-2.0 */
/* The lines typed before, here and in earlier shells. */
#ifndef CLI_PAST_H
#define CLI_PAST_H

#include <histedit.h>
#include <stdbool.h>
#include <stddef.h>

struct past;

/* past_open reads ZOBO_HISTFILE, else $XDG_STATE_HOME/zobo/history, else ~/.local/state/zobo/history. That there is none,
 * or that it cannot be read, is no error: then the past begins now. */
struct past *past_open(void);
void past_close(struct past *past);

/* past_add keeps a line, here and in the file, unless past_keeps says no; an equal one before it goes. */
void past_add(struct past *past, const char *line);

/* past_keeps tells whether a line may be kept: it does not begin with a space, and holds nothing that might be a
 * secret. */
bool past_keeps(const char *line);

/* Lines have numbers, which stay. past_count is how many there are; past_at gives the `i`th, from the oldest;
 * past_find the one of that number, or NULL. */
size_t past_count(const struct past *past);
const char *past_at(const struct past *past, size_t i, int *number);
const char *past_find(const struct past *past, int number);

/* For the line editor. */
History *past_for_editor(struct past *past);

#endif
