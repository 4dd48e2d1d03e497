/* SPDX-License-Identifier: Apache-2.0 */
/* From a verb to a call. Blocking verbs keep their call on the stack and wait in zb_drive; the twins allocate one. Both
 * go through the same few steps: check, make room, make the watch, submit. */
#include "base/sized.h"
#include "client/client.h"

zobo_err
zb_check_process(const zobo_client *c)
{
    return ZB_LIKELY(zb_fork_guard_same(c->guard)) ? ZOBO_OK : ZOBO_EFORKED;
}

zobo_err
zb_check_how(const zobo_how *how)
{
    size_t at;
    if (!how)
        return ZOBO_OK;
    if (!zb_sized_good(how, ZB_SIZED_FIRST(zobo_how, flags), sizeof *how, &at))
        return ZOBO_EINVAL;
    return how->flags & ~(unsigned)ZOBO_INLINE ? ZOBO_EINVAL : ZOBO_OK;
}

/* ---- room in the queue ---- */

static bool
has_room(zobo_client *c, void *arg)
{
    (void)arg;
    if (!c->running)
        return true; /* submitting will say what is wrong */
    if (zb_session_in_flight(c->session) >= c->max_in_flight ||
        zb_session_queued_bytes(c->session) >= c->max_queued_bytes)
        return false;
    return c->undelivered < c->max_in_flight || zb_on_callback_thread(c);
}

static zobo_err
make_room(zobo_client *c)
{
    if (ZB_LIKELY(has_room(c, NULL)))
        return ZOBO_OK;
    if (c->fail_when_full || c->event_loop || zb_in_inline(c))
        return ZOBO_EQUEUEFULL;
    (void)zb_drive(c, has_room, NULL, NULL, true, ZB_NEVER);
    return ZOBO_OK;
}

/* ---- submitting ---- */

static zobo_err
submit_locked(zobo_client *c, zobo_call *call, const zb_order *o)
{
    zb_req *req = &call->req;
    if (!c->running)
        return ZOBO_ENOTSTARTED;
    req->op = zb_op_find(o->op);
    req->no_chroot = o->no_chroot;
    req->is_auth = o->is_auth;
    req->n_results = o->n_results;
    if (o->watcher) {
        req->watch = zb_watch_new(zb_session_watches(c->session), o->watch_path, o->table, o->watcher);
        if (!req->watch)
            return ZOBO_ENOMEM;
    }
    zobo_err err = zb_session_submit(c->session, req, o->record, zb_now());
    if (err) {
        if (req->watch)
            zb_watch_unref(zb_session_watches(c->session), req->watch);
        req->watch = NULL;
        return err;
    }
    atomic_store_explicit(&c->n_requests, atomic_load_explicit(&c->n_requests, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_store_explicit(&c->in_flight, zb_session_in_flight(c->session), memory_order_relaxed);
    return ZOBO_OK;
}

static bool
call_is_done(zobo_client *c, void *arg)
{
    (void)c;
    return atomic_load_explicit(&((zobo_call *)arg)->done, memory_order_relaxed);
}

zobo_err
zb_run_sync(zobo_client *c, const zb_order *o, zobo_reply **out, zobo_stat *stat, int32_t *count)
{
    zobo_err err = zb_check_process(c);
    if (out)
        *out = NULL;
    if (err)
        return err;
    zobo_call call;
    memset(&call, 0, sizeof call);
    call.on_stack = true;
    call.client = c;
    call.req.want_reply = out != NULL;
    call.req.timeout = ZB_MS(c->request_timeout_ms);
    zb_lock(c);
    if (zb_in_inline(c))
        err = ZOBO_EWOULDBLOCK;
    else if (atomic_load_explicit(&c->interrupted, memory_order_relaxed))
        err = ZOBO_ECANCELLED;
    else
        err = submit_locked(c, &call, o);
    if (!err) {
        (void)zb_drive(c, call_is_done, &call, &call, false, ZB_NEVER);
        err = call.req.err;
    }
    zb_unlock(c);
    if (!err && stat)
        *stat = call.req.stat;
    if (!err && count)
        *count = call.req.count;
    if (out)
        *out = call.req.reply;
    else
        zobo_reply_free(call.req.reply);
    return err;
}

/* Calls are used again: they come and go by the million, and holes left by freed ones between what stays (watches)
 * would cost memory. Not under the address sanitizer, which is to see a use after free. */
#if defined(__SANITIZE_ADDRESS__)
enum { SPARE_CALLS = 0 };
#else
enum { SPARE_CALLS = 4096 };
#endif

void
zb_calls_keep(zobo_client *c, zb_link *spent)
{
    zb_link *l;
    while (c->n_spare_calls != SPARE_CALLS && (l = zb_list_pop_front(spent)) != NULL) {
        zb_list_push_front(&c->spare_calls, l);
        c->n_spare_calls++;
    }
    while ((l = zb_list_pop_front(spent)) != NULL)
        zb_free(ZB_CONTAINER_OF(l, zobo_call, item.link));
}

/* Locked. */
static zobo_call *
new_call(zobo_client *c, const zobo_how *how, bool handle)
{
    zb_link *l = zb_list_pop_front(&c->spare_calls);
    zobo_call *call = l ? ZB_CONTAINER_OF(l, zobo_call, item.link) : zb_malloc(sizeof *call);
    if (!call)
        return NULL;
    c->n_spare_calls -= l != NULL;
    memset(call, 0, sizeof *call);
    atomic_init(&call->refs, handle ? 2 : 1);
    atomic_init(&call->done, false);
    atomic_init(&call->taken, false);
    call->client = c;
    call->item.kind = ZB_ITEM_CALL;
    zb_list_init(&call->item.link);
    zb_list_init(&call->steps);
    if (how) {
        call->fn = how->done;
        call->arg = how->arg;
        call->flags = how->flags;
    }
    call->req.want_reply = call->fn || handle;
    call->req.timeout = ZB_MS(how && how->timeout_ms ? how->timeout_ms : c->request_timeout_ms);
    return call;
}

zobo_err
zb_run_async(zobo_client *c, const zb_order *o, const zobo_how *how, zobo_call **out)
{
    if (out)
        *out = NULL;
    zobo_err err = zb_check_process(c);
    if (!err)
        err = zb_check_how(how);
    if (err)
        return err;
    zobo_call *call = NULL;
    zb_lock(c);
    err = make_room(c);
    if (!err && !(call = new_call(c, how, out != NULL)))
        err = ZOBO_ENOMEM;
    if (!err)
        err = submit_locked(c, call, o);
    if (!err)
        zb_after_submit(c);
    zb_unlock(c);
    if (err)
        zb_free(call);
    else if (out)
        *out = call;
    return err;
}

bool
zb_compound_late(const zobo_call *whole)
{
    return whole->deadline != ZB_NEVER && zb_now() >= whole->deadline;
}

/* Locked. */
static zobo_err
pause_locked(zobo_client *c, zobo_call *call, zb_time pause)
{
    zb_time left = call->req.timeout;
    if (!c->running)
        return ZOBO_ENOTSTARTED;
    return zb_session_pause(c->session, &call->req, left && left < pause ? left : pause, zb_now());
}

/* A request, or with `o` NULL a pause. Locked. */
static zobo_err
run_step_locked(zobo_call *whole, const zb_order *o, uint32_t pause_ms, bool want_reply, zb_step_fn *done, void *arg)
{
    zobo_client *c = whole->client;
    zobo_how how = {.arg = arg, .flags = ZOBO_INLINE};
    zobo_err err = ZOBO_OK;
    zobo_call *call = NULL;
    zb_time now = zb_now();
    if (atomic_load_explicit(&whole->done, memory_order_relaxed))
        err = ZOBO_ECANCELLED;
    else if (whole->deadline <= now)
        err = whole->sent ? ZOBO_EOPERATIONTIMEOUT : ZOBO_ENOCONNECTION;
    else if (!(call = new_call(c, &how, false)))
        err = ZOBO_ENOMEM;
    if (!err) {
        call->whole = whole;
        call->step = done;
        call->req.want_reply = want_reply;
        call->req.timeout = whole->deadline == ZB_NEVER ? 0 : whole->deadline - now;
        err = o ? submit_locked(c, call, o) : pause_locked(c, call, ZB_MS(pause_ms));
    }
    if (!err) {
        zb_list_push_back(&whole->steps, &call->item.link);
        zb_after_submit(c);
    } else {
        zb_free(call);
    }
    return err;
}

static zobo_err
run_step(zobo_call *whole, const zb_order *o, uint32_t pause_ms, bool want_reply, zb_step_fn *done, void *arg)
{
    zobo_client *c = whole->client;
    zb_lock(c);
    zobo_err err = run_step_locked(whole, o, pause_ms, want_reply, done, arg);
    zb_unlock(c);
    return err;
}

zobo_err
zb_run_step(zobo_call *whole, const zb_order *o, bool want_reply, zb_step_fn *done, void *arg)
{
    return run_step(whole, o, 0, want_reply, done, arg);
}

zobo_err
zb_run_step_locked(zobo_call *whole, const zb_order *o, bool want_reply, zb_step_fn *done, void *arg)
{
    return run_step_locked(whole, o, 0, want_reply, done, arg);
}

zobo_err
zb_run_pause(zobo_call *whole, uint32_t ms, zb_step_fn *done, void *arg)
{
    return run_step(whole, NULL, ms, false, done, arg);
}

/* ---- the end of a call ---- */

static void
count_result(zobo_client *c, const zobo_call *call, zb_time now)
{
    const zb_req *req = &call->req;
    if (req->err)
        atomic_store_explicit(&c->n_errors, atomic_load_explicit(&c->n_errors, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    if (!req->submitted || !req->op) /* a compound operation, a pause */
        return;
    uint64_t us = now > req->submitted ? (now - req->submitted) / 1000 : 0;
    unsigned bucket = us ? 64U - (unsigned)__builtin_clzll(us) : 0;
    if (bucket > 31)
        bucket = 31;
    atomic_store_explicit(&c->latency[bucket], atomic_load_explicit(&c->latency[bucket], memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* A step that was answered, or may have been carried out, went out; and so did something of the whole. */
static void
leave_whole(zobo_call *step)
{
    zobo_class cls = zobo_err_class(step->req.err);
    step->whole->sent |=
        cls == ZOBO_CLASS_REJECTED || cls == ZOBO_CLASS_UNKNOWN || (cls == ZOBO_CLASS_OK && step->req.op);
    zb_list_remove(&step->item.link);
}

void
zb_call_finished(zobo_client *c, zobo_call *call, zb_link *inline_list, zb_time now)
{
    if (call->whole)
        leave_whole(call);
    count_result(c, call, now);
    bool last_use = call->on_stack; /* its owner may return as soon as `done` is seen and the lock is free */
    atomic_store_explicit(&call->done, true, memory_order_release);
    if (call->waiters)
        zb_wake_call(c, call);
    if (last_use)
        return;
    if (!call->fn && !call->step)
        zb_call_unref(call);
    else if (call->flags & ZOBO_INLINE)
        zb_list_push_back(inline_list, &call->item.link);
    else
        zb_queue_item(c, &call->item);
}

static bool
last_ref(zobo_call *call)
{
    if (atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) > 1)
        return false;
    zobo_reply_free(call->req.reply);
    return true;
}

void
zb_call_unref(zobo_call *call)
{
    if (last_ref(call))
        zb_free(call);
}

void
zb_call_unref_to(zobo_call *call, zb_link *spent)
{
    if (last_ref(call))
        zb_list_push_back(spent, &call->item.link);
}

/* ---- compound operations ----
 *
 * A compound call has three references: the handle's (if any), that of whoever is to be told, and that of the steps,
 * which go on for a while when the call is cancelled. */

zobo_err
zb_compound_new(zobo_client *c, const zobo_how *how, bool handle, zobo_call **out)
{
    zobo_err err = zb_check_process(c);
    *out = NULL;
    if (!err)
        err = zb_check_how(how);
    if (err)
        return err;
    zb_lock(c);
    zobo_call *call = new_call(c, how, handle);
    zb_unlock(c);
    if (!call)
        return ZOBO_ENOMEM;
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    call->compound = true;
    call->deadline = call->req.timeout ? zb_now() + call->req.timeout : ZB_NEVER;
    *out = call;
    return ZOBO_OK;
}

void
zb_ended_outside(zobo_client *c)
{
    if (c->driving || !zb_list_empty(&c->inline_pending) || zb_session_urgent(c->session))
        zb_kick(c);
}

void
zb_end_locked(zobo_client *c, zobo_call *call, zobo_err err, zobo_reply *reply, bool wake)
{
    if (atomic_load_explicit(&call->done, memory_order_relaxed)) { /* cancelled: nobody wants to know */
        zobo_reply_free(reply);
        return;
    }
    call->req.err = err;
    call->req.reply = reply;
    zb_call_finished(c, call, &c->inline_pending, 0);
    if (wake || (c->driving && !c->stealable)) /* a thread that drives in a blocking call does not look by itself */
        zb_ended_outside(c);
}

void
zb_compound_end(zobo_call *call, zobo_err err, zobo_reply *reply)
{
    zobo_client *c = call->client;
    if (!err && !reply && call->req.want_reply) { /* an empty reply is one */
        reply = zb_calloc(1, sizeof *reply);
        if (reply)
            reply->zxid = zobo_last_zxid(c);
        else
            err = ZOBO_EREPLYLOST;
    }
    zb_lock(c);
    zb_end_locked(c, call, err, reply, true);
    zb_unlock(c);
    zb_call_unref(call);
}

void
zb_compound_discard(zobo_call *call)
{
    zb_free(call);
}

bool
zb_compound_cancelled(const zobo_call *call)
{
    return atomic_load_explicit(&call->done, memory_order_acquire);
}

/* Those that have not been sent end now, and never will be; the others are left to be answered. True: something has
 * been sent. */
static bool
cancel_steps(zobo_client *c, zobo_call *whole)
{
    for (zb_link *l = whole->steps.next, *next; l != &whole->steps; l = next) {
        zobo_call *step = ZB_CONTAINER_OF(l, zobo_call, item.link);
        next = l->next;
        if (step->req.state == ZB_REQ_SENT) {
            whole->sent = true;
        } else if (step->req.state == ZB_REQ_WAITING || step->req.state == ZB_REQ_PAUSED) {
            zb_session_forget(c->session, &step->req, ZOBO_ECANCELLED, ZOBO_ECANCELLED);
            zb_call_finished(c, step, &c->inline_pending, zb_now());
        }
    }
    return whole->sent;
}

void
zb_cancel(zobo_client *c, zobo_call *call)
{
    if (call->promise) {
        zb_promise_cancel(call);
    } else if (call->compound) {
        bool sent = cancel_steps(c, call);
        zb_end_locked(c, call, sent ? ZOBO_EABANDONED : ZOBO_ECANCELLED, NULL, true);
    } else if (call->req.state == ZB_REQ_WAITING || call->req.state == ZB_REQ_SENT) {
        zb_session_forget(c->session, &call->req, ZOBO_ECANCELLED, ZOBO_EABANDONED);
        zb_call_finished(c, call, &c->inline_pending, zb_now());
        zb_ended_outside(c);
        if (zb_session_wants_write(c->session)) /* a watch is taken back */
            zb_after_submit(c);
        if (c->room_waiters)
            zb_wake_waiters(c);
    }
}

void
zobo_call_cancel(zobo_call *call)
{
    if (!call || atomic_load_explicit(&call->done, memory_order_acquire))
        return;
    zobo_client *c = call->client;
    if (zb_check_process(c))
        return;
    zb_lock(c);
    zb_cancel(c, call);
    zb_unlock(c);
}

/* ---- waiting ---- */

zobo_err
zb_may_block(zobo_client *c)
{
    zobo_err err = zb_check_process(c);
    if (err)
        return err;
    zb_lock(c);
    if (zb_in_inline(c))
        err = ZOBO_EWOULDBLOCK;
    zb_unlock(c);
    return err;
}

zobo_err
zb_may_begin(zobo_client *c)
{
    zobo_err err = zb_may_block(c);
    return !err && atomic_load_explicit(&c->interrupted, memory_order_relaxed) ? ZOBO_ECANCELLED : err;
}

zobo_err
zobo_call_wait(zobo_call *call, uint32_t timeout_ms)
{
    if (!call)
        return ZOBO_EINVAL;
    if (atomic_load_explicit(&call->done, memory_order_acquire))
        return ZOBO_OK;
    zobo_client *c = call->client;
    zobo_err err = zb_check_process(c);
    if (err)
        return err;
    zb_time deadline = timeout_ms ? zb_now() + ZB_MS(timeout_ms) : ZB_NEVER;
    zb_lock(c);
    if (zb_in_inline(c))
        err = ZOBO_EWOULDBLOCK;
    else if (!zb_drive(c, call_is_done, call, call, false, deadline))
        err = ZOBO_ETIMEDOUT;
    zb_unlock(c);
    return err;
}

bool
zobo_call_done(const zobo_call *call)
{
    return atomic_load_explicit(&call->done, memory_order_acquire);
}

zobo_err
zobo_call_get(zobo_call *call, uint32_t timeout_ms, zobo_reply **out)
{
    if (out)
        *out = NULL;
    zobo_err err = zobo_call_wait(call, timeout_ms);
    if (err)
        return err;
    if (out && !call->fn && !atomic_exchange(&call->taken, true)) {
        *out = call->req.reply;
        call->req.reply = NULL;
    }
    return call->req.err;
}

void
zobo_call_free(zobo_call *call)
{
    if (call)
        zb_call_unref(call);
}

zobo_err
zb_sync_of(zobo_err err, zobo_call *call, zobo_reply **out)
{
    if (out)
        *out = NULL;
    if (err)
        return err;
    err = zobo_call_get(call, 0, out);
    zobo_call_free(call);
    return err;
}
