/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying out requests on the tree. Given the same store, request and time, the outcome is the same: no clock, no
 * connection, no thread is known here. */
#ifndef ZS_EXEC_H
#define ZS_EXEC_H

#include "engine/acl.h"
#include "engine/store.h"

/* What holds for all requests; set once. */
typedef struct zs_rules {
    bool skip_acl;
    bool enforce_quota;    /* hard limits refuse; soft ones are logged */
    bool reconfig_enabled; /* false: -123, as a standalone ZooKeeper; true: -6 */
    uint32_t max_request;  /* jute.maxbuffer */
    zb_log log;
} zs_rules;

/* What writers know beside the store: which subtrees have quotas. Belongs to the thread that writes. */
typedef struct zs_writer zs_writer;
zobo_err zs_writer_new(zs_writer **out, const zs_rules *rules, zs_store *store); /* reads the quotas */
void zs_writer_free(zs_writer *w);
/* After a transaction was given up: what was learnt in it is forgotten. */
zobo_err zs_writer_reload(zs_writer *w);

typedef struct zs_request {
    int64_t session;
    const zs_ids *ids; /* NULL: the server itself, which may do anything */
    int32_t op;
    const void *body; /* behind the header */
    size_t n;
    int64_t time_ms; /* by the wall clock */
} zs_request;

/* A change that watchers are told of. */
typedef struct zs_effect {
    struct zs_effect *next;
    int32_t type; /* 1 created, 2 deleted, 3 changed, 4 children: as in watcher_event */
    uint32_t acl; /* of the node, for 4 the parent's, for 2 as it was: who may not READ it is not told */
    uint32_t len;
    const char *path;
} zs_effect;

/* A watch to be set for the one who asked. `path` points into the request. */
typedef struct zs_arm {
    unsigned kind; /* 0 none, or ZS_WATCH_DATA or ZS_WATCH_CHILD of watches.h */
    const char *path;
    uint32_t len;
} zs_arm;

typedef struct zs_outcome {
    zobo_err err;       /* the answer's */
    int64_t zxid;       /* writes: its own, spent also when it failed */
    zs_effect *effects; /* in the order they happened; in the arena, as the reply */
    zs_effect **last;   /* where the next goes */
    const void *reply;  /* the answer's body */
    size_t reply_len;
    zs_arm arm;
} zs_outcome;

/* zs_exec_read carries out a request that changes nothing: exists, getData, getACL, getChildren, getChildren2, sync,
 * getEphemerals, getAllChildrenNumber, multiRead. Appends the answer's body to `out`; on an error nothing.
 *
 * Returns the answer's error. `out->failed`: no memory. The transaction may be a writing one. */
zobo_err zs_exec_read(zs_txn *txn, const zs_rules *rules, const zs_request *request, zs_bytes *out, zs_arm *arm);

/* zs_exec_write carries out create, create2, createContainer, createTTL, delete, setData, setACL, reconfig, multi, and
 * closeSession (body: none). Every one spends a zxid, if only to fail.
 *
 * Returns ZOBO_OK with *out filled; anything else is the store's, and the transaction must be given up. */
zobo_err zs_exec_write(zs_writer *w, zs_txn *txn, const zs_request *request, zs_arena *arena, zs_outcome *out);

/* The server's own writes: a session begins; a childless container or TTL node ends if it may (zs_outcome.err tells).
 * The session's id is random here: what the store knows already is refused with ZOBO_ENODEEXISTS. */
zobo_err zs_exec_create_session(zs_txn *txn, const zs_session_record *session, zs_outcome *out);
zobo_err zs_exec_reap(zs_writer *w, zs_txn *txn, zb_buf path, uint64_t serial, int64_t time_ms, int64_t never_used_ms,
                      zs_arena *arena, zs_outcome *out);

/* zs_exec_may_reap: is the node at `path`, found with zs_expiring_after, one that zs_exec_reap would delete now? */
bool zs_exec_may_reap(zs_txn *txn, zb_buf path, uint64_t serial, int64_t time_ms, int64_t never_used_ms);

/* zs_quotas_recount measures anew what every quota's stats node counts: after an import, whose logs say nothing of it.
 * */
zobo_err zs_quotas_recount(zs_txn *txn);

#endif
