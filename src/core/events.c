/* SPDX-License-Identifier: Apache-2.0 */
/* The events queued for the owner.
 *
 * Nothing here allocates when an event is made, for a million watches may have to be told: requests and one-shot
 * watches carry their links, persistent watches are gone through by a cursor (zb_watches_tell), what is to be done
 * with the link are flags. Frames are not looked at before all that is queued has been pulled. The order is that of
 * what happened: what a frame fired, then the change of state, then what ended with it, then what the link is to do,
 * and the end. */
#include "core/session_internal.h"

void
zb_events_state(zb_session *s, zobo_state state, zobo_err err)
{
    if (s->state == state)
        return;
    s->state = state;
    if (s->n_states == ZB_STATES_MAX) /* an owner who never pulls is told of the latest */
        s->n_states--;
    s->states[s->n_states].state = state;
    s->states[s->n_states].err = err;
    s->n_states++;
    s->urgent = true;
}

/* The event's path is kept for the watches that are told one by one. */
static bool
keep_path(zb_session *s, const void *path, size_t len)
{
    if (len > s->fired_path_cap) {
        char *p = zb_realloc(s->fired_path, len);
        if (!p)
            return false;
        s->fired_path = p;
        s->fired_path_cap = len;
    }
    if (len)
        memcpy(s->fired_path, path, len);
    s->fired_path_len = len;
    return true;
}

/* Frames come one at a time and only when `fired` has been gone through, so it is empty here. */
static bool
fire(zb_session *s, const struct zb_watcher_event *e, int64_t zxid)
{
    s->fired.n = s->fired_at = 0;
    size_t len = e->path.n > 0 ? (size_t)e->path.n : 0;
    if (s->watches.n_persistent > 0 && !keep_path(s, e->path.p, len))
        return false;
    if (!zb_watches_fire(&s->watches, e->path.p, len, (zobo_event_type)e->type, zxid, &s->last_events, &s->fired))
        return false;
    for (size_t i = 0; i < s->fired.n; i++)
        s->fired.items[i]->refs++;
    s->fired_type = (zobo_event_type)e->type;
    s->fired_zxid = zxid;
    s->urgent = s->urgent || s->fired.n > 0 || !zb_list_empty(&s->last_events);
    return true;
}

bool
zb_events_fire(zb_session *s, zb_reader body, int64_t zxid, zobo_err *why)
{
    struct zb_watcher_event e;
    zb_get_watcher_event(&body, &e);
    s->stats.events++;
    if (body.bad) {
        *why = ZOBO_EPROTOCOL;
        return false;
    }
    if (e.type < ZOBO_EVENT_CREATED || e.type > ZOBO_EVENT_CHILD) {
        ZB_LOG(&s->log, ZOBO_LOG_WARN, "an event of the unknown type %d is ignored", (int)e.type);
        return true;
    }
    if (!fire(s, &e, zxid)) {
        *why = ZOBO_ENOMEM;
        return false;
    }
    zb_req_take_back(s, e.path.p, e.path.n > 0 ? (size_t)e.path.n : 0);
    return true;
}

static bool
pull_fired(zb_session *s, zb_event *ev)
{
    while (s->fired_at < s->fired.n) {
        zb_watch *watch = s->fired.items[s->fired_at++];
        if (watch->removed) {
            zb_watch_unref(&s->watches, watch);
            continue;
        }
        ev->kind = ZB_EV_WATCH;
        ev->watch = watch;
        ev->type = s->fired_type;
        ev->zxid = s->fired_zxid;
        ev->state = s->state;
        ev->path = s->fired_path;
        ev->path_len = s->fired_path_len;
        return true;
    }
    return false;
}

static bool
pull_telling(zb_session *s, zb_event *ev)
{
    if (!s->telling)
        return false;
    zb_watch *watch = zb_watches_tell_next(&s->watches);
    if (!watch) {
        s->telling = false;
        return false;
    }
    ev->kind = ZB_EV_WATCH;
    ev->watch = watch;
    ev->type = ZOBO_EVENT_NONE;
    ev->zxid = -1;
    ev->state = s->told;
    ev->path = zb_watch_path(watch, &ev->path_len);
    return true;
}

static bool
pull_state(zb_session *s, zb_event *ev)
{
    if (s->n_states == 0)
        return false;
    ev->kind = ZB_EV_STATE;
    ev->state = s->states[0].state;
    ev->err = s->states[0].err;
    s->n_states--;
    memmove(&s->states[0], &s->states[1], s->n_states * sizeof s->states[0]);
    s->telling = true;
    s->told = ev->state;
    zb_watches_tell(&s->watches);
    return true;
}

static bool
pull_done(zb_session *s, zb_event *ev)
{
    zb_link *link = zb_list_pop_front(&s->done);
    if (!link)
        return false;
    ev->kind = ZB_EV_DONE;
    ev->req = ZB_CONTAINER_OF(link, zb_req, link);
    ev->err = ev->req->err;
    return true;
}

static bool
pull_last(zb_session *s, zb_event *ev)
{
    zb_link *link = zb_list_pop_front(&s->last_events);
    if (!link)
        return false;
    zb_watch *watch = ZB_CONTAINER_OF(link, zb_watch, link);
    ev->kind = ZB_EV_WATCH;
    ev->watch = watch;
    ev->type = (zobo_event_type)watch->event;
    ev->zxid = watch->zxid;
    ev->state = ev->type == ZOBO_EVENT_NONE ? ZOBO_LOST : s->state;
    ev->path = zb_watch_path(watch, &ev->path_len);
    ev->last = true;
    return true;
}

static bool
pull_link(zb_session *s, zb_event *ev)
{
    ev->host = s->host < 0 ? 0 : (size_t)s->host;
    if (s->resolve_due) {
        s->resolve_due = false;
        s->asked = true;
        ev->kind = ZB_EV_RESOLVE;
        return true;
    }
    if (s->connect_due) {
        s->connect_due = false;
        s->asked = true;
        ev->kind = ZB_EV_CONNECT;
        ev->addr = &s->addrs[s->addr];
        return true;
    }
    if (s->probe_due) {
        s->probe_due = false;
        ev->kind = ZB_EV_PROBE;
        ev->host = (size_t)s->probe;
        return true;
    }
    if (s->closed_due) {
        s->closed_due = false;
        ev->kind = ZB_EV_CLOSED;
        ev->state = ZOBO_LOST;
        ev->err = s->ended_by;
        return true;
    }
    return false;
}

bool
zb_events_pull(zb_session *s, zb_event *ev)
{
    if (s->disconnect_due) {
        s->disconnect_due = false;
        ev->kind = ZB_EV_DISCONNECT;
        return true;
    }
    if (pull_fired(s, ev) || pull_telling(s, ev) || pull_state(s, ev) || pull_done(s, ev) || pull_last(s, ev) ||
        pull_link(s, ev))
        return true;
    s->urgent = false;
    return false;
}

void
zb_events_free(zb_session *s)
{
    while (s->fired_at < s->fired.n)
        zb_watch_unref(&s->watches, s->fired.items[s->fired_at++]);
    zb_free(s->fired.items);
    zb_free(s->fired_path);
    for (zb_link *l; (l = zb_list_pop_front(&s->last_events));)
        zb_watch_unref(&s->watches, ZB_CONTAINER_OF(l, zb_watch, link));
}
