/* SPDX-License-Identifier: Apache-2.0 */
/* `zobo serve` as a machine treats a process: stopped for a while, and with no room for its file. */
#define _GNU_SOURCE
#include "server/server.h"

#include <signal.h>
#include <sys/resource.h>

#include "crash.h" /* behind the other: it has a type of the name of its parameters */

/* A session of `timeout_ms` that speaks only when it is told to, with an ephemeral node. */
static int
silent_session(const server *s, int32_t timeout_ms, const char *path)
{
    static const uint8_t password[16];
    uint8_t reply[256];
    zt_buf b = {0};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)strtol(strchr(s->hosts, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    zt_put_i32(&b, 0);
    zt_put_i64(&b, 0);
    zt_put_i32(&b, timeout_ms);
    zt_put_i64(&b, 0);
    zt_put_bytes(&b, password, 16);
    raw_frame(fd, &b);
    assert_int_equal(raw_reply(fd, reply, sizeof reply), 36);
    zt_put_i32(&b, 1);
    zt_put_i32(&b, 1); /* create */
    zt_put_str(&b, path);
    zt_put_str(&b, "");
    zt_put_i32(&b, 1);
    zt_put_i32(&b, ZOBO_PERM_ALL);
    zt_put_str(&b, "world");
    zt_put_str(&b, "anyone");
    zt_put_i32(&b, 1); /* ephemeral */
    raw_frame(fd, &b);
    (void)raw_reply(fd, reply, sizeof reply);
    return fd;
}

static void
ping(int fd)
{
    uint8_t reply[64];
    zt_buf b = {0};
    zt_put_i32(&b, -2);
    zt_put_i32(&b, 11);
    raw_frame(fd, &b);
    assert_int_equal(raw_reply(fd, reply, sizeof reply), 16);
    assert_int_equal(reply_xid(reply), -2);
}

static void
wait_ms(uint64_t ms)
{
    for (uint64_t end = zt_now_ms() + ms; zt_now_ms() < end;)
        zt_nap();
}

static void
stopped_for_twice_the_timeout(void **state)
{
    (void)state;
    enum { TIMEOUT_MS = 2000 };
    static const char text[] = "tickTime=500\nminSessionTimeout=1000\nmaxSessionTimeout=20000\n";
    server s = {0};
    char config[] = "/tmp/zobo-machine-XXXXXX";
    int fd = mkstemp(config);
    assert_true(fd >= 0 && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
    close(fd);
    s.config = config;
    server_start(&s);
    int pings = silent_session(&s, TIMEOUT_MS, "/pings"), silent = silent_session(&s, TIMEOUT_MS, "/silent");
    ping(pings);
    assert_int_equal(kill(s.pid, SIGSTOP), 0);
    wait_ms(2 * TIMEOUT_MS); /* this is what is tried, no wait for anything */
    assert_int_equal(kill(s.pid, SIGCONT), 0);
    ping(pings); /* fails if the session is over: the connection would end */
    zobo_client *c = zt_client(s.hosts, 10000);
    zobo_err err = ZOBO_OK;
    uint64_t end = zt_now_ms() + ZT_SOON_MS;
    while (zt_now_ms() < end && (err = zobo_exists(c, "/silent", NULL, NULL)) == ZOBO_OK) {
        ping(pings);
        wait_ms(TIMEOUT_MS / 20);
    }
    assert_err(err, ZOBO_ENONODE); /* that there was a stop keeps nobody alive who is gone */
    assert_ok(zobo_exists(c, "/pings", NULL, NULL));
    zobo_close(c);
    close(pings);
    close(silent);
    server_kill(&s);
    server_remove(&s);
    (void)unlink(config);
}

static void
no_room_for_the_file(void **state)
{
    (void)state;
    enum { NODES = 300, BYTES = 10000 };
    static char data[BYTES];
    static bool there[NODES];
    struct rlimit limit = {600000, RLIM_INFINITY};
    server s = {0};
    char path[32];
    int refused = 0;
    server_start(&s);
    zobo_client *c = zt_client(s.hosts, 10000);
    assert_int_equal(prlimit(s.pid, RLIMIT_FSIZE, &limit, NULL), 0);
    for (int i = 0; i < NODES; i++) {
        (void)snprintf(path, sizeof path, "/n%d", i);
        zobo_err err = zobo_create(c, path, data, sizeof data, NULL, NULL);
        there[i] = err == ZOBO_OK;
        if (err != ZOBO_OK)
            assert_err(err, ZOBO_ENOTREADONLY);
        refused += err != ZOBO_OK;
    }
    assert_true(refused > 0 && refused < NODES);
    assert_ok(zobo_exists(c, "/n0", NULL, NULL));
    limit.rlim_cur = RLIM_INFINITY;
    assert_int_equal(prlimit(s.pid, RLIMIT_FSIZE, &limit, NULL), 0);
    ZT_WAIT(zobo_create(c, "/room", data, sizeof data, NULL, NULL) == ZOBO_OK); /* it finds out by itself */
    zobo_close(c);
    server_kill(&s);
    server_start(&s);
    c = zt_client(s.hosts, 10000);
    for (int i = 0; i < NODES; i++) {
        (void)snprintf(path, sizeof path, "/n%d", i);
        assert_err(zobo_exists(c, path, NULL, NULL), there[i] ? ZOBO_OK : ZOBO_ENONODE);
    }
    assert_ok(zobo_exists(c, "/room", NULL, NULL));
    zobo_close(c);
    server_kill(&s);
    server_remove(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_for_twice_the_timeout),
        cmocka_unit_test(no_room_for_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
