/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/mem.h"
#include "server/http.h"

/* libmicrohttpd's functions that are used, by name. */
#define FUNCTIONS(X)                                                                                                   \
    X(MHD_start_daemon)                                                                                                \
    X(MHD_stop_daemon)                                                                                                 \
    X(MHD_create_response_from_buffer)                                                                                 \
    X(MHD_add_response_header)                                                                                         \
    X(MHD_queue_response)                                                                                              \
    X(MHD_destroy_response)

struct zs_http {
    void *library;
#define X(name) __typeof__(name) *name;
    FUNCTIONS(X)
#undef X
    struct MHD_Daemon *daemon;
    uint16_t port;
    zs_http_answer *answer;
    void *arg;
};

static zobo_err
load(zs_http *http, const char *library, zobo_problem *why)
{
    http->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!http->library)
        return zb_problem(why, ZOBO_ESYS, 0, "HTTP needs libmicrohttpd: install libmicrohttpd12 (%s)", dlerror());
#define X(name)                                                                                                        \
    {                                                                                                                  \
        void *found = dlsym(http->library, #name);                                                                     \
        if (!found)                                                                                                    \
            return zb_problem(why, ZOBO_ESYS, 0, "%s has no " #name, library);                                         \
        memcpy(&http->name, &found, sizeof found);                                                                     \
    }
    FUNCTIONS(X)
#undef X
    return ZOBO_OK;
}

static enum MHD_Result
respond(zs_http *http, struct MHD_Connection *connection, unsigned status, const char *type, const void *p, size_t n)
{
    struct MHD_Response *response =
        http->MHD_create_response_from_buffer(n, (void *)(uintptr_t)p, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    (void)http->MHD_add_response_header(response, "Content-Type", type);
    enum MHD_Result result = http->MHD_queue_response(connection, status, response);
    http->MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
           const char *upload, size_t *upload_size, void **state)
{
    (void)version, (void)upload, (void)state;
    zs_http *http = cls;
    static const char only_get[] = "only GET is answered\n";
    if (*upload_size) {
        *upload_size = 0; /* is not looked at */
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return respond(http, connection, 405, "text/plain", only_get, sizeof only_get - 1);
    zs_bytes body = {0};
    const char *type = "text/plain";
    int status = http->answer(http->arg, url, &body, &type);
    if (body.failed)
        status = 503;
    enum MHD_Result result = respond(http, connection, (unsigned)status, type, body.p, body.n);
    zs_bytes_free(&body);
    return result;
}

/* "host:port" or "[v6]:port" -> both. */
static bool
split(const char *listen, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(listen, ':');
    if (!colon || !colon[1])
        return false;
    size_t n = (size_t)(colon - listen);
    if (n >= 2 && listen[0] == '[' && listen[n - 1] == ']') {
        listen++;
        n -= 2;
    }
    if (n >= size)
        return false;
    memcpy(host, listen, n);
    host[n] = '\0';
    *port = colon + 1;
    return true;
}

static int
listen_on(const struct addrinfo *at)
{
    int one = 1, fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 && bind(fd, at->ai_addr, at->ai_addrlen) == 0 &&
        listen(fd, 64) == 0)
        return fd;
    int sys = errno;
    (void)close(fd);
    errno = sys;
    return -1;
}

static uint16_t
port_of(int fd)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &len) < 0)
        return 0;
    uint16_t port;
    if (bound.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &bound, sizeof v6);
        port = v6.sin6_port;
    } else {
        struct sockaddr_in v4;
        memcpy(&v4, &bound, sizeof v4);
        port = v4.sin_port;
    }
    return ntohs(port);
}

static zobo_err
open_socket(zs_http *http, const char *listen, int *fd, zobo_problem *why)
{
    char host[256], text[128];
    const char *port;
    if (!split(listen, host, sizeof host, &port))
        return zb_problem(why, ZOBO_EBADOPTION, 0, "%s: not host:port", listen);
    struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    int bad = getaddrinfo(*host ? host : NULL, port, &want, &found);
    if (bad)
        return zb_problem(why, ZOBO_EBADOPTION, 0, "%s: %s", listen, gai_strerror(bad));
    *fd = listen_on(found);
    int sys = errno;
    freeaddrinfo(found);
    if (*fd < 0)
        return zb_problem(why, ZOBO_ESYS, 0, "cannot listen on %s for HTTP: %s", listen,
                          strerror_r(sys, text, sizeof text));
    http->port = port_of(*fd);
    return ZOBO_OK;
}

zobo_err
zs_http_start(zs_http **out, const char *listen, zs_http_answer *answer, void *arg, zobo_problem *why)
{
    return zs_http_start_with(out, "libmicrohttpd.so.12", listen, answer, arg, why);
}

zobo_err
zs_http_start_with(zs_http **out, const char *library, const char *listen, zs_http_answer *answer, void *arg,
                   zobo_problem *why)
{
    enum { IDLE_SECONDS = 30, CONNECTIONS = 64 };
    *out = NULL;
    zs_http *http = zb_calloc(1, sizeof *http);
    if (!http)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    http->answer = answer;
    http->arg = arg;
    int fd = -1;
    zobo_err err = load(http, library, why);
    if (!err)
        err = open_socket(http, listen, &fd, why);
    if (!err) {
        http->daemon =
            http->MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, on_request, http,
                                   MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                                   MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_END);
        if (!http->daemon) {
            (void)close(fd);
            err = zb_problem(why, ZOBO_ESYS, 0, "%s: libmicrohttpd did not start", listen);
        }
    }
    if (err)
        zs_http_stop(http);
    else
        *out = http;
    return err;
}

uint16_t
zs_http_port(const zs_http *http)
{
    return http->port;
}

void
zs_http_stop(zs_http *http)
{
    if (!http)
        return;
    if (http->daemon)
        http->MHD_stop_daemon(http->daemon); /* closes the socket */
    if (http->library)
        (void)dlclose(http->library);
    zb_free(http);
}
