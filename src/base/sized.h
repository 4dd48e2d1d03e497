/* SPDX-License-Identifier: Apache-2.0 */
/* Structs that programs fill begin with their size, so that they can grow: see zobo/types.h. A newer program may pass a
 * longer one, which is fine as long as it uses nothing that is unknown here; an older one a shorter, whose later fields
 * are not read. */
#ifndef ZB_SIZED_H
#define ZB_SIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"

enum { ZB_SIZED_MAX = 65536 }; /* what is longer is no such struct: its size was never set */

/* The length of a struct whose last field so far is `field`, which it has had since its size may be 0. */
#define ZB_SIZED_FIRST(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

/* zb_sized_good tells whether `p`, of which this library knows `known` bytes and which never was shorter than `least`,
 * may be used. False: *at is the byte that is set and not known, 0 when the size itself is wrong. */
static inline bool
zb_sized_good(const void *p, size_t least, size_t known, size_t *at)
{
    size_t size;
    *at = 0;
    memcpy(&size, p, sizeof size);
    if (ZB_LIKELY(size == 0 || size == known))
        return true;
    if (size < least || size > ZB_SIZED_MAX || size % sizeof(void *) != 0)
        return false;
    for (size_t i = known; i < size; i++) {
        if (((const char *)p)[i] != 0) {
            *at = i;
            return false;
        }
    }
    return true;
}

/* zb_sized_copy copies what there is of a good one, or of one whose size is 0 the first `first` bytes; the rest is
 * zero, and the size is that of the copy. */
static inline void
zb_sized_copy(void *to, size_t known, const void *from, size_t first)
{
    size_t size;
    memcpy(&size, from, sizeof size);
    if (size == 0)
        size = first;
    memset(to, 0, known);
    memcpy(to, from, size < known ? size : known);
    memcpy(to, &known, sizeof known);
}

/* zb_sized_take does both for options: `from` NULL gives zeros, and what is wrong goes to `why`, with the name of the
 * struct. A size that is shorter than the `first` bytes was never right: the size of a pointer, perhaps.
 * ZOBO_EBADOPTION. */
zobo_err zb_sized_take(void *to, size_t known, const void *from, size_t first, const char *name, zobo_problem *why);

/* What every function with options takes them with: `last` is the last field that the struct has had from the
 * beginning, and stays so when others come after it. */
#define ZB_SIZED_TAKE(to, type, from, last, why)                                                                       \
    zb_sized_take((to), sizeof(type), (from), ZB_SIZED_FIRST(type, last), #type, (why))

/* zb_sized_fill hands `from` out in a struct of the caller's, who has set its size; what is not known here gets zero.
 * */
static inline void
zb_sized_fill(void *to, size_t first, const void *from, size_t known)
{
    size_t size;
    memcpy(&size, to, sizeof size);
    if (size == 0)
        size = first;
    if (size > known)
        memset((char *)to + known, 0, size - known);
    memcpy(to, from, size < known ? size : known);
    memcpy(to, &size, sizeof size);
}

#endif
