/* SPDX-License-Identifier: Apache-2.0 */
/* sync has two meanings. ZooKeeper's: the server catches up with the leader. With two places it is rsync's. */
#include <stdlib.h>
#include <string.h>

#include "backup/mirror.h"
#include "backup/place.h"
#include "frame/command.h"

enum { O_NO_DELETE, O_IF_EXISTS, O_NO_ACL, O_EPHEMERALS, O_NO_VERIFY, O_KEEP_GOING, O_DRY_RUN };

static const struct opt opts[] = {
    [O_NO_DELETE] = {0, "no-delete", OPT_FLAG, NULL, "SRC DST: leave what only DST has"},
    [O_IF_EXISTS] = {0, "if-exists", OPT_CHOICE, "fail|skip|overwrite",
                     "SRC DST: what becomes of nodes that DST has with other content (overwrite)"},
    [O_NO_ACL] = {0, "no-acl", OPT_FLAG, NULL, "SRC DST: new nodes get the usual ACL, those there keep theirs"},
    [O_EPHEMERALS] = {0, "ephemerals", OPT_FLAG, NULL, "SRC DST: copy ephemeral nodes, too, as persistent ones"},
    [O_NO_VERIFY] = {0, "no-verify", OPT_FLAG, NULL, "SRC DST: do not read it all again at the end"},
    [O_KEEP_GOING] = {'k', "keep-going", OPT_FLAG, NULL, "SRC DST: do not stop at a node that cannot be written"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "SRC DST: print what would be created, changed and removed"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
catch_up(struct ctx *ctx, const struct args *in)
{
    const char *path = in->n > 0 ? in->words[0] : "/";
    for (size_t i = 0; opts[i].name != NULL; i++)
        if (in->opt[i].given)
            return fail_usage(ctx, "--%s goes with two places, SRC and DST", opts[i].name);
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_err err = zobo_sync(ctx->client, path);
    return err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
}

/* seen_at takes the stat of a node by its path from the root of the servers on; false: it is not to be seen there. */
static bool
seen_at(const struct place *place, const char *full, zobo_stat *stat)
{
    const char *chroot = zobo_chroot(place->ctx->client);
    if (!is_below(full, chroot[0] == '\0' ? "/" : chroot))
        return false;
    const char *path = full + strlen(chroot);
    return zobo_exists(place->ctx->client, path[0] == '\0' ? "/" : path, NULL, stat) == ZOBO_OK;
}

/* is_same tells whether both sessions see one and the same node there: other servers may have one of that name, but not
 * of that age. */
static bool
is_same(const struct place *from, const struct place *to, const char *full)
{
    zobo_stat a, b;
    return seen_at(from, full, &a) && seen_at(to, full, &b) && a.czxid == b.czxid && a.ctime == b.ctime &&
           a.mzxid == b.mzxid && a.pzxid == b.pzxid && a.cversion == b.cversion && a.num_children == b.num_children;
}

/* need_two refuses two places of which one lies in the other, under whatever names the servers are known: what is to
 * be copied would grow by it, or be removed as what only DST has. */
static int
need_two(struct ctx *ctx, const struct place *from, const struct place *to)
{
    if (from->file != NULL)
        return DONE;
    char *source = full_path(from->ctx, from->path), *target = full_path(to->ctx, to->path);
    bool nested = is_below(source, target) || is_below(target, source);
    bool one = from->ctx == to->ctx;
    if (nested && !one && strcmp(source, target) != 0) {
        bool deeper_is_target = is_below(target, source);
        const char *deeper = deeper_is_target ? target : source, *other = deeper_is_target ? source : target;
        one = is_same(from, to, deeper) || is_same(from, to, other);
    }
    int code = nested && one ? fail_usage(ctx, "one of %s and %s is below the other", from->path, to->path) : DONE;
    free(source);
    free(target);
    return code;
}

static int
make_alike(struct ctx *ctx, const struct args *in, const struct place *from, const struct place *to)
{
    struct mirror_options options = {.what = in->words[0],
                                     .if_exists = in->opt[O_IF_EXISTS].given ? (enum if_exists)in->opt[O_IF_EXISTS].n
                                                                             : IF_EXISTS_OVERWRITE,
                                     .remove = !in->opt[O_NO_DELETE].given,
                                     .no_acls = in->opt[O_NO_ACL].given,
                                     .ephemerals = in->opt[O_EPHEMERALS].given,
                                     .keep_going = in->opt[O_KEEP_GOING].given,
                                     .verify = !in->opt[O_NO_VERIFY].given};
    struct source_options read = {
        .depth = UINT32_MAX, .no_acls = options.no_acls, .ephemerals = options.ephemerals, .doing = NULL};
    int code = need_two(ctx, from, to);
    if (code == DONE)
        code = may_change(ctx, to->ctx);
    struct source *source = code == DONE ? place_source(ctx, from, &read, &code) : NULL;
    if (source == NULL)
        return code;
    code = mirror(ctx, to->ctx, to->path, source, &options);
    int closed = source_close(source);
    return code == DONE ? closed : code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    if (in->n < 2)
        return catch_up(ctx, in);
    struct place from = {0}, to = {0};
    int code = place_open(ctx, in->words[0], &from);
    if (code == DONE)
        code = place_open(ctx, in->words[1], &to);
    if (code == DONE && to.file != NULL)
        code = fail_usage(ctx, "%s is no node; export writes to files", to.file);
    if (code == DONE)
        code = make_alike(ctx, in, &from, &to);
    place_close(&from);
    place_close(&to);
    return code;
}

static const struct example examples[] = {
    {"zobo sync", "wait until the server has caught up with the leader"},
    {"zobo sync -n /app /copy", "what would make /copy like /app? (+ created, ~ changed, - removed)"},
    {"zobo sync old:/app new:/app", "from the servers of one context to another's; asks before it removes"},
    {"zobo sync --no-delete /app backup:/app", "only add and change"},
    {NULL, NULL}};

const struct command cmd_sync = {
    .name = "sync",
    .usage = "[PATH | SRC DST]",
    .summary = "wait until the server has caught up; with SRC and DST: make DST like SRC",
    .about =
        "`sync [PATH]` is ZooKeeper's: what is read after it is not older than what the leader had. `sync SRC DST` "
        "makes the subtree DST like SRC, and removes what only DST has, after asking with the numbers; each of them "
        "is a path, or context:/path at another context's servers; SRC may be an export, too. Nodes that are alike "
        "already are not written. Ephemeral nodes are not copied, and those of DST not removed. SRC may change "
        "meanwhile: it is no snapshot, and it is no transaction for those who read DST.",
    .examples = examples,
    .opts = opts,
    .max_words = 2,
    .formats = FORMATS_ONE,
    .run = run};
