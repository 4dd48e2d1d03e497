/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sized.h"

zobo_err
zb_sized_take(void *to, size_t known, const void *from, size_t first, const char *name, zobo_problem *why)
{
    size_t at;
    memset(to, 0, known);
    if (!from)
        return ZOBO_OK;
    if (!zb_sized_good(from, first, known, &at)) {
        if (!at)
            return zb_problem(why, ZOBO_EBADOPTION, 0, "option size: set it to sizeof(%s)", name);
        return zb_problem(why, ZOBO_EBADOPTION, at, "an option at byte %zu is set that this version does not know", at);
    }
    zb_sized_copy(to, known, from, first);
    return ZOBO_OK;
}
