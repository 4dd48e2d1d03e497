/* SPDX-License-Identifier: Apache-2.0 */
/* ACLs and credentials: kazoo.security. */
#ifndef ZOBO_ACL_H
#define ZOBO_ACL_H

#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* zobo_open_acl returns "anyone may do anything" (kazoo: OPEN_ACL_UNSAFE). Static. */
const zobo_acl_list *zobo_open_acl(void);

/* zobo_creator_all_acl returns "whoever created it, by each credential he has, may do anything" (CREATOR_ALL_ACL).
 * The server refuses it (ZOBO_EINVALIDACL) from a client without credentials. Static. */
const zobo_acl_list *zobo_creator_all_acl(void);

/* zobo_read_acl returns "anyone may read" (READ_ACL_UNSAFE). Static. */
const zobo_acl_list *zobo_read_acl(void);

/* zobo_digest_credential writes the id of a digest ACL, "user:base64(sha1(user:password))", to `buf`.
 *
 * Returns ZOBO_OK; ZOBO_EINVAL when user is empty or holds a colon, or `size` is too small: strlen(user) + 30 is
 * enough. Any thread. Source: kazoo make_digest_acl_credential. */
ZOBO_MUST_CHECK zobo_err zobo_digest_credential(const char *user, const char *password, char *buf, size_t size);

/* zobo_perms_text writes permissions as "cdrwa" letters to `buf` ("-" for none), zkCli's spelling. Any thread. */
void zobo_perms_text(uint32_t perms, char buf[8]);

/* zobo_perms_parse reads "cdrwa" letters in any order, or "all".
 *
 * Returns ZOBO_OK or ZOBO_EINVAL. Any thread. */
ZOBO_MUST_CHECK zobo_err zobo_perms_parse(const char *text, uint32_t *out);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
