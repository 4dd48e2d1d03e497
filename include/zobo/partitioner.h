/* SPDX-License-Identifier: Apache-2.0 */
/* A set of things divided among those who are here: kazoo's SetPartitioner.
 *
 * Each member of a party gets its part of a set of items (queues, shards, ...), each item belongs to one member at
 * most. When members come or go the parts are given back and dealt out anew.
 *
 *     zobo_set_partitioner *p;
 *     zobo_set_partitioner_options options = {.changed = on_change};
 *     zobo_set_partitioner_new(zk, "/shards", items, n, &options, &p, &why);
 *     for (;;) {
 *         zobo_set_partitioner_wait(p, 0, &mine);          // mine->children
 *         work(mine, ...);                                 // until the state is no longer ZOBO_PARTITION_ACQUIRED
 *         zobo_set_partitioner_release_set(p, 0);          // and then all over again
 *     }
 *
 * Nodes: PATH/party is a shallow party (PATH/party/UUID-IDENTIFIER), PATH/locks/ITEM/ a lock for each item in use;
 * kazoo's members and zobo's divide a set between them.
 *
 * States: ALLOCATING until the party has been the same for time_boundary_ms and the locks of the own part are held;
 * then ACQUIRED; RELEASE when the party changes or the connection is lost: the program stops its work on the items and
 * calls zobo_set_partitioner_release_set, which leads back to ALLOCATING. FAILURE is the end:
 * zobo_set_partitioner_finish, or what the server refuses.
 *
 * The part: the items, sorted by code point, each n-th from the own rank among the n members sorted by identifier.
 * Members with the same identifier are told apart by the names of their nodes.
 *
 * Guarantees: no two members of the same party have an item at the same time, for each is locked by who has it; what is
 * held by another is waited for, and the deal begins anew as soon as the party changes meanwhile (kazoo's
 * max_reaction_time, after which it looks, is not needed). After the loss of the session the locks are gone: the state
 * is RELEASE, and after zobo_set_partitioner_release_set the member joins and locks anew by itself.
 *
 * Limits: an item is locked by the session: who works on an item after ZOBO_SUSPENDED must be done before his session
 * times out. Items and identifiers are names of nodes: no '/'. kazoo's members with the same identifier get the same
 * part.
 *
 * All functions may be called from any thread and any callback, but the blocking ones and zobo_set_partitioner_free not
 * from inline callbacks. The client must outlive the recipe. */
#ifndef ZOBO_PARTITIONER_H
#define ZOBO_PARTITIONER_H

#include <zobo/call.h>
#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A member that has its part of a set. Opaque. */
typedef struct zobo_set_partitioner zobo_set_partitioner;

/* kazoo's PartitionState. */
typedef enum zobo_partition_state {
    ZOBO_PARTITION_ALLOCATING = 0, /* the part is being dealt out */
    ZOBO_PARTITION_ACQUIRED,       /* it is held */
    ZOBO_PARTITION_RELEASE,        /* it is to be given back: zobo_set_partitioner_release_set */
    ZOBO_PARTITION_FAILURE         /* it is over */
} zobo_partition_state;

/* zobo_partition_state_name returns "ALLOCATING", "ACQUIRED", "RELEASE" or "FAILURE".
 *
 * Static string. Any thread. */
const char *zobo_partition_state_name(zobo_partition_state state);

/* Told of each change of state, on the callback thread. `err` tells why it is FAILURE, else ZOBO_OK. */
typedef void zobo_set_partitioner_changed_fn(void *arg, zobo_set_partitioner *partitioner, zobo_partition_state state,
                                             zobo_err err);

/* Divides: sets mine[i] for each item that is to be the own member's. `members` are the identifiers, sorted,
 * members[me] is the own one; `items` are sorted, too. mine[] comes all false. It must come to the same division in
 * each member. Called inline: it may not block. Source: kazoo partition_func. */
typedef void zobo_set_partitioner_partition_fn(void *arg, const char *const *members, size_t n_members, size_t me,
                                               const char *const *items, size_t n_items, bool *mine);

/* How it is to be. Zero: as kazoo's. Everything pointed to is copied. */
typedef struct zobo_set_partitioner_options {
    size_t size;               /* 0, or sizeof(zobo_set_partitioner_options) */
    const char *identifier;    /* NULL: HOST-PID, with the host's full name as far as it is known */
    uint32_t time_boundary_ms; /* how long the party must be the same before the set is divided; 0: 30000 */
    zobo_set_partitioner_partition_fn *partition; /* NULL: each n-th item */
    void *partition_arg;
    zobo_set_partitioner_changed_fn *changed; /* may be NULL (kazoo: state_change_event) */
    void *changed_arg;
    bool fail_when_lost;      /* the loss of the session is FAILURE, as in kazoo */
    const zobo_acl_list *acl; /* of the nodes; NULL: the client's default */
} zobo_set_partitioner_options;

/* zobo_set_partitioner_new makes the object and begins: it joins the party and goes for its part by itself, as soon as
 * the client is connected.
 *
 * `items` need be neither sorted nor without repetition. On ZOBO_OK `*out` is freed by zobo_set_partitioner_free; on
 * error `why` (may be NULL) tells what is wrong. Errors: ZOBO_EBADPATH (also for items and identifiers that cannot be
 * names of nodes), ZOBO_EBADOPTION, ZOBO_EINVAL, ZOBO_ESYS (no host name), ZOBO_ENOMEM, ZOBO_EFORKED. Source: kazoo
 * SetPartitioner. */
ZOBO_MUST_CHECK zobo_err zobo_set_partitioner_new(zobo_client *client, const char *path, const char *const *items,
                                                  size_t n_items, const zobo_set_partitioner_options *options,
                                                  zobo_set_partitioner **out, zobo_problem *why);

/* zobo_set_partitioner_state returns the state. Waits for nothing. Source: kazoo state, acquired, release, ... */
zobo_partition_state zobo_set_partitioner_state(const zobo_set_partitioner *p);

/* zobo_set_partitioner_wait waits until the own part is held, at most `timeout_ms` (0: without limit): reply->children,
 * sorted; it may be empty.
 *
 * `*out` (out may be NULL) is freed by zobo_reply_free. Errors: ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED, in the state
 * RELEASE ZOBO_ELOCKLOST (call zobo_set_partitioner_release_set first), in the state FAILURE its reason (ZOBO_ENOTHELD
 * after zobo_set_partitioner_finish), ZOBO_ESTOPPED. Source: kazoo wait_for_acquire, and its iteration. */
ZOBO_MUST_CHECK zobo_err zobo_set_partitioner_wait(zobo_set_partitioner *p, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_set_partitioner_wait_async(zobo_set_partitioner *p, const zobo_how *how,
                                                         zobo_call **call);

/* zobo_set_partitioner_release_set gives the own part back, waits until the locks are released, and begins to allocate
 * anew.
 *
 * For the state RELEASE; in ACQUIRED and ALLOCATING it does the same. Errors: ZOBO_EWAITTIMEOUT (it goes on),
 * ZOBO_ECANCELLED, ZOBO_ENOTHELD (FAILURE). Source: kazoo release_set. */
ZOBO_MUST_CHECK zobo_err zobo_set_partitioner_release_set(zobo_set_partitioner *p, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_set_partitioner_release_set_async(zobo_set_partitioner *p, const zobo_how *how,
                                                                zobo_call **call);

/* zobo_set_partitioner_finish gives the own part back and leaves the party; the state is FAILURE. Errors: as
 * zobo_set_partitioner_release_set. Source: kazoo finish. */
ZOBO_MUST_CHECK zobo_err zobo_set_partitioner_finish(zobo_set_partitioner *p, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_set_partitioner_finish_async(zobo_set_partitioner *p, const zobo_how *how,
                                                           zobo_call **call);

/* zobo_set_partitioner_free is finish, without waiting for the server, and frees the object. NULL is ignored. Any
 * thread, any callback but inline ones. */
void zobo_set_partitioner_free(zobo_set_partitioner *p);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
