/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that do not behave: they get an end, and nobody else notices. */
#include "server.h"

static zobo_server *server;
static zobo_client *c; /* the one who must not notice */

static int
up(void **state)
{
    (void)state;
    server = serve_memory();
    c = zt_client(zobo_server_hosts(server), 10000);
    zt_put(c, "/big", "");
    char *data = zt_alloc(100000);
    memset(data, 'x', 100000);
    zobo_err err = zobo_set(c, "/big", data, 100000, -1, NULL);
    free(data);
    return err;
}

static int
down(void **state)
{
    (void)state;
    assert_ok(zobo_exists(c, "/", NULL, NULL));
    zobo_close(c);
    zobo_server_close(server);
    return 0;
}

static void
test_garbage(void **state)
{
    (void)state;
    int fd = raw_connect(server);
    raw_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
    raw_ends(fd);
    static const uint8_t huge[] = {0x7f, 0xff, 0xff, 0xff, 0}, negative[] = {0xff, 0xff, 0xff, 0xff, 0};
    fd = raw_connect(server);
    raw_send(fd, huge, sizeof huge);
    raw_ends(fd);
    fd = raw_connect(server);
    raw_send(fd, negative, sizeof negative);
    raw_ends(fd);
    fd = raw_session(server);
    raw_send(fd, huge, sizeof huge);
    raw_ends(fd);
    fd = raw_connect(server);
    close(fd);
    fd = raw_connect(server);
    raw_send(fd, huge, 3); /* less than a length */
    close(fd);
}

/* A frame in pieces of four bytes, each a segment of its own. */
static void
test_pieces(void **state)
{
    (void)state;
    zt_buf hello = {0}, get = {0}, all = {0};
    put_hello(&hello);
    put_get(&get, 7, "/big");
    zt_put_i32(&all, (int32_t)hello.n);
    zt_put_raw(&all, hello.p, hello.n);
    zt_put_i32(&all, (int32_t)get.n);
    zt_put_raw(&all, get.p, get.n);
    int fd = raw_connect(server);
    for (size_t at = 0; at < all.n; at += 4)
        raw_send(fd, all.p + at, all.n - at < 4 ? all.n - at : 4);
    uint8_t *reply = zt_alloc(200000);
    assert_int_equal(raw_reply(fd, reply, 200000), 36);
    assert_int_equal(raw_reply(fd, reply, 200000), 16 + 4 + 100000 + 68);
    assert_int_equal(reply_xid(reply), 7);
    free(reply);
    close(fd);
    zt_buf_free(&hello);
    zt_buf_free(&get);
    zt_buf_free(&all);
}

/* Who says that nothing more will come still gets his answers. */
static void
test_half_close(void **state)
{
    (void)state;
    int fd = raw_session(server);
    zt_buf b = {0};
    for (int32_t xid = 1; xid <= 30; xid++) {
        put_get(&b, xid, "/big");
        raw_frame(fd, &b);
    }
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    uint8_t *reply = zt_alloc(200000);
    for (int32_t xid = 1; xid <= 30; xid++) {
        assert_int_equal(raw_reply(fd, reply, 200000), 16 + 4 + 100000 + 68);
        assert_int_equal(reply_xid(reply), xid);
    }
    free(reply);
    raw_ends(fd);
}

static long
resident_kb(void)
{
    long pages = 0, drop;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &drop, &pages), 2);
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A thousand gets of 100 kB without reading an answer: they wait in the client's socket, not in the server. */
static void
test_does_not_read(void **state)
{
    (void)state;
    enum { N = 1000 };
    long before = resident_kb();
    int fd = raw_session(server);
    zt_buf b = {0}, all = {0};
    for (int32_t xid = 1; xid <= N; xid++) {
        put_get(&b, xid, "/big");
        zt_put_i32(&all, (int32_t)b.n);
        zt_put_raw(&all, b.p, b.n);
        zt_buf_free(&b);
    }
    raw_send(fd, all.p, all.n);
    zt_buf_free(&all);
    for (int i = 0; i < 50; i++) /* others are served meanwhile */
        assert_ok(zobo_exists(c, "/big", NULL, NULL));
    if (!getenv("ZOBO_SANITIZE") || !getenv("ZOBO_SANITIZE")[0])
        assert_true(resident_kb() - before < 32 * 1024); /* of 100 MB */
    uint8_t *reply = zt_alloc(200000);
    for (int32_t xid = 1; xid <= N; xid++) {
        assert_int_equal(raw_reply(fd, reply, 200000), 16 + 4 + 100000 + 68);
        assert_int_equal(reply_xid(reply), xid);
    }
    free(reply);
    close(fd);
}

/* The same with writes that are reset in the middle. */
static void
test_reset(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = raw_session(server);
        zt_buf b = {0};
        for (int32_t xid = 1; xid <= 50; xid++) {
            zt_put_i32(&b, xid);
            zt_put_i32(&b, 5);
            zt_put_str(&b, "/big");
            zt_put_bytes(&b, "y", 1);
            zt_put_i32(&b, -1);
            raw_frame(fd, &b);
        }
        struct linger at_once = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
    }
}

static void
test_max_client_cnxns(void **state)
{
    (void)state;
    zobo_server_options o = server_options();
    o.max_client_cnxns = 2;
    zobo_server *small = serve(&o);
    int a = raw_session(small), b = raw_session(small);
    raw_ends(raw_connect(small));
    close(a);
    /* The place is free again as soon as the server has seen it. */
    for (;;) {
        int fd = raw_connect(small);
        zt_buf hello = {0};
        uint8_t length[4];
        put_hello(&hello);
        zt_buf frame = {0};
        zt_put_i32(&frame, (int32_t)hello.n);
        zt_put_raw(&frame, hello.p, hello.n);
        (void)!send(fd, frame.p, frame.n, MSG_NOSIGNAL);
        zt_buf_free(&hello);
        zt_buf_free(&frame);
        bool in = raw_read(fd, length, 4);
        close(fd);
        if (in)
            break;
        zt_nap();
    }
    close(b);
    zobo_server_close(small);
}

static void
test_word(void **state)
{
    (void)state;
    int fd = raw_connect(server);
    char answer[5] = "";
    raw_send(fd, "ruok", 4);
    assert_true(raw_read(fd, answer, 4));
    assert_string_equal(answer, "imok");
    raw_ends(fd);
}

#define bytes_test(name) cmocka_unit_test_setup_teardown(name, up, down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        bytes_test(test_garbage),       bytes_test(test_pieces), bytes_test(test_half_close),
        bytes_test(test_does_not_read), bytes_test(test_reset),  bytes_test(test_max_client_cnxns),
        bytes_test(test_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
