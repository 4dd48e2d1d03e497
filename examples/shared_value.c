/* SPDX-License-Identifier: Apache-2.0 */
/* A value that all share: shows each change; what is typed is set, unless another was first.
 *
 *     example-shared_value PATH      hosts from ZOBO_HOSTS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/counter.h>
#include <zobo/zobo.h>

static void
changed(void *arg, zobo_shared_value *shared, const zobo_reply *value)
{
    (void)arg, (void)shared;
    if (value == NULL) {
        printf("deleted\n");
    } else {
        printf("%.*s (version %d)\n", (int)value->data_len, (const char *)value->data, value->stat.version);
    }
}

int
main(int argc, char **argv)
{
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_shared_value_options how = {.seed = "nothing yet", .seed_len = 11, .changed = changed};
    zobo_client *zk = NULL;
    zobo_shared_value *shared = NULL;
    zobo_problem why = {.text = ""};
    char line[256];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 2) {
        fprintf(stderr, "usage: %s PATH\n", argv[0]);
        return 2;
    }
    zobo_err err = zobo_new(&options, &zk, &why);
    if (err == ZOBO_OK && (err = zobo_start(zk, 5000, &why)) == ZOBO_OK &&
        (err = zobo_shared_value_new(zk, argv[1], &how, &shared, &why)) == ZOBO_OK) {
        err = zobo_shared_value_start(shared);
    }
    if (err == ZOBO_OK) {
        err = zobo_shared_value_wait(shared, 10000);
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text[0] ? why.text : zobo_err_text(err));
    }
    while (err == ZOBO_OK && fgets(line, sizeof(line), stdin) != NULL) {
        zobo_reply *now = NULL;
        line[strcspn(line, "\n")] = 0;
        if (zobo_shared_value_get(shared, &now) == ZOBO_OK) {
            zobo_err set = zobo_shared_value_try_set(shared, line, strlen(line), now->stat.version, 0, NULL);
            printf("%s\n", set == ZOBO_EBADVERSION ? "another was first" : zobo_err_text(set));
        }
        zobo_reply_free(now);
    }
    zobo_shared_value_free(shared);
    zobo_close(zk);
    return err != ZOBO_OK;
}
