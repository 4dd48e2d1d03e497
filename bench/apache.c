/* SPDX-License-Identifier: Apache-2.0 */
/* apache: the same work through Apache's C client, libzookeeper_mt.
 *
 * Environment: NODNS=1 gives the client its fastest setting: without it, it looks its servers' names up again on each
 * turn of its loop. */
#ifndef THREADED
#define THREADED
#endif
#include "common.h"

#include <pthread.h>
#include <semaphore.h>
#include <zookeeper/zookeeper.h>

enum { SESSION_TIMEOUT_MS = 30000 };

struct run {
    sem_t connected;
    sem_t room;     /* async: how many requests may be sent yet */
    sem_t all_done; /* async */
    long n_left;    /* async: replies to come; only the completion thread counts */
    int error;      /* the first one */
    char *data;     /* what is written, and where what is read goes */
};

static void
on_event(zhandle_t *zh, int type, int state, const char *path, void *context)
{
    (void)zh;
    (void)path;
    struct run *run = context;
    if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE)
        (void)sem_post(&run->connected);
}

static void
on_reply(int rc, struct run *run)
{
    if (rc != ZOK && run->error == ZOK)
        run->error = rc;
    (void)sem_post(&run->room);
    if (--run->n_left == 0)
        (void)sem_post(&run->all_done);
}

static void
on_data(int rc, const char *value, int len, const struct Stat *stat, const void *context)
{
    (void)value;
    (void)len;
    (void)stat;
    on_reply(rc, (struct run *)(uintptr_t)context);
}

static void
on_stat(int rc, const struct Stat *stat, const void *context)
{
    (void)stat;
    on_reply(rc, (struct run *)(uintptr_t)context);
}

static int
run_sync(zhandle_t *zh, const struct work *work, struct run *run, struct bench *bench)
{
    for (long i = 0; i < work->n; i++) {
        uint64_t begin_ns = now_ns();
        struct Stat stat;
        int len = MAX_DATA_BYTES;
        int rc = work->set ? zoo_set2(zh, work->path, run->data, (int)work->data_size, -1, &stat)
                           : zoo_get(zh, work->path, 0, run->data, &len, &stat);
        if (rc != ZOK)
            return rc;
        bench_latency(bench, i, begin_ns);
    }
    return ZOK;
}

static int
run_async(zhandle_t *zh, const struct work *work, struct run *run)
{
    run->n_left = work->n;
    for (long i = 0; i < work->n; i++) {
        (void)sem_wait(&run->room);
        int rc = work->set ? zoo_aset(zh, work->path, run->data, (int)work->data_size, -1, on_stat, run)
                           : zoo_aget(zh, work->path, 0, on_data, run);
        if (rc != ZOK)
            return rc;
    }
    (void)sem_wait(&run->all_done);
    return run->error;
}

static int
measure(zhandle_t *zh, const struct work *work, struct run *run)
{
    (void)sem_wait(&run->connected);
    if (getenv("NODNS"))
        (void)zoo_set_servers_resolution_delay(zh, -1);
    struct bench bench;
    if (!bench_begin(&bench, work))
        return EXIT_FAILED;
    int rc = work->sync ? run_sync(zh, work, run, &bench) : run_async(zh, work, run);
    if (rc != ZOK) {
        fprintf(stderr, "apache: %s\n", zerror(rc));
        return EXIT_FAILED;
    }
    bench_end(&bench, "apache");
    return finish();
}

int
main(int argc, char **argv)
{
    struct work work;
    if (argc < 2 || !parse_work(argc - 2, argv + 2, 1, &work)) {
        fprintf(stderr, "usage: apache HOST:PORT PATH get|set sync|async N WINDOW [SIZE]\n");
        return EXIT_USAGE;
    }
    struct run run = {.error = ZOK, .data = malloc(MAX_DATA_BYTES)};
    if (!run.data || sem_init(&run.connected, 0, 0) != 0 || sem_init(&run.room, 0, (unsigned)work.window) != 0 ||
        sem_init(&run.all_done, 0, 0) != 0) {
        fprintf(stderr, "apache: out of memory\n");
        return EXIT_FAILED;
    }
    memset(run.data, 'x', MAX_DATA_BYTES);
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    zhandle_t *zh = zookeeper_init(argv[1], on_event, SESSION_TIMEOUT_MS, NULL, &run, 0);
    if (!zh) {
        perror("apache: zookeeper_init");
        return EXIT_FAILED;
    }
    int status = measure(zh, &work, &run);
    (void)zookeeper_close(zh);
    free(run.data);
    return status;
}
