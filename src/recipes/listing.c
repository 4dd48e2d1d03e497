/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/listing.h"

#include <string.h>

enum { REFUSED_PAUSE_MS = 3000, SAY_AFTER = 256 };

/* An op that reads one child. */
typedef struct zr_child_read {
    zr_op op; /* first */
    zr_child *c;
    zr_watch *w;
    char *path;
} zr_child_read;

static void list(zr_listing *l);
static void list_by(zr_listing *l, void (*first)(zr_op *op));
static void step_rest(zr_op *op);
static bool read_child(zr_child *c);
static void step_names(zr_op *op);
static void step_child(zr_op *op);

static zr_child *
child_of(zb_map_node *node)
{
    return ZB_CONTAINER_OF(node, zr_child, node);
}

/* --- telling the owner --- */

/* Tells what there is when nothing more is under way; of a listing that never comes to rest, now and then. */
static void
settle(zr_listing *l)
{
    if (!l->wanted || l->lister || !l->watch || (l->complete && !l->dirty))
        return;
    if (l->reads && (!l->complete || l->unsaid < SAY_AFTER))
        return;
    l->complete = true;
    l->dirty = false;
    l->unsaid = 0;
    if (!l->kind->changed(l, l->owner) && l->wanted) {
        l->dirty = true;
        list_by(l, step_rest);
    }
}

static void
fail(zr_listing *l, zobo_err err)
{
    if (l->kind->failed)
        l->kind->failed(l, l->owner, err);
}

/* --- children --- */

static void
free_child(zr_child *c)
{
    if (c->value && c->listing->kind->forget)
        c->listing->kind->forget(c->value);
    zb_free(c->data);
    zb_free(c);
}

static void
drop_child(zr_child *c)
{
    zb_map_remove(&c->listing->children, &c->node);
    c->listing->dirty = true;
    zr_watch_drop(c->watch);
    c->watch = NULL;
    c->gone = true;
    if (!c->read)
        free_child(c); /* else its read does */
}

static void
child_event(void *owner, const zobo_event *event)
{
    zr_child *c = owner;
    zr_listing *l = c->listing;
    if (event->last)
        c->watch = NULL;
    if (event->type == ZOBO_EVENT_DELETED) {
        drop_child(c); /* that another one of its name has come is told by the names */
        l->unsaid++;
        settle(l);
    } else if (!read_child(c)) {
        list(l);
    }
}

static void
read_over(zr_op *op)
{
    zr_child_read *rd = ZB_CONTAINER_OF(op, zr_child_read, op);
    zr_child *c = rd->c;
    zr_listing *l = c->listing;
    zb_free(rd->path);
    zb_free(rd);
    c->read = NULL;
    l->reads--;
    l->unsaid++;
    if (c->gone)
        free_child(c);
    else if (c->again && l->wanted && !read_child(c))
        list(l);
    settle(l);
}

/* False: no memory, and what was read before stays. */
static bool
take_data(zr_child *c, const zobo_reply *reply)
{
    char *data = reply ? zb_strndup(reply->data ? reply->data : "", reply->data_len) : NULL;
    if (reply && !data)
        return false;
    zb_free(c->data);
    c->data = data;
    c->len = data ? reply->data_len : 0;
    c->mzxid = 0;
    c->listing->dirty = true;
    if (c->listing->kind->read && !c->listing->kind->read(c, c->listing->owner))
        return false;
    c->mzxid = reply ? reply->stat.mzxid : 0;
    c->known = true;
    return true;
}

static void
child_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_child_read *rd = ZB_CONTAINER_OF(arg, zr_child_read, op);
    zr_child *c = rd->c;
    zr_watch *w = rd->w;
    rd->w = NULL;
    if (w) {
        zr_watch_set(w, rd->path, ZOBO_WATCH_DATA, !err);
        if (!err && (c->gone || !c->listing->wanted))
            zr_watch_drop(w);
        else
            c->watch = err ? NULL : w;
    }
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    if (c->gone || !c->listing->wanted) {
        zr_op_end(op, ZOBO_OK, NULL);
        return;
    }
    if (zr_is_over(err)) { /* all is to be read again when the client is back */
        zr_listing *l = c->listing;
        c->again = false;
        zr_watch_drop(l->watch);
        l->watch = NULL;
    }
    if (zr_retry(op, err, step_child))
        return;
    bool read = true;
    if (err == ZOBO_ENONODE)
        drop_child(c);
    else if (err || !c->known || c->mzxid != reply->stat.mzxid || !c->data)
        read = take_data(c, err ? NULL : reply); /* with an error it is there, but may not be read */
    if (read || !zr_retry(op, ZOBO_ENOMEM, step_child))
        zr_op_end(op, ZOBO_OK, NULL);
}

static void
step_child(zr_op *op)
{
    zr_child_read *rd = ZB_CONTAINER_OF(op, zr_child_read, op);
    zr_child *c = rd->c;
    zobo_how how = zr_op_how(op, child_done);
    zobo_err err = ZOBO_ENOMEM;
    if (c->gone || !c->listing->wanted) {
        zr_op_end(op, ZOBO_OK, NULL);
        return;
    }
    c->again = false;
    zr_watch_drop(c->watch);
    c->watch = NULL;
    rd->w = zr_watch_new(c->listing->r, child_event, c);
    if (rd->w)
        err = zobo_get_async(op->recipe->client, rd->path, zr_watch_watcher(rd->w), &how, NULL);
    zr_sent(op, err, child_done);
}

/* False: no memory. It is begun anew when the names are read again. */
static bool
read_child(zr_child *c)
{
    zr_listing *l = c->listing;
    c->again = true;
    if (c->read || c->gone || !l->wanted)
        return true;
    zr_child_read *rd = zb_calloc(1, sizeof *rd);
    char *path = zr_path_child(l->path, c->name);
    if (!rd || !path) {
        zb_free(rd);
        zb_free(path);
        return false;
    }
    rd->c = c;
    rd->path = path;
    rd->op.begin = step_child;
    rd->op.destroy = read_over;
    c->read = rd;
    l->reads++;
    zr_op_begin_quiet(l->r, &rd->op);
    return true;
}

/* --- names --- */

static bool
add_child(zr_listing *l, const char *name)
{
    size_t len = strlen(name);
    zr_child *c = zb_calloc(1, sizeof *c + len + 1);
    if (!c)
        return false;
    memcpy(c->name, name, len + 1);
    c->listing = l;
    c->round = l->round;
    c->node.key = c->name;
    c->node.key_len = (uint32_t)len;
    if (!zb_map_add(&l->children, &c->node)) {
        zb_free(c);
        return false;
    }
    if (l->kind->with_data)
        return read_child(c);
    c->known = l->dirty = true;
    return true;
}

/* Compares the names with the children there are. */
static bool
merge(zr_listing *l, const zobo_reply *reply)
{
    zb_map_iter it;
    zb_map_node *node;
    bool all = true;
    l->round++;
    for (size_t i = 0; reply && i < reply->n_children; i++) {
        const char *name = reply->children[i];
        node = zb_map_find(&l->children, name, strlen(name));
        if (!node) {
            all = add_child(l, name) && all;
            continue;
        }
        zr_child *c = child_of(node);
        c->round = l->round;
        if (l->kind->with_data && !c->watch && !c->read)
            all = read_child(c) && all;
    }
    zb_map_iter_init(&l->children, &it);
    while ((node = zb_map_iter_next(&l->children, &it)) != NULL) {
        zr_child *c = child_of(node);
        if (c->round != l->round)
            drop_child(c);
    }
    return all;
}

static void
lister_over(zr_op *op)
{
    zr_lister *n = ZB_CONTAINER_OF(op, zr_lister, op);
    zr_listing *l = n->l;
    l->lister = NULL;
    if (!l->wanted) {
        zr_watch_drop(l->watch);
        l->watch = NULL;
    } else if (l->again) {
        list(l);
    } else if (l->watch) {
        settle(l);
    }
}

static void
names_event(void *owner, const zobo_event *event)
{
    zr_listing *l = owner;
    if (event->last)
        l->watch = NULL;
    list(l);
}

static zr_lister *
take_watch(void *op, const char *path, bool stands)
{
    zr_lister *n = ZB_CONTAINER_OF(op, zr_lister, op);
    zr_watch *w = n->w;
    n->w = NULL;
    n->l->watch = stands ? w : NULL;
    if (w)
        zr_watch_set(w, path, n->kind, stands);
    return n;
}

/* True: the lister has ended, or tries again. */
static bool
see_to(zr_lister *n, zobo_err err)
{
    zr_listing *l = n->l;
    if (!l->wanted) {
        zr_op_end(&n->op, ZOBO_OK, NULL);
        return true;
    }
    if (zr_is_over(err)) {
        l->again = false;
        fail(l, err);
    }
    return zr_retry(&n->op, err, step_names);
}

static void
existence_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lister *n = take_watch(arg, ((zr_lister *)arg)->l->path, !err || err == ZOBO_ENONODE);
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || see_to(n, err))
        return;
    if (!err) {
        step_names(op); /* it has come meanwhile */
    } else if (err == ZOBO_ENONODE) {
        (void)merge(n->l, NULL);
        zr_op_end(op, ZOBO_OK, NULL);
    } else {
        fail(n->l, err);
        zr_pause(op, REFUSED_PAUSE_MS, step_names);
    }
}

static void
step_existence(zr_op *op)
{
    zr_lister *n = ZB_CONTAINER_OF(op, zr_lister, op);
    zobo_how how = zr_op_how(op, existence_done);
    zobo_err err = ZOBO_ENOMEM;
    n->kind = ZOBO_WATCH_DATA;
    n->w = zr_watch_new(n->l->r, names_event, n->l);
    if (n->w)
        err = zobo_exists_async(op->recipe->client, n->l->path, zr_watch_watcher(n->w), &how, NULL);
    zr_sent(op, err, existence_done);
}

static void
names_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lister *n = take_watch(arg, ((zr_lister *)arg)->l->path, !err);
    zr_op *op = zr_back(arg);
    if (!op || see_to(n, err))
        return;
    if (!err && merge(n->l, reply)) {
        zr_op_end(op, ZOBO_OK, NULL);
    } else if (err == ZOBO_ENONODE) {
        step_existence(op);
    } else {
        fail(n->l, err ? err : ZOBO_ENOMEM);
        zr_pause(op, REFUSED_PAUSE_MS, step_names);
    }
}

static void
step_names(zr_op *op)
{
    zr_lister *n = ZB_CONTAINER_OF(op, zr_lister, op);
    zr_listing *l = n->l;
    zobo_how how = zr_op_how(op, names_done);
    zobo_err err = ZOBO_ENOMEM;
    if (!l->wanted) {
        zr_op_end(op, ZOBO_OK, NULL);
        return;
    }
    l->again = false;
    zr_watch_drop(l->watch);
    l->watch = NULL;
    n->kind = ZOBO_WATCH_CHILDREN;
    n->w = zr_watch_new(l->r, names_event, l);
    if (n->w)
        err = zobo_get_children_async(op->recipe->client, l->path, zr_watch_watcher(n->w), &how, NULL);
    zr_sent(op, err, names_done);
}

static void
step_rest(zr_op *op)
{
    zr_pause(op, REFUSED_PAUSE_MS, step_names);
}

static void
list_by(zr_listing *l, void (*first)(zr_op *op))
{
    l->again = true;
    if (l->lister || !l->wanted)
        return;
    zr_lister *n = &l->spare;
    *n = (zr_lister){.l = l};
    n->op.begin = first;
    n->op.destroy = lister_over;
    l->lister = n;
    zr_op_begin_quiet(l->r, &n->op);
}

static void
list(zr_listing *l)
{
    list_by(l, step_names);
}

/* --- life --- */

bool
zr_listing_init(zr_listing *l, zr_recipe *r, zobo_client *client, const char *path, const zr_listing_kind *kind,
                void *owner)
{
    l->r = r;
    l->kind = kind;
    l->owner = owner;
    char uuid[ZR_UUID];
    uint64_t seed; /* others choose the names, and must not know it */
    zobo_uuid(client, uuid);
    memcpy(&seed, uuid, sizeof seed);
    l->path = zr_strdup(path);
    zb_map_init(&l->children, seed);
    return l->path != NULL;
}

void
zr_listing_fini(zr_listing *l)
{
    zb_map_iter it;
    zb_map_node *node;
    zb_map_iter_init(&l->children, &it);
    while ((node = zb_map_iter_next(&l->children, &it)) != NULL) {
        zb_map_remove(&l->children, node);
        free_child(child_of(node));
    }
    zb_map_free(&l->children);
    zb_free(l->path);
}

void
zr_listing_start(zr_listing *l)
{
    l->wanted = true;
    list(l);
}

void
zr_listing_stop(zr_listing *l)
{
    zb_map_iter it;
    zb_map_node *node;
    l->wanted = false;
    zr_watch_drop(l->watch);
    l->watch = NULL;
    zb_map_iter_init(&l->children, &it);
    while ((node = zb_map_iter_next(&l->children, &it)) != NULL) {
        zr_child *c = child_of(node);
        zr_watch_drop(c->watch);
        c->watch = NULL;
    }
}

void
zr_listing_state(zr_listing *l, zobo_state state)
{
    bool up = state == ZOBO_CONNECTED || state == ZOBO_CONNECTED_RO;
    if (up && l->wanted && !l->watch)
        list(l);
}

void
zr_listing_refresh(zr_listing *l)
{
    list(l);
}
