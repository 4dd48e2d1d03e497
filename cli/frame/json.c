/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <math.h>
#include <string.h>

#include "text.h"

/* plain_run returns how many bytes at the beginning can be written as they are. */
static size_t
plain_run(const unsigned char *s, size_t len)
{
    size_t n = 0;
    while (n < len) {
        if (s[n] >= 0x80) {
            size_t step = utf8_step(s + n, len - n);
            if (step == 0)
                break;
            n += step;
        } else if (s[n] < 0x20 || s[n] == 0x7F || s[n] == '"' || s[n] == '\\') {
            break;
        } else {
            n++;
        }
    }
    return n;
}

static void
put_string(FILE *to, const char *text, size_t len)
{
    static const char short_escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the character, its letter */
    const unsigned char *s = (const unsigned char *)text;
    fputc('"', to);
    for (size_t i = 0; i < len; i++) {
        size_t run = plain_run(s + i, len - i);
        if (run > 0)
            fwrite(s + i, 1, run, to);
        i += run;
        if (i == len)
            break;
        const char *escape = NULL;
        for (const char *e = short_escapes; *e != '\0'; e += 2)
            if ((unsigned char)*e == s[i])
                escape = e;
        if (s[i] >= 0x80)
            fputs("\\ufffd", to); /* not UTF-8: JSON has no way to say it */
        else if (escape != NULL)
            fprintf(to, "\\%c", escape[1]);
        else
            fprintf(to, "\\u%04x", s[i]);
    }
    fputc('"', to);
}

static void
put_key(struct json *json, const char *key)
{
    if (json->more)
        fputc(',', json->to);
    if (key != NULL)
        fprintf(json->to, "\"%s\":", key);
    json->more = true;
}

void
json_open(struct json *json, const char *key, char bracket)
{
    put_key(json, key);
    fputc(bracket, json->to);
    json->more = false;
}

void
json_close(struct json *json, char bracket)
{
    fputc(bracket, json->to);
    json->more = true;
}

void
json_text(struct json *json, const char *key, const char *text)
{
    put_key(json, key);
    put_string(json->to, text, strlen(text));
}

void
json_int(struct json *json, const char *key, int64_t n)
{
    put_key(json, key);
    fprintf(json->to, "%lld", (long long)n);
}

void
json_decimal(struct json *json, const char *key, double n)
{
    put_key(json, key);
    char text[64];
    int len = snprintf(text, sizeof text, "%.6f", isfinite(n) ? n : 0.0);
    while (len > 1 && text[len - 1] == '0' && text[len - 2] != '.')
        text[--len] = '\0';
    fputs(text, json->to);
}

void
json_nothing(struct json *json, const char *key)
{
    put_key(json, key);
    fputs("null", json->to);
}

void
json_bool(struct json *json, const char *key, bool yes)
{
    put_key(json, key);
    fputs(yes ? "true" : "false", json->to);
}

void
json_id(struct json *json, const char *key, int64_t id)
{
    put_key(json, key);
    fprintf(json->to, "\"0x%llx\"", (unsigned long long)id);
}

void
json_time(struct json *json, const char *key, int64_t ms)
{
    char text[TIME_TEXT_SIZE];
    time_text(ms, text);
    json_text(json, key, text);
}

void
json_data(struct json *json, const void *data, size_t len)
{
    bool utf8 = is_utf8(data, len);
    put_key(json, "data");
    if (data == NULL) {
        fputs("null", json->to);
    } else if (utf8) {
        put_string(json->to, data, len);
    } else {
        fputc('"', json->to);
        put_base64(json->to, data, len);
        fputc('"', json->to);
    }
    json_text(json, "encoding", utf8 ? "utf8" : "base64");
}

void
json_stat(struct json *json, const char *key, const zobo_stat *stat)
{
    json_open(json, key, '{');
    json_id(json, "czxid", stat->czxid);
    json_id(json, "mzxid", stat->mzxid);
    json_id(json, "pzxid", stat->pzxid);
    json_time(json, "ctime", stat->ctime);
    json_time(json, "mtime", stat->mtime);
    json_int(json, "version", stat->version);
    json_int(json, "cversion", stat->cversion);
    json_int(json, "aversion", stat->aversion);
    json_id(json, "ephemeral_owner", stat->ephemeral_owner);
    json_int(json, "data_length", stat->data_length);
    json_int(json, "num_children", stat->num_children);
    json_close(json, '}');
}

void
json_end(struct json *json)
{
    fputc('\n', json->to);
    json->more = false;
}
