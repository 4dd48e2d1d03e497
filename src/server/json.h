/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON. A name of NULL is for what stands in a list. */
#ifndef ZS_JSON_H
#define ZS_JSON_H

#include "engine/bytes.h"

typedef struct zs_json {
    zs_bytes *out;
    unsigned depth;
    bool more; /* something stands before in this object or list */
} zs_json;

void zs_json_open(zs_json *json, const char *name, char bracket); /* '{' or '[' */
void zs_json_open_bytes(zs_json *json, const char *name, size_t len, char bracket);
void zs_json_close(zs_json *json, char bracket);
void zs_json_text(zs_json *json, const char *name, const char *text);
/* Bytes that should be UTF-8; what is not is replaced. */
void zs_json_bytes(zs_json *json, const char *name, const char *text, size_t len);
void zs_json_int(zs_json *json, const char *name, int64_t n);
void zs_json_real(zs_json *json, const char *name, double n);
void zs_json_bool(zs_json *json, const char *name, bool yes);
void zs_json_null(zs_json *json, const char *name);

#endif
