/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a client in a libevent base. Needs a client made with zobo_options.event_loop; all of its callbacks then run in
 * the base's thread. Header-only, C and C++.
 *
 *     zobo_event_link *link = zobo_event_attach(base, client, NULL, NULL);
 *     ... zobo_start_async(client), event_base_dispatch(base) ...
 *     zobo_event_detach(link);
 *     zobo_close(client);
 */
#ifndef ZOBO_LIBEVENT_H
#define ZOBO_LIBEVENT_H

#include <stdlib.h>

#include <event2/event.h>

#include <zobo/client.h>

/* Told once if zobo_process fails (after a fork, say): the client is no longer served. */
typedef void zobo_event_error_fn(void *arg, zobo_client *client, zobo_err err);

typedef struct zobo_event_link {
    struct event *event; /* NULL once detached */
    bool busy;           /* in zobo_process, where a callback may detach */
    zobo_client *client;
    zobo_event_error_fn *on_error;
    void *arg;
} zobo_event_link;

static inline void
zobo_event_ready_(evutil_socket_t fd, short what, void *arg)
{
    zobo_event_link *link = (zobo_event_link *)arg;
    zobo_err err;
    (void)fd;
    (void)what;
    link->busy = true;
    err = zobo_process(link->client);
    link->busy = false;
    if (link->event == NULL) {
        free(link);
    } else if (err != ZOBO_OK) {
        event_del(link->event);
        if (link->on_error != NULL) {
            link->on_error(link->arg, link->client, err);
        }
    }
}

/* zobo_event_attach has `base` serve `client` until zobo_event_detach. `on_error` may be NULL.
 *
 * Returns NULL when libevent refuses or memory is out. In the base's thread. */
static inline zobo_event_link *
zobo_event_attach(struct event_base *base, zobo_client *client, zobo_event_error_fn *on_error, void *arg)
{
    zobo_event_link *link = (zobo_event_link *)calloc(1, sizeof(*link));
    if (link == NULL) {
        return NULL;
    }
    link->client = client;
    link->on_error = on_error;
    link->arg = arg;
    link->event = event_new(base, zobo_fd(client), EV_READ | EV_PERSIST, zobo_event_ready_, link);
    if (link->event == NULL || event_add(link->event, NULL) != 0) {
        if (link->event != NULL) {
            event_free(link->event);
        }
        free(link);
        return NULL;
    }
    return link;
}

/* zobo_event_detach ends it; do so before zobo_close, callbacks included. NULL is ignored. In the base's thread. */
static inline void
zobo_event_detach(zobo_event_link *link)
{
    if (link == NULL) {
        return;
    }
    event_free(link->event);
    link->event = NULL;
    if (!link->busy) {
        free(link);
    }
}

#endif
