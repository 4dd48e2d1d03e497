/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and multi-reads. Operations are encoded as they are added, so that an error names the one that is wrong
 * and a transaction can be committed any number of times. */
#include "client/client.h"

struct zobo_transaction {
    zobo_client *client;
    uint8_t *body;
    size_t len, cap;
    size_t n;
};

static const struct zb_multi_header END = {-1, true, -1};

zobo_err
zobo_transaction_new(zobo_client *c, zobo_transaction **out)
{
    *out = NULL;
    zobo_transaction *tx = zb_calloc(1, sizeof *tx);
    if (!tx)
        return ZOBO_ENOMEM;
    tx->client = c;
    *out = tx;
    return ZOBO_OK;
}

void
zobo_transaction_free(zobo_transaction *tx)
{
    if (tx)
        zb_free(tx->body);
    zb_free(tx);
}

size_t
zobo_transaction_size(const zobo_transaction *tx)
{
    return tx->n;
}

static zobo_err
reserve(zobo_transaction *tx, size_t more)
{
    size_t cap = tx->cap ? tx->cap : 256;
    if (tx->cap - tx->len >= more)
        return ZOBO_OK;
    if (more > INT32_MAX || tx->len > INT32_MAX - more)
        return ZOBO_ETOOBIG;
    while (cap - tx->len < more)
        cap *= 2;
    uint8_t *body = zb_realloc(tx->body, cap);
    if (!body)
        return ZOBO_ENOMEM;
    tx->body = body;
    tx->cap = cap;
    return ZOBO_OK;
}

static void
put_op(zb_writer *w, int32_t op, void (*put)(zb_writer *, const void *), const void *record)
{
    struct zb_multi_header h = {op, false, -1};
    zb_put_multi_header(w, &h);
    put(w, record);
}

/* Adds one operation; `op` is one of the op table's, whose record has the same layout within a multi. */
static zobo_err
add(zobo_transaction *tx, int32_t op, const void *record)
{
    const zb_op *row = zb_op_find(op);
    zb_writer count = {0}, w;
    put_op(&count, op, row->put, record);
    zobo_err err = reserve(tx, count.n);
    if (err)
        return err;
    memset(&w, 0, sizeof w);
    w.p = tx->body + tx->len;
    w.end = w.p + count.n;
    put_op(&w, op, row->put, record);
    tx->len += count.n;
    tx->n++;
    return ZOBO_OK;
}

zobo_err
zobo_transaction_create(zobo_transaction *tx, const char *path, const void *data, size_t len,
                        const zobo_create_options *options)
{
    static const zobo_create_options none;
    const zobo_create_options *o = options ? options : &none;
    const zobo_acl_list *acl = o->acl ? o->acl : &tx->client->default_acl;
    int32_t op, flags;
    zb_buf buf = {NULL, -1};
    zobo_err err = o->makepath ? ZOBO_EBADOPTION : zb_create_flags(o, &op, &flags);
    if (!err)
        err = zobo_path_check(path, o->sequence, NULL);
    if (!err)
        err = zb_check_data(data, len, &buf);
    if (!err)
        err = zb_check_acl(o->acl);
    if (err)
        return err;
    zb_path p = zb_path_join(&tx->client->chroot, path);
    zb_aclvec v = {.items = acl->items, .n = (int32_t)acl->n};
    if (op == ZB_OP_CREATE_TTL) {
        struct zb_create_ttl_request r = {p, buf, v, flags, o->ttl_ms};
        return add(tx, op, &r);
    }
    struct zb_create_request r = {p, buf, v, flags};
    return add(tx, op, &r);
}

zobo_err
zobo_transaction_delete(zobo_transaction *tx, const char *path, int32_t version)
{
    zobo_err err = zobo_path_check(path, false, NULL);
    if (err)
        return err;
    struct zb_delete_request r = {zb_path_join(&tx->client->chroot, path), version};
    return add(tx, ZB_OP_DELETE, &r);
}

zobo_err
zobo_transaction_set(zobo_transaction *tx, const char *path, const void *data, size_t len, int32_t version)
{
    zb_buf buf = {NULL, -1};
    zobo_err err = zobo_path_check(path, false, NULL);
    if (!err)
        err = zb_check_data(data, len, &buf);
    if (err)
        return err;
    struct zb_set_data_request r = {zb_path_join(&tx->client->chroot, path), buf, version};
    return add(tx, ZB_OP_SET_DATA, &r);
}

zobo_err
zobo_transaction_check(zobo_transaction *tx, const char *path, int32_t version)
{
    zobo_err err = zobo_path_check(path, false, NULL);
    if (err)
        return err;
    struct zb_check_request r = {zb_path_join(&tx->client->chroot, path), version};
    return add(tx, ZB_OP_CHECK, &r);
}

/* Puts the end mark behind the operations, where the next one will overwrite it. */
static zobo_err
close_body(zobo_transaction *tx, struct zb_raw_request *out)
{
    zb_writer count = {0}, w;
    zb_put_multi_header(&count, &END);
    zobo_err err = reserve(tx, count.n);
    if (err)
        return err;
    memset(&w, 0, sizeof w);
    w.p = tx->body + tx->len;
    w.end = w.p + count.n;
    zb_put_multi_header(&w, &END);
    out->body.p = tx->body;
    out->body.n = tx->len + count.n;
    return ZOBO_OK;
}

zobo_err
zobo_transaction_commit(zobo_transaction *tx, zobo_reply **out)
{
    struct zb_raw_request r;
    if (out)
        *out = NULL;
    zobo_err err = close_body(tx, &r);
    zb_order o = {.op = ZB_OP_MULTI, .record = &r, .n_results = tx->n};
    zobo_reply *reply = NULL; /* wanted in any case: only it tells whether the transaction failed */
    if (!err)
        err = zb_run_sync(tx->client, &o, &reply, NULL, NULL);
    if (out)
        *out = reply;
    else
        zobo_reply_free(reply);
    return err;
}

zobo_err
zobo_transaction_commit_async(zobo_transaction *tx, const zobo_how *how, zobo_call **call)
{
    struct zb_raw_request r;
    if (call)
        *call = NULL;
    zobo_err err = close_body(tx, &r);
    zb_order o = {.op = ZB_OP_MULTI, .record = &r, .n_results = tx->n};
    return err ? err : zb_run_async(tx->client, &o, how, call);
}

/* ---- multi-read ---- */

static zobo_err
encode_reads(zobo_transaction *tx, const zobo_read *reads, size_t n, struct zb_raw_request *out)
{
    if (!reads || !n)
        return ZOBO_EINVAL;
    for (size_t i = 0; i < n; i++) {
        zobo_err err = zobo_path_check(reads[i].path, false, NULL);
        if (!err && reads[i].what != ZOBO_READ_DATA && reads[i].what != ZOBO_READ_CHILDREN)
            err = ZOBO_EINVAL;
        if (err)
            return err;
        struct zb_path_watch_request r = {zb_path_join(&tx->client->chroot, reads[i].path), false};
        err = add(tx, reads[i].what == ZOBO_READ_CHILDREN ? ZB_OP_GET_CHILDREN : ZB_OP_GET_DATA, &r);
        if (err)
            return err;
    }
    return close_body(tx, out);
}

zobo_err
zobo_multi_read(zobo_client *c, const zobo_read *reads, size_t n, zobo_reply **out)
{
    zobo_transaction tx = {.client = c};
    struct zb_raw_request r;
    if (out)
        *out = NULL;
    zobo_err err = encode_reads(&tx, reads, n, &r);
    zb_order o = {.op = ZB_OP_MULTI_READ, .record = &r, .n_results = n};
    if (!err)
        err = zb_run_sync(c, &o, out, NULL, NULL);
    zb_free(tx.body);
    return err;
}

zobo_err
zobo_multi_read_async(zobo_client *c, const zobo_read *reads, size_t n, const zobo_how *how, zobo_call **call)
{
    zobo_transaction tx = {.client = c};
    struct zb_raw_request r;
    if (call)
        *call = NULL;
    zobo_err err = encode_reads(&tx, reads, n, &r);
    zb_order o = {.op = ZB_OP_MULTI_READ, .record = &r, .n_results = n};
    if (!err)
        err = zb_run_async(c, &o, how, call);
    zb_free(tx.body);
    return err;
}
