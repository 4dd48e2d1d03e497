/* SPDX-License-Identifier: Apache-2.0 */
/* Locks as the user calls them. */
#include <stdio.h>
#include <string.h>

#include "base/sized.h"
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

static const zr_kind lock_kind = {.state = zr_lock_on_state, .freed = zr_lock_freed, .destroy = destroy_lock};

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
    zobo_err err = zb_sized_take(&o, sizeof o, options, ZB_SIZED_FIRST(zobo_lock_options, lost_arg),
                                 ZB_SIZED_FIRST(zobo_lock_options, lost_arg), "zobo_lock_options", why);
    if (!err)
        err = zobo_path_check(path, false, why);
    if (!err)
        err = check_options(&o, why);
    if (err)
        return err;
    zobo_lock *lock = zb_calloc(1, sizeof *lock);
    if (!lock)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    lock->o = o;
    zb_list_init(&lock->line);
    zb_list_init(&lock->leavers);
    err = copy_parts(lock, client, path) ? zr_recipe_init(&lock->r, &lock_kind, client) : ZOBO_ENOMEM;
    if (err) {
        free_lock(lock);
        return zb_problem(why, err, 0, "%s", zobo_err_text(err));
    }
    *out = lock;
    return ZOBO_OK;
}

void
zobo_lock_free(zobo_lock *lock)
{
    if (lock)
        zr_recipe_free(&lock->r);
}

/* ---- acquiring and releasing ---- */

static void
destroy_entry(zr_op *op)
{
    zb_free(((zr_lock_entry *)op)->obstacle);
    zb_free(op);
}

static zobo_err
begin_acquire(zobo_lock *lock, bool only_try, const zobo_how *how, zobo_call **call)
{
    zr_lock_entry *e = zb_calloc(1, sizeof *e);
    if (e) {
        e->only_try = only_try;
        e->op.begin = zr_lock_begin_entry;
        e->op.give_up = zr_lock_give_entry_up;
        e->op.destroy = destroy_entry;
    }
    return zr_op_start(&lock->r, e ? &e->op : NULL, how, call);
}

zobo_err
zobo_lock_acquire_async(zobo_lock *lock, const zobo_how *how, zobo_call **call)
{
    return begin_acquire(lock, false, how, call);
}

zobo_err
zobo_lock_acquire(zobo_lock *lock, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = begin_acquire(lock, false, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_lock_try_async(zobo_lock *lock, const zobo_how *how, zobo_call **call)
{
    return begin_acquire(lock, true, how, call);
}

zobo_err
zobo_lock_try(zobo_lock *lock)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(0);
    zobo_err err = begin_acquire(lock, true, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_lock_release_async(zobo_lock *lock, const zobo_how *how, zobo_call **call)
{
    zr_lock_leaver *leaver = zb_calloc(1, sizeof *leaver);
    if (leaver) {
        leaver->op.begin = zr_lock_begin_release;
        leaver->op.give_up = zr_lock_give_release_up;
    }
    return zr_op_start(&lock->r, leaver ? &leaver->op : NULL, how, call);
}

zobo_err
zobo_lock_release(zobo_lock *lock)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(0);
    zobo_err err = zobo_lock_release_async(lock, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_lock_cancel(zobo_lock *lock)
{
    return zr_post(&lock->r, zr_lock_cancel_all, NULL);
}

/* ---- looking ---- */

zobo_err
zobo_lock_contenders_async(zobo_lock *lock, const zobo_how *how, zobo_call **call)
{
    return zr_op_start(&lock->r, zr_lock_new_roll(lock), how, call);
}

zobo_err
zobo_lock_contenders(zobo_lock *lock, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(0);
    zobo_err err = zobo_lock_contenders_async(lock, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_lock_check(const zobo_lock *lock)
{
    if (zobo_lock_fence(lock))
        return ZOBO_OK;
    return atomic_load((atomic_bool *)(uintptr_t)&lock->lost) ? ZOBO_ELOCKLOST : ZOBO_ENOTHELD;
}

int64_t
zobo_lock_fence(const zobo_lock *lock)
{
    return atomic_load((_Atomic int64_t *)(uintptr_t)&lock->fence);
}
