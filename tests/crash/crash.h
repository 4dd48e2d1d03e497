/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that write all the time and remember what they were told, and the server they write to. */
#ifndef CRASH_H
#define CRASH_H

#include <sys/types.h>

#include "support/test.h"

/* The server: `zobo serve` as a process of its own. */
typedef struct server {
    pid_t pid;
    char dir[64];
    char hosts[64];
    const char *config; /* a zoo.cfg, or NULL */
} server;

void server_start(server *s); /* waits until it says that it serves; the first start chooses the port */
void server_kill(server *s);  /* SIGKILL, and its end */
void server_remove(server *s);

enum { N_WORKERS = 6, N_CREATED = 100000 };

/* What a worker has asked for and what it was told. After an error nobody knows: asked > told. */
typedef struct worker {
    int number;
    const char *hosts;
    pthread_t thread;
    zobo_client *client;
    zobo_client_id id;
    long set_asked, set_told;     /* /w/N holds the last number that was set */
    long flood_asked;             /* /f/N the same, many at a time: */
    _Atomic long flood_told;      /* the highest number that was acknowledged */
    long multi_asked, multi_told; /* /m/N-a and /m/N-b hold the same number */
    long created;                 /* /c/N-1 ... were asked for, of which */
    uint8_t told[N_CREATED];      /* these are known to be there: 1, or known to be gone: 2 */
    int ephemeral;                /* /e/N is there: 1, is not: 0, not known: -1 */
    bool paused;
} worker;

/* All workers, and the gate that stops them between two requests. */
typedef struct workers {
    worker all[N_WORKERS];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool pause, end;
    int n_paused;
} workers;

void workers_start(workers *w, const char *hosts);
void workers_pause(workers *w); /* returns when none has a request under way */
void workers_go_on(workers *w);
void workers_end(workers *w);

/* workers_check holds the tree against what the workers were told; the test fails where it does not fit. */
void workers_check(workers *w, zobo_client *reader);

#endif
