/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <zobo/adapters/zobo_libevent.h>

#include "adapters.h"

void *
loop_new(void)
{
    struct event_base *base = event_base_new();
    if (base == NULL) {
        abort();
    }
    return base;
}

void
loop_turn(void *loop)
{
    event_base_loop(loop, EVLOOP_ONCE);
}

void
loop_free(void *loop)
{
    event_base_free(loop);
}

void *
loop_attach(void *loop, zobo_client *client, loop_error_fn *on_error, void *arg)
{
    return zobo_event_attach(loop, client, on_error, arg);
}

void
loop_detach(void *link)
{
    zobo_event_detach(link);
}
