/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "tree/scan.h"

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
