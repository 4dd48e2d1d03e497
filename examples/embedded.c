/* SPDX-License-Identifier: Apache-2.0 */
/* A test that brings its server along, in memory, and ends the session under its client. Needs libzobo-server. */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include <zobo/server.h>
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

static void
on_state(void *connected, zobo_state state)
{
    puts(zobo_state_name(state));
    if (state == ZOBO_CONNECTED) {
        sem_post(connected);
    }
}

int
main(void)
{
    zobo_server_options in_memory = {.size = sizeof in_memory}; /* on a free port */
    zobo_options options = {.size = sizeof options};
    zobo_create_options gone_with_me = {.ephemeral = true};
    zobo_server *server;
    zobo_client *zk;
    zobo_problem why;
    zobo_client_id id;
    sem_t connected;
    sem_init(&connected, 0, 0);
    check(zobo_server_start(&server, &in_memory, &why), why.text);
    options.hosts = zobo_server_hosts(server);
    check(zobo_new(&options, &zk, &why), why.text);
    check(zobo_add_listener(zk, on_state, &connected), "");
    check(zobo_start(zk, 5000, &why), why.text);
    sem_wait(&connected);
    check(zobo_create(zk, "/worker", "here", 4, &gone_with_me, NULL), "");

    check(zobo_get_client_id(zk, &id), "");
    check(zobo_server_expire(server, id.session_id), "");
    sem_wait(&connected); /* with a new session */
    check(zobo_exists(zk, "/worker", NULL, NULL) == ZOBO_ENONODE ? ZOBO_OK : ZOBO_EINVAL, "/worker is still there");
    puts("/worker is gone");

    zobo_close(zk);
    zobo_server_close(server);
    sem_destroy(&connected);
    return 0;
}
