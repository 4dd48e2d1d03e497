/* SPDX-License-Identifier: Apache-2.0 */
#include "server/json.h"

#include <stdio.h>

static void
put(zs_json *json, const char *text)
{
    zs_bytes_add(json->out, text, strlen(text));
}

/* How many bytes the UTF-8 character at `p` has; 0: it is none. */
static size_t
utf8_len(const uint8_t *p, size_t left)
{
    size_t n = p[0] < 0x80                   ? 1
               : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
               : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
               : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                             : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static void
put_string(zs_json *json, const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;
    put(json, "\"");
    for (size_t i = 0; i < len;) {
        size_t n = utf8_len(p + i, len - i);
        char escape[8];
        if (n == 0) {
            put(json, "\\ufffd");
            n = 1;
        } else if (p[i] < 0x20 || p[i] == 0x7f) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", p[i]);
            put(json, escape);
        } else if (p[i] == '"' || p[i] == '\\') {
            (void)snprintf(escape, sizeof escape, "\\%c", p[i]);
            put(json, escape);
        } else {
            zs_bytes_add(json->out, p + i, n);
        }
        i += n;
    }
    put(json, "\"");
}

/* What stands before a value: a comma, a line of its own, the name. */
static void
begin(zs_json *json, const char *name, size_t len)
{
    if (json->more)
        put(json, ",");
    if (json->depth)
        put(json, "\n");
    for (unsigned i = 0; i < json->depth; i++)
        put(json, "  ");
    if (name) {
        put_string(json, name, len);
        put(json, " : ");
    }
    json->more = true;
}

static void
begin_named(zs_json *json, const char *name)
{
    begin(json, name, name ? strlen(name) : 0);
}

void
zs_json_open_bytes(zs_json *json, const char *name, size_t len, char bracket)
{
    const char text[2] = {bracket, '\0'};
    begin(json, name, len);
    put(json, text);
    json->depth++;
    json->more = false;
}

void
zs_json_open(zs_json *json, const char *name, char bracket)
{
    zs_json_open_bytes(json, name, name ? strlen(name) : 0, bracket);
}

void
zs_json_close(zs_json *json, char bracket)
{
    const char text[2] = {bracket, '\0'};
    json->depth--;
    if (json->more) {
        put(json, "\n");
        for (unsigned i = 0; i < json->depth; i++)
            put(json, "  ");
    }
    put(json, text);
    json->more = true;
}

void
zs_json_bytes(zs_json *json, const char *name, const char *text, size_t len)
{
    begin_named(json, name);
    put_string(json, text, len);
}

void
zs_json_text(zs_json *json, const char *name, const char *text)
{
    zs_json_bytes(json, name, text, strlen(text));
}

void
zs_json_int(zs_json *json, const char *name, int64_t n)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)n);
    begin_named(json, name);
    put(json, text);
}

void
zs_json_real(zs_json *json, const char *name, double n)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.4f", n);
    begin_named(json, name);
    put(json, text);
}

void
zs_json_bool(zs_json *json, const char *name, bool yes)
{
    begin_named(json, name);
    put(json, yes ? "true" : "false");
}

void
zs_json_null(zs_json *json, const char *name)
{
    begin_named(json, name);
    put(json, "null");
}
