/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: takes tasks, and has them removed when they are done. One that dies leaves its task to another.
 *
 *     example-locking_queue PATH [TASK ...]      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/queue.h>
#include <zobo/zobo.h>

static void
lost(void *arg, zobo_locking_queue *queue)
{
    (void)arg, (void)queue;
    printf("the task is another's now\n");
}

int
main(int argc, char **argv)
{
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_locking_queue_options how = {.lost = lost};
    zobo_client *zk = NULL;
    zobo_locking_queue *queue = NULL;
    zobo_reply *task;
    zobo_problem why;
    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH [TASK ...]\n", argv[0]);
        return 2;
    }
    zobo_err err = zobo_new(&options, &zk, &why);
    if (err == ZOBO_OK) {
        err = zobo_start(zk, 5000, &why);
    }
    if (err == ZOBO_OK) {
        err = zobo_locking_queue_new(zk, argv[1], &how, &queue, &why);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
    }
    for (int i = 2; err == ZOBO_OK && i < argc; i++) {
        err = zobo_locking_queue_put(queue, argv[i], strlen(argv[i]), ZOBO_PRIORITY, 0);
    }
    while (err == ZOBO_OK && argc == 2 && (err = zobo_locking_queue_get(queue, 10000, &task)) == ZOBO_OK) {
        printf("%.*s: ", (int)task->data_len, (const char *)task->data);
        zobo_reply_free(task);
        zobo_err done = zobo_locking_queue_consume(queue, 0); /* here it would be worked on first */
        printf("%s\n", done == ZOBO_OK ? "done" : zobo_err_text(done));
    }
    zobo_locking_queue_free(queue);
    zobo_close(zk);
    return err != ZOBO_OK && err != ZOBO_EWAITTIMEOUT;
}
