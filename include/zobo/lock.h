/* SPDX-License-Identifier: Apache-2.0 */
/* Lock, ReadLock, WriteLock: one holder at a time among all processes; kazoo's layout, so that kazoo and zobo exclude
 * each other.
 *
 *     zobo_lock *lock;
 *     if (zobo_lock_new(zk, "/locks/job", &(zobo_lock_options){.identifier = "host-7"}, &lock, &why))
 *         ...
 *     if (zobo_lock_acquire(lock, 10000) == ZOBO_OK) {
 *         work(zobo_lock_fence(lock));
 *         err = zobo_lock_release(lock, 0);      // ZOBO_ELOCKLOST: another may have had it meanwhile
 *     }
 *     zobo_lock_free(lock);
 *
 * Nodes: PATH/<uuid>__lock__<sequence> (a read lock: __rlock__), ephemeral, its data the identifier. Who has the lowest
 * number holds the lock; each of the others watches only the one that stands in its way, so that a release wakes one.
 * A read lock is held up by earlier write locks, a write lock by all earlier ones; who comes first is served first.
 *
 * Guarantees: at most one holder among sessions that live. What no client can know is when its session ends on the
 * server while it cannot reach it: a holder is told of the loss (options.lost, zobo_lock_check) by its own clock at the
 * latest, and what must never be done by two gives zobo_lock_fence along, a number that grows from holder to holder
 * (readers among themselves excepted), so that whoever is written to can refuse a lower one. No node stays behind that
 * nobody knows of, whatever replies are lost.
 *
 * Limits: each lock object is held once at a time (options.reentrant: counted), whichever thread asks; several threads
 * that acquire one object are served in turn, and one that acquires what it holds waits for itself. With
 * options.reentrant it is the object that holds: threads that share it do not exclude each other. A lock that was lost
 * is to be released, too: until then nobody acquires this object (ZOBO_ELOCKLOST), for who held it may not know yet,
 * and his release must not be taken for the next one's. */
#ifndef ZOBO_LOCK_H
#define ZOBO_LOCK_H

#include <zobo/call.h>
#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A lock of one path. Opaque. */
typedef struct zobo_lock zobo_lock;

/* What a lock excludes. */
typedef enum zobo_lock_kind {
    ZOBO_LOCK = 0,   /* every other, except read locks' nodes, which it does not know (kazoo: Lock) */
    ZOBO_READ_LOCK,  /* writers (kazoo: ReadLock) */
    ZOBO_WRITE_LOCK, /* every other, readers too (kazoo: WriteLock) */
} zobo_lock_kind;

/* Told on the callback thread when a lock that was held is no longer: its session is over (or may be, with
 * options.release_on_suspended), or somebody deleted its node. */
typedef void zobo_lock_lost_fn(void *arg, zobo_lock *lock);

/* How a lock is. Zero: a plain lock without an identifier. Everything pointed to is copied. */
typedef struct zobo_lock_options {
    size_t size; /* 0, or sizeof(zobo_lock_options) */
    zobo_lock_kind kind;
    const char *identifier;            /* the node's data: what zobo_lock_contenders shows; NULL: "" */
    const char *const *extra_patterns; /* what comes before the number in the names of other libraries' locks, which
                                        * then count as contenders: "-lock-" for Curator's and Go's. One-way: those
                                        * do not heed zobo's nodes, nor kazoo's (kazoo: extra_lock_patterns) */
    size_t n_extra_patterns;
    bool reentrant;            /* acquiring what is held succeeds at once, and is to be released as often; after a
                                * loss once */
    bool persistent;           /* the node outlives its session: held until released (kazoo: ephemeral=False) */
    bool release_on_suspended; /* a lost connection counts as a lost lock, for then another might soon hold it */
    const zobo_acl_list *acl;  /* of the nodes; NULL: the client's default */
    zobo_lock_lost_fn *lost;   /* NULL: ask zobo_lock_check */
    void *lost_arg;
} zobo_lock_options;

/* zobo_lock_new makes a lock object; nothing is sent.
 *
 * `options` NULL: a plain lock. On ZOBO_OK `*out` is the caller's (zobo_lock_free, before zobo_close). Errors, told by
 * `why` (may be NULL): ZOBO_EBADPATH, ZOBO_EBADOPTION, ZOBO_ENOMEM, ZOBO_ESYS. Any thread, any callback.
 * Source: kazoo Lock(), ReadLock(), WriteLock(). */
ZOBO_MUST_CHECK zobo_err zobo_lock_new(zobo_client *client, const char *path, const zobo_lock_options *options,
                                       zobo_lock **out, zobo_problem *why);

/* zobo_lock_acquire waits until the lock is held, at most `timeout_ms` (0: without limit). Makes missing parents.
 *
 * Lost connections and sessions are overcome within that time. Errors: ZOBO_EWAITTIMEOUT (its node goes before anything
 * that this client asks for later), ZOBO_ELOCKLOST (it was lost, and not released since), ZOBO_ECANCELLED
 * (zobo_lock_cancel, zobo_lock_free), ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM, ZOBO_EWOULDBLOCK, and what the
 * server refuses (ZOBO_ENOAUTH, ...). The twin's reply->path is the node; its limit is how->timeout_ms. Any thread; not
 * in inline callbacks. Source: kazoo Lock.acquire. */
ZOBO_MUST_CHECK zobo_err zobo_lock_acquire(zobo_lock *lock, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_lock_acquire_async(zobo_lock *lock, const zobo_how *how, zobo_call **call);

/* zobo_lock_try acquires the lock if nobody holds it or waits for it; else ZOBO_EHELD, and then its node is gone again.
 * It waits for nobody: `timeout_ms` (0: without limit) is for the server's answers.
 *
 * Errors: as zobo_lock_acquire. Source: kazoo Lock.acquire(blocking=False). */
ZOBO_MUST_CHECK zobo_err zobo_lock_try(zobo_lock *lock, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_lock_try_async(zobo_lock *lock, const zobo_how *how, zobo_call **call);

/* zobo_lock_release lets the lock go, and waits until the server knows, at most `timeout_ms` (0: without limit).
 *
 * From the moment of the call the lock counts as not held, whatever comes of it; the node's deletion is tried until it
 * is gone. Errors: ZOBO_ENOTHELD; ZOBO_ELOCKLOST (it had been lost: once, then ZOBO_ENOTHELD); ZOBO_EWAITTIMEOUT and
 * ZOBO_ECANCELLED (it goes on); ZOBO_ENOTSTARTED and ZOBO_ESTOPPED (the node goes with the session); ZOBO_ENOAUTH (it
 * stays). Any thread; not in inline callbacks. Source: kazoo Lock.release. */
ZOBO_MUST_CHECK zobo_err zobo_lock_release(zobo_lock *lock, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_lock_release_async(zobo_lock *lock, const zobo_how *how, zobo_call **call);

/* zobo_lock_cancel ends all that wait to acquire this object, with ZOBO_ECANCELLED. Any thread, any callback.
 *
 * Errors: ZOBO_ENOMEM. Source: kazoo Lock.cancel. */
ZOBO_MUST_CHECK zobo_err zobo_lock_cancel(zobo_lock *lock);

/* zobo_lock_contenders reads who holds the lock and who waits, in order: reply->children are their identifiers.
 *
 * Errors: ZOBO_EWAITTIMEOUT, and those of zobo_get_children, but a missing PATH is an empty list. Source: kazoo
 * Lock.contenders. */
ZOBO_MUST_CHECK zobo_err zobo_lock_contenders(zobo_lock *lock, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_lock_contenders_async(zobo_lock *lock, const zobo_how *how, zobo_call **call);

/* zobo_lock_check tells, as far as this client knows: ZOBO_OK held, ZOBO_ELOCKLOST it was and has been lost,
 * ZOBO_ENOTHELD. Sends nothing. That a node was deleted by somebody else is known only with options.lost.
 * Any thread, any callback; takes no lock. Source: kazoo Lock.is_acquired. */
ZOBO_MUST_CHECK zobo_err zobo_lock_check(const zobo_lock *lock);

/* zobo_lock_fence returns the fencing token while the lock is held, else 0: the zxid that created its node, larger than
 * that of every holder before. Any thread, any callback; takes no lock. */
int64_t zobo_lock_fence(const zobo_lock *lock);

/* zobo_lock_free lets go of the object: what waits ends with ZOBO_ECANCELLED, what is held is released, soon.
 *
 * When it returns options.lost is not running, unless this is called from it, and will not be called again. NULL is
 * ignored. Any thread, any callback but inline ones. */
void zobo_lock_free(zobo_lock *lock);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
