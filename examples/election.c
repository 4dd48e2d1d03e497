/* SPDX-License-Identifier: Apache-2.0 */
/* Of those who run this one leads, for SECONDS, then the next:  example-election NAME SECONDS  (hosts from ZOBO_HOSTS)
 * */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zobo/election.h>
#include <zobo/zobo.h>

static void
lead(void *arg, zobo_election *election)
{
    for (int left = *(int *)arg; left > 0; left--) {
        if (zobo_election_check(election) != ZOBO_OK) { /* another may lead by now: stop at once */
            return;
        }
        printf("leading, %d s left\n", left);
        sleep(1);
    }
}

static void
show_rivals(zobo_election *election)
{
    zobo_reply *names = NULL;
    if (zobo_election_contenders(election, 0, &names) == ZOBO_OK) {
        for (size_t i = 0; i < names->n_children; i++) {
            printf("%s %s\n", names->children[i], i == 0 ? "leads" : "waits");
        }
    }
    zobo_reply_free(names);
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s NAME SECONDS\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_client *zk = NULL;
    zobo_election *election = NULL;
    zobo_problem why;
    int seconds = atoi(argv[2]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_election_new(zk, "/leader", &(zobo_election_options){.identifier = argv[1]}, &election, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    show_rivals(election);
    zobo_err err = zobo_election_run(election, lead, &seconds, 0); /* waits for as long as it takes */
    printf("%s\n", err == ZOBO_OK ? "led to the end" : zobo_err_text(err));
    zobo_election_free(election);
    zobo_close(zk);
    return err != ZOBO_OK;
}
