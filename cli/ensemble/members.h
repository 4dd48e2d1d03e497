/* SPDX-License-Identifier: Apache-2.0 */
/* The ensemble's members, as its configuration names them. */
#ifndef CLI_MEMBERS_H
#define CLI_MEMBERS_H

#include "ensemble.h"

struct member {
    int64_t id;
    char *spec;   /* what stands behind "server.N="; NULL when only AdminServer was asked */
    char *client; /* host:port for clients, the server's own host where the configuration says any; NULL: not in it */
    char *peers;  /* host:port of its peers' connections; or NULL */
    bool observer;
};

struct members {
    struct member *items;
    size_t n;
    int64_t version; /* -1: not told */
};

/* parse_members reads what a server said to TOPIC_MEMBERS, parse_config the data of /zookeeper/config or the lines of a
 * zoo.cfg. False when it is none. A server that stands alone has no members. members_free in either case. */
bool parse_members(const struct answer *answer, struct members *out);
bool parse_config(const char *text, size_t len, struct members *out);
void members_free(struct members *members);

/* same_members tells whether two say the same. */
bool same_members(const struct members *a, const struct members *b);

#endif
