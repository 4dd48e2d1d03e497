/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of one size, known by 32-bit numbers, in chunks: nothing moves when there are more, nothing is kept in reserve
 * but the rest of a chunk. */
#ifndef ZS_CELLS_H
#define ZS_CELLS_H

#include <stddef.h>
#include <stdint.h>

typedef struct zs_cells {
    uint8_t **chunks;
    uint32_t n_chunks, cap_chunks;
    uint32_t size;  /* of a cell, at least 4 */
    uint32_t shift; /* a chunk has 1 << shift cells */
    uint32_t used;  /* cells ever taken: the next new one's number */
    uint32_t free;  /* the first of those given back, 0: none */
} zs_cells;

void zs_cells_init(zs_cells *c, uint32_t size);
void zs_cells_free(zs_cells *c);     /* gives all back; it may be used again */
uint32_t zs_cells_take(zs_cells *c); /* 0: no memory; numbers start with 1 */
void zs_cells_give(zs_cells *c, uint32_t i);
size_t zs_cells_bytes(const zs_cells *c);

static inline void *
zs_cell(const zs_cells *c, uint32_t i)
{
    return c->chunks[i >> c->shift] + (size_t)(i & ((1U << c->shift) - 1)) * c->size;
}

#endif
