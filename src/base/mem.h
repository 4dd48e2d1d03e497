/* SPDX-License-Identifier: Apache-2.0 */
/* All memory comes from here, so that tests can make the n-th allocation fail. */
#ifndef ZB_MEM_H
#define ZB_MEM_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define ZB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ZB_LIKELY(x)         __builtin_expect(!!(x), 1)
#define ZB_UNLIKELY(x)       __builtin_expect(!!(x), 0)
#else
#define ZB_PRINTF(fmt, args)
#define ZB_LIKELY(x)   (x)
#define ZB_UNLIKELY(x) (x)
#endif

#define ZB_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

void *zb_malloc(size_t size);
void *zb_calloc(size_t n, size_t size); /* checks n * size */
void *zb_realloc(void *old, size_t size);
void zb_free(void *p);

/* Copies `len` bytes and appends a NUL. */
char *zb_strndup(const char *s, size_t len);

#ifdef ZB_TESTING
/* Tests: lets `n` more allocations (of all threads) succeed and makes every `every`-th after that fail: 0 only the one
 * next, 1 all. A negative n turns it off. Returns how many allocations were made since the last call. */
long zb_mem_fail_after(long n, int every);

/* Tests: how many allocations have not been freed. */
long zb_mem_live(void);
#endif

#endif
