/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void
zr_text_add(zr_text *t, const char *s, size_t n)
{
    if (t->failed)
        return;
    if (n >= t->cap - t->n) { /* one more for the NUL */
        size_t cap = t->cap ? t->cap : 64;
        while (cap - t->n <= n) {
            if (cap > SIZE_MAX / 2) {
                t->failed = true;
                return;
            }
            cap *= 2;
        }
        char *p = zb_realloc(t->p, cap);
        if (!p) {
            t->failed = true;
            return;
        }
        t->p = p;
        t->cap = cap;
    }
    if (n)
        memcpy(t->p + t->n, s, n);
    t->n += n;
    t->p[t->n] = 0;
}

void
zr_text_puts(zr_text *t, const char *s)
{
    zr_text_add(t, s, strlen(s));
}

void
zr_text_int(zr_text *t, int64_t n)
{
    char buf[24];
    int len = snprintf(buf, sizeof buf, "%" PRId64, n);
    zr_text_add(t, buf, (size_t)len);
}

void
zr_text_free(zr_text *t)
{
    zb_free(t->p);
    memset(t, 0, sizeof *t);
}

/* Takes one code point of good UTF-8. */
static uint32_t
take(const unsigned char **s)
{
    const unsigned char *p = *s;
    uint32_t c = *p++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    if (more)
        c &= 0x3fU >> more;
    while (more-- > 0 && *p)
        c = c << 6 | (*p++ & 0x3fU);
    *s = p;
    return c;
}

/* The escapes of one letter, which both writers have; 0: none. */
static char
short_escape(uint32_t c)
{
    switch (c) {
    case '"':
        return '"';
    case '\\':
        return '\\';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void
add_escape(zr_text *t, const char *format, uint32_t c)
{
    char buf[8];
    snprintf(buf, sizeof buf, format, (unsigned)c & 0xffffU);
    zr_text_puts(t, buf);
}

void
zr_text_json(zr_text *t, const char *s)
{
    zr_text_add(t, "\"", 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        char letter = short_escape(c);
        if (letter)
            zr_text_add(t, (char[]){'\\', letter}, 2);
        else if (c < 0x20)
            add_escape(t, "\\u%04X", c);
        else
            zr_text_add(t, s, 1);
    }
    zr_text_add(t, "\"", 1);
}

void
zr_text_python(zr_text *t, const char *s)
{
    const unsigned char *at = (const unsigned char *)s;
    zr_text_add(t, "\"", 1);
    while (*at) {
        uint32_t c = take(&at);
        char letter = short_escape(c);
        if (letter) {
            zr_text_add(t, (char[]){'\\', letter}, 2);
        } else if (c >= 0x10000) {
            add_escape(t, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
            add_escape(t, "\\u%04x", 0xdc00 + ((c - 0x10000) & 0x3ff));
        } else if (c < 0x20 || c > 0x7e) {
            add_escape(t, "\\u%04x", c);
        } else {
            zr_text_add(t, (char[]){(char)c}, 1);
        }
    }
    zr_text_add(t, "\"", 1);
}

bool
zr_is_utf8(const char *s, size_t n)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    while (p < end) {
        uint32_t c = *p++;
        int more;
        if (c < 0x80)
            continue;
        if (c < 0xc2 || c > 0xf4)
            return false;
        more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        if (end - p < more)
            return false;
        c &= 0x3fU >> more;
        for (int i = 0; i < more; i++, p++) {
            if ((*p & 0xc0U) != 0x80)
                return false;
            c = c << 6 | (*p & 0x3fU);
        }
        if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return false;
    }
    return true;
}

/* Past the string that begins at `p` with its quote. */
static const char *
past_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
    }
    return p < end ? p + 1 : end;
}

static const char *
past_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* Past a value: to the comma or bracket that follows it on its own level. */
static const char *
past_value(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        if (*p == '"') {
            p = past_string(p, end);
            continue;
        }
        if (*p == '{' || *p == '[')
            depth++;
        else if ((*p == '}' || *p == ']') && depth-- == 0)
            break;
        else if (*p == ',' && depth == 0)
            break;
        p++;
    }
    return p;
}

bool
zr_json_member(const char *json, size_t n, const char *name, const char **value, size_t *len)
{
    const char *p = json, *end = json + n;
    size_t name_len = strlen(name);
    bool found = false;
    p = past_space(p, end);
    if (p == end || *p != '{')
        return false;
    for (p = past_space(p + 1, end); p < end && *p == '"'; p = past_space(p, end)) {
        const char *key = p + 1;
        p = past_string(p, end);
        bool this = (size_t)(p - key) == name_len + 1 && memcmp(key, name, name_len) == 0;
        p = past_space(p, end);
        if (p < end && *p == ':')
            p = past_space(p + 1, end);
        const char *from = p;
        p = past_value(p, end);
        if (this) {
            const char *to = p;
            while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\n' || to[-1] == '\r'))
                to--;
            *value = from;
            *len = (size_t)(to - from);
            found = true;
        }
        if (p < end && *p == ',')
            p = past_space(p + 1, end);
    }
    return found;
}

/* --- times --- */

/* Days from 1970-01-01 to a date of the Gregorian calendar, in which a year begins in March, so that the odd day comes
 * last. */
static int64_t
days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + (int64_t)(of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

static void
date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * y + y / 4 - y / 100);
    unsigned m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int64_t)y + era * 400 + (*month <= 2);
}

bool
zr_time_format(int64_t ms, char out[ZR_TIME])
{
    int64_t year;
    unsigned month, day;
    if (ms < ZR_TIME_MIN || ms > ZR_TIME_MAX)
        return false;
    int64_t s = ms / 1000 - (ms % 1000 < 0), days = s / 86400 - (s % 86400 < 0);
    unsigned of_day = (unsigned)(s - days * 86400);
    date_of(days, &year, &month, &day);
    snprintf(out, ZR_TIME, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)year % 10000, month % 100, day % 100,
             of_day / 3600 % 100, of_day / 60 % 60, of_day % 60);
    return true;
}

/* Reads exactly `digits` digits and moves on. */
static bool
number(const char **p, const char *end, int digits, unsigned *out)
{
    *out = 0;
    for (; digits > 0; digits--, (*p)++) {
        if (*p == end || **p < '0' || **p > '9')
            return false;
        *out = *out * 10 + (unsigned)(**p - '0');
    }
    return true;
}

static bool
mark(const char **p, const char *end, char c)
{
    return *p < end && *(*p)++ == c;
}

bool
zr_time_parse(const char *s, size_t n, int64_t *ms)
{
    static const unsigned char days_in[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *end = s + n;
    unsigned year, month, day, hour, minute, second, fraction = 0, scale = 100;
    if (!number(&s, end, 4, &year) || !mark(&s, end, '-') || !number(&s, end, 2, &month) || !mark(&s, end, '-') ||
        !number(&s, end, 2, &day) || !mark(&s, end, 'T') || !number(&s, end, 2, &hour) || !mark(&s, end, ':') ||
        !number(&s, end, 2, &minute) || !mark(&s, end, ':') || !number(&s, end, 2, &second))
        return false;
    if (s < end) {
        if (*s++ != '.' || s == end || end - s > 9)
            return false;
        for (; s < end; s++, scale /= 10) {
            if (*s < '0' || *s > '9')
                return false;
            fraction += scale * (unsigned)(*s - '0');
        }
    }
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in[month - 1] + (leap && month == 2 ? 1U : 0U) ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    *ms = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60000 + second * 1000 + fraction;
    return true;
}
