/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "core/path.h"

static const struct {
    const char *path;
    bool sequence;
    int offset; /* -1: good */
    const char *rule;
} cases[] = {
    {"/", false, -1, NULL},
    {"/", true, -1, NULL},
    {"/a", false, -1, NULL},
    {"/a/b/c", false, -1, NULL},
    {"/ /~/!", false, -1, NULL},
    {"/a.b/.c/...", false, -1, NULL},
    {"/..a/.a./a..", false, -1, NULL},
    {"/a/", true, -1, NULL},
    {"/a/.", true, -1, NULL}, /* becomes "/a/.0000000000" */
    {"/a/..", true, -1, NULL},
    {"/.", true, -1, NULL},
    {"", false, 0, "begins with '/'"},
    {"", true, 0, "begins with '/'"},
    {"a", false, 0, "begins with '/'"},
    {"a/b", true, 0, "begins with '/'"},
    {"/a/", false, 2, "end in '/'"},
    {"//", false, 1, "empty component"},
    {"//", true, 1, "empty component"},
    {"//a", false, 1, "empty component"},
    {"/a//b", false, 3, "empty component"},
    {"/a//", true, 3, "empty component"},
    {"/.", false, 1, "component \".\""},
    {"/./a", false, 1, "component \".\""},
    {"/a/./b", true, 3, "component \".\""},
    {"/a/.", false, 3, "component \".\""},
    {"/..", false, 1, "component \"..\""},
    {"/a/../b", false, 3, "component \"..\""},
    {"/a/../", true, 3, "component \"..\""},
    {"/a/..", false, 3, "component \"..\""},
    /* the ends of the ASCII ranges */
    {"/\x01", false, 1, "control"},
    {"/ab\x1f", false, 3, "control"},
    {"/ab\x1f", true, 3, "control"},
    {"/a\nb", false, 2, "control"},
    {"/\x20", false, -1, NULL},
    {"/\x7e", false, -1, NULL},
    {"/\x7f", false, 1, "control"},
    /* U+0080, 9F, A0, 7FF, 800 */
    {"/\xc2\x80", false, 1, "control"},
    {"/\xc2\x9f", false, 1, "control"},
    {"/\xc2\xa0", false, -1, NULL},
    {"/\xdf\xbf", false, -1, NULL},
    {"/\xe0\xa0\x80", false, -1, NULL},
    {"/gr\xc3\xbc\xc3\x9f/\xe2\x82\xac", false, -1, NULL},
    /* U+D7FF, D800, DFFF, E000, F8FF, F900 */
    {"/\xed\x9f\xbf", false, -1, NULL},
    {"/a\xed\xa0\x80", false, 2, "U+D800-F8FF"},
    {"/a\xed\xbf\xbf", false, 2, "U+D800-F8FF"},
    {"/a\xee\x80\x80", false, 2, "U+D800-F8FF"},
    {"/a\xef\xa3\xbf", false, 2, "U+D800-F8FF"},
    {"/\xef\xa4\x80", false, -1, NULL},
    /* U+FFEF, FFF0, FFFD, FFFF */
    {"/\xef\xbf\xaf", false, -1, NULL},
    {"/\xef\xbf\xb0", false, 1, "U+FFF0-FFFF"},
    {"/\xef\xbf\xbd", false, 1, "U+FFF0-FFFF"},
    {"/\xef\xbf\xbf", false, 1, "U+FFF0-FFFF"},
    /* U+10000, 1F600, 10FFFF: pairs of surrogates to the server */
    {"/\xf0\x90\x80\x80", false, 1, "above U+FFFF"},
    {"/ab\xf0\x9f\x98\x80", false, 3, "above U+FFFF"},
    {"/\xf4\x8f\xbf\xbf", false, 1, "above U+FFFF"},
    /* no UTF-8: stray and missing continuations, overlong forms, above U+10FFFF */
    {"/a\x80", false, 2, "UTF-8"},
    {"/a\xbf", false, 2, "UTF-8"},
    {"/a\xc3", false, 2, "UTF-8"},
    {"/a\xc3/b", false, 2, "UTF-8"},
    {"/\xc0\xaf", false, 1, "UTF-8"},
    {"/\xc1\xbf", false, 1, "UTF-8"},
    {"/\xe2\x82", false, 1, "UTF-8"},
    {"/\xe2", false, 1, "UTF-8"},
    {"/\xe2\x82/", true, 1, "UTF-8"},
    {"/\xe2\xc2\x80", false, 1, "UTF-8"},
    {"/\xe0\x80\xaf", false, 1, "UTF-8"},
    {"/\xe0\x9f\xbf", false, 1, "UTF-8"},
    {"/\xf0\x9f\x98", false, 1, "UTF-8"},
    {"/\xf0\x9f", false, 1, "UTF-8"},
    {"/\xf0", false, 1, "UTF-8"},
    {"/\xf0\x8f\xbf\xbf", false, 1, "UTF-8"},
    {"/\xf4\x90\x80\x80", false, 1, "UTF-8"},
    {"/\xf5\x80\x80\x80", false, 1, "UTF-8"},
    {"/\xff", false, 1, "UTF-8"},
    {"/\xf0\x90\x80/", true, 1, "UTF-8"},
    {"/\xf0\x90/\x80", false, 1, "UTF-8"},
};

static void
every_rule_at_its_boundaries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = exact(cases[i].path, strlen(cases[i].path) + 1);
        zobo_problem why;
        memset(&why, 0, sizeof why);
        zobo_err err = zobo_path_check(path, cases[i].sequence, &why);
        if (cases[i].offset < 0) {
            if (err != ZOBO_OK)
                fail_msg("case %zu is refused: %s", i, why.text);
        } else {
            char begins[32];
            snprintf(begins, sizeof begins, "byte %d: a path", cases[i].offset);
            if (err != ZOBO_EBADPATH || why.err != err || why.offset != (size_t)cases[i].offset ||
                strncmp(why.text, begins, strlen(begins)) != 0 || strstr(why.text, cases[i].rule) == NULL)
                fail_msg("case %zu: not \"%s...%s\" but %d, \"%s\"", i, begins, cases[i].rule, err, why.text);
            assert_int_equal(zobo_path_check(path, cases[i].sequence, NULL), ZOBO_EBADPATH);
        }
        free(path);

        /* without a NUL at its end, so that a sanitizer sees it looked for */
        size_t len = strlen(cases[i].path), offset;
        path = exact(cases[i].path, len);
        assert_int_equal(zb_path_fault(path, len, cases[i].sequence, &offset) == NULL, cases[i].offset < 0);
        free(path);
    }
}

static void
there_is_a_path(void **state)
{
    (void)state;
    zobo_problem why;
    assert_int_equal(zobo_path_check(NULL, false, &why), ZOBO_EBADPATH);
    assert_int_equal(why.offset, 0);
    size_t offset;
    assert_non_null(zb_path_fault("/a\0b", 4, false, &offset));
    assert_int_equal(offset, 2);
}

static void
a_mebibyte_is_the_most(void **state)
{
    (void)state;
    char *path = malloc(ZB_MAX_PATH + 2);
    assert_non_null(path);
    memset(path, 'x', ZB_MAX_PATH + 1);
    path[0] = '/';
    path[ZB_MAX_PATH + 1] = '\0';
    zobo_problem why;
    assert_int_equal(zobo_path_check(path, false, &why), ZOBO_EBADPATH);
    assert_int_equal(why.offset, ZB_MAX_PATH);
    assert_non_null(strstr(why.text, "1048576"));
    path[ZB_MAX_PATH] = '\0';
    assert_int_equal(zobo_path_check(path, false, &why), ZOBO_OK);
    free(path);
}

static void
expect_join(const char *chroot, const char *path, const char *prefix, const char *rest)
{
    zb_chroot c = {chroot, (uint32_t)strlen(chroot)};
    zb_path joined = zb_path_join(&c, path);
    assert_int_equal(joined.prefix_len, strlen(prefix));
    assert_memory_equal(joined.prefix, prefix, strlen(prefix));
    assert_int_equal(joined.path_len, strlen(rest));
    assert_memory_equal(joined.path, rest, strlen(rest));
}

static void
chroots_are_put_on(void **state)
{
    (void)state;
    expect_join("", "/", "", "/");
    expect_join("", "/a", "", "/a");
    expect_join("/app", "/", "/app", "");
    expect_join("/app", "/a/b", "/app", "/a/b");
    expect_join("/app", "/app", "/app", "/app");
    expect_join("/app", "/a/", "/app", "/a/"); /* sequential */
    zb_path joined = zb_path_join(NULL, "/a");
    assert_int_equal(joined.prefix_len, 0);
    assert_int_equal(joined.path_len, 2);
}

static void
expect_strip(const char *chroot, const char *path, bool under, const char *expected)
{
    zb_chroot c = {chroot, (uint32_t)strlen(chroot)};
    size_t len = strlen(path), out_len;
    char *bytes = exact(path, len);
    const char *out;
    assert_int_equal(zb_path_strip(&c, bytes, len, &out, &out_len), under);
    assert_int_equal(out_len, strlen(expected));
    assert_memory_equal(out, expected, out_len);
    free(bytes);
}

static void
chroots_are_taken_off_at_components(void **state)
{
    (void)state;
    expect_strip("", "/a", true, "/a");
    expect_strip("", "", true, "");
    expect_strip("/app", "/app", true, "/");
    expect_strip("/app", "/app/x", true, "/x");
    expect_strip("/app", "/app/app/x", true, "/app/x");
    expect_strip("/app", "/apple", false, "/apple");
    expect_strip("/app", "/ap", false, "/ap");
    expect_strip("/app", "/", false, "/");
    expect_strip("/app", "", false, "");
    expect_strip("/app", "/other/app", false, "/other/app");
    expect_strip("/a/b", "/a/b/c", true, "/c");
    const char *out;
    size_t out_len;
    assert_true(zb_path_strip(NULL, "/a", 2, &out, &out_len));
    assert_int_equal(out_len, 2);
}

static void
parents(void **state)
{
    (void)state;
    assert_int_equal(zb_path_parent_len("/", 1), 0);
    assert_int_equal(zb_path_parent_len("/a", 2), 1);
    assert_int_equal(zb_path_parent_len("/abc", 4), 1);
    assert_int_equal(zb_path_parent_len("/a/b", 4), 2);
    assert_int_equal(zb_path_parent_len("/abc/de/f", 9), 7);
    assert_int_equal(zb_path_parent_len("/abc/de/f", 7), 4);
    assert_int_equal(zb_path_parent_len("", 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_at_its_boundaries),
        cmocka_unit_test(there_is_a_path),
        cmocka_unit_test(a_mebibyte_is_the_most),
        cmocka_unit_test(chroots_are_put_on),
        cmocka_unit_test(chroots_are_taken_off_at_components),
        cmocka_unit_test(parents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
