/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/cells.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

enum { CHUNK_BYTES = 8 * 1024 };

void
zs_cells_init(zs_cells *c, uint32_t size)
{
    memset(c, 0, sizeof *c);
    c->size = size;
    while ((2U << c->shift) * size <= CHUNK_BYTES)
        c->shift++;
    c->used = 1;
}

void
zs_cells_free(zs_cells *c)
{
    for (uint32_t i = 0; i < c->n_chunks; i++)
        zb_free(c->chunks[i]);
    zb_free(c->chunks);
    zs_cells_init(c, c->size);
}

static bool
new_chunk(zs_cells *c)
{
    if (c->n_chunks == c->cap_chunks) {
        uint32_t cap = c->cap_chunks ? c->cap_chunks * 2 : 4;
        uint8_t **chunks = zb_realloc(c->chunks, cap * sizeof *chunks);
        if (!chunks)
            return false;
        c->chunks = chunks;
        c->cap_chunks = cap;
    }
    c->chunks[c->n_chunks] = zb_malloc((size_t)c->size << c->shift);
    if (!c->chunks[c->n_chunks])
        return false;
    c->n_chunks++;
    return true;
}

uint32_t
zs_cells_take(zs_cells *c)
{
    uint32_t i = c->free;
    if (i) {
        memcpy(&c->free, zs_cell(c, i), sizeof c->free);
        return i;
    }
    if (c->used == UINT32_MAX || (c->used >> c->shift == c->n_chunks && !new_chunk(c)))
        return 0;
    return c->used++;
}

void
zs_cells_give(zs_cells *c, uint32_t i)
{
    memcpy(zs_cell(c, i), &c->free, sizeof c->free);
    c->free = i;
}

size_t
zs_cells_bytes(const zs_cells *c)
{
    return c->n_chunks * ((size_t)c->size << c->shift) + c->cap_chunks * sizeof *c->chunks;
}
