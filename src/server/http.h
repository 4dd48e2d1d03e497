/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics and AdminServer's commands over HTTP, by libmicrohttpd. That library is loaded when HTTP is asked for: it brings
 * a TLS library along, and the start of every short command would pay for both. */
#ifndef ZS_HTTP_H
#define ZS_HTTP_H

#include "base/log.h"
#include "engine/bytes.h"

typedef struct zs_http zs_http;

/* Answers GET of `path`: appends the body. Called on a thread of the HTTP server's. Returns the status: 200, 404, 503. */
typedef int zs_http_answer(void *arg, const char *path, zs_bytes *body, const char **type);

/* zs_http_start listens on "host:port", "[v6]:port"; port 0 takes a free one. */
zobo_err zs_http_start(zs_http **out, const char *listen, zs_http_answer *answer, void *arg, zobo_problem *why);
/* zs_http_start_with takes libmicrohttpd's functions from that library: for tests. */
zobo_err zs_http_start_with(zs_http **out, const char *library, const char *listen, zs_http_answer *answer, void *arg,
                            zobo_problem *why);
uint16_t zs_http_port(const zs_http *http);
void zs_http_stop(zs_http *http); /* no answer is asked for after it; NULL is fine */

#endif
