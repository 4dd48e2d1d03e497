/* SPDX-License-Identifier: Apache-2.0 */
/* In place of src/io/sys.c and poll.c: what a client asks of its system, answered by the world. */
#include "io/poll.h"
#include "io/sys.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "sim/world/world.h"

/* Descriptors are numbers that no real one has. */
enum { FIRST_FD = 1000 };

typedef enum kind { UNUSED, WAKE, SOCKET, POLLSET, TIMER } kind;

typedef struct descriptor {
    kind kind;
    wclient *owner;
    bool woken;
    wlink *link;
    /* a pollset's */
    int wake, socket, timer;
    unsigned events;
    /* a timer's */
    bool rings;
    zb_time at;
} descriptor;

static world *here;
static descriptor table[WORLD_FDS];

void
io_begin(world *w)
{
    here = w;
    memset(table, 0, sizeof table);
}

void
io_end(world *w)
{
    for (size_t i = 0; i < WORLD_FDS; i++)
        if (table[i].kind)
            world_fail(w, "descriptor %u of kind %d is left open", (unsigned)i, (int)table[i].kind);
}

static wclient *
current(void)
{
    if (!here->current)
        world_fail(here, "a client's code runs, and the world does not know whose (world_as)");
    return here->current;
}

static descriptor *
at_fd(int fd, kind k)
{
    int i = fd - FIRST_FD;
    if (i < 0 || i >= WORLD_FDS || table[i].kind != k || table[i].owner != current())
        world_fail(here, "descriptor %d is used as of kind %d, and is none", fd, (int)k);
    return &table[i];
}

static int
open_fd(kind k)
{
    for (int i = 0; i < WORLD_FDS; i++)
        if (table[i].kind == UNUSED) {
            table[i] = (descriptor){.kind = k, .owner = current(), .wake = -1, .socket = -1, .timer = -1};
            return FIRST_FD + i;
        }
    world_fail(here, "too many descriptors are open");
}

/* --- time, chance, processes -------------------------------------------------------------------------------------- */

zb_time
zb_now(void)
{
    return client_clock(current(), here->now);
}

int64_t
zb_wall_ms(void)
{
    return 1600000000000 + (int64_t)(here->now / ZB_MS(1)) + current()->wall_offset_ms;
}

bool
zb_random(void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = (uint8_t)(zb_rng_next(&here->io_rng) >> 24);
    return true;
}

struct zb_fork_guard {
    char none;
};

zb_fork_guard *
zb_fork_guard_new(void)
{
    return zb_calloc(1, sizeof(zb_fork_guard));
}

void
zb_fork_guard_free(zb_fork_guard *g)
{
    zb_free(g);
}

bool
zb_fork_guard_same(const zb_fork_guard *g)
{
    return g != NULL;
}

/* --- wake-ups ----------------------------------------------------------------------------------------------------- */

int
zb_wake_open(void)
{
    return open_fd(WAKE);
}

void
zb_wake(int fd)
{
    at_fd(fd, WAKE)->woken = true;
}

void
zb_wake_drain(int fd)
{
    at_fd(fd, WAKE)->woken = false;
}

/* --- sockets ------------------------------------------------------------------------------------------------------ */

zobo_err
zb_err_of_errno(int sys)
{
    (void)sys;
    return ZOBO_EUNREACHABLE;
}

int
zb_sock_connect(const zb_addr *addr, bool keepalive, bool *done, zobo_err *err, int *sys)
{
    struct sockaddr_in in;
    (void)keepalive;
    memcpy(&in, addr->bytes, sizeof in);
    size_t door = (ntohl(in.sin_addr.s_addr) & 0xff) - 1;
    *done = false;
    *sys = 0;
    if (addr->len != sizeof in || door >= here->n_doors) {
        *err = ZOBO_EUNREACHABLE;
        return -1;
    }
    int fd = open_fd(SOCKET);
    at_fd(fd, SOCKET)->link = link_connect(current(), door);
    return fd;
}

zobo_err
zb_sock_finish(int fd, int *sys)
{
    *sys = 0;
    return link_finish(at_fd(fd, SOCKET)->link);
}

long
zb_recv(int fd, void *p, size_t n, zobo_err *err, int *sys)
{
    *sys = 0;
    return link_read(at_fd(fd, SOCKET)->link, p, n, err);
}

long
zb_send(int fd, const zb_iov *iov, size_t n, zobo_err *err, int *sys)
{
    wlink *l = at_fd(fd, SOCKET)->link;
    long sum = 0;
    *sys = 0;
    for (size_t i = 0; i < n; i++) {
        long put = link_write(l, iov[i].p, iov[i].n, err);
        if (put < 0)
            return sum ? sum : put;
        sum += put;
        if ((size_t)put < iov[i].n)
            break;
    }
    return sum;
}

void
zb_close_fd(int fd)
{
    int i = fd - FIRST_FD;
    if (fd < 0)
        return;
    if (i < 0 || i >= WORLD_FDS || !table[i].kind || table[i].owner != current())
        world_fail(here, "descriptor %d is closed, and not open", fd);
    if (table[i].kind == SOCKET)
        link_hang_up(table[i].link);
    if (table[i].kind == POLLSET)
        current()->pollset = -1;
    table[i].kind = UNUSED;
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static void
nothing(world *w, void *what, uint64_t arg)
{
    (void)w, (void)what, (void)arg;
}

/* A blocking verb: the world goes on meanwhile, but for this client's loop. */
unsigned
zb_poll(int wake, int fd, unsigned events, zb_time wait)
{
    wclient *c = current();
    descriptor *w = at_fd(wake, WAKE);
    wlink *l = fd >= 0 ? at_fd(fd, SOCKET)->link : NULL;
    zb_time until = wait == ZB_NEVER ? ZB_NEVER : client_moment(c, zb_now() + wait);
    if (until != ZB_NEVER && until > here->now)
        world_at(here, until, nothing, NULL, 0);
    uint64_t frozen_until = 0;
    c->blocked++;
    while (c->frozen_until > here->now || (!w->woken && !(l && link_ready(l) & events) && here->now < until)) {
        if (c->frozen_until > here->now && c->frozen_until != frozen_until) {
            frozen_until = c->frozen_until; /* that there is an event then */
            world_at(here, frozen_until, nothing, NULL, 0);
        }
        here->current = NULL;
        if (!world_step(here))
            world_fail(here, "client %u waits for ever in a blocking call", (unsigned)c->index);
    }
    here->current = c;
    c->blocked--;
    w->woken = false;
    return l ? link_ready(l) & events : 0;
}

bool
zb_pollset_open(zb_pollset *p, int wake)
{
    p->fd = open_fd(POLLSET);
    p->timer = open_fd(TIMER);
    descriptor *d = at_fd(p->fd, POLLSET);
    d->wake = wake;
    d->timer = p->timer;
    current()->pollset = p->fd;
    return true;
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
    descriptor *d = at_fd(p->fd, POLLSET);
    (void)at_fd(fd, SOCKET);
    if (known ? d->socket != fd : d->socket >= 0)
        world_fail(here, "a socket is %s a pollset that has %d", known ? "changed in" : "added to", d->socket);
    d->socket = fd;
    d->events = events;
    return true;
}

void
zb_pollset_forget(const zb_pollset *p, int fd)
{
    descriptor *d = at_fd(p->fd, POLLSET);
    if (d->socket != fd)
        world_fail(here, "a socket is taken out of a pollset that has not got it");
    d->socket = -1;
}

bool
zb_pollset_ring(const zb_pollset *p, zb_time at)
{
    descriptor *d = at_fd(p->timer, TIMER);
    d->rings = true;
    d->at = at;
    return true;
}

bool
zb_pollset_rang(const zb_pollset *p)
{
    descriptor *d = at_fd(p->timer, TIMER);
    if (!d->rings || d->at > zb_now())
        return false;
    d->rings = false;
    return true;
}

zb_time
io_due(const wclient *c)
{
    if (c->pollset < 0)
        return ZB_NEVER;
    const descriptor *d = &table[c->pollset - FIRST_FD], *timer = &table[d->timer - FIRST_FD];
    if (table[d->wake - FIRST_FD].woken)
        return 0;
    /* as epoll: an end is told whatever was asked for */
    if (d->socket >= 0 && link_ready(table[d->socket - FIRST_FD].link) & d->events)
        return 0;
    return timer->rings ? timer->at : ZB_NEVER;
}
