/* SPDX-License-Identifier: Apache-2.0 */
/* Follows a configuration node: prints it now and whenever it changes, across lost connections and sessions.
 *
 *     example-config_watch /path [changes]      hosts from ZOBO_HOSTS; ends after so many versions seen
 *
 * A persistent watcher stays set by itself. It also hears of each change of state (NONE): on CONNECTED the node is read
 * again, for nobody says what was missed meanwhile. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <zobo/zobo.h>

struct config {
    zobo_client *zk;
    const char *path;
    int64_t seen; /* mzxid of what was printed last; -1: nothing yet, 0: no node */
    int left;     /* changes to wait for; negative: for ever */
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

/* Runs on the callback thread, and once in main: blocking verbs are fine in both. */
static void
reload(struct config *c)
{
    zobo_reply *reply = NULL;
    pthread_mutex_lock(&c->lock);
    zobo_err err = zobo_get(c->zk, c->path, NULL, &reply);
    int64_t mzxid = err == ZOBO_OK ? reply->stat.mzxid : 0;
    if (err != ZOBO_OK && err != ZOBO_ENONODE) {
        printf("keeping what we have: %s\n", zobo_err_text(err)); /* the next CONNECTED brings us back here */
    } else if (mzxid != c->seen) {
        c->seen = mzxid;
        if (err == ZOBO_OK) {
            printf("version %d: %.*s\n", (int)reply->stat.version, (int)reply->data_len,
                   reply->data != NULL ? (const char *)reply->data : "");
        } else {
            printf("no configuration\n");
        }
        c->left -= c->left > 0;
        pthread_cond_signal(&c->changed);
    }
    pthread_mutex_unlock(&c->lock);
    zobo_reply_free(reply);
}

static void
on_event(void *arg, const zobo_event *event)
{
    struct config *c = arg;
    if (event->last) {
        return; /* removed, or the client is stopping */
    }
    if (event->type == ZOBO_EVENT_NONE && event->state != ZOBO_CONNECTED) {
        printf("%s: the configuration may be stale\n", zobo_state_name(event->state));
        return;
    }
    reload(c);
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s /path [changes]\n", argv[0]);
        return 2;
    }
    zobo_options options = {.size = sizeof(options), .hosts = getenv("ZOBO_HOSTS"), .log = zobo_log_stderr};
    options.log_level = ZOBO_LOG_WARN;
    struct config config = {.path = argv[1], .seen = -1, .left = argc > 2 ? atoi(argv[2]) : -1};
    zobo_watcher watcher = {.fn = on_event, .arg = &config};
    zobo_problem why;

    setvbuf(stdout, NULL, _IOLBF, 0);
    pthread_mutex_init(&config.lock, NULL);
    pthread_cond_init(&config.changed, NULL);
    fprintf(stderr, "connecting to %s\n", options.hosts ? options.hosts : "127.0.0.1:2181");
    if (zobo_new(&options, &config.zk, &why) != ZOBO_OK || zobo_start(config.zk, 5000, &why) != ZOBO_OK) {
        fprintf(stderr, "no ZooKeeper: %s\n", why.text);
        zobo_close(config.zk);
        return 1;
    }
    zobo_err err = zobo_add_watch(config.zk, config.path, ZOBO_PERSISTENT, &watcher);
    if (err != ZOBO_OK) {
        fprintf(stderr, "cannot watch %s: %s\n", config.path, zobo_err_text(err));
        zobo_close(config.zk);
        return 1;
    }
    reload(&config); /* after the watcher is set, so that no change falls between the two */

    pthread_mutex_lock(&config.lock);
    while (config.left != 0) {
        pthread_cond_wait(&config.changed, &config.lock);
    }
    pthread_mutex_unlock(&config.lock);
    zobo_close(config.zk);
    return 0;
}
