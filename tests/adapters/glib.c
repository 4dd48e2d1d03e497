/* SPDX-License-Identifier: Apache-2.0 */
#include <zobo/adapters/zobo_glib.h>

#include "adapters.h"

void *
loop_new(void)
{
    return g_main_context_new();
}

void
loop_turn(void *loop)
{
    g_main_context_iteration(loop, TRUE);
}

void
loop_free(void *loop)
{
    g_main_context_unref(loop);
}

void *
loop_attach(void *loop, zobo_client *client, loop_error_fn *on_error, void *arg)
{
    return zobo_glib_attach(loop, client, on_error, arg);
}

void
loop_detach(void *link)
{
    zobo_glib_detach(link);
}
