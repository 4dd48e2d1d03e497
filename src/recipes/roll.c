/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/roll.h"

#include <stdlib.h>

#include "recipes/contender.h"

typedef struct cell {
    zr_op *op;
    int32_t sequence;
    char *name;
    char *text; /* NULL: it has gone */
} cell;

typedef struct roll {
    zr_op op; /* first */
    const char *path;
    zr_roll_pick *pick;
    cell *cells;
    size_t n;
    size_t missing; /* answers */
    zobo_err err;   /* of one of them */
} roll;

static void call_roll(zr_op *op);

static void
clear(roll *r)
{
    for (size_t i = 0; i < r->n; i++) {
        zb_free(r->cells[i].name);
        zb_free(r->cells[i].text);
    }
    zb_free(r->cells);
    r->cells = NULL;
    r->n = 0;
    r->err = ZOBO_OK;
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
    zr_op_end(&r->op, texts ? ZOBO_OK : ZOBO_ENOMEM, texts ? &reply : NULL);
    zb_free(texts);
}

static void
answered(void *arg, zobo_err err, const zobo_reply *reply)
{
    cell *c = arg;
    roll *r = (roll *)c->op;
    r->missing--;
    if (!err) {
        c->text = zb_strndup(reply->data ? reply->data : "", reply->data_len);
        err = c->text ? ZOBO_OK : ZOBO_ENOMEM;
    }
    if (err && err != ZOBO_ENONODE)
        r->err = err;
    zr_op *op = zr_back(&r->op);
    if (!op || r->missing || zr_retry(op, r->err, call_roll))
        return;
    if (r->err)
        zr_op_end(op, r->err, NULL);
    else
        tell_roll(r);
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
        if (!r->pick(r->op.recipe, name, &sequence))
            continue;
        *c = (cell){.op = &r->op, .sequence = sequence, .name = zr_path_child(r->path, name)};
        if (!c->name)
            return false;
        r->n++;
    }
    if (r->n)
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
    if (!r->n) {
        tell_roll(r);
        return;
    }
    r->missing = r->n;
    op->refs++; /* the last of these may be refused and end the op */
    for (size_t i = 0; i < r->n; i++) {
        zobo_how how = {.done = answered, .arg = &r->cells[i], .flags = ZOBO_INLINE};
        err = zobo_get_async(op->recipe->client, r->cells[i].name, NULL, &how, NULL);
        op->refs++;
        if (err)
            answered(&r->cells[i], err, NULL);
    }
    (void)zr_back(op);
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
    r->op.begin = call_roll;
    r->op.destroy = destroy_roll;
    return &r->op;
}
