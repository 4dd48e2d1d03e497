/* SPDX-License-Identifier: Apache-2.0 */
#include "hist.h"

#include <string.h>

/* The bucket of a value: its highest bit, and the six bits after it. Small values have a bucket each. */
static size_t
bucket_of(uint64_t ns)
{
    if (ns < 1U << HIST_FINE_BITS)
        return (size_t)ns;
    unsigned high = 63;
    while ((ns >> high & 1) == 0)
        high--;
    unsigned shift = high - HIST_FINE_BITS;
    return ((size_t)(shift + 1) << HIST_FINE_BITS) + (size_t)(ns >> shift & ((1U << HIST_FINE_BITS) - 1));
}

/* The middle of a bucket. */
static double
value_of(size_t bucket)
{
    if (bucket < 1U << HIST_FINE_BITS)
        return (double)bucket;
    unsigned shift = (unsigned)(bucket >> HIST_FINE_BITS) - 1;
    uint64_t fine = (bucket & ((1U << HIST_FINE_BITS) - 1)) | 1U << HIST_FINE_BITS;
    return ((double)fine + 0.5) * (double)(UINT64_C(1) << shift);
}

void
hist_clear(struct hist *hist)
{
    memset(hist, 0, sizeof *hist);
}

void
hist_add(struct hist *hist, uint64_t ns)
{
    hist->counts[bucket_of(ns)]++;
    if (hist->n == 0 || ns < hist->min)
        hist->min = ns;
    if (ns > hist->max)
        hist->max = ns;
    hist->n++;
    hist->sum += (double)ns;
}

double
hist_at(const struct hist *hist, double percent)
{
    uint64_t rank = (uint64_t)((double)hist->n * percent / 100.0 + 0.5), seen = 0;
    if (hist->n == 0)
        return 0;
    if (rank == 0)
        return (double)hist->min / 1e6;
    if (rank >= hist->n)
        return (double)hist->max / 1e6;
    for (size_t b = 0; b < HIST_BUCKETS; b++) {
        seen += hist->counts[b];
        if (seen >= rank) {
            double value = value_of(b);
            value = value < (double)hist->min ? (double)hist->min : value;
            return (value > (double)hist->max ? (double)hist->max : value) / 1e6;
        }
    }
    return (double)hist->max / 1e6;
}

double
hist_mean(const struct hist *hist)
{
    return hist->n == 0 ? 0 : hist->sum / (double)hist->n / 1e6;
}
