/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_rig.h"

static const int64_t NEVER_USED_MS = 300000;

static int
close_session(rig *r, int64_t session)
{
    int64_t mine = r->session;
    r->session = session;
    int err = send_body(r, ZB_OP_CLOSE_SESSION, (zt_buf){0});
    r->session = mine;
    return err;
}

static void
test_ephemerals_end_with_their_session(void **state)
{
    rig *r = *state;
    zs_outcome out;
    zs_session_record record = {.id = r->session, .timeout_ms = 4000}, found;
    assert_int_equal(zs_exec_create_session(r->txn, &record, &out), ZOBO_OK);
    assert_int_equal(create(r, "/p", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/p/z", "", 1), ZOBO_OK);
    assert_int_equal(create(r, "/e", "", 1), ZOBO_OK);
    assert_int_equal(create(r, "/p/a", "", 3), ZOBO_OK);
    r->session++;
    assert_int_equal(create(r, "/other", "", 1), ZOBO_OK);
    r->session--;
    assert_int_equal(close_session(r, r->session), ZOBO_OK);
    /* in the order in which they were made, all with one zxid */
    assert_string_equal(r->events, "2 /p/z, 4 /p, 2 /e, 4 /, 2 /p/a0000000001, 4 /p");
    assert_int_equal(r->out.reply_len, 0);
    assert_int_equal(stat_of(r, "/p").pzxid, r->out.zxid);
    assert_int_equal(stat_of(r, "/").pzxid, r->out.zxid);
    assert_int_equal(stat_of(r, "/p").num_children, 0);
    assert_int_equal(stat_of(r, "/p").cversion, 4);
    assert_true(is_there(r, "/other"));
    assert_int_equal(zs_session_after(r->txn, 0, &found), ZOBO_ENONODE);
    assert_int_equal(close_session(r, r->session), ZOBO_OK); /* once more: nothing */
    assert_string_equal(r->events, "");
    assert_int_equal(zs_txn_meta(r->txn)->n_ephemerals, 1);
}

static void
test_deleted_ephemerals_stay_deleted(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/a", "", 1), ZOBO_OK);
    assert_int_equal(create(r, "/b", "", 1), ZOBO_OK);
    assert_int_equal(delete (r, "/a", -1), ZOBO_OK);
    assert_int_equal(create(r, "/a", "", 0), ZOBO_OK); /* now it is nobody's */
    assert_int_equal(close_session(r, r->session), ZOBO_OK);
    assert_string_equal(r->events, "2 /b, 4 /");
    assert_true(is_there(r, "/a"));
}

static void
test_create_session(void **state)
{
    rig *r = *state;
    zs_outcome out;
    zs_session_record records[] = {{.id = 1}, {.id = INT64_MIN}, {.id = -1}, {.id = INT64_MAX}};
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        int64_t before = zs_txn_meta(r->txn)->last_zxid;
        assert_int_equal(zs_exec_create_session(r->txn, &records[i], &out), ZOBO_OK);
        assert_int_equal(out.err, ZOBO_OK);
        assert_int_equal(out.zxid, before + 1);
        assert_int_equal(zs_exec_create_session(r->txn, &records[i], &out), ZOBO_OK);
        assert_int_equal(out.err, ZOBO_ENODEEXISTS);
        assert_int_equal(zs_txn_meta(r->txn)->last_zxid, before + 1);
    }
}

/* --- containers and TTL nodes --- */

/* serial_of finds a node among those that may expire; 0: it is not among them. */
static uint64_t
serial_of(rig *r, const char *path)
{
    uint64_t serial = 0;
    zb_buf found;
    while (zs_expiring_after(r->txn, &serial, &found) == ZOBO_OK)
        if ((size_t)found.n == strlen(path) && memcmp(found.p, path, strlen(path)) == 0)
            return serial;
    return 0;
}

/* reap tells whether a node was reaped, after checking that zs_exec_may_reap said so. */
static bool
reap_serial(rig *r, const char *path, uint64_t serial)
{
    int64_t before = zs_txn_meta(r->txn)->last_zxid;
    bool was = is_there(r, path) && serial_of(r, path) == serial;
    bool may = zs_exec_may_reap(r->txn, text(path), serial, r->now, NEVER_USED_MS);
    zs_arena_reset(&r->arena);
    assert_int_equal(zs_exec_reap(r->w, r->txn, text(path), serial, r->now, NEVER_USED_MS, &r->arena, &r->out),
                     ZOBO_OK);
    assert_int_equal(r->out.err == ZOBO_OK, may);
    assert_int_equal(r->out.zxid, before + may);
    assert_int_equal(zs_txn_meta(r->txn)->last_zxid, before + may);
    assert_int_equal(is_there(r, path) && serial_of(r, path) == serial, was && !may);
    list_events(r);
    return may;
}

static bool
reap(rig *r, const char *path)
{
    return reap_serial(r, path, serial_of(r, path));
}

static void
test_container(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/p", "", 0), ZOBO_OK);
    assert_int_equal(SEND(r, CREATE_CONTAINER, "ssAi", "/p/c", "", 4), ZOBO_OK);
    assert_false(reap(r, "/p/c")); /* not used yet */
    r->now += NEVER_USED_MS;
    assert_false(reap(r, "/p/c"));
    assert_int_equal(create(r, "/p/c/x", "", 0), ZOBO_OK);
    r->now += 10 * NEVER_USED_MS;
    assert_false(reap(r, "/p/c")); /* in use */
    assert_int_equal(delete (r, "/p/c/x", -1), ZOBO_OK);
    assert_true(reap(r, "/p/c"));
    assert_string_equal(r->events, "2 /p/c, 4 /p");
    assert_int_equal(stat_of(r, "/p").pzxid, r->out.zxid);
    assert_int_equal(stat_of(r, "/p").num_children, 0);
}

static void
test_container_never_used(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/c", "", 4), ZOBO_OK);
    uint64_t serial = serial_of(r, "/c");
    r->now += NEVER_USED_MS + 1;
    assert_false(zs_exec_may_reap(r->txn, text("/c"), serial, r->now, 0)); /* 0: for ever */
    assert_true(reap(r, "/c"));
    assert_false(reap_serial(r, "/c", serial)); /* it is gone */
}

static void
test_container_made_anew(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/c", "", 4), ZOBO_OK);
    uint64_t serial = serial_of(r, "/c");
    assert_int_equal(delete (r, "/c", -1), ZOBO_OK);
    assert_int_equal(create(r, "/c", "", 0), ZOBO_OK);
    r->now += NEVER_USED_MS + 1;
    assert_false(zs_exec_may_reap(r->txn, text("/c"), serial, r->now, NEVER_USED_MS));
    assert_int_equal(serial_of(r, "/c"), 0);
}

static void
test_ttl(void **state)
{
    rig *r = *state;
    assert_int_equal(SEND(r, CREATE_TTL, "ssAiq", "/t", "", 5, (int64_t)1000), ZOBO_OK);
    assert_int_equal(SEND(r, CREATE_TTL, "ssAiq", "/long", "", 5, ZS_MAX_TTL), ZOBO_OK);
    r->now += 1000;
    assert_false(reap(r, "/t"));
    assert_int_equal(set(r, "/t", "still wanted", -1), ZOBO_OK);
    r->now += 1000;
    assert_false(reap(r, "/t"));
    assert_int_equal(create(r, "/t/x", "", 0), ZOBO_OK);
    r->now += 5000;
    assert_false(reap(r, "/t")); /* it has a child */
    assert_int_equal(delete (r, "/t/x", -1), ZOBO_OK);
    assert_true(reap(r, "/t")); /* children do not refresh it */
    assert_string_equal(r->events, "2 /t, 4 /");
    assert_false(reap(r, "/long"));
    r->now += ZS_MAX_TTL;
    assert_true(reap(r, "/long"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_ephemerals_end_with_their_session),
        RIG_TEST(test_deleted_ephemerals_stay_deleted),
        RIG_TEST(test_create_session),
        RIG_TEST(test_container),
        RIG_TEST(test_container_never_used),
        RIG_TEST(test_container_made_anew),
        RIG_TEST(test_ttl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
