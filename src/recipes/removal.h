/* SPDX-License-Identifier: Apache-2.0 */
/* The removal of a persistent node that the recipe has made for itself. It outlives the session, so that it has to be
 * removed whatever becomes of the client: while that is stopped, the removal waits until it is started again. Only with
 * a client that is closed, or a server that refuses, the node is left. */
#ifndef ZR_REMOVAL_H
#define ZR_REMOVAL_H

#include "recipes/recipe.h"

typedef struct zr_removal zr_removal;
struct zr_removal {
    zr_op op;
    const char *path;
    void (*over)(zr_removal *m, zobo_err err);
    zobo_err err;
    zobo_promise *waiting; /* for the client: kept when it is there, given up when it is stopped or closed */
    unsigned stops;        /* since it was last connected */
};

/* zr_remove removes the node at `path`, which is kept until over(m, err) is called, the last thing done with m: the
 * node is gone (ZOBO_OK, ZOBO_ENONODE), or is left for that reason. The recipe stays until then. Strand. */
void zr_remove(zr_recipe *r, zr_removal *m, const char *path, void (*over)(zr_removal *m, zobo_err err));

#endif
