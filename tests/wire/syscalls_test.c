/* SPDX-License-Identifier: Apache-2.0 */
/* What a request costs: system calls, threads woken, memory, words on stderr. This program's own versions of libc's
 * calls count what the client does; the peer's threads are left out. */
#define _GNU_SOURCE
#include "support/test.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/peer.h"
#include "support/record.h"

static atomic_long n_sends, n_receives, n_waits, n_wakes;

/* The real function of that name. */
#define REAL(name)                                                                                                     \
    static __typeof__(&name) real;                                                                                     \
    if (!real) {                                                                                                       \
        void *found = dlsym(RTLD_NEXT, #name);                                                                         \
        memcpy(&real, &found, sizeof real);                                                                            \
    }

static void
count(atomic_long *which)
{
    if (!zt_on_peer_thread)
        atomic_fetch_add(which, 1);
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
    REAL(send)
    count(&n_sends);
    return real(fd, p, n, flags);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
    REAL(sendmsg)
    count(&n_sends);
    return real(fd, m, flags);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
    REAL(writev)
    count(&n_sends);
    return real(fd, v, n);
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
    REAL(recv)
    count(&n_receives);
    return real(fd, p, n, flags);
}

ssize_t
read(int fd, void *p, size_t n)
{
    REAL(read)
    count(&n_receives);
    return real(fd, p, n);
}

ssize_t
write(int fd, const void *p, size_t n)
{
    REAL(write)
    if (fd > 2)
        count(&n_wakes);
    return real(fd, p, n);
}

int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    REAL(ppoll)
    count(&n_waits);
    return real(fds, n, timeout, mask);
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
    REAL(poll)
    count(&n_waits);
    return real(fds, n, timeout);
}

int
epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
    REAL(epoll_wait)
    count(&n_waits);
    return real(fd, events, n, timeout);
}

static void
reset_counts(void)
{
    n_sends = n_receives = n_waits = n_wakes = 0;
}

static void
test_E9_one_send_and_one_receive_for_a_request(void **state)
{
    (void)state;
    enum { N = 1000 };
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 10000);
    for (int i = 0; i < 100; i++)
        assert_ok(zobo_get(client, "/", NULL, NULL));
    reset_counts();
    for (int i = 0; i < N; i++)
        assert_ok(zobo_get(client, "/", NULL, NULL));
    long sends = n_sends, receives = n_receives, waits = n_waits, wakes = n_wakes;
    print_message("%d blocking gets: %ld sends, %ld receives, %ld waits, %ld wake-ups\n", N, sends, receives, waits,
                  wakes);
    assert_in_range(sends, N, N + N / 10);
    assert_in_range(receives, N, N + N / 4);
    assert_in_range(waits, 0, N + N / 4); /* Apache's C client: 48.9 calls for each get, 13.7 at best */
    assert_in_range(wakes, 0, N / 4);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_E9_a_burst_shares_its_calls(void **state)
{
    (void)state;
    enum { N = 10000 };
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 10000);
    zt_calls calls;
    zt_calls_init(&calls, N);
    reset_counts();
    for (int i = 0; i < N; i++) {
        zobo_how how = zt_calls_how(&calls);
        assert_ok(zobo_get_async(client, "/", NULL, &how, NULL));
    }
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    long sends = n_sends, receives = n_receives, wakes = n_wakes;
    print_message("%d gets in a burst: %ld sends, %ld receives, %ld wake-ups\n", N, sends, receives, wakes);
    assert_true(sends < N / 2);
    assert_true(wakes < N / 2);
    zt_calls_destroy(&calls);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_idle_costs_next_to_nothing(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *client = zt_client(zt_peer_hosts(peer), 3000);
    assert_ok(zobo_get(client, "/", NULL, NULL));
    size_t pings = zt_peer_count(peer, ZB_OP_PING);
    ZT_WAIT(zt_peer_count(peer, ZB_OP_PING) == pings + 1);
    reset_counts();
    ZT_WAIT(zt_peer_count(peer, ZB_OP_PING) == pings + 3);
    assert_in_range(n_sends, 1, 3);
    assert_in_range(n_receives, 0, 6);
    assert_in_range(n_waits, 0, 12);
    assert_int_equal(n_wakes, 0);
    zobo_close(client);
    zt_peer_stop(peer);
}

static void
test_P34_silent_by_default(void **state)
{
    (void)state;
    char name[] = "/tmp/zobo-silent-XXXXXX";
    int file = mkstemp(name), out = dup(1), err = dup(2);
    assert_true(file >= 0 && out >= 0 && err >= 0);
    unlink(name);
    fflush(stdout);
    fflush(stderr);
    assert_true(dup2(file, 1) == 1 && dup2(file, 2) == 2);
    zt_peer *peer = zt_peer_start(NULL);
    zobo_options options = {.size = sizeof options, .hosts = zt_peer_hosts(peer), .timeout_ms = 4000};
    zobo_client *client;
    zobo_err made = zobo_new(&options, &client, NULL);
    zobo_err started = made ? made : zobo_start(client, 0, NULL);
    if (!started) {
        zt_peer_expire(peer);
        zt_peer_cut(peer);
        uint64_t end = zt_now_ms() + ZT_SOON_MS;
        while (zt_peer_sessions_up(peer) < 2 && zt_now_ms() < end)
            zt_nap();
        started = zobo_sync(client, "/");
        zobo_close(client);
    }
    zt_peer_stop(peer);
    fflush(stdout);
    fflush(stderr);
    off_t written = lseek(file, 0, SEEK_END);
    assert_true(dup2(out, 1) == 1 && dup2(err, 2) == 2);
    close(out);
    close(err);
    close(file);
    assert_ok(started);
    assert_int_equal(written, 0);
}

typedef struct lines {
    atomic_int n;
    atomic_bool secret, newline;
} lines;

static void
take_line(void *arg, zobo_log_level level, const char *line)
{
    lines *l = arg;
    (void)level;
    atomic_fetch_add(&l->n, 1);
    if (strstr(line, "hunter2") || strstr(line, "precious"))
        atomic_store(&l->secret, true);
    if (strchr(line, '\n') || !line[0])
        atomic_store(&l->newline, true);
}

static void
test_P34_no_secrets_in_the_log(void **state)
{
    (void)state;
    lines l = {0, false, false};
    zt_peer *peer = zt_peer_start(NULL);
    zobo_options options = zt_options(zt_peer_hosts(peer), 4000);
    zobo_auth auth = {"digest", "joe:hunter2", 11};
    options.auth = &auth;
    options.n_auth = 1;
    options.log = take_line;
    options.log_arg = &l;
    options.log_level = ZOBO_LOG_DEBUG;
    zobo_client *client = zt_client_with(&options);
    assert_ok(zobo_create(client, "/a", "precious", 8, NULL, NULL));
    assert_ok(zobo_add_auth(client, "digest", "jim:hunter2", 11));
    assert_err(zobo_add_auth(client, "nonsense", "hunter2", 7), ZOBO_EAUTHFAILED);
    zt_peer_cut(peer);
    assert_ok(zobo_stop(client));
    zobo_close(client);
    assert_true(l.n > 3);
    assert_false(l.secret);
    assert_false(l.newline);
    zt_peer_stop(peer);
}

static void
ignore_event(void *arg, const zobo_event *event)
{
    (void)arg, (void)event;
}

static size_t
heap_in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* Answers exists without keeping the watch: the tiny server's own table must not be weighed. */
static bool
forget_watches(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)arg;
    if (f->op != ZB_OP_EXISTS)
        return false;
    zt_reply(c, f->xid, 1, ZOBO_ENONODE, NULL);
    return true;
}

static void
test_P38_memory_of_a_watch(void **state)
{
    (void)state;
    enum { N = 20000 };
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = forget_watches});
    zobo_client *client = zt_client(zt_peer_hosts(peer), 10000);
    zobo_watcher watcher = {.fn = ignore_event};
    assert_err(zobo_exists(client, "/warm", &watcher, NULL), ZOBO_ENONODE);
    size_t before = heap_in_use();
    char path[32];
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "/%029d", i);
        assert_err(zobo_exists(client, path, &watcher, NULL), ZOBO_ENONODE);
    }
    size_t each = (heap_in_use() - before) / N;
    print_message("a watch on a path of 30 bytes: %zu bytes\n", each);
    /* What the peer's log of requests takes is in it, about 110 bytes each. */
    assert_in_range(each, 50, 360);
    zobo_close(client);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_E9_one_send_and_one_receive_for_a_request),
        cmocka_unit_test(test_E9_a_burst_shares_its_calls),
        cmocka_unit_test(test_idle_costs_next_to_nothing),
        cmocka_unit_test(test_P34_silent_by_default),
        cmocka_unit_test(test_P34_no_secrets_in_the_log),
        cmocka_unit_test(test_P38_memory_of_a_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
