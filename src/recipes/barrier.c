/* SPDX-License-Identifier: Apache-2.0 */
#include <zobo/barrier.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/recipe.h"

struct zobo_barrier {
    zr_recipe r;
    char *path;
    zobo_acl_list acl;
    bool has_acl;
};

static const char *
path_of(const zr_op *op)
{
    return ((zobo_barrier *)op->recipe)->path;
}

/* ---- create ---- */

static void make(zr_op *op);

static void
made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (op && !zr_retry(op, err, make))
        zr_op_end(op, err, NULL);
}

static void
make(zr_op *op)
{
    const zobo_barrier *b = (zobo_barrier *)op->recipe;
    zobo_how how = zr_op_how(op, made);
    zr_sent(op, zobo_ensure_path_async(b->r.client, b->path, b->has_acl ? &b->acl : NULL, &how, NULL), made);
}

/* ---- remove ---- */

typedef struct removal {
    zr_op op;
    bool doubt; /* an answer was lost: what is not there any more may have been removed here */
} removal;

static void take_away(zr_op *op);

static void
taken_away(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op)
        return;
    removal *rm = (removal *)op;
    if (zobo_err_class(err) == ZOBO_CLASS_UNKNOWN)
        rm->doubt = true;
    if (zr_retry(op, err, take_away))
        return;
    zobo_reply answer = {.count = !err || rm->doubt};
    zr_op_end(op, err == ZOBO_ENONODE ? ZOBO_OK : err, &answer);
}

static void
take_away(zr_op *op)
{
    zobo_how how = zr_op_how(op, taken_away);
    zr_sent(op, zobo_delete_async(op->recipe->client, path_of(op), -1, &how, NULL), taken_away);
}

/* ---- wait ---- */

typedef struct waiting {
    zr_op op;
    zr_watch *watch;
} waiting;

static void look(zr_op *op);

static void
on_event(void *owner, const zobo_event *event)
{
    waiting *w = owner;
    w->watch = NULL; /* one-shot: that was its last */
    if (event->type == ZOBO_EVENT_DELETED)
        zr_op_end(&w->op, ZOBO_OK, NULL);
    else
        look(&w->op);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    waiting *w = arg;
    (void)reply;
    zr_watch_set(w->watch, path_of(&w->op), ZOBO_WATCH_DATA, !err || err == ZOBO_ENONODE);
    if (err && err != ZOBO_ENONODE)
        w->watch = NULL;
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, look))
        return;
    if (err)
        zr_op_end(op, err == ZOBO_ENONODE ? ZOBO_OK : err, NULL);
}

static void
look(zr_op *op)
{
    waiting *w = (waiting *)op;
    w->watch = zr_watch_new(op->recipe, on_event, w);
    if (!w->watch) {
        zr_op_end(op, ZOBO_ENOMEM, NULL);
        return;
    }
    zobo_how how = zr_op_how(op, looked);
    zr_sent(op, zobo_exists_async(op->recipe->client, path_of(op), zr_watch_watcher(w->watch), &how, NULL), looked);
}

static void
destroy_waiting(zr_op *op)
{
    zr_watch_drop(((waiting *)op)->watch);
    zb_free(op);
}

/* ---- life ---- */

static void
free_all(zobo_barrier *b)
{
    zr_acl_free(&b->acl);
    zb_free(b->path);
    zb_free(b);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    free_all((zobo_barrier *)r);
}

static const zr_kind kind = {.destroy = destroy};

zobo_err
zobo_barrier_new(zobo_client *client, const char *path, const zobo_barrier_options *options, zobo_barrier **out,
                 zobo_problem *why)
{
    zobo_barrier_options o;
    *out = NULL;
    zobo_err err = zr_check_client(client, why);
    if (!err)
        err = zr_check_place(path, why);
    if (!err)
        err = ZB_SIZED_TAKE(&o, zobo_barrier_options, options, acl, why);
    if (!err)
        err = zr_check_acl(o.acl, why);
    if (err)
        return err;
    zobo_barrier *b = zb_calloc(1, sizeof *b);
    if (!b)
        return zr_no_memory(why);
    b->path = zr_strdup(path);
    b->has_acl = o.acl != NULL;
    err = b->path && (!o.acl || zr_acl_copy(o.acl, &b->acl)) ? zr_recipe_init(&b->r, &kind, client) : ZOBO_ENOMEM;
    if (err) {
        free_all(b);
        return zr_explain(err, why);
    }
    *out = b;
    return ZOBO_OK;
}

void
zobo_barrier_free(zobo_barrier *b)
{
    if (b)
        zr_recipe_free(&b->r);
}

/* ---- the verbs ---- */

zobo_err
zobo_barrier_create_async(zobo_barrier *b, const zobo_how *how, zobo_call **call)
{
    zr_op *op = zb_calloc(1, sizeof *op);
    if (op)
        op->begin = make;
    return zr_op_start(&b->r, op, how, call);
}

zobo_err
zobo_barrier_remove_async(zobo_barrier *b, const zobo_how *how, zobo_call **call)
{
    removal *rm = zb_calloc(1, sizeof *rm);
    if (!rm)
        return zr_op_start(&b->r, NULL, how, call);
    rm->op.begin = take_away;
    return zr_op_start(&b->r, &rm->op, how, call);
}

zobo_err
zobo_barrier_wait_async(zobo_barrier *b, const zobo_how *how, zobo_call **call)
{
    waiting *w = zb_calloc(1, sizeof *w);
    if (!w)
        return zr_op_start(&b->r, NULL, how, call);
    w->op.begin = look;
    w->op.destroy = destroy_waiting;
    return zr_op_start(&b->r, &w->op, how, call);
}

zobo_err
zobo_barrier_create(zobo_barrier *b, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_barrier_create_async(b, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_barrier_remove(zobo_barrier *b, uint32_t timeout_ms, bool *removed)
{
    zobo_call *call = NULL;
    zobo_reply *reply = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_barrier_remove_async(b, &how, &call);
    err = zr_wait(err, call, &reply);
    if (removed)
        *removed = !err && reply && reply->count;
    zobo_reply_free(reply);
    return err;
}

zobo_err
zobo_barrier_wait(zobo_barrier *b, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_barrier_wait_async(b, &how, &call);
    return zr_wait(err, call, NULL);
}
