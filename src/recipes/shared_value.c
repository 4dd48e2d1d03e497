/* SPDX-License-Identifier: Apache-2.0 */
/* A shared value: the node is read with a one-shot watch, which is set anew with each read; what is known is what was
 * read, or set here, last. */
#include <zobo/counter.h>

#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/witness.h"

struct zobo_shared_value {
    zr_recipe r;
    zr_witnesses pool;
    char *path;
    void *seed;
    size_t seed_len;
    zobo_shared_value_fn *changed;
    void *changed_arg;
    bool started;
    zr_op *start; /* that began last, and has not come back */
    bool reading; /* it is being read, so that the watch will be set */
    bool asked;   /* it changed meanwhile */
    zr_watch *watch;
    /* what is known: */
    bool is_there;
    void *data;
    size_t len;
    zobo_stat stat;
};

/* A look at the node: of the user's start, or of its own. */
typedef struct reading {
    zr_op op;
    zr_watch *watch; /* being set */
    bool is_start;
    bool missing; /* whether the node was when looked at last */
} reading;

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

typedef struct news {
    zobo_reply reply;
    bool is_there;
    void *data;
} news;

static void
drop_news(void *arg)
{
    news *n = arg;
    zb_free(n->data);
    zb_free(n);
}

static void
tell(zr_recipe *r, void *arg)
{
    zobo_shared_value *v = (zobo_shared_value *)r;
    news *n = arg;
    v->changed(v->changed_arg, v, n->is_there ? &n->reply : NULL);
    drop_news(n);
}

static zobo_reply
as_reply(const zobo_shared_value *v)
{
    return (zobo_reply){.data = v->data, .data_len = v->len, .has_stat = true, .stat = v->stat};
}

/* False: no memory. */
static bool
send_news(zobo_shared_value *v)
{
    if (!v->changed || v->r.gone)
        return true;
    news *n = zb_calloc(1, sizeof *n);
    if (!n)
        return false;
    n->is_there = v->is_there;
    n->reply = as_reply(v);
    n->reply.data = n->data = copy_bytes(v->data, v->len);
    if ((v->data && !n->data) || zr_tell(&v->r, tell, drop_news, n)) {
        drop_news(n);
        return false;
    }
    return true;
}

/* Takes note of what was read or set. Answers come in order, but a set's may be overtaken by the news of a later one. */
static bool
learn(zobo_shared_value *v, bool is_there, const void *data, size_t len, const zobo_stat *stat)
{
    if (!is_there && !v->is_there && v->started)
        return true;
    if (is_there && v->is_there && v->started && stat->mzxid <= v->stat.mzxid)
        return true;
    void *copy = is_there ? copy_bytes(data, len) : NULL;
    if (is_there && data && !copy)
        return false;
    zobo_shared_value old = *v;
    v->is_there = is_there;
    v->data = copy;
    v->len = is_there ? len : 0;
    v->stat = is_there ? *stat : (zobo_stat){0};
    if (!send_news(v)) {
        v->is_there = old.is_there;
        v->data = old.data;
        v->len = old.len;
        v->stat = old.stat;
        zb_free(copy);
        return false;
    }
    zb_free(old.data);
    return true;
}

/* ---- reading ---- */

static void look(zr_op *op);
static void read_again(zobo_shared_value *v);

static void
on_event(void *owner, const zobo_event *event)
{
    zobo_shared_value *v = owner;
    (void)event;
    v->watch = NULL; /* one-shot: this was its last */
    read_again(v);
}

static void
reading_over(zr_op *op)
{
    zobo_shared_value *v = value_of(op);
    bool begun = op->begun;
    if (v->start == op)
        v->start = NULL;
    zb_free(op);
    if (!begun)
        return;
    v->reading = false;
    if (v->asked && v->started && !v->r.gone)
        read_again(v);
}

static void
read_again(zobo_shared_value *v)
{
    if (v->reading || v->r.gone) {
        v->asked = true;
        return;
    }
    v->asked = false;
    if (!zobo_connected(v->r.client) && zobo_get_state(v->r.client) == ZOBO_LOST) {
        v->asked = true; /* on_state begins it */
        return;
    }
    reading *rd = zb_calloc(1, sizeof *rd);
    if (!rd) {
        v->asked = true;
        return;
    }
    v->reading = true;
    rd->op.begin = look;
    rd->op.destroy = reading_over;
    zr_op_begin_quiet(&v->r, &rd->op);
}

static void
on_state(zr_recipe *r, zobo_state state)
{
    zobo_shared_value *v = (zobo_shared_value *)r;
    if (v->started && (state == ZOBO_CONNECTED || state == ZOBO_CONNECTED_RO) && (v->asked || !v->watch))
        read_again(v);
}

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
    zobo_shared_value *v = value_of(op);
    zobo_create_options options = {.makepath = true};
    zobo_how how = zr_op_how(op, made);
    zr_sent(op, zobo_create_async(v->r.client, v->path, v->seed, v->seed_len, &options, &how, NULL), made);
}

/* What a read has told; the watch stands, or not. */
static void
seen(zr_op *op, zobo_err err, const zobo_reply *reply)
{
    zobo_shared_value *v = value_of(op);
    reading *rd = (reading *)op;
    bool there = !err;
    if (rd->is_start && !there) {
        make(op);
        return;
    }
    if (!learn(v, there, there ? reply->data : NULL, there ? reply->data_len : 0, there ? &reply->stat : NULL)) {
        if (rd->is_start)
            zr_op_end(op, ZOBO_ENOMEM, NULL);
        else
            zr_pause(op, 100, look);
        return;
    }
    v->started = true;
    zr_op_end(op, ZOBO_OK, NULL);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    reading *rd = arg;
    zobo_shared_value *v = value_of(&rd->op);
    zr_watch *watch = rd->watch;
    bool for_exists = rd->missing;
    bool stands = !err || (for_exists && err == ZOBO_ENONODE);
    rd->watch = NULL;
    zr_watch_set(watch, v->path, ZOBO_WATCH_DATA, stands);
    zr_op *op = zr_back(arg);
    if (stands && (!op || v->r.gone || (for_exists && !err))) {
        zr_watch_drop(watch);
    } else if (stands) {
        zr_watch_drop(v->watch);
        v->watch = watch;
    }
    if (!op || zr_retry(op, err, look))
        return;
    if (err && err != ZOBO_ENONODE) {
        zr_op_end(op, err, NULL);
        return;
    }
    if (!for_exists && err && !rd->is_start) { /* it is missing: then a watch on its making is set */
        rd->missing = true;
        look(op);
    } else if (for_exists && !err) { /* it is there again */
        rd->missing = false;
        look(op);
    } else {
        seen(op, err, reply);
    }
}

static void
look(zr_op *op)
{
    zobo_shared_value *v = value_of(op);
    reading *rd = (reading *)op;
    if (v->r.gone) {
        zr_op_end(op, ZOBO_ECANCELLED, NULL);
        return;
    }
    rd->watch = zr_watch_new(&v->r, on_event, v);
    if (!rd->watch) {
        if (rd->is_start)
            zr_op_end(op, ZOBO_ENOMEM, NULL);
        else
            zr_pause(op, 100, look);
        return;
    }
    zobo_how how = zr_op_how(op, looked);
    const zobo_watcher *watcher = zr_watch_watcher(rd->watch);
    zr_sent(op,
            rd->missing ? zobo_exists_async(v->r.client, v->path, watcher, &how, NULL)
                        : zobo_get_async(v->r.client, v->path, watcher, &how, NULL),
            looked);
}

static void
begin_start(zr_op *op)
{
    zobo_shared_value *v = value_of(op);
    if (v->started || (v->start && !v->start->ended)) {
        op->destroy = NULL;
        zr_op_end(op, ZOBO_EALREADY, NULL);
        return;
    }
    v->start = op;
    v->reading = true;
    look(op);
}

/* ---- setting ---- */

static zobo_err
build_set(zr_sure *s, zobo_transaction *tx)
{
    const setting *st = (setting *)s;
    return zobo_transaction_set(tx, value_of(&s->op)->path, st->data, st->len, st->version);
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
        (void)learn(value_of(op), true, reply->data, reply->data_len, &reply->stat);
    }
    end_set(st);
}

/* It was set, but the answer was lost: what is there now is that or what came later. */
static void
reread(zr_op *op)
{
    zobo_how how = zr_op_how(op, reread_done);
    zr_sent(op, zobo_get_async(op->recipe->client, value_of(op)->path, NULL, &how, NULL), reread_done);
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
        st->stat = results->stat;
        /* Without memory the news comes by the watch, which tries again. */
        (void)learn(value_of(&s->op), true, st->data, st->len, &st->stat);
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
    zobo_reply reply = as_reply(v);
    if (!v->started)
        zr_op_end(op, ZOBO_ENOTSTARTED, NULL);
    else if (!v->is_there)
        zr_op_end(op, ZOBO_ENONODE, NULL);
    else
        zr_op_end(op, ZOBO_OK, &reply);
}

/* ---- life ---- */

static void
freed(zr_recipe *r)
{
    zobo_shared_value *v = (zobo_shared_value *)r;
    zr_watch_drop(v->watch);
    v->watch = NULL;
    zr_witnesses_freed(&v->pool);
}

static void
destroy(zr_recipe *r)
{
    zobo_shared_value *v = (zobo_shared_value *)r;
    zr_recipe_fini(r);
    zr_witnesses_fini(&v->pool);
    zb_free(v->data);
    zb_free(v->seed);
    zb_free(v->path);
    zb_free(v);
}

static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};

static zobo_err
fill(zobo_shared_value *v, zobo_client *client, const char *path, const zobo_shared_value_options *o)
{
    v->changed = o->changed;
    v->changed_arg = o->changed_arg;
    v->seed = copy_bytes(o->seed, o->seed_len);
    v->seed_len = o->seed_len;
    v->path = zr_strdup(path);
    if (!v->path || (o->seed && !v->seed))
        return ZOBO_ENOMEM;
    zobo_err err = zr_witnesses_init(&v->pool, &v->r, path, false, o->no_witness);
    return err ? err : zr_recipe_init(&v->r, &kind, client);
}

zobo_err
zobo_shared_value_new(zobo_client *client, const char *path, const zobo_shared_value_options *options,
                      zobo_shared_value **out, zobo_problem *why)
{
    zobo_shared_value_options o;
    *out = NULL;
    zobo_err err = zr_check_place(path, why);
    if (!err)
        err = zb_sized_take(&o, sizeof o, options, ZB_SIZED_FIRST(zobo_shared_value_options, no_witness),
                            ZB_SIZED_FIRST(zobo_shared_value_options, no_witness), "zobo_shared_value_options", why);
    if (err)
        return err;
    if (!o.seed && o.seed_len)
        return zb_problem(why, ZOBO_EINVAL, 0, "a seed of NULL has no length");
    zobo_shared_value *v = zb_calloc(1, sizeof *v);
    err = v ? fill(v, client, path, &o) : ZOBO_ENOMEM;
    if (err) {
        if (v) {
            zr_witnesses_fini(&v->pool);
            zb_free(v->seed);
            zb_free(v->path);
        }
        zb_free(v);
        return zb_problem(why, err, 0, "%s", zobo_err_text(err));
    }
    *out = v;
    return ZOBO_OK;
}

void
zobo_shared_value_free(zobo_shared_value *v)
{
    if (v)
        zr_recipe_free(&v->r);
}

/* ---- the verbs ---- */

zobo_err
zobo_shared_value_start_async(zobo_shared_value *v, const zobo_how *how, zobo_call **call)
{
    reading *rd = zb_calloc(1, sizeof *rd);
    if (!rd)
        return zr_op_start(&v->r, NULL, how, call);
    rd->is_start = true;
    rd->op.begin = begin_start;
    rd->op.destroy = reading_over;
    return zr_op_start(&v->r, &rd->op, how, call);
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
    return zr_op_start(&v->r, op, how, call);
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
        return zr_op_start(&v->r, NULL, how, call);
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
    return zr_op_start(&v->r, &st->s.op, how, call);
}

zobo_err
zobo_shared_value_set_async(zobo_shared_value *v, const void *data, size_t len, const zobo_how *how, zobo_call **call)
{
    return zobo_shared_value_try_set_async(v, data, len, -1, how, call);
}

zobo_err
zobo_shared_value_try_set(zobo_shared_value *v, const void *data, size_t len, int32_t version, zobo_stat *stat)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(0);
    zobo_reply *reply = NULL;
    zobo_err err = zobo_shared_value_try_set_async(v, data, len, version, &how, &call);
    err = zr_wait(err, call, &reply);
    if (stat)
        *stat = !err && reply ? reply->stat : (zobo_stat){0};
    zobo_reply_free(reply);
    return err;
}

zobo_err
zobo_shared_value_set(zobo_shared_value *v, const void *data, size_t len, zobo_stat *stat)
{
    return zobo_shared_value_try_set(v, data, len, -1, stat);
}
