/* SPDX-License-Identifier: Apache-2.0 */
/* The four-letter words, in ZooKeeper's shapes: programs parse them. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "server/facts.h"

typedef void word_fn(const zs_about *about, zs_conn *self, zs_bytes *out);

static void
put_address(zs_bytes *out, const zs_conn_info *info)
{
    const char *ip = *info->ip ? info->ip : "unix";
    if (strchr(ip, ':'))
        zs_add_text(out, "/[%s]:%u", ip, info->port);
    else
        zs_add_text(out, "/%s:%u", ip, info->port);
}

static void
put_connection(zs_bytes *out, const zs_conn_info *info, bool brief)
{
    zs_add_text(out, " ");
    put_address(out, info);
    zs_add_text(out, "[%d](queued=%zu,recved=%llu,sent=%llu", info->session != 0, info->queued,
                (unsigned long long)info->received, (unsigned long long)info->sent);
    if (!brief && info->session)
        zs_add_text(out,
                    ",sid=0x%llx,lop=%s,est=%lld,to=%d,lcxid=0x%x,lzxid=0x%llx,lresp=%lld,llat=%llu,minlat=%llu,"
                    "avglat=%llu,maxlat=%llu",
                    (unsigned long long)info->session, zs_op_short_name(info->last_op), (long long)info->opened_wall_ms,
                    info->timeout_ms, (unsigned)info->last_xid, (unsigned long long)info->last_zxid,
                    (long long)info->last_response_wall_ms, (unsigned long long)(info->latency_last_us / 1000),
                    (unsigned long long)(info->latency_min_us / 1000),
                    (unsigned long long)zs_conn_average_latency(info),
                    (unsigned long long)(info->latency_max_us / 1000));
    zs_add_text(out, ")\n");
}

static void
put_connections(const zs_about *about, zs_bytes *out, bool brief)
{
    for (zs_conn *c = zs_conn_next(about->engine, NULL); c; c = zs_conn_next(about->engine, c)) {
        zs_conn_info info;
        zs_conn_tell(c, &info);
        put_connection(out, &info, brief);
    }
}

static void
word_conf(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    const zs_engine_options *options = zs_engine_settings(about->engine);
    unsigned long long bytes = zs_engine_file_bytes(about->engine);
    zs_add_text(out,
                "clientPort=%u\nsecureClientPort=-1\ndataDir=%s\ndataDirSize=%llu\ndataLogDir=%s\ndataLogSize=%llu\n",
                about->port, about->data_dir, bytes, about->data_dir, bytes);
    zs_add_text(out,
                "tickTime=%u\nmaxClientCnxns=%u\nminSessionTimeout=%u\nmaxSessionTimeout=%u\n"
                "clientPortListenBacklog=-1\nserverId=0\n",
                options->tick_ms, about->max_client_cnxns, options->min_session_timeout_ms,
                options->max_session_timeout_ms);
}

static void
word_cons(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    put_connections(about, out, false);
    zs_add_text(out, "\n");
}

static void
word_crst(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    for (zs_conn *c = zs_conn_next(about->engine, NULL); c; c = zs_conn_next(about->engine, c))
        zs_conn_reset_stats(c);
    zs_add_text(out, "Connection stats reset.\n");
}

static void
word_dirs(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    unsigned long long bytes = zs_engine_file_bytes(about->engine);
    zs_add_text(out, "datadir_size: %llu\nlogdir_size: %llu\n", bytes, bytes);
}

static void
put_ephemerals(const zs_about *about, int64_t session, zs_bytes *out, size_t *sessions)
{
    uint64_t serial = 0;
    zb_buf path;
    for (bool first = true; zs_ephemeral_after(zs_engine_snapshot(about->engine), session, &serial, &path) == ZOBO_OK;
         first = false) {
        if (first) {
            ++*sessions;
            zs_add_text(out, "0x%llx:\n", (unsigned long long)session);
        }
        zs_add_text(out, "\t");
        zs_bytes_add(out, path.p, (size_t)path.n);
        zs_add_text(out, "\n");
    }
}

static void
word_dump(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_sessions *sessions = zs_engine_sessions(about->engine);
    zs_add_text(out, "SessionTracker dump:\nSession Sets (%zu)/(%zu):\n", sessions->n, sessions->n);
    zb_map_iter it;
    zb_map_iter_init(&sessions->map, &it);
    zs_bytes owned = {0};
    size_t owners = 0;
    for (zb_map_node *node; (node = zb_map_iter_next(&sessions->map, &it));) {
        const zs_session *session = ZB_CONTAINER_OF(node, zs_session, by_id);
        char when[64];
        time_t due = (time_t)((about->wall_ms + (int64_t)(session->due - sessions->turn) * ZS_SESSION_TURN_MS) / 1000);
        struct tm utc;
        if (!gmtime_r(&due, &utc) || strftime(when, sizeof when, "%a %b %d %H:%M:%S UTC %Y", &utc) == 0)
            when[0] = '\0';
        zs_add_text(out, "1 expire at %s:\n\t0x%llx\n", when, (unsigned long long)session->record.id);
        put_ephemerals(about, session->record.id, &owned, &owners);
    }
    zs_add_text(out, "ephemeral nodes dump:\nSessions with Ephemerals (%zu):\n", owners);
    zs_bytes_add(out, owned.p, owned.n);
    out->failed |= owned.failed;
    zs_bytes_free(&owned);
    zs_add_text(out, "Connections dump:\n");
    for (zs_conn *c = zs_conn_next(about->engine, NULL); c; c = zs_conn_next(about->engine, c)) {
        zs_conn_info info;
        zs_conn_tell(c, &info);
        zs_add_text(out, "\tip: ");
        put_address(out, &info);
        zs_add_text(out, " sessionId: 0x%llx\n", (unsigned long long)info.session);
    }
}

static void
put_variable(void *arg, const char *name, const char *value)
{
    zs_add_text(arg, "%s=", name);
    zs_bytes_add(arg, value, strlen(value));
    zs_add_text(arg, "\n");
}

static void
word_envi(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_add_text(out, "Environment:\n");
    zs_environment(about, put_variable, out);
}

/* ZooKeeper's mask of what is traced. Nothing is traced here, so it is only shown. */
static void
word_gtmk(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)about, (void)self;
    zs_add_text(out, "306");
}

static void
word_hash(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)about, (void)self, (void)out; /* no digests of the tree are kept: the list is empty */
}

static void
word_isro(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_add_text(out, zs_engine_health(about->engine) == ZS_HEALTHY ? "rw" : "ro");
}

static void
word_mntr(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_fact facts[ZS_FACTS_MAX];
    size_t n = zs_facts(about, facts);
    for (size_t i = 0; i < n; i++) {
        if (facts[i].kind == ZS_FACT_TEXT)
            zs_add_text(out, "zk_%s\t%s\n", facts[i].name, facts[i].text);
        else if (facts[i].kind == ZS_FACT_REAL)
            zs_add_text(out, "zk_%s\t%.4f\n", facts[i].name, facts[i].real);
        else
            zs_add_text(out, "zk_%s\t%lld\n", facts[i].name, (long long)facts[i].n);
    }
}

static void
word_ruok(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)about, (void)self;
    zs_add_text(out, "imok");
}

static void
word_srst(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_engine_reset_stats(about->engine);
    zs_add_text(out, "Server stats reset.\n");
}

static void
put_summary(const zs_about *about, zs_bytes *out)
{
    zs_stats stats;
    zs_meta meta;
    zs_engine_stats(about->engine, &stats);
    zs_engine_meta(about->engine, &meta);
    zs_add_text(out, "Latency min/avg/max: %llu/%.4f/%llu\n", (unsigned long long)(stats.latency_min_us / 1000),
                zs_average_latency(&stats), (unsigned long long)(stats.latency_max_us / 1000));
    zs_add_text(out, "Received: %llu\nSent: %llu\nConnections: %zu\nOutstanding: %zu\n",
                (unsigned long long)stats.received, (unsigned long long)stats.sent, stats.connections,
                stats.outstanding);
    zs_add_text(out, "Zxid: 0x%llx\nMode: %s\nNode count: %lld\n", (unsigned long long)meta.last_zxid,
                zs_engine_health(about->engine) == ZS_HEALTHY ? "standalone" : "read-only", (long long)meta.n_nodes);
}

static void
word_srvr(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_add_text(out, "Zookeeper version: %s\n", about->version);
    put_summary(about, out);
}

static void
word_stat(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_add_text(out, "Zookeeper version: %s\nClients:\n", about->version);
    put_connections(about, out, true);
    zs_add_text(out, "\n");
    put_summary(about, out);
}

/* --- watches --- */

static void
put_watched_path(void *arg, const char *path, size_t len, zs_watcher *who, unsigned kinds)
{
    (void)who, (void)kinds;
    zs_add_text(arg, "\t");
    zs_bytes_add(arg, path, len);
    zs_add_text(arg, "\n");
}

static void
word_wchc(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_watches *watches = zs_engine_watches(about->engine);
    for (zs_conn *c = zs_conn_next(about->engine, NULL); c; c = zs_conn_next(about->engine, c)) {
        zs_conn_info info;
        zs_conn_tell(c, &info);
        zs_watcher *who = zs_conn_watcher(c);
        if (who->n == 0)
            continue;
        zs_add_text(out, "0x%llx\n", (unsigned long long)info.session);
        zs_watches_of(watches, who, put_watched_path, out);
    }
    zs_add_text(out, "\n");
}

typedef struct by_path {
    zs_bytes *out;
    const char *path; /* of the group under way */
    size_t len;
} by_path;

static void
put_watcher(void *arg, const char *path, size_t len, zs_watcher *who, unsigned kinds)
{
    (void)kinds;
    by_path *group = arg;
    if (!group->path || len != group->len || memcmp(path, group->path, len) != 0) {
        zs_bytes_add(group->out, path, len);
        zs_add_text(group->out, "\n");
        group->path = path;
        group->len = len;
    }
    zs_conn_info info;
    zs_conn_tell(zs_conn_of_watcher(who), &info);
    zs_add_text(group->out, "\t0x%llx\n", (unsigned long long)info.session);
}

static void
word_wchp(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    by_path group = {.out = out};
    zs_watches_each(zs_engine_watches(about->engine), put_watcher, &group);
    zs_add_text(out, "\n");
}

static void
word_wchs(const zs_about *about, zs_conn *self, zs_bytes *out)
{
    (void)self;
    zs_watches_count count;
    zs_watches_counted(zs_engine_watches(about->engine), &count);
    zs_add_text(out, "%zu connections watching %zu paths\nTotal watches:%zu\n", count.watchers, count.paths,
                count.watches);
}

/* --- the table --- */

static const struct {
    char name[5];
    word_fn *answer;
} words[] = {{"conf", word_conf}, {"cons", word_cons}, {"crst", word_crst}, {"dirs", word_dirs}, {"dump", word_dump},
             {"envi", word_envi}, {"gtmk", word_gtmk}, {"hash", word_hash}, {"isro", word_isro}, {"mntr", word_mntr},
             {"ruok", word_ruok}, {"srst", word_srst}, {"srvr", word_srvr}, {"stat", word_stat}, {"stmk", word_gtmk},
             {"wchc", word_wchc}, {"wchp", word_wchp}, {"wchs", word_wchs}};

static bool
in_list(const char *list, const char *word)
{
    if (!list || strcmp(list, "*") == 0)
        return true;
    for (const char *at = list; *at;) {
        at += strspn(at, ", ");
        size_t n = strcspn(at, ", ");
        if ((n == 4 && strncmp(at, word, 4) == 0) || (n == 1 && *at == '*'))
            return true;
        at += n;
    }
    return false;
}

bool
zs_words_answer(const zs_about *about, zs_conn *self, const char *word, zs_bytes *out)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(words[i].name, word, 4) != 0)
            continue;
        if (in_list(about->words, words[i].name))
            words[i].answer(about, self, out);
        else
            zs_add_text(out, "%s is not executed because it is not in the whitelist.\n", words[i].name);
        return true;
    }
    return false;
}
