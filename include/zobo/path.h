/* SPDX-License-Identifier: Apache-2.0 */
/* What a path may be: ZooKeeper's rules, checked before anything is sent. */
#ifndef ZOBO_PATH_H
#define ZOBO_PATH_H

#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* zobo_path_check tells whether `path` may name a node.
 *
 * It starts with '/', is not longer than 1 MiB, does not end in '/' (except "/" itself, and except when `sequence` is
 * true: the server appends a number), has no empty component and none that is "." or "..", is UTF-8, and holds no
 * character from U+0000-001F, U+007F-009F, U+D800-F8FF, U+FFF0-FFFF. Every verb checks its paths so. (kazoo accepts
 * relative paths and folds double slashes; zobo refuses them, because a path that is not what it seems is a bug.)
 *
 * Returns ZOBO_OK, or ZOBO_EBADPATH with `why` (may be NULL) naming the rule and the offending byte. Any thread.
 * Source: org.apache.zookeeper.common.PathUtils.validatePath. */
ZOBO_MUST_CHECK zobo_err zobo_path_check(const char *path, bool sequence, zobo_problem *why);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
