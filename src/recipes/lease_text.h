/* SPDX-License-Identifier: Apache-2.0 */
/* What lease_holder holds: kazoo's JSON. */
#ifndef ZR_LEASE_TEXT_H
#define ZR_LEASE_TEXT_H

#include <zobo/errors.h>

#include "recipes/text.h"

enum { ZR_LEASE_VERSION = 1, ZR_LEASE_HOLDER_MAX = 65536 };

typedef struct zr_lease_text {
    bool known;   /* it is of version 1: the rest is set */
    char *holder; /* freed with zb_free */
    int64_t end_ms;
} zr_lease_text;

/* zr_lease_format writes what kazoo would, to the byte. False: no memory, or an end that kazoo could not write. */
bool zr_lease_format(const char *holder, int64_t end_ms, zr_text *out);

/* zr_lease_parse reads it. ZOBO_EBADDATA: it is no lease; ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zr_lease_parse(const void *data, size_t len, zr_lease_text *out);

#endif
