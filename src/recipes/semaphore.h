/* SPDX-License-Identifier: Apache-2.0 */
/* A semaphore from within: semaphore.c is how a lease is got and let go, semaphore_api.c what the user calls. */
#ifndef ZR_SEMAPHORE_H
#define ZR_SEMAPHORE_H

#include <zobo/semaphore.h>

#include "recipes/holder.h"
#include "recipes/lock.h"

struct zobo_semaphore {
    zr_holder h; /* first */
    char *path;
    char *lease; /* path/<uuid> */
    char *identifier;
    zobo_acl_list acl;
    bool has_acl;
    int64_t max_leases;
    zobo_semaphore_lost_fn *lost;
    void *lost_arg;
    /* strand */
    zobo_lock *guard; /* NULL: freed */
    bool agreed;      /* the node said once what we say, or need not */
};

/* An acquire. */
typedef struct zr_lease_entry {
    zr_entry e; /* first */
    enum { ZR_PREPARING, ZR_GUARDING, ZR_LOOKING, ZR_WAITING, ZR_MAKING, ZR_CLOSING } phase;
    bool guarded;  /* by this entry */
    bool watching; /* there was no lease free: watch for changes */
    bool maybe;    /* a lease may have been made */
    zobo_err result;
    int64_t limit;
    int64_t owner, czxid;      /* of the lease */
    zr_watch *limits, *leases; /* stand, or are on their way */
    zr_watch *asked;           /* that which is on its way */
    zobo_call *asking;         /* for the guard */
} zr_lease_entry;

extern const zr_holder_kind zr_semaphore_kind;

/* zr_semaphore_number reads what the node of a semaphore says, as Python's int() does. False: no number. Pure. */
bool zr_semaphore_number(const char *data, size_t len, int64_t *out);

/* zr_bytes_repr writes what Python's repr() gives for bytes: b'me3'. NULL: no memory. */
char *zr_bytes_repr(const char *s);

#endif
