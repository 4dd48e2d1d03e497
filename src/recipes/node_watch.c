/* SPDX-License-Identifier: Apache-2.0 */
/* Following one node: see node_watch.h.
 *
 * One request at a time: first the one that sets the persistent watch, then readings for as long as one is due. What
 * goes wrong is tried again after a pause; when the client is stopped, after it is CONNECTED again. The watch is set
 * before the first reading, so nothing falls between the two. */
#include "recipes/node_watch.h"

#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"

enum { REFUSED = 10 }; /* times longer: what is refused now will not be granted soon */

static void go_on(zr_node_watch *w);

/* ---- trying again ---- */

/* True: the request did not get an answer that counts, and all has been seen to. */
static bool
failed(zr_node_watch *w, zobo_err err)
{
    zobo_class cls = zobo_err_class(err);
    if (err == ZOBO_OK || (cls == ZOBO_CLASS_REJECTED && err != ZOBO_ETHROTTLED) || err == ZOBO_ETOOBIG)
        return false;
    w->due = true;
    if (err == ZOBO_EFORKED || ((err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED) && !zobo_connected(w->r.client)))
        w->nap.idle = true;
    else
        zr_nap_take(&w->nap, 1);
    return true;
}

void
zr_node_watch_again(zr_node_watch *w)
{
    (void)failed(w, ZOBO_ENOMEM);
}

/* ---- events ---- */

static bool
is_relevant(const zr_node_watch *w, zobo_event_type type)
{
    return type == ZOBO_EVENT_CREATED || type == ZOBO_EVENT_DELETED ||
           type == (w->children ? ZOBO_EVENT_CHILD : ZOBO_EVENT_CHANGED);
}

static void
on_event(zr_node_watch *w, int which, const zobo_event *event)
{
    if (event->last)
        w->stands[which] = NULL;
    if (event->last && (event->type == ZOBO_EVENT_NONE || event->type >= ZOBO_EVENT_DATA_WATCH_REMOVED))
        w->due = true; /* the session is lost, or somebody has taken it: it is to be set again */
    if (is_relevant(w, event->type)) {
        w->cause = (zr_cause){true, event->type, event->state, event->zxid};
        w->due = true;
        w->nap.tries = 0;
    }
    if (w->due)
        zr_nap_wake(&w->nap);
}

static void
on_persistent(void *owner, const zobo_event *event)
{
    on_event(owner, ZR_STANDS_PERSISTENT, event);
}

static void
on_data(void *owner, const zobo_event *event)
{
    on_event(owner, ZR_STANDS_DATA, event);
}

static void
on_children(void *owner, const zobo_event *event)
{
    on_event(owner, ZR_STANDS_CHILDREN, event);
}

/* The watcher to be given to the request; NULL: it stands already, or there is no memory (then stands[] is empty). */
static const zobo_watcher *
watcher_for(zr_node_watch *w, int which)
{
    static zr_watch_fn *const fns[] = {on_persistent, on_data, on_children};
    if (w->stands[which])
        return NULL;
    w->stands[which] = zr_watch_new_at(&w->r, w->path, fns[which], w);
    w->setting[which] = w->stands[which] != NULL;
    return w->stands[which] ? zr_watch_watcher(w->stands[which]) : NULL;
}

/* The request that was to set it has ended. */
static void
settle(zr_node_watch *w, int which, bool is_set)
{
    static const zobo_watch_kind kinds[] = {ZOBO_WATCH_PERSISTENT, ZOBO_WATCH_DATA, ZOBO_WATCH_CHILDREN};
    if (!w->setting[which])
        return;
    w->setting[which] = false;
    zr_watch *watch = w->stands[which];
    if (!is_set)
        w->stands[which] = NULL;
    zr_watch_set(watch, w->path, kinds[which], is_set);
}

/* ---- requests ---- */

static void
tell(zr_node_watch *w, zobo_err err, const zobo_reply *reply)
{
    zr_cause cause = w->cause;
    w->cause.is_set = false;
    if (!err || err == ZOBO_ENONODE)
        w->nap.tries = 0;
    w->seen(w, err, reply, &cause);
    if (err && err != ZOBO_ENONODE) {
        zr_nap_take(&w->nap, REFUSED);
        w->due = true;
    }
}

/* Begins a done function. */
static zr_node_watch *
back(void *arg)
{
    zr_node_watch *w = arg;
    w->busy = false;
    return w;
}

static void
end_step(zr_node_watch *w)
{
    go_on(w);
    zr_unref(&w->r);
}

/* Takes note of what came of submitting a request. */
static void
sent(zr_node_watch *w, zobo_err err, zobo_done_fn *done)
{
    w->busy = true;
    zr_ref(&w->r);
    if (err)
        done(w, err, NULL);
}

static void
added(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_node_watch *w = back(arg);
    (void)reply;
    settle(w, ZR_STANDS_PERSISTENT, err == ZOBO_OK);
    if (err == ZOBO_EUNIMPLEMENTED)
        w->one_shot = true;
    else if (!failed(w, err) && err) /* refused: no server does that, but then it is one-shot watches */
        w->one_shot = true;
    end_step(w);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_node_watch *w = back(arg);
    (void)reply;
    settle(w, ZR_STANDS_DATA, err == ZOBO_OK || err == ZOBO_ENONODE);
    if (failed(w, err) || w->r.gone) {
        /* later, or never */
    } else if (err == ZOBO_OK) {
        w->due = true; /* it has come in the meantime */
    } else {
        tell(w, err, NULL);
    }
    end_step(w);
}

/* A missing node, and one-shot watches: only exists can wait for it. */
static bool
look(zr_node_watch *w)
{
    zobo_how how = {.done = looked, .arg = w, .flags = ZOBO_INLINE};
    const zobo_watcher *watcher = watcher_for(w, ZR_STANDS_DATA);
    if (!watcher)
        return false;
    sent(w, zobo_exists_async(w->r.client, w->path, watcher, &how, NULL), looked);
    return true;
}

static void
got(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_node_watch *w = back(arg);
    settle(w, w->children ? ZR_STANDS_CHILDREN : ZR_STANDS_DATA, err == ZOBO_OK);
    if (failed(w, err) || w->r.gone) {
        /* later, or never */
    } else if (err == ZOBO_ENONODE && w->one_shot && !w->stands[ZR_STANDS_DATA]) {
        if (!look(w) && !failed(w, ZOBO_ENOMEM))
            w->due = true;
    } else {
        tell(w, err, reply);
    }
    end_step(w);
}

static void
read_it(zr_node_watch *w)
{
    zobo_how how = {.done = got, .arg = w, .flags = ZOBO_INLINE};
    int which = w->children ? ZR_STANDS_CHILDREN : ZR_STANDS_DATA;
    const zobo_watcher *watcher = w->one_shot ? watcher_for(w, which) : NULL;
    zobo_err err = w->one_shot && !w->stands[which] ? ZOBO_ENOMEM : ZOBO_OK;
    w->due = false;
    if (!err && w->children)
        err = zobo_get_children_async(w->r.client, w->path, watcher, &how, NULL);
    else if (!err)
        err = zobo_get_async(w->r.client, w->path, watcher, &how, NULL);
    sent(w, err, got);
}

static void
add_watch(zr_node_watch *w)
{
    zobo_how how = {.done = added, .arg = w, .flags = ZOBO_INLINE};
    const zobo_watcher *watcher = watcher_for(w, ZR_STANDS_PERSISTENT);
    zobo_err err = ZOBO_ENOMEM;
    if (watcher)
        err = zobo_add_watch_async(w->r.client, w->path, ZOBO_PERSISTENT, watcher, &how, NULL);
    w->due = true;
    sent(w, err, added);
}

/* What is to be done next, if anything. */
static void
go_on(zr_node_watch *w)
{
    if (w->busy || zr_nap_rests(&w->nap) || w->r.gone) {
        if (w->r.gone && !w->busy)
            zr_node_watch_freed(&w->r);
        return;
    }
    if (!w->one_shot && !w->stands[ZR_STANDS_PERSISTENT])
        add_watch(w);
    else if (w->due)
        read_it(w);
}

static void
rested(zr_recipe *r)
{
    go_on((zr_node_watch *)r);
}

/* ---- life ---- */

void
zr_node_watch_state(zr_recipe *r, zobo_state state)
{
    zr_node_watch *w = (zr_node_watch *)r;
    if (state != ZOBO_CONNECTED && state != ZOBO_CONNECTED_RO)
        return;
    zr_nap_connected(&w->nap);
    w->due = w->due || !w->one_shot; /* nobody says what a persistent watch has missed; one-shot ones fire then */
    zr_nap_wake(&w->nap);
}

/* Takes back what stands; what is just being set, when that has ended. */
void
zr_node_watch_freed(zr_recipe *r)
{
    zr_node_watch *w = (zr_node_watch *)r;
    zr_nap_cancel(&w->nap);
    for (int i = 0; i < ZR_STANDS; i++) {
        if (!w->setting[i]) {
            zr_watch_drop(w->stands[i]);
            w->stands[i] = NULL;
        }
    }
}

zobo_err
zr_watch_options_take(zobo_watch_options *to, const zobo_watch_options *from, zobo_problem *why)
{
    return ZB_SIZED_TAKE(to, zobo_watch_options, from, quiet_ms, why);
}

zobo_err
zr_node_watch_init(zr_node_watch *w, const zr_kind *kind, zobo_client *client, const char *path, bool children,
                   const zobo_watch_options *options, zr_seen_fn *seen, zobo_problem *why)
{
    zobo_watch_options o;
    zobo_err err = zr_check_client(client, why);
    if (!err)
        err = zr_check_path(path, why);
    if (!err)
        err = zr_watch_options_take(&o, options, why);
    if (err)
        return err;
    w->path = zr_strdup(path);
    w->children = children;
    w->one_shot = o.one_shot;
    w->seen = seen;
    zr_nap_init(&w->nap, &w->r, rested);
    err = w->path ? zr_recipe_init(&w->r, kind, client) : ZOBO_ENOMEM;
    if (err) {
        zb_free(w->path);
        return zr_explain(err, why);
    }
    return ZOBO_OK;
}

void
zr_node_watch_go(zr_node_watch *w)
{
    w->due = true;
    if (!w->nap.call)
        go_on(w);
}

static void
first_step(zr_recipe *r, void *arg)
{
    (void)arg;
    zr_node_watch_go((zr_node_watch *)r);
}

zobo_err
zr_node_watch_begin(zr_node_watch *w)
{
    return zr_post(&w->r, first_step, NULL);
}

void
zr_node_watch_fini(zr_node_watch *w)
{
    zr_recipe_fini(&w->r);
    zb_free(w->path);
}
