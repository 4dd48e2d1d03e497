/* SPDX-License-Identifier: Apache-2.0 */
#include "support/bytes.h"

#include <stdlib.h>
#include <string.h>

void *
zt_alloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        abort();
    return p;
}

char *
zt_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(zt_alloc(n), s, n);
}

void
zt_buf_free(zt_buf *b)
{
    free(b->p);
    *b = (zt_buf){0};
}

void
zt_put_raw(zt_buf *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2 + 64;
        b->p = realloc(b->p, b->cap);
        if (!b->p)
            abort();
    }
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

void
zt_put_bool(zt_buf *b, bool v)
{
    zt_put_raw(b, &(uint8_t){v}, 1);
}

void
zt_put_i32(zt_buf *b, int32_t v)
{
    uint32_t u = (uint32_t)v;
    uint8_t raw[4] = {(uint8_t)(u >> 24), (uint8_t)(u >> 16), (uint8_t)(u >> 8), (uint8_t)u};
    zt_put_raw(b, raw, 4);
}

void
zt_put_i64(zt_buf *b, int64_t v)
{
    zt_put_i32(b, (int32_t)((uint64_t)v >> 32));
    zt_put_i32(b, (int32_t)(uint32_t)(uint64_t)v);
}

void
zt_put_str(zt_buf *b, const char *s)
{
    zt_put_bytes(b, s, s ? (int32_t)strlen(s) : -1);
}

void
zt_put_bytes(zt_buf *b, const void *p, int32_t n)
{
    zt_put_i32(b, n);
    if (n > 0)
        zt_put_raw(b, p, (size_t)n);
}

void
zt_put_stat(zt_buf *b, const zobo_stat *s)
{
    zt_put_i64(b, s->czxid);
    zt_put_i64(b, s->mzxid);
    zt_put_i64(b, s->ctime);
    zt_put_i64(b, s->mtime);
    zt_put_i32(b, s->version);
    zt_put_i32(b, s->cversion);
    zt_put_i32(b, s->aversion);
    zt_put_i64(b, s->ephemeral_owner);
    zt_put_i32(b, s->data_length);
    zt_put_i32(b, s->num_children);
    zt_put_i64(b, s->pzxid);
}

static const uint8_t *
take(zt_cursor *c, size_t n)
{
    if (c->bad || (size_t)(c->end - c->p) < n) {
        c->bad = true;
        return NULL;
    }
    c->p += n;
    return c->p - n;
}

bool
zt_take_bool(zt_cursor *c)
{
    const uint8_t *p = take(c, 1);
    return p && *p;
}

int32_t
zt_take_i32(zt_cursor *c)
{
    const uint8_t *p = take(c, 4);
    return p ? (int32_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) : 0;
}

int64_t
zt_take_i64(zt_cursor *c)
{
    uint64_t high = (uint32_t)zt_take_i32(c);
    return (int64_t)(high << 32 | (uint32_t)zt_take_i32(c));
}

int32_t
zt_take_bytes(zt_cursor *c, const uint8_t **p)
{
    int32_t n = zt_take_i32(c);
    *p = NULL;
    if (n < 0)
        return -1;
    *p = take(c, (size_t)n);
    return *p ? n : -1;
}

char *
zt_take_str(zt_cursor *c)
{
    const uint8_t *p;
    int32_t n = zt_take_bytes(c, &p);
    if (n < 0)
        return NULL;
    char *s = zt_alloc((size_t)n + 1);
    memcpy(s, p, (size_t)n);
    s[n] = 0;
    return s;
}
