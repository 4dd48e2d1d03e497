/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas as ZooKeeper keeps them: for the subtree P there is /zookeeper/quota/P/zookeeper_limits, which the user makes
 * and sets, and beside it zookeeper_stats, whose data the server keeps up to date: quietly, no version moves. The
 * nearest prefix that has limits is the one that counts. The prefixes are kept in memory, so that a tree without quotas
 * pays one comparison for each write. */
#include "engine/exec_internal.h"

#include <stdio.h>

#include "core/path.h"

static const char quota_root[] = "/zookeeper/quota";
static const char limits_name[] = "/zookeeper_limits";
static const char stats_name[] = "/zookeeper_stats";
enum { ROOT_LEN = sizeof quota_root - 1, LOG_EVERY_MS = 60000 };

typedef struct quota {
    zb_map_node by_path;
    int64_t logged_ms; /* when it last was said to be exceeded */
    char path[];
} quota;

/* What the data of both nodes hold: -1 where nothing is said. */
typedef struct track {
    int64_t count, bytes, hard_count, hard_bytes;
} track;

/* --- the prefixes --- */

static zobo_err
add_quota(zs_writer *w, const char *path, size_t len)
{
    static const char none[] = "/zookeeper"; /* has no quota */
    if (zb_map_find(&w->quotas, path, len) || (len == sizeof none - 1 && memcmp(path, none, len) == 0))
        return ZOBO_OK;
    quota *q = zb_malloc(sizeof *q + len);
    if (!q)
        return ZOBO_ENOMEM;
    memcpy(q->path, path, len);
    q->logged_ms = INT64_MIN;
    q->by_path.key = q->path;
    q->by_path.key_len = (uint32_t)len;
    if (zb_map_add(&w->quotas, &q->by_path))
        return ZOBO_OK;
    zb_free(q);
    return ZOBO_ENOMEM;
}

static void
drop_quota(zs_writer *w, zb_map_node *node)
{
    zb_map_remove(&w->quotas, node);
    zb_free(ZB_CONTAINER_OF(node, quota, by_path));
}

void
zs_quotas_free(zs_writer *w)
{
    zb_map_iter it;
    zb_map_node *node;
    zb_map_iter_init(&w->quotas, &it);
    while ((node = zb_map_iter_next(&w->quotas, &it)) != NULL)
        drop_quota(w, node);
}

/* find_quota finds the quota that a path is under. */
static quota *
find_quota(const zs_writer *w, const char *path, size_t len)
{
    if (ZB_LIKELY(w->quotas.n == 0))
        return NULL;
    for (; len > 1; len = zb_path_parent_len(path, len)) {
        zb_map_node *node = zb_map_find(&w->quotas, path, len);
        if (node)
            return ZB_CONTAINER_OF(node, quota, by_path);
    }
    return NULL;
}

/* subject finds the path that a node at /zookeeper/quota... called `name` is about: its length, or 0. Not the root,
 * which has no quota. */
static size_t
subject(const char *path, size_t len, const char *name, const char **out)
{
    size_t name_len = strlen(name);
    if (!path || len <= ROOT_LEN + name_len || memcmp(path, quota_root, ROOT_LEN) != 0 || path[ROOT_LEN] != '/' ||
        memcmp(path + len - name_len, name, name_len) != 0)
        return 0;
    *out = path + ROOT_LEN;
    return len - ROOT_LEN - name_len;
}

zobo_err
zs_quotas_load(zs_writer *w, zs_txn *txn)
{
    zs_walk walk;
    zs_node node;
    zobo_err err = ZOBO_OK;
    zs_quotas_free(w);
    zs_walk_start(&walk, txn, quota_root, ROOT_LEN);
    while (!err && zs_walk_next(&walk, &node)) {
        const char *path;
        size_t len = subject((const char *)walk.path.p, walk.path.n, limits_name, &path);
        if (len)
            err = add_quota(w, path, len);
    }
    if (!err)
        err = walk.err;
    zs_walk_stop(&walk);
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}

/* --- limits and stats --- */

/* node_of makes the path of a quota's node, in w->name. */
static bool
node_of(zs_writer *w, const char *path, size_t len, const char *name)
{
    zs_reuse(&w->name);
    zs_bytes_add(&w->name, quota_root, ROOT_LEN);
    zs_bytes_add(&w->name, path, len);
    zs_bytes_add(&w->name, name, strlen(name));
    return !w->name.failed;
}

/* number reads digits, perhaps with a minus; -1 if there are none. */
static int64_t
number(const char *p, const char *end)
{
    bool minus = p < end && *p == '-';
    uint64_t v = 0;
    const char *digits = p + minus;
    for (p = digits; p < end && *p >= '0' && *p <= '9' && p - digits < 18; p++)
        v = v * 10 + (uint64_t)(*p - '0');
    if (p == digits)
        return -1;
    return minus ? -(int64_t)v : (int64_t)v;
}

/* read_track reads "count=N,bytes=M=;byteHardLimit=B;countHardLimit=C" in any order, whatever else is there. */
static track
read_track(zb_buf data)
{
    track t = {-1, -1, -1, -1};
    const struct {
        const char *name;
        int64_t *value;
    } keys[] = {{"count=", &t.count},
                {"bytes=", &t.bytes},
                {"countHardLimit=", &t.hard_count},
                {"byteHardLimit=", &t.hard_bytes}};
    const char *p = data.p, *end = p + (data.n > 0 ? data.n : 0);
    while (p < end) {
        const char *stop = p;
        while (stop < end && *stop != ',' && *stop != ';')
            stop++;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            size_t n = strlen(keys[i].name);
            if ((size_t)(stop - p) >= n && memcmp(p, keys[i].name, n) == 0)
                *keys[i].value = number(p + n, stop);
        }
        p = stop + (stop < end);
    }
    return t;
}

/* read_node reads a quota's node. ZOBO_ENONODE: it is not there. */
static zobo_err
read_node(zs_writer *w, zs_txn *txn, const quota *q, const char *name, zs_node *node, track *out)
{
    zb_buf data;
    if (!node_of(w, q->path, q->by_path.key_len, name))
        return ZOBO_ENOMEM;
    zobo_err err = zs_node_find(txn, (const char *)w->name.p, w->name.n, node, &data);
    if (!err)
        *out = read_track(data);
    return err;
}

/* within tells whether a value is inside its limits. The hard limit comes before the soft one, as in ZooKeeper, and a
 * soft one is only talked about. */
static bool
within(zs_change *c, quota *q, const char *what, int64_t value, int64_t soft, int64_t hard)
{
    bool is_hard = hard > -1;
    int64_t limit = is_hard ? hard : soft, now = c->request->time_ms;
    if (limit < 0 || value <= limit)
        return true;
    if (q->logged_ms == INT64_MIN || now - q->logged_ms >= LOG_EVERY_MS || now < q->logged_ms) {
        enum { SHOWN = 200 };
        q->logged_ms = now;
        ZB_LOG(&c->w->rules.log, ZOBO_LOG_WARN, "quota exceeded: %.*s: %s %lld, %s limit %lld",
               q->by_path.key_len < SHOWN ? (int)q->by_path.key_len : SHOWN, q->path, what, (long long)value,
               is_hard ? "hard" : "soft", (long long)limit);
    }
    return !is_hard || !c->w->rules.enforce_quota;
}

zobo_err
zs_quota_check(zs_change *c, const char *path, size_t len, int64_t bytes, int64_t count)
{
    quota *q = find_quota(c->w, path, len);
    zs_node node;
    track limits, stats;
    if (!q)
        return ZOBO_OK;
    zobo_err err = read_node(c->w, c->txn, q, limits_name, &node, &limits);
    if (!err)
        err = read_node(c->w, c->txn, q, stats_name, &node, &stats);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_OK : err;
    bool count_ok = !count || within(c, q, "count", stats.count + count, limits.count, limits.hard_count);
    bool bytes_ok = !bytes || within(c, q, "bytes", stats.bytes + bytes, limits.bytes, limits.hard_bytes);
    return count_ok && bytes_ok ? ZOBO_OK : ZOBO_EQUOTAEXCEEDED;
}

/* put_stats stores new numbers in the node w->name. */
static zobo_err
put_stats_at(zs_txn *txn, const char *path, size_t len, zs_node *node, int64_t count, int64_t bytes)
{
    char text[64];
    int n = snprintf(text, sizeof text, "count=%lld,bytes=%lld", (long long)count, (long long)bytes);
    zb_buf data = {text, n};
    return zs_node_put(txn, path, len, node, &data);
}

static zobo_err
put_stats(zs_change *c, zs_node *node, int64_t count, int64_t bytes)
{
    return put_stats_at(c->txn, (const char *)c->w->name.p, c->w->name.n, node, count, bytes);
}

zobo_err
zs_quota_count(zs_change *c, const char *path, size_t len, int64_t bytes, int64_t count)
{
    const quota *q = find_quota(c->w, path, len);
    zs_node node;
    track stats;
    if (!q)
        return ZOBO_OK;
    zobo_err err = read_node(c->w, c->txn, q, stats_name, &node, &stats);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_OK : err;
    return bytes || count ? put_stats(c, &node, stats.count + count, stats.bytes + bytes) : ZOBO_OK;
}

/* measure counts a subtree, its top included; nothing if there is none. */
static zobo_err
measure(zs_txn *txn, const char *path, size_t len, int64_t *count, int64_t *bytes)
{
    zs_node node;
    *count = *bytes = 0;
    zobo_err err = zs_node_find(txn, path, len, &node, NULL);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_OK : err;
    *count = 1;
    *bytes = node.data_len > 0 ? node.data_len : 0;
    zs_walk walk;
    zs_walk_start(&walk, txn, path, len);
    while (zs_walk_next(&walk, &node)) {
        ++*count;
        *bytes += node.data_len > 0 ? node.data_len : 0;
    }
    err = walk.err;
    zs_walk_stop(&walk);
    return err;
}

zobo_err
zs_quota_created(zs_change *c, const char *path, size_t len)
{
    const char *about;
    int64_t count, bytes;
    size_t n = subject(path, len, limits_name, &about);
    if (n) {
        c->w->quotas_changed = true;
        return add_quota(c->w, about, n);
    }
    n = subject(path, len, stats_name, &about);
    if (!n)
        return ZOBO_OK;
    zs_node node;
    zobo_err err = measure(c->txn, about, n, &count, &bytes);
    if (!err && !node_of(c->w, about, n, stats_name))
        err = ZOBO_ENOMEM;
    if (!err)
        err = zs_node_find(c->txn, path, len, &node, NULL);
    return err ? err : put_stats(c, &node, count, bytes);
}

void
zs_quota_deleted(zs_change *c, const char *path, size_t len)
{
    const char *about;
    size_t n = subject(path, len, limits_name, &about);
    zb_map_node *node = n ? zb_map_find(&c->w->quotas, about, n) : NULL;
    if (!node)
        return;
    c->w->quotas_changed = true;
    drop_quota(c->w, node);
}

/* recount measures what the stats node `path` is about. */
static zobo_err
recount(zs_txn *txn, const char *path, size_t len)
{
    const char *about;
    zs_node node;
    int64_t count, bytes;
    size_t n = subject(path, len, stats_name, &about);
    if (n == 0)
        return ZOBO_OK;
    zobo_err err = measure(txn, about, n, &count, &bytes);
    if (!err)
        err = zs_node_find(txn, path, len, &node, NULL);
    return err ? err : put_stats_at(txn, path, len, &node, count, bytes);
}

zobo_err
zs_quotas_recount(zs_txn *txn)
{
    zs_walk walk;
    zs_node node;
    zs_bytes paths = {0}; /* for the walk bears no changes */
    const char *about;
    zs_walk_start(&walk, txn, quota_root, ROOT_LEN);
    while (zs_walk_next(&walk, &node))
        if (subject((const char *)walk.path.p, walk.path.n, stats_name, &about))
            zs_add_buf(&paths, (zb_buf){walk.path.p, (int32_t)walk.path.n});
    zobo_err err = paths.failed ? ZOBO_ENOMEM : walk.err == ZOBO_ENONODE ? ZOBO_OK : walk.err;
    zs_walk_stop(&walk);
    zb_reader r = zb_reader_of(paths.p, paths.failed ? 0 : paths.n);
    while (!err && zb_reader_left(&r)) {
        zb_buf path = zb_get_str(&r);
        err = recount(txn, path.p, (size_t)path.n);
    }
    zs_bytes_free(&paths);
    return err;
}
