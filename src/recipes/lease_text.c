/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/lease_text.h"

#include <string.h>

#include <jansson.h>

#include "base/mem.h"

bool
zr_lease_format(const char *holder, int64_t end_ms, zr_text *out)
{
    char end[ZR_TIME];
    if (!zr_time_format(end_ms, end))
        return false;
    zr_text_puts(out, "{\"version\": 1, \"holder\": ");
    zr_text_python(out, holder);
    zr_text_puts(out, ", \"end\": \"");
    zr_text_puts(out, end);
    zr_text_puts(out, "\"}");
    return !out->failed;
}

static zobo_err
read_lease(const json_t *root, zr_lease_text *out)
{
    const json_t *version = json_object_get(root, "version");
    if (!version)
        return ZOBO_EBADDATA;
    out->known = json_is_integer(version) && json_integer_value(version) == ZR_LEASE_VERSION;
    if (!out->known)
        return ZOBO_OK;
    const json_t *holder = json_object_get(root, "holder"), *end = json_object_get(root, "end");
    if (!json_is_string(holder) || !json_is_string(end) ||
        !zr_time_parse(json_string_value(end), json_string_length(end), &out->end_ms))
        return ZOBO_EBADDATA;
    out->holder = zb_strndup(json_string_value(holder), json_string_length(holder));
    return out->holder ? ZOBO_OK : ZOBO_ENOMEM;
}

zobo_err
zr_lease_parse(const void *data, size_t len, zr_lease_text *out)
{
    json_error_t error;
    memset(out, 0, sizeof *out);
    json_t *root = json_loadb(data ? data : "", len, 0, &error);
    if (!root)
        return json_error_code(&error) == json_error_out_of_memory ? ZOBO_ENOMEM : ZOBO_EBADDATA;
    zobo_err err = json_is_object(root) ? read_lease(root, out) : ZOBO_EBADDATA;
    json_decref(root);
    return err;
}
