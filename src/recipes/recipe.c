/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/recipe.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_PAUSE_MS = 10, MAX_PAUSE_MS = 1000, MAX_SHIFT = 7, TRIES_AT_ONCE = 8 };

/* ---- life ---- */

void
zr_ref(zr_recipe *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
}

void
zr_unref(zr_recipe *r)
{
    if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
        r->kind->destroy(r);
}

static void
on_state(void *arg, zobo_state state)
{
    zr_recipe *r = arg;
    r->kind->state(r, state);
}

static void
give_up(zr_op *op, zobo_err why)
{
    if (op->give_up)
        op->give_up(op, why);
    else
        zr_op_end(op, why, NULL);
}

/* The user has let go: what he began ends, and the kind tidies up. Strand. */
static void
farewell(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_recipe *r = arg;
    zobo_promise *left = r->left;
    zb_link *l;
    (void)err, (void)reply;
    r->gone = true;
    if (r->kind->state)
        zobo_remove_listener(r->client, on_state, r);
    while ((l = zb_list_pop_front(&r->ops)) != NULL) {
        give_up(ZB_CONTAINER_OF(l, zr_op, link), ZOBO_ECANCELLED);
    }
    if (r->kind->freed)
        r->kind->freed(r);
    zr_unref(r);
    zobo_promise_keep(left, ZOBO_OK, NULL);
}

static void
seed(zr_recipe *r)
{
    char uuid[ZR_UUID];
    zobo_uuid(r->client, uuid);
    memcpy(&r->rng.s, uuid, sizeof r->rng.s);
}

static zobo_err
init_sync(zr_recipe *r)
{
    if (pthread_mutex_init(&r->lock, NULL))
        return ZOBO_ESYS;
    if (pthread_cond_init(&r->told, NULL) == 0)
        return ZOBO_OK;
    pthread_mutex_destroy(&r->lock);
    return ZOBO_ESYS;
}

zobo_err
zr_recipe_init(zr_recipe *r, const zr_kind *kind, zobo_client *client)
{
    zobo_how how = {.done = farewell, .arg = r, .flags = ZOBO_INLINE};
    r->kind = kind;
    r->client = client;
    atomic_init(&r->refs, 1);
    zb_list_init(&r->ops);
    seed(r);
    zobo_err err = init_sync(r);
    if (err)
        return err;
    if (kind->state)
        err = zobo_add_inline_listener(client, on_state, r);
    if (!err) {
        err = zobo_promise_new(client, NULL, NULL, NULL, &r->leaving, &r->left);
        if (!err)
            err = zobo_promise_new(client, &how, NULL, NULL, NULL, &r->farewell);
        if (err) {
            zobo_promise_keep(r->left, ZOBO_OK, NULL);
            zobo_call_free(r->leaving);
            if (kind->state)
                zobo_remove_listener(client, on_state, r);
        }
    }
    if (err)
        zr_recipe_fini(r);
    return err;
}

void
zr_recipe_fini(zr_recipe *r)
{
    pthread_cond_destroy(&r->told);
    pthread_mutex_destroy(&r->lock);
}

void
zr_recipe_free(zr_recipe *r)
{
    if (zobo_may_block(r->client) == ZOBO_EFORKED)
        return; /* a forked child's copy: of threads that are not here, and locks that none of them will release */
    pthread_mutex_lock(&r->lock);
    r->silent = true;
    while (r->telling && !pthread_equal(r->teller, pthread_self()))
        pthread_cond_wait(&r->told, &r->lock);
    pthread_mutex_unlock(&r->lock);
    zobo_call *leaving = r->leaving;
    zobo_promise_keep(r->farewell, ZOBO_OK, NULL);
    zobo_err err = zobo_call_wait(leaving, 0);
    (void)err; /* only an inline callback cannot wait */
    zobo_call_free(leaving);
}

/* ---- on the strand, and on the callback thread ---- */

typedef struct errand {
    zr_recipe *r;
    void (*fn)(zr_recipe *r, void *arg);
    void (*drop)(void *arg);
    void *arg;
} errand;

static void
run_posted(void *arg, zobo_err err, const zobo_reply *reply)
{
    errand *e = arg;
    (void)err, (void)reply;
    e->fn(e->r, e->arg);
    zr_unref(e->r);
    zb_free(e);
}

static void
run_told(void *arg, zobo_err err, const zobo_reply *reply)
{
    errand *e = arg;
    zr_recipe *r = e->r;
    (void)err, (void)reply;
    pthread_mutex_lock(&r->lock);
    bool silent = r->silent;
    r->telling = !silent;
    r->teller = pthread_self();
    pthread_mutex_unlock(&r->lock);
    if (!silent)
        e->fn(r, e->arg);
    else if (e->drop)
        e->drop(e->arg);
    pthread_mutex_lock(&r->lock);
    r->telling = false;
    pthread_cond_broadcast(&r->told);
    pthread_mutex_unlock(&r->lock);
    zr_unref(r);
    zb_free(e);
}

static zobo_err
send_errand(zr_recipe *r, zobo_done_fn *run, unsigned flags, const errand *what)
{
    errand *e = zb_malloc(sizeof *e);
    zobo_promise *p;
    zobo_how how = {.done = run, .arg = e, .flags = flags};
    if (!e)
        return ZOBO_ENOMEM;
    zobo_err err = zobo_promise_new(r->client, &how, NULL, NULL, NULL, &p);
    if (err) {
        zb_free(e);
        return err;
    }
    *e = *what;
    zr_ref(r);
    zobo_promise_keep(p, ZOBO_OK, NULL);
    return ZOBO_OK;
}

zobo_err
zr_post(zr_recipe *r, void (*fn)(zr_recipe *r, void *arg), void *arg)
{
    return send_errand(r, run_posted, ZOBO_INLINE, &(errand){.r = r, .fn = fn, .arg = arg});
}

zobo_err
zr_tell(zr_recipe *r, void (*fn)(zr_recipe *r, void *arg), void (*drop)(void *arg), void *arg)
{
    return send_errand(r, run_told, ZOBO_ON_CALLBACK_THREAD, &(errand){.r = r, .fn = fn, .drop = drop, .arg = arg});
}

/* ---- ops ---- */

static void
destroy_op(zr_op *op)
{
    zr_recipe *r = op->recipe;
    if (op->destroy)
        op->destroy(op);
    else
        zb_free(op);
    zr_unref(r);
}

static void
asked_to_give_up(void *arg, zobo_err why)
{
    zr_op *op = arg;
    if (!op->begun)
        op->refused = why;
    else
        give_up(op, why);
}

/* Strand. */
static void
begin_op(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = arg;
    (void)err, (void)reply;
    if (!op->promise) { /* could not be made after all */
        destroy_op(op);
        return;
    }
    op->begun = true;
    zb_list_push_back(&op->recipe->ops, &op->link);
    if (op->refused || op->recipe->gone)
        zr_op_end(op, op->refused ? op->refused : ZOBO_ECANCELLED, NULL);
    else
        op->begin(op);
}

static const char waits; /* its address marks a how that zr_how has made */

zobo_how
zr_how(uint32_t timeout_ms)
{
    return (zobo_how){.timeout_ms = timeout_ms, .arg = (void *)(uintptr_t)&waits};
}

zobo_err
zr_op_start(zr_recipe *r, zr_op *op, const zobo_how *how, zobo_call **call)
{
    zobo_promise *post, *promise;
    zobo_how inlined = {.done = begin_op, .arg = op, .flags = ZOBO_INLINE};
    if (call)
        *call = NULL;
    if (!op)
        return ZOBO_ENOMEM;
    op->recipe = r;
    zb_list_init(&op->link);
    zr_ref(r);
    bool at_once = how && !how->done && how->arg == &waits;
    zobo_err err = at_once ? zobo_may_block(r->client) : ZOBO_OK;
    if (!err)
        err = zobo_promise_new(r->client, &inlined, NULL, NULL, NULL, &post);
    if (err) {
        destroy_op(op);
        return err;
    }
    err = zobo_promise_new(r->client, how, asked_to_give_up, op, call, &promise);
    op->promise = err ? NULL : promise;
    if (at_once)
        zobo_promise_keep_quietly(post, ZOBO_OK, NULL);
    else
        zobo_promise_keep(post, ZOBO_OK, NULL);
    return err;
}

void
zr_op_begin_quiet(zr_recipe *r, zr_op *op)
{
    op->recipe = r;
    op->begun = true;
    zb_list_init(&op->link);
    zr_ref(r);
    op->begin(op);
}

void
zr_op_end(zr_op *op, zobo_err err, const zobo_reply *reply)
{
    if (op->ended)
        return;
    op->ended = true;
    zb_list_remove(&op->link);
    zobo_promise_keep(op->promise, err, reply);
    op->promise = NULL;
    if (!op->refs)
        destroy_op(op);
}

zobo_err
zr_op_prepare(zr_op *op, const zobo_reply *reply)
{
    return op->promise ? zobo_promise_prepare(op->promise, reply) : ZOBO_OK;
}

zobo_how
zr_op_how(zr_op *op, zobo_done_fn *done)
{
    return (zobo_how){.done = done, .arg = op, .flags = ZOBO_INLINE};
}

void
zr_sent(zr_op *op, zobo_err err, zobo_done_fn *done)
{
    op->refs++;
    if (err)
        done(op, err, NULL);
}

zr_op *
zr_back(void *arg)
{
    zr_op *op = arg;
    op->refs--;
    if (!op->ended)
        return op;
    if (!op->refs)
        destroy_op(op);
    return NULL;
}

/* ---- trying again ---- */

static void
rested(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op)
        return;
    bool tidying = !op->promise;
    if (err && !(tidying && err == ZOBO_ENOMEM && op->tries < TRIES_AT_ONCE))
        give_up(op, err);
    else
        op->again(op);
}

void
zr_pause(zr_op *op, uint32_t ms, void (*again)(zr_op *op))
{
    zobo_how how = zr_op_how(op, rested);
    op->again = again;
    zr_sent(op, zobo_sleep_async(op->recipe->client, ms, &how, NULL), rested);
}

uint32_t
zr_back_off_ms(zr_recipe *r, unsigned tries)
{
    uint32_t ms = (uint32_t)FIRST_PAUSE_MS << (tries < MAX_SHIFT ? tries : MAX_SHIFT);
    if (ms > MAX_PAUSE_MS)
        ms = MAX_PAUSE_MS;
    return ms / 2 + (uint32_t)zb_rng_below(&r->rng, ms);
}

uint32_t
zr_rest_ms(zr_op *op)
{
    return zr_back_off_ms(op->recipe, op->tries++);
}

bool
zr_retry(zr_op *op, zobo_err err, void (*again)(zr_op *op))
{
    zobo_class cls = zobo_err_class(err);
    if (zr_is_over(err)) {
        give_up(op, err);
        return true;
    }
    bool tidying = !op->promise; /* nobody can be told that memory has run out: it must be done later */
    if (cls != ZOBO_CLASS_RETRY && cls != ZOBO_CLASS_UNKNOWN && cls != ZOBO_CLASS_SESSION && err != ZOBO_ETHROTTLED &&
        !(tidying && err == ZOBO_ENOMEM)) {
        op->tries = 0;
        return false;
    }
    zr_pause(op, zr_rest_ms(op), again);
    return true;
}

zobo_err
zr_wait(zobo_err err, zobo_call *call, zobo_reply **out)
{
    if (out)
        *out = NULL;
    if (err)
        return err;
    err = zobo_call_get(call, 0, out);
    zobo_call_free(call);
    return err;
}

/* ---- watchers ---- */

struct zr_watch {
    zr_recipe *r;
    zr_watch_fn *fn; /* NULL: dropped */
    void *owner;
    char *path;  /* once it stands, if not before */
    bool stands; /* it is known by which path and kind to take it back */
    bool waits;  /* for memory to be taken back */
    bool over;   /* and its last event has come meanwhile */
    zobo_watch_kind kind;
    zobo_watcher watcher;
};

static void
free_watch(zr_watch *w)
{
    zr_recipe *r = w->r;
    zb_free(w->path);
    zb_free(w);
    zr_unref(r);
}

static void
watch_event(void *arg, const zobo_event *event)
{
    zr_watch *w = arg;
    bool last = event->last;
    if (w->fn)
        w->fn(w->owner, event);
    if (last && w->waits)
        w->over = true;
    else if (last)
        free_watch(w);
}

zr_watch *
zr_watch_new(zr_recipe *r, zr_watch_fn *fn, void *owner)
{
    zr_watch *w = zb_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    zr_ref(r);
    w->r = r;
    w->fn = fn;
    w->owner = owner;
    w->watcher = (zobo_watcher){.fn = watch_event, .arg = w, .flags = ZOBO_INLINE};
    return w;
}

zr_watch *
zr_watch_new_at(zr_recipe *r, const char *path, zr_watch_fn *fn, void *owner)
{
    zr_watch *w = zr_watch_new(r, fn, owner);
    if (!w)
        return NULL;
    w->path = zr_strdup(path);
    if (!w->path) {
        free_watch(w);
        return NULL;
    }
    return w;
}

const zobo_watcher *
zr_watch_watcher(const zr_watch *w)
{
    return &w->watcher;
}

enum { REMOVE_AGAIN_MS = 50 };

static void remove_later(void *arg, zobo_err err, const zobo_reply *reply);

/* Its last event comes by itself: now, or when the client stops. */
static void
remove_watch(zr_watch *w)
{
    zobo_how how = {.flags = ZOBO_INLINE};
    zobo_err err = zobo_remove_watches_async(w->r->client, w->path, w->kind, &w->watcher, &how, NULL);
    if (err == ZOBO_ENOMEM) {
        how.done = remove_later;
        how.arg = w;
        w->waits = zobo_sleep_async(w->r->client, REMOVE_AGAIN_MS, &how, NULL) == ZOBO_OK;
    } /* no such watcher: its event is on its way */
}

static void
remove_later(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_watch *w = arg;
    (void)reply;
    w->waits = false;
    if (w->over)
        free_watch(w);
    else if (!err)
        remove_watch(w);
}

void
zr_watch_set(zr_watch *w, const char *path, zobo_watch_kind kind, bool is_set)
{
    if (!is_set) {
        free_watch(w);
        return;
    }
    if (!w->path)
        w->path = zr_strdup(path);
    w->kind = kind;
    w->stands = w->path != NULL;
    if (!w->fn && w->stands)
        remove_watch(w);
}

void
zr_watch_drop(zr_watch *w)
{
    if (!w)
        return;
    w->fn = NULL;
    if (w->stands)
        remove_watch(w);
}

/* ---- small things ---- */

int
zr_by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *
zr_strdup(const char *s)
{
    return s ? zb_strndup(s, strlen(s)) : NULL;
}

char *
zr_path_child(const char *parent, const char *name)
{
    size_t size = strlen(parent) + strlen(name) + 2;
    char *path = zb_malloc(size);
    if (path)
        (void)snprintf(path, size, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name);
    return path;
}

bool
zr_acl_copy(const zobo_acl_list *in, zobo_acl_list *out)
{
    size_t size = in->n * sizeof *in->items;
    for (size_t i = 0; i < in->n; i++)
        size += strlen(in->items[i].scheme) + strlen(in->items[i].id) + 2;
    zobo_acl *a = zb_malloc(size ? size : 1);
    if (!a)
        return false;
    char *text = (char *)(a + in->n);
    for (size_t i = 0; i < in->n; i++) {
        size_t scheme = strlen(in->items[i].scheme) + 1, id = strlen(in->items[i].id) + 1;
        a[i].perms = in->items[i].perms;
        a[i].scheme = memcpy(text, in->items[i].scheme, scheme);
        a[i].id = memcpy(text + scheme, in->items[i].id, id);
        text += scheme + id;
    }
    *out = (zobo_acl_list){a, in->n};
    return true;
}

void
zr_acl_free(zobo_acl_list *acl)
{
    zb_free((void *)(uintptr_t)acl->items);
    *acl = (zobo_acl_list){0};
}
