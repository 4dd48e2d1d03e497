/* SPDX-License-Identifier: Apache-2.0 */
/* Dealing: the party settles, the own part is worked out, its locks are acquired, all at once; and all that backwards.
 * */
#include "recipes/set_partitioner.h"

#include <string.h>

#include "recipes/lock.h"

/* --- the party --- */

/* The members there are; NULL: no memory. */
static zr_roll *
call_roll(zobo_set_partitioner *p)
{
    zb_map_iter it;
    zb_map_node *node;
    size_t n = 0;
    const char **names = zb_malloc((p->party.children.n + 1) * sizeof *names);
    if (!names)
        return NULL;
    zb_map_iter_init(&p->party.children, &it);
    while ((node = zb_map_iter_next(&p->party.children, &it)) != NULL)
        names[n++] = ((const zr_child *)node)->name;
    zr_roll *roll = zr_roll_of(names, n);
    zb_free(names);
    return roll;
}

static bool
is_in(const zobo_set_partitioner *p)
{
    return p->party.complete && zr_presence_now(p->member) == ZOBO_PRESENCE_PRESENT &&
           zb_map_find(&p->party.children, p->node, strlen(p->node)) != NULL;
}

/* --- giving back --- */

static void
unwound_yet(zobo_set_partitioner *p)
{
    if (p->phase == ZR_UNWINDING && !p->acquiring && !p->releasing)
        zr_partition_unwound(p);
}

static void
released(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_set_partitioner *p = arg;
    (void)err, (void)reply; /* released, lost, or gone with the session: not held in any case */
    p->releasing--;
    unwound_yet(p);
    zr_unref(&p->r);
}

static void
release_item(zr_item *item)
{
    zobo_set_partitioner *p = item->p;
    zobo_how how = {.done = released, .arg = p, .flags = ZOBO_INLINE};
    item->held = false;
    if (zobo_lock_release_async(item->lock, &how, NULL)) {
        zr_let_go(&item->lock->h); /* there was no memory to be told when it is done */
        return;
    }
    p->releasing++;
    zr_ref(&p->r);
}

static void
stop_nap(zobo_set_partitioner *p)
{
    if (!p->nap)
        return;
    zobo_call *nap = p->nap;
    p->nap = NULL;
    zobo_call_cancel(nap);
    zobo_call_free(nap);
}

void
zr_partition_unwind(zobo_set_partitioner *p)
{
    stop_nap(p);
    p->phase = ZR_UNWINDING;
    memset(p->mine, 0, p->n_items * sizeof *p->mine);
    for (size_t i = 0; i < p->n_items; i++) {
        zr_item *item = &p->items[i];
        if (item->acquire)
            zobo_call_cancel(item->acquire);
        if (item->held)
            release_item(item);
    }
    unwound_yet(p);
}

void
zr_partition_must_release(zobo_set_partitioner *p)
{
    if (p->phase == ZR_DEALING)
        zr_partition_unwind(p);
    else if (p->phase == ZR_HOLDING && atomic_load(&p->state) == ZOBO_PARTITION_ACQUIRED)
        zr_partition_state(p, ZOBO_PARTITION_RELEASE);
}

void
zr_partition_drop_locks(zobo_set_partitioner *p)
{
    stop_nap(p);
    for (size_t i = 0; p->items && i < p->n_items; i++) {
        zr_item *item = &p->items[i];
        if (!item->lock)
            continue;
        item->lock->h.on_lost = NULL;
        zobo_lock_free(item->lock);
        item->lock = NULL;
        item->held = false;
    }
}

/* --- acquiring --- */

static void
lost(void *owner)
{
    zr_partition_must_release(((zr_item *)owner)->p);
}

static void
dealt_yet(zobo_set_partitioner *p)
{
    if (p->phase != ZR_DEALING || p->acquiring)
        return;
    for (size_t i = 0; i < p->n_items; i++) {
        if (p->mine[i] && (!p->items[i].held || zobo_lock_check(p->items[i].lock))) {
            zr_partition_unwind(p); /* lost as soon as it was got */
            return;
        }
    }
    p->phase = ZR_HOLDING;
    zr_partition_acquired(p);
}

static void
acquired(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_item *item = arg;
    zobo_set_partitioner *p = item->p;
    (void)reply;
    zobo_call_free(item->acquire);
    item->acquire = NULL;
    p->acquiring--;
    item->held = !err && item->lock;
    if (item->held && p->phase != ZR_DEALING)
        release_item(item);
    if (err && p->phase == ZR_DEALING) {
        if (err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED || err == ZOBO_ECANCELLED || err == ZOBO_ENOMEM)
            zr_partition_unwind(p); /* and begin anew */
        else
            zr_partition_fail(p, err);
    }
    dealt_yet(p);
    unwound_yet(p);
    zr_unref(&p->r);
}

static zobo_err
acquire_item(zr_item *item)
{
    zobo_set_partitioner *p = item->p;
    zobo_how how = {.done = acquired, .arg = item, .flags = ZOBO_INLINE};
    zobo_lock_options options = {.size = sizeof options, .acl = p->o.acl};
    zobo_err err = ZOBO_OK;
    if (!item->lock) {
        char *path = zr_path_child(p->locks_path, item->name);
        err = path ? zobo_lock_new(p->r.client, path, &options, &item->lock, NULL) : ZOBO_ENOMEM;
        zb_free(path);
        if (err)
            return err;
        item->lock->h.is_part = true;
        item->lock->h.on_lost = lost;
        item->lock->h.owner = item;
    }
    err = zobo_lock_acquire_async(item->lock, &how, &item->acquire);
    if (!err) {
        p->acquiring++;
        zr_ref(&p->r);
    }
    return err;
}

static void
divide(zobo_set_partitioner *p, size_t me)
{
    memset(p->mine, 0, p->n_items * sizeof *p->mine);
    if (p->o.partition)
        p->o.partition(p->o.partition_arg, p->dealt->identifiers, p->dealt->n, me, p->names, p->n_items, p->mine);
    else
        zr_partition_every_nth(me, p->dealt->n, p->n_items, p->mine);
}

static void
deal(zobo_set_partitioner *p)
{
    size_t me;
    zr_roll_free(p->dealt);
    p->dealt = call_roll(p);
    if (!zr_roll_find(p->dealt, p->node, &me)) {
        zr_partition_settle(p);
        return;
    }
    p->phase = ZR_DEALING;
    divide(p, me);
    zobo_err err = ZOBO_OK;
    for (size_t i = 0; i < p->n_items && !err; i++) {
        if (p->mine[i])
            err = acquire_item(&p->items[i]);
    }
    if (err)
        zr_partition_unwind(p);
    else
        dealt_yet(p);
}

static void
rested(void *arg, zobo_err err, const zobo_reply *reply)
{
    zobo_set_partitioner *p = arg;
    (void)reply;
    if (!err && p->nap && zobo_call_done(p->nap)) {
        zobo_call_free(p->nap);
        p->nap = NULL;
        if (p->phase == ZR_SETTLING && is_in(p))
            deal(p);
    }
    zr_unref(&p->r);
}

void
zr_partition_settle(zobo_set_partitioner *p)
{
    zobo_how how = {.done = rested, .arg = p, .flags = ZOBO_INLINE};
    p->phase = ZR_SETTLING;
    stop_nap(p);
    if (!is_in(p) || zobo_get_state(p->r.client) != ZOBO_CONNECTED)
        return; /* when that has changed this is called again */
    zr_ref(&p->r);
    zobo_err err = zobo_sleep_async(p->r.client, p->o.time_boundary_ms, &how, &p->nap);
    if (err) {
        p->nap = NULL;
        zr_unref(&p->r);
        if (err == ZOBO_ENOMEM)
            zr_partition_fail(p, err);
    }
}

void
zr_partition_look(zobo_set_partitioner *p)
{
    if (p->phase == ZR_SETTLING) {
        zr_partition_settle(p);
    } else if (p->phase == ZR_DEALING || p->phase == ZR_HOLDING) {
        zr_roll *roll = call_roll(p);
        if (!zr_roll_same(roll, p->dealt))
            zr_partition_must_release(p);
        zr_roll_free(roll);
    }
}
