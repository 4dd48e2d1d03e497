/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks. All but inline ones run one after another, in the order in which things happened, on the callback thread
 * or, for an event-loop client, in zobo_process. Replies to blocking verbs never pass through here, so a callback may
 * block. */
#include "client/client.h"

bool
zb_on_callback_thread(const zobo_client *c)
{
    return c->in_callbacks && pthread_equal(c->cb_thread, pthread_self());
}

void
zb_call_cb_needed(zobo_client *c)
{
    if (c->event_loop && !c->in_process)
        zb_loop_wake(c);
    if (c->cb_asleep) {
        c->cb_asleep = false;
        pthread_cond_signal(&c->cb_cond);
    }
}

void
zb_queue_item(zobo_client *c, zb_item *item)
{
    zb_list_push_back(&c->queue, &item->link);
    c->undelivered++;
    zb_call_cb_needed(c);
}

/* The item to be queued; NULL: the listeners are sixteen changes behind, and the latest one takes the place of the one
 * before it. */
static zb_state_item *
put_state(zb_state_ring *ring, zobo_state state, uint64_t seq)
{
    bool full = ring->n == ZB_STATE_ITEMS;
    ring->n += !full;
    zb_state_item *it = &ring->items[(ring->first + ring->n - 1) % ZB_STATE_ITEMS];
    it->item.kind = ZB_ITEM_STATE;
    it->ring = ring;
    it->state = state;
    it->seq = seq;
    return full ? NULL : it;
}

void
zb_queue_state(zobo_client *c, zobo_state state, zb_link *inline_list)
{
    zb_state_item *it = put_state(&c->states, state, ++c->state_seq);
    if (it)
        zb_queue_item(c, &it->item);
    it = put_state(&c->inline_states, state, c->state_seq);
    if (it)
        zb_list_push_back(inline_list, &it->item.link);
}

/* ---- telling ---- */

static void
tell_watch(zobo_client *c, zb_watch *w, zobo_event_type type, zobo_state state, int64_t zxid, bool last,
           const char *path, size_t len)
{
    const char *view;
    size_t view_len;
    zobo_event ev = {.type = type, .state = state, .zxid = zxid, .last = last};
    (void)zb_path_strip(&c->chroot, path, len, &view, &view_len);
    ev.path = view_len ? view : "/"; /* the tail of a terminated string */
    w->watcher.fn(w->watcher.arg, &ev);
}

static void
run_event(zobo_client *c, zb_event_item *it)
{
    zb_lock(c);
    bool skip = it->watch->removed && !it->last;
    zb_unlock(c);
    if (!skip)
        tell_watch(c, it->watch, it->type, it->state, it->zxid, it->last, it->path, it->path_len);
    zb_lock(c);
    zb_watch_unref(zb_session_watches(c->session), it->watch);
    zb_unlock(c);
    zb_free(it);
}

static void
run_call(zobo_call *call, zb_link *spent)
{
    if (call->step) {
        zobo_reply *reply = call->req.reply;
        call->req.reply = NULL;
        call->step(call->arg, call->req.err, reply);
    } else {
        call->fn(call->arg, call->req.err, call->req.reply);
    }
    zb_call_unref_to(call, spent);
}

/* Calls each listener there is, minding that they may add and remove listeners, themselves included. */
static void
run_state(zobo_client *c, zb_state_item *it)
{
    zb_lock(c);
    zobo_state state = it->state;
    uint64_t seq = it->seq;
    zb_state_ring *ring = it->ring;
    ring->first = (ring->first + 1) % ZB_STATE_ITEMS;
    ring->n--;
    zb_listener mark = {.fn = NULL}; /* our place in the list, safe whatever is removed */
    zb_list_push_front(&c->listeners, &mark.link);
    while (mark.link.next != &c->listeners) {
        zb_listener *l = ZB_CONTAINER_OF(mark.link.next, zb_listener, link);
        zb_list_remove(&mark.link);
        zb_list_push_front(&l->link, &mark.link);
        if (!l->fn || seq <= l->since || l->is_inline != ring->is_inline) /* without a function: another mark */
            continue;
        ring->running = l;
        zb_unlock(c);
        l->fn(l->arg, state);
        zb_lock(c);
        ring->running = NULL;
        if (c->cb_idle_waiters)
            pthread_cond_broadcast(&c->cb_idle);
        if (l->removed)
            zb_free(l);
    }
    zb_list_remove(&mark.link);
    zb_unlock(c);
}

void
zb_run_items(zobo_client *c, zb_link *items, zb_link *spent)
{
    zb_link *l;
    while ((l = zb_list_pop_front(items)) != NULL) {
        zb_item *it = ZB_CONTAINER_OF(l, zb_item, link);
        switch ((zb_item_kind)it->kind) {
        case ZB_ITEM_CALL:
            run_call(ZB_CONTAINER_OF(it, zobo_call, item), spent);
            break;
        case ZB_ITEM_EVENT:
            run_event(c, ZB_CONTAINER_OF(it, zb_event_item, item));
            break;
        case ZB_ITEM_STATE:
            run_state(c, ZB_CONTAINER_OF(it, zb_state_item, item));
            break;
        case ZB_ITEM_GIVE_UP:
            zb_promise_give_up(c, it);
            break;
        }
    }
}

/* One-shot watches whose event could not be queued. Locked; unlocks. */
static void
run_starved(zobo_client *c)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&c->starved)) != NULL) {
        zb_watch *w = ZB_CONTAINER_OF(l, zb_watch, link);
        size_t len;
        const char *path = zb_watch_path(w, &len);
        zb_unlock(c);
        tell_watch(c, w, (zobo_event_type)w->event, zobo_get_state(c), w->zxid, true, path, len);
        zb_lock(c);
        zb_watch_unref(zb_session_watches(c->session), w);
    }
}

bool
zb_run_callbacks(zobo_client *c)
{
    if (zb_list_empty(&c->queue) && zb_list_empty(&c->starved))
        return false;
    zb_link items, spent;
    zb_list_init(&items);
    zb_list_init(&spent);
    zb_list_append(&items, &c->queue);
    size_t n = c->undelivered;
    c->in_callbacks = true;
    run_starved(c);
    zb_unlock(c);
    zb_run_items(c, &items, &spent);
    zb_lock(c);
    zb_calls_keep(c, &spent);
    c->in_callbacks = false;
    c->undelivered -= n;
    if (c->room_waiters) {
        zb_wake_waiters(c);
        zb_kick(c);
    }
    return true;
}

void *
zb_callbacks(void *client)
{
    zobo_client *c = client;
    zb_lock(c);
    for (;;) {
        bool ran = zb_run_callbacks(c);
        if (c->close_asked)
            break;
        if (ran)
            continue;
        if (c->cb_quit)
            break;
        c->cb_asleep = true;
        pthread_cond_wait(&c->cb_cond, &c->lock);
        c->cb_asleep = false;
    }
    bool close = c->close_asked;
    zb_unlock(c);
    if (close) {
        /* zobo_close was called in a callback, and that has returned: nobody is left who could join this thread. */
        pthread_detach(pthread_self());
        zb_close_now(c);
    }
    return NULL;
}

/* ---- listeners ---- */

static zb_listener *
find_listener(zobo_client *c, zobo_listener_fn *fn, void *arg)
{
    for (zb_link *l = c->listeners.next; l != &c->listeners; l = l->next) {
        zb_listener *it = ZB_CONTAINER_OF(l, zb_listener, link);
        if (it->fn == fn && it->arg == arg)
            return it;
    }
    return NULL;
}

static zobo_err
add_listener(zobo_client *c, zobo_listener_fn *fn, void *arg, bool is_inline)
{
    zobo_err err = zb_check_process(c);
    if (err)
        return err;
    if (!fn)
        return ZOBO_EINVAL;
    zb_listener *l = zb_calloc(1, sizeof *l);
    if (!l)
        return ZOBO_ENOMEM;
    l->fn = fn;
    l->arg = arg;
    l->is_inline = is_inline;
    zb_lock(c);
    l->since = c->state_seq;
    if (find_listener(c, fn, arg))
        zb_free(l);
    else
        zb_list_push_back(&c->listeners, &l->link);
    zb_unlock(c);
    return ZOBO_OK;
}

zobo_err
zobo_add_listener(zobo_client *c, zobo_listener_fn *fn, void *arg)
{
    return add_listener(c, fn, arg, false);
}

zobo_err
zobo_add_inline_listener(zobo_client *c, zobo_listener_fn *fn, void *arg)
{
    return add_listener(c, fn, arg, true);
}

/* The listener in question runs on another thread just now. Locked. */
static bool
runs_elsewhere(zobo_client *c, const zb_state_ring *ring, zobo_listener_fn *fn, void *arg)
{
    const zb_listener *l = ring->running;
    return l && l->fn == fn && l->arg == arg && !(ring->is_inline ? zb_in_inline(c) : zb_on_callback_thread(c));
}

void
zobo_remove_listener(zobo_client *c, zobo_listener_fn *fn, void *arg)
{
    if (!fn || zb_check_process(c)) /* no listener; and the mark in run_state has none */
        return;
    zb_lock(c);
    zb_listener *l = find_listener(c, fn, arg);
    if (l) {
        zb_list_remove(&l->link);
        if (c->states.running == l || c->inline_states.running == l)
            l->removed = true; /* freed by whoever runs it */
        else
            zb_free(l);
    }
    /* Also when it is not on the list: another thread may just have taken it off. */
    while (runs_elsewhere(c, &c->states, fn, arg) || runs_elsewhere(c, &c->inline_states, fn, arg)) {
        c->cb_idle_waiters++;
        pthread_cond_wait(&c->cb_idle, &c->lock);
        c->cb_idle_waiters--;
    }
    zb_unlock(c);
}
