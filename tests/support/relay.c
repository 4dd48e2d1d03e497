/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one poll loop. A pair is two sockets; each direction has one buffer, read when empty. */
#include "support/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/wait.h"

enum { MAX_PAIRS = 256, BUFFER = 65536 };

typedef struct flow {
    int from, to;
    size_t at, n;
    uint8_t *bytes;
    bool ended; /* from: nothing more to read */
} flow;

typedef struct pair {
    flow up, down; /* client to server, server to client */
} pair;

struct zt_relay {
    int listener, wake[2], port, target;
    char hosts[32];
    pthread_t thread;
    pthread_mutex_t lock;
    bool cutting, refusing, stalled, stopping;
    unsigned long told, heard; /* orders given; orders that the thread has seen */
    pthread_cond_t seen;
    size_t slow, accepted;
    pair pairs[MAX_PAIRS];
    size_t n;
    uint64_t slow_from_ms, slow_bytes; /* what has been passed at slow speed since then */
};

static void
drop(zt_relay *r, size_t i)
{
    close(r->pairs[i].up.from);
    close(r->pairs[i].up.to);
    free(r->pairs[i].up.bytes);
    free(r->pairs[i].down.bytes);
    r->pairs[i] = r->pairs[--r->n];
}

static int
non_blocking(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        abort();
    return fd;
}

static void
take_connection(zt_relay *r, bool refuse)
{
    int client = accept(r->listener, NULL, NULL);
    if (client < 0)
        return;
    r->accepted++;
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)r->target)};
    int server = refuse || r->n == MAX_PAIRS ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&at, sizeof at)) {
        if (server >= 0)
            close(server);
        close(client);
        return;
    }
    non_blocking(client);
    non_blocking(server);
    r->pairs[r->n++] =
        (pair){{client, server, 0, 0, malloc(BUFFER), false}, {server, client, 0, 0, malloc(BUFFER), false}};
}

/* Passes on what there is, at most *limit bytes; false: the pair is over. */
static bool
pump(flow *f, size_t *limit)
{
    if (!f->n && !f->ended) {
        ssize_t got = recv(f->from, f->bytes, BUFFER, 0);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        f->ended = got == 0;
        f->at = 0;
        f->n = got > 0 ? (size_t)got : 0;
    }
    if (f->n && *limit) {
        ssize_t put = send(f->to, f->bytes + f->at, f->n < *limit ? f->n : *limit, MSG_NOSIGNAL);
        if (put < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        size_t n = put > 0 ? (size_t)put : 0;
        f->at += n;
        f->n -= n;
        *limit -= n;
    }
    if (f->ended && !f->n)
        return false; /* a half-closed connection is closed: nobody here needs more */
    return true;
}

static size_t
slow_allowance(zt_relay *r, size_t slow)
{
    if (!slow)
        return SIZE_MAX;
    uint64_t now = zt_now_ms();
    if (!r->slow_from_ms) {
        r->slow_from_ms = now;
        r->slow_bytes = 0;
    }
    uint64_t due = (now - r->slow_from_ms) * slow;
    return due > r->slow_bytes ? (size_t)(due - r->slow_bytes) : 0;
}

static void
turn(zt_relay *r, size_t slow)
{
    size_t allowed = slow_allowance(r, slow);
    for (size_t i = 0; i < r->n;) {
        pair *p = &r->pairs[i];
        size_t up = SIZE_MAX, down = allowed;
        bool alive = pump(&p->up, &up) && pump(&p->down, &down);
        r->slow_bytes += allowed - down;
        allowed = down;
        if (alive)
            i++;
        else
            drop(r, i);
    }
}

static void *
run(void *arg)
{
    zt_relay *r = arg;
    for (;;) {
        pthread_mutex_lock(&r->lock);
        bool stop = r->stopping, refuse = r->refusing, stall = r->stalled;
        size_t slow = r->slow;
        while (r->n && (r->cutting || stop))
            drop(r, 0);
        r->cutting = false;
        r->heard = r->told;
        pthread_cond_broadcast(&r->seen);
        pthread_mutex_unlock(&r->lock);
        if (stop)
            return NULL;
        if (!slow)
            r->slow_from_ms = 0;
        struct pollfd fds[2 + 2 * MAX_PAIRS];
        nfds_t n = 0;
        fds[n++] = (struct pollfd){r->wake[0], POLLIN, 0};
        fds[n++] = (struct pollfd){r->listener, POLLIN, 0};
        for (size_t i = 0; i < r->n && !stall; i++) {
            pair *p = &r->pairs[i];
            fds[n++] =
                (struct pollfd){p->up.from, (short)((p->up.n ? 0 : POLLIN) | (p->down.n && !slow ? POLLOUT : 0)), 0};
            fds[n++] = (struct pollfd){p->up.to, (short)((p->down.n ? 0 : POLLIN) | (p->up.n ? POLLOUT : 0)), 0};
        }
        if (poll(fds, n, slow ? 1 : -1) < 0 && errno != EINTR)
            abort();
        char drop_bytes[64];
        if (fds[0].revents && read(r->wake[0], drop_bytes, sizeof drop_bytes) < 0 && errno != EAGAIN)
            abort();
        pthread_mutex_lock(&r->lock);
        if (fds[1].revents)
            take_connection(r, refuse);
        pthread_mutex_unlock(&r->lock);
        if (!stall)
            turn(r, slow);
    }
}

zt_relay *
zt_relay_start(int port)
{
    zt_relay *r = calloc(1, sizeof *r);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    if (!r || pipe(r->wake))
        abort();
    r->target = port;
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (r->listener < 0 || bind(r->listener, (struct sockaddr *)&at, len) || listen(r->listener, 128) ||
        getsockname(r->listener, (struct sockaddr *)&at, &len))
        abort();
    r->port = ntohs(at.sin_port);
    snprintf(r->hosts, sizeof r->hosts, "127.0.0.1:%d", r->port);
    if (fcntl(r->wake[0], F_SETFL, O_NONBLOCK) < 0)
        abort();
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->seen, NULL);
    if (pthread_create(&r->thread, NULL, run, r))
        abort();
    return r;
}

/* Returns when the thread obeys: nothing passes a stalled relay, not even what was on its way. */
static void
tell(zt_relay *r)
{
    unsigned long mine = ++r->told;
    if (write(r->wake[1], "", 1) != 1)
        abort();
    while (r->heard < mine)
        pthread_cond_wait(&r->seen, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

void
zt_relay_stop(zt_relay *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    tell(r);
    pthread_join(r->thread, NULL);
    close(r->listener);
    close(r->wake[0]);
    close(r->wake[1]);
    pthread_cond_destroy(&r->seen);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

const char *
zt_relay_hosts(const zt_relay *r)
{
    return r->hosts;
}

int
zt_relay_port(const zt_relay *r)
{
    return r->port;
}

void
zt_relay_cut(zt_relay *r)
{
    pthread_mutex_lock(&r->lock);
    r->cutting = true;
    tell(r);
}

void
zt_relay_refuse(zt_relay *r, bool on)
{
    pthread_mutex_lock(&r->lock);
    r->refusing = on;
    tell(r);
}

void
zt_relay_stall(zt_relay *r, bool on)
{
    pthread_mutex_lock(&r->lock);
    r->stalled = on;
    tell(r);
}

void
zt_relay_slow(zt_relay *r, size_t bytes_per_ms)
{
    pthread_mutex_lock(&r->lock);
    r->slow = bytes_per_ms;
    tell(r);
}

size_t
zt_relay_connections(zt_relay *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->accepted;
    pthread_mutex_unlock(&r->lock);
    return n;
}
