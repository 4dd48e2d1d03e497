/* SPDX-License-Identifier: Apache-2.0 */
/* Obtaining a lease: the lock, a look at lease_holder, and one transaction that replaces it if the lock is still held.
 * */
#include "recipes/lease.h"

#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"

#define LONGEST_MS UINT64_C(315569520000000) /* ten thousand years */

enum { SECOND_MS = 1000 };

/* --- who --- */

zobo_err
zr_lease_who_init(zr_lease_who *who, const zobo_lease_options *options, zobo_problem *why)
{
    zobo_lease_options o;
    char host[ZR_HOST_MAX];
    memset(who, 0, sizeof *who);
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_lease_options, options, clock_arg, why);
    if (err || (err = zr_check_acl(o.acl, why)))
        return err;
    if ((!o.identifier || !*o.identifier) && !zr_host_name(host))
        return zb_problem(why, ZOBO_ESYS, 0, "this host has no name: give an identifier");
    const char *identifier = o.identifier && *o.identifier ? o.identifier : host;
    size_t len = strlen(identifier);
    if (len > ZR_LEASE_HOLDER_MAX || !zr_is_utf8(identifier, len))
        return zb_problem(why, ZOBO_EBADOPTION, 0, "the identifier is not UTF-8, or longer than %d bytes",
                          ZR_LEASE_HOLDER_MAX);
    who->clock = o.clock;
    who->clock_arg = o.clock_arg;
    who->has_acl = o.acl != NULL;
    who->identifier = zr_strdup(identifier);
    if (!who->identifier || (o.acl && !zr_acl_copy(o.acl, &who->acl))) {
        zr_lease_who_fini(who);
        return zr_no_memory(why);
    }
    return ZOBO_OK;
}

void
zr_lease_who_fini(zr_lease_who *who)
{
    zb_free(who->identifier);
    zr_acl_free(&who->acl);
    memset(who, 0, sizeof *who);
}

int64_t
zr_lease_now(const zr_lease_who *who)
{
    return who->clock ? who->clock(who->clock_arg) : zobo_wall_ms();
}

bool
zr_lease_is_held(const zr_lease_who *who, const zr_lease_text *text)
{
    if (!text->known)
        return true;
    return strcmp(text->holder, who->identifier) != 0 && zr_lease_now(who) < text->end_ms;
}

zobo_err
zr_lease_check_duration(uint64_t ms)
{
    return ms > 0 && ms <= LONGEST_MS ? ZOBO_OK : ZOBO_EINVAL;
}

/* --- the steps --- */

/* The end as it is written: the second in which it lies. */
static int64_t
whole_seconds(int64_t ms)
{
    int64_t rest = ms % SECOND_MS;
    return ms - (rest < 0 ? rest + SECOND_MS : rest);
}

static void step_lock(zr_op *op);
static void step_look(zr_op *op);

static zr_lease_try *
try_of(zr_op *op)
{
    return ZB_CONTAINER_OF(op, zr_lease_try, op);
}

/* Lets the lock go; that goes on by itself. */
static void
unlock(zr_lease_try *t)
{
    zobo_lock *lock = t->lock;
    t->lock = NULL;
    zobo_lock_free(lock);
}

static void
over(zr_lease_try *t, zobo_err err)
{
    unlock(t);
    t->over(t, err);
}

/* As zr_retry, but the lock is not kept through it. */
static bool
retry(zr_lease_try *t, zobo_err err)
{
    zobo_class cls = zobo_err_class(err);
    if (cls == ZOBO_CLASS_RETRY || cls == ZOBO_CLASS_UNKNOWN || cls == ZOBO_CLASS_SESSION || err == ZOBO_ETHROTTLED)
        unlock(t);
    return zr_retry(&t->op, err, step_lock);
}

static void
committed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    zr_lease_try *t = try_of(op);
    if (retry(t, err))
        return;
    if (err == ZOBO_ETRANSACTION) {
        const zobo_result *r = reply && reply->n_results ? reply->results : NULL;
        zobo_err first = ZOBO_OK;
        for (size_t i = 0; r && i < reply->n_results && !first; i++)
            first = r[i].err == ZOBO_EROLLEDBACK ? ZOBO_OK : r[i].err;
        if (first == ZOBO_ENONODE || first == ZOBO_EBADVERSION || first == ZOBO_ENODEEXISTS) {
            unlock(t); /* somebody does not heed the lock, or it is lost */
            zr_pause(op, 10, step_lock);
            return;
        }
        err = first ? first : err;
    }
    over(t, err);
}

static zobo_err
fill(zr_lease_try *t, zobo_transaction *tx, int32_t version, const zr_text *text)
{
    zobo_create_options options = {.size = sizeof options, .acl = t->who->has_acl ? &t->who->acl : NULL};
    zobo_err err = zobo_transaction_check(tx, t->lock_node, -1);
    if (!err && version >= 0)
        err = zobo_transaction_delete(tx, t->path, version);
    return err ? err : zobo_transaction_create(tx, t->path, text->p, text->n, &options);
}

/* Writes the lease; version -1: there is none yet. */
static void
step_write(zr_lease_try *t, int32_t version)
{
    zobo_transaction *tx = NULL;
    zobo_how how = zr_op_how(&t->op, committed);
    int64_t now = zr_lease_now(t->who);
    zr_text text = {0};
    if (now > ZR_TIME_MAX - (int64_t)t->duration_ms) {
        over(t, ZOBO_EINVAL);
        return;
    }
    t->end_ms = whole_seconds(now + (int64_t)t->duration_ms);
    zobo_err err = zr_lease_format(t->who->identifier, t->end_ms, &text) ? ZOBO_OK : ZOBO_ENOMEM;
    if (!err)
        err = zobo_transaction_new(t->op.recipe->client, &tx);
    if (!err)
        err = fill(t, tx, version, &text);
    if (!err)
        err = zobo_transaction_commit_async(tx, &how, NULL);
    zobo_transaction_free(tx);
    zr_text_free(&text);
    zr_sent(&t->op, err, committed);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lease_text text = {0};
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    zr_lease_try *t = try_of(op);
    if (retry(t, err))
        return;
    if (err == ZOBO_ENONODE) {
        step_write(t, -1);
        return;
    }
    /* One's own is written anew, too, if it was by a transaction whose answer was lost: that may be long ago. */
    if (!err)
        err = zr_lease_parse(reply->data, reply->data_len, &text);
    if (!err && zr_lease_is_held(t->who, &text)) {
        zb_free(t->held_by);
        t->held_by = text.holder;
        over(t, ZOBO_EHELD);
        return;
    }
    zb_free(text.holder);
    if (err)
        over(t, err);
    else
        step_write(t, reply->stat.version);
}

static void
step_look(zr_op *op)
{
    zobo_how how = zr_op_how(op, looked);
    zr_sent(op, zobo_get_async(op->recipe->client, try_of(op)->path, NULL, &how, NULL), looked);
}

static void
locked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_lease_try *t = try_of(arg);
    zobo_call_free(t->acquire);
    t->acquire = NULL;
    zr_op *op = zr_back(arg);
    if (!op || retry(t, err))
        return;
    if (!err) {
        zb_free(t->lock_node);
        t->lock_node = zr_strdup(reply->path);
        if (!t->lock_node)
            err = ZOBO_ENOMEM;
    }
    if (err)
        over(t, err);
    else
        step_look(op);
}

static void
step_lock(zr_op *op)
{
    zr_lease_try *t = try_of(op);
    zobo_how how = zr_op_how(op, locked);
    zobo_lock_options options = {.size = sizeof options, .identifier = t->who->identifier};
    zobo_err err = zobo_lock_new(op->recipe->client, t->dir, &options, &t->lock, NULL);
    if (!err)
        err = zobo_lock_acquire_async(t->lock, &how, &t->acquire);
    zr_sent(op, err, locked);
}

void
zr_lease_try_at(zr_lease_try *t, const char *path)
{
    zb_free(t->dir);
    zb_free(t->path);
    t->dir = zr_strdup(path);
    t->path = zr_path_child(path, "lease_holder");
    if (t->dir && t->path)
        step_lock(&t->op);
    else
        t->over(t, ZOBO_ENOMEM);
}

/* The op may be no more when it has ended. What comes of an acquisition under way, which the lock ends, keeps it. */
void
zr_lease_give_up(zr_op *op, zobo_err why)
{
    zr_lease_try *t = try_of(op);
    zobo_lock *lock = t->lock;
    t->lock = NULL;
    zr_op_end(op, why, NULL);
    zobo_lock_free(lock);
}

void
zr_lease_try_fini(zr_lease_try *t)
{
    zb_free(t->dir);
    zb_free(t->path);
    zb_free(t->lock_node);
    zb_free(t->held_by);
}
