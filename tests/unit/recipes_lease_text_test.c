/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <string.h>

#include "base/mem.h"
#include "recipes/lease_text.h"

static void
test_written_as_kazoo_does(void **state)
{
    zr_text t = {0};
    (void)state;
    assert_true(zr_lease_format("me", INT64_C(1795332281999), &t));
    assert_string_equal(t.p, "{\"version\": 1, \"holder\": \"me\", \"end\": \"2026-11-22T07:24:41\"}");
    zr_text_free(&t);
    assert_true(zr_lease_format("h\xc3\xb4te \"1\"", 0, &t));
    assert_string_equal(t.p,
                        "{\"version\": 1, \"holder\": \"h\\u00f4te \\\"1\\\"\", \"end\": \"1970-01-01T00:00:00\"}");
    zr_text_free(&t);
    assert_false(zr_lease_format("me", INT64_MAX, &t));
    zr_text_free(&t);
}

static zobo_err
parse(const char *s, zr_lease_text *out)
{
    return zr_lease_parse(s, strlen(s), out);
}

static void
test_read(void **state)
{
    zr_lease_text l;
    (void)state;
    assert_ok(parse("{\"version\": 1, \"holder\": \"h\\u00f4te\", \"end\": \"1970-01-01T00:01:00\"}", &l));
    assert_true(l.known);
    assert_string_equal(l.holder, "h\xc3\xb4te");
    assert_true(l.end_ms == 60000);
    zb_free(l.holder);
    assert_ok(parse(" {\"end\":\"1970-01-01T00:01:00.250000\",\"holder\":\"\",\"version\":1,\"more\":[]}\n", &l));
    assert_true(l.known && l.end_ms == 60250);
    zb_free(l.holder);
}

static void
test_other_versions_are_not_read(void **state)
{
    zr_lease_text l;
    (void)state;
    assert_ok(parse("{\"version\": 2, \"holder\": 7}", &l));
    assert_false(l.known);
    assert_ok(parse("{\"version\": \"1\"}", &l));
    assert_false(l.known);
    assert_null(l.holder);
}

static void
test_what_is_no_lease(void **state)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "7",
                                      "{}",
                                      "{\"version\": 1}",
                                      "{\"version\": 1, \"holder\": 7, \"end\": \"1970-01-01T00:01:00\"}",
                                      "{\"version\": 1, \"holder\": \"a\", \"end\": \"tomorrow\"}",
                                      "{\"version\": 1, \"holder\": \"a\\u0000b\", \"end\": \"1970-01-01T00:01:00\"}",
                                      "{\"version\": 1, \"holder\": \"\xff\", \"end\": \"1970-01-01T00:01:00\"}",
                                      "{\"version\": 1, \"holder\": \"a\", \"end\": \"1970-01-01T00:01:00\"} x"};
    zr_lease_text l;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (parse(bad[i], &l) != ZOBO_EBADDATA)
            fail_msg("%s passes for a lease", bad[i]);
        assert_null(l.holder);
    }
    assert_err(zr_lease_parse(NULL, 0, &l), ZOBO_EBADDATA);
    zb_mem_fail_after(0, 1);
    zobo_err err = parse("{\"version\": 1, \"holder\": \"a\", \"end\": \"1970-01-01T00:01:00\"}", &l);
    zb_mem_fail_after(-1, 0);
    assert_err(err, ZOBO_ENOMEM);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_as_kazoo_does),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_other_versions_are_not_read),
        cmocka_unit_test(test_what_is_no_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
