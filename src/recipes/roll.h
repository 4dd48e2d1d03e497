/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands in line, who holds: the data of a node's children. */
#ifndef ZR_ROLL_H
#define ZR_ROLL_H

#include "recipes/recipe.h"

/* Says whether a child counts, and its number in the order, which is that of zr_sequence_before. */
typedef bool zr_roll_pick(const zr_recipe *r, const char *name, int32_t *sequence);

/* zr_roll_new makes an op whose reply->children are the data of the children that `pick` picks, in order; children that
 * go meanwhile are left out, and a missing node has none. `path` and what `pick` needs live as long as the recipe.
 * NULL: no memory. */
zr_op *zr_roll_new(const char *path, zr_roll_pick *pick);

#endif
