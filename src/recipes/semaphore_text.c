/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the nodes of a semaphore, as Python writes and reads it. */
#include <string.h>

#include "recipes/count.h"
#include "recipes/semaphore.h"

bool
zr_semaphore_number(const char *data, size_t len, int64_t *out)
{
    int64_t value = 0;
    bool negative;
    if (!zr_number_split(&data, &len, &negative))
        return false;
    for (size_t i = 0; i < len && value < INT32_MAX; i++) /* more is as good as this */
        value = value * 10 + (data[i] - '0');
    if (value > INT32_MAX)
        value = INT32_MAX;
    *out = negative ? -value : value;
    return true;
}

static char *
put_byte(char *at, unsigned char c, char quote)
{
    static const char hex[] = "0123456789abcdef";
    const char plain = (char)c;
    if (c >= ' ' && c < 127 && plain != quote && plain != '\\') {
        *at++ = plain;
        return at;
    }
    *at++ = '\\';
    switch (plain) {
    case '\t':
        *at++ = 't';
        return at;
    case '\n':
        *at++ = 'n';
        return at;
    case '\r':
        *at++ = 'r';
        return at;
    case '\\':
    case '\'':
    case '"':
        *at++ = plain;
        return at;
    default:
        *at++ = 'x';
        *at++ = hex[c >> 4];
        *at++ = hex[c & 15];
        return at;
    }
}

char *
zr_bytes_repr(const char *s)
{
    char quote = strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';
    char *text = zb_malloc(4 * strlen(s) + 4), *at = text;
    if (!text)
        return NULL;
    *at++ = 'b';
    *at++ = quote;
    for (; *s; s++)
        at = put_byte(at, (unsigned char)*s, quote);
    *at++ = quote;
    *at = 0;
    return text;
}
