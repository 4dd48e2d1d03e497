/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/contender.h"

#include <string.h>

enum { DIGITS = 10 };

static bool
ends_with(const char *s, size_t n, const char *tail)
{
    size_t m = strlen(tail);
    return n >= m && memcmp(s + n - m, tail, m) == 0;
}

bool
zr_name_is(const char *name, const char *pattern, int32_t *sequence)
{
    size_t n = strlen(name), at = n;
    int64_t value = 0, unit = 1;
    while (at && n - at < DIGITS && name[at - 1] >= '0' && name[at - 1] <= '9') {
        value += unit * (name[--at] - '0');
        unit *= 10;
    }
    /* The '-' of "-lock-0000000001" is the pattern's, that of "__lock__-2147483648" the number's. */
    if (n - at < DIGITS || !ends_with(name, at, pattern)) {
        if (n - at < DIGITS - 1 || !at || name[at - 1] != '-' || !ends_with(name, at - 1, pattern))
            return false;
        value = -value;
    }
    if (value > INT32_MAX || value < INT32_MIN)
        return false;
    *sequence = (int32_t)value;
    return true;
}
