/* SPDX-License-Identifier: Apache-2.0 */
/* AdminServer's commands: JSON with ZooKeeper's names. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "server/facts.h"
#include "server/json.h"

typedef void command_fn(const zs_about *about, zs_json *json);

static void
cmd_nothing(const zs_about *about, zs_json *json)
{
    (void)about, (void)json;
}

static void
cmd_configuration(const zs_about *about, zs_json *json)
{
    const zs_engine_options *options = zs_engine_settings(about->engine);
    zs_json_int(json, "client_port", about->port);
    zs_json_text(json, "data_dir", about->data_dir);
    zs_json_text(json, "data_log_dir", about->data_dir);
    zs_json_int(json, "tick_time", options->tick_ms);
    zs_json_int(json, "max_client_cnxns", about->max_client_cnxns);
    zs_json_int(json, "min_session_timeout", options->min_session_timeout_ms);
    zs_json_int(json, "max_session_timeout", options->max_session_timeout_ms);
    zs_json_int(json, "server_id", 0);
    zs_json_int(json, "client_port_listen_backlog", -1);
}

static void
connection(zs_json *json, const zs_conn_info *info)
{
    char address[80];
    (void)snprintf(address, sizeof address, strchr(info->ip, ':') ? "[%s]:%u" : "%s:%u", *info->ip ? info->ip : "unix",
                   info->port);
    zs_json_open(json, NULL, '{');
    zs_json_text(json, "remote_socket_address", address);
    zs_json_int(json, "interest_ops", 1);
    zs_json_int(json, "outstanding_requests", (int64_t)info->queued);
    zs_json_int(json, "packets_received", (int64_t)info->received);
    zs_json_int(json, "packets_sent", (int64_t)info->sent);
    zs_json_int(json, "session_id", info->session);
    zs_json_text(json, "last_operation", zs_op_short_name(info->last_op));
    zs_json_int(json, "established", info->opened_wall_ms);
    zs_json_int(json, "session_timeout", info->timeout_ms);
    zs_json_int(json, "last_cxid", info->last_xid);
    zs_json_int(json, "last_zxid", info->last_zxid);
    zs_json_int(json, "last_response_time", info->last_response_wall_ms);
    zs_json_int(json, "last_latency", (int64_t)(info->latency_last_us / 1000));
    zs_json_int(json, "min_latency", (int64_t)(info->latency_min_us / 1000));
    zs_json_int(json, "avg_latency", (int64_t)zs_conn_average_latency(info));
    zs_json_int(json, "max_latency", (int64_t)(info->latency_max_us / 1000));
    zs_json_close(json, '}');
}

static void
cmd_connections(const zs_about *about, zs_json *json)
{
    zs_json_open(json, "connections", '[');
    for (zs_conn *c = zs_conn_next(about->engine, NULL); c; c = zs_conn_next(about->engine, c)) {
        zs_conn_info info;
        zs_conn_tell(c, &info);
        if (info.session)
            connection(json, &info);
    }
    zs_json_close(json, ']');
    zs_json_open(json, "secure_connections", '[');
    zs_json_close(json, ']');
}

static void
cmd_connection_stat_reset(const zs_about *about, zs_json *json)
{
    (void)json;
    for (zs_conn *c = zs_conn_next(about->engine, NULL); c; c = zs_conn_next(about->engine, c))
        zs_conn_reset_stats(c);
}

static void
cmd_dirs(const zs_about *about, zs_json *json)
{
    zs_json_int(json, "datadir_size", (int64_t)zs_engine_file_bytes(about->engine));
    zs_json_int(json, "logdir_size", (int64_t)zs_engine_file_bytes(about->engine));
}

static void
session_key(char key[24], int64_t id)
{
    (void)snprintf(key, 24, "%lld", (long long)id);
}

/* When a session ends, unless it is heard of. */
typedef struct expiry {
    int64_t at_ms, id;
} expiry;

static int
by_time(const void *a, const void *b)
{
    const expiry *x = a, *y = b;
    return x->at_ms != y->at_ms ? (x->at_ms < y->at_ms ? -1 : 1) : (x->id > y->id) - (x->id < y->id);
}

static void
put_expiries(const zs_about *about, zs_json *json)
{
    zs_sessions *sessions = zs_engine_sessions(about->engine);
    expiry *all = zb_malloc((sessions->n + 1) * sizeof *all);
    size_t n = 0;
    zb_map_iter it;
    char key[24];
    if (!all) {
        json->out->failed = true;
        return;
    }
    zb_map_iter_init(&sessions->map, &it);
    for (zb_map_node *node; n < sessions->n && (node = zb_map_iter_next(&sessions->map, &it));) {
        const zs_session *session = ZB_CONTAINER_OF(node, zs_session, by_id);
        all[n++] = (expiry){about->wall_ms + (int64_t)(session->due - sessions->turn) * ZS_SESSION_TURN_MS,
                            session->record.id};
    }
    qsort(all, n, sizeof *all, by_time);
    zs_json_open(json, "expiry_time_to_session_ids", '{');
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || all[i].at_ms != all[i - 1].at_ms) {
            session_key(key, all[i].at_ms);
            zs_json_open(json, key, '[');
        }
        zs_json_int(json, NULL, all[i].id);
        if (i + 1 == n || all[i].at_ms != all[i + 1].at_ms)
            zs_json_close(json, ']');
    }
    zs_json_close(json, '}');
    zb_free(all);
}

static void
cmd_dump(const zs_about *about, zs_json *json)
{
    put_expiries(about, json);
    zs_sessions *sessions = zs_engine_sessions(about->engine);
    zb_map_iter it;
    char key[24];
    zs_json_open(json, "session_id_to_ephemeral_paths", '{');
    zb_map_iter_init(&sessions->map, &it);
    for (zb_map_node *node; (node = zb_map_iter_next(&sessions->map, &it));) {
        int64_t id = ZB_CONTAINER_OF(node, zs_session, by_id)->record.id;
        uint64_t serial = 0;
        zb_buf path;
        bool any = false;
        while (zs_ephemeral_after(zs_engine_snapshot(about->engine), id, &serial, &path) == ZOBO_OK) {
            if (!any) {
                session_key(key, id);
                zs_json_open(json, key, '[');
                any = true;
            }
            zs_json_bytes(json, NULL, path.p, (size_t)path.n);
        }
        if (any)
            zs_json_close(json, ']');
    }
    zs_json_close(json, '}');
}

static void
put_variable(void *arg, const char *name, const char *value)
{
    zs_json_text(arg, name, value);
}

static void
cmd_environment(const zs_about *about, zs_json *json)
{
    zs_environment(about, put_variable, json);
}

static void
cmd_get_trace_mask(const zs_about *about, zs_json *json)
{
    (void)about;
    zs_json_int(json, "tracemask", 306);
}

static void
cmd_hash(const zs_about *about, zs_json *json)
{
    (void)about;
    zs_json_open(json, "digests", '[');
    zs_json_close(json, ']');
}

static void
cmd_is_read_only(const zs_about *about, zs_json *json)
{
    zs_json_bool(json, "read_only", zs_engine_health(about->engine) != ZS_HEALTHY);
}

static void
cmd_monitor(const zs_about *about, zs_json *json)
{
    zs_fact facts[ZS_FACTS_MAX];
    size_t n = zs_facts(about, facts);
    for (size_t i = 0; i < n; i++) {
        if (facts[i].kind == ZS_FACT_TEXT)
            zs_json_text(json, facts[i].name, facts[i].text);
        else if (facts[i].kind == ZS_FACT_REAL)
            zs_json_real(json, facts[i].name, facts[i].real);
        else
            zs_json_int(json, facts[i].name, facts[i].n);
    }
}

static void
cmd_server_stats(const zs_about *about, zs_json *json)
{
    zs_stats stats;
    zs_meta meta;
    zs_engine_stats(about->engine, &stats);
    zs_engine_meta(about->engine, &meta);
    zs_json_text(json, "version", about->version);
    zs_json_bool(json, "read_only", zs_engine_health(about->engine) != ZS_HEALTHY);
    zs_json_open(json, "server_stats", '{');
    zs_json_int(json, "packets_sent", (int64_t)stats.sent);
    zs_json_int(json, "packets_received", (int64_t)stats.received);
    zs_json_int(json, "data_dir_size", (int64_t)zs_engine_file_bytes(about->engine));
    zs_json_int(json, "log_dir_size", (int64_t)zs_engine_file_bytes(about->engine));
    zs_json_text(json, "server_state", "standalone");
    zs_json_int(json, "last_processed_zxid", meta.last_zxid);
    zs_json_int(json, "outstanding_requests", (int64_t)stats.outstanding);
    zs_json_real(json, "avg_latency", zs_average_latency(&stats));
    zs_json_int(json, "max_latency", (int64_t)(stats.latency_max_us / 1000));
    zs_json_int(json, "min_latency", (int64_t)(stats.latency_min_us / 1000));
    zs_json_int(json, "num_alive_client_connections", (int64_t)stats.connections);
    zs_json_int(json, "uptime", (int64_t)((about->now - about->started) / 1000000));
    zs_json_int(json, "auth_failed_count", (int64_t)stats.auth_failed);
    zs_json_close(json, '}');
    zs_json_int(json, "node_count", meta.n_nodes);
}

static void
cmd_stats(const zs_about *about, zs_json *json)
{
    cmd_server_stats(about, json);
    cmd_connections(about, json);
}

static void
cmd_stat_reset(const zs_about *about, zs_json *json)
{
    (void)json;
    zs_engine_reset_stats(about->engine);
}

static void
cmd_voting_view(const zs_about *about, zs_json *json)
{
    (void)about;
    zs_json_open(json, "current_config", '{');
    zs_json_close(json, '}');
}

static void
put_path(void *arg, const char *path, size_t len, zs_watcher *who, unsigned kinds)
{
    (void)who, (void)kinds;
    zs_json_bytes(arg, NULL, path, len);
}

static void
cmd_watches(const zs_about *about, zs_json *json)
{
    char key[24];
    zs_json_open(json, "session_id_to_watched_paths", '{');
    for (zs_conn *c = zs_conn_next(about->engine, NULL); c; c = zs_conn_next(about->engine, c)) {
        zs_watcher *who = zs_conn_watcher(c);
        zs_conn_info info;
        zs_conn_tell(c, &info);
        if (who->n == 0)
            continue;
        session_key(key, info.session);
        zs_json_open(json, key, '[');
        zs_watches_of(zs_engine_watches(about->engine), who, put_path, json);
        zs_json_close(json, ']');
    }
    zs_json_close(json, '}');
}

typedef struct by_path {
    zs_json *json;
    const char *path;
    size_t len;
} by_path;

static void
put_session(void *arg, const char *path, size_t len, zs_watcher *who, unsigned kinds)
{
    (void)kinds;
    by_path *group = arg;
    if (!group->path || len != group->len || memcmp(path, group->path, len) != 0) {
        if (group->path)
            zs_json_close(group->json, ']');
        zs_json_open_bytes(group->json, path, len, '[');
        group->path = path;
        group->len = len;
    }
    zs_conn_info info;
    zs_conn_tell(zs_conn_of_watcher(who), &info);
    zs_json_int(group->json, NULL, info.session);
}

static void
cmd_watches_by_path(const zs_about *about, zs_json *json)
{
    by_path group = {.json = json};
    zs_json_open(json, "path_to_session_ids", '{');
    zs_watches_each(zs_engine_watches(about->engine), put_session, &group);
    if (group.path)
        zs_json_close(json, ']');
    zs_json_close(json, '}');
}

static void
cmd_watch_summary(const zs_about *about, zs_json *json)
{
    zs_watches_count count;
    zs_watches_counted(zs_engine_watches(about->engine), &count);
    zs_json_int(json, "num_connections", (int64_t)count.watchers);
    zs_json_int(json, "num_paths", (int64_t)count.paths);
    zs_json_int(json, "num_total_watches", (int64_t)count.watches);
}

static void
cmd_zabstate(const zs_about *about, zs_json *json)
{
    (void)about;
    zs_json_bool(json, "voting", false);
    zs_json_text(json, "zabstate", "");
}

/* --- the table --- */

static const struct {
    const char *name;
    const char *aliases[2];
    command_fn *answer;
} commands[] = {{"configuration", {"conf", "config"}, cmd_configuration},
                {"connection_stat_reset", {"crst"}, cmd_connection_stat_reset},
                {"connections", {"cons"}, cmd_connections},
                {"dirs", {NULL}, cmd_dirs},
                {"dump", {NULL}, cmd_dump},
                {"environment", {"env", "envi"}, cmd_environment},
                {"get_trace_mask", {"gtmk"}, cmd_get_trace_mask},
                {"hash", {NULL}, cmd_hash},
                {"is_read_only", {"isro"}, cmd_is_read_only},
                {"monitor", {"mntr"}, cmd_monitor},
                {"ruok", {NULL}, cmd_nothing},
                {"server_stats", {"srvr"}, cmd_server_stats},
                {"stat_reset", {"srst"}, cmd_stat_reset},
                {"stats", {"stat"}, cmd_stats},
                {"voting_view", {NULL}, cmd_voting_view},
                {"watch_summary", {"wchs"}, cmd_watch_summary},
                {"watches", {"wchc"}, cmd_watches},
                {"watches_by_path", {"wchp"}, cmd_watches_by_path},
                {"zabstate", {NULL}, cmd_zabstate}};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static bool
is_called(size_t i, const char *name)
{
    for (size_t a = 0; a < 2; a++)
        if (commands[i].aliases[a] && strcmp(commands[i].aliases[a], name) == 0)
            return true;
    return strcmp(commands[i].name, name) == 0;
}

bool
zs_admin_answer(const zs_about *about, const char *name, zs_bytes *out)
{
    if (!*name) {
        for (size_t i = 0; i < N_COMMANDS; i++)
            zs_add_text(out, "<a href=\"/commands/%s\">%s</a>\n<br/>\n", commands[i].name, commands[i].name);
        return true;
    }
    zs_json json = {.out = out};
    size_t i = 0;
    while (i < N_COMMANDS && !is_called(i, name))
        i++;
    zs_json_open(&json, NULL, '{');
    if (i < N_COMMANDS) {
        commands[i].answer(about, &json);
        zs_json_text(&json, "command", commands[i].name);
        zs_json_null(&json, "error");
    } else {
        char text[200];
        (void)snprintf(text, sizeof text, "Unknown command: %.150s", name);
        zs_json_text(&json, "command", name);
        zs_json_text(&json, "error", text);
    }
    zs_json_close(&json, '}');
    zs_add_text(out, "\n");
    return i < N_COMMANDS;
}
