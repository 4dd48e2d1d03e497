/* SPDX-License-Identifier: Apache-2.0 */
/* A server that gets no memory: it does not start and says so, or it goes on. */
#include "server.h"

#include "base/mem.h"

/* Every allocation of a start fails once; what was begun is taken back, which the leak sanitizer sees. */
static void
start_without_memory(zobo_server_options *o)
{
    zobo_err err = ZOBO_ENOMEM;
    long n = 0;
    for (; err; n++) {
        zobo_server *server = NULL;
        zobo_problem why = {0};
        zb_mem_fail_after(n, 0);
        err = zobo_server_start(&server, o, &why);
        zb_mem_fail_after(-1, 0);
        if (err) {
            assert_null(server);
            assert_true(why.text[0] != '\0');
            if (err != ZOBO_ENOMEM)
                assert_err(err, ZOBO_EFILE); /* the store could not be read */
        }
        zobo_server_close(server);
        assert_true(n < 10000);
    }
    assert_true(n > 5);
}

static void
test_start_in_memory(void **state)
{
    (void)state;
    zobo_server_options o = server_options();
    start_without_memory(&o);
}

static void
test_start_on_disk(void **state)
{
    (void)state;
    char dir[40];
    make_dir(dir);
    zobo_server_options o = server_options();
    o.data_dir = dir;
    o.max_client_cnxns = 5;
    start_without_memory(&o);
    remove_dir(dir);
}

/* Connections that get no memory are closed; the server lives. */
static void
test_connections(void **state)
{
    (void)state;
    zobo_server_options o = server_options();
    o.max_client_cnxns = 1000;
    zobo_server *server = serve(&o);
    for (int i = 0; i < 60; i++) {
        zb_mem_fail_after(i % 30, 1 + i % 3);
        int fd = raw_connect(server);
        zt_buf hello = {0}, frame = {0};
        put_hello(&hello);
        zt_put_i32(&frame, (int32_t)hello.n);
        zt_put_raw(&frame, hello.p, hello.n);
        (void)!send(fd, frame.p, frame.n, MSG_NOSIGNAL);
        zt_buf_free(&hello);
        zt_buf_free(&frame);
        (void)!shutdown(fd, SHUT_WR);
        raw_ends(fd);
        zb_mem_fail_after(-1, 0);
    }
    zobo_client *c = zt_client(zobo_server_hosts(server), 5000);
    assert_ok(zobo_create(c, "/a", "x", 1, NULL, NULL));
    zobo_close(c);
    zobo_server_close(server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_in_memory),
        cmocka_unit_test(test_start_on_disk),
        cmocka_unit_test(test_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
