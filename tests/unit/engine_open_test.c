/* SPDX-License-Identifier: Apache-2.0 */
/* The store's files: opened again, left by a crash, refused, full, copied. */
#define _GNU_SOURCE
#include "engine_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each test has a directory, gone afterwards. */
typedef struct rig {
    char dir[64], other[80], data[80];
} rig;

static int
setup(void **state)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    strcpy(r->dir, "/tmp/zobo-store-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    sprintf(r->other, "%s/sub/other", r->dir);
    sprintf(r->data, "%s/data.mdb", r->dir);
    *state = r;
    return 0;
}

static void
remove_tree(const char *dir)
{
    DIR *d = opendir(dir);
    for (const struct dirent *e; d && (e = readdir(d));) {
        char path[400];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (unlink(path))
            remove_tree(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

static int
teardown(void **state)
{
    rig *r = *state;
    remove_tree(r->dir);
    free(r);
    return 0;
}

static zs_store *
open_dir(const char *dir)
{
    return open_store(&(zs_store_options){.dir = dir});
}

/* The store is refused, in one line that names the directory and has the words. */
static void
expect_refused(const zs_store_options *o, const char *words)
{
    zs_store *store = NULL;
    zobo_problem why;
    assert_int_equal(zs_store_open(&store, o, &why), ZOBO_EFILE);
    assert_null(store);
    assert_int_equal(why.err, ZOBO_EFILE);
    assert_memory_equal(why.text, o->dir, strlen(o->dir));
    if (!strstr(why.text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, why.text);
    assert_non_null(strchr(why.text + strlen(o->dir) + 1, ':')); /* and the cure */
}

static void
commit_text(zs_store *store, const char *path, const char *text)
{
    zs_txn *txn = writing(store);
    assert_zs(put_text(txn, path, text));
    zs_txn_meta(txn)->last_zxid++;
    assert_zs(zs_write_commit(txn));
}

static void
opened_again(void **state)
{
    rig *r = *state;
    zs_store *store = open_dir(r->other); /* made, with what is above it */
    uint8_t before[20], after[20];
    zs_txn *txn = writing(store);
    assert_zs(put_owned(txn, "/e", "text", 5));
    zs_txn_meta(txn)->last_zxid = 77;
    assert_zs(zs_write_commit(txn));
    txn = reading(store);
    digest(txn, before);
    zs_txn_end(txn);
    assert_true(zs_store_file_bytes(store) > 0);
    zs_store_close(store);

    store = open_store(&(zs_store_options){.dir = r->other, .no_sync = true, .map_bytes = 1 << 22});
    txn = reading(store);
    assert_int_equal(zs_txn_meta(txn)->last_zxid, 77);
    digest(txn, after);
    assert_memory_equal(before, after, sizeof before);
    zs_txn_end(txn);
    zs_store_close(store);
}

/* Runs `fn` in a process of its own. Returns how it ended. */
static int
in_child(const rig *r, void (*fn)(const rig *r))
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fn(r);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void
write_and_die(const rig *r)
{
    zs_store *store = NULL;
    zs_txn *txn = NULL, *reader = NULL;
    if (zs_store_open(&store, &(zs_store_options){.dir = r->dir}, NULL) || zs_read_begin(store, &reader) ||
        zs_write_begin(store, &txn) || put_text(txn, "/kept", "yes") || zs_write_commit(txn) ||
        zs_write_begin(store, &txn) || put_text(txn, "/kept", "no") || put_text(txn, "/new", "no"))
        _exit(1);
    raise(SIGKILL);
}

static void
after_a_crash(void **state)
{
    rig *r = *state;
    for (int i = 0; i < 3; i++) {
        int status = in_child(r, write_and_die);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        zs_store *store = open_dir(r->dir);
        zs_txn *txn = reading(store);
        assert_text(txn, "/kept", "yes");
        assert_int_equal(walk(txn, "/"), 5);
        zs_txn_end(txn);
        zs_store_close(store);
    }
}

/* A file that a crash left while it was made is made again. */
static void
half_made(void **state)
{
    rig *r = *state;
    char path[100];
    sprintf(path, "%s/data.new", r->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("half", f);
    fclose(f);
    zs_store_close(open_dir(r->dir));
    assert_int_equal(access(path, F_OK), -1);
}

static void
in_use(void **state)
{
    rig *r = *state;
    zs_store *store = open_dir(r->dir);
    char words[64];
    sprintf(words, "in use by process %ld", (long)getpid());
    expect_refused(&(zs_store_options){.dir = r->dir}, words);
    expect_refused(&(zs_store_options){.dir = r->dir, .read_only = true}, "open in this process");
    zs_store_close(store);
    zs_store_close(open_dir(r->dir));
}

static void
no_directory(void **state)
{
    rig *r = *state;
    char file[80], below[80];
    sprintf(file, "%s/file", r->dir);
    sprintf(below, "%s/file/below", r->dir);
    assert_int_equal(close(open(file, O_CREAT | O_WRONLY, 0600)), 0);
    expect_refused(&(zs_store_options){.dir = file}, "cannot be written");
    expect_refused(&(zs_store_options){.dir = below}, "cannot be made");
    expect_refused(&(zs_store_options){.dir = ""}, "cannot be made");
    expect_refused(&(zs_store_options){.dir = "/proc/none"}, "cannot be made");
    expect_refused(&(zs_store_options){.dir = r->dir, .read_only = true}, "holds no data");
    assert_int_equal(access(r->data, F_OK), -1);
    if (geteuid() == 0) /* who may write anything */
        return;
    assert_int_equal(chmod(r->dir, 0500), 0);
    expect_refused(&(zs_store_options){.dir = r->dir}, "cannot be written");
    assert_int_equal(chmod(r->dir, 0700), 0);
}

/* A lock file that leads elsewhere is not followed: what lies there would be cut to nothing. */
static void
lock_is_no_file(void **state)
{
    rig *r = *state;
    char lock[80], precious[80];
    struct stat st;
    sprintf(lock, "%s/lock", r->dir);
    sprintf(precious, "%s/precious", r->dir);
    int fd = open(precious, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    assert_int_equal(close(fd), 0);
    assert_int_equal(symlink(precious, lock), 0);
    expect_refused(&(zs_store_options){.dir = r->dir}, "remove it");
    assert_int_equal(stat(precious, &st), 0);
    assert_int_equal(st.st_size, 10);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(mkfifo(lock, 0600), 0);
    expect_refused(&(zs_store_options){.dir = r->dir}, "remove it");
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(mkdir(lock, 0700), 0);
    expect_refused(&(zs_store_options){.dir = r->dir}, "remove it");
}

/* A child that this process has forked has its descriptors, and the lock with them: closing gives that up. */
static void
closed_beside_a_child(void **state)
{
    rig *r = *state;
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    zs_store *store = open_dir(r->dir);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char c;
        close(gate[1]);
        (void)!read(gate[0], &c, 1);
        _exit(0);
    }
    expect_refused(&(zs_store_options){.dir = r->dir}, "in use");
    zs_store_close(store);
    zs_store_close(open_dir(r->dir));
    close(gate[1]);
    close(gate[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
cut_short(void **state)
{
    rig *r = *state;
    zs_store *store = open_dir(r->dir);
    char *text = letters('x', 100000);
    commit_text(store, "/n", text);
    off_t size = (off_t)zs_store_file_bytes(store);
    zs_store_close(store);
    free(text);
    const off_t lengths[] = {size - 1, size - 4096, size / 2, 3 * 4096, 2 * 4096, 2 * 4096 - 1, 4096, 100, 1, 0};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_int_equal(truncate(r->data, lengths[i]), 0);
        expect_refused(&(zs_store_options){.dir = r->dir},
                       lengths[i] == 0 || lengths[i] >= 8192 ? "cut short" : "data.mdb");
        struct stat st;
        assert_int_equal(stat(r->data, &st), 0);
        assert_int_equal(st.st_size, lengths[i]); /* and left alone */
    }
}

static off_t
size_of(const rig *r)
{
    struct stat st;
    assert_int_equal(stat(r->data, &st), 0);
    return st.st_size;
}

static void
expect_kept(zs_store *store, const char *path, const char *text)
{
    zs_txn *txn = reading(store);
    zs_node node;
    zb_buf data;
    assert_zs(zs_node_find(txn, path, strlen(path), &node, &data));
    assert_int_equal(data.n, strlen(text));
    assert_memory_equal(data.p, text, strlen(text));
    zs_txn_end(txn);
}

static bool
is_short(const rig *r, zs_store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    assert_int_equal(mdb_env_info(store->env, &info), 0);
    assert_int_equal(mdb_env_stat(store->env, &stat), 0);
    return (uint64_t)size_of(r) < (info.me_last_pgno + 1) * stat.ms_psize;
}

/* What a transaction takes from the end of the file and gives back is never written. It does so only if it finds other
 * pages for the list of free ones: those of transactions before. */
static void
not_cut_short(void **state)
{
    rig *r = *state;
    char *text = letters('x', 100000);
    zs_store *store = open_dir(r->dir);
    commit_text(store, "/m", "kept");
    for (int i = 0; i < 50 && !is_short(r, store); i++) {
        zs_txn *txn = writing(store);
        text[20000 + 1000 * i] = '\0'; /* more than was given back before */
        assert_zs(put_text(txn, "/n", text));
        assert_zs(zs_node_delete(txn, "/n", 2));
        assert_zs(zs_write_commit(txn));
        text[20000 + 1000 * i] = 'x';
    }
    assert_true(is_short(r, store));
    off_t size = size_of(r);
    zs_store_close(store);
    store = open_dir(r->dir);
    assert_true(size_of(r) > size);
    expect_kept(store, "/m", "kept");
    commit_text(store, "/n", text);
    expect_kept(store, "/n", text);
    zs_store_close(store);
    free(text);
}

static void
patch(const rig *r, off_t at, const void *p, size_t n)
{
    int fd = open(r->data, O_WRONLY);
    assert_true(fd >= 0);
    for (off_t page = 0; page < 2; page++) /* both of LMDB's first pages */
        assert_int_equal(pwrite(fd, p, n, page * 4096 + at), (ssize_t)n);
    close(fd);
}

static void
not_ours(void **state)
{
    rig *r = *state;
    zs_store_close(open_dir(r->dir));
    patch(r, 20, &(uint32_t){99}, 4); /* the version behind the magic number */
    expect_refused(&(zs_store_options){.dir = r->dir}, "another version of LMDB");
    patch(r, 16, "\xbe\xef\xc0\xde", 4); /* that number as the other byte order has it */
    expect_refused(&(zs_store_options){.dir = r->dir}, "damaged");
    FILE *f = fopen(r->data, "w");
    assert_non_null(f);
    for (int i = 0; i < 5000; i++)
        fputs("some text ", f);
    fclose(f);
    expect_refused(&(zs_store_options){.dir = r->dir}, "damaged or no file of zobo's");
}

/* Changes the record `key` of the unnamed table by hand. */
static void
set_record(const rig *r, const char *key, const void *p, size_t n)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {strlen(key), (void *)(uintptr_t)key}, v = {n, (void *)(uintptr_t)p};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, r->dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    if (p)
        assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    else
        assert_int_equal(mdb_del(txn, dbi, &k, NULL), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void
other_formats(void **state)
{
    rig *r = *state;
    const char *const keep[] = {"format", "meta"};
    struct {
        char magic[8];
        uint32_t version;
        uint16_t node_bytes, meta_bytes;
    } f = {"zobo db", 1, sizeof(zs_node), sizeof(zs_meta)};
    zs_store_close(open_dir(r->dir));
    set_record(r, keep[0], &f, sizeof f);
    zs_store_close(open_dir(r->dir)); /* the same as it writes itself */
    f.version = 2;
    set_record(r, keep[0], &f, sizeof f);
    expect_refused(&(zs_store_options){.dir = r->dir}, "format 2, this program reads 1");
    f.version = 1, f.node_bytes++;
    set_record(r, keep[0], &f, sizeof f);
    expect_refused(&(zs_store_options){.dir = r->dir}, "export a snapshot");
    f.magic[0]++;
    set_record(r, keep[0], &f, sizeof f);
    expect_refused(&(zs_store_options){.dir = r->dir}, "no file of zobo's");
    set_record(r, keep[0], "short", 5);
    expect_refused(&(zs_store_options){.dir = r->dir}, "no file of zobo's");
    set_record(r, keep[0], NULL, 0);
    expect_refused(&(zs_store_options){.dir = r->dir}, "no file of zobo's");
    f.magic[0]--, f.node_bytes--;
    set_record(r, keep[0], &f, sizeof f);
    zs_store_close(open_dir(r->dir));
    set_record(r, keep[1], "short", 5);
    expect_refused(&(zs_store_options){.dir = r->dir}, "damaged");
    set_record(r, keep[1], NULL, 0);
    expect_refused(&(zs_store_options){.dir = r->dir}, "damaged");
}

/* Adds nodes, ten a transaction, until one fails. Returns how many were committed. */
static int
fill(zs_store *store, int from, zobo_err *err)
{
    char *text = letters('f', 3000), path[32];
    *err = ZOBO_OK;
    while (*err == ZOBO_OK) {
        zs_txn *txn = writing(store);
        for (int i = 0; i < 10 && *err == ZOBO_OK; i++) {
            sprintf(path, "/f%06d", from + i);
            *err = put_text(txn, path, text);
        }
        if (*err)
            zs_txn_end(txn);
        else
            *err = zs_write_commit(txn);
        from += *err ? 0 : 10;
    }
    free(text);
    return from;
}

/* After it was full: all that was committed is there, and there is room again. */
static void
expect_usable(zs_store *store, zs_txn *reader, int n)
{
    zs_txn *txn = reading(store);
    assert_int_equal(walk(txn, "/"), 4 + n);
    zs_txn_end(txn);
    assert_zs(zs_read_renew(reader));
    assert_int_equal(walk(reader, "/"), 4 + n);
}

static void
full_map(void **state)
{
    rig *r = *state;
    for (int kind = 0; kind < 2; kind++) {
        zs_store *store = open_store(&(zs_store_options){.dir = kind ? r->dir : NULL, .map_bytes = 1 << 20});
        zs_txn *reader = reading(store);
        zobo_err err;
        int n = fill(store, 0, &err);
        assert_int_equal(err, ZOBO_ENOTREADONLY);
        assert_true(n > 100);
        expect_usable(store, reader, n);
        /* room is made by deleting, and the room is used */
        for (int i = 0; i < n; i += 10) {
            zs_txn *txn = writing(store);
            for (int j = i; j < i + 10; j++) {
                char path[32];
                sprintf(path, "/f%06d", j);
                assert_zs(zs_node_delete(txn, path, strlen(path)));
            }
            assert_zs(zs_write_commit(txn));
            assert_zs(zs_read_renew(reader));
        }
        expect_usable(store, reader, 0);
        int again = fill(store, 0, &err);
        assert_int_equal(err, ZOBO_ENOTREADONLY);
        assert_true(again > n / 2);
        zs_txn_end(reader);
        zs_store_close(store);
    }
}

/* No more room on the disk, as a limit on files makes it: with whole pages, and with a part of one, which LMDB takes
 * for an error of the disk. */
static void
full_disk(void **state)
{
    rig *r = *state;
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    zs_store *store = open_dir(r->dir);
    zs_txn *reader = reading(store);
    int n = 0;
    for (int i = 0; i < 8; i++) {
        tight = old;
        tight.rlim_cur = zs_store_file_bytes(store) + 200000 + (rlim_t)i * 1024;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
        zobo_err err;
        n = fill(store, n, &err);
        uint64_t bytes = zs_store_file_bytes(store);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_int_equal(err, ZOBO_ENOTREADONLY);
        assert_true(bytes <= tight.rlim_cur);
        expect_usable(store, reader, n);
    }
    assert_true(n > 0);
    commit_text(store, "/more", "room");
    zs_txn_end(reader);
    zs_store_close(store);
    store = open_dir(r->dir);
    reader = reading(store);
    assert_int_equal(walk(reader, "/"), 4 + n + 1);
    zs_txn_end(reader);
    zs_store_close(store);
    signal(SIGXFSZ, handler);
}

/* --- copies --- */

static atomic_bool stop_writing;

static void *
write_on(void *arg)
{
    char *text = letters('w', 2000);
    for (int i = 0; !atomic_load(&stop_writing); i++) {
        char path[32];
        zs_txn *txn;
        sprintf(path, "/w%d", i % 500);
        if (zs_write_begin(arg, &txn) || put_text(txn, path, text + i % 2000) || put_text(txn, "/last", path))
            abort();
        zs_txn_meta(txn)->last_zxid++;
        if (zs_write_commit(txn))
            abort();
    }
    free(text);
    return NULL;
}

static void
copied_while_written(void **state)
{
    rig *r = *state;
    char dir[100];
    sprintf(dir, "%s/live", r->dir);
    zs_store *store = open_store(&(zs_store_options){.dir = dir, .no_sync = true});
    commit_text(store, "/last", "none");
    pthread_t thread;
    atomic_store(&stop_writing, false);
    assert_int_equal(pthread_create(&thread, NULL, write_on, store), 0);
    int64_t zxid = 0;
    for (int i = 0; i < 10; i++) {
        sprintf(dir, "%s/copies/%d", r->dir, i);
        zobo_problem why;
        if (zs_store_copy(store, dir, &why))
            fail_msg("%s", why.text);
        zs_store *copy = open_dir(dir);
        zs_txn *txn = reading(copy);
        zs_node node;
        zb_buf data;
        char last[32];
        assert_zs(find(txn, "/last", &node, &data));
        sprintf(last, "%.*s", (int)data.n, (const char *)data.p);
        assert_int_equal(find(txn, last, &node, NULL), strcmp(last, "none") ? ZOBO_OK : ZOBO_ENONODE);
        assert_int_equal(walk(txn, "/"), zs_txn_meta(txn)->n_nodes);
        assert_true(zs_txn_meta(txn)->last_zxid >= zxid);
        zxid = zs_txn_meta(txn)->last_zxid;
        zs_txn_end(txn);
        commit_text(copy, "/last", "of the copy");
        zs_store_close(copy);
    }
    atomic_store(&stop_writing, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    zs_store_close(store);
}

static void
copy_refused(void **state)
{
    rig *r = *state;
    char file[80];
    sprintf(file, "%s/file", r->dir);
    zs_store *store = open_memory();
    zobo_problem why;
    assert_int_equal(close(open(file, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(zs_store_copy(store, r->dir, &why), ZOBO_EFILE);
    assert_non_null(strstr(why.text, "name an empty or a new directory"));
    assert_int_equal(zs_store_copy(store, file, &why), ZOBO_EFILE);
    assert_zs(zs_store_copy(store, r->other, &why));
    assert_int_equal(zs_store_copy(store, r->other, &why), ZOBO_EFILE);

    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    tight = old;
    tight.rlim_cur = 10000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    sprintf(file, "%s/full", r->dir);
    zobo_err err = zs_store_copy(store, file, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(err, ZOBO_EFILE);
    assert_non_null(strstr(why.text, "nothing is left of it"));
    assert_int_equal(rmdir(file), 0);
    zs_store_close(store);
}

static void
copy_of_another_process(const rig *r)
{
    zs_store *store = NULL;
    zs_txn *txn = NULL;
    zs_node node;
    if (zs_store_open(&store, &(zs_store_options){.dir = r->dir, .read_only = true}, NULL) ||
        zs_read_begin(store, &txn) || find(txn, "/kept", &node, NULL))
        _exit(1);
    zs_txn_end(txn);
    if (zs_store_copy(store, r->other, NULL))
        _exit(2);
    if (zs_store_open(&store, &(zs_store_options){.dir = r->dir}, NULL) != ZOBO_EFILE)
        _exit(3);
}

static void
read_only(void **state)
{
    rig *r = *state;
    zs_store *store = open_dir(r->dir);
    commit_text(store, "/kept", "yes");
    assert_int_equal(in_child(r, copy_of_another_process), 0);
    commit_text(store, "/kept", "still");
    zs_store_close(store);
    store = open_dir(r->other);
    zs_txn *txn = reading(store);
    assert_text(txn, "/kept", "yes");
    zs_txn_end(txn);
    zs_store_close(store);
}

/* --- what is left behind --- */

static int
count_entries(const char *dir, const char *prefix)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d));)
        n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    closedir(d);
    return n;
}

static void
in_memory(void **state)
{
    rig *r = *state;
    int before = count_entries("/proc/self/fd", "");
    assert_int_equal(setenv("TMPDIR", r->dir, 1), 0);
    zs_store *store = open_memory();
    assert_int_equal(count_entries(r->dir, "zobo-"), 0); /* it has no name */
    zs_store *second = open_memory();
    commit_text(store, "/n", "mine");
    zs_txn *txn = reading(second);
    assert_int_equal(walk(txn, "/"), 4);
    zs_txn_end(txn);
    assert_zs(zs_store_copy(store, r->other, NULL));
    zs_store_close(second);
    zs_store_close(store);
    zs_store_close(NULL);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_int_equal(count_entries("/proc/self/fd", ""), before);
}

static void
descriptors(void **state)
{
    rig *r = *state;
    zs_store *store = open_dir(r->dir);
    for (int fd = 3; fd < 256; fd++) {
        char link[64], name[300];
        sprintf(link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, name, sizeof name - 1);
        if (n <= 0)
            continue;
        name[n] = '\0';
        if (strstr(name, r->dir) && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
            fail_msg("%s is open in programs that are started", name);
    }
    struct stat st;
    assert_int_equal(stat(r->data, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    zs_store_close(store);
}

/* With the n-th allocation failing: an error, nothing left, and then it works. */
static void
without_memory(void **state)
{
    rig *r = *state;
    int before = count_entries("/proc/self/fd", "");
    for (long i = 0;; i++) {
        zs_store *store = NULL;
        zobo_problem why;
        zb_mem_fail_after(i, 0);
        zobo_err err = zs_store_open(&store, &(zs_store_options){.dir = r->dir}, &why);
        zb_mem_fail_after(-1, 0);
        if (err == ZOBO_OK) {
            zs_store_close(store);
            if (i > 20)
                break;
            continue;
        }
        assert_null(store);
        assert_true(err == ZOBO_ENOMEM || err == ZOBO_EFILE);
        assert_int_equal(count_entries("/proc/self/fd", ""), before);
    }
    zs_store *store = open_dir(r->dir);
    zs_txn *txn = writing(store);
    zs_undo_start(txn);
    zb_mem_fail_after(0, 1);
    zobo_err err = put_text(txn, "/n", "x");
    zb_mem_fail_after(-1, 0);
    assert_int_equal(err, ZOBO_ENOMEM);
    zs_txn_end(txn);
    zs_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opened_again, setup, teardown),
        cmocka_unit_test_setup_teardown(after_a_crash, setup, teardown),
        cmocka_unit_test_setup_teardown(half_made, setup, teardown),
        cmocka_unit_test_setup_teardown(in_use, setup, teardown),
        cmocka_unit_test_setup_teardown(no_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(lock_is_no_file, setup, teardown),
        cmocka_unit_test_setup_teardown(closed_beside_a_child, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_short, setup, teardown),
        cmocka_unit_test_setup_teardown(not_cut_short, setup, teardown),
        cmocka_unit_test_setup_teardown(not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(other_formats, setup, teardown),
        cmocka_unit_test_setup_teardown(full_map, setup, teardown),
        cmocka_unit_test_setup_teardown(full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(copied_while_written, setup, teardown),
        cmocka_unit_test_setup_teardown(copy_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(in_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
