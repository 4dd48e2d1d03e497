/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

static void
nothing_asked_for_is_still_memory(void **state)
{
    (void)state;
    void *a = zb_malloc(0), *b = zb_calloc(0, 8), *c = zb_calloc(8, 0), *d = zb_realloc(NULL, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_non_null(d);
    d = zb_realloc(d, 0);
    assert_non_null(d);
    zb_free(a);
    zb_free(b);
    zb_free(c);
    zb_free(d);
    zb_free(NULL);
}

static void
calloc_zeroes_and_checks_the_product(void **state)
{
    (void)state;
    unsigned char *p = zb_calloc(7, 9);
    assert_non_null(p);
    for (int i = 0; i < 63; i++)
        assert_int_equal(p[i], 0);
    zb_free(p);
    volatile size_t half = SIZE_MAX / 2 + 1;
    assert_null(zb_calloc(half, 2));
}

static void
strndup_copies_and_terminates(void **state)
{
    (void)state;
    char *s = zb_strndup("abcdef", 3);
    assert_string_equal(s, "abc");
    zb_free(s);
    s = zb_strndup(NULL, 0);
    assert_string_equal(s, "");
    zb_free(s);
    s = zb_strndup("a\0b", 3);
    assert_memory_equal(s, "a\0b", 4);
    zb_free(s);
    volatile size_t all = SIZE_MAX;
    assert_null(zb_strndup("", all));
}

/* pattern tells which of ten allocations fail. */
static void
pattern(long n, int every, const char *expected)
{
    char got[11] = {0};
    zb_mem_fail_after(n, every);
    for (int i = 0; i < 10; i++) {
        void *p = i % 2 ? zb_malloc(1) : zb_strndup("x", 1);
        got[i] = p ? '.' : 'x';
        zb_free(p);
    }
    assert_int_equal(zb_mem_fail_after(-1, 0), 10);
    assert_string_equal(got, expected);
}

static void
failures_come_when_told_to(void **state)
{
    (void)state;
    pattern(-1, 0, "..........");
    pattern(0, 0, "x.........");
    pattern(3, 0, "...x......");
    pattern(3, 1, "...xxxxxxx");
    pattern(2, 3, "..x..x..x.");
    pattern(10, 1, "..........");

    zb_mem_fail_after(0, 1);
    assert_null(zb_calloc(1, 1));
    assert_null(zb_realloc(NULL, 1));
    assert_int_equal(zb_mem_fail_after(-1, 0), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_for_is_still_memory),
        cmocka_unit_test(calloc_zeroes_and_checks_the_product),
        cmocka_unit_test(strndup_copies_and_terminates),
        cmocka_unit_test(failures_come_when_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
