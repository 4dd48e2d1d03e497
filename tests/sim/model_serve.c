/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of the model: decode, carry out, answer. */
#include "sim/model.h"

#include <stdlib.h>
#include <string.h>

char *
serve_path(zb_path path, char *buf, size_t size)
{
    size_t n = path.path_len < size ? path.path_len : size - 1;
    memcpy(buf, path.path, n);
    buf[n] = '\0';
    return buf;
}

void
serve_reply(mconn *conn, int32_t xid, int64_t zxid, zobo_err err, const void *body, size_t n)
{
    uint8_t head[20];
    zb_writer w = {head, head + sizeof head, 0, false};
    zb_put_i32(&w, (int32_t)(16 + n));
    struct zb_reply_header h = {xid, zxid, err};
    zb_put_reply_header(&w, &h);
    mbytes_add(&conn->out, head, sizeof head);
    if (n)
        mbytes_add(&conn->out, body, n);
}

void
watch_send(model *m, mconn *conn, int32_t type, const char *path, int64_t zxid)
{
    (void)m;
    uint8_t body[MODEL_PATH_MAX + 16];
    zb_writer w = {body, body + sizeof body, 0, false};
    struct zb_watcher_event e = {type, 3, zb_buf_of(path)};
    zb_put_watcher_event(&w, &e);
    serve_reply(conn, ZB_XID_EVENT, zxid, ZOBO_OK, body, w.n);
}

bool
serve_allowed(const mconn *conn, const char *path)
{
    return strncmp(path, "/secret/", 8) != 0 || conn->n_digest > 0 || conn->server; /* another has ACLs instead */
}

static void
tell(model *m, mconn *conn, int32_t xid, int32_t op, const char *path, zb_buf data, int32_t version)
{
    mseen what = {conn, xid, op, path, data.p, data.n, version};
    m->observer.seen(m->observer.arg, &what);
}

static const zb_buf no_data = {NULL, -1};

static zobo_err
do_create(model *m, mconn *conn, int32_t xid, int32_t op, zb_reader *r, zb_writer *w, uint64_t now)
{
    char path[MODEL_PATH_MAX];
    struct zb_create_request q;
    zb_get_create_request(r, &q);
    if (r->bad)
        return ZOBO_EMARSHALLING;
    serve_path(q.path, path, sizeof path);
    tell(m, conn, xid, op, path, q.data, 0);
    mnode *node;
    zobo_err err = !serve_allowed(conn, path)
                       ? ZOBO_ENOAUTH
                       : tree_create(m, path, q.data.p, q.data.n, q.flags, conn->session->id, now, &node);
    if (err)
        return err;
    if (op == ZB_OP_CREATE) {
        struct zb_path_reply a = {zb_buf_of(node->path)};
        zb_put_path_reply(w, &a);
    } else {
        struct zb_path_stat_reply a = {zb_buf_of(node->path), tree_stat(&node->now)};
        zb_put_path_stat_reply(w, &a);
    }
    return ZOBO_OK;
}

static zobo_err
do_set(model *m, mconn *conn, int32_t xid, zb_reader *r, zb_writer *w, uint64_t now)
{
    char path[MODEL_PATH_MAX];
    struct zb_set_data_request q;
    zb_get_set_data_request(r, &q);
    if (r->bad)
        return ZOBO_EMARSHALLING;
    serve_path(q.path, path, sizeof path);
    tell(m, conn, xid, ZB_OP_SET_DATA, path, q.data, 0);
    mnode *node;
    zobo_err err =
        !serve_allowed(conn, path) ? ZOBO_ENOAUTH : tree_set(m, path, q.data.p, q.data.n, q.version, now, &node);
    if (err)
        return err;
    struct zb_stat_reply a = {tree_stat(&node->now)};
    zb_put_stat_reply(w, &a);
    return ZOBO_OK;
}

/* One write inside the transaction under way; the caller commits or rolls back. */
zobo_err
serve_write(model *m, mconn *conn, int32_t xid, int32_t op, zb_reader *r, zb_writer *w, uint64_t now)
{
    char path[MODEL_PATH_MAX];
    if (op == ZB_OP_CREATE || op == ZB_OP_CREATE2)
        return do_create(m, conn, xid, op, r, w, now);
    if (op == ZB_OP_SET_DATA)
        return do_set(m, conn, xid, r, w, now);
    if (op != ZB_OP_DELETE && op != ZB_OP_CHECK)
        return ZOBO_EMARSHALLING;
    struct zb_delete_request q; /* check's record is the same */
    zb_get_delete_request(r, &q);
    if (r->bad)
        return ZOBO_EMARSHALLING;
    serve_path(q.path, path, sizeof path);
    tell(m, conn, xid, op, path, no_data, q.version);
    if (!serve_allowed(conn, path))
        return ZOBO_ENOAUTH;
    return op == ZB_OP_DELETE ? tree_delete(m, path, q.version) : tree_check(m, path, q.version);
}

/* Writes the body of a failed multi: every operation answers with an error. */
static void
refuse_multi(zb_writer *w, int32_t n, int32_t failed, zobo_err err)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t e = i < failed ? 0 : i == failed ? err : ZOBO_ERUNTIMEINCONSISTENCY;
        struct zb_multi_header h = {-1, false, e};
        zb_put_multi_header(w, &h);
        zb_put_i32(w, e);
    }
}

zobo_err
serve_multi(model *m, mconn *conn, int32_t xid, zb_reader *r, zb_writer *w, uint64_t now)
{
    zb_writer start = *w;
    int32_t n = 0, failed = -1;
    zobo_err err = ZOBO_OK;
    for (;; n++) {
        struct zb_multi_header h;
        zb_get_multi_header(r, &h);
        if (r->bad)
            return ZOBO_EMARSHALLING;
        if (h.done)
            break;
        struct zb_multi_header a = {h.type, false, 0};
        zb_put_multi_header(w, &a);
        /* What comes after a failure is still read, for it must be counted and seen. */
        zobo_err e = serve_write(m, conn, xid, h.type, r, w, now);
        if (e == ZOBO_EMARSHALLING)
            return e;
        if (e && failed < 0) {
            failed = n;
            err = e;
        }
    }
    if (failed >= 0) {
        *w = start;
        refuse_multi(w, n, failed, err);
    }
    struct zb_multi_header end = {-1, true, -1};
    zb_put_multi_header(w, &end);
    return failed >= 0 ? ZOBO_ETRANSACTION : ZOBO_OK;
}

static void
put_children(const model *m, const mnode *node, zb_writer *w)
{
    int32_t n = 0;
    const char **names = calloc(m->n_nodes + 1, sizeof *names);
    for (size_t i = 0; i < m->n_nodes; i++)
        if (m->nodes[i]->parent == node && m->nodes[i]->now.exists)
            names[n++] = strrchr(m->nodes[i]->path, '/') + 1;
    zb_strvec v = {.items = names, .n = n};
    zb_put_strvec(w, v);
    free(names);
}

static zobo_err
serve_read(model *m, mconn *conn, int32_t xid, int32_t op, zb_reader *r, zb_writer *w)
{
    char path[MODEL_PATH_MAX];
    struct zb_path_watch_request q;
    zb_get_path_watch_request(r, &q);
    if (r->bad)
        return ZOBO_EMARSHALLING;
    serve_path(q.path, path, sizeof path);
    tell(m, conn, xid, op, path, no_data, 0);
    if (!serve_allowed(conn, path))
        return ZOBO_ENOAUTH;
    mnode *node = model_node(m, path);
    bool exists = node && node->now.exists;
    if (q.watch && (exists || op == ZB_OP_EXISTS))
        watch_arm(conn, path, op == ZB_OP_EXISTS || op == ZB_OP_GET_DATA ? MWATCH_DATA : MWATCH_CHILD);
    if (!exists)
        return ZOBO_ENONODE;
    if (op == ZB_OP_GET_DATA)
        zb_put_buf(w, (zb_buf){node->now.data->bytes, node->now.data->n});
    if (op == ZB_OP_GET_CHILDREN || op == ZB_OP_GET_CHILDREN2)
        put_children(m, node, w);
    if (op != ZB_OP_GET_CHILDREN)
        zb_put_stat(w, tree_stat(&node->now));
    return ZOBO_OK;
}

static zobo_err
serve_sync(model *m, mconn *conn, int32_t xid, zb_reader *r, zb_writer *w)
{
    char path[MODEL_PATH_MAX];
    struct zb_path_request q;
    zb_get_path_request(r, &q);
    if (r->bad)
        return ZOBO_EMARSHALLING;
    tell(m, conn, xid, ZB_OP_SYNC, serve_path(q.path, path, sizeof path), no_data, 0);
    struct zb_path_reply a = {zb_buf_of(path)};
    zb_put_path_reply(w, &a);
    return ZOBO_OK;
}

static zobo_err
serve_add_watch(model *m, mconn *conn, int32_t xid, zb_reader *r, zb_writer *w)
{
    char path[MODEL_PATH_MAX];
    struct zb_add_watch_request q;
    zb_get_add_watch_request(r, &q);
    if (r->bad || q.mode < 0 || q.mode > 1)
        return ZOBO_EMARSHALLING;
    tell(m, conn, xid, ZB_OP_ADD_WATCH, serve_path(q.path, path, sizeof path), no_data, 0);
    watch_arm(conn, path, q.mode == ZOBO_PERSISTENT ? MWATCH_PERSISTENT : MWATCH_RECURSIVE);
    zb_put_i32(w, 0);
    return ZOBO_OK;
}

static zobo_err
serve_watches(model *m, mconn *conn, int32_t xid, int32_t op, zb_reader *r)
{
    static const unsigned of_kind[] = {0, MWATCH_CHILD, MWATCH_DATA, 15, MWATCH_PERSISTENT, MWATCH_RECURSIVE};
    char path[MODEL_PATH_MAX];
    struct zb_watches_request q;
    zb_get_watches_request(r, &q);
    if (r->bad || q.type < 1 || q.type > 5)
        return ZOBO_EMARSHALLING;
    tell(m, conn, xid, op, serve_path(q.path, path, sizeof path), no_data, 0);
    bool has = op == ZB_OP_REMOVE_WATCHES ? watch_disarm(conn, path, of_kind[q.type])
                                          : (model_watching(conn, path) & of_kind[q.type]) != 0;
    return has ? ZOBO_OK : ZOBO_ENOWATCHER;
}

typedef enum list_kind { LIST_DATA, LIST_EXIST, LIST_CHILD, LIST_PERSISTENT, LIST_RECURSIVE } list_kind;

/* One list of setWatches: what has changed since `rel` is told at once, the rest is armed. */
static void
restore(model *m, mconn *conn, zb_strvec v, list_kind kind, int64_t rel)
{
    static const unsigned bits[] = {MWATCH_DATA, MWATCH_DATA, MWATCH_CHILD, MWATCH_PERSISTENT, MWATCH_RECURSIVE};
    zb_reader r = {v.p, v.end, false};
    for (int32_t i = 0; i < v.n; i++) {
        char path[MODEL_PATH_MAX];
        zb_buf b = zb_get_str(&r);
        serve_path((zb_path){.path = b.p, .path_len = (uint32_t)b.n}, path, sizeof path);
        mnode *node = model_node(m, path);
        bool exists = node && node->now.exists;
        int32_t event = 0;
        if (kind == LIST_DATA || kind == LIST_CHILD) {
            int64_t changed = !exists ? 0 : kind == LIST_DATA ? node->now.stat.mzxid : node->now.stat.pzxid;
            event = !exists             ? ZOBO_EVENT_DELETED
                    : changed <= rel    ? 0
                    : kind == LIST_DATA ? ZOBO_EVENT_CHANGED
                                        : ZOBO_EVENT_CHILD;
        } else if (kind == LIST_EXIST && exists) {
            event = ZOBO_EVENT_CREATED;
        }
        if (event)
            watch_send(m, conn, event, path, -1);
        else
            watch_arm(conn, path, bits[kind]);
    }
}

static zobo_err
serve_set_watches(model *m, mconn *conn, int32_t op, zb_reader *r)
{
    struct zb_set_watches2_request q = {0};
    if (op == ZB_OP_SET_WATCHES2) {
        zb_get_set_watches2_request(r, &q);
    } else {
        struct zb_set_watches_request old;
        zb_get_set_watches_request(r, &old);
        q.relative_zxid = old.relative_zxid;
        q.data = old.data;
        q.exist = old.exist;
        q.child = old.child;
    }
    if (r->bad)
        return ZOBO_EMARSHALLING;
    restore(m, conn, q.data, LIST_DATA, q.relative_zxid);
    restore(m, conn, q.exist, LIST_EXIST, q.relative_zxid);
    restore(m, conn, q.child, LIST_CHILD, q.relative_zxid);
    restore(m, conn, q.persistent, LIST_PERSISTENT, q.relative_zxid);
    restore(m, conn, q.persistent_recursive, LIST_RECURSIVE, q.relative_zxid);
    return ZOBO_OK;
}

static void
serve_auth(mconn *conn, int32_t xid, zb_reader *r)
{
    struct zb_auth_request q;
    zb_get_auth_request(r, &q);
    bool ok = !r->bad && q.scheme.n == 6 && memcmp(q.scheme.p, "digest", 6) == 0 && q.auth.n > 0;
    if (ok && conn->n_digest < sizeof conn->digests / sizeof conn->digests[0])
        conn->digests[conn->n_digest++] = model_strndup(q.auth.p, (size_t)q.auth.n);
    serve_reply(conn, xid, 0, ok ? ZOBO_OK : ZOBO_EAUTHFAILED, NULL, 0);
    if (!ok)
        conn->closing = true;
}

static void
serve_a_write(model *m, mconn *conn, int32_t xid, int32_t op, zb_reader *r, zb_writer *w, uint64_t now)
{
    m->zxid++;
    zobo_err err = op == ZB_OP_MULTI ? serve_multi(m, conn, xid, r, w, now) : serve_write(m, conn, xid, op, r, w, now);
    if (err)
        tree_rollback(m);
    else
        tree_commit(m);
    m->observer.done(m->observer.arg, conn, op, m->zxid, err);
    bool body = err == ZOBO_OK || err == ZOBO_ETRANSACTION;
    serve_reply(conn, xid, m->zxid, body ? ZOBO_OK : err, w->p - w->n, body ? w->n : 0);
}

static void
serve_other(model *m, mconn *conn, int32_t xid, int32_t op, zb_reader *r, zb_writer *w)
{
    zobo_err err;
    if (op == ZB_OP_GET_DATA || op == ZB_OP_EXISTS || op == ZB_OP_GET_CHILDREN || op == ZB_OP_GET_CHILDREN2) {
        err = serve_read(m, conn, xid, op, r, w);
    } else if (op == ZB_OP_SYNC) {
        err = serve_sync(m, conn, xid, r, w);
    } else if (op == ZB_OP_ADD_WATCH) {
        err = serve_add_watch(m, conn, xid, r, w);
    } else if (op == ZB_OP_REMOVE_WATCHES || op == ZB_OP_CHECK_WATCHES) {
        err = serve_watches(m, conn, xid, op, r);
    } else { /* as ZooKeeper does with a number it does not know */
        serve_reply(conn, xid, -1, ZOBO_EUNIMPLEMENTED, NULL, 0);
        conn->closing = true;
        return;
    }
    m->observer.done(m->observer.arg, conn, op, m->zxid, err);
    serve_reply(conn, xid, m->zxid, err, w->p - w->n, err ? 0 : w->n);
}

/* What a read-only server answers. The observer still sees what was asked. */
static void
refuse_to_write(model *m, mconn *conn, int32_t xid, int32_t op, zb_reader *r, zb_writer *w, uint64_t now)
{
    if (op == ZB_OP_SYNC)
        (void)serve_sync(m, conn, xid, r, w);
    else if (op == ZB_OP_MULTI)
        (void)serve_multi(m, conn, xid, r, w, now);
    else
        (void)serve_write(m, conn, xid, op, r, w, now);
    tree_rollback(m);
    m->observer.done(m->observer.arg, conn, op, m->zxid, ZOBO_ENOTREADONLY);
    serve_reply(conn, xid, m->zxid, ZOBO_ENOTREADONLY, NULL, 0);
}

void
serve_request(model *m, mconn *conn, const uint8_t *frame, size_t n, uint64_t now)
{
    zb_reader r = zb_reader_of(frame, n);
    struct zb_request_header h;
    zb_get_request_header(&r, &h);
    if (r.bad) {
        conn->closing = true;
        return;
    }
    if (h.type == ZB_OP_AUTH) {
        serve_auth(conn, h.xid, &r);
    } else if (h.type == ZB_OP_PING) {
        serve_reply(conn, h.xid, m->zxid, ZOBO_OK, NULL, 0);
    } else if (h.type == ZB_OP_SET_WATCHES || h.type == ZB_OP_SET_WATCHES2) {
        zobo_err err = serve_set_watches(m, conn, h.type, &r);
        serve_reply(conn, h.xid, m->zxid, err, NULL, 0);
    } else {
        const zb_op *op = zb_op_find(h.type);
        uint8_t *body = malloc(MODEL_BODY_MAX);
        zb_writer w = {body, body + MODEL_BODY_MAX, 0, false};
        if (conn->read_only && ((op && op->writes) || h.type == ZB_OP_SYNC))
            refuse_to_write(m, conn, h.xid, h.type, &r, &w, now);
        else if (op && op->writes && h.type > 0)
            serve_a_write(m, conn, h.xid, h.type, &r, &w, now);
        else
            serve_other(m, conn, h.xid, h.type, &r, &w);
        free(body);
    }
}
