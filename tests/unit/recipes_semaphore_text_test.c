/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <string.h>

#include "base/mem.h"
#include "recipes/semaphore.h"

static void
test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"1", 1},
                {"007", 7},
                {" 12\n", 12},
                {"+3", 3},
                {"-1", -1},
                {"0", 0},
                {"2147483647", INT32_MAX},
                {"99999999999999999999", INT32_MAX}};
    static const char *const bad[] = {"", " ", "+", "-", "1x", "x1", "1 2", "0x1", "1.0"};
    int64_t value;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(zr_semaphore_number(good[i].text, strlen(good[i].text), &value));
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(zr_semaphore_number(bad[i], strlen(bad[i]), &value));
    assert_false(zr_semaphore_number(NULL, 0, &value));
    assert_false(zr_semaphore_number("1\0002", 3, &value));
    assert_true(zr_semaphore_number("12", 1, &value)); /* its length counts */
    assert_int_equal(value, 1);
}

/* Checked against Python 3's repr(). */
static void
test_repr(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"me3", "b'me3'"},
        {"", "b''"},
        {"it's", "b\"it's\""},
        {"say \"it's\"", "b'say \"it\\'s\"'"},
        {"\"", "b'\"'"},
        {"a\\b", "b'a\\\\b'"},
        {"\t\n\r", "b'\\t\\n\\r'"},
        {"\x01\x7f\xc3\xa9 ~", "b'\\x01\\x7f\\xc3\\xa9 ~'"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char *text = zr_bytes_repr(pairs[i][0]);
        assert_string_equal(text, pairs[i][1]);
        zb_free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_repr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
