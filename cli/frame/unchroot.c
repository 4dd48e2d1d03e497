/* SPDX-License-Identifier: Apache-2.0 */
#include "unchroot.h"

#include <stdlib.h>
#include <string.h>

/* chroot_in finds where the chroot of a host string begins; its end if there is none. A Unix socket's path is followed
 * by ":/chroot". */
static char *
chroot_in(char *hosts)
{
    char *last = strrchr(hosts, ',');
    last = last == NULL ? hosts : last + 1;
    last += strspn(last, " \t");
    if (strncmp(last, "unix:/", 6) != 0)
        return last + strcspn(last, "/");
    char *chroot = strstr(last + 6, ":/");
    return chroot == NULL ? last + strlen(last) : chroot;
}

/* cut_chroot cuts the chroot off ctx->hosts and returns it; "" when there is none. */
static char *
cut_chroot(struct ctx *ctx)
{
    if (ctx->hosts == NULL)
        return need_copy("");
    char *at = chroot_in(ctx->hosts);
    char *chroot = need_copy(at[0] == ':' ? at + 1 : at);
    *at = '\0';
    return chroot;
}

int
need_unchrooted(struct ctx *ctx, const char *path, char **full, struct ctx **use)
{
    *full = NULL;
    *use = ctx;
    int code = path == NULL ? DONE : need_path(ctx, path, false);
    if (code != DONE)
        return code;
    if (ctx->client != NULL && zobo_chroot(ctx->client)[0] != '\0') {
        *use = need_memory(1, sizeof **use);
        another_session(ctx, *use);
    }
    char *chroot = (*use)->client == NULL ? cut_chroot(*use) : need_copy("");
    bool plain = chroot[0] == '\0' || strcmp(chroot, "/") == 0;
    if (!plain)
        code = need_path(ctx, chroot, false);
    if (code == DONE)
        code = need_session(*use);
    if (code == DONE && path != NULL) {
        bool root = !plain && strcmp(path, "/") == 0;
        size_t size = strlen(path) + strlen(chroot) + 1;
        *full = need_memory(size, 1);
        snprintf(*full, size, "%s%s", plain ? "" : chroot, root ? "" : path);
    }
    free(chroot);
    return code;
}

void
end_unchrooted(struct ctx *ctx, char *full, struct ctx *use)
{
    free(full);
    if (use == ctx)
        return;
    end_session(use);
    free(use);
}
