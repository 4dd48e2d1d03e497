/* SPDX-License-Identifier: Apache-2.0 */
/* A service that is there many times and active once: the others stand by.
 *
 *     example-leader_latch NAME      hosts from ZOBO_HOSTS; ends on SIGINT
 *
 * When the connection to ZooKeeper is lost the active one stands by too, for another may become active soon. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <zobo/election.h>
#include <zobo/zobo.h>

static void
activate(void *arg, zobo_leader_latch *latch)
{
    printf("%s is active, token %s\n", (const char *)arg, zobo_leader_latch_fence(latch) ? "in hand" : "gone again");
}

static void
stand_by(void *arg, zobo_leader_latch *latch)
{
    (void)latch;
    printf("%s stands by\n", (const char *)arg);
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s NAME\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_leader_latch_options latch_options = {.identifier = argv[1],
                                               .leader = activate,
                                               .leader_arg = argv[1],
                                               .not_leader = stand_by,
                                               .not_leader_arg = argv[1]};
    zobo_client *zk = NULL;
    zobo_leader_latch *latch = NULL;
    zobo_problem why;
    sigset_t signals;
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_leader_latch_new(zk, "/service", &latch_options, &latch, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_leader_latch_start(latch);
    sigwait(&signals, &(int){0}); /* here the service would serve */
    if (err == ZOBO_OK) {
        err = zobo_leader_latch_stop(latch, 0); /* the next one need not wait for the end of the session */
    }
    zobo_leader_latch_free(latch);
    zobo_close(zk);
    return err != ZOBO_OK;
}
