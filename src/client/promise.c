/* SPDX-License-Identifier: Apache-2.0 */
/* Promises: calls that somebody else than the session ends. Each of a client's is in one list, so that all can be asked
 * to give up when the client stops; those with a limit are in a heap of timers, which the driver minds together with
 * the session's deadline. A sleep is a promise whose timer keeps it. */
#include <zobo/extend.h>

#include "base/reply.h"
#include "client/client.h"

/* A promise in use has a place in client->promises; `item` is queued while it is being asked to give up. */
struct zobo_promise {
    zb_item item;
    zb_link of_client;
    zb_heap_node timer;
    zobo_client *client;
    zobo_call *call;
    zobo_give_up_fn *give_up;
    void *arg;
    zobo_err why; /* not ZOBO_OK: has been asked */
    bool sleeps;
    bool queued;
    bool kept; /* while it was queued, whose end frees it */
    zobo_reply *prepared;
};

/* ---- giving up ---- */

static void
free_promise(zobo_promise *p)
{
    zb_heap_remove(&p->client->timers, &p->timer);
    zb_list_remove(&p->of_client);
    zobo_reply_free(p->prepared);
    p->prepared = NULL;
    if (p->queued)
        p->kept = true;
    else
        zb_free(p);
}

/* Ends the call. Locked. The steps' reference to the call is the caller's to drop, when the lock is free. */
static zobo_call *
keep_locked(zobo_promise *p, zobo_err err, zobo_reply *reply, bool wake)
{
    zobo_call *call = p->call;
    if (err == ZOBO_ENOTSTARTED && p->why == ZOBO_ESTOPPED)
        err = ZOBO_ESTOPPED; /* it was started when the call was made */
    call->promise = NULL;
    free_promise(p);
    zb_end_locked(call->client, call, err, reply, wake);
    return call;
}

/* False: nothing comes of it. */
static bool
ask_locked(zobo_promise *p, zobo_err why)
{
    if (p->why || (!p->sleeps && !p->give_up))
        return false;
    zb_heap_remove(&p->client->timers, &p->timer);
    if (p->sleeps) {
        zb_call_unref(keep_locked(p, why == ZOBO_EWAITTIMEOUT ? ZOBO_OK : why, NULL, true));
    } else {
        p->why = why;
        p->queued = true;
        zb_list_push_back(&p->client->inline_pending, &p->item.link);
        zb_ended_outside(p->client);
    }
    return true;
}

void
zb_promise_give_up(zobo_client *c, zb_item *item)
{
    zobo_promise *p = ZB_CONTAINER_OF(item, zobo_promise, item);
    zb_lock(c);
    p->queued = false;
    bool kept = p->kept;
    zobo_give_up_fn *fn = p->give_up;
    void *arg = p->arg;
    zobo_err why = p->why;
    if (kept)
        zb_free(p);
    zb_unlock(c);
    if (!kept)
        fn(arg, why);
}

void
zb_promise_cancel(zobo_call *call)
{
    if (call->promise)
        (void)ask_locked(call->promise, ZOBO_ECANCELLED);
}

bool
zb_promises_stop(zobo_client *c)
{
    bool any = false;
    zb_link *l = c->promises.next;
    while (l != &c->promises) {
        zobo_promise *p = ZB_CONTAINER_OF(l, zobo_promise, of_client);
        l = l->next;
        any = ask_locked(p, ZOBO_ESTOPPED) || any;
    }
    return any;
}

/* ---- timers ---- */

zb_time
zb_deadline(const zobo_client *c)
{
    const zb_heap_node *first = zb_heap_first(&c->timers);
    zb_time session = zb_session_deadline(c->session);
    return first && first->at < session ? first->at : session;
}

void
zb_timers_due(zobo_client *c, zb_time now)
{
    zb_heap_node *first;
    while ((first = zb_heap_first(&c->timers)) != NULL && first->at <= now)
        (void)ask_locked(ZB_CONTAINER_OF(first, zobo_promise, timer), ZOBO_EWAITTIMEOUT);
}

/* Locked. */
static bool
set_timer(zobo_promise *p, uint32_t ms)
{
    zobo_client *c = p->client;
    if (!zb_heap_add(&c->timers, &p->timer, zb_now() + ZB_MS(ms)))
        return false;
    if (zb_heap_first(&c->timers) == &p->timer)
        zb_kick(c);
    return true;
}

/* ---- the public functions ---- */

/* `is` tells what it is to be. It may be late as soon as it has its timer. */
static zobo_err
new_promise(zobo_client *c, const zobo_how *how, const zobo_promise *is, uint32_t ms, zobo_call **call,
            zobo_promise **out)
{
    zobo_call *made;
    zobo_err err = zb_compound_new(c, how, call != NULL, &made);
    *out = NULL;
    if (err)
        return err;
    zobo_promise *p = zb_malloc(sizeof *p);
    if (!p) {
        zb_compound_discard(made);
        return ZOBO_ENOMEM;
    }
    *p = *is;
    p->item.kind = ZB_ITEM_GIVE_UP;
    p->client = c;
    p->call = made;
    zb_lock(c);
    zb_list_push_back(&c->promises, &p->of_client);
    if (p->sleeps && !c->running)
        err = ZOBO_ENOTSTARTED;
    else if ((p->sleeps || ms) && !set_timer(p, ms))
        err = ZOBO_ENOMEM;
    if (err) {
        zb_list_remove(&p->of_client);
    } else {
        made->promise = p;
        if (call)
            *call = made;
        *out = p;
    }
    zb_unlock(c);
    if (err) {
        zb_compound_discard(made);
        zb_free(p);
    }
    return err;
}

zobo_err
zobo_promise_new(zobo_client *c, const zobo_how *how, zobo_give_up_fn *give_up, void *arg, zobo_call **call,
                 zobo_promise **out)
{
    zobo_promise is = {.give_up = give_up, .arg = arg};
    if (call)
        *call = NULL;
    return new_promise(c, how, &is, give_up && how ? how->timeout_ms : 0, call, out);
}

zobo_err
zobo_promise_prepare(zobo_promise *p, const zobo_reply *reply)
{
    if (!p->call->req.want_reply)
        return ZOBO_OK;
    zobo_reply *copy = zb_reply_copy(reply);
    if (!copy)
        return ZOBO_ENOMEM;
    zobo_reply_free(p->prepared);
    p->prepared = copy;
    return ZOBO_OK;
}

static void
keep(zobo_promise *p, zobo_err err, const zobo_reply *reply, bool wake)
{
    static const zobo_reply empty;
    if (!p)
        return;
    zobo_client *c = p->client;
    zobo_reply *copy = NULL;
    if (p->call->req.want_reply) {
        if (!reply && !err && p->prepared) {
            copy = p->prepared;
            p->prepared = NULL;
        } else if (reply || !err) {
            copy = zb_reply_copy(reply ? reply : &empty);
            if (!copy && !err)
                err = ZOBO_EREPLYLOST;
        }
        if (copy && !copy->zxid)
            copy->zxid = zobo_last_zxid(c);
        if (copy)
            copy->err = err;
    }
    zb_lock(c);
    zobo_call *call = keep_locked(p, err, copy, wake);
    zb_unlock(c);
    zb_call_unref(call);
}

void
zobo_promise_keep(zobo_promise *p, zobo_err err, const zobo_reply *reply)
{
    keep(p, err, reply, true);
}

void
zobo_promise_keep_quietly(zobo_promise *p, zobo_err err, const zobo_reply *reply)
{
    keep(p, err, reply, false);
}

zobo_err
zobo_sleep_async(zobo_client *c, uint32_t ms, const zobo_how *how, zobo_call **call)
{
    zobo_promise is = {.sleeps = true}, *p;
    if (call)
        *call = NULL;
    return new_promise(c, how, &is, ms, call, &p);
}

zobo_err
zobo_may_block(zobo_client *c)
{
    return zb_may_block(c);
}

bool
zobo_holds_callbacks(zobo_client *c)
{
    if (zb_check_process(c))
        return true;
    zb_lock(c);
    bool holds = c->event_loop || zb_on_callback_thread(c);
    zb_unlock(c);
    return holds;
}

void
zobo_uuid(zobo_client *c, char out[33])
{
    static const char digits[] = "0123456789abcdef";
    zb_lock(c);
    uint64_t words[2] = {zb_rng_next(&c->uuids), zb_rng_next(&c->uuids)};
    zb_unlock(c);
    for (int i = 0; i < 32; i++)
        out[i] = digits[(words[i / 16] >> (4 * (i % 16))) & 15];
    out[12] = '4';                               /* the version */
    out[16] = digits[8 + ((words[1] & 15) & 3)]; /* the variant */
    out[32] = 0;
}

int64_t
zobo_wall_ms(void)
{
    return zb_wall_ms();
}
