/* SPDX-License-Identifier: Apache-2.0 */
/* The tour: what zobo does, shown on a server. `make demo` runs it.
 *
 *     example-tour [HOSTS]      or hosts from ZOBO_HOSTS, or 127.0.0.1:2181
 *
 * Everything it creates lies below one node of its own, which is removed at the end, also when something goes wrong.
 * Exit code 0 when every step did what it should. ZOBO_DEMO_BREAK, if set, is a program that, run
 * with "--break" and a "host:port", stops that server; then the tour also shows how a client moves on to the next
 * server, or, with ZOBO_DEMO_ALONE, waits for its return. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tour.h"

zobo_client *
client_open(const zobo_options *options, struct seen *seen)
{
    zobo_client *zk = NULL;
    zobo_problem why = {.text = ""};
    zobo_err err = zobo_new(options, &zk, &why);
    expect(err == ZOBO_OK, "zobo_new: %s", why.text);
    if (seen != NULL) {
        expect_ok(zobo_add_listener(zk, seen_state, seen), "zobo_add_listener");
    }
    err = zobo_start(zk, 0, &why);
    expect(err == ZOBO_OK, "zobo_start: %s", why.text);
    if (seen != NULL) {
        seen_want_state(seen, ZOBO_CONNECTED);
    }
    return zk;
}

void
catch_up(const struct tour *t, zobo_client *zk)
{
    expect_ok(zobo_sync(zk, t->root), "zobo_sync");
}

const char *
below(const struct tour *t, struct path *path, const char *name)
{
    snprintf(path->text, sizeof(path->text), "%s/%s", t->root, name);
    return path->text;
}

/* Also when a step has failed. */
static void
clean_up(void *arg)
{
    struct tour *t = arg;
    if (t->root[0] == '\0') {
        return;
    }
    zobo_problem why;
    zobo_err err = zobo_delete_recursive(t->zk, t->root, &why);
    if (err == ZOBO_OK || err == ZOBO_ENONODE) {
        show_got("%s and all below it is removed", t->root);
    } else {
        fprintf(stderr, "tour: %s could not be removed: %s\n", t->root, why.text);
    }
    t->root[0] = '\0';
}

int
main(int argc, char **argv)
{
    struct tour tour = {.hosts = argc > 1 ? argv[1] : getenv("ZOBO_HOSTS")};
    struct sigaction interrupt = {.sa_handler = show_interrupted};

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 5 && strcmp(argv[1], "--resume") == 0) {
        return resumed_process(argv[2], argv[3], argv[4]);
    }
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: %s [HOSTS]\n", argv[0]);
        return 2;
    }
    if (tour.hosts == NULL) {
        tour.hosts = "127.0.0.1:2181";
    }
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &interrupt, NULL);

    printf("A tour of zobo %s\n", zobo_version());
    show_on_failure(clean_up, &tour);
    step_connect(&tour);
    step_identity(&tour);
    step_create(&tour);
    step_read_write(&tour);
    step_paths(&tour);
    step_acl(&tour);
    step_transactions(&tour);
    step_pipeline(&tour);
    step_commands(&tour);
    step_chroot(&tour);
    step_watch_once(&tour);
    step_watch_persistent(&tour);
    step_resume(&tour);
    step_reconnect(&tour);
    step_failover(&tour);

    show_step("Leave nothing behind");
    char root[sizeof(tour.root)];
    memcpy(root, tour.root, sizeof(root));
    show_did("zobo_delete_recursive %s", root);
    clean_up(&tour);
    show_did("zobo_exists %s", root);
    expect_err(zobo_exists(tour.zk, root, NULL, NULL), ZOBO_ENONODE, "zobo_exists");
    show_did("zobo_stop, zobo_close");
    expect_ok(zobo_stop(tour.zk), "zobo_stop");
    show_got("state %s", zobo_state_name(zobo_get_state(tour.zk)));
    expect(zobo_get_state(tour.zk) == ZOBO_LOST, "a stopped client should be LOST");
    zobo_close(tour.zk);
    show_end();
    return 0;
}
