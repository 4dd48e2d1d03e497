/* SPDX-License-Identifier: Apache-2.0 */
/* A program of somebody else's that holds a server and its client: valid C99 and C++. */
#include <stdio.h>
#include <string.h>

#include <zobo/server.h>
#include <zobo/zobo.h>

int
main(void)
{
    zobo_server_options server_options;
    zobo_options options;
    zobo_server *server;
    zobo_client *client;
    zobo_err err;
    memset(&server_options, 0, sizeof server_options);
    server_options.size = sizeof server_options;
    if (zobo_server_start(&server, &server_options, NULL) != ZOBO_OK)
        return 1;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.hosts = zobo_server_hosts(server);
    if (zobo_new(&options, &client, NULL) != ZOBO_OK)
        return 2;
    err = zobo_start(client, 10000, NULL);
    if (err == ZOBO_OK)
        err = zobo_create(client, "/a", "x", 1, NULL, NULL);
    zobo_close(client);
    zobo_server_close(server);
    printf("%s\n", err == ZOBO_OK ? zobo_version() : zobo_err_text(err));
    return err != ZOBO_OK;
}
