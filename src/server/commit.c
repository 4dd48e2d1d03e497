/* SPDX-License-Identifier: Apache-2.0 */
#include "server/commit.h"

#include <string.h>

#include "server/thread.h"

static void *
commit_thread(void *arg)
{
    zs_committer *c = arg;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        while (c->committed == c->taken && !c->stop)
            pthread_cond_wait(&c->work, &c->lock);
        if (c->committed == c->taken)
            break;
        zs_batch *batch = c->ring[c->committed % ZS_COMMIT_RING];
        pthread_mutex_unlock(&c->lock);
        zs_batch_commit(batch);
        pthread_mutex_lock(&c->lock);
        c->committed++;
        c->done(c->arg);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

zobo_err
zs_committer_start(zs_committer *c, zs_commit_done *done, void *arg, zobo_problem *why)
{
    memset(c, 0, sizeof *c);
    c->done = done;
    c->arg = arg;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    zobo_err err = zs_thread_start(&c->thread, "zobo-commit", commit_thread, c, why);
    if (err)
        zs_committer_free(c);
    return err;
}

void
zs_committer_stop(zs_committer *c)
{
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
}

void
zs_committer_free(zs_committer *c)
{
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
}

bool
zs_committer_has_room(zs_committer *c)
{
    pthread_mutex_lock(&c->lock);
    bool room = c->taken == c->committed && c->taken - c->fetched < ZS_COMMIT_RING;
    pthread_mutex_unlock(&c->lock);
    return room;
}

void
zs_committer_put(zs_committer *c, zs_batch *batch)
{
    pthread_mutex_lock(&c->lock);
    c->ring[c->taken++ % ZS_COMMIT_RING] = batch;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
}

zs_batch *
zs_committer_fetch(zs_committer *c)
{
    zs_batch *batch = NULL;
    pthread_mutex_lock(&c->lock);
    if (c->fetched != c->committed)
        batch = c->ring[c->fetched++ % ZS_COMMIT_RING];
    pthread_mutex_unlock(&c->lock);
    return batch;
}
