/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a copy of a part of the tree, tells of each change of it, and answers from the copy: a line of input is a path.
 *
 *     example-tree_cache ROOT      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/cache.h>
#include <zobo/zobo.h>

static void
on_event(void *arg, zobo_tree_cache *cache, const zobo_tree_event *event)
{
    (void)arg, (void)cache;
    printf("%s%s%s\n", zobo_tree_event_name(event->type), event->path != NULL ? " " : "",
           event->path != NULL ? event->path : "");
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s ROOT\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_tree_cache_options cache_options = {.listener = on_event};
    zobo_client *zk = NULL;
    zobo_tree_cache *cache = NULL;
    zobo_problem why = {0};
    char path[1000];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_tree_cache_new(zk, argv[1], &cache_options, &cache, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_tree_cache_start(cache);
    if (err == ZOBO_OK) {
        err = zobo_tree_cache_wait(cache, 10000);
    }
    while (err == ZOBO_OK && fgets(path, sizeof(path), stdin) != NULL) {
        zobo_tree_snapshot *now = zobo_tree_cache_snapshot(cache);
        zobo_tree_node node;
        path[strcspn(path, "\n")] = '\0';
        zobo_err found = zobo_tree_snapshot_get(now, path, &node);
        printf("%s = %s\n", path,
               found != ZOBO_OK    ? zobo_err_text(found)
               : node.data != NULL ? (const char *)node.data
                                   : "");
        zobo_tree_snapshot_free(now);
    }
    zobo_tree_cache_free(cache);
    zobo_close(zk);
    return err != ZOBO_OK;
}
