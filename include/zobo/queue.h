/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: kazoo's Queue and LockingQueue, Curator's DistributedDelayQueue.
 *
 *     err = zobo_queue_new(zk, "/jobs", NULL, &jobs, &why);
 *     err = zobo_queue_put(jobs, "mail", 4, ZOBO_PRIORITY, 10000);
 *     if (zobo_queue_get(jobs, 60000, &item) == ZOBO_OK)     // item->data; it is removed
 *         zobo_reply_free(item);
 *
 *     if (zobo_locking_queue_get(tasks, 60000, &item) == ZOBO_OK) {  // nobody else gets it while this process lives
 *         work(item);
 *         err = zobo_locking_queue_consume(tasks, 0);        // and now it is removed
 *     }
 *
 * **Queue**: whoever gets an entry has removed it. Layout: `path/entry-<priority, 3 digits>-<sequence>`, persistent,
 * the data as it is. Lower priorities come first, within one the older ones, and an entry that was put before a get
 * began is minded by it. An entry is handed out at most once: a consumer that dies with it takes it along.
 *
 * **LockingQueue**: whoever gets an entry has locked it, and consumes it when it is done; if it dies before, another
 * gets it. Layout: entries as above in `path/entries`; an entry is taken while `path/taken/<the entry's name>` is
 * there, ephemeral, its data the consumer's UUID. Nothing is lost and nothing is consumed twice; an entry whose
 * consumer has lost its session is handed out again, and that consumer is told (options.lost, ZOBO_ELOCKLOST) and
 * cannot consume it.
 *
 * **DelayQueue**: an entry is handed out when its time has come. Layout, Curator's:
 * `path/queue-|<milliseconds since 1970, hexadecimal, capitals, at least 8 digits>|<sequence>`, persistent; its data is
 * Curator's too: 00 01 00 01, then 01, the length in four bytes and the bytes, then 02. Entries in which Curator has
 * put several items at once are left to Curator. Otherwise as Queue. Times are compared with this machine's clock.
 *
 * Guarantees: an entry is put once, and handed out once at most (a LockingQueue's: consumed once), over lost answers,
 * connections and sessions. A put or a get whose answer is lost is neither done again nor given up: each handle has
 * witnesses, nodes of its own whose versions are part of each transaction, as counter.h explains, with the same
 * guarantee, the same price (one small node for each put or get that is under way at a time, removed at free; still one
 * request each) and the same way out (options.no_witness: after a lost answer put ends with an error of class UNKNOWN;
 * get takes the entry for another's if it is gone). They are `path/<UUID>__witness__` in a LockingQueue, with
 * `path/<UUID>__session__`, ephemeral, by which a transaction knows that the session still lives in which a lock was
 * made. In a Queue every child would be an entry to kazoo, so there they lie beside it, in `<path>__witness__/`, or in
 * options.witness_path; that node is made when needed and goes with the last of them.
 *
 * Limits: a plain Queue's entry goes with the consumer that dies with it. The list of a long queue is a long answer,
 * which options.max_reply_bytes of the client limits. A queue that is freed while its client is stopped has its
 * witnesses removed when that has been started again; a client that is closed without a connection, or a process that
 * crashes, leaves them behind, and later handles remove them when they have not been used for a day. Who deletes the
 * queue has to delete those, too.
 *
 * Costs: a Queue's get is two requests in a row (the entry's data and the queue's stat in one go, then the removal);
 * the list of entries is read again only when one has been put since. A LockingQueue's get is three: the two lists,
 * then the lock and the data in one go. Those of one handle that wait share one watch and one list. */
#ifndef ZOBO_QUEUE_H
#define ZOBO_QUEUE_H

#include <zobo/call.h>
#include <zobo/extend.h>
#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* kazoo's default priority; 0 is the highest, 999 the lowest. */
enum { ZOBO_PRIORITY = 100, ZOBO_PRIORITY_MAX = 999 };

/* A queue. Any number of threads may use it at a time. */
typedef struct zobo_queue zobo_queue;

/* How a queue or a delay queue is to be. Zero is the default for every field. */
typedef struct zobo_queue_options {
    size_t size;              /* 0, or sizeof(zobo_queue_options) */
    const char *witness_path; /* NULL: the queue's path with "__witness__" appended */
    bool no_witness;          /* see above */
    const zobo_acl_list *acl; /* of the nodes; NULL: the client's default */
} zobo_queue_options;

/* zobo_queue_new makes a queue's handle; it does not talk to the server.
 *
 * `options` may be NULL; all is copied. On ZOBO_OK `*out` is freed by zobo_queue_free; on an error it is NULL and `why`
 * (may be NULL) tells what is wrong. Errors: ZOBO_EBADPATH ("/" too), ZOBO_EINVAL (no client, witnesses within the
 * queue), ZOBO_EBADOPTION, ZOBO_ENOMEM, ZOBO_EFORKED. Any thread, any callback. Source: kazoo Queue(). */
ZOBO_MUST_CHECK zobo_err zobo_queue_new(zobo_client *client, const char *path, const zobo_queue_options *options,
                                        zobo_queue **out, zobo_problem *why);

/* zobo_queue_put adds an entry, exactly once, with `priority` from 0 (first) to 999, within `timeout_ms` (0: without
 * limit). A missing queue is made.
 *
 * `data` NULL (and `len` 0) is null data. Errors: ZOBO_EINVAL (priority), ZOBO_ETOOBIG, ZOBO_ENOAUTH, ZOBO_EINVALIDACL,
 * ZOBO_ENOCHILDRENFOREPHEMERALS, ZOBO_EQUOTAEXCEEDED; ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM. After
 * ZOBO_EWAITTIMEOUT and ZOBO_ECANCELLED (cancelling, freeing) it was not and will not be put; ZOBO_EABANDONED in their
 * place: it was on its way, and whether it was put is not known. Source: kazoo Queue.put. */
ZOBO_MUST_CHECK zobo_err zobo_queue_put(zobo_queue *queue, const void *data, size_t len, int priority,
                                        uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_queue_put_async(zobo_queue *queue, const void *data, size_t len, int priority,
                                              const zobo_how *how, zobo_call **call);

/* zobo_queue_get removes the first entry and hands it out, waiting for one at most `timeout_ms` (0: without limit; the
 * twin's how.timeout_ms): (*out)->data, and (*out)->path, which it had.
 *
 * ZOBO_EWAITTIMEOUT: there was none in time; nothing was removed. ZOBO_ECANCELLED: the same. ZOBO_EABANDONED in their
 * place: one was being removed, and may be lost. Other errors: ZOBO_ENOAUTH; ZOBO_ENOTSTARTED, ZOBO_ESTOPPED,
 * ZOBO_ENOMEM. Source: kazoo Queue.get. */
ZOBO_MUST_CHECK zobo_err zobo_queue_get(zobo_queue *queue, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_queue_get_async(zobo_queue *queue, const zobo_how *how, zobo_call **call);

/* zobo_queue_try_get is zobo_queue_get that does not wait for an entry: ZOBO_EEMPTY when there is none. Its
 * `timeout_ms` is for the server's answers. */
ZOBO_MUST_CHECK zobo_err zobo_queue_try_get(zobo_queue *queue, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_queue_try_get_async(zobo_queue *queue, const zobo_how *how, zobo_call **call);

/* zobo_queue_len counts the entries (the twin: reply->count); 0 if there is no queue. It takes `timeout_ms` at most (0:
 * without limit). Errors: ZOBO_ENOAUTH; ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED, ZOBO_ENOTSTARTED, ZOBO_ESTOPPED,
 * ZOBO_ENOMEM. Source: kazoo len(Queue). */
ZOBO_MUST_CHECK zobo_err zobo_queue_len(zobo_queue *queue, uint32_t timeout_ms, int32_t *len);
ZOBO_MUST_CHECK zobo_err zobo_queue_len_async(zobo_queue *queue, const zobo_how *how, zobo_call **call);

/* zobo_queue_free frees the handle and removes its witnesses, as zobo_counter_free does; the queue stays. What is under
 * way ends with ZOBO_ECANCELLED or ZOBO_EABANDONED, and when it returns no callback of it runs any more (called from
 * one of them: once that has returned). NULL is ignored. Any thread but inline callbacks. */
void zobo_queue_free(zobo_queue *queue);

/* ---- */

/* A consumer, or producer, of a locking queue; it holds one entry at a time. Any number of threads may use it. */
typedef struct zobo_locking_queue zobo_locking_queue;

/* Told, on the callback thread, that the entry which was held is not any more. It may call anything. */
typedef void zobo_locking_queue_lost_fn(void *arg, zobo_locking_queue *queue);

/* How a locking queue's handle is to be. Zero is the default for every field. */
typedef struct zobo_locking_queue_options {
    size_t size;                      /* 0, or sizeof(zobo_locking_queue_options) */
    const zobo_acl_list *acl;         /* of the nodes; NULL: the client's default */
    zobo_locking_queue_lost_fn *lost; /* may be NULL; see above */
    void *lost_arg;
} zobo_locking_queue_options;

/* Bytes to be put. */
typedef struct zobo_item {
    const void *data;
    size_t len;
} zobo_item;

/* zobo_locking_queue_new makes a handle; it does not talk to the server. Errors and the rest: as zobo_queue_new.
 * Source: kazoo LockingQueue(). */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_new(zobo_client *client, const char *path,
                                                const zobo_locking_queue_options *options, zobo_locking_queue **out,
                                                zobo_problem *why);

/* zobo_locking_queue_put adds an entry, exactly once. Errors: as zobo_queue_put. Source: kazoo LockingQueue.put. */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_put(zobo_locking_queue *queue, const void *data, size_t len, int priority,
                                                uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_put_async(zobo_locking_queue *queue, const void *data, size_t len,
                                                      int priority, const zobo_how *how, zobo_call **call);

/* zobo_locking_queue_put_all adds `n` entries in their order, each exactly once, in as few transactions as requests may
 * be large (options.max_request_bytes of the client): one, all or nothing, as long as they fit in 512 KiB.
 *
 * `*put` (may be NULL; the twin's reply->count) gets how many were put: fewer than `n` only on an error that a server
 * answered, and then the first so many; 0 on others, after which the first transactions may have been carried out.
 * Errors: as zobo_queue_put. Source: kazoo LockingQueue.put_all. */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_put_all(zobo_locking_queue *queue, const zobo_item *items, size_t n,
                                                    int priority, uint32_t timeout_ms, size_t *put);
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_put_all_async(zobo_locking_queue *queue, const zobo_item *items, size_t n,
                                                          int priority, const zobo_how *how, zobo_call **call);

/* zobo_locking_queue_get locks the first entry that nobody has and hands it out, waiting for one at most `timeout_ms`
 * (0: without limit; the twin's how.timeout_ms): (*out)->data and (*out)->path. If one is held already, it is that one.
 *
 * ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED: nothing is held. ZOBO_EALREADY: another get, consume or release of this handle is
 * under way. Other errors: ZOBO_ENOAUTH, ZOBO_EINVALIDACL; ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM. Source: kazoo
 * LockingQueue.get. */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_get(zobo_locking_queue *queue, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_get_async(zobo_locking_queue *queue, const zobo_how *how, zobo_call **call);

/* zobo_locking_queue_try_get does not wait for an entry: ZOBO_EEMPTY when there is none that nobody has. */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_try_get(zobo_locking_queue *queue, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_try_get_async(zobo_locking_queue *queue, const zobo_how *how,
                                                          zobo_call **call);

/* zobo_locking_queue_holds_lock asks the server whether this consumer still holds its entry: `*holds` (the twin:
 * reply->count). False without one.
 *
 * Errors: ZOBO_ENOAUTH; ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED, ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM. Source: kazoo
 * LockingQueue.holds_lock. */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_holds_lock(zobo_locking_queue *queue, uint32_t timeout_ms, bool *holds);
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_holds_lock_async(zobo_locking_queue *queue, const zobo_how *how,
                                                             zobo_call **call);

/* zobo_locking_queue_consume removes the entry that is held from the queue, together with the lock.
 *
 * ZOBO_OK: this consumer has consumed it, and nobody else. ZOBO_ELOCKLOST: the lock was lost before, the entry is or
 * was another's; it is held no more. ZOBO_ENOTHELD: there is none. ZOBO_EALREADY: as for get. After ZOBO_EWAITTIMEOUT
 * (`timeout_ms` is over; 0: without limit), ZOBO_ECANCELLED and other errors it is held as before; ZOBO_EABANDONED:
 * perhaps it is consumed; do it again to learn. Other errors: ZOBO_ENOAUTH; ZOBO_ENOTSTARTED, ZOBO_ESTOPPED,
 * ZOBO_ENOMEM. Source: kazoo LockingQueue.consume. */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_consume(zobo_locking_queue *queue, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_consume_async(zobo_locking_queue *queue, const zobo_how *how,
                                                          zobo_call **call);

/* zobo_locking_queue_release gives the entry that is held back, for another to get. Errors: as
 * zobo_locking_queue_consume. Source: kazoo LockingQueue.release. */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_release(zobo_locking_queue *queue, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_release_async(zobo_locking_queue *queue, const zobo_how *how,
                                                          zobo_call **call);

/* zobo_locking_queue_len counts the entries, those that are taken included. As zobo_queue_len. */
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_len(zobo_locking_queue *queue, uint32_t timeout_ms, int32_t *len);
ZOBO_MUST_CHECK zobo_err zobo_locking_queue_len_async(zobo_locking_queue *queue, const zobo_how *how, zobo_call **call);

/* zobo_locking_queue_free gives back what is held, removes the handle's witnesses and frees it; otherwise as
 * zobo_queue_free. */
void zobo_locking_queue_free(zobo_locking_queue *queue);

/* ---- */

/* A queue of things that are due at a time. Any number of threads may use it. */
typedef struct zobo_delay_queue zobo_delay_queue;

/* zobo_delay_queue_new makes a handle; as zobo_queue_new. Source: Curator QueueBuilder.buildDelayQueue. */
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_new(zobo_client *client, const char *path, const zobo_queue_options *options,
                                              zobo_delay_queue **out, zobo_problem *why);

/* zobo_delay_queue_put adds an entry that is handed out from `at_ms` on (milliseconds since 1970, as zobo_wall_ms),
 * exactly once. Errors: ZOBO_EINVAL (at_ms not above 0); as zobo_queue_put. Source: Curator DistributedDelayQueue.put.
 * */
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_put(zobo_delay_queue *queue, const void *data, size_t len, int64_t at_ms,
                                              uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_put_async(zobo_delay_queue *queue, const void *data, size_t len,
                                                    int64_t at_ms, const zobo_how *how, zobo_call **call);

/* zobo_delay_queue_get removes and hands out the entry that has been due for longest, waiting until one is, at most
 * `timeout_ms`. Errors and the rest: as zobo_queue_get. */
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_get(zobo_delay_queue *queue, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_get_async(zobo_delay_queue *queue, const zobo_how *how, zobo_call **call);

/* zobo_delay_queue_try_get does not wait: ZOBO_EEMPTY when none is due. */
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_try_get(zobo_delay_queue *queue, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_try_get_async(zobo_delay_queue *queue, const zobo_how *how, zobo_call **call);

/* zobo_delay_queue_len counts the entries, due or not. As zobo_queue_len. */
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_len(zobo_delay_queue *queue, uint32_t timeout_ms, int32_t *len);
ZOBO_MUST_CHECK zobo_err zobo_delay_queue_len_async(zobo_delay_queue *queue, const zobo_how *how, zobo_call **call);

/* zobo_delay_queue_free: as zobo_queue_free. */
void zobo_delay_queue_free(zobo_delay_queue *queue);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
