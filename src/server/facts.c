/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "server/facts.h"
#include "wire/op.h"

void
zs_add_text(zs_bytes *out, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0)
        zs_bytes_add(out, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* ZooKeeper's abbreviations of cons. */
const char *
zs_op_short_name(int32_t op)
{
    static const struct {
        int32_t op;
        const char *name;
    } names[] = {{ZB_OP_CREATE, "CREA"},         {ZB_OP_DELETE, "DELE"},          {ZB_OP_EXISTS, "EXIS"},
                 {ZB_OP_GET_DATA, "GETD"},       {ZB_OP_SET_DATA, "SETD"},        {ZB_OP_GET_ACL, "GETA"},
                 {ZB_OP_SET_ACL, "SETA"},        {ZB_OP_GET_CHILDREN, "GETC"},    {ZB_OP_SYNC, "SYNC"},
                 {ZB_OP_PING, "PING"},           {ZB_OP_GET_CHILDREN2, "GETC"},   {ZB_OP_CHECK, "CHEC"},
                 {ZB_OP_MULTI, "MULT"},          {ZB_OP_CREATE2, "CREA"},         {ZB_OP_RECONFIG, "RECO"},
                 {ZB_OP_CREATE_SESSION, "SESS"}, {ZB_OP_CLOSE_SESSION, "CLOS"},   {ZB_OP_SET_WATCHES, "SETW"},
                 {ZB_OP_SET_WATCHES2, "SETW"},   {ZB_OP_ADD_WATCH, "ADDW"},       {ZB_OP_MULTI_READ, "MULT"},
                 {ZB_OP_CREATE_TTL, "CREA"},     {ZB_OP_CREATE_CONTAINER, "CREA"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].op == op)
            return names[i].name;
    return "NA";
}

double
zs_average_latency(const zs_stats *stats)
{
    return stats->latency_count ? (double)stats->latency_sum_us / 1e3 / (double)stats->latency_count : 0;
}

uint64_t
zs_conn_average_latency(const zs_conn_info *info)
{
    return info->received ? info->latency_sum_us / info->received / 1000 : 0;
}

static int64_t
open_descriptors(void)
{
    int64_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return -1;
    for (struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    (void)closedir(dir);
    return n - 1; /* without the directory itself */
}

static int64_t
most_descriptors(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (int64_t)limit.rlim_cur : -1;
}

static void
add(zs_fact *facts, size_t *n, const char *name, zs_fact_kind kind, int64_t value)
{
    if (*n < ZS_FACTS_MAX)
        facts[(*n)++] = (zs_fact){.name = name, .kind = kind, .n = value};
}

void
zs_environment(const zs_about *about, void (*put)(void *arg, const char *name, const char *value), void *arg)
{
    struct utsname host;
    char dir[1024];
    const char *home = getenv("HOME"), *user = getenv("USER");
    if (uname(&host) < 0)
        memset(&host, 0, sizeof host);
    put(arg, "zookeeper.version", about->version);
    put(arg, "host.name", host.nodename);
    put(arg, "os.name", host.sysname);
    put(arg, "os.arch", host.machine);
    put(arg, "os.version", host.release);
    put(arg, "user.name", user ? user : getuid() == 0 ? "root" : "");
    put(arg, "user.home", home ? home : "");
    put(arg, "user.dir", getcwd(dir, sizeof dir) ? dir : "");
}

size_t
zs_facts(const zs_about *about, zs_fact facts[ZS_FACTS_MAX])
{
    zs_stats stats;
    zs_meta meta;
    zs_watches_count watches;
    size_t n = 0;
    zs_engine_stats(about->engine, &stats);
    zs_engine_meta(about->engine, &meta);
    zs_watches_counted(zs_engine_watches(about->engine), &watches);
    bool read_only = zs_engine_health(about->engine) != ZS_HEALTHY;
    facts[n++] = (zs_fact){.name = "version", .kind = ZS_FACT_TEXT, .text = about->version};
    facts[n++] =
        (zs_fact){.name = "server_state", .kind = ZS_FACT_TEXT, .text = read_only ? "read-only" : "standalone"};
    facts[n++] = (zs_fact){.name = "avg_latency", .kind = ZS_FACT_REAL, .real = zs_average_latency(&stats)};
    add(facts, &n, "min_latency", ZS_FACT_GAUGE, (int64_t)(stats.latency_min_us / 1000));
    add(facts, &n, "max_latency", ZS_FACT_GAUGE, (int64_t)(stats.latency_max_us / 1000));
    add(facts, &n, "packets_received", ZS_FACT_COUNTER, (int64_t)stats.received);
    add(facts, &n, "packets_sent", ZS_FACT_COUNTER, (int64_t)stats.sent);
    add(facts, &n, "num_alive_connections", ZS_FACT_GAUGE, (int64_t)stats.connections);
    add(facts, &n, "outstanding_requests", ZS_FACT_GAUGE, (int64_t)stats.outstanding);
    add(facts, &n, "znode_count", ZS_FACT_GAUGE, meta.n_nodes);
    add(facts, &n, "watch_count", ZS_FACT_GAUGE, (int64_t)watches.watches);
    add(facts, &n, "ephemerals_count", ZS_FACT_GAUGE, meta.n_ephemerals);
    add(facts, &n, "approximate_data_size", ZS_FACT_GAUGE, meta.data_bytes);
    add(facts, &n, "open_file_descriptor_count", ZS_FACT_GAUGE, open_descriptors());
    add(facts, &n, "max_file_descriptor_count", ZS_FACT_GAUGE, most_descriptors());
    add(facts, &n, "global_sessions", ZS_FACT_GAUGE, (int64_t)stats.sessions);
    add(facts, &n, "local_sessions", ZS_FACT_GAUGE, 0);
    add(facts, &n, "uptime", ZS_FACT_GAUGE, (int64_t)((about->now - about->started) / 1000000));
    add(facts, &n, "auth_failed_count", ZS_FACT_COUNTER, (int64_t)stats.auth_failed);
    add(facts, &n, "connection_rejected", ZS_FACT_COUNTER, (int64_t)stats.refused);
    add(facts, &n, "connection_request_count", ZS_FACT_COUNTER, (int64_t)stats.connections_total);
    add(facts, &n, "stale_sessions_expired", ZS_FACT_COUNTER, (int64_t)stats.sessions_expired);
    add(facts, &n, "watch_bytes", ZS_FACT_GAUGE, (int64_t)watches.bytes);
    add(facts, &n, "commit_count", ZS_FACT_COUNTER, (int64_t)stats.commits);
    add(facts, &n, "read_count", ZS_FACT_COUNTER, (int64_t)stats.reads);
    add(facts, &n, "write_count", ZS_FACT_COUNTER, (int64_t)stats.writes);
    add(facts, &n, "event_count", ZS_FACT_COUNTER, (int64_t)stats.events);
    add(facts, &n, "data_file_size", ZS_FACT_GAUGE, (int64_t)zs_engine_file_bytes(about->engine));
    add(facts, &n, "read_only", ZS_FACT_GAUGE, read_only);
    return n;
}

void
zs_metrics_answer(const zs_about *about, zs_bytes *out)
{
    zs_fact facts[ZS_FACTS_MAX];
    size_t n = zs_facts(about, facts);
    for (size_t i = 0; i < n; i++) {
        if (facts[i].kind == ZS_FACT_TEXT)
            continue;
        zs_add_text(out, "# TYPE %s %s\n", facts[i].name, facts[i].kind == ZS_FACT_COUNTER ? "counter" : "gauge");
        if (facts[i].kind == ZS_FACT_REAL)
            zs_add_text(out, "%s %.6f\n", facts[i].name, facts[i].real);
        else
            zs_add_text(out, "%s %lld\n", facts[i].name, (long long)facts[i].n);
    }
}
