/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions that are carried out exactly once, or not at all, whatever becomes of their answers.
 *
 * A witness is a node that one handle alone sets. The first operation of each transaction sets it, on condition of the
 * version that the handle knows. When an answer is lost the very same transaction is sent again, and its own fate tells
 * that of the first:
 *
 *   carried out                        the first was not, and never can be: its condition is void
 *   refused, the witness has moved on  the first was carried out
 *   refused for another reason         the first was not carried out; should it still be on its way, the witness is done
 *                                      away with, so that it never can be
 *
 * Nothing is assumed about sessions, or about the order of what is sent on two connections. It must be a node that
 * outlives the session, or the knowledge would go with it. */
#ifndef ZR_WITNESS_H
#define ZR_WITNESS_H

#include "recipes/removal.h"

typedef struct zr_witness zr_witness;

/* The witnesses of one handle: as many as it has transactions under way, WITNESSES_MAX at most. */
typedef struct zr_witnesses {
    zr_recipe *r;
    char *dir;
    const zobo_acl_list
        *acl; /* of the nodes; NULL: the default. Set after zr_witnesses_init, and kept by whoever did */
    zb_link all;
    zb_link idle;
    zb_link waiting; /* zr_sure, for one to be idle */
    unsigned n;
    bool none;    /* plain transactions: see zr_sure.fenced */
    bool own_dir; /* the directory is for witnesses only: made when needed, and goes with the last */
    bool swept;
    bool serving;
    bool dir_again; /* its removal found it not empty */
    zr_removal dir_removal;
} zr_witnesses;

/* zr_witnesses_init: they will lie in `dir`, which is copied. One that is not their own and is missing when a witness
 * is to be made is told as ZOBO_ENONODE of the first operation. ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zr_witnesses_init(zr_witnesses *p, zr_recipe *r, const char *dir, bool own_dir, bool none);
void zr_witnesses_freed(zr_witnesses *p); /* for kind->freed: removes the nodes */
void zr_witnesses_fini(zr_witnesses *p);  /* for kind->destroy: frees the memory */

/* zr_sweep removes some of the others beside `own` if they have been forgotten; once for each handle. (A handle that
 * lives and finds its witness gone makes another.) */
void zr_sweep(zr_witnesses *p, const char *own);

enum { ZR_WITNESS_SUFFIX = 12 };
extern const char zr_witness_suffix[ZR_WITNESS_SUFFIX];

/* An op that makes such transactions; what a recipe's op begins with. */
typedef struct zr_sure zr_sure;
struct zr_sure {
    zr_op op;
    zb_link wait;
    zr_witnesses *pool;
    zr_witness *witness;
    zobo_transaction *tx;
    zobo_call *attempt; /* under way */
    bool under_way;
    bool doubt;         /* an attempt may have been carried out */
    bool renewed;       /* its witness was made for it: what was read before may have been of a node that is no more */
    bool fenced;        /* without witnesses: what is carried out once cannot be again, so that it may be sent again */
    zobo_err doubt_err; /* why */
    zobo_err late;      /* was given up meanwhile */
    int64_t doubted_ms;
    zobo_err (*build)(zr_sure *s, zobo_transaction *tx);
    void (*done)(zr_sure *s, zobo_err err, size_t which, const zobo_result *results);
};

/* zr_sure_go makes a transaction of what build(s, tx) adds, and tells done:
 *
 *   ZOBO_OK            carried out, once. `results` are those of the operations added, or NULL: their answer was lost
 *   an answer          of the `which`-th operation: nothing was, or will be, carried out
 *   of class UNKNOWN   only without witnesses: an attempt was lost, and then one refused so; not known
 *
 * When build says ZOBO_EBADVERSION, that is done's answer, of the first operation.
 *
 * It does not come back when the op ends by itself: given up, the client stopped, an error that is nobody's answer. An
 * op that is given up with an attempt under way waits for that attempt, if it has been sent: with ZOBO_OK, done is
 * called; else it ends with what it was given up for, or with ZOBO_EABANDONED if its outcome is not known. May be done
 * again for another transaction. */
void zr_sure_go(zr_sure *s, zobo_err (*build)(zr_sure *, zobo_transaction *),
                void (*done)(zr_sure *, zobo_err, size_t, const zobo_result *));

/* zr_refusal: why, and by which of its operations, a transaction was refused. */
zobo_err zr_refusal(const zobo_reply *reply, size_t *which);

void zr_sure_init(zr_sure *s, zr_witnesses *pool); /* when made; also sets op.give_up */
void zr_sure_give_up(zr_op *op, zobo_err why);     /* op.give_up, or part of one */
void zr_sure_fini(zr_sure *s);                     /* in op.destroy */

#endif
