/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the embedded server share: a server for a test, and a client that speaks in bytes. Each program
 * that includes this has its own. */
#ifndef ZT_SERVER_H
#define ZT_SERVER_H

#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <zobo/server.h>

#include "support/bytes.h"

/* --- the server --- */

static inline zobo_server_options
server_options(void)
{
    zobo_server_options o = {.size = sizeof o};
    if (getenv("ZT_LOG")) {
        o.log = zobo_log_stderr;
        o.log_level = ZOBO_LOG_DEBUG;
    }
    return o;
}

static inline zobo_server *
serve(const zobo_server_options *options)
{
    zobo_server *server;
    zobo_problem why = {0};
    zobo_err err = zobo_server_start(&server, options, &why);
    if (err)
        fail_msg("no server: %s: %s", zobo_err_name(err), why.text);
    return server;
}

static inline zobo_server *
serve_memory(void)
{
    zobo_server_options o = server_options();
    return serve(&o);
}

/* refused checks that there is no such server, and that the reason holds `text`. */
static inline void
refused(const zobo_server_options *options, zobo_err want, const char *text)
{
    zobo_server *server = NULL;
    zobo_problem why = {0};
    assert_err(zobo_server_start(&server, options, &why), want);
    assert_null(server);
    if (!strstr(why.text, text))
        fail_msg("\"%s\" is not in \"%s\"", text, why.text);
}

/* A new directory below /tmp; remove_dir removes it with the data in it. */
static inline void
make_dir(char dir[40])
{
    snprintf(dir, 40, "/tmp/zobo-server-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static inline void
remove_dir(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock", "zobo.sock", "other.sock"};
    char path[80];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    if (rmdir(dir) != 0)
        fail_msg("%s holds something unexpected: %s", dir, strerror(errno));
}

/* --- bytes --- */

static inline int
raw_connect(const zobo_server *server)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(zobo_server_port(server))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static inline void
raw_send(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n) {
        ssize_t put = send(fd, at, n, MSG_NOSIGNAL);
        if (put <= 0)
            fail_msg("send: %s", strerror(errno));
        at += put;
        n -= (size_t)put;
    }
}

/* raw_read reads exactly n bytes; false: the connection ended before. */
static inline bool
raw_read(int fd, void *p, size_t n)
{
    char *at = p;
    while (n) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, (int)ZT_SOON_MS) != 1)
            fail_msg("nothing came");
        ssize_t got = recv(fd, at, n, 0);
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

/* raw_ends reads to the end of the connection and closes it; fails when the end does not come. */
static inline void
raw_ends(int fd)
{
    char drop[4096];
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, (int)ZT_SOON_MS) != 1)
            fail_msg("the connection does not end");
        if (recv(fd, drop, sizeof drop, 0) <= 0)
            break;
    }
    close(fd);
}

/* One frame: its body is `b` (emptied). */
static inline void
raw_frame(int fd, zt_buf *b)
{
    zt_buf frame = {0};
    zt_put_i32(&frame, (int32_t)b->n);
    zt_put_raw(&frame, b->p, b->n);
    raw_send(fd, frame.p, frame.n);
    zt_buf_free(&frame);
    zt_buf_free(b);
}

static inline void
put_hello(zt_buf *b)
{
    static const uint8_t password[16];
    zt_put_i32(b, 0);
    zt_put_i64(b, 0);
    zt_put_i32(b, 10000);
    zt_put_i64(b, 0);
    zt_put_bytes(b, password, 16);
}

static inline void
put_get(zt_buf *b, int32_t xid, const char *path)
{
    zt_put_i32(b, xid);
    zt_put_i32(b, 4);
    zt_put_str(b, path);
    zt_put_bool(b, false);
}

/* raw_reply reads a frame of any length up to `size`; returns its length. */
static inline size_t
raw_reply(int fd, uint8_t *p, size_t size)
{
    uint8_t length[4];
    assert_true(raw_read(fd, length, 4));
    zt_cursor c = {length, length + 4, false};
    int32_t n = zt_take_i32(&c);
    assert_true(n >= 0 && (size_t)n <= size);
    assert_true(raw_read(fd, p, (size_t)n));
    return (size_t)n;
}

/* raw_session connects and shakes hands: the 36 bytes of a client that did not send the read-only byte. */
static inline int
raw_session(const zobo_server *server)
{
    int fd = raw_connect(server);
    uint8_t reply[64];
    zt_buf b = {0};
    put_hello(&b);
    raw_frame(fd, &b);
    assert_int_equal(raw_reply(fd, reply, sizeof reply), 36);
    return fd;
}

static inline int32_t
reply_xid(const uint8_t *p)
{
    zt_cursor c = {p, p + 4, false};
    return zt_take_i32(&c);
}

#endif
