/* SPDX-License-Identifier: Apache-2.0 */
/* Prints where a service is to be found, now and whenever that has changed, until its input ends.
 *
 *     example-service_cache BASE NAME      hosts from ZOBO_HOSTS
 *
 * example-discovery registers a service, and picks one to ask. */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/discovery.h>
#include <zobo/zobo.h>

static void
on_change(void *arg, zobo_service_cache *cache, const zobo_service_list *list)
{
    (void)arg, (void)cache;
    printf("%zu:", list->n);
    for (size_t i = 0; i < list->n; i++) {
        printf(" %s:%d", list->items[i].address, (int)list->items[i].port);
    }
    printf("\n");
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s BASE NAME\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_service_cache_options cache_options = {.changed = on_change};
    zobo_client *zk = NULL;
    zobo_service_cache *cache = NULL;
    zobo_problem why = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_service_cache_new(zk, argv[1], argv[2], &cache_options, &cache, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_service_cache_start(cache); /* from now on zobo_service_cache_get has the list, too */
    while (err == ZOBO_OK && getchar() != EOF) {
    }
    zobo_service_cache_free(cache);
    zobo_close(zk);
    return err != ZOBO_OK;
}
