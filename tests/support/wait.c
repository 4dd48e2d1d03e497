/* SPDX-License-Identifier: Apache-2.0 */
#include "support/wait.h"

#include <errno.h>
#include <time.h>

uint64_t
zt_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U;
}

void
zt_nap(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

void
zt_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

bool
zt_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t end_ms)
{
    struct timespec t = {(time_t)(end_ms / 1000U), (long)(end_ms % 1000U) * 1000000L};
    return pthread_cond_timedwait(cond, lock, &t) != ETIMEDOUT;
}

void
zt_latch_init(zt_latch *l)
{
    pthread_mutex_init(&l->lock, NULL);
    zt_cond_init(&l->changed);
    l->hits = 0;
}

void
zt_latch_destroy(zt_latch *l)
{
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
}

void
zt_latch_hit(zt_latch *l)
{
    pthread_mutex_lock(&l->lock);
    l->hits++;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

long
zt_latch_hits(zt_latch *l)
{
    pthread_mutex_lock(&l->lock);
    long hits = l->hits;
    pthread_mutex_unlock(&l->lock);
    return hits;
}

bool
zt_latch_wait(zt_latch *l, long hits, uint32_t ms)
{
    uint64_t end = zt_now_ms() + ms;
    pthread_mutex_lock(&l->lock);
    while (l->hits < hits && zt_cond_wait_until(&l->changed, &l->lock, end))
        ;
    bool ok = l->hits >= hits;
    pthread_mutex_unlock(&l->lock);
    return ok;
}
