/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <string.h>

#include "base/mem.h"
#include "recipes/text.h"

static void
test_text_grows(void **state)
{
    zr_text t = {0};
    (void)state;
    for (int i = 0; i < 1000; i++)
        zr_text_puts(&t, "abc");
    zr_text_int(&t, -42);
    zr_text_int(&t, INT64_MIN);
    assert_false(t.failed);
    assert_int_equal(t.n, 3000 + 3 + 20);
    assert_string_equal(t.p + 3000, "-42-9223372036854775808");
    zr_text_free(&t);
}

static void
test_text_without_memory(void **state)
{
    zr_text t = {0};
    (void)state;
    zb_mem_fail_after(0, 1);
    zr_text_puts(&t, "abc");
    zb_mem_fail_after(-1, 0);
    zr_text_puts(&t, "def");
    assert_true(t.failed);
    assert_int_equal(t.n, 0);
    zr_text_free(&t);
}

static void
same(void (*write)(zr_text *, const char *), const char *in, const char *want)
{
    zr_text t = {0};
    write(&t, in);
    assert_string_equal(t.p, want);
    zr_text_free(&t);
}

static void
test_json_strings(void **state)
{
    (void)state;
    same(zr_text_json, "", "\"\"");
    same(zr_text_json, "a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    same(zr_text_json, "\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001F\x7f\"");
    same(zr_text_json, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

/* What json.dumps of Python 3.11 gave. */
static void
test_python_strings(void **state)
{
    (void)state;
    same(zr_text_python, "me/1", "\"me/1\"");
    same(zr_text_python, "a\"b\\c", "\"a\\\"b\\\\c\"");
    same(zr_text_python, "\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"");
    same(zr_text_python, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\\u00e9\\u20ac\\ud83d\\ude00\"");
    same(zr_text_python, "\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\"");
}

static void
test_utf8(void **state)
{
    static const char *const good[] = {
        "", "abc", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
                                      "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                                      "\xc3",         "a\xe2\x82",        "\xe2\x28\xa1",     "\xff"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(zr_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (zr_is_utf8(bad[i], strlen(bad[i])))
            fail_msg("bad[%zu] passes for UTF-8", i);
    }
}

static void
member(const char *json, const char *name, const char *want)
{
    const char *value = NULL;
    size_t len = 0;
    bool found = zr_json_member(json, strlen(json), name, &value, &len);
    if (found != (want != NULL) || (found && (len != strlen(want) || memcmp(value, want, len) != 0)))
        fail_msg("%s of %s: %.*s", name, json, (int)len, found ? value : "");
}

static void
test_json_members(void **state)
{
    (void)state;
    member("{}", "a", NULL);
    member("{\"a\":1}", "a", "1");
    member("{\"a\":1}", "b", NULL);
    member(" { \"a\" : [1, {\"b\": 2}] , \"b\" : \"x,}\\\"y\" } ", "a", "[1, {\"b\": 2}]");
    member(" { \"a\" : [1, {\"b\": 2}] , \"b\" : \"x,}\\\"y\" } ", "b", "\"x,}\\\"y\"");
    member("{\"c\":{\"a\":1},\"a\":null}", "a", "null");
    member("{\"a\":1,\"a\":2}", "a", "2");
    member("{\"aa\":1}", "a", NULL);
    member("{\"\\\\\":\"a\",\"a\":\"\\\\\"}", "a", "\"\\\\\"");
    member("[1]", "a", NULL);
}

static void
time_is(int64_t ms, const char *text)
{
    char got[ZR_TIME];
    int64_t back;
    assert_true(zr_time_format(ms, got));
    assert_string_equal(got, text);
    assert_true(zr_time_parse(text, strlen(text), &back));
    assert_true(back == ms - (ms % 1000 + 1000) % 1000);
}

static void
test_times(void **state)
{
    (void)state;
    time_is(0, "1970-01-01T00:00:00");
    time_is(999, "1970-01-01T00:00:00");
    time_is(-1, "1969-12-31T23:59:59");
    time_is(INT64_C(1795332281000), "2026-11-22T07:24:41");
    time_is(INT64_C(951782400000), "2000-02-29T00:00:00");
    time_is(INT64_C(4107542399000), "2100-02-28T23:59:59");
    time_is(INT64_C(4107542400000), "2100-03-01T00:00:00");
    time_is(ZR_TIME_MIN, "0001-01-01T00:00:00");
    time_is(ZR_TIME_MAX, "9999-12-31T23:59:59");
    char buf[ZR_TIME];
    assert_false(zr_time_format(ZR_TIME_MIN - 1, buf));
    assert_false(zr_time_format(ZR_TIME_MAX + 1, buf));
}

static void
test_times_day_by_day(void **state)
{
    char text[ZR_TIME], before[ZR_TIME] = "";
    (void)state;
    for (int64_t ms = INT64_C(-6000000000000); ms < INT64_C(6000000000000); ms += 86400000) {
        int64_t back;
        assert_true(zr_time_format(ms, text));
        assert_true(strcmp(before, text) < 0);
        assert_true(zr_time_parse(text, strlen(text), &back) && back == ms);
        memcpy(before, text, sizeof text);
    }
}

static void
test_times_with_fractions_and_bad_ones(void **state)
{
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-11-22",
                                      "2026-11-22T07:24",
                                      "2026-11-22 07:24:41",
                                      "2026-13-22T07:24:41",
                                      "2026-02-29T07:24:41",
                                      "2026-11-22T24:00:00",
                                      "2026-11-22T07:60:00",
                                      "2026-11-22T07:24:60",
                                      "2026-11-22T07:24:41.",
                                      "2026-11-22T07:24:41Z",
                                      "2026-11-22T07:24:41.1234567890",
                                      "0000-01-01T00:00:00",
                                      "2026-11-00T00:00:00",
                                      "2026-11-31T00:00:00",
                                      "+026-11-22T07:24:41"};
    int64_t ms;
    (void)state;
    assert_true(zr_time_parse("1970-01-01T00:00:01.5", 21, &ms) && ms == 1500);
    assert_true(zr_time_parse("1970-01-01T00:00:01.123456", 26, &ms) && ms == 1123);
    assert_true(zr_time_parse("1970-01-01T00:00:01.000999", 26, &ms) && ms == 1000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (zr_time_parse(bad[i], strlen(bad[i]), &ms))
            fail_msg("%s passes for a time", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_grows),
        cmocka_unit_test(test_text_without_memory),
        cmocka_unit_test(test_json_strings),
        cmocka_unit_test(test_python_strings),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_json_members),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_times_day_by_day),
        cmocka_unit_test(test_times_with_fractions_and_bad_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
