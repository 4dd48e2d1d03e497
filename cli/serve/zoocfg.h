/* SPDX-License-Identifier: Apache-2.0 */
/* ZooKeeper's configuration file, zoo.cfg, as options of our server. */
#ifndef CLI_ZOOCFG_H
#define CLI_ZOOCFG_H

#include <zobo/server.h>

#include "frame/cli.h"

struct zoocfg {
    zobo_server_options options; /* what stands for itself; strings are owned by this struct */
    char *address;               /* clientPortAddress */
    uint32_t port;               /* clientPort; 0: not given */
    char *http_address;          /* admin.serverAddress */
    uint32_t http_port;          /* admin.serverPort; 0: not given */
    bool no_http;                /* admin.enableServer=false */
};

/* zoocfg_read reads the file. What has no meaning here is warned of. Returns 0, or the exit code after telling what is
 * wrong in which line. zoocfg_free in either case. */
int zoocfg_read(const struct ctx *ctx, const char *file, struct zoocfg *out);
void zoocfg_free(struct zoocfg *cfg);

#endif
