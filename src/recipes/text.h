/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that grow, JSON strings, times: the parts of recipes that ask nobody anything. */
#ifndef ZR_TEXT_H
#define ZR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text being put together; p is terminated once anything was added. After `failed` (no memory) nothing more is added.
 * */
typedef struct zr_text {
    char *p;
    size_t n, cap;
    bool failed;
} zr_text;

void zr_text_add(zr_text *t, const char *s, size_t n);
void zr_text_puts(zr_text *t, const char *s);
void zr_text_int(zr_text *t, int64_t n);
/* The string as JSON with its quotes, as Java's Jackson writes it: control characters are escaped, the rest is UTF-8.
 * */
void zr_text_json(zr_text *t, const char *s);
/* The same as Python's json.dumps writes it: everything but printable ASCII is escaped. */
void zr_text_python(zr_text *t, const char *s);
void zr_text_free(zr_text *t);

bool zr_is_utf8(const char *s, size_t n);

/* zr_json_member finds the last member `name` of the object `json`, which is known to be good JSON, and gives its value
 * as it stands. False: there is none. */
bool zr_json_member(const char *json, size_t n, const char *name, const char **value, size_t *len);

enum { ZR_TIME = 20 };                         /* "2026-11-22T07:24:41" and a NUL */
#define ZR_TIME_MIN (-INT64_C(62135596800000)) /* the year 1 */
#define ZR_TIME_MAX INT64_C(253402300799999)   /* the end of the year 9999 */

/* zr_time_format writes milliseconds since 1970 as UTC in whole seconds. False: before the year 1 or after 9999. */
bool zr_time_format(int64_t ms, char out[ZR_TIME]);
/* zr_time_parse reads that, with a fraction of a second or without, milliseconds rounded down. */
bool zr_time_parse(const char *s, size_t n, int64_t *ms);

#endif
