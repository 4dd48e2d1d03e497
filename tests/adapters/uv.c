/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <zobo/adapters/zobo_libuv.h>

#include "adapters.h"

void *
loop_new(void)
{
    uv_loop_t *loop = malloc(sizeof(*loop));
    if (loop == NULL || uv_loop_init(loop) != 0) {
        abort();
    }
    return loop;
}

void
loop_turn(void *loop)
{
    uv_run(loop, UV_RUN_ONCE);
}

void
loop_free(void *loop)
{
    uv_run(loop, UV_RUN_DEFAULT); /* detached handles close in a turn of their own */
    if (uv_loop_close(loop) != 0) {
        abort();
    }
    free(loop);
}

void *
loop_attach(void *loop, zobo_client *client, loop_error_fn *on_error, void *arg)
{
    zobo_uv *link;
    return zobo_uv_attach(loop, client, on_error, arg, &link) == 0 ? link : NULL;
}

void
loop_detach(void *link)
{
    zobo_uv_detach(link);
}
