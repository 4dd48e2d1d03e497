/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "io/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/mem.h"
#include "io/sys.h"

_Static_assert(sizeof(struct sockaddr_un) <= sizeof(((zb_addr *)0)->bytes), "zb_addr holds any address");

static void
put_addr(zb_addr *out, const void *sa, size_t len)
{
    memset(out, 0, sizeof *out);
    memcpy(out->bytes, sa, len);
    out->len = (uint32_t)len;
}

static bool
unix_addr(const char *name, zb_addr *out, zobo_err *err, int *sys)
{
    struct sockaddr_un un;
    size_t len = strlen(name);
    if (len >= sizeof un.sun_path) {
        *err = ZOBO_EUNREACHABLE;
        *sys = ENAMETOOLONG;
        return false;
    }
    memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    memcpy(un.sun_path, name, len + 1);
    put_addr(out, &un, sizeof un);
    return true;
}

bool
zb_name_literal(const char *name, uint16_t port, bool is_unix, zb_addr *out, zobo_err *err, int *sys)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    *err = ZOBO_OK;
    if (is_unix)
        return unix_addr(name, out, err, sys);
    memset(&v4, 0, sizeof v4);
    if (inet_pton(AF_INET, name, &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        put_addr(out, &v4, sizeof v4);
        return true;
    }
    memset(&v6, 0, sizeof v6);
    if (inet_pton(AF_INET6, name, &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        put_addr(out, &v6, sizeof v6);
        return true;
    }
    return false;
}

size_t
zb_name_lookup(const char *name, uint16_t port, zb_addr *out, zobo_err *err, int *sys)
{
    struct addrinfo hints, *list = NULL;
    char service[8];
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    int rc = getaddrinfo(name, service, &hints, &list);
    if (rc != 0) {
        *sys = rc == EAI_SYSTEM ? errno : 0;
        *err = rc == EAI_MEMORY ? ZOBO_ENOMEM : ZOBO_ERESOLVE;
        return 0;
    }
    size_t n = 0;
    for (struct addrinfo *a = list; a && n < ZB_MAX_ADDRS; a = a->ai_next)
        if (a->ai_addrlen <= sizeof out->bytes)
            put_addr(&out[n++], a->ai_addr, a->ai_addrlen);
    freeaddrinfo(list);
    *sys = 0;
    *err = n ? ZOBO_OK : ZOBO_ERESOLVE;
    return n;
}

/* Waits for `events`; ZOBO_OK when they are there. */
static zobo_err
wait_for(int fd, short events, zb_time deadline)
{
    for (;;) {
        zb_time now = zb_now();
        if (now >= deadline)
            return ZOBO_EOPERATIONTIMEOUT;
        uint64_t ms = (deadline - now) / 1000000U + 1;
        struct pollfd p = {.fd = fd, .events = events};
        int rc = poll(&p, 1, ms > 60000 ? 60000 : (int)ms);
        if (rc > 0)
            return ZOBO_OK;
        if (rc < 0 && errno != EINTR)
            return ZOBO_ESYS;
    }
}

static zobo_err
connect_within(const zb_addr *addr, zb_time deadline, int *fd, int *sys)
{
    bool done;
    zobo_err err = ZOBO_OK;
    *fd = zb_sock_connect(addr, false, &done, &err, sys);
    if (*fd < 0)
        return err;
    if (done)
        return ZOBO_OK;
    err = wait_for(*fd, POLLOUT, deadline);
    if (err == ZOBO_EOPERATIONTIMEOUT)
        return ZOBO_ECONNECTTIMEOUT;
    return err ? err : zb_sock_finish(*fd, sys);
}

static zobo_err
read_all(int fd, size_t max, zb_time deadline, char **out, size_t *len)
{
    size_t cap = 4096, n = 0;
    zobo_err err = ZOBO_OK;
    int sys;
    char *buf = zb_malloc(cap + 1);
    if (!buf)
        return ZOBO_ENOMEM;
    for (;;) {
        if (n == cap) {
            char *more = cap >= max ? NULL : zb_realloc(buf, cap * 2 + 1);
            if (!more) {
                err = cap >= max ? ZOBO_EFRAMESIZE : ZOBO_ENOMEM;
                break;
            }
            buf = more;
            cap *= 2;
        }
        long got = zb_recv(fd, buf + n, cap - n, &err, &sys);
        if (got > 0) {
            n += (size_t)got;
        } else if (got < 0) {
            /* The peer closes when it has said all; a reset after an answer is the same to us. */
            if (err == ZOBO_ESERVERCLOSED && n)
                err = ZOBO_OK;
            break;
        } else if ((err = wait_for(fd, POLLIN, deadline)) != ZOBO_OK) {
            break;
        }
    }
    if (err) {
        zb_free(buf);
        return err;
    }
    buf[n] = 0;
    *out = buf;
    *len = n;
    return ZOBO_OK;
}

zobo_err
zb_ask_word(const zb_addr *addr, const char *word, size_t max, zb_time deadline, char **out, size_t *len, int *sys)
{
    int fd = -1;
    *out = NULL;
    *len = 0;
    *sys = 0;
    zobo_err err = connect_within(addr, deadline, &fd, sys);
    if (!err) {
        zb_iov iov = {word, 4};
        long put = zb_send(fd, &iov, 1, &err, sys);
        if (put == 4) {
            err = read_all(fd, max, deadline, out, len);
            /* The others that reading gives would say that nothing was ever sent. */
            if (err && err != ZOBO_EOPERATIONTIMEOUT && err != ZOBO_ENOMEM && err != ZOBO_ESYS)
                err = ZOBO_ECONNECTIONLOSS;
        } else if (put >= 0) { /* four bytes into an empty socket: only a dying kernel splits them */
            err = ZOBO_ESERVERCLOSED;
        }
    }
    zb_close_fd(fd);
    return err;
}
