/* SPDX-License-Identifier: Apache-2.0 */
/* A forked child has a copy of the client, its memory and its socket. It may use none of it, and free it. */
#define _GNU_SOURCE
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/peer.h"
#include "support/record.h"

/* Runs `child(client)` in a forked process; its return value is a line number, 0 for fine. */
static void
in_a_child(zobo_client *client, int (*child)(zobo_client *))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child(client) & 0xff);
    int status;
    uint64_t end = zt_now_ms() + ZT_SOON_MS;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (zt_now_ms() > end) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            fail_msg("the child hangs");
        }
        zt_nap();
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        fail_msg("the child ended with status 0x%x (line %d)", status, WIFEXITED(status) ? WEXITSTATUS(status) : 0);
}

#define REFUSED(expr)                                                                                                  \
    do {                                                                                                               \
        if ((expr) != ZOBO_EFORKED)                                                                                    \
            return __LINE__;                                                                                           \
    } while (0)

static int
use_it(zobo_client *client)
{
    zobo_client_id id;
    zobo_stat stat;
    (void)id;
    REFUSED(zobo_get(client, "/", NULL, NULL));
    REFUSED(zobo_create(client, "/forked", "", 0, NULL, NULL));
    REFUSED(zobo_exists(client, "/", NULL, &stat));
    REFUSED(zobo_get_async(client, "/", NULL, NULL, NULL));
    REFUSED(zobo_add_auth(client, "digest", "a:b", 3));
    REFUSED(zobo_sync(client, "/"));
    REFUSED(zobo_stop(client));
    REFUSED(zobo_detach(client));
    REFUSED(zobo_start(client, 100, NULL));
    REFUSED(zobo_start_async(client));
    REFUSED(zobo_restart(client, NULL));
    REFUSED(zobo_command(client, "ruok", NULL));
    zobo_close(client);
    return 0;
}

static void
test_P31_child_refused_parent_unharmed(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(client, &before));
    in_a_child(client, use_it);
    assert_ok(zobo_create(client, "/parent", "", 0, NULL, NULL));
    assert_ok(zobo_get_client_id(client, &after));
    assert_int_equal(before.session_id, after.session_id);
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    assert_int_equal(zt_peer_count(peer, ZB_OP_CLOSE_SESSION), 0);
    assert_false(zt_peer_has_node(peer, "/forked"));
    assert_class(ZOBO_EFORKED, ZOBO_CLASS_USAGE);
    zobo_close(client);
    assert_int_equal(zt_peer_count(peer, ZB_OP_CLOSE_SESSION), 1);
    zt_peer_stop(peer);
}

static int
only_close(zobo_client *client)
{
    zobo_close(client);
    return 0;
}

static void
test_P31_while_the_parent_is_busy(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 10000);
    for (int round = 0; round < 10; round++) {
        zt_calls calls; /* so that the fork finds locks taken and requests under way */
        zt_calls_init(&calls, 2000);
        for (int i = 0; i < 2000; i++) {
            zobo_how how = zt_calls_how(&calls);
            assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
        }
        in_a_child(client, round % 2 ? use_it : only_close);
        assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
        assert_int_equal(zt_calls_count(&calls, ZOBO_OK), 2000);
        assert_true(zt_calls_once_each(&calls));
        zt_calls_destroy(&calls);
    }
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    zobo_close(client);
    zt_peer_stop(peer);
}

static const char *child_hosts;

static int
open_its_own(zobo_client *client)
{
    zobo_close(client);
    zobo_options options = zt_options(child_hosts, 4000);
#ifdef __SANITIZE_THREAD__
    options.event_loop = true; /* the thread sanitizer cannot start threads in a forked child */
#endif
    if (zobo_new(&options, &client, NULL) || zobo_start(client, ZT_SOON_MS, NULL))
        return __LINE__;
    if (zobo_create(client, "/child", "", 0, NULL, NULL))
        return __LINE__;
    zobo_close(client);
    return 0;
}

static void
test_P31_the_child_may_have_its_own(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    child_hosts = zt_peer_hosts(peer);
    in_a_child(client, open_its_own);
    assert_true(zt_peer_has_node(peer, "/child"));
    assert_ok(zobo_sync(client, "/"));
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_P31_nothing_is_inherited_by_exec(void **state)
{
    (void)state;
    /* Every descriptor that came with the client is closed by exec. */
    bool before[256];
    zt_peer *peer = zt_peer_start(NULL);
    for (int fd = 0; fd < 256; fd++)
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    zobo_client *client = zt_client(zt_peer_hosts(peer), 4000);
    char accepted[32] = "";
    for (int fd = 0; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (before[fd] || flags < 0 || (flags & FD_CLOEXEC))
            continue;
        snprintf(accepted + strlen(accepted), sizeof accepted - strlen(accepted), " %d", fd);
    }
    assert_string_equal(accepted, "");
    zobo_close(client);
    zt_peer_stop(peer);
}

static bool no_wiping;

/* In libc's place. */
int
madvise(void *p, size_t n, int advice)
{
    if (no_wiping && advice == MADV_WIPEONFORK) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_madvise, p, n, advice);
}

static void
test_P31_where_memory_is_not_wiped(void **state)
{
    no_wiping = true;
    test_P31_child_refused_parent_unharmed(state);
    no_wiping = false;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_P31_child_refused_parent_unharmed), cmocka_unit_test(test_P31_where_memory_is_not_wiped),
        cmocka_unit_test(test_P31_while_the_parent_is_busy),      cmocka_unit_test(test_P31_the_child_may_have_its_own),
        cmocka_unit_test(test_P31_nothing_is_inherited_by_exec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
