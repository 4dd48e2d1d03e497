/* SPDX-License-Identifier: Apache-2.0 */
/* A session without the chroot, for what lies outside of it: quotas. */
#ifndef CLI_UNCHROOT_H
#define CLI_UNCHROOT_H

#include "cli.h"

/* need_unchrooted is need_session without the chroot of the host string, which it puts before `path` instead; `path`
 * NULL: there is none. *use is the context to go on with: `ctx`, or in a shell, whose session has the chroot, one of its
 * own. *full and *use are for end_unchrooted, in either case. */
int need_unchrooted(struct ctx *ctx, const char *path, char **full, struct ctx **use);
void end_unchrooted(struct ctx *ctx, char *full, struct ctx *use);

#endif
