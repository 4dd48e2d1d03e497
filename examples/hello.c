/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <zobo/zobo.h>

static void
check(zobo_err err, const char *what)
{
    if (err == ZOBO_OK) {
        return;
    }
    fprintf(stderr, "%s\n", what[0] ? what : zobo_err_text(err));
    exit(1);
}

int
main(void)
{
    const char *hosts = getenv("ZOBO_HOSTS") ? getenv("ZOBO_HOSTS") : "127.0.0.1:2181";
    zobo_options options = {.hosts = hosts};
    zobo_create_options gone_with_me = {.ephemeral = true, .makepath = true};
    zobo_client *zk;
    zobo_problem why;
    zobo_reply *reply;
    fprintf(stderr, "connecting to %s\n", hosts);
    check(zobo_new(&options, &zk, &why), why.text);
    check(zobo_start(zk, 5000, &why), why.text); /* milliseconds */
    check(zobo_create(zk, "/hello/zobo", "world", 5, &gone_with_me, NULL), "");
    check(zobo_get(zk, "/hello/zobo", NULL, &reply), "");
    puts(reply->data);
    zobo_reply_free(reply);
    zobo_close(zk);
}
