/* SPDX-License-Identifier: Apache-2.0 */
/* A locking queue: its life, what is held and what becomes of it. */
#include "recipes/locking_queue.h"

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/line.h"

/* ---- what is held ---- */

void
zr_locking_drop(zobo_locking_queue *q)
{
    zb_free(q->held);
    zb_free(q->held_token);
    zb_free(q->data);
    q->held = q->held_token = NULL;
    q->data = NULL;
    q->len = 0;
    q->is_lost = q->maybe_done = false;
}

zobo_reply
zr_locking_reply(const zobo_locking_queue *q, char **path)
{
    *path = zr_path_child(q->entries, q->held);
    return (zobo_reply){.path = *path, .data = q->data, .data_len = q->len};
}

static void
tell_lost(zr_recipe *r, void *arg)
{
    zobo_locking_queue *q = (zobo_locking_queue *)r;
    (void)arg;
    q->lost(q->lost_arg, q);
}

void
zr_locking_lose(zobo_locking_queue *q, bool tell)
{
    if (!q->held || q->is_lost)
        return;
    q->is_lost = true;
    if (tell && q->lost && !q->r.gone) {
        zobo_err err = zr_tell(&q->r, tell_lost, NULL, NULL);
        (void)err; /* without memory the next operation tells */
    }
}

bool
zr_locking_is_own(zobo_locking_queue *q, const zobo_reply *reply)
{
    zobo_client_id id;
    return reply->data_len == ZR_UUID - 1 && memcmp(reply->data, q->id, ZR_UUID - 1) == 0 &&
           !zobo_get_client_id(q->r.client, &id) && id.session_id == reply->stat.ephemeral_owner;
}

static void
on_state(zr_recipe *r, zobo_state state)
{
    zobo_locking_queue *q = (zobo_locking_queue *)r;
    if (state != ZOBO_LOST)
        return;
    q->session++;
    zb_free(q->token);
    q->token = NULL;
    zr_locking_lose(q, !q->active); /* a consume under way tells what came of it */
}

/* ---- undoing ---- */

typedef struct undoing {
    zr_sure s;
    char *name, *taken_path;
} undoing;

static void undo(zr_op *op);

static zobo_err
build_undo(zr_sure *s, zobo_transaction *tx)
{
    const zobo_locking_queue *q = queue_of(&s->op);
    if (!q->token)
        return ZOBO_ENOTHELD; /* it has gone with the session */
    zobo_err err = zobo_transaction_check(tx, q->token, -1);
    return err ? err : zobo_transaction_delete(tx, ((undoing *)s)->taken_path, -1);
}

static void
undone(zr_sure *s, zobo_err err, size_t which, const zobo_result *results)
{
    (void)err, (void)which, (void)results;
    zr_op_end(&s->op, ZOBO_OK, NULL);
}

static void
undo_seen(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, undo))
        return;
    zobo_locking_queue *q = queue_of(op);
    bool held = q->held && strcmp(q->held, ((undoing *)op)->name) == 0;
    if (err || held || !zr_locking_is_own(q, reply))
        zr_op_end(op, ZOBO_OK, NULL);
    else if (q->active && !q->r.gone)
        zr_pause(op, 20, undo); /* it may be just this that is being got */
    else
        zr_sure_go((zr_sure *)op, build_undo, undone);
}

static void
undo(zr_op *op)
{
    zobo_how how = zr_op_how(op, undo_seen);
    zr_sent(op, zobo_get_async(op->recipe->client, ((undoing *)op)->taken_path, NULL, &how, NULL), undo_seen);
}

static void
destroy_undo(zr_op *op)
{
    undoing *u = (undoing *)op;
    zobo_locking_queue *q = queue_of(op);
    zr_sure_fini(&u->s);
    zb_free(u->name);
    zb_free(u->taken_path);
    zb_free(u);
    q->undoing--;
    if (q->r.gone)
        zr_locking_part(q);
}

void
zr_locking_undo(zobo_locking_queue *q, const char *name)
{
    undoing *u = zb_calloc(1, sizeof *u);
    if (!u)
        return; /* it goes with the session */
    u->name = zr_strdup(name);
    u->taken_path = zr_path_child(q->taken, name);
    if (!u->name || !u->taken_path) {
        zb_free(u->name);
        zb_free(u->taken_path);
        zb_free(u);
        return;
    }
    zr_sure_init(&u->s, &q->pool);
    u->s.op.begin = undo;
    u->s.op.destroy = destroy_undo;
    q->undoing++;
    zr_op_begin_quiet(&q->r, &u->s.op);
}

/* ---- consume, release ---- */

typedef struct finishing {
    zr_sure s;
    bool consume;
    char *entry_path, *taken_path;
} finishing;

enum { TOKEN, ENTRY };

static zobo_err
build_finish(zr_sure *s, zobo_transaction *tx)
{
    const finishing *f = (finishing *)s;
    zobo_err err = zobo_transaction_check(tx, queue_of(&s->op)->held_token, -1);
    if (!err && f->consume)
        err = zobo_transaction_delete(tx, f->entry_path, -1);
    return err ? err : zobo_transaction_delete(tx, f->taken_path, -1);
}

static void
finished(zr_sure *s, zobo_err err, size_t which, const zobo_result *results)
{
    zobo_locking_queue *q = queue_of(&s->op);
    const finishing *f = (finishing *)s;
    (void)results;
    q->active = NULL;
    if (err == ZOBO_ENONODE) {
        /* The session lives, and only who holds an entry removes it: so it was an earlier attempt that did. */
        bool before = which != TOKEN && q->maybe_done;
        if (which == ENTRY && f->consume && !before)
            zr_locking_undo(q, q->held); /* somebody has removed the entry without asking */
        err = before ? ZOBO_OK : ZOBO_ELOCKLOST;
        zr_locking_drop(q);
    } else if (!err) {
        zr_locking_drop(q);
    }
    zr_op_end(&s->op, err, NULL);
}

static void
begin_finish(zr_op *op)
{
    zobo_locking_queue *q = queue_of(op);
    finishing *f = (finishing *)op;
    if (q->active || !q->held) {
        zr_op_end(op, q->active ? ZOBO_EALREADY : ZOBO_ENOTHELD, NULL);
        return;
    }
    if (q->is_lost) {
        zr_locking_drop(q);
        zr_op_end(op, ZOBO_ELOCKLOST, NULL);
        return;
    }
    f->entry_path = zr_path_child(q->entries, q->held);
    f->taken_path = zr_path_child(q->taken, q->held);
    if (!f->entry_path || !f->taken_path) {
        zr_op_end(op, ZOBO_ENOMEM, NULL);
        return;
    }
    q->active = op;
    zr_sure_go(&f->s, build_finish, finished);
}

static void
destroy_finish(zr_op *op)
{
    zobo_locking_queue *q = queue_of(op);
    finishing *f = (finishing *)op;
    if (op->begun && q->active == op) { /* given up */
        q->active = NULL;
        q->maybe_done |= f->s.doubt;
    }
    zr_sure_fini(&f->s);
    zb_free(f->entry_path);
    zb_free(f->taken_path);
    zb_free(f);
}

/* ---- holds_lock ---- */

static void ask_holds(zr_op *op);

static void
ignored(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)op, (void)err, (void)reply;
}

static void
told_holds(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, ask_holds))
        return;
    zobo_locking_queue *q = queue_of(op);
    zobo_reply answer = {.count = !err && q->held && !q->is_lost && zr_locking_is_own(q, reply)};
    if (!answer.count && (!err || err == ZOBO_ENONODE) && !q->active)
        zr_locking_lose(q, true);
    zr_op_end(op, err == ZOBO_ENONODE ? ZOBO_OK : err, &answer);
}

static void
ask_holds(zr_op *op)
{
    zobo_locking_queue *q = queue_of(op);
    zobo_reply no = {.count = 0};
    if (!q->held || q->is_lost) {
        zr_op_end(op, ZOBO_OK, &no);
        return;
    }
    char *path = zr_path_child(q->taken, q->held);
    if (!path) {
        zr_op_end(op, ZOBO_ENOMEM, NULL);
        return;
    }
    zobo_how how = zr_op_how(op, ignored);
    if (zobo_sync_async(q->r.client, path, &how, NULL) == ZOBO_OK)
        zr_sent(op, ZOBO_OK, ignored);
    how = zr_op_how(op, told_holds);
    zobo_err err = zobo_get_async(q->r.client, path, NULL, &how, NULL);
    zb_free(path);
    zr_sent(op, err, told_holds);
}

/* ---- life ---- */

/* The user has let go: the token goes, and with it, in one transaction, the lock. Sent again after a lost answer it
 * cannot remove another's, for then there is no token. */
static void part(zr_op *op);

static void
parted(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, part))
        return;
    zr_parting *p = (zr_parting *)op;
    if (err == ZOBO_ETRANSACTION && p->held) { /* the lock is gone: then the token is to go yet */
        p->held = false;
        part(op);
        return;
    }
    zr_op_end(op, ZOBO_OK, NULL);
}

static zobo_err
send_parting(const zr_parting *p, const zobo_how *how)
{
    const zobo_locking_queue *q = queue_of(&p->op);
    zobo_transaction *tx;
    if (!p->held || !q->held)
        return zobo_delete_async(q->r.client, p->token, -1, how, NULL);
    zobo_err err = zobo_transaction_new(q->r.client, &tx);
    if (err)
        return err;
    char *taken_path = zr_path_child(q->taken, q->held);
    err = taken_path ? zobo_transaction_delete(tx, p->token, -1) : ZOBO_ENOMEM;
    if (!err)
        err = zobo_transaction_delete(tx, taken_path, -1);
    if (!err)
        err = zobo_transaction_commit_async(tx, how, NULL);
    zb_free(taken_path);
    zobo_transaction_free(tx);
    return err;
}

static void
part(zr_op *op)
{
    zobo_how how = zr_op_how(op, parted);
    zr_sent(op, send_parting((zr_parting *)op, &how), parted);
}

static void
end_parting(zr_op *op)
{
    zr_parting *p = (zr_parting *)op;
    zb_free(p->token);
    if (p != &queue_of(op)->parting)
        zb_free(p);
}

void
zr_locking_forsake(zobo_locking_queue *q, char *token)
{
    zr_parting *p = zb_calloc(1, sizeof *p);
    if (!p) { /* it goes with the session */
        zb_free(token);
        return;
    }
    p->token = token;
    p->op.begin = part;
    p->op.destroy = end_parting;
    zr_op_begin_quiet(&q->r, &p->op);
}

void
zr_locking_part(zobo_locking_queue *q)
{
    /* A get under way undoes what it gets, for which the token is needed. */
    if (!q->token || q->undoing || (q->active && !q->held))
        return;
    q->parting = (zr_parting){.op = {.begin = part, .destroy = end_parting}, .token = q->token};
    q->parting.held = q->held && !q->is_lost;
    q->token = NULL;
    zr_op_begin_quiet(&q->r, &q->parting.op);
}

static void
freed(zr_recipe *r)
{
    zobo_locking_queue *q = (zobo_locking_queue *)r;
    zr_witnesses_freed(&q->pool);
    zr_locking_part(q);
}

static void
free_all(zobo_locking_queue *q)
{
    zr_locking_drop(q);
    zr_witnesses_fini(&q->pool);
    zr_acl_free(&q->acl);
    zb_free(q->token);
    zb_free(q->path);
    zb_free(q->entries);
    zb_free(q->taken);
    zb_free(q);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    free_all((zobo_locking_queue *)r);
}

static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};

static zobo_err
fill(zobo_locking_queue *q, zobo_client *client, const char *path, const zobo_acl_list *acl)
{
    zobo_uuid(client, q->id);
    q->path = zr_strdup(path);
    q->entries = zr_path_child(path, "entries");
    q->taken = zr_path_child(path, "taken");
    if (!q->path || !q->entries || !q->taken || (acl && !zr_acl_copy(acl, &q->acl)))
        return ZOBO_ENOMEM;
    zobo_err err = zr_witnesses_init(&q->pool, &q->r, path, false, false);
    q->pool.acl = acl ? &q->acl : NULL;
    return err ? err : zr_recipe_init(&q->r, &kind, client);
}

zobo_err
zobo_locking_queue_new(zobo_client *client, const char *path, const zobo_locking_queue_options *options,
                       zobo_locking_queue **out, zobo_problem *why)
{
    zobo_locking_queue_options o;
    *out = NULL;
    zobo_err err = zr_check_client(client, why);
    if (!err)
        err = zr_check_place(path, why);
    if (!err)
        err = ZB_SIZED_TAKE(&o, zobo_locking_queue_options, options, lost_arg, why);
    if (!err)
        err = zr_check_acl(o.acl, why);
    if (err)
        return err;
    zobo_locking_queue *q = zb_calloc(1, sizeof *q);
    if (!q)
        return zr_no_memory(why);
    q->lost = o.lost;
    q->lost_arg = o.lost_arg;
    err = fill(q, client, path, o.acl);
    if (err) {
        free_all(q);
        return zr_explain(err, why);
    }
    *out = q;
    return ZOBO_OK;
}

void
zobo_locking_queue_free(zobo_locking_queue *q)
{
    if (q)
        zr_recipe_free(&q->r);
}

/* ---- the verbs that are made here ---- */

static zobo_err
start_finish(zobo_locking_queue *q, bool consume, const zobo_how *how, zobo_call **call)
{
    finishing *f = zb_calloc(1, sizeof *f);
    if (!f)
        return zr_op_start(&q->r, NULL, how, call);
    zr_sure_init(&f->s, &q->pool);
    f->consume = consume;
    f->s.op.begin = begin_finish;
    f->s.op.destroy = destroy_finish;
    return zr_op_start(&q->r, &f->s.op, how, call);
}

zobo_err
zobo_locking_queue_consume_async(zobo_locking_queue *q, const zobo_how *how, zobo_call **call)
{
    return start_finish(q, true, how, call);
}

zobo_err
zobo_locking_queue_release_async(zobo_locking_queue *q, const zobo_how *how, zobo_call **call)
{
    return start_finish(q, false, how, call);
}

zobo_err
zobo_locking_queue_holds_lock_async(zobo_locking_queue *q, const zobo_how *how, zobo_call **call)
{
    zr_op *op = zb_calloc(1, sizeof *op);
    if (op)
        op->begin = ask_holds;
    return zr_op_start(&q->r, op, how, call);
}
