/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots, and how readers get the newest one without a lock.
 *
 * A reader announces itself in one of some counters, loads the pointer, takes a reference, and leaves the counter: a
 * handful of instructions. The writer swaps the pointer, and drops the board's reference to the old snapshot only when
 * each of the counters has been seen at zero since: whoever has loaded the old pointer has his reference by then. The
 * counters need not be zero all at once. The writer never waits; what cannot be dropped yet is looked at the next time.
 * */
#include <string.h>

#include "recipes/tree_cache.h"

/* ---- places ---- */

zr_place *
zr_place_new(const char *path)
{
    size_t len = strlen(path);
    zr_place *p = zb_malloc(sizeof *p + len + 1);
    if (!p)
        return NULL;
    atomic_init(&p->refs, 1);
    p->len = len == 1 ? 0 : len;
    memcpy(p->path, path, len + 1);
    return p;
}

zr_place *
zr_place_ref(zr_place *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void
zr_place_unref(zr_place *p)
{
    if (p && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
        zb_free(p);
}

const char *
zr_place_below(const zr_place *p, const char *path)
{
    if (strncmp(path, p->path, p->len) != 0)
        return NULL;
    path += p->len;
    if (*path && *path != '/')
        return NULL;
    return path + (*path == '/');
}

/* ---- snapshots ---- */

zobo_tree_snapshot *
zr_snapshot_new(const zr_tree *t, zr_place *place, const zr_condition *condition)
{
    zobo_tree_snapshot *s = zb_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->root = zr_node_ref(t->root);
    s->place = zr_place_ref(place);
    s->nodes = t->nodes;
    s->bytes = t->bytes;
    s->path_max = t->path_max;
    s->condition = *condition;
    return s;
}

void
zr_snapshot_unref(zobo_tree_snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    zr_node_unref(s->root);
    zr_place_unref(s->place);
    zb_free(s);
}

/* ---- the board ---- */

/* Threads' stacks lie far apart: where a variable of this call lies tells them from each other well enough. */
static size_t
shard(void)
{
    char here;
    uintptr_t at = (uintptr_t)&here >> 12;
    return (size_t)((at ^ at >> 8 ^ at >> 16) % ZR_SHARDS);
}

zobo_tree_snapshot *
zr_board_take(zr_board *b)
{
    atomic_uint *readers = &b->shards[shard()].readers;
    atomic_fetch_add(readers, 1);
    zobo_tree_snapshot *s = atomic_load(&b->now);
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(readers, 1, memory_order_release);
    return s;
}

/* The shards that have no reader now. */
static uint32_t
idle_shards(zr_board *b)
{
    uint32_t idle = 0;
    for (size_t i = 0; i < ZR_SHARDS; i++) {
        if (atomic_load(&b->shards[i].readers) == 0)
            idle |= 1U << i;
    }
    return idle;
}

void
zr_board_post(zr_board *b, zobo_tree_snapshot *s)
{
    zobo_tree_snapshot *old = atomic_exchange(&b->now, s);
    if (old) {
        old->idle = 0;
        old->next = b->retired;
        b->retired = old;
    }
    uint32_t idle = idle_shards(b);
    for (zobo_tree_snapshot **at = &b->retired; (old = *at) != NULL;) {
        old->idle |= idle;
        if (old->idle == (1U << ZR_SHARDS) - 1) {
            *at = old->next;
            zr_snapshot_unref(old);
        } else {
            at = &old->next;
        }
    }
}

void
zr_board_free(zr_board *b)
{
    zobo_tree_snapshot *s;
    while ((s = b->retired) != NULL) {
        b->retired = s->next;
        zr_snapshot_unref(s);
    }
    zr_snapshot_unref(atomic_exchange(&b->now, NULL));
}
