/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that this program writes itself, read without a tree of values being built for each: most of the time that
 * an import takes would go there. Whatever looks different is left to the JSON library, errors above all. */
#include <stdlib.h>
#include <string.h>

#include "frame/text.h"
#include "record.h"

struct cursor {
    char *at; /* what is read; strings are decoded in place, for they only become shorter */
    const char *end;
};

enum { PATH = 1, DATA = 2, ENCODING = 4, ACL = 8, TYPE = 16, TTL_KEY = 32, CHILDREN = 64, OTHER = 128 };

static const struct {
    const char *name;
    unsigned bit;
} keys[] = {{"path", PATH},   {"data", DATA},         {"encoding", ENCODING}, {"acl", ACL},     {"type", TYPE},
            {"ttl", TTL_KEY}, {"children", CHILDREN}, {"ctime", OTHER},       {"mtime", OTHER}, {"version", OTHER}};

static bool
take(struct cursor *c, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, text, n) != 0)
        return false;
    c->at += n;
    return true;
}

static int
hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* take_escape decodes what stands behind a backslash. We write those of control characters and quotes alone. */
static char *
take_escape(struct cursor *c, char *to)
{
    static const char letters[] = "\"\"\\\\b\bf\fn\nr\rt\t";
    if (c->end - c->at >= 5 && memcmp(c->at, "u00", 3) == 0) {
        int high = hex_digit(c->at[3]), low = hex_digit(c->at[4]);
        if (high < 0 || high > 7 || low < 0)
            return NULL;
        *to = (char)(high * 16 + low);
        c->at += 5;
        return to + 1;
    }
    for (const char *letter = letters; c->at < c->end && *letter != '\0'; letter += 2)
        if (*c->at == *letter) {
            *to = letter[1];
            c->at++;
            return to + 1;
        }
    return NULL;
}

/* take_string decodes a string; NULL when it is one for the library. It gets a NUL at its end. */
static char *
take_string(struct cursor *c, size_t *len)
{
    if (!take(c, "\""))
        return NULL;
    char *begin = c->at, *to = begin;
    while (c->at < c->end) {
        unsigned char byte = (unsigned char)*c->at;
        if (byte == '"') {
            c->at++;
            *len = (size_t)(to - begin);
            *to = '\0';
            return begin;
        }
        if (byte == '\\') {
            c->at++;
            to = take_escape(c, to);
            if (to == NULL)
                return NULL;
        } else if (byte >= 0x20 && byte < 0x80) {
            *to++ = (char)byte;
            c->at++;
        } else {
            size_t step = byte < 0x20 ? 0 : utf8_step((unsigned char *)c->at, (size_t)(c->end - c->at));
            if (step == 0)
                return NULL;
            memmove(to, c->at, step);
            to += step;
            c->at += step;
        }
    }
    return NULL;
}

/* take_text is take_string for one without a NUL in it. */
static const char *
take_text(struct cursor *c)
{
    size_t len;
    const char *text = take_string(c, &len);
    return text != NULL && strlen(text) == len ? text : NULL;
}

static bool
take_number(struct cursor *c, int64_t *n)
{
    const char *begin = c->at;
    bool leading_zero = c->at < c->end && *c->at == '0';
    for (*n = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9' && c->at - begin < 18; c->at++)
        *n = *n * 10 + (*c->at - '0');
    bool more = c->at < c->end && *c->at != ',' && *c->at != '}';
    return c->at > begin && !more && (!leading_zero || c->at == begin + 1);
}

static bool
take_acl(struct cursor *c, zobo_acl *acl)
{
    const char *perms = NULL;
    if (!take(c, "{\"scheme\":") || (acl->scheme = take_text(c)) == NULL || !take(c, ",\"id\":") ||
        (acl->id = take_text(c)) == NULL || !take(c, ",\"perms\":") || (perms = take_text(c)) == NULL || !take(c, "}"))
        return false;
    acl->perms = 0;
    return strcmp(perms, "-") == 0 || zobo_perms_parse(perms, &acl->perms) == ZOBO_OK;
}

static bool
take_acls(struct cursor *c, struct record *record)
{
    if (take(c, "null"))
        return true;
    if (!take(c, "["))
        return false;
    size_t n = 0;
    do {
        if ((n & (n + 1)) == 0) /* 0, 1, 3, 7, ... */
            record->acls = need_more(record->acls, n * 2 + 1, sizeof *record->acls);
        if (!take_acl(c, &record->acls[n++]))
            return false;
    } while (take(c, ","));
    record->node.acls = record->acls;
    record->node.n_acls = n;
    return take(c, "]");
}

static bool
take_data(struct cursor *c, struct tnode *node)
{
    if (take(c, "null"))
        return true;
    node->data = take_string(c, &node->len);
    return node->data != NULL;
}

static bool
take_type(struct cursor *c, struct tnode *node)
{
    const char *type = take_text(c);
    for (unsigned t = 0; type != NULL && node_types[t] != NULL; t++)
        if (strcmp(node_types[t], type) == 0) {
            node->type = (enum node_type)t;
            return true;
        }
    return false;
}

/* take_value reads the value of a key. */
static bool
take_value(struct cursor *c, struct record *record, unsigned key, bool *base64)
{
    struct tnode *node = &record->node;
    const char *text;
    int64_t n;
    switch (key) {
    case PATH:
        node->path = take_text(c);
        return node->path != NULL && node->path[0] == '/' && zobo_path_check(node->path, false, NULL) == ZOBO_OK;
    case DATA:
        return take_data(c, node);
    case ENCODING:
        text = take_text(c);
        *base64 = text != NULL && strcmp(text, "base64") == 0;
        return *base64 || (text != NULL && strcmp(text, "utf8") == 0);
    case ACL:
        return take_acls(c, record);
    case TYPE:
        return take_type(c, node);
    case TTL_KEY:
        return take_number(c, &node->ttl);
    case CHILDREN:
        return take_number(c, &node->children);
    default: /* told for people, not read */
        return c->at < c->end && *c->at == '"' ? take_text(c) != NULL : take_number(c, &n);
    }
}

static bool
take_key(struct cursor *c, size_t *key)
{
    const char *name = take_text(c);
    for (size_t k = 0; name != NULL && k < sizeof keys / sizeof keys[0]; k++)
        if (strcmp(keys[k].name, name) == 0) {
            *key = k;
            return take(c, ":");
        }
    return false;
}

bool
record_read_fast(struct record *record, const char *line, size_t len)
{
    *record = (struct record){.kind = RECORD_NODE, .node = {.children = -1}, .text = need_memory(len + 1, 1)};
    memcpy(record->text, line, len);
    struct cursor c = {record->text, record->text + len};
    struct tnode *node = &record->node;
    unsigned seen = 0, seen_keys = 0;
    bool base64 = false;
    if (!take(&c, "{"))
        return false;
    do {
        size_t key;
        if (!take_key(&c, &key) || (seen_keys & 1U << key) || !take_value(&c, record, keys[key].bit, &base64))
            return false;
        seen |= keys[key].bit;
        seen_keys |= 1U << key;
    } while (take(&c, ","));
    if (!take(&c, "}") || c.at != c.end || (seen & (PATH | DATA)) != (PATH | DATA))
        return false;
    if (node->type == TTL && (node->ttl < 1 || node->ttl >= INT64_C(1) << 40))
        return false;
    return !base64 || node->data == NULL || base64_decode((char *)(uintptr_t)node->data, &node->len);
}
