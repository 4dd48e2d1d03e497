/* SPDX-License-Identifier: Apache-2.0 */
/* Who does the I/O.
 *
 * One thread at a time has the driver's role: it polls, reads, feeds the session and hands out what came. A thread in a
 * blocking call takes the role when it is free, or takes it from the background thread while that sits in poll, and
 * keeps it until its own reply has come; replies to others are completed on the way. If another thread has the role,
 * it writes its own request and sleeps; whoever gives the role up wakes one sleeper to take it.
 *
 * The background thread is the driver of last resort. When the role is taken from it, it naps for a millisecond at a
 * time and takes it back only when nobody has had it since it last looked (the lease). So a row of blocking calls costs
 * it some short wake-ups instead of one for each call, and each call three system calls: send, poll, recv. While calls
 * keep coming the naps grow to eight milliseconds, for it is the calls that read the socket then. What arrives unasked
 * after the last of them waits for so long at most.
 *
 * A submitter of asynchronous calls wakes the driver only if it sleeps and nobody has done so yet. One that had to wait
 * for room drove the session itself, and the lease it leaves is of another kind (lease_async): its next submissions
 * pile up until there is a buffer worth sending, or it waits for room again, or the nap is over.
 *
 * The session's output may be sent without the lock (`writing`), by one thread at a time. All that can end the link
 * and free that output is done by the driver, after it has waited for `writing` to end. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "client/client.h"

enum {
    PIECES = 16,
    READ_ROOM = 256 * 1024,
    WORTH_SENDING = 16 * 1024,
    NAP_NS = 1000000,
    NAPS_OF_ONE_LENGTH = 8,
    MAX_NAP_SHIFT = 3,
    NAPS_BEFORE_SLEEP = 64
};

static struct timespec
to_timespec(zb_time t)
{
    struct timespec ts = {.tv_sec = (time_t)(t / 1000000000U), .tv_nsec = (long)(t % 1000000000U)};
    return ts;
}

bool
zb_in_inline(const zobo_client *c)
{
    return c->in_inline && pthread_equal(c->inline_thread, pthread_self());
}

/* ---- writing ---- */

void
zb_flush(zobo_client *c)
{
    zb_iov iov[PIECES];
    while (!c->writing && c->fd >= 0 && !c->connecting && !c->want_pollout && !c->link_broken) {
        size_t n = zb_session_output(c->session, iov, PIECES), total = 0;
        zobo_err err = ZOBO_OK;
        int sys = 0, fd = c->fd;
        if (!n)
            return;
        for (size_t i = 0; i < n; i++)
            total += iov[i].n;
        zb_session_sending(c->session, total);
        c->writing = true;
        zb_unlock(c);
        long put = zb_send(fd, iov, n, &err, &sys);
        zb_lock(c);
        c->writing = false;
        if (c->wrote_waiters)
            pthread_cond_broadcast(&c->wrote);
        if (put < 0) {
            c->link_broken = true;
            zb_kick(c);
            return;
        }
        zb_session_sent(c->session, (size_t)put, zb_now());
        zb_publish_sent(c);
        if (zb_session_urgent(c->session)) /* that was all a session being closed had to do */
            zb_kick(c);
        if ((size_t)put < total) {
            c->want_pollout = true;
            zb_kick(c);
        }
    }
}

/* The driver, before it does anything that may end the link. */
static void
wait_for_writer(zobo_client *c)
{
    while (c->writing) {
        c->wrote_waiters++;
        pthread_cond_wait(&c->wrote, &c->lock);
        c->wrote_waiters--;
    }
}

/* ---- waking ---- */

static void
wake_thread(zb_waiter *w)
{
    if (!w->woken) {
        w->woken = true;
        pthread_cond_signal(&w->cond);
    }
}

void
zb_wake_waiters(zobo_client *c)
{
    for (zb_link *l = c->waiters.next; l != &c->waiters; l = l->next)
        wake_thread(ZB_CONTAINER_OF(l, zb_waiter, link));
}

void
zb_wake_call(zobo_client *c, zobo_call *call)
{
    for (zb_waiter *w = call->waiters; w; w = w->next_of_call) {
        wake_thread(w);
        c->woke_callers = true;
    }
}

static void
wake_background(zobo_client *c)
{
    if (!c->bg_signalled && (c->bg == ZB_BG_ASLEEP || c->bg == ZB_BG_NAPPING)) {
        c->bg_signalled = true;
        pthread_cond_signal(&c->bg_cond);
    }
}

static void
wake_poller(zobo_client *c)
{
    if (!c->woken) {
        c->woken = true;
        zb_wake(c->poll_wake);
    }
}

void
zb_kick(zobo_client *c)
{
    if (c->driving) {
        if (c->polling)
            wake_poller(c);
    } else if (c->event_loop) {
        zb_loop_wake(c);
    } else {
        wake_background(c);
    }
}

void
zb_after_submit(zobo_client *c)
{
    if (!c->driving && c->lease_async && c->bg == ZB_BG_NAPPING && !c->event_loop) {
        if (zb_session_queued_bytes(c->session) >= WORTH_SENDING)
            zb_flush(c);
        return;
    }
    zb_kick(c);
}

/* ---- one turn ---- */

static void
run_inline(zobo_client *c, zb_link *items)
{
    if (zb_list_empty(items))
        return;
    c->in_inline = true;
    c->inline_thread = pthread_self();
    zb_link spent;
    zb_list_init(&spent);
    zb_unlock(c);
    zb_run_items(c, items, &spent);
    zb_lock(c);
    zb_calls_keep(c, &spent);
    c->in_inline = false;
}

static void
do_asked(zobo_client *c, zb_time now)
{
    zb_session_info info;
    zb_ask ask = c->ask;
    c->ask = ZB_ASK_NOTHING;
    if (ask == ZB_ASK_NOTHING)
        return;
    if (ask == ZB_ASK_STOP)
        c->has_resume = false;
    if (ask == ZB_ASK_START) /* that has been done; its events are to be pulled */
        return;
    zb_session_get_info(c->session, &info);
    if (info.stopped) {
        c->running = false;
        zb_wake_waiters(c);
    } else {
        zb_session_stop(c->session, ask == ZB_ASK_DETACH, now);
    }
}

void
zb_close_link(zobo_client *c)
{
    if (c->fd < 0)
        return;
    if (c->event_loop)
        zb_loop_forget_fd(c);
    int fd = c->fd;
    c->fd = -1; /* first: a child forked in between must not close another descriptor by this number */
    zb_close_fd(fd);
    c->connecting = c->want_pollout = c->link_broken = false;
}

static void
link_down(zobo_client *c, zobo_err err, int sys, zb_time now)
{
    zb_close_link(c);
    zb_session_link(c->session, ZB_LINK_DOWN, err, sys, now);
}

static void
socket_ready(zobo_client *c, unsigned revents, zb_time now)
{
    zobo_err err = ZOBO_OK;
    int sys = 0;
    if (c->connecting) {
        c->connecting = false;
        err = zb_sock_finish(c->fd, &sys);
        if (err)
            link_down(c, err, sys, now);
        else
            zb_session_link(c->session, ZB_LINK_UP, ZOBO_OK, 0, now);
        return;
    }
    if (revents & ZB_WRITABLE)
        c->want_pollout = false;
    if (!(revents & ZB_READABLE) && !c->link_broken)
        return;
    size_t room;
    void *space = zb_session_space(c->session, READ_ROOM, &room);
    if (!space) {
        link_down(c, ZOBO_ENOMEM, 0, now);
        return;
    }
    int fd = c->fd;
    zb_unlock(c);
    long got = zb_recv(fd, space, room, &err, &sys);
    zb_lock(c);
    wait_for_writer(c);
    now = zb_now();
    if (got > 0)
        zb_session_fed(c->session, (size_t)got, now);
    else if (got < 0)
        link_down(c, err, sys, now);
    else if (c->link_broken)
        link_down(c, ZOBO_ESERVERCLOSED, 0, now);
}

/* Waits for the socket, a wake-up or `until`. Returns the socket's events. */
static unsigned
wait_ready(zobo_client *c, bool block, zb_time now, zb_time until)
{
    int wake = c->poll_wake, fd = c->fd; /* without the lock the role may be taken from us, and the link closed */
    unsigned events = c->connecting ? ZB_WRITABLE : ZB_READABLE;
    zb_time wait = 0;
    if (block && until > now)
        wait = until == ZB_NEVER ? ZB_NEVER : until - now;
    if (c->want_pollout)
        events |= ZB_WRITABLE;
    c->polling = true;
    zb_unlock(c);
    unsigned ready = zb_poll(wake, fd, events, wait);
    zb_lock(c);
    return ready;
}

/* What the driver must do before it may sleep in poll. */
static bool
has_duties(const zobo_client *c, zb_time now)
{
    return c->ask != ZB_ASK_NOTHING || !zb_list_empty(&c->mail) || zb_session_urgent(c->session) ||
           now >= zb_deadline(c);
}

bool
zb_turn(zobo_client *c, bool background, bool block, zb_time deadline)
{
    zb_link items;
    zb_list_init(&items);
    zb_time now = zb_now();

    bool events = false;
    if (has_duties(c, now)) {
        wait_for_writer(c);
        do_asked(c, now);
        zb_helper_read_mail(c, now);
        if (now >= zb_session_deadline(c->session))
            zb_session_tick(c->session, now);
        zb_timers_due(c, now);
        zb_pull_events(c, &items, now);
        events = true;
    }
    zb_list_append(&items, &c->inline_pending);
    if (!zb_list_empty(&items)) {
        run_inline(c, &items);
        events = true;
    }
    zb_flush(c);
    if (events) /* somebody may have what he waits for: let the caller look before it polls */
        return true;
    /* The lock was free during the write, and nobody who asked for something then could know that we go to sleep. */
    if (has_duties(c, now) || !zb_list_empty(&c->inline_pending))
        return true;

    zb_time until = zb_deadline(c);
    c->stealable = background;
    unsigned revents = wait_ready(c, block && !c->link_broken, now, deadline < until ? deadline : until);
    if (background && !c->stealable)
        return false;
    c->stealable = false;
    c->polling = false;
    c->woken = false;
    if (!background)
        c->activity++; /* only who has looked at the socket renews the lease: calls that end without it may never do so
                        * */
    if (revents || c->link_broken) {
        wait_for_writer(c);
        now = zb_now();
        if (c->fd >= 0)
            socket_ready(c, revents, now);
        zb_pull_events(c, &items, now);
        run_inline(c, &items);
    }
    return true;
}

/* ---- the role ---- */

static void
take_role(zobo_client *c, bool wants_room)
{
    if (c->stealable) { /* from the background thread, which has yet to wake up and find out */
        c->stealable = false;
        c->polling = false;
        c->woken = false;
        zb_wake(c->wake_fd[0]);
    }
    c->driving = true;
    c->lease_async = wants_room;
    c->poll_wake = c->wake_fd[1];
}

static void
give_role_up(zobo_client *c)
{
    c->driving = false;
    if (zb_session_wants_write(c->session))
        zb_flush(c);
    if (c->driving) /* while the lock was free for the write, somebody took it */
        return;
    for (zb_link *l = c->waiters.next; l != &c->waiters; l = l->next) {
        zb_waiter *w = ZB_CONTAINER_OF(l, zb_waiter, link);
        if (!w->woken) {
            wake_thread(w);
            return;
        }
    }
    c->loop_aside = false;
    if (c->event_loop)
        zb_loop_update(c);
    else if (c->bg == ZB_BG_ASLEEP || !zb_list_empty(&c->inline_pending) ||
             (!c->lease_async && zb_session_in_flight(c->session)))
        wake_background(c);
}

static void
sleep_until_woken(zobo_client *c, zobo_call *call, bool wants_room, zb_time deadline)
{
    zb_waiter w = {.woken = false, .wants_room = wants_room};
    pthread_cond_init(&w.cond, &c->monotonic);
    zb_list_push_back(&c->waiters, &w.link);
    if (call) {
        w.next_of_call = call->waiters;
        call->waiters = &w;
    }
    while (!w.woken) {
        if (deadline == ZB_NEVER) {
            pthread_cond_wait(&w.cond, &c->lock);
        } else {
            struct timespec ts = to_timespec(deadline);
            if (pthread_cond_timedwait(&w.cond, &c->lock, &ts) == ETIMEDOUT)
                break;
        }
    }
    zb_list_remove(&w.link);
    if (call) {
        zb_waiter **at = &call->waiters;
        while (*at != &w)
            at = &(*at)->next_of_call;
        *at = w.next_of_call;
    }
    pthread_cond_destroy(&w.cond);
}

bool
zb_drive(zobo_client *c, zb_ready_fn *ready, void *arg, zobo_call *call, bool wants_room, zb_time deadline)
{
    bool mine = false, ok;
    c->room_waiters += wants_room;
    for (;;) {
        ok = ready(c, arg);
        if (!ok && call && atomic_load_explicit(&c->interrupted, memory_order_relaxed)) {
            zb_cancel(c, call); /* a recipe's ends a little later */
            ok = ready(c, arg);
        }
        if (ok || (deadline != ZB_NEVER && zb_now() >= deadline))
            break;
        if (!mine) {
            if (c->driving && !c->stealable) {
                /* A driver that is not in poll sends all there is before it polls again. */
                if (c->polling && zb_session_wants_write(c->session) && !c->writing) {
                    zb_flush(c);
                    if (ready(c, arg) || !c->driving || c->stealable)
                        continue;
                }
                sleep_until_woken(c, call, wants_room, deadline);
                continue;
            }
            take_role(c, wants_room);
            mine = true;
        }
        c->woke_callers = false;
        (void)zb_turn(c, false, true, deadline);
        if (c->woke_callers && !ready(c, arg)) {
            /* They are about to ask for more: what they submit now goes out in one piece with what is there. */
            zb_unlock(c);
            (void)sched_yield();
            zb_lock(c);
        }
    }
    c->room_waiters -= wants_room;
    if (mine)
        give_role_up(c);
    else if (!c->driving)
        give_role_up(c); /* perhaps woken to take the role, but with no need for it: pass it on */
    return ok;
}

/* ---- the background thread ---- */

/* Sleeps for a nap (`busy` counts those before it during which others drove; `long_sleep`: until woken). True: somebody
 * asked for the background thread by name. */
static bool
nap(zobo_client *c, unsigned busy, bool long_sleep)
{
    bool asked;
    c->bg = long_sleep ? ZB_BG_ASLEEP : ZB_BG_NAPPING;
    if (!c->bg_signalled) {
        if (long_sleep) {
            pthread_cond_wait(&c->bg_cond, &c->lock);
        } else {
            unsigned shift = busy / NAPS_OF_ONE_LENGTH;
            zb_time length = (zb_time)NAP_NS << (shift < MAX_NAP_SHIFT ? shift : MAX_NAP_SHIFT);
            struct timespec ts = to_timespec(zb_now() + length);
            (void)pthread_cond_timedwait(&c->bg_cond, &c->lock, &ts);
        }
    }
    asked = c->bg_signalled;
    c->bg_signalled = false;
    c->bg = ZB_BG_RUNNING;
    return asked;
}

static bool
has_work(const zobo_client *c)
{
    return c->running || c->ask != ZB_ASK_NOTHING || !zb_list_empty(&c->inline_pending);
}

static void
drive_in_background(zobo_client *c)
{
    c->driving = true;
    c->poll_wake = c->wake_fd[0];
    while (!c->quit && has_work(c)) {
        if (!zb_list_empty(&c->waiters))
            break; /* a blocked thread drives cheaper than it is woken for each reply */
        if (!zb_turn(c, true, true, ZB_NEVER))
            return; /* taken away */
    }
    give_role_up(c);
}

void *
zb_background(void *client)
{
    zobo_client *c = client;
    zb_lock(c);
    uint64_t seen = c->activity;
    unsigned naps = 0, busy = 0; /* in a row: while one thread sat in poll; while calls came and went */
    while (!c->quit) {
        bool asked = false;
        if (!has_work(c)) {
            (void)nap(c, 0, true);
            continue;
        }
        if (c->driving || c->activity != seen || !zb_list_empty(&c->waiters)) {
            naps = c->activity == seen ? naps + 1 : 0;
            busy = c->activity == seen ? 0 : busy + 1;
            seen = c->activity;
            asked = nap(c, busy, naps > NAPS_BEFORE_SLEEP);
        }
        if (c->driving || !has_work(c) || c->quit)
            continue;
        if (!asked && (c->activity != seen || !zb_list_empty(&c->waiters)))
            continue;
        naps = busy = 0;
        drive_in_background(c);
        seen = c->activity;
    }
    zb_unlock(c);
    return NULL;
}
