/* SPDX-License-Identifier: Apache-2.0 */
/* The way to Apache ZooKeeper and back: whole trees, sessions and sequence numbers through its own files. */
#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zobo/server.h>

#include "core/path.h"
#include "support/apart.h"
#include "support/bytes.h"
#include "support/tree.h"
#include "support/zk.h"

static char base[40];

static int
group_up(void **state)
{
    (void)state;
    strcpy(base, "/tmp/zobo-snapshot-XXXXXX");
    return mkdtemp(base) ? 0 : -1;
}

static int
group_down(void **state)
{
    char command[80];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", base);
    return system(command);
}

static zobo_server *
serve_at(const char *dir)
{
    zobo_server_options o = {.size = sizeof o, .data_dir = dir};
    zobo_server *server;
    zobo_problem why;
    if (zobo_server_start(&server, &o, &why))
        fail_msg("%s", why.text);
    return server;
}

static void
shell(const char *command)
{
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

static void
work(zt_work what, const char *from, const char *to, zobo_snapshot_result *result, int *warned)
{
    zobo_problem why;
    if (zt_apart(what, from, to, 0, result, &why, warned))
        fail_msg("%s", why.text);
}

/* Puts a snapshot in the place of what the servers hold, and lets them begin with it. */
static void
give(zt_zk *zk, const char *out)
{
    char data[100], command[400];
    for (int i = 1; i <= zk->n; i++)
        zt_zk_signal(zk, i, "KILL");
    for (int i = 1; i <= zk->n; i++) {
        snprintf(data, sizeof data, "%s/%d/data", zk->dir, i);
        snprintf(command, sizeof command, "rm -r '%s/version-2' && cp -r '%s/version-2' '%s'", data, out, data);
        shell(command);
    }
    for (int i = 1; i <= zk->n; i++)
        zt_zk_restart(zk, i);
}

static void
check_sequence(zobo_client *c)
{
    zobo_reply *r;
    assert_ok(zobo_create(c, "/t/seq/n-", "", 0, &(zobo_create_options){.sequence = true}, &r));
    assert_string_equal(r->path, "/t/seq/n-0000000005");
    zobo_reply_free(r);
}

/* One tree of ours, loaded by a server that stands alone and by an ensemble. */
static void
test_ours_to_apache(void **state)
{
    (void)state;
    char data[80], out[80];
    snprintf(data, sizeof data, "%s/ours", base);
    snprintf(out, sizeof out, "%s/out", base);
    zobo_server *server = serve_at(data);
    zobo_client *c = zt_client(zobo_server_hosts(server), 40000), *other;
    zt_tree ours, theirs;
    zobo_client_id id;
    zobo_snapshot_result result;
    int warned;
    zt_tree_plant(c);
    zt_tree_read(&ours, c);
    assert_ok(zobo_get_client_id(c, &id));
    work(ZT_EXPORT, data, out, &result, &warned);
    assert_int_equal(result.nodes, ours.n);
    assert_int_equal(warned, 1); /* TTL nodes need a setting */
    zobo_close(c);
    zobo_server_close(server);
    for (int n = 1; n <= 3; n += 2) {
        zt_zk zk;
        zt_zk_start(&zk, n, 2000);
        give(&zk, out);
        other = zt_client(zk.hosts, 20000);
        zt_tree_login(other);
        ZT_WAIT_MS(zobo_sync(other, "/") == ZOBO_OK, 60000);
        zt_tree_read(&theirs, other);
        zt_tree_same(&ours, &theirs, n == 3 ? "/zookeeper/config" : NULL); /* an ensemble writes its own there */
        zt_tree_free(&theirs);
        check_sequence(other);
        if (n == 1) { /* the session is there, and ends with its nodes */
            zobo_stat stat;
            assert_ok(zobo_exists(other, "/t/eph", NULL, &stat));
            assert_int_equal(stat.ephemeral_owner, id.session_id);
            ZT_WAIT_MS(zobo_exists(other, "/t/eph", NULL, NULL) == ZOBO_ENONODE, 90000);
        }
        zobo_close(other);
        zt_zk_stop(&zk);
    }
    zt_tree_free(&ours);
}

/* --- theirs to us --- */

/* The newest file of a kind ("log", "snapshot"). */
static void
newest(const char *version_2, const char *kind, char path[240])
{
    unsigned long long most = 0, zxid;
    size_t n = strlen(kind);
    DIR *d = opendir(version_2);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (strncmp(e->d_name, kind, n) == 0 && sscanf(e->d_name + n, ".%llx", &zxid) == 1 && zxid > most)
            most = zxid;
    closedir(d);
    snprintf(path, 240, "%s/%s.%llx", version_2, kind, most);
}

/* The newest log of a data directory, and where its last transaction lies. */
static void
last_record(const char *version_2, char path[240], long *start, long *end)
{
    enum { HEAD = 16, RECORD_HEAD = 12 };
    newest(version_2, "log", path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    uint8_t head[RECORD_HEAD];
    *start = *end = HEAD;
    for (;;) {
        assert_int_equal(fseek(f, *end, SEEK_SET), 0);
        if (fread(head, 1, sizeof head, f) != sizeof head)
            break;
        zt_cursor c = {head + 8, head + 12, false};
        int32_t n = zt_take_i32(&c);
        if (n <= 0)
            break;
        *start = *end;
        *end += RECORD_HEAD + n + 1;
    }
    fclose(f);
    assert_true(*end > *start);
}

static void
check_import(const char *from, const char *name, const zt_tree *want, const zobo_client_id *id, bool cut)
{
    char to[100];
    zobo_snapshot_result result;
    int warned;
    snprintf(to, sizeof to, "%s/%s", base, name);
    work(ZT_IMPORT, from, to, &result, &warned);
    assert_int_equal(warned, cut);
    assert_int_equal(result.nodes, want->n - (cut ? 1 : 0));
    assert_true(result.transactions > 0);
    zobo_server *server = serve_at(to);
    zobo_options o = zt_options(zobo_server_hosts(server), 40000);
    o.client_id = id;
    zobo_client *c = zt_client_with(&o);
    zobo_client_id now;
    zobo_stat stat;
    assert_ok(zobo_get_client_id(c, &now));
    assert_int_equal(now.session_id, id->session_id);
    assert_ok(zobo_exists(c, "/t/eph", NULL, &stat));
    assert_int_equal(stat.ephemeral_owner, id->session_id);
    zt_tree got;
    zt_tree_login(c);
    if (cut) {
        assert_err(zobo_exists(c, "/zzz-last", NULL, NULL), ZOBO_ENONODE);
    } else {
        zt_tree_read(&got, c);
        zt_tree_same(want, &got, NULL);
        zt_tree_free(&got);
    }
    check_sequence(c);
    zobo_close(c); /* ends the session */
    c = zt_client(zobo_server_hosts(server), 10000);
    assert_err(zobo_exists(c, "/t/eph", NULL, NULL), ZOBO_ENONODE);
    zobo_close(c);
    zobo_server_close(server);
}

static int
count_files(const char *dir, const char *start)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += strncmp(e->d_name, start, strlen(start)) == 0;
    closedir(d);
    return n;
}

static void
test_apaches_to_us(void **state)
{
    (void)state;
    zt_zk zk;
    zt_tree want;
    zobo_client_id id;
    char from[80], copy[80], path[200], file[240], command[400];
    zt_zk_start_with(&zk, 1, 2000, "snapCount=40");
    zobo_client *c = zt_client(zk.hosts, 40000), *look = zt_client(zk.hosts, 40000), *brief;
    zt_put(look, "/load", "");
    for (int i = 0; i < 60; i++) {
        snprintf(path, sizeof path, "/load/%d", i);
        assert_ok(zobo_create(look, path, "x", 1, &(zobo_create_options){.ephemeral = i % 3 == 0}, NULL));
    }
    zt_tree_plant(c);
    brief = zt_client(zk.hosts, 10000);
    for (int i = 0; i < 60; i++) {
        snprintf(path, sizeof path, "/load/%d", i);
        if (i % 2)
            assert_ok(zobo_delete(look, path, 0));
        else
            assert_ok(zobo_set(look, path, "longer", 6, 0, NULL));
        snprintf(path, sizeof path, "/load/brief-%d", i);
        assert_ok(zobo_create(brief, path, "x", 1, &(zobo_create_options){.ephemeral = true}, NULL));
    }
    /* A server takes a snapshot as it starts, and none for the next twenty transactions: what follows is in the log
     * alone. */
    zt_zk_signal(&zk, 1, "KILL");
    zt_zk_restart(&zk, 1);
    ZT_WAIT_MS(zobo_sync(brief, "/") == ZOBO_OK, 30000);
    zobo_close(brief); /* a closeSession with sixty nodes in it */
    assert_ok(zobo_create(look, "/zzz-last", "", 0, NULL, NULL));
    zt_tree_login(look);
    zt_tree_read(&want, look);
    assert_ok(zobo_get_client_id(c, &id));
    zt_zk_signal(&zk, 1, "KILL");

    snprintf(from, sizeof from, "%s/1/data", zk.dir);
    snprintf(path, sizeof path, "%s/version-2", from);
    assert_true(count_files(path, "snapshot.") >= 3 && count_files(path, "log.") >= 3);
    check_import(from, "theirs", &want, &id, false);
    check_import(path, "theirs2", &want, &id, false); /* version-2 itself will do */

    /* The newest snapshot lost: the one before it, and more of the logs. */
    snprintf(copy, sizeof copy, "%s/copy", base);
    snprintf(command, sizeof command, "cp -r '%s' '%s'", from, copy);
    shell(command);
    snprintf(path, sizeof path, "%s/version-2", copy);
    newest(path, "snapshot", file);
    assert_int_equal(unlink(file), 0);
    check_import(copy, "theirs3", &want, &id, false);

    /* The last transaction cut short, as a crash in the midst of its write leaves it: zeros from there on. */
    long start, end;
    snprintf(copy, sizeof copy, "%s/cut", base);
    snprintf(command, sizeof command, "cp -r '%s' '%s'", from, copy);
    shell(command);
    snprintf(path, sizeof path, "%s/version-2", copy);
    last_record(path, file, &start, &end);
    FILE *f = fopen(file, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, start + (end - start) / 2, SEEK_SET), 0);
    for (long i = start + (end - start) / 2; i < end; i++)
        fputc(0, f);
    assert_int_equal(fclose(f), 0);
    check_import(copy, "theirs4", &want, &id, true);
    assert_int_equal(truncate(file, start + (end - start) / 2), 0);
    check_import(copy, "theirs5", &want, &id, true);

    zobo_close(c);
    zobo_close(look);
    zt_tree_free(&want);
    zt_zk_stop(&zk);
}

int
main(void)
{
    zt_apart_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apaches_to_us),
        cmocka_unit_test(test_ours_to_apache),
    };
    return cmocka_run_group_tests(tests, group_up, group_down);
}
