/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/out.h"
#include "frame/text.h"
#include "tree/scan.h"

enum { O_DEPTH, O_ALL, O_TOP, O_SORT, O_HUMAN, O_BYTES };
enum { BY_NAME, BY_BYTES, BY_NODES };

static const struct opt opts[] = {
    [O_DEPTH] = {'L', "depth", OPT_NUMBER, "N", "print subtrees down to N levels below PATH (1); 0: PATH alone"},
    [O_ALL] = {'a', "all", OPT_FLAG, NULL, "print every node"},
    [O_TOP] = {'t', "top", OPT_COUNT, "N", "the N largest below PATH only, the largest first"},
    [O_SORT] = {'s', "sort", OPT_CHOICE, "name|bytes|nodes", "sort by name (as they are read), or the largest first"},
    [O_HUMAN] = {'h', "human", OPT_FLAG, NULL, "sizes such as 4.0K and 12M"},
    [O_BYTES] = {'b', "bytes", OPT_FLAG, NULL, "bytes alone: without the number of nodes"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* A subtree's sum. */
struct sum {
    uint64_t bytes, nodes;
    char *path; /* in lines that are kept */
};

struct du {
    const struct ctx *ctx;
    bool human, no_nodes;
    int64_t depth;
    int64_t sort;
    size_t top;       /* 0: all */
    bool keeps;       /* lines are printed at the end */
    struct sum *open; /* by depth */
    size_t n_open;
    struct sum *lines;
    size_t n_lines, room;
};

static void
print_header(const struct du *du)
{
    if (du->ctx->format != FORMAT_TABLE)
        return;
    printf("%12s  ", "BYTES");
    if (!du->no_nodes)
        printf("%10s  ", "NODES");
    puts("PATH");
}

static void
print_sum(const struct du *du, const struct sum *sum, const char *path)
{
    enum format format = du->ctx->format;
    if (format == FORMAT_JSON) {
        struct json json = one_json_path(path);
        json_int(&json, "bytes", (int64_t)sum->bytes);
        if (!du->no_nodes)
            json_int(&json, "nodes", (int64_t)sum->nodes);
        end_json(&json);
        return;
    }
    char size[SIZE_TEXT_SIZE];
    if (du->human)
        size_text(sum->bytes, size);
    else
        snprintf(size, sizeof size, "%llu", (unsigned long long)sum->bytes);
    printf(format == FORMAT_RAW ? "%s\t" : "%12s  ", size);
    if (!du->no_nodes)
        printf(format == FORMAT_RAW ? "%llu\t" : "%10llu  ", (unsigned long long)sum->nodes);
    put_text(du->ctx, path);
    fputc('\n', stdout);
}

/* --- lines that are kept ------------------------------------------------------------------------------------------ */

static int
by_size(uint64_t a, uint64_t b, const struct sum *x, const struct sum *y)
{
    return a != b ? (a < b ? 1 : -1) : strcmp(x->path, y->path);
}

static int
by_bytes(const void *a, const void *b)
{
    const struct sum *x = a, *y = b;
    return by_size(x->bytes, y->bytes, x, y);
}

static int
by_nodes(const void *a, const void *b)
{
    const struct sum *x = a, *y = b;
    return by_size(x->nodes, y->nodes, x, y);
}

static void
sort_lines(struct du *du)
{
    bool as_read = du->sort == BY_NAME && du->top == 0;
    if (du->n_lines > 1 && !as_read)
        qsort(du->lines, du->n_lines, sizeof *du->lines, du->sort == BY_NODES ? by_nodes : by_bytes);
    while (du->top > 0 && du->n_lines > du->top)
        free(du->lines[--du->n_lines].path);
}

/* keep keeps a line; of the largest, no more than twice as many as will be printed. */
static void
keep(struct du *du, const struct sum *sum, const char *path)
{
    if (du->top > 0 && du->n_lines == 2 * du->top)
        sort_lines(du);
    if (du->n_lines == du->room) {
        du->room = du->room == 0 ? 64 : du->room * 2;
        du->lines = need_more(du->lines, du->room, sizeof *du->lines);
    }
    du->lines[du->n_lines++] = (struct sum){.bytes = sum->bytes, .nodes = sum->nodes, .path = need_copy(path)};
}

static void
print_kept(struct du *du)
{
    sort_lines(du);
    for (size_t i = 0; i < du->n_lines; i++) {
        print_sum(du, &du->lines[i], du->lines[i].path);
        free(du->lines[i].path);
    }
    du->n_lines = 0;
}

/* --- summing ------------------------------------------------------------------------------------------------------ */

static void
enter(struct du *du, const struct scan_node *node)
{
    if (node->depth >= du->n_open) {
        du->n_open = node->depth + 64;
        du->open = need_more(du->open, du->n_open, sizeof *du->open);
    }
    uint64_t bytes = node->stat == NULL || node->stat->data_length < 0 ? 0 : (uint64_t)node->stat->data_length;
    du->open[node->depth] = (struct sum){.bytes = bytes, .nodes = 1};
}

static void
leave(struct du *du, const struct scan_node *node)
{
    if (node->depth >= du->n_open)
        return; /* it was entered before */
    const struct sum *sum = &du->open[node->depth];
    if (node->depth > 0) {
        du->open[node->depth - 1].bytes += sum->bytes;
        du->open[node->depth - 1].nodes += sum->nodes;
    }
    if (node->depth > du->depth || (du->top > 0 && node->depth == 0))
        return;
    if (du->keeps)
        keep(du, sum, node->path);
    else
        print_sum(du, sum, node->path);
}

static int
sum_up(struct ctx *ctx, struct du *du, const char *path)
{
    bool prints = ctx->out_is_tty && !du->keeps; /* where progress would stand */
    struct scan_options options = {.depth = UINT32_MAX, .leave = true, .doing = prints ? NULL : "reading"};
    struct scan *scan = scan_open(ctx, path, &options);
    struct scan_node node;
    while (!ferror(stdout) && scan_next(scan, &node))
        if (node.leaving)
            leave(du, &node);
        else
            enter(du, &node);
    return scan_close(scan);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct du du = {.ctx = ctx,
                    .human = in->opt[O_HUMAN].given,
                    .no_nodes = in->opt[O_BYTES].given,
                    .depth = in->opt[O_ALL].given     ? INT64_MAX
                             : in->opt[O_DEPTH].given ? in->opt[O_DEPTH].n
                                                      : 1,
                    .sort = in->opt[O_SORT].n,
                    .top = in->opt[O_TOP].given ? (size_t)in->opt[O_TOP].n : 0};
    du.keeps = du.top > 0 || du.sort != BY_NAME || (ctx->out_is_tty && du.depth <= 1);
    if (in->opt[O_ALL].given && in->opt[O_DEPTH].given)
        return fail_usage(ctx, "--all and --depth: which?");
    int code = DONE;
    for (size_t i = 0; i < in->n && code == DONE; i++)
        code = need_path(ctx, in->words[i], false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    print_header(&du);
    if (in->n == 0)
        code = sum_up(ctx, &du, "/");
    for (size_t i = 0; i < in->n && ctx->signal == 0; i++)
        code = worse(code, i, sum_up(ctx, &du, in->words[i]));
    print_kept(&du);
    free(du.open);
    free(du.lines);
    return code;
}

static const struct example examples[] = {
    {"zobo du /app", "bytes and nodes of each subtree of /app, and of all of it"},
    {"zobo du -h --top 10 /", "the ten largest below the root, the largest first"},
    {"zobo du -a --top 5 --sort nodes", "which five nodes have the most below them?"},
    {"zobo du -L 0 /app /other", "sums alone"},
    {NULL, NULL}};

const struct command cmd_du = {
    .name = "du",
    .usage = "[PATH...]",
    .here = true,
    .summary = "tell how many bytes and nodes subtrees hold",
    .about =
        "Without PATH the root. The bytes are those of the nodes' data; names and what the server adds do not "
        "count. A subtree's line stands behind those of its parts. It reads every node's stat, in flat memory "
        "unless it sorts, and is no snapshot: what changes meanwhile may or may not count. Exit code 8: some nodes "
        "could not be read.",
    .examples = examples,
    .opts = opts,
    .min_words = 0,
    .max_words = WORDS_ANY,
    .pages = true,
    .formats = FORMATS_TABLE,
    .run = run};
