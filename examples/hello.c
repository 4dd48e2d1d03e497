/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <zobo/zobo.h>

int
main(void)
{
    zobo_options options = {.size = sizeof(options), .hosts = getenv("ZOBO_HOSTS")}; /* unset: 127.0.0.1:2181 */
    zobo_create_options gone_with_me = {.ephemeral = true, .makepath = true};
    zobo_client *zk;
    zobo_problem why;
    zobo_reply *reply = NULL;
    if (zobo_new(&options, &zk, &why) || zobo_start(zk, 0, &why)) {
        fprintf(stderr, "no ZooKeeper: %s\n", why.text);
        return 1;
    }
    zobo_err err = zobo_create(zk, "/hello/zobo", "world", 5, &gone_with_me, NULL);
    if (err == ZOBO_OK) {
        err = zobo_get(zk, "/hello/zobo", NULL, &reply);
    }
    printf("%s\n", err == ZOBO_OK ? (const char *)reply->data : zobo_err_text(err));
    zobo_reply_free(reply);
    zobo_close(zk);
    return err != ZOBO_OK;
}
