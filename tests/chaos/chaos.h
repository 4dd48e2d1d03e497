/* SPDX-License-Identifier: Apache-2.0 */
/* What the workers of the chaos test leave behind, and what must be true of it.
 *
 * A worker appends records of one size to a file of its own, DIR/ROLE-NUMBER.log; the test reads them all. */
#ifndef CHAOS_H
#define CHAOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARTITION_ITEMS = 12 };            /* i0, i1, ...: bits of a mask */
enum { PRODUCERS = 2, PUT_LEAST = 5000 }; /* of each queue, and what each puts at least */

/* --- the resource that is guarded -------------------------------------------------------------------------------- */

/* A plain file with a number in it and the highest fencing token that it has seen. Whoever comes with a smaller one is
 * refused. Reading and writing are two steps: between them only the lock keeps others away. */
typedef struct resource {
    int fd;
} resource;

bool resource_open(resource *r, const char *path); /* makes it if need be; false: errno says why */
void resource_close(resource *r);
int64_t resource_read(resource *r, int64_t token);               /* the number; -1: refused */
bool resource_write(resource *r, int64_t token, int64_t value);  /* false: refused */
void resource_look(resource *r, int64_t *token, int64_t *value); /* both, by nobody's right */

/* --- records ----------------------------------------------------------------------------------------------------- */

/* Someone's turn under the lock, or as the leader: the number was read, one was added, and it was written. */
typedef struct turn {
    int64_t token; /* the same in several turns of one who leads on */
    int64_t who;
    int64_t begin_ns, end_ns; /* from when the lock was had until the number was written; one clock for all */
    int64_t value;            /* what was written; -1: the resource refused */
    int64_t proven;           /* 1: the lock's node was there after the writing, so it was had all the time */
} turn;

int log_open(const char *dir, const char *role, int number); /* -1: errno says why */
void log_append(int fd, const void *record, size_t size);    /* ends the program when it fails */
/* log_read reads the files of ROLE-0 to ROLE-(count-1) one after another; `*n` records. Freed by free(). */
void *log_read(const char *dir, const char *role, int count, size_t size, size_t *n);
int64_t log_last(const char *dir, const char *role, int number); /* the last record of int64_t; 0: there is none */
size_t log_size(const char *dir, const char *role, int number);  /* in bytes; 0: there is none */

/* --- checks: NULL, or what is wrong (static) ---------------------------------------------------------------------- */

/* check_turns: the accepted writes are 1 to `value`, each once and each by a higher token than the one before, or by
 * the same one and the same worker (none is lost, none overlaps another); turns that are proven do not overlap in time,
 * and none of them was refused. Sorts. */
const char *check_turns(turn *turns, size_t n, int64_t value);

/* check_items: what was put was taken, each item exactly once. Sorts both. */
const char *check_items(int64_t *put, size_t n_put, int64_t *taken, size_t n_taken);

/* check_parts: each bit of `all` is in exactly one of the masks. */
const char *check_parts(const int64_t *masks, size_t n, int64_t all);

#endif
