/* SPDX-License-Identifier: Apache-2.0 */
/* Reading many nodes, some at a time: an op reads as many as the client has room for, and goes on with each answer. */
#ifndef ZR_READS_H
#define ZR_READS_H

#include "recipes/recipe.h"

typedef struct zr_reads zr_reads;

struct zr_reads {
    zr_op op;                                                        /* first */
    const char *(*path)(zr_reads *r, size_t i);                      /* of the i-th; stays until `over` */
    zobo_err (*got)(zr_reads *r, size_t i, const zobo_reply *reply); /* of a node that is there */
    void (*over)(zr_reads *r, zobo_err err); /* all have been read, or the first error that is not ZOBO_ENONODE */
    size_t n, at, under_way;
    zobo_err err;
};

/* zr_reads_begin reads n nodes: nothing else of the op's may be under way. Strand. */
void zr_reads_begin(zr_reads *r, size_t n);

#endif
