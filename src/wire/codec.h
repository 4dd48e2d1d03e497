/* SPDX-License-Identifier: Apache-2.0 */
/* Jute: reading and writing its primitives.
 *
 * A reader is bounded and has a sticky error: decode in a straight line, check `bad` once at the end. After an error
 * every read gives zero and empty. What a reader hands out points into the bytes it reads.
 *
 * A writer with p == NULL only counts: run an encoder once to learn the size, then into a buffer of that size.
 *
 * The primitives are inline: a request or a reply is a handful of them, and a pipelined client does millions a second.
 * */
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
    size_t n;         /* bytes written, or counted: past the end too, so that it tells the size that was needed */
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

/* A vector of strings, n -1 for null. To encode: `items` and `n` (NUL-terminated strings). Decoding gives `n` and the
 * bytes, walked with zb_get_str on a reader over [p, end); with `items` NULL these bytes are what is encoded. */
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

static inline uint32_t
zb_load32(const void *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t
zb_load64(const void *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 | (uint64_t)b[3] << 32 |
           (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 | (uint64_t)b[6] << 8 | b[7];
}

static inline void
zb_store32(void *p, uint32_t v)
{
    uint8_t *b = (uint8_t *)p;
    b[0] = (uint8_t)(v >> 24);
    b[1] = (uint8_t)(v >> 16);
    b[2] = (uint8_t)(v >> 8);
    b[3] = (uint8_t)v;
}

static inline void
zb_store64(void *p, uint64_t v)
{
    uint8_t *b = (uint8_t *)p;
    b[0] = (uint8_t)(v >> 56);
    b[1] = (uint8_t)(v >> 48);
    b[2] = (uint8_t)(v >> 40);
    b[3] = (uint8_t)(v >> 32);
    b[4] = (uint8_t)(v >> 24);
    b[5] = (uint8_t)(v >> 16);
    b[6] = (uint8_t)(v >> 8);
    b[7] = (uint8_t)v;
}

/* --- writing --- */

static inline zb_writer
zb_writer_counting(void)
{
    zb_writer w = {NULL, NULL, 0, false};
    return w;
}

static inline zb_writer
zb_writer_of(void *p, size_t n)
{
    zb_writer w = {(uint8_t *)p, (uint8_t *)p + n, 0, false};
    return w;
}

/* zb_writer_take claims the next n bytes; NULL: nothing is to be written (counting, or too long). */
static inline uint8_t *
zb_writer_take(zb_writer *w, size_t n)
{
    uint8_t *at = w->p;
    w->n += n;
    if (at == NULL)
        return NULL;
    if (ZB_UNLIKELY((size_t)(w->end - at) < n)) {
        w->bad = true;
        w->p = w->end; /* shorter fields that would still fit must not land here */
        return NULL;
    }
    w->p = at + n;
    return at;
}

static inline void
zb_put_bool(zb_writer *w, bool v)
{
    uint8_t *at = zb_writer_take(w, 1);
    if (at)
        *at = v;
}

static inline void
zb_put_i32(zb_writer *w, int32_t v)
{
    uint8_t *at = zb_writer_take(w, 4);
    if (at)
        zb_store32(at, (uint32_t)v);
}

static inline void
zb_put_i64(zb_writer *w, int64_t v)
{
    uint8_t *at = zb_writer_take(w, 8);
    if (at)
        zb_store64(at, (uint64_t)v);
}

static inline void
zb_put_buf(zb_writer *w, zb_buf v)
{
    size_t n = v.n > 0 ? (size_t)v.n : 0;
    uint8_t *at = zb_writer_take(w, 4 + n);
    if (!at)
        return;
    zb_store32(at, v.n < 0 ? UINT32_MAX : (uint32_t)v.n);
    if (n)
        memcpy(at + 4, v.p, n);
}

static inline void
zb_put_str(zb_writer *w, zb_buf v)
{
    zb_put_buf(w, v);
}

static inline void
zb_put_path(zb_writer *w, zb_path v)
{
    size_t n = (size_t)v.prefix_len + v.path_len;
    uint8_t *at = zb_writer_take(w, 4 + n);
    if (ZB_UNLIKELY(n > INT32_MAX))
        w->bad = true;
    if (!at)
        return;
    zb_store32(at, (uint32_t)n);
    if (v.prefix_len)
        memcpy(at + 4, v.prefix, v.prefix_len);
    if (v.path_len)
        memcpy(at + 4 + v.prefix_len, v.path, v.path_len);
}

static inline void
zb_put_raw(zb_writer *w, zb_raw v)
{
    uint8_t *at = zb_writer_take(w, v.n);
    if (at && v.n)
        memcpy(at, v.p, v.n);
}

void zb_put_stat(zb_writer *w, zobo_stat v);
void zb_put_strvec(zb_writer *w, zb_strvec v);
void zb_put_aclvec(zb_writer *w, zb_aclvec v);

/* --- reading --- */

static inline zb_reader
zb_reader_of(const void *p, size_t n)
{
    static const uint8_t nothing[1] = {0};
    const uint8_t *b = p ? (const uint8_t *)p : nothing;
    zb_reader r = {b, p ? b + n : b, false};
    return r;
}

static inline size_t
zb_reader_left(const zb_reader *r)
{
    return (size_t)(r->end - r->p);
}

/* zb_reader_fail makes the error stick: nothing is left to read. */
static inline void
zb_reader_fail(zb_reader *r)
{
    r->bad = true;
    r->p = r->end;
}

/* zb_reader_take takes the next n bytes; NULL, and bad, when there are fewer. */
static inline const uint8_t *
zb_reader_take(zb_reader *r, size_t n)
{
    const uint8_t *at = r->p;
    if (ZB_UNLIKELY(zb_reader_left(r) < n)) {
        zb_reader_fail(r);
        return NULL;
    }
    r->p = at + n;
    return at;
}

static inline bool
zb_get_bool(zb_reader *r)
{
    const uint8_t *at = zb_reader_take(r, 1);
    return at && *at != 0;
}

static inline int32_t
zb_get_i32(zb_reader *r)
{
    const uint8_t *at = zb_reader_take(r, 4);
    return at ? (int32_t)zb_load32(at) : 0;
}

static inline int64_t
zb_get_i64(zb_reader *r)
{
    const uint8_t *at = zb_reader_take(r, 8);
    return at ? (int64_t)zb_load64(at) : 0;
}

static inline zb_buf
zb_get_buf(zb_reader *r)
{
    zb_buf v = {NULL, zb_get_i32(r)};
    if (v.n >= 0)
        v.p = zb_reader_take(r, (size_t)v.n);
    else if (v.n != -1)
        zb_reader_fail(r);
    if (ZB_UNLIKELY(r->bad)) {
        v.p = r->end;
        v.n = 0;
    }
    return v;
}

/* not checked for UTF-8 or NUL */
static inline zb_buf
zb_get_str(zb_reader *r)
{
    return zb_get_buf(r);
}

/* null becomes "" */
static inline zb_path
zb_get_path(zb_reader *r)
{
    zb_buf v = zb_get_buf(r);
    zb_path path = {"", v.n > 0 ? (const char *)v.p : "", 0, v.n > 0 ? (uint32_t)v.n : 0};
    return path;
}

/* the rest */
static inline zb_raw
zb_get_raw(zb_reader *r)
{
    zb_raw v = {r->p, zb_reader_left(r)};
    r->p = r->end;
    return v;
}

zobo_stat zb_get_stat(zb_reader *r);
void zb_skip_stat(zb_reader *r);
zb_strvec zb_get_strvec(zb_reader *r); /* every element is checked for its bounds */
zb_aclvec zb_get_aclvec(zb_reader *r); /* the same */
zb_acl_view zb_get_acl(zb_reader *r);

/* zb_get_count reads the length of a vector whose elements take at least min_size bytes each: -1 for null. A count that
 * cannot be is bad, before anybody allocates for it. */
int32_t zb_get_count(zb_reader *r, size_t min_size);

static inline zb_buf
zb_buf_of(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    zb_buf b = {s, s ? (int32_t)(n < INT32_MAX ? n : INT32_MAX) : -1};
    return b;
}

#endif
