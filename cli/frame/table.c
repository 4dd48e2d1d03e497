/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "text.h"

struct table {
    const struct ctx *ctx;
    const struct column *columns;
    size_t n;
    size_t at; /* the column of the next cell */
    struct json json;
    char **cells; /* aligned forms: all rows */
    size_t n_cells, room;
};

struct table *
table_new(const struct ctx *ctx, const struct column *columns, size_t n)
{
    struct table *table = need_memory(1, sizeof *table);
    *table = (struct table){.ctx = ctx, .columns = columns, .n = n, .json = {.to = stdout}};
    return table;
}

static bool
is_aligned(const struct table *table)
{
    return table->ctx->format != FORMAT_JSON && table->ctx->format != FORMAT_RAW;
}

static void
keep(struct table *table, const char *text)
{
    if (table->n_cells == table->room) {
        table->room = table->room == 0 ? 64 : table->room * 2;
        table->cells = need_more(table->cells, table->room, sizeof *table->cells);
    }
    table->cells[table->n_cells++] = need_copy(text);
}

/* put adds a cell to a form other than JSON. */
static void
put(struct table *table, const char *text)
{
    if (is_aligned(table)) {
        keep(table, text);
    } else {
        if (table->at > 0)
            fputc('\t', stdout);
        put_text(table->ctx, text);
    }
}

/* begin_cell returns the column's key for JSON; NULL in the other forms. */
static const char *
begin_cell(struct table *table)
{
    if (table->ctx->format != FORMAT_JSON)
        return NULL;
    if (table->at == 0) {
        table->json = (struct json){.to = stdout};
        json_open(&table->json, NULL, '{');
    }
    return table->columns[table->at].key;
}

static void
end_cell(struct table *table)
{
    if (++table->at < table->n)
        return;
    table->at = 0;
    if (table->ctx->format == FORMAT_JSON)
        end_json(&table->json);
    else if (table->ctx->format == FORMAT_RAW)
        fputc('\n', stdout);
}

void
table_text(struct table *table, const char *text)
{
    const char *key = begin_cell(table);
    if (key != NULL)
        json_text(&table->json, key, text);
    else
        put(table, text);
    end_cell(table);
}

void
table_int(struct table *table, int64_t n)
{
    const char *key = begin_cell(table);
    enum cell_kind kind = table->columns[table->at].kind;
    char text[TIME_TEXT_SIZE];
    if (kind == CELL_TIME)
        time_text(n, text);
    else if (kind == CELL_ID)
        snprintf(text, sizeof text, "0x%" PRIx64, (uint64_t)n);
    else if (kind == CELL_BOOL)
        snprintf(text, sizeof text, "%s", n != 0 ? "yes" : "no");
    else
        snprintf(text, sizeof text, "%" PRId64, n);
    if (key == NULL)
        put(table, text);
    else if (kind == CELL_BOOL)
        json_bool(&table->json, key, n != 0);
    else if (kind == CELL_INT)
        json_int(&table->json, key, n);
    else
        json_text(&table->json, key, text);
    end_cell(table);
}

void
table_real(struct table *table, double n)
{
    const char *key = begin_cell(table);
    char text[40];
    snprintf(text, sizeof text, "%.3f", n);
    if (key != NULL)
        json_decimal(&table->json, key, n);
    else
        put(table, text);
    end_cell(table);
}

void
table_none(struct table *table)
{
    const char *key = begin_cell(table);
    if (key != NULL)
        json_nothing(&table->json, key);
    else
        put(table, "-");
    end_cell(table);
}

/* How wide text is shown: its characters, not its bytes. */
static size_t
width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static bool
is_left(const struct column *column)
{
    return column->kind == CELL_TEXT || column->kind == CELL_TIME || column->kind == CELL_ID;
}

/* print_cell pads on the side that its kind wants; the last column of text is not padded. */
static void
print_cell(const struct table *table, size_t c, const char *text, size_t width)
{
    size_t have = width_of(text);
    int pad = have < width ? (int)(width - have) : 0;
    bool left = is_left(&table->columns[c]), last = c + 1 == table->n;
    if (!left)
        printf("%*s", pad, "");
    put_text(table->ctx, text);
    if (left && !last)
        printf("%*s", pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

static void
print_aligned(const struct table *table)
{
    bool header = table->ctx->format == FORMAT_TABLE || (table->ctx->out_is_tty && table->n_cells > 0);
    if (table->n == 0)
        return;
    size_t *widths = need_memory(table->n, sizeof *widths);
    for (size_t c = 0; header && c < table->n; c++)
        widths[c] = width_of(table->columns[c].title);
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t width = width_of(table->cells[i]);
        if (width > widths[i % table->n])
            widths[i % table->n] = width;
    }
    for (size_t c = 0; header && c < table->n; c++)
        print_cell(table, c, table->columns[c].title, widths[c]);
    for (size_t i = 0; i < table->n_cells; i++)
        print_cell(table, i % table->n, table->cells[i], widths[i % table->n]);
    free(widths);
}

void
table_text_or_none(struct table *table, const char *text)
{
    if (text == NULL || text[0] == '\0')
        table_none(table);
    else
        table_text(table, text);
}

void
table_end(struct table *table)
{
    if (is_aligned(table))
        print_aligned(table);
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}
