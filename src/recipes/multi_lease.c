/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "recipes/checks.h"
#include "recipes/lease.h"

enum { MAX_COUNT = 100000, DIGITS = 12, WINDOW = 256, FULL_PAUSE_MS = 10 };

struct zobo_multi_lease {
    zr_recipe r; /* first */
    zr_lease_who who;
    char *path;
    uint32_t count;
    _Atomic int64_t end_ms; /* of what was obtained last */
};

/* The op: first a look at all leases without a lock, then a try at each that is to be had, the own one first. */
typedef struct multi_try {
    zr_lease_try t;     /* first */
    uint32_t looked_at; /* leases whose reads have begun */
    uint32_t under_way;
    uint32_t at; /* the one that is tried, or will be next */
    bool trying_own;
    int64_t own; /* the lease that is one's own already, or -1 */
    bool *held;  /* those not to be tried */
    zobo_err err;
} multi_try;

typedef struct look {
    zr_op *op;
    uint32_t index;
} look;

static zobo_multi_lease *
lease_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_multi_lease, r);
}

static void
release(zobo_multi_lease *lease)
{
    zr_lease_who_fini(&lease->who);
    zb_free(lease->path);
    zb_free(lease);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    release(lease_of(r));
}

static const zr_kind kind = {.destroy = destroy};

zobo_err
zobo_multi_lease_new(zobo_client *client, const char *path, uint32_t count, const zobo_lease_options *options,
                     zobo_multi_lease **out, zobo_problem *why)
{
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the leases");
    if (!count || count > MAX_COUNT)
        return zb_problem(why, ZOBO_EINVAL, 0, "there can be 1 to %d leases", MAX_COUNT);
    zobo_err err = zr_check_path(path, why);
    if (err)
        return err;
    zobo_multi_lease *lease = zb_calloc(1, sizeof *lease);
    if (!lease)
        return zr_no_memory(why);
    lease->count = count;
    err = zr_lease_who_init(&lease->who, options, why);
    if (!err && !(lease->path = zr_strdup(path)))
        err = zr_no_memory(why);
    if (!err && (err = zr_recipe_init(&lease->r, &kind, client)))
        (void)zr_explain(err, why);
    if (err)
        release(lease);
    else
        *out = lease;
    return err;
}

/* PATH/index. NULL: no memory. */
static char *
slot_path(const zobo_multi_lease *lease, uint32_t index)
{
    char name[DIGITS];
    (void)snprintf(name, sizeof name, "%u", (unsigned)index);
    return zr_path_child(lease->path, name);
}

/* --- trying them --- */

static void try_next(multi_try *m);

static void
slot_over(zr_lease_try *t, zobo_err err)
{
    multi_try *m = (multi_try *)t;
    if (err == ZOBO_EHELD) {
        if (!m->trying_own)
            m->at++;
        m->trying_own = false;
        try_next(m);
        return;
    }
    zobo_reply reply = {.count = (int32_t)m->at};
    if (m->trying_own)
        reply.count = (int32_t)m->own;
    if (!err)
        atomic_store(&lease_of(t->op.recipe)->end_ms, t->end_ms);
    zr_op_end(&t->op, err, err ? NULL : &reply);
}

static void
try_slot(multi_try *m, uint32_t index)
{
    char *path = slot_path(lease_of(m->t.op.recipe), index);
    if (path)
        zr_lease_try_at(&m->t, path);
    else
        zr_op_end(&m->t.op, ZOBO_ENOMEM, NULL);
    zb_free(path);
}

static void
try_next(multi_try *m)
{
    const zobo_multi_lease *lease = lease_of(m->t.op.recipe);
    while (m->at < lease->count && (m->held[m->at] || (int64_t)m->at == m->own))
        m->at++;
    if (m->trying_own)
        try_slot(m, (uint32_t)m->own);
    else if (m->at < lease->count)
        try_slot(m, m->at);
    else
        zr_op_end(&m->t.op, ZOBO_EHELD, NULL);
}

/* --- looking at them --- */

static void look_on(zr_op *op);

static void
look_anew(zr_op *op)
{
    multi_try *m = (multi_try *)op;
    m->looked_at = 0;
    m->own = -1;
    m->err = ZOBO_OK;
    look_on(op);
}

static void
note_lease(multi_try *m, uint32_t index, const zobo_reply *reply)
{
    zr_lease_text text;
    zobo_err err = zr_lease_parse(reply->data, reply->data_len, &text);
    if (err == ZOBO_ENOMEM)
        m->err = err;
    if (err)
        return; /* what it is will be told when it is tried */
    m->held[index] = zr_lease_is_held(m->t.who, &text);
    bool own = text.known && strcmp(text.holder, m->t.who->identifier) == 0;
    if (own && (m->own < 0 || (int64_t)index < m->own))
        m->own = (int64_t)index;
    zb_free(text.holder);
}

static void
slot_looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    look l = *(look *)arg;
    multi_try *m = (multi_try *)l.op;
    zb_free(arg);
    m->under_way--;
    if (!l.op->ended) {
        m->held[l.index] = false;
        if (!err)
            note_lease(m, l.index, reply);
        else if (err != ZOBO_ENONODE && !m->err)
            m->err = err;
    }
    zr_op *op = zr_back(l.op);
    if (op)
        look_on(op);
}

static zobo_err
look_at(multi_try *m, uint32_t index)
{
    zobo_multi_lease *lease = lease_of(m->t.op.recipe);
    look *l = zb_malloc(sizeof *l);
    char *slot = slot_path(lease, index), *path = slot ? zr_path_child(slot, "lease_holder") : NULL;
    zobo_how how = {.done = slot_looked, .arg = l, .flags = ZOBO_INLINE};
    zobo_err err = ZOBO_ENOMEM;
    if (l && path) {
        *l = (look){&m->t.op, index};
        err = zobo_get_async(lease->r.client, path, NULL, &how, NULL);
    }
    zb_free(slot);
    zb_free(path);
    if (err) {
        zb_free(l);
        return err;
    }
    m->under_way++;
    m->t.op.refs++;
    return ZOBO_OK;
}

static void
look_on(zr_op *op)
{
    multi_try *m = (multi_try *)op;
    const zobo_multi_lease *lease = lease_of(op->recipe);
    zobo_err err = ZOBO_OK;
    while (!m->err && !err && m->looked_at < lease->count && m->under_way < WINDOW) {
        err = look_at(m, m->looked_at);
        if (!err)
            m->looked_at++;
    }
    if (err && err != ZOBO_EQUEUEFULL)
        m->err = err;
    if (m->under_way)
        return;
    if (err == ZOBO_EQUEUEFULL) { /* others fill the queue */
        zr_pause(op, FULL_PAUSE_MS, look_on);
        return;
    }
    err = m->err;
    if (zr_retry(op, err, look_anew))
        return;
    if (err) {
        zr_op_end(op, err, NULL);
        return;
    }
    m->at = 0;
    m->trying_own = m->own >= 0;
    try_next(m);
}

/* --- the verb --- */

static void
try_free(zr_op *op)
{
    multi_try *m = (multi_try *)op;
    zr_lease_try_fini(&m->t);
    zb_free(m->held);
    zb_free(m);
}

zobo_err
zobo_multi_lease_obtain_async(zobo_multi_lease *lease, uint64_t duration_ms, const zobo_how *how, zobo_call **call)
{
    zobo_err err = zr_lease_check_duration(duration_ms);
    if (err) {
        if (call)
            *call = NULL;
        return err;
    }
    multi_try *m = zb_calloc(1, sizeof *m);
    if (m && !(m->held = zb_calloc(lease->count, sizeof *m->held))) {
        zb_free(m);
        m = NULL;
    }
    if (m) {
        m->t.who = &lease->who;
        m->t.duration_ms = duration_ms;
        m->t.over = slot_over;
        m->t.op.begin = look_anew;
        m->t.op.give_up = zr_lease_give_up;
        m->t.op.destroy = try_free;
    }
    return zr_op_start(&lease->r, m ? &m->t.op : NULL, how, call);
}

zobo_err
zobo_multi_lease_obtain(zobo_multi_lease *lease, uint64_t duration_ms, uint32_t timeout_ms, int32_t *index)
{
    zobo_call *call = NULL;
    zobo_reply *reply;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_multi_lease_obtain_async(lease, duration_ms, &how, &call);
    err = zr_wait(err, call, &reply);
    if (index)
        *index = err ? -1 : reply->count;
    zobo_reply_free(reply);
    return err;
}

int64_t
zobo_multi_lease_end(const zobo_multi_lease *lease)
{
    return atomic_load(&lease->end_ms);
}

void
zobo_multi_lease_free(zobo_multi_lease *lease)
{
    if (lease)
        zr_recipe_free(&lease->r);
}
