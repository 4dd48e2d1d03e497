/* SPDX-License-Identifier: Apache-2.0 */
/* Hands things on: puts what follows PATH, or without that prints what comes until nothing has for ten seconds.
 *
 *     example-queue PATH [DATA ...]      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/queue.h>
#include <zobo/zobo.h>

int
main(int argc, char **argv)
{
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_client *zk = NULL;
    zobo_queue *queue = NULL;
    zobo_reply *entry;
    zobo_problem why;
    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH [DATA ...]\n", argv[0]);
        return 2;
    }
    zobo_err err = zobo_new(&options, &zk, &why);
    if (err == ZOBO_OK) {
        err = zobo_start(zk, 5000, &why);
    }
    if (err == ZOBO_OK) {
        err = zobo_queue_new(zk, argv[1], NULL, &queue, &why);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
    }
    for (int i = 2; err == ZOBO_OK && i < argc; i++) {
        err = zobo_queue_put(queue, argv[i], strlen(argv[i]), ZOBO_PRIORITY, 0);
    }
    while (err == ZOBO_OK && argc == 2 && (err = zobo_queue_get(queue, 10000, &entry)) == ZOBO_OK) {
        printf("%.*s\n", (int)entry->data_len, (const char *)entry->data);
        zobo_reply_free(entry);
    }
    zobo_queue_free(queue);
    zobo_close(zk);
    return err != ZOBO_OK && err != ZOBO_EWAITTIMEOUT;
}
