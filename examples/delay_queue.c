/* SPDX-License-Identifier: Apache-2.0 */
/* Reminders that are handed out when they are due, each to one process.
 *
 *     example-delay_queue PATH MILLISECONDS TEXT      put one in
 *     example-delay_queue PATH                        wait for the next one        hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/queue.h>
#include <zobo/zobo.h>

static zobo_err
print_next(zobo_delay_queue *queue)
{
    zobo_reply *reply = NULL;
    zobo_err err = zobo_delay_queue_get(queue, 60000, &reply);
    if (err == ZOBO_OK) {
        printf("%s\n", (const char *)reply->data);
    }
    zobo_reply_free(reply);
    return err;
}

int
main(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: %s PATH [MILLISECONDS TEXT]\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_client *zk = NULL;
    zobo_delay_queue *queue = NULL;
    zobo_problem why;
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_delay_queue_new(zk, argv[1], NULL, &queue, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err;
    if (argc == 4) { /* due by the clocks of those who take */
        err = zobo_delay_queue_put(queue, argv[3], strlen(argv[3]), zobo_wall_ms() + strtol(argv[2], NULL, 10), 0);
    } else {
        err = print_next(queue);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", zobo_err_text(err));
    }
    zobo_delay_queue_free(queue);
    zobo_close(zk);
    return err != ZOBO_OK;
}
