/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <stdio.h>

#include "recipes/contender.h"

#define UUID "8b3b16a1d3f74c1c9d0e5a6b7c8d14c2"

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *pattern;
        int32_t sequence;
    } good[] = {
        {UUID "__lock__0000000000", "__lock__", 0},
        {UUID "__lock__0000000042", "__lock__", 42},
        {UUID "__rlock__0000000007", "__rlock__", 7},
        {UUID "__lock__2147483647", "__lock__", INT32_MAX},
        {UUID "__lock__-2147483648", "__lock__", INT32_MIN}, /* the counter has overflown */
        {UUID "__lock__-000000001", "__lock__", -1},         /* %010d counts the '-' */
        {"_c_8b3b16a1-d3f7-4c1c-9d0e-5a6b7c8d14c2-lock-0000000003", "-lock-", 3},
        {"_c_8b3b16a1-d3f7-4c1c-9d0e-5a6b7c8d14c2-lock--000000003", "-lock-", -3},
        {"0000000005", "", 5},
        {"__lock__0000000001", "__lock__", 1},
    };
    static const struct {
        const char *name, *pattern;
    } bad[] = {
        {"", "__lock__"},
        {"", ""},
        {"__lock__", "__lock__"},
        {UUID "__lock__000000000", "__lock__"},   /* nine digits */
        {UUID "__lock__00000000001", "__lock__"}, /* eleven */
        {UUID "__lock__000000000x", "__lock__"},  /* no number */
        {UUID "__lock__0000000000x", "__lock__"}, /* not at its end */
        {UUID "__rlock__0000000000", "__lock__"}, /* another kind */
        {UUID "__LOCK__0000000000", "__lock__"},
        {UUID "__lock__2147483648", "__lock__"}, /* no such number */
        {UUID "__lock__9999999999", "__lock__"},
        {UUID "__lock__-2147483649", "__lock__"},
        {UUID "__lock__-00000001", "__lock__"},
        {UUID "__lock__--000000001", "__lock__"},
        {"0000000005", "-"},
        {"k__0000000005", "__lock__"}, /* shorter than the pattern */
        {"lease-0000000001", "__lock__"},
    };
    int32_t sequence;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!zr_name_is(good[i].name, good[i].pattern, &sequence))
            fail_msg("%s is no %s", good[i].name, good[i].pattern);
        assert_int_equal(sequence, good[i].sequence);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (zr_name_is(bad[i].name, bad[i].pattern, &sequence))
            fail_msg("%s is taken for a %s", bad[i].name, bad[i].pattern);
}

/* What the server appends is what is read. */
static void
test_what_a_server_writes(void **state)
{
    (void)state;
    static const int32_t numbers[] = {0, 1, 9, 10, 999999999, 1000000000, INT32_MAX, INT32_MIN, -1000000000, -1};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char name[100];
        int32_t sequence;
        (void)snprintf(name, sizeof name, UUID "__lock__%010d", (int)numbers[i]);
        assert_true(zr_name_is(name, "__lock__", &sequence));
        assert_int_equal(sequence, numbers[i]);
    }
}

static void
test_order(void **state)
{
    (void)state;
    assert_true(zr_sequence_before(0, 1));
    assert_false(zr_sequence_before(1, 0));
    assert_false(zr_sequence_before(5, 5));
    assert_true(zr_sequence_before(INT32_MAX, INT32_MIN)); /* the counter goes on */
    assert_false(zr_sequence_before(INT32_MIN, INT32_MAX));
    assert_true(zr_sequence_before(INT32_MAX - 10, INT32_MIN + 10));
    assert_true(zr_sequence_before(-1, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_what_a_server_writes),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
