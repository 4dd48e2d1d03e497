/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/persistent_node.h"

#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"

struct zobo_persistent_node {
    zr_recipe r; /* first */
    zr_presence *presence;
    bool started; /* strand */
    atomic_bool start_asked;
    zobo_persistent_node_changed_fn *changed;
    void *changed_arg;
};

static zobo_persistent_node *
node_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_persistent_node, r);
}

/* --- telling --- */

typedef struct presence_news {
    zr_presence_say_fn *say;
    zobo_presence now;
    zobo_err err;
} presence_news;

static void
tell_presence(zr_recipe *r, void *arg)
{
    presence_news news = *(presence_news *)arg;
    zb_free(arg);
    news.say(r, news.now, news.err);
}

void
zr_presence_tell(zr_recipe *r, const zr_presence *p, zr_presence_say_fn *say)
{
    presence_news *news = zb_malloc(sizeof *news);
    if (!news)
        return;
    *news = (presence_news){say, zr_presence_now(p), zr_presence_err(p)};
    if (zr_tell(r, tell_presence, zb_free, news))
        zb_free(news); /* no memory to say it: zobo_X_presence does */
}

static void
say(zr_recipe *r, zobo_presence presence, zobo_err err)
{
    zobo_persistent_node *n = node_of(r);
    n->changed(n->changed_arg, n, presence, err);
}

static void
changed(zr_presence *p, void *owner)
{
    zobo_persistent_node *n = owner;
    if (n->changed)
        zr_presence_tell(&n->r, p, say);
}

/* --- the recipe --- */

static void
on_state(zr_recipe *r, zobo_state state)
{
    zr_presence_state(node_of(r)->presence, state);
}

static void
freed(zr_recipe *r)
{
    zr_presence_stop(node_of(r)->presence, ZOBO_ECANCELLED);
}

static void
destroy(zr_recipe *r)
{
    zobo_persistent_node *n = node_of(r);
    zr_presence_free(n->presence);
    zr_recipe_fini(r);
    zb_free(n);
}

static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};

static zobo_err
check(const char *path, const zobo_persistent_node_options *o, zobo_problem *why)
{
    zobo_err err = zr_check_path(path, why);
    if (!err && !path[1])
        err = zb_problem(why, ZOBO_EBADPATH, 0, "the root is nobody's own");
    if (!err)
        err = zr_check_acl(o->acl, why);
    return err ? err : zr_check_data(o->data, o->data_len, why);
}

zobo_err
zobo_persistent_node_new(zobo_client *client, const char *path, const zobo_persistent_node_options *options,
                         zobo_persistent_node **out, zobo_problem *why)
{
    zobo_persistent_node_options o;
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the node");
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_persistent_node_options, options, changed_arg, why);
    if (!err)
        err = check(path, &o, why);
    if (err)
        return err;
    zobo_persistent_node *n = zb_calloc(1, sizeof *n);
    if (!n)
        return zr_no_memory(why);
    zr_presence_options po = {
        .data = o.data, .len = o.data_len, .acl = o.acl, .persistent = o.persistent, .take_over = o.take_over};
    n->changed = o.changed;
    n->changed_arg = o.changed_arg;
    n->presence = zr_presence_new(&n->r, path, &po, changed, n);
    err = n->presence ? zr_recipe_init(&n->r, &kind, client) : ZOBO_ENOMEM;
    if (err) {
        zr_presence_free(n->presence);
        zb_free(n);
        return zr_explain(err, why);
    }
    *out = n;
    return ZOBO_OK;
}

static void
begin(zr_recipe *r, void *arg)
{
    zobo_persistent_node *n = node_of(r);
    (void)arg;
    if (r->gone)
        return;
    n->started = true;
    zr_presence_start(n->presence);
}

zobo_err
zobo_persistent_node_start(zobo_persistent_node *n)
{
    if (atomic_exchange(&n->start_asked, true))
        return ZOBO_EALREADY;
    zobo_err err = zr_post(&n->r, begin, NULL);
    if (err)
        atomic_store(&n->start_asked, false);
    return err;
}

static void
begin_wait(zr_op *op)
{
    zobo_persistent_node *n = node_of(op->recipe);
    if (n->started)
        zr_presence_await(n->presence, ZB_CONTAINER_OF(op, zr_presence_wait, op), false);
    else
        zr_op_end(op, ZOBO_ENOTSTARTED, NULL);
}

zobo_err
zobo_persistent_node_wait_async(zobo_persistent_node *n, const zobo_how *how, zobo_call **call)
{
    zr_presence_wait *w = zb_calloc(1, sizeof *w);
    if (!w)
        return zr_op_start(&n->r, NULL, how, call);
    w->op.begin = begin_wait;
    w->op.destroy = zr_presence_wait_free;
    return zr_op_start(&n->r, &w->op, how, call);
}

zobo_err
zobo_persistent_node_wait(zobo_persistent_node *n, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_persistent_node_wait_async(n, &how, &call);
    return zr_wait(err, call, NULL);
}

/* --- setting --- */

typedef struct set_op {
    zr_presence_wait w; /* first */
    zr_presence *p;
    char *data;
    size_t len;
} set_op;

static void
set_free(zr_op *op)
{
    zb_free(((set_op *)op)->data);
    zr_presence_wait_free(op);
}

static void
begin_set(zr_op *op)
{
    set_op *s = (set_op *)op;
    char *data = s->data;
    s->data = NULL;
    zr_presence_set(s->p, data, s->len);
    if (zr_presence_wanted(s->p))
        zr_presence_await(s->p, &s->w, false);
    else
        zr_op_end(op, ZOBO_ENOTSTARTED, NULL);
}

zobo_err
zr_presence_set_async(zr_recipe *r, zr_presence *p, const void *data, size_t len, const zobo_how *how, zobo_call **call)
{
    if (call)
        *call = NULL;
    zobo_err err = zr_check_data(data, len, NULL);
    if (err)
        return err;
    set_op *s = zb_calloc(1, sizeof *s);
    char *copy = zb_strndup(data ? data : "", len);
    if (!s || !copy) {
        zb_free(s);
        zb_free(copy);
        return ZOBO_ENOMEM;
    }
    s->p = p;
    s->data = copy;
    s->len = len;
    s->w.op.begin = begin_set;
    s->w.op.destroy = set_free;
    return zr_op_start(r, &s->w.op, how, call);
}

zobo_err
zobo_persistent_node_set_async(zobo_persistent_node *n, const void *data, size_t len, const zobo_how *how,
                               zobo_call **call)
{
    return zr_presence_set_async(&n->r, n->presence, data, len, how, call);
}

zobo_err
zobo_persistent_node_set(zobo_persistent_node *n, const void *data, size_t len, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_persistent_node_set_async(n, data, len, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_presence
zobo_persistent_node_presence(const zobo_persistent_node *n)
{
    return zr_presence_now(n->presence);
}

void
zobo_persistent_node_free(zobo_persistent_node *n)
{
    if (n)
        zr_recipe_free(&n->r);
}
