/* SPDX-License-Identifier: Apache-2.0 */
/* Persistent watches, and taking watches back.
 *
 * Taking one back is first of all a matter of our own table; the server is told only when nothing here needs its watch
 * any more, and nothing under way may come to need it: else the session tells it when that has been decided. */
#include "client/client.h"

static zobo_err
order_add(zobo_client *c, zb_order *o, struct zb_add_watch_request *r, const char *path, zobo_watch_mode mode,
          const zobo_watcher *watcher)
{
    memset(o, 0, sizeof *o);
    zobo_err err = zobo_path_check(path, false, NULL);
    if (err)
        return err;
    if (!watcher || !zb_watcher_is_good(watcher) || (mode != ZOBO_PERSISTENT && mode != ZOBO_PERSISTENT_RECURSIVE))
        return ZOBO_EINVAL;
    r->path = zb_path_join(&c->chroot, path);
    r->mode = (int32_t)mode;
    o->op = ZB_OP_ADD_WATCH;
    o->record = r;
    o->watcher = watcher;
    o->watch_path = r->path;
    o->table = mode == ZOBO_PERSISTENT ? ZB_WATCH_PERSISTENT : ZB_WATCH_RECURSIVE;
    return ZOBO_OK;
}

zobo_err
zobo_add_watch(zobo_client *c, const char *path, zobo_watch_mode mode, const zobo_watcher *watcher)
{
    zb_order o;
    struct zb_add_watch_request r;
    zobo_err err = order_add(c, &o, &r, path, mode, watcher);
    return err ? err : zb_run_sync(c, &o, NULL, NULL, NULL);
}

zobo_err
zobo_add_watch_async(zobo_client *c, const char *path, zobo_watch_mode mode, const zobo_watcher *watcher,
                     const zobo_how *how, zobo_call **call)
{
    zb_order o;
    struct zb_add_watch_request r;
    if (call)
        *call = NULL;
    zobo_err err = order_add(c, &o, &r, path, mode, watcher);
    return err ? err : zb_run_async(c, &o, how, call);
}

/* ---- check ---- */

static zobo_err
order_watches(zobo_client *c, zb_order *o, struct zb_watches_request *r, int32_t op, const char *path,
              zobo_watch_kind kind)
{
    memset(o, 0, sizeof *o);
    zobo_err err = zobo_path_check(path, false, NULL);
    if (err)
        return err;
    if ((int)kind < ZOBO_WATCH_CHILDREN || (int)kind > ZOBO_WATCH_PERSISTENT_RECURSIVE)
        return ZOBO_EINVAL;
    r->path = zb_path_join(&c->chroot, path);
    r->type = (int32_t)kind;
    o->op = op;
    o->record = r;
    return ZOBO_OK;
}

zobo_err
zobo_check_watches(zobo_client *c, const char *path, zobo_watch_kind kind)
{
    zb_order o;
    struct zb_watches_request r;
    zobo_err err = order_watches(c, &o, &r, ZB_OP_CHECK_WATCHES, path, kind);
    return err ? err : zb_run_sync(c, &o, NULL, NULL, NULL);
}

zobo_err
zobo_check_watches_async(zobo_client *c, const char *path, zobo_watch_kind kind, const zobo_how *how, zobo_call **call)
{
    zb_order o;
    struct zb_watches_request r;
    if (call)
        *call = NULL;
    zobo_err err = order_watches(c, &o, &r, ZB_OP_CHECK_WATCHES, path, kind);
    return err ? err : zb_run_async(c, &o, how, call);
}

/* ---- remove ---- */

/* Each watcher taken out is told its last event. */
static void
tell_removed(zobo_client *c, zb_link *removed)
{
    zb_link *l;
    while ((l = zb_list_pop_front(removed)) != NULL) {
        zb_watch *w = ZB_CONTAINER_OF(l, zb_watch, link);
        zb_event ev = {
            .kind = ZB_EV_WATCH, .watch = w, .type = (zobo_event_type)w->event, .zxid = w->zxid, .last = true};
        ev.path = zb_watch_path(w, &ev.path_len);
        (void)zb_tell_watcher(c, &ev, &c->inline_pending); /* a last event is always told */
    }
    zb_ended_outside(c);
}

static unsigned
tables_of(const zb_link *removed)
{
    unsigned tables = 0;
    for (zb_link *l = removed->next; l != removed; l = l->next)
        tables |= 1U << ZB_CONTAINER_OF(l, zb_watch, link)->table;
    return tables;
}

/* The watchers are gone here whatever came of telling the server. */
static void
removal_done(void *arg, zobo_err err, zobo_reply *reply)
{
    (void)err;
    (void)reply;
    zb_compound_end(arg, ZOBO_OK, NULL);
}

zobo_err
zobo_remove_watches_async(zobo_client *c, const char *path, zobo_watch_kind kind, const zobo_watcher *watcher,
                          const zobo_how *how, zobo_call **out)
{
    zb_order o;
    struct zb_watches_request r;
    zobo_call *call;
    zb_link removed;
    if (out)
        *out = NULL;
    zobo_err err = order_watches(c, &o, &r, ZB_OP_REMOVE_WATCHES, path, kind);
    if (!err)
        err = zb_compound_new(c, how, out != NULL, &call);
    if (err)
        return err;
    zb_list_init(&removed);
    zb_lock(c);
    zb_watches *watches = zb_session_watches(c->session);
    size_t n = zb_watches_remove(watches, r.path, kind, watcher, &removed, NULL);
    if (!n) {
        zb_unlock(c);
        zb_compound_discard(call);
        return ZOBO_ENOWATCHER;
    }
    if (out)
        *out = call;
    /* Without a connection there is nothing to take back: only what stands in our table is set again on the next one.
     * The server is asked before anybody hears of the removal: who then sets a watch again must come after it. */
    if (zb_session_linked(c->session)) {
        zb_watches_renounce(watches, r.path, tables_of(&removed));
        r.type = zb_watches_surplus(watches, r.path);
    } else {
        r.type = 0;
    }
    bool over = !r.type || zb_run_step_locked(call, &o, false, removal_done, call);
    tell_removed(c, &removed);
    zb_unlock(c);
    if (over)
        zb_compound_end(call, ZOBO_OK, NULL);
    return ZOBO_OK;
}

zobo_err
zobo_remove_watches(zobo_client *c, const char *path, zobo_watch_kind kind, const zobo_watcher *watcher)
{
    zobo_call *call = NULL;
    zobo_err err = zb_may_begin(c);
    if (!err)
        err = zobo_remove_watches_async(c, path, kind, watcher, NULL, &call);
    return zb_sync_of(err, call, NULL);
}
