/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/reads.h"

enum { WINDOW = 256, FULL_PAUSE_MS = 10 };

typedef struct one {
    zr_reads *r;
    size_t i;
} one;

static void read_on(zr_op *op);

static void
read_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    one o = *(one *)arg;
    zb_free(arg);
    o.r->under_way--;
    if (!o.r->op.ended) {
        if (!err)
            err = o.r->got(o.r, o.i, reply);
        if (err && err != ZOBO_ENONODE && !o.r->err)
            o.r->err = err;
    }
    zr_op *op = zr_back(&o.r->op);
    if (op)
        read_on(op);
}

static zobo_err
read_one(zr_reads *r, size_t i)
{
    one *o = zb_malloc(sizeof *o);
    zobo_how how = {.done = read_done, .arg = o, .flags = ZOBO_INLINE};
    if (!o)
        return ZOBO_ENOMEM;
    *o = (one){r, i};
    zobo_err err = zobo_get_async(r->op.recipe->client, r->path(r, i), NULL, &how, NULL);
    if (err) {
        zb_free(o);
        return err;
    }
    r->under_way++;
    r->op.refs++;
    return ZOBO_OK;
}

/* A queue that is full is no error: an answer makes room, or, if others fill it, time does. */
static void
read_on(zr_op *op)
{
    zr_reads *r = (zr_reads *)op;
    zobo_err err = ZOBO_OK;
    while (!r->err && !err && r->at < r->n && r->under_way < WINDOW) {
        err = read_one(r, r->at);
        if (!err)
            r->at++;
    }
    if (err && err != ZOBO_EQUEUEFULL)
        r->err = err;
    if (r->under_way)
        return;
    if (err == ZOBO_EQUEUEFULL)
        zr_pause(op, FULL_PAUSE_MS, read_on);
    else
        r->over(r, r->err);
}

void
zr_reads_begin(zr_reads *r, size_t n)
{
    r->n = n;
    r->at = 0;
    r->err = ZOBO_OK;
    read_on(&r->op);
}
