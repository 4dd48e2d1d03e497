/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a subtree.
 *
 * Each node is first simply deleted: most nodes of a tree are leaves, and one request does for them. Only a node that
 * answers "not empty" is listed, its children are deleted in the same manner, and then it is deleted again. Up to WINDOW
 * requests are in flight. The deepest listed node is worked on first, so that what is kept in memory is the lists on the
 * way down, not the tree.
 *
 * All steps but the first run in inline callbacks, one at a time: nothing here needs a lock. */
#include "client/client.h"

enum { WINDOW = 256, SWEEPS = 100 };

typedef struct node node;
typedef struct remover remover;

/* A node that had children. */
struct node {
    zb_link link; /* in remover->open while names are left to go through */
    remover *rm;
    node *parent;
    zobo_reply *list; /* its children; NULL while it is being listed or deleted */
    size_t next;      /* the child to go through next */
    size_t under_way; /* children not yet gone, among those gone through */
    int sweeps;       /* times it was deleted */
    size_t path_len;
    char path[];
};

struct remover {
    zobo_call *call;
    zobo_client *client;
    zb_link open; /* node; the deepest first */
    size_t in_flight;
    uint32_t timeout_ms;
    zobo_err err; /* the first that went wrong: no new requests after it */
    bool root_missing;
};

/* The deletion of one child. */
typedef struct leaf {
    node *parent;
    size_t index;
} leaf;

static void list_node(node *n);
static void delete_node(node *n);

static node *
node_new(remover *rm, node *parent, const char *dir, const char *name)
{
    size_t dir_len = strlen(dir), name_len = strlen(name);
    bool root = dir_len == 1;
    node *n = zb_calloc(1, sizeof *n + dir_len + name_len + 2);
    if (!n)
        return NULL;
    zb_list_init(&n->link);
    n->rm = rm;
    n->parent = parent;
    memcpy(n->path, dir, dir_len);
    n->path_len = dir_len;
    if (*name) {
        if (!root)
            n->path[n->path_len++] = '/';
        memcpy(n->path + n->path_len, name, name_len + 1);
        n->path_len += name_len;
    }
    return n;
}

static void
node_free(node *n)
{
    zb_list_remove(&n->link);
    zobo_reply_free(n->list);
    zb_free(n);
}

static void
fail(remover *rm, zobo_err err)
{
    if (!rm->err)
        rm->err = err;
}

static bool
gone_through(const node *n)
{
    return n->list && n->next == n->list->n_children && n->under_way == 0;
}

/* `n` itself is gone, or given up. */
static void
node_over(node *n)
{
    node *parent = n->parent;
    if (parent)
        parent->under_way--;
    node_free(n);
    if (parent && gone_through(parent))
        delete_node(parent);
}

static void
leaf_done(void *arg, zobo_err err, zobo_reply *reply)
{
    leaf *l = arg;
    node *n = l->parent;
    remover *rm = n->rm;
    (void)reply;
    rm->in_flight--;
    if (err == ZOBO_ENOTEMPTY && !rm->err) {
        node *child = node_new(rm, n, n->path, n->list->children[l->index]);
        zb_free(l);
        if (child) {
            list_node(child); /* stays under way */
            return;
        }
        fail(rm, ZOBO_ENOMEM);
    } else {
        zb_free(l);
        if (err && err != ZOBO_ENONODE)
            fail(rm, err);
    }
    n->under_way--;
    if (gone_through(n))
        delete_node(n);
}

static void pump(remover *rm);

static void
leaf_done_and_go_on(void *arg, zobo_err err, zobo_reply *reply)
{
    remover *rm = ((leaf *)arg)->parent->rm;
    leaf_done(arg, err, reply);
    pump(rm);
}

static void
submit_leaf(node *n, size_t index)
{
    remover *rm = n->rm;
    const char *name = n->list->children[index];
    size_t name_len = strlen(name);
    bool root = n->path_len == 1;
    leaf *l = zb_malloc(sizeof *l);
    char *path = zb_malloc(n->path_len + name_len + 2);
    zobo_err err = l && path ? ZOBO_OK : ZOBO_ENOMEM;
    if (!err) {
        l->parent = n;
        l->index = index;
        memcpy(path, n->path, n->path_len);
        size_t at = n->path_len;
        if (!root)
            path[at++] = '/';
        memcpy(path + at, name, name_len + 1);
        n->under_way++;
        rm->in_flight++;
        err = zb_delete_step(rm->client, path, leaf_done_and_go_on, l, rm->timeout_ms);
        if (err) {
            n->under_way--;
            rm->in_flight--;
        }
    }
    zb_free(path);
    if (err) {
        zb_free(l);
        fail(rm, err);
    }
}

static void
listed(void *arg, zobo_err err, zobo_reply *reply)
{
    node *n = arg;
    remover *rm = n->rm;
    rm->in_flight--;
    if (!err)
        n->list = reply;
    if (err == ZOBO_ENONODE) {
        node_over(n);
    } else if (err || !n->list) {
        fail(rm, err ? err : ZOBO_EREPLYLOST);
        node_over(n);
    } else {
        n->next = n->under_way = 0;
        zb_list_push_front(&rm->open, &n->link);
        if (gone_through(n))
            delete_node(n);
    }
    pump(rm);
}

static void
list_node(node *n)
{
    remover *rm = n->rm;
    rm->in_flight++;
    zobo_err err = zb_children_step(rm->client, n->path, listed, n, rm->timeout_ms);
    if (err) {
        rm->in_flight--;
        fail(rm, err);
        node_over(n);
    }
}

static void
node_deleted(void *arg, zobo_err err, zobo_reply *reply)
{
    node *n = arg;
    remover *rm = n->rm;
    (void)reply;
    rm->in_flight--;
    if (err == ZOBO_ENOTEMPTY && !rm->err && n->sweeps < SWEEPS) {
        list_node(n);
    } else if (err && err != ZOBO_ENONODE) {
        fail(rm, err);
        node_over(n);
    } else {
        if (err && !n->parent && !n->sweeps)
            rm->root_missing = true;
        node_over(n);
    }
    pump(rm);
}

/* All names of `n` have been gone through: delete it itself, unless something went wrong below it. */
static void
delete_node(node *n)
{
    remover *rm = n->rm;
    zb_list_remove(&n->link);
    zb_list_init(&n->link);
    n->sweeps++; /* others may keep making children: not for ever */
    zobo_reply_free(n->list);
    n->list = NULL;
    if (rm->err) {
        node_over(n);
        return;
    }
    rm->in_flight++;
    zobo_err err = zb_delete_step(rm->client, n->path, node_deleted, n, rm->timeout_ms);
    if (err) {
        rm->in_flight--;
        fail(rm, err);
        node_over(n);
    }
}

static void
drop_open(remover *rm)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&rm->open)) != NULL) {
        node *n = ZB_CONTAINER_OF(l, node, link);
        n->next = n->list->n_children; /* goes through no more of them */
        if (n->under_way == 0)
            node_over(n);
    }
}

static void
pump(remover *rm)
{
    if (zb_compound_cancelled(rm->call))
        fail(rm, ZOBO_EABANDONED);
    while (!rm->err && rm->in_flight < WINDOW && !zb_list_empty(&rm->open)) {
        node *n = ZB_CONTAINER_OF(rm->open.next, node, link);
        if (n->next == n->list->n_children) {
            zb_list_remove(&n->link); /* waits for its children */
            continue;
        }
        submit_leaf(n, n->next++);
    }
    if (rm->err)
        drop_open(rm);
    if (rm->in_flight == 0) {
        zobo_call *call = rm->call;
        zobo_err err = rm->err ? rm->err : rm->root_missing ? ZOBO_ENONODE : ZOBO_OK;
        zb_free(rm);
        zb_compound_end(call, err, NULL);
    }
}

zobo_err
zobo_delete_recursive_async(zobo_client *c, const char *path, const zobo_how *how, zobo_call **out)
{
    zobo_call *call = NULL;
    if (out)
        *out = NULL;
    zobo_err err = zb_check_process(c);
    if (!err)
        err = zobo_path_check(path, false, NULL);
    if (!err && !path[1])
        err = ZOBO_EINVAL;
    if (!err)
        err = zb_compound_new(c, how, out != NULL, &call);
    if (err)
        return err;
    remover *rm = zb_calloc(1, sizeof *rm);
    node *root = rm ? node_new(rm, NULL, path, "") : NULL;
    if (!root) {
        zb_free(rm);
        zb_compound_discard(call);
        return ZOBO_ENOMEM;
    }
    zb_list_init(&rm->open);
    rm->call = call;
    rm->client = c;
    rm->timeout_ms = how ? how->timeout_ms : 0;
    if (out)
        *out = call;
    /* The handle is given out before the first step, which may end everything on another thread at once. */
    rm->in_flight = 1;
    err = zb_delete_step(c, root->path, node_deleted, root, rm->timeout_ms);
    if (err) {
        if (out)
            *out = NULL;
        zb_free(root);
        zb_free(rm);
        zb_compound_discard(call);
    }
    return err;
}

zobo_err
zobo_delete_recursive(zobo_client *c, const char *path)
{
    zobo_call *call = NULL;
    zobo_err err = zb_may_block(c);
    if (!err)
        err = zobo_delete_recursive_async(c, path, NULL, &call);
    return zb_sync_of(err, call, NULL);
}
