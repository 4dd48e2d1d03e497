/* SPDX-License-Identifier: Apache-2.0 */
/* MultiLock: several locks as one: all are held, or none.
 *
 *     static const char *const paths[] = {"/locks/from", "/locks/to"};
 *     if (zobo_multi_lock_new(zk, paths, 2, NULL, &both, &why))
 *         ...
 *     if (zobo_multi_lock_acquire(both, 10000) == ZOBO_OK) {
 *         move();
 *         err = zobo_multi_lock_release(both, 0);
 *     }
 *     zobo_multi_lock_free(both);
 *
 * Nodes: those of a lock (zobo/lock.h) at each of the paths; plain locks and kazoo's exclude multi-locks, and are
 * excluded. The locks are taken one after another in the order of their paths as strings, whatever order they were
 * given in, so that two multi-locks can never wait for each other.
 *
 * Guarantees: those of a lock, for each of the paths. When one of the locks is lost, the others are released, and the
 * whole counts as lost. Each lock has a fencing token of its own.
 *
 * Limits: while it waits for one lock, it holds those before it. An object is held once at a time (options.reentrant:
 * counted). Who holds a plain lock and then acquires a multi-lock may wait for ever for one who does it the other way
 * round.
 *
 * What was lost is to be released, too: until then nobody acquires this object (ZOBO_ELOCKLOST), for who held it may
 * not know yet. */
#ifndef ZOBO_MULTI_LOCK_H
#define ZOBO_MULTI_LOCK_H

#include <zobo/lock.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* Locks of several paths. Opaque. */
typedef struct zobo_multi_lock zobo_multi_lock;

/* Told on the callback thread when what was held is no longer: the session is over (or may be, with
 * options.release_on_suspended), or somebody deleted one of the nodes. */
typedef void zobo_multi_lock_lost_fn(void *arg, zobo_multi_lock *lock);

/* How a multi-lock is. Zero: plain locks without an identifier. Everything pointed to is copied. */
typedef struct zobo_multi_lock_options {
    size_t size;                   /* 0, or sizeof(zobo_multi_lock_options) */
    zobo_lock_kind kind;           /* of each */
    const char *identifier;        /* the nodes' data; NULL: "" */
    bool reentrant;                /* acquiring what is held succeeds at once, and is to be released as often */
    bool release_on_suspended;     /* a lost connection counts as lost locks, for then another might soon hold them */
    const zobo_acl_list *acl;      /* of the nodes; NULL: the client's default */
    zobo_multi_lock_lost_fn *lost; /* NULL: ask zobo_multi_lock_check */
    void *lost_arg;
} zobo_multi_lock_options;

/* zobo_multi_lock_new makes an object for the `n` paths; nothing is sent. A path that is given twice counts once.
 *
 * `options` NULL: plain locks. On ZOBO_OK `*out` is the caller's (zobo_multi_lock_free, before zobo_close). Errors,
 * told by `why` (may be NULL): ZOBO_EINVAL (no path), ZOBO_EBADPATH, ZOBO_EBADOPTION, ZOBO_ENOMEM, ZOBO_ESYS. Any
 * thread, any callback. Source: Curator InterProcessMultiLock(). */
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_new(zobo_client *client, const char *const *paths, size_t n,
                                             const zobo_multi_lock_options *options, zobo_multi_lock **out,
                                             zobo_problem *why);

/* zobo_multi_lock_acquire waits until all are held, at most `timeout_ms` in all (0: without limit).
 *
 * Lost connections and sessions are overcome within that time. With an error none is held: ZOBO_EWAITTIMEOUT (nothing
 * is left behind), ZOBO_ECANCELLED (zobo_multi_lock_cancel, zobo_multi_lock_free), ZOBO_ENOTSTARTED, ZOBO_ESTOPPED,
 * ZOBO_ENOMEM, ZOBO_EWOULDBLOCK, and what the server refuses (ZOBO_ENOAUTH, ...). The twin's limit is how->timeout_ms.
 * Any thread; not in inline callbacks. Source: Curator InterProcessMultiLock.acquire. */
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_acquire(zobo_multi_lock *lock, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_acquire_async(zobo_multi_lock *lock, const zobo_how *how, zobo_call **call);

/* zobo_multi_lock_try acquires all if nobody holds or waits for any of them; else none, and ZOBO_EHELD. `timeout_ms`
 * (0: without limit) is for the server's answers.
 *
 * Errors: as zobo_multi_lock_acquire. */
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_try(zobo_multi_lock *lock, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_try_async(zobo_multi_lock *lock, const zobo_how *how, zobo_call **call);

/* zobo_multi_lock_release lets all go, and waits until the server knows, at most `timeout_ms` (0: without limit).
 *
 * Errors: ZOBO_ENOTHELD; ZOBO_ELOCKLOST (they had been lost: once, then ZOBO_ENOTHELD); ZOBO_EWAITTIMEOUT and
 * ZOBO_ECANCELLED (it goes on); ZOBO_ENOTSTARTED and ZOBO_ESTOPPED (the nodes go with the session). Any thread; not in
 * inline callbacks. Source: Curator InterProcessMultiLock.release. */
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_release(zobo_multi_lock *lock, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_release_async(zobo_multi_lock *lock, const zobo_how *how, zobo_call **call);

/* zobo_multi_lock_cancel ends all that wait to acquire this object, with ZOBO_ECANCELLED. Any thread, any callback.
 *
 * Errors: ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_cancel(zobo_multi_lock *lock);

/* zobo_multi_lock_check tells, as far as this client knows: ZOBO_OK all are held, ZOBO_ELOCKLOST they were and have
 * been lost, ZOBO_ENOTHELD. Sends nothing. Any thread, any callback; takes no lock. Source: Curator
 * InterProcessMultiLock.isAcquiredInThisProcess. */
ZOBO_MUST_CHECK zobo_err zobo_multi_lock_check(const zobo_multi_lock *lock);

/* zobo_multi_lock_fence returns the fencing token of the lock at `path` while all are held, else 0, also when `path` is
 * none of them. Any thread, any callback; takes no lock. */
int64_t zobo_multi_lock_fence(const zobo_multi_lock *lock, const char *path);

/* zobo_multi_lock_free lets go of the object: what waits ends with ZOBO_ECANCELLED, what is held is released, soon.
 *
 * When it returns options.lost is not running, unless this is called from it, and will not be called again. NULL is
 * ignored. Any thread, any callback but inline ones. */
void zobo_multi_lock_free(zobo_multi_lock *lock);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
