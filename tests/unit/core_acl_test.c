/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <zobo/acl.h>

static void
expect_acl(const zobo_acl_list *list, uint32_t perms, const char *scheme, const char *id)
{
    assert_int_equal(list->n, 1);
    assert_int_equal(list->items[0].perms, perms);
    assert_string_equal(list->items[0].scheme, scheme);
    assert_string_equal(list->items[0].id, id);
}

static void
the_usual_acls(void **state)
{
    (void)state;
    expect_acl(zobo_open_acl(), 31, "world", "anyone");
    expect_acl(zobo_creator_all_acl(), 31, "auth", "");
    expect_acl(zobo_read_acl(), 1, "world", "anyone");
}

static void
expect_credential(const char *user, const char *password, const char *expected)
{
    char buf[100];
    size_t size = strlen(user) + 30;
    char *exactly = malloc(size);
    assert_non_null(exactly);
    assert_int_equal(zobo_digest_credential(user, password, exactly, size), ZOBO_OK);
    assert_string_equal(exactly, expected);
    assert_int_equal(strlen(exactly), size - 1);
    assert_int_equal(zobo_digest_credential(user, password, exactly, size - 1), ZOBO_EINVAL);
    free(exactly);
    assert_int_equal(zobo_digest_credential(user, password, buf, sizeof buf), ZOBO_OK);
    assert_string_equal(buf, expected);
}

/* As kazoo's make_digest_acl_credential and ZooKeeper's DigestAuthenticationProvider give them. */
static void
digest_credentials(void **state)
{
    (void)state;
    expect_credential("super", "test", "super:D/InIHSb7yEEbrWz8b9l71RjZJU=");
    expect_credential("super", "secret", "super:lK75jTNcA+U9vtVEw5vB51mj/w4=");
    expect_credential("user", "", "user:kd7q5xGKLW+18xQTfO8iqRaFvsM=");
    expect_credential("u", "pass:with:colons", "u:OvH2d65z61QPMwQvM3rQtGoZ1G4=");
    expect_credential("j\xc3\xb6rg", "p\xc3\xa4ss", "j\xc3\xb6rg:+J/6zT5hJybcwHjurblk558I1m0=");
}

static void
bad_credentials(void **state)
{
    (void)state;
    char buf[100];
    assert_int_equal(zobo_digest_credential("", "x", buf, sizeof buf), ZOBO_EINVAL);
    assert_int_equal(zobo_digest_credential("a:b", "x", buf, sizeof buf), ZOBO_EINVAL);
    assert_int_equal(zobo_digest_credential(NULL, "x", buf, sizeof buf), ZOBO_EINVAL);
    assert_int_equal(zobo_digest_credential("a", NULL, buf, sizeof buf), ZOBO_EINVAL);
    assert_int_equal(zobo_digest_credential("a", "x", NULL, sizeof buf), ZOBO_EINVAL);
    assert_int_equal(zobo_digest_credential("a", "x", buf, 0), ZOBO_EINVAL);
}

static void
permissions_are_spelt_and_read(void **state)
{
    (void)state;
    char text[8];
    zobo_perms_text(31, text);
    assert_string_equal(text, "cdrwa");
    zobo_perms_text(0, text);
    assert_string_equal(text, "-");
    zobo_perms_text(0xffffffe0U, text);
    assert_string_equal(text, "-");
    for (uint32_t perms = 1; perms < 32; perms++) {
        uint32_t got = 99;
        zobo_perms_text(perms, text);
        assert_int_equal(zobo_perms_parse(text, &got), ZOBO_OK);
        assert_int_equal(got, perms);
    }
    zobo_perms_text(ZOBO_PERM_READ | ZOBO_PERM_ADMIN, text);
    assert_string_equal(text, "ra");
    uint32_t got = 99;
    assert_int_equal(zobo_perms_parse("awrdc", &got), ZOBO_OK);
    assert_int_equal(got, 31);
    assert_int_equal(zobo_perms_parse("all", &got), ZOBO_OK);
    assert_int_equal(got, 31);
    assert_int_equal(zobo_perms_parse("rr", &got), ZOBO_OK);
    assert_int_equal(got, 1);
    got = 99;
    static const char *const bad[] = {"", "x", "rx", "R", "-", "al", "alla", "r w"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(zobo_perms_parse(bad[i], &got), ZOBO_EINVAL);
    assert_int_equal(zobo_perms_parse(NULL, &got), ZOBO_EINVAL);
    assert_int_equal(got, 99);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_acls),
        cmocka_unit_test(digest_credentials),
        cmocka_unit_test(bad_credentials),
        cmocka_unit_test(permissions_are_spelt_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
