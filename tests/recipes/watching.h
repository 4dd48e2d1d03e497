/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of watches and caches share: a server in this process; `c`, whose recipes are tested, with threads or
 * on an event loop; and `other`, which changes things. */
#ifndef ZT_WATCHING_H
#define ZT_WATCHING_H

#include "support/test.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/server.h>

static zobo_server *server;
static zobo_client *c, *other;
static bool on_loop;

/* One round of c's loop, if it has one. */
static inline void
turn(void)
{
    if (!on_loop) {
        zt_nap();
        return;
    }
    struct pollfd p = {zobo_fd(c), POLLIN, 0};
    if (poll(&p, 1, 1) > 0)
        assert_ok(zobo_process(c));
}

/* Waits until `cond` holds, and lets c work meanwhile. */
#define UNTIL(cond)                                                                                                    \
    do {                                                                                                               \
        uint64_t until_ = zt_now_ms() + ZT_SOON_MS;                                                                    \
        while (!(cond)) {                                                                                              \
            if (zt_now_ms() > until_)                                                                                  \
                fail_msg("%s:%d: does not come about: %s", __FILE__, __LINE__, #cond);                                 \
            turn();                                                                                                    \
        }                                                                                                              \
    } while (0)

static inline int
up_as(bool loop)
{
    zobo_server_options so = {.size = sizeof so};
    zobo_problem why = {0};
    on_loop = loop;
    if (zobo_server_start(&server, &so, &why)) {
        print_error("no server: %s\n", why.text);
        return -1;
    }
    zobo_options o = zt_options(zobo_server_hosts(server), 10000);
    o.event_loop = loop;
    c = zt_client_with(&o);
    other = zt_client(zobo_server_hosts(server), 10000);
    return 0;
}

static inline int
up(void **state)
{
    (void)state;
    return up_as(false);
}

static inline int
up_loop(void **state)
{
    (void)state;
    return up_as(true);
}

static inline int
down(void **state)
{
    (void)state;
    zobo_close(c);
    zobo_close(other);
    zobo_server_close(server);
    return 0;
}

/* Watches on the server, of all connections. */
static inline long
watches_on_server(void)
{
    zobo_reply *r = NULL;
    assert_ok(zobo_command_at(zobo_server_hosts(server), "wchs", 5000, &r, NULL));
    const char *at = strstr(r->data, "Total watches:");
    assert_non_null(at);
    long n = strtol(at + strlen("Total watches:"), NULL, 10);
    zobo_reply_free(r);
    return n;
}

static inline uint64_t
watches_here(void)
{
    zobo_counters k = {.size = sizeof k};
    zobo_get_counters(c, &k);
    return k.watches;
}

static inline uint64_t
requests(void)
{
    zobo_counters k = {.size = sizeof k};
    zobo_get_counters(c, &k);
    return k.requests;
}

static inline int64_t
session_of(zobo_client *client)
{
    zobo_client_id id;
    assert_ok(zobo_get_client_id(client, &id));
    return id.session_id;
}

/* What there is of a connection or a session, now, is ended; there may be none. */
static inline void
disturb(bool session)
{
    zobo_client_id id;
    zobo_err err = zobo_get_client_id(c, &id);
    if (!err)
        err = session ? zobo_server_expire(server, id.session_id) : zobo_server_drop(server, id.session_id);
    assert_true(err == ZOBO_OK || err == ZOBO_ENOTSTARTED || err == ZOBO_EUNKNOWNSESSION);
}

static inline void
expire_session(void)
{
    int64_t was = session_of(c);
    zobo_client_id now = {.session_id = was};
    assert_ok(zobo_server_expire(server, was));
    UNTIL(zobo_get_client_id(c, &now) == ZOBO_OK && now.session_id != was && zobo_connected(c));
}

static inline void
drop_connection(void)
{
    zobo_counters k = {.size = sizeof k};
    zobo_get_counters(c, &k);
    uint64_t before = k.connects;
    assert_ok(zobo_server_drop(server, session_of(c)));
    UNTIL((zobo_get_counters(c, &k), k.connects > before) && zobo_connected(c));
}

#define both_ways(test)                                                                                                \
    {#test, test, up, down, NULL},                                                                                     \
    {                                                                                                                  \
#test " (event loop)", test, up_loop, down, NULL                                                               \
    }

#endif
