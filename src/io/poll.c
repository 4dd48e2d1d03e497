/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "io/poll.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "io/sys.h"

static struct timespec
to_timespec(zb_time t)
{
    struct timespec ts = {.tv_sec = (time_t)(t / 1000000000U), .tv_nsec = (long)(t % 1000000000U)};
    return ts;
}

unsigned
zb_poll(int wake, int fd, unsigned events, zb_time wait)
{
    struct pollfd p[2] = {{.fd = wake, .events = POLLIN}, {.fd = fd, .events = 0}};
    struct timespec ts = to_timespec(wait);
    if (events & ZB_READABLE)
        p[1].events |= POLLIN;
    if (events & ZB_WRITABLE)
        p[1].events |= POLLOUT;
    int n = ppoll(p, fd >= 0 ? 2 : 1, wait == ZB_NEVER ? NULL : &ts, NULL);
    if (n > 0 && p[0].revents)
        zb_wake_drain(wake);
    if (n <= 0)
        return 0;
    return (p[1].revents & POLLOUT ? (unsigned)ZB_WRITABLE : 0U) |
           (p[1].revents & ~POLLOUT ? (unsigned)ZB_READABLE : 0U);
}

/* ---- for event loops ---- */

bool
zb_pollset_open(zb_pollset *p, int wake)
{
    p->fd = epoll_create1(EPOLL_CLOEXEC);
    p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return p->fd >= 0 && p->timer >= 0 && zb_pollset_watch(p, p->timer, false, ZB_READABLE) &&
           zb_pollset_watch(p, wake, false, ZB_READABLE);
}

void
zb_pollset_close(zb_pollset *p)
{
    zb_close_fd(p->fd);
    zb_close_fd(p->timer);
    p->fd = p->timer = -1;
}

bool
zb_pollset_watch(const zb_pollset *p, int fd, bool known, unsigned events)
{
    struct epoll_event e = {.events = 0, .data = {.fd = fd}};
    if (events & ZB_READABLE)
        e.events |= EPOLLIN;
    if (events & ZB_WRITABLE)
        e.events |= EPOLLOUT;
    return epoll_ctl(p->fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) == 0;
}

void
zb_pollset_forget(const zb_pollset *p, int fd)
{
    (void)epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, NULL);
}

bool
zb_pollset_ring(const zb_pollset *p, zb_time at)
{
    struct itimerspec t = {{0, 0}, {0, 0}};
    t.it_value = to_timespec(at ? at : 1); /* 0 would disarm it */
    return timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &t, NULL) == 0;
}

bool
zb_pollset_rang(const zb_pollset *p)
{
    uint64_t expirations;
    return read(p->timer, &expirations, sizeof expirations) > 0;
}
