/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/listing.h"
#include "recipes/persistent_node.h"

/* A view, shared by all who look at it. */
typedef struct view {
    zobo_members it; /* first */
    atomic_int refs;
} view;

struct zobo_group_member {
    zr_recipe r; /* first */
    zr_presence *presence;
    zr_listing listing;
    char *id;
    bool started; /* strand */
    atomic_bool start_asked;
    atomic_bool tell_asked; /* `changed` will be called */
    zb_link waits;          /* group_wait.link: those whose node is there, and is not in the view yet */
    pthread_mutex_t lock;
    view *view; /* under the lock */
    view *told; /* the last that `changed` was given; callback thread */
    zobo_group_member_changed_fn *changed;
    void *changed_arg;
};

typedef struct group_wait {
    zr_presence_wait w; /* first */
    zb_link link;
} group_wait;

static zobo_group_member *
member_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_group_member, r);
}

/* --- views --- */

void
zobo_members_free(zobo_members *members)
{
    view *v = (view *)members;
    if (v && atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) == 1)
        zb_free(v);
}

static int
by_id(const void *a, const void *b)
{
    return strcmp(((const zobo_member *)a)->id, ((const zobo_member *)b)->id);
}

static size_t
member_size(const char *id, size_t data_len)
{
    return sizeof(zobo_member) + strlen(id) + 1 + data_len + 1;
}

static void
put_member(view *v, char **at, const char *id, const void *data, size_t len)
{
    zobo_member *m = (zobo_member *)(uintptr_t)&v->it.items[v->it.n++];
    size_t id_size = strlen(id) + 1;
    m->id = memcpy(*at, id, id_size);
    m->data = *at + id_size;
    m->data_len = len;
    if (len)
        memcpy(*at + id_size, data, len);
    (*at)[id_size + len] = 0;
    *at += id_size + len + 1;
}

/* Everybody who is known, and oneself in any case. */
static view *
view_new(zobo_group_member *m)
{
    zb_map_iter it;
    zb_map_node *node;
    size_t own_len, n = 1;
    const void *own = zr_presence_data(m->presence, &own_len);
    size_t size = sizeof(view) + member_size(m->id, own_len);
    zb_map_iter_init(&m->listing.children, &it);
    while ((node = zb_map_iter_next(&m->listing.children, &it)) != NULL) {
        const zr_child *c = (const zr_child *)node;
        n++;
        size += member_size(c->name, c->len);
    }
    view *v = zb_calloc(1, size);
    if (!v)
        return NULL;
    char *at = (char *)((zobo_member *)(v + 1) + n);
    bool own_is_in = false;
    atomic_init(&v->refs, 1);
    v->it.items = (zobo_member *)(v + 1);
    zb_map_iter_init(&m->listing.children, &it);
    while ((node = zb_map_iter_next(&m->listing.children, &it)) != NULL) {
        const zr_child *c = (const zr_child *)node;
        if (!c->known)
            continue;
        put_member(v, &at, c->name, c->data, c->len);
        own_is_in = own_is_in || strcmp(c->name, m->id) == 0;
    }
    if (!own_is_in)
        put_member(v, &at, m->id, own, own_len);
    qsort((zobo_member *)(v + 1), v->it.n, sizeof(zobo_member), by_id);
    return v;
}

static view *
view_take(zobo_group_member *m)
{
    pthread_mutex_lock(&m->lock);
    view *v = m->view;
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&m->lock);
    return v;
}

/* --- telling --- */

static void
tell(zr_recipe *r, void *arg)
{
    zobo_group_member *m = member_of(r);
    (void)arg;
    atomic_store(&m->tell_asked, false); /* what changes from now on asks anew */
    view *v = view_take(m);
    if (v == m->told) {
        zobo_members_free(&v->it);
        return;
    }
    if (m->told)
        zobo_members_free(&m->told->it);
    m->told = v;
    m->changed(m->changed_arg, m, &v->it);
}

/* Makes the view anew. False: no memory; the old one stays, or is not told of yet. */
static bool
renew(zobo_group_member *m)
{
    view *v = view_new(m);
    if (!v)
        return false;
    pthread_mutex_lock(&m->lock);
    view *old = m->view;
    m->view = v;
    pthread_mutex_unlock(&m->lock);
    zobo_members_free(&old->it);
    bool told = !m->changed || atomic_exchange(&m->tell_asked, true) || !zr_tell(&m->r, tell, NULL, NULL);
    if (!told)
        atomic_store(&m->tell_asked, false);
    return told;
}

/* --- the recipe --- */

static bool
sees_itself(zobo_group_member *m)
{
    zb_map_node *node = zb_map_find(&m->listing.children, m->id, strlen(m->id));
    return m->listing.complete && node && ((const zr_child *)node)->known;
}

static void
end_waits(zobo_group_member *m, zobo_err err)
{
    while (!zb_list_empty(&m->waits)) {
        group_wait *w = ZB_CONTAINER_OF(m->waits.next, group_wait, link);
        zb_list_remove(&w->link);
        zr_op_end(&w->w.op, err, NULL);
    }
}

static bool
view_changed(zr_listing *l, void *owner)
{
    zobo_group_member *m = owner;
    (void)l;
    bool done = renew(m);
    if (sees_itself(m))
        end_waits(m, ZOBO_OK);
    return done;
}

static void
view_failed(zr_listing *l, void *owner, zobo_err err)
{
    (void)l;
    end_waits(owner, err);
}

static const zr_listing_kind listing_kind = {.with_data = true, .changed = view_changed, .failed = view_failed};

static void
on_state(zr_recipe *r, zobo_state state)
{
    zr_presence_state(member_of(r)->presence, state);
    zr_listing_state(&member_of(r)->listing, state);
}

static void
freed(zr_recipe *r)
{
    zr_listing_stop(&member_of(r)->listing);
    zr_presence_stop(member_of(r)->presence, ZOBO_ECANCELLED);
}

static void
release(zobo_group_member *m)
{
    zr_listing_fini(&m->listing);
    zr_presence_free(m->presence);
    if (m->view)
        zobo_members_free(&m->view->it);
    if (m->told)
        zobo_members_free(&m->told->it);
    zb_free(m->id);
    pthread_mutex_destroy(&m->lock);
    zb_free(m);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    release(member_of(r));
}

static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};

static zobo_err
fill(zobo_group_member *m, zobo_client *client, const char *path, const char *id, const zobo_group_member_options *o)
{
    zr_presence_options po = {.data = o->data, .len = o->data_len, .acl = o->acl};
    char *node = zr_path_child(path, id);
    zb_list_init(&m->waits);
    m->changed = o->changed;
    m->changed_arg = o->changed_arg;
    m->id = zr_strdup(id);
    bool listing = zr_listing_init(&m->listing, &m->r, client, path, &listing_kind, m);
    if (node)
        m->presence = zr_presence_new(&m->r, node, &po, NULL, NULL);
    zb_free(node);
    if (m->id && listing && m->presence)
        m->view = view_new(m);
    return m->view ? zr_recipe_init(&m->r, &kind, client) : ZOBO_ENOMEM;
}

zobo_err
zobo_group_member_new(zobo_client *client, const char *path, const char *id, const zobo_group_member_options *options,
                      zobo_group_member **out, zobo_problem *why)
{
    zobo_group_member_options o;
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the member");
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_group_member_options, options, changed_arg, why);
    if (err || (err = zr_check_path(path, why)) || (err = zr_check_name(path, "", id, why)) ||
        (err = zr_check_acl(o.acl, why)) || (err = zr_check_data(o.data, o.data_len, why)))
        return err;
    zobo_group_member *m = zb_calloc(1, sizeof *m);
    if (!m)
        return zr_no_memory(why);
    if (pthread_mutex_init(&m->lock, NULL)) {
        zb_free(m);
        return zb_problem(why, ZOBO_ESYS, 0, "the system gives no lock");
    }
    err = fill(m, client, path, id, &o);
    if (err) {
        release(m);
        return zr_explain(err, why);
    }
    *out = m;
    return ZOBO_OK;
}

static void
begin(zr_recipe *r, void *arg)
{
    zobo_group_member *m = member_of(r);
    (void)arg;
    if (r->gone)
        return;
    m->started = true;
    zr_presence_start(m->presence);
    zr_listing_start(&m->listing);
}

zobo_err
zobo_group_member_start(zobo_group_member *m)
{
    if (atomic_exchange(&m->start_asked, true))
        return ZOBO_EALREADY;
    zobo_err err = zr_post(&m->r, begin, NULL);
    if (err)
        atomic_store(&m->start_asked, false);
    return err;
}

/* --- waiting --- */

/* The node is there: now for the view. */
static void
node_is_there(zr_op *op, zobo_err err)
{
    group_wait *w = (group_wait *)op;
    zobo_group_member *m = member_of(op->recipe);
    if (err || sees_itself(m))
        zr_op_end(op, err, NULL);
    else
        zb_list_push_back(&m->waits, &w->link);
}

static void
wait_free(zr_op *op)
{
    zb_list_remove(&((group_wait *)op)->link);
    zr_presence_wait_free(op);
}

static void
begin_wait(zr_op *op)
{
    zobo_group_member *m = member_of(op->recipe);
    if (m->started)
        zr_presence_await(m->presence, &((group_wait *)op)->w, false);
    else
        zr_op_end(op, ZOBO_ENOTSTARTED, NULL);
}

zobo_err
zobo_group_member_wait_async(zobo_group_member *m, const zobo_how *how, zobo_call **call)
{
    group_wait *w = zb_calloc(1, sizeof *w);
    if (!w)
        return zr_op_start(&m->r, NULL, how, call);
    zb_list_init(&w->link);
    w->w.done = node_is_there;
    w->w.op.begin = begin_wait;
    w->w.op.destroy = wait_free;
    return zr_op_start(&m->r, &w->w.op, how, call);
}

zobo_err
zobo_group_member_wait(zobo_group_member *m, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_group_member_wait_async(m, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_group_member_set_async(zobo_group_member *m, const void *data, size_t len, const zobo_how *how, zobo_call **call)
{
    return zr_presence_set_async(&m->r, m->presence, data, len, how, call);
}

zobo_err
zobo_group_member_set(zobo_group_member *m, const void *data, size_t len, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_group_member_set_async(m, data, len, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_group_member_get_members(zobo_group_member *m, zobo_members **out)
{
    if (!out)
        return ZOBO_EINVAL;
    *out = &view_take(m)->it;
    return ZOBO_OK;
}

zobo_presence
zobo_group_member_presence(const zobo_group_member *m)
{
    return zr_presence_now(m->presence);
}

void
zobo_group_member_free(zobo_group_member *m)
{
    if (m)
        zr_recipe_free(&m->r);
}
