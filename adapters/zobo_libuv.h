/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a client in a libuv loop. Needs a client made with zobo_options.event_loop; all of its callbacks then run in the
 * loop's thread. Header-only, C and C++.
 *
 *     zobo_uv *link;
 *     zobo_uv_attach(uv_default_loop(), client, NULL, NULL, &link);
 *     ... zobo_start_async(client), uv_run(...) ...
 *     zobo_uv_detach(link);
 *     zobo_close(client);
 */
#ifndef ZOBO_LIBUV_H
#define ZOBO_LIBUV_H

#include <stdlib.h>

#include <uv.h>

#include <zobo/client.h>

/* Told once if zobo_process fails (after a fork, say): the client is no longer served. */
typedef void zobo_uv_error_fn(void *arg, zobo_client *client, zobo_err err);

typedef struct zobo_uv {
    uv_poll_t poll;
    zobo_client *client;
    zobo_uv_error_fn *on_error;
    void *arg;
} zobo_uv;

static inline void
zobo_uv_ready_(uv_poll_t *poll, int status, int events)
{
    zobo_uv *link = (zobo_uv *)poll->data;
    zobo_err err = status < 0 ? ZOBO_ESYS : zobo_process(link->client);
    (void)events;
    if (err != ZOBO_OK && !uv_is_closing((uv_handle_t *)poll)) {
        uv_poll_stop(poll);
        if (link->on_error != NULL) {
            link->on_error(link->arg, link->client, err);
        }
    }
}

static inline void
zobo_uv_closed_(uv_handle_t *handle)
{
    free(handle->data);
}

/* zobo_uv_attach has `loop` serve `client` until zobo_uv_detach. `on_error` may be NULL.
 *
 * Returns 0, or libuv's error with `*out` NULL. In the loop's thread. */
static inline int
zobo_uv_attach(uv_loop_t *loop, zobo_client *client, zobo_uv_error_fn *on_error, void *arg, zobo_uv **out)
{
    zobo_uv *link = (zobo_uv *)calloc(1, sizeof(*link));
    int rc;
    *out = NULL;
    if (link == NULL) {
        return UV_ENOMEM;
    }
    link->client = client;
    link->on_error = on_error;
    link->arg = arg;
    rc = uv_poll_init(loop, &link->poll, zobo_fd(client));
    if (rc < 0) {
        free(link);
        return rc;
    }
    link->poll.data = link;
    rc = uv_poll_start(&link->poll, UV_READABLE, zobo_uv_ready_);
    if (rc < 0) {
        uv_close((uv_handle_t *)&link->poll, zobo_uv_closed_);
        return rc;
    }
    *out = link;
    return 0;
}

/* zobo_uv_detach ends it; do so before zobo_close, callbacks included. The memory goes at the loop's next turn. NULL is
 * ignored. In the loop's thread. */
static inline void
zobo_uv_detach(zobo_uv *link)
{
    if (link != NULL) {
        uv_close((uv_handle_t *)&link->poll, zobo_uv_closed_);
    }
}

#endif
