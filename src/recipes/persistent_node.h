/* SPDX-License-Identifier: Apache-2.0 */
/* What persistent nodes, group members and parties have in common above their presences. */
#ifndef ZR_PERSISTENT_NODE_H
#define ZR_PERSISTENT_NODE_H

#include "recipes/presence.h"

/* Calls the user's callback. Callback thread. */
typedef void zr_presence_say_fn(zr_recipe *r, zobo_presence presence, zobo_err err);

/* zr_presence_tell has the user told what is so. Strand. */
void zr_presence_tell(zr_recipe *r, const zr_presence *p, zr_presence_say_fn *say);

/* zr_presence_set_async is the twin of each zobo_X_set. */
ZOBO_MUST_CHECK zobo_err zr_presence_set_async(zr_recipe *r, zr_presence *p, const void *data, size_t len,
                                               const zobo_how *how, zobo_call **call);

#endif
