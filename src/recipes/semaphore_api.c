/* SPDX-License-Identifier: Apache-2.0 */
/* Semaphores as the user calls them. */
#include <stdio.h>
#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/roll.h"
#include "recipes/semaphore.h"

/* ---- making and freeing ---- */

static void
free_semaphore(zobo_semaphore *s)
{
    zr_acl_free(&s->acl);
    zb_free(s->path);
    zb_free(s->lease);
    zb_free(s->identifier);
    zb_free(s);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    free_semaphore((zobo_semaphore *)r);
}

static void
freed(zr_recipe *r)
{
    zobo_semaphore *s = (zobo_semaphore *)r;
    zr_holder_freed(r);
    zobo_lock_free(s->guard); /* inline, for this one tells no user anything */
    s->guard = NULL;
}

static const zr_kind semaphore_recipe = {.state = zr_holder_state, .freed = freed, .destroy = destroy};

static zobo_err
make_guard(zobo_semaphore *s, zobo_client *client, zobo_problem *why)
{
    size_t size = strlen(s->path) + sizeof "-__lock__";
    char *path = zb_malloc(size), *identifier = zr_bytes_repr(s->identifier);
    zobo_err err = ZOBO_ENOMEM;
    if (path && identifier) {
        zobo_lock_options o = {.identifier = *s->identifier ? identifier : "", .acl = s->has_acl ? &s->acl : NULL};
        (void)snprintf(path, size, "%s-__lock__", s->path);
        err = zobo_lock_new(client, path, &o, &s->guard, why);
        if (s->guard)
            s->guard->h.is_part = true;
    } else {
        err = zr_no_memory(why);
    }
    zb_free(path);
    zb_free(identifier);
    return err;
}

static zobo_err
fill(zobo_semaphore *s, zobo_client *client, const char *path, const zobo_semaphore_options *o, zobo_problem *why)
{
    char uuid[ZR_UUID];
    zobo_uuid(client, uuid);
    zr_holder_init(&s->h, &zr_semaphore_kind);
    s->h.tells = o->lost != NULL;
    s->h.release_on_suspended = o->release_on_suspended;
    s->h.reentrant = o->reentrant;
    s->lost = o->lost;
    s->lost_arg = o->lost_arg;
    s->max_leases = o->max_leases ? o->max_leases : 1;
    s->agreed = o->adopt_max_leases;
    s->path = zr_strdup(path);
    s->lease = zr_path_child(path, uuid);
    s->identifier = zr_strdup(o->identifier ? o->identifier : "");
    s->has_acl = o->acl != NULL;
    if (!s->path || !s->lease || !s->identifier || (o->acl && !zr_acl_copy(o->acl, &s->acl)))
        return zr_no_memory(why);
    zobo_err err = make_guard(s, client, why);
    if (err)
        return err;
    err = zr_recipe_init(&s->h.r, &semaphore_recipe, client);
    if (!err)
        return ZOBO_OK;
    zobo_lock_free(s->guard);
    return zr_explain(err, why);
}

zobo_err
zobo_semaphore_new(zobo_client *client, const char *path, const zobo_semaphore_options *options, zobo_semaphore **out,
                   zobo_problem *why)
{
    zobo_semaphore_options o;
    *out = NULL;
    zb_problem_clear(why);
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_semaphore_options, options, lost_arg, why);
    if (!err)
        err = zr_check_client(client, why);
    if (!err)
        err = zr_check_path(path, why);
    if (!err)
        err = zr_check_acl(o.acl, why);
    if (!err && o.max_leases > INT32_MAX)
        err = zb_problem(why, ZOBO_EBADOPTION, 0, "zobo_semaphore_options.max_leases: %lu is too many",
                         (unsigned long)o.max_leases);
    if (err)
        return err;
    zobo_semaphore *s = zb_calloc(1, sizeof *s);
    if (!s)
        return zr_no_memory(why);
    err = fill(s, client, path, &o, why);
    if (err)
        free_semaphore(s);
    else
        *out = s;
    return err;
}

void
zobo_semaphore_free(zobo_semaphore *s)
{
    if (s)
        zr_recipe_free(&s->h.r);
}

/* ---- acquiring and releasing ---- */

zobo_err
zobo_semaphore_acquire(zobo_semaphore *s, uint32_t timeout_ms)
{
    return zr_acquire(&s->h, false, timeout_ms);
}

zobo_err
zobo_semaphore_acquire_async(zobo_semaphore *s, const zobo_how *how, zobo_call **call)
{
    return zr_acquire_async(&s->h, false, how, call);
}

zobo_err
zobo_semaphore_try(zobo_semaphore *s, uint32_t timeout_ms)
{
    return zr_acquire(&s->h, true, timeout_ms);
}

zobo_err
zobo_semaphore_try_async(zobo_semaphore *s, const zobo_how *how, zobo_call **call)
{
    return zr_acquire_async(&s->h, true, how, call);
}

zobo_err
zobo_semaphore_release(zobo_semaphore *s, uint32_t timeout_ms)
{
    return zr_release(&s->h, timeout_ms);
}

zobo_err
zobo_semaphore_release_async(zobo_semaphore *s, const zobo_how *how, zobo_call **call)
{
    return zr_release_async(&s->h, how, call);
}

zobo_err
zobo_semaphore_cancel(zobo_semaphore *s)
{
    return zr_cancel(&s->h);
}

/* ---- looking ---- */

static bool
is_lease(const zr_recipe *r, const char *name, int32_t *sequence)
{
    (void)r, (void)name;
    *sequence = 0;
    return true;
}

zobo_err
zobo_semaphore_lease_holders_async(zobo_semaphore *s, const zobo_how *how, zobo_call **call)
{
    return zr_op_start(&s->h.r, zr_roll_new(s->path, is_lease), how, call);
}

zobo_err
zobo_semaphore_lease_holders(zobo_semaphore *s, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_semaphore_lease_holders_async(s, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_semaphore_check(const zobo_semaphore *s)
{
    return zr_holder_check(&s->h);
}

int64_t
zobo_semaphore_fence(const zobo_semaphore *s)
{
    return zr_holder_fence(&s->h);
}
