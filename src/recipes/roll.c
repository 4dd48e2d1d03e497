/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/roll.h"

#include <stdlib.h>

#include "recipes/contender.h"
#include "recipes/reads.h"

typedef struct cell {
    int32_t sequence;
    char *path;
    char *text; /* NULL: it has gone */
} cell;

typedef struct roll {
    zr_reads reads; /* first */
    const char *path;
    zr_roll_pick *pick;
    cell *cells;
    size_t n;
} roll;

static void call_roll(zr_op *op);

static void
clear(roll *r)
{
    for (size_t i = 0; i < r->n; i++) {
        zb_free(r->cells[i].path);
        zb_free(r->cells[i].text);
    }
    zb_free(r->cells);
    r->cells = NULL;
    r->n = 0;
}

static void
destroy_roll(zr_op *op)
{
    clear((roll *)op);
    zb_free(op);
}

static void
tell_roll(roll *r)
{
    const char **texts = zb_calloc(r->n + 1, sizeof *texts);
    zobo_reply reply = {.children = texts};
    for (size_t i = 0; texts && i < r->n; i++)
        if (r->cells[i].text)
            texts[reply.n_children++] = r->cells[i].text;
    zr_op_end(&r->reads.op, texts ? ZOBO_OK : ZOBO_ENOMEM, texts ? &reply : NULL);
    zb_free(texts);
}

static const char *
path_of(zr_reads *reads, size_t i)
{
    return ((roll *)reads)->cells[i].path;
}

static zobo_err
answered(zr_reads *reads, size_t i, const zobo_reply *reply)
{
    cell *c = &((roll *)reads)->cells[i];
    c->text = zb_strndup(reply->data ? reply->data : "", reply->data_len);
    return c->text ? ZOBO_OK : ZOBO_ENOMEM;
}

static void
called(zr_reads *reads, zobo_err err)
{
    if (zr_retry(&reads->op, err, call_roll))
        return;
    if (err)
        zr_op_end(&reads->op, err, NULL);
    else
        tell_roll((roll *)reads);
}

static int
by_sequence(const void *a, const void *b)
{
    const cell *x = a, *y = b;
    return x->sequence == y->sequence ? 0 : zr_sequence_before(x->sequence, y->sequence) ? -1 : 1;
}

/* False: no memory. */
static bool
write_roll(roll *r, const zobo_reply *children)
{
    r->cells = zb_calloc(children->n_children + 1, sizeof *r->cells);
    for (size_t i = 0; r->cells && i < children->n_children; i++) {
        cell *c = &r->cells[r->n];
        int32_t sequence;
        const char *name = children->children[i];
        if (!r->pick(r->reads.op.recipe, name, &sequence))
            continue;
        *c = (cell){.sequence = sequence, .path = zr_path_child(r->path, name)};
        if (!c->path)
            return false;
        r->n++;
    }
    if (r->cells && r->n)
        qsort(r->cells, r->n, sizeof *r->cells, by_sequence);
    return r->cells != NULL;
}

static void
roll_listed(void *arg, zobo_err err, const zobo_reply *reply)
{
    static const zobo_reply nobody;
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, call_roll))
        return;
    roll *r = (roll *)op;
    if (err && err != ZOBO_ENONODE) {
        zr_op_end(op, err, NULL);
        return;
    }
    if (!write_roll(r, err ? &nobody : reply)) {
        zr_op_end(op, ZOBO_ENOMEM, NULL);
        return;
    }
    zr_reads_begin(&r->reads, r->n);
}

static void
call_roll(zr_op *op)
{
    zobo_how how = zr_op_how(op, roll_listed);
    clear((roll *)op);
    zr_sent(op, zobo_get_children_async(op->recipe->client, ((roll *)op)->path, NULL, &how, NULL), roll_listed);
}

zr_op *
zr_roll_new(const char *path, zr_roll_pick *pick)
{
    roll *r = zb_calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->path = path;
    r->pick = pick;
    r->reads.path = path_of;
    r->reads.got = answered;
    r->reads.over = called;
    r->reads.op.begin = call_roll;
    r->reads.op.destroy = destroy_roll;
    return &r->reads.op;
}
