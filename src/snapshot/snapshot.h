/* SPDX-License-Identifier: Apache-2.0 */
/* Apache ZooKeeper's snapshots and transaction logs: Jute in files with an Adler-32 over them. */
#ifndef ZS_SNAPSHOT_H
#define ZS_SNAPSHOT_H

#include <stdio.h>

#include <zobo/snapshot.h>

#include "engine/store.h"

/* Longer than any string or data that a ZooKeeper with a raised jute.maxbuffer could have written. */
enum { ZS_FIELD_MAX = 512 * 1024 * 1024 };

#define ZS_SNAPSHOT_MAGIC 0x5a4b534e /* ZKSN */
#define ZS_LOG_MAGIC      0x5a4b4c47 /* ZKLG */
enum { ZS_FILE_VERSION = 2 };

typedef struct zs_adler {
    uint32_t a, b;
} zs_adler;
void zs_adler_init(zs_adler *sum);
void zs_adler_add(zs_adler *sum, const void *p, size_t n);
int64_t zs_adler_value(const zs_adler *sum);

/* A file under way, read or written, with the sum of what has passed. Errors stick: `why` is filled by the first. */
typedef struct zs_file {
    FILE *f;
    const char *path;
    zs_adler sum;
    zobo_err err;
    zobo_problem *why;
    bool at_end; /* reading: fewer bytes were left than asked for */
} zs_file;

zobo_err zs_file_open(zs_file *file, const char *path, bool write, zobo_problem *why);
zobo_err zs_file_close(zs_file *file); /* written ones are on disk when it returns ZOBO_OK */
void zs_file_fail(zs_file *file, const char *fmt, ...) ZB_PRINTF(2, 3);

void zs_file_put(zs_file *file, const void *p, size_t n);
void zs_file_put_i32(zs_file *file, int32_t v);
void zs_file_put_i64(zs_file *file, int64_t v);
void zs_file_put_buf(zs_file *file, zb_buf v);

void zs_file_get(zs_file *file, void *p, size_t n); /* zeros for what did not come */
int32_t zs_file_get_i32(zs_file *file);
int64_t zs_file_get_i64(zs_file *file);
/* Appends `n` bytes, in moderate steps: a length that lies does not take memory. */
void zs_file_get_bytes(zs_file *file, size_t n, zs_bytes *out);
/* A string or buffer, into `out` alone. n -1: null. */
zb_buf zs_file_get_buf(zs_file *file, zs_bytes *out);

/* --- jobs (job.c) --- */

zobo_err zs_job_begin(zobo_snapshot_options *to, const zobo_snapshot_options *from, const zobo_snapshot_result *result,
                      zobo_problem *why);
void zs_job_tell(zobo_snapshot_result *to, const zobo_snapshot_result *from); /* `to` NULL is fine */
zobo_err zs_count_sessions(zs_txn *txn, uint64_t *n);

/* An import under way. */
typedef struct zs_import {
    const zobo_snapshot_options *options;
    zobo_snapshot_result *result;
    zobo_problem *why;
    zb_log log;
    zs_txn *txn;
    zs_bytes path, data, acl;
} zs_import;

void zs_import_progress(const zs_import *job, uint64_t total);
/* What went wrong with `where`, in the one of the public functions' errors that it is. */
zobo_err zs_import_fail(const zs_import *job, const char *where, zobo_err err);
/* All of a result but the transactions. */
zobo_err zs_count_all(zs_store *store, zobo_snapshot_result *result);
/* What a server does when it has read its files: ephemerals of sessions that are over go, quotas are counted anew. */
zobo_err zs_finish_import(zs_import *job);
zobo_err zs_delete_ephemerals(zs_import *job, int64_t session, int64_t zxid);

/* The tree while it is made: parents count their children. */
zobo_err zs_grow_clear(zs_txn *txn); /* takes away what a new store holds, all but the root */
zobo_err zs_grow_put(zs_txn *txn, const char *path, size_t len, zs_node *node, const zb_buf *data);
zobo_err zs_grow_delete(zs_txn *txn, const char *path, size_t len, int64_t zxid); /* with what is below it */
void zs_apache_session(int64_t id, int32_t timeout_ms, zs_session_record *out); /* with the password Apache gives it */

/* zs_load reads a snapshot file into an empty tree. */
zobo_err zs_load(zs_import *job, const char *path);
/* zs_replay carries out the transactions of a log that are newer than the tree. The next log begins with the zxid
 * `next`; 0: there is none. A server that was killed leaves a last transaction that is cut short: it was never
 * acknowledged. But what comes between this log and the next one must not be missing. */
zobo_err zs_replay(zs_import *job, const char *path, int64_t next);
/* Is anything missing between two transactions? Zxids have no gaps but where a leader was elected. */
bool zs_zxid_follows(int64_t zxid, int64_t next);
/* One transaction: its header's fields, and its record's bytes. */
typedef struct zs_logged {
    int64_t session, zxid, time_ms;
    int32_t type;
} zs_logged;
zobo_err zs_apply(zs_import *job, const zs_logged *head, zb_reader *record);

#endif
