/* SPDX-License-Identifier: Apache-2.0 */
/* A command of which only so many run at a time, among all machines.
 *
 *     example-semaphore PATH MAX COMMAND      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/semaphore.h>
#include <zobo/zobo.h>

static void
show_holders(zobo_semaphore *semaphore)
{
    zobo_reply *names = NULL;
    if (zobo_semaphore_lease_holders(semaphore, 0, &names) == ZOBO_OK) {
        printf("%zu at work\n", names->n_children);
    }
    zobo_reply_free(names);
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PATH MAX COMMAND\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_semaphore_options semaphore_options = {.max_leases = (uint32_t)strtoul(argv[2], NULL, 10)};
    zobo_client *zk = NULL;
    zobo_semaphore *semaphore = NULL;
    zobo_problem why;
    int status = 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_semaphore_new(zk, argv[1], &semaphore_options, &semaphore, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_semaphore_acquire(semaphore, 60000); /* milliseconds */
    if (err == ZOBO_OK) {
        show_holders(semaphore);
        status = system(argv[3]);
        err = zobo_semaphore_release(semaphore, 0);
    }
    if (err != ZOBO_OK) { /* ZOBO_EBADDATA: the node says another number than MAX */
        fprintf(stderr, "%s\n", zobo_err_text(err));
    }
    zobo_semaphore_free(semaphore);
    zobo_close(zk);
    return err != ZOBO_OK || status != 0;
}
