/* SPDX-License-Identifier: Apache-2.0 */
#include "out.h"

#include <string.h>

#include "table.h"
#include "text.h"

void
put_text(const struct ctx *ctx, const char *text)
{
    if (ctx->out_is_tty)
        put_visible(stdout, text, strlen(text), false);
    else
        fputs(text, stdout);
}

void
put_node(const struct ctx *ctx, const char *name, const zobo_stat *stat, bool mark)
{
    bool ephemeral = stat != NULL && stat->ephemeral_owner != 0;
    const char *color = ephemeral ? "\033[33m" : stat != NULL && stat->num_children > 0 ? "\033[1;34m" : "";
    if (ctx->color)
        fputs(color, stdout);
    put_text(ctx, name);
    if (ctx->color && color[0] != '\0')
        fputs("\033[0m", stdout);
    if (ephemeral && mark)
        fputc('*', stdout);
}

void
put_stat(FILE *to, const zobo_stat *stat)
{
    char ctime[TIME_TEXT_SIZE], mtime[TIME_TEXT_SIZE];
    time_text(stat->ctime, ctime);
    time_text(stat->mtime, mtime);
    fprintf(to, "czxid            0x%llx\n", (unsigned long long)stat->czxid);
    fprintf(to, "mzxid            0x%llx\n", (unsigned long long)stat->mzxid);
    fprintf(to, "pzxid            0x%llx\n", (unsigned long long)stat->pzxid);
    fprintf(to, "ctime            %s\n", ctime);
    fprintf(to, "mtime            %s\n", mtime);
    fprintf(to, "version          %d\n", stat->version);
    fprintf(to, "cversion         %d\n", stat->cversion);
    fprintf(to, "aversion         %d\n", stat->aversion);
    fprintf(to, "ephemeral_owner  0x%llx\n", (unsigned long long)stat->ephemeral_owner);
    fprintf(to, "data_length      %d\n", stat->data_length);
    fprintf(to, "num_children     %d\n", stat->num_children);
}

void
put_long_header(void)
{
    printf("%8s %9s %8s  %-24s  %-18s  %s\n", "version", "bytes", "children", "modified", "owner", "name");
}

void
put_long(const zobo_stat *stat)
{
    if (stat == NULL) {
        printf("%8s %9s %8s  %-24s  %-18s  ", "?", "?", "?", "?", "?");
        return;
    }
    char mtime[TIME_TEXT_SIZE], owner[20] = "-";
    time_text(stat->mtime, mtime);
    if (stat->ephemeral_owner != 0)
        snprintf(owner, sizeof owner, "0x%llx", (unsigned long long)stat->ephemeral_owner);
    printf("%8d %9d %8d  %-24s  %-18s  ", stat->version, stat->data_length, stat->num_children, mtime, owner);
}

static const struct column node_columns[] = {{"version", "VERSION", CELL_INT},       {"data_length", "BYTES", CELL_INT},
                                             {"num_children", "CHILDREN", CELL_INT}, {"ctime", "CREATED", CELL_TIME},
                                             {"mtime", "MODIFIED", CELL_TIME},       {"mzxid", "MZXID", CELL_ID},
                                             {"ephemeral_owner", "OWNER", CELL_ID},  {"path", "NODE", CELL_TEXT}};
enum { N_NODE_COLUMNS = sizeof node_columns / sizeof node_columns[0] };

struct table *
node_table(const struct ctx *ctx)
{
    return table_new(ctx, node_columns, N_NODE_COLUMNS);
}

void
node_row(struct table *table, const char *name, const zobo_stat *stat)
{
    if (stat == NULL) {
        for (size_t i = 0; i + 1 < N_NODE_COLUMNS; i++)
            table_none(table);
    } else {
        table_int(table, stat->version);
        table_int(table, stat->data_length);
        table_int(table, stat->num_children);
        table_int(table, stat->ctime);
        table_int(table, stat->mtime);
        table_int(table, stat->mzxid);
        table_int(table, stat->ephemeral_owner);
    }
    table_text(table, name);
}

struct json
one_json_path(const char *path)
{
    struct json json = {.to = stdout};
    json_open(&json, NULL, '{');
    json_text(&json, "path", path);
    return json;
}

void
end_json(struct json *json)
{
    json_close(json, '}');
    json_end(json);
}

void
put_would(const struct ctx *ctx, const char *path)
{
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(path);
        json_bool(&json, "dry_run", true);
        end_json(&json);
    } else {
        put_text(ctx, path);
        fputc('\n', stdout);
    }
}
