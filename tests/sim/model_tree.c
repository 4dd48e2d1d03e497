/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of the model, and its past.
 *
 * A transaction touches nodes: their state before it is kept aside, so that a failed multi is undone by putting it
 * back, and the state after it is added to each node's past on commit. Events are collected on the way and fired on
 * commit, in the order of the operations, as ZooKeeper does. */
#include "sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
hash_path(const char *path, size_t len)
{
    uint32_t h = 2166136261U;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)path[i]) * 16777619U;
    return h;
}

static mnode *
find(const model *m, const char *path, size_t len)
{
    size_t bucket = hash_path(path, len) % (sizeof m->buckets / sizeof m->buckets[0]);
    for (mnode *n = m->buckets[bucket]; n; n = n->chain)
        if (n->path_len == len && memcmp(n->path, path, len) == 0)
            return n;
    return NULL;
}

static size_t
parent_len(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] != '/')
        len--;
    return len > 1 ? len - 1 : len;
}

mnode *
tree_intern(model *m, const char *path, size_t len)
{
    mnode *n = find(m, path, len);
    if (n)
        return n;
    n = calloc(1, sizeof *n);
    n->path = model_strndup(path, len);
    n->path_len = len;
    if (len > 1)
        n->parent = tree_intern(m, path, parent_len(path, len));
    size_t bucket = hash_path(path, len) % (sizeof m->buckets / sizeof m->buckets[0]);
    n->chain = m->buckets[bucket];
    m->buckets[bucket] = n;
    m->nodes = model_grow(m->nodes, &m->cap_nodes, m->n_nodes, sizeof *m->nodes);
    m->nodes[m->n_nodes++] = n;
    return n;
}

mnode *
model_node(const model *m, const char *path)
{
    return find(m, path, strlen(path));
}

const mstate *
model_at(const model *m, uint32_t generation, const char *path, int64_t zxid)
{
    static const mstate absent;
    mnode *n = model_node(m, path);
    const mstate *state = &absent;
    for (size_t i = 0; n && i < n->n_past; i++)
        if (n->past[i].generation == generation && n->past[i].zxid <= zxid)
            state = &n->past[i].state;
    return state;
}

zobo_stat
tree_stat(const mstate *state)
{
    zobo_stat stat = state->stat;
    stat.cversion = 2 * state->created - stat.num_children;
    stat.data_length = state->data && state->data->n > 0 ? state->data->n : 0;
    return stat;
}

static void
touch(model *m, mnode *n)
{
    if (n->touched)
        return;
    n->touched = true;
    n->before = n->now;
    m->touched = model_grow(m->touched, &m->cap_touched, m->n_touched, sizeof *m->touched);
    m->touched[m->n_touched++] = n;
}

static void
happened(model *m, int32_t type, mnode *n)
{
    m->events = model_grow(m->events, &m->cap_events, m->n_events, sizeof *m->events);
    m->events[m->n_events++] = (mevent){type, n};
}

static bool
valid_path(const char *path, size_t len)
{
    if (len == 0 || path[0] != '/' || (len > 1 && path[len - 1] == '/'))
        return false;
    return !strstr(path, "//");
}

zobo_err
tree_create(model *m, const char *path, const void *data, int32_t n, int32_t flags, int64_t session, uint64_t now,
            mnode **out)
{
    char real[MODEL_PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || path[0] != '/' || flags < 0 || flags > 3 || len + 11 > sizeof real)
        return ZOBO_EBADARGUMENTS;
    mnode *parent = find(m, path, parent_len(path, len));
    if (!parent || !parent->now.exists)
        return ZOBO_ENONODE;
    bool sequence = (flags & ZB_CREATE_SEQUENCE) != 0;
    len = (size_t)(sequence ? snprintf(real, sizeof real, "%s%010d", path, parent->now.created)
                            : snprintf(real, sizeof real, "%s", path));
    if (!valid_path(real, len))
        return ZOBO_EBADARGUMENTS;
    mnode *node = tree_intern(m, real, len);
    if (node->now.exists)
        return ZOBO_ENODEEXISTS;
    if (parent->now.stat.ephemeral_owner != 0)
        return ZOBO_ENOCHILDRENFOREPHEMERALS;
    touch(m, parent);
    touch(m, node);
    parent->now.created++;
    parent->now.stat.num_children++;
    parent->now.stat.pzxid = m->zxid;
    int64_t ms = (int64_t)(now / 1000000U);
    node->now = (mstate){.exists = true, .data = model_blob(m, data, n)};
    node->now.stat = (zobo_stat){.czxid = m->zxid, .mzxid = m->zxid, .pzxid = m->zxid, .ctime = ms, .mtime = ms};
    node->now.stat.ephemeral_owner = (flags & ZB_CREATE_EPHEMERAL) ? session : 0;
    happened(m, ZOBO_EVENT_CREATED, node);
    happened(m, ZOBO_EVENT_CHILD, parent);
    *out = node;
    return ZOBO_OK;
}

static void
remove_node(model *m, mnode *node)
{
    touch(m, node);
    touch(m, node->parent);
    node->now = (mstate){.exists = false};
    node->parent->now.stat.num_children--;
    node->parent->now.stat.pzxid = m->zxid;
    happened(m, ZOBO_EVENT_DELETED, node);
    happened(m, ZOBO_EVENT_CHILD, node->parent);
}

static bool
version_fits(int32_t asked, int32_t has)
{
    return asked < 0 || asked == has;
}

zobo_err
tree_delete(model *m, const char *path, int32_t version)
{
    mnode *node = model_node(m, path);
    if (strcmp(path, "/") == 0)
        return ZOBO_EBADARGUMENTS;
    if (!node || !node->now.exists)
        return ZOBO_ENONODE;
    if (!version_fits(version, node->now.stat.version))
        return ZOBO_EBADVERSION;
    if (node->now.stat.num_children > 0)
        return ZOBO_ENOTEMPTY;
    remove_node(m, node);
    return ZOBO_OK;
}

zobo_err
tree_set(model *m, const char *path, const void *data, int32_t n, int32_t version, uint64_t now, mnode **out)
{
    mnode *node = model_node(m, path);
    if (!node || !node->now.exists)
        return ZOBO_ENONODE;
    if (!version_fits(version, node->now.stat.version))
        return ZOBO_EBADVERSION;
    touch(m, node);
    node->now.data = model_blob(m, data, n);
    node->now.stat.version++;
    node->now.stat.mzxid = m->zxid;
    node->now.stat.mtime = (int64_t)(now / 1000000U);
    happened(m, ZOBO_EVENT_CHANGED, node);
    *out = node;
    return ZOBO_OK;
}

zobo_err
tree_check(model *m, const char *path, int32_t version)
{
    mnode *node = model_node(m, path);
    if (!node || !node->now.exists)
        return ZOBO_ENONODE;
    return version_fits(version, node->now.stat.version) ? ZOBO_OK : ZOBO_EBADVERSION;
}

/* The oldest first. */
void
tree_drop_session(model *m, int64_t session)
{
    for (mnode *oldest;;) {
        oldest = NULL;
        for (size_t i = 0; i < m->n_nodes; i++) {
            mnode *n = m->nodes[i];
            if (n->now.exists && n->now.stat.ephemeral_owner == session &&
                (!oldest || n->now.stat.czxid < oldest->now.stat.czxid))
                oldest = n;
        }
        if (!oldest)
            return;
        remove_node(m, oldest);
    }
}

void
tree_commit(model *m)
{
    for (size_t i = 0; i < m->n_touched; i++) {
        mnode *n = m->touched[i];
        n->touched = false;
        n->past = model_grow(n->past, &n->cap_past, n->n_past, sizeof *n->past);
        n->past[n->n_past++] = (mversion){m->generation, m->zxid, n->now};
    }
    m->n_touched = 0;
    for (size_t i = 0; i < m->n_events; i++) {
        mnode *n = m->events[i].node;
        n->events = model_grow(n->events, &n->cap_events, n->n_events, sizeof *n->events);
        n->events[n->n_events++] = (mhappening){m->generation, m->zxid, m->events[i].type};
        watch_fire(m, m->events[i].type, n);
    }
    m->n_events = 0;
}

void
tree_rollback(model *m)
{
    for (size_t i = 0; i < m->n_touched; i++) {
        m->touched[i]->touched = false;
        m->touched[i]->now = m->touched[i]->before;
    }
    m->n_touched = 0;
    m->n_events = 0;
}

/* --- watches ------------------------------------------------------------------------------------------------------ */

static mwatch *
watch_find(const mconn *conn, const char *path)
{
    for (size_t i = 0; i < conn->n_watches; i++)
        if (strcmp(conn->watches[i].path, path) == 0)
            return &conn->watches[i];
    return NULL;
}

void
watch_arm(mconn *conn, const char *path, unsigned bits)
{
    mwatch *w = watch_find(conn, path);
    if (!w) {
        conn->watches = model_grow(conn->watches, &conn->cap_watches, conn->n_watches, sizeof *conn->watches);
        w = &conn->watches[conn->n_watches++];
        *w = (mwatch){.path = strdup(path)};
    }
    w->bits |= bits;
}

bool
watch_disarm(mconn *conn, const char *path, unsigned bits)
{
    mwatch *w = watch_find(conn, path);
    if (!w || !(w->bits & bits))
        return false;
    w->bits &= ~bits;
    if (w->bits == 0) {
        free(w->path);
        *w = conn->watches[--conn->n_watches];
    }
    return true;
}

void
watch_clear(mconn *conn)
{
    for (size_t i = 0; i < conn->n_watches; i++)
        free(conn->watches[i].path);
    conn->n_watches = 0;
}

unsigned
model_watching(const mconn *conn, const char *path)
{
    const mwatch *w = watch_find(conn, path);
    return w ? w->bits : 0;
}

static bool
recursive_above(const mconn *conn, const mnode *node)
{
    for (; node; node = node->parent)
        if (model_watching(conn, node->path) & MWATCH_RECURSIVE)
            return true;
    return false;
}

/* One event a connection, however many of its watches match. */
void
watch_fire(model *m, int32_t type, const mnode *node)
{
    for (mconn *c = m->conns; c; c = c->next) {
        if (c->gone || c->closing || c->mute || !c->session)
            continue;
        unsigned once = type == ZOBO_EVENT_CHILD     ? MWATCH_CHILD
                        : type == ZOBO_EVENT_DELETED ? MWATCH_DATA | MWATCH_CHILD
                                                     : MWATCH_DATA;
        bool told = watch_disarm(c, node->path, once);
        if (model_watching(c, node->path) & MWATCH_PERSISTENT)
            told = true;
        if (type != ZOBO_EVENT_CHILD && recursive_above(c, node))
            told = true;
        if (told)
            watch_send(m, c, type, node->path, m->old_events ? -1 : m->zxid);
    }
}
