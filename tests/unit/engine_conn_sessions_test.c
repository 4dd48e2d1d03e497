/* SPDX-License-Identifier: Apache-2.0 */
/* The lives of sessions, and of a store that takes no more: PROTOCOL.md 60-65, 31, 32 from the engine's side. */
#include <unistd.h>

#include "engine/engine_internal.h"
#include "support/engine.h"
#include "unit/test.h"
#include "wire/op.h"

static void
create(zt_engine *z, zt_link *l, const char *path, int32_t flags)
{
    zt_ask_create(l, 900, path, "", flags);
    zt_engine_commit(z);
    zt_expect(l, 900, 0);
}

static bool
exists(zt_link *l, const char *path)
{
    zt_frame f;
    zt_ask_watch(l, 901, ZB_OP_EXISTS, path, false);
    assert_true(zt_link_next(l, &f));
    assert_int_equal(f.xid, 901);
    return f.err == 0;
}

static void
watch_all(zt_link *l)
{
    zt_buf b = {0};
    zt_put_str(&b, "/");
    zt_put_i32(&b, ZOBO_PERSISTENT_RECURSIVE);
    zt_ask(l, 902, ZB_OP_ADD_WATCH, &b);
    zt_expect(l, 902, 0);
}

static void
test_60_any_packet_keeps_a_session_alive(void **state)
{
    zt_engine *z = *state;
    zt_link pings, reads, silent;
    assert_true(zt_link_join(z, &pings, 4000));
    assert_true(zt_link_join(z, &reads, 4000));
    assert_true(zt_link_join(z, &silent, 4000));
    for (int i = 0; i < 10; i++) {
        zt_engine_advance(z, i == 1 ? 1900 : 2000);
        zt_ask(&pings, -2, ZB_OP_PING, NULL);
        zt_expect(&pings, -2, 0);
        assert_true(exists(&reads, "/"));
        if (i == 1)
            assert_false(zt_link_is_over(&silent)); /* 3.9 of 4 seconds */
        if (i == 2)
            assert_true(zt_link_is_over(&silent)); /* a tick later at the latest */
    }
    assert_int_equal(zs_engine_sessions(z->e)->n, 2);
    zt_link_close(&pings);
    zt_link_close(&reads);
    zt_link_close(&silent);
}

static void
test_60_credentials_are_no_sign_of_life(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 4000));
    for (int i = 0; i < 3; i++) {
        zt_engine_advance(z, 1900);
        zt_buf b = {0};
        zt_put_i32(&b, 0);
        zt_put_str(&b, "digest");
        zt_put_str(&b, "a:b");
        zt_ask(&l, -4, ZB_OP_AUTH, &b);
    }
    assert_true(zt_link_is_over(&l));
    zt_link_close(&l);
}

static void
test_61_expiry(void **state)
{
    zt_engine *z = *state;
    zt_link l, other;
    assert_true(zt_link_join(z, &l, 4000));
    assert_true(zt_link_join(z, &other, 40000));
    create(z, &l, "/e1", ZB_CREATE_EPHEMERAL);
    create(z, &l, "/e2", ZB_CREATE_EPHEMERAL);
    create(z, &l, "/stays", 0);
    watch_all(&other);
    zt_engine_advance(z, 3900);
    zt_expect_nothing(&other);
    zt_engine_advance(z, 300);
    assert_true(zt_link_is_over(&l));
    int64_t zxid = zt_expect_event(&other, 2, "/e1");
    assert_int_equal(zt_expect_event(&other, 2, "/e2"), zxid); /* one transaction */
    zt_expect_nothing(&other);
    assert_true(exists(&other, "/stays"));
    zs_stats stats;
    zs_engine_stats(z->e, &stats);
    assert_int_equal(stats.sessions_expired, 1);
    assert_int_equal(stats.sessions, 1);
    zt_link_close(&l);
    zt_link_close(&other);
}

/* The last request before the end was taken, so it is carried out and answered; what comes behind it is not. */
static void
test_61_requests_under_way_when_a_session_ends(void **state)
{
    zt_engine *z = *state;
    zt_link l, other;
    assert_true(zt_link_join(z, &l, 4000));
    assert_true(zt_link_join(z, &other, 40000));
    create(z, &l, "/e", ZB_CREATE_EPHEMERAL);
    zt_ask_create(&l, 1, "/before", "", 0);
    assert_true(zs_engine_expire(z->e, l.session));
    assert_true(zs_engine_expire(z->e, l.session)); /* twice is once */
    assert_false(zs_engine_expire(z->e, 12345));
    zt_ask_create(&l, 2, "/behind", "", 0);
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_expect_nothing(&l);
    assert_true(zt_link_is_over(&l));
    assert_true(exists(&other, "/before"));
    assert_false(exists(&other, "/behind"));
    assert_false(exists(&other, "/e"));
    zt_link_close(&l);
    zt_link_close(&other);
}

static void
test_62_closing(void **state)
{
    zt_engine *z = *state;
    zt_link l, other;
    assert_true(zt_link_join(z, &l, 4000));
    assert_true(zt_link_join(z, &other, 40000));
    create(z, &l, "/e", ZB_CREATE_EPHEMERAL);
    zt_ask_watch(&l, 1, ZB_OP_EXISTS, "/e", true);
    zt_expect(&l, 1, 0);
    watch_all(&other);
    zt_ask(&l, 2, ZB_OP_CLOSE_SESSION, NULL);
    zt_ask_create(&l, 3, "/behind", "", 0);
    zt_engine_commit(z);
    zt_expect_event(&l, 2, "/e");
    int64_t zxid = zt_expect(&l, 2, 0).zxid;
    assert_int_equal(zt_expect_event(&other, 2, "/e"), zxid);
    assert_true(zt_link_is_over(&l));
    zt_expect_nothing(&l);
    zt_expect_nothing(&other);
    assert_int_equal(zs_engine_sessions(z->e)->n, 1);
    zt_link back;
    zt_link_open(z, &back, "127.0.0.1");
    zt_link_shake(&back, l.session, l.password, 4000, 0, true);
    assert_false(zt_link_shaken(&back, true));
    zt_link_close(&back);
    zt_link_close(&l);
    zt_link_close(&other);
}

static void
test_62_a_session_that_is_closing_does_not_come_back(void **state)
{
    zt_engine *z = *state;
    zt_link l, back;
    assert_true(zt_link_join(z, &l, 4000));
    zt_ask(&l, 2, ZB_OP_CLOSE_SESSION, NULL);
    zt_link_open(z, &back, "127.0.0.1");
    zt_link_shake(&back, l.session, l.password, 4000, 0, true);
    assert_false(zt_link_shaken(&back, true));
    zt_expect(&l, 2, 0);
    zt_link_close(&back);
    zt_link_close(&l);
}

static void
test_63_sessions_survive_a_restart(void **state)
{
    (void)state;
    zt_engine z = {0};
    zt_link l, back;
    char dir[] = "/tmp/zobo-sessions-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    zt_engine_start(&z, dir);
    assert_true(zt_link_join(&z, &l, 4000));
    create(&z, &l, "/e", ZB_CREATE_EPHEMERAL);
    zt_link_close(&l);
    zt_engine_stop(&z);
    z.now += ZB_MS(3600000); /* however long it was away */
    zt_engine_start(&z, dir);
    zt_engine_advance(&z, 3000);
    zt_link_open(&z, &back, "127.0.0.1");
    zt_link_shake(&back, l.session, l.password, 4000, 0, true);
    assert_true(zt_link_shaken(&back, true));
    assert_int_equal(back.session, l.session);
    assert_memory_equal(back.password, l.password, 16);
    assert_true(exists(&back, "/e"));
    zt_link_close(&back);
    zt_engine_advance(&z, 4200);
    assert_true(zt_link_join(&z, &back, 4000));
    assert_false(exists(&back, "/e"));
    zt_link_close(&back);
    zt_engine_stop(&z);
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(dir), 0);
}

static void
test_64_the_wall_clock_expires_nobody(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 4000));
    z->wall_ms += 86400000;
    zt_engine_advance(z, 1000);
    z->wall_ms -= 2 * (int64_t)86400000;
    zt_engine_advance(z, 1000);
    assert_false(zt_link_is_over(&l));
    zt_engine_advance(z, 2200);
    assert_true(zt_link_is_over(&l));
    zt_link_close(&l);
}

static void
test_65_a_process_that_stood_still(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    assert_true(zt_link_join(z, &l, 4000));
    z->now += ZB_MS(8000);
    z->wall_ms += 8000;
    zs_engine_tick(z->e, z->now, z->wall_ms);
    zt_engine_commit(z);
    assert_false(zt_link_is_over(&l));
    zt_ask(&l, -2, ZB_OP_PING, NULL); /* it lay in the socket meanwhile */
    zt_expect(&l, -2, 0);
    zt_engine_advance(z, 3900);
    assert_false(zt_link_is_over(&l));
    zt_engine_advance(z, 300);
    assert_true(zt_link_is_over(&l));
    zt_link_close(&l);
}

static void
test_containers_and_ttl_nodes_end(void **state)
{
    zt_engine *z = *state;
    zt_link l;
    zt_buf b = {0};
    assert_true(zt_link_join(z, &l, 40000));
    create(z, &l, "/container", ZB_CREATE_CONTAINER);
    create(z, &l, "/container/child", 0);
    zt_put_str(&b, "/ttl");
    zt_put_str(&b, "");
    zt_put_i32(&b, 1);
    zt_put_i32(&b, 31);
    zt_put_str(&b, "world");
    zt_put_str(&b, "anyone");
    zt_put_i32(&b, ZB_CREATE_TTL);
    zt_put_i64(&b, 1000);
    zt_ask(&l, 1, ZB_OP_CREATE_TTL, &b);
    zt_ask_delete(&l, 2, "/container/child");
    zt_engine_commit(z);
    zt_expect(&l, 1, 0);
    zt_expect(&l, 2, 0);
    watch_all(&l);
    for (int i = 0; i < 7; i++) {
        zt_expect_nothing(&l);
        zt_engine_advance(z, i == 6 ? 7000 : 9000);
        zt_ask(&l, -2, ZB_OP_PING, NULL);
        if (i < 6)
            zt_expect(&l, -2, 0);
    }
    zt_expect_event(&l, 2, "/container"); /* at the first look, after a minute */
    zt_expect_event(&l, 2, "/ttl");
    zt_expect(&l, -2, 0);
    zt_link_close(&l);
}

/* --- a store that is full --- */

static void
fill(zt_engine *z, zt_link *l, int32_t *n, char *data)
{
    zt_frame f;
    do {
        char path[32];
        (void)snprintf(path, sizeof path, "/fill-%d", (int)*n);
        zt_ask_create(l, ++*n, path, data, 0);
        zt_engine_commit(z);
        assert_true(zt_link_next(l, &f));
        assert_int_equal(f.xid, *n);
        assert_true(*n < 10000);
    } while (f.err == 0);
    assert_int_equal(f.err, ZOBO_ENOTREADONLY);
}

static void
test_91_full_and_empty_again(void **state)
{
    (void)state;
    enum { BIG = 60000 };
    zt_engine z = {.map_bytes = 4 << 20};
    zt_link l, other;
    int32_t n = 0;
    char *data = test_calloc(1, BIG + 1);
    memset(data, 'x', BIG);
    zt_engine_start(&z, NULL);
    assert_true(zt_link_join(&z, &l, 40000));
    assert_true(zt_link_join(&z, &other, 4000));
    fill(&z, &l, &n, data);
    assert_int_equal(zs_engine_health(z.e), ZS_FULL);
    assert_int_equal(z.logged[ZOBO_LOG_ERROR], 1);
    /* reads go on, also behind writes; writes and new sessions are refused */
    zt_ask_set(&l, 5001, "/fill-0", data);
    zt_ask_watch(&l, 5002, ZB_OP_EXISTS, "/fill-0", false);
    zt_ask_set(&l, 5003, "/fill-0", data);
    zt_engine_commit(&z);
    zt_expect(&l, 5001, ZOBO_ENOTREADONLY);
    zt_expect(&l, 5002, 0);
    zt_expect(&l, 5003, ZOBO_ENOTREADONLY);
    zt_link fresh;
    assert_false(zt_link_join(&z, &fresh, 4000));
    assert_true(zt_link_is_over(&fresh));
    zt_link_close(&fresh);
    /* a small write is possible, and a probe finds that out; until the next large one */
    zt_engine_advance(&z, 1200);
    assert_int_equal(zs_engine_health(z.e), ZS_HEALTHY);
    for (int32_t i = 0; i < n - 1; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/fill-%d", (int)i);
        zt_ask_delete(&l, i, path);
        zt_engine_commit(&z);
        zt_expect(&l, i, 0);
    }
    n = 0;
    zt_ask_create(&l, 6000, "/room", data, 0);
    zt_engine_commit(&z);
    zt_expect(&l, 6000, 0);
    assert_int_equal(zs_engine_health(z.e), ZS_HEALTHY);
    test_free(data);
    zt_link_close(&l);
    zt_link_close(&other);
    zt_engine_stop(&z);
}

/* One batch holds what does not fit, and others' writes and reads: all are answered as before it, in order. */
static void
test_91_a_batch_that_does_not_fit(void **state)
{
    (void)state;
    enum { BIG = 900000, N = 6 };
    zt_engine z = {.map_bytes = 4 << 20};
    zt_link l, other;
    char *data = test_calloc(1, BIG + 1);
    memset(data, 'x', BIG);
    zt_engine_start(&z, NULL);
    assert_true(zt_link_join(&z, &l, 40000));
    assert_true(zt_link_join(&z, &other, 40000));
    create(&z, &l, "/a", 0);
    watch_all(&other);
    zt_ask_set(&other, 1, "/a", "small");
    zt_ask_watch(&other, 2, ZB_OP_GET_DATA, "/a", false);
    for (int32_t i = 0; i < N; i++) {
        char path[16];
        (void)snprintf(path, sizeof path, "/big%d", (int)i);
        zt_ask_create(&l, 10 + i, path, data, 0);
        zt_ask_watch(&l, 20 + i, ZB_OP_EXISTS, path, false);
    }
    zt_engine_commit(&z);
    zt_expect(&other, 1, ZOBO_ENOTREADONLY);
    const uint8_t *got;
    zt_frame f = zt_expect(&other, 2, 0);
    assert_int_equal(zt_take_bytes(&f.body, &got), 0);
    zt_expect_nothing(&other);
    for (int32_t i = 0; i < N; i++) {
        zt_expect(&l, 10 + i, ZOBO_ENOTREADONLY);
        zt_expect(&l, 20 + i, ZOBO_ENONODE);
    }
    assert_int_equal(zs_engine_health(z.e), ZS_FULL);
    zt_engine_advance(&z, 1200);
    assert_int_equal(zs_engine_health(z.e), ZS_HEALTHY);
    create(&z, &l, "/b", 0);
    test_free(data);
    zt_link_close(&l);
    zt_link_close(&other);
    zt_engine_stop(&z);
}

static void
test_90_a_commit_that_failed_is_the_last(void **state)
{
    zt_engine *z = *state;
    zt_link l, fresh;
    assert_true(zt_link_join(z, &l, 4000));
    create(z, &l, "/a", ZB_CREATE_EPHEMERAL);
    z->e->broken = ZOBO_ESYSTEM; /* what the commit thread notes then */
    zt_ask_set(&l, 1, "/a", "x");
    zt_ask_watch(&l, 2, ZB_OP_EXISTS, "/a", false);
    zt_engine_commit(z);
    zt_expect(&l, 1, ZOBO_ENOTREADONLY);
    zt_expect(&l, 2, 0);
    assert_int_equal(zs_engine_health(z->e), ZS_FAILED);
    zt_engine_advance(z, 60000);
    assert_int_equal(zs_engine_health(z->e), ZS_FAILED);
    assert_int_equal(z->logged[ZOBO_LOG_ERROR], 1);
    assert_true(exists(&l, "/a")); /* its session has not ended: that could not be written */
    zt_ask_set(&l, 3, "/a", "x");
    zt_expect(&l, 3, ZOBO_ENOTREADONLY);
    assert_false(zt_link_join(z, &fresh, 4000));
    zt_link_close(&fresh);
    zt_link_close(&l);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, zt_engine_setup, zt_engine_teardown)
    const struct CMUnitTest tests[] = {
        T(test_60_any_packet_keeps_a_session_alive),
        T(test_60_credentials_are_no_sign_of_life),
        T(test_61_expiry),
        T(test_61_requests_under_way_when_a_session_ends),
        T(test_62_closing),
        T(test_62_a_session_that_is_closing_does_not_come_back),
        cmocka_unit_test(test_63_sessions_survive_a_restart),
        T(test_64_the_wall_clock_expires_nobody),
        T(test_65_a_process_that_stood_still),
        T(test_containers_and_ttl_nodes_end),
        T(test_90_a_commit_that_failed_is_the_last),
        cmocka_unit_test(test_91_full_and_empty_again),
        cmocka_unit_test(test_91_a_batch_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
