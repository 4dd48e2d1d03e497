/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* F_OFD_GETLK */
#include "local.h"
#include "clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <zobo/server.h>

/* How long a run stays when its own work is done and others use its server. */
enum { STAY_MS = 1000 };

/* knock connects to the server at the socket in the directory; -1: there is none. */
static int
knock(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/zobo.sock", dir);
    if (n < 0 || (size_t)n >= sizeof address.sun_path)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* is_locked: does a process hold the directory, which may be about to serve it, or to end? */
static bool
is_locked(const char *dir)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/lock", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    bool locked = fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    return locked;
}

/* socket_of gives the host string of the directory's server. */
static char *
socket_of(const char *dir)
{
    char *whole = realpath(dir, NULL); /* a socket's name in a host string begins with / */
    size_t size = sizeof "unix:/zobo.sock" + strlen(whole != NULL ? whole : dir);
    char *hosts = need_memory(size, 1);
    snprintf(hosts, size, "unix:%s/zobo.sock", whole != NULL ? whole : dir);
    free(whole);
    return hosts;
}

static zobo_err
start(struct ctx *ctx, zobo_problem *why)
{
    zobo_server_options options = {.size = sizeof options,
                                   .data_dir = ctx->local,
                                   .listen = "",
                                   .log = ctx->quiet ? NULL : zobo_log_stderr,
                                   .log_level = ctx->trace ? ZOBO_LOG_DEBUG : ZOBO_LOG_WARN};
    return zobo_server_start(&ctx->server, &options, why);
}

int
use_local(struct ctx *ctx)
{
    uint64_t end = now_ms() + ctx->connect_ms;
    zobo_problem why = {0};
    zobo_err err;
    const struct timespec nap = {.tv_nsec = 5000000};
    for (;;) {
        err = ZOBO_OK;
        ctx->knock = knock(ctx->local);
        if (ctx->knock < 0)
            err = start(ctx, &why);
        if (err == ZOBO_OK) {
            ctx->hosts = socket_of(ctx->local);
            return DONE;
        }
        if (err != ZOBO_EFILE || !is_locked(ctx->local) || now_ms() >= end)
            return fail_why(ctx, err, NULL, &why, NULL);
        nanosleep(&nap, NULL);
    }
}

void
stop_knocking(struct ctx *ctx)
{
    if (ctx->knock >= 0)
        close(ctx->knock);
    ctx->knock = -1;
}

void
end_local(struct ctx *ctx)
{
    stop_knocking(ctx);
    if (ctx->server != NULL && zobo_server_drain(ctx->server, STAY_MS) != ZOBO_OK && ctx->trace)
        note(ctx, "others still use the server of this run, which ends");
    zobo_server_close(ctx->server);
    ctx->server = NULL;
}
