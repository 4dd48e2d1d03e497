/* SPDX-License-Identifier: Apache-2.0 */
/* A worker in a libuv loop: takes jobs from a queue of sequential nodes, one after another, in a single thread.
 *
 *     example-uv_worker /jobs                    hosts from ZOBO_HOSTS; ends on SIGINT
 *     zobo create -s "/jobs/paint the fence-"    in another terminal: a job is its node's name
 *
 * Whoever deletes a node owns its job, so many workers may serve one queue; one that dies right after that takes the
 * job with it. Nothing here blocks: each step submits the next, and callbacks run in the loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include <zobo/adapters/zobo_libuv.h>
#include <zobo/zobo.h>

struct worker {
    zobo_client *zk;
    const char *queue;
    bool busy; /* from look() to the end of the job it found, or to "there is none" */
    char job[512];
};

static void look(struct worker *w);

static void
on_deleted(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct worker *w = arg;
    (void)reply;
    w->busy = false;
    if (err == ZOBO_OK) {
        printf("doing: %s\n", strrchr(w->job, '/') + 1);
    }
    if (err == ZOBO_OK || err == ZOBO_ENONODE) { /* done, or another worker was faster */
        look(w);
    } else {
        printf("delete: %s\n", zobo_err_text(err)); /* when the connection is back, on_state looks again */
    }
}

static void
on_jobs(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct worker *w = arg;
    const char *first = NULL;
    for (size_t i = 0; err == ZOBO_OK && i < reply->n_children; i++) {
        if (first == NULL || strcmp(reply->children[i], first) < 0) {
            first = reply->children[i];
        }
    }
    if (first != NULL) {
        zobo_how how = {.done = on_deleted, .arg = w};
        snprintf(w->job, sizeof(w->job), "%s/%s", w->queue, first);
        err = zobo_delete_async(w->zk, w->job, -1, &how, NULL);
    }
    if (err != ZOBO_OK) {
        printf("looking for jobs: %s\n", zobo_err_text(err));
    }
    w->busy = first != NULL && err == ZOBO_OK;
}

static void
on_queue(void *arg, const zobo_event *event)
{
    if (event->type == ZOBO_EVENT_CHILD) {
        look(arg);
    }
}

static void
look(struct worker *w)
{
    zobo_watcher watcher = {.fn = on_queue, .arg = w};
    zobo_how how = {.done = on_jobs, .arg = w};
    if (!w->busy) {
        w->busy = zobo_get_children_async(w->zk, w->queue, &watcher, &how, NULL) == ZOBO_OK;
    }
}

static void
on_state(void *arg, zobo_state state)
{
    printf("%s\n", zobo_state_name(state));
    if (state == ZOBO_CONNECTED) {
        look(arg);
    }
}

static void
on_interrupt(uv_signal_t *interrupt, int number)
{
    (void)number;
    uv_stop(interrupt->loop);
}

int
main(int argc, char **argv)
{
    zobo_options options = {.size = sizeof(options), .hosts = getenv("ZOBO_HOSTS"), .event_loop = true};
    struct worker worker = {.queue = argc == 2 ? argv[1] : "/jobs"};
    zobo_problem why;
    zobo_uv *link;
    uv_signal_t interrupt;

    setvbuf(stdout, NULL, _IOLBF, 0);
    uv_signal_init(uv_default_loop(), &interrupt);
    uv_signal_start(&interrupt, on_interrupt, SIGINT);
    fprintf(stderr, "connecting to %s\n", options.hosts ? options.hosts : "127.0.0.1:2181");
    if (zobo_new(&options, &worker.zk, &why) || zobo_start(worker.zk, 5000, &why)) {
        fprintf(stderr, "no ZooKeeper: %s\n", why.text);
        zobo_close(worker.zk);
        return 1;
    }
    if (zobo_ensure_path(worker.zk, worker.queue, NULL) || zobo_add_listener(worker.zk, on_state, &worker) ||
        zobo_uv_attach(uv_default_loop(), worker.zk, NULL, NULL, &link)) {
        fprintf(stderr, "cannot set up\n");
        zobo_close(worker.zk);
        return 1;
    }
    on_state(&worker, zobo_get_state(worker.zk));
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    zobo_uv_detach(link);
    zobo_close(worker.zk);
    uv_run(uv_default_loop(), UV_RUN_NOWAIT); /* lets the detached handle go */
    return 0;
}
