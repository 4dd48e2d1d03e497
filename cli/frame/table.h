/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of cells, for views of several columns. -o json: an object a row, as soon as it is whole; raw: cells separated by
 * tabs, as soon as it is whole; text: aligned columns, with a header on a terminal; table: with a header always. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli.h"

enum cell_kind { CELL_TEXT, CELL_INT, CELL_REAL, CELL_ID, CELL_TIME, CELL_BOOL };

struct column {
    const char *key; /* in JSON */
    const char *title;
    enum cell_kind kind;
};

struct table;

/* table_new begins a table; `columns` must live as long. Formats for commands that print one: FORMATS_TABLE. */
struct table *table_new(const struct ctx *ctx, const struct column *columns, size_t n);

/* Each adds the next cell, which must be of the column's kind (ints serve INT, ID, TIME in ms, BOOL); the row ends with
 * its last cell. table_none adds one whose value is not known: "-", in JSON null. */
void table_text(struct table *table, const char *text);
void table_int(struct table *table, int64_t n);
void table_real(struct table *table, double n);
void table_none(struct table *table);

/* table_text_or_none: NULL and "" are not known. */
void table_text_or_none(struct table *table, const char *text);

/* table_end prints what is not yet printed and frees the table. */
void table_end(struct table *table);

#endif
