/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP by libcurl, which is loaded when it is first needed: most commands never ask an AdminServer, and start without
 * it. It stays loaded, for a thread that was not waited for may still be in it. */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http {
    bool opened; /* http_open was called */
    bool ready;
    char problem[200]; /* when it is not: why */
    void *functions[6];
};

/* http_open loads the library; when that fails `ready` is false. One thread at a time. */
void http_open(struct http *http);

struct http_answer {
    long status; /* 0: there was no answer */
    char *bytes; /* with a NUL behind; NULL when there is none */
    size_t len;
    char problem[200]; /* when there was no answer: why, as libcurl says it */
    bool timed_out;
};

/* http_get fetches `url` within `ms`; any thread. More than `max` bytes are a problem, not an answer. The bytes are
 * freed by the caller. */
void http_get(const struct http *http, const char *url, uint32_t ms, size_t max, struct http_answer *out);

#endif
