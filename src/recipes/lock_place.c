/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is, and who stands in line: by the names of the nodes. */
#include <string.h>

#include "recipes/contender.h"
#include "recipes/lock.h"
#include "recipes/roll.h"

static bool
is_contender(const zobo_lock *lock, const char *name, int32_t *sequence)
{
    for (size_t i = 0; i < lock->n_patterns; i++)
        if (zr_name_is(name, lock->patterns[i], sequence))
            return true;
    return false;
}

/* What the names of the lock's own nodes begin with. */
static const char *
own_prefix(const zobo_lock *lock)
{
    return strrchr(lock->prefix, '/') + 1;
}

const char *
zr_lock_find_own(const zobo_lock *lock, const zobo_reply *children)
{
    const char *prefix = own_prefix(lock);
    size_t n = strlen(prefix);
    for (size_t i = 0; i < children->n_children; i++)
        if (strncmp(children->children[i], prefix, n) == 0)
            return children->children[i];
    return NULL;
}

bool
zr_lock_place(const zobo_lock *lock, const zobo_reply *children, const char **obstacle)
{
    int32_t own, at, nearest = 0;
    bool there = false;
    *obstacle = NULL;
    if (!zr_name_is(lock->node, own_prefix(lock), &own)) /* not by its digits alone: a '-' may be part of the number */
        return false;
    for (size_t i = 0; i < children->n_children; i++) {
        const char *name = children->children[i];
        if (strcmp(name, lock->node) == 0) {
            there = true;
        } else if (is_contender(lock, name, &at) && zr_sequence_before(at, own) &&
                   (!*obstacle || zr_sequence_before(nearest, at))) {
            *obstacle = name;
            nearest = at;
        }
    }
    return there;
}

static bool
is_in_line(const zr_recipe *r, const char *name, int32_t *sequence)
{
    return is_contender((const zobo_lock *)r, name, sequence) || zr_name_is(name, "__rlock__", sequence);
}

zr_op *
zr_lock_new_roll(const zobo_lock *lock)
{
    return zr_roll_new(lock->path, is_in_line);
}
