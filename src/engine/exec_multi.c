/* SPDX-License-Identifier: Apache-2.0 */
/* multi and multiRead. The whole request is read before any of it is carried out: what cannot be read is refused as a
 * whole, with no result for each operation. */
#include "engine/exec_internal.h"

void
zs_multi_header(zs_bytes *out, int32_t type, bool done, int32_t err)
{
    uint8_t *at = zs_bytes_room(out, 9);
    if (!at)
        return;
    zb_store32(at, (uint32_t)type);
    at[4] = done;
    zb_store32(at + 5, (uint32_t)err);
}

static void
put_error(zs_bytes *out, int32_t err)
{
    zs_multi_header(out, -1, false, err);
    zs_add_i32(out, err);
}

static void
put_end(zs_bytes *out)
{
    zs_multi_header(out, -1, true, -1);
}

static bool
is_write(int32_t type)
{
    return zs_op_creates(type) || type == ZB_OP_DELETE || type == ZB_OP_SET_DATA || type == ZB_OP_CHECK;
}

static bool
is_read(int32_t type)
{
    return type == ZB_OP_GET_DATA || type == ZB_OP_GET_CHILDREN;
}

/* next reads the next operation. False: the end, or, with r->bad, not to be read or not one that `allowed` lets in. */
static bool
next(zb_reader *r, bool (*allowed)(int32_t type), zs_op *op)
{
    struct zb_multi_header header;
    zb_get_multi_header(r, &header);
    if (r->bad || header.done)
        return false;
    if (!allowed(header.type) || !zs_op_get(r, header.type, op)) {
        zb_reader_fail(r);
        return false;
    }
    bool ttl = op->flags == ZB_CREATE_TTL || op->flags == ZB_CREATE_TTL_SEQUENCE;
    if (ttl && op->type != ZB_OP_CREATE_TTL) { /* as ZooKeeper: this record has no place for a TTL */
        zb_reader_fail(r);
        return false;
    }
    return true;
}

/* count reads the whole request once. -1: it cannot be read. */
static int32_t
count(zb_reader r, bool (*allowed)(int32_t type))
{
    zs_op op;
    int32_t n = 0;
    while (next(&r, allowed, &op))
        n++;
    return r.bad ? -1 : n;
}

/* A container that create made is answered as one of createContainer: with its stat. */
static int32_t
answers_as(const zs_op *op)
{
    if (!zs_op_creates(op->type))
        return op->type;
    return op->type == ZB_OP_CREATE && op->flags != ZB_CREATE_CONTAINER ? ZB_OP_CREATE : ZB_OP_CREATE2;
}

/* run_all carries operations out up to the first that fails, whose number it returns. A change is made undoable only
 * when there is something behind it that could fail: the usual check and set costs nothing more. */
static int32_t
run_all(zs_change *c, zb_reader r, int32_t n, bool *undoable, zobo_err *err)
{
    zs_bytes *out = &c->w->reply;
    zs_op op;
    int32_t i = 0;
    for (; i < n && next(&r, is_write, &op); i++) {
        zs_done done = {0};
        if (!*undoable && i + 1 < n && op.type != ZB_OP_CHECK) {
            zs_undo_start(c->txn);
            c->w->quotas_changed = false;
            *undoable = true;
        }
        *err = zs_op_run(c, &op, &done);
        if (*err)
            return i;
        int32_t type = answers_as(&op);
        zs_multi_header(out, type, false, 0);
        zs_done_put(out, type, &done);
    }
    return i;
}

/* take_back undoes what was done before an operation failed. */
static zobo_err
take_back(zs_change *c)
{
    zobo_err err = zs_undo(c->txn);
    return !err && c->w->quotas_changed ? zs_quotas_load(c->w, c->txn) : err;
}

zobo_err
zs_multi(zs_change *c)
{
    zs_bytes *out = &c->w->reply;
    zb_reader r = zb_reader_of(c->request->body, c->request->n);
    bool undoable = false;
    zobo_err err = ZOBO_OK;
    int32_t n = count(r, is_write);
    if (n < 0)
        return ZOBO_EMARSHALLING;
    int32_t failed = run_all(c, r, n, &undoable, &err);
    if (zs_is_fatal(err))
        return err;
    if (err) {
        zobo_err undo_err = undoable ? take_back(c) : ZOBO_OK;
        if (undo_err)
            return zs_is_fatal(undo_err) ? undo_err : ZOBO_EDATAINCONSISTENCY;
        c->out->effects = NULL;
        c->out->last = &c->out->effects;
        zs_reuse(out);
        for (int32_t i = 0; i < n; i++)
            put_error(out, i < failed ? 0 : i == failed ? (int32_t)err : (int32_t)ZOBO_ERUNTIMEINCONSISTENCY);
    } else if (undoable) {
        zs_undo_stop(c->txn);
    }
    put_end(out);
    return ZOBO_OK;
}

zobo_err
zs_multi_read(zs_txn *txn, const zs_rules *rules, const zs_request *request, zs_bytes *out)
{
    zb_reader r = zb_reader_of(request->body, request->n);
    size_t first = out->n;
    zs_op op;
    if (count(r, is_read) < 0)
        return ZOBO_EMARSHALLING;
    while (next(&r, is_read, &op)) {
        size_t start = out->n;
        zobo_err err;
        zs_multi_header(out, op.type, false, 0);
        if (op.type == ZB_OP_GET_DATA)
            err = zs_get_data(txn, rules, request->ids, op.path, out);
        else
            err = zs_get_children(txn, rules, request->ids, op.path, false, out);
        if (zs_is_fatal(err))
            return err;
        if (err) {
            out->n = start;
            put_error(out, err);
        }
        if (out->n - first > ZS_MAX_MULTI_READ)
            return ZOBO_EBADARGUMENTS;
    }
    put_end(out);
    return ZOBO_OK;
}
