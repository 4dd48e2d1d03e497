/* SPDX-License-Identifier: Apache-2.0 */
/* What the listener is told: the difference between the snapshot it knows and the newest one.
 *
 * So there is no queue that could grow, and nothing that could get out of order: a snapshot in which the node is gone
 * cannot come before one in which it was changed. */
#include <string.h>

#include "recipes/tree_cache.h"

typedef struct teller {
    zobo_tree_cache *c;
    const zobo_tree_snapshot *was, *is;
} teller;

static bool
tell(zobo_tree_cache *c, const zobo_tree_event *event)
{
    if (!atomic_load(&c->freed))
        c->o.listener(c->o.listener_arg, c, event);
    return !atomic_load(&c->freed);
}

static bool
tell_plain(zobo_tree_cache *c, zobo_tree_event_type type)
{
    return tell(c, &(zobo_tree_event){.type = type});
}

static void
show(const char *path, const zr_node *n, zobo_tree_node *out)
{
    out->err = (zobo_err)n->leaf->err;
    out->name = strrchr(path, '/') + 1;
    out->data = zr_leaf_data(n->leaf);
    out->data_len = n->leaf->data_len;
    out->stat = n->leaf->has_stat ? &n->leaf->stat : NULL;
    out->n_children = zr_node_size(n->kids);
}

static bool
tell_change(void *arg, zr_change change, const char *path, const zr_node *was, const zr_node *is)
{
    static const zobo_tree_event_type types[] = {
        [ZR_ADDED] = ZOBO_TREE_ADDED, [ZR_UPDATED] = ZOBO_TREE_UPDATED, [ZR_REMOVED] = ZOBO_TREE_REMOVED};
    teller *t = arg;
    zobo_tree_node node, old;
    show(path, is ? is : was, &node);
    if (was)
        show(path, was, &old);
    return tell(t->c,
                &(zobo_tree_event){
                    .type = types[change], .path = path, .node = &node, .old = change == ZR_UPDATED ? &old : NULL});
}

/* A buffer for the longest path of both. */
static bool
has_path_buffer(zobo_tree_cache *c, const zobo_tree_snapshot *s)
{
    size_t longest = s->path_max > c->told->path_max ? s->path_max : c->told->path_max;
    size_t size = s->place->len + longest + 2;
    if (c->path_size >= size)
        return true;
    char *path = zb_realloc(c->path, size);
    if (!path)
        return false;
    c->path = path;
    c->path_size = size;
    return true;
}

static bool
tell_all(zobo_tree_cache *c, const zobo_tree_snapshot *s)
{
    const zr_condition *was = &c->told->condition, *is = &s->condition;
    teller t = {c, c->told, s};
    bool suspended = is->suspended != was->suspended, lost = is->lost != was->lost;
    c->outage_told = c->outage_told || suspended || lost;
    if ((suspended && !tell_plain(c, ZOBO_TREE_SUSPENDED)) || (lost && !tell_plain(c, ZOBO_TREE_LOST)))
        return false;
    memcpy(c->path, s->place->path, s->place->len);
    if (!zr_diff(c->told->root, s->root, c->path, s->place->len, tell_change, &t))
        return false;
    if (is->full && !was->full && !tell_plain(c, ZOBO_TREE_FULL))
        return false;
    if (is->initialized && !was->initialized && !tell_plain(c, ZOBO_TREE_INITIALIZED))
        return false;
    if (is->current && c->outage_told) {
        c->outage_told = false;
        if (!tell_plain(c, ZOBO_TREE_RECONNECTED))
            return false;
    }
    if (is->failed && !was->failed)
        return tell(c, &(zobo_tree_event){.type = ZOBO_TREE_FAILED, .err = is->failed});
    return true;
}

static void
tell_listener(zr_recipe *r, void *arg)
{
    zobo_tree_cache *c = (zobo_tree_cache *)r;
    (void)arg;
    atomic_store(&c->telling, false);
    zobo_tree_snapshot *s = zr_board_take(&c->board);
    if (s != c->told && has_path_buffer(c, s) && tell_all(c, s)) {
        zr_snapshot_unref(c->told);
        c->told = s;
    } else {
        zr_snapshot_unref(s); /* nothing new; or no memory: with the next change */
    }
}

void
zr_cache_publish(zobo_tree_cache *c)
{
    zobo_tree_snapshot *s = zr_snapshot_new(&c->tree, c->place, &c->condition);
    if (!s) {
        zr_cache_pause(c);
        return;
    }
    zr_board_post(&c->board, s);
    c->changed = false;
    if (!c->o.listener || atomic_exchange(&c->telling, true))
        return;
    if (zr_tell(&c->r, tell_listener, NULL, NULL)) {
        atomic_store(&c->telling, false);
        c->changed = true;
        zr_cache_pause(c);
    }
}

const char *
zobo_tree_event_name(zobo_tree_event_type type)
{
    static const char *const names[] = {[ZOBO_TREE_ADDED] = "ADDED",
                                        [ZOBO_TREE_UPDATED] = "UPDATED",
                                        [ZOBO_TREE_REMOVED] = "REMOVED",
                                        [ZOBO_TREE_SUSPENDED] = "SUSPENDED",
                                        [ZOBO_TREE_RECONNECTED] = "RECONNECTED",
                                        [ZOBO_TREE_LOST] = "LOST",
                                        [ZOBO_TREE_INITIALIZED] = "INITIALIZED",
                                        [ZOBO_TREE_FULL] = "FULL",
                                        [ZOBO_TREE_FAILED] = "FAILED"};
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "UNKNOWN";
}
