/* SPDX-License-Identifier: Apache-2.0 */
/* The way to an ensemble and back (libzobo-server): the embedded server's data as Apache ZooKeeper's files. */
#ifndef ZOBO_SNAPSHOT_H
#define ZOBO_SNAPSHOT_H

#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* How it is to be done. Zero is the default for every field. */
typedef struct zobo_snapshot_options {
    size_t size; /* sizeof(zobo_snapshot_options), or 0 */
    /* Told now and then how many nodes are done, of about how many (0: not known), on the calling thread. */
    void (*progress)(void *arg, uint64_t done, uint64_t total);
    void *progress_arg;
    zobo_log_fn
        *log; /* what a reader should know: damaged files passed over, nodes that need a setting; calling thread */
    void *log_arg;
} zobo_snapshot_options;

/* What was done. */
typedef struct zobo_snapshot_result {
    size_t size; /* sizeof(zobo_snapshot_result), or 0; set by the caller */
    uint64_t nodes, sessions, ephemerals;
    uint64_t ttl_nodes;    /* Apache ZooKeeper keeps these only with zookeeper.extendedTypesEnabled=true */
    uint64_t transactions; /* import: replayed from logs */
    int64_t zxid;          /* the last */
} zobo_snapshot_result;

/* zobo_snapshot_export writes the data of `data_dir` as Apache ZooKeeper's snapshot: OUT/version-2/snapshot.<zxid>, so
 * that OUT can be a server's dataDir. OUT is made when missing, and must hold no snapshots or logs. A server may go on
 * writing meanwhile, if it is another process: the snapshot is of one moment.
 *
 * Every node with its data, ACL, stat and sequence counter is kept, and the sessions with their ephemerals; but a
 * client of such a session cannot resume it, for Apache ZooKeeper derives passwords from ids: the session ends after
 * its timeout.
 *
 * `options`, `result` and `why` may be NULL; `result`, whose `size` the caller has set, is filled on ZOBO_OK. Blocks;
 * any thread.
 * Errors: ZOBO_EINVAL, ZOBO_EBADOPTION (a size), ZOBO_EFILE (`why` names the file and the cure; no snapshot is left
 * behind), ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zobo_snapshot_export(const char *data_dir, const char *out,
                                              const zobo_snapshot_options *options, zobo_snapshot_result *result,
                                              zobo_problem *why);

/* zobo_snapshot_import makes a new data directory from Apache ZooKeeper's: the newest snapshot of `from` (its dataDir,
 * or the directory version-2 in it) that is whole, and the transactions logged since, of `log_dir` (its dataLogDir;
 * NULL: `from`). Clients can resume their sessions.
 *
 * What a server does at its start is done: a last transaction that was cut short is left out, ephemerals of sessions
 * that are over go. Files that do not fit together are refused. `data_dir` must be missing, empty, or hold no data yet;
 * after an error it is as it was. Arguments and errors as zobo_snapshot_export. */
ZOBO_MUST_CHECK zobo_err zobo_snapshot_import(const char *from, const char *log_dir, const char *data_dir,
                                              const zobo_snapshot_options *options, zobo_snapshot_result *result,
                                              zobo_problem *why);

/* zobo_snapshot_backup copies the data of `data_dir`, in use by another process or not, as it is at one moment to the
 * new directory `out`, which a server can then be started on. Arguments and errors as zobo_snapshot_export. */
ZOBO_MUST_CHECK zobo_err zobo_snapshot_backup(const char *data_dir, const char *out, zobo_snapshot_result *result,
                                              zobo_problem *why);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
