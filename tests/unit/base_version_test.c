/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <zobo/version.h>

#if ZOBO_VERSION_MAJOR < 0 || ZOBO_VERSION_MINOR < 0 || ZOBO_VERSION_PATCH < 0
#error "the macros are numbers for the preprocessor"
#endif

/* The headers, the library and the build tell the same. */
static void
one_version(void **state)
{
    (void)state;
    int major, minor, patch, end = 0;
    assert_string_equal(zobo_version(), ZOBO_VERSION);
    assert_string_equal(zobo_version(), ZOBO_PROJECT_VERSION);
    assert_int_equal(sscanf(ZOBO_VERSION, "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
    assert_int_equal(end, strlen(ZOBO_VERSION));
    assert_int_equal(major, ZOBO_VERSION_MAJOR);
    assert_int_equal(minor, ZOBO_VERSION_MINOR);
    assert_int_equal(patch, ZOBO_VERSION_PATCH);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_version)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
