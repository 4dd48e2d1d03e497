/* SPDX-License-Identifier: Apache-2.0 */
/* A lock object from within: lock.c is how it is got, lock_leave.c how it is let go, lock_api.c what the user calls, lock_place.c whose turn
 * it is by the nodes' names. */
#ifndef ZR_LOCK_H
#define ZR_LOCK_H

#include <zobo/lock.h>

#include "recipes/recipe.h"

typedef enum zr_lock_state { ZR_LOCK_IDLE, ZR_LOCK_ENTERING, ZR_LOCK_HELD, ZR_LOCK_LEAVING } zr_lock_state;

/* An acquire. */
typedef struct zr_lock_entry {
    zr_op op; /* first */
    zb_link in_line;
    bool only_try;
    bool making;     /* the create is under way */
    zr_watch *watch; /* on who stands in the way */
    zr_watch *asked; /* the same, until the answer is there */
    char *obstacle;  /* his path */
} zr_lock_entry;

/* A release. */
typedef struct zr_lock_leaver {
    zr_op op; /* first */
    zb_link in_line;
} zr_lock_leaver;

struct zobo_lock {
    zr_recipe r;
    zobo_lock_options o; /* what its pointers point to is ours */
    zobo_acl_list acl;
    char *path;
    char *identifier;
    char *prefix;    /* path/<uuid>__lock__ */
    char **patterns; /* whose bearers stand in the way */
    size_t n_patterns;
    /* strand */
    zr_lock_state state;
    char *node; /* its name, once known */
    int64_t czxid;
    int64_t session; /* the session it is of */
    unsigned tenure; /* counts the times it was left */
    unsigned count;  /* HELD: to be released so often */
    zr_lock_entry *entrant;
    zr_lock_entry *refused; /* a try that has failed: told when the node is gone */
    zb_link line;           /* zr_lock_entry.in_line */
    zb_link leavers;        /* zr_lock_leaver.in_line: wait for the node's end */
    zr_watch *own;          /* on the node */
    zr_op leaving;
    void (*on_lost)(void *owner); /* a recipe whose part this lock is: told on the strand when what was held is lost */
    void *owner;
    /* read by anybody */
    _Atomic int64_t fence;
    atomic_bool lost;
};

static inline zobo_lock *
zr_lock_of(const zr_op *op)
{
    return (zobo_lock *)op->recipe;
}

/* lock.c: how it is got */
void zr_lock_begin_entry(zr_op *op);
void zr_lock_give_entry_up(zr_op *op, zobo_err why);
void zr_lock_next(zobo_lock *lock); /* an IDLE lock's next in line begins to enter */
void zr_lock_cancel_all(zr_recipe *r, void *arg);

/* lock_leave.c: how it is let go, and lost */
void zr_lock_leave(zobo_lock *lock);       /* the node, if there is one, is to go: LEAVING */
void zr_lock_post_sentry(zobo_lock *lock); /* has the holder's own node watched */
void zr_lock_begin_release(zr_op *op);
void zr_lock_give_release_up(zr_op *op, zobo_err why);
void zr_lock_on_state(zr_recipe *r, zobo_state state);
void zr_lock_freed(zr_recipe *r);
/* zr_lock_got: what an acquire has ended with means that the lock is held: also when there was no memory to say so. */
static inline bool
zr_lock_got(zobo_err err)
{
    return err == ZOBO_OK || err == ZOBO_EREPLYLOST;
}
/* zr_lock_let_go is a release that cannot fail, for which nobody waits. A lock that is not held is left as it is. Strand. */
void zr_lock_let_go(zobo_lock *lock);

/* lock_place.c */

/* zr_lock_find_own returns the lock's node among the children, or NULL. */
const char *zr_lock_find_own(const zobo_lock *lock, const zobo_reply *children);
/* zr_lock_place looks for the lock's node among the children (false: it is not there), and for the one that stands in
 * its way and is nearest to it: *obstacle, NULL when it is the lock's turn. */
bool zr_lock_place(const zobo_lock *lock, const zobo_reply *children, const char **obstacle);
/* zr_lock_new_roll makes the op that reads the contenders. NULL: no memory. */
zr_op *zr_lock_new_roll(const zobo_lock *lock);

#endif
