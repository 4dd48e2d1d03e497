/* SPDX-License-Identifier: Apache-2.0 */
/* The tiny server: what a ZooKeeper server does, for one tree of a few nodes, without any thought for speed. Every
 * request is read whole with its own decoder; one that cannot be read is the client's bug and a complaint. */
#include "support/peer_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the tree --------------------------------------------------------------------------------------------------- */

static zt_node *
find(zt_peer *p, const char *path)
{
    for (size_t i = 0; i < p->n_nodes; i++)
        if (strcmp(p->nodes[i].path, path) == 0)
            return &p->nodes[i];
    return NULL;
}

static char *
parent_of(const char *path)
{
    char *parent = zt_strdup(path);
    char *slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent ? 1 : 0] = 0;
    return parent;
}

static bool
is_child(const char *parent, const char *path)
{
    size_t n = strcmp(parent, "/") == 0 ? 0 : strlen(parent);
    return strncmp(parent, path, n) == 0 && path[n] == '/' && path[n + 1] && !strchr(path + n + 1, '/');
}

static zt_node *
add_node(zt_peer *p, const char *path)
{
    if (p->n_nodes == p->cap_nodes) {
        p->cap_nodes = p->cap_nodes * 2 + 16;
        p->nodes = realloc(p->nodes, p->cap_nodes * sizeof *p->nodes);
        if (!p->nodes)
            abort();
    }
    zt_node *n = &p->nodes[p->n_nodes++];
    *n = (zt_node){.path = zt_strdup(path), .len = -1};
    n->stat.czxid = n->stat.mzxid = n->stat.pzxid = p->zxid;
    n->stat.ctime = n->stat.mtime = 1700000000000;
    return n;
}

static void
set_data(zt_node *n, const void *data, int32_t len)
{
    free(n->data);
    n->data = zt_alloc(len > 0 ? (size_t)len : 0);
    if (len > 0)
        memcpy(n->data, data, (size_t)len);
    n->len = len;
    n->stat.data_length = len < 0 ? 0 : len;
}

static void
free_node(zt_node *n)
{
    free(n->path);
    free(n->data);
}

void
zt_tiny_init(zt_peer *p)
{
    p->zxid = 1;
    set_data(add_node(p, "/"), "", 0);
    set_data(add_node(p, "/zookeeper"), "", 0);
    set_data(add_node(p, "/zookeeper/config"), "server.1=tiny", 13);
    find(p, "/")->stat.num_children = find(p, "/zookeeper")->stat.num_children = 1;
}

void
zt_tiny_free(zt_peer *p)
{
    for (size_t i = 0; i < p->n_nodes; i++)
        free_node(&p->nodes[i]);
    free(p->nodes);
    free(p->sessions);
}

/* --- watches ---------------------------------------------------------------------------------------------------- */

static void
arm(zt_conn *c, const char *path, zb_watch_table table)
{
    if (c->n_watches == c->cap_watches) {
        c->cap_watches = c->cap_watches * 2 + 64;
        c->watches = realloc(c->watches, c->cap_watches * sizeof *c->watches);
        if (!c->watches)
            abort();
    }
    c->watches[c->n_watches++] = (zt_watch){zt_strdup(path), table};
}

/* Takes out the watches of these tables on a path; tells whether there were any. */
static bool
disarm(zt_conn *c, const char *path, unsigned tables)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n_watches; i++) {
        if ((tables & 1U << c->watches[i].table) && strcmp(c->watches[i].path, path) == 0)
            free(c->watches[i].path);
        else
            c->watches[kept++] = c->watches[i];
    }
    bool found = kept != c->n_watches;
    c->n_watches = kept;
    return found;
}

static bool
armed(zt_conn *c, const char *path, unsigned tables)
{
    for (size_t i = 0; i < c->n_watches; i++)
        if ((tables & 1U << c->watches[i].table) && strcmp(c->watches[i].path, path) == 0)
            return true;
    return false;
}

static bool
armed_above(zt_conn *c, const char *path)
{
    for (size_t i = 0; i < c->n_watches; i++) {
        size_t n = strcmp(c->watches[i].path, "/") == 0 ? 0 : strlen(c->watches[i].path);
        if (c->watches[i].table == ZB_WATCH_RECURSIVE && strncmp(c->watches[i].path, path, n) == 0 &&
            (path[n] == '/' || !path[n]))
            return true;
    }
    return false;
}

enum {
    DATA_LIKE = 1U << ZB_WATCH_DATA | 1U << ZB_WATCH_EXIST,
    CHILD_LIKE = 1U << ZB_WATCH_CHILD,
    STAYING = 1U << ZB_WATCH_PERSISTENT
};

static void
fire(zt_peer *p, int32_t type, const char *path)
{
    unsigned once = type == ZOBO_EVENT_CHILD     ? CHILD_LIKE
                    : type == ZOBO_EVENT_DELETED ? DATA_LIKE | CHILD_LIKE
                                                 : DATA_LIKE;
    pthread_mutex_lock(&p->lock);
    zt_conn *first = p->conns; /* only ever grows at its head until the peer is stopped */
    pthread_mutex_unlock(&p->lock);
    for (zt_conn *c = first; c; c = c->next) {
        bool told = disarm(c, path, once);
        told = armed(c, path, STAYING) || told;
        told = (type != ZOBO_EVENT_CHILD && armed_above(c, path)) || told;
        if (told)
            zt_send_event(c, type, path);
    }
}

void
zt_tiny_forget(zt_conn *c)
{
    pthread_mutex_lock(&c->peer->tree);
    for (size_t i = 0; i < c->n_watches; i++)
        free(c->watches[i].path);
    free(c->watches);
    c->watches = NULL;
    c->n_watches = c->cap_watches = 0;
    pthread_mutex_unlock(&c->peer->tree);
}

/* --- changes: all return an error number ------------------------------------------------------------------------ */

typedef struct change {
    char *path; /* the real path, owned */
    zobo_stat stat;
} change;

static int32_t
do_create(zt_peer *p, int64_t session, const char *path, const void *data, int32_t len, int32_t flags, bool tell,
          change *out)
{
    char *parent_path = parent_of(path);
    zt_node *parent = find(p, parent_path);
    bool sequence = flags == 2 || flags == 3 || flags == 6;
    int32_t err = !parent ? ZOBO_ENONODE : parent->stat.ephemeral_owner ? ZOBO_ENOCHILDRENFOREPHEMERALS : 0;
    if (!err) {
        char number[16] = "";
        if (sequence)
            snprintf(number, sizeof number, "%010d", (int)parent->created);
        out->path = zt_alloc(strlen(path) + sizeof number);
        memcpy(out->path, path, strlen(path) + 1);
        memcpy(out->path + strlen(path), number, strlen(number) + 1);
        if (find(p, out->path))
            err = ZOBO_ENODEEXISTS;
    }
    if (!err) {
        p->zxid++;
        parent->created++;
        parent->stat.cversion++;
        parent->stat.num_children++;
        parent->stat.pzxid = p->zxid;
        zt_node *n = add_node(p, out->path);
        set_data(n, data, len);
        n->stat.ephemeral_owner = flags == 1 || flags == 3 ? session : 0;
        out->stat = n->stat;
        if (tell) {
            fire(p, ZOBO_EVENT_CREATED, out->path);
            fire(p, ZOBO_EVENT_CHILD, parent_path);
        }
    } else {
        free(out->path);
        out->path = NULL;
    }
    free(parent_path);
    return err;
}

static int32_t
do_delete(zt_peer *p, const char *path, int32_t version, bool tell)
{
    zt_node *n = find(p, path);
    if (!n)
        return ZOBO_ENONODE;
    if (version != -1 && version != n->stat.version)
        return ZOBO_EBADVERSION;
    if (n->stat.num_children)
        return ZOBO_ENOTEMPTY;
    p->zxid++;
    char *parent_path = parent_of(path);
    char *gone = n->path;
    free(n->data);
    *n = p->nodes[--p->n_nodes];
    zt_node *parent = find(p, parent_path);
    if (parent) {
        parent->stat.num_children--;
        parent->stat.cversion++;
        parent->stat.pzxid = p->zxid;
    }
    if (tell) {
        fire(p, ZOBO_EVENT_DELETED, gone);
        fire(p, ZOBO_EVENT_CHILD, parent_path);
    }
    free(parent_path);
    free(gone);
    return 0;
}

static int32_t
do_set(zt_peer *p, const char *path, const void *data, int32_t len, int32_t version, bool tell, zobo_stat *out)
{
    zt_node *n = find(p, path);
    if (!n)
        return ZOBO_ENONODE;
    if (version != -1 && version != n->stat.version)
        return ZOBO_EBADVERSION;
    set_data(n, data, len);
    n->stat.version++;
    n->stat.mzxid = ++p->zxid;
    *out = n->stat;
    if (tell)
        fire(p, ZOBO_EVENT_CHANGED, path);
    return 0;
}

static void
drop_ephemerals(zt_peer *p, int64_t session)
{
    for (size_t i = 0; i < p->n_nodes;) {
        zt_node *n = &p->nodes[i];
        if (n->stat.ephemeral_owner && (!session || n->stat.ephemeral_owner == session)) {
            char *path = zt_strdup(n->path);
            do_delete(p, path, -1, true);
            free(path);
            i = 0;
        } else {
            i++;
        }
    }
}

/* --- multi ------------------------------------------------------------------------------------------------------ */

/* Carries out one operation of a multi and writes its result; err is what it came to. */
static int32_t
multi_op(zt_conn *c, int32_t type, zt_cursor *at, bool carry_out, zt_buf *out)
{
    zt_peer *p = c->peer;
    char *path = zt_take_str(at);
    const uint8_t *data = NULL;
    int32_t len = -1, err = 0;
    change made = {0};
    zobo_stat stat = {0};
    if (type == ZB_OP_DELETE || type == ZB_OP_CHECK) {
        int32_t version = zt_take_i32(at);
        zt_node *n = path ? find(p, path) : NULL;
        if (type == ZB_OP_DELETE && carry_out)
            err = do_delete(p, path ? path : "", version, false);
        else if (carry_out)
            err = !n ? ZOBO_ENONODE : version != -1 && version != n->stat.version ? ZOBO_EBADVERSION : 0;
    } else if (type == ZB_OP_SET_DATA) {
        len = zt_take_bytes(at, &data);
        int32_t version = zt_take_i32(at);
        if (carry_out)
            err = do_set(p, path ? path : "", data, len, version, false, &stat);
    } else {
        len = zt_take_bytes(at, &data);
        for (int32_t n = zt_take_i32(at); n > 0 && !at->bad; n--) {
            zt_take_i32(at);
            free(zt_take_str(at));
            free(zt_take_str(at));
        }
        int32_t flags = zt_take_i32(at);
        if (type == ZB_OP_CREATE_TTL)
            zt_take_i64(at);
        if (carry_out)
            err = do_create(p, c->session, path ? path : "", data, len, flags, false, &made);
    }
    if (!err && carry_out) {
        bool with_stat = type == ZB_OP_CREATE2 || type == ZB_OP_CREATE_CONTAINER || type == ZB_OP_CREATE_TTL;
        zt_put_i32(out, with_stat ? ZB_OP_CREATE2 : type);
        zt_put_bool(out, false);
        zt_put_i32(out, 0);
        if (made.path)
            zt_put_str(out, made.path);
        if (with_stat)
            zt_put_stat(out, &made.stat);
        if (type == ZB_OP_SET_DATA)
            zt_put_stat(out, &stat);
    }
    free(made.path);
    free(path);
    return err;
}

static void
put_error_result(zt_buf *b, int32_t err)
{
    zt_put_i32(b, -1);
    zt_put_bool(b, false);
    zt_put_i32(b, err);
    zt_put_i32(b, err);
}

/* The nodes as they were, to go back to. */
typedef struct snapshot {
    zt_node *nodes;
    size_t n;
    int64_t zxid;
} snapshot;

static snapshot
take_snapshot(zt_peer *p)
{
    snapshot s = {zt_alloc(p->n_nodes * sizeof(zt_node)), p->n_nodes, p->zxid};
    for (size_t i = 0; i < s.n; i++) {
        s.nodes[i] = p->nodes[i];
        s.nodes[i].path = zt_strdup(p->nodes[i].path);
        s.nodes[i].data = NULL;
        set_data(&s.nodes[i], p->nodes[i].data, p->nodes[i].len);
    }
    return s;
}

static void
put_terminator(zt_buf *b)
{
    zt_put_i32(b, -1);
    zt_put_bool(b, true);
    zt_put_i32(b, -1);
}

static void
do_multi(zt_conn *c, zt_cursor *at, zt_buf *out)
{
    zt_peer *p = c->peer;
    snapshot before = take_snapshot(p);
    int32_t errs[1024], n = 0, failed = 0;
    while (n < 1024) {
        int32_t type = zt_take_i32(at);
        bool done = zt_take_bool(at);
        zt_take_i32(at);
        if (done || at->bad)
            break;
        errs[n] = multi_op(c, type, at, !failed, out);
        if (failed)
            errs[n] = ZOBO_ERUNTIMEINCONSISTENCY;
        failed = failed || errs[n] ? 1 : 0;
        n++;
    }
    if (failed) { /* whatever was done is undone */
        for (size_t i = 0; i < p->n_nodes; i++)
            free_node(&p->nodes[i]);
        free(p->nodes);
        p->nodes = before.nodes;
        p->n_nodes = p->cap_nodes = before.n;
        out->n = 0;
        for (int32_t i = 0; i < n; i++)
            put_error_result(out, errs[i]);
    } else {
        for (size_t i = 0; i < before.n; i++)
            free_node(&before.nodes[i]);
        free(before.nodes);
    }
    p->zxid++;
    put_terminator(out);
}

static void
put_children(zt_peer *p, const char *path, zt_buf *b)
{
    zt_node *parent = find(p, path);
    size_t prefix = strcmp(path, "/") == 0 ? 1 : strlen(path) + 1;
    zt_put_i32(b, parent ? parent->stat.num_children : 0);
    for (size_t i = 0; i < p->n_nodes; i++)
        if (is_child(path, p->nodes[i].path))
            zt_put_str(b, p->nodes[i].path + prefix);
}

static void
do_multi_read(zt_peer *p, zt_cursor *at, zt_buf *out)
{
    for (;;) {
        int32_t type = zt_take_i32(at);
        bool done = zt_take_bool(at);
        zt_take_i32(at);
        if (done || at->bad)
            break;
        char *path = zt_take_str(at);
        zt_take_bool(at);
        zt_node *n = path ? find(p, path) : NULL;
        if (!n) {
            put_error_result(out, ZOBO_ENONODE);
        } else {
            zt_put_i32(out, type);
            zt_put_bool(out, false);
            zt_put_i32(out, 0);
            if (type == ZB_OP_GET_DATA) {
                zt_put_bytes(out, n->data, n->len);
                zt_put_stat(out, &n->stat);
            } else {
                put_children(p, path, out);
            }
        }
        free(path);
    }
    put_terminator(out);
}

/* --- watch requests --------------------------------------------------------------------------------------------- */

static unsigned
tables_of_kind(int32_t kind)
{
    switch (kind) {
    case ZOBO_WATCH_CHILDREN:
        return CHILD_LIKE;
    case ZOBO_WATCH_DATA:
        return DATA_LIKE;
    case ZOBO_WATCH_PERSISTENT:
        return STAYING;
    case ZOBO_WATCH_PERSISTENT_RECURSIVE:
        return 1U << ZB_WATCH_RECURSIVE;
    default:
        return ~0U;
    }
}

static void
set_watches_list(zt_conn *c, zt_cursor *at, int64_t zxid, zb_watch_table table)
{
    for (int32_t n = zt_take_i32(at); n > 0 && !at->bad; n--) {
        char *path = zt_take_str(at);
        zt_node *node = path ? find(c->peer, path) : NULL;
        int32_t event = 0;
        if (table == ZB_WATCH_EXIST)
            event = node ? ZOBO_EVENT_CREATED : 0;
        else if (table == ZB_WATCH_DATA)
            event = !node ? ZOBO_EVENT_DELETED : node->stat.mzxid > zxid ? ZOBO_EVENT_CHANGED : 0;
        else if (table == ZB_WATCH_CHILD)
            event = !node ? ZOBO_EVENT_DELETED : node->stat.pzxid > zxid ? ZOBO_EVENT_CHILD : 0;
        if (event)
            zt_send_event(c, event, path);
        else if (path)
            arm(c, path, table);
        free(path);
    }
}

/* --- requests --------------------------------------------------------------------------------------------------- */

static void
skip_acls(zt_cursor *at)
{
    for (int32_t n = zt_take_i32(at); n > 0 && !at->bad; n--) {
        zt_take_i32(at);
        free(zt_take_str(at));
        free(zt_take_str(at));
    }
}

static int32_t
serve_create(zt_conn *c, const zt_frame *f, const char *path, zt_cursor *at, zt_buf *out)
{
    const uint8_t *data;
    int32_t len = zt_take_bytes(at, &data);
    skip_acls(at);
    int32_t flags = zt_take_i32(at);
    if (f->op == ZB_OP_CREATE_TTL)
        zt_take_i64(at);
    if (at->bad)
        return ZOBO_EMARSHALLING;
    change made = {0};
    int32_t err = do_create(c->peer, c->session, path, data, len, flags, true, &made);
    if (!err) {
        zt_put_str(out, made.path);
        if (f->op != ZB_OP_CREATE)
            zt_put_stat(out, &made.stat);
    }
    free(made.path);
    return err;
}

static int32_t
serve_read(zt_conn *c, const zt_frame *f, const char *path, zt_cursor *at, zt_buf *out)
{
    zt_node *n = find(c->peer, path);
    bool children = f->op == ZB_OP_GET_CHILDREN || f->op == ZB_OP_GET_CHILDREN2;
    bool watch = zt_take_bool(at);
    if (watch && !at->bad && (n || f->op == ZB_OP_EXISTS))
        arm(c, path, children ? ZB_WATCH_CHILD : n ? ZB_WATCH_DATA : ZB_WATCH_EXIST);
    if (!n)
        return ZOBO_ENONODE;
    if (f->op == ZB_OP_GET_DATA)
        zt_put_bytes(out, n->data, n->len);
    if (children)
        put_children(c->peer, path, out);
    if (f->op != ZB_OP_GET_CHILDREN)
        zt_put_stat(out, &n->stat);
    return 0;
}

static int32_t
serve_acl(zt_conn *c, const zt_frame *f, const char *path, zt_cursor *at, zt_buf *out)
{
    zt_node *n = find(c->peer, path);
    if (f->op == ZB_OP_SET_ACL) {
        skip_acls(at);
        int32_t version = zt_take_i32(at);
        if (!n || at->bad)
            return ZOBO_ENONODE;
        if (version != -1 && version != n->stat.aversion)
            return ZOBO_EBADVERSION;
        n->stat.aversion++;
    } else if (n) {
        zt_put_i32(out, 1);
        zt_put_i32(out, 31);
        zt_put_str(out, "world");
        zt_put_str(out, "anyone");
    }
    if (!n)
        return ZOBO_ENONODE;
    zt_put_stat(out, &n->stat);
    return 0;
}

static int32_t
serve_lists(zt_conn *c, const zt_frame *f, const char *path, zt_buf *out)
{
    zt_peer *p = c->peer;
    int32_t n = 0;
    size_t len = strlen(path);
    for (size_t i = 0; i < p->n_nodes; i++)
        if (f->op == ZB_OP_GET_EPHEMERALS)
            n += p->nodes[i].stat.ephemeral_owner == c->session && strncmp(p->nodes[i].path, path, len) == 0;
        else
            n += strncmp(p->nodes[i].path, path, len) == 0 && (len == 1 || p->nodes[i].path[len] == '/') &&
                 strcmp(p->nodes[i].path, path) != 0;
    zt_put_i32(out, n);
    if (f->op == ZB_OP_GET_ALL_CHILDREN_NUMBER)
        return find(p, path) ? 0 : ZOBO_ENONODE;
    for (size_t i = 0; i < p->n_nodes; i++)
        if (p->nodes[i].stat.ephemeral_owner == c->session && strncmp(p->nodes[i].path, path, len) == 0)
            zt_put_str(out, p->nodes[i].path);
    return 0;
}

static int32_t
serve_change(zt_conn *c, const zt_frame *f, const char *path, zt_cursor *at, zt_buf *out)
{
    if (f->op == ZB_OP_DELETE)
        return do_delete(c->peer, path, zt_take_i32(at), true);
    const uint8_t *data;
    int32_t len = zt_take_bytes(at, &data);
    int32_t version = zt_take_i32(at);
    if (at->bad)
        return ZOBO_EMARSHALLING;
    zobo_stat stat;
    int32_t err = do_set(c->peer, path, data, len, version, true, &stat);
    if (!err)
        zt_put_stat(out, &stat);
    return err;
}

static int32_t
serve_watch(zt_conn *c, const zt_frame *f, const char *path, zt_cursor *at, zt_buf *out)
{
    int32_t what = zt_take_i32(at);
    if (f->op == ZB_OP_ADD_WATCH) {
        arm(c, path, what ? ZB_WATCH_RECURSIVE : ZB_WATCH_PERSISTENT);
        zt_put_i32(out, 0);
        return 0;
    }
    bool there =
        f->op == ZB_OP_CHECK_WATCHES ? armed(c, path, tables_of_kind(what)) : disarm(c, path, tables_of_kind(what));
    return there ? 0 : ZOBO_ENOWATCHER;
}

static int32_t
serve_without_path(zt_conn *c, const zt_frame *f, zt_cursor *at, zt_buf *out)
{
    zt_peer *p = c->peer;
    switch (f->op) {
    case ZB_OP_PING:
        return 0;
    case ZB_OP_CLOSE_SESSION:
        drop_ephemerals(p, c->session);
        for (size_t i = 0; i < p->n_sessions; i++)
            if (p->sessions[i].id == c->session)
                p->sessions[i] = p->sessions[--p->n_sessions];
        return 0;
    case ZB_OP_SET_WATCHES:
    case ZB_OP_SET_WATCHES2: {
        int64_t zxid = zt_take_i64(at);
        set_watches_list(c, at, zxid, ZB_WATCH_DATA);
        set_watches_list(c, at, zxid, ZB_WATCH_EXIST);
        set_watches_list(c, at, zxid, ZB_WATCH_CHILD);
        if (f->op == ZB_OP_SET_WATCHES2) {
            set_watches_list(c, at, zxid, ZB_WATCH_PERSISTENT);
            set_watches_list(c, at, zxid, ZB_WATCH_RECURSIVE);
        }
        return 0;
    }
    case ZB_OP_MULTI:
        do_multi(c, at, out);
        return 0;
    case ZB_OP_MULTI_READ:
        do_multi_read(p, at, out);
        return 0;
    case ZB_OP_WHO_AM_I:
        zt_put_i32(out, 1);
        zt_put_str(out, "ip");
        zt_put_str(out, "127.0.0.1");
        return 0;
    case ZB_OP_RECONFIG:
        free(zt_take_str(at));
        free(zt_take_str(at));
        free(zt_take_str(at));
        zt_take_i64(at);
        return ZOBO_ERECONFIGDISABLED;
    default:
        return ZOBO_EUNIMPLEMENTED;
    }
}

static int32_t
serve_path(zt_conn *c, const zt_frame *f, zt_cursor *at, zt_buf *out)
{
    char *path = zt_take_str(at);
    int32_t err;
    if (!path)
        return ZOBO_EMARSHALLING;
    switch (f->op) {
    case ZB_OP_CREATE:
    case ZB_OP_CREATE2:
    case ZB_OP_CREATE_CONTAINER:
    case ZB_OP_CREATE_TTL:
        err = serve_create(c, f, path, at, out);
        break;
    case ZB_OP_EXISTS:
    case ZB_OP_GET_DATA:
    case ZB_OP_GET_CHILDREN:
    case ZB_OP_GET_CHILDREN2:
        err = serve_read(c, f, path, at, out);
        break;
    case ZB_OP_DELETE:
    case ZB_OP_SET_DATA:
        err = serve_change(c, f, path, at, out);
        break;
    case ZB_OP_GET_ACL:
    case ZB_OP_SET_ACL:
        err = serve_acl(c, f, path, at, out);
        break;
    case ZB_OP_GET_EPHEMERALS:
    case ZB_OP_GET_ALL_CHILDREN_NUMBER:
        err = serve_lists(c, f, path, out);
        break;
    case ZB_OP_ADD_WATCH:
    case ZB_OP_CHECK_WATCHES:
    case ZB_OP_REMOVE_WATCHES:
        err = serve_watch(c, f, path, at, out);
        break;
    case ZB_OP_SYNC:
        zt_put_str(out, path);
        err = 0;
        break;
    default:
        err = ZOBO_EUNIMPLEMENTED;
    }
    free(path);
    return err;
}

static void
serve_auth(zt_conn *c, const zt_frame *f, zt_cursor *at)
{
    const uint8_t *credential;
    zt_take_i32(at);
    char *scheme = zt_take_str(at);
    zt_take_bytes(at, &credential);
    bool ok = scheme && strcmp(scheme, "digest") == 0 && !at->bad;
    zt_reply(c, f->xid, 0, ok ? 0 : ZOBO_EAUTHFAILED, NULL);
    if (!ok)
        zt_close(c);
    free(scheme);
}

static bool
writes(int32_t op)
{
    const zb_op *row = zb_op_find(op);
    return (row && row->writes && op != ZB_OP_CLOSE_SESSION) || op == ZB_OP_SYNC;
}

void
zt_serve_one(zt_conn *c, const zt_frame *f)
{
    zt_peer *p = c->peer;
    zt_cursor at = {f->body, f->body + f->len, false};
    zt_buf out = {0};
    pthread_mutex_lock(&p->lock);
    bool read_only = p->read_only;
    pthread_mutex_unlock(&p->lock);
    pthread_mutex_lock(&p->tree);
    if (f->op == ZB_OP_AUTH) {
        serve_auth(c, f, &at);
    } else {
        int32_t err = read_only && writes(f->op) ? ZOBO_ENOTREADONLY
                      : f->path                  ? serve_path(c, f, &at, &out)
                                                 : serve_without_path(c, f, &at, &out);
        if (err)
            out.n = 0;
        zt_reply(c, f->xid, p->zxid, err, &out);
    }
    pthread_mutex_unlock(&p->tree);
    if (at.bad && !p->config.malformed_is_fine)
        zt_complain(c, "request %d (%zu bytes) cannot be read", (int)f->op, f->len);
    zt_buf_free(&out);
}

/* --- sessions, words, the outside ------------------------------------------------------------------------------- */

bool
zt_tiny_session(zt_peer *p, const zt_connect *request, zt_sess *out)
{
    bool known = false;
    pthread_mutex_lock(&p->tree);
    if (request->session_id) {
        for (size_t i = 0; i < p->n_sessions && !known; i++)
            if (p->sessions[i].id == request->session_id && !memcmp(p->sessions[i].password, request->password, 16)) {
                *out = p->sessions[i];
                known = true;
            }
    } else {
        p->sessions = realloc(p->sessions, (p->n_sessions + 1) * sizeof *p->sessions);
        if (!p->sessions)
            abort();
        p->zxid++;
        *out = (zt_sess){.id = 0x100000000000000 + p->zxid, .timeout_ms = request->timeout_ms};
        if (p->config.timeout_ms)
            out->timeout_ms = (int32_t)p->config.timeout_ms;
        for (size_t i = 0; i < 16; i++)
            out->password[i] = (uint8_t)(p->zxid * 7 + (int64_t)i);
        p->sessions[p->n_sessions++] = *out;
        known = true;
    }
    pthread_mutex_unlock(&p->tree);
    return known;
}

void
zt_tiny_word(zt_conn *c, const char *word)
{
    pthread_mutex_lock(&c->peer->lock);
    bool read_only = c->peer->read_only;
    pthread_mutex_unlock(&c->peer->lock);
    const char *answer = "unknown word\n";
    if (!memcmp(word, "ruok", 4))
        answer = "imok";
    else if (!memcmp(word, "isro", 4))
        answer = read_only ? "ro" : "rw";
    else if (!memcmp(word, "srvr", 4))
        answer = "Zookeeper version: 3.8.0-tiny, built on 2022-02-25 08:49 UTC\nMode: standalone\n";
    else if (!memcmp(word, "envi", 4))
        answer = "Environment:\nzookeeper.version=3.8.0-tiny, built on 2022-02-25 08:49 UTC\n";
    zt_send(c, answer, strlen(answer));
}

int64_t
zt_zxid(zt_conn *c)
{
    pthread_mutex_lock(&c->peer->tree);
    int64_t zxid = c->peer->zxid;
    pthread_mutex_unlock(&c->peer->tree);
    return zxid;
}

size_t
zt_peer_node_count(zt_peer *p)
{
    pthread_mutex_lock(&p->tree);
    size_t n = p->n_nodes;
    pthread_mutex_unlock(&p->tree);
    return n;
}

bool
zt_peer_has_node(zt_peer *p, const char *path)
{
    pthread_mutex_lock(&p->tree);
    bool there = find(p, path);
    pthread_mutex_unlock(&p->tree);
    return there;
}

void
zt_peer_expire(zt_peer *p)
{
    pthread_mutex_lock(&p->tree);
    p->n_sessions = 0;
    drop_ephemerals(p, 0);
    pthread_mutex_unlock(&p->tree);
}

void
zt_peer_change(zt_peer *p, const char *path, const char *data)
{
    pthread_mutex_lock(&p->tree);
    int32_t len = data ? (int32_t)strlen(data) : 0;
    zobo_stat stat;
    change made = {0};
    int32_t err = !data           ? do_delete(p, path, -1, true)
                  : find(p, path) ? do_set(p, path, data, len, -1, true, &stat)
                                  : do_create(p, 0, path, data, len, 0, true, &made);
    free(made.path);
    pthread_mutex_unlock(&p->tree);
    if (err) {
        pthread_mutex_lock(&p->lock);
        snprintf(p->complaint, sizeof p->complaint, "zt_peer_change %.200s: %d", path, (int)err);
        pthread_mutex_unlock(&p->lock);
    }
}
