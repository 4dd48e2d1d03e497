/* SPDX-License-Identifier: Apache-2.0 */
/* A session without the chroot, for what lies outside of it: quotas. */
#ifndef CLI_UNCHROOT_H
#define CLI_UNCHROOT_H

#include "cli.h"

/* need_unchrooted is need_session with the chroot of the host string left out, and puts it before `path` instead; `path`
 * NULL: there is none. A session that is there already, of a shell's, cannot be changed: with a chroot it is refused.
 * *full is freed by the caller, NULL when that fails. */
int need_unchrooted(struct ctx *ctx, const char *path, char **full);

#endif
