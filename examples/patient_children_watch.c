/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a node's children whenever they have come to rest: when none has come or gone for some time.
 *
 *     example-patient_children_watch PATH QUIET_MS TIMES      hosts from ZOBO_HOSTS
 *
 * example-children_watch, without patience, is told of each change. */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/watchers.h>
#include <zobo/zobo.h>

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PATH QUIET_MS TIMES\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_watch_options watch_options = {.quiet_ms = (uint32_t)atoi(argv[2])};
    zobo_client *zk = NULL;
    zobo_patient_children_watch *watch = NULL;
    zobo_problem why = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_patient_children_watch_new(zk, argv[1], &watch_options, &watch, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = ZOBO_OK;
    for (int left = atoi(argv[3]); left > 0 && (err == ZOBO_OK || err == ZOBO_ENONODE); left--) {
        zobo_reply *reply = NULL;
        err = zobo_patient_children_watch_get(watch, 0, &reply);
        printf("%s:", zobo_err_name(err));
        for (size_t i = 0; reply != NULL && i < reply->n_children; i++) {
            printf(" %s", reply->children[i]);
        }
        printf("\n");
        zobo_reply_free(reply);
        if (left > 1) {
            err = zobo_patient_children_watch_changed(watch, 0);
        }
    }
    zobo_patient_children_watch_free(watch);
    zobo_close(zk);
    return err != ZOBO_OK && err != ZOBO_ENONODE;
}
