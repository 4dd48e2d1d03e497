/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/codec.h"

enum { STAT_SIZE = 68 };

void
zb_put_stat(zb_writer *w, zobo_stat v)
{
    uint8_t *at = zb_writer_take(w, STAT_SIZE);
    if (at == NULL)
        return;
    zb_store64(at, (uint64_t)v.czxid);
    zb_store64(at + 8, (uint64_t)v.mzxid);
    zb_store64(at + 16, (uint64_t)v.ctime);
    zb_store64(at + 24, (uint64_t)v.mtime);
    zb_store32(at + 32, (uint32_t)v.version);
    zb_store32(at + 36, (uint32_t)v.cversion);
    zb_store32(at + 40, (uint32_t)v.aversion);
    zb_store64(at + 44, (uint64_t)v.ephemeral_owner);
    zb_store32(at + 52, (uint32_t)v.data_length);
    zb_store32(at + 56, (uint32_t)v.num_children);
    zb_store64(at + 60, (uint64_t)v.pzxid);
}

zobo_stat
zb_get_stat(zb_reader *r)
{
    zobo_stat v = {0};
    const uint8_t *at = zb_reader_take(r, STAT_SIZE);
    if (at == NULL)
        return v;
    v.czxid = (int64_t)zb_load64(at);
    v.mzxid = (int64_t)zb_load64(at + 8);
    v.ctime = (int64_t)zb_load64(at + 16);
    v.mtime = (int64_t)zb_load64(at + 24);
    v.version = (int32_t)zb_load32(at + 32);
    v.cversion = (int32_t)zb_load32(at + 36);
    v.aversion = (int32_t)zb_load32(at + 40);
    v.ephemeral_owner = (int64_t)zb_load64(at + 44);
    v.data_length = (int32_t)zb_load32(at + 52);
    v.num_children = (int32_t)zb_load32(at + 56);
    v.pzxid = (int64_t)zb_load64(at + 60);
    return v;
}

void
zb_skip_stat(zb_reader *r)
{
    (void)zb_reader_take(r, STAT_SIZE);
}

/* put_undecoded writes a vector's elements as they were read. */
static void
put_undecoded(zb_writer *w, const uint8_t *p, const uint8_t *end)
{
    zb_raw raw = {p, (size_t)(end - p)};
    zb_put_raw(w, raw);
}

void
zb_put_strvec(zb_writer *w, zb_strvec v)
{
    zb_put_i32(w, v.n < 0 ? -1 : v.n);
    if (v.items == NULL) {
        if (v.n > 0)
            put_undecoded(w, v.p, v.end);
        return;
    }
    for (int32_t i = 0; i < v.n; i++)
        zb_put_str(w, zb_buf_of(v.items[i]));
}

void
zb_put_aclvec(zb_writer *w, zb_aclvec v)
{
    zb_put_i32(w, v.n < 0 ? -1 : v.n);
    if (v.items == NULL) {
        if (v.n > 0)
            put_undecoded(w, v.p, v.end);
        return;
    }
    for (int32_t i = 0; i < v.n; i++) {
        zb_put_i32(w, (int32_t)v.items[i].perms);
        zb_put_str(w, zb_buf_of(v.items[i].scheme));
        zb_put_str(w, zb_buf_of(v.items[i].id));
    }
}

int32_t
zb_get_count(zb_reader *r, size_t min_size)
{
    int32_t n = zb_get_i32(r);
    if (n < -1 || (n > 0 && (size_t)n > zb_reader_left(r) / min_size)) {
        zb_reader_fail(r);
        return 0;
    }
    return n;
}

zb_acl_view
zb_get_acl(zb_reader *r)
{
    zb_acl_view v;
    v.perms = zb_get_i32(r);
    v.scheme = zb_get_str(r);
    v.id = zb_get_str(r);
    return v;
}

zb_strvec
zb_get_strvec(zb_reader *r)
{
    zb_strvec v = {NULL, zb_get_count(r, 4), NULL, NULL};
    v.p = r->p;
    for (int32_t i = 0; i < v.n && !r->bad; i++)
        (void)zb_get_str(r);
    v.end = r->p;
    if (r->bad) {
        v.n = 0;
        v.p = r->end;
    }
    return v;
}

zb_aclvec
zb_get_aclvec(zb_reader *r)
{
    zb_aclvec v = {NULL, zb_get_count(r, 12), NULL, NULL};
    v.p = r->p;
    for (int32_t i = 0; i < v.n && !r->bad; i++)
        (void)zb_get_acl(r);
    v.end = r->p;
    if (r->bad) {
        v.n = 0;
        v.p = r->end;
    }
    return v;
}
