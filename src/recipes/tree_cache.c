/* SPDX-License-Identifier: Apache-2.0 */
/* kazoo's TreeCache: its life, its watch on the server, the client's states. tree_cache.h tells of the other parts.
 *
 * One persistent recursive watch is set before the first reading. From then on each event has its node read again.
 * After a new connection the lists of all nodes are read once more: they bring the stats, which show what is to be
 * read. */
#include "recipes/tree_cache.h"

#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"

enum { FIRST_DATA_BYTES = 1000, FIRST_BATCH = 512 };

/* ---- pauses ---- */

void
zr_cache_pause(zobo_tree_cache *c)
{
    zr_nap_take(&c->nap, 1);
}

void
zr_cache_lost_track(zobo_tree_cache *c)
{
    c->resync = c->thorough = true;
    zr_cache_pause(c);
}

/* ---- the watch ---- */

static void
on_event(void *owner, const zobo_event *event)
{
    zobo_tree_cache *c = owner;
    if (event->last)
        c->watch = NULL;
    zr_apply_event(c, event);
    if (!c->nap.call) /* else it goes on by itself */
        zr_nap_wake(&c->nap);
}

/* Everything below the root is compared. */
static void
want_all(zobo_tree_cache *c)
{
    c->resync = false;
    c->probe_zxid = 0;
    zr_jobs_want(c, c->place->path, strlen(c->place->path), ZR_DATA | ZR_DEEP, 0);
}

static void
end_ops(zobo_tree_cache *c, zobo_err err)
{
    zb_link *l = c->r.ops.next;
    while (l != &c->r.ops) {
        zr_op *op = ZB_CONTAINER_OF(l, zr_op, link);
        l = l->next;
        zr_op_end(op, err, NULL);
    }
}

static void
watch_refused(zobo_tree_cache *c, zobo_err err)
{
    if ((err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED) && !zobo_connected(c->r.client)) {
        c->nap.idle = true;
        end_ops(c, err);
    } else if (zobo_err_class(err) == ZOBO_CLASS_REJECTED && err != ZOBO_ETHROTTLED) {
        zr_cache_fail(c, err);
    } else if (err == ZOBO_EFORKED || err == ZOBO_ETOOBIG) {
        zr_cache_fail(c, err);
    } else {
        zr_cache_pause(c);
    }
}

static void
watch_added(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_tree_cache *c = arg;
    zr_watch *watch = c->watch;
    (void)reply;
    c->setting = false;
    if (err)
        c->watch = NULL;
    if (watch)
        zr_watch_set(watch, c->place->path, ZOBO_WATCH_PERSISTENT_RECURSIVE, err == ZOBO_OK);
    if (c->r.gone) {
        /* taken back in go_on */
    } else if (err) {
        watch_refused(c, err);
    } else {
        c->nap.tries = 0;
        want_all(c);
    }
    zr_cache_go_on(c);
    zr_unref(&c->r);
}

static void
set_watch(zobo_tree_cache *c)
{
    zobo_how how = {.done = watch_added, .arg = c, .flags = ZOBO_INLINE};
    zobo_err err = ZOBO_ENOMEM;
    c->watch = zr_watch_new_at(&c->r, c->place->path, on_event, c);
    if (c->watch)
        err = zobo_add_watch_async(c->r.client, c->place->path, ZOBO_PERSISTENT_RECURSIVE, zr_watch_watcher(c->watch),
                                   &how, NULL);
    c->setting = true;
    zr_ref(&c->r);
    if (err)
        watch_added(c, err, NULL);
}

/* ---- going on ---- */

static bool
is_settled(const zobo_tree_cache *c)
{
    return c->watch && !c->setting && !zr_nap_rests(&c->nap) && !c->resync && !c->probe_zxid && c->jobs.n == 0 &&
           !c->condition.failed;
}

static void
settle(zobo_tree_cache *c)
{
    c->nap.tries = 0;
    c->thorough = false;
    if (!c->condition.current) {
        c->condition.current = c->condition.initialized = true;
        c->changed = true;
    }
}

void
zr_cache_go_on(zobo_tree_cache *c)
{
    if (c->r.gone && !c->setting) {
        zr_watch_drop(c->watch);
        c->watch = NULL;
    }
    if (c->r.gone || !c->started)
        return;
    if (!zr_nap_rests(&c->nap) && !c->setting && !c->condition.failed) {
        if (!c->watch) {
            set_watch(c);
            return; /* which goes on by itself */
        }
        if (c->resync)
            want_all(c);
        zr_jobs_send(c);
    }
    bool settled = is_settled(c);
    if (settled)
        settle(c);
    if (c->changed)
        zr_cache_publish(c);
    if (settled)
        end_ops(c, ZOBO_OK);
}

void
zr_cache_fail(zobo_tree_cache *c, zobo_err err)
{
    if (c->condition.failed)
        return;
    c->condition.failed = err;
    c->condition.current = false;
    c->changed = true;
    zr_jobs_drop(c);
    zr_watch_drop(c->watch);
    c->watch = NULL;
    end_ops(c, err);
}

/* ---- the client's states ---- */

static void
connected(zobo_tree_cache *c)
{
    zr_nap_connected(&c->nap);
    if (c->watch && !c->setting && !c->condition.current) {
        if (c->known_zxid && !c->resync) {
            c->probe_zxid = c->known_zxid; /* the first answer tells whether anything has happened */
            zr_jobs_want(c, c->place->path, strlen(c->place->path), ZR_LIST, 0);
        } else {
            want_all(c);
        }
    }
    zr_nap_wake(&c->nap);
}

static void
disconnected(zobo_tree_cache *c, bool lost)
{
    c->nap.idle = true;
    c->condition.current = false;
    c->condition.lost += lost;
    c->condition.suspended += !lost;
    zr_cache_publish(c);
}

static void
state(zr_recipe *r, zobo_state state)
{
    zobo_tree_cache *c = (zobo_tree_cache *)r;
    if (!c->started || c->condition.failed)
        return;
    if (state == ZOBO_CONNECTED || state == ZOBO_CONNECTED_RO)
        connected(c);
    else
        disconnected(c, state == ZOBO_LOST);
}

/* ---- life ---- */

static void
rested(zr_recipe *r)
{
    zr_cache_go_on((zobo_tree_cache *)r);
}

static void
freed(zr_recipe *r)
{
    zobo_tree_cache *c = (zobo_tree_cache *)r;
    zr_nap_cancel(&c->nap);
    zr_cache_go_on(c);
}

static void
destroy(zr_recipe *r)
{
    zobo_tree_cache *c = (zobo_tree_cache *)r;
    zr_jobs_drop(c);
    zb_map_free(&c->jobs);
    zr_board_free(&c->board);
    zr_snapshot_unref(c->told);
    zr_tree_free(&c->tree);
    zr_place_unref(c->place);
    zb_free(c->path);
    zr_recipe_fini(r);
    zb_free(c);
}

static zobo_err
take_options(zobo_tree_cache *c, const zobo_tree_cache_options *options, zobo_problem *why)
{
    zobo_err err = ZB_SIZED_TAKE(&c->o, zobo_tree_cache_options, options, max_nodes, why);
    if (err)
        return err;
    if (c->o.max_depth > ZR_TREE_DEPTH)
        return zb_problem(why, ZOBO_EBADOPTION, 0, "max_depth is more than %d", (int)ZR_TREE_DEPTH);
    if (c->o.max_depth == 0)
        c->o.max_depth = ZR_TREE_DEPTH;
    return ZOBO_OK;
}

static void
free_parts(zobo_tree_cache *c)
{
    zr_board_free(&c->board);
    zr_snapshot_unref(c->told);
    zr_place_unref(c->place);
    zb_free(c);
}

zobo_err
zobo_tree_cache_new(zobo_client *client, const char *root, const zobo_tree_cache_options *options,
                    zobo_tree_cache **out, zobo_problem *why)
{
    static const zr_kind kind = {state, freed, destroy};
    zb_problem_clear(why);
    *out = NULL;
    zobo_err err = zr_check_client(client, why);
    if (!err)
        err = zr_check_path(root, why);
    if (err)
        return err;
    zobo_tree_cache *c = zb_calloc(1, sizeof *c);
    if (!c)
        return zr_no_memory(why);
    err = take_options(c, options, why);
    if (err) {
        zb_free(c);
        return err;
    }
    char uuid[ZR_UUID];
    uint64_t seed;
    zobo_uuid(client, uuid);
    memcpy(&seed, uuid, sizeof seed);
    zb_map_init(&c->jobs, seed);
    zb_list_init(&c->queue);
    c->batch = FIRST_BATCH;
    c->data_bytes = FIRST_DATA_BYTES;
    c->place = zr_place_new(root);
    if (c->place)
        c->told = zr_snapshot_new(&c->tree, c->place, &c->condition);
    if (c->told) {
        atomic_fetch_add(&c->told->refs, 1);
        zr_board_post(&c->board, c->told);
    }
    zr_nap_init(&c->nap, &c->r, rested);
    err = c->told ? zr_recipe_init(&c->r, &kind, client) : ZOBO_ENOMEM;
    if (err) {
        free_parts(c);
        return zr_explain(err, why);
    }
    *out = c;
    return ZOBO_OK;
}

void
zobo_tree_cache_free(zobo_tree_cache *cache)
{
    if (!cache)
        return;
    atomic_store(&cache->freed, true);
    zr_recipe_free(&cache->r);
}

/* If nothing is under way the client is stopped, and the request will say so. */
static void
stir(zobo_tree_cache *c)
{
    if (c->condition.failed || c->condition.current || c->watch || c->setting)
        return;
    c->nap.idle = false;
    zr_nap_wake(&c->nap);
}

static void
begin(zr_recipe *r, void *arg)
{
    zobo_tree_cache *c = (zobo_tree_cache *)r;
    (void)arg;
    if (r->gone)
        return;
    c->started = true;
    stir(c);
}

zobo_err
zobo_tree_cache_start(zobo_tree_cache *cache)
{
    if (atomic_exchange(&cache->start_asked, true))
        return ZOBO_EALREADY;
    zobo_err err = zr_post(&cache->r, begin, NULL);
    if (err)
        atomic_store(&cache->start_asked, false);
    return err;
}

static void
begin_wait(zr_op *op)
{
    zobo_tree_cache *c = (zobo_tree_cache *)op->recipe;
    if (!c->started)
        zr_op_end(op, ZOBO_ENOTSTARTED, NULL);
    else if (c->condition.failed || c->condition.current)
        zr_op_end(op, c->condition.failed, NULL);
    else
        stir(c);
}

zobo_err
zobo_tree_cache_wait_async(zobo_tree_cache *cache, const zobo_how *how, zobo_call **call)
{
    zr_op *op = zb_calloc(1, sizeof *op);
    if (op)
        op->begin = begin_wait;
    return zr_op_start(&cache->r, op, how, call);
}

zobo_err
zobo_tree_cache_wait(zobo_tree_cache *cache, uint32_t timeout_ms)
{
    zobo_how how = zr_how(timeout_ms);
    zobo_call *call;
    zobo_err err = zobo_tree_cache_wait_async(cache, &how, &call);
    return zr_wait(err, call, NULL);
}
