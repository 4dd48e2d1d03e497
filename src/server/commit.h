/* SPDX-License-Identifier: Apache-2.0 */
/* The commit thread: batches go in at one end and come out committed at the other, in order. */
#ifndef ZS_COMMIT_H
#define ZS_COMMIT_H

#include <pthread.h>

#include "engine/engine.h"

/* One batch is committed at a time, and none waits behind it: what comes meanwhile gathers in the engine and goes as
 * one, for each batch costs a sync. Those that are committed may wait to be published. */
enum { ZS_COMMIT_RING = 8 };

typedef void zs_commit_done(void *arg);

typedef struct zs_committer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    zs_batch *ring[ZS_COMMIT_RING];
    unsigned taken, committed, fetched; /* counts: fetched <= committed <= taken */
    bool stop;
    zs_commit_done *done; /* called on the commit thread after each batch */
    void *arg;
} zs_committer;

zobo_err zs_committer_start(zs_committer *c, zs_commit_done *done, void *arg, zobo_problem *why);
void zs_committer_stop(zs_committer *c); /* what was put in is committed first; fetch it afterwards */
void zs_committer_free(zs_committer *c);

bool zs_committer_has_room(zs_committer *c);
void zs_committer_put(zs_committer *c, zs_batch *batch); /* there must be room */
zs_batch *zs_committer_fetch(zs_committer *c);           /* the next that is committed; NULL: none */

#endif
