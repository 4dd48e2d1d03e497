/* SPDX-License-Identifier: Apache-2.0 */
/* What a node was seen to be, kept. */
#include <stdlib.h>
#include <string.h>

#include "base/reply.h"
#include "recipes/node_watch.h"

/* The reply as it is kept: children in order. */
static zobo_reply *
keep_reply(const zobo_reply *r)
{
    zobo_reply *copy = zb_reply_copy(r);
    if (copy && copy->n_children > 1) /* the names' places are the copy's own */
        qsort((void *)(uintptr_t)copy->children, copy->n_children, sizeof *copy->children, zr_by_text);
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
        news->reply = keep_reply(reply);
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
