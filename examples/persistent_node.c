/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a node there while it runs, whatever becomes of the session; each line of its input is the node's new data.
 *
 *     example-persistent_node PATH DATA      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/party.h>
#include <zobo/zobo.h>

static void
on_presence(void *arg, zobo_persistent_node *node, zobo_presence presence, zobo_err err)
{
    (void)arg, (void)node;
    printf("%s%s%s\n", zobo_presence_name(presence), err ? ": " : "", err ? zobo_err_text(err) : "");
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PATH DATA\n", argv[0]);
        return 2;
    }
    char line[1000];
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_persistent_node_options node_options = {.data = argv[2], .data_len = strlen(argv[2]), .changed = on_presence};
    zobo_client *zk = NULL;
    zobo_persistent_node *node = NULL;
    zobo_problem why = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_persistent_node_new(zk, argv[1], &node_options, &node, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_persistent_node_start(node); /* from now on it comes back by itself */
    while (err == ZOBO_OK && fgets(line, sizeof(line), stdin) != NULL) {
        err = zobo_persistent_node_set(node, line, strcspn(line, "\n"), 10000); /* milliseconds */
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", zobo_err_text(err));
    }
    zobo_persistent_node_free(node); /* deletes it */
    zobo_close(zk);
    return err != ZOBO_OK;
}
