/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a subtree.
 *
 * Each node is first simply deleted: most nodes of a tree are leaves, and one request does for them. Only a node that
 * answers "not empty" is listed, its children are deleted in the same manner, and then it is deleted again. Up to
 * WINDOW requests are in flight. The deepest listed node is worked on first, so that what is kept in memory is the
 * lists on the way down, not the tree.
 *
 * Others may keep making children. A node that is not empty when its children have been deleted is listed again, after
 * a pause that grows, for as long as there is time.
 *
 * All steps but the first run in inline callbacks, one at a time: nothing here needs a lock. */
#include "client/client.h"

enum { WINDOW = 256, PAUSE_MAX_MS = 256 };

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
    uint32_t sweeps;  /* times it was deleted after its children */
    size_t path_len;
    char path[];
};

struct remover {
    zobo_call *call;
    zobo_client *client;
    zb_link open; /* node; the deepest first */
    size_t in_flight;
    zobo_err err; /* the first that went wrong: no new requests after it */
    char *failed; /* what it befell; NULL: no memory to say so */
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

/* dir/name, or dir itself if `name` is empty. */
static char *
join(const char *dir, size_t dir_len, const char *name)
{
    size_t name_len = strlen(name), at = dir_len;
    char *path = zb_malloc(dir_len + name_len + 2);
    if (!path)
        return NULL;
    memcpy(path, dir, dir_len);
    if (name_len && dir_len != 1)
        path[at++] = '/';
    memcpy(path + at, name, name_len + 1);
    return path;
}

/* What went wrong with the child `name` of `n`, or with `n` itself if `name` is empty. */
static void
fail(node *n, const char *name, zobo_err err)
{
    remover *rm = n->rm;
    if (rm->err)
        return;
    rm->err = err;
    rm->failed = join(n->path, n->path_len, name);
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
    const char *name = n->list->children[l->index];
    (void)reply;
    zb_free(l);
    rm->in_flight--;
    if (err == ZOBO_ENOTEMPTY && !rm->err) {
        node *child = node_new(rm, n, n->path, name);
        if (child) {
            list_node(child); /* stays under way */
            return;
        }
        fail(n, name, ZOBO_ENOMEM);
    } else if (err && err != ZOBO_ENONODE) {
        fail(n, name, err);
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
    leaf *l = zb_malloc(sizeof *l);
    char *path = join(n->path, n->path_len, name);
    zobo_err err = l && path ? ZOBO_OK : ZOBO_ENOMEM;
    if (!err) {
        l->parent = n;
        l->index = index;
        n->under_way++;
        rm->in_flight++;
        err = zb_delete_step(rm->call, path, leaf_done_and_go_on, l);
        if (err) {
            n->under_way--;
            rm->in_flight--;
        }
    }
    zb_free(path);
    if (err) {
        zb_free(l);
        fail(n, name, err);
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
        fail(n, "", err ? err : ZOBO_EREPLYLOST);
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
    zobo_err err = zb_children_step(rm->call, n->path, listed, n);
    if (err) {
        rm->in_flight--;
        fail(n, "", err);
        node_over(n);
    }
}

static void
paused(void *arg, zobo_err err, zobo_reply *reply)
{
    node *n = arg;
    remover *rm = n->rm;
    (void)reply;
    rm->in_flight--;
    if (!err && zb_compound_late(rm->call))
        err = ZOBO_ENOTEMPTY; /* which it was, each time */
    if (err || rm->err) {
        fail(n, "", err);
        node_over(n);
    } else {
        list_node(n);
    }
    pump(rm);
}

/* `n` is not empty though all its children were deleted. The first time that is taken for chance. */
static void
sweep_again(node *n)
{
    remover *rm = n->rm;
    uint32_t shift = n->sweeps - 2, ms = shift < 8 ? 1U << shift : PAUSE_MAX_MS;
    if (n->sweeps < 2) {
        list_node(n);
        return;
    }
    rm->in_flight++;
    zobo_err err = zb_run_pause(rm->call, ms, paused, n);
    if (err) {
        rm->in_flight--;
        fail(n, "", err);
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
    if (err == ZOBO_ENOTEMPTY && !rm->err) {
        sweep_again(n);
    } else if (err && err != ZOBO_ENONODE) {
        fail(n, "", err);
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
    n->sweeps++;
    zobo_reply_free(n->list);
    n->list = NULL;
    if (rm->err) {
        node_over(n);
        return;
    }
    rm->in_flight++;
    zobo_err err = zb_delete_step(rm->call, n->path, node_deleted, n);
    if (err) {
        rm->in_flight--;
        fail(n, "", err);
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

static zobo_reply *
failure_reply(zobo_err err, const char *path)
{
    size_t size = strlen(path) + 1;
    zobo_reply *reply = zb_calloc(1, sizeof *reply + size);
    if (!reply)
        return NULL;
    reply->err = err;
    reply->path = memcpy(reply + 1, path, size);
    return reply;
}

static void
pump(remover *rm)
{
    if (!rm->err && zb_compound_cancelled(rm->call))
        rm->err = ZOBO_ECANCELLED;
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
        zobo_reply *reply = err && call->req.want_reply && rm->failed ? failure_reply(err, rm->failed) : NULL;
        zb_free(rm->failed);
        zb_free(rm);
        zb_compound_end(call, err, reply);
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
    if (out)
        *out = call;
    /* The handle is given out before the first step, which may end everything on another thread at once. */
    rm->in_flight = 1;
    err = zb_delete_step(call, root->path, node_deleted, root);
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
zobo_delete_recursive(zobo_client *c, const char *path, zobo_problem *why)
{
    zobo_call *call = NULL;
    zobo_reply *reply = NULL;
    zb_problem_clear(why);
    zobo_err err = zb_may_begin(c);
    if (!err)
        err = zobo_path_check(path, false, why);
    if (!err)
        err = zobo_delete_recursive_async(c, path, NULL, &call);
    err = zb_sync_of(err, call, &reply);
    if (reply && reply->path)
        zb_problem(why, err, 0, "%s: %s", reply->path, zobo_err_text(err));
    else if (err && why && !why->text[0])
        zb_problem(why, err, 0, "%s", zobo_err_text(err));
    zobo_reply_free(reply);
    return err;
}
