/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "backup/dir.h"
#include "backup/outfile.h"
#include "backup/source.h"
#include "frame/clock.h"
#include "frame/command.h"
#include "frame/hold.h"

enum { O_FILE, O_DIR, O_DEPTH, O_INCLUDE, O_EXCLUDE, O_REGEX, O_EPHEMERALS, O_TRIES };

static const struct opt opts[] = {
    [O_FILE] = {'f', "file", OPT_TEXT, "FILE",
                "where to, compressed when it ends in .gz or .zst; - is stdout (the default)"},
    [O_DIR] = {'d', "dir", OPT_TEXT, "DIR", "a directory instead: a file for each node, and an index; for git"},
    [O_DEPTH] = {'L', "depth", OPT_NUMBER, "N", "not deeper than N below PATH; 0 is PATH alone"},
    [O_INCLUDE] = {0, "include", OPT_LIST, "GLOB",
                   "only nodes whose path matches, what is below them, and their parents"},
    [O_EXCLUDE] = {0, "exclude", OPT_LIST, "GLOB", "not nodes whose path matches, nor what is below them"},
    [O_REGEX] = {'E', "regex", OPT_FLAG, NULL, "--include and --exclude are extended regular expressions"},
    [O_EPHEMERALS] = {0, "ephemerals", OPT_FLAG, NULL, "ephemeral nodes, too"},
    [O_TRIES] = {0, "tries", OPT_COUNT, "N", "how often to read it when nodes change meanwhile, into a file (3)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

enum { USUAL_TRIES = 3, TOLD_MAX = 10 };

/* The patterns of --include or --exclude. */
struct patterns {
    char *const *texts;
    size_t n;
    regex_t *regexes; /* NULL: they are globs */
};

struct export
{
    struct ctx *ctx;
    const char *path;
    struct source_options options;
    struct patterns include, exclude;
    struct outfile *file;
    struct dirout *dir;
    struct trailer trailer;
    uint64_t unknown, hidden; /* ACLs not read, or without their digests */
    struct tnode **waiting;   /* nodes above, which are written when something below them is */
    size_t n_waiting, waiting_room;
    char *included; /* what is below it is written */
};

/* --- choosing ----------------------------------------------------------------------------------------------------- */

static int
take_patterns(const struct ctx *ctx, const struct opt_value *given, bool regex, struct patterns *out)
{
    *out = (struct patterns){.texts = given->items, .n = given->n_items};
    if (!regex || out->n == 0)
        return DONE;
    out->regexes = need_memory(out->n, sizeof *out->regexes);
    for (size_t i = 0; i < out->n; i++) {
        int error = regcomp(&out->regexes[i], out->texts[i], REG_EXTENDED | REG_NOSUB);
        if (error != 0) {
            char text[200];
            regerror(error, &out->regexes[i], text, sizeof text);
            out->n = i;
            return fail_usage(ctx, "%s: %s", out->texts[i], text);
        }
    }
    return DONE;
}

static void
free_patterns(struct patterns *patterns)
{
    for (size_t i = 0; patterns->regexes != NULL && i < patterns->n; i++)
        regfree(&patterns->regexes[i]);
    free(patterns->regexes);
}

static bool
matches(const struct patterns *patterns, const char *path)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (patterns->regexes != NULL ? regexec(&patterns->regexes[i], path, 0, NULL, 0) == 0
                                      : fnmatch(patterns->texts[i], path, 0) == 0)
            return true;
    return false;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static bool
write_node(struct export *x, const struct tnode *node)
{
    x->trailer.nodes++;
    x->trailer.bytes += node->len;
    x->unknown += node->acls == NULL;
    bool hidden = false;
    for (size_t i = 0; node->acls != NULL && i < node->n_acls; i++) {
        const char *id = node->acls[i].id, *colon = strchr(id, ':');
        hidden |= strcmp(node->acls[i].scheme, "digest") == 0 && colon != NULL && strcmp(colon, ":x") == 0;
    }
    x->hidden += hidden;
    if (x->dir != NULL)
        return dirout_node(x->dir, node);
    put_node_record(outfile_begin(x->file), node, NULL);
    return outfile_end(x->file);
}

static void
drop_waiting(struct export *x, const char *path)
{
    while (x->n_waiting > 0 && (path == NULL || !is_below(path, x->waiting[x->n_waiting - 1]->path)))
        free_node(x->waiting[--x->n_waiting]);
}

/* write_waiting writes the nodes above one that is written. */
static bool
write_waiting(struct export *x)
{
    bool good = true;
    for (size_t i = 0; i < x->n_waiting; i++) {
        good = good && write_node(x, x->waiting[i]);
        free_node(x->waiting[i]);
    }
    x->n_waiting = 0;
    return good;
}

/* take_node writes a node, or keeps it until it is known whether it is needed. */
static bool
take_node(struct export *x, const struct tnode *node, const char *full)
{
    if (x->include.n == 0)
        return write_node(x, node);
    drop_waiting(x, node->path);
    if (x->included != NULL && !is_below(node->path, x->included)) {
        free(x->included);
        x->included = NULL;
    }
    if (x->included == NULL && matches(&x->include, full))
        x->included = need_copy(node->path);
    if (x->included != NULL)
        return write_waiting(x) && write_node(x, node);
    if (x->n_waiting == x->waiting_room) {
        x->waiting_room = x->waiting_room == 0 ? 16 : x->waiting_room * 2;
        x->waiting = need_more(x->waiting, x->waiting_room, sizeof *x->waiting);
    }
    x->waiting[x->n_waiting++] = copy_node(node);
    return true;
}

static void
tell_unreadable(struct export *x, const struct tnode *node, const char *full)
{
    if (x->trailer.unreadable++ < TOLD_MAX)
        fail(x->ctx, node->err, full, NULL);
}

/* write_all reads the subtree once and writes it. 0, or the exit code after telling. */
static int
write_all(struct export *x)
{
    struct source *source = source_of_server(x->ctx, x->path, &x->options);
    struct tnode node;
    bool good = true;
    x->trailer = (struct trailer){0};
    x->unknown = x->hidden = 0;
    while (good && source_next(source, &node)) {
        char *full = join_path(x->path, node.path);
        if (matches(&x->exclude, full))
            source_prune(source);
        else if (node.err != ZOBO_OK)
            tell_unreadable(x, &node, full);
        else
            good = take_node(x, &node, full);
        free(full);
    }
    drop_waiting(x, NULL);
    free(x->included);
    x->included = NULL;
    x->trailer.left_out = source_ephemerals(source);
    int code = source_close(source);
    return good ? code : FAILED;
}

/* --- is it of one moment? ----------------------------------------------------------------------------------------- */

/* count_changed looks for what has changed since `zxid`. While the servers' last zxid is that still, nothing has. */
static int
count_changed(struct export *x, int64_t zxid)
{
    x->trailer.zxid = zobo_last_zxid(x->ctx->client);
    if (x->trailer.zxid == zxid)
        return DONE;
    struct source_options options = {.depth = x->options.depth,
                                     .no_data = true,
                                     .no_acls = true,
                                     .ephemerals = x->options.ephemerals,
                                     .may_miss = true,
                                     .doing = "checking"};
    struct source *source = source_of_server(x->ctx, x->path, &options);
    struct tnode node;
    while (source_next(source, &node)) {
        char *full = join_path(x->path, node.path);
        if (matches(&x->exclude, full))
            source_prune(source);
        else if (node.stat != NULL && (node.stat->mzxid > zxid || node.stat->pzxid > zxid))
            x->trailer.changed++;
        free(full);
    }
    return source_close(source);
}

static bool
write_header(struct export *x, int64_t zxid)
{
    struct header header = {.root = x->path, .zxid = zxid, .time = wall_ms()};
    if (x->dir != NULL) { /* the same tree is to make the same files */
        header.time = 0;
        return dirout_header(x->dir, &header);
    }
    put_header(outfile_begin(x->file), &header);
    return outfile_end(x->file);
}

/* write_once writes the header and all nodes. */
static int
write_once(struct export *x)
{
    zobo_stat stat;
    zobo_err err = zobo_exists(x->ctx->client, x->path, NULL, &stat);
    if (err != ZOBO_OK)
        return fail(x->ctx, err, x->path, NULL);
    int64_t zxid = zobo_last_zxid(x->ctx->client);
    if (!write_header(x, zxid))
        return FAILED;
    int code = write_all(x);
    return code == DONE ? count_changed(x, zxid) : code;
}

static void
tell_left(const struct export *x)
{
    const struct trailer *t = &x->trailer;
    if (t->changed > 0)
        note(x->ctx, "changed while they were read (%llu): this is not the state of one moment",
             (unsigned long long)t->changed);
    if (t->left_out > 0)
        note(x->ctx, "left out: ephemeral nodes (%llu)", (unsigned long long)t->left_out);
    if (x->unknown > 0)
        note(x->ctx, "not in the export: ACLs that may not be read (%llu)", (unsigned long long)x->unknown);
    if (x->hidden > 0)
        note(x->ctx,
             "ACLs without their digests (%llu), which only those may see who may administer the nodes: "
             "nobody could use what is imported so",
             (unsigned long long)x->hidden);
    if (t->unreadable > 0)
        note(x->ctx, "could not be read, nor what is below them: %llu", (unsigned long long)t->unreadable);
}

static int
finish(struct export *x)
{
    int code;
    struct trailer trailer = x->trailer;
    if (x->dir != NULL) {
        trailer.zxid = 0;
        code = dirout_keep(x->dir, &trailer);
    } else {
        put_trailer(outfile_begin(x->file), &trailer);
        (void)outfile_end(x->file);
        code = outfile_keep(x->file);
    }
    x->dir = NULL;
    x->file = NULL;
    if (code == DONE)
        tell_left(x);
    return code == DONE && trailer.unreadable > 0 ? PARTIAL : code;
}

static int
export_all(struct export *x, unsigned tries)
{
    int code = write_once(x);
    for (unsigned i = 1; i < tries && code == DONE && x->trailer.changed > 0 && x->file != NULL; i++) {
        if (!outfile_again(x->file))
            break;
        note(x->ctx, "changed while they were read (%llu): reading again", (unsigned long long)x->trailer.changed);
        code = write_once(x);
    }
    if (code == DONE)
        return finish(x);
    if (x->dir != NULL)
        dirout_drop(x->dir);
    if (x->file != NULL)
        outfile_drop(x->file);
    return code;
}

static int
open_target(struct export *x, const struct args *in)
{
    if (in->opt[O_DIR].given)
        x->dir = dirout_open(x->ctx, in->opt[O_DIR].text);
    else
        x->file = outfile_open(x->ctx, in->opt[O_FILE].given ? in->opt[O_FILE].text : "-");
    return x->dir == NULL && x->file == NULL ? FAILED : DONE;
}

/* write_target catches signals all the while: none is to leave half of a file. */
static int
write_target(struct export *x, const struct args *in)
{
    int code = hold_begin(x->ctx);
    if (code != DONE)
        return code;
    code = open_target(x, in);
    if (code == DONE)
        code = export_all(x, in->opt[O_TRIES].given ? (unsigned)in->opt[O_TRIES].n : USUAL_TRIES);
    hold_over(x->ctx);
    return code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct export x = {.ctx = ctx, .path = in->n > 0 ? in->words[0] : "/"};
    if (in->opt[O_DIR].given && in->opt[O_FILE].given)
        return fail_usage(ctx, "-f and --dir: which?");
    int code = need_path(ctx, x.path, false);
    if (code == DONE)
        code = take_patterns(ctx, &in->opt[O_INCLUDE], in->opt[O_REGEX].given, &x.include);
    if (code == DONE)
        code = take_patterns(ctx, &in->opt[O_EXCLUDE], in->opt[O_REGEX].given, &x.exclude);
    if (code == DONE)
        code = need_session(ctx);
    x.options = (struct source_options){
        .depth = in->opt[O_DEPTH].given && in->opt[O_DEPTH].n < UINT32_MAX ? (uint32_t)in->opt[O_DEPTH].n : UINT32_MAX,
        .ephemerals = in->opt[O_EPHEMERALS].given,
        .doing = "reading"};
    if (code == DONE)
        code = write_target(&x, in);
    free(x.waiting);
    free_patterns(&x.include);
    free_patterns(&x.exclude);
    return code;
}

static const struct example examples[] = {
    {"zobo export -f app.ndjson.zst /app", "a subtree to a file, compressed"},
    {"zobo export /app | jq -r .path", "to stdout: a line of JSON for each node"},
    {"zobo export --exclude '/app/locks*' -f app.ndjson.gz /app", "without what nobody wants back"},
    {"zobo export --dir conf /app && git -C conf commit -am today", "for version control"},
    {NULL, NULL}};

const struct command cmd_export = {
    .name = "export",
    .usage = "[PATH]",
    .here = true,
    .summary = "write a subtree to a file",
    .about =
        "The file is written under another name and renamed at the end, so that there is never half of one; it is the "
        "user's alone (mode 0600). Data, ACLs and times are in it. Ephemeral nodes are left out unless asked for, and "
        "so "
        "are ZooKeeper's own. Servers do not tell clients which nodes are containers or have a time to live: those "
        "look "
        "persistent. A tree that changes while it is read is read again, up to --tries times; whether it held still at "
        "last stands in the last line and is told. GLOBs are held against whole paths; * matches slashes, too.",
    .examples = examples,
    .opts = opts,
    .min_words = 0,
    .max_words = 1,
    .formats = FORMATS_ONE,
    .run = run};
