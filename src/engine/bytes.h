/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that requests and replies are made in: a buffer that grows, and an arena that is emptied at once. */
#ifndef ZS_BYTES_H
#define ZS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/codec.h"

/* A buffer that grows. After an allocation failed `failed` sticks and nothing more is added: ask once, at the end. */
typedef struct zs_bytes {
    uint8_t *p;
    size_t n, cap;
    bool failed;
} zs_bytes;

/* zs_bytes_room claims n more bytes at the end, to be filled by the caller; NULL: no memory. Pointers taken before are
 * no longer valid. */
uint8_t *zs_bytes_room(zs_bytes *b, size_t n);
void zs_bytes_add(zs_bytes *b, const void *p, size_t n);
void zs_bytes_free(zs_bytes *b); /* it is empty afterwards and may be used again */

/* Jute at the end of a buffer: what a zb_writer does, growing. */
void zs_add_i32(zs_bytes *b, int32_t v);
void zs_add_i64(zs_bytes *b, int64_t v);
void zs_add_buf(zs_bytes *b, zb_buf v); /* also strings */
void zs_add_stat(zs_bytes *b, const zobo_stat *stat);

/* An arena: what is taken from it lives until it is reset. */
typedef struct zs_block zs_block;
typedef struct zs_arena {
    zs_block *blocks; /* the newest first */
    size_t used, cap; /* of the newest */
    size_t total;     /* bytes taken since the last reset */
} zs_arena;

void *zs_arena_take(zs_arena *a, size_t n); /* aligned for anything; NULL: no memory */
void *zs_arena_copy(zs_arena *a, const void *p, size_t n);
void zs_arena_reset(zs_arena *a); /* keeps one block of moderate size */
void zs_arena_free(zs_arena *a);

#endif
