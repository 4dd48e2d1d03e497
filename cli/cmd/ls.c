/* SPDX-License-Identifier: Apache-2.0 */
#include "frame/command.h"
#include "frame/form.h"
#include "frame/out.h"
#include "frame/table.h"
#include "tree/scan.h"

enum { O_LONG, O_RECURSIVE, O_NULL, O_WATCH };

static const struct opt opts[] = {
    [O_LONG] = {'l', "long", OPT_FLAG, NULL, "version, size, children, time of change and owner too"},
    [O_RECURSIVE] = {'R', "recursive", OPT_FLAG, NULL, "all that is below, as full paths"},
    [O_NULL] = {'0', "null", OPT_FLAG, NULL, "end each name with a NUL byte instead of a newline"},
    [O_WATCH] = {'w', "watch", OPT_FLAG, NULL, "in a shell: be told once when a child comes or goes"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static void
print_node(const struct ctx *ctx, const struct args *in, const struct scan_node *node, struct table *table)
{
    bool full = in->opt[O_RECURSIVE].given || ctx->format == FORMAT_NAME;
    const char *name = full ? node->path : node->name;
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(node->path);
        json_text(&json, "name", node->name);
        if (node->stat != NULL)
            json_stat(&json, "stat", node->stat);
        end_json(&json);
    } else if (ctx->format == FORMAT_OWN) {
        struct node_facts facts = {node->path, node->stat, node->data, node->data_len};
        put_form(ctx, &facts);
    } else if (table != NULL) {
        node_row(table, name, node->stat);
    } else {
        if (ctx->format == FORMAT_LONG)
            put_long(node->stat);
        put_node(ctx, name, node->stat, false);
        fputc(in->opt[O_NULL].given ? '\0' : '\n', stdout);
    }
}

static int
list(struct ctx *ctx, const struct args *in, const char *path)
{
    bool tables = ctx->format == FORMAT_TABLE || ctx->format == FORMAT_RAW;
    bool stats = tables || ctx->format == FORMAT_LONG || in->opt[O_LONG].given || form_has(ctx->form, FORM_STAT);
    bool data = form_has(ctx->form, FORM_DATA);
    struct scan_options options = {.depth = in->opt[O_RECURSIVE].given ? UINT32_MAX : 1,
                                   .what = data ? SCAN_DATA : 0,
                                   .names_only = !stats && !data};
    struct scan *scan = scan_open(ctx, path, &options);
    struct scan_node node;
    struct table *table = tables ? node_table(ctx) : NULL;
    bool header = ctx->format == FORMAT_LONG && ctx->out_is_tty;
    while (!ferror(stdout) && scan_next(scan, &node)) {
        if (node.depth == 0)
            continue;
        if (header)
            put_long_header();
        header = false;
        print_node(ctx, in, &node, table);
    }
    if (table != NULL)
        table_end(table);
    return scan_close(scan);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    if (in->opt[O_LONG].given) {
        if (ctx->format == FORMAT_OWN)
            return fail_usage(ctx, "-l or --format: which?");
        if (ctx->format != FORMAT_TEXT && ctx->format != FORMAT_JSON && ctx->format != FORMAT_LONG)
            return fail_usage(ctx, "-l and -o %s: which?", format_names[ctx->format]);
        if (ctx->format == FORMAT_TEXT)
            ctx->format = FORMAT_LONG;
    }
    if (in->opt[O_NULL].given && ctx->format != FORMAT_TEXT && ctx->format != FORMAT_NAME)
        return fail_usage(ctx, "-0 goes with plain names only");
    const char *path = in->n > 0 ? in->words[0] : "/";
    const zobo_watcher *watcher;
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_watcher(ctx, in->opt[O_WATCH].given, &watcher);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE && watcher != NULL) { /* before it is listed, so that no change goes unseen */
        zobo_err err = zobo_get_children(ctx->client, path, watcher, NULL);
        code = err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
    }
    return code == DONE ? list(ctx, in, path) : code;
}

static const struct alias aliases[] = {{"getChildren", NO_OPT}, {"lsr", O_RECURSIVE}, {NULL, NO_OPT}};
static const struct example examples[] = {{"zobo ls /", "names, one a line, sorted"},
                                          {"zobo ls -l /app", "with version, size, number of children, time and owner"},
                                          {"zobo ls -R -0 /app | xargs -0 -n1 zobo stat", "every path below"},
                                          {"zobo ls -R --format '%s %p\\n' /app | sort -n", "by size"},
                                          {NULL, NULL}};

const struct command cmd_ls = {.name = "ls",
                               .aliases = aliases,
                               .usage = "[PATH]",
                               .here = true,
                               .summary = "list a node's children",
                               .about = "Without PATH it lists the root. -o name prints full paths. -R prints while "
                                        "it reads, however large the subtree is; nodes that vanish meanwhile are left "
                                        "out.",
                               .examples = examples,
                               .opts = opts,
                               .min_words = 0,
                               .max_words = 1,
                               .pages = true,
                               .formats = FORMATS_LIST,
                               .run = run};
