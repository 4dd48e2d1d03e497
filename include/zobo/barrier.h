/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers: kazoo's Barrier and DoubleBarrier.
 *
 *     err = zobo_barrier_new(zk, "/maintenance", NULL, &closed, &why);
 *     err = zobo_barrier_wait(closed, 60000);                // others call zobo_barrier_create, zobo_barrier_remove
 *
 *     err = zobo_double_barrier_new(zk, "/round", 4, NULL, &round, &why);
 *     if (zobo_double_barrier_enter(round, 60000) == ZOBO_OK) {      // all four are here
 *         compute();
 *         err = zobo_double_barrier_leave(round, 60000);             // all four are done
 *     }
 *
 * A **barrier** is a node: while it is there, those who wait, wait. A **double barrier** lets `num_clients` members
 * begin together and end together: enter returns when so many are in, leave when all have left.
 *
 * Layout: a barrier is the node `path`, persistent, empty. Each member of a double barrier is `path/<UUID>`, ephemeral,
 * its data the identifier; `path/ready`, persistent and empty, says that enough have come. kazoo's members and zobo's
 * meet at one barrier.
 *
 * Guarantees: a wait outlives lost connections and sessions. What `ready` means is told by when it was made: only one
 * that is younger than a member lets that member in. So a `ready` that a crash has left over lets nobody in too early
 * (in kazoo it does, one short), and a member that was cut off while the others came, began and left again still gets
 * in. `ready` is not counted as a member, and zobo's members leave it to the last of them to remove it. A member whose
 * session is lost is no member any more. While it is entering it joins anew by itself; once it is inside it is told
 * (options.lost, ZOBO_ELOCKLOST from leave), because the others may begin to leave without it.
 *
 * Limits: a barrier that was removed and put up again while somebody waited may or may not have let him through.
 * Members are nodes of one directory, and each of them reads its list when it changes: n members cost n * n names to
 * enter, as in kazoo. Among kazoo's members a kazoo that leaves removes `ready` at once, so a zobo whose connection is
 * down at that very moment can miss it; it then waits until its time is over. */
#ifndef ZOBO_BARRIER_H
#define ZOBO_BARRIER_H

#include <zobo/call.h>
#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A barrier. Any number of threads may use it at a time. */
typedef struct zobo_barrier zobo_barrier;

/* How a barrier is to be. Zero: open to whom the client's nodes are. Everything pointed to is copied. */
typedef struct zobo_barrier_options {
    size_t size;              /* 0, or sizeof(zobo_barrier_options) */
    const zobo_acl_list *acl; /* of the nodes; NULL: the client's default */
} zobo_barrier_options;

/* zobo_barrier_new makes a barrier's handle; it does not talk to the server, and makes no node.
 *
 * `options` may be NULL. On ZOBO_OK `*out` is freed by zobo_barrier_free; on an error it is NULL and `why` (may be
 * NULL) tells what is wrong. Errors: ZOBO_EINVAL (no client), ZOBO_EBADPATH (also "/"), ZOBO_EBADOPTION, ZOBO_ENOMEM,
 * ZOBO_EFORKED. Any thread, any callback. Source: kazoo Barrier(). */
ZOBO_MUST_CHECK zobo_err zobo_barrier_new(zobo_client *client, const char *path, const zobo_barrier_options *options,
                                          zobo_barrier **out, zobo_problem *why);

/* zobo_barrier_create puts the barrier up, with all nodes above it; that it is up already is success.
 *
 * Errors: ZOBO_ENOAUTH, ZOBO_ENOCHILDRENFOREPHEMERALS; ZOBO_EWAITTIMEOUT (`timeout_ms` is over; 0: without limit) and
 * ZOBO_ECANCELLED (it may be up, or come up soon); ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM. Source: kazoo
 * Barrier.create. */
ZOBO_MUST_CHECK zobo_err zobo_barrier_create(zobo_barrier *barrier, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_barrier_create_async(zobo_barrier *barrier, const zobo_how *how, zobo_call **call);

/* zobo_barrier_remove takes the barrier away. `*removed` (may be NULL; the twin's reply->count) is false when there was
 * none. `timeout_ms` 0: without limit. When an answer was lost and the node is gone it is true, though another may have
 * removed it.
 *
 * Errors: ZOBO_ENOAUTH, ZOBO_ENOTEMPTY; as zobo_barrier_create. Source: kazoo Barrier.remove. */
ZOBO_MUST_CHECK zobo_err zobo_barrier_remove(zobo_barrier *barrier, uint32_t timeout_ms, bool *removed);
ZOBO_MUST_CHECK zobo_err zobo_barrier_remove_async(zobo_barrier *barrier, const zobo_how *how, zobo_call **call);

/* zobo_barrier_wait waits until there is no barrier, at most `timeout_ms` (0: without limit; the twin's
 * how.timeout_ms).
 *
 * ZOBO_OK: there is none, or there was a moment without. ZOBO_EWAITTIMEOUT: it still stood. Other errors: ZOBO_ENOAUTH
 * (ZooKeeper 3.8.4 and later); as zobo_barrier_create. Source: kazoo Barrier.wait. */
ZOBO_MUST_CHECK zobo_err zobo_barrier_wait(zobo_barrier *barrier, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_barrier_wait_async(zobo_barrier *barrier, const zobo_how *how, zobo_call **call);

/* zobo_barrier_free frees the handle; the barrier itself stays as it is. What is under way ends with ZOBO_ECANCELLED,
 * and when it returns no callback of it runs any more (called from one of them: once that has returned). NULL is
 * ignored. Any thread but inline callbacks. */
void zobo_barrier_free(zobo_barrier *barrier);

/* ---- */

/* One member's place at a double barrier. Any number of threads may use it at a time. */
typedef struct zobo_double_barrier zobo_double_barrier;

/* Told, on the callback thread, that a member which was inside is no member any more. It may call anything. */
typedef void zobo_double_barrier_lost_fn(void *arg, zobo_double_barrier *barrier);

/* How a member is to be. Zero is the default for every field. */
typedef struct zobo_double_barrier_options {
    size_t size;                       /* 0, or sizeof(zobo_double_barrier_options) */
    const char *identifier;            /* the member's data; NULL: host name, '-', process id */
    const zobo_acl_list *acl;          /* of the nodes; NULL: the client's default */
    zobo_double_barrier_lost_fn *lost; /* may be NULL; see above */
    void *lost_arg;
} zobo_double_barrier_options;

/* zobo_double_barrier_new makes a member's handle for a barrier of `num_clients`; it does not talk to the server.
 *
 * `options` may be NULL; all is copied. On ZOBO_OK `*out` is freed by zobo_double_barrier_free; on an error it is NULL
 * and `why` (may be NULL) tells what is wrong. Errors: ZOBO_EBADPATH, ZOBO_EINVAL (no client, num_clients 0),
 * ZOBO_EBADOPTION, ZOBO_ENOMEM, ZOBO_EFORKED. Any thread, any callback. Source: kazoo DoubleBarrier(). */
ZOBO_MUST_CHECK zobo_err zobo_double_barrier_new(zobo_client *client, const char *path, uint32_t num_clients,
                                                 const zobo_double_barrier_options *options, zobo_double_barrier **out,
                                                 zobo_problem *why);

/* zobo_double_barrier_enter joins and waits until `num_clients` have, at most `timeout_ms` (0: without limit; the
 * twin's how.timeout_ms). More than `num_clients` may enter.
 *
 * ZOBO_EWAITTIMEOUT: too few came in time; this one has left again. ZOBO_EALREADY: inside, or another enter or leave is
 * under way. Other errors: ZOBO_ENOAUTH, ZOBO_EINVALIDACL, ZOBO_ENOCHILDRENFOREPHEMERALS; ZOBO_ENOTSTARTED,
 * ZOBO_ESTOPPED, ZOBO_ECANCELLED, ZOBO_ENOMEM; after each of them it is not a member. Source: kazoo
 * DoubleBarrier.enter. */
ZOBO_MUST_CHECK zobo_err zobo_double_barrier_enter(zobo_double_barrier *barrier, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_double_barrier_enter_async(zobo_double_barrier *barrier, const zobo_how *how,
                                                         zobo_call **call);

/* zobo_double_barrier_leave leaves and waits until all have, at most `timeout_ms` (0: without limit; the twin's
 * how.timeout_ms).
 *
 * ZOBO_EWAITTIMEOUT: others are still in; this one has left. ZOBO_ELOCKLOST: this one was no member any more, for its
 * session was lost or its node deleted; nothing was waited for, and it may enter again. ZOBO_ENOTHELD: it has not
 * entered. ZOBO_EALREADY: another enter or leave is under way. Other errors as for enter. Source: kazoo
 * DoubleBarrier.leave. */
ZOBO_MUST_CHECK zobo_err zobo_double_barrier_leave(zobo_double_barrier *barrier, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_double_barrier_leave_async(zobo_double_barrier *barrier, const zobo_how *how,
                                                         zobo_call **call);

/* zobo_double_barrier_participating tells whether it is inside: entered, not left, and not known to be lost. While the
 * client is SUSPENDED that is what was known last. Any thread, any callback. Source: kazoo participating. */
bool zobo_double_barrier_participating(const zobo_double_barrier *barrier);

/* zobo_double_barrier_free takes the member out, without waiting for the others, and frees the handle. What is under
 * way ends with ZOBO_ECANCELLED, and when it returns no callback of it runs any more (called from one of them: once
 * that has returned). NULL is ignored. Any thread but inline callbacks. */
void zobo_double_barrier_free(zobo_double_barrier *barrier);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
