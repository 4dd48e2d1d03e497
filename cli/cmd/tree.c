/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/out.h"
#include "tree/walk.h"

enum { O_DEPTH };

static const struct opt opts[] = {[O_DEPTH] = {'L', "depth", OPT_COUNT, "N", "go N levels deep"},
                                  {0, NULL, OPT_FLAG, NULL, NULL}};

static bool
is_last(const struct node *node)
{
    const struct node *end = node->parent->children + node->parent->n_children;
    for (const struct node *next = node + 1; next < end; next++)
        if (next->err != ZOBO_ENONODE)
            return false;
    return true;
}

/* print_branches draws what stands before a node: the lines of its ancestors, then its own corner. */
static void
print_branches(const struct ctx *ctx, const struct node *node, const struct node **ancestors)
{
    size_t n = 0;
    for (const struct node *up = node->parent; up != NULL && up->parent != NULL; up = up->parent)
        ancestors[n++] = up;
    while (n > 0)
        fputs(is_last(ancestors[--n]) ? "    " : ctx->utf8 ? "\u2502   " : "|   ", stdout);
    if (ctx->utf8)
        fputs(is_last(node) ? "\u2514\u2500\u2500 " : "\u251c\u2500\u2500 ", stdout);
    else
        fputs(is_last(node) ? "`-- " : "|-- ", stdout);
}

static void
print_json(const struct node *node)
{
    char *path = node_path(node);
    struct json json = one_json_path(path);
    json_int(&json, "depth", node->depth);
    if (node->has_stat)
        json_stat(&json, "stat", &node->stat);
    if (node->err != ZOBO_OK)
        json_text(&json, "error", zobo_err_name(node->err));
    end_json(&json);
    free(path);
}

static void
print_tree(const struct ctx *ctx, const struct walk *walk)
{
    size_t ephemerals = 0;
    uint32_t deepest = 0;
    for (const struct node *node = &walk->root; node != NULL; node = walk_next(node))
        deepest = node->depth > deepest ? node->depth : deepest;
    const struct node **ancestors = need_memory(deepest + 1, sizeof(struct node *));
    for (const struct node *node = &walk->root; node != NULL; node = walk_next(node)) {
        if (node->parent != NULL)
            print_branches(ctx, node, ancestors);
        put_node(ctx, node->name, node->has_stat ? &node->stat : NULL, true);
        if (node->err != ZOBO_OK)
            printf("  [%s]", zobo_err_name(node->err));
        fputc('\n', stdout);
        ephemerals += node->has_stat && node->stat.ephemeral_owner != 0;
    }
    printf("\n%zu nodes, %zu ephemeral\n", walk->n_nodes + 1, ephemerals);
    free(ancestors);
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
    struct walk walk = {.depth = in->opt[O_DEPTH].given ? (uint32_t)in->opt[O_DEPTH].n : UINT32_MAX, .stats = true};
    zobo_err err = walk_tree(ctx, path, &walk);
    if (err != ZOBO_OK) {
        code = fail(ctx, err, path, NULL);
    } else if (ctx->format == FORMAT_JSON) {
        for (const struct node *node = &walk.root; node != NULL; node = walk_next(node))
            print_json(node);
    } else {
        print_tree(ctx, &walk);
    }
    if (code == DONE && walk.n_failed > 0)
        code = PARTIAL; /* the tree says where */
    walk_free(&walk);
    return code;
}

static const struct example examples[] = {{"zobo tree -L 2 /", "two levels of everything"},
                                          {"zobo tree -o json /app", "one object for each node"},
                                          {NULL, NULL}};

const struct command cmd_tree = {.name = "tree",
                                 .usage = "[PATH]",
                                 .summary = "draw the nodes below one as a tree",
                                 .about = "* marks ephemeral nodes. Nodes that vanish meanwhile are left out; those "
                                          "that may not be read say why, and the exit code is then 8.",
                                 .examples = examples,
                                 .opts = opts,
                                 .min_words = 0,
                                 .max_words = 1,
                                 .formats = FORMATS_ONE,
                                 .run = run};
