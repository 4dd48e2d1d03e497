/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stdlib.h>
#include <string.h>

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
    size_t missing = source->last == NULL || strcmp(path, "/") == 0 ? 0 : missing_above(path, source->last);
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
