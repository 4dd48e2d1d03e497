/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/witness.h"

#include <string.h>

enum {
    WITNESSES_MAX = 16,
    HOUR_MS = 60 * 60 * 1000,
    DOUBT_MS = 12 * HOUR_MS /* our own may be swept later than this */
};

struct zr_witness {
    zr_removal removal;
    zb_link of_pool;
    zb_link idle;
    zr_witnesses *pool;
    char *path;
    int32_t version;
    bool made;
    bool in_use;
    bool removing;
    bool removed;
};

/* ---- life of a witness ---- */

static void
free_witness(zr_witness *w)
{
    zb_list_remove(&w->of_pool);
    zb_list_remove(&w->idle);
    zb_free(w->path);
    zb_free(w);
}

static zr_witness *
new_witness(zr_witnesses *p)
{
    char name[ZR_UUID + sizeof zr_witness_suffix];
    zr_witness *w = zb_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    zb_list_init(&w->idle);
    zb_list_init(&w->of_pool);
    w->pool = p;
    zobo_uuid(p->r->client, name);
    memcpy(name + ZR_UUID - 1, zr_witness_suffix, sizeof zr_witness_suffix);
    w->path = zr_path_child(p->dir, name);
    if (!w->path) {
        zb_free(w);
        return NULL;
    }
    zb_list_push_back(&p->all, &w->of_pool);
    p->n++;
    return w;
}

static void
dir_removed(zr_removal *m, zobo_err err)
{
    zr_witnesses *p = ZB_CONTAINER_OF(m, zr_witnesses, dir_removal);
    p->dir_again = err == ZOBO_ENOTEMPTY;
}

static void
removal_over(zr_removal *m, zobo_err err)
{
    zr_witness *w = ZB_CONTAINER_OF(m, zr_witness, removal);
    zr_witnesses *p = w->pool;
    (void)err; /* what cannot be removed is left */
    w->removed = true;
    if (!w->in_use)
        free_witness(w);
    if (!p->dir_again || !zb_list_empty(&p->all))
        return;
    p->dir_again = false; /* it was one of ours that was in the way */
    zr_remove(p->r, &p->dir_removal, p->dir, dir_removed);
}

/* The node goes; what of a transaction is still on its way in there can then not be carried out any more. */
static void
remove_witness(zr_witnesses *p, zr_witness *w)
{
    if (w->removing)
        return;
    w->removing = true;
    zb_list_remove(&w->idle);
    p->n--;
    zr_remove(p->r, &w->removal, w->path, removal_over);
}

/* ---- the pool ---- */

zobo_err
zr_witnesses_init(zr_witnesses *p, zr_recipe *r, const char *dir, bool own_dir, bool none)
{
    p->r = r;
    p->own_dir = own_dir;
    p->none = none;
    zb_list_init(&p->all);
    zb_list_init(&p->idle);
    zb_list_init(&p->waiting);
    p->dir = zr_strdup(dir);
    return p->dir ? ZOBO_OK : ZOBO_ENOMEM;
}

void
zr_witnesses_freed(zr_witnesses *p)
{
    bool any = !zb_list_empty(&p->all);
    zb_link *next;
    for (zb_link *l = p->all.next; l != &p->all; l = next) {
        next = l->next;
        remove_witness(p, ZB_CONTAINER_OF(l, zr_witness, of_pool));
    }
    if (!any || !p->own_dir)
        return;
    zr_remove(p->r, &p->dir_removal, p->dir, dir_removed);
}

void
zr_witnesses_fini(zr_witnesses *p)
{
    zb_link *l;
    if (!p->r)
        return;
    while ((l = zb_list_pop_front(&p->all)) != NULL)
        free_witness(ZB_CONTAINER_OF(l, zr_witness, of_pool));
    zb_free(p->dir);
}

/* ---- transactions ---- */

static void acquire(zr_sure *s);
static void send_tx(zr_sure *s);

/* Those that wait go on, as many as can. One that fails at once gives back what it got: not within itself, for there
 * may be many. */
static void
serve(zr_witnesses *p)
{
    zr_recipe *r = p->r;
    if (p->serving)
        return;
    zr_ref(r);
    p->serving = true;
    while (!zb_list_empty(&p->waiting) && (!zb_list_empty(&p->idle) || p->n < WITNESSES_MAX))
        acquire(ZB_CONTAINER_OF(zb_list_pop_front(&p->waiting), zr_sure, wait));
    p->serving = false;
    zr_unref(r);
}

void
zr_sure_init(zr_sure *s, zr_witnesses *pool)
{
    s->pool = pool;
    s->op.give_up = zr_sure_give_up;
    zb_list_init(&s->wait);
}

/* Gives the witness back, if what it has to tell is known; else it must go. */
static void
let_go(zr_sure *s)
{
    zr_witness *w = s->witness;
    zr_witnesses *p = s->pool;
    zobo_transaction_free(s->tx);
    s->tx = NULL;
    s->witness = NULL;
    if (!w)
        return;
    w->in_use = false;
    if (w->removed) {
        free_witness(w);
        return;
    }
    if (s->doubt || !w->made || p->r->gone)
        remove_witness(p, w);
    else if (!w->removing)
        zb_list_push_back(&p->idle, &w->idle);
    serve(p);
}

void
zr_sure_fini(zr_sure *s)
{
    if (!s->op.begun)
        return; /* the pool is not ours to touch: this may be any thread */
    zb_list_remove(&s->wait);
    let_go(s);
}

void
zr_sure_give_up(zr_op *op, zobo_err why)
{
    zr_sure *s = (zr_sure *)op;
    if (s->under_way) {
        s->late = why;
        if (!zobo_connected(op->recipe->client))
            zobo_call_cancel(s->attempt); /* it has not been sent: no answer is worth waiting for */
    } else
        zr_op_end(op, s->doubt ? ZOBO_EABANDONED : why, NULL);
}

/* The op is over, without its transaction. */
static void
give_in(zr_sure *s, zobo_err err)
{
    if (s->doubt)
        err = s->witness ? ZOBO_EABANDONED : s->doubt_err;
    zr_op_end(&s->op, err, NULL);
}

static void
finish(zr_sure *s, zobo_err err, size_t which, const zobo_result *results)
{
    if (err && s->late) {
        bool known = !s->doubt || s->witness;
        zr_op_end(&s->op, known ? s->late : s->doubt_err, NULL);
        return;
    }
    if (err && s->doubt && !s->witness)
        err = s->doubt_err;
    if (!err)
        s->doubt = false; /* the witness's version is known */
    let_go(s);
    s->doubt = false;
    s->op.tries = 0;
    s->done(s, err, which, results);
}

static void
rested(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_sure *s = (zr_sure *)zr_back(arg);
    (void)reply;
    if (!s)
        return;
    if (err)
        give_in(s, err);
    else
        send_tx(s);
}

static void
rest(zr_sure *s)
{
    zr_recipe *r = s->op.recipe;
    zobo_how how = zr_op_how(&s->op, rested);
    zr_sent(&s->op, zobo_sleep_async(r->client, zr_rest_ms(&s->op), &how, NULL), rested);
}

/* No answer: what does that mean? */
static void
unanswered(zr_sure *s, zobo_err err)
{
    zobo_class cls = zobo_err_class(err);
    if (err == ZOBO_ECANCELLED && s->late) {
        give_in(s, s->late);
        return;
    }
    if (cls == ZOBO_CLASS_UNKNOWN) {
        if (!s->doubt) {
            s->doubt = true;
            s->doubt_err = err;
            s->doubted_ms = zobo_wall_ms();
        }
        if (!s->witness && !s->fenced) {
            give_in(s, err);
            return;
        }
    } else if (cls != ZOBO_CLASS_RETRY && cls != ZOBO_CLASS_SESSION && err != ZOBO_ETHROTTLED) {
        give_in(s, err);
        return;
    }
    if (s->late)
        give_in(s, s->late);
    else if (s->doubt && zobo_wall_ms() - s->doubted_ms > DOUBT_MS)
        give_in(s, ZOBO_EABANDONED);
    else
        rest(s);
}

/* Our witness is not as it was, and no lost attempt of ours explains it: somebody has swept it, or meddled. */
static void
change_witness(zr_sure *s)
{
    s->witness->made = false;
    let_go(s);
    acquire(s);
}

zobo_err
zr_refusal(const zobo_reply *reply, size_t *which)
{
    size_t i = 0;
    while (i < reply->n_results && (!reply->results[i].err || reply->results[i].err == ZOBO_EROLLEDBACK))
        i++;
    *which = i;
    return i < reply->n_results ? reply->results[i].err : ZOBO_EBADREPLY;
}

static void
refused(zr_sure *s, const zobo_reply *reply)
{
    size_t i;
    zobo_err err = zr_refusal(reply, &i);
    if (!s->witness || i) {
        finish(s, err, s->witness ? i - 1 : i, NULL);
    } else if (err == ZOBO_EBADVERSION && s->doubt) {
        s->witness->version++;
        finish(s, ZOBO_OK, 0, NULL);
    } else if ((err == ZOBO_EBADVERSION || err == ZOBO_ENONODE) && !s->doubt && !s->late) {
        change_witness(s);
    } else {
        give_in(s, s->late ? s->late : err);
    }
}

static void
answered(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_sure *s = arg;
    zobo_call_free(s->attempt);
    s->attempt = NULL;
    s = (zr_sure *)zr_back(arg);
    if (!s)
        return;
    s->under_way = false;
    if (err == ZOBO_ETRANSACTION && reply) {
        refused(s, reply);
    } else if (err) {
        unanswered(s, err);
    } else {
        size_t mine = s->witness ? 1 : 0;
        if (s->witness)
            s->witness->version++;
        finish(s, ZOBO_OK, 0, reply && reply->n_results > mine ? reply->results + mine : NULL);
    }
}

static zobo_err
make_tx(zr_sure *s)
{
    zobo_err err = zobo_transaction_new(s->op.recipe->client, &s->tx);
    if (!err && s->witness)
        err = zobo_transaction_set(s->tx, s->witness->path, "", 0, s->witness->version);
    if (!err)
        err = s->build(s, s->tx);
    return err;
}

static void
send_tx(zr_sure *s)
{
    zobo_how how = zr_op_how(&s->op, answered);
    zobo_err err = s->tx ? ZOBO_OK : make_tx(s);
    if (err == ZOBO_EBADVERSION) {
        finish(s, err, 0, NULL);
        return;
    }
    if (err) {
        give_in(s, err);
        return;
    }
    s->under_way = true;
    zr_sent(&s->op, zobo_transaction_commit_async(s->tx, &how, &s->attempt), answered);
}

/* ---- a witness for it ---- */

static void make_node(zr_op *op);

static void
dir_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, make_node))
        return;
    if (err)
        zr_op_end(op, err, NULL);
    else
        make_node(op);
}

static void
node_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, make_node))
        return;
    zr_sure *s = (zr_sure *)op;
    if (err == ZOBO_ENONODE && !s->pool->own_dir) {
        finish(s, err, 0, NULL);
        return;
    }
    if (err == ZOBO_ENONODE) {
        zobo_how how = zr_op_how(op, dir_made);
        zr_sent(op, zobo_ensure_path_async(op->recipe->client, s->pool->dir, s->pool->acl, &how, NULL), dir_made);
        return;
    }
    if (err && err != ZOBO_ENODEEXISTS) { /* that is an attempt whose answer was lost */
        zr_op_end(op, err, NULL);
        return;
    }
    s->witness->made = true;
    s->witness->version = 0;
    s->renewed = true;
    zr_sweep(s->pool, s->witness->path);
    send_tx(s);
}

/* Not with makepath, by which it might be made after its removal was asked for. */
static void
make_node(zr_op *op)
{
    zobo_create_options options = {.acl = ((zr_sure *)op)->pool->acl};
    zobo_how how = zr_op_how(op, node_made);
    zr_sent(op, zobo_create_async(op->recipe->client, ((zr_sure *)op)->witness->path, "", 0, &options, &how, NULL),
            node_made);
}

static void
acquire(zr_sure *s)
{
    zr_witnesses *p = s->pool;
    zb_link *l = zb_list_pop_front(&p->idle);
    if (l) {
        s->witness = ZB_CONTAINER_OF(l, zr_witness, idle);
    } else if (p->n >= WITNESSES_MAX) {
        zb_list_push_back(&p->waiting, &s->wait);
        return;
    } else {
        s->witness = new_witness(p);
    }
    if (!s->witness) {
        zr_op_end(&s->op, ZOBO_ENOMEM, NULL);
        return;
    }
    s->witness->in_use = true;
    if (s->witness->made)
        send_tx(s);
    else
        make_node(&s->op);
}

void
zr_sure_go(zr_sure *s, zobo_err (*build)(zr_sure *, zobo_transaction *),
           void (*done)(zr_sure *, zobo_err, size_t, const zobo_result *))
{
    s->build = build;
    s->done = done;
    s->renewed = false;
    if (s->pool->none)
        send_tx(s);
    else
        acquire(s);
}
