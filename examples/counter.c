/* SPDX-License-Identifier: Apache-2.0 */
/* Adds to a number that all share, exactly once, whatever becomes of the connection meanwhile.
 *
 *     example-counter PATH [DELTA]      hosts from ZOBO_HOSTS */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <zobo/counter.h>
#include <zobo/zobo.h>

int
main(int argc, char **argv)
{
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_client *zk = NULL;
    zobo_counter *counter = NULL;
    zobo_counter_change change;
    zobo_problem why;
    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH [DELTA]\n", argv[0]);
        return 2;
    }
    zobo_err err = zobo_new(&options, &zk, &why);
    if (err == ZOBO_OK) {
        err = zobo_start(zk, 5000, &why);
    }
    if (err == ZOBO_OK) {
        err = zobo_counter_new(zk, argv[1], NULL, &counter, &why);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
    } else {
        err = zobo_counter_add(counter, argc > 2 ? strtoll(argv[2], NULL, 10) : 1, 0, &change);
        if (err == ZOBO_OK) {
            printf("%" PRId64 " -> %" PRId64 "\n", change.pre_value, change.post_value);
        } else {
            fprintf(stderr, "%s: %s\n", argv[1], zobo_err_text(err));
        }
    }
    zobo_counter_free(counter);
    zobo_close(zk);
    return err != ZOBO_OK;
}
