/* SPDX-License-Identifier: Apache-2.0 */
/* Jute by hand, apart from the library's own codec, so that a mistake there is not made twice. Plain malloc: the
 * failing allocator of src/base/mem.h must not reach the test's own side. */
#ifndef ZT_BYTES_H
#define ZT_BYTES_H

#include <zobo/types.h>

typedef struct zt_buf {
    uint8_t *p;
    size_t n, cap;
} zt_buf;

void zt_buf_free(zt_buf *b);
void *zt_alloc(size_t n); /* malloc that ends the process when there is none */
char *zt_strdup(const char *s);

void zt_put_raw(zt_buf *b, const void *p, size_t n);
void zt_put_bool(zt_buf *b, bool v);
void zt_put_i32(zt_buf *b, int32_t v);
void zt_put_i64(zt_buf *b, int64_t v);
void zt_put_str(zt_buf *b, const char *s);              /* NULL: null */
void zt_put_bytes(zt_buf *b, const void *p, int32_t n); /* n -1: null */
void zt_put_stat(zt_buf *b, const zobo_stat *s);

typedef struct zt_cursor {
    const uint8_t *p, *end;
    bool bad;
} zt_cursor;

bool zt_take_bool(zt_cursor *c);
int32_t zt_take_i32(zt_cursor *c);
int64_t zt_take_i64(zt_cursor *c);
int32_t zt_take_bytes(zt_cursor *c, const uint8_t **p); /* -1: null */
char *zt_take_str(zt_cursor *c);                        /* a new string, NULL for null */

#endif
