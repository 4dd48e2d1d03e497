/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: one of many may do something for a time, and keeps the right when his process ends (kazoo's NonBlockingLease,
 * MultiNonBlockingLease).
 *
 * For jobs that run now and then and should stay on one machine as long as that is well: whoever has the lease obtains
 * it anew before it ends; when he no longer does, another gets it.
 *
 *     zobo_lease *lease;
 *     if (zobo_lease_new(zk, "/leases/cleanup", NULL, &lease, &why))
 *         ...
 *     if (zobo_lease_obtain(lease, 70 * 60 * 1000, 10000) == ZOBO_OK)     // for seventy minutes
 *         clean_up();
 *
 * Nodes: PATH/lease_holder, persistent, holds {"version": 1, "holder": "me", "end": "2026-11-22T07:24:41"}, the end in
 * UTC and whole seconds, to the byte what kazoo writes. It is read and replaced under the lock at PATH (see zobo_lock),
 * so that beside it there are PATH/UUID__lock__SEQ. A MultiNonBlockingLease of n is the leases PATH/0 to PATH/(n-1).
 *
 * Guarantees: at no time have two holders obtained a lease, as far as their clocks agree: the end is written by one
 * machine's clock and judged by another's. Deleting the old holder and writing the new one is one transaction. A lost
 * answer is looked after, and the lease then written anew, so that what was obtained lasts as long as was asked for.
 * (The end is not a session's: a lease is kept through the loss of a session, and a crash does not free it.)
 *
 * Limits: clocks that differ by a minute make leases uncertain by a minute. A node of another version than 1 is not
 * touched: the lease is not obtained. Needs a build with JSON (ZOBO_JSON).
 *
 * All functions may be called from any thread and any callback, but the blocking ones and zobo_X_free not from inline
 * callbacks. The client must outlive the recipe. */
#ifndef ZOBO_LEASE_H
#define ZOBO_LEASE_H

#include <zobo/call.h>
#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A lease. Opaque. */
typedef struct zobo_lease zobo_lease;

/* Several leases of which one gets one. Opaque. */
typedef struct zobo_multi_lease zobo_multi_lease;

/* Tells the time: milliseconds since 1970. Called inline: it must not block. */
typedef int64_t zobo_lease_clock_fn(void *arg);

/* How a lease is to be. Zero: as kazoo's. Everything pointed to is copied. */
typedef struct zobo_lease_options {
    size_t size;            /* 0, or sizeof(zobo_lease_options) */
    const char *identifier; /* the holder's name, UTF-8: who comes with the same is the same; NULL: this host's name */
    const zobo_acl_list *acl;   /* of lease_holder; NULL: the client's default */
    zobo_lease_clock_fn *clock; /* NULL: this machine's clock (kazoo: utcnow) */
    void *clock_arg;
} zobo_lease_options;

/* zobo_lease_new makes the object for the lease at `path`. Nothing is sent.
 *
 * On ZOBO_OK `*out` is freed by zobo_lease_free; on error `why` (may be NULL) tells what is wrong. Errors:
 * ZOBO_EBADPATH, ZOBO_EBADOPTION (also an identifier that is not UTF-8, or longer than 64 KiB), ZOBO_EINVAL (ACL),
 * ZOBO_ENOMEM, ZOBO_ESYS (no host name), ZOBO_EFORKED. Source: kazoo NonBlockingLease. */
ZOBO_MUST_CHECK zobo_err zobo_lease_new(zobo_client *client, const char *path, const zobo_lease_options *options,
                                        zobo_lease **out, zobo_problem *why);

/* zobo_lease_obtain obtains the lease for `duration_ms` from now, or obtains it anew; tries for at most `timeout_ms`
 * (0: without limit), which is taken by outages and by others who are just trying, too. It does not wait for the
 * holder.
 *
 * ZOBO_OK: it is obtained. ZOBO_EHELD: another has it, or the node is of another version; the twin's reply->data is
 * then the holder's name, if there is one. ZOBO_EBADDATA: lease_holder holds no lease. ZOBO_EINVAL: a duration of 0 or
 * of more than ten thousand years. ZOBO_EWAITTIMEOUT: not obtained, unless the answer to the very last request was
 * lost. Other errors: ZOBO_ECANCELLED, ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, what the server refuses with. Source: kazoo:
 * bool(lease). */
ZOBO_MUST_CHECK zobo_err zobo_lease_obtain(zobo_lease *lease, uint64_t duration_ms, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_lease_obtain_async(zobo_lease *lease, uint64_t duration_ms, const zobo_how *how,
                                                 zobo_call **call);

/* zobo_lease_end tells when the lease that this object has obtained last ends, so that it can be obtained anew in time:
 * milliseconds since 1970 by the clock of the options, in whole seconds, as it is written. 0: none was obtained yet.
 * That somebody has deleted the node since is not known. Sends nothing. Any thread, any callback. */
int64_t zobo_lease_end(const zobo_lease *lease);

/* zobo_lease_free frees the object; the lease runs on to its end. What is under way ends with ZOBO_ECANCELLED. NULL is
 * ignored. Any thread, any callback but inline ones. */
void zobo_lease_free(zobo_lease *lease);

/* zobo_multi_lease_new makes the object for `count` leases, PATH/0 and so on. Nothing is sent.
 *
 * Errors: as zobo_lease_new; ZOBO_EINVAL for a count of 0 or of more than 100000. Source: kazoo MultiNonBlockingLease.
 * */
ZOBO_MUST_CHECK zobo_err zobo_multi_lease_new(zobo_client *client, const char *path, uint32_t count,
                                              const zobo_lease_options *options, zobo_multi_lease **out,
                                              zobo_problem *why);

/* zobo_multi_lease_obtain obtains one of the leases: the one that this identifier has already, else the first that is
 * to be had (kazoo takes the first in any case, and so may hold two).
 *
 * `*index` (may be NULL) tells which; the twin's reply->count. ZOBO_EHELD: all are held. Other errors: as
 * zobo_lease_obtain. */
ZOBO_MUST_CHECK zobo_err zobo_multi_lease_obtain(zobo_multi_lease *lease, uint64_t duration_ms, uint32_t timeout_ms,
                                                 int32_t *index);
ZOBO_MUST_CHECK zobo_err zobo_multi_lease_obtain_async(zobo_multi_lease *lease, uint64_t duration_ms,
                                                       const zobo_how *how, zobo_call **call);

/* zobo_multi_lease_end: as zobo_lease_end. */
int64_t zobo_multi_lease_end(const zobo_multi_lease *lease);

/* zobo_multi_lease_free frees the object: zobo_lease_free. */
void zobo_multi_lease_free(zobo_multi_lease *lease);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
