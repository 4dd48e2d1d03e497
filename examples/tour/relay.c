/* SPDX-License-Identifier: Apache-2.0 */
/* Forwards bytes between clients and one server, until it is told to cut the connections: a network that breaks on
 * command. One thread; commands come through a pipe. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tour.h"

enum { PAIRS = 8, CHUNK = 16384 };

struct pair {
    int client; /* -1: free */
    int server;
};

struct relay {
    char host[256];
    char service[16];
    int listener;
    int commands[2];
    unsigned port;
    bool cut;
    struct pair pairs[PAIRS];
    pthread_t thread;
};

static void
drop(struct pair *pair)
{
    close(pair->client);
    close(pair->server);
    pair->client = -1;
}

static int
dial(const struct relay *r)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all;
    int fd = -1;
    if (getaddrinfo(r->host, r->service, &hints, &all) != 0) {
        return -1;
    }
    for (struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(all);
    return fd;
}

static void
accept_one(struct relay *r)
{
    struct pair *pair = NULL;
    int fd = accept(r->listener, NULL, NULL);
    if (fd < 0) {
        return;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    for (size_t i = 0; i < PAIRS; i++) {
        pair = r->pairs[i].client < 0 ? &r->pairs[i] : pair;
    }
    int server = r->cut || pair == NULL ? -1 : dial(r);
    if (server < 0) {
        close(fd);
        return;
    }
    pair->client = fd;
    pair->server = server;
}

/* Moves what is there to be read. False when either side has closed. */
static bool
forward(int from, int to)
{
    char buf[CHUNK];
    ssize_t n = read(from, buf, sizeof(buf));
    for (ssize_t sent = 0, k; sent < n; sent += k) {
        k = send(to, buf + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (k < 0) {
            return false;
        }
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Carries out one command; false when the relay is to end. */
static bool
obey(struct relay *r)
{
    char command = 'q';
    if (read(r->commands[0], &command, 1) < 0 && errno == EINTR) {
        return true;
    }
    r->cut = command != 'm';
    for (size_t i = 0; i < PAIRS && r->cut; i++) {
        if (r->pairs[i].client >= 0) {
            drop(&r->pairs[i]);
        }
    }
    return command != 'q';
}

static void *
run(void *arg)
{
    struct relay *r = arg;
    for (;;) {
        struct pollfd fds[2 + 2 * PAIRS] = {{r->commands[0], POLLIN, 0}, {r->listener, POLLIN, 0}};
        for (size_t i = 0; i < PAIRS; i++) {
            bool used = r->pairs[i].client >= 0;
            fds[2 + 2 * i] = (struct pollfd){used ? r->pairs[i].client : -1, POLLIN, 0};
            fds[3 + 2 * i] = (struct pollfd){used ? r->pairs[i].server : -1, POLLIN, 0};
        }
        if (poll(fds, 2 + 2 * PAIRS, -1) < 0) {
            continue;
        }
        if (fds[0].revents != 0) {
            if (!obey(r)) {
                return NULL;
            }
            continue; /* the connections may be gone */
        }
        for (size_t i = 0; i < PAIRS; i++) {
            struct pair *pair = &r->pairs[i];
            if ((fds[2 + 2 * i].revents != 0 && !forward(pair->client, pair->server)) ||
                (fds[3 + 2 * i].revents != 0 && !forward(pair->server, pair->client))) {
                drop(pair);
            }
        }
        if (fds[1].revents != 0) {
            accept_one(r);
        }
    }
}

struct relay *
relay_open(const char *upstream)
{
    struct relay *r = calloc(1, sizeof(*r));
    const char *colon = strrchr(upstream, ':');
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(here);

    expect(r != NULL && colon != NULL, "no relay to \"%s\"", upstream);
    bool brackets = upstream[0] == '[';
    snprintf(r->host, sizeof(r->host), "%.*s", (int)(colon - upstream) - 2 * brackets, upstream + brackets);
    snprintf(r->service, sizeof(r->service), "%s", colon + 1);
    for (size_t i = 0; i < PAIRS; i++) {
        r->pairs[i].client = -1;
    }
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect(r->listener >= 0 && bind(r->listener, (struct sockaddr *)&here, len) == 0 && listen(r->listener, 16) == 0 &&
               getsockname(r->listener, (struct sockaddr *)&here, &len) == 0 && pipe(r->commands) == 0,
           "no relay: %s", strerror(errno));
    fcntl(r->commands[0], F_SETFD, FD_CLOEXEC);
    fcntl(r->commands[1], F_SETFD, FD_CLOEXEC);
    r->port = ntohs(here.sin_port);
    expect(pthread_create(&r->thread, NULL, run, r) == 0, "no thread for the relay");
    return r;
}

unsigned
relay_port(const struct relay *r)
{
    return r->port;
}

static void
command(struct relay *r, char what)
{
    expect(write(r->commands[1], &what, 1) == 1, "the relay's pipe: %s", strerror(errno));
}

void
relay_cut(struct relay *r)
{
    command(r, 'c');
}

void
relay_mend(struct relay *r)
{
    command(r, 'm');
}

void
relay_close(struct relay *r)
{
    command(r, 'q');
    pthread_join(r->thread, NULL);
    close(r->listener);
    close(r->commands[0]);
    close(r->commands[1]);
    free(r);
}
