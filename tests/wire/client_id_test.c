/* SPDX-License-Identifier: Apache-2.0 */
/* The file that keeps a session: whole or not at all, for its owner only. */

#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/peer.h"

static char dir[64], path[96];

static int
setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/zobo-id-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/id", dir);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir); /* fails if anything else was left behind */
}

static const zobo_client_id some_id = {0x0123456789abcdef, "0123456789abcde"};

static void
write_file(const char *name, const void *data, size_t n, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void
test_save_and_load(void **state)
{
    (void)state;
    zobo_client_id id;
    zobo_problem why;
    mode_t before = umask(0);
    assert_ok(zobo_client_id_save(path, &some_id, &why));
    umask(before);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    memset(&id, 0, sizeof id);
    assert_ok(zobo_client_id_load(path, &id, &why));
    assert_int_equal(id.session_id, some_id.session_id);
    assert_memory_equal(id.password, some_id.password, 16);
    zobo_client_id other = some_id;
    other.session_id = -2;
    assert_ok(zobo_client_id_save(path, &other, NULL)); /* in place of the old one */
    assert_ok(zobo_client_id_load(path, &id, NULL));
    assert_int_equal(id.session_id, -2);
}

static void
test_readable_by_others_is_refused(void **state)
{
    (void)state;
    zobo_client_id id;
    const mode_t modes[] = {0644, 0640, 0604, 0660, 0606};
    assert_ok(zobo_client_id_save(path, &some_id, NULL));
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        zobo_problem why = {0};
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_err(zobo_client_id_load(path, &id, &why), ZOBO_EFILE);
        assert_non_null(strstr(why.text, path));
    }
    assert_ok(zobo_client_id_save(path, &some_id, NULL)); /* saving puts that right */
    assert_ok(zobo_client_id_load(path, &id, NULL));
}

static void
test_no_file_and_no_directory(void **state)
{
    (void)state;
    zobo_client_id id;
    zobo_problem why = {0};
    assert_err(zobo_client_id_load(path, &id, &why), ZOBO_EFILE);
    assert_non_null(strstr(why.text, path));
    assert_err(zobo_client_id_load(dir, &id, NULL), ZOBO_EFILE);
    assert_err(zobo_client_id_save("/nonexistent/id", &some_id, &why), ZOBO_EFILE);
    assert_non_null(strstr(why.text, "/nonexistent/id"));
    assert_err(zobo_client_id_save(dir, &some_id, NULL), ZOBO_EFILE);
    assert_err(zobo_client_id_load("/dev/zero", &id, NULL), ZOBO_EFILE); /* endless */
}

/* A device or a pipe is neither waited for nor replaced. */
static void
test_only_regular_files(void **state)
{
    (void)state;
    zobo_client_id id;
    struct stat st;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_err(zobo_client_id_save(path, &some_id, NULL), ZOBO_EFILE);
    assert_err(zobo_client_id_load(path, &id, NULL), ZOBO_EFILE);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

static void
test_damaged_files(void **state)
{
    (void)state;
    char whole[4096];
    zobo_client_id id;
    assert_ok(zobo_client_id_save(path, &some_id, NULL));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, whole, sizeof whole);
    close(fd);
    assert_true(n > 16);
    for (ssize_t cut = 0; cut < n - 1; cut++) { /* the last byte may be a newline */
        write_file(path, whole, (size_t)cut, 0600);
        assert_err(zobo_client_id_load(path, &id, NULL), ZOBO_EFILE);
    }
    char junk[100000];
    memset(junk, '7', sizeof junk);
    write_file(path, junk, sizeof junk, 0600);
    assert_err(zobo_client_id_load(path, &id, NULL), ZOBO_EFILE);
    memset(junk, 0, sizeof junk);
    write_file(path, junk, 200, 0600);
    assert_err(zobo_client_id_load(path, &id, NULL), ZOBO_EFILE);
    whole[n / 2] = '\n';
    write_file(path, whole, (size_t)n, 0600);
    assert_err(zobo_client_id_load(path, &id, NULL), ZOBO_EFILE);
}

/* The disk is full: no file may grow. (The signal that comes with it must not reach the program.) */
static void
test_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    zobo_client_id id, other = some_id;
    other.session_id = 1;
    assert_ok(zobo_client_id_save(path, &some_id, NULL));
    struct rlimit before, none = {8, 0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &old), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    zobo_problem why = {0};
    zobo_err err = zobo_client_id_save(path, &other, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(sigaction(SIGXFSZ, &old, NULL), 0);
    assert_err(err, ZOBO_EFILE);
    assert_non_null(strstr(why.text, path));
    assert_ok(zobo_client_id_load(path, &id, NULL));
    assert_int_equal(id.session_id, some_id.session_id);
}

static void
test_resume_from_a_file(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_client_id id, same;
    assert_ok(zobo_create(client, "/e", "", 0, &(zobo_create_options){.ephemeral = true}, NULL));
    assert_ok(zobo_get_client_id(client, &id));
    assert_ok(zobo_client_id_save(path, &id, NULL));
    assert_ok(zobo_detach(client));
    zobo_close(client);
    memset(&id, 0, sizeof id);
    assert_ok(zobo_client_id_load(path, &id, NULL));
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    options.client_id = &id;
    client = zt_client_with(&options);
    assert_ok(zobo_get_client_id(client, &same));
    assert_int_equal(same.session_id, id.session_id);
    assert_true(zt_peer_has_node(peer, "/e"));
    zobo_close(client);
    zt_peer_stop(peer);
}

/* Nobody was there to resume it from: that is no reason to give it up. */
static void
test_resume_at_the_second_try(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 30000);
    zobo_client_id id, after;
    assert_ok(zobo_get_client_id(client, &id));
    assert_ok(zobo_detach(client));
    zobo_close(client);
    zobo_options options = zt_options(zt_peer_hosts(peer), 30000);
    options.client_id = &id;
    assert_ok(zobo_new(&options, &client, NULL));
    zt_peer_refuse(peer, true);
    assert_err(zobo_start(client, 100, NULL), ZOBO_ENOCONNECTION);
    zt_peer_refuse(peer, false);
    assert_ok(zobo_start(client, 0, NULL));
    assert_ok(zobo_get_client_id(client, &after));
    assert_int_equal(after.session_id, id.session_id);
    assert_ok(zobo_stop(client));
    assert_ok(zobo_start(client, 0, NULL));
    assert_ok(zobo_get_client_id(client, &after));
    assert_int_not_equal(after.session_id, id.session_id);
    zobo_close(client);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_save_and_load, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readable_by_others_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_file_and_no_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_regular_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk_leaves_the_old_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resume_from_a_file, setup, teardown),
        cmocka_unit_test(test_resume_at_the_second_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
