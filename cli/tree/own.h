/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that are nobody's to remove. */
#ifndef CLI_OWN_H
#define CLI_OWN_H

#include "frame/cli.h"

/* is_own tells whether `path`, however it is reached through the chroot, is a node that ZooKeeper needs itself. */
bool is_own(const struct ctx *ctx, const char *path);

/* need_removable refuses the root and ZooKeeper's own nodes: 0, or the exit code after telling. The client must be
 * there. */
int need_removable(const struct ctx *ctx, const char *path);

#endif
