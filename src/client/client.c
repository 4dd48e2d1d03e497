/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a client: made, started, stopped, closed. Its two threads begin with the first start and last until it is
 * closed; stopping ends the session only, so that a callback may stop the client it runs in. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "client/client.h"
#include "client/options.h"

/* ---- making ---- */

static zobo_err
init_sync(zobo_client *c)
{
    if (pthread_condattr_init(&c->monotonic) || pthread_condattr_setclock(&c->monotonic, CLOCK_MONOTONIC))
        return ZOBO_ESYS;
    if (pthread_mutex_init(&c->lock, NULL) || pthread_cond_init(&c->wrote, &c->monotonic) ||
        pthread_cond_init(&c->bg_cond, &c->monotonic) || pthread_cond_init(&c->cb_cond, &c->monotonic) ||
        pthread_cond_init(&c->cb_idle, &c->monotonic))
        return ZOBO_ESYS;
    return ZOBO_OK;
}

static void
init_fields(zobo_client *c, const zobo_options *o)
{
    c->log.fn = o->log;
    c->log.arg = o->log_arg;
    c->log.level = o->log_level;
    c->event_loop = o->event_loop;
    c->keepalive = o->keepalive;
    c->fail_when_full = o->fail_when_full;
    c->max_in_flight = o->max_in_flight;
    c->max_queued_bytes = o->max_queued_bytes;
    c->request_timeout_ms = o->request_timeout_ms;
    c->timeout_ms = o->timeout_ms;
    c->command_retry = *o->command_retry;
    if (o->client_id) {
        c->resume = *o->client_id;
        c->has_resume = true;
    }
    atomic_init(&c->state, ZOBO_LOST);
}

static void
init_empty(zobo_client *c)
{
    c->fd = c->pollset.fd = c->pollset.timer = c->wake_fd[0] = c->wake_fd[1] = -1;
    zb_list_init(&c->waiters);
    zb_list_init(&c->inline_pending);
    zb_list_init(&c->jobs);
    zb_list_init(&c->mail);
    zb_list_init(&c->queue);
    zb_list_init(&c->starved);
    zb_list_init(&c->listeners);
    zb_list_init(&c->spare_calls);
    zb_list_init(&c->promises);
    zb_heap_init(&c->timers);
    c->inline_states.is_inline = true;
}

static zobo_err
open_parts(zobo_client *c, const zb_settings *s, zobo_problem *why)
{
    zb_session_config config = {.options = &s->o, .log = c->log};
    if (!zb_random(&config.seed, sizeof config.seed) || !zb_random(&c->uuids, sizeof c->uuids))
        return zb_problem(why, ZOBO_ESYS, 0, "no random numbers from the system");
    c->rng.s = config.seed ^ 0x5a5a5a5a5a5a5a5aU;
    c->guard = zb_fork_guard_new();
    if (!c->guard)
        return zb_problem(why, ZOBO_ENOMEM, 0, "no page of memory from the system");
    c->wake_fd[0] = zb_wake_open();
    c->wake_fd[1] = zb_wake_open();
    if (c->wake_fd[0] < 0 || c->wake_fd[1] < 0)
        return zb_problem(why, ZOBO_ESYS, 0, "cannot open an eventfd (too many open files?)");
    zobo_err err = zb_session_new(&config, &c->session, why);
    if (!err)
        err = zb_helper_box_new(c, &c->box);
    if (!err)
        err = zb_acl_copy(s->o.default_acl, &c->default_acl);
    if (!err && !(c->chroot_text =
                      zb_strndup(zb_session_hosts(c->session)->chroot, strlen(zb_session_hosts(c->session)->chroot))))
        err = ZOBO_ENOMEM;
    if (!err) {
        c->chroot.path = c->chroot_text;
        c->chroot.len = (uint32_t)strlen(c->chroot_text);
    }
    if (!err && c->event_loop)
        err = zb_loop_open(c);
    if (err && why && !why->text[0])
        zb_problem(why, err, 0, "%s", zobo_err_text(err));
    return err;
}

static void
close_descriptors(zobo_client *c)
{
    if (c->event_loop)
        zb_loop_close(c);
    zb_close_fd(c->fd);
    zb_close_fd(c->wake_fd[0]);
    zb_close_fd(c->wake_fd[1]);
}

/* Frees what there is; nobody uses the client any more. */
static void
free_client(zobo_client *c)
{
    zb_link *l;
    close_descriptors(c);
    if (c->session) {
        zb_helper_drop_mail(c);
        zb_session_free(c->session);
    }
    while ((l = zb_list_pop_front(&c->listeners)) != NULL)
        zb_free(ZB_CONTAINER_OF(l, zb_listener, link));
    while ((l = zb_list_pop_front(&c->spare_calls)) != NULL)
        zb_free(ZB_CONTAINER_OF(l, zobo_call, item.link));
    zb_heap_free(&c->timers);
    zb_free((void *)(uintptr_t)c->default_acl.items);
    zb_free(c->chroot_text);
    zb_fork_guard_free(c->guard);
    zb_helper_box_free(c->box);
    zb_free(c);
}

static void
destroy_sync(zobo_client *c)
{
    pthread_cond_destroy(&c->wrote);
    pthread_cond_destroy(&c->bg_cond);
    pthread_cond_destroy(&c->cb_cond);
    pthread_cond_destroy(&c->cb_idle);
    pthread_condattr_destroy(&c->monotonic);
    pthread_mutex_destroy(&c->lock);
}

zobo_err
zobo_new(const zobo_options *options, zobo_client **out, zobo_problem *why)
{
    zb_settings s;
    *out = NULL;
    zb_problem_clear(why);
    zobo_err err = zb_options_import(&s, options, why);
    if (err)
        return err;
    zobo_client *c = zb_calloc(1, sizeof *c);
    if (!c)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    init_empty(c);
    init_fields(c, &s.o);
    err = init_sync(c);
    if (err) {
        zb_free(c);
        return zb_problem(why, err, 0, "cannot make a mutex");
    }
    err = open_parts(c, &s, why);
    if (err) {
        if (c->box)
            zb_helper_box_close(c->box);
        destroy_sync(c);
        free_client(c);
        return err;
    }
    *out = c;
    return ZOBO_OK;
}

/* ---- starting ---- */

static zobo_err
start_threads(zobo_client *c)
{
    if (c->event_loop)
        return ZOBO_OK;
    if (!c->cb_present) {
        if (zb_thread_start(&c->cb_thread, false, zb_callbacks, c) != 0)
            return ZOBO_ESYS;
        c->cb_present = true;
    }
    if (c->bg == ZB_BG_ABSENT) {
        if (zb_thread_start(&c->bg_thread, false, zb_background, c) != 0)
            return ZOBO_ESYS;
        c->bg = ZB_BG_RUNNING;
    }
    return ZOBO_OK;
}

static zobo_err
begin_start(zobo_client *c)
{
    if (c->closing)
        return ZOBO_ESTOPPED;
    if (c->running)
        return ZOBO_EALREADY;
    zobo_err err = start_threads(c);
    /* Here and not by the driver: who starts a client may submit to it at once. There is no link yet to be minded. */
    if (!err)
        err = zb_session_start(c->session, c->has_resume ? &c->resume : NULL, zb_now());
    if (err)
        return err;
    c->running = true;
    c->run++;
    c->ended_by = ZOBO_OK;
    c->ask = ZB_ASK_START;
    zb_kick(c);
    return ZOBO_OK;
}

zobo_err
zobo_start_async(zobo_client *c)
{
    zobo_err err = zb_check_process(c);
    if (err)
        return err;
    zb_lock(c);
    err = begin_start(c);
    zb_unlock(c);
    return err;
}

/* `arg`: the run that is meant (uint64_t). */
static bool
is_over(zobo_client *c, void *arg)
{
    return !c->running || c->run != *(const uint64_t *)arg;
}

/* Locked. */
static void
stop_run(zobo_client *c, uint64_t run, bool detach)
{
    if (!is_over(c, &run)) {
        c->ask = detach ? ZB_ASK_DETACH : ZB_ASK_STOP;
        zb_kick(c);
        (void)zb_drive(c, is_over, &run, NULL, false, ZB_NEVER);
    }
}

static bool
up_or_over(zobo_client *c, void *arg)
{
    return zobo_connected(c) || is_over(c, arg) || atomic_load_explicit(&c->interrupted, memory_order_relaxed);
}

const char *
zb_failure_text(zobo_err err, int sys, char *buf, size_t size)
{
    char text[128] = "";
    if (sys && sys != ECONNREFUSED) /* the text says as much */
        (void)strerror_r(sys, text, sizeof text);
    (void)snprintf(buf, size, "%s%s%s%s", zobo_err_text(err), text[0] ? " (" : "", text, text[0] ? ")" : "");
    return buf;
}

/* Appends "server: what came of it" for every server to `why`, `separator` before the first. True: one of them tells of
 * why->err. Locked. */
static bool
append_servers(const zobo_client *c, const char *separator, zobo_problem *why)
{
    const zb_hosts *h = zb_session_hosts(c->session);
    size_t size = sizeof why->text;
    bool told = false;
    for (size_t i = 0; i < h->n; i++) {
        const zb_host *host = &h->items[i];
        char name[ZB_HOST_TEXT], text[400], rest[48];
        size_t at = strlen(why->text);
        (void)snprintf(rest, sizeof rest, "; and %zu more", h->n - i);
        (void)zb_hosts_describe(host, name, sizeof name);
        if (host->last_err)
            (void)zb_failure_text(host->last_err, host->last_errno, text, sizeof text);
        else
            (void)snprintf(text, sizeof text, "not answered yet");
        if (at + strlen(name) + strlen(text) + 16 + sizeof rest > size) {
            (void)snprintf(why->text + at, size - at, "%s", rest);
            break;
        }
        (void)snprintf(why->text + at, size - at, "%s%s: %s", i ? "; " : separator, name, text);
        told = told || host->last_err == why->err;
    }
    return told;
}

static void
describe_failure(zobo_client *c, zobo_err err, uint32_t timeout_ms, zobo_problem *why)
{
    if (!why)
        return;
    if (c->running)
        zb_problem(why, err, 0, "no connection within %u ms", (unsigned)timeout_ms);
    else
        zb_problem(why, err, 0, "no server can be used");
    (void)append_servers(c, "; ", why);
}

/* The state and what came of each server; the reason by itself only when none of them has it. Locked. */
static void
describe_outage(const zobo_client *c, zobo_state state, zobo_problem *out)
{
    zobo_err err = c->reason ? c->reason : ZOBO_ENOCONNECTION;
    zb_problem(out, err, 0, "%s", zobo_state_name(state));
    if (append_servers(c, ": ", out))
        return;
    zb_problem(out, err, 0, "%s: %s", zobo_state_name(state), c->reason ? zobo_err_text(err) : "connecting");
    (void)append_servers(c, "; ", out);
}

void
zobo_get_problem(const zobo_client *client, zobo_problem *out)
{
    zobo_client *c = (zobo_client *)(uintptr_t)client; /* the lock is part of what a const client is read by */
    if (!out)
        return;
    zb_problem_clear(out);
    zobo_err err = zb_check_process(c);
    if (err) {
        zb_problem(out, err, 0, "%s", zobo_err_text(err));
        return;
    }
    zb_lock(c);
    zobo_state state = zobo_get_state(c);
    if (state == ZOBO_SUSPENDED || (state == ZOBO_LOST && c->running)) {
        describe_outage(c, state, out);
    } else if (state == ZOBO_LOST) {
        err = c->ended_by ? c->ended_by : ZOBO_ENOTSTARTED;
        zb_problem(out, err, 0, "LOST: %s", zobo_err_text(err));
    }
    zb_unlock(c);
}

zobo_err
zobo_start(zobo_client *c, uint32_t timeout_ms, zobo_problem *why)
{
    enum { DEFAULT_START_MS = 15000 };
    zb_problem_clear(why);
    zobo_err err = zb_may_block(c);
    uint32_t ms = timeout_ms ? timeout_ms : DEFAULT_START_MS;
    if (!err) {
        zb_lock(c);
        err = begin_start(c);
        if (!err) {
            uint64_t run = c->run;
            (void)zb_drive(c, up_or_over, &run, NULL, false, zb_now() + ZB_MS(ms));
            if (!zobo_connected(c)) {
                err = c->running || !c->ended_by ? ZOBO_ENOCONNECTION : c->ended_by;
                if (err == ZOBO_ENOCONNECTION)
                    describe_failure(c, err, ms, why);
                stop_run(c, run, true);
            }
        }
        zb_unlock(c);
    }
    if (err && why && !why->text[0])
        zb_problem(why, err, 0, "%s", zobo_err_text(err));
    return err;
}

zobo_err
zobo_wait_connected(zobo_client *c, uint32_t timeout_ms)
{
    zobo_err err = zb_may_block(c);
    if (err)
        return err;
    zb_time deadline = timeout_ms ? zb_now() + ZB_MS(timeout_ms) : ZB_NEVER;
    zb_lock(c);
    uint64_t run = c->run;
    bool ready = zb_drive(c, up_or_over, &run, NULL, false, deadline);
    if (!zobo_connected(c))
        err = is_over(c, &run) ? ZOBO_ENOTSTARTED : ready ? ZOBO_EINTERRUPTED : ZOBO_ETIMEDOUT;
    zb_unlock(c);
    return err;
}

/* ---- stopping ---- */

void
zb_stop_now(zobo_client *c, bool detach)
{
    zb_lock(c);
    stop_run(c, c->run, detach);
    zb_unlock(c);
}

zobo_err
zobo_stop(zobo_client *c)
{
    zobo_err err = zb_may_block(c);
    if (!err)
        zb_stop_now(c, false);
    return err;
}

zobo_err
zobo_detach(zobo_client *c)
{
    zobo_client_id id;
    zobo_err err = zb_may_block(c);
    if (!err)
        err = zobo_get_client_id(c, &id);
    if (!err) {
        zb_lock(c);
        err =
            c->running ? ZOBO_OK : ZOBO_ENOTSTARTED; /* detached before: the id is still there, the session not ours */
        zb_unlock(c);
    }
    if (!err)
        zb_stop_now(c, true);
    return err;
}

zobo_err
zobo_restart(zobo_client *c, zobo_problem *why)
{
    zobo_err err = zobo_stop(c);
    if (!err)
        return zobo_start(c, 0, why);
    return zb_problem(why, err, 0, "%s", zobo_err_text(err));
}

/* ---- closing ---- */

static bool
no_inline_left(zobo_client *c, void *arg)
{
    (void)arg;
    return zb_list_empty(&c->inline_pending) && c->ask == ZB_ASK_NOTHING;
}

/* Ends the background thread, after it has run what is left to run inline. */
static void
end_background(zobo_client *c)
{
    zb_lock(c);
    (void)zb_drive(c, no_inline_left, NULL, NULL, false, ZB_NEVER);
    bool join = c->bg != ZB_BG_ABSENT;
    c->quit = true;
    zb_kick(c);
    pthread_cond_signal(&c->bg_cond);
    zb_unlock(c);
    if (join)
        (void)pthread_join(c->bg_thread, NULL);
}

static void
end_callbacks(zobo_client *c, bool here)
{
    zb_lock(c);
    c->cb_quit = true;
    zb_call_cb_needed(c);
    bool join = c->cb_present && !here;
    if (!join) {
        while (zb_run_callbacks(c)) {
        }
    }
    zb_unlock(c);
    if (join)
        (void)pthread_join(c->cb_thread, NULL);
}

static bool
give_promises_up(zobo_client *c)
{
    zb_lock(c);
    bool any = zb_promises_stop(c);
    zb_unlock(c);
    return any;
}

/* What the last callbacks cancelled or asked for still has to be told, and what comes of that. Nobody else is left. */
static void
run_what_is_left(zobo_client *c)
{
    zb_link spent;
    zb_list_init(&spent);
    c->in_inline = true;
    c->inline_thread = pthread_self();
    while (give_promises_up(c) || !zb_list_empty(&c->inline_pending) || !zb_list_empty(&c->queue)) {
        zb_run_items(c, &c->inline_pending, &spent);
        zb_run_items(c, &c->queue, &spent);
    }
    c->in_inline = false;
    zb_calls_keep(c, &spent);
}

void
zb_close_now(zobo_client *c)
{
    zb_lock(c);
    bool here = c->close_asked; /* this is the callback thread */
    c->closing = true;
    zb_wake_waiters(c); /* a zobo_retry in a callback sleeps no longer */
    zb_kick(c);
    zb_unlock(c);
    zb_stop_now(c, false);
    (void)give_promises_up(c); /* made since it was stopped, or before it was started */
    zb_helper_box_close(c->box);
    end_background(c);
    end_callbacks(c, here);
    run_what_is_left(c);
    destroy_sync(c);
    free_client(c);
}

/* The threads are the parent's. A lock that is held was held by one of them when the process forked: what it was
 * changing is left half changed for ever, so it is not walked over, and stays. */
static void
close_in_child(zobo_client *c)
{
    if (pthread_mutex_trylock(&c->lock) == 0)
        free_client(c);
    else
        close_descriptors(c);
}

void
zobo_close(zobo_client *c)
{
    if (!c)
        return;
    if (zb_check_process(c)) {
        close_in_child(c);
        return;
    }
    zb_lock(c);
    bool later = zb_on_callback_thread(c) || zb_in_inline(c);
    if (later) {
        c->close_asked = c->closing = true;
        if (c->event_loop)
            zb_loop_wake(c);
        zb_call_cb_needed(c);
    }
    zb_unlock(c);
    if (!later)
        zb_close_now(c);
}
