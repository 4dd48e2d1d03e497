/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reply.h"

#include <string.h>

#include "base/mem.h"

static size_t
copied_size(const zobo_reply *r)
{
    size_t size = sizeof *r + r->data_len + 1;
    if (r->path)
        size += strlen(r->path) + 1;
    for (size_t i = 0; i < r->n_children; i++)
        size += sizeof *r->children + strlen(r->children[i]) + 1;
    return size;
}

static char *
put_text(char *at, const char *text, const char **out)
{
    size_t n = strlen(text) + 1;
    *out = memcpy(at, text, n);
    return at + n;
}

zobo_reply *
zb_reply_copy(const zobo_reply *r)
{
    zobo_reply *copy = zb_calloc(1, copied_size(r));
    if (!copy)
        return NULL;
    copy->zxid = r->zxid;
    copy->has_stat = r->has_stat;
    copy->stat = r->stat;
    copy->count = r->count;
    const char **names = (const char **)(copy + 1);
    char *at = (char *)(names + r->n_children);
    if (r->n_children)
        copy->children = names;
    copy->n_children = r->n_children;
    for (size_t i = 0; i < r->n_children; i++)
        at = put_text(at, r->children[i], &names[i]);
    if (r->path)
        at = put_text(at, r->path, &copy->path);
    if (r->data) {
        copy->data = at;
        copy->data_len = r->data_len;
        if (r->data_len)
            memcpy(at, r->data, r->data_len); /* the NUL behind it is there */
    }
    return copy;
}
