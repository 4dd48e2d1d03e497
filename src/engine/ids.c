/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: one block of memory each, its strings behind the array. */
#include "engine/acl.h"

#include <stdatomic.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

struct zs_ids {
    atomic_uint refs;
    size_t n;
    zs_id ids[];
};

static zs_ids *
make(const zs_ids *old, zs_id one)
{
    size_t n = old ? old->n : 0, text = strlen(one.scheme) + strlen(one.id) + 2;
    for (size_t i = 0; i < n; i++)
        text += strlen(old->ids[i].scheme) + strlen(old->ids[i].id) + 2;
    zs_ids *ids = zb_malloc(sizeof *ids + (n + 1) * sizeof(zs_id) + text);
    if (!ids)
        return NULL;
    atomic_init(&ids->refs, 1);
    ids->n = n + 1;
    char *at = (char *)&ids->ids[n + 1];
    for (size_t i = 0; i <= n; i++) {
        zs_id from = i < n ? old->ids[i] : one;
        size_t scheme_n = strlen(from.scheme) + 1, id_n = strlen(from.id) + 1;
        ids->ids[i] = (zs_id){memcpy(at, from.scheme, scheme_n), memcpy(at + scheme_n, from.id, id_n)};
        at += scheme_n + id_n;
    }
    return ids;
}

zs_ids *
zs_ids_of_address(const char *ip)
{
    return make(NULL, (zs_id){"ip", ip});
}

zs_ids *
zs_ids_ref(zs_ids *ids)
{
    atomic_fetch_add_explicit(&ids->refs, 1, memory_order_relaxed);
    return ids;
}

void
zs_ids_unref(zs_ids *ids)
{
    if (ids && atomic_fetch_sub_explicit(&ids->refs, 1, memory_order_acq_rel) == 1)
        zb_free(ids);
}

size_t
zs_ids_count(const zs_ids *ids)
{
    return ids->n;
}

zs_id
zs_ids_at(const zs_ids *ids, size_t i)
{
    return ids->ids[i];
}

/* add replaces *ids by one with `one` in it. */
static zobo_err
add(zs_ids **ids, zs_id one)
{
    for (size_t i = 0; i < (*ids)->n; i++) {
        if (strcmp((*ids)->ids[i].scheme, one.scheme) == 0 && strcmp((*ids)->ids[i].id, one.id) == 0)
            return ZOBO_OK;
    }
    if ((*ids)->n == ZS_MAX_IDS)
        return ZOBO_EAUTHFAILED;
    zs_ids *more = make(*ids, one);
    if (!more)
        return ZOBO_ENOMEM;
    zs_ids_unref(*ids);
    *ids = more;
    return ZOBO_OK;
}

/* "user:password" proves the identity "user:base64(sha1(user:password))"; without a colon the whole is the user. */
static zobo_err
prove_digest(zs_ids **ids, zb_buf credential, const char *super)
{
    enum { HASH_TEXT = 28 };
    size_t n = credential.n > 0 ? (size_t)credential.n : 0;
    const char *colon = n ? memchr(credential.p, ':', n) : NULL;
    size_t user = colon ? (size_t)(colon - (const char *)credential.p) : n;
    if (user && memchr(credential.p, '\0', user))
        return ZOBO_EAUTHFAILED;
    char *id = zb_malloc(user + 1 + HASH_TEXT + 1);
    if (!id)
        return ZOBO_ENOMEM;
    uint8_t hash[20];
    zb_sha1(credential.p, n, hash);
    if (user)
        memcpy(id, credential.p, user);
    id[user] = ':';
    zb_base64(hash, sizeof hash, id + user + 1);
    zobo_err err = super && strcmp(id, super) == 0 ? add(ids, (zs_id){"super", ""}) : ZOBO_OK;
    if (!err)
        err = add(ids, (zs_id){"digest", id});
    zb_free(id);
    return err;
}

static bool
is(zb_buf b, const char *text)
{
    return b.n >= 0 && (size_t)b.n == strlen(text) && memcmp(b.p, text, (size_t)b.n) == 0;
}

zobo_err
zs_auth(zs_ids **ids, zb_buf scheme, zb_buf credential, const char *super)
{
    if (is(scheme, "digest"))
        return prove_digest(ids, credential, super);
    /* Who gives his address as a credential is told that it is known. */
    return is(scheme, "ip") ? ZOBO_OK : ZOBO_EAUTHFAILED;
}
