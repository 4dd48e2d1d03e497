/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: the schemes world, auth, digest, ip and super. */
#ifndef ZS_ACL_H
#define ZS_ACL_H

#include "engine/bytes.h"

/* Who a connection is: its address, then what it has proved. Never changed once made, shared by counting: a request
 * keeps the identities it was sent with. Any thread. */
typedef struct zs_ids zs_ids;

typedef struct zs_id {
    const char *scheme, *id;
} zs_id;

zs_ids *zs_ids_of_address(const char *ip); /* "127.0.0.1", "::1"; "" for a Unix socket. NULL: no memory */
zs_ids *zs_ids_ref(zs_ids *ids);
void zs_ids_unref(zs_ids *ids); /* NULL is fine */
size_t zs_ids_count(const zs_ids *ids);
zs_id zs_ids_at(const zs_ids *ids, size_t i); /* 0: the address */

/* zs_auth proves an identity: *ids is replaced by one with it added (known already: unchanged). `super` is the
 * configured "super:hash" or NULL. ZOBO_EAUTHFAILED: unknown scheme, what is no credential, or too many of them
 * (ZS_MAX_IDS); ZOBO_ENOMEM. */
enum { ZS_MAX_IDS = 256 };
zobo_err zs_auth(zs_ids **ids, zb_buf scheme, zb_buf credential, const char *super);

/* zs_acl_permits: has anybody of `ids` one of the permissions `perms`? An empty ACL permits all. */
bool zs_acl_permits(zb_aclvec acl, int32_t perms, const zs_ids *ids);

/* zs_acl_fix makes an ACL as a client sends it into what is stored: duplicates gone, "auth" replaced by who the sender
 * is, ids checked. Appends a vector<ACL>, or nothing. ZOBO_EINVALIDACL; ZOBO_ENOMEM, and out->failed. */
zobo_err zs_acl_fix(zb_aclvec acl, const zs_ids *ids, zs_bytes *out);

/* zs_acl_show appends the vector<ACL> that getACL answers: digests masked as "user:x" for those who may not ADMIN. */
void zs_acl_show(zb_aclvec acl, const zs_ids *ids, zs_bytes *out);

#endif
