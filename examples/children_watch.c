/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a node's children now and whenever one has come or gone, over lost connections and sessions, until its input
 * ends.
 *
 *     example-children_watch PATH      hosts from ZOBO_HOSTS
 *
 * example-patient_children_watch waits until they have come to rest. */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/watchers.h>
#include <zobo/zobo.h>

static void
on_children(void *arg, zobo_children_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)arg, (void)watch;
    printf("%s:", event != NULL ? zobo_event_name(event->type) : "READ");
    for (size_t i = 0; err == ZOBO_OK && i < reply->n_children; i++) {
        printf(" %s", reply->children[i]);
    }
    printf("%s%s\n", err == ZOBO_OK ? "" : " ", err == ZOBO_OK ? "" : zobo_err_text(err)); /* still watched */
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
    zobo_children_watch *watch = NULL;
    zobo_problem why = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_children_watch_new(zk, argv[1], on_children, NULL, NULL, &watch, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    while (getchar() != EOF) {
    }
    zobo_children_watch_free(watch);
    zobo_close(zk);
    return 0;
}
