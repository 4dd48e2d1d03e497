/* SPDX-License-Identifier: Apache-2.0 */
/* --format: nodes are printed as the user's own text says, "%p %v\n". Nothing is added to it, no newline either. */
#ifndef CLI_FORM_H
#define CLI_FORM_H

#include "cli.h"

/* What may be known of a node. */
struct node_facts {
    const char *path;
    const zobo_stat *stat; /* NULL: not known, which prints as ? */
    const void *data;
    size_t data_len;
};

/* form_check tells what is wrong with such a text, naming the byte; 0, or BAD_USAGE. */
int form_check(const struct ctx *ctx, const char *form);

/* form_has tells whether one of these letters stands in it as a field: what need not be printed need not be read. */
bool form_has(const char *form, const char *letters);
#define FORM_STAT "vscmCoz"
#define FORM_DATA "d"

/* put_form prints a node by ctx->form, which is set while ctx->format is FORMAT_OWN. */
void put_form(const struct ctx *ctx, const struct node_facts *node);

/* print_form_help tells of the fields, a line each. */
void print_form_help(FILE *to);

/* form_field is the table by index: "%p", "path"; false behind its end. For the manual page. */
bool form_field(size_t i, char name[3], const char **what);

#endif
