/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "dir.h"
#include "record.h"
#include "tree/scan.h"

bool
source_next(struct source *source, struct tnode *node)
{
    return source->kind->next(source, node);
}

void
source_prune(struct source *source)
{
    if (source->kind->prune != NULL)
        source->kind->prune(source);
}

int
source_again(struct source *source)
{
    return source->kind->again(source);
}

int
source_close(struct source *source)
{
    char *root = source->root;
    int code = source->kind->close(source);
    free(root);
    return code;
}

/* --- a server ----------------------------------------------------------------------------------------------------- */

struct server_source {
    struct source base;
    struct ctx *ctx;
    struct scan *scan;
    struct scan_options how;
    char *own; /* the path of ZooKeeper's own nodes, NULL: not below this root */
    bool ephemerals;
    uint64_t left_out;
};

/* own_path tells where /zookeeper is for this client, if the tree has it. */
static char *
own_path(const struct ctx *ctx, const char *root)
{
    return zobo_chroot(ctx->client)[0] == '\0' && strcmp(root, "/") == 0 ? need_copy("/zookeeper") : NULL;
}

static bool
server_next(struct source *base, struct tnode *node)
{
    struct server_source *source = (struct server_source *)base;
    struct scan_node told;
    size_t root_len = strcmp(base->root, "/") == 0 ? 0 : strlen(base->root);
    while (source->scan != NULL && scan_next(source->scan, &told)) {
        int64_t owner = told.stat == NULL ? 0 : told.stat->ephemeral_owner, ttl;
        const char *path = told.path + root_len;
        *node = (struct tnode){.path = *path == '\0' ? "/" : path,
                               .err = told.err,
                               .leaving = told.leaving,
                               .data = told.data,
                               .len = told.data_len,
                               .acls = told.acls,
                               .n_acls = told.n_acls,
                               .type = type_of(owner, &ttl),
                               .children = told.stat == NULL ? -1 : told.stat->num_children,
                               .stat = told.stat};
        node->ttl = ttl;
        if (source->own != NULL && strcmp(node->path, source->own) == 0) {
            scan_prune(source->scan);
            continue;
        }
        if (node->type != EPHEMERAL || source->ephemerals)
            return true;
        source->left_out += !told.leaving;
    }
    if (source->scan != NULL)
        base->code = scan_close(source->scan);
    source->scan = NULL;
    return false;
}

static void
server_prune(struct source *base)
{
    scan_prune(((struct server_source *)base)->scan);
}

/* end_scan ends it amid the tree, when it has not ended by itself. */
static int
end_scan(struct server_source *source)
{
    int code = source->scan == NULL ? source->base.code : scan_close(source->scan);
    source->scan = NULL;
    return code;
}

static int
server_close(struct source *base)
{
    struct server_source *source = (struct server_source *)base;
    int code = end_scan(source);
    free(source->own);
    free(source);
    return code;
}

static int
server_again(struct source *base)
{
    struct server_source *source = (struct server_source *)base;
    int code = end_scan(source);
    source->scan = scan_open(source->ctx, base->root, &source->how);
    source->left_out = 0;
    base->code = DONE;
    return code;
}

static const struct source_kind server_kind = {server_next, server_prune, server_again, server_close};

struct source *
source_of_server(struct ctx *ctx, const char *path, const struct source_options *options)
{
    struct server_source *source = need_memory(1, sizeof *source);
    source->base = (struct source){&server_kind, need_copy(path), DONE};
    source->ephemerals = options->ephemerals;
    source->own = own_path(ctx, path);
    source->ctx = ctx;
    source->how = (struct scan_options){.depth = options->depth,
                                        .what = (options->no_data ? 0U : (unsigned)SCAN_DATA) |
                                                (options->no_acls ? 0U : (unsigned)SCAN_ACL),
                                        .leave = options->leave,
                                        .own_errors = true,
                                        .may_miss = options->may_miss,
                                        .doing = options->doing};
    source->scan = scan_open(ctx, path, &source->how);
    return &source->base;
}

uint64_t
source_ephemerals(const struct source *base)
{
    return base->kind == &server_kind ? ((const struct server_source *)base)->left_out : 0;
}

/* --- nodes in memory ---------------------------------------------------------------------------------------------- */

struct memory_source {
    struct source base;
    struct tnode **nodes;
    size_t n, at;
    const char *last; /* the path told last; NULL: none yet */
    char *implied;    /* the path of a missing one */
};

static int
order_nodes(const void *a, const void *b)
{
    const struct tnode *const *x = a, *const *y = b;
    return path_order((*x)->path, (*y)->path);
}

/* first_missing returns the length of the first path above `path` that is not above `last`, too; 0: there is none. Nodes
 * above come before, so that those above `last` have been told. */
static size_t
first_missing(const char *path, const char *last)
{
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - path);
        if (strncmp(last, path, n) != 0 || (last[n] != '\0' && last[n] != '/'))
            return n;
    }
    return 0;
}

static bool
tell_implied(struct memory_source *source, const char *path, size_t n, struct tnode *node)
{
    free(source->implied);
    source->implied = need_memory(n + 1, 1);
    memcpy(source->implied, path, n);
    source->last = source->implied;
    *node = (struct tnode){.path = source->implied, .implied = true, .children = 1};
    return true;
}

static bool
memory_next(struct source *base, struct tnode *node)
{
    struct memory_source *source = (struct memory_source *)base;
    if (source->at == source->n)
        return false;
    const char *path = source->nodes[source->at]->path;
    if (source->last == NULL && strcmp(path, "/") != 0)
        return tell_implied(source, "/", 1, node);
    size_t missing = source->last == NULL || strcmp(path, "/") == 0 ? 0 : first_missing(path, source->last);
    if (missing > 0)
        return tell_implied(source, path, missing, node);
    *node = *source->nodes[source->at];
    source->last = path;
    bool has_child =
        source->at + 1 < source->n && strcmp(path, "/") != 0 && is_below(source->nodes[source->at + 1]->path, path);
    node->children = has_child || strcmp(path, "/") == 0;
    source->at++;
    return true;
}

static int
memory_close(struct source *base)
{
    struct memory_source *source = (struct memory_source *)base;
    for (size_t i = 0; i < source->n; i++)
        free_node(source->nodes[i]);
    free(source->nodes);
    free(source->implied);
    free(source);
    return DONE;
}

static int
memory_again(struct source *base)
{
    struct memory_source *source = (struct memory_source *)base;
    source->at = 0;
    source->last = NULL;
    return DONE;
}

static const struct source_kind memory_kind = {memory_next, NULL, memory_again, memory_close};

struct source *
source_of_nodes(const char *root, struct tnode **nodes, size_t n)
{
    struct memory_source *source = need_memory(1, sizeof *source);
    source->base = (struct source){&memory_kind, need_copy(root), DONE};
    source->nodes = nodes;
    source->n = n;
    if (n > 0)
        qsort(nodes, n, sizeof *nodes, order_nodes);
    return &source->base;
}

/* --- a file of ours ----------------------------------------------------------------------------------------------- */

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
    size_t missing = check->last == NULL || strcmp(node->path, "/") == 0 ? 0 : first_missing(node->path, check->last);
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
    char *index = index_file(dir);
    struct infile *in = infile_open(ctx, index);
    free(index);
    *code = FAILED;
    return in == NULL ? NULL : source_of_ours(ctx, in, dir, code);
}
