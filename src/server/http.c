/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http.h"

#include <dlfcn.h>
#include <string.h>

#include <microhttpd.h>

#include "base/mem.h"
#include "server/listen.h"

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
    zs_listener listener;
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

/* listen_on opens the socket; what is wrong is told as of HTTP's, for a server has other sockets. */
static zobo_err
listen_on(zs_http *http, const char *listen, zobo_problem *why)
{
    zobo_problem bad = {0};
    zobo_err err = zs_listen_tcp(&http->listener, listen, 0, &bad);
    return err ? zb_problem(why, err, 0, "HTTP: %s", bad.text) : ZOBO_OK;
}

zobo_err
zs_http_open(zs_http **out, const char *listen, zobo_problem *why)
{
    return zs_http_open_with(out, "libmicrohttpd.so.12", listen, why);
}

zobo_err
zs_http_open_with(zs_http **out, const char *library, const char *listen, zobo_problem *why)
{
    *out = NULL;
    zs_http *http = zb_calloc(1, sizeof *http);
    if (!http)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    http->listener.fd = -1;
    zobo_err err = load(http, library, why);
    if (!err)
        err = listen_on(http, listen, why);
    if (err)
        zs_http_stop(http);
    else
        *out = http;
    return err;
}

zobo_err
zs_http_start(zs_http *http, zs_http_answer *answer, void *arg, zobo_problem *why)
{
    enum { IDLE_SECONDS = 30, CONNECTIONS = 64 };
    http->answer = answer;
    http->arg = arg;
    http->daemon = http->MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, on_request,
                                          http, MHD_OPTION_LISTEN_SOCKET, http->listener.fd,
                                          MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                                          MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_END);
    if (!http->daemon)
        return zb_problem(why, ZOBO_ESYS, 0, "%s: libmicrohttpd did not start", http->listener.host);
    return ZOBO_OK;
}

uint16_t
zs_http_port(const zs_http *http)
{
    return http->listener.port;
}

const char *
zs_http_host(const zs_http *http)
{
    return http->listener.host;
}

void
zs_http_stop(zs_http *http)
{
    if (!http)
        return;
    if (http->daemon)
        http->MHD_stop_daemon(http->daemon); /* closes the socket */
    else
        zs_listen_end(&http->listener);
    if (http->library)
        (void)dlclose(http->library);
    zb_free(http);
}
