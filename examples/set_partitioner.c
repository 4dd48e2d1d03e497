/* SPDX-License-Identifier: Apache-2.0 */
/* A worker that has its part of a set of shards, as many of them as there are workers; runs until SIGINT or SIGTERM.
 *
 *     example-set_partitioner PATH NAME SHARD...      hosts from ZOBO_HOSTS */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <zobo/partitioner.h>
#include <zobo/zobo.h>

/* Told on the callback thread, which may block: work on the part stops or begins right here. */
static void
on_change(void *arg, zobo_set_partitioner *p, zobo_partition_state state, zobo_err err)
{
    zobo_reply *mine = NULL;
    (void)arg;
    printf("%s%s%s\n", zobo_partition_state_name(state), err ? ": " : "", err ? zobo_err_text(err) : "");
    if (state == ZOBO_PARTITION_RELEASE && (err = zobo_set_partitioner_release_set(p, 0)) != ZOBO_OK) {
        printf("not released: %s\n", zobo_err_text(err));
    } else if (state == ZOBO_PARTITION_ACQUIRED && zobo_set_partitioner_wait(p, 1000, &mine) == ZOBO_OK) {
        for (size_t i = 0; i < mine->n_children; i++) {
            printf("mine: %s\n", mine->children[i]);
        }
    }
    zobo_reply_free(mine);
}

int
main(int argc, char **argv)
{
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_client *zk = NULL;
    zobo_set_partitioner *partitioner = NULL;
    zobo_problem why = {0};
    sigset_t signals;
    int got;
    if (argc < 4) {
        fprintf(stderr, "usage: %s PATH NAME SHARD...\n", argv[0]);
        return 2;
    }
    zobo_set_partitioner_options how = {.identifier = argv[2], .time_boundary_ms = 1000, .changed = on_change};
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK ||
        zobo_set_partitioner_new(zk, argv[1], (const char *const *)&argv[3], (size_t)argc - 3, &how, &partitioner,
                                 &why) != ZOBO_OK ||
        zobo_start(zk, 5000, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
    } else {
        sigwait(&signals, &got);
    }
    zobo_set_partitioner_free(partitioner);
    zobo_close(zk);
    return why.err != ZOBO_OK;
}
