/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/command.h"
#include "frame/input.h"
#include "frame/out.h"
#include "tree/walk.h"

enum { O_RECURSIVE, O_DRY_RUN, O_VERSION };

static const struct opt opts[] = {
    [O_RECURSIVE] = {'r', "recursive", OPT_FLAG, NULL, "remove all that is below it too; asks first"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "print what would be removed, change nothing"},
    [O_VERSION] = {'v', "if-version", OPT_VERSION, "N", "only if the node has this version (exit code 5 if not)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* The root and ZooKeeper's own nodes are not for removing, however they are reached. */
static int
need_removable(const struct ctx *ctx, const char *path)
{
    char *full = full_path(ctx, path);
    bool root = strcmp(path, "/") == 0;
    bool own = strcmp(full, "/zookeeper") == 0 || strcmp(full, "/zookeeper/quota") == 0 ||
               strcmp(full, "/zookeeper/config") == 0;
    free(full);
    if (root)
        return refuse(ctx, BAD_USAGE, "/: the root is not removed; name what is below it");
    return own ? refuse(ctx, BAD_USAGE, "%s: ZooKeeper's own nodes are not removed", path) : DONE;
}

static void
print_removal(const struct ctx *ctx, const char *path)
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

/* print_below prints a subtree in the order of its removal: children first. */
static void
print_below(const struct ctx *ctx, const struct node *node)
{
    const struct node **nodes = NULL;
    size_t n = 0, room = 0;
    for (; node != NULL; node = walk_next(node)) {
        if (n == room) {
            room = room == 0 ? 64 : room * 2;
            nodes = need_more(nodes, room, sizeof *nodes);
        }
        nodes[n++] = node;
    }
    while (n > 0) {
        char *path = node_path(nodes[--n]);
        print_removal(ctx, path);
        free(path);
    }
    free(nodes);
}

static int
dry_run(struct ctx *ctx, const char *path, bool recursive, int32_t version)
{
    zobo_stat stat;
    zobo_err err = zobo_exists(ctx->client, path, NULL, &stat);
    if (err == ZOBO_OK && version != -1 && version != stat.version)
        err = ZOBO_EBADVERSION;
    if (err == ZOBO_OK && !recursive && stat.num_children > 0)
        err = ZOBO_ENOTEMPTY;
    if (err != ZOBO_OK)
        return fail(ctx, err, path, err == ZOBO_ENOTEMPTY ? "-r removes what is below it too" : NULL);
    if (!recursive) {
        print_removal(ctx, path);
        return DONE;
    }
    struct walk walk = {.depth = UINT32_MAX};
    err = walk_tree(ctx, path, &walk);
    int code = err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
    if (code == DONE)
        print_below(ctx, &walk.root);
    if (code == DONE && walk.n_failed > 0) {
        note(ctx, "%zu nodes could not be looked into", walk.n_failed);
        code = PARTIAL;
    }
    walk_free(&walk);
    return code;
}

/* count_below asks the server, or counts if that is too old to know. */
static zobo_err
count_below(struct ctx *ctx, const char *path, size_t *count)
{
    int32_t n;
    zobo_err err = zobo_get_all_children_number(ctx->client, path, &n);
    *count = (size_t)(err == ZOBO_OK ? n : 0);
    if (err != ZOBO_EUNIMPLEMENTED)
        return err;
    struct walk walk = {.depth = UINT32_MAX};
    err = walk_tree(ctx, path, &walk);
    *count = walk.n_nodes;
    walk_free(&walk);
    return err;
}

static int
remove_recursive(struct ctx *ctx, const char *path)
{
    if (!ctx->yes) {
        size_t count;
        zobo_err err = count_below(ctx, path, &count);
        if (err != ZOBO_OK)
            return fail(ctx, err, path, NULL);
        int code = need_yes(ctx, "remove %s and the %zu nodes below it?", path, count);
        if (code != DONE)
            return code;
    }
    zobo_problem why;
    zobo_err err = zobo_delete_recursive(ctx->client, path, &why);
    return err == ZOBO_OK        ? DONE
           : err == ZOBO_ENONODE ? fail(ctx, err, path, NULL)
                                 : fail_why(ctx, err, path, &why, "part of it may be gone");
}

static int
remove_one(struct ctx *ctx, const struct args *in, const char *path)
{
    int32_t version = in->opt[O_VERSION].given ? (int32_t)in->opt[O_VERSION].n : -1;
    if (ctx->dry_run)
        return dry_run(ctx, path, in->opt[O_RECURSIVE].given, version);
    if (in->opt[O_RECURSIVE].given)
        return remove_recursive(ctx, path);
    zobo_err err = zobo_delete(ctx->client, path, version);
    return err == ZOBO_OK ? DONE
                          : fail(ctx, err, path, err == ZOBO_ENOTEMPTY ? "-r removes what is below it too" : NULL);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    bool recursive = in->opt[O_RECURSIVE].given;
    if (recursive && in->opt[O_VERSION].given)
        return fail_usage(ctx, "-r and -v do not go together");
    if (recursive && !ctx->yes && !ctx->dry_run && !isatty(STDIN_FILENO))
        return need_yes(ctx, "-r"); /* refuses before it connects */
    int code = need_client(ctx);
    for (size_t i = 0; i < in->n && code == DONE; i++) {
        code = need_path(ctx, in->words[i], false);
        if (code == DONE)
            code = need_removable(ctx, in->words[i]);
    }
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    for (size_t i = 0; i < in->n; i++)
        code = worse(code, i, remove_one(ctx, in, in->words[i]));
    return code;
}

static const struct alias aliases[] = {
    {"delete", NO_OPT}, {"deleteall", O_RECURSIVE}, {"rmr", O_RECURSIVE}, {NULL, NO_OPT}};
static const struct example examples[] = {{"zobo rm /app/old", "one node, if nothing is below it"},
                                          {"zobo rm -r /app/old", "a subtree; tells how many nodes that is, and asks"},
                                          {"zobo rm -rn /app/old", "what would that remove?"},
                                          {"zobo rm -r --yes /app/old", "in a script"},
                                          {NULL, NULL}};

const struct command cmd_rm = {
    .name = "rm",
    .aliases = aliases,
    .usage = "PATH...",
    .summary = "remove nodes",
    .about =
        "-r is not atomic: when it fails, part of the subtree is gone. The root and ZooKeeper's own nodes are refused.",
    .examples = examples,
    .opts = opts,
    .min_words = 1,
    .max_words = WORDS_ANY,
    .formats = FORMATS_ONE,
    .effect = CHANGES,
    .run = run};
