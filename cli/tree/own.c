/* SPDX-License-Identifier: Apache-2.0 */
#include "own.h"

#include <stdlib.h>
#include <string.h>

bool
is_own(const struct ctx *ctx, const char *path)
{
    char *full = full_path(ctx, path);
    bool own = strcmp(full, "/zookeeper") == 0 || strcmp(full, "/zookeeper/quota") == 0 ||
               strcmp(full, "/zookeeper/config") == 0;
    free(full);
    return own;
}

int
need_removable(const struct ctx *ctx, const char *path)
{
    if (strcmp(path, "/") == 0)
        return refuse(ctx, BAD_USAGE, "/: the root is not removed; name what is below it");
    return is_own(ctx, path) ? refuse(ctx, BAD_USAGE, "%s: ZooKeeper's own nodes are not removed", path) : DONE;
}
