/* SPDX-License-Identifier: Apache-2.0 */
/* The host string, and which server to try next.
 *
 * A round goes once over all servers, in an order shuffled anew for each round unless asked not to. Within a round each
 * server's name is resolved when its turn comes, and each of its addresses is tried. */
#ifndef ZB_HOSTS_H
#define ZB_HOSTS_H

#include <zobo/types.h>

#include "base/rng.h"

typedef struct zb_host {
    char *name;    /* host name, address without brackets, or socket path; owned */
    uint16_t port; /* 0 for Unix sockets */
    bool is_unix;
    zobo_err last_err; /* what came of the last try; ZOBO_OK: not tried */
    int last_errno;    /* the system's number, 0 for none */
} zb_host;

typedef struct zb_hosts {
    zb_host *items;
    size_t n;
    char *chroot;  /* "" or "/a/b"; owned */
    char *text;    /* the string as given; owned */
    size_t *order; /* n indexes: this round */
    size_t next;   /* place in `order` of the next server; n: the round is over */
} zb_hosts;

enum { ZB_DEFAULT_PORT = 2181, ZB_MAX_HOSTS = 1024, ZB_MAX_SOCKET_PATH = 107, ZB_HOST_TEXT = 300 };

/* zb_hosts_parse reads "h1:p,h2,[v6]:p/chroot" or "unix:/path[:/chroot]" (also mixed, the chroot comes last). Host
 * names are lower-cased, spaces around entries and empty chroots ("/") are accepted; the chroot must be a valid path
 * (double and trailing slashes are folded, as in kazoo). The path of a Unix socket ends at ',' or ":/". `text` NULL is
 * "127.0.0.1:2181".
 *
 * Errors: ZOBO_EBADHOSTS with why->offset at the byte, ZOBO_ENOMEM. On error *h is zeroed. */
zobo_err zb_hosts_parse(zb_hosts *h, const char *text, zobo_problem *why);
void zb_hosts_free(zb_hosts *h);

/* zb_hosts_begin starts a round. */
void zb_hosts_begin(zb_hosts *h, zb_rng *rng, bool ordered);

/* zb_hosts_next gives the index of the next server of this round, or -1 when it is over. */
long zb_hosts_next(zb_hosts *h);

/* zb_hosts_describe writes "name:port" ("[v6]:port", "unix:/path"); ZB_HOST_TEXT bytes are enough. Returns the length
 * without the NUL. */
size_t zb_hosts_describe(const zb_host *host, char *buf, size_t size);

#endif
