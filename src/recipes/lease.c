/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/lease.h"

#include <string.h>

#include "recipes/checks.h"

struct zobo_lease {
    zr_recipe r; /* first */
    zr_lease_who who;
    char *path;
    _Atomic int64_t end_ms; /* of what was obtained last */
};

static zobo_lease *
lease_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_lease, r);
}

static void
release(zobo_lease *lease)
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

static zobo_err
fill(zobo_lease *lease, zobo_client *client, const char *path, zobo_problem *why)
{
    lease->path = zr_strdup(path);
    if (!lease->path)
        return zr_no_memory(why);
    zobo_err err = zr_recipe_init(&lease->r, &kind, client);
    if (err)
        (void)zr_explain(err, why);
    return err;
}

zobo_err
zobo_lease_new(zobo_client *client, const char *path, const zobo_lease_options *options, zobo_lease **out,
               zobo_problem *why)
{
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the lease");
    zobo_err err = zr_check_path(path, why);
    if (err)
        return err;
    zobo_lease *lease = zb_calloc(1, sizeof *lease);
    if (!lease)
        return zr_no_memory(why);
    err = zr_lease_who_init(&lease->who, options, why);
    if (!err)
        err = fill(lease, client, path, why);
    if (err)
        release(lease);
    else
        *out = lease;
    return err;
}

/* --- obtaining --- */

static void
obtained(zr_lease_try *t, zobo_err err)
{
    zobo_reply reply = {.data = t->held_by, .data_len = t->held_by ? strlen(t->held_by) : 0};
    if (!err)
        atomic_store(&lease_of(t->op.recipe)->end_ms, t->end_ms);
    zr_op_end(&t->op, err, err == ZOBO_EHELD ? &reply : NULL);
}

static void
begin(zr_op *op)
{
    zobo_lease *lease = lease_of(op->recipe);
    zr_lease_try_at(ZB_CONTAINER_OF(op, zr_lease_try, op), lease->path);
}

static void
try_free(zr_op *op)
{
    zr_lease_try_fini(ZB_CONTAINER_OF(op, zr_lease_try, op));
    zb_free(op);
}

zobo_err
zobo_lease_obtain_async(zobo_lease *lease, uint64_t duration_ms, const zobo_how *how, zobo_call **call)
{
    zobo_err err = zr_lease_check_duration(duration_ms);
    if (err) {
        if (call)
            *call = NULL;
        return err;
    }
    zr_lease_try *t = zb_calloc(1, sizeof *t);
    if (t) {
        t->who = &lease->who;
        t->duration_ms = duration_ms;
        t->over = obtained;
        t->op.begin = begin;
        t->op.give_up = zr_lease_give_up;
        t->op.destroy = try_free;
    }
    return zr_op_start(&lease->r, t ? &t->op : NULL, how, call);
}

zobo_err
zobo_lease_obtain(zobo_lease *lease, uint64_t duration_ms, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_lease_obtain_async(lease, duration_ms, &how, &call);
    return zr_wait(err, call, NULL);
}

int64_t
zobo_lease_end(const zobo_lease *lease)
{
    return atomic_load(&lease->end_ms);
}

void
zobo_lease_free(zobo_lease *lease)
{
    if (lease)
        zr_recipe_free(&lease->r);
}
