/* SPDX-License-Identifier: Apache-2.0 */
/* A shared value: once started it reads the node, and makes it if it is missing, trying until that has come about; from
 * then on a node watch follows it. What is known is what was read, or set here, last. What is to be told lies in a place
 * for one: the latest, however slow the user is. */
#include <zobo/counter.h>

#include <string.h>

#include "base/reply.h"
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
    atomic_bool start_asked;
    bool started;            /* strand, as the next three */
    bool starting;           /* its op is under way */
    zr_op start;             /* reads, or makes, the node for the first time */
    zb_link waits;           /* value_wait.link */
    pthread_mutex_t lock;    /* of known, which is changed on the strand */
    zr_news *known;          /* NULL: nothing yet */
    _Atomic(zr_news *) news; /* to be told; whoever takes it out owns it */
    /* What was told last; callback thread. */
    zobo_err told_err;
    int64_t told_mzxid;
};

typedef struct value_wait {
    zr_op op; /* first */
    zb_link link;
} value_wait;

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
    pthread_mutex_lock(&v->lock);
    zr_news *old = v->known;
    v->known = is;
    pthread_mutex_unlock(&v->lock);
    zr_news_free(old);
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

/* ---- starting ---- */

static void look(zr_op *op);

static void
end_waits(zobo_shared_value *v, zobo_err err)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&v->waits)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(l, value_wait, link)->op, err, NULL);
}

/* The client has stopped. */
static void
start_given_up(zr_op *op, zobo_err why)
{
    end_waits(value_of(op), why);
    zr_op_end(op, why, NULL);
}

static void
start_over(zr_op *op)
{
    value_of(op)->starting = false; /* the op is part of the value */
}

static void
go(zobo_shared_value *v)
{
    if (!v->started || v->known || v->starting || v->node.r.gone)
        return;
    v->starting = true;
    v->start = (zr_op){.begin = look, .give_up = start_given_up, .destroy = start_over};
    zr_op_begin_quiet(&v->node.r, &v->start);
}

/* The server refuses it: that is told to those who wait, and tried again after a while. */
static void
refused(zr_op *op, zobo_err err)
{
    end_waits(value_of(op), err);
    zr_pause(op, zr_rest_ms(op), look);
}

static void
on_state(zr_recipe *r, zobo_state state)
{
    zobo_shared_value *v = (zobo_shared_value *)r;
    if (v->known)
        zr_node_watch_state(r, state);
    else if (state == ZOBO_CONNECTED)
        go(v);
}

static void
made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, look))
        return;
    if (err && err != ZOBO_ENODEEXISTS)
        refused(op, err);
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
    if (v->node.r.gone) {
        zr_op_end(op, ZOBO_ECANCELLED, NULL);
        return;
    }
    if (err == ZOBO_ENONODE) {
        make(op);
        return;
    }
    if (!err && !learn(v, ZOBO_OK, reply))
        err = ZOBO_ENOMEM;
    if (err) {
        refused(op, err);
        return;
    }
    zr_node_watch_go(&v->node);
    end_waits(v, ZOBO_OK);
    zr_op_end(op, ZOBO_OK, NULL);
}

static void
look(zr_op *op)
{
    zobo_how how = zr_op_how(op, looked);
    if (op->recipe->gone)
        zr_op_end(op, ZOBO_ECANCELLED, NULL);
    else
        zr_sent(op, zobo_get_async(op->recipe->client, value_of(op)->node.path, NULL, &how, NULL), looked);
}

static void
begin(zr_recipe *r, void *arg)
{
    zobo_shared_value *v = (zobo_shared_value *)r;
    (void)arg;
    v->started = true;
    go(v);
}

static void
begin_wait(zr_op *op)
{
    zobo_shared_value *v = value_of(op);
    if (!v->started || v->known) {
        zr_op_end(op, v->started ? ZOBO_OK : ZOBO_ENOTSTARTED, NULL);
        return;
    }
    zb_list_push_back(&v->waits, &((value_wait *)op)->link);
    go(v); /* if nothing is under way the client is stopped, and this finds out */
}

static void
wait_free(zr_op *op)
{
    zb_list_remove(&((value_wait *)op)->link);
    zb_free(op);
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
    if (value_of(op)->known)
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
    pthread_mutex_destroy(&v->lock);
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
    if (pthread_mutex_init(&v->lock, NULL)) {
        zb_free(v);
        return zb_problem(why, ZOBO_ESYS, 0, "the system gives no lock");
    }
    zb_list_init(&v->waits);
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
zobo_shared_value_start(zobo_shared_value *v)
{
    if (atomic_exchange(&v->start_asked, true))
        return ZOBO_EALREADY;
    zobo_err err = zr_post(&v->node.r, begin, NULL);
    if (err)
        atomic_store(&v->start_asked, false);
    return err;
}

zobo_err
zobo_shared_value_wait_async(zobo_shared_value *v, const zobo_how *how, zobo_call **call)
{
    value_wait *w = zb_calloc(1, sizeof *w);
    if (w) {
        zb_list_init(&w->link);
        w->op.begin = begin_wait;
        w->op.destroy = wait_free;
    }
    return zr_op_start(&v->node.r, w ? &w->op : NULL, how, call);
}

zobo_err
zobo_shared_value_wait(zobo_shared_value *v, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_shared_value_wait_async(v, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_shared_value_get(zobo_shared_value *v, zobo_reply **out)
{
    zobo_err err = ZOBO_ENOTSTARTED;
    *out = NULL;
    pthread_mutex_lock(&v->lock);
    if (v->known) {
        err = v->known->err;
        if (!err && !(*out = zb_reply_copy(v->known->reply)))
            err = ZOBO_ENOMEM;
    }
    pthread_mutex_unlock(&v->lock);
    return err;
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
