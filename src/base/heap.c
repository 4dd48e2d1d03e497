/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <string.h>

#include "base/mem.h"

void
zb_heap_init(zb_heap *h)
{
    memset(h, 0, sizeof *h);
}

void
zb_heap_free(zb_heap *h)
{
    zb_free(h->items);
    zb_heap_init(h);
}

/* place puts a node at the 1-based place i. */
static void
place(zb_heap *h, size_t i, zb_heap_node *node)
{
    h->items[i - 1] = node;
    node->index = i;
}

static void
sift_up(zb_heap *h, size_t i, zb_heap_node *node)
{
    for (; i > 1 && h->items[i / 2 - 1]->at > node->at; i /= 2)
        place(h, i, h->items[i / 2 - 1]);
    place(h, i, node);
}

static void
sift_down(zb_heap *h, size_t i, zb_heap_node *node)
{
    for (;;) {
        size_t child = i * 2;
        if (child > h->n)
            break;
        if (child < h->n && h->items[child]->at < h->items[child - 1]->at)
            child++;
        if (h->items[child - 1]->at >= node->at)
            break;
        place(h, i, h->items[child - 1]);
        i = child;
    }
    place(h, i, node);
}

static void
settle(zb_heap *h, size_t i, zb_heap_node *node)
{
    if (i > 1 && h->items[i / 2 - 1]->at > node->at)
        sift_up(h, i, node);
    else
        sift_down(h, i, node);
}

bool
zb_heap_add(zb_heap *h, zb_heap_node *node, uint64_t at)
{
    if (node->index != 0) {
        node->at = at;
        settle(h, node->index, node);
        return true;
    }
    if (h->n == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 16;
        if (cap > SIZE_MAX / sizeof(zb_heap_node *))
            return false;
        zb_heap_node **items = zb_realloc(h->items, cap * sizeof(zb_heap_node *));
        if (items == NULL)
            return false;
        h->items = items;
        h->cap = cap;
    }
    node->at = at;
    sift_up(h, ++h->n, node);
    return true;
}

void
zb_heap_remove(zb_heap *h, zb_heap_node *node)
{
    size_t i = node->index;
    if (i == 0)
        return;
    node->index = 0;
    zb_heap_node *last = h->items[--h->n];
    if (last != node)
        settle(h, i, last);
}

zb_heap_node *
zb_heap_first(const zb_heap *h)
{
    return h->n ? h->items[0] : NULL;
}
