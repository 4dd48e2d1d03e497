/* SPDX-License-Identifier: Apache-2.0 */
/* Jute: reading and writing its primitives.
 *
 * A reader is bounded and has a sticky error: decode in a straight line, check `bad` once at the end. After an error
 * every read gives zero and empty. What a reader hands out points into the bytes it reads.
 *
 * A writer with p == NULL only counts: run an encoder once to learn the size, then into a buffer of that size. */
#ifndef ZB_CODEC_H
#define ZB_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <zobo/types.h>

#include "base/mem.h"

typedef struct zb_reader {
    const uint8_t *p, *end;
    bool bad;
} zb_reader;

typedef struct zb_writer {
    uint8_t *p, *end; /* p == NULL: count only */
    size_t n;         /* bytes written or counted */
    bool bad;         /* ran over the end: the caller's size was wrong */
} zb_writer;

/* Bytes on the wire: n -1 and p NULL for null. Decoding gives p != NULL for every n >= 0. */
typedef struct zb_buf {
    const void *p;
    int32_t n;
} zb_buf;

/* A path that is sent as prefix + path (chroot). Decoding puts all in `path`. */
typedef struct zb_path {
    const char *prefix;
    const char *path;
    uint32_t prefix_len, path_len;
} zb_path;

/* A vector of strings. To encode: `items` and `n` (NUL-terminated strings). To
 * decode: n (-1 null) and the bytes, walked with zb_get_str on a reader over [p, end). */
typedef struct zb_strvec {
    const char *const *items;
    int32_t n;
    const uint8_t *p, *end;
} zb_strvec;

/* A vector of ACLs: the same idea. Decoding walks with zb_get_acl. */
typedef struct zb_aclvec {
    const zobo_acl *items;
    int32_t n;
    const uint8_t *p, *end;
} zb_aclvec;

typedef struct zb_acl_view {
    int32_t perms;
    zb_buf scheme, id;
} zb_acl_view;

/* Raw bytes to the end of the frame: multi's body, encoded elsewhere. */
typedef struct zb_raw {
    const void *p;
    size_t n;
} zb_raw;

/* Field kinds of the record table: C type, put and get for each. */
typedef bool zb_t_bool;
typedef int32_t zb_t_i32;
typedef int64_t zb_t_i64;
typedef zb_buf zb_t_str; /* ustring */
typedef zb_buf zb_t_buf; /* buffer */
typedef zb_path zb_t_path;
typedef zobo_stat zb_t_stat;
typedef zb_strvec zb_t_strvec;
typedef zb_aclvec zb_t_aclvec;
typedef zb_raw zb_t_raw;

void zb_put_bool(zb_writer *w, bool v);
void zb_put_i32(zb_writer *w, int32_t v);
void zb_put_i64(zb_writer *w, int64_t v);
void zb_put_str(zb_writer *w, zb_buf v);
void zb_put_buf(zb_writer *w, zb_buf v);
void zb_put_path(zb_writer *w, zb_path v);
void zb_put_stat(zb_writer *w, zobo_stat v);
void zb_put_strvec(zb_writer *w, zb_strvec v);
void zb_put_aclvec(zb_writer *w, zb_aclvec v);
void zb_put_raw(zb_writer *w, zb_raw v);

bool zb_get_bool(zb_reader *r);
int32_t zb_get_i32(zb_reader *r);
int64_t zb_get_i64(zb_reader *r);
zb_buf zb_get_str(zb_reader *r); /* not checked for UTF-8 or NUL */
zb_buf zb_get_buf(zb_reader *r);
zb_path zb_get_path(zb_reader *r); /* null becomes "" */
zobo_stat zb_get_stat(zb_reader *r);
zb_strvec zb_get_strvec(zb_reader *r); /* every element is checked for its bounds */
zb_aclvec zb_get_aclvec(zb_reader *r);
zb_acl_view zb_get_acl(zb_reader *r);
zb_raw zb_get_raw(zb_reader *r); /* the rest */

static inline zb_reader zb_reader_of(const void *p, size_t n)
{
    zb_reader r = {(const uint8_t *)p, (const uint8_t *)p + n, false};
    return r;
}

static inline size_t zb_reader_left(const zb_reader *r)
{
    return (size_t)(r->end - r->p);
}

static inline uint32_t zb_load32(const void *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void zb_store32(void *p, uint32_t v)
{
    uint8_t *b = (uint8_t *)p;
    b[0] = (uint8_t)(v >> 24);
    b[1] = (uint8_t)(v >> 16);
    b[2] = (uint8_t)(v >> 8);
    b[3] = (uint8_t)v;
}

static inline zb_buf zb_buf_of(const char *s)
{
    zb_buf b = {s, s ? (int32_t)strlen(s) : -1};
    return b;
}

#endif
