/* SPDX-License-Identifier: Apache-2.0 */
/* A command that needs several things for itself: all of them, or none.
 *
 *     example-multi_lock COMMAND PATH...      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/multi_lock.h>
#include <zobo/zobo.h>

int
main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s COMMAND PATH...\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    const char *const *paths = (const char *const *)(argv + 2);
    zobo_client *zk = NULL;
    zobo_multi_lock *locks = NULL;
    zobo_problem why;
    int status = 1;
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_multi_lock_new(zk, paths, (size_t)argc - 2, NULL, &locks, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    /* In the order of their paths, whatever order they are given in: so two of these never wait for each other. */
    zobo_err err = zobo_multi_lock_acquire(locks, 60000);
    if (err == ZOBO_OK) {
        status = system(argv[1]);
        err = zobo_multi_lock_release(locks, 0); /* ZOBO_ELOCKLOST: one was lost meanwhile, and so all were let go */
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", zobo_err_text(err));
    }
    zobo_multi_lock_free(locks);
    zobo_close(zk);
    return err != ZOBO_OK || status != 0;
}
