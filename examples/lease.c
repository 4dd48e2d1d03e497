/* SPDX-License-Identifier: Apache-2.0 */
/* A job that one machine of many does: whoever has the lease. Run it from cron on all of them.
 *
 *     example-lease PATH SECONDS [NAME]      hosts from ZOBO_HOSTS
 *
 * Who has the lease obtains it anew and works; the others see that it is held, and end. If he stays away for longer
 * than SECONDS, the next one who comes has it. */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/lease.h>
#include <zobo/zobo.h>

int
main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s PATH SECONDS [NAME]\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_lease_options lease_options = {.identifier = argv[3]}; /* NULL: the host's name */
    zobo_client *zk = NULL;
    zobo_lease *lease = NULL;
    zobo_problem why;
    zobo_err err = zobo_new(&options, &zk, &why);
    if (err == ZOBO_OK) {
        err = zobo_start(zk, 5000, &why);
    }
    if (err == ZOBO_OK) {
        err = zobo_lease_new(zk, argv[1], &lease_options, &lease, &why);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }

    err = zobo_lease_obtain(lease, strtoull(argv[2], NULL, 10) * 1000, 10000);
    if (err == ZOBO_OK) {
        printf("mine: working\n");
    } else {
        printf("%s\n", err == ZOBO_EHELD ? "another's" : zobo_err_text(err));
    }
    zobo_lease_free(lease); /* the lease itself runs on */
    zobo_close(zk);
    return err == ZOBO_OK || err == ZOBO_EHELD ? 0 : 1;
}
