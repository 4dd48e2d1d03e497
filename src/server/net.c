/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "io/sys.h"
#include "server/thread.h"

enum { ACCEPT_AT_ONCE = 64, REST_MS = 200 };

/* --- a turn ------------------------------------------------------------------------------------------------------- */

void
zs_net_begin_turn(zs_net *net)
{
    if (net->in_turn)
        return;
    net->in_turn = true;
    net->now = zb_now();
    zs_engine_tick(net->engine, net->now, zb_wall_ms());
}

/* hand_over gives the commit thread what has gathered, if it has nothing to do. At the end of a turn: were it done
 * before publishing, two halves of a client's window would take turns, each with a sync of its own. */
static void
hand_over(zs_net *net)
{
    if (!zs_committer_has_room(&net->committer))
        return;
    zs_batch *batch = zs_engine_take(net->engine);
    if (batch)
        zs_committer_put(&net->committer, batch);
}

/* publish makes what was committed seen; connections that had to wait for it go on. */
static void
publish(zs_net *net)
{
    zs_batch *batch;
    bool any = false;
    while ((batch = zs_committer_fetch(&net->committer))) {
        zs_engine_publish(net->engine, batch);
        any = true;
    }
    if (!any)
        return;
    zb_link waiting;
    zb_list_init(&waiting);
    zb_list_append(&waiting, &net->paused);
    for (zb_link *at; (at = zb_list_pop_front(&waiting));)
        zs_peer_serve(ZB_CONTAINER_OF(at, zs_peer, paused));
}

/* until is the time from now to `at` as libuv's timers want it. */
static uint64_t
until(const zs_net *net, zb_time at)
{
    return at > net->now ? (at - net->now + 999999) / 1000000 : 1;
}

static void on_tick(uv_timer_t *timer);
static void shut_doors(zs_net *net);

static void
on_turn(uv_prepare_t *handle)
{
    zs_net *net = handle->data;
    zs_net_begin_turn(net);
    for (zs_conn *c; (c = zs_engine_next_ready(net->engine));)
        zs_peer_serve(zs_conn_owner(c));
    hand_over(net);
    if (net->draining && zb_list_empty(&net->peers))
        shut_doors(net);
    zb_time at = zs_engine_deadline(net->engine);
    if (at != net->tick_at) {
        net->tick_at = at;
        if (at == ZB_NEVER)
            uv_timer_stop(&net->tick);
        else
            uv_timer_start(&net->tick, on_tick, until(net, at), 0);
    }
    net->in_turn = false;
}

static void
on_tick(uv_timer_t *timer)
{
    zs_net *net = timer->data;
    net->tick_at = 0;
    zs_net_begin_turn(net);
}

static void
on_late(uv_timer_t *timer)
{
    zs_net *net = timer->data;
    zs_net_begin_turn(net);
    zb_link waiting;
    zb_list_init(&waiting);
    zb_list_append(&waiting, &net->late);
    for (zb_link *at; (at = zb_list_pop_front(&waiting));) {
        zb_list_push_back(&net->late, at);
        zs_peer_serve(ZB_CONTAINER_OF(at, zs_peer, late));
    }
}

void
zs_net_late(zs_net *net, zb_time due)
{
    uint64_t ms = until(net, due);
    if (!uv_is_active((uv_handle_t *)&net->late_timer) || uv_timer_get_due_in(&net->late_timer) > ms)
        uv_timer_start(&net->late_timer, on_late, ms, 0);
}

/* --- calls from other threads ---------------------------------------------------------------------------------------
 * */

void
zs_net_call(zs_net *net, zs_net_fn *fn, void *arg)
{
    zs_call call = {.fn = fn, .arg = arg};
    pthread_mutex_lock(&net->lock);
    *net->last_call = &call;
    net->last_call = &call.next;
    uv_async_send(&net->wake);
    while (!call.done)
        pthread_cond_wait(&net->called, &net->lock);
    pthread_mutex_unlock(&net->lock);
}

static void
run_calls(zs_net *net)
{
    pthread_mutex_lock(&net->lock);
    while (net->calls) {
        zs_call *call = net->calls;
        net->calls = call->next;
        if (!net->calls)
            net->last_call = &net->calls;
        pthread_mutex_unlock(&net->lock);
        call->fn(net, call->arg);
        pthread_mutex_lock(&net->lock);
        call->done = true;
        pthread_cond_broadcast(&net->called);
    }
    pthread_mutex_unlock(&net->lock);
}

static void
on_wake(uv_async_t *handle)
{
    zs_net *net = handle->data;
    zs_net_begin_turn(net);
    publish(net);
    run_calls(net);
}

/* Called by the commit thread. */
static void
committed(void *arg)
{
    zs_net *net = arg;
    uv_async_send(&net->wake);
}

void
zs_net_set_delay(zs_net *net, uint32_t delay_ms)
{
    net->delay = ZB_MS(delay_ms);
}

void
zs_net_drop_all(zs_net *net)
{
    while (!zb_list_empty(&net->peers))
        zs_peer_close(ZB_CONTAINER_OF(net->peers.next, zs_peer, link));
}

/* --- accepting ---------------------------------------------------------------------------------------------------- */

static void set_doors(zs_net *net, bool open);

static void
on_rest(uv_timer_t *timer)
{
    set_doors(timer->data, true);
}

static void
come_in(zs_door *door)
{
    zs_net *net = door->net;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        char ip[ZS_IP_SIZE];
        uint16_t port;
        int sys = 0;
        int fd = zs_accept(&door->listener, ip, &port, &sys);
        if (fd >= 0) {
            zs_peer_open(net, fd, ip, port);
            net->crowded = false;
            continue;
        }
        if (sys == EMFILE || sys == ENFILE || sys == ENOMEM || sys == ENOBUFS) {
            if (!net->crowded)
                ZB_LOG(&net->log, ZOBO_LOG_ERROR, "cannot accept connections at present: %s (see ulimit -n)",
                       strerror(sys));
            net->crowded = true;
            set_doors(net, false); /* else the loop would spin */
            uv_timer_start(&net->rest, on_rest, REST_MS, 0);
        }
        return;
    }
}

static void
on_door(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    zs_door *door = handle->data;
    zs_net_begin_turn(door->net);
    come_in(door);
}

static void
set_doors(zs_net *net, bool open)
{
    for (int d = 0; d < ZS_DOORS; d++) {
        if (net->doors[d].listener.fd < 0)
            continue;
        if (open)
            uv_poll_start(&net->doors[d].poll, UV_READABLE, on_door);
        else
            uv_poll_stop(&net->doors[d].poll);
    }
}

/* shut_doors ends the draining when there are no connections: who knocked before is let in first, and waited for. */
static void
shut_doors(zs_net *net)
{
    for (int d = 0; d < ZS_DOORS; d++)
        if (net->doors[d].listener.fd >= 0)
            come_in(&net->doors[d]);
    if (!zb_list_empty(&net->peers))
        return;
    uv_timer_stop(&net->rest);
    set_doors(net, false);
    for (int d = 0; d < ZS_DOORS; d++)
        zs_listen_end(&net->doors[d].listener);
    pthread_mutex_lock(&net->lock);
    net->draining = false;
    net->drained = true;
    pthread_cond_broadcast(&net->called);
    pthread_mutex_unlock(&net->lock);
}

static void
set_draining(zs_net *net, void *arg)
{
    net->draining = *(bool *)arg && !net->drained;
}

bool
zs_net_drain(zs_net *net, uint32_t timeout_ms)
{
    bool on = true, off = false;
    zb_time end = zb_now() + ZB_MS(timeout_ms);
    struct timespec until_end = {.tv_sec = (time_t)(end / 1000000000), .tv_nsec = (long)(end % 1000000000)};
    zs_net_call(net, set_draining, &on);
    pthread_mutex_lock(&net->lock);
    while (!net->drained && pthread_cond_timedwait(&net->called, &net->lock, &until_end) == 0)
        ;
    pthread_mutex_unlock(&net->lock);
    zs_net_call(net, set_draining, &off);
    return net->drained; /* nobody changes it any more */
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void
close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* shut ends all that keeps the loop running. The commit thread is waited for before the handle is closed that it wakes
 * the loop by. */
static void
shut(zs_net *net, void *arg)
{
    (void)arg;
    zs_net_drop_all(net);
    zs_committer_stop(&net->committer);
    uv_walk(&net->loop, close_handle, NULL);
}

/* settle commits and publishes what was gathered when the last connection went. */
static void
settle(zs_net *net)
{
    zs_batch *batch;
    while ((batch = zs_committer_fetch(&net->committer)))
        zs_engine_publish(net->engine, batch);
    while ((batch = zs_engine_take(net->engine))) {
        zs_batch_commit(batch);
        zs_engine_publish(net->engine, batch);
    }
}

static void *
loop_thread(void *arg)
{
    zs_net *net = arg;
    uv_run(&net->loop, UV_RUN_DEFAULT);
    settle(net);
    return NULL;
}

/* make_handles gives the loop its handles; 0, or libuv's error. */
static int
make_handles(zs_net *net)
{
    int failed = uv_async_init(&net->loop, &net->wake, on_wake);
    uv_prepare_init(&net->loop, &net->turn);
    uv_timer_init(&net->loop, &net->tick);
    uv_timer_init(&net->loop, &net->late_timer);
    uv_timer_init(&net->loop, &net->rest);
    net->wake.data = net->turn.data = net->tick.data = net->late_timer.data = net->rest.data = net;
    for (int d = 0; d < ZS_DOORS && !failed; d++) {
        zs_door *door = &net->doors[d];
        door->net = net;
        door->poll.data = door;
        if (door->listener.fd >= 0)
            failed = uv_poll_init(&net->loop, &door->poll, door->listener.fd);
    }
    if (!failed) {
        uv_prepare_start(&net->turn, on_turn);
        set_doors(net, true);
    }
    return failed;
}

static void
free_net(zs_net *net)
{
    for (int d = 0; d < ZS_DOORS; d++)
        zs_listen_end(&net->doors[d].listener);
    pthread_mutex_destroy(&net->lock);
    pthread_cond_destroy(&net->called);
    zb_map_free(&net->addresses);
    zb_free(net->buffer);
    zb_free(net);
}

static void
end_loop(zs_net *net)
{
    uv_walk(&net->loop, close_handle, NULL);
    uv_run(&net->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&net->loop);
}

static zs_net *
make_net(zs_net_options *options)
{
    uint64_t seed;
    zs_net *net = zb_calloc(1, sizeof *net);
    uint8_t *buffer = zb_malloc(ZS_READ_BYTES);
    if (!net || !buffer || !zb_random(&seed, sizeof seed)) {
        for (int d = 0; d < ZS_DOORS; d++)
            zs_listen_end(&options->listeners[d]);
        zb_free(net);
        zb_free(buffer);
        return NULL;
    }
    net->buffer = buffer;
    net->engine = options->engine;
    net->log = options->log;
    net->max_client_cnxns = options->max_client_cnxns;
    net->refuse = options->refuse;
    net->delay = ZB_MS(options->delay_ms);
    for (int d = 0; d < ZS_DOORS; d++)
        net->doors[d].listener = options->listeners[d];
    zb_list_init(&net->peers);
    zb_list_init(&net->paused);
    zb_list_init(&net->late);
    zb_map_init(&net->addresses, seed);
    pthread_mutex_init(&net->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&net->called, &monotonic);
    pthread_condattr_destroy(&monotonic);
    net->last_call = &net->calls;
    return net;
}

zobo_err
zs_net_start(zs_net **out, zs_net_options *options, zobo_problem *why)
{
    *out = NULL;
    zs_net *net = make_net(options);
    if (!net)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    int failed = uv_loop_init(&net->loop);
    if (failed) {
        free_net(net);
        return zb_problem(why, ZOBO_ESYS, 0, "cannot make an event loop: %s", uv_strerror(failed));
    }
    failed = make_handles(net);
    zobo_err err = failed ? zb_problem(why, ZOBO_ESYS, 0, "cannot make an event loop: %s", uv_strerror(failed))
                          : zs_committer_start(&net->committer, committed, net, why);
    if (!err) {
        err = zs_thread_start(&net->thread, "zobo-loop", loop_thread, net, why);
        if (err) {
            zs_committer_stop(&net->committer);
            zs_committer_free(&net->committer);
        }
    }
    if (err) {
        end_loop(net);
        free_net(net);
        return err;
    }
    *out = net;
    return ZOBO_OK;
}

void
zs_net_stop(zs_net *net)
{
    zs_net_call(net, shut, NULL);
    pthread_join(net->thread, NULL);
    zs_committer_free(&net->committer);
    (void)uv_loop_close(&net->loop);
    free_net(net);
}
