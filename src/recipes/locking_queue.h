/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a locking queue share.
 *
 * The token is an ephemeral node of this handle's, new in each session: a transaction that checks it is carried out
 * only while the session lives in which it was made, and so does what else that session made. So nobody deletes
 * another's lock of the same name, which is what a lost session leads to elsewhere. */
#ifndef ZR_LOCKING_QUEUE_H
#define ZR_LOCKING_QUEUE_H

#include <zobo/queue.h>

#include <string.h>

#include "recipes/witness.h"

/* Removes a token, and with `held` the lock of what is held. */
typedef struct zr_parting {
    zr_op op; /* first */
    char *token;
    bool held;
} zr_parting;

struct zobo_locking_queue {
    zr_recipe r;
    zr_witnesses pool;
    char *path, *entries, *taken;
    zobo_acl_list acl; /* pool.acl, if there is one, which goes for all nodes */
    char id[ZR_UUID];
    zobo_locking_queue_lost_fn *lost;
    void *lost_arg;
    zr_op *active;    /* a get, consume or release */
    unsigned undoing; /* how many entries are being given back */
    char *token;      /* NULL: not made yet in this session */
    unsigned session; /* counts the sessions that were lost */
    /* What is held: */
    char *held; /* its name; NULL: nothing */
    char *held_token;
    void *data;
    size_t len;
    bool is_lost;
    bool maybe_done;    /* a consume or release was given up in doubt */
    zr_parting parting; /* once, when the user has let go: there is always memory to leave */
};

static inline zobo_locking_queue *
queue_of(const zr_op *op)
{
    return (zobo_locking_queue *)op->recipe;
}

void zr_locking_get_begin(zr_op *op);     /* see locking_get.c */
zr_op *zr_locking_get_new(bool blocking); /* NULL: no memory */

/* zr_locking_drop forgets what is held. */
void zr_locking_drop(zobo_locking_queue *q);
/* zr_locking_lose: it is not held any more; `tell`: the user does not learn it otherwise. */
void zr_locking_lose(zobo_locking_queue *q, bool tell);
/* zr_locking_reply hands out what is held. */
zobo_reply zr_locking_reply(const zobo_locking_queue *q, char **path);
/* zr_locking_part: the user has let go; the token goes, unless a get still needs it. */
void zr_locking_part(zobo_locking_queue *q);
/* zr_locking_forsake removes a token that nobody needs; takes its path over. */
void zr_locking_forsake(zobo_locking_queue *q, char *token);
/* zr_locking_undo releases an entry if this handle has taken it, which it may not know. */
void zr_locking_undo(zobo_locking_queue *q, const char *name);

/* Whose lock a reply to zobo_get tells of. */
bool zr_locking_is_own(zobo_locking_queue *q, const zobo_reply *reply);

#endif
