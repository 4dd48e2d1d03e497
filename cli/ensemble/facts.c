/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"

#include <stdlib.h>
#include <string.h>

static const char *const monitor_names[FACT_COUNT] = {
    [FACT_MIN_LATENCY] = "min_latency",
    [FACT_AVG_LATENCY] = "avg_latency",
    [FACT_MAX_LATENCY] = "max_latency",
    [FACT_RECEIVED] = "packets_received",
    [FACT_SENT] = "packets_sent",
    [FACT_CONNECTIONS] = "num_alive_connections",
    [FACT_OUTSTANDING] = "outstanding_requests",
    [FACT_NODES] = "znode_count",
    [FACT_WATCHES] = "watch_count",
    [FACT_EPHEMERALS] = "ephemerals_count",
    [FACT_DATA_SIZE] = "approximate_data_size",
    [FACT_SESSIONS] = "global_sessions",
    [FACT_UPTIME] = "uptime",
    [FACT_SLOW_SYNCS] = "fsync_threshold_exceed_count",
    [FACT_LONGEST_SYNC] = "max_fsynctime",
    [FACT_OPEN_FILES] = "open_file_descriptor_count",
    [FACT_MAX_FILES] = "max_file_descriptor_count",
    [FACT_SYNCED_FOLLOWERS] = "synced_followers",
    [FACT_READ_ONLY] = "read_only",
};

enum fact
monitor_fact(const char *name, size_t len)
{
    size_t f = 0;
    while (f < FACT_COUNT &&
           (monitor_names[f] == NULL || strlen(monitor_names[f]) != len || memcmp(monitor_names[f], name, len) != 0))
        f++;
    return (enum fact)f;
}

void
set_fact(struct facts *facts, enum fact fact, int64_t n)
{
    facts->known[fact] = true;
    facts->n[fact] = n;
}

void
set_text(char **to, const char *text, size_t len)
{
    free(*to);
    *to = need_memory(len + 1, 1);
    if (len > 0)
        memcpy(*to, text, len);
}

/* "3.8.0-abcdef, built on ..." and "3.8.0--1, ..." are version 3.8.0. */
void
set_version(struct facts *facts, const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] != ',' && text[n] != ' ' && !(text[n] == '-' && n > 0))
        n++;
    set_text(&facts->version, text, n);
}

void
facts_free(struct facts *facts)
{
    free(facts->version);
    free(facts->mode);
    *facts = (struct facts){0};
}

struct connection *
add_connection(struct connections *to)
{
    if (to->n == to->room) {
        to->room = to->room == 0 ? 64 : to->room * 2;
        to->items = need_more(to->items, to->room, sizeof *to->items);
    }
    to->items[to->n] = (struct connection){0};
    return &to->items[to->n++];
}

void
connections_free(struct connections *connections)
{
    for (size_t i = 0; i < connections->n; i++)
        free(connections->items[i].address);
    free(connections->items);
    *connections = (struct connections){0};
}

void
add_session_path(struct session_paths *to, int64_t session, char *path)
{
    if (to->n == to->room) {
        to->room = to->room == 0 ? 64 : to->room * 2;
        to->items = need_more(to->items, to->room, sizeof *to->items);
    }
    to->items[to->n++] = (struct session_path){.session = session, .path = path};
}

void
session_paths_free(struct session_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->items[i].path);
    free(paths->items);
    *paths = (struct session_paths){0};
}

void
add_session(struct dump *to, int64_t id, int64_t timeout_ms)
{
    if (to->n == to->room) {
        to->room = to->room == 0 ? 64 : to->room * 2;
        to->sessions = need_more(to->sessions, to->room, sizeof *to->sessions);
    }
    to->sessions[to->n++] = (struct session){.id = id, .timeout_ms = timeout_ms};
}

void
dump_free(struct dump *dump)
{
    free(dump->sessions);
    session_paths_free(&dump->ephemerals);
    *dump = (struct dump){0};
}

#define EITHER(what, type)                                                                                             \
    bool parse_##what(const struct answer *answer, type *out)                                                          \
    {                                                                                                                  \
        return answer->via == VIA_WORD    ? words_##what(answer->bytes, answer->len, out)                              \
               : answer->via == VIA_ADMIN ? admin_##what(answer->bytes, answer->len, out)                              \
                                          : false;                                                                     \
    }
EITHER(server, struct facts)
EITHER(monitor, struct facts)
EITHER(connections, struct connections)
EITHER(dump, struct dump)
EITHER(watches, struct session_paths)

bool
read_facts(const struct asked *asked, struct facts *out)
{
    *out = (struct facts){0};
    bool server = parse_server(&asked->answers[TOPIC_SERVER], out);
    bool monitor = parse_monitor(&asked->answers[TOPIC_MONITOR], out);
    return server || monitor;
}

int64_t
zxid_lag(int64_t behind, int64_t ahead)
{
    uint64_t b = (uint64_t)behind, a = (uint64_t)ahead;
    if (b >= a)
        return 0;
    return (int64_t)(b >> 32 == a >> 32 ? a - b : a & 0xFFFFFFFF);
}
