/* SPDX-License-Identifier: Apache-2.0 */
/* The pause before the next try of a recipe that works by itself, without an op that could rest (zr_retry).
 *
 * While it lasts nothing is sent; an event or a new connection cuts it short. When there can be no pause, because the
 * client is stopped or there is no memory, the recipe is idle: the next state or event goes on. All on the strand. */
#ifndef ZR_NAP_H
#define ZR_NAP_H

#include "recipes/recipe.h"

typedef struct zr_nap {
    zr_recipe *r;
    void (*over)(zr_recipe *r); /* goes on */
    zobo_call *call;            /* under way; NULL: none */
    unsigned tries;             /* in a row that did not succeed */
    bool idle;                  /* the client is stopped: nothing to be done before it is CONNECTED */
} zr_nap;

void zr_nap_init(zr_nap *nap, zr_recipe *r, void (*over)(zr_recipe *r));

/* zr_nap_take counts one more failure and rests for so long as it deserves, `patience` times over. */
void zr_nap_take(zr_nap *nap, uint32_t patience);

/* zr_nap_wake has the recipe go on, soon when it rests, else now. */
void zr_nap_wake(zr_nap *nap);

/* zr_nap_cancel is for kind->freed. */
void zr_nap_cancel(zr_nap *nap);

/* zr_nap_connected: nothing stands in the way of the next try, and it is the first in a row. */
void zr_nap_connected(zr_nap *nap);

/* Nothing is to be sent. */
static inline bool
zr_nap_rests(const zr_nap *nap)
{
    return nap->call || nap->idle;
}

#endif
