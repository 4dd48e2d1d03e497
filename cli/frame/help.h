/* SPDX-License-Identifier: Apache-2.0 */
/* What help (help.c) and the manual pages (man.c) share. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "command.h"

extern const char help_intro[];

/* option_name writes "-v, --if-version N". */
void option_name(const struct opt *opt, char *buf, size_t size);

/* print_aliases writes " delete, deleteall (rm --recursive)". */
void print_aliases(FILE *to, const struct command *command);

#endif
