/* SPDX-License-Identifier: Apache-2.0 */
/* A counter: changes of one handle stand in a row, and each is a read (unless the last change's outcome is still good)
 * and a versioned set, once more for each time that another was first. See witness.h for why none is made twice. */
#include <zobo/counter.h>

#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/count.h"
#include "recipes/witness.h"

typedef struct change change;

struct zobo_counter {
    zr_recipe r;
    zr_witnesses pool;
    char *path;
    zobo_counter_options o;
    zobo_acl_list acl; /* o.acl points here, or is NULL */
    change *active;
    bool serving;
    zb_link waiting; /* change */
    bool known;      /* as of the last look: */
    int64_t value;
    int32_t version;
    zobo_counter_change last; /* under r.lock */
};

struct change {
    zr_sure s;
    zb_link wait;
    int64_t delta;
    bool down;
    zobo_counter_change is;
    unsigned defeats; /* another was first, so often in a row */
    bool recalls;     /* nothing was read for it: the last change's outcome is taken to be there yet */
};

static zobo_counter *
counter_of(const zr_op *op)
{
    return (zobo_counter *)op->recipe;
}

static void
end_with(zr_op *op, const zobo_counter_change *is)
{
    zobo_reply reply = {.data = is, .data_len = sizeof *is};
    zr_op_end(op, ZOBO_OK, &reply);
}

/* ---- value ---- */

static void read_value(zr_op *op);

static void
value_read(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, read_value))
        return;
    const zobo_counter *c = counter_of(op);
    zobo_counter_change is = {c->o.default_value, c->o.default_value};
    if (!err && !zr_count_read(reply->data, reply->data_len, c->o.curator, c->o.default_value, &is.post_value))
        err = ZOBO_EBADDATA;
    is.pre_value = is.post_value;
    if (err && err != ZOBO_ENONODE)
        zr_op_end(op, err, NULL);
    else
        end_with(op, &is);
}

static void
read_value(zr_op *op)
{
    zobo_how how = zr_op_how(op, value_read);
    zr_sent(op, zobo_get_async(op->recipe->client, counter_of(op)->path, NULL, &how, NULL), value_read);
}

/* ---- changes ---- */

static void look(zr_op *op);
static void make_change(change *ch);

/* One that fails at once has come to its end when zr_pause returns: the next one is begun here, not within it, for
 * there may be many. */
static void
next_change(zobo_counter *c)
{
    zb_link *l;
    c->active = NULL;
    if (c->serving)
        return;
    c->serving = true;
    while (!c->active && (l = zb_list_pop_front(&c->waiting)) != NULL) {
        c->active = ZB_CONTAINER_OF(l, change, wait);
        zr_pause(&c->active->s.op, 0, look);
    }
    c->serving = false;
}

static zobo_err
build_change(zr_sure *s, zobo_transaction *tx)
{
    const change *ch = (change *)s;
    const zobo_counter *c = counter_of(&s->op);
    char text[ZR_COUNT_MAX];
    /* The old witness may have gone with the counter, and another counter have come in its place. */
    if (ch->recalls && s->renewed)
        return ZOBO_EBADVERSION;
    size_t len = zr_count_write(ch->is.post_value, c->o.curator, text);
    return zobo_transaction_set(tx, c->path, text, len, c->version);
}

static void
changed(zr_sure *s, zobo_err err, size_t which, const zobo_result *results)
{
    change *ch = (change *)s;
    zobo_counter *c = counter_of(&s->op);
    (void)which;
    if (!err) {
        c->value = ch->is.post_value;
        c->version = results && results->has_stat ? results->stat.version : c->version + 1;
        pthread_mutex_lock(&c->r.lock);
        c->last = ch->is;
        pthread_mutex_unlock(&c->r.lock);
        end_with(&s->op, &ch->is);
        return;
    }
    c->known = false;
    if (err != ZOBO_EBADVERSION && err != ZOBO_ENONODE) {
        zr_op_end(&s->op, err, NULL);
        return;
    }
    /* The more often others were first, the longer it keeps out of their way. */
    ch->defeats++;
    uint32_t most = 1U << (ch->defeats < 7 ? ch->defeats : 7);
    zr_pause(&s->op, ch->defeats < 2 ? 0 : (uint32_t)zb_rng_below(&c->r.rng, most), look);
}

static void
make_change(change *ch)
{
    zobo_counter *c = counter_of(&ch->s.op);
    ch->is.pre_value = c->value;
    if (zr_count_change(c->value, ch->delta, ch->down, c->o.curator, &ch->is.post_value))
        zr_sure_go(&ch->s, build_change, changed);
    else
        zr_op_end(&ch->s.op, ZOBO_EOVERFLOW, NULL);
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

/* kazoo makes an empty node. Curator's must hold a number at any time: its SharedCount reads four bytes. */
static void
make_node(zr_op *op)
{
    const zobo_counter *c = counter_of(op);
    zobo_how how = zr_op_how(op, made);
    zobo_create_options options = {.makepath = true, .acl = c->o.acl};
    char text[ZR_COUNT_MAX];
    zobo_err err;
    if (c->o.curator) {
        size_t len = zr_count_write(c->o.default_value, true, text);
        err = zobo_create_async(c->r.client, c->path, text, len, &options, &how, NULL);
    } else {
        err = zobo_ensure_path_async(c->r.client, c->path, c->o.acl, &how, NULL);
    }
    zr_sent(op, err, made);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, look))
        return;
    zobo_counter *c = counter_of(op);
    if (err == ZOBO_ENONODE) {
        make_node(op);
    } else if (err) {
        zr_op_end(op, err, NULL);
    } else if (!zr_count_read(reply->data, reply->data_len, c->o.curator, c->o.default_value, &c->value)) {
        zr_op_end(op, ZOBO_EBADDATA, NULL);
    } else {
        c->known = true;
        c->version = reply->stat.version;
        make_change((change *)op);
    }
}

static void
ignored(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)op, (void)err, (void)reply;
}

/* Reads, unless nothing has come in between since the last change. The version alone does not tell that: a counter that
 * was deleted and made again counts its versions anew. The witness does, for it lies beneath the counter and goes with
 * it; without witnesses each change reads. A server that is behind would go on telling of what
 * is past, so after a defeat it is made to catch up first. */
static void
look(zr_op *op)
{
    zobo_counter *c = counter_of(op);
    ((change *)op)->recalls = c->known && !c->o.no_witness;
    if (((change *)op)->recalls) {
        make_change((change *)op);
        return;
    }
    if (((change *)op)->defeats) {
        zobo_how sync = zr_op_how(op, ignored);
        zobo_err err = zobo_sync_async(c->r.client, c->path, &sync, NULL);
        if (!err)
            zr_sent(op, ZOBO_OK, ignored);
    }
    zobo_how how = zr_op_how(op, looked);
    zr_sent(op, zobo_get_async(c->r.client, c->path, NULL, &how, NULL), looked);
}

static void
begin_change(zr_op *op)
{
    zobo_counter *c = counter_of(op);
    change *ch = (change *)op;
    if (c->active) {
        zb_list_push_back(&c->waiting, &ch->wait);
        return;
    }
    c->active = ch;
    look(op);
}

static void
destroy_change(zr_op *op)
{
    change *ch = (change *)op;
    zobo_counter *c = counter_of(op);
    bool active = op->begun && c->active == ch;
    zr_sure_fini(&ch->s);
    if (op->begun)
        zb_list_remove(&ch->wait);
    if (active)
        next_change(c);
    zb_free(ch);
}

/* ---- life ---- */

static void
freed(zr_recipe *r)
{
    zr_witnesses_freed(&((zobo_counter *)r)->pool);
}

static void
free_counter(zobo_counter *c)
{
    zr_witnesses_fini(&c->pool);
    zr_acl_free(&c->acl);
    zb_free(c->path);
    zb_free(c);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    free_counter((zobo_counter *)r);
}

static const zr_kind kind = {.freed = freed, .destroy = destroy};

static zobo_err
check(zobo_client *client, const char *path, const zobo_counter_options *o, zobo_problem *why)
{
    zobo_err err = zr_check_client(client, why);
    if (!err)
        err = zr_check_place(path, why);
    if (!err)
        err = zr_check_acl(o->acl, why);
    if (!err && o->curator && (o->default_value > INT32_MAX || o->default_value < INT32_MIN))
        err = zb_problem(why, ZOBO_EBADOPTION, 0, "zobo_counter_options.default_value needs more than 32 bits");
    return err;
}

static zobo_err
fill(zobo_counter *c, zobo_client *client, const char *path, const zobo_counter_options *o)
{
    c->o = *o;
    zb_list_init(&c->waiting);
    c->path = zr_strdup(path);
    if (!c->path || (o->acl && !zr_acl_copy(o->acl, &c->acl)))
        return ZOBO_ENOMEM;
    c->o.acl = o->acl ? &c->acl : NULL;
    zobo_err err = zr_witnesses_init(&c->pool, &c->r, path, false, o->no_witness);
    c->pool.acl = c->o.acl;
    return err ? err : zr_recipe_init(&c->r, &kind, client);
}

zobo_err
zobo_counter_new(zobo_client *client, const char *path, const zobo_counter_options *options, zobo_counter **out,
                 zobo_problem *why)
{
    zobo_counter_options o;
    zb_problem_clear(why);
    *out = NULL;
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_counter_options, options, acl, why);
    if (!err)
        err = check(client, path, &o, why);
    if (err)
        return err;
    zobo_counter *c = zb_calloc(1, sizeof *c);
    if (!c)
        return zr_no_memory(why);
    err = fill(c, client, path, &o);
    if (err) {
        free_counter(c);
        return zr_explain(err, why);
    }
    *out = c;
    return ZOBO_OK;
}

void
zobo_counter_free(zobo_counter *c)
{
    if (c)
        zr_recipe_free(&c->r);
}

/* ---- the verbs ---- */

zobo_err
zobo_counter_value_async(zobo_counter *c, const zobo_how *how, zobo_call **call)
{
    zr_op *op = zb_calloc(1, sizeof *op);
    if (op)
        op->begin = read_value;
    return zr_op_start(&c->r, op, how, call);
}

static zobo_err
start_change(zobo_counter *c, int64_t delta, bool down, const zobo_how *how, zobo_call **call)
{
    change *ch = zb_calloc(1, sizeof *ch);
    if (!ch)
        return zr_op_start(&c->r, NULL, how, call);
    zr_sure_init(&ch->s, &c->pool);
    zb_list_init(&ch->wait);
    ch->s.fenced = true;
    ch->s.op.begin = begin_change;
    ch->s.op.destroy = destroy_change;
    ch->delta = delta;
    ch->down = down;
    return zr_op_start(&c->r, &ch->s.op, how, call);
}

zobo_err
zobo_counter_add_async(zobo_counter *c, int64_t delta, const zobo_how *how, zobo_call **call)
{
    return start_change(c, delta, false, how, call);
}

zobo_err
zobo_counter_sub_async(zobo_counter *c, int64_t delta, const zobo_how *how, zobo_call **call)
{
    return start_change(c, delta, true, how, call);
}

static zobo_err
wait_change(zobo_err err, zobo_call *call, zobo_counter_change *out)
{
    zobo_reply *reply = NULL;
    err = zr_wait(err, call, &reply);
    if (out)
        *out = (zobo_counter_change){0};
    if (!err && out && reply)
        memcpy(out, reply->data, sizeof *out);
    zobo_reply_free(reply);
    return err;
}

zobo_err
zobo_counter_value(zobo_counter *c, uint32_t timeout_ms, int64_t *value)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_counter_change is;
    zobo_err err = zobo_counter_value_async(c, &how, &call);
    err = wait_change(err, call, &is);
    if (value)
        *value = is.post_value;
    return err;
}

zobo_err
zobo_counter_add(zobo_counter *c, int64_t delta, uint32_t timeout_ms, zobo_counter_change *is)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_counter_add_async(c, delta, &how, &call);
    return wait_change(err, call, is);
}

zobo_err
zobo_counter_sub(zobo_counter *c, int64_t delta, uint32_t timeout_ms, zobo_counter_change *is)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_counter_sub_async(c, delta, &how, &call);
    return wait_change(err, call, is);
}

void
zobo_counter_last(const zobo_counter *counter, zobo_counter_change *is)
{
    zobo_counter *c = (zobo_counter *)(uintptr_t)counter;
    pthread_mutex_lock(&c->r.lock);
    *is = c->last;
    pthread_mutex_unlock(&c->r.lock);
}
