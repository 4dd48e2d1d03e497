/* SPDX-License-Identifier: Apache-2.0 */
/* A set partitioner from within: set_partitioner.c is its life and what the user calls, partitioner_deal.c how the set
 * is divided and given back. */
#ifndef ZR_SET_PARTITIONER_H
#define ZR_SET_PARTITIONER_H

#include <zobo/lock.h>
#include <zobo/partitioner.h>

#include "recipes/listing.h"
#include "recipes/partition.h"
#include "recipes/presence.h"

/* What goes on. Strand. */
typedef enum zr_phase {
    ZR_SETTLING,  /* the party is to be the same for a while */
    ZR_DEALING,   /* the locks of the own part are being acquired */
    ZR_HOLDING,   /* they are held: the state is ACQUIRED, or RELEASE */
    ZR_UNWINDING, /* they are being released */
    ZR_OVER
} zr_phase;

typedef struct zr_item {
    zobo_set_partitioner *p;
    char *name;
    zobo_lock *lock;    /* made when it is first wanted */
    zobo_call *acquire; /* under way, or NULL */
    bool held;
} zr_item;

struct zobo_set_partitioner {
    zr_recipe r; /* first */
    zr_presence *member;
    zr_listing party;
    zobo_set_partitioner_options o; /* identifier and acl are not to be used */
    char *locks_path;
    char *node; /* the name of the own member's node */
    zr_item *items;
    const char **names; /* of the items */
    bool *mine;         /* the part */
    size_t n_items;
    zr_phase phase;
    bool failed; /* when unwound: over */
    zobo_err err;
    zr_roll *dealt;   /* the party that was dealt to */
    zobo_call *nap;   /* until the party has been the same for long enough; NULL: none */
    size_t acquiring; /* locks */
    size_t releasing;
    zobo_err lock_err;
    zb_link waits;    /* partition_wait.link */
    zb_link releases; /* the same: release_set and finish */
    atomic_int state; /* zobo_partition_state */
};

/* zr_partition_state takes note of the state, and tells the user of a change. */
void zr_partition_state(zobo_set_partitioner *p, zobo_partition_state state);
/* zr_partition_acquired: the part is held. */
void zr_partition_acquired(zobo_set_partitioner *p);
/* zr_partition_unwound: nothing is held or under way any more. */
void zr_partition_unwound(zobo_set_partitioner *p);
/* zr_partition_fail is the end. */
void zr_partition_fail(zobo_set_partitioner *p, zobo_err err);

/* zr_partition_settle begins to wait for the party to be the same for a while, or begins anew. */
void zr_partition_settle(zobo_set_partitioner *p);
/* zr_partition_unwind gives up what is held and what is being acquired. */
void zr_partition_unwind(zobo_set_partitioner *p);
/* zr_partition_must_release: what is held may be so no longer, or is no longer right. */
void zr_partition_must_release(zobo_set_partitioner *p);
/* zr_partition_look: the party, or the own place in it, has changed. */
void zr_partition_look(zobo_set_partitioner *p);
/* zr_partition_drop_locks frees the locks, which releases what is held. */
void zr_partition_drop_locks(zobo_set_partitioner *p);

#endif
