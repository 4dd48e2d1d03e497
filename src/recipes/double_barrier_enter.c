/* SPDX-License-Identifier: Apache-2.0 */
/* The way in. */
#include "recipes/double_barrier.h"

static void join(zr_op *op);
static void look(zr_op *op);

static int64_t
session_id(zobo_client *client)
{
    zobo_client_id id;
    return zobo_get_client_id(client, &id) ? 0 : id.session_id;
}

static void
let_in(zr_passage *p)
{
    zobo_double_barrier *b = barrier_of(&p->op);
    zr_passage_close_eyes(p);
    b->place = INSIDE;
    atomic_store(&b->participating, true);
    zr_op_end(&p->op, ZOBO_OK, NULL);
}

void
zr_passage_fail(zr_passage *p, zobo_err err)
{
    zobo_double_barrier *b = barrier_of(&p->op);
    zr_passage_close_eyes(p);
    zr_barrier_step_out(b);
    zr_op_end(&p->op, err, NULL);
}

static void
ready_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = (zr_passage *)zr_back(arg);
    (void)reply;
    if (!p)
        return;
    if (!err && !p->rejoin)
        let_in(p);
    else if (!err || err == ZOBO_ENODEEXISTS || err == ZOBO_ETRANSACTION)
        look(&p->op);
    else if (!zr_retry(&p->op, err, look))
        zr_passage_fail(p, err);
}

static zobo_err
replace_ready(zobo_double_barrier *b, const zobo_how *how)
{
    zobo_transaction *tx;
    zobo_err err = zobo_transaction_new(b->r.client, &tx);
    if (err)
        return err;
    err = zobo_transaction_delete(tx, b->ready, -1);
    if (!err)
        err = zobo_transaction_create(tx, b->ready, "", 0, &(zobo_create_options){.acl = b->acl});
    if (!err)
        err = zobo_transaction_commit_async(tx, how, NULL);
    zobo_transaction_free(tx);
    return err;
}

static void
make_ready(zr_passage *p)
{
    zobo_double_barrier *b = barrier_of(&p->op);
    zobo_create_options options = {.acl = b->acl};
    zobo_how how = zr_op_how(&p->op, ready_made);
    zr_sent(&p->op,
            p->has_ready ? replace_ready(b, &how)
                         : zobo_create_async(b->r.client, b->ready, "", 0, &options, &how, NULL),
            ready_made);
}

/* Both answers of a look have come. */
static void
judge(zr_passage *p)
{
    zobo_double_barrier *b = barrier_of(&p->op);
    if (p->err == ZOBO_ENONODE)
        p->rejoin = true; /* all is gone */
    else if (p->err) {
        zr_passage_close_eyes(p);
        if (!zr_retry(&p->op, p->err, look))
            zr_passage_fail(p, p->err);
        return;
    }
    if (p->rejoin || !p->listed)
        join(&p->op);
    else if (p->made || (p->has_ready && p->ready_czxid > p->own_czxid))
        let_in(p);
    else if (p->members >= b->quorum)
        make_ready(p);
    else if (p->stirred)
        look(&p->op);
    else
        p->busy = false;
}

static void list_seen(void *arg, zobo_err err, const zobo_reply *reply);

static void
send_list(zr_passage *p)
{
    zobo_double_barrier *b = barrier_of(&p->op);
    zobo_how how = zr_op_how(&p->op, list_seen);
    zr_sent(&p->op, zobo_get_children_async(b->r.client, b->path, zr_watch_watcher(p->eyes[LIST]), &how, NULL),
            list_seen);
}

/* There was no room for both requests at once. */
static void
list_after_all(zr_passage *p)
{
    if (zr_passage_open_eye(p, LIST))
        send_list(p);
    else
        zr_passage_fail(p, ZOBO_ENOMEM);
}

static void
ready_seen(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = arg;
    bool stands = !err || err == ZOBO_ENONODE;
    p->has_ready = !err;
    p->ready_czxid = !err ? reply->stat.czxid : 0;
    p->seen = true;
    if (!stands && !p->err)
        p->err = err;
    if (zr_passage_eye_back(p, READY, barrier_of(&p->op)->ready, ZOBO_WATCH_DATA, stands) && p->unlisted)
        list_after_all(p);
}

static void
list_seen(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = arg;
    zobo_double_barrier *b = barrier_of(&p->op);
    p->members = 0;
    p->listed = false;
    for (size_t i = 0; !err && i < reply->n_children; i++) {
        p->members += is_member(reply->children[i]);
        p->listed |= strcmp(reply->children[i], b->uuid) == 0;
    }
    p->unlisted = !p->seen;
    if (!p->err && p->seen)
        p->err = err;
    if (zr_passage_eye_back(p, LIST, b->path, ZOBO_WATCH_CHILDREN, !err) && !p->unlisted)
        judge(p);
}

/* The list is asked for last, so its answer comes last, unless it could not be asked for: no room, or no memory. */
static void
look(zr_op *op)
{
    zr_passage *p = (zr_passage *)op;
    zobo_double_barrier *b = barrier_of(op);
    zr_passage_close_eyes(p);
    p->stirred = p->seen = p->unlisted = false;
    p->err = ZOBO_OK;
    if (p->rejoin) {
        join(op);
        return;
    }
    if (!zr_passage_open_eye(p, READY) || !zr_passage_open_eye(p, LIST)) {
        for (int i = 0; i < EYES; i++) {
            if (p->eyes[i])
                zr_watch_set(p->eyes[i], b->path, ZOBO_WATCH_DATA, false);
            p->eyes[i] = p->setting[i] = NULL;
        }
        zr_passage_fail(p, ZOBO_ENOMEM);
        return;
    }
    zobo_how how = zr_op_how(op, ready_seen);
    zr_sent(op, zobo_exists_async(b->r.client, b->ready, zr_watch_watcher(p->eyes[READY]), &how, NULL), ready_seen);
    send_list(p);
}

static void
old_removed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, join))
        return;
    join(op);
}

/* The own node is there; whose is it, and since when? */
static void
own_checked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = arg;
    zobo_double_barrier *b = barrier_of(&p->op);
    int64_t owner = err ? 0 : reply->stat.ephemeral_owner;
    if (!err)
        p->own_czxid = reply->stat.czxid;
    zr_barrier_own_watch_back(b, p->setting_own, err);
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, join))
        return;
    if (err == ZOBO_ENONODE) {
        join(op);
    } else if (err) {
        zr_passage_fail(p, err);
    } else if (owner != session_id(b->r.client)) { /* of our session before: it would go with it */
        zr_barrier_forget_own(b);
        zobo_how how = zr_op_how(op, old_removed);
        zr_sent(op, zobo_delete_async(b->r.client, b->own, -1, &how, NULL), old_removed);
    } else {
        look(op);
    }
}

static void
path_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, join))
        return;
    if (err)
        zr_passage_fail((zr_passage *)op, err);
    else
        join(op);
}

static void
joined(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = (zr_passage *)zr_back(arg);
    (void)reply;
    if (!p || zr_retry(&p->op, err, join))
        return;
    zobo_double_barrier *b = barrier_of(&p->op);
    if (err == ZOBO_ENONODE) {
        zobo_how how = zr_op_how(&p->op, path_made);
        zr_sent(&p->op, zobo_ensure_path_async(b->r.client, b->path, b->acl, &how, NULL), path_made);
        return;
    }
    if (err && err != ZOBO_ENODEEXISTS) {
        zr_passage_fail(p, err);
        return;
    }
    p->setting_own = zr_barrier_watch_own(b);
    if (!b->own_watch) {
        zr_passage_fail(p, ZOBO_ENOMEM);
        return;
    }
    p->rejoin = p->made = false;
    zobo_how how = zr_op_how(&p->op, own_checked);
    zr_sent(&p->op, zobo_exists_async(b->r.client, b->own, zr_watch_watcher(b->own_watch), &how, NULL), own_checked);
}

static void
join(zr_op *op)
{
    zobo_double_barrier *b = barrier_of(op);
    /* With makepath it might still be made after it was given up. */
    zobo_create_options options = {.ephemeral = true, .acl = b->acl};
    zr_passage *p = (zr_passage *)op;
    zr_passage_close_eyes(p);
    zr_watch_drop(b->own_watch);
    b->own_watch = NULL;
    zobo_how how = zr_op_how(op, joined);
    zr_sent(op, zobo_create_async(b->r.client, b->own, b->identifier, strlen(b->identifier), &options, &how, NULL),
            joined);
}

void
zr_passage_begin_enter(zr_op *op)
{
    zobo_double_barrier *b = barrier_of(op);
    if (b->place != OUTSIDE && b->place != LOST_INSIDE) {
        zr_op_end(op, ZOBO_EALREADY, NULL);
        return;
    }
    b->place = ENTERING;
    b->round++;
    ((zr_passage *)op)->busy = true;
    ((zr_passage *)op)->again = look;
    join(op);
}
