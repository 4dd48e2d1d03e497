/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of replies. */
#ifndef ZB_REPLY_H
#define ZB_REPLY_H

#include <zobo/types.h>

/* zb_reply_copy copies zxid, path, data, stat, children and count into one allocation, as zobo_reply_free expects. NULL:
 * no memory. */
zobo_reply *zb_reply_copy(const zobo_reply *r);

#endif
