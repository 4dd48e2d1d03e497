/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_rig.h"

#define LIMITS "/zookeeper/quota/q/zookeeper_limits"
#define STATS  "/zookeeper/quota/q/zookeeper_stats"

/* set_quota does what zkCli's setquota does on a tree /q of two nodes and eight bytes. */
static void
set_quota(rig *r, const char *limits)
{
    assert_int_equal(create(r, "/q", "abc", 0), ZOBO_OK);
    assert_int_equal(create(r, "/q/a", "12345", 0), ZOBO_OK);
    assert_int_equal(create(r, "/zookeeper/quota/q", "", 0), ZOBO_OK);
    assert_int_equal(create(r, LIMITS, limits, 0), ZOBO_OK);
    assert_int_equal(create(r, STATS, "count=0,bytes=0", 0), ZOBO_OK);
    assert_data(r, STATS, "count=2,bytes=8");
}

static void
enforce(rig *r)
{
    r->rules.enforce_quota = true;
    commit_and_reopen(r);
}

static void
test_stats_are_kept(void **state)
{
    rig *r = *state;
    set_quota(r, "count=-1,bytes=-1");
    zobo_stat before = stat_of(r, STATS);
    assert_int_equal(create(r, "/q/b", "12", 0), ZOBO_OK);
    assert_data(r, STATS, "count=3,bytes=10");
    assert_string_equal(r->events, "1 /q/b, 4 /q");
    assert_int_equal(create(r, "/q/b/null", NULL, 0), ZOBO_OK);
    assert_data(r, STATS, "count=4,bytes=10");
    assert_int_equal(set(r, "/q/b", "123456", -1), ZOBO_OK);
    assert_data(r, STATS, "count=4,bytes=14");
    assert_int_equal(set(r, "/q", NULL, -1), ZOBO_OK);
    assert_data(r, STATS, "count=4,bytes=11");
    assert_int_equal(delete (r, "/q/a", -1), ZOBO_OK);
    assert_data(r, STATS, "count=3,bytes=6");
    assert_int_equal(create(r, "/qq", "123", 0), ZOBO_OK); /* not below it */
    assert_int_equal(create(r, "/other", "123", 0), ZOBO_OK);
    assert_data(r, STATS, "count=3,bytes=6");
    before.data_length = (int32_t)strlen("count=3,bytes=6");
    assert_stat(stat_of(r, STATS), before); /* no version, no zxid has moved */
    assert_int_equal(delete (r, "/q/b/null", -1), ZOBO_OK);
    assert_int_equal(delete (r, "/q/b", -1), ZOBO_OK);
    assert_int_equal(delete (r, "/q", -1), ZOBO_OK);
    assert_data(r, STATS, "count=0,bytes=0");
}

static void
test_session_end_counts(void **state)
{
    rig *r = *state;
    set_quota(r, "count=-1,bytes=-1");
    assert_int_equal(create(r, "/q/e", "12", 1), ZOBO_OK);
    assert_data(r, STATS, "count=3,bytes=10");
    assert_int_equal(send_body(r, ZB_OP_CLOSE_SESSION, (zt_buf){0}), ZOBO_OK);
    assert_data(r, STATS, "count=2,bytes=8");
}

static void
test_hard_limits(void **state)
{
    rig *r = *state;
    enforce(r);
    set_quota(r, "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3");
    assert_int_equal(create(r, "/q/b", "123", 0), ZOBO_EQUOTAEXCEEDED);
    assert_int_equal(create(r, "/q/b", "12", 0), ZOBO_OK);
    assert_int_equal(create(r, "/q/c", "", 0), ZOBO_EQUOTAEXCEEDED);
    assert_int_equal(set(r, "/q/b", "123", 7), ZOBO_EQUOTAEXCEEDED); /* before the version */
    assert_int_equal(set(r, "/q/b", "34", 7), ZOBO_EBADVERSION);
    assert_int_equal(set(r, "/q/b", "34", 0), ZOBO_OK);
    assert_int_equal(set(r, "/q/b", "3", -1), ZOBO_OK);
    assert_int_equal(set(r, "/q/b", "345", -1), ZOBO_EQUOTAEXCEEDED);
    assert_int_equal(create(r, "/q/b", "", 0), ZOBO_ENODEEXISTS); /* existence before quota */
    assert_int_equal(delete (r, "/q/a", -1), ZOBO_OK);
    assert_int_equal(create(r, "/q/c", "", 0), ZOBO_OK);
    assert_data(r, STATS, "count=3,bytes=4");
    assert_int_equal(delete (r, LIMITS, -1), ZOBO_OK); /* delquota */
    assert_int_equal(create(r, "/q/d", "lots and lots", 0), ZOBO_OK);
    assert_data(r, STATS, "count=3,bytes=4");
}

static void
test_not_enforced(void **state)
{
    rig *r = *state;
    set_quota(r, "count=-1,bytes=-1=;countHardLimit=2");
    assert_int_equal(create(r, "/q/b", "", 0), ZOBO_OK);
    assert_data(r, STATS, "count=3,bytes=8");
    assert_non_null(strstr(r->log, "/q"));
}

static void
test_soft_limits(void **state)
{
    rig *r = *state;
    enforce(r);
    set_quota(r, "count=3,bytes=-1");
    r->log[0] = 0;
    assert_int_equal(create(r, "/q/b", "", 0), ZOBO_OK);
    assert_string_equal(r->log, "");
    assert_int_equal(create(r, "/q/c", "", 0), ZOBO_OK);
    assert_string_equal(r->log, "quota exceeded: /q: count 4, soft limit 3");
    r->log[0] = 0;
    assert_int_equal(create(r, "/q/d", "", 0), ZOBO_OK); /* not said for each write */
    assert_string_equal(r->log, "");
    r->now += 60000;
    assert_int_equal(create(r, "/q/e", "", 0), ZOBO_OK);
    assert_string_equal(r->log, "quota exceeded: /q: count 6, soft limit 3");
}

static void
test_nearest_counts(void **state)
{
    rig *r = *state;
    enforce(r);
    set_quota(r, "count=-1,bytes=-1=;countHardLimit=3");
    assert_int_equal(create(r, "/zookeeper/quota/q/a", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/zookeeper/quota/q/a/zookeeper_limits", "count=9,bytes=-1", 0), ZOBO_OK);
    assert_int_equal(create(r, "/q/a/x", "", 0), ZOBO_OK); /* no stats yet: nothing is counted */
    assert_int_equal(create(r, "/zookeeper/quota/q/a/zookeeper_stats", "", 0), ZOBO_OK);
    assert_data(r, "/zookeeper/quota/q/a/zookeeper_stats", "count=2,bytes=5");
    for (int i = 0; i < 5; i++)
        assert_int_equal(create(r, "/q/a/n", "", 2), ZOBO_OK);
    assert_data(r, "/zookeeper/quota/q/a/zookeeper_stats", "count=7,bytes=5");
    assert_data(r, STATS, "count=2,bytes=8");
}

static void
test_nobody_home(void **state)
{
    rig *r = *state;
    assert_int_equal(create(r, "/zookeeper/quota/none", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/zookeeper/quota/none/zookeeper_stats", "x", 0), ZOBO_OK);
    assert_data(r, "/zookeeper/quota/none/zookeeper_stats", "count=0,bytes=0");
    /* none of these makes a quota */
    assert_int_equal(create(r, "/zookeeper/quota/zookeeper_limits", "count=0,bytes=0=;countHardLimit=0", 0), ZOBO_OK);
    assert_int_equal(create(r, "/zookeeper/quota/zookeeper", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/zookeeper/quota/zookeeper/zookeeper_limits", "countHardLimit=0", 0), ZOBO_OK);
    assert_int_equal(create(r, "/zookeeper_limits", "countHardLimit=0", 0), ZOBO_OK);
    enforce(r);
    assert_int_equal(create(r, "/none", "", 0), ZOBO_OK);
    assert_int_equal(create(r, "/zookeeper/x", "", 0), ZOBO_OK);
}

/* Limits and stats are data that anybody may have written. */
static void
test_garbage(void **state)
{
    rig *r = *state;
    static const char *const garbage[] = {"",
                                          NULL,
                                          "hello",
                                          "count",
                                          "count=",
                                          "=,;=",
                                          ",,,;;",
                                          "bytes=-",
                                          "count=99999999999999999999999",
                                          "countHardLimit=x;byteHardLimit=-"};
    enforce(r);
    set_quota(r, "count=0,bytes=0=;countHardLimit=0");
    assert_int_equal(create(r, "/q/n", "", 2), ZOBO_EQUOTAEXCEEDED);
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        assert_int_equal(set(r, LIMITS, garbage[i], -1), ZOBO_OK);
        assert_int_equal(create(r, "/q/n", "", 2), ZOBO_OK);
        assert_int_equal(set(r, STATS, garbage[i], -1), ZOBO_OK);
        assert_int_equal(create(r, "/q/n", "", 2), ZOBO_OK);
    }
}

static void
test_found_again(void **state)
{
    rig *r = *state;
    r->rules.enforce_quota = true;
    set_quota(r, "count=-1,bytes=-1=;countHardLimit=2");
    commit_and_reopen(r);
    assert_int_equal(create(r, "/q/b", "", 0), ZOBO_EQUOTAEXCEEDED);
    assert_int_equal(delete (r, LIMITS, -1), ZOBO_OK);
    assert_int_equal(create(r, "/q/b", "", 0), ZOBO_OK);
    zs_txn_end(r->txn); /* given up: the quota is there still */
    assert_int_equal(zs_writer_reload(r->w), ZOBO_OK);
    assert_int_equal(zs_write_begin(r->store, &r->txn), ZOBO_OK);
    assert_int_equal(create(r, "/q/b", "", 0), ZOBO_EQUOTAEXCEEDED);
}

static void
test_in_a_multi(void **state)
{
    rig *r = *state;
    enforce(r);
    set_quota(r, "count=-1,bytes=-1=;countHardLimit=3");
    /* the second create is one too many; what the first counted is taken back */
    assert_int_equal(SEND(r, MULTI, "hssAihssAi.", 1, "/q/b", "", 0, 1, "/q/c", "", 0), ZOBO_OK);
    assert_false(is_there(r, "/q/b"));
    assert_data(r, STATS, "count=2,bytes=8");
    /* a quota that is dropped and made in a multi that fails */
    assert_int_equal(SEND(r, MULTI, "hsihssAihsi.", 2, LIMITS, -1, 1, "/q/b", "", 0, 13, "/none", 0), ZOBO_OK);
    assert_int_equal(create(r, "/q/b", "", 0), ZOBO_OK);
    assert_data(r, STATS, "count=3,bytes=8");
    assert_int_equal(create(r, "/q/c", "", 0), ZOBO_EQUOTAEXCEEDED);
    assert_int_equal(create(r, "/x", "", 0), ZOBO_OK);
    assert_int_equal(SEND(r, MULTI, "hssAihssAihsi.", 1, "/zookeeper/quota/x", "", 0, 1,
                          "/zookeeper/quota/x/zookeeper_limits", "countHardLimit=0", 0, 13, "/none", 0),
                     ZOBO_OK);
    assert_int_equal(create(r, "/x/y", "", 0), ZOBO_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_stats_are_kept), RIG_TEST(test_session_end_counts),
        RIG_TEST(test_hard_limits),    RIG_TEST(test_not_enforced),
        RIG_TEST(test_soft_limits),    RIG_TEST(test_nearest_counts),
        RIG_TEST(test_nobody_home),    RIG_TEST(test_garbage),
        RIG_TEST(test_found_again),    RIG_TEST(test_in_a_multi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
