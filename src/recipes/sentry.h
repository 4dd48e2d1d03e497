/* SPDX-License-Identifier: Apache-2.0 */
/* A look-out for the end of a node that somebody holds something by. */
#ifndef ZR_SENTRY_H
#define ZR_SENTRY_H

#include "recipes/recipe.h"

typedef struct zr_sentry zr_sentry;

/* zr_sentry_post watches the node at `path` (copied) and calls gone(owner), once, when it is not there; until it is
 * dismissed, which `gone` may do. NULL: no memory. Strand. */
zr_sentry *zr_sentry_post(zr_recipe *r, const char *path, void (*gone)(void *owner), void *owner);

/* zr_sentry_dismiss ends that. NULL is ignored. Strand. */
void zr_sentry_dismiss(zr_sentry *s);

#endif
