/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <zobo/client.h>

static void
three_numbers(void **state)
{
    (void)state;
    int major, minor, patch, end = 0;
    assert_int_equal(sscanf(zobo_version(), "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
    assert_int_equal(end, strlen(zobo_version()));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(three_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
