/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/log.h"

static char last_line[2000];
static zobo_log_level last_level;
static int lines;

static void
keep(void *arg, zobo_log_level level, const char *line)
{
    assert_ptr_equal(arg, &lines);
    snprintf(last_line, sizeof last_line, "%s", line);
    last_level = level;
    lines++;
}

static int
count_evaluation(int *n)
{
    return ++*n;
}

static void
levels_are_looked_at_first(void **state)
{
    (void)state;
    int evaluated = 0;
    zb_log log = {keep, &lines, ZOBO_LOG_WARN};
    lines = 0;
    ZB_LOG(&log, ZOBO_LOG_INFO, "%d", count_evaluation(&evaluated));
    assert_int_equal(lines, 0);
    assert_int_equal(evaluated, 0);
    ZB_LOG(&log, ZOBO_LOG_WARN, "n is %d", count_evaluation(&evaluated));
    assert_int_equal(lines, 1);
    assert_int_equal(last_level, ZOBO_LOG_WARN);
    assert_string_equal(last_line, "n is 1");
    ZB_LOG(&log, ZOBO_LOG_ERROR, "worse");
    assert_int_equal(lines, 2);

    zb_log silent = {NULL, NULL, ZOBO_LOG_DEBUG};
    ZB_LOG(&silent, ZOBO_LOG_ERROR, "%d", count_evaluation(&evaluated));
    assert_int_equal(evaluated, 1);
}

static void
a_line_is_one_line(void **state)
{
    (void)state;
    zb_log log = {keep, &lines, ZOBO_LOG_DEBUG};
    ZB_LOG(&log, ZOBO_LOG_INFO, "from %s", "evil\nzobo ERROR\t\x1b[1m\x7f caf\xc3\xa9");
    assert_string_equal(last_line, "from evil?zobo ERROR??[1m? caf\xc3\xa9");

    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ZB_LOG(&log, ZOBO_LOG_INFO, "%s", longer);
    assert_in_range(strlen(last_line), 500, 1023);
}

static void
problems_are_filled_in(void **state)
{
    (void)state;
    assert_int_equal(zb_problem(NULL, ZOBO_EINVAL, 3, "x"), ZOBO_EINVAL);
    zobo_problem why;
    memset(&why, 0xee, sizeof why);
    assert_int_equal(zb_problem(&why, ZOBO_EBADHOSTS, 7, "byte %d: \"%s\"", 7, "a\nb"), ZOBO_EBADHOSTS);
    assert_int_equal(why.err, ZOBO_EBADHOSTS);
    assert_int_equal(why.offset, 7);
    assert_string_equal(why.text, "byte 7: \"a?b\"");

    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(zb_problem(&why, ZOBO_EINVAL, 0, "%s", longer), ZOBO_EINVAL);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_looked_at_first),
        cmocka_unit_test(a_line_is_one_line),
        cmocka_unit_test(problems_are_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
