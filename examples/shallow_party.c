/* SPDX-License-Identifier: Apache-2.0 */
/* A member of a shallow party: says who is there, each time a line comes in, and leaves at the end of the input.
 *
 *     example-shallow_party PATH NAME      hosts from ZOBO_HOSTS
 *
 * The names are in those of the nodes: however many there are, one request reads them all. It is made like a party,
 * and used by the same functions. */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/party.h>
#include <zobo/zobo.h>

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PATH NAME\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_party_options party_options = {.identifier = argv[2]};
    zobo_client *zk = NULL;
    zobo_party *party = NULL;
    zobo_problem why = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_shallow_party_new(zk, argv[1], &party_options, &party, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_party_join(party, 10000); /* milliseconds */
    if (err == ZOBO_OK) {
        printf("joined\n");
    }
    while (err == ZOBO_OK && getchar() != EOF) {
        zobo_reply *who = NULL;
        err = zobo_party_members(party, 10000, &who);
        for (size_t i = 0; err == ZOBO_OK && i < who->n_children; i++) {
            printf("%s is here\n", who->children[i]);
        }
        zobo_reply_free(who);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", zobo_err_text(err));
    }
    zobo_party_free(party); /* leaves */
    zobo_close(zk);
    return err != ZOBO_OK;
}
