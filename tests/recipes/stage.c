/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/stage.h"

zobo_server *server;
zobo_client *look;

int
stage_up(void **state)
{
    zobo_problem why;
    zobo_server_options o = {.size = sizeof o, .min_session_timeout_ms = 100, .tick_ms = 100};
    o.max_session_timeout_ms = 60000;
    (void)state;
    if (zobo_server_start(&server, &o, &why)) {
        print_error("no server: %s\n", why.text);
        return -1;
    }
    look = another_client();
    return 0;
}

int
stage_down(void **state)
{
    (void)state;
    zobo_close(look);
    zobo_server_close(server);
    return 0;
}

zobo_options
client_options(void)
{
    static const zobo_retry_policy eager = {.delay_ms = 2, .max_delay_ms = 20};
    zobo_options o = zt_options(zobo_server_hosts(server), SESSION_MS);
    o.connection_retry = &eager;
    return o;
}

zobo_client *
another_client(void)
{
    zobo_options o = client_options();
    return zt_client_with(&o);
}

zobo_client *
brief_client(void)
{
    zobo_options o = client_options();
    o.timeout_ms = BRIEF_MS;
    return zt_client_with(&o);
}

zobo_client *
loop_client(void)
{
    zobo_options o = client_options();
    o.event_loop = true;
    return zt_client_with(&o);
}

zobo_client *
patient_client(void)
{
    zobo_options o = client_options();
    o.timeout_ms = BRIEF_MS;
    o.request_timeout_ms = 250;
    return zt_client_with(&o);
}

int64_t
session_of(zobo_client *client)
{
    zobo_client_id id;
    return zobo_get_client_id(client, &id) ? 0 : id.session_id;
}

void
expire(zobo_client *client)
{
    int64_t before = session_of(client);
    assert_ok(zobo_server_expire(server, before));
    ZT_WAIT(zobo_connected(client) && session_of(client) != before && session_of(client) != 0);
}

/* Whether it is there; nothing else than an answer will do. */
bool
is_there(zobo_client *client, const char *path, zobo_stat *out)
{
    zobo_stat stat = {0};
    assert_ok(zobo_sync(client, path));
    zobo_err err = zobo_exists(client, path, NULL, &stat);
    if (err != ZOBO_ENONODE)
        assert_ok(err);
    if (out)
        *out = stat;
    return !err;
}

int
children_of(zobo_client *client, const char *path)
{
    zobo_stat stat;
    return is_there(client, path, &stat) ? stat.num_children : -1;
}

bool
has_data(zobo_client *client, const char *path, const char *data)
{
    zobo_reply *reply;
    assert_ok(zobo_sync(client, path));
    zobo_err err = zobo_get(client, path, NULL, &reply);
    bool same = !err && reply->data_len == strlen(data) && memcmp(reply->data, data, reply->data_len) == 0;
    zobo_reply_free(reply);
    return same;
}

void
assert_data(zobo_client *client, const char *path, const char *data)
{
    zobo_reply *reply;
    assert_ok(zobo_sync(client, path));
    assert_ok(zobo_get(client, path, NULL, &reply));
    assert_int_equal(reply->data_len, strlen(data));
    assert_memory_equal(reply->data, data, strlen(data));
    zobo_reply_free(reply);
}

bool
has_string(const zobo_reply *reply, const char *s)
{
    for (size_t i = 0; i < reply->n_children; i++) {
        if (strcmp(reply->children[i], s) == 0)
            return true;
    }
    return false;
}
