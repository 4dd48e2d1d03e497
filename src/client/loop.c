/* SPDX-License-Identifier: Apache-2.0 */
/* Event-loop mode: no threads. One epoll descriptor, constant for the client's life, holds the socket (which comes and
 * goes), a timer for the session's deadline, and a descriptor by which other threads (and our own queues) ask for a
 * call of zobo_process. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "client/client.h"

static bool
watch_fd(int epoll_fd, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data = {.fd = fd}};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

zobo_err
zb_loop_open(zobo_client *c)
{
    c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    c->timer_at = ZB_NEVER;
    if (c->epoll_fd < 0 || c->timer_fd < 0 || !watch_fd(c->epoll_fd, c->timer_fd) ||
        !watch_fd(c->epoll_fd, c->wake_fd[0]))
        return ZOBO_ESYS;
    return ZOBO_OK;
}

void
zb_loop_close(zobo_client *c)
{
    zb_close_fd(c->epoll_fd);
    zb_close_fd(c->timer_fd);
    c->epoll_fd = c->timer_fd = -1;
}

void
zb_loop_forget_fd(zobo_client *c)
{
    if (c->epoll_has_fd)
        (void)epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    c->epoll_has_fd = false;
}

static void
update_socket(zobo_client *c)
{
    struct epoll_event e = {.events = c->connecting ? EPOLLOUT : EPOLLIN, .data = {.fd = c->fd}};
    if (c->want_pollout)
        e.events |= EPOLLOUT;
    if (c->loop_aside)
        e.events = 0;
    if (c->fd < 0 || (c->epoll_has_fd && e.events == c->epoll_events))
        return;
    if (epoll_ctl(c->epoll_fd, c->epoll_has_fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &e) == 0) {
        c->epoll_has_fd = true;
        c->epoll_events = e.events;
    } else {
        c->link_broken = true; /* no way to hear from it: the next turn reports it */
        zb_loop_wake(c);
    }
}

void
zb_loop_update(zobo_client *c)
{
    update_socket(c);
    /* A deadline that has moved away is left: the timer then rings in vain, once, instead of being set at each reply.
     * A thread in a blocking verb minds the time itself, and comes here when it is done. */
    zb_time at = c->driving && !c->in_process ? ZB_NEVER : zb_session_deadline(c->session);
    if (at < c->timer_at) {
        struct itimerspec t = {{0, 0}, {0, 0}};
        uint64_t ns = at ? at : 1; /* 0 would disarm it */
        t.it_value.tv_sec = (time_t)(ns / 1000000000U);
        t.it_value.tv_nsec = (long)(ns % 1000000000U);
        if (timerfd_settime(c->timer_fd, TFD_TIMER_ABSTIME, &t, NULL) == 0)
            c->timer_at = at;
    }
    if (!c->in_process &&
        (!zb_list_empty(&c->queue) || !zb_list_empty(&c->starved) || !zb_list_empty(&c->inline_pending) ||
         !zb_list_empty(&c->mail) || c->ask != ZB_ASK_NOTHING || zb_session_urgent(c->session)))
        zb_loop_wake(c);
}

void
zb_loop_wake(zobo_client *c)
{
    if (!c->loop_woken) {
        c->loop_woken = true;
        zb_wake(c->wake_fd[0]);
    }
}

int
zobo_fd(const zobo_client *c)
{
    return c->event_loop ? c->epoll_fd : -1;
}

zobo_err
zobo_process(zobo_client *c)
{
    uint64_t expirations;
    zobo_err err = zb_check_process(c);
    if (err)
        return err;
    if (!c->event_loop)
        return ZOBO_EINVAL;
    zb_lock(c);
    if (c->in_process) {
        zb_unlock(c);
        return ZOBO_EALREADY;
    }
    c->in_process = true;
    c->cb_thread = pthread_self();
    /* Before anything is looked at: what is asked for from now on is asked anew. Also when a blocking verb on another
     * thread does the work, and only callbacks are left: the descriptor would stay readable until that is over. */
    if (read(c->timer_fd, &expirations, sizeof expirations) > 0)
        c->timer_at = ZB_NEVER;
    c->loop_woken = false;
    zb_wake_drain(c->wake_fd[0]);
    if (!c->driving) {
        c->driving = true;
        c->poll_wake = c->wake_fd[0];
        /* The first turn does what is due without looking at the socket, if there is any; the second looks. */
        (void)zb_turn(c, false, false, 0);
        (void)zb_turn(c, false, false, 0);
        c->driving = false;
    }
    (void)zb_run_callbacks(c);
    if (!c->driving && zb_session_wants_write(c->session))
        zb_flush(c);
    if (!c->driving && !zb_list_empty(&c->waiters))
        zb_wake_waiters(c);
    c->in_process = false;
    /* The one who drives will read what has come. The loop, which would be called for it over and over until he gets to
     * it, looks away; only from now on, for most blocking verbs are over before it is called. */
    c->loop_aside = c->driving;
    bool close = c->close_asked;
    if (!close)
        zb_loop_update(c);
    zb_unlock(c);
    if (close)
        zb_close_now(c);
    return ZOBO_OK;
}
