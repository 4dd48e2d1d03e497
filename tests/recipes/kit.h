/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of parties, leases, partitioners and discovery share: a server in this process, clients of it, and
 * looks at what is on it. Each program that includes this has its own. */
#ifndef ZT_RECIPES_KIT_H
#define ZT_RECIPES_KIT_H

#include "support/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/extend.h>
#include <zobo/party.h>
#include <zobo/server.h>

#include "base/mem.h"
#include "support/record.h"

typedef struct rig {
    zobo_server *server;
    zobo_client *zk; /* to look with */
} rig;

static inline zobo_client *
rig_client(const rig *r)
{
    return zt_client(zobo_server_hosts(r->server), 4000);
}

static inline void
rig_open(rig *r)
{
    zobo_problem why;
    zobo_server_options o = {.size = sizeof o, .min_session_timeout_ms = 100, .tick_ms = 100};
    o.max_session_timeout_ms = 60000;
    if (zobo_server_start(&r->server, &o, &why))
        fail_msg("no server: %s", why.text);
    r->zk = rig_client(r);
}

static inline void
rig_close(rig *r)
{
    zobo_close(r->zk);
    zobo_server_close(r->server);
}

static inline int64_t
session_of(zobo_client *zk)
{
    zobo_client_id id;
    return zobo_get_client_id(zk, &id) ? 0 : id.session_id;
}

/* Ends the client's session on the server and waits until it has another. */
static inline void
rig_expire(rig *r, zobo_client *zk)
{
    int64_t before = session_of(zk);
    assert_ok(zobo_server_expire(r->server, before));
    ZT_WAIT(zobo_connected(zk) && session_of(zk) != before && session_of(zk) != 0);
}

/* A client that finds out that an answer is lost: by the time it takes. */
static inline zobo_client *
rig_patient_client(const rig *r)
{
    zobo_options o = zt_options(zobo_server_hosts(r->server), 4000);
    o.request_timeout_ms = 250;
    return zt_client_with(&o);
}

/* Waits for a call of such a client, whose connection is lost once, too. */
static inline zobo_err
rig_get(rig *r, zobo_client *zk, zobo_call *call, zobo_reply **out)
{
    if (zobo_call_wait(call, 100) == ZOBO_ETIMEDOUT) {
        zobo_err err = zobo_server_drop(r->server, session_of(zk));
        (void)err; /* it may be between two connections */
    }
    return zobo_call_get(call, 2 * ZT_SOON_MS, out);
}

static inline size_t
count_children(zobo_client *zk, const char *path)
{
    zobo_reply *reply;
    zobo_err err = zobo_get_children(zk, path, NULL, &reply);
    size_t n = err ? 0 : reply->n_children;
    zobo_reply_free(reply);
    return n;
}

/* Whether the node is there; *out (may be NULL) gets its stat. */
static inline bool
is_there(zobo_client *zk, const char *path, zobo_stat *out)
{
    zobo_stat stat = {0};
    bool there = zobo_exists(zk, path, NULL, &stat) == ZOBO_OK;
    if (out)
        *out = stat;
    return there;
}

static inline bool
holds(zobo_client *zk, const char *path, const char *data)
{
    zobo_reply *reply;
    zobo_err err = zobo_get(zk, path, NULL, &reply);
    bool same = !err && reply->data_len == strlen(data) && memcmp(reply->data, data, reply->data_len) == 0;
    zobo_reply_free(reply);
    return same;
}

static inline bool
has_string(const zobo_reply *reply, const char *s)
{
    for (size_t i = 0; i < reply->n_children; i++) {
        if (strcmp(reply->children[i], s) == 0)
            return true;
    }
    return false;
}

#endif
