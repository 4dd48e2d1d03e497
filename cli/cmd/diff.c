/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backup/place.h"
#include "frame/command.h"
#include "frame/out.h"

enum { O_ACL, O_DATA_ONLY, O_UNIFIED, O_EPHEMERALS, O_DEPTH };

static const struct opt opts[] = {
    [O_ACL] = {0, "no-acl", OPT_FLAG, NULL, "do not compare ACLs"},
    [O_DATA_ONLY] = {0, "data-only", OPT_FLAG, NULL, "compare nothing but data, of nodes that both have"},
    [O_UNIFIED] = {'u', "unified", OPT_FLAG, NULL, "show what differs in the data, as diff -u does"},
    [O_EPHEMERALS] = {0, "ephemerals", OPT_FLAG, NULL, "ephemeral nodes, too"},
    [O_DEPTH] = {'L', "depth", OPT_NUMBER, "N", "not deeper than N below SRC and DST"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

enum { DIFF_DATA = 1, DIFF_ACL = 2, DIFF_TYPE = 4 };

struct diff {
    struct ctx *ctx;
    const struct args *in;
    struct source *sides[2];
    struct tnode nodes[2];
    bool has[2];
    uint64_t found, unreadable;
    char *blocked;
};

/* next goes on in one side, past what cannot be compared. */
static void
next(struct diff *d, int side)
{
    struct tnode *node = &d->nodes[side];
    while ((d->has[side] = source_next(d->sides[side], node)))
        if ((node->type != EPHEMERAL || d->in->opt[O_EPHEMERALS].given) &&
            (d->blocked == NULL || !is_below(node->path, d->blocked)))
            return;
}

static unsigned
compare(const struct diff *d)
{
    const struct tnode *a = &d->nodes[0], *b = &d->nodes[1];
    bool data_only = d->in->opt[O_DATA_ONLY].given;
    if (a->implied || b->implied)
        return 0;
    return (same_data(a, b) ? 0 : DIFF_DATA) |
           (data_only || d->in->opt[O_ACL].given || same_acls(a, b) ? 0 : DIFF_ACL) |
           (data_only || (a->type == EPHEMERAL) == (b->type == EPHEMERAL) ? 0 : DIFF_TYPE);
}

static char *
temporary(const struct ctx *ctx, const struct tnode *node)
{
    const char *dir = getenv("TMPDIR");
    if (dir == NULL || dir[0] == '\0')
        dir = "/tmp";
    size_t size = strlen(dir) + sizeof "/zobo.XXXXXX";
    char *path = need_memory(size, 1);
    snprintf(path, size, "%s/zobo.XXXXXX", dir);
    int fd = mkstemp(path);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    bool good = to != NULL && (node->len == 0 || fwrite(node->data, 1, node->len, to) == node->len);
    if (to != NULL && fclose(to) == 0 && good)
        return path;
    fail_errno(ctx, path, errno);
    if (fd >= 0)
        unlink(path);
    free(path);
    return NULL;
}

/* show_data has diff show the difference; a machine without it does without. */
static void
show_data(const struct diff *d)
{
    char *files[2] = {temporary(d->ctx, &d->nodes[0]), temporary(d->ctx, &d->nodes[1])};
    fflush(stdout);
    pid_t pid = files[0] != NULL && files[1] != NULL ? fork() : -1;
    if (pid == 0) {
        char labels[2][600];
        for (int i = 0; i < 2; i++)
            snprintf(labels[i], sizeof labels[i], "%s%.500s", i == 0 ? "a" : "b", d->nodes[i].path);
        execlp("diff", "diff", "-u", "--label", labels[0], files[0], "--label", labels[1], files[1], (char *)NULL);
        _exit(NO_COMMAND);
    }
    int status = 0;
    bool waited = pid > 0 && waitpid(pid, &status, 0) == pid;
    if (pid > 0 && (!waited || !WIFEXITED(status) || WEXITSTATUS(status) > 2))
        note(d->ctx, "diff is not there to show the change");
    for (int i = 0; i < 2; i++) {
        if (files[i] != NULL)
            unlink(files[i]);
        free(files[i]);
    }
}

static void
print_json(const struct tnode *node, const char *change, unsigned what)
{
    struct json json = one_json_path(node->path);
    json_text(&json, "change", change);
    if (what != 0) {
        json_open(&json, "what", '[');
        if (what & DIFF_DATA)
            json_text(&json, NULL, "data");
        if (what & DIFF_ACL)
            json_text(&json, NULL, "acl");
        if (what & DIFF_TYPE)
            json_text(&json, NULL, "type");
        json_close(&json, ']');
    }
    end_json(&json);
}

/* print prints a difference: `what` is 0 for a node that one side lacks. */
static void
print(struct diff *d, const struct tnode *node, char sign, unsigned what)
{
    d->found++;
    if (d->ctx->format == FORMAT_JSON) {
        print_json(node, sign == '-' ? "removed" : sign == '+' ? "added" : "changed", what);
        return;
    }
    if (d->ctx->format != FORMAT_NAME)
        printf("%c ", sign);
    put_text(d->ctx, node->path);
    if (what != 0 && d->ctx->format != FORMAT_NAME)
        printf(" (%s%s%s%s%s)", what & DIFF_DATA ? "data" : "", what > 1 && (what & DIFF_DATA) ? "," : "",
               what & DIFF_ACL ? "acl" : "", (what & DIFF_TYPE) && (what & DIFF_ACL) ? "," : "",
               what & DIFF_TYPE ? "type" : "");
    fputc('\n', stdout);
    if ((what & DIFF_DATA) && d->in->opt[O_UNIFIED].given && d->ctx->format == FORMAT_TEXT)
        show_data(d);
}

static void
both(struct diff *d)
{
    const struct tnode *bad = d->nodes[0].err != ZOBO_OK ? &d->nodes[0] : &d->nodes[1];
    if (bad->err != ZOBO_OK) {
        if (d->unreadable++ < 10)
            fail(d->ctx, bad->err, bad->path, NULL);
        free(d->blocked);
        d->blocked = need_copy(bad->path);
        return;
    }
    unsigned what = compare(d);
    if (what != 0)
        print(d, &d->nodes[0], '~', what);
}

static int
walk(struct diff *d)
{
    bool data_only = d->in->opt[O_DATA_ONLY].given;
    next(d, 0);
    next(d, 1);
    while ((d->has[0] || d->has[1]) && d->sides[0]->code == DONE && d->sides[1]->code == DONE) {
        int order = !d->has[0] ? 1 : !d->has[1] ? -1 : path_order(d->nodes[0].path, d->nodes[1].path);
        if (order == 0)
            both(d);
        else if (!data_only && !d->nodes[order > 0].implied)
            print(d, &d->nodes[order > 0], order > 0 ? '+' : '-', 0);
        if (order <= 0)
            next(d, 0);
        if (order >= 0)
            next(d, 1);
    }
    int code = source_close(d->sides[0]), other = source_close(d->sides[1]);
    free(d->blocked);
    if (code != DONE || other != DONE)
        return code != DONE ? code : other;
    if (d->unreadable > 0)
        return PARTIAL;
    return d->found > 0 ? ANSWER_NO : DONE;
}

static int
compare_places(struct ctx *ctx, const struct args *in, const struct place *a, const struct place *b)
{
    struct source_options options = {
        .depth = in->opt[O_DEPTH].given && in->opt[O_DEPTH].n < UINT32_MAX ? (uint32_t)in->opt[O_DEPTH].n : UINT32_MAX,
        .no_acls = in->opt[O_ACL].given || in->opt[O_DATA_ONLY].given,
        .ephemerals = in->opt[O_EPHEMERALS].given};
    struct diff d = {.ctx = ctx, .in = in};
    int code;
    d.sides[0] = place_source(ctx, a, &options, &code);
    if (d.sides[0] == NULL)
        return code;
    d.sides[1] = place_source(ctx, b, &options, &code);
    if (d.sides[1] != NULL)
        return walk(&d);
    (void)source_close(d.sides[0]);
    return code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct place a = {0}, b = {0};
    if (in->opt[O_UNIFIED].given && ctx->format != FORMAT_TEXT)
        return fail_usage(ctx, "-u and -o %s: which?", format_names[ctx->format]);
    int code = place_open(ctx, in->words[0], &a);
    if (code == DONE)
        code = place_open(ctx, in->words[1], &b);
    if (code == DONE && (a.file != NULL || b.file != NULL) && in->opt[O_DEPTH].given)
        code = fail_usage(ctx, "--depth is for nodes at a server");
    if (code == DONE && a.file != NULL && b.file != NULL && strcmp(a.file, "-") == 0 && strcmp(b.file, "-") == 0)
        code = fail_usage(ctx, "stdin cannot be both sides");
    if (code == DONE)
        code = compare_places(ctx, in, &a, &b);
    place_close(&a);
    place_close(&b);
    return code;
}

static const struct example examples[] = {
    {"zobo diff /app /copy", "two subtrees: - only /app has it, + only /copy has it, ~ both, but not alike"},
    {"zobo diff prod:/app staging:/app", "of two clusters, by their contexts"},
    {"zobo diff app.ndjson.zst /app", "what has changed since the export"},
    {"zobo diff -u --data-only monday.ndjson tuesday.ndjson", "two exports, and how the data differs"},
    {NULL, NULL}};
static const struct exit_text exits[] = {
    {"0", "they are alike"}, {"1", "they are not"}, {"8", "some nodes could not be read"}, {NULL, NULL}};

const struct command cmd_diff = {
    .name = "diff",
    .usage = "SRC DST",
    .summary = "compare two subtrees or exports",
    .about =
        "Each is a path, context:/path at another context's servers, or an export (a file, a directory, - for stdin; "
        "file: before the name of one that begins with a slash). Compared are data, ACLs, and whether a node is "
        "ephemeral; not times and versions, which no copy keeps. ACLs that may not be read, or are not in the "
        "export, count as alike. Ephemeral nodes are left out. Paths are printed as from the two roots.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .min_words = 2,
    .max_words = 2,
    .pages = true,
    .formats = FORMATS_ONE | FORMATS(FORMAT_NAME),
    .run = run};
