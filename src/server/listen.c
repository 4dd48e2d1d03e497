/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/names.h"
#include "io/sys.h"

enum { BACKLOG = 4096 };

/* --- TCP ---------------------------------------------------------------------------------------------------------- */

/* split cuts "host:port" up; the host is empty for all addresses. */
static bool
split(const char *text, char *host, size_t size, uint16_t *port)
{
    const char *end = strrchr(text, ':');
    if (!end || end[1] < '0' || end[1] > '9')
        return false;
    char *rest;
    long n = strtol(end + 1, &rest, 10);
    if (*rest != '\0' || n > 65535)
        return false;
    if (text[0] == '[') {
        if (end == text || end[-1] != ']')
            return false;
        text++;
        end--;
    } else if (memchr(text, ':', (size_t)(end - text))) {
        return false; /* an IPv6 address without its brackets */
    }
    size_t len = (size_t)(end - text);
    if (len >= size)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    *port = (uint16_t)n;
    return true;
}

static socklen_t
any_address(struct sockaddr_storage *ss, sa_family_t family, uint16_t port)
{
    memset(ss, 0, sizeof *ss);
    ss->ss_family = family;
    if (family == AF_INET6) {
        ((struct sockaddr_in6 *)ss)->sin6_port = htons(port);
        return sizeof(struct sockaddr_in6);
    }
    ((struct sockaddr_in *)ss)->sin_port = htons(port);
    return sizeof(struct sockaddr_in);
}

static zobo_err
find_address(const char *text, const char *host, uint16_t port, struct sockaddr_storage *ss, socklen_t *len,
             zobo_problem *why)
{
    if (host[0] == '\0') {
        *len = any_address(ss, AF_INET6, port);
        return ZOBO_OK;
    }
    zb_addr addrs[ZB_MAX_ADDRS];
    zobo_err err = ZOBO_OK;
    int sys = 0;
    if (!zb_name_literal(host, port, false, &addrs[0], &err, &sys) &&
        zb_name_lookup(host, port, addrs, &err, &sys) == 0)
        return zb_problem(why, ZOBO_EBADOPTION, 0, "cannot listen on %s: the name does not resolve", text);
    memset(ss, 0, sizeof *ss);
    memcpy(ss, addrs[0].bytes, addrs[0].len);
    *len = addrs[0].len;
    return ZOBO_OK;
}

/* bind_to makes a listening socket; -1 and errno. */
static int
bind_to(const struct sockaddr_storage *ss, socklen_t len, bool both)
{
    int one = 1, v6_only = !both;
    int fd = socket(ss->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        (ss->ss_family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) == 0) &&
        bind(fd, (const struct sockaddr *)ss, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int sys = errno;
    zb_close_fd(fd);
    errno = sys;
    return -1;
}

static const char *
cure(int sys)
{
    switch (sys) {
    case EADDRINUSE:
        return "another process listens there: end it, or choose another port (0 takes a free one)";
    case EADDRNOTAVAIL:
        return "this machine has no such address";
    case EACCES:
        return "not permitted: ports below 1024 are the administrator's";
    case EAFNOSUPPORT:
        return "this machine does not speak that version of IP";
    default:
        return strerror(sys);
    }
}

/* numeric writes an address without its port; IPv4 mapped into IPv6 as IPv4. */
static uint16_t
numeric(const struct sockaddr_storage *ss, char ip[INET6_ADDRSTRLEN])
{
    if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)ss;
        if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
            inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, ip, INET6_ADDRSTRLEN);
        else
            inet_ntop(AF_INET6, &six->sin6_addr, ip, INET6_ADDRSTRLEN);
        return ntohs(six->sin6_port);
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)ss;
    inet_ntop(AF_INET, &four->sin_addr, ip, INET6_ADDRSTRLEN);
    return ntohs(four->sin_port);
}

/* name_it says how clients on this machine reach the socket. */
static void
name_it(zs_listener *l, bool both)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    char ip[INET6_ADDRSTRLEN];
    memset(&ss, 0, sizeof ss);
    if (getsockname(l->fd, (struct sockaddr *)&ss, &len) < 0)
        return;
    l->port = numeric(&ss, ip);
    bool six = strchr(ip, ':') != NULL;
    if (strcmp(ip, "0.0.0.0") == 0 || (both && six)) {
        snprintf(ip, sizeof ip, "127.0.0.1");
        six = false;
    } else if (strcmp(ip, "::") == 0) {
        snprintf(ip, sizeof ip, "::1");
    }
    snprintf(l->host, sizeof l->host, six ? "[%s]:%u" : "%s:%u", ip, (unsigned)l->port);
}

zobo_err
zs_listen_tcp(zs_listener *out, const char *text, uint16_t port, zobo_problem *why)
{
    char host[256];
    uint16_t wanted;
    struct sockaddr_storage ss = {0};
    socklen_t len = 0;
    memset(out, 0, sizeof *out);
    out->fd = -1;
    if (!split(text, host, sizeof host, &wanted))
        return zb_problem(why, ZOBO_EBADOPTION, 0,
                          "cannot listen on \"%s\": host:port is needed, such as 127.0.0.1:2181 or [::1]:2181", text);
    if (wanted == 0)
        wanted = port;
    zobo_err err = find_address(text, host, wanted, &ss, &len, why);
    if (err)
        return err;
    bool both = host[0] == '\0';
    out->fd = bind_to(&ss, len, both);
    if (out->fd < 0 && both && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
        len = any_address(&ss, AF_INET, wanted); /* a machine without IPv6 */
        out->fd = bind_to(&ss, len, both);
    }
    if (out->fd < 0)
        return zb_problem(why, ZOBO_ESYS, 0, "cannot listen on %s: %s", text, cure(errno));
    name_it(out, both);
    return ZOBO_OK;
}

/* --- Unix --------------------------------------------------------------------------------------------------------- */

bool
zs_unix_path_fits(const char *path)
{
    return strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

/* is_alive: does somebody accept connections at this address? */
static bool
is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool alive = fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED;
    zb_close_fd(fd);
    return alive;
}

/* bind_unix binds; a file that a dead server left behind is replaced. */
static zobo_err
bind_unix(int fd, const struct sockaddr_un *address, zobo_problem *why)
{
    const char *path = address->sun_path;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return ZOBO_OK;
    if (errno != EADDRINUSE)
        return zb_problem(why, ZOBO_EFILE, 0, "cannot listen on unix:%s: %s", path, strerror(errno));
    struct stat st;
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return zb_problem(why, ZOBO_EFILE, 0, "cannot listen on unix:%s: a file that is no socket lies there", path);
    if (is_alive(address))
        return zb_problem(why, ZOBO_EFILE, 0,
                          "cannot listen on unix:%s: another server listens there: end it, or choose another path",
                          path);
    if (unlink(path) == 0 && bind(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return ZOBO_OK;
    return zb_problem(why, ZOBO_EFILE, 0, "cannot replace the dead socket unix:%s: %s", path, strerror(errno));
}

zobo_err
zs_listen_unix(zs_listener *out, const char *path, zobo_problem *why)
{
    struct sockaddr_un address;
    memset(out, 0, sizeof *out);
    out->fd = -1;
    if (!zs_unix_path_fits(path))
        return zb_problem(why, ZOBO_EBADOPTION, 0, "cannot listen on unix:%s: a socket's path has at most %zu bytes",
                          path, sizeof address.sun_path - 1);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return zb_problem(why, ZOBO_ESYS, 0, "cannot make a Unix socket: %s", strerror(errno));
    zobo_err err = bind_unix(fd, &address, why);
    struct stat st = {0};
    if (!err && (listen(fd, BACKLOG) < 0 || lstat(path, &st) < 0))
        err = zb_problem(why, ZOBO_ESYS, 0, "cannot listen on unix:%s: %s", path, strerror(errno));
    if (!err && !(out->path = zb_strndup(path, strlen(path))))
        err = zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    if (err) {
        zb_close_fd(fd);
        return err;
    }
    out->fd = fd;
    out->device = st.st_dev;
    out->inode = st.st_ino;
    snprintf(out->host, sizeof out->host, "unix:%s", path);
    return ZOBO_OK;
}

/* --- both --------------------------------------------------------------------------------------------------------- */

void
zs_listen_end(zs_listener *l)
{
    struct stat st;
    if (l->fd < 0)
        return;
    if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode)
        (void)unlink(l->path); /* what stays behind is replaced by the next server */
    zb_close_fd(l->fd);
    zb_free(l->path);
    l->fd = -1;
    l->path = NULL;
}

int
zs_accept(const zs_listener *l, char *ip, uint16_t *port, int *sys)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    int fd, one = 1;
    memset(&ss, 0, sizeof ss);
    do {
        fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) {
        *sys = errno;
        return -1;
    }
    ip[0] = '\0';
    *port = 0;
    if (!l->path) {
        *port = numeric(&ss, ip);
        /* Failure costs latency only. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    return fd;
}
