/* SPDX-License-Identifier: Apache-2.0 */
/* From a reply's bytes to a zobo_reply: one allocation that holds the struct and all that it points to. */
#ifndef ZB_REPLY_H
#define ZB_REPLY_H

#include <zobo/types.h>

#include "core/path.h"
#include "wire/op.h"

/* zb_err_is_ours: an error of zobo's own, which says things of a request that are not a server's to say (errors.h). */
static inline bool
zb_err_is_ours(int32_t err)
{
    return err < -1000 && err >= -1999;
}

/* zb_reply_build decodes the body of a reply without error (for MULTI: with or without). Strings are copied and
 * terminated; paths of PATH kinds and of transaction results and get_ephemerals have `chroot` (may be NULL) taken off
 * (of the latter those outside of the chroot are left out: the server compares strings, not components).
 *
 * Errors: ZOBO_EBADREPLY (short, a string with a NUL, counts that cannot be), ZOBO_EREPLYLOST (no memory). MULTI:
 * *out is set and (*out)->err is ZOBO_ETRANSACTION when an operation failed. Never allocates more than a small multiple
 * (at most 16) of the body's length. */
zobo_err zb_reply_build(zb_reply_kind kind, zb_reader body, int64_t zxid, const zb_chroot *chroot, zobo_reply **out);

/* zb_reply_text makes a reply that holds bytes only (four-letter words, versions). NULL: no memory. */
zobo_reply *zb_reply_text(const void *data, size_t len);

#endif
