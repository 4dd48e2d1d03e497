/* SPDX-License-Identifier: Apache-2.0 */
/* A member's way into a double barrier and out of it.
 *
 * In: make the own node, learn its czxid, look at `ready` and at the list with a watch on each, and look again when
 * either has changed. `ready` lets in whom it is younger than. Whoever sees enough members makes it; an old one, left
 * over by a crash, is replaced in one transaction, so that it is younger than all who wait.
 *
 * Out, as kazoo does it: the lowest waits for the highest to go, the others go and wait for the lowest; the last takes
 * `ready` along. (kazoo removes it at once, and so a member that was cut off could miss it.) */
#include "recipes/double_barrier.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sized.h"
#include "recipes/checks.h"

/* ---- the own node ---- */

/* Deletes the own node, unless it is wanted again. */
typedef struct retreat {
    zr_op op;
    unsigned round;
} retreat;

static void retreat_on(zr_op *op);

static void
retreated(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (op && !zr_retry(op, err, retreat_on))
        zr_op_end(op, ZOBO_OK, NULL);
}

static void
retreat_on(zr_op *op)
{
    zobo_double_barrier *b = barrier_of(op);
    if (((retreat *)op)->round != b->round && !b->r.gone) {
        zr_op_end(op, ZOBO_OK, NULL);
        return;
    }
    zobo_how how = zr_op_how(op, retreated);
    zr_sent(op, zobo_delete_async(b->r.client, b->own, -1, &how, NULL), retreated);
}

void
zr_barrier_forget_own(zobo_double_barrier *b)
{
    zr_watch_drop(b->own_watch);
    b->own_watch = NULL;
    atomic_store(&b->participating, false);
}

/* Out without waiting for anybody. */
void
zr_barrier_step_out(zobo_double_barrier *b)
{
    zr_barrier_forget_own(b);
    b->place = OUTSIDE;
    retreat *rt = zb_calloc(1, sizeof *rt);
    if (!rt)
        return; /* it goes with the session */
    rt->round = b->round;
    rt->op.begin = retreat_on;
    zr_op_begin_quiet(&b->r, &rt->op);
}

static void
tell_lost(zr_recipe *r, void *arg)
{
    zobo_double_barrier *b = (zobo_double_barrier *)r;
    (void)arg;
    b->lost(b->lost_arg, b);
}

static void
lose(zobo_double_barrier *b)
{
    zr_barrier_forget_own(b);
    b->place = LOST_INSIDE;
    if (b->lost && !b->r.gone) {
        zobo_err err = zr_tell(&b->r, tell_lost, NULL, NULL);
        (void)err; /* without memory leave tells */
    }
}

static zr_passage *passage_of(zobo_double_barrier *b);
static void look_at_own(zr_op *op);
static void own_event(void *owner, const zobo_event *event);

zr_watch *
zr_barrier_watch_own(zobo_double_barrier *b)
{
    b->own_watch = zr_watch_new(&b->r, own_event, b);
    return b->own_watch;
}

/* Watches the own node while it is inside and nothing else is going on. */
typedef struct own_look {
    zr_op op;
    zr_watch *setting;
} own_look;

/* The answer to a request that was to set the watch on the own node has come. */
void
zr_barrier_own_watch_back(zobo_double_barrier *b, zr_watch *watch, zobo_err err)
{
    bool stands = !err || err == ZOBO_ENONODE;
    if (!stands && b->own_watch == watch)
        b->own_watch = NULL;
    zr_watch_set(watch, b->own, ZOBO_WATCH_DATA, stands);
}

static void
own_seen(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_double_barrier *b = barrier_of(arg);
    (void)reply;
    zr_barrier_own_watch_back(b, ((own_look *)arg)->setting, err);
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, look_at_own))
        return;
    if (err && b->place == INSIDE)
        lose(b);
    zr_op_end(op, ZOBO_OK, NULL);
}

static void
own_event(void *owner, const zobo_event *event)
{
    zobo_double_barrier *b = owner;
    b->own_watch = NULL;
    bool there = event->type == ZOBO_EVENT_CHANGED;
    zr_passage *p = passage_of(b);
    if (b->place == INSIDE && there) {
        own_look *look_op = zb_calloc(1, sizeof *look_op);
        if (look_op) {
            look_op->op.begin = look_at_own;
            zr_op_begin_quiet(&b->r, &look_op->op);
        }
    } else if (b->place == INSIDE) {
        lose(b);
    } else if (p && !p->gone) {
        p->rejoin = true;
        zr_passage_look_again(p);
    }
}

static void
look_at_own(zr_op *op)
{
    zobo_double_barrier *b = barrier_of(op);
    if (b->place != INSIDE || b->own_watch || b->r.gone) {
        zr_op_end(op, ZOBO_OK, NULL);
        return;
    }
    ((own_look *)op)->setting = zr_barrier_watch_own(b);
    if (!b->own_watch) {
        zr_pause(op, 100, look_at_own);
        return;
    }
    zobo_how how = zr_op_how(op, own_seen);
    zr_sent(op, zobo_exists_async(b->r.client, b->own, zr_watch_watcher(b->own_watch), &how, NULL), own_seen);
}

/* ---- looking ---- */

static zr_passage *
passage_of(zobo_double_barrier *b)
{
    for (zb_link *l = b->r.ops.next; l != &b->r.ops; l = l->next) {
        zr_passage *p = (zr_passage *)ZB_CONTAINER_OF(l, zr_op, link);
        if (b->place == (p->leaving ? LEAVING : ENTERING))
            return p;
    }
    return NULL;
}

void
zr_passage_close_eyes(zr_passage *p)
{
    for (int i = 0; i < EYES; i++) {
        zr_watch_drop(p->eyes[i]);
        p->eyes[i] = NULL;
    }
}

/* What was waited for has changed, or the own node: once the answers that are under way have come. */
void
zr_passage_look_again(zr_passage *p)
{
    p->stirred = true;
    if (p->busy)
        return;
    p->busy = true;
    zr_pause(&p->op, 0, p->again);
}

static void
on_eye(zr_passage *p, int which, const zobo_event *event)
{
    p->eyes[which] = NULL;
    if (which == READY && !p->leaving && event->type == ZOBO_EVENT_CREATED)
        p->made = true;
    zr_passage_look_again(p);
}

static void
on_ready(void *owner, const zobo_event *event)
{
    on_eye(owner, READY, event);
}

static void
on_list(void *owner, const zobo_event *event)
{
    on_eye(owner, LIST, event);
}

/* An answer that was to set a watch. */
zr_op *
zr_passage_eye_back(zr_passage *p, int which, const char *path, zobo_watch_kind kind, bool stands)
{
    zr_watch *watch = p->setting[which];
    p->setting[which] = NULL;
    if (!stands && p->eyes[which] == watch)
        p->eyes[which] = NULL;
    zr_watch_set(watch, path, kind, stands);
    return zr_back(p);
}

zr_watch *
zr_passage_open_eye(zr_passage *p, int which)
{
    p->eyes[which] = p->setting[which] = zr_watch_new(p->op.recipe, which == READY ? on_ready : on_list, p);
    return p->eyes[which];
}

static void
give_up(zr_op *op, zobo_err why)
{
    zr_passage *p = (zr_passage *)op;
    if (p->leaving)
        zr_passage_left(p, why);
    else
        zr_passage_fail(p, why);
}

static void
destroy_passage(zr_op *op)
{
    zb_free(((zr_passage *)op)->target);
    zb_free(op);
}

/* ---- life ---- */

static void
freed(zr_recipe *r)
{
    zobo_double_barrier *b = (zobo_double_barrier *)r;
    if (b->place != OUTSIDE)
        zr_barrier_step_out(b);
}

static void
free_all(zobo_double_barrier *b)
{
    zr_acl_free(&b->own_acl);
    zb_free(b->path);
    zb_free(b->ready);
    zb_free(b->own);
    zb_free(b->identifier);
    zb_free(b);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    free_all((zobo_double_barrier *)r);
}

static const zr_kind kind = {.freed = freed, .destroy = destroy};

static zobo_err
fill(zobo_double_barrier *b, zobo_client *client, const char *path, const zobo_double_barrier_options *o)
{
    char text[ZR_HOST_MAX + 24], host[ZR_HOST_MAX];
    zobo_uuid(client, b->uuid);
    b->lost = o->lost;
    b->lost_arg = o->lost_arg;
    if (!o->identifier) {
        (void)snprintf(text, sizeof text, "%s-%ld", zr_host_name(host) ? host : "localhost", (long)getpid());
        b->identifier = zr_strdup(text);
    } else {
        b->identifier = zr_strdup(o->identifier);
    }
    b->path = zr_strdup(path);
    b->ready = zr_path_child(path, "ready");
    b->own = zr_path_child(path, b->uuid);
    if (!b->identifier || !b->path || !b->ready || !b->own || (o->acl && !zr_acl_copy(o->acl, &b->own_acl)))
        return ZOBO_ENOMEM;
    b->acl = o->acl ? &b->own_acl : NULL;
    return zr_recipe_init(&b->r, &kind, client);
}

zobo_err
zobo_double_barrier_new(zobo_client *client, const char *path, uint32_t num_clients,
                        const zobo_double_barrier_options *options, zobo_double_barrier **out, zobo_problem *why)
{
    zobo_double_barrier_options o;
    *out = NULL;
    zobo_err err = zr_check_client(client, why);
    if (!err)
        err = zr_check_path(path, why);
    if (!err)
        err = ZB_SIZED_TAKE(&o, zobo_double_barrier_options, options, lost_arg, why);
    if (!err)
        err = zr_check_acl(o.acl, why);
    if (err)
        return err;
    if (!num_clients)
        return zb_problem(why, ZOBO_EINVAL, 0, "a double barrier is for one member at least");
    zobo_double_barrier *b = zb_calloc(1, sizeof *b);
    if (!b)
        return zr_no_memory(why);
    b->quorum = num_clients;
    err = fill(b, client, path, &o);
    if (err) {
        free_all(b);
        return zr_explain(err, why);
    }
    *out = b;
    return ZOBO_OK;
}

void
zobo_double_barrier_free(zobo_double_barrier *b)
{
    if (b)
        zr_recipe_free(&b->r);
}

/* ---- the verbs ---- */

static zobo_err
start(zobo_double_barrier *b, bool leaving, const zobo_how *how, zobo_call **call)
{
    zr_passage *p = zb_calloc(1, sizeof *p);
    if (!p)
        return zr_op_start(&b->r, NULL, how, call);
    p->leaving = leaving;
    p->op.begin = leaving ? zr_passage_begin_leave : zr_passage_begin_enter;
    p->op.give_up = give_up;
    p->op.destroy = destroy_passage;
    return zr_op_start(&b->r, &p->op, how, call);
}

zobo_err
zobo_double_barrier_enter_async(zobo_double_barrier *b, const zobo_how *how, zobo_call **call)
{
    return start(b, false, how, call);
}

zobo_err
zobo_double_barrier_leave_async(zobo_double_barrier *b, const zobo_how *how, zobo_call **call)
{
    return start(b, true, how, call);
}

zobo_err
zobo_double_barrier_enter(zobo_double_barrier *b, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_double_barrier_enter_async(b, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_double_barrier_leave(zobo_double_barrier *b, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_double_barrier_leave_async(b, &how, &call);
    return zr_wait(err, call, NULL);
}

bool
zobo_double_barrier_participating(const zobo_double_barrier *b)
{
    return atomic_load(&b->participating);
}
