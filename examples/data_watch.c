/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a node's data now and whenever they change, over lost connections and sessions, until its input ends.
 *
 *     example-data_watch PATH      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/watchers.h>
#include <zobo/zobo.h>

static void
on_data(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)arg, (void)watch;
    printf("%s: ", event != NULL ? zobo_event_name(event->type) : "READ");
    if (err == ZOBO_OK) {
        printf("%.*s\n", (int)reply->data_len, reply->data != NULL ? (const char *)reply->data : "");
    } else {
        printf("%s\n", zobo_err_text(err)); /* no such node, or it may not be read: still watched */
    }
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PATH\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_client *zk = NULL;
    zobo_data_watch *watch = NULL;
    zobo_problem why = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_data_watch_new(zk, argv[1], on_data, NULL, NULL, &watch, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    while (getchar() != EOF) {
    }
    zobo_data_watch_free(watch);
    zobo_close(zk);
    return 0;
}
