/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/presence_internal.h"

#include <string.h>

/* --- making and freeing --- */

static bool
copy_acl(zr_presence *p, const zobo_acl_list *acl)
{
    if (!acl)
        return true;
    p->has_acl = true;
    return zr_acl_copy(acl, &p->acl);
}

zr_presence *
zr_presence_new(zr_recipe *r, const char *path, const zr_presence_options *options, zr_presence_fn *changed,
                void *owner)
{
    zr_presence *p = zb_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->r = r;
    p->changed = changed;
    p->owner = owner;
    p->options = *options;
    p->options.data = NULL;
    p->options.acl = NULL;
    p->len = options->len;
    p->path = zr_strdup(path);
    p->data = zb_strndup(options->data ? options->data : "", options->len);
    p->data_wanted = 1;
    zb_list_init(&p->waits);
    if (!p->path || !p->data || !copy_acl(p, options->acl)) {
        zr_presence_free(p);
        return NULL;
    }
    return p;
}

void
zr_presence_free(zr_presence *p)
{
    if (!p)
        return;
    zb_free(p->path);
    zb_free(p->data);
    zr_acl_free(&p->acl);
    zb_free(p);
}

/* --- who waits --- */

static void
wait_over(zr_presence_wait *w, zobo_err err)
{
    zb_list_remove(&w->link);
    if (w->done)
        w->done(&w->op, err);
    else
        zr_op_end(&w->op, err, NULL);
}

void
zr_presence_end_waits(zr_presence *p, bool gone, uint64_t data, zobo_err err)
{
    zb_link over;
    zb_list_init(&over);
    for (zb_link *l = p->waits.next, *next; l != &p->waits; l = next) {
        zr_presence_wait *w = ZB_CONTAINER_OF(l, zr_presence_wait, link);
        next = l->next;
        if (w->gone == gone && w->data <= data) {
            zb_list_remove(l);
            zb_list_push_back(&over, l);
        }
    }
    while (!zb_list_empty(&over))
        wait_over(ZB_CONTAINER_OF(over.next, zr_presence_wait, link), err);
}

void
zr_presence_show(zr_presence *p, zobo_presence now, zobo_err err)
{
    if ((zobo_presence)atomic_load(&p->now) == now && p->err == err)
        return;
    atomic_store(&p->now, (int)now);
    p->err = err;
    if (p->changed)
        p->changed(p, p->owner);
}

void
zr_presence_wait_free(zr_op *op)
{
    zr_presence_wait *w = ZB_CONTAINER_OF(op, zr_presence_wait, op);
    if (w->begun)
        zb_list_remove(&w->link);
    zb_free(w);
}

void
zr_presence_await(zr_presence *p, zr_presence_wait *w, bool gone)
{
    w->p = p;
    w->gone = gone;
    w->data = gone ? 0 : p->data_wanted;
    w->begun = true;
    zb_list_init(&w->link);
    zb_list_push_back(&p->waits, &w->link);
    bool present = p->wanted && zr_presence_now(p) == ZOBO_PRESENCE_PRESENT && p->data_there >= w->data;
    if (gone ? zr_presence_idle(p) : present)
        wait_over(w, ZOBO_OK);
    else if (p->wanted && !p->keeper && (!p->watch || zr_presence_now(p) == ZOBO_PRESENCE_REFUSED))
        zr_presence_keep(
            p); /* nothing is under way: the client is stopped, and the wait is told so; or memory ran out */
}

bool
zr_presence_awaited(const zr_presence *p, const zr_presence_wait *w)
{
    for (const zb_link *l = p->waits.next; l != &p->waits; l = l->next) {
        const zr_presence_wait *other = ZB_CONTAINER_OF(l, zr_presence_wait, link);
        if (other != w && !other->gone)
            return true;
    }
    return false;
}

/* --- the remover --- */

bool
zr_presence_is_ours(const zr_presence *p, const zobo_stat *stat)
{
    zobo_client_id id;
    if (p->options.persistent)
        return stat->ephemeral_owner == 0;
    return zobo_get_client_id(p->r->client, &id) == ZOBO_OK && stat->ephemeral_owner == id.session_id;
}

static void remover_look(zr_op *op);

static void
remover_over(zr_op *op)
{
    zr_presence *p = ZB_CONTAINER_OF(op, zr_remover, op)->p;
    p->remover = NULL;
    if (p->wanted)
        zr_presence_keep(p);
    zr_presence_end_waits(p, true, UINT64_MAX, p->removed); /* who is told may free p */
}

static void
removed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op)
        return;
    zr_presence *p = ZB_CONTAINER_OF(op, zr_remover, op)->p;
    p->removed = err == ZOBO_ENONODE ? ZOBO_OK : err;
    if (err == ZOBO_EBADVERSION) {
        remover_look(op);
    } else if (!zr_retry(op, err, remover_look)) {
        if (!p->removed)
            p->made = false;
        zr_op_end(op, ZOBO_OK, NULL);
    }
}

static void
remover_delete(zr_op *op)
{
    zr_remover *m = ZB_CONTAINER_OF(op, zr_remover, op);
    zobo_how how = zr_op_how(op, removed);
    zr_sent(op, zobo_delete_async(m->p->r->client, m->p->path, m->version, &how, NULL), removed);
}

static void
remover_looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    zr_remover *m = ZB_CONTAINER_OF(op, zr_remover, op);
    zr_presence *p = m->p;
    p->removed = err == ZOBO_ENONODE ? ZOBO_OK : err;
    if (!err && zr_presence_is_ours(p, &reply->stat)) {
        m->version = reply->stat.version;
        remover_delete(op);
    } else if (!zr_retry(op, err, remover_look)) {
        if (!p->removed)
            p->made = false;
        zr_op_end(op, ZOBO_OK, NULL);
    }
}

static void
remover_look(zr_op *op)
{
    zr_remover *m = ZB_CONTAINER_OF(op, zr_remover, op);
    zobo_how how = zr_op_how(op, remover_looked);
    zr_sent(op, zobo_exists_async(m->p->r->client, m->p->path, NULL, &how, NULL), remover_looked);
}

void
zr_presence_remove(zr_presence *p)
{
    if (p->keeper || p->remover)
        return;
    bool sure = zr_presence_now(p) == ZOBO_PRESENCE_PRESENT;
    if (zr_presence_now(p) != ZOBO_PRESENCE_ABSENT)
        zr_presence_show(p, ZOBO_PRESENCE_ABSENT, ZOBO_OK);
    p->removed = ZOBO_OK;
    if (!p->made || p->stays) {
        zr_presence_end_waits(p, true, UINT64_MAX, ZOBO_OK);
        return;
    }
    zr_remover *m = &p->spare;
    *m = (zr_remover){.p = p, .version = -1};
    m->op.begin = sure ? remover_delete : remover_look;
    m->op.destroy = remover_over;
    p->remover = &m->op;
    zr_op_begin_quiet(p->r, &m->op);
}

/* --- what the recipe asks for --- */

void
zr_presence_start(zr_presence *p)
{
    if (p->wanted)
        return;
    p->wanted = true;
    p->was_there = false;
    p->may_take = p->options.take_over;
    p->data_there = 0;
    zr_presence_keep(p);
}

void
zr_presence_stop(zr_presence *p, zobo_err why)
{
    if (p->wanted) {
        p->wanted = p->again = false;
        zr_watch_drop(p->watch);
        p->watch = NULL;
        zr_presence_call_off(p);
    }
    zr_presence_end_waits(p, false, UINT64_MAX, why);
    zr_presence_remove(p); /* whose end may be p's */
}

void
zr_presence_abandon(zr_presence *p)
{
    p->made = false;
    p->stays = true;
    zr_presence_stop(p, ZOBO_ECANCELLED);
}

void
zr_presence_state(zr_presence *p, zobo_state state)
{
    if (state == ZOBO_LOST && p->wanted && !p->options.persistent) {
        p->may_take = p->options.take_over;
        if (zr_presence_now(p) == ZOBO_PRESENCE_PRESENT)
            zr_presence_show(p, ZOBO_PRESENCE_ABSENT, ZOBO_ESESSIONEXPIRED);
        bool stays_away = p->was_there && p->options.stay_away;
        p->was_there = p->was_there && !stays_away;
        if (stays_away && zb_list_empty(&p->waits)) {
            zr_presence_stop(p, ZOBO_ESESSIONEXPIRED);
            return;
        }
    }
    if (state == ZOBO_CONNECTED && p->wanted && !p->watch)
        zr_presence_keep(p);
}

void
zr_presence_set(zr_presence *p, void *data, size_t len)
{
    zb_free(p->data);
    p->data = data;
    p->len = len;
    p->data_wanted++;
    if (p->wanted)
        zr_presence_keep(p);
}

bool
zr_presence_wanted(const zr_presence *p)
{
    return p->wanted;
}

bool
zr_presence_was_there(const zr_presence *p)
{
    return p->was_there;
}

bool
zr_presence_idle(const zr_presence *p)
{
    return !p->wanted && !p->keeper && !p->remover;
}

const void *
zr_presence_data(const zr_presence *p, size_t *len)
{
    *len = p->len;
    return p->data;
}

const char *
zr_presence_path(const zr_presence *p)
{
    return p->path;
}

zobo_presence
zr_presence_now(const zr_presence *p)
{
    return (zobo_presence)atomic_load(&p->now);
}

zobo_err
zr_presence_err(const zr_presence *p)
{
    return p->err;
}

const char *
zobo_presence_name(zobo_presence presence)
{
    switch (presence) {
    case ZOBO_PRESENCE_ABSENT:
        return "ABSENT";
    case ZOBO_PRESENCE_PRESENT:
        return "PRESENT";
    case ZOBO_PRESENCE_WAITING:
        return "WAITING";
    case ZOBO_PRESENCE_REFUSED:
        return "REFUSED";
    }
    return "UNKNOWN";
}
