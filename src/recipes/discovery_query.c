/* SPDX-License-Identifier: Apache-2.0 */
/* Asking what is registered. */
#include <string.h>

#include "recipes/checks.h"
#include "recipes/discovery.h"

typedef struct query {
    zr_op op; /* first */
    char *path;
    bool names_only;
    char **texts;
    size_t n, cap, under_way;
    zobo_err err;
} query;

static query *
query_of(zr_op *op)
{
    return ZB_CONTAINER_OF(op, query, op);
}

static void
drop_texts(query *q)
{
    while (q->n > 0)
        zb_free(q->texts[--q->n]);
}

static void
query_free(zr_op *op)
{
    query *q = query_of(op);
    drop_texts(q);
    zb_free(q->texts);
    zb_free(q->path);
    zb_free(q);
}

/* Takes `text` over; NULL: there was no memory for it. */
static void
add_text(query *q, char *text)
{
    if (text && q->n == q->cap) {
        size_t cap = q->cap ? 2 * q->cap : 16;
        char **texts = zb_realloc(q->texts, cap * sizeof *texts);
        if (texts) {
            q->texts = texts;
            q->cap = cap;
        } else {
            zb_free(text);
            text = NULL;
        }
    }
    if (text)
        q->texts[q->n++] = text;
    else if (!q->err)
        q->err = ZOBO_ENOMEM;
}

/* --- instances --- */

static void step_names(zr_op *op);

static void
query_over(zr_op *op)
{
    query *q = query_of(op);
    zobo_err err = q->err;
    zobo_reply reply = {.children = (const char *const *)q->texts, .n_children = q->n};
    q->err = ZOBO_OK;
    if (!zr_retry(op, err, step_names))
        zr_op_end(op, err, err ? NULL : &reply);
}

static void
text_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = arg;
    query *q = query_of(op);
    q->under_way--;
    if (!op->ended) {
        if (!err)
            add_text(q, zb_strndup(reply->data ? reply->data : "", reply->data_len));
        else if (err != ZOBO_ENONODE && !q->err)
            q->err = err;
    }
    op = zr_back(op);
    if (op && !q->under_way)
        query_over(op);
}

static void
read_text(query *q, const char *name)
{
    char *path = zr_path_child(q->path, name);
    zobo_how how = zr_op_how(&q->op, text_done);
    zobo_err err = path ? zobo_get_async(q->op.recipe->client, path, NULL, &how, NULL) : ZOBO_ENOMEM;
    zb_free(path);
    if (!err) {
        q->under_way++;
        q->op.refs++;
    } else if (!q->err) {
        q->err = err;
    }
}

static void
names_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, step_names))
        return;
    query *q = query_of(op);
    if (err && err != ZOBO_ENONODE) {
        zr_op_end(op, err, NULL);
        return;
    }
    for (size_t i = 0; !err && i < reply->n_children && !q->err; i++) {
        if (q->names_only)
            add_text(q, zr_strdup(reply->children[i]));
        else
            read_text(q, reply->children[i]);
    }
    if (!q->under_way)
        query_over(op);
}

static void
step_names(zr_op *op)
{
    zobo_how how = zr_op_how(op, names_done);
    drop_texts(query_of(op));
    zr_sent(op, zobo_get_children_async(op->recipe->client, query_of(op)->path, NULL, &how, NULL), names_done);
}

/* --- one instance --- */

static void step_one(zr_op *op);

static void
one_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, step_one))
        return;
    char *text = err ? NULL : zb_strndup(reply->data ? reply->data : "", reply->data_len);
    zobo_reply one = {.children = (const char *const *)&text, .n_children = 1};
    if (!err && !text)
        err = ZOBO_ENOMEM;
    zr_op_end(op, err, err ? NULL : &one);
    zb_free(text);
}

static void
step_one(zr_op *op)
{
    zobo_how how = zr_op_how(op, one_done);
    zr_sent(op, zobo_get_async(op->recipe->client, query_of(op)->path, NULL, &how, NULL), one_done);
}

/* --- the verbs --- */

/* Begins a query for `path`, which is taken over; NULL: no memory. */
static zobo_err
start_query(zobo_discovery *d, char *path, bool names_only, void (*begin)(zr_op *op), const zobo_how *how,
            zobo_call **call)
{
    query *q = path ? zb_calloc(1, sizeof *q) : NULL;
    if (q) {
        q->path = path;
        q->names_only = names_only;
        q->op.begin = begin;
        q->op.destroy = query_free;
    } else {
        zb_free(path);
    }
    return zr_op_start(&d->r, q ? &q->op : NULL, how, call);
}

zobo_err
zobo_discovery_query_names_async(zobo_discovery *d, const zobo_how *how, zobo_call **call)
{
    return start_query(d, zr_strdup(d->base), true, step_names, how, call);
}

zobo_err
zobo_discovery_query_names(zobo_discovery *d, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_discovery_query_names_async(d, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_discovery_query_instances_async(zobo_discovery *d, const char *name, const zobo_how *how, zobo_call **call)
{
    if (call)
        *call = NULL;
    zobo_err err = zr_check_service_name(d->base, name, NULL);
    return err ? err : start_query(d, zr_service_path(d->base, name), false, step_names, how, call);
}

/* Waits for texts and makes a list of them. */
static zobo_err
wait_for_list(zobo_err err, zobo_call *call, zobo_service_list **out)
{
    zobo_reply *reply;
    if (out)
        *out = NULL;
    err = zr_wait(err, call, &reply);
    if (!err && out)
        err = zobo_service_list_parse(reply->children, reply->n_children, out);
    zobo_reply_free(reply);
    return err;
}

zobo_err
zobo_discovery_query_instances(zobo_discovery *d, const char *name, uint32_t timeout_ms, zobo_service_list **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_discovery_query_instances_async(d, name, &how, &call);
    return wait_for_list(err, call, out);
}

zobo_err
zobo_discovery_query_instance_async(zobo_discovery *d, const char *name, const char *id, const zobo_how *how,
                                    zobo_call **call)
{
    if (call)
        *call = NULL;
    zobo_err err = zr_check_service_name(d->base, name, NULL);
    if (err)
        return err;
    char *dir = zr_service_path(d->base, name);
    err = dir ? zr_check_name(dir, "", id, NULL) : ZOBO_ENOMEM;
    char *path = err ? NULL : zr_path_child(dir, id);
    zb_free(dir);
    return err ? err : start_query(d, path, false, step_one, how, call);
}

zobo_err
zobo_discovery_query_instance(zobo_discovery *d, const char *name, const char *id, uint32_t timeout_ms,
                              zobo_service_list **out)
{
    zobo_call *call = NULL;
    zobo_service_list *list;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_discovery_query_instance_async(d, name, id, &how, &call);
    err = wait_for_list(err, call, &list);
    if (!err && list->n != 1)
        err = ZOBO_EBADDATA;
    if (err || !out) {
        zobo_service_list_free(list);
        list = NULL;
    }
    if (out)
        *out = list;
    return err;
}
