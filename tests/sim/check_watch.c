/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of watches: told once, told of something that happened, never missed.
 *
 * What a client is fed is read a second time here ("tapped"), apart from the session: for each event frame it is noted
 * which watchers are owed what, and after the session's events have been pulled both must agree. At the end, with
 * everybody connected, a watcher still waiting must have nothing to wait for: what it watches is as it was, and the
 * server has its watch. */
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

bool
watcher_matches(const watcher *w, int32_t type, const char *path, size_t len)
{
    size_t n = strlen(w->path);
    bool same = n == len && memcmp(w->path, path, len) == 0;
    switch (w->table) {
    case ZB_WATCH_DATA:
    case ZB_WATCH_EXIST:
        return same && type != ZOBO_EVENT_CHILD;
    case ZB_WATCH_CHILD:
        return same && (type == ZOBO_EVENT_CHILD || type == ZOBO_EVENT_DELETED);
    case ZB_WATCH_PERSISTENT:
        return same;
    default:
        return type != ZOBO_EVENT_CHILD &&
               (same || n == 1 || (len > n && memcmp(w->path, path, n) == 0 && path[n] == '/'));
    }
}

static bool
once(const watcher *w)
{
    return w->table != ZB_WATCH_PERSISTENT && w->table != ZB_WATCH_RECURSIVE;
}

/* --- the tap ------------------------------------------------------------------------------------------------------ */

static void
tap_event(client *c, zb_reader *r)
{
    struct zb_watcher_event e;
    zb_get_watcher_event(r, &e);
    c->batch = model_grow(c->batch, &c->cap_batch, c->n_batch, sizeof *c->batch);
    c->batch[c->n_batch++] = (seen_event){e.type, model_strndup(e.path.p, (size_t)e.path.n)};
    for (watcher *w = c->watchers; w; w = w->next)
        if (w->registered && watcher_matches(w, e.type, e.path.p, (size_t)e.path.n) && !(once(w) && w->owed))
            w->owed++;
}

static void
tap_frame(client *c, link *l, const uint8_t *frame, size_t n)
{
    zb_reader r = zb_reader_of(frame, n);
    if (!l->tap_greeted) {
        struct zb_connect_response a;
        zb_get_connect_response(&r, &a);
        l->tap_greeted = true;
        l->creds_due = c->n_creds;
        for (const sreq *q = c->requests; q; q = q->next)
            l->creds_due += q->r.is_auth;
        c->heard_expired = a.timeout <= 0;
        return;
    }
    struct zb_reply_header h;
    zb_get_reply_header(&r, &h);
    l->tap_creds += h.xid == ZB_XID_AUTH && h.err == ZOBO_OK;
    if (h.xid == ZB_XID_EVENT)
        tap_event(c, &r);
}

/* Follows the frames of a link until its garbage, if it has some, begins. */
bool
check_tap(client *c, link *l, const uint8_t *data, size_t n)
{
    mbytes_add(&l->tap, data, n);
    size_t at = 0;
    while (l->tap.n - at >= 4) {
        uint32_t len = zb_load32(l->tap.p + at);
        if (l->garbage && len > 0xffffff)
            return true;
        if (l->tap.n - at - 4 < len)
            break;
        if (l->garbage && !l->tap_greeted && len < 36) /* too short for a greeting */
            return true;
        if (l->garbage && l->tap_greeted &&
            (len < 16 || (len == 20 && zb_load32(l->tap.p + at + 4) == 0xffffffffU) ||
             zb_load32(l->tap.p + at + 4) == 0x70000001U))
            return true;
        tap_frame(c, l, l->tap.p + at + 4, len);
        at += 4 + len;
    }
    memmove(l->tap.p, l->tap.p + at, l->tap.n - at);
    l->tap.n -= at;
    return false;
}

/* --- deliveries --------------------------------------------------------------------------------------------------- */

/* Has anything happened since it was armed that this event (0: any) tells of? After a reconnect a node that was deleted
 * and created again counts as changed. */
static bool
happened(const sim *s, const watcher *w, int32_t type, const char *path)
{
    const mnode *n = model_node(&s->m, path);
    for (size_t i = 0; n && i < n->n_events; i++) {
        const mhappening *h = &n->events[i];
        if (h->generation > w->generation || (h->generation == w->generation && h->zxid > w->since)) {
            if (type == 0 || h->type == type || (h->type == ZOBO_EVENT_CREATED && type != ZOBO_EVENT_DELETED))
                return true;
        }
    }
    return false;
}

static void
told_change(client *c, watcher *w, const zb_event *ev)
{
    sim *s = c->sim;
    bool fed = false;
    for (size_t i = 0; i < c->n_batch && !fed; i++)
        fed = c->batch[i].type == (int32_t)ev->type && strlen(c->batch[i].path) == ev->path_len &&
              memcmp(c->batch[i].path, ev->path, ev->path_len) == 0 &&
              watcher_matches(w, c->batch[i].type, c->batch[i].path, ev->path_len);
    if (!fed)
        sim_fail(s, "client %u: watcher %u is told of what no frame says", (unsigned)c->index, w->number);
    char path[MODEL_PATH_MAX];
    snprintf(path, sizeof path, "%.*s", (int)ev->path_len, ev->path);
    if (!w->unsure && once(w) && !happened(s, w, (int32_t)ev->type, path))
        sim_fail(s, "client %u: watcher %u is told of what happened before it was armed", (unsigned)c->index,
                 w->number);
    w->told++;
    c->told++;
}

static void
told_none(client *c, watcher *w, const zb_event *ev)
{
    sim *s = c->sim;
    w->nones++;
    if (ev->state != c->state)
        sim_fail(s, "client %u: watcher %u is told of %s in %s", (unsigned)c->index, w->number,
                 zobo_state_name(ev->state), zobo_state_name(c->state));
    if (once(w) && (ev->state != ZOBO_LOST || !ev->last))
        sim_fail(s, "client %u: watcher %u ends, but the session is %s", (unsigned)c->index, w->number,
                 zobo_state_name(ev->state));
}

void
work_told(client *c, const zb_event *ev)
{
    sim *s = c->sim;
    watcher *w = work_watcher(c, ev->watch->watcher.arg);
    if (!w) {
        sim_fail(s, "client %u: tells a watcher that is none", (unsigned)c->index);
        return;
    }
    sim_trace(s, "client %u: watcher %u (table %u) is told %s %.*s%s", (unsigned)c->index, w->number, w->table,
              zobo_event_name(ev->type), (int)(ev->path_len < 40 ? ev->path_len : 40), ev->path,
              ev->last ? ", its last" : "");
    if (w->over || (!w->registered && !w->unsure))
        sim_fail(s, "client %u: watcher %u is told something, but is not registered", (unsigned)c->index, w->number);
    if (ev->type == ZOBO_EVENT_NONE)
        told_none(c, w, ev);
    else
        told_change(c, w, ev);
    if (once(w) && !ev->last)
        sim_fail(s, "client %u: watcher %u: one shot, but not the last", (unsigned)c->index, w->number);
    if (!once(w) && ev->last && !c->stopping && c->started && ev->type != ZOBO_EVENT_NONE)
        sim_fail(s, "client %u: watcher %u ends by itself", (unsigned)c->index, w->number);
    if (ev->last) {
        w->registered = false;
        w->withdrawn = true;
        w->over = w->asking == 0;
    }
    zb_watch_unref(zb_session_watches(c->s), ev->watch);
    if (!s->healed && c->started && !c->stopping && sim_chance(s, 3))
        work_remove_watcher(c); /* as callbacks do; others may still have to be told of the same */
}

void
check_batch(client *c)
{
    sim *s = c->sim;
    for (watcher *w = c->watchers; w; w = w->next) {
        bool free_to = w->fresh || w->unsure || s->ever_oom;
        if (w->told > w->owed && !free_to)
            sim_fail(s, "client %u: watcher %u is told %u times of %u events", (unsigned)c->index, w->number, w->told,
                     w->owed);
        if (w->told < w->owed && !free_to && !w->withdrawn)
            sim_fail(s, "client %u: watcher %u is told of %u of %u events", (unsigned)c->index, w->number, w->told,
                     w->owed);
        if (!once(w) && w->registered && !w->fresh && w->nones != c->state_changes)
            sim_fail(s, "client %u: watcher %u is told of %u of %u changes of state", (unsigned)c->index, w->number,
                     w->nones, c->state_changes);
        if (once(w) && w->registered && c->state == ZOBO_LOST && !c->stopping)
            sim_fail(s, "client %u: watcher %u outlives its session", (unsigned)c->index, w->number);
        w->owed = w->told = w->nones = 0;
        w->fresh = w->withdrawn = false;
    }
    for (size_t i = 0; i < c->n_batch; i++)
        free(c->batch[i].path);
    c->n_batch = 0;
    c->state_changes = 0;
}

/* --- on the server ------------------------------------------------------------------------------------------------ */

static unsigned
armed_as(const watcher *w)
{
    static const unsigned bits[] = {0, MWATCH_DATA, MWATCH_DATA, MWATCH_CHILD, MWATCH_PERSISTENT, MWATCH_RECURSIVE};
    return bits[w->table];
}

static bool
has_changed(const sim *s, const watcher *w)
{
    const mnode *n = model_node(&s->m, w->path);
    bool exists = n && n->now.exists;
    switch (w->table) {
    case ZB_WATCH_DATA:
        return !exists || n->now.stat.mzxid > w->since;
    case ZB_WATCH_EXIST:
        return exists;
    case ZB_WATCH_CHILD:
        return !exists || n->now.stat.pzxid > w->since;
    default:
        return false;
    }
}

/* What the server has armed, it has sent no event for: then there must have been nothing to tell. */
static void
check_armed(client *c, const mconn *conn)
{
    sim *s = c->sim;
    for (const watcher *w = c->watchers; w; w = w->next)
        if (w->registered && !w->unsure && w->generation == s->m.generation &&
            model_watching(conn, w->path) & armed_as(w) && has_changed(s, w))
            sim_fail(s, "client %u: watcher %u (table %u, armed at %lld) has missed a change of %.40s",
                     (unsigned)c->index, w->number, w->table, (long long)w->since, w->path);
}

/* The server looks at the first ordinary request of a connection: what must come before it has come. */
void
check_restored(client *c, const mconn *conn)
{
    sim *s = c->sim;
    const link *l = conn->owner;
    if (conn->n_digest < c->n_creds)
        sim_fail(s, "client %u: requests come before its credentials", (unsigned)c->index);
    for (const watcher *w = c->watchers; w; w = w->next)
        if (w->registered && !w->unsure && w->registered_at < l->opened && w->generation == s->m.generation &&
            !(model_watching(conn, w->path) & armed_as(w)) && !(once(w) && happened(s, w, 0, w->path)))
            sim_fail(s, "client %u: requests come before watcher %u was set again", (unsigned)c->index, w->number);
    check_armed(c, conn);
}

void
check_watchers(client *c)
{
    sim *s = c->sim;
    check_armed(c, c->l->conn);
    for (const watcher *w = c->watchers; w; w = w->next) {
        if (!w->registered || w->unsure)
            continue;
        if (!(model_watching(c->l->conn, w->path) & armed_as(w)))
            sim_fail(s, "client %u: watcher %u (table %u) is not set on the server, %.40s", (unsigned)c->index,
                     w->number, w->table, w->path);
    }
}
