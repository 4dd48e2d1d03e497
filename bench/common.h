/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmark programs share: their arguments, clocks, and the one line that each of them prints. */
#ifndef ZOBO_BENCH_COMMON_H
#define ZOBO_BENCH_COMMON_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum { MAX_DATA_BYTES = 1000000, DEFAULT_DATA_BYTES = 100 };

/* What is to be done: PATH get|set sync|async N WINDOW [SIZE] [THREADS]. */
struct work {
    const char *path;
    bool set;       /* set instead of get */
    bool sync;      /* one at a time instead of `window` in flight */
    long n;         /* operations in all */
    long window;    /* async: operations in flight */
    long data_size; /* bytes that a set writes */
    long n_threads; /* sync: callers of one client */
};

/* One measurement: taken between bench_begin and bench_end. */
struct bench {
    long n;
    uint32_t *latencies_ns; /* one per operation, written by whoever did it; NULL if they are not timed one by one */
    struct rusage usage;    /* at the beginning */
    uint64_t begin_ns;
};

/* parse_count reads a whole number of [low, high]; a complaint on stderr and false if it is none. */
static inline bool
parse_count(const char *what, const char *text, long low, long high, long *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < low || value > high) {
        fprintf(stderr, "%s: expected a number from %ld to %ld, not \"%s\"\n", what, low, high, text);
        return false;
    }
    *out = value;
    return true;
}

/* parse_word tells whether `text` is `yes` or `no`; a complaint and false if it is neither. */
static inline bool
parse_word(const char *text, const char *yes, const char *no, bool *out)
{
    *out = strcmp(text, yes) == 0;
    if (*out || strcmp(text, no) == 0)
        return true;
    fprintf(stderr, "expected %s or %s, not \"%s\"\n", yes, no, text);
    return false;
}

/* parse_work reads the arguments from PATH on; threads are refused unless `max_threads` is more than 1. */
static inline bool
parse_work(int argc, char **argv, long max_threads, struct work *out)
{
    int max_args = max_threads > 1 ? 7 : 6;
    if (argc < 5 || argc > max_args)
        return false;
    struct work work = {.path = argv[0], .data_size = DEFAULT_DATA_BYTES, .n_threads = 1};
    if (!parse_word(argv[1], "set", "get", &work.set) || !parse_word(argv[2], "sync", "async", &work.sync) ||
        !parse_count("N", argv[3], 1, 1000000000, &work.n) ||
        !parse_count("WINDOW", argv[4], 1, 1000000, &work.window) ||
        (argc > 5 && !parse_count("SIZE", argv[5], 0, MAX_DATA_BYTES, &work.data_size)) ||
        (argc > 6 && !parse_count("THREADS", argv[6], 1, max_threads, &work.n_threads)))
        return false;
    if (work.path[0] != '/') {
        fprintf(stderr, "PATH: expected it to begin with '/', not \"%s\"\n", work.path);
        return false;
    }
    if (!work.sync && work.n_threads > 1) {
        fprintf(stderr, "THREADS: only for sync\n");
        return false;
    }
    *out = work;
    return true;
}

static inline uint64_t
now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static inline void
bench_latency(struct bench *bench, long i, uint64_t begin_ns)
{
    uint64_t took_ns = now_ns() - begin_ns;
    bench->latencies_ns[i] = took_ns < UINT32_MAX ? (uint32_t)took_ns : UINT32_MAX;
}

static inline bool
bench_begin(struct bench *bench, const struct work *work)
{
    *bench = (struct bench){.n = work->n};
    if (work->sync) {
        size_t size = sizeof *bench->latencies_ns * (size_t)work->n;
        bench->latencies_ns = malloc(size);
        if (!bench->latencies_ns) {
            fprintf(stderr, "out of memory\n");
            return false;
        }
        memset(bench->latencies_ns, 1, size); /* so that no page is touched for the first time while measuring */
    }
    (void)getrusage(RUSAGE_SELF, &bench->usage);
    bench->begin_ns = now_ns();
    return true;
}

static inline int
compare_latencies(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static inline double
elapsed_us(const struct timeval *from, const struct timeval *to)
{
    return (double)(to->tv_sec - from->tv_sec) * 1e6 + (double)(to->tv_usec - from->tv_usec);
}

/* bench_end prints the line, but for its end: the caller may add to it. */
static inline void
bench_end(struct bench *bench, const char *name)
{
    double took_s = (double)(now_ns() - bench->begin_ns) / 1e9, n = (double)bench->n;
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("%-8s %9.0f op/s  user %.2f us/op  sys %.2f us/op  rss %ld KiB", name, n / took_s,
           elapsed_us(&bench->usage.ru_utime, &usage.ru_utime) / n,
           elapsed_us(&bench->usage.ru_stime, &usage.ru_stime) / n, usage.ru_maxrss);
    uint32_t *ns = bench->latencies_ns;
    if (!ns)
        return;
    qsort(ns, (size_t)bench->n, sizeof *ns, compare_latencies);
    printf("  p50 %.1f us p99 %.1f us p99.9 %.1f us", (double)ns[bench->n / 2] / 1e3,
           (double)ns[bench->n * 99 / 100] / 1e3, (double)ns[bench->n * 999 / 1000] / 1e3);
    free(ns);
    bench->latencies_ns = NULL;
}

/* finish ends the line and the program: EXIT_FAILED if it could not be written. */
static inline int
finish(void)
{
    return printf("\n") < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_SUCCESS;
}

#endif
