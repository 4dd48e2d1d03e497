/* SPDX-License-Identifier: Apache-2.0 */
/* One set of scenarios (adapters.c) for all loops; each loop's file gives it these. */
#ifndef ZT_ADAPTERS_H
#define ZT_ADAPTERS_H

#include <zobo/zobo.h>

typedef void loop_error_fn(void *arg, zobo_client *client, zobo_err err);

void *loop_new(void);
void loop_turn(void *loop); /* waits until something has happened, once */
void loop_free(void *loop);
void *loop_attach(void *loop, zobo_client *client, loop_error_fn *on_error, void *arg);
void loop_detach(void *link);

#endif
