/* SPDX-License-Identifier: Apache-2.0 */
/* kazoo's PatientChildrenWatch.
 *
 * Each reading that shows something else than the one before begins the time of rest anew; so does a lost connection,
 * with the first reading on the next one. When the time is over, who waits gets what was seen last. All runs on the
 * strand. */
#include "recipes/checks.h"
#include "recipes/node_watch.h"

enum { QUIET_MS = 30000 };

struct zobo_patient_children_watch {
    zr_node_watch node; /* first */
    uint32_t quiet_ms;
    zr_news *now;   /* as it was seen last; NULL: not seen yet */
    bool changed;   /* since the last get has ended; true before the first */
    bool rests;     /* for long enough */
    bool lapsed;    /* the connection was lost: what was seen may be old */
    zobo_call *nap; /* the time of rest */
};

typedef zobo_patient_children_watch patient;

typedef struct patient_op {
    zr_op op; /* first */
    bool waits_for_change;
} patient_op;

static zobo_err start_rest(patient *p);

/* ---- those who wait ---- */

/* Ends what can be ended now. `err` is for who waits for rest; ZOBO_OK: if it has come. */
static void
serve(patient *p, zobo_err err)
{
    zb_link *l = p->node.r.ops.next;
    while (l != &p->node.r.ops) {
        patient_op *op = ZB_CONTAINER_OF(ZB_CONTAINER_OF(l, zr_op, link), patient_op, op);
        l = l->next;
        if (op->waits_for_change) {
            if (p->changed && p->now && !p->lapsed)
                zr_op_end(&op->op, ZOBO_OK, NULL);
        } else if (err) {
            zr_op_end(&op->op, err, NULL);
        } else if (p->rests && p->now) {
            zr_op_end(&op->op, p->now->err, p->now->reply);
            p->changed = false;
        }
    }
}

static void
begin_op(zr_op *op)
{
    patient *p = (patient *)op->recipe;
    zobo_err err = p->now && !p->rests && !p->lapsed && !p->nap ? start_rest(p) : ZOBO_OK;
    serve(p, err);
}

static zobo_err
start_op(patient *p, bool waits_for_change, const zobo_how *how, zobo_call **call)
{
    patient_op *op = zb_calloc(1, sizeof *op);
    if (op) {
        op->op.begin = begin_op;
        op->waits_for_change = waits_for_change;
    }
    return zr_op_start(&p->node.r, op ? &op->op : NULL, how, call);
}

/* ---- rest ---- */

static void
rested(void *arg, zobo_err err, const zobo_reply *reply)
{
    patient *p = arg;
    (void)reply;
    zobo_call_free(p->nap);
    p->nap = NULL;
    if (err == ZOBO_OK && !p->lapsed && !p->node.r.gone) {
        p->rests = true;
        serve(p, ZOBO_OK);
    } else if (err == ZOBO_ECANCELLED && !p->lapsed && !p->node.r.gone) {
        serve(p, start_rest(p)); /* begun anew */
    }
    zr_unref(&p->node.r);
}

/* A time of rest under way is cancelled, and begins again when that has ended. */
static zobo_err
start_rest(patient *p)
{
    zobo_how how = {.done = rested, .arg = p, .flags = ZOBO_INLINE};
    p->rests = false;
    if (p->nap) {
        zobo_call_cancel(p->nap);
        return ZOBO_OK;
    }
    zr_ref(&p->node.r);
    zobo_err err = zobo_sleep_async(p->node.r.client, p->quiet_ms, &how, &p->nap);
    if (err) {
        p->nap = NULL;
        zr_unref(&p->node.r);
    }
    return err == ZOBO_ENOTSTARTED ? ZOBO_OK : err; /* a new connection begins it again */
}

static void
seen(zr_node_watch *node, zobo_err err, const zobo_reply *reply, const zr_cause *cause)
{
    patient *p = (patient *)node;
    zr_news *news = zr_news_new(err, reply, cause);
    if (!news) {
        zr_node_watch_again(node);
        return;
    }
    bool same = zr_news_same(p->now, news, true), lapsed = p->lapsed || !p->now;
    zr_news_free(p->now);
    p->now = news;
    p->changed = p->changed || !same;
    p->lapsed = false;
    serve(p, same && !lapsed ? ZOBO_OK : start_rest(p));
}

static void
state(zr_recipe *r, zobo_state state)
{
    patient *p = (patient *)r;
    if (state != ZOBO_CONNECTED && state != ZOBO_CONNECTED_RO) {
        p->lapsed = true;
        p->rests = false;
        if (p->nap)
            zobo_call_cancel(p->nap);
    }
    if (p->node.one_shot && p->lapsed)
        p->node.due = true; /* nothing need have changed, but it must be known */
    zr_node_watch_state(r, state);
}

/* ---- life ---- */

static void
freed(zr_recipe *r)
{
    patient *p = (patient *)r;
    if (p->nap)
        zobo_call_cancel(p->nap);
    zr_node_watch_freed(r);
}

static void
destroy(zr_recipe *r)
{
    patient *p = (patient *)r;
    zr_news_free(p->now);
    zr_node_watch_fini(&p->node);
    zb_free(p);
}

zobo_err
zobo_patient_children_watch_new(zobo_client *client, const char *path, const zobo_watch_options *options,
                                zobo_patient_children_watch **out, zobo_problem *why)
{
    static const zr_kind kind = {state, freed, destroy};
    zobo_watch_options o;
    zb_problem_clear(why);
    *out = NULL;
    zobo_err err = zr_watch_options_take(&o, options, why);
    if (err)
        return err;
    patient *p = zb_calloc(1, sizeof *p);
    if (!p)
        return zr_no_memory(why);
    p->quiet_ms = o.quiet_ms ? o.quiet_ms : QUIET_MS;
    p->changed = true;
    err = zr_node_watch_init(&p->node, &kind, client, path, true, options, seen, why);
    if (err) {
        zb_free(p);
        return err;
    }
    err = zr_node_watch_begin(&p->node);
    if (err) {
        zr_recipe_free(&p->node.r);
        return zr_explain(err, why);
    }
    *out = p;
    return ZOBO_OK;
}

void
zobo_patient_children_watch_free(zobo_patient_children_watch *watch)
{
    if (watch)
        zr_recipe_free(&watch->node.r);
}

/* ---- the verbs ---- */

zobo_err
zobo_patient_children_watch_get_async(zobo_patient_children_watch *watch, const zobo_how *how, zobo_call **call)
{
    return start_op(watch, false, how, call);
}

zobo_err
zobo_patient_children_watch_get(zobo_patient_children_watch *watch, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_how how = zr_how(timeout_ms);
    zobo_call *call;
    zobo_err err = start_op(watch, false, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_patient_children_watch_changed_async(zobo_patient_children_watch *watch, const zobo_how *how, zobo_call **call)
{
    return start_op(watch, true, how, call);
}

zobo_err
zobo_patient_children_watch_changed(zobo_patient_children_watch *watch, uint32_t timeout_ms)
{
    zobo_how how = zr_how(timeout_ms);
    zobo_call *call;
    zobo_err err = start_op(watch, true, &how, &call);
    return zr_wait(err, call, NULL);
}
