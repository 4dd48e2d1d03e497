/* SPDX-License-Identifier: Apache-2.0 */
/* Election and LeaderLatch: one leader at a time among all processes.
 *
 * Two forms of one thing. An election runs a function while its candidate leads (kazoo's Election): right for work that
 * has an end. A leader latch takes part by itself for as long as it is started, and tells each time it becomes the
 * leader and each time it no longer is (Curator's LeaderLatch): right for a service that is always there.
 *
 *     err = zobo_election_new(zk, "/leader", NULL, &election, &why);
 *     err = zobo_election_run(election, lead, arg, 0);       // waits to be elected, calls lead(arg, election), resigns
 *
 *     zobo_leader_latch_options options = {.leader = activate, .not_leader = stand_by};
 *     err = zobo_leader_latch_new(zk, "/leader", &options, &latch, &why);
 *     err = zobo_leader_latch_start(latch);                  // takes part until it is stopped or freed
 *
 * Nodes: those of a lock (zobo/lock.h): PATH/<uuid>__lock__<sequence>, ephemeral, the identifier as data. kazoo's
 * candidates and zobo's stand in one line; who is first in it leads.
 *
 * Guarantees: at most one leader among sessions that live, and a candidate that crashes is followed by the next when
 * its session is over. No client can know the moment at which a server that it cannot reach ends its session: a leader
 * is told by its own clock at the latest, and what two must never do is to be guarded with the fencing token
 * (zobo/lock.h).
 *
 * Limits: an object is one candidate. */
#ifndef ZOBO_ELECTION_H
#define ZOBO_ELECTION_H

#include <zobo/call.h>
#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* --- Election --- */

/* A candidate in the election at a path. Opaque. */
typedef struct zobo_election zobo_election;

/* What the leader does: see zobo_election_run. */
typedef void zobo_election_lead_fn(void *arg, zobo_election *election);

/* Told on the callback thread when the leadership is lost: its session is over (or may be, with
 * options.release_on_suspended), or somebody deleted its node. Another may lead from now on. */
typedef void zobo_election_lost_fn(void *arg, zobo_election *election);

/* How a candidate is. Zero: without an identifier. Everything pointed to is copied. */
typedef struct zobo_election_options {
    size_t size;                 /* 0, or sizeof(zobo_election_options) */
    const char *identifier;      /* the node's data: what zobo_election_contenders shows; NULL: "" */
    bool release_on_suspended;   /* a lost connection counts as lost leadership, for then another might soon lead */
    const zobo_acl_list *acl;    /* of the nodes; NULL: the client's default */
    zobo_election_lost_fn *lost; /* NULL: ask zobo_election_check */
    void *lost_arg;
} zobo_election_options;

/* zobo_election_new makes a candidate; nothing is sent.
 *
 * `options` NULL: without an identifier. On ZOBO_OK `*out` is the caller's (zobo_election_free, before zobo_close).
 * Errors, told by `why` (may be NULL): ZOBO_EBADPATH, ZOBO_EBADOPTION, ZOBO_ENOMEM, ZOBO_ESYS. Any thread, any
 * callback. Source: kazoo Election(). */
ZOBO_MUST_CHECK zobo_err zobo_election_new(zobo_client *client, const char *path, const zobo_election_options *options,
                                           zobo_election **out, zobo_problem *why);

/* zobo_election_run waits to be elected, at most `timeout_ms` (0: without limit), calls lead(arg, election) in the
 * calling thread, and resigns when it returns.
 *
 * Nothing can stop `lead` from without: if it takes long it asks zobo_election_check now and then, or is told by
 * options.lost, and returns soon when the leadership is lost. Returns ZOBO_OK when it has led to its end, and
 * ZOBO_ELOCKLOST when the leadership was lost meanwhile. Should resigning fail (ZOBO_ENOAUTH; ZOBO_ENOMEM: it still
 * leads, until zobo_election_resign), that error is returned. With all others `lead` was not called: ZOBO_EWAITTIMEOUT
 * (nothing is left behind), ZOBO_ECANCELLED (zobo_election_cancel, zobo_election_free), ZOBO_EALREADY (a run of this
 * object is under way), ZOBO_EINVAL (lead NULL), ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM, ZOBO_EWOULDBLOCK, and
 * what the server refuses (ZOBO_ENOAUTH, ...). `lead` may call anything, zobo_election_free too. Any thread; not in
 * inline callbacks. Source: kazoo Election.run, which swallows a cancellation. */
ZOBO_MUST_CHECK zobo_err zobo_election_run(zobo_election *election, zobo_election_lead_fn *lead, void *arg,
                                           uint32_t timeout_ms);

/* zobo_election_campaign waits to be elected, at most `timeout_ms` (0: without limit). The candidate then leads until
 * it resigns or loses the leadership.
 *
 * Lost connections and sessions are overcome within that time. Errors: as zobo_election_run. The twin's reply->path is
 * the node; its limit is how->timeout_ms. Any thread; not in inline callbacks. Source: Curator LeaderSelector. */
ZOBO_MUST_CHECK zobo_err zobo_election_campaign(zobo_election *election, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_election_campaign_async(zobo_election *election, const zobo_how *how, zobo_call **call);

/* zobo_election_resign ends what zobo_election_campaign has begun, and waits until the server knows, at most
 * `timeout_ms` (0: without limit).
 *
 * From the moment of the call the candidate does not lead, whatever comes of it. Errors: ZOBO_ENOTHELD (it does not
 * lead); ZOBO_ELOCKLOST (it had lost the leadership: once, then ZOBO_ENOTHELD); ZOBO_EWAITTIMEOUT and ZOBO_ECANCELLED
 * (it goes on); ZOBO_ENOTSTARTED and ZOBO_ESTOPPED (the node goes with the session). Any thread; not in inline
 * callbacks. */
ZOBO_MUST_CHECK zobo_err zobo_election_resign(zobo_election *election, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_election_resign_async(zobo_election *election, const zobo_how *how, zobo_call **call);

/* zobo_election_cancel ends the waiting of this object's run and campaign, with ZOBO_ECANCELLED; a leader goes on.
 *
 * Errors: ZOBO_ENOMEM. Any thread, any callback. Source: kazoo Election.cancel. */
ZOBO_MUST_CHECK zobo_err zobo_election_cancel(zobo_election *election);

/* zobo_election_contenders reads who leads and who waits, in order: reply->children are their identifiers.
 *
 * Errors: ZOBO_EWAITTIMEOUT, and those of zobo_get_children, but a missing PATH is an empty list. Source: kazoo
 * Election.contenders. */
ZOBO_MUST_CHECK zobo_err zobo_election_contenders(zobo_election *election, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_election_contenders_async(zobo_election *election, const zobo_how *how, zobo_call **call);

/* zobo_election_check tells, as far as this client knows: ZOBO_OK it leads, ZOBO_ELOCKLOST it did and has lost the
 * leadership, ZOBO_ENOTHELD. Sends nothing. That a node was deleted by somebody else is known only with options.lost.
 * Any thread, any callback; takes no lock. */
ZOBO_MUST_CHECK zobo_err zobo_election_check(const zobo_election *election);

/* zobo_election_fence returns the fencing token while it leads, else 0: larger than that of every leader before. Any
 * thread, any callback; takes no lock. */
int64_t zobo_election_fence(const zobo_election *election);

/* zobo_election_free lets go of the candidate: what waits ends with ZOBO_ECANCELLED, the leadership is given up, soon.
 *
 * A run whose `lead` is under way goes on to the end of it. When this returns options.lost is not running, unless it is
 * called from it, and will not be called again. NULL is ignored. Any thread, any callback but inline ones. */
void zobo_election_free(zobo_election *election);

/* --- LeaderLatch --- */

/* A candidate that takes part for as long as it is started. Opaque. */
typedef struct zobo_leader_latch zobo_leader_latch;

/* Told on the callback thread: see zobo_leader_latch_options. */
typedef void zobo_leader_latch_fn(void *arg, zobo_leader_latch *latch);

/* How a leader latch is. Zero: no identifier, nobody is told. Everything pointed to is copied. */
typedef struct zobo_leader_latch_options {
    size_t size;              /* 0, or sizeof(zobo_leader_latch_options) */
    const char *identifier;   /* the node's data: what zobo_leader_latch_participants shows; NULL: "" */
    bool keep_on_suspended;   /* lead on without a connection, until the session is lost; else the latch stands down at
                             * once, for then another might soon lead */
    const zobo_acl_list *acl; /* of the nodes; NULL: the client's default */
    /* The two are told in turn, leader first; what was over before it could be told is not told. They may take
     * their time: only what is told waits, never the election. */
    zobo_leader_latch_fn *leader; /* may be NULL */
    void *leader_arg;
    zobo_leader_latch_fn *not_leader; /* may be NULL */
    void *not_leader_arg;
} zobo_leader_latch_options;

/* zobo_leader_latch_new makes a latch that does not take part yet; nothing is sent.
 *
 * `options` NULL: all defaults. On ZOBO_OK `*out` is the caller's (zobo_leader_latch_free, before zobo_close). Errors,
 * told by `why` (may be NULL): ZOBO_EBADPATH, ZOBO_EBADOPTION, ZOBO_ENOMEM, ZOBO_ESYS. Any thread, any callback.
 * Source: Curator LeaderLatch(). */
ZOBO_MUST_CHECK zobo_err zobo_leader_latch_new(zobo_client *client, const char *path,
                                               const zobo_leader_latch_options *options, zobo_leader_latch **out,
                                               zobo_problem *why);

/* zobo_leader_latch_start takes part in the election from now on; returns at once.
 *
 * Whatever happens to connections and sessions, the latch stands in line again as soon as it can, also when the client
 * is stopped and started again. What the server refuses (ZOBO_ENOAUTH, ...) is told to those who await, and tried again
 * every few seconds. Errors: ZOBO_EALREADY (it takes part), ZOBO_ENOMEM. Any thread, any callback. Source: Curator
 * LeaderLatch.start. */
ZOBO_MUST_CHECK zobo_err zobo_leader_latch_start(zobo_leader_latch *latch);

/* zobo_leader_latch_stop ends the taking part: a leader stands down, its node is gone, and not_leader has been told
 * and has returned, when this returns.
 *
 * It waits for `leader`, too, if that is running: neither may wait for the caller, or for a lock of his. From a
 * callback of this client, and for a client with an event loop, it cannot wait for callbacks: they are told as soon as
 * the callback has returned, or the loop goes on, unless the latch is freed before. The twin ends after the callbacks
 * likewise. Those who await get ZOBO_ECANCELLED. It may be started again. That it does not take part is ZOBO_OK.
 * Errors: ZOBO_ENOMEM (it was not stopped), ZOBO_EWAITTIMEOUT (`timeout_ms` is over, 0: without limit; it goes on all
 * the same), ZOBO_ENOTSTARTED and ZOBO_ESTOPPED (the node goes with the session), ZOBO_EWOULDBLOCK. Any thread; not in
 * inline callbacks. Source: Curator LeaderLatch.close(NOTIFY_LEADER). */
ZOBO_MUST_CHECK zobo_err zobo_leader_latch_stop(zobo_leader_latch *latch, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_leader_latch_stop_async(zobo_leader_latch *latch, const zobo_how *how, zobo_call **call);

/* zobo_leader_latch_await waits until the latch leads, at most `timeout_ms` (0: without limit).
 *
 * Errors: ZOBO_EWAITTIMEOUT (the latch takes part as before), ZOBO_ECANCELLED (stopped, freed), ZOBO_ENOTSTARTED
 * (zobo_leader_latch_start was not called, or zobo_leader_latch_stop since; or the client is not started),
 * ZOBO_ESTOPPED, ZOBO_ENOMEM, ZOBO_EWOULDBLOCK, and what the server refuses. The twin's limit is how->timeout_ms. Any
 * thread; not in inline callbacks. Source: Curator LeaderLatch.await. */
ZOBO_MUST_CHECK zobo_err zobo_leader_latch_await(zobo_leader_latch *latch, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_leader_latch_await_async(zobo_leader_latch *latch, const zobo_how *how, zobo_call **call);

/* zobo_leader_latch_is_leader tells whether it leads, as far as this client knows: false before not_leader is told.
 *
 * Any thread, any callback; takes no lock. Source: Curator LeaderLatch.hasLeadership. */
bool zobo_leader_latch_is_leader(const zobo_leader_latch *latch);

/* zobo_leader_latch_fence returns the fencing token while it leads, else 0: larger than that of every leader before.
 * Any thread, any callback; takes no lock. */
int64_t zobo_leader_latch_fence(const zobo_leader_latch *latch);

/* zobo_leader_latch_participants reads who takes part, the leader first: reply->children are their identifiers.
 *
 * Errors: ZOBO_EWAITTIMEOUT, and those of zobo_get_children, but a missing PATH is an empty list. Source: Curator
 * LeaderLatch.getParticipants. */
ZOBO_MUST_CHECK zobo_err zobo_leader_latch_participants(zobo_leader_latch *latch, uint32_t timeout_ms,
                                                        zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_leader_latch_participants_async(zobo_leader_latch *latch, const zobo_how *how,
                                                              zobo_call **call);

/* zobo_leader_latch_free lets go of the latch without telling, which zobo_leader_latch_stop does: its node goes, soon.
 *
 * Calls under way end with ZOBO_ECANCELLED. When it returns neither callback is running, unless this is called from it,
 * and none will be called again. NULL is ignored. Any thread, any callback but inline ones. */
void zobo_leader_latch_free(zobo_leader_latch *latch);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
