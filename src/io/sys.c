/* SPDX-License-Identifier: Apache-2.0 */
/* Thin wrappers over system calls. Every descriptor is close-on-exec; EINTR is dealt with here; errno goes no further
 * than these functions' out-parameters. */
#define _GNU_SOURCE
#include "io/sys.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { MAX_PIECES = 16 };

zb_time
zb_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

int64_t
zb_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool
zb_random(void *p, size_t n)
{
    uint8_t *at = p;
    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        at += got;
        n -= (size_t)got;
    }
    return true;
}

int
zb_wake_open(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void
zb_wake(int fd)
{
    uint64_t one = 1;
    /* EAGAIN means the counter is full: then it is readable, which is all that is wanted. */
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void
zb_wake_drain(int fd)
{
    uint64_t n;
    while (read(fd, &n, sizeof n) < 0 && errno == EINTR) {
    }
}

zobo_err
zb_err_of_errno(int sys)
{
    switch (sys) {
    case ECONNREFUSED:
        return ZOBO_EREFUSED;
    case ETIMEDOUT:
        return ZOBO_ECONNECTTIMEOUT;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
        return ZOBO_ESERVERCLOSED;
    case ENOMEM:
    case ENOBUFS:
        return ZOBO_ENOMEM;
    case EMFILE:
    case ENFILE:
        return ZOBO_ESYS;
    default:
        return ZOBO_EUNREACHABLE;
    }
}

static void
set_options(int fd, sa_family_t family, bool keepalive)
{
    int one = 1;
    if (family == AF_UNIX)
        return;
    /* Failure of either costs latency or a late discovery, never correctness. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (keepalive)
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

int
zb_sock_connect(const zb_addr *addr, bool keepalive, bool *done, zobo_err *err, int *sys)
{
    struct sockaddr_storage ss;
    if (addr->len > sizeof ss || addr->len > sizeof addr->bytes) {
        *err = ZOBO_EUNREACHABLE;
        *sys = EINVAL;
        return -1;
    }
    memset(&ss, 0, sizeof ss);
    memcpy(&ss, addr->bytes, addr->len);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        goto fail;
    set_options(fd, ss.ss_family, keepalive);
    int rc;
    do {
        rc = connect(fd, (struct sockaddr *)&ss, addr->len);
    } while (rc < 0 && errno == EINTR);
    if (rc == 0) {
        *done = true;
        return fd;
    }
    /* A Unix socket whose queue is full says EAGAIN and would never become writable: that is a refusal. */
    if (errno == EINPROGRESS) {
        *done = false;
        return fd;
    }
fail:
    *sys = errno;
    *err = errno == EAGAIN ? ZOBO_EREFUSED : zb_err_of_errno(errno);
    zb_close_fd(fd);
    return -1;
}

zobo_err
zb_sock_finish(int fd, int *sys)
{
    int e = 0;
    socklen_t len = sizeof e;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0)
        e = errno;
    *sys = e;
    return e ? zb_err_of_errno(e) : ZOBO_OK;
}

long
zb_recv(int fd, void *p, size_t n, zobo_err *err, int *sys)
{
    for (;;) {
        ssize_t got = recv(fd, p, n, MSG_DONTWAIT);
        if (got > 0)
            return (long)got;
        if (got == 0) {
            *err = ZOBO_ESERVERCLOSED;
            *sys = 0;
            return -1;
        }
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        *sys = errno;
        *err = zb_err_of_errno(errno);
        return -1;
    }
}

long
zb_send(int fd, const zb_iov *iov, size_t n, zobo_err *err, int *sys)
{
    struct iovec v[MAX_PIECES];
    struct msghdr m;
    if (n > MAX_PIECES)
        n = MAX_PIECES;
    for (size_t i = 0; i < n; i++) {
        v[i].iov_base = (void *)(uintptr_t)iov[i].p;
        v[i].iov_len = iov[i].n;
    }
    memset(&m, 0, sizeof m);
    m.msg_iov = v;
    m.msg_iovlen = n;
    for (;;) {
        ssize_t put = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put >= 0)
            return (long)put;
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        *sys = errno;
        *err = zb_err_of_errno(errno);
        return -1;
    }
}

void
zb_close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

/* Where the kernel cannot wipe (before 4.14, or what only looks like Linux), the process id tells, for a system call
 * each time. */
struct zb_fork_guard {
    volatile uint8_t alive;
    bool by_pid;
    pid_t pid;
};

zb_fork_guard *
zb_fork_guard_new(void)
{
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0)
        return NULL;
    zb_fork_guard *g = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g == MAP_FAILED)
        return NULL;
    g->by_pid = madvise(g, (size_t)page, MADV_WIPEONFORK) < 0;
    g->pid = getpid();
    g->alive = 1;
    return g;
}

void
zb_fork_guard_free(zb_fork_guard *g)
{
    long page = sysconf(_SC_PAGESIZE);
    if (g && page > 0)
        (void)munmap(g, (size_t)page);
}

bool
zb_fork_guard_same(const zb_fork_guard *g)
{
    return g->alive != 0 && (!g->by_pid || g->pid == getpid());
}
