/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bytes.h"

#include <stdalign.h>
#include <string.h>

#include "base/mem.h"

/* --- buffers --- */

uint8_t *
zs_bytes_room(zs_bytes *b, size_t n)
{
    if (ZB_UNLIKELY(b->cap - b->n < n)) {
        size_t want = b->cap ? b->cap : 256;
        while (want - b->n < n && want <= SIZE_MAX / 2)
            want *= 2;
        uint8_t *p = b->failed || want - b->n < n ? NULL : zb_realloc(b->p, want);
        if (!p) {
            b->failed = true;
            return NULL;
        }
        b->p = p;
        b->cap = want;
    }
    uint8_t *at = b->p + b->n;
    b->n += n;
    return at;
}

void
zs_bytes_add(zs_bytes *b, const void *p, size_t n)
{
    uint8_t *at = n ? zs_bytes_room(b, n) : NULL;
    if (at)
        memcpy(at, p, n);
}

void
zs_bytes_free(zs_bytes *b)
{
    zb_free(b->p);
    *b = (zs_bytes){0};
}

void
zs_add_i32(zs_bytes *b, int32_t v)
{
    uint8_t *at = zs_bytes_room(b, 4);
    if (at)
        zb_store32(at, (uint32_t)v);
}

void
zs_add_i64(zs_bytes *b, int64_t v)
{
    uint8_t *at = zs_bytes_room(b, 8);
    if (at)
        zb_store64(at, (uint64_t)v);
}

void
zs_add_buf(zs_bytes *b, zb_buf v)
{
    size_t n = v.n > 0 ? (size_t)v.n : 0;
    uint8_t *at = zs_bytes_room(b, 4 + n);
    if (!at)
        return;
    zb_store32(at, v.n < 0 ? UINT32_MAX : (uint32_t)v.n);
    if (n)
        memcpy(at + 4, v.p, n);
}

void
zs_add_stat(zs_bytes *b, const zobo_stat *stat)
{
    enum { STAT_BYTES = 68 };
    uint8_t *at = zs_bytes_room(b, STAT_BYTES);
    if (!at)
        return;
    zb_writer w = zb_writer_of(at, STAT_BYTES);
    zb_put_stat(&w, *stat);
}

/* --- arenas --- */

enum { BLOCK_BYTES = 64 * 1024 };

struct zs_block {
    zs_block *next;
    size_t cap;
    alignas(max_align_t) uint8_t bytes[];
};

static bool
new_block(zs_arena *a, size_t n)
{
    size_t cap = n > BLOCK_BYTES ? n : BLOCK_BYTES;
    zs_block *block = cap > SIZE_MAX - sizeof *block ? NULL : zb_malloc(sizeof *block + cap);
    if (!block)
        return false;
    block->next = a->blocks;
    block->cap = cap;
    a->blocks = block;
    a->used = 0;
    a->cap = cap;
    return true;
}

void *
zs_arena_take(zs_arena *a, size_t n)
{
    if (n > SIZE_MAX - alignof(max_align_t))
        return NULL;
    n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if ((!a->blocks || a->cap - a->used < n) && !new_block(a, n))
        return NULL;
    void *p = a->blocks->bytes + a->used;
    a->used += n;
    a->total += n;
    return p;
}

void *
zs_arena_copy(zs_arena *a, const void *p, size_t n)
{
    void *copy = zs_arena_take(a, n);
    if (copy && n)
        memcpy(copy, p, n);
    return copy;
}

/* Frees all blocks but one of the usual size. */
void
zs_arena_reset(zs_arena *a)
{
    zs_block *kept = NULL;
    while (a->blocks) {
        zs_block *block = a->blocks;
        a->blocks = block->next;
        if (!kept && block->cap == BLOCK_BYTES)
            kept = block;
        else
            zb_free(block);
    }
    a->blocks = kept;
    if (kept)
        kept->next = NULL;
    a->used = a->total = 0;
    a->cap = kept ? kept->cap : 0;
}

void
zs_arena_free(zs_arena *a)
{
    zs_arena_reset(a);
    zb_free(a->blocks);
    *a = (zs_arena){0};
}
