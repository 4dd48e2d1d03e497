/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "dir.h"
#include "record.h"
#include "source.h"

struct file_source {
    struct source base;
    const struct ctx *ctx;
    struct infile *in;
    struct record record;
    char *dir; /* where the data is; NULL: in the file itself */
};

static int
bad_line(const struct ctx *ctx, const struct infile *in, const char *why)
{
    return refuse(ctx, FAILED, "%s, line %llu: %s", infile_name(in), (unsigned long long)infile_number(in), why);
}

static bool
file_next(struct source *base, struct tnode *node)
{
    struct file_source *source = (struct file_source *)base;
    char *line;
    size_t len;
    record_free(&source->record);
    while (base->code == DONE && infile_line(source->in, &line, &len)) {
        record_read(&source->record, line, len);
        if (source->record.kind == RECORD_NODE && source->dir != NULL && source->record.file != NULL)
            base->code = read_node_file(source->ctx, source->dir, &source->record);
        if (source->record.kind == RECORD_NODE && base->code == DONE) {
            *node = source->record.node;
            return true;
        }
        if (source->record.kind == RECORD_BAD) /* it was looked through: somebody writes to it */
            base->code = bad_line(source->ctx, source->in, source->record.wrong);
        record_free(&source->record);
    }
    if (infile_failed(source->in))
        base->code = FAILED;
    return false;
}

static int
file_close(struct source *base)
{
    struct file_source *source = (struct file_source *)base;
    int code = base->code;
    record_free(&source->record);
    infile_close(source->in);
    free(source->dir);
    free(source);
    return code;
}

static int
file_again(struct source *base)
{
    struct file_source *source = (struct file_source *)base;
    record_free(&source->record);
    if (base->code == DONE && !infile_rewind(source->in))
        base->code = refuse(source->ctx, FAILED, "%s: it cannot be read twice", infile_name(source->in));
    return base->code;
}

static const struct source_kind file_kind = {file_next, NULL, file_again, file_close};

/* What looking through a file of ours tells. */
struct check {
    const struct ctx *ctx;
    struct infile *in;
    char *root;
    char *last; /* the path before */
    bool unsorted;
    uint64_t nodes;
    bool ended;
    bool stale; /* the number in the last line is another one */
};

static int
check_node(struct check *check, const struct tnode *node)
{
    if (check->root == NULL)
        return bad_line(check->ctx, check->in, "a node stands before the header");
    if (check->ended)
        return bad_line(check->ctx, check->in, "a node stands behind the last line");
    int order = check->last == NULL ? -1 : path_order(check->last, node->path);
    size_t missing = check->last == NULL || strcmp(node->path, "/") == 0 ? 0 : missing_above(node->path, check->last);
    check->unsorted |= order > 0 || missing > 0 || (check->last == NULL && strcmp(node->path, "/") != 0);
    free(check->last);
    check->last = need_copy(node->path);
    check->nodes++;
    return order != 0 ? DONE : bad_line(check->ctx, check->in, "this node stands there twice");
}

static int
check_record(struct check *check, const struct record *record)
{
    switch (record->kind) {
    case RECORD_HEADER:
        if (check->root != NULL)
            return bad_line(check->ctx, check->in, "a second header: one export stands behind another");
        check->root = need_copy(record->header.root);
        return DONE;
    case RECORD_NODE:
        return check_node(check, &record->node);
    case RECORD_END:
        check->ended = true;
        check->stale = record->trailer.nodes != check->nodes;
        return DONE;
    case RECORD_BAD:
        break;
    }
    return bad_line(check->ctx, check->in, record->wrong);
}

static int
check_file(struct check *check)
{
    int code = DONE;
    char *line;
    size_t len;
    while (code == DONE && infile_line(check->in, &line, &len)) {
        if (len == 0)
            continue;
        struct record record;
        record_read(&record, line, len);
        code = check_record(check, &record);
        record_free(&record);
    }
    free(check->last);
    check->last = NULL;
    if (code == DONE && infile_failed(check->in))
        return FAILED;
    if (code == DONE && !check->ended)
        return refuse(check->ctx, FAILED, "%s: it is cut off: the last line is missing", infile_name(check->in));
    if (code == DONE && check->stale)
        note(check->ctx, "%s: the last line tells another number of nodes than there are: was it edited?",
             infile_name(check->in));
    return code;
}

/* find_twice tells which node stands there twice, in a list in its order. */
static const char *
find_twice(struct tnode *const *nodes, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (strcmp(nodes[i - 1]->path, nodes[i]->path) == 0)
            return nodes[i]->path;
    return NULL;
}

/* load reads the whole file into memory. */
static struct source *
load(struct file_source *source, int *code)
{
    struct tnode **nodes = NULL;
    size_t n = 0, room = 0;
    struct tnode node;
    while (file_next(&source->base, &node)) {
        if (n == room) {
            room = room == 0 ? 64 : room * 2;
            nodes = need_more(nodes, room, sizeof *nodes);
        }
        nodes[n++] = copy_node(&node);
    }
    struct source *loaded = source_of_nodes(source->base.root, nodes, n);
    const char *twice = find_twice(nodes, n);
    if (twice != NULL && source->base.code == DONE)
        source->base.code =
            refuse(source->ctx, FAILED, "%s: the node %s stands there twice", infile_name(source->in), twice);
    *code = source_close(&source->base);
    if (*code == DONE)
        return loaded;
    (void)source_close(loaded);
    return NULL;
}

static struct source *
source_of_ours(const struct ctx *ctx, struct infile *in, const char *dir, int *code)
{
    struct check check = {.ctx = ctx, .in = in};
    *code = check_file(&check);
    if (*code == DONE && !infile_rewind(in))
        *code = refuse(ctx, FAILED, "%s: it cannot be read twice", infile_name(in));
    if (*code != DONE) {
        free(check.root);
        infile_close(in);
        return NULL;
    }
    struct file_source *source = need_memory(1, sizeof *source);
    source->base = (struct source){&file_kind, check.root, DONE};
    source->dir = dir == NULL ? NULL : need_copy(dir);
    source->ctx = ctx;
    source->in = in;
    return check.unsorted ? load(source, code) : &source->base;
}

struct source *
source_of_file(const struct ctx *ctx, struct infile *in, int *code)
{
    char *line;
    size_t len;
    struct record record = {0};
    bool first = infile_line(in, &line, &len);
    if (first)
        record_read(&record, line, len);
    bool ours =
        first && (record.kind == RECORD_HEADER || record.kind == RECORD_NODE || strstr(record.wrong, "version"));
    record_free(&record);
    if (!first && !infile_failed(in))
        refuse(ctx, FAILED, "%s: it is empty", infile_name(in));
    if (!first || !infile_rewind(in)) {
        *code = FAILED;
        infile_close(in);
        return NULL;
    }
    return ours ? source_of_ours(ctx, in, NULL, code) : source_of_foreign(ctx, in, code);
}

struct source *
source_of_dir(const struct ctx *ctx, const char *dir, int *code)
{
    if (dir_is_unfinished(dir)) {
        *code = refuse(ctx, FAILED, "%s: an export into it has not come to its end; export again", dir);
        return NULL;
    }
    char *index = index_file(dir);
    struct infile *in = infile_open(ctx, index);
    free(index);
    *code = FAILED;
    return in == NULL ? NULL : source_of_ours(ctx, in, dir, code);
}
