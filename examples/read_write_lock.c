/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a command among others that read, or as the only one that writes.
 *
 *     example-read_write_lock PATH read|write COMMAND      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/lock.h>
#include <zobo/zobo.h>

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PATH read|write COMMAND\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_lock_options lock_options = {.kind = strcmp(argv[2], "read") == 0 ? ZOBO_READ_LOCK : ZOBO_WRITE_LOCK};
    zobo_client *zk = NULL;
    zobo_lock *lock = NULL;
    zobo_problem why;
    int status = 1;
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_lock_new(zk, argv[1], &lock_options, &lock, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_lock_acquire(lock, 60000); /* milliseconds */
    if (err == ZOBO_OK) {
        status = system(argv[3]);
        err = zobo_lock_check(lock); /* ZOBO_ELOCKLOST: the session was lost, and others may have begun meanwhile */
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", zobo_err_text(err));
    }
    zobo_lock_free(lock); /* releases it */
    zobo_close(zk);
    return err != ZOBO_OK || status != 0;
}
