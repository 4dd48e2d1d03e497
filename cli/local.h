/* SPDX-License-Identifier: Apache-2.0 */
/* --local DIR: a server of this run's own over DIR, or the one that serves DIR already. */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include "cli.h"

/* use_local sets the hosts to those of DIR's server, after starting it if there is none. Returns 0, or the exit code
 * after telling what is wrong. */
int use_local(struct ctx *ctx);
void end_local(struct ctx *ctx);

#endif
