/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper of a presence: makes the node, looks whose it is, and leaves a watch on it. */
#include "recipes/presence_internal.h"

#include <string.h>

enum { REFUSED_PAUSE_MS = 3000 };

/* The op that sees to it that the node is there. */
struct zr_keeper {
    zr_op op; /* first */
    zr_presence *p;
    zr_watch *w; /* with the request under way */
    bool flying; /* a request is */
    uint64_t data;
};

static void step_create(zr_op *op);
static void step_look(zr_op *op);
static void step_set(zr_op *op);

/* The keeper is gone. Strand: its requests have come back. */
static void
keeper_over(zr_op *op)
{
    zr_keeper *k = ZB_CONTAINER_OF(op, zr_keeper, op);
    zr_presence *p = k->p;
    p->keeper = NULL;
    zb_free(k);
    if (p->wanted) {
        if (p->again)
            zr_presence_keep(p);
        return;
    }
    zr_watch_drop(p->watch);
    p->watch = NULL;
    zr_presence_remove(p);
}

/* True: the node is no longer wanted, and the keeper has ended. While `flying` nobody else ends it. */
static bool
called_off(zr_keeper *k)
{
    k->flying = false;
    if (k->p->wanted)
        return false;
    zr_op_end(&k->op, ZOBO_OK, NULL);
    return true;
}

static zr_keeper *
keeper_of(zr_op *op)
{
    return ZB_CONTAINER_OF(op, zr_keeper, op);
}

/* True: seen to. The client has stopped, or it is tried again. */
static bool
kept_waiting(zr_keeper *k, zobo_err err, void (*again)(zr_op *op))
{
    zr_presence *p = k->p;
    bool over = zr_is_over(err);
    if (over) {
        k->flying = true;
        p->again = false;
        zr_presence_show(p, ZOBO_PRESENCE_ABSENT, ZOBO_OK);
        zr_presence_end_waits(p, false, UINT64_MAX, err);
        k->flying = false;
    }
    return zr_retry(&k->op, err, again);
}

/* The server will not have it. */
static void
refused(zr_keeper *k, zobo_err err)
{
    zr_presence *p = k->p;
    k->flying = true;
    zr_presence_show(p, ZOBO_PRESENCE_REFUSED, err);
    zr_presence_end_waits(p, false, UINT64_MAX, err);
    if (!called_off(k))
        zr_pause(&k->op, REFUSED_PAUSE_MS, step_create);
}

static void
there(zr_keeper *k)
{
    zr_presence *p = k->p;
    if (p->data_there != p->data_wanted) {
        step_set(&k->op);
        return;
    }
    k->flying = p->was_there = true;
    zr_presence_show(p, ZOBO_PRESENCE_PRESENT, ZOBO_OK);
    zr_presence_end_waits(p, false, p->data_there, ZOBO_OK);
    zr_op_end(&k->op, ZOBO_OK, NULL);
}

static void
set_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op)
        return;
    zr_keeper *k = keeper_of(op);
    if (called_off(k) || kept_waiting(k, err, step_look))
        return;
    if (!err)
        k->p->data_there = k->data;
    if (!err)
        there(k);
    else if (err == ZOBO_ENONODE)
        step_create(op);
    else
        refused(k, err);
}

static void
step_set(zr_op *op)
{
    zr_keeper *k = keeper_of(op);
    zr_presence *p = k->p;
    zobo_how how = zr_op_how(op, set_done);
    if (called_off(k))
        return;
    k->flying = true;
    k->data = p->data_wanted;
    p->in_doubt = true;
    zr_sent(op, zobo_set_async(p->r->client, p->path, p->data, p->len, -1, &how, NULL), set_done);
}

/* The node is ours, but perhaps not with our data. */
static void
read_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    zr_keeper *k = keeper_of(op);
    zr_presence *p = k->p;
    if (called_off(k) || kept_waiting(k, err, step_look))
        return;
    if (err == ZOBO_ENONODE) {
        step_create(op);
        return;
    }
    bool same = !err && reply->data_len == p->len && (!p->len || memcmp(reply->data, p->data, p->len) == 0);
    p->in_doubt = false;
    p->data_there = same ? p->data_wanted : 0;
    there(k);
}

static void
step_read(zr_op *op)
{
    zr_keeper *k = keeper_of(op);
    zobo_how how = zr_op_how(op, read_done);
    k->flying = true;
    zr_sent(op, zobo_get_async(k->p->r->client, k->p->path, NULL, &how, NULL), read_done);
}

static void
taken(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op)
        return;
    zr_keeper *k = keeper_of(op);
    if (called_off(k) || kept_waiting(k, err, step_create))
        return;
    step_create(op); /* if it is still in the way it is waited out */
}

static void
found(zr_keeper *k, const zobo_stat *stat)
{
    zr_presence *p = k->p;
    zobo_how how = zr_op_how(&k->op, taken);
    if (zr_presence_is_ours(p, stat)) {
        p->made = true;
        if (p->in_doubt)
            step_read(&k->op);
        else
            there(k);
        return;
    }
    p->made = false;
    if (p->may_take) {
        p->may_take = false;
        k->flying = true;
        zr_sent(&k->op, zobo_delete_async(p->r->client, p->path, stat->version, &how, NULL), taken);
        return;
    }
    p->in_doubt = true;
    zr_presence_show(p, ZOBO_PRESENCE_WAITING, ZOBO_OK);
    zr_op_end(&k->op, ZOBO_OK, NULL); /* the watch stands */
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_keeper *k = keeper_of(arg);
    zr_presence *p = k->p;
    zr_watch *w = k->w;
    bool stands = !err || err == ZOBO_ENONODE;
    k->w = NULL;
    p->watch = stands ? w : NULL;
    if (w)
        zr_watch_set(w, p->path, ZOBO_WATCH_DATA, stands);
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    if (called_off(k) || kept_waiting(k, err, step_look))
        return;
    if (!err)
        found(k, &reply->stat);
    else if (err == ZOBO_ENONODE)
        step_create(op);
    else
        refused(k, err);
}

/* What the watch on the node is told. Of the loss of the session zr_presence_state tells. */
static void
seen(void *owner, const zobo_event *event)
{
    zr_presence *p = owner;
    if (event->last)
        p->watch = NULL;
    if (!p->wanted)
        return;
    if (event->type == ZOBO_EVENT_DELETED && zr_presence_now(p) == ZOBO_PRESENCE_PRESENT)
        zr_presence_show(p, ZOBO_PRESENCE_ABSENT, ZOBO_OK);
    zr_presence_keep(p);
}

static void
step_look(zr_op *op)
{
    zr_keeper *k = keeper_of(op);
    zr_presence *p = k->p;
    zobo_how how = zr_op_how(op, looked);
    zobo_err err = ZOBO_ENOMEM;
    if (called_off(k))
        return;
    zr_watch_drop(p->watch);
    p->watch = NULL;
    k->w = zr_watch_new(p->r, seen, p);
    k->flying = true;
    if (k->w)
        err = zobo_exists_async(p->r->client, p->path, zr_watch_watcher(k->w), &how, NULL);
    zr_sent(op, err, looked);
}

static void
parent_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op)
        return;
    zr_keeper *k = keeper_of(op);
    if (called_off(k) || kept_waiting(k, err, step_create))
        return;
    if (err == ZOBO_EUNIMPLEMENTED)
        k->p->options.container = false; /* a server before 3.5.1 */
    else if (err && err != ZOBO_ENODEEXISTS) {
        refused(k, err);
        return;
    }
    step_create(op);
}

static void
step_parent(zr_op *op)
{
    zr_keeper *k = keeper_of(op);
    zr_presence *p = k->p;
    zobo_how how = zr_op_how(op, parent_made);
    zobo_create_options options = {.size = sizeof options, .makepath = true, .container = true};
    char *parent = zb_strndup(p->path, (size_t)(strrchr(p->path, '/') - p->path));
    options.acl = p->has_acl ? &p->acl : NULL;
    k->flying = true;
    zobo_err err = ZOBO_ENOMEM;
    if (parent)
        err = zobo_create_async(p->r->client, parent, "", 0, &options, &how, NULL);
    zb_free(parent);
    zr_sent(op, err, parent_made);
}

static void
created(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op)
        return;
    zr_keeper *k = keeper_of(op);
    zr_presence *p = k->p;
    if (!err) {
        p->data_there = k->data;
        p->in_doubt = false;
    }
    if (called_off(k) || kept_waiting(k, err, step_create))
        return;
    if (!err || err == ZOBO_ENODEEXISTS)
        step_look(op);
    else if (err == ZOBO_ENONODE && p->options.container)
        step_parent(op);
    else
        refused(k, err);
}

static void
step_create(zr_op *op)
{
    zr_keeper *k = keeper_of(op);
    zr_presence *p = k->p;
    zobo_how how = zr_op_how(op, created);
    zobo_create_options options = {.size = sizeof options, .ephemeral = !p->options.persistent};
    options.makepath = !p->options.container;
    if (called_off(k))
        return;
    options.acl = p->has_acl ? &p->acl : NULL;
    k->flying = true;
    k->data = p->data_wanted;
    p->made = p->in_doubt = true;
    zr_sent(op, zobo_create_async(p->r->client, p->path, p->data, p->len, &options, &how, NULL), created);
}

void
zr_presence_keep(zr_presence *p)
{
    p->again = true;
    if (p->keeper || p->remover || !p->wanted)
        return;
    zr_keeper *k = zb_calloc(1, sizeof *k);
    if (!k) {
        zr_presence_show(p, ZOBO_PRESENCE_REFUSED, ZOBO_ENOMEM); /* until something happens again */
        zr_presence_end_waits(p, false, UINT64_MAX, ZOBO_ENOMEM);
        return;
    }
    p->again = false;
    p->keeper = k;
    k->p = p;
    if (zr_presence_now(p) == ZOBO_PRESENCE_ABSENT)
        k->op.begin = step_create;
    else if (zr_presence_now(p) == ZOBO_PRESENCE_PRESENT && p->watch && p->data_there != p->data_wanted)
        k->op.begin = step_set;
    else
        k->op.begin = step_look;
    k->op.destroy = keeper_over;
    zr_op_begin_quiet(p->r, &k->op);
}

void
zr_presence_call_off(zr_presence *p)
{
    if (p->keeper && !p->keeper->flying)
        zr_op_end(&p->keeper->op, ZOBO_OK, NULL); /* it was resting */
}
