/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "recipes/partition.h"

static void
test_roll(void **state)
{
    const char *nodes[] = {"ff-b", "ee-a", "00-b", "odd", "aa-a-b", "bb-"};
    const char *want[] = {"bb-", "ee-a", "aa-a-b", "00-b", "ff-b", "odd"};
    const char *ids[] = {"", "a", "a-b", "b", "b", "odd"};
    size_t rank;
    (void)state;
    zr_roll *roll = zr_roll_of(nodes, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(roll->nodes[i], want[i]);
        assert_string_equal(roll->identifiers[i], ids[i]);
        assert_true(zr_roll_find(roll, want[i], &rank));
        assert_int_equal(rank, i);
    }
    assert_false(zr_roll_find(roll, "b", &rank));
    assert_false(zr_roll_find(NULL, "b", &rank));
    zr_roll *same = zr_roll_of(want, 6), *less = zr_roll_of(want, 5), *none = zr_roll_of(NULL, 0);
    assert_true(zr_roll_same(roll, same));
    assert_false(zr_roll_same(roll, less));
    assert_false(zr_roll_same(roll, NULL));
    assert_false(zr_roll_same(NULL, none));
    want[5] = "even";
    zr_roll *other = zr_roll_of(want, 6);
    assert_false(zr_roll_same(roll, other));
    zr_roll_free(roll);
    zr_roll_free(same);
    zr_roll_free(less);
    zr_roll_free(none);
    zr_roll_free(other);
}

/* sorted(set)[rank::n] of Python. */
static void
test_every_nth(void **state)
{
    (void)state;
    for (size_t n = 1; n < 9; n++) {
        for (size_t items = 0; items < 20; items++) {
            int owners[20] = {0};
            for (size_t rank = 0; rank < n; rank++) {
                bool mine[20] = {false};
                zr_partition_every_nth(rank, n, items, mine);
                for (size_t i = 0; i < 20; i++) {
                    assert_int_equal(mine[i], i < items && i % n == rank);
                    owners[i] += mine[i];
                }
            }
            for (size_t i = 0; i < items; i++)
                assert_int_equal(owners[i], 1);
        }
    }
}

static void
test_sorted_by_code_point(void **state)
{
    /* What sorted(set(...)) of Python made of these. */
    const char *s[] = {"b", "\xef\xbf\xbd", "a", "\xf0\x9f\x98\x80", "B", "a", "\xc3\xa9", "ab", "\xf0\x9f\x98\x80"};
    const char *want[] = {"B", "a", "ab", "b", "\xc3\xa9", "\xef\xbf\xbd", "\xf0\x9f\x98\x80"};
    (void)state;
    assert_int_equal(zr_sort_unique(s, 9), 7);
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(s[i], want[i]);
    assert_int_equal(zr_sort_unique(NULL, 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roll),
        cmocka_unit_test(test_every_nth),
        cmocka_unit_test(test_sorted_by_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
