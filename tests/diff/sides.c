/* SPDX-License-Identifier: Apache-2.0 */
/* The servers that are compared. */
#include "diff/diff.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zobo/server.h>

#include "support/zk.h"

/* Base64 of the SHA-1 of "super:admin". */
#define SUPER_DIGEST "super:xQJmxLMiHGwaqBvst5y6rkB6HQs="

enum { MIN_TIMEOUT_MS = 15000, MAX_TIMEOUT_MS = 60000 }; /* no session ends while a busy machine pauses */

static void
start_apache(diff_side *side, const char *more)
{
    char config[800];
    zt_zk *zk = zt_alloc(sizeof *zk);
    snprintf(config, sizeof config,
             "forceSync=no\\nsnapCount=10000000\\nminSessionTimeout=%d\\nmaxSessionTimeout=%d\\n"
             "DigestAuthenticationProvider.superDigest=" SUPER_DIGEST "\\n%s",
             MIN_TIMEOUT_MS, MAX_TIMEOUT_MS, more);
    /* Containers are not looked after: when, nobody could tell. */
    zt_zk_start_tuned(zk, 1, 2000, config, "-Dznode.container.checkIntervalMs=100000000");
    side->server = zk;
    side->port = (uint16_t)zt_zk_port(zk, 1);
}

static bool
start_embedded(diff_side *side, const char *more)
{
    zobo_server *server;
    zobo_problem why;
    zobo_server_options options = {
        .size = sizeof options,
        .tick_ms = 2000,
        .min_session_timeout_ms = MIN_TIMEOUT_MS,
        .max_session_timeout_ms = MAX_TIMEOUT_MS,
        .super_digest = SUPER_DIGEST,
        .container_check_ms = 100000000,
        .skip_acl = strcmp(more, "skip_acl") == 0,
    };
    if (zobo_server_start(&server, &options, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return false;
    }
    side->server = server;
    side->embedded = true;
    side->tells_event_zxid = true;
    side->port = zobo_server_port(server);
    return true;
}

bool
side_start(diff_side *side, const char *spec)
{
    size_t n = strcspn(spec, ":");
    side->name = spec;
    side->started_ms = (int64_t)time(NULL) * 1000;
    side_reset(side);
    if (n == 6 && strncmp(spec, "apache", n) == 0) {
        start_apache(side, spec[n] ? spec + n + 1 : "");
        return true;
    }
    if (n == 8 && strncmp(spec, "embedded", n) == 0)
        return start_embedded(side, spec[n] ? spec + n + 1 : "");
    side->tells_event_zxid = true;
    side->port = (uint16_t)strtol(spec, NULL, 10);
    return side->port != 0;
}

void
side_stop(diff_side *side)
{
    side_reset(side);
    if (side->embedded) {
        zobo_server_close(side->server);
    } else if (side->server) {
        zt_zk_stop(side->server);
        free(side->server);
    }
    side->server = NULL;
    side->embedded = false;
}
