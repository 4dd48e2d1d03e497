/* SPDX-License-Identifier: Apache-2.0 */
/* --local DIR: a server of this run's own over DIR, or the one that serves DIR already. That may be another run's: it
 * ends when nobody is connected to it. */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include "cli.h"

/* use_local sets the hosts to those of DIR's server, after starting it if there is none. Returns 0, or the exit code
 * after telling what is wrong. */
int use_local(struct ctx *ctx);
void stop_knocking(struct ctx *ctx); /* when the client is connected */
void end_local(struct ctx *ctx);

#endif
