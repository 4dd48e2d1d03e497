/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction of Apache ZooKeeper's log, carried out again.
 *
 * A snapshot is written while the server goes on, so it may hold part of what the first transactions after it did:
 * a node that is there already is left, one that is gone is no error. */
#include "core/path.h"
#include "snapshot/snapshot.h"
#include "wire/op.h"

enum { TXN_ERROR = -1, MAX_MULTI_DEPTH = 1 };

static zobo_err apply(zs_import *job, const zs_logged *head, zb_reader *r, int depth);

static bool
good_path(zb_buf path)
{
    size_t at;
    return path.n > 0 && !zb_path_fault(path.p, (size_t)path.n, false, &at);
}

static bool
is_root(zb_buf path)
{
    return path.n == 1;
}

/* The parent's counter of children made, and its pzxid, as the transaction says. */
static zobo_err
raise_parent(zs_import *job, const zs_logged *head, zb_buf path, int32_t parent_created)
{
    size_t parent_len = zb_path_parent_len(path.p, (size_t)path.n);
    zs_node parent;
    zobo_err err = zs_node_find(job->txn, path.p, parent_len, &parent, NULL);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_OK : err;
    if (parent_created == -1)
        parent_created = (int32_t)((uint32_t)parent.created + 1);
    if (parent_created <= parent.created)
        return ZOBO_OK;
    parent.created = parent_created;
    parent.pzxid = head->zxid;
    return zs_node_put(job->txn, path.p, parent_len, &parent, NULL);
}

static zobo_err
put_acl(zs_import *job, const zb_aclvec *acl, uint32_t *id)
{
    *id = ZS_ACL_OPEN;
    if (acl->n <= 0)
        return ZOBO_OK;
    job->acl.n = 0;
    zs_add_i32(&job->acl, acl->n);
    zs_bytes_add(&job->acl, acl->p, (size_t)(acl->end - acl->p));
    return job->acl.failed ? ZOBO_ENOMEM : zs_acl_put(job->txn, job->acl.p, job->acl.n, id);
}

static zobo_err
apply_create(zs_import *job, const zs_logged *head, zb_reader *r)
{
    zb_buf path = zb_get_str(r), data = zb_get_buf(r);
    zb_aclvec acl = zb_get_aclvec(r);
    zs_node node = {.czxid = head->zxid, .ctime = head->time_ms};
    int32_t parent_created;
    if (head->type == ZB_OP_CREATE_CONTAINER) {
        node.owner = ZS_OWNER_CONTAINER;
        parent_created = zb_get_i32(r);
    } else if (head->type == ZB_OP_CREATE_TTL) {
        parent_created = zb_get_i32(r);
        int64_t ttl = zb_get_i64(r);
        node.owner = ZS_OWNER_TTL | (ttl & ZS_MAX_TTL);
    } else {
        node.owner = zb_get_bool(r) ? head->session : 0;
        parent_created = zb_reader_left(r) >= 4 ? zb_get_i32(r) : -1; /* logs of before 3.4 end here */
    }
    if (r->bad || !good_path(path))
        return ZOBO_EMARSHALLING;
    node.mzxid = node.pzxid = node.czxid;
    node.mtime = node.ctime;
    zs_node known;
    zobo_err err = zs_node_find(job->txn, path.p, (size_t)path.n, &known, NULL);
    if (err == ZOBO_ENONODE) {
        err = put_acl(job, &acl, &node.acl);
        if (!err)
            err = zs_grow_put(job->txn, path.p, (size_t)path.n, &node, &data);
        if (err == ZOBO_ENONODE)
            return ZOBO_OK; /* its parent is gone: a later transaction deleted both */
    }
    return err ? err : raise_parent(job, head, path, parent_created);
}

static zobo_err
delete_node(zs_import *job, const zs_logged *head, zb_buf path)
{
    if (!good_path(path) || is_root(path))
        return ZOBO_EMARSHALLING;
    zobo_err err = zs_grow_delete(job->txn, path.p, (size_t)path.n, head->zxid);
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}

static zobo_err
apply_set_data(zs_import *job, const zs_logged *head, zb_reader *r)
{
    zb_buf path = zb_get_str(r), data = zb_get_buf(r);
    int32_t version = zb_get_i32(r);
    zs_node node;
    if (r->bad || !good_path(path))
        return ZOBO_EMARSHALLING;
    zobo_err err = zs_node_find(job->txn, path.p, (size_t)path.n, &node, NULL);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_OK : err;
    node.version = version;
    node.mzxid = head->zxid;
    node.mtime = head->time_ms;
    return zs_node_put(job->txn, path.p, (size_t)path.n, &node, &data);
}

static zobo_err
apply_set_acl(zs_import *job, zb_reader *r)
{
    zb_buf path = zb_get_str(r);
    zb_aclvec acl = zb_get_aclvec(r);
    int32_t version = zb_get_i32(r);
    zs_node node;
    if (r->bad || !good_path(path))
        return ZOBO_EMARSHALLING;
    zobo_err err = zs_node_find(job->txn, path.p, (size_t)path.n, &node, NULL);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_OK : err;
    node.aversion = version;
    err = put_acl(job, &acl, &node.acl);
    return err ? err : zs_node_put(job->txn, path.p, (size_t)path.n, &node, NULL);
}

static zobo_err
apply_create_session(zs_import *job, const zs_logged *head, zb_reader *r)
{
    zs_session_record session;
    zs_apache_session(head->session, zb_get_i32(r), &session);
    return r->bad || head->session == 0 ? ZOBO_EMARSHALLING : zs_session_put(job->txn, &session);
}

/* Newer servers write which nodes that takes away: in a snapshot that was written meanwhile they may be gone. */
static zobo_err
apply_close_session(zs_import *job, const zs_logged *head, zb_reader *r)
{
    int32_t n = zb_reader_left(r) >= 4 ? zb_get_count(r, 4) : 0;
    zobo_err err = ZOBO_OK;
    while (n-- > 0 && !err) {
        zb_buf path = zb_get_str(r);
        err = r->bad ? ZOBO_EMARSHALLING : delete_node(job, head, path);
    }
    if (!err)
        err = zs_delete_ephemerals(job, head->session, head->zxid);
    if (!err)
        err = zs_session_delete(job->txn, head->session);
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}

/* A multi that failed is logged as one too: then its parts are errors, and none is carried out. */
static zobo_err
apply_multi(zs_import *job, const zs_logged *head, zb_reader *r, int depth)
{
    if (depth >= MAX_MULTI_DEPTH)
        return ZOBO_EMARSHALLING;
    int32_t n = zb_get_count(r, 8);
    zb_reader look = *r;
    bool failed = false;
    for (int32_t i = 0; i < n && !look.bad; i++) {
        failed |= zb_get_i32(&look) == TXN_ERROR;
        (void)zb_get_buf(&look);
    }
    if (look.bad || r->bad)
        return ZOBO_EMARSHALLING;
    for (int32_t i = 0; i < n && !failed; i++) {
        zs_logged part = *head;
        part.type = zb_get_i32(r);
        zb_buf body = zb_get_buf(r);
        zb_reader record = zb_reader_of(body.p, body.n > 0 ? (size_t)body.n : 0);
        zobo_err err = apply(job, &part, &record, depth + 1);
        if (err)
            return err;
    }
    return ZOBO_OK;
}

static zobo_err
apply(zs_import *job, const zs_logged *head, zb_reader *r, int depth)
{
    zb_buf path;
    switch (head->type) {
    case ZB_OP_CREATE:
    case ZB_OP_CREATE2:
    case ZB_OP_CREATE_CONTAINER:
    case ZB_OP_CREATE_TTL:
        return apply_create(job, head, r);
    case ZB_OP_DELETE:
    case ZB_OP_DELETE_CONTAINER:
        path = zb_get_str(r);
        return r->bad ? ZOBO_EMARSHALLING : delete_node(job, head, path);
    case ZB_OP_SET_DATA:
    case ZB_OP_RECONFIG:
        return apply_set_data(job, head, r);
    case ZB_OP_SET_ACL:
        return apply_set_acl(job, r);
    case ZB_OP_CREATE_SESSION:
        return apply_create_session(job, head, r);
    case ZB_OP_CLOSE_SESSION:
        return apply_close_session(job, head, r);
    case ZB_OP_MULTI:
        return apply_multi(job, head, r, depth);
    case ZB_OP_CHECK:
    case TXN_ERROR:
        return ZOBO_OK;
    default:
        return ZOBO_EMARSHALLING;
    }
}

zobo_err
zs_apply(zs_import *job, const zs_logged *head, zb_reader *record)
{
    return apply(job, head, record, 0);
}
