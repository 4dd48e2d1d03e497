/* SPDX-License-Identifier: Apache-2.0 */
/* Names of sequential nodes: <uuid>__lock__<number> and their relatives. Pure. */
#ifndef ZR_CONTENDER_H
#define ZR_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* zr_name_is tells whether `name` is something, then `pattern`, then the number that ZooKeeper appends (%010d), which
 * has a '-' when the counter has overflown. */
bool zr_name_is(const char *name, const char *pattern, int32_t *sequence);

/* zr_sequence_before: `a` was given out before `b`, as long as they are less than 2^31 apart, overflown or not. */
static inline bool
zr_sequence_before(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b) < 0;
}

#endif
