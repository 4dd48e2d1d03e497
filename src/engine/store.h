/* SPDX-License-Identifier: Apache-2.0 */
/* The tree on disk: LMDB, one file, crash-safe without a replay, readers that never wait.
 *
 * Tables. All integers in keys are big-endian, records are structs of this machine.
 *
 *   nodes       parent path, NUL, name -> zs_node, then the data if it is short. A node's children lie side by side,
 *               and a look-up is one descent. "/" has the key NUL.
 *   blobs       the same key -> data too long to lie with its node, so that counting a child does not copy it
 *   ephemerals  session, serial -> path
 *   expiring    serial -> path: containers and TTL nodes
 *   acls        id -> the ACL as on the wire; acl_ids: SHA-1 of it -> id
 *   sessions    session -> timeout, password
 *   meta        what zs_meta holds, and the format's version
 *
 * LMDB's keys end at 511 bytes: a parent's path longer than 255 stands in the key as 0x01 and its SHA-1, a name as 0xff
 * and its SHA-1, and the whole path in the record is compared.
 *
 * One writing transaction at a time, on any one thread; reading transactions on others, each used by one thread at a
 * time. A reader sees the last commit at its begin or renew.
 *
 * Errors: ZOBO_ENONODE absent; ZOBO_ENOMEM; ZOBO_ENOTREADONLY the disk or the map is full, and the transaction must be
 * given up; ZOBO_EDATAINCONSISTENCY a record that cannot be; ZOBO_EFILE the data file was removed while
 * it was open; ZOBO_ESYSTEM anything else of LMDB's or the system's. */
#ifndef ZS_STORE_H
#define ZS_STORE_H

#include "base/log.h"
#include "engine/bytes.h"

typedef struct zs_store zs_store;
typedef struct zs_txn zs_txn;

/* What ZooKeeper keeps in a node's ephemeralOwner besides a session: containers, and TTL nodes (0xff in the highest
 * byte, milliseconds in the lower five). Clients are shown 0 for both. */
#define ZS_OWNER_CONTAINER INT64_MIN
#define ZS_OWNER_TTL       ((int64_t)0xff00000000000000)
#define ZS_MAX_TTL         ((int64_t)0xffffffffff)

typedef struct zs_node {
    int64_t czxid, mzxid, pzxid, ctime, mtime;
    int64_t owner;   /* a session, 0, or as above */
    uint64_t serial; /* given at creation, never again: the order in which nodes were made */
    int32_t version, aversion;
    int32_t created; /* children ever made: ZooKeeper's internal cversion, the next sequence number */
    int32_t n_children;
    int32_t data_len; /* -1: null */
    uint32_t acl;     /* an id of the table acls */
} zs_node;

bool zs_owner_is_session(int64_t owner);
void zs_node_stat(const zs_node *node, zobo_stat *out); /* as clients see it */

typedef struct zs_meta {
    int64_t last_zxid;
    uint64_t next_serial;
    int64_t data_bytes; /* of all paths and data: mntr's approximate data size */
    int64_t n_nodes;
    int64_t n_ephemerals;
} zs_meta;

/* --- opening --- */

typedef struct zs_store_options {
    const char *dir;    /* made when missing; NULL: in memory, gone with the store */
    uint64_t map_bytes; /* how large the file may grow; 0: 1 TiB */
    bool no_sync;       /* commits do not wait for the disk: for tests */
    bool read_only;     /* look at the store of another process, to copy it */
} zs_store_options;

/* zs_store_open opens or makes a store. A new one holds what ZooKeeper's does: /, /zookeeper, /zookeeper/quota,
 * /zookeeper/config.
 *
 * Refuses, with one text that names the directory and the cure: a directory that cannot be written, that another
 * server uses (a lock on the file `lock`), a data file of another format, one that is cut short or damaged. */
zobo_err zs_store_open(zs_store **out, const zs_store_options *options, zobo_problem *why);
void zs_store_close(zs_store *store); /* NULL is fine; no transaction may be open */

/* zs_store_copy writes a consistent copy to the directory `out`, which must be empty or missing, while others write. */
zobo_err zs_store_copy(zs_store *store, const char *out, zobo_problem *why);

uint64_t zs_store_file_bytes(const zs_store *store);

/* --- transactions --- */

zobo_err zs_read_begin(zs_store *store, zs_txn **out);
zobo_err zs_read_renew(zs_txn *txn); /* moves it to the last commit; what was read through it is no longer valid */
zobo_err zs_write_begin(zs_store *store, zs_txn **out);
/* zs_write_commit: OK means that it is on disk (but for no_sync). The transaction is gone either way. After an error
 * the tree is as it was, readers go on, and after ENOTREADONLY another may be tried. After ESYSTEM LMDB may refuse all
 * new transactions and renewals (its first page could not be written): who reads keeps the snapshot he has. */
zobo_err zs_write_commit(zs_txn *txn);
void zs_txn_end(zs_txn *txn); /* ends a reading one, gives up a writing one; NULL is fine */

/* Of a reading transaction as of its commit; of a writing one to be changed in place, stored by the commit. */
zs_meta *zs_txn_meta(zs_txn *txn);

/* Part of a writing transaction taken back: all changes since zs_undo_start, zs_meta's included. No nesting. */
void zs_undo_start(zs_txn *txn);
void zs_undo_stop(zs_txn *txn);
zobo_err zs_undo(zs_txn *txn);

/* --- nodes ---
 *
 * Paths are whole and valid, of any length, "/" for the root; not terminated. What points into the store is valid
 * until the transaction ends or is renewed, in a writing one until the next change. */

/* zs_node_find: `data` (may be NULL) gets the node's data. */
zobo_err zs_node_find(zs_txn *txn, const char *path, size_t len, zs_node *node, zb_buf *data);

/* zs_node_put stores a node, new or known. `data` NULL: the data stays. data_len is set from it. A new node must come
 * with data. New nodes get their serial here, and their places in ephemerals or expiring; a known one keeps its serial
 * and owner. Nothing of the parent is changed. */
zobo_err zs_node_put(zs_txn *txn, const char *path, size_t len, zs_node *node, const zb_buf *data);
zobo_err zs_node_delete(zs_txn *txn, const char *path, size_t len);

/* The children of a node, in the order of their names' bytes (long names last). Changes end the iteration. */
typedef struct zs_children {
    zs_txn *txn;
    void *cursor;
    bool started;
    zobo_err err;
    size_t prefix_len;
    uint8_t prefix[256];
} zs_children;
zobo_err zs_children_start(zs_children *it, zs_txn *txn, const char *path, size_t len);
bool zs_children_next(zs_children *it, zb_buf *name); /* false: the end, or it->err */
void zs_children_stop(zs_children *it);

/* The next ephemeral of a session behind `serial` (start with 0), the next container or TTL node. ENONODE: no more. */
zobo_err zs_ephemeral_after(zs_txn *txn, int64_t session, uint64_t *serial, zb_buf *path);
zobo_err zs_expiring_after(zs_txn *txn, uint64_t *serial, zb_buf *path);
/* The next session behind `session` (start with 0) that has ephemerals, in the order of zs_session_after. */
zobo_err zs_owner_after(zs_txn *txn, int64_t session, int64_t *next);

/* --- ACLs --- */

enum { ZS_ACL_OPEN = 1, ZS_ACL_READ = 2 }; /* world:anyone, all or READ only: in every store */

zobo_err zs_acl_put(zs_txn *txn, const void *acl, size_t n, uint32_t *id); /* bytes of a vector<ACL>; finds or adds */
zobo_err zs_acl_get(zs_txn *txn, uint32_t id, zb_aclvec *acl);
zobo_err zs_acl_after(zs_txn *txn, uint32_t *id, zb_aclvec *acl); /* the next behind *id; ENONODE: no more */

/* --- sessions --- */

typedef struct zs_session_record {
    int64_t id;
    int32_t timeout_ms;
    uint8_t password[16];
} zs_session_record;
zobo_err zs_session_put(zs_txn *txn, const zs_session_record *session);
zobo_err zs_session_delete(zs_txn *txn, int64_t id);                            /* ENONODE: it is not there */
zobo_err zs_session_after(zs_txn *txn, int64_t id, zs_session_record *session); /* start with 0, for ids are not */

#endif
