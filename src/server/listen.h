/* SPDX-License-Identifier: Apache-2.0 */
/* Where a server listens. */
#ifndef ZS_LISTEN_H
#define ZS_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/log.h"
#include "base/net.h"

enum { ZS_IP_SIZE = 46 };

typedef struct zs_listener {
    int fd;       /* -1: none */
    char *path;   /* of a Unix socket; NULL: TCP */
    dev_t device; /* the file made for it, so that only that one is removed */
    ino_t inode;
    char host[300]; /* as a client writes it: "127.0.0.1:2181", "[::1]:2181", "unix:/path" */
    uint16_t port;  /* TCP */
} zs_listener;

/* zs_listen_tcp listens on "host:port", "[v6]:port" or ":port"; a port of 0 in `text` takes `port`, which may be 0 too:
 * a free one. Errors name the address and the cure: ZOBO_EBADOPTION, ZOBO_ESYS. */
zobo_err zs_listen_tcp(zs_listener *out, const char *text, uint16_t port, zobo_problem *why);

/* zs_listen_unix listens on a Unix socket. The file of a server that is dead is replaced, that of a living one is not.
 * ZOBO_EBADOPTION: a path that is too long; ZOBO_EFILE, ZOBO_ESYS, ZOBO_ENOMEM. */
zobo_err zs_listen_unix(zs_listener *out, const char *path, zobo_problem *why);
bool zs_unix_path_fits(const char *path);

void zs_listen_end(zs_listener *l);

/* zs_accept takes one connection: the descriptor, with the peer's address in `ip` (ZS_IP_SIZE bytes; "" for a Unix
 * socket) and `port`; or -1 with errno's value in *sys: EAGAIN when there is none. */
int zs_accept(const zs_listener *l, char *ip, uint16_t *port, int *sys);

#endif
