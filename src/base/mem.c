/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#ifdef ZB_TESTING

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

/* The hook's state is three numbers, each atomic for itself: tests arm it while nothing else allocates. */
static atomic_long allocations; /* since the last zb_mem_fail_after */
static atomic_long fail_from = LONG_MAX;
static atomic_int fail_every;
static atomic_long live;

long
zb_mem_fail_after(long n, int every)
{
    atomic_store(&fail_from, LONG_MAX);
    long made = atomic_exchange(&allocations, 0);
    atomic_store(&fail_every, every);
    if (n >= 0)
        atomic_store(&fail_from, n);
    return made;
}

long
zb_mem_live(void)
{
    return atomic_load(&live);
}

static void *
born(void *p)
{
    if (p)
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return p;
}

static void
died(const void *p)
{
    if (p)
        atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
}

static bool
must_fail(void)
{
    long i = atomic_fetch_add(&allocations, 1);
    long from = atomic_load(&fail_from);
    int every = atomic_load(&fail_every);
    if (i < from)
        return false;
    return every > 0 ? (i - from) % every == 0 : i == from;
}

#else
#define must_fail() 0
#define born(p)     (p)
#define died(p)     ((void)0)
#endif

/* No size asks malloc for nothing, so that NULL always means "no memory". */

void *
zb_malloc(size_t size)
{
    if (must_fail())
        return NULL;
    return born(malloc(size ? size : 1));
}

void *
zb_calloc(size_t n, size_t size)
{
    if (must_fail())
        return NULL;
    if (n == 0 || size == 0)
        n = size = 1;
    if (n > SIZE_MAX / size)
        return NULL;
    return born(calloc(n, size));
}

void *
zb_realloc(void *old, size_t size)
{
    if (!old)
        return zb_malloc(size);
    if (must_fail())
        return NULL;
    return realloc(old, size ? size : 1);
}

void
zb_free(void *p)
{
    died(p);
    free(p);
}

char *
zb_strndup(const char *s, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = zb_malloc(len + 1);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}
