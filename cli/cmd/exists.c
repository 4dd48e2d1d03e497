/* SPDX-License-Identifier: Apache-2.0 */
#include "frame/command.h"
#include "frame/table.h"

static const struct column columns[] = {{"path", "NODE", CELL_TEXT}, {"exists", "EXISTS", CELL_BOOL}};

static int
ask(struct ctx *ctx, const char *path, struct table *table)
{
    zobo_stat stat;
    zobo_err err = zobo_exists(ctx->client, path, NULL, &stat);
    if (err != ZOBO_OK && err != ZOBO_ENONODE)
        return fail(ctx, err, path, NULL);
    if (table != NULL) {
        table_text(table, path);
        table_int(table, err == ZOBO_OK);
    }
    return err == ZOBO_OK ? DONE : ANSWER_NO;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    int code = DONE;
    for (size_t i = 0; i < in->n && code == DONE; i++)
        code = need_path(ctx, in->words[i], false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    struct table *table = ctx->format == FORMAT_TEXT ? NULL : table_new(ctx, columns, 2);
    for (size_t i = 0; i < in->n; i++) {
        int one = ask(ctx, in->words[i], table);
        if (one > code)
            code = one; /* an error outweighs a no, a no a yes */
    }
    if (table != NULL)
        table_end(table);
    return code;
}

static const struct example examples[] = {
    {"zobo exists /app/ready && start", "exit code 0: there, 1: not there, more: could not tell"}, {NULL, NULL}};

const struct command cmd_exists = {.name = "exists",
                                   .usage = "PATH...",
                                   .summary = "tell by the exit code whether nodes are there",
                                   .about =
                                       "Silent, except with -o json, table or raw. Several paths: 0 if all are there.",
                                   .examples = examples,
                                   .min_words = 1,
                                   .max_words = WORDS_ANY,
                                   .formats = FORMATS_TABLE,
                                   .run = run};
