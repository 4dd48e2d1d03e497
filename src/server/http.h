/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics and AdminServer's commands over HTTP, by libmicrohttpd. That library is loaded when HTTP is asked for: it
 * brings a TLS library along, and the start of every short command would pay for both. */
#ifndef ZS_HTTP_H
#define ZS_HTTP_H

#include "base/log.h"
#include "engine/bytes.h"

typedef struct zs_http zs_http;

/* Answers GET of `path`: appends the body. Called on a thread of the HTTP server's. Returns the status: 200, 404, 503.
 * */
typedef int zs_http_answer(void *arg, const char *path, zs_bytes *body, const char **type);

/* zs_http_open listens where zs_listen_tcp would; port 0 takes a free one. Who connects waits until zs_http_start. */
zobo_err zs_http_open(zs_http **out, const char *listen, zobo_problem *why);
/* zs_http_open_with takes libmicrohttpd's functions from that library: for tests. */
zobo_err zs_http_open_with(zs_http **out, const char *library, const char *listen, zobo_problem *why);
zobo_err zs_http_start(zs_http *http, zs_http_answer *answer, void *arg, zobo_problem *why);
uint16_t zs_http_port(const zs_http *http);
const char *zs_http_host(const zs_http *http); /* "127.0.0.1:8080" */
void zs_http_stop(zs_http *http);              /* no answer is asked for after it; NULL is fine */

#endif
