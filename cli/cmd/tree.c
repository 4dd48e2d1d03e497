/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "frame/command.h"
#include "frame/out.h"
#include "tree/scan.h"

enum { O_DEPTH };

static const struct opt opts[] = {[O_DEPTH] = {'L', "depth", OPT_COUNT, "N", "go N levels deep"},
                                  {0, NULL, OPT_FLAG, NULL, NULL}};

/* Which nodes on the way down are the last of their siblings. */
struct branches {
    bool *last;
    size_t room;
};

/* print_branches draws what stands before a node: the lines of its ancestors, then its own corner. */
static void
print_branches(const struct ctx *ctx, const struct scan_node *node, struct branches *branches)
{
    if (node->depth >= branches->room) {
        branches->room = node->depth + 64;
        branches->last = need_more(branches->last, branches->room, sizeof *branches->last);
    }
    branches->last[node->depth] = node->last;
    for (uint32_t depth = 1; depth < node->depth; depth++)
        fputs(branches->last[depth] ? "    " : ctx->utf8 ? "\u2502   " : "|   ", stdout);
    if (ctx->utf8)
        fputs(node->last ? "\u2514\u2500\u2500 " : "\u251c\u2500\u2500 ", stdout);
    else
        fputs(node->last ? "`-- " : "|-- ", stdout);
}

static void
print_json(const struct scan_node *node)
{
    struct json json = one_json_path(node->path);
    json_int(&json, "depth", node->depth);
    if (node->stat != NULL)
        json_stat(&json, "stat", node->stat);
    if (node->err != ZOBO_OK)
        json_text(&json, "error", zobo_err_name(node->err));
    end_json(&json);
}

static void
print_node(const struct ctx *ctx, const struct scan_node *node, struct branches *branches)
{
    if (ctx->format == FORMAT_JSON) {
        print_json(node);
        return;
    }
    if (node->depth > 0)
        print_branches(ctx, node, branches);
    put_node(ctx, node->depth == 0 ? node->path : node->name, node->stat, true);
    if (node->err != ZOBO_OK)
        printf("  [%s]", zobo_err_name(node->err));
    fputc('\n', stdout);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *path = in->n > 0 ? in->words[0] : "/";
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    struct scan_options options = {.depth = in->opt[O_DEPTH].given ? (uint32_t)in->opt[O_DEPTH].n : UINT32_MAX,
                                   .own_errors = true};
    struct scan *scan = scan_open(ctx, path, &options);
    struct scan_node node;
    struct branches branches = {0};
    unsigned long long nodes = 0, ephemerals = 0, unread = 0;
    while (!ferror(stdout) && scan_next(scan, &node)) {
        print_node(ctx, &node, &branches);
        nodes++;
        ephemerals += node.stat != NULL && node.stat->ephemeral_owner != 0;
        unread += node.err != ZOBO_OK;
    }
    code = scan_close(scan);
    free(branches.last);
    if (code == DONE && ctx->format != FORMAT_JSON)
        printf("\n%llu nodes, %llu ephemeral\n", nodes, ephemerals);
    return code == DONE && unread > 0 ? PARTIAL : code; /* the tree says where */
}

static const struct example examples[] = {{"zobo tree -L 2 /", "two levels of everything"},
                                          {"zobo tree -o json /app", "one object for each node"},
                                          {NULL, NULL}};

const struct command cmd_tree = {.name = "tree",
                                 .usage = "[PATH]",
                                 .here = true,
                                 .summary = "draw the nodes below one as a tree",
                                 .about = "* marks ephemeral nodes. Nodes that vanish meanwhile are left out; those "
                                          "that may not be read say why, and the exit code is then 8.",
                                 .examples = examples,
                                 .opts = opts,
                                 .min_words = 0,
                                 .max_words = 1,
                                 .pages = true,
                                 .formats = FORMATS_ONE,
                                 .run = run};
