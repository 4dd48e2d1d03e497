/* SPDX-License-Identifier: Apache-2.0 */
/* A lock object from within: lock.c is how it is got, lock_leave.c how it is let go, lock_place.c whose turn it is by
 * the nodes' names, lock_api.c what the user calls. The rest is holder.h's. */
#ifndef ZR_LOCK_H
#define ZR_LOCK_H

#include <zobo/lock.h>

#include "recipes/holder.h"

/* An acquire. */
typedef struct zr_lock_entry {
    zr_entry e;      /* first */
    bool making;     /* the create is under way */
    zr_watch *watch; /* on who stands in the way */
    zr_watch *asked; /* the same, until the answer is there */
    char *obstacle;  /* his path */
} zr_lock_entry;

struct zobo_lock {
    zr_holder h;         /* first */
    zobo_lock_options o; /* what its pointers point to is ours */
    zobo_acl_list acl;
    char *path;
    char *identifier;
    char *prefix;    /* path/<uuid>__lock__ */
    char **patterns; /* whose bearers stand in the way */
    size_t n_patterns;
    /* strand */
    char *node; /* its name, once known */
    int64_t czxid;
    int64_t session; /* the session it is of */
};

static inline zobo_lock *
zr_lock_of(const zr_op *op)
{
    return (zobo_lock *)op->recipe;
}

/* The holder's kind, but for what the user is told: lock.c, lock_leave.c. */
void zr_lock_enter(zr_op *op);
zr_stopped zr_lock_stop(zr_entry *e);
void zr_lock_leave(zr_op *op);

/* lock_place.c */

/* zr_lock_find_own returns the lock's node among the children, or NULL. */
const char *zr_lock_find_own(const zobo_lock *lock, const zobo_reply *children);
/* zr_lock_place looks for the lock's node among the children (false: it is not there), and for the one that stands in
 * its way and is nearest to it: *obstacle, NULL when it is the lock's turn. */
bool zr_lock_place(const zobo_lock *lock, const zobo_reply *children, const char **obstacle);
/* zr_lock_new_roll makes the op that reads the contenders. NULL: no memory. */
zr_op *zr_lock_new_roll(const zobo_lock *lock);

#endif
