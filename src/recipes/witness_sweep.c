/* SPDX-License-Identifier: Apache-2.0 */
/* Witnesses that processes have left behind when they crashed. */
#include <stdlib.h>
#include <string.h>

#include "recipes/witness.h"

enum {
    SWEPT_AT_ONCE = 16,
    FORGOTTEN_MS = 24 * 60 * 60 * 1000 /* not set for so long: its process is no more */
};

const char zr_witness_suffix[] = "__witness__";
_Static_assert(sizeof zr_witness_suffix == ZR_WITNESS_SUFFIX, "");

/* Looks at some of the other witnesses: those next to ours in the order of their names, which is random. */
typedef struct sweep {
    zr_op op;
    zr_witnesses *p;
    char *own;      /* its path */
    int64_t now_ms; /* by the server's clock; 0: not known yet */
    char *paths[SWEPT_AT_ONCE];
    size_t n, at;
} sweep;

static void
destroy_sweep(zr_op *op)
{
    sweep *s = (sweep *)op;
    for (size_t i = 0; i < s->n; i++)
        zb_free(s->paths[i]);
    zb_free(s->own);
    zb_free(s);
}

static void sweep_next(zr_op *op);

static void
swept(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, sweep_next))
        return;
    ((sweep *)op)->at++;
    sweep_next(op);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, sweep_next))
        return;
    sweep *s = (sweep *)op;
    if (!s->now_ms) {
        if (err || !reply) {
            zr_op_end(op, ZOBO_OK, NULL);
            return;
        }
        s->now_ms = reply->stat.ctime;
    } else if (!err && reply && s->now_ms - reply->stat.mtime > FORGOTTEN_MS) {
        zobo_how how = zr_op_how(op, swept);
        zr_sent(op, zobo_delete_async(op->recipe->client, s->paths[s->at], reply->stat.version, &how, NULL), swept);
        return;
    } else {
        s->at++;
    }
    sweep_next(op);
}

static void
sweep_next(zr_op *op)
{
    sweep *s = (sweep *)op;
    if (op->recipe->gone || s->at >= s->n) {
        zr_op_end(op, ZOBO_OK, NULL);
        return;
    }
    zobo_how how = zr_op_how(op, looked);
    zr_sent(op, zobo_exists_async(op->recipe->client, s->now_ms ? s->paths[s->at] : s->own, NULL, &how, NULL), looked);
}

static bool
is_witness(const char *name)
{
    size_t n = strlen(name);
    return n == ZR_UUID - 1 + sizeof zr_witness_suffix - 1 && strcmp(name + ZR_UUID - 1, zr_witness_suffix) == 0;
}

/* Takes the first few of the sorted names that come after ours, going round. */
static void
choose(sweep *s, const char **names, size_t n)
{
    const char *own = strrchr(s->own, '/') + 1;
    size_t first = 0;
    qsort(names, n, sizeof *names, zr_by_text);
    while (first < n && strcmp(names[first], own) <= 0)
        first++;
    for (size_t i = 0; i < n && s->n < SWEPT_AT_ONCE; i++) {
        const char *name = names[(first + i) % n];
        if (strcmp(name, own) == 0)
            continue;
        s->paths[s->n] = zr_path_child(s->p->dir, name);
        if (!s->paths[s->n])
            return;
        s->n++;
    }
}

static void
listed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, op->begin))
        return;
    sweep *s = (sweep *)op;
    const char **names = !err && reply && reply->n_children ? zb_malloc(reply->n_children * sizeof *names) : NULL;
    size_t n = 0;
    if (names) {
        for (size_t i = 0; i < reply->n_children; i++) {
            if (is_witness(reply->children[i]))
                names[n++] = reply->children[i];
        }
        choose(s, names, n);
        zb_free((void *)names);
    }
    sweep_next(op);
}

static void
begin_sweep(zr_op *op)
{
    zobo_how how = zr_op_how(op, listed);
    zr_sent(op, zobo_get_children_async(op->recipe->client, ((sweep *)op)->p->dir, NULL, &how, NULL), listed);
}

void
zr_sweep(zr_witnesses *p, const char *own)
{
    if (p->swept || p->r->gone)
        return;
    p->swept = true;
    sweep *s = zb_calloc(1, sizeof *s);
    if (!s)
        return;
    s->p = p;
    s->own = zr_strdup(own);
    if (!s->own) {
        zb_free(s);
        return;
    }
    s->op.begin = begin_sweep;
    s->op.destroy = destroy_sweep;
    zr_op_begin_quiet(p->r, &s->op);
}
