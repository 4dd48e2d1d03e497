/* SPDX-License-Identifier: Apache-2.0 */
#include "frame/command.h"
#include "frame/form.h"
#include "frame/out.h"
#include "frame/table.h"

enum { O_WATCH };

static const struct opt opts[] = {
    [O_WATCH] = {'w', "watch", OPT_FLAG, NULL, "in a shell: be told once when it is created, changed or deleted"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* How far the printing has come. */
struct printed {
    struct table *table; /* NULL: not as a table */
    bool name_it;
    size_t n;
};

static void
print_text(const struct ctx *ctx, const char *path, const zobo_stat *stat, struct printed *printed)
{
    if (printed->n++ > 0)
        fputc('\n', stdout);
    if (printed->name_it) {
        put_text(ctx, path);
        fputs(":\n", stdout);
    }
    put_stat(stdout, stat);
}

/* print_own reads the data too, and the stat that belongs to them. */
static int
print_own(struct ctx *ctx, const char *path, const zobo_watcher *watcher)
{
    zobo_reply *reply;
    zobo_err err = zobo_get(ctx->client, path, watcher, &reply);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    struct node_facts facts = {path, &reply->stat, reply->data, reply->data_len};
    put_form(ctx, &facts);
    zobo_reply_free(reply);
    return DONE;
}

static int
print_one(struct ctx *ctx, const char *path, const zobo_watcher *watcher, struct printed *printed)
{
    if (form_has(ctx->form, FORM_DATA))
        return print_own(ctx, path, watcher);
    zobo_stat stat;
    zobo_err err = zobo_exists(ctx->client, path, watcher, &stat);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(path);
        json_stat(&json, "stat", &stat);
        end_json(&json);
    } else if (ctx->format == FORMAT_OWN) {
        struct node_facts facts = {.path = path, .stat = &stat};
        put_form(ctx, &facts);
    } else if (printed->table != NULL) {
        node_row(printed->table, path, &stat);
    } else {
        print_text(ctx, path, &stat, printed);
    }
    return DONE;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const zobo_watcher *watcher;
    int code = need_watcher(ctx, in->opt[O_WATCH].given, &watcher);
    for (size_t i = 0; i < in->n && code == DONE; i++)
        code = need_path(ctx, in->words[i], false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    bool tables = ctx->format == FORMAT_TABLE || ctx->format == FORMAT_RAW;
    struct printed printed = {.table = tables ? node_table(ctx) : NULL, .name_it = in->n > 1};
    for (size_t i = 0; i < in->n; i++)
        code = worse(code, i, print_one(ctx, in->words[i], watcher, &printed));
    if (printed.table != NULL)
        table_end(printed.table);
    return code;
}

static const struct example examples[] = {{"zobo stat /app/config", "zxids, times, versions, owner, sizes"},
                                          {"zobo stat -o json /app/config | jq .stat.version", "one of them"},
                                          {"zobo stat --format '%p %v\\n' /a /b", "some of it, as you like it"},
                                          {NULL, NULL}};

const struct command cmd_stat = {.name = "stat",
                                 .usage = "PATH...",
                                 .summary = "print nodes' metadata",
                                 .about = "Times are the server's, in UTC. ephemeral_owner is the id of the session "
                                          "that owns the node, 0x0 for a node that is not ephemeral.",
                                 .examples = examples,
                                 .opts = opts,
                                 .min_words = 1,
                                 .max_words = WORDS_ANY,
                                 .pages = true,
                                 .formats = FORMATS_NODES,
                                 .run = run};
