/* SPDX-License-Identifier: Apache-2.0 */
/* Writes. A single operation checks all that can refuse it and then writes, so that there is nothing to take back.
 * Every request spends a zxid, also one that cannot be read: clients count on nothing here, but ZooKeeper's logs do. */
#include "core/path.h"
#include "engine/exec_internal.h"

/* --- the writer --- */

zobo_err
zs_writer_new(zs_writer **out, const zs_rules *rules, zs_store *store)
{
    zs_writer *w = zb_calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return ZOBO_ENOMEM;
    w->rules = *rules;
    w->store = store;
    zb_map_init(&w->quotas, (uint64_t)(uintptr_t)w);
    zobo_err err = zs_writer_reload(w);
    if (err)
        zs_writer_free(w);
    else
        *out = w;
    return err;
}

void
zs_writer_free(zs_writer *w)
{
    if (!w)
        return;
    zs_quotas_free(w);
    zb_map_free(&w->quotas);
    zs_bytes_free(&w->acl);
    zs_bytes_free(&w->reply);
    zs_bytes_free(&w->name);
    zb_free(w);
}

zobo_err
zs_writer_reload(zs_writer *w)
{
    zs_txn *txn;
    zobo_err err = zs_read_begin(w->store, &txn);
    if (err)
        return err;
    err = zs_quotas_load(w, txn);
    zs_txn_end(txn);
    return err;
}

/* --- parts --- */

zobo_err
zs_effect_add(zs_change *c, int32_t type, uint32_t acl, const char *path, size_t len)
{
    zs_effect *effect = zs_arena_take(c->arena, sizeof *effect);
    if (!effect)
        return ZOBO_ENOMEM;
    *effect = (zs_effect){.type = type, .acl = acl, .len = (uint32_t)len, .path = path};
    *c->out->last = effect;
    c->out->last = &effect->next;
    return ZOBO_OK;
}

/* -1 stands for any version, so that it is none: counting steps over it. */
zobo_err
zs_next_version(int32_t *version, int32_t expected)
{
    if (expected != -1 && expected != *version)
        return ZOBO_EBADVERSION;
    *version = (int32_t)((uint32_t)*version + 1);
    if (*version == -1)
        *version = 0;
    return ZOBO_OK;
}

zobo_err
zs_remove(zs_change *c, const char *path, size_t len, const zs_node *node, zs_node *parent)
{
    size_t parent_len = zb_path_parent_len(path, len);
    int32_t bytes = node->data_len > 0 ? node->data_len : 0;
    zobo_err err = zs_node_delete(c->txn, path, len);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
    parent->n_children--;
    parent->pzxid = c->zxid;
    err = zs_node_put(c->txn, path, parent_len, parent, NULL);
    if (!err)
        err = zs_effect_add(c, ZOBO_EVENT_DELETED, node->acl, path, len);
    if (!err)
        err = zs_effect_add(c, ZOBO_EVENT_CHILD, parent->acl, path, parent_len);
    if (err)
        return err;
    zs_quota_deleted(c, path, len);
    return zs_quota_count(c, path, len, -(int64_t)bytes, -1);
}

/* --- operations --- */

static bool
is_special(const char *path, size_t len)
{
    static const char *const special[] = {"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (strlen(special[i]) == len && memcmp(path, special[i], len) == 0)
            return true;
    return false;
}

static zobo_err
delete_node(zs_change *c, const zs_op *op)
{
    const char *path = op->path.p;
    size_t len = (size_t)op->path.n;
    zs_node node, parent;
    if (!memchr(path, '/', len) || memchr(path, 0, len) || is_special(path, len))
        return ZOBO_EBADARGUMENTS;
    zobo_err err = zs_find(c->txn, path, zs_parent_len(path, len), &parent, NULL);
    if (!err)
        err = zs_permit(c->txn, &c->w->rules, c->request->ids, parent.acl, ZOBO_PERM_DELETE);
    if (!err)
        err = zs_find(c->txn, path, len, &node, NULL);
    if (err)
        return err;
    if (op->version != -1 && op->version != node.version)
        return ZOBO_EBADVERSION;
    if (node.n_children > 0)
        return ZOBO_ENOTEMPTY;
    path = zs_arena_copy(c->arena, path, len);
    return path ? zs_remove(c, path, len, &node, &parent) : ZOBO_ENOMEM;
}

static zobo_err
set_data(zs_change *c, const zs_op *op, zs_done *done)
{
    const char *path = op->path.p;
    size_t len = (size_t)op->path.n, offset;
    if (zb_path_fault(path, len, false, &offset))
        return ZOBO_EBADARGUMENTS;
    zobo_err err = zs_node_find(c->txn, path, len, &done->node, NULL);
    if (!err)
        err = zs_permit(c->txn, &c->w->rules, c->request->ids, done->node.acl, ZOBO_PERM_WRITE);
    if (err)
        return err;
    int64_t more = (int64_t)(op->data.n > 0 ? op->data.n : 0) - (done->node.data_len > 0 ? done->node.data_len : 0);
    err = zs_quota_check(c, path, len, more, 0);
    if (!err)
        err = zs_next_version(&done->node.version, op->version);
    if (err)
        return err;
    done->node.mzxid = c->zxid;
    done->node.mtime = c->request->time_ms;
    err = zs_node_put(c->txn, path, len, &done->node, &op->data);
    if (err)
        return err;
    path = zs_arena_copy(c->arena, path, len);
    err = path ? zs_effect_add(c, ZOBO_EVENT_CHANGED, done->node.acl, path, len) : ZOBO_ENOMEM;
    return err ? err : zs_quota_count(c, path, len, more, 0);
}

static zobo_err
check_version(zs_change *c, const zs_op *op)
{
    size_t offset;
    zs_node node;
    if (zb_path_fault(op->path.p, (size_t)op->path.n, false, &offset))
        return ZOBO_EBADARGUMENTS;
    zobo_err err = zs_node_find(c->txn, op->path.p, (size_t)op->path.n, &node, NULL);
    if (!err)
        err = zs_permit(c->txn, &c->w->rules, c->request->ids, node.acl, ZOBO_PERM_READ);
    return err ? err : zs_next_version(&node.version, op->version);
}

zobo_err
zs_op_run(zs_change *c, const zs_op *op, zs_done *done)
{
    switch (op->type) {
    case ZB_OP_CREATE:
    case ZB_OP_CREATE2:
    case ZB_OP_CREATE_CONTAINER:
    case ZB_OP_CREATE_TTL:
        return zs_create(c, op, done);
    case ZB_OP_DELETE:
        return delete_node(c, op);
    case ZB_OP_SET_DATA:
        return set_data(c, op, done);
    case ZB_OP_SET_ACL:
        return zs_set_acl(c, op, done);
    case ZB_OP_CHECK:
        return check_version(c, op);
    default:
        return ZOBO_EUNIMPLEMENTED;
    }
}

void
zs_done_put(zs_bytes *out, int32_t type, const zs_done *done)
{
    zobo_stat stat;
    bool creates = zs_op_creates(type);
    if (creates)
        zs_add_buf(out, (zb_buf){done->path, (int32_t)done->len});
    if ((creates && type != ZB_OP_CREATE) || type == ZB_OP_SET_DATA || type == ZB_OP_SET_ACL) {
        zs_node_stat(&done->node, &stat);
        zs_add_stat(out, &stat);
    }
}

/* --- requests --- */

static zobo_err
single(zs_change *c)
{
    zb_reader r = zb_reader_of(c->request->body, c->request->n);
    zs_op op;
    zs_done done = {0};
    if (!zs_op_get(&r, c->request->op, &op))
        return ZOBO_EMARSHALLING;
    zobo_err err = zs_op_run(c, &op, &done);
    if (!err)
        zs_done_put(&c->w->reply, op.type, &done);
    return err;
}

static zobo_err
reconfig(zs_change *c)
{
    zb_reader r = zb_reader_of(c->request->body, c->request->n);
    struct zb_reconfig_request request;
    zb_get_reconfig_request(&r, &request);
    if (r.bad)
        return ZOBO_EMARSHALLING;
    return c->w->rules.reconfig_enabled ? ZOBO_EUNIMPLEMENTED : ZOBO_ERECONFIGDISABLED;
}

/* begin spends a zxid. */
static zs_change
begin(zs_writer *w, zs_txn *txn, const zs_request *request, zs_arena *arena, zs_outcome *out)
{
    int64_t zxid = ++zs_txn_meta(txn)->last_zxid;
    *out = (zs_outcome){.zxid = zxid};
    out->last = &out->effects;
    zs_reuse(&w->reply);
    return (zs_change){w, txn, request, arena, out, zxid};
}

static zobo_err
carry_out(zs_change *c)
{
    switch (c->request->op) {
    case ZB_OP_CREATE:
    case ZB_OP_CREATE2:
    case ZB_OP_CREATE_CONTAINER:
    case ZB_OP_CREATE_TTL:
    case ZB_OP_DELETE:
    case ZB_OP_SET_DATA:
    case ZB_OP_SET_ACL:
        return single(c);
    case ZB_OP_MULTI:
        return zs_multi(c);
    case ZB_OP_RECONFIG:
        return reconfig(c);
    case ZB_OP_CLOSE_SESSION:
        return zs_close_session(c);
    default:
        return ZOBO_EUNIMPLEMENTED;
    }
}

zobo_err
zs_exec_write(zs_writer *w, zs_txn *txn, const zs_request *request, zs_arena *arena, zs_outcome *out)
{
    zs_change c = begin(w, txn, request, arena, out);
    out->err = carry_out(&c);
    if (zs_is_fatal(out->err))
        return out->err;
    if (out->err || w->reply.n == 0)
        return w->reply.failed ? ZOBO_ENOMEM : ZOBO_OK;
    out->reply = zs_arena_copy(arena, w->reply.p, w->reply.n);
    out->reply_len = w->reply.n;
    return out->reply && !w->reply.failed ? ZOBO_OK : ZOBO_ENOMEM;
}

/* --- the server's own --- */

zobo_err
zs_exec_create_session(zs_txn *txn, const zs_session_record *session, zs_outcome *out)
{
    zs_session_record known;
    *out = (zs_outcome){.zxid = zs_txn_meta(txn)->last_zxid};
    out->last = &out->effects;
    zobo_err err = zs_session_after(txn, (int64_t)((uint64_t)session->id - 1), &known);
    if (err == ZOBO_OK && known.id == session->id) {
        out->err = ZOBO_ENODEEXISTS;
        return ZOBO_OK;
    }
    if (err && err != ZOBO_ENONODE)
        return err;
    err = zs_session_put(txn, session);
    if (!err)
        out->zxid = ++zs_txn_meta(txn)->last_zxid;
    return err;
}

zobo_err
zs_exec_reap(zs_writer *w, zs_txn *txn, zb_buf path, uint64_t serial, int64_t time_ms, int64_t never_used_ms,
             zs_arena *arena, zs_outcome *out)
{
    static const zs_request nobody = {.op = ZB_OP_DELETE_CONTAINER};
    zs_node node, parent;
    const char *copy = zs_arena_copy(arena, path.p, (size_t)path.n); /* it may point into the store */
    size_t len = (size_t)path.n;
    *out = (zs_outcome){.zxid = zs_txn_meta(txn)->last_zxid, .err = ZOBO_ENONODE};
    out->last = &out->effects;
    if (!copy)
        return ZOBO_ENOMEM;
    if (!zs_exec_may_reap(txn, (zb_buf){copy, path.n}, serial, time_ms, never_used_ms))
        return ZOBO_OK;
    zobo_err err = zs_node_find(txn, copy, len, &node, NULL);
    if (!err)
        err = zs_node_find(txn, copy, zb_path_parent_len(copy, len), &parent, NULL);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
    zs_change c = begin(w, txn, &nobody, arena, out);
    return zs_remove(&c, copy, len, &node, &parent);
}
