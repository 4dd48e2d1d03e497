/* SPDX-License-Identifier: Apache-2.0 */
/* Long output on a terminal goes through a pager. The program's process stays the terminal's: it starts a second one,
 * which goes on with the command and writes to it. What fits on a screen is printed as it is; the rest goes to the pager,
 * and is read ahead of it, so that a session does not time out because somebody reads slowly. */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include "cli.h"

/* pager_begin returns in the process that goes on with the command, or in this one where there is nothing to page by.
 * To be called before the client is made. */
void pager_begin(struct ctx *ctx);

#endif
