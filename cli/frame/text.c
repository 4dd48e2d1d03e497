/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool
is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t
utf8_step(const unsigned char *s, size_t len)
{
    if (len == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        return len >= 2 && is_tail(s[1]) ? 2 : 0;
    if ((s[0] & 0xF0) == 0xE0) {
        if (len < 3 || !is_tail(s[1]) || !is_tail(s[2]))
            return 0;
        bool overlong = s[0] == 0xE0 && s[1] < 0xA0;
        bool surrogate = s[0] == 0xED && s[1] >= 0xA0;
        return overlong || surrogate ? 0 : 3;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        if (len < 4 || !is_tail(s[1]) || !is_tail(s[2]) || !is_tail(s[3]))
            return 0;
        bool overlong = s[0] == 0xF0 && s[1] < 0x90;
        bool beyond = s[0] == 0xF4 && s[1] >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

bool
is_utf8(const void *data, size_t len)
{
    const unsigned char *s = data;
    for (size_t i = 0; i < len;) {
        size_t step = utf8_step(s + i, len - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

/* Marks that have what follows shown in another order than it is in: U+200E, U+200F, U+202A-202E, U+2066-2069. */
static bool
turns_around(const unsigned char *s)
{
    return s[0] == 0xE2 && ((s[1] == 0x80 && (s[2] == 0x8E || s[2] == 0x8F || (s[2] >= 0xAA && s[2] <= 0xAE))) ||
                            (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9));
}

void
put_visible(FILE *to, const void *data, size_t len, bool lines)
{
    const unsigned char *s = data;
    for (size_t i = 0; i < len;) {
        size_t step = utf8_step(s + i, len - i);
        bool control = step == 1 && (s[i] < 0x20 || s[i] == 0x7F);
        bool c1_control = step == 2 && s[i] == 0xC2 && s[i + 1] < 0xA0;
        control = control || (step == 3 && turns_around(s + i));
        if (step > 0 && ((!control && !c1_control) || (lines && (s[i] == '\n' || s[i] == '\t')))) {
            fwrite(s + i, 1, step, to);
            i += step;
        } else {
            fprintf(to, "\\x%02x", s[i]);
            i++;
        }
    }
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
put_base64(FILE *to, const void *data, size_t len)
{
    const unsigned char *s = data;
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t v = (uint32_t)s[i] << 16 | (n > 1 ? (uint32_t)s[i + 1] << 8 : 0) | (n > 2 ? s[i + 2] : 0);
        char four[4] = {base64_digits[v >> 18], base64_digits[v >> 12 & 63], base64_digits[v >> 6 & 63],
                        base64_digits[v & 63]};
        if (n < 3)
            four[3] = '=';
        if (n < 2)
            four[2] = '=';
        fwrite(four, 1, 4, to);
    }
}

void
put_hex(FILE *to, const void *data, size_t len)
{
    const unsigned char *s = data;
    for (size_t i = 0; i < len; i += 16) {
        fprintf(to, "%08zx ", i);
        for (size_t k = i; k < i + 16; k++) {
            if (k < len)
                fprintf(to, "%s %02x", k == i + 8 ? " " : "", s[k]);
            else
                fprintf(to, "%s   ", k == i + 8 ? " " : "");
        }
        fputs("  |", to);
        for (size_t k = i; k < i + 16 && k < len; k++)
            fputc(s[k] >= 0x20 && s[k] < 0x7F ? s[k] : '.', to);
        fputs("|\n", to);
    }
}

static int
base64_digit(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

bool
base64_decode(char *text, size_t *len)
{
    size_t in = 0, out = 0, digits = 0, pads = 0;
    uint32_t bits = 0;
    for (; in < *len; in++) {
        char c = text[in];
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
            continue;
        if (c == '=') {
            pads++;
            continue;
        }
        int digit = base64_digit(c);
        if (digit < 0 || pads > 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        digits++;
        if (digits % 4 != 1)
            text[out++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)) & 0xFF);
    }
    *len = out;
    return digits % 4 == 0 ? pads == 0 : digits % 4 != 1 && pads == 4 - digits % 4;
}

void
time_text(int64_t ms, char buf[TIME_TEXT_SIZE])
{
    int64_t rest = ms % 1000;
    time_t seconds = (time_t)(ms / 1000);
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    struct tm tm;
    size_t n = gmtime_r(&seconds, &tm) == NULL ? 0 : strftime(buf, TIME_TEXT_SIZE - 8, "%Y-%m-%dT%H:%M:%S", &tm);
    if (n == 0)
        snprintf(buf, TIME_TEXT_SIZE, "%lldms", (long long)ms); /* a year that no calendar has */
    else
        snprintf(buf + n, TIME_TEXT_SIZE - n, ".%03dZ", (int)rest);
}

bool
parse_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
    if (text[0] < '0' || text[0] > '9' || strchr(text, 'x') != NULL)
        return false;
    char *end;
    errno = 0;
    double n = strtod(text, &end);
    if (errno != 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].name) == 0 && n * units[i].ms < 9e15) {
            *ms = (int64_t)(n * units[i].ms + 0.5);
            return true;
        }
    return false;
}

void
size_text(uint64_t bytes, char buf[SIZE_TEXT_SIZE])
{
    static const char letters[] = "KMGTPE";
    size_t i = 0;
    double n = (double)bytes;
    for (; n >= 1023.95 && letters[i] != '\0'; i++)
        n /= 1024;
    if (i == 0)
        snprintf(buf, SIZE_TEXT_SIZE, "%u", (unsigned)bytes);
    else
        snprintf(buf, SIZE_TEXT_SIZE, n < 10 ? "%.1f%c" : "%.0f%c", n, letters[i - 1]);
}

bool
parse_size(const char *text, int64_t *bytes)
{
    static const char letters[] = "kmgt";
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (end == text || n < 0 || errno != 0)
        return false;
    const char *letter = *end == '\0' ? NULL : strchr(letters, *end | 0x20);
    int shift = letter == NULL ? 0 : 10 * (int)(letter - letters + 1);
    if ((*end != '\0' && (letter == NULL || end[1] != '\0')) || n > INT64_MAX >> shift)
        return false;
    *bytes = (int64_t)n << shift;
    return true;
}
