/* SPDX-License-Identifier: Apache-2.0 */
/* Putting an entry, and counting entries. */
#include <string.h>

#include "recipes/entry.h"
#include "recipes/line.h"

static zobo_err
build_put(zr_sure *s, zobo_transaction *tx)
{
    const zr_put *p = (zr_put *)s;
    return zobo_transaction_create(tx, p->prefix, p->data, p->len,
                                   &(zobo_create_options){.sequence = true, .acl = s->pool->acl});
}

static void begin_put(zr_op *op);

static void
dir_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, begin_put))
        return;
    if (err)
        zr_op_end(op, err, NULL);
    else
        begin_put(op);
}

static void
put_done(zr_sure *s, zobo_err err, size_t which, const zobo_result *results)
{
    zr_put *p = (zr_put *)s;
    (void)which;
    if (err == ZOBO_ENONODE) {
        zobo_how how = zr_op_how(&s->op, dir_made);
        zr_sent(&s->op, zobo_ensure_path_async(s->op.recipe->client, p->dir, s->pool->acl, &how, NULL), dir_made);
        return;
    }
    zobo_reply reply = {.path = results ? results->path : NULL};
    zr_op_end(&s->op, err, &reply);
}

static void
begin_put(zr_op *op)
{
    zr_sure_go((zr_sure *)op, build_put, put_done);
}

static void
destroy_put(zr_op *op)
{
    zr_put *p = (zr_put *)op;
    zr_sure_fini(&p->s);
    zb_free(p->prefix);
    zb_free(p->data);
    zb_free(p);
}

zobo_err
zr_put_start(zr_recipe *r, zr_witnesses *pool, const char *dir, bool delay, int64_t key, const void *data, size_t len,
             const zobo_how *how, zobo_call **call)
{
    char prefix[ZR_ENTRY_PREFIX];
    if (call)
        *call = NULL;
    if (!data && len)
        return ZOBO_EINVAL;
    if (len > INT32_MAX - ZR_ITEM_EXTRA)
        return ZOBO_ETOOBIG;
    zr_put *p = zb_calloc(1, sizeof *p);
    if (!p)
        return ZOBO_ENOMEM;
    zr_entry_prefix(delay, key, prefix);
    p->dir = dir;
    p->prefix = zr_path_child(dir, prefix);
    p->len = delay ? len + ZR_ITEM_EXTRA : len;
    p->data = delay || data ? zb_malloc(p->len + 1) : NULL;
    if (!p->prefix || ((delay || data) && !p->data)) {
        zb_free(p->prefix);
        zb_free(p->data);
        zb_free(p);
        return ZOBO_ENOMEM;
    }
    if (delay)
        zr_item_write(data, len, p->data);
    else if (len)
        memcpy(p->data, data, len);
    zr_sure_init(&p->s, pool);
    p->s.op.begin = begin_put;
    p->s.op.destroy = destroy_put;
    return zr_op_start(r, &p->s.op, how, call);
}

/* ---- len ---- */

typedef struct counting {
    zr_op op;
    const char *path;
} counting;

static void count(zr_op *op);

static void
counted(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, count))
        return;
    zobo_reply answer = {.count = err ? 0 : reply->stat.num_children};
    zr_op_end(op, err == ZOBO_ENONODE ? ZOBO_OK : err, &answer);
}

static void
count(zr_op *op)
{
    zobo_how how = zr_op_how(op, counted);
    zr_sent(op, zobo_exists_async(op->recipe->client, ((counting *)op)->path, NULL, &how, NULL), counted);
}

zobo_err
zr_len(zr_recipe *r, const char *path, const zobo_how *how, zobo_call **call)
{
    counting *c = zb_calloc(1, sizeof *c);
    if (!c)
        return zr_op_start(r, NULL, how, call);
    c->path = path;
    c->op.begin = count;
    return zr_op_start(r, &c->op, how, call);
}

zobo_err
zr_len_wait(zobo_err err, zobo_call *call, int32_t *len)
{
    zobo_reply *reply = NULL;
    err = zr_wait(err, call, &reply);
    if (len)
        *len = !err && reply ? reply->count : 0;
    zobo_reply_free(reply);
    return err;
}
