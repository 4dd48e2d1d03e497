/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines the shell's history keeps. */
#include <stdio.h>

#include "support/test.h"

#include "shell/past.h"

static void
ordinary_lines_are_kept(void **state)
{
    static const char *const lines[] = {
        "ls /",        "get /app/config # why?", "ls --auth-file f /", "acl get /a", "set /a 'b c'",
        "whoami; pwd", "create -e /author"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!past_keeps(lines[i]))
            fail_msg("not kept: %s", lines[i]);
}

static void
what_may_be_secret_is_not(void **state)
{
    static const char *const lines[] = {"addauth digest joe:pw",
                                        "ADDAUTH digest joe:pw",
                                        "'add'auth digest joe:pw",
                                        "a\\ddauth x y",
                                        "ls /; addauth digest joe:pw",
                                        "ls --auth digest:joe:pw /",
                                        "ls --auth=x:y /",
                                        "ls -\"-auth\" x:y /",
                                        "acl digest joe pw",
                                        "acl set /a digest:joe:hash=:cdrwa",
                                        "setAcl /a auth:joe:pw:cdrwa",
                                        "set /a super:pw",
                                        "set /db/password hunter2",
                                        "addauth digest 'joe:p", /* an unfinished quote, too */
                                        " ls /",
                                        "\tls /",
                                        "",
                                        "# a comment alone",
                                        " "};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (past_keeps(lines[i]))
            fail_msg("kept: %s", lines[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ordinary_lines_are_kept),
                                       cmocka_unit_test(what_may_be_secret_is_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
