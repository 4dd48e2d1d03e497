/* SPDX-License-Identifier: Apache-2.0 */
/* What the session's events ask for: connecting, looking names up, ending calls, telling watchers and listeners. Runs
 * on the driver, under the lock. Nothing here calls the user: callbacks are queued, inline ones collected. */
#include <stdio.h>

#include "client/client.h"
#include "io/names.h"

static void
connect_to(zobo_client *c, const zb_event *ev, zb_time now)
{
    zobo_err err = ZOBO_OK;
    int sys = 0;
    bool done = false;
    const zb_hosts *hosts = zb_session_hosts(c->session);
    zb_close_link(c);
    c->peer = *ev->addr;
    c->has_peer = true;
    c->peer_name[0] = 0;
    if (ev->host < hosts->n)
        (void)zb_hosts_describe(&hosts->items[ev->host], c->peer_name, sizeof c->peer_name);
    c->fd = zb_sock_connect(ev->addr, c->keepalive, &done, &err, &sys);
    if (c->fd < 0)
        zb_session_link(c->session, ZB_LINK_DOWN, err, sys, now);
    else if (done)
        zb_session_link(c->session, ZB_LINK_UP, ZOBO_OK, 0, now);
    else
        c->connecting = true;
}

static void
resolve(zobo_client *c, size_t i, zb_time now)
{
    const zb_hosts *hosts = zb_session_hosts(c->session);
    const zb_host *h = &hosts->items[i];
    zb_addr addr;
    zobo_err err = ZOBO_OK;
    int sys = 0;
    c->resolve_serial++;
    if (zb_name_literal(h->name, h->port, h->is_unix, &addr, &err, &sys))
        zb_session_resolved(c->session, i, &addr, 1, ZOBO_OK, 0, now);
    else if (err)
        zb_session_resolved(c->session, i, NULL, 0, err, sys, now);
    else
        zb_helper_resolve(c, i, now);
}

/* False: no memory to tell. */
static bool
queue_event(zobo_client *c, const zb_event *ev, zb_link *inline_list)
{
    zb_event_item *it = zb_malloc(sizeof *it + ev->path_len + 1);
    if (!it)
        return false;
    it->item.kind = ZB_ITEM_EVENT;
    it->watch = ev->watch;
    it->type = ev->type;
    it->state = ev->type == ZOBO_EVENT_NONE ? ev->state : (zobo_state)atomic_load(&c->state);
    it->zxid = ev->zxid;
    it->last = ev->last;
    it->path_len = ev->path_len;
    memcpy(it->path, ev->path, ev->path_len);
    it->path[ev->path_len] = 0;
    if (ev->watch->watcher.flags & ZOBO_INLINE)
        zb_list_push_back(inline_list, &it->item.link);
    else
        zb_queue_item(c, &it->item);
    return true;
}

bool
zb_tell_watcher(zobo_client *c, const zb_event *ev, zb_link *inline_list)
{
    if (queue_event(c, ev, inline_list))
        return true;
    if (ev->last) { /* carries its own event: told out of order, but told */
        ev->watch->event = (int8_t)ev->type;
        ev->watch->zxid = ev->zxid;
        zb_list_push_back(&c->starved, &ev->watch->link);
        zb_call_cb_needed(c);
        return true;
    }
    zb_watch_unref(zb_session_watches(c->session), ev->watch);
    return ev->type == ZOBO_EVENT_NONE; /* the next change of state tells as much */
}

static void
state_changed(zobo_client *c, const zb_event *ev, zb_link *inline_list)
{
    atomic_store(&c->state, (int)ev->state);
    c->reason = ev->err;
    if (zobo_connected(c))
        c->has_resume = false;
    zb_queue_state(c, ev->state, inline_list);
    zb_wake_waiters(c);
}

void
zb_pull_events(zobo_client *c, zb_link *inline_list, zb_time now)
{
    zb_event ev;
    bool told_all = true, room = false;
    while (zb_session_next(c->session, &ev, now)) {
        switch (ev.kind) {
        case ZB_EV_NONE:
            break;
        case ZB_EV_DONE:
            room = true;
            zb_call_finished(c, ZB_CONTAINER_OF(ev.req, zobo_call, req), inline_list, now);
            break;
        case ZB_EV_WATCH:
            told_all = zb_tell_watcher(c, &ev, inline_list) && told_all;
            break;
        case ZB_EV_STATE:
            state_changed(c, &ev, inline_list);
            break;
        case ZB_EV_RESOLVE:
            resolve(c, ev.host, now);
            break;
        case ZB_EV_CONNECT:
            connect_to(c, &ev, now);
            break;
        case ZB_EV_DISCONNECT:
            zb_close_link(c);
            c->has_peer = false;
            c->resolve_serial++;
            break;
        case ZB_EV_PROBE:
            zb_helper_probe(c, ev.host, now);
            break;
        case ZB_EV_CLOSED:
            c->running = false;
            c->ended_by = ev.err;
            if (ev.err && ev.err != ZOBO_ENOCONNECTION)
                c->has_resume = false;
            (void)zb_promises_stop(c);
            zb_wake_waiters(c);
            break;
        }
        if (!told_all && c->fd >= 0) {
            /* A change that a persistent watcher was not told of: a new connection tells him to read again. */
            told_all = true;
            zb_close_link(c);
            zb_session_link(c->session, ZB_LINK_DOWN, ZOBO_ENOMEM, 0, now);
        }
    }
    if (room && c->room_waiters)
        zb_wake_waiters(c);
    zb_publish(c);
    if (c->event_loop)
        zb_loop_update(c);
}
