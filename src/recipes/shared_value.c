/* SPDX-License-Identifier: Apache-2.0 */
/* A shared value: start reads the node, and makes it if it is missing; from then on a node watch follows it. What is
 * known is what was read, or set here, last. What is to be told lies in a place for one: the latest, however slow the
 * user is. */
#include <zobo/counter.h>

#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/node_watch.h"
#include "recipes/witness.h"

struct zobo_shared_value {
    zr_node_watch node; /* first */
    zr_witnesses pool;
    void *seed;
    size_t seed_len;
    zobo_acl_list acl;
    bool has_acl;
    zobo_shared_value_changed_fn *changed;
    void *changed_arg;
    bool started;
    zr_op *start;            /* under way */
    zr_news *known;          /* once started */
    _Atomic(zr_news *) news; /* to be told; whoever takes it out owns it */
    /* What was told last; callback thread. */
    zobo_err told_err;
    int64_t told_mzxid;
};

typedef struct setting {
    zr_sure s;
    void *data;
    size_t len;
    int32_t version;
    zobo_stat stat;
} setting;

static zobo_shared_value *
value_of(const zr_op *op)
{
    return (zobo_shared_value *)op->recipe;
}

static void *
copy_bytes(const void *data, size_t len)
{
    return data ? zb_strndup(data, len) : NULL; /* a NUL more, which is not counted */
}

/* ---- telling ---- */

static void
tell(zr_recipe *r, void *arg)
{
    zobo_shared_value *v = (zobo_shared_value *)r;
    zr_news *news = atomic_exchange(&v->news, NULL);
    (void)arg;
    if (!news)
        return;
    int64_t mzxid = news->reply ? news->reply->stat.mzxid : 0;
    if (news->err != v->told_err || mzxid != v->told_mzxid) {
        v->told_err = news->err;
        v->told_mzxid = mzxid;
        v->changed(v->changed_arg, v, news->reply);
    }
    zr_news_free(news);
}

/* Puts it into the place for what is to be told. False: no memory, and nothing has changed. */
static bool
send_news(zobo_shared_value *v, zobo_err err, const zobo_reply *reply)
{
    if (!v->changed || v->node.r.gone)
        return true;
    zr_news *news = zr_news_new(err, reply, NULL);
    if (!news)
        return false;
    zr_news *old = atomic_exchange(&v->news, news);
    if (!old && zr_tell(&v->node.r, tell, NULL, NULL)) {
        zr_news_free(atomic_exchange(&v->news, NULL));
        return false;
    }
    zr_news_free(old);
    return true;
}

/* Takes note of what was read or set: ZOBO_OK with a reply, or ZOBO_ENONODE. Answers come in order, but a set's may be
 * overtaken by the news of a later one. False: no memory. */
static bool
learn(zobo_shared_value *v, zobo_err err, const zobo_reply *reply)
{
    const zr_news *was = v->known;
    if (was && was->err == err && (err || reply->stat.mzxid <= was->reply->stat.mzxid))
        return true;
    zr_news *is = zr_news_new(err, reply, NULL);
    if (!is || !send_news(v, err, reply)) {
        zr_news_free(is);
        return false;
    }
    zr_news_free(v->known);
    v->known = is;
    return true;
}

static void
seen(zr_node_watch *w, zobo_err err, const zobo_reply *reply, const zr_cause *cause)
{
    (void)cause;
    if (err && err != ZOBO_ENONODE)
        return; /* may not be read: what was known stays, and it is tried again by and by */
    if (!learn((zobo_shared_value *)w, err, reply))
        zr_node_watch_again(w);
}

static void
on_state(zr_recipe *r, zobo_state state)
{
    if (((zobo_shared_value *)r)->started)
        zr_node_watch_state(r, state);
}

/* ---- starting ---- */

static void look(zr_op *op);

static void
made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, look))
        return;
    if (err && err != ZOBO_ENODEEXISTS)
        zr_op_end(op, err, NULL);
    else
        look(op);
}

static void
make(zr_op *op)
{
    const zobo_shared_value *v = value_of(op);
    zobo_create_options options = {.makepath = true, .acl = v->has_acl ? &v->acl : NULL};
    zobo_how how = zr_op_how(op, made);
    zr_sent(op, zobo_create_async(op->recipe->client, v->node.path, v->seed, v->seed_len, &options, &how, NULL), made);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, look))
        return;
    zobo_shared_value *v = value_of(op);
    if (err == ZOBO_ENONODE) {
        make(op);
        return;
    }
    if (!err && !learn(v, ZOBO_OK, reply))
        err = ZOBO_ENOMEM;
    if (!err) {
        v->started = true;
        zr_node_watch_go(&v->node);
    }
    zr_op_end(op, err, NULL);
}

static void
look(zr_op *op)
{
    zobo_how how = zr_op_how(op, looked);
    zr_sent(op, zobo_get_async(op->recipe->client, value_of(op)->node.path, NULL, &how, NULL), looked);
}

static void
start_over(zr_op *op)
{
    zobo_shared_value *v = value_of(op);
    if (op->begun && v->start == op)
        v->start = NULL;
    zb_free(op);
}

static void
begin_start(zr_op *op)
{
    zobo_shared_value *v = value_of(op);
    if (v->started || (v->start && !v->start->ended)) {
        zr_op_end(op, ZOBO_EALREADY, NULL);
        return;
    }
    v->start = op;
    look(op);
}

/* ---- setting ---- */

static zobo_err
build_set(zr_sure *s, zobo_transaction *tx)
{
    const setting *st = (setting *)s;
    return zobo_transaction_set(tx, value_of(&s->op)->node.path, st->data, st->len, st->version);
}

static void reread(zr_op *op);

static void
end_set(setting *st)
{
    zobo_reply reply = {.has_stat = true, .stat = st->stat};
    zr_op_end(&st->s.op, ZOBO_OK, &reply);
}

static void
reread_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, reread))
        return;
    setting *st = (setting *)op;
    if (!err) {
        st->stat = reply->stat;
        (void)learn(value_of(op), ZOBO_OK, reply);
    }
    end_set(st);
}

/* It was set, but the answer was lost: what is there now is that or what came later. */
static void
reread(zr_op *op)
{
    zobo_how how = zr_op_how(op, reread_done);
    zr_sent(op, zobo_get_async(op->recipe->client, value_of(op)->node.path, NULL, &how, NULL), reread_done);
}

static void
set_done(zr_sure *s, zobo_err err, size_t which, const zobo_result *results)
{
    setting *st = (setting *)s;
    (void)which;
    if (err) {
        zr_op_end(&s->op, err, NULL);
    } else if (!results || !results->has_stat) {
        s->doubt = true; /* who gives up now is not to be told that nothing was changed */
        reread(&s->op);
    } else {
        zobo_reply is = {.data = st->data, .data_len = st->len, .has_stat = true, .stat = results->stat};
        st->stat = results->stat;
        (void)learn(value_of(&s->op), ZOBO_OK, &is); /* without memory: the watch tells of it, and tries again */
        end_set(st);
    }
}

static void
begin_set(zr_op *op)
{
    if (value_of(op)->started)
        zr_sure_go((zr_sure *)op, build_set, set_done);
    else
        zr_op_end(op, ZOBO_ENOTSTARTED, NULL);
}

static void
destroy_set(zr_op *op)
{
    setting *st = (setting *)op;
    zr_sure_fini(&st->s);
    zb_free(st->data);
    zb_free(st);
}

/* ---- get ---- */

static void
begin_get(zr_op *op)
{
    const zobo_shared_value *v = value_of(op);
    if (v->started)
        zr_op_end(op, v->known->err, v->known->reply);
    else
        zr_op_end(op, ZOBO_ENOTSTARTED, NULL);
}

/* ---- life ---- */

static void
freed(zr_recipe *r)
{
    zr_node_watch_freed(r);
    zr_witnesses_freed(&((zobo_shared_value *)r)->pool);
}

static void
free_parts(zobo_shared_value *v)
{
    zr_witnesses_fini(&v->pool);
    zr_acl_free(&v->acl);
    zb_free(v->seed);
    zb_free(v);
}

static void
destroy(zr_recipe *r)
{
    zobo_shared_value *v = (zobo_shared_value *)r;
    zr_news_free(v->known);
    zr_news_free(atomic_load(&v->news));
    zr_node_watch_fini(&v->node);
    free_parts(v);
}

static zobo_err
check(zobo_client *client, const char *path, const zobo_shared_value_options *o, zobo_problem *why)
{
    zobo_err err = zr_check_client(client, why);
    if (!err)
        err = zr_check_place(path, why);
    if (!err)
        err = zr_check_acl(o->acl, why);
    return err ? err : zr_check_data(o->seed, o->seed_len, why);
}

static zobo_err
fill(zobo_shared_value *v, zobo_client *client, const char *path, const zobo_shared_value_options *o, zobo_problem *why)
{
    static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};
    v->changed = o->changed;
    v->changed_arg = o->changed_arg;
    v->seed = copy_bytes(o->seed, o->seed_len);
    v->seed_len = o->seed_len;
    v->has_acl = o->acl != NULL;
    if ((o->seed && !v->seed) || (o->acl && !zr_acl_copy(o->acl, &v->acl)))
        return zr_no_memory(why);
    if (zr_witnesses_init(&v->pool, &v->node.r, path, false, o->no_witness))
        return zr_no_memory(why);
    v->pool.acl = v->has_acl ? &v->acl : NULL;
    atomic_init(&v->news, NULL);
    return zr_node_watch_init(&v->node, &kind, client, path, false, NULL, seen, why);
}

zobo_err
zobo_shared_value_new(zobo_client *client, const char *path, const zobo_shared_value_options *options,
                      zobo_shared_value **out, zobo_problem *why)
{
    zobo_shared_value_options o;
    zb_problem_clear(why);
    *out = NULL;
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_shared_value_options, options, acl, why);
    if (!err)
        err = check(client, path, &o, why);
    if (err)
        return err;
    zobo_shared_value *v = zb_calloc(1, sizeof *v);
    if (!v)
        return zr_no_memory(why);
    err = fill(v, client, path, &o, why);
    if (err)
        free_parts(v);
    else
        *out = v;
    return err;
}

void
zobo_shared_value_free(zobo_shared_value *v)
{
    if (v)
        zr_recipe_free(&v->node.r);
}

/* ---- the verbs ---- */

zobo_err
zobo_shared_value_start_async(zobo_shared_value *v, const zobo_how *how, zobo_call **call)
{
    zr_op *op = zb_calloc(1, sizeof *op);
    if (op) {
        op->begin = begin_start;
        op->destroy = start_over;
    }
    return zr_op_start(&v->node.r, op, how, call);
}

zobo_err
zobo_shared_value_start(zobo_shared_value *v)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(0);
    zobo_err err = zobo_shared_value_start_async(v, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_shared_value_get_async(zobo_shared_value *v, const zobo_how *how, zobo_call **call)
{
    zr_op *op = zb_calloc(1, sizeof *op);
    if (op)
        op->begin = begin_get;
    return zr_op_start(&v->node.r, op, how, call);
}

zobo_err
zobo_shared_value_get(zobo_shared_value *v, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(0);
    zobo_err err = zobo_shared_value_get_async(v, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_shared_value_try_set_async(zobo_shared_value *v, const void *data, size_t len, int32_t version,
                                const zobo_how *how, zobo_call **call)
{
    if (call)
        *call = NULL;
    if (!data && len)
        return ZOBO_EINVAL;
    setting *st = zb_calloc(1, sizeof *st);
    if (!st)
        return zr_op_start(&v->node.r, NULL, how, call);
    st->data = copy_bytes(data, len);
    if (data && !st->data) {
        zb_free(st);
        return ZOBO_ENOMEM;
    }
    st->len = len;
    st->version = version;
    zr_sure_init(&st->s, &v->pool);
    st->s.fenced = version != -1;
    st->s.op.begin = begin_set;
    st->s.op.destroy = destroy_set;
    return zr_op_start(&v->node.r, &st->s.op, how, call);
}

zobo_err
zobo_shared_value_set_async(zobo_shared_value *v, const void *data, size_t len, const zobo_how *how, zobo_call **call)
{
    return zobo_shared_value_try_set_async(v, data, len, -1, how, call);
}

zobo_err
zobo_shared_value_try_set(zobo_shared_value *v, const void *data, size_t len, int32_t version, uint32_t timeout_ms,
                          zobo_stat *stat)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_reply *reply = NULL;
    zobo_err err = zobo_shared_value_try_set_async(v, data, len, version, &how, &call);
    err = zr_wait(err, call, &reply);
    if (stat)
        *stat = !err && reply ? reply->stat : (zobo_stat){0};
    zobo_reply_free(reply);
    return err;
}

zobo_err
zobo_shared_value_set(zobo_shared_value *v, const void *data, size_t len, uint32_t timeout_ms, zobo_stat *stat)
{
    return zobo_shared_value_try_set(v, data, len, -1, timeout_ms, stat);
}
