/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/service_cache.h"

#include "base/sized.h"
#include "recipes/checks.h"

typedef struct cache_wait {
    zr_op op; /* first */
    zb_link link;
} cache_wait;

static zobo_service_cache *
cache_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_service_cache, r);
}

/* --- the list --- */

/* A list of all that has been read; NULL: no memory. */
static zobo_service_list *
gather(zobo_service_cache *c)
{
    zb_map_iter it;
    zb_map_node *node;
    size_t n = 0, unreadable = 0;
    zr_service **items = zb_malloc((c->listing.children.n + 1) * sizeof(zr_service *));
    if (!items)
        return NULL;
    zb_map_iter_init(&c->listing.children, &it);
    while ((node = zb_map_iter_next(&c->listing.children, &it)) != NULL) {
        const zr_child *child = (const zr_child *)node;
        if (child->value)
            items[n++] = child->value;
        else if (child->known)
            unreadable++;
    }
    zobo_service_list *list = zr_service_list_new(items, n, unreadable);
    zb_free(items);
    return list;
}

static zobo_service_list *
take_list(zobo_service_cache *c)
{
    pthread_mutex_lock(&c->lock);
    zobo_service_list *list = c->list;
    zr_service_list_ref(list);
    pthread_mutex_unlock(&c->lock);
    return list;
}

static void
tell(zr_recipe *r, void *arg)
{
    zobo_service_cache *c = cache_of(r);
    (void)arg;
    atomic_store(&c->tell_asked, false); /* what changes from now on asks anew */
    zobo_service_list *list = take_list(c);
    if (list == c->told) {
        zobo_service_list_free(list);
        return;
    }
    zobo_service_list_free(c->told);
    c->told = list;
    c->changed(c->changed_arg, c, list);
}

static void
end_waits(zobo_service_cache *c, zobo_err err)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&c->waits)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(l, cache_wait, link)->op, err, NULL);
}

static bool
changed(zr_listing *l, void *owner)
{
    zobo_service_cache *c = owner;
    (void)l;
    zobo_service_list *list = gather(c);
    if (!list) {
        end_waits(c, ZOBO_ENOMEM); /* the old list stays until it is tried again */
        return false;
    }
    pthread_mutex_lock(&c->lock);
    zobo_service_list *old = c->list;
    c->list = list;
    pthread_mutex_unlock(&c->lock);
    zobo_service_list_free(old);
    bool told = !c->changed || atomic_exchange(&c->tell_asked, true) || !zr_tell(&c->r, tell, NULL, NULL);
    if (!told)
        atomic_store(&c->tell_asked, false);
    end_waits(c, ZOBO_OK);
    return told;
}

static void
forget(void *value)
{
    zr_service_unref(value);
}

static bool
read_instance(zr_child *child, void *owner)
{
    zr_service *s = NULL;
    (void)owner;
    zobo_err err = child->data ? zr_service_parse(child->data, child->len, &s) : ZOBO_EBADDATA;
    if (err == ZOBO_ENOMEM)
        return false;
    zr_service_unref(child->value);
    child->value = err ? NULL : s;
    return true;
}

static void
failed(zr_listing *l, void *owner, zobo_err err)
{
    (void)l;
    end_waits(owner, err);
}

static const zr_listing_kind listing_kind = {
    .with_data = true, .changed = changed, .read = read_instance, .forget = forget, .failed = failed};

/* --- the recipe --- */

static void
on_state(zr_recipe *r, zobo_state state)
{
    zr_listing_state(&cache_of(r)->listing, state);
}

static void
freed(zr_recipe *r)
{
    zr_listing_stop(&cache_of(r)->listing);
}

static void
release(zobo_service_cache *c)
{
    zr_listing_fini(&c->listing);
    zobo_service_list_free(c->list);
    zobo_service_list_free(c->told);
    pthread_mutex_destroy(&c->lock);
    zb_free(c);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    release(cache_of(r));
}

static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};

static zobo_err
fill(zobo_service_cache *c, zobo_client *client, const char *base, const char *name)
{
    char *path = zr_service_path(base, name);
    zb_list_init(&c->waits);
    c->list = zr_service_list_new(NULL, 0, 0);
    bool good = path && c->list && zr_listing_init(&c->listing, &c->r, client, path, &listing_kind, c);
    zb_free(path);
    return good ? zr_recipe_init(&c->r, &kind, client) : ZOBO_ENOMEM;
}

zobo_err
zobo_service_cache_new(zobo_client *client, const char *base, const char *name,
                       const zobo_service_cache_options *options, zobo_service_cache **out, zobo_problem *why)
{
    zobo_service_cache_options o;
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the cache");
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_service_cache_options, options, changed_arg, why);
    if (err || (err = zr_check_path(base, why)) || (err = zr_check_service_name(base, name, why)))
        return err;
    zobo_service_cache *c = zb_calloc(1, sizeof *c);
    if (!c)
        return zr_no_memory(why);
    if (pthread_mutex_init(&c->lock, NULL)) {
        zb_free(c);
        return zb_problem(why, ZOBO_ESYS, 0, "the system gives no lock");
    }
    c->changed = o.changed;
    c->changed_arg = o.changed_arg;
    err = fill(c, client, base, name);
    if (err) {
        release(c);
        return zr_explain(err, why);
    }
    *out = c;
    return ZOBO_OK;
}

static void
begin(zr_recipe *r, void *arg)
{
    zobo_service_cache *c = cache_of(r);
    (void)arg;
    if (r->gone)
        return;
    c->started = true;
    zr_listing_start(&c->listing);
}

zobo_err
zobo_service_cache_start(zobo_service_cache *c)
{
    if (atomic_exchange(&c->start_asked, true))
        return ZOBO_EALREADY;
    zobo_err err = zr_post(&c->r, begin, NULL);
    if (err)
        atomic_store(&c->start_asked, false);
    return err;
}

/* --- waiting, and looking --- */

static void
wait_free(zr_op *op)
{
    cache_wait *w = ZB_CONTAINER_OF(op, cache_wait, op);
    zb_list_remove(&w->link);
    zb_free(w);
}

static void
begin_wait(zr_op *op)
{
    zobo_service_cache *c = cache_of(op->recipe);
    if (!c->started || c->listing.complete) {
        zr_op_end(op, c->started ? ZOBO_OK : ZOBO_ENOTSTARTED, NULL);
        return;
    }
    zb_list_push_back(&c->waits, &ZB_CONTAINER_OF(op, cache_wait, op)->link);
    if (!c->listing.lister && !c->listing.watch)
        zr_listing_refresh(&c->listing); /* nothing is under way: the client is stopped, and the wait is told so */
}

zobo_err
zobo_service_cache_wait_async(zobo_service_cache *c, const zobo_how *how, zobo_call **call)
{
    cache_wait *w = zb_calloc(1, sizeof *w);
    if (w) {
        zb_list_init(&w->link);
        w->op.begin = begin_wait;
        w->op.destroy = wait_free;
    }
    return zr_op_start(&c->r, w ? &w->op : NULL, how, call);
}

zobo_err
zobo_service_cache_wait(zobo_service_cache *c, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_service_cache_wait_async(c, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_service_cache_get(zobo_service_cache *c, zobo_service_list **out)
{
    if (!out)
        return ZOBO_EINVAL;
    *out = take_list(c);
    return ZOBO_OK;
}

void
zobo_service_cache_free(zobo_service_cache *c)
{
    if (c)
        zr_recipe_free(&c->r);
}
