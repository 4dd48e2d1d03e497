/* SPDX-License-Identifier: Apache-2.0 */
/* Semaphore: at most so many holders at a time among all processes; kazoo's layout, so that programs of both share one.
 *
 *     if (zobo_semaphore_new(zk, "/downloads", &(zobo_semaphore_options){.max_leases = 3}, &downloads, &why))
 *         ...
 *     if (zobo_semaphore_acquire(downloads, 10000) == ZOBO_OK) {
 *         download();
 *         err = zobo_semaphore_release(downloads, 0);
 *     }
 *     zobo_semaphore_free(downloads);
 *
 * Nodes: PATH, whose data is the number of leases in decimal, set by whoever makes the node; a lease PATH/<uuid>,
 * ephemeral, its data the identifier; every child of PATH counts as one. Who wants a lease stands in line for a lock at
 * PATH-__lock__ first, and lets that go when he has his lease, so that only the first in line watches PATH, and who
 * comes first is served first.
 *
 * The number may be changed (zobo_set of PATH): those who wait go by the new one at once. Leases beyond a number that
 * was lowered stay with their holders; nobody gets another until enough of them have been released.
 *
 * Guarantees: never more leases than the number says among sessions that live, and no lease that nobody knows of,
 * whatever replies are lost. A holder is told of his loss (options.lost, zobo_semaphore_check) by his own clock at the
 * latest; zobo_semaphore_fence tells a later holder from an earlier.
 *
 * Limits: an object holds one lease at a time (options.reentrant: counted), whichever thread asks; several threads that
 * acquire one object are served in turn, and one that acquires what it holds waits for itself. A lease that was lost is
 * to be released, too: until then nobody acquires this object (ZOBO_ELOCKLOST), for who held it may not know yet. */
#ifndef ZOBO_SEMAPHORE_H
#define ZOBO_SEMAPHORE_H

#include <zobo/call.h>
#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A candidate for a lease. Opaque. */
typedef struct zobo_semaphore zobo_semaphore;

/* Told on the callback thread when a lease that was held is no longer: its session is over (or may be, with
 * options.release_on_suspended), or somebody deleted its node. */
typedef void zobo_semaphore_lost_fn(void *arg, zobo_semaphore *semaphore);

/* How a semaphore is. Zero: one lease, no identifier. Everything pointed to is copied. */
typedef struct zobo_semaphore_options {
    size_t size;                  /* 0, or sizeof(zobo_semaphore_options) */
    uint32_t max_leases;          /* how many; 0: 1 */
    bool adopt_max_leases;        /* what the node says goes from the beginning; else it must say max_leases when this
                                * object acquires for the first time. In either case later changes are followed */
    bool reentrant;               /* acquiring when a lease is held succeeds at once, with the same lease, which is to
                                   * be released as often */
    bool release_on_suspended;    /* a lost connection counts as a lost lease, for then another might soon have it */
    const char *identifier;       /* the node's data: what zobo_semaphore_lease_holders shows; NULL: "" */
    const zobo_acl_list *acl;     /* of the nodes; NULL: the client's default */
    zobo_semaphore_lost_fn *lost; /* NULL: ask zobo_semaphore_check */
    void *lost_arg;
} zobo_semaphore_options;

/* zobo_semaphore_new makes a semaphore object; nothing is sent.
 *
 * `options` NULL: one lease. On ZOBO_OK `*out` is the caller's (zobo_semaphore_free, before zobo_close). Errors, told
 * by `why` (may be NULL): ZOBO_EBADPATH, ZOBO_EBADOPTION, ZOBO_ENOMEM, ZOBO_ESYS. Any thread, any callback. Source:
 * kazoo Semaphore(). */
ZOBO_MUST_CHECK zobo_err zobo_semaphore_new(zobo_client *client, const char *path,
                                            const zobo_semaphore_options *options, zobo_semaphore **out,
                                            zobo_problem *why);

/* zobo_semaphore_acquire waits for a lease, at most `timeout_ms` (0: without limit), the wait for the guard included.
 * Makes what is missing of PATH.
 *
 * Lost connections and sessions are overcome within that time. Errors: ZOBO_EWAITTIMEOUT (nothing is left behind),
 * ZOBO_ECANCELLED (zobo_semaphore_cancel, zobo_semaphore_free), ZOBO_EBADDATA (the node says another number than
 * options.max_leases), ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM, ZOBO_EWOULDBLOCK, and what the server refuses
 * (ZOBO_ENOAUTH, ...). A node that says no number is taken to say options.max_leases. The twin's reply->path is the
 * lease's node; its limit is how->timeout_ms. Any thread; not in inline callbacks. Source: kazoo Semaphore.acquire. */
ZOBO_MUST_CHECK zobo_err zobo_semaphore_acquire(zobo_semaphore *semaphore, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_semaphore_acquire_async(zobo_semaphore *semaphore, const zobo_how *how, zobo_call **call);

/* zobo_semaphore_try takes a lease if one is free and nobody waits or is about to take one; else ZOBO_EHELD.
 * `timeout_ms` (0: without limit) is for the server's answers.
 *
 * Errors: as zobo_semaphore_acquire. Source: kazoo Semaphore.acquire(blocking=False). */
ZOBO_MUST_CHECK zobo_err zobo_semaphore_try(zobo_semaphore *semaphore, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_semaphore_try_async(zobo_semaphore *semaphore, const zobo_how *how, zobo_call **call);

/* zobo_semaphore_release gives the lease back, and waits until the server knows, at most `timeout_ms` (0: without
 * limit).
 *
 * From the moment of the call it counts as not held, whatever comes of it; the node's deletion is tried until it is
 * gone. Errors: ZOBO_ENOTHELD; ZOBO_ELOCKLOST (it had been lost: once, then ZOBO_ENOTHELD); ZOBO_EWAITTIMEOUT and
 * ZOBO_ECANCELLED (it goes on); ZOBO_ENOTSTARTED and ZOBO_ESTOPPED (the node goes with the session). Any thread; not in
 * inline callbacks. Source: kazoo Semaphore.release. */
ZOBO_MUST_CHECK zobo_err zobo_semaphore_release(zobo_semaphore *semaphore, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_semaphore_release_async(zobo_semaphore *semaphore, const zobo_how *how, zobo_call **call);

/* zobo_semaphore_cancel ends all that wait to acquire this object, with ZOBO_ECANCELLED. Any thread, any callback.
 *
 * Errors: ZOBO_ENOMEM. Source: kazoo Semaphore.cancel, which does not reach those who wait for the guard. */
ZOBO_MUST_CHECK zobo_err zobo_semaphore_cancel(zobo_semaphore *semaphore);

/* zobo_semaphore_lease_holders reads who has a lease: reply->children are their identifiers, in no order.
 *
 * Errors: ZOBO_EWAITTIMEOUT, and those of zobo_get_children, but a missing PATH is an empty list. Source: kazoo
 * Semaphore.lease_holders. */
ZOBO_MUST_CHECK zobo_err zobo_semaphore_lease_holders(zobo_semaphore *semaphore, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_semaphore_lease_holders_async(zobo_semaphore *semaphore, const zobo_how *how,
                                                            zobo_call **call);

/* zobo_semaphore_check tells, as far as this client knows: ZOBO_OK held, ZOBO_ELOCKLOST it was and has been lost,
 * ZOBO_ENOTHELD. Sends nothing. That a node was deleted by somebody else is known only with options.lost.
 * Any thread, any callback; takes no lock. Source: kazoo Semaphore.is_acquired. */
ZOBO_MUST_CHECK zobo_err zobo_semaphore_check(const zobo_semaphore *semaphore);

/* zobo_semaphore_fence returns the zxid that created the lease's node while it is held, else 0. Any thread, any
 * callback; takes no lock. */
int64_t zobo_semaphore_fence(const zobo_semaphore *semaphore);

/* zobo_semaphore_free lets go of the object: what waits ends with ZOBO_ECANCELLED, what is held is released, soon.
 *
 * When it returns options.lost is not running, unless this is called from it, and will not be called again. NULL is
 * ignored. Any thread, any callback but inline ones. */
void zobo_semaphore_free(zobo_semaphore *semaphore);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
