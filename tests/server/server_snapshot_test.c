/* SPDX-License-Identifier: Apache-2.0 */
/* Export, import and backup without a server of Apache's: there and back, under load, and from files that are damaged
 * in every way. What Apache ZooKeeper makes of them: integration/snapshot_test.c. */
#include "server.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/digest.h"
#include "engine/exec_internal.h"
#include "engine/store_internal.h"
#include "snapshot/snapshot.h"
#include "support/apart.h"
#include "support/record.h"
#include "support/tree.h"

/* --- directories --- */

/* In memory where that can be had: thousands of data files are made. */
static void
make_base(char base[40])
{
    snprintf(base, 40, "%s/zobo-snap-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(base));
}

static void
remove_tree(const char *path)
{
    DIR *d = opendir(path);
    if (d) {
        for (struct dirent *e; (e = readdir(d));) {
            char below[400];
            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                continue;
            snprintf(below, sizeof below, "%s/%s", path, e->d_name);
            remove_tree(below);
        }
        closedir(d);
    }
    (void)remove(path);
}

typedef char name[300];

static const char *
in(name out, const char *dir, const char *file)
{
    snprintf(out, sizeof(name), "%s/%s", dir, file);
    return out;
}

static void
write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(n ? fwrite(p, 1, n, f) : 0, n);
    assert_int_equal(fclose(f), 0);
}

static bool
exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* --- there and back --- */

static zobo_server *
serve_at(const char *dir)
{
    zobo_server_options o = server_options();
    o.data_dir = dir;
    return serve(&o);
}

static void
test_there_and_back(void **state)
{
    (void)state;
    char base[40];
    name data, out, again, thrice;
    make_base(base);
    in(data, base, "data"), in(out, base, "deep/er/out"), in(again, base, "again"), in(thrice, base, "copy");
    zobo_server *server = serve_at(data);
    zobo_client *c = zt_client(zobo_server_hosts(server), 30000);
    zt_tree before, after;
    zobo_snapshot_result wrote, read;
    zobo_problem why;
    zt_tree_plant(c);
    zt_tree_read(&before, c);
    zobo_err err = zt_apart(ZT_EXPORT, data, out, 0, &wrote, &why, NULL);
    if (err)
        fail_msg("%s", why.text);
    assert_int_equal(wrote.nodes, before.n);
    assert_int_equal(wrote.sessions, 1);
    assert_int_equal(wrote.ephemerals, 3);
    assert_int_equal(wrote.ttl_nodes, 2);
    assert_ok(zt_apart(ZT_BACKUP, data, thrice, 0, &read, &why, NULL));
    assert_int_equal(read.zxid, wrote.zxid);
    assert_int_equal(read.nodes, wrote.nodes);
    zobo_client_id id;
    assert_ok(zobo_get_client_id(c, &id));
    zobo_close(c);
    zobo_server_close(server);

    assert_ok(zobo_snapshot_import(out, NULL, again, NULL, &read, &why));
    assert_int_equal(read.nodes, wrote.nodes);
    assert_int_equal(read.sessions, 1);
    assert_int_equal(read.ephemerals, 3);
    assert_int_equal(read.ttl_nodes, 2);
    assert_int_equal(read.zxid, wrote.zxid);
    const char *const dirs[] = {again, thrice};
    for (int i = 0; i < 2; i++) {
        server = serve_at(dirs[i]);
        c = zt_client(zobo_server_hosts(server), 30000);
        zt_tree_login(c);
        zt_tree_read(&after, c);
        zt_tree_same(&before, &after, NULL);
        zt_tree_free(&after);
        zobo_reply *r;
        assert_ok(zobo_create(c, "/t/seq/n-", "", 0, &(zobo_create_options){.sequence = true}, &r));
        assert_string_equal(r->path, "/t/seq/n-0000000005");
        zobo_reply_free(r);
        assert_ok(zobo_server_expire(server, id.session_id)); /* the session came along, and so it ends */
        ZT_WAIT(zobo_exists(c, "/t/eph", NULL, NULL) == ZOBO_ENONODE);
        zobo_close(c);
        zobo_server_close(server);
    }
    zt_tree_free(&before);
    remove_tree(base);
}

/* --- under load --- */

typedef struct load {
    zobo_client *client;
    atomic_bool stop;
    atomic_int acknowledged;
} load;

/* Pairs: /x/n and /y/n by one transaction, so that a copy that is not of one moment shows. */
static void *
write_pairs(void *arg)
{
    load *l = arg;
    for (int i = 0; !atomic_load(&l->stop); i++) {
        zobo_transaction *tx;
        char x[32], y[32];
        snprintf(x, sizeof x, "/x/%d", i);
        snprintf(y, sizeof y, "/y/%d", i);
        if (zobo_transaction_new(l->client, &tx))
            break;
        zobo_err err = zobo_transaction_create(tx, x, "x", 1, NULL);
        if (!err)
            err = zobo_transaction_create(tx, y, "y", 1, NULL);
        if (!err)
            err = zobo_transaction_commit(tx, NULL);
        zobo_transaction_free(tx);
        if (err)
            break;
        atomic_fetch_add(&l->acknowledged, 1);
    }
    return NULL;
}

static int
children_of(zobo_client *c, const char *path)
{
    zobo_stat stat;
    assert_ok(zobo_exists(c, path, NULL, &stat));
    return stat.num_children;
}

static void
check_pairs(const char *dir, int least)
{
    zobo_server *server = serve_at(dir);
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    int n = children_of(c, "/x");
    assert_int_equal(children_of(c, "/y"), n);
    assert_true(n >= least);
    char path[32];
    snprintf(path, sizeof path, "/y/%d", n - 1);
    assert_ok(zobo_exists(c, path, NULL, NULL)); /* the last of the counted, so none is missing in between */
    zobo_close(c);
    zobo_server_close(server);
}

static void
test_under_load(void **state)
{
    (void)state;
    enum { ROUNDS = 6 };
    char base[40];
    name data;
    make_base(base);
    zobo_server *server = serve_at(in(data, base, "data"));
    load l = {.client = zt_client(zobo_server_hosts(server), 10000)};
    zt_put(l.client, "/x", "");
    zt_put(l.client, "/y", "");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_pairs, &l), 0);
    int least[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        char file[24];
        name out;
        zobo_problem why;
        snprintf(file, sizeof file, "out%d", i);
        ZT_WAIT(atomic_load(&l.acknowledged) >= 20 * (i + 1));
        least[i] = atomic_load(&l.acknowledged);
        zobo_err err = zt_apart(i % 2 ? ZT_EXPORT : ZT_BACKUP, data, in(out, base, file), 0, NULL, &why, NULL);
        if (err)
            fail_msg("%s", why.text);
    }
    atomic_store(&l.stop, true);
    pthread_join(thread, NULL);
    zobo_close(l.client);
    zobo_server_close(server);
    for (int i = 0; i < ROUNDS; i++) {
        char file[24];
        name out, again;
        snprintf(file, sizeof file, "out%d", i);
        in(out, base, file);
        if (i % 2) {
            zobo_problem why;
            snprintf(file, sizeof file, "again%d", i);
            assert_ok(zobo_snapshot_import(out, NULL, in(again, base, file), NULL, NULL, &why));
        }
        check_pairs(i % 2 ? again : out, least[i]);
    }
    remove_tree(base);
}

/* --- what is refused --- */

static void
assert_refused(zobo_err err, const zobo_problem *why, const char *text)
{
    assert_err(err, ZOBO_EFILE);
    if (!strstr(why->text, text))
        fail_msg("\"%s\" is not in \"%s\"", text, why->text);
}

static void
test_what_is_refused(void **state)
{
    (void)state;
    char base[40];
    name data, out, file, path;
    zobo_problem why;
    make_base(base);
    in(data, base, "data"), in(out, base, "out"), in(file, base, "file");
    write_file(file, "x", 1);
    zobo_server *server = serve_at(data);
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    zt_put(c, "/kept", "");

    assert_refused(zt_apart(ZT_EXPORT, base, out, 0, NULL, &why, NULL), &why, "holds no data of a server");
    assert_refused(zt_apart(ZT_BACKUP, file, out, 0, NULL, &why, NULL), &why, file);
    assert_refused(zobo_snapshot_export(data, out, NULL, NULL, &why), &why, "open in this process already");
    assert_false(exists(out)); /* nothing was left behind */
    assert_refused(zt_apart(ZT_EXPORT, data, file, 0, NULL, &why, NULL), &why, "cannot be made");
    assert_refused(zt_apart(ZT_BACKUP, data, file, 0, NULL, &why, NULL), &why, file);
    assert_refused(zt_apart(ZT_EXPORT, data, "/proc/self/out", 0, NULL, &why, NULL), &why, "/proc/self/out");
    assert_ok(zt_apart(ZT_EXPORT, data, out, 0, NULL, &why, NULL));
    assert_refused(zt_apart(ZT_EXPORT, data, out, 0, NULL, &why, NULL), &why, "already: name a new directory");
    assert_refused(zt_apart(ZT_BACKUP, data, out, 0, NULL, &why, NULL), &why, "empty or a new directory");
    assert_refused(zt_apart(ZT_IMPORT, out, data, 0, NULL, &why, NULL), &why, "in use");
    zobo_close(c);
    zobo_server_close(server);

    assert_refused(zt_apart(ZT_IMPORT, out, data, 0, NULL, &why, NULL), &why, "holds data already");
    assert_refused(zt_apart(ZT_IMPORT, data, in(path, base, "new"), 0, NULL, &why, NULL), &why, "start a server on it");
    assert_refused(zt_apart(ZT_IMPORT, in(path, base, "none"), in(file, base, "new"), 0, NULL, &why, NULL), &why, path);
    assert_false(exists(file));
    assert_err(zobo_snapshot_import("", NULL, data, NULL, NULL, &why), ZOBO_EINVAL);
    assert_err(zobo_snapshot_export(data, NULL, NULL, NULL, NULL), ZOBO_EINVAL);
    assert_err(zobo_snapshot_backup(NULL, out, NULL, NULL), ZOBO_EINVAL);

    /* Snapshots that only look like some. */
    in(path, base, "names"), assert_int_equal(mkdir(path, 0700), 0);
    static const char *const names[] = {"snapshot.",
                                        "snapshot.-1",
                                        "snapshot. 1",
                                        "snapshot.0x1",
                                        "snapshot.1f.bak",
                                        "snapshot.11112222333344445",
                                        "snapshot.ffffffffffffffff"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_file(in(file, path, names[i]), "x", 1);
    assert_refused(zt_apart(ZT_IMPORT, path, in(file, base, "new"), 0, NULL, &why, NULL), &why, "holds no snapshot");
    write_file(in(file, path, "snapshot.7.gz"), "x", 1);
    assert_refused(zt_apart(ZT_IMPORT, path, in(file, base, "new"), 0, NULL, &why, NULL), &why, "unpack it first");
    remove_tree(path);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(in(file, path, "log.5"), "ZKLG\0\0\0\2\0\0\0\0\0\0\0\0", 16);
    assert_refused(zt_apart(ZT_IMPORT, path, in(file, base, "new"), 0, NULL, &why, NULL), &why, "there is no snapshot");
    assert_false(exists(file));

    server = serve_at(data); /* none the worse for all that */
    c = zt_client(zobo_server_hosts(server), 5000);
    assert_ok(zobo_exists(c, "/kept", NULL, NULL));
    zobo_close(c);
    zobo_server_close(server);
    remove_tree(base);
}

static void
test_full_disk(void **state)
{
    (void)state;
    enum { N = 300, BYTES = 4000 };
    char base[40], path[32], bytes[BYTES];
    name data, out, again, file;
    zobo_problem why;
    make_base(base);
    in(data, base, "data"), in(out, base, "out"), in(again, base, "again");
    zobo_server *server = serve_at(data);
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "/n%d", i);
        assert_ok(zobo_create(c, path, bytes, sizeof bytes, NULL, NULL));
    }
    zobo_close(c);
    zobo_server_close(server);
    for (unsigned long max = 100; max < N * BYTES; max *= 7) {
        assert_refused(zt_apart(ZT_EXPORT, data, out, max, NULL, &why, NULL), &why, "cannot write it");
        assert_false(exists(out));
        assert_refused(zt_apart(ZT_BACKUP, data, again, max, NULL, &why, NULL), &why, "nothing is left of it");
        assert_false(exists(in(file, again, "data.mdb")));
        (void)rmdir(again);
    }
    assert_ok(zt_apart(ZT_EXPORT, data, out, 0, NULL, &why, NULL));
    static const unsigned long limits[] = {100, 40000, 200000, 900000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        zobo_err err = zt_apart(ZT_IMPORT, out, again, limits[i], NULL, &why, NULL);
        assert_refused(err, &why, "oom"); /* room */
        assert_false(exists(again));
    }
    zobo_snapshot_result result;
    assert_ok(zt_apart(ZT_IMPORT, out, again, 0, &result, &why, NULL)); /* once there is room */
    assert_int_equal(result.nodes, N + 4);
    remove_tree(base);
}

/* --- damaged files --- */

/* A snapshot of zxid 4 and a log of five transactions, made by hand. */
static void
put_node(zt_buf *b, const char *path, const char *data, int64_t acl, int32_t created, int64_t owner, int64_t pzxid)
{
    zt_put_str(b, path);
    zt_put_str(b, data);
    zt_put_i64(b, acl);
    zt_put_i64(b, 1), zt_put_i64(b, 1), zt_put_i64(b, 1000), zt_put_i64(b, 1000);
    zt_put_i32(b, 0), zt_put_i32(b, created), zt_put_i32(b, 0);
    zt_put_i64(b, owner), zt_put_i64(b, pzxid);
}

static void
put_acl(zt_buf *b, int32_t perms)
{
    zt_put_i32(b, 1), zt_put_i32(b, perms), zt_put_str(b, "world"), zt_put_str(b, "anyone");
}

static int64_t
sum_of(const void *p, size_t n)
{
    zs_adler sum;
    zs_adler_init(&sum);
    zs_adler_add(&sum, p, n);
    return zs_adler_value(&sum);
}

static void
put_seal(zt_buf *b)
{
    zt_put_i64(b, sum_of(b->p, b->n));
    zt_put_str(b, "/");
}

static void
put_snapshot_start(zt_buf *b)
{
    zt_put_i32(b, ZS_SNAPSHOT_MAGIC), zt_put_i32(b, 2), zt_put_i64(b, -1);
    zt_put_i32(b, 1), zt_put_i64(b, 5), zt_put_i32(b, 9000);
    zt_put_i32(b, 1), zt_put_i64(b, 7), put_acl(b, 3);
    put_node(b, "", NULL, -1, 2, 0, 1);
}

static void
put_snapshot(zt_buf *b)
{
    put_snapshot_start(b);
    put_node(b, "/zookeeper", "", -1, 1, 0, 1);
    put_node(b, "/zookeeper/quota", "", -1, 0, 0, 1);
    put_node(b, "/a", "one", 7, 2, 0, 3);
    put_node(b, "/a/e", NULL, -1, 0, 5, 3);
    put_node(b, "/a/b", "two", 7, 0, 0, 4);
    zt_put_str(b, "/");
    put_seal(b);
}

static void
put_head(zt_buf *b, int64_t zxid, int32_t kind)
{
    zt_put_i64(b, 5), zt_put_i32(b, 1), zt_put_i64(b, zxid), zt_put_i64(b, 2000), zt_put_i32(b, kind);
}

static void
put_record(zt_buf *log, zt_buf *txn)
{
    zt_put_i64(log, sum_of(txn->p, txn->n));
    zt_put_bytes(log, txn->p, (int32_t)txn->n);
    zt_put_raw(log, "B", 1);
    zt_buf_free(txn);
}

static void
put_log_start(zt_buf *log)
{
    zt_put_i32(log, ZS_LOG_MAGIC), zt_put_i32(log, 2), zt_put_i64(log, 0);
}

static void
put_create(zt_buf *log, int64_t zxid, const char *path, bool ephemeral, int32_t created)
{
    zt_buf t = {0};
    put_head(&t, zxid, 1);
    zt_put_str(&t, path), zt_put_str(&t, "new"), put_acl(&t, 31), zt_put_bool(&t, ephemeral), zt_put_i32(&t, created);
    put_record(log, &t);
}

static void
put_delete(zt_buf *log, int64_t zxid, const char *path)
{
    zt_buf t = {0};
    put_head(&t, zxid, 2), zt_put_str(&t, path);
    put_record(log, &t);
}

static void
put_close(zt_buf *log, int64_t zxid, const char *path)
{
    zt_buf t = {0};
    put_head(&t, zxid, -11);
    zt_put_i32(&t, path != NULL);
    if (path)
        zt_put_str(&t, path);
    put_record(log, &t);
}

static void
put_log(zt_buf *log, size_t ends[5])
{
    zt_buf t = {0};
    put_log_start(log);
    put_create(log, 5, "/c", false, 3), ends[0] = log->n;
    put_head(&t, 6, 5), zt_put_str(&t, "/c"), zt_put_str(&t, "longer"), zt_put_i32(&t, 1);
    put_record(log, &t), ends[1] = log->n;
    put_delete(log, 7, "/a/b"), ends[2] = log->n;
    put_create(log, 8, "/c/d", false, 1), ends[3] = log->n;
    put_create(log, 9, "/c/f", true, 2), ends[4] = log->n;
}

/* What is in a data directory, as one number. */
static uint64_t
digest_of(const char *dir)
{
    zs_store *store;
    zs_txn *txn;
    zobo_problem why;
    zs_walk walk;
    zs_node node;
    zb_buf data;
    zb_sha1_state s;
    uint8_t hash[20];
    uint64_t short_hash;
    if (zs_store_open(&store, &(zs_store_options){.dir = dir, .no_sync = true}, &why))
        fail_msg("%s", why.text);
    assert_ok(zs_read_begin(store, &txn));
    zb_sha1_init(&s);
    int64_t zxid = zs_txn_meta(txn)->last_zxid;
    zb_sha1_add(&s, &zxid, sizeof zxid);
    assert_ok(zs_node_find(txn, "/", 1, &node, NULL));
    zb_sha1_add(&s, &node.pzxid, sizeof node.pzxid);
    zs_walk_start(&walk, txn, "/", 1);
    while (zs_walk_next(&walk, &node)) {
        zobo_stat stat;
        memset(&stat, 0, sizeof stat);
        zs_node_stat(&node, &stat);
        assert_ok(zs_node_find(txn, (const char *)walk.path.p, walk.path.n, &node, &data));
        zb_sha1_add(&s, walk.path.p, walk.path.n);
        const int64_t fields[] = {stat.czxid, stat.mzxid,           stat.pzxid,       stat.ctime,
                                  stat.mtime, stat.version,         stat.cversion,    stat.aversion,
                                  data.n,     stat.ephemeral_owner, stat.num_children};
        zb_sha1_add(&s, fields, sizeof fields);
        zb_sha1_add(&s, data.n > 0 ? data.p : "", data.n > 0 ? (size_t)data.n : 0);
    }
    assert_ok(walk.err);
    zs_walk_stop(&walk);
    zb_sha1_end(&s, hash);
    zs_txn_end(txn);
    zs_store_close(store);
    memcpy(&short_hash, hash, sizeof short_hash);
    return short_hash;
}

typedef struct bench {
    char base[40];
    name from, to, snapshot, log;
    zt_buf good_snapshot, good_log;
    size_t ends[5];
    uint64_t trees[6]; /* after so many of the log's transactions */
    int warned;
    zobo_problem why;
} bench;

static void
count_warning(void *arg, zobo_log_level level, const char *line)
{
    (void)line;
    ((bench *)arg)->warned += level <= ZOBO_LOG_WARN;
}

/* Imports what lies in `from`. The tree's number; 0: refused with one text, and nothing was left behind. */
static uint64_t
try_import(bench *b)
{
    zobo_snapshot_options o = {.size = sizeof o, .log = count_warning, .log_arg = b};
    b->warned = 0;
    zobo_err err = zobo_snapshot_import(b->from, NULL, b->to, &o, NULL, &b->why);
    if (err) {
        assert_err(err, ZOBO_EFILE);
        assert_true(strlen(b->why.text) > 10 && strlen(b->why.text) < 400 && !strchr(b->why.text, '\n'));
        assert_false(exists(b->to));
        return 0;
    }
    uint64_t tree = digest_of(b->to);
    remove_tree(b->to);
    return tree;
}

static void
lay(const char *path, const zt_buf *bytes)
{
    write_file(path, bytes->p, bytes->n);
}

static void
bench_begin(bench *b)
{
    *b = (bench){0};
    make_base(b->base);
    in(b->from, b->base, "from"), in(b->to, b->base, "to");
    assert_int_equal(mkdir(b->from, 0700), 0);
    in(b->snapshot, b->from, "snapshot.4"), in(b->log, b->from, "log.5");
    put_snapshot(&b->good_snapshot);
    put_log(&b->good_log, b->ends);
    lay(b->snapshot, &b->good_snapshot);
    b->trees[0] = try_import(b);
    for (int i = 0; i < 5; i++) {
        write_file(b->log, b->good_log.p, b->ends[i]);
        b->trees[i + 1] = try_import(b);
        assert_true(b->trees[i + 1] != 0 && b->trees[i + 1] != b->trees[i]);
        assert_int_equal(b->warned, 0);
    }
}

static void
bench_end(bench *b)
{
    zt_buf_free(&b->good_snapshot);
    zt_buf_free(&b->good_log);
    remove_tree(b->base);
}

/* Every byte of the snapshot changed, and it cut at every length: only the id of the database, which nobody reads, can
 * change. */
static void
test_damaged_snapshot(void **state)
{
    (void)state;
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    bench b;
    bench_begin(&b);
    zt_buf *s = &b.good_snapshot;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < sizeof flips; k++) {
            s->p[i] ^= flips[k];
            lay(b.snapshot, s);
            s->p[i] ^= flips[k];
            if (try_import(&b) != 0)
                fail_msg("byte %zu of %zu changed by %02x: taken", i, s->n, flips[k]);
        }
    for (size_t n = 0; n < s->n; n++) {
        write_file(b.snapshot, s->p, n);
        if (try_import(&b) != 0)
            fail_msg("cut to %zu of %zu bytes: taken", n, s->n);
    }
    bench_end(&b);
}

/* The same with the log. What was cut short at its end is as if it had not been written, with a warning; never is
 * anything left out that others follow. */
static void
test_damaged_log(void **state)
{
    (void)state;
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    enum { DBID_AT = 8, DBID_END = 16, ZEROS = 64 };
    bench b;
    bench_begin(&b);
    zt_buf *l = &b.good_log;
    static const uint8_t zeros[ZEROS];
    zt_put_raw(l, zeros, ZEROS); /* made in advance */
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < sizeof flips; k++) {
            l->p[i] ^= flips[k];
            lay(b.log, l);
            l->p[i] ^= flips[k];
            uint64_t tree = try_import(&b);
            bool fine = tree == 0 || (i >= DBID_AT && i < DBID_END && tree == b.trees[5]) ||
                        (i >= b.ends[3] && i < b.ends[4] && tree == b.trees[4] && b.warned == 1) ||
                        (i >= b.ends[4] && i < b.ends[4] + 12 && tree == b.trees[5] && b.warned == 1);
            if (!fine)
                fail_msg("byte %zu of %zu changed by %02x: %llx", i, l->n, flips[k], (unsigned long long)tree);
        }
    for (size_t n = 0; n < b.ends[4]; n++) {
        for (int filled = 0; filled < 2; filled++) { /* cut off, or zeros from there on */
            zt_buf cut = {0};
            zt_put_raw(&cut, l->p, n);
            for (size_t i = n; filled && i < l->n; i++)
                zt_put_raw(&cut, "", 1);
            lay(b.log, &cut);
            zt_buf_free(&cut);
            size_t whole = 0;
            while (whole < 5 && b.ends[whole] <= n)
                whole++;
            bool in_head = n < 16;
            uint64_t tree = try_import(&b);
            if (filled && in_head && n < 8) {
                assert_int_equal(tree, 0);
                continue;
            }
            if (tree != b.trees[whole])
                fail_msg("cut to %zu bytes: %llx and not the tree after %zu", n, (unsigned long long)tree, whole);
        }
    }
    bench_end(&b);
}

/* Several files, and what is missing between them. */
static void
test_files_that_do_not_fit(void **state)
{
    (void)state;
    bench b;
    bench_begin(&b);
    name second, newer;
    in(second, b.from, "log.a"), in(newer, b.from, "snapshot.8");
    zt_buf more = {0};
    put_log_start(&more);
    put_create(&more, 10, "/g", false, 4);
    lay(second, &more);
    uint64_t both = try_import(&b);
    assert_true(both != 0 && both != b.trees[5]);

    /* The first one cut short, as a kill leaves it. The second goes on behind what is missing. */
    write_file(b.log, b.good_log.p, b.ends[4] - 3);
    assert_int_equal(try_import(&b), 0);
    assert_non_null(strstr(b.why.text, "cut short behind transaction 0x8, and the next log begins with 0xa"));
    /* It was never acknowledged, and its zxid was given again. */
    name again;
    in(again, b.from, "log.9");
    assert_int_equal(rename(second, again), 0);
    more.n = 0;
    put_log_start(&more);
    put_create(&more, 9, "/c/f", true, 2);
    put_create(&more, 10, "/g", false, 4);
    lay(again, &more);
    assert_true(try_import(&b) == both);
    /* A log between is gone. */
    assert_int_equal(unlink(b.log), 0);
    assert_int_equal(try_import(&b), 0);
    assert_non_null(strstr(b.why.text, "those behind 0x4 are missing"));
    /* A new leader's first transaction follows whatever was before it. */
    more.n = 0;
    put_log_start(&more);
    put_create(&more, ((int64_t)1 << 32) + 1, "/g", false, 4);
    assert_int_equal(unlink(again), 0);
    lay(in(again, b.from, "log.100000001"), &more);
    assert_true(try_import(&b) != 0);
    assert_int_equal(unlink(again), 0);

    /* The newest snapshot is damaged: the one before and the logs lead as far, or it is an error. */
    lay(b.log, &b.good_log);
    write_file(newer, b.good_snapshot.p, b.good_snapshot.n - 20);
    assert_true(try_import(&b) == b.trees[5]);
    assert_int_equal(b.warned, 1);
    write_file(b.log, b.good_log.p, b.ends[2]);
    assert_int_equal(try_import(&b), 0);
    assert_non_null(strstr(b.why.text, "the older files end at transaction 0x7"));
    zt_buf_free(&more);
    bench_end(&b);
}

static void
stat_of(const char *dir, const char *path, zs_node *node, zobo_err want)
{
    zs_store *store;
    zs_txn *txn;
    assert_ok(zs_store_open(&store, &(zs_store_options){.dir = dir, .no_sync = true}, NULL));
    assert_ok(zs_read_begin(store, &txn));
    assert_err(zs_node_find(txn, path, strlen(path), node, NULL), want);
    zs_txn_end(txn);
    zs_store_close(store);
}

/* A snapshot is written while the server goes on: it holds some of what the log tells, and not all. */
static void
test_snapshot_of_several_moments(void **state)
{
    (void)state;
    bench b;
    bench_begin(&b);
    zt_buf s = {0}, l = {0};
    zs_node node;
    /* Of /a, only the old pzxid: its child went after it was written. /n is there as it was made anew, with a child. */
    put_snapshot_start(&s);
    put_node(&s, "/a", "one", 7, 1, 0, 3);
    put_node(&s, "/e", "", 7, 1, 0, 3);
    put_node(&s, "/n", "new", -1, 1, 0, 8);
    put_node(&s, "/n/b", "new", -1, 0, 0, 9);
    put_node(&s, "/dead", "", -1, 0, 6, 3); /* nobody's ephemeral */
    zt_put_str(&s, "/");
    put_seal(&s);
    put_log_start(&l);
    put_delete(&l, 5, "/a/gone");
    put_delete(&l, 6, "/n");
    put_close(&l, 7, "/e/gone");
    put_create(&l, 8, "/n", false, 5);
    put_create(&l, 9, "/n/b", false, 1);
    lay(b.snapshot, &s);
    lay(b.log, &l);
    if (zobo_snapshot_import(b.from, NULL, b.to, NULL, NULL, &b.why))
        fail_msg("%s", b.why.text);
    stat_of(b.to, "/a", &node, ZOBO_OK);
    assert_int_equal(node.pzxid, 5);
    stat_of(b.to, "/e", &node, ZOBO_OK);
    assert_int_equal(node.pzxid, 7);
    stat_of(b.to, "/n", &node, ZOBO_OK);
    assert_int_equal(node.czxid, 8);
    assert_int_equal(node.n_children, 1);
    assert_int_equal(node.created, 1);
    stat_of(b.to, "/n/b", &node, ZOBO_OK);
    assert_int_equal(node.czxid, 9);
    stat_of(b.to, "/dead", &node, ZOBO_ENONODE);
    zt_buf_free(&s);
    zt_buf_free(&l);
    bench_end(&b);
}

/* Logs say nothing of quotas' stats: they are counted anew. */
static void
test_quota_is_counted(void **state)
{
    (void)state;
    bench b;
    bench_begin(&b);
    zt_buf s = {0};
    put_snapshot_start(&s);
    put_node(&s, "/zookeeper", "", -1, 1, 0, 1);
    put_node(&s, "/zookeeper/quota", "", -1, 0, 0, 1);
    put_node(&s, "/zookeeper/quota/c", "", -1, 0, 0, 1);
    put_node(&s, "/zookeeper/quota/c/zookeeper_limits", "count=5,bytes=-1", -1, 0, 0, 1);
    put_node(&s, "/zookeeper/quota/c/zookeeper_stats", "count=77,bytes=0", -1, 0, 0, 1);
    put_node(&s, "/a", "one", 7, 2, 0, 3);
    put_node(&s, "/a/b", "two", 7, 0, 0, 4);
    zt_put_str(&s, "/");
    put_seal(&s);
    lay(b.snapshot, &s);
    assert_ok(zobo_snapshot_import(b.from, NULL, b.to, NULL, NULL, &b.why));
    zobo_server *server = serve_at(b.to);
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    zobo_reply *r;
    assert_ok(zobo_get(c, "/zookeeper/quota/c/zookeeper_stats", NULL, &r));
    assert_string_equal(r->data, "count=3,bytes=12"); /* /c longer, /c/d new, /c/f new */
    assert_int_equal(r->stat.version, 0);
    zobo_reply_free(r);
    zobo_close(c);
    zobo_server_close(server);
    zt_buf_free(&s);
    bench_end(&b);
}

/* A child with a name that no path has: the export would not be a tree, nor perhaps end. */
static void
test_damaged_store(void **state)
{
    (void)state;
    char base[40];
    name data, out;
    zs_store *store;
    zs_txn *txn;
    zs_node node = {.acl = ZS_ACL_OPEN, .data_len = -1};
    static const char key[] = "\0zookeeper/quota";
    zobo_problem why;
    make_base(base);
    in(data, base, "data"), in(out, base, "out");
    assert_ok(zs_store_open(&store, &(zs_store_options){.dir = data, .no_sync = true}, &why));
    assert_ok(zs_write_begin(store, &txn));
    assert_ok(zs_put(txn, ZS_NODES, key, sizeof key - 1, &node, sizeof node));
    assert_ok(zs_write_commit(txn));
    zs_store_close(store);
    assert_refused(zobo_snapshot_export(data, out, NULL, NULL, &why), &why, "the data cannot be read");
    assert_false(exists(out));
    remove_tree(base);
}

int
main(void)
{
    zt_apart_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),        cmocka_unit_test(test_under_load),
        cmocka_unit_test(test_what_is_refused),       cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_damaged_snapshot),      cmocka_unit_test(test_damaged_log),
        cmocka_unit_test(test_files_that_do_not_fit), cmocka_unit_test(test_snapshot_of_several_moments),
        cmocka_unit_test(test_quota_is_counted),      cmocka_unit_test(test_damaged_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
