/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the user: see told_watch.h.
 *
 * The strand puts the latest news into a place for one; the callback thread takes out what it finds there. News that
 * are overtaken there are never told. Whether they differ from what the user knows is seen twice: by the stat on the
 * strand, which spares the detour after a reading that shows nothing new, and in full before he is called. */
#include "recipes/told_watch.h"
#include "recipes/checks.h"

#include <string.h>

static void
tell_user(zr_recipe *r, void *arg)
{
    zr_told_watch *w = (zr_told_watch *)r;
    zr_news *news = atomic_exchange(&w->news, NULL);
    (void)arg;
    if (!news)
        return;
    if (zr_news_same(w->told, news, w->node.children)) {
        zr_news_free(news);
        return;
    }
    const zr_cause *c = &news->cause;
    zobo_event event = {.type = c->type, .state = c->state, .path = w->node.path, .zxid = c->zxid};
    w->call(w, news->err, news->reply, c->is_set ? &event : NULL);
    zr_news_free(w->told);
    w->told = news;
}

/* By the stat alone; may say no where nothing has changed. */
static bool
known(const zr_told_watch *w, zobo_err err, const zobo_reply *reply)
{
    if (!w->seen || err != w->err)
        return false;
    if (err || !reply)
        return true;
    const zobo_stat *a = &w->stat, *b = &reply->stat;
    if (a->czxid != b->czxid)
        return false;
    return w->node.children ? a->pzxid == b->pzxid && a->cversion == b->cversion : a->mzxid == b->mzxid;
}

static void
seen(zr_node_watch *node, zobo_err err, const zobo_reply *reply, const zr_cause *cause)
{
    zr_told_watch *w = (zr_told_watch *)node;
    if (known(w, err, reply))
        return;
    zr_news *news = zr_news_new(err, reply, cause);
    zr_news *old = news ? atomic_exchange(&w->news, news) : NULL;
    bool on_its_way = old != NULL;
    zr_news_free(old);
    w->seen = news && (on_its_way || zr_tell(&node->r, tell_user, NULL, NULL) == ZOBO_OK);
    if (!w->seen) { /* no memory: as if it had not been read */
        zr_news_free(atomic_exchange(&w->news, NULL));
        zr_node_watch_again(node);
        return;
    }
    w->err = err;
    memset(&w->stat, 0, sizeof w->stat);
    if (reply)
        w->stat = reply->stat;
}

static void
destroy(zr_recipe *r)
{
    zr_told_watch *w = (zr_told_watch *)r;
    zr_news_free(atomic_load(&w->news));
    zr_news_free(w->told);
    zr_node_watch_fini(&w->node);
    zb_free(w);
}

zobo_err
zr_told_watch_new(size_t size, zobo_client *client, const char *path, bool children, const zobo_watch_options *options,
                  zr_call_user_fn *call, void (*fill)(zr_told_watch *w, const void *arg), const void *arg,
                  zr_told_watch **out, zobo_problem *why)
{
    static const zr_kind kind = {zr_node_watch_state, zr_node_watch_freed, destroy};
    zb_problem_clear(why);
    *out = NULL;
    zr_told_watch *w = zb_calloc(1, size);
    if (!w)
        return zr_no_memory(why);
    w->call = call;
    atomic_init(&w->news, NULL);
    fill(w, arg);
    zobo_err err = zr_node_watch_init(&w->node, &kind, client, path, children, options, seen, why);
    if (err) {
        zb_free(w);
        return err;
    }
    err = zr_node_watch_begin(&w->node);
    if (err) {
        zr_recipe_free(&w->node.r);
        return zr_explain(err, why);
    }
    *out = w;
    return ZOBO_OK;
}
