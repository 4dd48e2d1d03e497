/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/pair.h"

#include <poll.h>

zobo_client *c, *other;
bool on_loop;

static int
up_as(void **state, bool loop)
{
    if (stage_up(state))
        return -1;
    on_loop = loop;
    c = loop ? loop_client() : another_client();
    other = another_client();
    return 0;
}

int
up(void **state)
{
    return up_as(state, false);
}

int
up_loop(void **state)
{
    return up_as(state, true);
}

int
down(void **state)
{
    zobo_close(c);
    zobo_close(other);
    return stage_down(state);
}

void
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

long
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

uint64_t
watches_here(void)
{
    zobo_counters k = {.size = sizeof k};
    zobo_get_counters(c, &k);
    return k.watches;
}

uint64_t
requests(void)
{
    zobo_counters k = {.size = sizeof k};
    zobo_get_counters(c, &k);
    return k.requests;
}

void
disturb(bool session)
{
    zobo_client_id id;
    zobo_err err = zobo_get_client_id(c, &id);
    if (!err)
        err = session ? zobo_server_expire(server, id.session_id) : zobo_server_drop(server, id.session_id);
    assert_true(err == ZOBO_OK || err == ZOBO_ENOTSTARTED || err == ZOBO_EUNKNOWNSESSION);
}

void
expire_session(void)
{
    int64_t was = session_of(c);
    zobo_client_id now = {.session_id = was};
    assert_ok(zobo_server_expire(server, was));
    UNTIL(zobo_get_client_id(c, &now) == ZOBO_OK && now.session_id != was && zobo_connected(c));
}

void
drop_connection(void)
{
    zobo_counters k = {.size = sizeof k};
    zobo_get_counters(c, &k);
    uint64_t before = k.connects;
    assert_ok(zobo_server_drop(server, session_of(c)));
    UNTIL((zobo_get_counters(c, &k), k.connects > before) && zobo_connected(c));
}
