/* SPDX-License-Identifier: Apache-2.0 */
/* A game server's entry in a registry: an ephemeral node that is there while the server is.
 *
 *     example-registry NAME ADDRESS STATE_FILE      hosts from ZOBO_HOSTS
 *
 * SIGTERM is a restart: the session is left open, and the next run with the same STATE_FILE resumes it, so that players
 * never see the server gone. SIGINT is the end: the session is closed, the entry goes at once. A crash is noticed by
 * ZooKeeper when the session times out. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/zobo.h>

struct server {
    zobo_client *zk;
    const char *address;
    const char *state_file;
    char path[256];
};

static void
list_servers(zobo_client *zk)
{
    zobo_reply *names = NULL;
    if (zobo_get_children(zk, "/servers", NULL, &names) != ZOBO_OK) {
        return;
    }
    for (size_t i = 0; i < names->n_children; i++) {
        char path[300];
        zobo_reply *node = NULL;
        snprintf(path, sizeof(path), "/servers/%s", names->children[i]);
        if (zobo_get(zk, path, NULL, &node) == ZOBO_OK) { /* it may have gone meanwhile */
            printf("live: %s at %s\n", names->children[i], (const char *)node->data);
        }
        zobo_reply_free(node);
    }
    zobo_reply_free(names);
}

/* Told of each change of state, on the callback thread: at start, after a reconnect, and with a new session after the
 * old one was lost. Whatever happened, the entry is put right here. */
static void
on_state(void *arg, zobo_state state)
{
    struct server *s = arg;
    zobo_create_options ephemeral = {.ephemeral = true, .makepath = true};
    zobo_client_id id;
    zobo_stat stat;
    zobo_problem why;
    printf("%s\n", zobo_state_name(state));
    if (state != ZOBO_CONNECTED || zobo_get_client_id(s->zk, &id) != ZOBO_OK) {
        return;
    }
    zobo_err err = zobo_create(s->zk, s->path, s->address, strlen(s->address), &ephemeral, NULL);
    if (err == ZOBO_ENODEEXISTS && (err = zobo_exists(s->zk, s->path, NULL, &stat)) == ZOBO_OK) {
        printf("%s\n", stat.ephemeral_owner == id.session_id ? "still registered" : "the name is taken by another");
    } else {
        printf("%s\n", err == ZOBO_OK ? "registered" : zobo_err_text(err));
    }
    if (zobo_client_id_save(s->state_file, &id, &why) != ZOBO_OK) {
        printf("a restart will not resume: %s\n", why.text);
    }
    list_servers(s->zk);
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s NAME ADDRESS STATE_FILE\n", argv[0]);
        return 2;
    }
    struct server server = {.address = argv[2], .state_file = argv[3]};
    zobo_options options = {.size = sizeof(options), .hosts = getenv("ZOBO_HOSTS"), .timeout_ms = 10000};
    zobo_client_id id;
    zobo_problem why;
    sigset_t signals;
    int got;

    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(server.path, sizeof(server.path), "/servers/%s", argv[1]);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    if (zobo_client_id_load(server.state_file, &id, &why) == ZOBO_OK) {
        options.client_id = &id;
    }
    fprintf(stderr, "connecting to %s\n", options.hosts ? options.hosts : "127.0.0.1:2181");
    zobo_err err = zobo_new(&options, &server.zk, &why);
    if (err == ZOBO_OK && (err = zobo_add_listener(server.zk, on_state, &server)) == ZOBO_OK) {
        err = zobo_start(server.zk, 5000, &why);
        if (err == ZOBO_ESESSIONEXPIRED) {
            err = zobo_start(server.zk, 5000, &why); /* we were away for too long: a new session */
        }
    }
    if (err != ZOBO_OK) {
        fprintf(stderr, "no ZooKeeper: %s\n", why.text);
        zobo_close(server.zk);
        return 1;
    }

    sigwait(&signals, &got); /* here the server would serve */
    if (got == SIGTERM) {
        err = zobo_detach(server.zk);
    } else {
        err = zobo_stop(server.zk);
        remove(server.state_file);
    }
    zobo_close(server.zk);
    return err != ZOBO_OK;
}
