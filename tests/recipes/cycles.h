/* SPDX-License-Identifier: Apache-2.0 */
/* One cycle of each recipe: made, used once, freed. For cycles_test.c, which counts what is left behind. */
#ifndef ZT_CYCLES_H
#define ZT_CYCLES_H

#include "recipes/pair.h"

/* Goes through the cycles of one recipe, on nodes of its own and c. */
typedef struct worker {
    const struct recipe *recipe;
    pthread_t thread;
    char path[64];
    char second[72];
    char me[24];
    long cycles, done;
    zt_latch told;
    zobo_err err; /* the first that should not be, and of what: the worker has ended with it */
    const char *what;
} worker;

typedef struct recipe {
    const char *name; /* of zobo_NAME_new */
    void (*cycle)(worker *w, bool tidy);
    void (*prepare)(worker *w);
} recipe;

extern const recipe recipes[];
extern const size_t n_recipes;

#endif
