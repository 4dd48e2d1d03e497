/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "recipes/contender.h"

void
zr_entry_prefix(bool delay, int64_t key, char out[ZR_ENTRY_PREFIX])
{
    if (delay)
        (void)snprintf(out, ZR_ENTRY_PREFIX, "queue-|%08" PRIX64 "|", (uint64_t)key);
    else
        (void)snprintf(out, ZR_ENTRY_PREFIX, "entry-%03d-", (int)key);
}

static int
hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
zr_entry_read(bool delay, const char *name, int64_t *key, int32_t *sequence)
{
    const char *prefix = delay ? "queue-|" : "entry-";
    const unsigned base = delay ? 16 : 10;
    char stem[ZR_ENTRY_PREFIX];
    size_t begin = strlen(prefix), at = begin;
    uint64_t value = 0;
    if (strncmp(name, prefix, begin) != 0)
        return false;
    for (int digit; (digit = hex(name[at])) >= 0 && (unsigned)digit < base; at++) {
        if (value > (uint64_t)INT64_MAX / base - 1)
            return false;
        value = value * base + (unsigned)digit;
    }
    if (name[at] != (delay ? '|' : '-') || at == begin || (!delay && at != begin + 3) || at + 2 > sizeof stem)
        return false;
    at++;
    memcpy(stem, name, at);
    stem[at] = 0;
    *key = (int64_t)value;
    return strlen(name + at) <= 11 && zr_name_is(name, stem, sequence);
}

void
zr_item_write(const void *item, size_t len, unsigned char *out)
{
    const unsigned char head[] = {0,
                                  1,
                                  0,
                                  1,
                                  1,
                                  (unsigned char)(len >> 24),
                                  (unsigned char)(len >> 16),
                                  (unsigned char)(len >> 8),
                                  (unsigned char)len};
    memcpy(out, head, sizeof head);
    if (len)
        memcpy(out + sizeof head, item, len);
    out[sizeof head + len] = 2;
}

bool
zr_item_read(const void *data, size_t len, const void **item, size_t *item_len)
{
    const unsigned char *b = data;
    if (len < ZR_ITEM_EXTRA || memcmp(b, "\0\1\0\1\1", 5) != 0 || b[len - 1] != 2)
        return false;
    size_t n = (size_t)b[5] << 24 | (size_t)b[6] << 16 | (size_t)b[7] << 8 | b[8];
    if (n != len - ZR_ITEM_EXTRA)
        return false;
    *item = b + 9;
    *item_len = n;
    return true;
}
