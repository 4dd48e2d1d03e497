/* SPDX-License-Identifier: Apache-2.0 */
/* Latencies, counted in buckets that are two hundredths wide: percentiles of any number of samples in flat memory. */
#ifndef CLI_HIST_H
#define CLI_HIST_H

#include <stddef.h>
#include <stdint.h>

enum { HIST_FINE_BITS = 6, HIST_BUCKETS = (64 - HIST_FINE_BITS + 1) << HIST_FINE_BITS };

struct hist {
    uint64_t counts[HIST_BUCKETS];
    uint64_t n;
    uint64_t min, max; /* nanoseconds */
    double sum;
};

void hist_clear(struct hist *hist);
void hist_add(struct hist *hist, uint64_t ns);

/* hist_at returns the value (in ms) that `percent` of the samples do not exceed; 0 when there are none. */
double hist_at(const struct hist *hist, double percent);

/* hist_mean returns the mean in ms. */
double hist_mean(const struct hist *hist);

#endif
