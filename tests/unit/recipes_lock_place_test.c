/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is at a lock, when the parent's counter overflows, too. */
#include "support/test.h"

#include <string.h>

#include "recipes/lock.h"

static char prefix[] = "/lock/own__lock__";
static char by_kazoo[] = "__lock__", by_curator[] = "-lock-";
static char *patterns[] = {by_kazoo, by_curator};

/* Whom the own node waits for; NULL: it is its turn. */
static const char *
obstacle_of(const char *own, const char *const *names, size_t n)
{
    zobo_lock lock = {.prefix = prefix, .node = (char *)(uintptr_t)own, .patterns = patterns, .n_patterns = 2};
    zobo_reply children = {.children = (const char **)(uintptr_t)names, .n_children = n};
    const char *obstacle = NULL;
    assert_true(zr_lock_place(&lock, &children, &obstacle));
    return obstacle;
}

static void
test_turns(void **state)
{
    static const char *const in_order[] = {
        "a__lock__2147483646",   "own__lock__2147483647",  "own__lock__-2147483648",
        "b-lock--2147483647",    "own__lock__-2147483646", "own__lock__-1000000000",
        "own__lock__-999999999", "c__lock__-999999998",    "own__lock__-999999997",
    };
    enum { N = sizeof in_order / sizeof in_order[0] };
    const char *backwards[N];
    (void)state;
    for (size_t i = 0; i < N; i++)
        backwards[i] = in_order[N - 1 - i];
    for (size_t i = 0; i < N; i++) {
        if (strncmp(in_order[i], "own", 3) != 0)
            continue;
        const char *want = in_order[i - 1], *got = obstacle_of(in_order[i], in_order, N);
        if (!got || strcmp(got, want) != 0)
            fail_msg("%s waits for %s", in_order[i], got ? got : "nobody");
        got = obstacle_of(in_order[i], backwards, N);
        if (!got || strcmp(got, want) != 0)
            fail_msg("%s waits for %s", in_order[i], got ? got : "nobody");
    }
    assert_null(obstacle_of("own__lock__-2147483648", in_order + 2, N - 2));
    assert_null(obstacle_of("own__lock__2147483647", in_order + 1, N - 1));
}

static void
test_gone(void **state)
{
    char own[] = "own__lock__0000000001";
    zobo_lock lock = {.prefix = prefix, .node = own, .patterns = patterns, .n_patterns = 2};
    const char *names[] = {"own__lock__0000000002", "a__lock__0000000000"};
    const char *obstacle;
    (void)state;
    assert_false(zr_lock_place(&lock, &(zobo_reply){.children = names, .n_children = 2}, &obstacle));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
