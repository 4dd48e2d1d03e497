/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a client in a GLib main context. Needs a client made with zobo_options.event_loop; all of its callbacks then run
 * in the context's thread. Header-only, C and C++.
 *
 *     zobo_glib *link = zobo_glib_attach(NULL, client, NULL, NULL);
 *     ... zobo_start_async(client), g_main_loop_run(loop) ...
 *     zobo_glib_detach(link);
 *     zobo_close(client);
 */
#ifndef ZOBO_GLIB_H
#define ZOBO_GLIB_H

#include <glib-unix.h>

#include <zobo/client.h>

/* Told once if zobo_process fails (after a fork, say): the client is no longer served. */
typedef void zobo_glib_error_fn(void *arg, zobo_client *client, zobo_err err);

typedef struct zobo_glib {
    GSource *source;
    zobo_client *client;
    zobo_glib_error_fn *on_error;
    void *arg;
} zobo_glib;

static inline gboolean
zobo_glib_ready_(gint fd, GIOCondition condition, gpointer arg)
{
    zobo_glib *link = (zobo_glib *)arg;
    zobo_err err = zobo_process(link->client);
    (void)fd;
    (void)condition;
    if (err == ZOBO_OK) {
        return G_SOURCE_CONTINUE;
    }
    if (!g_source_is_destroyed(link->source) && link->on_error != NULL) {
        link->on_error(link->arg, link->client, err);
    }
    return G_SOURCE_REMOVE;
}

/* zobo_glib_attach has `context` (NULL: the default one) serve `client` until zobo_glib_detach. `on_error` may be NULL.
 *
 * Never fails (GLib aborts when memory is out). In the context's thread. */
static inline zobo_glib *
zobo_glib_attach(GMainContext *context, zobo_client *client, zobo_glib_error_fn *on_error, void *arg)
{
    zobo_glib *link = g_rc_box_new0(zobo_glib);
    link->client = client;
    link->on_error = on_error;
    link->arg = arg;
    link->source = g_unix_fd_source_new(zobo_fd(client), G_IO_IN);
    /* Caller and source hold one reference each. The cast goes through void (*)(void) because a source calls its
     * function with a signature of its own. */
    g_source_set_callback(link->source, (GSourceFunc)(void (*)(void))zobo_glib_ready_, g_rc_box_acquire(link),
                          g_rc_box_release);
    g_source_attach(link->source, context);
    return link;
}

/* zobo_glib_detach ends it; do so before zobo_close, callbacks included. NULL is ignored. In the context's thread. */
static inline void
zobo_glib_detach(zobo_glib *link)
{
    if (link != NULL) {
        g_source_destroy(link->source);
        g_source_unref(link->source);
        g_rc_box_release(link);
    }
}

#endif
