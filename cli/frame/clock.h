/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks: one that only goes forward, and the one on the wall. */
#ifndef CLI_CLOCK_H
#define CLI_CLOCK_H

#include <stdint.h>
#include <time.h>

/* now_ns reads a clock that only goes forward. */
static inline uint64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static inline uint64_t
now_ms(void)
{
    return now_ns() / 1000000;
}

/* now_fine_ms is now_ns in milliseconds and their parts, for what is shown. */
static inline double
now_fine_ms(void)
{
    return (double)now_ns() / 1e6;
}

/* wall_ms returns the milliseconds since 1970. */
static inline int64_t
wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
