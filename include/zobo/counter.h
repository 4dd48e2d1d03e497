/* SPDX-License-Identifier: Apache-2.0 */
/* A number and a value that all share: kazoo's Counter, Curator's SharedCount and SharedValue.
 *
 *     zobo_counter_change change;
 *     err = zobo_counter_new(zk, "/served", NULL, &served, &why);
 *     err = zobo_counter_add(served, 1, 10000, &change);     // change.pre_value, change.post_value
 *
 *     err = zobo_shared_value_new(zk, "/mode", &(zobo_shared_value_options){.changed = on_mode}, &mode, &why);
 *     err = zobo_shared_value_start(mode);                   // on_mode is told from now on
 *     err = zobo_shared_value_wait(mode, 10000);
 *     err = zobo_shared_value_set(mode, "busy", 4, 10000, NULL);
 *
 * Layout. A **counter** is one node whose data is a number: in kazoo's layout decimal digits ("5", "-12"; empty: the
 * default), in Curator's (options.curator, its SharedCount) four bytes, big-endian. zobo's numbers are 64-bit integers,
 * in Curator's layout 32-bit ones. What does not fit is an error and changes nothing; kazoo's fractions ("3.5") are
 * ZOBO_EBADDATA.
 *
 * A **shared value** is one node whose data is any bytes: each handle keeps the last value and tells of changes.
 *
 * Guarantees. **Nothing is done twice.** A change is a versioned set, tried again when another came first. The case
 * that goes wrong elsewhere is an answer that is lost: the node has a new version, and nobody can tell whose. (Its
 * value cannot tell either: another may have set the same.) So each handle has a *witness*, a node of its own beneath
 * the counter, and each change is one transaction: the witness is set, on condition of its version, and the counter is
 * set, on condition of its. After a lost answer the very same transaction is sent again. If the first was carried out,
 * the witness has moved on and the second fails for that; if not, it is carried out now; and should the first still be
 * on its way somewhere it can never succeed later. This holds over lost connections, lost sessions, and sessions that
 * the client believed lost and were not. (An ephemeral mark would not do: it goes with the session, and with it the
 * knowledge.) A process that crashes leaves no doubt to anybody else: its change was made or was not.
 *
 * Limits. All that change one number are in each other's way, and one of them has to try again. The price of the
 * guarantee: one more small node for each handle that changes something, `path/<UUID>__witness__`, persistent and
 * empty, made at the first change and removed at free; and a transaction in place of a set: still one request. When the
 * client is stopped as it is freed, or before the removal has been answered, it is removed when the client has been
 * started again. One that is closed without a connection, or a process that crashes, leaves its witness behind. Such
 * are removed by later handles, some by each, when they have not been used for a day; a change that is in doubt for
 * longer ends with ZOBO_EABANDONED, the one case in which its outcome is not known.
 * kazoo and Curator do not mind the children of a counter, but one who deletes the counter has to delete those, too.
 * With options.no_witness there are plain sets and no nodes, and each change reads the number first: an answer that is
 * lost is then looked after where looking can tell (nobody has set the node since), and else ends the operation with an
 * error of class UNKNOWN; never twice, either way. */
#ifndef ZOBO_COUNTER_H
#define ZOBO_COUNTER_H

#include <zobo/call.h>
#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A counter. Any number of threads may use it at a time; changes of one handle are made one after another. */
typedef struct zobo_counter zobo_counter;

/* How a counter is to be. Zero is the default for every field. */
typedef struct zobo_counter_options {
    size_t size;              /* 0, or sizeof(zobo_counter_options) */
    int64_t default_value;    /* of a node that is missing or empty [kazoo: default] */
    bool curator;             /* Curator's layout instead of kazoo's [kazoo: support_curator]: the
                            * node holds four bytes from the moment it is made */
    bool no_witness;          /* see above */
    const zobo_acl_list *acl; /* of the nodes; NULL: the client's default */
} zobo_counter_options;

/* What a change did: a twin's reply->data points to one (reply->data_len is its size). */
typedef struct zobo_counter_change {
    int64_t pre_value;
    int64_t post_value;
} zobo_counter_change;

/* zobo_counter_new makes a counter's handle; it does not talk to the server.
 *
 * `options` may be NULL. On ZOBO_OK `*out` is freed by zobo_counter_free; on an error it is NULL and `why` (may be
 * NULL) tells what is wrong. Errors: ZOBO_EBADPATH (also "/"), ZOBO_EBADOPTION (also a default that Curator's layout
 * cannot hold), ZOBO_EINVAL (no client; the ACL), ZOBO_ENOMEM, ZOBO_ESYS, ZOBO_EFORKED. Any thread, any callback.
 * Source: kazoo Counter(). */
ZOBO_MUST_CHECK zobo_err zobo_counter_new(zobo_client *client, const char *path, const zobo_counter_options *options,
                                          zobo_counter **out, zobo_problem *why);

/* zobo_counter_value reads the number; a missing node is the default, and is not made. (The twin: both of the
 * zobo_counter_change.)
 *
 * It takes `timeout_ms` at most (0: without limit). Another session's change may not be seen yet: zobo_sync first, if
 * that matters. Errors: ZOBO_EBADDATA (not a number, or one that does not fit), ZOBO_ENOAUTH; ZOBO_EWAITTIMEOUT,
 * ZOBO_ECANCELLED, ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM. Source: kazoo Counter.value. */
ZOBO_MUST_CHECK zobo_err zobo_counter_value(zobo_counter *counter, uint32_t timeout_ms, int64_t *value);
ZOBO_MUST_CHECK zobo_err zobo_counter_value_async(zobo_counter *counter, const zobo_how *how, zobo_call **call);

/* zobo_counter_add adds `delta`, exactly once, within `timeout_ms` (0: without limit); zobo_counter_sub takes it away.
 * A missing node is made, with all above it.
 *
 * `change` (may be NULL) gets the number before and after. Errors: ZOBO_EOVERFLOW (the sum does not fit: nothing was
 * changed), ZOBO_EBADDATA (the same), ZOBO_EABANDONED (see above), ZOBO_ENOAUTH, ZOBO_EINVALIDACL,
 * ZOBO_ENOCHILDRENFOREPHEMERALS, ZOBO_EQUOTAEXCEEDED; ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM. After
 * ZOBO_EWAITTIMEOUT and ZOBO_ECANCELLED (cancelling, freeing) nothing was or will be changed; ZOBO_EABANDONED in their
 * place: it was on its way, and whether it was made is not known. Source: kazoo Counter.__add__, __sub__. */
ZOBO_MUST_CHECK zobo_err zobo_counter_add(zobo_counter *counter, int64_t delta, uint32_t timeout_ms,
                                          zobo_counter_change *change);
ZOBO_MUST_CHECK zobo_err zobo_counter_add_async(zobo_counter *counter, int64_t delta, const zobo_how *how,
                                                zobo_call **call);
ZOBO_MUST_CHECK zobo_err zobo_counter_sub(zobo_counter *counter, int64_t delta, uint32_t timeout_ms,
                                          zobo_counter_change *change);
ZOBO_MUST_CHECK zobo_err zobo_counter_sub_async(zobo_counter *counter, int64_t delta, const zobo_how *how,
                                                zobo_call **call);

/* zobo_counter_last copies what this handle's last successful change did; zeros before the first. Any thread, any
 * callback. Source: kazoo Counter.pre_value, post_value. */
void zobo_counter_last(const zobo_counter *counter, zobo_counter_change *change);

/* zobo_counter_free frees the handle and removes its witness, of which it has sent the request when it returns; without
 * a connection that waits for one (see above). The counter stays. What is under way ends with ZOBO_ECANCELLED or
 * ZOBO_EABANDONED, of which the twins' `done` may be told after it has returned. NULL is ignored.
 * Any thread, any callback but inline ones. */
void zobo_counter_free(zobo_counter *counter);

/* ---- */

/* A shared value. Any number of threads may use it at a time; changes of one handle are made one after another. */
typedef struct zobo_shared_value zobo_shared_value;

/* Told, on the callback thread, of the value at start and each time it is seen to have changed: value->data, and
 * value->stat of which `version` is what zobo_shared_value_try_set takes. Changes in quick succession may be told as
 * one. `value` is borrowed; it is NULL when the node was deleted. It may call anything. */
typedef void zobo_shared_value_changed_fn(void *arg, zobo_shared_value *shared, const zobo_reply *value);

/* How a shared value is to be. Zero is the default for every field. */
typedef struct zobo_shared_value_options {
    size_t size;      /* 0, or sizeof(zobo_shared_value_options) */
    const void *seed; /* the data of a node that has to be made */
    size_t seed_len;
    zobo_shared_value_changed_fn *changed; /* may be NULL */
    void *changed_arg;
    bool no_witness;          /* see above */
    const zobo_acl_list *acl; /* of the nodes; NULL: the client's default */
} zobo_shared_value_options;

/* zobo_shared_value_new makes a handle; it does not talk to the server.
 *
 * `options` may be NULL; all is copied. On ZOBO_OK `*out` is freed by zobo_shared_value_free; on an error it is NULL
 * and `why` (may be NULL) tells what is wrong. Errors: ZOBO_EBADPATH (also "/"), ZOBO_EBADOPTION, ZOBO_EINVAL (no
 * client; a seed of NULL with a length; the ACL), ZOBO_ENOMEM, ZOBO_ESYS, ZOBO_EFORKED. Any thread, any callback.
 * Source: Curator SharedValue(). */
ZOBO_MUST_CHECK zobo_err zobo_shared_value_new(zobo_client *client, const char *path,
                                               const zobo_shared_value_options *options, zobo_shared_value **out,
                                               zobo_problem *why);

/* zobo_shared_value_start begins to follow the node, and returns at once: it is made with the seed if it is missing,
 * and followed over lost connections and sessions, and when it is deleted and made again. The client need not be
 * started.
 *
 * Errors: ZOBO_EALREADY, ZOBO_ENOMEM. Any thread, any callback. Source: Curator SharedValue.start. */
ZOBO_MUST_CHECK zobo_err zobo_shared_value_start(zobo_shared_value *shared);

/* zobo_shared_value_wait waits until the node has been read for the first time, at most `timeout_ms` (0: without
 * limit).
 *
 * Errors: ZOBO_EWAITTIMEOUT, ZOBO_ENOTSTARTED (zobo_shared_value_start was not called; or the client is not started, or
 * stops meanwhile), ZOBO_ECANCELLED (freed), ZOBO_ENOMEM, ZOBO_EWOULDBLOCK; and what the server refuses with
 * (ZOBO_ENOAUTH, ZOBO_EINVALIDACL, ZOBO_ENOCHILDRENFOREPHEMERALS), which is tried on all the same. The twin's limit is
 * how->timeout_ms. Any thread; not in inline callbacks. */
ZOBO_MUST_CHECK zobo_err zobo_shared_value_wait(zobo_shared_value *shared, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_shared_value_wait_async(zobo_shared_value *shared, const zobo_how *how, zobo_call **call);

/* zobo_shared_value_get hands out the value that was seen last: (*out)->data and (*out)->stat. Waits for nothing.
 *
 * `*out` is freed by zobo_reply_free. Errors: ZOBO_ENOTSTARTED (not started, or not read yet: zobo_shared_value_wait),
 * ZOBO_ENONODE (the node was deleted), ZOBO_ENOMEM. Any thread, any callback. Source: Curator
 * SharedValue.getVersionedValue. */
ZOBO_MUST_CHECK zobo_err zobo_shared_value_get(zobo_shared_value *shared, zobo_reply **out);

/* zobo_shared_value_set replaces the value, whatever it is, exactly once, within `timeout_ms` (0: without limit).
 * `stat` (may be NULL) gets the new version.
 *
 * `data` NULL (and `len` 0) is null data. Once it has returned, get tells of this value or a later one. Errors:
 * ZOBO_ENOTSTARTED (also: not read yet), ZOBO_ENONODE (the node was deleted), ZOBO_EABANDONED (see above),
 * ZOBO_ENOAUTH, ZOBO_ETOOBIG, ZOBO_EQUOTAEXCEEDED; ZOBO_ESTOPPED, ZOBO_ENOMEM; ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED as
 * for zobo_counter_add. Source: Curator SharedValue.setValue. */
ZOBO_MUST_CHECK zobo_err zobo_shared_value_set(zobo_shared_value *shared, const void *data, size_t len,
                                               uint32_t timeout_ms, zobo_stat *stat);
ZOBO_MUST_CHECK zobo_err zobo_shared_value_set_async(zobo_shared_value *shared, const void *data, size_t len,
                                                     const zobo_how *how, zobo_call **call);

/* zobo_shared_value_try_set replaces the value if its version still is `version` (-1: any), exactly once.
 *
 * ZOBO_EBADVERSION: another was first; get tells (soon) what it is now. Otherwise as zobo_shared_value_set. Source:
 * Curator SharedValue.trySetValue. */
ZOBO_MUST_CHECK zobo_err zobo_shared_value_try_set(zobo_shared_value *shared, const void *data, size_t len,
                                                   int32_t version, uint32_t timeout_ms, zobo_stat *stat);
ZOBO_MUST_CHECK zobo_err zobo_shared_value_try_set_async(zobo_shared_value *shared, const void *data, size_t len,
                                                         int32_t version, const zobo_how *how, zobo_call **call);

/* zobo_shared_value_free stops following and frees the handle; the value stays. What is under way ends with
 * ZOBO_ECANCELLED or ZOBO_EABANDONED, of which the twins' `done` may be told after it has returned.
 *
 * When it returns options.changed is not running, unless this is called from it, and will not be called again. NULL is
 * ignored. Any thread, any callback but inline ones. */
void zobo_shared_value_free(zobo_shared_value *shared);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
