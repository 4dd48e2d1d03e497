/* SPDX-License-Identifier: Apache-2.0 */
/* A job that so many machines of all do: those that have one of the leases. Run it from cron on all of them.
 *
 *     example-multi_lease PATH COUNT SECONDS [NAME]      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/lease.h>
#include <zobo/zobo.h>

int
main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s PATH COUNT SECONDS [NAME]\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_lease_options lease_options = {.identifier = argv[4]}; /* NULL: the host's name */
    zobo_client *zk = NULL;
    zobo_multi_lease *lease = NULL;
    zobo_problem why;
    uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_multi_lease_new(zk, argv[1], count, &lease_options, &lease, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    int32_t which = 0;
    zobo_err err = zobo_multi_lease_obtain(lease, strtoull(argv[3], NULL, 10) * 1000, 10000, &which);
    if (err == ZOBO_OK) {
        printf("lease %d is mine: working\n", (int)which);
    } else {
        printf("%s\n", err == ZOBO_EHELD ? "all are others'" : zobo_err_text(err));
    }
    zobo_multi_lease_free(lease); /* the lease itself runs on */
    zobo_close(zk);
    return err == ZOBO_OK || err == ZOBO_EHELD ? 0 : 1;
}
