/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/input.h"
#include "frame/out.h"
#include "tree/copy.h"
#include "tree/scan.h"

enum { O_RECURSIVE, O_OVERWRITE, O_PARENTS, O_DATA_ONLY, O_EPHEMERALS, O_DRY_RUN };

static const struct opt opts[] = {
    [O_RECURSIVE] = {'r', "recursive", OPT_FLAG, NULL, "all that is below it too"},
    [O_OVERWRITE] = {'f', "overwrite", OPT_FLAG, NULL,
                     "nodes that are there get the data and the ACL; tells how many, asks"},
    [O_PARENTS] = {'p', "parents", OPT_FLAG, NULL, "make missing parents of DST"},
    [O_DATA_ONLY] = {0, "data-only", OPT_FLAG, NULL, "without ACLs: new nodes are open to all, others keep theirs"},
    [O_EPHEMERALS] = {0, "ephemerals", OPT_FLAG, NULL, "ephemeral nodes too, as ordinary ones, which stay"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "print what would be made or overwritten, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static void
print_copy(const struct ctx *ctx, const char *from, const char *to)
{
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(to);
        json_text(&json, "from", from);
        json_bool(&json, "dry_run", true);
        end_json(&json);
    } else {
        put_text(ctx, to);
        fputc('\n', stdout);
    }
}

static int
dry_run(const struct place *from, const struct place *to, const struct copy_options *options)
{
    struct scan_options reading = {.depth = options->recursive ? UINT32_MAX : 0};
    struct scan *scan = scan_open(from->ctx, from->path, &reading);
    struct scan_node node;
    while (!ferror(stdout) && scan_next(scan, &node)) {
        if (node.err != ZOBO_OK || (node_kind(node.stat) == NODE_EPHEMERAL && !options->ephemerals))
            continue;
        char *path = path_below(to->path, from->path, node.path);
        print_copy(to->ctx, node.path, path);
        free(path);
    }
    return scan_close(scan);
}

/* need_parent: a copy below what is not there fails in any case, but here we know why. */
static int
need_parent(const struct place *to)
{
    char *parent = need_copy(to->path);
    char *slash = strrchr(parent, '/');
    slash[slash == parent ? 1 : 0] = '\0';
    zobo_err err = zobo_exists(to->ctx->client, parent, NULL, NULL);
    int code = err == ZOBO_OK ? DONE : fail(to->ctx, err, parent, err == ZOBO_ENONODE ? "-p makes parents" : NULL);
    free(parent);
    return code;
}

/* look_at_destination sees whether it is there, and if that is wanted asks. */
static int
look_at_destination(const struct place *to, const struct copy_options *options)
{
    struct ctx *ctx = to->ctx;
    zobo_stat stat;
    zobo_err err = zobo_exists(ctx->client, to->path, NULL, &stat);
    if (err == ZOBO_ENONODE)
        return options->parents ? DONE : need_parent(to);
    if (err == ZOBO_OK && !options->overwrite)
        err = ZOBO_ENODEEXISTS;
    if (err != ZOBO_OK)
        return fail(ctx, err, to->path, "DST is the name of the copy; --overwrite puts it over what is there");
    if (ctx->dry_run || (!options->recursive && ctx->yes))
        return DONE;
    if (!options->recursive || stat.num_children == 0)
        return need_yes(ctx, "overwrite %s?", to->path);
    int32_t below = 0;
    err = zobo_get_all_children_number(ctx->client, to->path, &below);
    if (err != ZOBO_OK && err != ZOBO_EUNIMPLEMENTED)
        return fail(ctx, err, to->path, NULL);
    return err == ZOBO_OK
               ? need_yes(ctx, "overwrite %s and those of the %d nodes below it that are in the source, too?", to->path,
                          (int)below)
               : need_yes(ctx, "overwrite %s and those below it that are in the source, too?", to->path);
}

/* verify counts what is at the destination, if nothing was there before. */
static int
verify(const struct place *to, const struct copied *copied)
{
    int32_t below;
    if (copied->overwritten > 0 || zobo_get_all_children_number(to->ctx->client, to->path, &below) != ZOBO_OK)
        return DONE; /* old servers do not count */
    uint64_t there = (uint64_t)below + 1;
    if (there == copied->created)
        return DONE;
    return refuse(to->ctx, PARTIAL, "%s: %llu nodes were made, but %llu are there: somebody else is at work", to->path,
                  (unsigned long long)copied->created, (unsigned long long)there);
}

static void
print_result(const struct place *from, const struct place *to, const struct copied *copied)
{
    const struct ctx *ctx = to->ctx;
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(to->path);
        json_text(&json, "from", from->path);
        json_int(&json, "created", (int64_t)copied->created);
        json_int(&json, "overwritten", (int64_t)copied->overwritten);
        json_int(&json, "skipped", (int64_t)copied->skipped);
        end_json(&json);
    }
    if (copied->skipped > 0)
        note(ctx, "%llu ephemeral nodes were left out", (unsigned long long)copied->skipped);
}

static int
copy(const struct place *from, const struct place *to, const struct copy_options *options)
{
    struct copied copied;
    int code = need_apart(from, to);
    if (code == DONE)
        code = look_at_destination(to, options);
    if (code != DONE || to->ctx->dry_run)
        return code != DONE ? code : dry_run(from, to, options);
    code = copy_tree(from, to, options, &copied);
    if (code == DONE && options->recursive)
        code = verify(to, &copied);
    if (code == DONE)
        print_result(from, to, &copied);
    else if (copied.created + copied.overwritten > 0)
        note(to->ctx, "%llu nodes were copied",
             (unsigned long long)copied.created + (unsigned long long)copied.overwritten);
    return code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct copy_options options = {.recursive = in->opt[O_RECURSIVE].given,
                                   .overwrite = in->opt[O_OVERWRITE].given,
                                   .parents = in->opt[O_PARENTS].given,
                                   .data_only = in->opt[O_DATA_ONLY].given,
                                   .ephemerals = in->opt[O_EPHEMERALS].given};
    struct place from = {.ctx = ctx, .path = in->words[0]}, to = {.ctx = ctx, .path = in->words[1]};
    int code = need_path(ctx, from.path, false);
    if (code == DONE)
        code = need_path(ctx, to.path, false);
    if (code == DONE)
        code = need_session(ctx);
    return code == DONE ? copy(&from, &to, &options) : code;
}

static const struct example examples[] = {
    {"zobo cp /app/config /app/config.old", "one node, with its ACL"},
    {"zobo cp -r /app /backup/app", "a subtree; /backup must be there, /backup/app must not"},
    {"zobo cp -rf /staging/app /app", "over what is there; nodes that only /app has stay"},
    {NULL, NULL}};

const struct command cmd_cp = {
    .name = "cp",
    .usage = "SRC DST",
    .summary = "copy a node, or with -r a subtree",
    .about =
        "DST is the name of the copy, never a directory to put it in. Data and ACLs are kept; versions and times are "
        "new, and ephemeral nodes are left out. It is not atomic, and no snapshot of a source that changes "
        "meanwhile. In the end the nodes are counted: exit code 8 if not all that were read are there.",
    .examples = examples,
    .opts = opts,
    .min_words = 2,
    .max_words = 2,
    .formats = FORMATS_ONE,
    .effect = CHANGES,
    .run = run};
