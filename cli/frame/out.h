/* SPDX-License-Identifier: Apache-2.0 */
/* What several commands print alike. */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include "cli.h"
#include "json.h"

/* put_text writes a path or name: as it is, or with nothing that could move a terminal's cursor. */
void put_text(const struct ctx *ctx, const char *text);

/* put_node writes a node's name in the colour of its kind, "*" behind it when it is ephemeral. */
void put_node(const struct ctx *ctx, const char *name, const zobo_stat *stat, bool mark);

/* put_stat writes a stat, a field a line. */
void put_stat(FILE *to, const zobo_stat *stat);

/* put_long writes what stands before the name in long lists; `stat` may be NULL. */
void put_long_header(void);
void put_long(const zobo_stat *stat);

/* node_table begins the table of nodes that -o table and -o raw print (table.h); node_row adds one of `name`. */
struct table;
struct table *node_table(const struct ctx *ctx);
void node_row(struct table *table, const char *name, const zobo_stat *stat);

/* put_would writes a node's path in a dry run: what would be done, the command's name has said. */
void put_would(const struct ctx *ctx, const char *path);

/* one_json_path begins a record on stdout with a node's path. */
struct json one_json_path(const char *path);
void end_json(struct json *json);

#endif
