/* SPDX-License-Identifier: Apache-2.0 */
/* Locks as the user calls them. */
#include <stdio.h>
#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/lock.h"

/* ---- making and freeing ---- */

static void
free_lock(zobo_lock *lock)
{
    for (size_t i = 0; i < lock->n_patterns; i++)
        zb_free(lock->patterns[i]);
    zb_free(lock->patterns);
    zr_acl_free(&lock->acl);
    zb_free(lock->path);
    zb_free(lock->identifier);
    zb_free(lock->prefix);
    zb_free(lock->node);
    zb_free(lock);
}

static void
destroy_lock(zr_recipe *r)
{
    zr_recipe_fini(r);
    free_lock((zobo_lock *)r);
}

static const zr_kind lock_kind = {.state = zr_holder_state, .freed = zr_holder_freed, .destroy = destroy_lock};

static void
destroy_entry(zr_op *op)
{
    zb_free(((zr_lock_entry *)op)->obstacle);
    zb_free(op);
}

static void
tell_lost(zr_recipe *r, void *arg)
{
    zobo_lock *lock = (zobo_lock *)r;
    (void)arg;
    lock->o.lost(lock->o.lost_arg, lock);
}

static const zr_holder_kind how_it_is_got = {.entry_size = sizeof(zr_lock_entry),
                                             .enter = zr_lock_enter,
                                             .stop = zr_lock_stop,
                                             .leave = zr_lock_leave,
                                             .destroy_entry = destroy_entry,
                                             .tell_lost = tell_lost};

static bool
add_pattern(zobo_lock *lock, const char *pattern)
{
    lock->patterns[lock->n_patterns] = zr_strdup(pattern);
    return lock->patterns[lock->n_patterns] && ++lock->n_patterns;
}

static bool
copy_parts(zobo_lock *lock, zobo_client *client, const char *path)
{
    const zobo_lock_options *o = &lock->o;
    char uuid[ZR_UUID], name[64];
    lock->path = zr_strdup(path);
    lock->identifier = zr_strdup(o->identifier ? o->identifier : "");
    lock->patterns = zb_calloc(o->n_extra_patterns + 2, sizeof *lock->patterns);
    zobo_uuid(client, uuid);
    (void)snprintf(name, sizeof name, "%s__%slock__", uuid, o->kind == ZOBO_READ_LOCK ? "r" : "");
    lock->prefix = lock->path ? zr_path_child(path, name) : NULL;
    if (!lock->prefix || !lock->identifier || !lock->patterns || !add_pattern(lock, "__lock__"))
        return false;
    if (o->kind == ZOBO_WRITE_LOCK && !add_pattern(lock, "__rlock__"))
        return false;
    for (size_t i = 0; i < o->n_extra_patterns; i++)
        if (!add_pattern(lock, o->extra_patterns[i]))
            return false;
    if (o->acl && !zr_acl_copy(o->acl, &lock->acl))
        return false;
    lock->o.acl = o->acl ? &lock->acl : NULL;
    return true;
}

static zobo_err
check_options(const zobo_lock_options *o, zobo_problem *why)
{
    if ((unsigned)o->kind > ZOBO_WRITE_LOCK)
        return zb_problem(why, ZOBO_EBADOPTION, 0, "zobo_lock_options.kind: %d is no kind of lock", (int)o->kind);
    for (size_t i = 0; i < o->n_extra_patterns; i++)
        if (!o->extra_patterns || !o->extra_patterns[i] || !*o->extra_patterns[i])
            return zb_problem(why, ZOBO_EBADOPTION, 0, "zobo_lock_options.extra_patterns[%zu] is empty", i);
    return ZOBO_OK;
}

zobo_err
zobo_lock_new(zobo_client *client, const char *path, const zobo_lock_options *options, zobo_lock **out,
              zobo_problem *why)
{
    zobo_lock_options o;
    *out = NULL;
    zb_problem_clear(why);
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_lock_options, options, lost_arg, why);
    if (!err)
        err = zr_check_client(client, why);
    if (!err)
        err = zr_check_path(path, why);
    if (!err)
        err = zr_check_acl(o.acl, why);
    if (!err)
        err = check_options(&o, why);
    if (err)
        return err;
    zobo_lock *lock = zb_calloc(1, sizeof *lock);
    if (!lock)
        return zr_no_memory(why);
    lock->o = o;
    zr_holder_init(&lock->h, &how_it_is_got);
    lock->h.tells = o.lost != NULL;
    lock->h.release_on_suspended = o.release_on_suspended;
    lock->h.persistent = o.persistent;
    lock->h.reentrant = o.reentrant;
    err = copy_parts(lock, client, path) ? zr_recipe_init(&lock->h.r, &lock_kind, client) : ZOBO_ENOMEM;
    if (err) {
        free_lock(lock);
        return zr_explain(err, why);
    }
    *out = lock;
    return ZOBO_OK;
}

void
zobo_lock_free(zobo_lock *lock)
{
    if (lock)
        zr_recipe_free(&lock->h.r);
}

/* ---- acquiring and releasing ---- */

zobo_err
zobo_lock_acquire_async(zobo_lock *lock, const zobo_how *how, zobo_call **call)
{
    return zr_acquire_async(&lock->h, false, how, call);
}

zobo_err
zobo_lock_acquire(zobo_lock *lock, uint32_t timeout_ms)
{
    return zr_acquire(&lock->h, false, timeout_ms);
}

zobo_err
zobo_lock_try_async(zobo_lock *lock, const zobo_how *how, zobo_call **call)
{
    return zr_acquire_async(&lock->h, true, how, call);
}

zobo_err
zobo_lock_try(zobo_lock *lock, uint32_t timeout_ms)
{
    return zr_acquire(&lock->h, true, timeout_ms);
}

zobo_err
zobo_lock_release_async(zobo_lock *lock, const zobo_how *how, zobo_call **call)
{
    return zr_release_async(&lock->h, how, call);
}

zobo_err
zobo_lock_release(zobo_lock *lock, uint32_t timeout_ms)
{
    return zr_release(&lock->h, timeout_ms);
}

zobo_err
zobo_lock_cancel(zobo_lock *lock)
{
    return zr_cancel(&lock->h);
}

/* ---- looking ---- */

zobo_err
zobo_lock_contenders_async(zobo_lock *lock, const zobo_how *how, zobo_call **call)
{
    return zr_op_start(&lock->h.r, zr_lock_new_roll(lock), how, call);
}

zobo_err
zobo_lock_contenders(zobo_lock *lock, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_lock_contenders_async(lock, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_lock_check(const zobo_lock *lock)
{
    return zr_holder_check(&lock->h);
}

int64_t
zobo_lock_fence(const zobo_lock *lock)
{
    return zr_holder_fence(&lock->h);
}
