/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "frame/text.h"

#define FORMAT_NAME_TEXT "zobo-export"
enum { FORMAT_VERSION = 1 };

/* --- writing ------------------------------------------------------------------------------------------------------ */

void
put_header(FILE *to, const struct header *header)
{
    struct json json = {.to = to};
    json_open(&json, NULL, '{');
    json_text(&json, "format", FORMAT_NAME_TEXT);
    json_int(&json, "version", FORMAT_VERSION);
    json_text(&json, "root", header->root);
    json_text(&json, "zobo", ZOBO_VERSION);
    if (header->time != 0) {
        json_time(&json, "time", header->time);
        json_id(&json, "zxid", header->zxid);
    }
    json_close(&json, '}');
    json_end(&json);
}

void
put_acls(struct json *json, const zobo_acl *acls, size_t n)
{
    if (acls == NULL) {
        json_nothing(json, "acl");
        return;
    }
    json_open(json, "acl", '[');
    for (size_t i = 0; i < n; i++) {
        char perms[8];
        zobo_perms_text(acls[i].perms, perms);
        json_open(json, NULL, '{');
        json_text(json, "scheme", acls[i].scheme);
        json_text(json, "id", acls[i].id);
        json_text(json, "perms", perms);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void
put_node_record(FILE *to, const struct tnode *node, const char *file)
{
    struct json json = {.to = to};
    json_open(&json, NULL, '{');
    json_text(&json, "path", node->path);
    if (file == NULL)
        json_data(&json, node->data, node->len);
    else if (node->data == NULL)
        json_nothing(&json, "file");
    else
        json_text(&json, "file", file);
    put_acls(&json, node->acls, node->n_acls);
    json_text(&json, "type", node_types[node->type]);
    if (node->type == TTL)
        json_int(&json, "ttl", node->ttl);
    if (node->stat != NULL && file == NULL) {
        json_int(&json, "children", node->stat->num_children);
        json_time(&json, "ctime", node->stat->ctime);
        json_time(&json, "mtime", node->stat->mtime);
        json_int(&json, "version", node->stat->version);
    }
    json_close(&json, '}');
    json_end(&json);
}

void
put_trailer(FILE *to, const struct trailer *trailer)
{
    struct json json = {.to = to};
    json_open(&json, NULL, '{');
    json_bool(&json, "end", true);
    json_int(&json, "nodes", (int64_t)trailer->nodes);
    json_int(&json, "bytes", (int64_t)trailer->bytes);
    json_int(&json, "left_out", (int64_t)trailer->left_out);
    json_int(&json, "unreadable", (int64_t)trailer->unreadable);
    json_int(&json, "changed", (int64_t)trailer->changed);
    if (trailer->zxid != 0)
        json_id(&json, "zxid", trailer->zxid);
    json_close(&json, '}');
    json_end(&json);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* WRONG keeps what is wrong with a record, and is false. */
#define WRONG(record, ...) ((void)snprintf((record)->wrong, sizeof(record)->wrong, __VA_ARGS__), be_bad(record))

static bool
be_bad(struct record *record)
{
    record->kind = RECORD_BAD;
    return false;
}

static bool
read_path(struct record *record, const json_t *json, const char *key, const char **out)
{
    const json_t *path = json_object_get(json, key);
    zobo_problem why = {0};
    if (!json_is_string(path))
        return WRONG(record, "it has no \"%s\"", key);
    *out = json_string_value(path);
    if (strlen(*out) != json_string_length(path))
        return WRONG(record, "\"%s\" has a NUL in it", key);
    if ((*out)[0] != '/')
        return WRONG(record, "\"%s\" does not begin with a slash", key);
    return zobo_path_check(*out, false, &why) == ZOBO_OK || WRONG(record, "\"%s\" is no path: %.100s", key, why.text);
}

static bool
read_data(struct record *record, const json_t *json)
{
    const json_t *data = json_object_get(json, "data"), *encoding = json_object_get(json, "encoding");
    struct tnode *node = &record->node;
    if (data == NULL && record->file != NULL)
        return true;
    if (data == NULL || json_is_null(data))
        return data != NULL || json_object_get(json, "file") != NULL || WRONG(record, "it has no \"data\"");
    if (!json_is_string(data))
        return WRONG(record, "\"data\" is neither text nor null");
    node->data = json_string_value(data);
    node->len = json_string_length(data);
    if (encoding == NULL || (json_is_string(encoding) && strcmp(json_string_value(encoding), "utf8") == 0))
        return true;
    if (!json_is_string(encoding) || strcmp(json_string_value(encoding), "base64") != 0)
        return WRONG(record, "\"encoding\" is neither utf8 nor base64");
    record->data = need_memory(node->len + 1, 1);
    memcpy(record->data, node->data, node->len);
    node->data = record->data;
    return base64_decode(record->data, &node->len) || WRONG(record, "\"data\" is not base64");
}

static bool
read_acl(struct record *record, const json_t *json, zobo_acl *acl)
{
    const char *scheme = json_string_value(json_object_get(json, "scheme")),
               *id = json_string_value(json_object_get(json, "id")),
               *perms = json_string_value(json_object_get(json, "perms"));
    if (scheme == NULL || id == NULL || perms == NULL)
        return WRONG(record, "an entry of \"acl\" lacks scheme, id or perms");
    *acl = (zobo_acl){.scheme = scheme, .id = id};
    if (strcmp(perms, "-") != 0 && zobo_perms_parse(perms, &acl->perms) != ZOBO_OK)
        return WRONG(record, "\"perms\" in \"acl\" are letters of cdrwa");
    return true;
}

static bool
read_acls_of(struct record *record, const json_t *json)
{
    const json_t *acls = json_object_get(json, "acl");
    if (acls == NULL || json_is_null(acls))
        return true;
    size_t n = json_array_size(acls);
    if (!json_is_array(acls) || n == 0)
        return WRONG(record, "\"acl\" is no list of entries");
    record->acls = need_memory(n, sizeof *record->acls);
    record->node.acls = record->acls;
    record->node.n_acls = n;
    for (size_t i = 0; i < n; i++)
        if (!read_acl(record, json_array_get(acls, i), &record->acls[i]))
            return false;
    return true;
}

static bool
read_type(struct record *record, const json_t *json)
{
    const json_t *type = json_object_get(json, "type"), *ttl = json_object_get(json, "ttl");
    struct tnode *node = &record->node;
    if (type == NULL)
        return true;
    const char *name = json_string_value(type);
    unsigned t = 0;
    while (name != NULL && node_types[t] != NULL && strcmp(node_types[t], name) != 0)
        t++;
    if (name == NULL || node_types[t] == NULL)
        return WRONG(record, "\"type\" is none of persistent, ephemeral, container and ttl");
    node->type = (enum node_type)t;
    node->ttl = json_integer_value(ttl);
    if (node->type == TTL && (!json_is_integer(ttl) || node->ttl < 1 || node->ttl >= INT64_C(1) << 40))
        return WRONG(record, "a node of type ttl needs its \"ttl\", in milliseconds");
    return true;
}

static bool
read_node(struct record *record, const json_t *json)
{
    const json_t *file = json_object_get(json, "file"), *children = json_object_get(json, "children");
    record->kind = RECORD_NODE;
    record->file = json_string_value(file);
    record->node.children = json_is_integer(children) ? json_integer_value(children) : -1;
    return read_path(record, json, "path", &record->node.path) && read_data(record, json) &&
           read_acls_of(record, json) && read_type(record, json);
}

static uint64_t
count_of(const json_t *json, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(json, key));
    return n < 0 ? 0 : (uint64_t)n;
}

static bool
read_header(struct record *record, const json_t *json)
{
    const char *format = json_string_value(json_object_get(json, "format"));
    record->kind = RECORD_HEADER;
    if (format == NULL || strcmp(format, FORMAT_NAME_TEXT) != 0)
        return WRONG(record, "its \"format\" is not " FORMAT_NAME_TEXT);
    json_int_t version = json_integer_value(json_object_get(json, "version"));
    if (version != FORMAT_VERSION)
        return WRONG(record, "its \"version\" is %lld; this zobo knows %d", (long long)version, (int)FORMAT_VERSION);
    return read_path(record, json, "root", &record->header.root);
}

void
record_read(struct record *record, const char *line, size_t len)
{
    if (record_read_fast(record, line, len))
        return;
    record_free(record);
    record_read_any(record, line, len);
}

void
record_read_any(struct record *record, const char *line, size_t len)
{
    *record = (struct record){0};
    json_error_t error;
    json_t *json = json_loadb(line, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    record->json = json;
    if (json == NULL) {
        (void)WRONG(record, "it is not JSON: %.100s", error.text);
    } else if (!json_is_object(json)) {
        (void)WRONG(record, "it is no JSON object");
    } else if (json_object_get(json, "format") != NULL) {
        (void)read_header(record, json);
    } else if (json_is_true(json_object_get(json, "end"))) {
        record->kind = RECORD_END;
        record->trailer = (struct trailer){.nodes = count_of(json, "nodes"),
                                           .bytes = count_of(json, "bytes"),
                                           .unreadable = count_of(json, "unreadable"),
                                           .changed = count_of(json, "changed")};
    } else {
        (void)read_node(record, json);
    }
}

void
record_free(struct record *record)
{
    json_decref(record->json);
    free(record->acls);
    free(record->data);
    free(record->text);
    *record = (struct record){0};
}
