/* SPDX-License-Identifier: Apache-2.0 */
/* Obtaining one lease, for those who want one and for those who try several. */
#ifndef ZR_LEASE_H
#define ZR_LEASE_H

#include <zobo/lease.h>
#include <zobo/lock.h>

#include "recipes/lease_text.h"
#include "recipes/recipe.h"

/* Who wants it. */
typedef struct zr_lease_who {
    char *identifier;
    zobo_acl_list acl;
    bool has_acl;
    zobo_lease_clock_fn *clock;
    void *clock_arg;
} zr_lease_who;

/* zr_lease_who_init takes the options; `why` may be NULL. On an error nothing is left. */
ZOBO_MUST_CHECK zobo_err zr_lease_who_init(zr_lease_who *who, const zobo_lease_options *options, zobo_problem *why);
void zr_lease_who_fini(zr_lease_who *who);
int64_t zr_lease_now(const zr_lease_who *who);
/* zr_lease_is_held: another has it. */
bool zr_lease_is_held(const zr_lease_who *who, const zr_lease_text *text);
/* A duration that can be had: ZOBO_EINVAL if not. */
ZOBO_MUST_CHECK zobo_err zr_lease_check_duration(uint64_t ms);

/* An op that obtains. */
typedef struct zr_lease_try zr_lease_try;
struct zr_lease_try {
    zr_op op; /* first; op.give_up is zr_lease_give_up */
    const zr_lease_who *who;
    uint64_t duration_ms;
    void (*over)(zr_lease_try *t, zobo_err err); /* ZOBO_OK, ZOBO_EHELD, or what went wrong; may try another */
    char *dir;                                   /* of the lease */
    char *path;                                  /* of lease_holder */
    zobo_lock *lock;    /* made for this try, for freeing it releases it even when there is no memory; or NULL */
    zobo_call *acquire; /* under way, or NULL */
    char *lock_node;
    int64_t end_ms; /* of the lease that is written, in whole seconds */
    char *held_by;
};

/* zr_lease_try_at begins to obtain the lease at `path`. Strand. */
void zr_lease_try_at(zr_lease_try *t, const char *path);
void zr_lease_give_up(zr_op *op, zobo_err why);
/* zr_lease_try_fini frees what it holds, but not the op. */
void zr_lease_try_fini(zr_lease_try *t);

#endif
