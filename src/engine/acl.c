/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/acl.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

static bool
is(zb_buf b, const char *text)
{
    size_t n = strlen(text);
    return b.n >= 0 && (size_t)b.n == n && memcmp(b.p, text, n) == 0;
}

/* --- addresses --- */

typedef struct address {
    uint8_t bytes[16];
    unsigned bits; /* 32 or 128 */
} address;

static bool
parse_address(const char *p, size_t n, address *out)
{
    char text[INET6_ADDRSTRLEN];
    if (n >= sizeof text || memchr(p, '\0', n))
        return false;
    memcpy(text, p, n);
    text[n] = '\0';
    bool v6 = memchr(p, ':', n) != NULL;
    out->bits = v6 ? 128 : 32;
    return inet_pton(v6 ? AF_INET6 : AF_INET, text, out->bytes) == 1;
}

/* An address, or one and how many of its bits count: "10.0.0.0/8". */
static bool
parse_range(zb_buf id, address *out, unsigned *bits)
{
    const char *p = id.p;
    size_t n = id.n > 0 ? (size_t)id.n : 0;
    const char *slash = n ? memchr(p, '/', n) : NULL;
    if (!n || !parse_address(p, slash ? (size_t)(slash - p) : n, out))
        return false;
    *bits = out->bits;
    if (!slash)
        return true;
    const char *end = p + n;
    unsigned v = 0;
    if (++slash == end || end - slash > 3)
        return false;
    for (; slash < end; slash++) {
        if (*slash < '0' || *slash > '9')
            return false;
        v = v * 10 + (unsigned)(*slash - '0');
    }
    *bits = v;
    return v <= out->bits;
}

static bool
in_range(zb_buf id, const char *ip)
{
    address range, peer;
    unsigned bits;
    if (!parse_range(id, &range, &bits) || !parse_address(ip, strlen(ip), &peer) || peer.bits != range.bits)
        return false;
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(range.bytes, peer.bytes, whole) != 0)
        return false;
    return rest == 0 || ((range.bytes[whole] ^ peer.bytes[whole]) >> (8 - rest)) == 0;
}

/* --- who may --- */

static bool
is_super(const zs_ids *ids)
{
    for (size_t i = 1; i < zs_ids_count(ids); i++) {
        if (strcmp(zs_ids_at(ids, i).scheme, "super") == 0)
            return true;
    }
    return false;
}

static bool
matches(const zb_acl_view *acl, const zs_ids *ids)
{
    if (is(acl->scheme, "world"))
        return is(acl->id, "anyone");
    if (is(acl->scheme, "ip"))
        return in_range(acl->id, zs_ids_at(ids, 0).id);
    for (size_t i = 1; i < zs_ids_count(ids); i++) {
        zs_id who = zs_ids_at(ids, i);
        if (is(acl->scheme, who.scheme) && is(acl->id, who.id))
            return true;
    }
    return false;
}

bool
zs_acl_permits(zb_aclvec acl, int32_t perms, const zs_ids *ids)
{
    if (acl.n <= 0)
        return true;
    zb_reader r = zb_reader_of(acl.p, (size_t)(acl.end - acl.p));
    for (int32_t i = 0; i < acl.n; i++) {
        zb_acl_view one = zb_get_acl(&r);
        if ((one.perms & perms) != 0 && matches(&one, ids))
            return true;
    }
    return is_super(ids);
}

/* --- what is stored --- */

static void
add_acl(zs_bytes *out, int32_t perms, zb_buf scheme, zb_buf id)
{
    zs_add_i32(out, perms);
    zs_add_buf(out, scheme);
    zs_add_buf(out, id);
}

/* What an ACL may grow to by "auth" being replaced: who has many identities must not fill the memory with few bytes. */
enum { GROWN_MAX = 1 << 20 };

/* An entry as it was sent, to find those that are sent twice. */
typedef struct entry {
    const uint8_t *p;
    size_t n;
    int32_t at; /* in the list */
} entry;

static int
by_bytes(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    if (order)
        return order;
    return x->n != y->n ? (x->n < y->n ? -1 : 1) : (x->at > y->at) - (x->at < y->at);
}

/* sent_before marks each entry that the list has already. NULL: no memory. */
static bool *
sent_before(zb_aclvec acl)
{
    size_t n = (size_t)acl.n;
    bool *twice = zb_calloc(n, sizeof *twice);
    entry *all = zb_calloc(n, sizeof *all);
    zb_reader r = zb_reader_of(acl.p, (size_t)(acl.end - acl.p));
    for (size_t i = 0; all && i < n; i++) {
        all[i] = (entry){.p = r.p, .at = (int32_t)i};
        (void)zb_get_acl(&r);
        all[i].n = (size_t)(r.p - all[i].p);
    }
    if (all && twice) {
        qsort(all, n, sizeof *all, by_bytes);
        for (size_t i = 1; i < n; i++)
            twice[all[i].at] = all[i].n == all[i - 1].n && memcmp(all[i].p, all[i - 1].p, all[i].n) == 0;
    } else {
        zb_free(twice);
        twice = NULL;
    }
    zb_free(all);
    return twice;
}

/* "user:hash": one colon, not counting those at the end. */
static bool
is_digest(zb_buf id)
{
    const char *p = id.p;
    int32_t n = id.n, colons = 0;
    while (n > 0 && p[n - 1] == ':')
        n--;
    for (int32_t i = 0; i < n; i++)
        colons += p[i] == ':';
    return colons == 1;
}

static bool
is_known(const zb_acl_view *one)
{
    address a;
    unsigned bits;
    if (is(one->scheme, "world"))
        return is(one->id, "anyone");
    if (is(one->scheme, "digest"))
        return is_digest(one->id);
    return is(one->scheme, "ip") && parse_range(one->id, &a, &bits);
}

/* add_sender puts everybody that the sender has proved to be in the place of "auth". Returns how many; 0: refuse. */
static int32_t
add_sender(zs_bytes *out, size_t start, int32_t perms, const zs_ids *ids)
{
    int32_t n = 0;
    for (size_t i = 1; i < zs_ids_count(ids) && !out->failed; i++) {
        zs_id who = zs_ids_at(ids, i);
        if (strcmp(who.scheme, "super") == 0)
            continue;
        add_acl(out, perms, zb_buf_of(who.scheme), zb_buf_of(who.id));
        n++;
        if (out->n - start > GROWN_MAX)
            return 0;
    }
    return n;
}

/* fix_all appends the entries. Returns how many; 0: refuse. */
static int32_t
fix_all(zb_aclvec acl, const bool *twice, const zs_ids *ids, zs_bytes *out)
{
    size_t start = out->n;
    int32_t n = 0;
    zb_reader r = zb_reader_of(acl.p, (size_t)(acl.end - acl.p));
    for (int32_t i = 0; i < acl.n; i++) {
        zb_acl_view one = zb_get_acl(&r);
        if (twice && twice[i])
            continue;
        int32_t added = 1;
        if (is(one.scheme, "auth"))
            added = add_sender(out, start, one.perms, ids);
        else if (is_known(&one))
            add_acl(out, one.perms, one.scheme, one.id);
        else
            added = 0;
        if (!added)
            return 0;
        n += added;
    }
    return n;
}

zobo_err
zs_acl_fix(zb_aclvec acl, const zs_ids *ids, zs_bytes *out)
{
    if (acl.n <= 0)
        return ZOBO_EINVALIDACL;
    bool *twice = NULL;
    if (acl.n > 1 && !(twice = sent_before(acl))) {
        out->failed = true;
        return ZOBO_ENOMEM;
    }
    size_t start = out->n;
    zs_add_i32(out, 0);
    int32_t n = fix_all(acl, twice, ids, out);
    zb_free(twice);
    if (out->failed)
        return ZOBO_ENOMEM;
    if (n == 0) {
        out->n = start;
        return ZOBO_EINVALIDACL;
    }
    zb_store32(out->p + start, (uint32_t)n);
    return ZOBO_OK;
}

/* --- what is shown --- */

static void
add_masked(zs_bytes *out, const zb_acl_view *one, size_t user)
{
    zs_add_i32(out, one->perms);
    zs_add_buf(out, one->scheme);
    zs_add_i32(out, (int32_t)user + 2);
    zs_bytes_add(out, one->id.p, user);
    zs_bytes_add(out, ":x", 2);
}

void
zs_acl_show(zb_aclvec acl, const zs_ids *ids, zs_bytes *out)
{
    bool whole = zs_acl_permits(acl, ZOBO_PERM_ADMIN, ids);
    zs_add_i32(out, acl.n);
    zb_reader r = zb_reader_of(acl.p, acl.n > 0 ? (size_t)(acl.end - acl.p) : 0);
    for (int32_t i = 0; i < acl.n; i++) {
        zb_acl_view one = zb_get_acl(&r);
        const char *id = one.id.p, *colon = one.id.n > 0 ? memchr(id, ':', (size_t)one.id.n) : NULL;
        if (!whole && colon && is(one.scheme, "digest"))
            add_masked(out, &one, (size_t)(colon - id));
        else
            add_acl(out, one.perms, one.scheme, one.id);
    }
}
