/* SPDX-License-Identifier: Apache-2.0 */
/* What a node was seen to be, kept. */
#include <stdlib.h>
#include <string.h>

#include "recipes/node_watch.h"

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
reply_size(const zobo_reply *r)
{
    size_t size = sizeof *r + r->data_len + 1 + r->n_children * sizeof *r->children;
    for (size_t i = 0; i < r->n_children; i++)
        size += strlen(r->children[i]) + 1;
    return size;
}

/* One allocation. */
static zobo_reply *
copy_reply(const zobo_reply *r)
{
    zobo_reply *copy = zb_calloc(1, reply_size(r));
    if (!copy)
        return NULL;
    const char **names = (const char **)(copy + 1);
    char *at = (char *)(names + r->n_children);
    copy->zxid = r->zxid;
    copy->has_stat = r->has_stat;
    copy->stat = r->stat;
    copy->n_children = r->n_children;
    copy->children = r->n_children ? names : NULL;
    for (size_t i = 0; i < r->n_children; i++) {
        size_t size = strlen(r->children[i]) + 1;
        names[i] = memcpy(at, r->children[i], size);
        at += size;
    }
    if (r->n_children > 1)
        qsort(names, r->n_children, sizeof *names, by_name);
    if (r->data) {
        copy->data = at;
        copy->data_len = r->data_len;
        if (r->data_len)
            memcpy(at, r->data, r->data_len); /* the NUL is there */
    }
    return copy;
}

zr_news *
zr_news_new(zobo_err err, const zobo_reply *reply, const zr_cause *cause)
{
    zr_news *news = zb_calloc(1, sizeof *news);
    if (!news)
        return NULL;
    news->err = err;
    if (cause)
        news->cause = *cause;
    if (!err && reply) {
        news->reply = copy_reply(reply);
        if (!news->reply) {
            zb_free(news);
            return NULL;
        }
    }
    return news;
}

void
zr_news_free(zr_news *news)
{
    if (!news)
        return;
    zb_free(news->reply);
    zb_free(news);
}

static bool
same_children(const zobo_reply *a, const zobo_reply *b)
{
    if (a->n_children != b->n_children)
        return false;
    for (size_t i = 0; i < a->n_children; i++) {
        if (strcmp(a->children[i], b->children[i]) != 0)
            return false;
    }
    return true;
}

bool
zr_news_same(const zr_news *a, const zr_news *b, bool children)
{
    if (!a || a->err != b->err)
        return false;
    if (!a->reply || !b->reply)
        return a->reply == b->reply;
    if (a->reply->stat.czxid != b->reply->stat.czxid)
        return false;
    return children ? same_children(a->reply, b->reply) : a->reply->stat.mzxid == b->reply->stat.mzxid;
}
