/* SPDX-License-Identifier: Apache-2.0 */
/* A counter's number as its node holds it. Pure. */
#ifndef ZR_COUNT_H
#define ZR_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZR_COUNT_MAX = 24 };

/* zr_number_split takes white space and the sign away from a number as Python's int() takes it. False: what is left is
 * no digits. */
bool zr_number_split(const char **s, size_t *len, bool *negative);

/* zr_count_read reads a number: decimal digits as Python's int() takes them (a sign, white space around), or Curator's
 * four bytes. No bytes are `empty`. False: it is none, or does not fit. */
bool zr_count_read(const void *data, size_t len, bool curator, int64_t empty, int64_t *out);

/* zr_count_write returns how many of ZR_COUNT_MAX bytes it takes. */
size_t zr_count_write(int64_t value, bool curator, char out[ZR_COUNT_MAX]);

/* zr_count_change adds or (down) subtracts. False: what comes out does not fit. */
bool zr_count_change(int64_t value, int64_t delta, bool down, bool curator, int64_t *out);

#endif
