/* SPDX-License-Identifier: Apache-2.0 */
/* Holds others up: those who wait go on when the barrier is down.
 *
 *     example-barrier PATH up|down|wait      hosts from ZOBO_HOSTS
 *
 * example-double_barrier begins and ends together with others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/barrier.h>
#include <zobo/zobo.h>

static zobo_err
act(zobo_barrier *barrier, const char *what)
{
    if (strcmp(what, "up") == 0) {
        return zobo_barrier_create(barrier, 0); /* it stays when this program has ended */
    }
    if (strcmp(what, "down") == 0) {
        return zobo_barrier_remove(barrier, 0, NULL);
    }
    return zobo_barrier_wait(barrier, 60000); /* milliseconds */
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PATH up|down|wait\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_client *zk = NULL;
    zobo_barrier *barrier = NULL;
    zobo_problem why;
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_barrier_new(zk, argv[1], NULL, &barrier, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = act(barrier, argv[2]);
    printf("%s: %s\n", argv[2], zobo_err_text(err));
    zobo_barrier_free(barrier);
    zobo_close(zk);
    return err != ZOBO_OK;
}
