/* SPDX-License-Identifier: Apache-2.0 */
/* A small generator for jitter and shuffling (splitmix64). The seed comes from outside; not for secrets. */
#ifndef ZB_RNG_H
#define ZB_RNG_H

#include <stdint.h>

typedef struct zb_rng {
    uint64_t s;
} zb_rng;

static inline uint64_t
zb_rng_next(zb_rng *r)
{
    uint64_t z = (r->s += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* 0 to n - 1; 0 for n 0. */
static inline uint64_t
zb_rng_below(zb_rng *r, uint64_t n)
{
    return n ? zb_rng_next(r) % n : 0;
}

#endif
