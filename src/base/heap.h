/* SPDX-License-Identifier: Apache-2.0 */
/* Binary heap of deadlines: the earliest first. Items carry their own node. */
#ifndef ZB_HEAP_H
#define ZB_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct zb_heap_node {
    uint64_t at;
    size_t index; /* 1-based place in the heap; 0: not in it */
} zb_heap_node;

typedef struct zb_heap {
    zb_heap_node **items;
    size_t n, cap;
} zb_heap;

void zb_heap_init(zb_heap *h);
void zb_heap_free(zb_heap *h);

/* Adds a node (index 0), or moves one that is in the heap. False: no memory, nothing changed; moving never fails. */
bool zb_heap_add(zb_heap *h, zb_heap_node *node, uint64_t at);
void zb_heap_remove(zb_heap *h, zb_heap_node *node); /* a node not in the heap is ignored */
zb_heap_node *zb_heap_first(const zb_heap *h);       /* NULL when empty */

#endif
