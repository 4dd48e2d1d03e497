/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of recipes share: a server in this process, clients of it, and looks at its tree. */
#ifndef RECIPES_H
#define RECIPES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/server.h>

#include "support/record.h"
#include "support/test.h"

enum { SESSION_MS = 10000 };

static inline zobo_server *
serve_fast(void)
{
    zobo_server *server;
    zobo_problem why;
    if (zobo_server_start(&server, &(zobo_server_options){.tick_ms = 1000}, &why))
        fail_msg("%s", why.text);
    return server;
}

static inline zobo_client *
join_server(zobo_server *server)
{
    return zt_client(zobo_server_hosts(server), SESSION_MS);
}

static inline int64_t
session_of(zobo_client *c)
{
    zobo_client_id id;
    assert_ok(zobo_get_client_id(c, &id));
    return id.session_id;
}

/* The number of children of a node; -1: there is no such node. */
static inline int
children_of(zobo_client *c, const char *path)
{
    zobo_stat stat;
    zobo_err err = zobo_sync(c, "/");
    if (!err)
        err = zobo_exists(c, path, NULL, &stat);
    return err ? -1 : stat.num_children;
}

/* An event-loop client, driven by whoever calls. */
static inline zobo_client *
join_with_loop(zobo_server *server)
{
    zobo_options o = zt_options(zobo_server_hosts(server), SESSION_MS);
    o.event_loop = true;
    return zt_client_with(&o);
}

#endif
