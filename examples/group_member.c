/* SPDX-License-Identifier: Apache-2.0 */
/* A member of a group, which tells of each change of the group until its input ends; a line of input becomes its data.
 *
 *     example-group_member PATH ID      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/party.h>
#include <zobo/zobo.h>

static void
on_change(void *arg, zobo_group_member *member, const zobo_members *members)
{
    (void)arg, (void)member;
    printf("%zu:", members->n);
    for (size_t i = 0; i < members->n; i++) {
        printf(" %s=%s", members->items[i].id, (const char *)members->items[i].data);
    }
    printf("\n");
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PATH ID\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_group_member_options member_options = {.changed = on_change};
    zobo_client *zk = NULL;
    zobo_group_member *member = NULL;
    zobo_problem why = {0};
    char line[200];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_group_member_new(zk, argv[1], argv[2], &member_options, &member, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_group_member_start(member);
    while (err == ZOBO_OK && fgets(line, sizeof(line), stdin)) {
        err = zobo_group_member_set(member, line, strcspn(line, "\n"), 10000);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", zobo_err_text(err));
    }
    zobo_group_member_free(member);
    zobo_close(zk);
    return err != ZOBO_OK;
}
