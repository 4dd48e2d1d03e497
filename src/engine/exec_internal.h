/* SPDX-License-Identifier: Apache-2.0 */
/* What the files exec_*.c share.
 *
 * An error is either the answer's (no such node, no permission) or the store's (no memory, no room, damage). One value
 * carries both: zs_is_fatal tells them apart. A fatal one ends the whole transaction, so nothing is tidied up after it.
 * */
#ifndef ZS_EXEC_INTERNAL_H
#define ZS_EXEC_INTERNAL_H

#include "base/map.h"
#include "engine/exec.h"
#include "wire/op.h"

struct zs_writer {
    zs_rules rules;
    zs_store *store;
    zb_map quotas;       /* see exec_quota.c */
    bool quotas_changed; /* since zs_undo_start */
    zs_bytes acl;        /* an ACL as it will be stored */
    zs_bytes reply;
    zs_bytes name; /* a quota's nodes */
};

/* One write under way. */
typedef struct zs_change {
    zs_writer *w;
    zs_txn *txn;
    const zs_request *request;
    zs_arena *arena;
    zs_outcome *out;
    int64_t zxid;
} zs_change;

/* One of create, create2, createContainer, createTTL, delete, setData, setACL, check, or of the reads of a multiRead:
 * alone or as part of a multi. Fields that its type has not are zero. */
typedef struct zs_op {
    int32_t type;
    zb_buf path; /* never null */
    zb_buf data;
    zb_aclvec acl;
    int32_t flags;
    int32_t version;
    int64_t ttl;
} zs_op;

/* What an operation came to: for the answer. */
typedef struct zs_done {
    const char *path; /* create: in the arena */
    size_t len;
    zs_node node; /* as it is now */
} zs_done;

bool zs_is_fatal(zobo_err err);

/* zs_reuse empties a buffer for the next use; a failure of the last one is forgotten. */
static inline void
zs_reuse(zs_bytes *b)
{
    b->n = 0;
    b->failed = false;
}

/* zs_get_name reads a path; null is bad. */
zb_buf zs_get_name(zb_reader *r);
bool zs_op_creates(int32_t type);
bool zs_op_get(zb_reader *r, int32_t type, zs_op *op); /* false: it cannot be read, or is of another type */

/* zs_find is zs_node_find for any bytes a peer may call a path; "" is the root, as for ZooKeeper. */
zobo_err zs_find(zs_txn *txn, const char *path, size_t len, zs_node *node, zb_buf *data);

/* zs_permit: ZOBO_OK, ZOBO_ENOAUTH or the store's. */
zobo_err zs_permit(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, uint32_t acl, int32_t perms);

/* zs_op_run carries out one operation: all is checked before anything is written. */
zobo_err zs_op_run(zs_change *c, const zs_op *op, zs_done *done);
zobo_err zs_create(zs_change *c, const zs_op *op, zs_done *done);
zobo_err zs_set_acl(zs_change *c, const zs_op *op, zs_done *done);
/* zs_next_version counts a version on if it is the expected one. */
zobo_err zs_next_version(int32_t *version, int32_t expected);
void zs_done_put(zs_bytes *out, int32_t type, const zs_done *done); /* the answer's body */

zobo_err zs_multi(zs_change *c);
/* zs_multi_read: ZOBO_EBADARGUMENTS when the answer would be beyond all measure: a megabyte can ask for sixty thousand.
 * */
enum { ZS_MAX_MULTI_READ = 64 << 20 };
zobo_err zs_multi_read(zs_txn *txn, const zs_rules *rules, const zs_request *request, zs_bytes *out);
void zs_multi_header(zs_bytes *out, int32_t type, bool done, int32_t err);

/* The reads that a multiRead can hold. */
zobo_err zs_get_data(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, zb_buf path, zs_bytes *out);
zobo_err zs_get_children(zs_txn *txn, const zs_rules *rules, const zs_ids *ids, zb_buf path, bool stat, zs_bytes *out);

/* zs_effect_add tells the watchers; `path` stays where it is, in the arena. */
zobo_err zs_effect_add(zs_change *c, int32_t type, uint32_t acl, const char *path, size_t len);

/* zs_parent_len: of a path as in zb_path_parent_len, but of any bytes with a slash in them: 0 for a child of the root.
 * */
size_t zs_parent_len(const char *path, size_t len);

/* zs_remove deletes a childless node. Its path lies in the arena. */
zobo_err zs_remove(zs_change *c, const char *path, size_t len, const zs_node *node, zs_node *parent);

/* zs_close_session deletes a session's ephemerals and the session. */
zobo_err zs_close_session(zs_change *c);

/* A walk over all that is below a node, itself not. No changes meanwhile. */
typedef struct zs_walk {
    zs_txn *txn;
    zs_bytes dirs; /* still to be walked: path, then its length */
    zs_bytes path; /* of the node at hand */
    size_t dir_len;
    zs_children it;
    bool open;
    zobo_err err;
} zs_walk;
void zs_walk_start(zs_walk *walk, zs_txn *txn, const char *path, size_t len);
bool zs_walk_next(zs_walk *walk, zs_node *node); /* false: the end, or walk->err; the path is in walk->path */
void zs_walk_stop(zs_walk *walk);

/* --- quotas: nothing here costs anything while there are none --- */

zobo_err zs_quotas_load(zs_writer *w, zs_txn *txn);
void zs_quotas_free(zs_writer *w);
/* zs_quota_check: ZOBO_EQUOTAEXCEEDED if a hard limit forbids this. */
zobo_err zs_quota_check(zs_change *c, const char *path, size_t len, int64_t bytes, int64_t count);
/* zs_quota_count: so much more is there now. */
zobo_err zs_quota_count(zs_change *c, const char *path, size_t len, int64_t bytes, int64_t count);
/* A node was made or deleted: perhaps one that makes a quota. */
zobo_err zs_quota_created(zs_change *c, const char *path, size_t len);
void zs_quota_deleted(zs_change *c, const char *path, size_t len);

#endif
