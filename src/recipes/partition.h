/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a party, in order, and what a set's part is. Pure. */
#ifndef ZR_PARTITION_H
#define ZR_PARTITION_H

#include <stdbool.h>
#include <stddef.h>

/* The members of a shallow party, sorted by identifier and then by node, so that equal identifiers have an order, too.
 * */
typedef struct zr_roll {
    size_t n;
    const char **nodes;       /* names of nodes */
    const char **identifiers; /* point into them */
} zr_roll;

/* zr_roll_of copies names and sorts; one allocation, freed with zr_roll_free. NULL: no memory. */
zr_roll *zr_roll_of(const char *const *nodes, size_t n);
void zr_roll_free(zr_roll *roll);
bool zr_roll_same(const zr_roll *a, const zr_roll *b);
/* zr_roll_find gives the rank of a node; false: it is not there. */
bool zr_roll_find(const zr_roll *roll, const char *node, size_t *rank);

/* zr_partition_every_nth sets mine[rank], mine[rank + n], ... */
void zr_partition_every_nth(size_t rank, size_t n, size_t n_items, bool *mine);

/* zr_sort_unique sorts strings by their bytes, as Python does by code points, and drops repetitions; returns how many
 * are left. */
size_t zr_sort_unique(const char **strings, size_t n);

#endif
