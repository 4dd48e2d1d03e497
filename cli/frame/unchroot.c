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

int
need_unchrooted(struct ctx *ctx, const char *path, char **full)
{
    *full = NULL;
    int code = path == NULL ? DONE : need_path(ctx, path, false);
    if (code != DONE)
        return code;
    char *chroot = NULL;
    if (ctx->client == NULL && ctx->hosts != NULL) {
        char *at = chroot_in(ctx->hosts);
        chroot = need_copy(at[0] == ':' ? at + 1 : at);
        if (strcmp(chroot, "/") != 0 && chroot[0] != '\0')
            code = need_path(ctx, chroot, false);
        *at = '\0';
    }
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE && zobo_chroot(ctx->client)[0] != '\0')
        code = refuse(ctx, BAD_USAGE, "the session is confined to %s, and quotas lie outside: connect without a chroot",
                      zobo_chroot(ctx->client));
    if (code == DONE && path != NULL) {
        bool plain = chroot == NULL || chroot[0] == '\0' || strcmp(chroot, "/") == 0;
        bool root = !plain && strcmp(path, "/") == 0;
        size_t size = strlen(path) + (plain ? 0 : strlen(chroot)) + 1;
        *full = need_memory(size, 1);
        snprintf(*full, size, "%s%s", plain ? "" : chroot, root ? "" : path);
    }
    free(chroot);
    return code;
}
