/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ZOBO_CURL

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>

/* Functions by their place in http->functions. */
enum { GLOBAL_INIT, EASY_INIT, EASY_SETOPT, EASY_PERFORM, EASY_GETINFO, EASY_CLEANUP, N_FUNCTIONS };
static const char *const names[N_FUNCTIONS] = {"curl_global_init",  "curl_easy_init",    "curl_easy_setopt",
                                               "curl_easy_perform", "curl_easy_getinfo", "curl_easy_cleanup"};

typedef CURLcode global_init_fn(long flags);
typedef CURL *easy_init_fn(void);
typedef CURLcode easy_setopt_fn(CURL *curl, CURLoption option, ...);
typedef CURLcode easy_perform_fn(CURL *curl);
typedef CURLcode easy_getinfo_fn(CURL *curl, CURLINFO info, ...);
typedef void easy_cleanup_fn(CURL *curl);

/* ISO C has no conversion from what dlsym returns to a function: the bytes are copied. */
#define TAKE(http, kind, which)                                                                                        \
    kind##_fn *kind;                                                                                                   \
    memcpy(&kind, &(http)->functions[which], sizeof kind)

void
http_open(struct http *http)
{
    static const char *const libraries[] = {ZOBO_CURL, "libcurl.so.4", "libcurl-gnutls.so.4"};
    *http = (struct http){.opened = true};
    void *library = NULL;
    for (size_t i = 0; library == NULL && i < sizeof libraries / sizeof libraries[0]; i++)
        library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(http->problem, sizeof http->problem, "asking it needs libcurl: install libcurl4 (%s)", dlerror());
        return;
    }
    for (size_t i = 0; i < N_FUNCTIONS; i++)
        if ((http->functions[i] = dlsym(library, names[i])) == NULL) {
            snprintf(http->problem, sizeof http->problem, "libcurl has no %s", names[i]);
            return;
        }
    TAKE(http, global_init, GLOBAL_INIT);
    http->ready = global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!http->ready)
        snprintf(http->problem, sizeof http->problem, "libcurl could not be set up");
}

struct body {
    char *bytes;
    size_t len, room, max;
    bool too_long;
};

static size_t
take_bytes(char *bytes, size_t size, size_t n, void *arg)
{
    struct body *body = arg;
    size_t len = size * n;
    if (len > body->max - body->len) {
        body->too_long = true;
        return 0;
    }
    if (body->len + len + 1 > body->room) {
        size_t room = body->room * 2 > body->len + len + 1 ? body->room * 2 : body->len + len + 1;
        char *more = realloc(body->bytes, room);
        if (more == NULL)
            return 0;
        body->bytes = more;
        body->room = room;
    }
    memcpy(body->bytes + body->len, bytes, len);
    body->len += len;
    body->bytes[body->len] = '\0';
    return len;
}

void
http_get(const struct http *http, const char *url, uint32_t ms, size_t max, struct http_answer *out)
{
    *out = (struct http_answer){0};
    if (!http->ready) {
        snprintf(out->problem, sizeof out->problem, "%s", http->problem);
        return;
    }
    TAKE(http, easy_init, EASY_INIT);
    TAKE(http, easy_setopt, EASY_SETOPT);
    TAKE(http, easy_perform, EASY_PERFORM);
    TAKE(http, easy_getinfo, EASY_GETINFO);
    TAKE(http, easy_cleanup, EASY_CLEANUP);
    CURL *curl = easy_init();
    struct body body = {.max = max};
    char text[CURL_ERROR_SIZE] = "";
    if (curl == NULL) {
        snprintf(out->problem, sizeof out->problem, "libcurl could not be set up");
        return;
    }
    easy_setopt(curl, CURLOPT_URL, url);
    easy_setopt(curl, CURLOPT_PROXY, ""); /* servers are asked, not what stands between */
    easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ms);
    easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)ms);
    easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    CURLcode result = easy_perform(curl);
    if (result == CURLE_OK)
        easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    out->timed_out = result == CURLE_OPERATION_TIMEDOUT;
    if (result == CURLE_COULDNT_CONNECT)
        snprintf(out->problem, sizeof out->problem, "nobody listens there");
    else if (out->timed_out)
        snprintf(out->problem, sizeof out->problem, "no answer in time");
    else if (body.too_long)
        snprintf(out->problem, sizeof out->problem, "the answer is longer than %zu MiB", max >> 20);
    else if (result != CURLE_OK)
        snprintf(out->problem, sizeof out->problem, "%.190s", text[0] != '\0' ? text : "the request failed");
    easy_cleanup(curl);
    if (out->status != 0) {
        out->bytes = body.bytes;
        out->len = body.len;
    } else {
        free(body.bytes);
    }
}

#else

void
http_open(struct http *http)
{
    *http = (struct http){.opened = true, .problem = "this zobo was built without libcurl, which asking it needs"};
}

void
http_get(const struct http *http, const char *url, uint32_t ms, size_t max, struct http_answer *out)
{
    (void)url, (void)ms, (void)max;
    *out = (struct http_answer){0};
    snprintf(out->problem, sizeof out->problem, "%s", http->problem);
}

#endif
