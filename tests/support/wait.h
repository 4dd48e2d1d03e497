/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for something to be so, never for time to pass: every wait has a condition and a deadline. */
#ifndef ZT_WAIT_H
#define ZT_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* How long something that should happen at once may take on a busy machine under a sanitizer. */
#define ZT_SOON_MS 20000U

uint64_t zt_now_ms(void);
void zt_nap(void); /* a millisecond, between two looks at a condition */

/* ZT_WAIT looks at `cond` until it holds; the test fails after ZT_SOON_MS. For the test's own thread only. */
#define ZT_WAIT(cond) ZT_WAIT_MS(cond, ZT_SOON_MS)
#define ZT_WAIT_MS(cond, ms)                                                                                           \
    do {                                                                                                               \
        uint64_t zt_end_ = zt_now_ms() + (ms);                                                                         \
        while (!(cond)) {                                                                                              \
            if (zt_now_ms() > zt_end_)                                                                                 \
                fail_msg("%s:%d: not within %u ms: %s", __FILE__, __LINE__, (unsigned)(ms), #cond);                    \
            zt_nap();                                                                                                  \
        }                                                                                                              \
    } while (0)

/* A latch counts hits; waiters wait until there have been enough. */
typedef struct zt_latch {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    long hits;
} zt_latch;

void zt_cond_init(pthread_cond_t *cond);                                               /* on the monotonic clock */
bool zt_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t end_ms); /* false: the time is over */

void zt_latch_init(zt_latch *l);
void zt_latch_destroy(zt_latch *l);
void zt_latch_hit(zt_latch *l);
long zt_latch_hits(zt_latch *l);
bool zt_latch_wait(zt_latch *l, long hits, uint32_t ms); /* false: not that many within ms */

#endif
