/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/command.h"
#include "frame/hold.h"
#include "frame/input.h"
#include "frame/out.h"
#include "tree/own.h"
#include "tree/scan.h"
#include "tree/writer.h"

enum { O_RECURSIVE, O_DRY_RUN, O_VERSION };

static const struct opt opts[] = {
    [O_RECURSIVE] = {'r', "recursive", OPT_FLAG, NULL, "remove all that is below it too; asks first"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "print what would be removed, change nothing"},
    [O_VERSION] = {'v', "if-version", OPT_VERSION, "N", "only if the node has this version (exit code 5 if not)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

enum { SWEEPS_MAX = 30 };

/* dry_run prints what would be removed in the order of its removal: children first. */
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
        put_would(ctx, path);
        return DONE;
    }
    struct scan *scan = scan_open(ctx, path, &(struct scan_options){.depth = UINT32_MAX, .leave = true});
    struct scan_node node;
    while (!ferror(stdout) && scan_next(scan, &node))
        if (node.leaving)
            put_would(ctx, node.path);
    return scan_close(scan);
}

/* count_below asks the server, or counts if that is too old to know. 0, or the exit code after telling. */
static int
count_below(struct ctx *ctx, const char *path, uint64_t *count)
{
    int32_t n;
    zobo_err err = zobo_get_all_children_number(ctx->client, path, &n);
    *count = (uint64_t)(err == ZOBO_OK ? n : 0);
    if (err != ZOBO_EUNIMPLEMENTED)
        return err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
    struct scan_options options = {.depth = UINT32_MAX, .own_errors = true, .doing = "counting"};
    struct scan *scan = scan_open(ctx, path, &options);
    struct scan_node node;
    while (scan_next(scan, &node))
        *count += node.depth > 0;
    return scan_close(scan);
}

/* A sweep over a subtree. Others may make nodes meanwhile: their parents are not empty then, and another sweep will see
 * to them. */
struct sweep {
    uint64_t removed;
    bool left;    /* nodes that were not empty */
    zobo_err err; /* the first that ended it */
};

/* With a tag, the node could not be read: if it has children, no sweep will find them. */
static bool
on_removal(void *arg, const char *path, zobo_err err, const zobo_reply *reply, void *tag)
{
    struct sweep *sweep = arg;
    (void)path;
    (void)reply;
    sweep->removed += err == ZOBO_OK;
    if (err == ZOBO_ENOTEMPTY && tag == NULL) {
        sweep->left = true;
        return true;
    }
    if (err != ZOBO_ENONODE && sweep->err == ZOBO_OK)
        sweep->err = err;
    return err == ZOBO_ENONODE;
}

static int
sweep_once(struct ctx *ctx, const char *path, bool may_miss, uint64_t total, struct sweep *sweep)
{
    sweep->left = false;
    struct scan_options reading = {.depth = UINT32_MAX, .leave = true, .own_errors = true, .may_miss = may_miss};
    struct writer_options writing = {.outcome = on_removal, .arg = sweep, .doing = "removing", .total = total};
    struct scan *scan = scan_open(ctx, path, &reading);
    struct writer *writer = writer_open(ctx, &writing);
    struct scan_node node;
    while (scan_next(scan, &node))
        if (node.leaving && !writer_delete(writer, node.path, -1, node.stat == NULL ? sweep : NULL))
            break;
    int read = scan_close(scan);
    int written = writer_close(writer);
    return read != DONE ? read : written;
}

/* rest waits a little, less at first: the others may be done then. */
static void
rest(struct ctx *ctx, unsigned sweeps)
{
    if (sweeps < 2 || hold_begin(ctx) != DONE)
        return;
    uint64_t until = now_ms() + (sweeps < 8 ? 1U << sweeps : 256);
    while (hold_turn(ctx, until) == HOLD_GOES_ON) {
        /* the session lives on */
    }
    hold_over(ctx);
}

static int
remove_all(struct ctx *ctx, const char *path, uint64_t total)
{
    struct sweep sweep = {0};
    int code = sweep_once(ctx, path, false, total, &sweep);
    for (unsigned sweeps = 1; code == DONE && sweep.left && sweeps < SWEEPS_MAX && ctx->signal == 0; sweeps++) {
        rest(ctx, sweeps);
        code = sweep_once(ctx, path, true, 0, &sweep);
    }
    if (code == DONE && sweep.left)
        code = fail(ctx, ZOBO_ENOTEMPTY, path, "others go on making nodes below it");
    if (code != DONE && sweep.removed > 0)
        note(ctx, "%llu nodes were removed", (unsigned long long)sweep.removed);
    if (code == DONE || code >= BY_SIGNAL)
        return code;
    return sweep.removed > 0 ? PARTIAL : code == PARTIAL ? exit_code_of(sweep.err) : code;
}

static int
remove_recursive(struct ctx *ctx, const char *path)
{
    uint64_t below = 0;
    if (!ctx->yes) {
        int code = count_below(ctx, path, &below);
        if (code == DONE)
            code = need_yes(ctx, "remove %s and the %llu nodes below it?", path, (unsigned long long)below);
        if (code != DONE)
            return code;
    }
    /* Perhaps it is a leaf; one that may not be read can be removed all the same. */
    zobo_err err = zobo_delete(ctx->client, path, -1);
    if (err != ZOBO_ENOTEMPTY)
        return err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
    return remove_all(ctx, path, below == 0 ? 0 : below + 1);
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
    for (size_t i = 0; i < in->n && ctx->signal == 0; i++)
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

const struct command cmd_rm = {.name = "rm",
                               .aliases = aliases,
                               .usage = "PATH...",
                               .summary = "remove nodes",
                               .about = "-r is not atomic: when it fails, part of the subtree is gone; it tells how "
                                        "many nodes. What others make below it "
                                        "meanwhile is removed too. The root and ZooKeeper's own nodes are refused.",
                               .examples = examples,
                               .opts = opts,
                               .min_words = 1,
                               .max_words = WORDS_ANY,
                               .formats = FORMATS_ONE,
                               .effect = CHANGES,
                               .run = run};
