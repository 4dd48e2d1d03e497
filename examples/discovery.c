/* SPDX-License-Identifier: Apache-2.0 */
/* A service that registers itself as Curator's services do, and tells at each line of input which instance it would
 * ask.
 *
 *     example-discovery BASE NAME ADDRESS PORT      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/discovery.h>
#include <zobo/zobo.h>

static zobo_err
serve(zobo_discovery *discovery, zobo_service_provider *others, const zobo_service *me)
{
    zobo_err err = zobo_discovery_register(discovery, me, 10000, NULL);
    if (err == ZOBO_OK) {
        err = zobo_service_provider_start(others);
    }
    if (err == ZOBO_OK) {
        err = zobo_service_provider_wait(others, 10000);
    }
    while (err == ZOBO_OK && getchar() != EOF) {
        zobo_service_list *one = NULL;
        if (zobo_service_provider_pick(others, &one) == ZOBO_OK) {
            const zobo_service *s = &one->items[0];
            printf("asking %s:%d (%s)\n", s->address ? s->address : "?", (int)s->port, s->id);
        }
        zobo_service_list_free(one);
    }
    return err;
}

int
main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s BASE NAME ADDRESS PORT\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_service me = {.name = argv[2], .address = argv[3], .port = (int32_t)strtol(argv[4], NULL, 10)};
    zobo_client *zk = NULL;
    zobo_discovery *discovery = NULL;
    zobo_service_provider *others = NULL;
    zobo_problem why = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) == ZOBO_OK && zobo_start(zk, 5000, &why) == ZOBO_OK &&
        zobo_discovery_new(zk, argv[1], NULL, &discovery, &why) == ZOBO_OK &&
        zobo_service_provider_new(zk, argv[1], argv[2], NULL, &others, &why) == ZOBO_OK) {
        why.err = serve(discovery, others, &me);
    }
    if (why.err != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text[0] ? why.text : zobo_err_text(why.err));
    }
    zobo_service_provider_free(others);
    zobo_discovery_free(discovery); /* takes the registration back */
    zobo_close(zk);
    return why.err != ZOBO_OK;
}
