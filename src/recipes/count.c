/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/count.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
zr_number_split(const char **s, size_t *len, bool *negative)
{
    while (*len && is_space((*s)[*len - 1]))
        --*len;
    while (*len && is_space(**s))
        ++*s, --*len;
    *negative = *len && **s == '-';
    if (*len && (**s == '-' || **s == '+'))
        ++*s, --*len;
    for (size_t i = 0; i < *len; i++) {
        if ((*s)[i] < '0' || (*s)[i] > '9')
            return false;
    }
    return *len > 0;
}

/* Counts downwards, where there is room for one more. */
static bool
read_digits(const char *s, size_t len, bool negative, int64_t *out)
{
    int64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        if (value < INT64_MIN / 10)
            return false;
        value *= 10;
        int64_t digit = s[i] - '0';
        if (value < INT64_MIN + digit)
            return false;
        value -= digit;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

bool
zr_count_read(const void *data, size_t len, bool curator, int64_t empty, int64_t *out)
{
    const unsigned char *b = data;
    const char *s = data;
    if (!len) {
        *out = empty;
        return true;
    }
    if (curator) {
        if (len != 4)
            return false;
        *out = (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
        return true;
    }
    bool negative;
    return zr_number_split(&s, &len, &negative) && read_digits(s, len, negative, out);
}

size_t
zr_count_write(int64_t value, bool curator, char out[ZR_COUNT_MAX])
{
    uint32_t v = (uint32_t)value;
    if (!curator)
        return (size_t)snprintf(out, ZR_COUNT_MAX, "%" PRId64, value);
    for (int i = 0; i < 4; i++)
        out[i] = (char)(unsigned char)(v >> (24 - 8 * i));
    return 4;
}

bool
zr_count_change(int64_t value, int64_t delta, bool down, bool curator, int64_t *out)
{
    if (delta > 0 && (down ? value < INT64_MIN + delta : value > INT64_MAX - delta))
        return false;
    if (delta < 0 && (down ? value > INT64_MAX + delta : value < INT64_MIN - delta))
        return false;
    *out = down ? value - delta : value + delta;
    return !curator || (*out <= INT32_MAX && *out >= INT32_MIN);
}
