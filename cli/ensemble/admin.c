/* SPDX-License-Identifier: Apache-2.0 */
/* Reading AdminServer's JSON. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "lines.h"
#include "members.h"

/* open_answer reads an answer; NULL when it is none, or tells of an error. */
static json_t *
open_answer(const char *text, size_t len)
{
    json_error_t why;
    json_t *all = json_loadb(text, len, 0, &why);
    if (json_is_object(all) && json_is_string(json_object_get(all, "command")) &&
        !json_is_string(json_object_get(all, "error")))
        return all;
    json_decref(all);
    return NULL;
}

static bool
get_int(const json_t *object, const char *key, int64_t *n)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return false;
    *n = json_integer_value(value);
    return true;
}

static void
take_int(const json_t *object, const char *key, int64_t *n)
{
    get_int(object, key, n);
}

/* take_fact takes a number, or a truth as 0 or 1; averages are in microseconds here. */
static void
take_fact(struct facts *out, enum fact fact, const json_t *value)
{
    if (fact == FACT_AVG_LATENCY && json_is_number(value)) {
        double ms = json_number_value(value);
        if (ms >= 0 && ms < 1e12)
            set_fact(out, fact, (int64_t)(ms * 1000 + 0.5));
    } else if (json_is_integer(value)) {
        set_fact(out, fact, json_integer_value(value));
    } else if (json_is_real(value) && json_real_value(value) > -9e15 && json_real_value(value) < 9e15) {
        set_fact(out, fact, (int64_t)json_real_value(value));
    } else if (json_is_boolean(value)) {
        set_fact(out, fact, json_is_true(value));
    }
}

static void
take_names(struct facts *out, const json_t *object)
{
    const json_t *version = json_object_get(object, "version"), *mode = json_object_get(object, "server_state");
    if (json_is_string(version))
        set_version(out, json_string_value(version), json_string_length(version));
    if (json_is_string(mode))
        set_text(&out->mode, json_string_value(mode), json_string_length(mode));
}

bool
admin_server(const char *text, size_t len, struct facts *out)
{
    static const struct {
        const char *name;
        enum fact fact;
    } names[] = {{"last_processed_zxid", FACT_ZXID},
                 {"min_latency", FACT_MIN_LATENCY},
                 {"avg_latency", FACT_AVG_LATENCY},
                 {"max_latency", FACT_MAX_LATENCY},
                 {"packets_received", FACT_RECEIVED},
                 {"packets_sent", FACT_SENT},
                 {"num_alive_client_connections", FACT_CONNECTIONS},
                 {"outstanding_requests", FACT_OUTSTANDING},
                 {"uptime", FACT_UPTIME},
                 {"fsync_threshold_exceed_count", FACT_SLOW_SYNCS}};
    json_t *all = open_answer(text, len);
    const json_t *stats = json_object_get(all, "server_stats");
    bool good = json_is_object(stats);
    take_names(out, all);
    take_names(out, stats);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        take_fact(out, names[i].fact, json_object_get(stats, names[i].name));
    take_fact(out, FACT_NODES, json_object_get(all, "node_count"));
    take_fact(out, FACT_READ_ONLY, json_object_get(all, "read_only"));
    json_decref(all);
    return good;
}

bool
admin_monitor(const char *text, size_t len, struct facts *out)
{
    json_t *all = open_answer(text, len);
    bool good = json_object_get(all, "server_state") != NULL || json_object_get(all, "version") != NULL;
    take_names(out, all);
    const char *key;
    json_t *value;
    json_object_foreach(all, key, value)
    {
        enum fact fact = monitor_fact(key, strlen(key));
        if (fact != FACT_COUNT)
            take_fact(out, fact, value);
    }
    json_decref(all);
    return good;
}

static void
take_connections(const json_t *list, struct connections *out)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const json_t *address = json_object_get(item, "remote_socket_address"),
                     *op = json_object_get(item, "last_operation");
        if (!json_is_string(address))
            continue;
        struct connection *c = add_connection(out);
        struct span name = {json_string_value(address), json_string_length(address)};
        span_skip(&name, "/");
        c->address = span_copy(name);
        take_int(item, "session_id", &c->session);
        take_int(item, "outstanding_requests", &c->queued);
        take_int(item, "packets_received", &c->received);
        take_int(item, "packets_sent", &c->sent);
        take_int(item, "established", &c->since_ms);
        take_int(item, "session_timeout", &c->timeout_ms);
        take_int(item, "last_zxid", &c->last_zxid);
        take_int(item, "min_latency", &c->min_ms);
        take_int(item, "avg_latency", &c->avg_ms);
        take_int(item, "max_latency", &c->max_ms);
        c->detailed = true;
        if (json_is_string(op) && json_string_length(op) < sizeof c->op && strcmp(json_string_value(op), "NA") != 0)
            memcpy(c->op, json_string_value(op), json_string_length(op) + 1);
    }
}

bool
admin_connections(const char *text, size_t len, struct connections *out)
{
    json_t *all = open_answer(text, len);
    const json_t *plain = json_object_get(all, "connections"), *secure = json_object_get(all, "secure_connections");
    bool good = json_is_array(plain) || json_is_array(secure);
    take_connections(plain, out);
    take_connections(secure, out);
    json_decref(all);
    return good;
}

/* take_paths takes {"72059913185329152": ["/a", "/b"], ...}. */
static bool
take_paths(json_t *object, struct session_paths *out)
{
    const char *key;
    json_t *list, *path;
    size_t i;
    int64_t id;
    json_object_foreach(object, key, list)
    {
        if (!span_int((struct span){key, strlen(key)}, &id))
            continue;
        json_array_foreach(list, i, path)
        {
            if (json_is_string(path))
                add_session_path(out, id, span_copy((struct span){json_string_value(path), json_string_length(path)}));
        }
    }
    return json_is_object(object);
}

bool
admin_dump(const char *text, size_t len, struct dump *out)
{
    json_t *all = open_answer(text, len), *list, *id;
    json_t *by_time = json_object_get(all, "expiry_time_to_session_ids");
    const char *key;
    size_t i;
    json_object_foreach(by_time, key, list)
    {
        json_array_foreach(list, i, id)
        {
            if (json_is_integer(id))
                add_session(out, json_integer_value(id), 0);
        }
    }
    bool good = take_paths(json_object_get(all, "session_id_to_ephemeral_paths"), &out->ephemerals);
    json_decref(all);
    return good;
}

bool
admin_watches(const char *text, size_t len, struct session_paths *out)
{
    json_t *all = open_answer(text, len);
    bool good = take_paths(json_object_get(all, "session_id_to_watched_paths"), out);
    json_decref(all);
    return good;
}

bool
admin_members(const char *text, size_t len, struct members *out)
{
    json_t *all = open_answer(text, len), *config = json_object_get(all, "current_config"), *item;
    const char *key;
    out->version = -1;
    json_object_foreach(config, key, item)
    {
        int64_t id;
        const char *client = json_string_value(json_object_get(item, "client_address"));
        const char *peers = json_string_value(json_array_get(json_object_get(item, "server_addresses"), 0));
        const char *kind = json_string_value(json_object_get(item, "learner_type"));
        if (!span_int((struct span){key, strlen(key)}, &id))
            continue;
        out->items = need_more(out->items, out->n + 1, sizeof *out->items);
        out->items[out->n++] = (struct member){.id = id,
                                               .client = client != NULL && client[0] != '\0' ? need_copy(client) : NULL,
                                               .peers = peers != NULL ? need_copy(peers) : NULL,
                                               .observer = kind != NULL && strcmp(kind, "observer") == 0};
    }
    bool good = json_is_object(config);
    json_decref(all);
    return good;
}
