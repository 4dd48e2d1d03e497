/* SPDX-License-Identifier: Apache-2.0 */
/* A walk keeps many requests in flight: over a network a tree would otherwise take one round trip for each node. One
 * get_children gives a node's stat together with the names of its children, so a walk asks once for each node. */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT_MAX = 1000 };

static struct walk *
walk_of(struct node *node)
{
    while (node->parent != NULL)
        node = node->parent;
    return (struct walk *)(void *)node;
}

static void
enqueue(struct walk *walk, struct node *node)
{
    node->next = NULL;
    *walk->queue_end = node;
    walk->queue_end = &node->next;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct node *)a)->name, ((const struct node *)b)->name);
}

/* adopt makes the children of a node; array and names are one block. */
static void
adopt(struct walk *walk, struct node *node, const zobo_reply *reply)
{
    size_t size = reply->n_children * sizeof *node->children;
    for (size_t i = 0; i < reply->n_children; i++)
        size += strlen(reply->children[i]) + 1;
    node->children = need_memory(size, 1);
    node->n_children = reply->n_children;
    char *names = (char *)(node->children + reply->n_children);
    for (size_t i = 0; i < node->n_children; i++) {
        size_t len = strlen(reply->children[i]) + 1;
        memcpy(names, reply->children[i], len);
        node->children[i] = (struct node){.parent = node, .name = names, .depth = node->depth + 1};
        names += len;
    }
    if (node->n_children > 1)
        qsort(node->children, node->n_children, sizeof *node->children, by_name);
    walk->n_nodes += node->n_children;
    for (size_t i = 0; i < node->n_children; i++)
        if (node->depth + 1 < walk->depth || walk->stats)
            enqueue(walk, &node->children[i]);
}

static void
arrived(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct node *node = arg;
    struct walk *walk = walk_of(node);
    walk->in_flight--;
    node->err = err;
    if (err == ZOBO_OK) {
        node->has_stat = reply->has_stat;
        node->stat = reply->stat;
        if (node->depth < walk->depth && reply->n_children > 0)
            adopt(walk, node, reply);
    } else if (err == ZOBO_ENONODE && node->parent != NULL) {
        walk->n_nodes--;
    } else if (zobo_err_class(err) == ZOBO_CLASS_REJECTED && node->parent != NULL) {
        walk->n_failed++;
    } else if (walk->err == ZOBO_OK) {
        walk->err = err;
    }
}

static zobo_err
ask(struct ctx *ctx, struct walk *walk, struct node *node)
{
    zobo_how how = {.done = arrived, .arg = node};
    char *path = node_path(node);
    zobo_err err = node->depth < walk->depth ? zobo_get_children_async(ctx->client, path, NULL, &how, NULL)
                                             : zobo_exists_async(ctx->client, path, NULL, &how, NULL);
    free(path);
    if (err == ZOBO_OK)
        walk->in_flight++;
    return err;
}

zobo_err
walk_tree(struct ctx *ctx, const char *path, struct walk *walk)
{
    walk->root = (struct node){.name = path};
    walk->queue = NULL;
    walk->queue_end = &walk->queue;
    enqueue(walk, &walk->root);
    while (walk->in_flight > 0 || (walk->queue != NULL && walk->err == ZOBO_OK)) {
        while (walk->queue != NULL && walk->err == ZOBO_OK && walk->in_flight < IN_FLIGHT_MAX) {
            struct node *node = walk->queue;
            walk->queue = node->next;
            if (walk->queue == NULL)
                walk->queue_end = &walk->queue;
            walk->err = ask(ctx, walk, node);
        }
        zobo_err err = walk->in_flight > 0 ? turn(ctx, -1) : ZOBO_OK;
        if (err != ZOBO_OK) {
            end_session(ctx); /* completes what is in flight: the callbacks know this walk */
            return walk->err = err;
        }
    }
    return walk->err;
}

/* Without recursion: how deep the tree is was the server's word. */
void
walk_free(struct walk *walk)
{
    struct node *node = &walk->root;
    while (node != NULL) {
        if (node->n_children > 0) {
            node = &node->children[--node->n_children];
            continue;
        }
        free(node->children);
        node->children = NULL;
        node = node->parent;
    }
}

char *
node_path(const struct node *node)
{
    size_t size = 1;
    for (const struct node *n = node; n != NULL; n = n->parent)
        size += strlen(n->name) + 1;
    char *path = need_memory(size, 1);
    char *end = path + size - 1;
    for (const struct node *n = node; n != NULL; n = n->parent) {
        size_t len = strlen(n->name);
        if (n->parent == NULL && n != node && strcmp(n->name, "/") == 0)
            break;
        end -= len;
        memcpy(end, n->name, len);
        if (n->parent != NULL)
            *--end = '/';
    }
    memmove(path, end, strlen(end) + 1);
    return path;
}

static bool
is_there(const struct node *node)
{
    return node->err != ZOBO_ENONODE;
}

const struct node *
walk_next(const struct node *node)
{
    for (size_t i = 0; i < node->n_children; i++)
        if (is_there(&node->children[i]))
            return &node->children[i];
    for (; node->parent != NULL; node = node->parent) {
        const struct node *end = node->parent->children + node->parent->n_children;
        for (const struct node *next = node + 1; next < end; next++)
            if (is_there(next))
                return next;
    }
    return NULL;
}
