/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine does to a server: its disk full in the middle of load, a sync that fails, its directory gone. */
#define _GNU_SOURCE
#include "server.h"

#include <stdatomic.h>
#include <sys/syscall.h>

#include "support/record.h"

static atomic_bool sync_fails;

/* LMDB's, which finds this one first. */
int
fdatasync(int fd)
{
    if (!sync_fails)
        return (int)syscall(SYS_fdatasync, fd);
    errno = EIO;
    return -1;
}

typedef struct said {
    atomic_uint errors, ahead;
    atomic_bool again;
} said;

static void
listen_to(void *arg, zobo_log_level level, const char *line)
{
    said *s = arg;
    s->errors += level == ZOBO_LOG_ERROR;
    s->ahead += strstr(line, "accept_future_zxid") != NULL;
    if (strstr(line, "possible again"))
        s->again = true;
}

static zobo_server_options
options_of(const char *dir, said *s)
{
    zobo_server_options o = server_options();
    o.data_dir = dir;
    o.log = listen_to;
    o.log_arg = s;
    o.log_level = ZOBO_LOG_INFO;
    return o;
}

enum { NODES = 400, BYTES = 10000 };

static void
path_of(char path[32], int i)
{
    (void)snprintf(path, 32, "/n%d", i);
}

/* All at once, so that some are in one batch. Each node has its number in its data. */
static void
create_many(zobo_client *c, zt_calls *calls)
{
    static char data[BYTES];
    char path[32];
    zt_calls_init(calls, NODES);
    for (int i = 0; i < NODES; i++) {
        zobo_how how = zt_calls_how(calls);
        path_of(path, i);
        (void)snprintf(data, sizeof data, "%d", i);
        assert_ok(zobo_create_async(c, path, data, sizeof data, NULL, &how, NULL));
    }
    assert_true(zt_calls_wait(calls, ZT_SOON_MS));
}

/* What was acknowledged is there, what was refused is not. */
static size_t
check_many(zobo_client *c, const zt_calls *calls)
{
    size_t created = 0;
    for (int i = 0; i < NODES; i++) {
        char path[32];
        zobo_reply *reply = NULL;
        path_of(path, i);
        zobo_err told = calls->items[i].err, err = zobo_get(c, path, NULL, &reply);
        if (told != ZOBO_OK)
            assert_err(told, ZOBO_ENOTREADONLY);
        assert_err(err, told ? ZOBO_ENONODE : ZOBO_OK);
        if (err == ZOBO_OK) {
            assert_int_equal(reply->data_len, BYTES);
            assert_int_equal(strtol(reply->data, NULL, 10), i);
            created++;
        }
        zobo_reply_free(reply);
    }
    return created;
}

static void
test_full_under_load(void **state)
{
    (void)state;
    char dir[40];
    said s = {0};
    zt_calls calls;
    make_dir(dir);
    zobo_server_options o = options_of(dir, &s);
    o.max_data_bytes = 1 << 20;
    zobo_server *server = serve(&o);
    zobo_client *c = zt_client(zobo_server_hosts(server), 10000);
    create_many(c, &calls);
    size_t created = check_many(c, &calls);
    assert_true(created > 0 && created < NODES);
    /* A small write may fit again; that there was no room is not told for each one that did not. */
    assert_true(s.errors >= 1 && s.errors <= 3);
    zobo_close(c);
    zobo_server_close(server);

    o.max_data_bytes = 0;
    server = serve(&o);
    c = zt_client(zobo_server_hosts(server), 10000);
    assert_int_equal(check_many(c, &calls), created);
    assert_ok(zobo_create(c, "/room", NULL, 0, NULL, NULL));
    zobo_close(c);
    zobo_server_close(server);
    zt_calls_destroy(&calls);
    remove_dir(dir);
}

static void
test_a_sync_fails(void **state)
{
    (void)state;
    char dir[40];
    said s = {0};
    zt_calls calls;
    zobo_reply *reply;
    make_dir(dir);
    zobo_server_options o = options_of(dir, &s);
    zobo_server *server = serve(&o);
    zobo_client *c = zt_client(zobo_server_hosts(server), 10000);
    assert_ok(zobo_create(c, "/a", "before", 6, NULL, NULL));
    sync_fails = true;
    create_many(c, &calls);
    assert_int_equal(check_many(c, &calls), 0); /* none was acknowledged, none is seen */
    sync_fails = false;
    assert_err(zobo_set(c, "/a", "x", 1, -1, NULL), ZOBO_ENOTREADONLY); /* never again: nobody knows what is on disk */
    assert_ok(zobo_get(c, "/a", NULL, &reply));
    assert_memory_equal(reply->data, "before", 6);
    zobo_reply_free(reply);
    assert_int_equal(s.errors, 1);
    zobo_close(c);
    zobo_server_close(server);

    server = serve(&o);
    c = zt_client(zobo_server_hosts(server), 10000);
    assert_int_equal(check_many(c, &calls), 0);
    assert_ok(zobo_set(c, "/a", "x", 1, -1, NULL));
    zobo_close(c);
    zobo_server_close(server);
    zt_calls_destroy(&calls);
    remove_dir(dir);
}

static void
test_the_directory_is_removed(void **state)
{
    (void)state;
    char dir[40];
    said s = {0};
    make_dir(dir);
    zobo_server_options o = options_of(dir, &s);
    zobo_server *server = serve(&o);
    zobo_client *c = zt_client(zobo_server_hosts(server), 10000);
    assert_ok(zobo_create(c, "/a", NULL, 0, NULL, NULL));
    remove_dir(dir);
    assert_ok(zobo_exists(c, "/a", NULL, NULL)); /* it has its files, though nobody else finds them */
    assert_err(zobo_create(c, "/b", NULL, 0, NULL, NULL), ZOBO_ENOTREADONLY); /* which is why no write is taken */
    assert_err(zobo_create(c, "/c", NULL, 0, NULL, NULL), ZOBO_ENOTREADONLY);
    assert_int_equal(s.errors, 1);
    zobo_close(c);
    zobo_server_close(server);
    server = serve(&o); /* a new one */
    c = zt_client(zobo_server_hosts(server), 10000);
    assert_err(zobo_exists(c, "/a", NULL, NULL), ZOBO_ENONODE);
    zobo_close(c);
    zobo_server_close(server);
    remove_dir(dir);
}

/* A client that has seen `zxid`. True: it is let in, or told that its session is over. */
static bool
is_let_in(const zobo_server *server, int64_t zxid)
{
    static const uint8_t password[16];
    uint8_t length[4];
    zt_buf b = {0};
    int fd = raw_connect(server);
    zt_put_i32(&b, 0);
    zt_put_i64(&b, zxid);
    zt_put_i32(&b, 10000);
    zt_put_i64(&b, 0);
    zt_put_bytes(&b, password, 16);
    raw_frame(fd, &b);
    bool in = raw_read(fd, length, sizeof length);
    close(fd);
    return in;
}

static void
test_clients_know_more_than_the_data(void **state)
{
    (void)state;
    said s = {0};
    zobo_server_options o = options_of(NULL, &s);
    zobo_server *server = serve(&o);
    assert_true(is_let_in(server, 0));
    for (int i = 0; i < 5; i++)
        assert_false(is_let_in(server, 1000));
    assert_int_equal(s.ahead, 1); /* once, with the cure */
    zobo_server_close(server);
    o.accept_future_zxid = true;
    server = serve(&o);
    assert_true(is_let_in(server, 1000));
    zobo_server_close(server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_under_load),
        cmocka_unit_test(test_a_sync_fails),
        cmocka_unit_test(test_the_directory_is_removed),
        cmocka_unit_test(test_clients_know_more_than_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
