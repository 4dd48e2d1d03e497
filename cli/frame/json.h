/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON writer. zobo only ever writes JSON, one small object a line, straight to a stream: that is these few
 * functions, where a library would build a tree in memory for each line, cost its loading at each start, and refuse
 * or mangle the odd bytes that a server may hold. What needs to read JSON will take one. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <zobo/types.h>

struct json {
    FILE *to;
    bool more; /* something stands before: a comma is due */
};

/* `key` is NULL for a value that stands alone or in an array. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_text(struct json *json, const char *key, const char *text);
void json_int(struct json *json, const char *key, int64_t n);
void json_decimal(struct json *json, const char *key, double n); /* at most six digits after the point */
void json_nothing(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool yes);

/* 64-bit ids as "0x..": a double, which is what most readers make of a JSON number, does not hold them. */
void json_id(struct json *json, const char *key, int64_t id);
void json_time(struct json *json, const char *key, int64_t ms);

/* json_data writes "data" and "encoding": the text itself, or base64 when it is not UTF-8. NULL is null. */
void json_data(struct json *json, const void *data, size_t len);

void json_stat(struct json *json, const char *key, const zobo_stat *stat);

/* json_end writes the newline that ends a record. */
void json_end(struct json *json);

#endif
