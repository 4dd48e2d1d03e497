/* SPDX-License-Identifier: Apache-2.0 */
/* Several operations as one: all are carried out, or none. ZooKeeper's multi; kazoo's transaction(). */
#ifndef ZOBO_TRANSACTION_H
#define ZOBO_TRANSACTION_H

#include <zobo/ops.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A transaction being put together. Not for two threads at a time. */
typedef struct zobo_transaction zobo_transaction;

/* zobo_transaction_new begins a transaction. On ZOBO_OK `*out` is freed by zobo_transaction_free.
 *
 * Errors: ZOBO_ENOMEM. Source: kazoo transaction. */
ZOBO_MUST_CHECK zobo_err zobo_transaction_new(zobo_client *client, zobo_transaction **out);

/* zobo_transaction_create adds the making of a node, with the arguments of zobo_create; makepath is refused.
 *
 * A result's path is the real path; for containers and TTL it has the stat, and with include_stat if the server gives
 * it (ZooKeeper 3.8 does not: ZOOKEEPER-4026).
 * Errors: ZOBO_EBADPATH, ZOBO_EBADOPTION, ZOBO_ENOMEM; the transaction is then as before. */
ZOBO_MUST_CHECK zobo_err zobo_transaction_create(zobo_transaction *tx, const char *path, const void *data, size_t len,
                                                 const zobo_create_options *options);

/* zobo_transaction_delete adds the removal of a node. Errors: ZOBO_EBADPATH, ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zobo_transaction_delete(zobo_transaction *tx, const char *path, int32_t version);

/* zobo_transaction_set adds the replacement of a node's data; its result has the stat (kazoo: set_data).
 *
 * Errors: ZOBO_EBADPATH, ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zobo_transaction_set(zobo_transaction *tx, const char *path, const void *data, size_t len,
                                              int32_t version);

/* zobo_transaction_check adds the condition that a node is there and has `version` (-1: any).
 *
 * Errors: ZOBO_EBADPATH, ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zobo_transaction_check(zobo_transaction *tx, const char *path, int32_t version);

/* zobo_transaction_size returns how many operations have been added. */
size_t zobo_transaction_size(const zobo_transaction *tx);

/* zobo_transaction_commit sends the transaction. It may be sent again (it is not used up), as in zobo_retry.
 *
 * ZOBO_OK: all was done; `*out` (may be NULL) has a result for each operation. ZOBO_ETRANSACTION: nothing was done;
 * `*out` is set too: the operation that failed has its error, those before it ZOBO_EROLLEDBACK, those after
 * it ZOBO_ERUNTIMEINCONSISTENCY. An empty transaction is legal. Other errors: as for every verb.
 * Source: ZooKeeper multi; kazoo commit. */
ZOBO_MUST_CHECK zobo_err zobo_transaction_commit(zobo_transaction *tx, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_transaction_commit_async(zobo_transaction *tx, const zobo_how *how, zobo_call **call);

/* zobo_transaction_free frees a transaction; commits under way are not disturbed. NULL is ignored. */
void zobo_transaction_free(zobo_transaction *tx);

/* What to read of a node: its data, as zobo_get does, or its children, as zobo_get_children does. */
typedef enum zobo_read_what { ZOBO_READ_DATA, ZOBO_READ_CHILDREN } zobo_read_what;

/* One read of zobo_multi_read. */
typedef struct zobo_read {
    zobo_read_what what;
    const char *path;
} zobo_read;

/* zobo_multi_read does several reads in one request, each for itself: a result may be an error while others are not.
 *
 * Errors: ZOBO_EINVAL (n 0, unknown `what`), ZOBO_EBADPATH, ZOBO_EUNIMPLEMENTED (servers before 3.6). Source: ZooKeeper
 * multiRead. */
ZOBO_MUST_CHECK zobo_err zobo_multi_read(zobo_client *client, const zobo_read *reads, size_t n, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_multi_read_async(zobo_client *client, const zobo_read *reads, size_t n,
                                               const zobo_how *how, zobo_call **call);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
