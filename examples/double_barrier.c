/* SPDX-License-Identifier: Apache-2.0 */
/* Begins and ends together with others: run it N times.
 *
 *     example-double_barrier PATH N      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/barrier.h>
#include <zobo/zobo.h>

static void
lost(void *arg, zobo_double_barrier *barrier)
{
    (void)arg, (void)barrier;
    printf("the others count on this one no more\n");
}

int
main(int argc, char **argv)
{
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_double_barrier_options how = {.lost = lost};
    zobo_double_barrier *barrier = NULL;
    zobo_client *zk = NULL;
    zobo_problem why;
    if (argc != 3) {
        fprintf(stderr, "usage: %s PATH N\n", argv[0]);
        return 2;
    }
    zobo_err err = zobo_new(&options, &zk, &why);
    if (err == ZOBO_OK) {
        err = zobo_start(zk, 5000, &why);
    }
    if (err == ZOBO_OK) {
        err = zobo_double_barrier_new(zk, argv[1], (uint32_t)strtoul(argv[2], NULL, 10), &how, &barrier, &why);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
    } else if ((err = zobo_double_barrier_enter(barrier, 60000)) != ZOBO_OK) {
        printf("not all came: %s\n", zobo_err_text(err));
    } else {
        printf("all are here\n");
        err = zobo_double_barrier_leave(barrier, 60000);
        printf("%s\n", err == ZOBO_OK ? "all are done" : zobo_err_text(err));
    }
    zobo_double_barrier_free(barrier);
    zobo_close(zk);
    return err != ZOBO_OK;
}
