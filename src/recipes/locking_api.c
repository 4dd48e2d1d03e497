/* SPDX-License-Identifier: Apache-2.0 */
/* A locking queue's verbs: putting many entries, and the blocking forms. */
#include "recipes/entry.h"
#include "recipes/line.h"
#include "recipes/locking_queue.h"

enum { CHUNK = 512 * 1024, ENTRY_COST = 128 }; /* bytes of a transaction, and what an entry takes beside its data */

/* ---- put_all ---- */

typedef struct putting {
    zr_sure s;
    char *prefix;
    zobo_item *items; /* one allocation with their bytes */
    size_t n, at, end;
} putting;

static void put_on(zr_op *op);

static zobo_err
build_chunk(zr_sure *s, zobo_transaction *tx)
{
    putting *p = (putting *)s;
    size_t size = 0, path = strlen(p->prefix);
    zobo_err err = ZOBO_OK;
    for (p->end = p->at; !err && p->end < p->n; p->end++) {
        size += p->items[p->end].len + path + ENTRY_COST;
        if (size > CHUNK && p->end > p->at)
            break;
        err = zobo_transaction_create(tx, p->prefix, p->items[p->end].data, p->items[p->end].len,
                                      &(zobo_create_options){.sequence = true, .acl = s->pool->acl});
    }
    return err;
}

static void
dir_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, put_on))
        return;
    if (err)
        zr_op_end(op, err, NULL);
    else
        put_on(op);
}

static void
chunk_done(zr_sure *s, zobo_err err, size_t which, const zobo_result *results)
{
    putting *p = (putting *)s;
    (void)which, (void)results;
    if (err == ZOBO_ENONODE) {
        zobo_how how = zr_op_how(&s->op, dir_made);
        zr_sent(&s->op,
                zobo_ensure_path_async(s->op.recipe->client, queue_of(&s->op)->entries, s->pool->acl, &how, NULL),
                dir_made);
        return;
    }
    if (!err)
        p->at = p->end;
    if (!err && p->at < p->n) {
        put_on(&s->op);
        return;
    }
    zobo_reply reply = {.count = (int32_t)p->at};
    zr_op_end(&s->op, err, &reply);
}

static void
put_on(zr_op *op)
{
    zr_sure_go((zr_sure *)op, build_chunk, chunk_done);
}

static void
begin_put(zr_op *op)
{
    zobo_reply none = {.count = 0};
    if (((putting *)op)->n)
        put_on(op);
    else
        zr_op_end(op, ZOBO_OK, &none);
}

static void
destroy_put(zr_op *op)
{
    putting *p = (putting *)op;
    zr_sure_fini(&p->s);
    zb_free(p->prefix);
    zb_free(p->items);
    zb_free(p);
}

static zobo_item *
copy_items(const zobo_item *items, size_t n)
{
    size_t size = n * sizeof *items + 1;
    for (size_t i = 0; i < n; i++)
        size += items[i].len;
    zobo_item *copy = zb_malloc(size);
    if (!copy)
        return NULL;
    char *at = (char *)(copy + n);
    for (size_t i = 0; i < n; i++) {
        copy[i] = (zobo_item){items[i].data ? at : NULL, items[i].len};
        if (items[i].len)
            memcpy(at, items[i].data, items[i].len);
        at += items[i].len;
    }
    return copy;
}

zobo_err
zobo_locking_queue_put_all_async(zobo_locking_queue *q, const zobo_item *items, size_t n, int priority,
                                 const zobo_how *how, zobo_call **call)
{
    char prefix[ZR_ENTRY_PREFIX];
    if (call)
        *call = NULL;
    if (priority < 0 || priority > ZOBO_PRIORITY_MAX || (n && !items) || n > INT32_MAX)
        return ZOBO_EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (!items[i].data && items[i].len)
            return ZOBO_EINVAL;
        if (items[i].len > INT32_MAX)
            return ZOBO_ETOOBIG;
    }
    putting *p = zb_calloc(1, sizeof *p);
    if (!p)
        return ZOBO_ENOMEM;
    zr_entry_prefix(false, priority, prefix);
    p->n = n;
    p->prefix = zr_path_child(q->entries, prefix);
    p->items = copy_items(items, n);
    if (!p->prefix || !p->items) {
        zb_free(p->prefix);
        zb_free(p->items);
        zb_free(p);
        return ZOBO_ENOMEM;
    }
    zr_sure_init(&p->s, &q->pool);
    p->s.op.begin = begin_put;
    p->s.op.destroy = destroy_put;
    return zr_op_start(&q->r, &p->s.op, how, call);
}

zobo_err
zobo_locking_queue_put_all(zobo_locking_queue *q, const zobo_item *items, size_t n, int priority, uint32_t timeout_ms,
                           size_t *put)
{
    zobo_call *call = NULL;
    zobo_reply *reply = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_locking_queue_put_all_async(q, items, n, priority, &how, &call);
    err = zr_wait(err, call, &reply);
    if (put)
        *put = reply ? (size_t)reply->count : 0;
    zobo_reply_free(reply);
    return err;
}

/* ---- the others ---- */

zobo_err
zobo_locking_queue_put_async(zobo_locking_queue *q, const void *data, size_t len, int priority, const zobo_how *how,
                             zobo_call **call)
{
    if (call)
        *call = NULL;
    if (priority < 0 || priority > ZOBO_PRIORITY_MAX)
        return ZOBO_EINVAL;
    return zr_put_start(&q->r, &q->pool, q->entries, false, priority, data, len, how, call);
}

zobo_err
zobo_locking_queue_put(zobo_locking_queue *q, const void *data, size_t len, int priority, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_locking_queue_put_async(q, data, len, priority, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_locking_queue_get_async(zobo_locking_queue *q, const zobo_how *how, zobo_call **call)
{
    return zr_op_start(&q->r, zr_locking_get_new(true), how, call);
}

zobo_err
zobo_locking_queue_get(zobo_locking_queue *q, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_locking_queue_get_async(q, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_locking_queue_try_get_async(zobo_locking_queue *q, const zobo_how *how, zobo_call **call)
{
    return zr_op_start(&q->r, zr_locking_get_new(false), how, call);
}

zobo_err
zobo_locking_queue_try_get(zobo_locking_queue *q, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_locking_queue_try_get_async(q, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_locking_queue_holds_lock(zobo_locking_queue *q, uint32_t timeout_ms, bool *holds)
{
    zobo_call *call = NULL;
    int32_t count;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_locking_queue_holds_lock_async(q, &how, &call);
    err = zr_len_wait(err, call, &count);
    if (holds)
        *holds = count;
    return err;
}

zobo_err
zobo_locking_queue_consume(zobo_locking_queue *q, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_locking_queue_consume_async(q, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_locking_queue_release(zobo_locking_queue *q, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_locking_queue_release_async(q, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_locking_queue_len_async(zobo_locking_queue *q, const zobo_how *how, zobo_call **call)
{
    return zr_len(&q->r, q->entries, how, call);
}

zobo_err
zobo_locking_queue_len(zobo_locking_queue *q, uint32_t timeout_ms, int32_t *len)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_locking_queue_len_async(q, &how, &call);
    return zr_len_wait(err, call, len);
}
