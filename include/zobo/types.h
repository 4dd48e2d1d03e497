/* SPDX-License-Identifier: Apache-2.0 */
/* The values that go in and out: nodes' stats, ACLs, events, states, replies.
 *
 * Structs that a program fills, and that may grow in later versions, begin with their size: sizeof(the struct), or 0,
 * which stands for the fields that version 0.1 has. So a struct made by naming its fields ({.ephemeral = true}) is
 * good, and stays so; a program that uses a field of a later version sets the size, too, and an older library that does
 * not know the field refuses it if it is not zero. Of what goes in, a size that is shorter than in 0.1 is refused: it
 * is the size of something else, of a pointer perhaps. They are zobo_options, zobo_retry_policy, zobo_create_options,
 * zobo_how, zobo_watcher, zobo_counters, zobo_server_options, zobo_snapshot_options, zobo_snapshot_result,
 * zobo_tree_cache_info, zobo_service and the options of all recipes. Structs that the library hands out may grow at
 * their end. The others (zobo_acl, zobo_auth, zobo_client_id, zobo_problem, zobo_read, zobo_result, zobo_stat) stay as
 * they are. */
#ifndef ZOBO_TYPES_H
#define ZOBO_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zobo/errors.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A client of one ensemble: a session that heals itself. Opaque; see client.h. */
typedef struct zobo_client zobo_client;

/* An operation under way. Opaque; see call.h. */
typedef struct zobo_call zobo_call;

/* The metadata of a node, as ZooKeeper defines it (kazoo: ZnodeStat). Times are milliseconds since 1970 by the
 * server's clock. ephemeral_owner is the owning session's id, 0 for a node that is not ephemeral. */
typedef struct zobo_stat {
    int64_t czxid;
    int64_t mzxid;
    int64_t ctime;
    int64_t mtime;
    int32_t version;
    int32_t cversion;
    int32_t aversion;
    int64_t ephemeral_owner;
    int32_t data_length;
    int32_t num_children;
    int64_t pzxid;
} zobo_stat;

/* What an ACL entry permits. */
enum { ZOBO_PERM_READ = 1, ZOBO_PERM_WRITE = 2, ZOBO_PERM_CREATE = 4, ZOBO_PERM_DELETE = 8, ZOBO_PERM_ADMIN = 16 };
enum { ZOBO_PERM_ALL = 31 };

/* One entry of an ACL: who (scheme and id) may do what. */
typedef struct zobo_acl {
    uint32_t perms; /* ZOBO_PERM_... */
    const char *scheme;
    const char *id;
} zobo_acl;

/* A whole ACL. Borrowed: whoever is given one copies what it keeps. */
typedef struct zobo_acl_list {
    const zobo_acl *items;
    size_t n;
} zobo_acl_list;

/* The state of a client, kazoo's three and one more. */
typedef enum zobo_state {
    ZOBO_LOST = 0,     /* no session: not started, expired, stopped, or authentication failed */
    ZOBO_CONNECTED,    /* the session is up on a server that reads and writes */
    ZOBO_CONNECTED_RO, /* the session is up on a server that only reads (asked for by options.read_only) */
    ZOBO_SUSPENDED     /* the connection is lost; the session may live on, and the client is reconnecting */
} zobo_state;

/* zobo_state_name returns "LOST", "CONNECTED", "CONNECTED_RO" or "SUSPENDED".
 *
 * Static string. Any thread. */
const char *zobo_state_name(zobo_state state);

/* What a watcher is told. */
typedef enum zobo_event_type {
    ZOBO_EVENT_NONE = -1,                   /* the client's state changed: see zobo_event.state */
    ZOBO_EVENT_CREATED = 1,                 /* the node was created */
    ZOBO_EVENT_DELETED = 2,                 /* the node was deleted */
    ZOBO_EVENT_CHANGED = 3,                 /* the node's data was set */
    ZOBO_EVENT_CHILD = 4,                   /* a child came or went */
    ZOBO_EVENT_DATA_WATCH_REMOVED = 5,      /* the watcher was removed: its last event */
    ZOBO_EVENT_CHILD_WATCH_REMOVED = 6,     /* the same */
    ZOBO_EVENT_PERSISTENT_WATCH_REMOVED = 7 /* the same */
} zobo_event_type;

/* zobo_event_name returns "NONE", "CREATED", "DELETED", "CHANGED", "CHILD" or "..._WATCH_REMOVED".
 *
 * Static string. Any thread. */
const char *zobo_event_name(zobo_event_type type);

/* What happened. Borrowed: valid until the callback returns. */
typedef struct zobo_event {
    zobo_event_type type;
    zobo_state state; /* the client's state when the event was made */
    const char *path; /* as the client sees it (chroot taken off); for NONE the path that is watched */
    int64_t zxid;     /* the change's zxid where the server tells it (3.9 and later), else -1 */
    bool last;        /* the watcher is told nothing after this: what its `arg` points to may be freed */
} zobo_event;

/* Told of an event: see zobo_watcher. */
typedef void zobo_watch_fn(void *arg, const zobo_event *event);

/* Where a callback runs. */
enum {
    ZOBO_ON_CALLBACK_THREAD = 0, /* on the client's callback thread (event loop: in zobo_process); it may block */
    ZOBO_INLINE = 1 /* on whatever thread reads the reply: must not block, and may not call blocking verbs */
};

/* A watcher: a function and its argument. Two watchers with the same function and argument are one and the same, as in
 * kazoo: given twice for one path and kind, they are told once.
 *
 * A one-shot watcher (from zobo_get, zobo_exists, zobo_get_children, zobo_get_config) is told once: of the change, or,
 * when the session is lost, of NONE with state ZOBO_LOST. It lives through reconnects, and a change that happened
 * meanwhile is delivered. A persistent one (zobo_add_watch) is told of each change, and with NONE of each change of
 * state: after SUSPENDED the server does not say what was missed, so read again on CONNECTED. It also lives through
 * the loss of the session. */
typedef struct zobo_watcher {
    size_t size; /* 0, or sizeof(zobo_watcher) */
    zobo_watch_fn *fn;
    void *arg;
    unsigned flags; /* 0 or ZOBO_INLINE */
} zobo_watcher;

/* Which watchers zobo_remove_watches and zobo_check_watches mean: ZooKeeper's numbers. */
typedef enum zobo_watch_kind {
    ZOBO_WATCH_CHILDREN = 1,
    ZOBO_WATCH_DATA = 2,
    ZOBO_WATCH_ANY = 3,
    ZOBO_WATCH_PERSISTENT = 4,          /* servers from 3.9 on */
    ZOBO_WATCH_PERSISTENT_RECURSIVE = 5 /* servers from 3.9 on */
} zobo_watch_kind;

/* The modes of zobo_add_watch. */
typedef enum zobo_watch_mode {
    ZOBO_PERSISTENT = 0,          /* the node (created, deleted, changed) and its children (child) */
    ZOBO_PERSISTENT_RECURSIVE = 1 /* the node and all below it (created, deleted, changed; never child) */
} zobo_watch_mode;

/* One operation's result in the reply to a transaction or a multi-read. */
typedef struct zobo_result {
    zobo_err err;     /* in a failed transaction ZOBO_EROLLEDBACK before the operation that failed, after it
                       * ZOBO_ERUNTIMEINCONSISTENCY */
    const char *path; /* create: the real path; else NULL */
    bool has_stat;
    zobo_stat stat;
    const void *data; /* multi-read get: as in zobo_reply */
    size_t data_len;
    const char *const *children; /* multi-read get_children */
    size_t n_children;
} zobo_result;

/* What came back. A reply is one allocation, freed by zobo_reply_free; in a callback it is borrowed and must not be
 * freed. Only the fields that the operation fills are set, the others are zero. Recipes use the same fields, and say
 * which. */
typedef struct zobo_reply {
    zobo_err err;
    int64_t zxid;     /* the server's last zxid when it answered */
    const char *path; /* create, ensure_path, sync: the path as the client sees it; delete_recursive that failed: of the
                       * node that could not be removed */
    const void *data; /* get, get_config, reconfig, command: the bytes, followed by a NUL that is not counted;
                       * NULL when the node has null data (data_len 0), not NULL when it has empty data */
    size_t data_len;
    bool has_stat;
    zobo_stat stat;
    const char *const *children; /* get_children: names; get_ephemerals: paths */
    size_t n_children;
    const zobo_acl *acls; /* get_acls; who_am_i: scheme and id, perms 0 */
    size_t n_acls;
    const zobo_result *results; /* transaction, multi_read: one for each operation, in order */
    size_t n_results;
    int32_t count; /* get_all_children_number */
} zobo_reply;

/* zobo_reply_free frees a reply that a blocking verb or zobo_call_get handed out, and all that it points to.
 *
 * NULL is ignored. Any thread. */
void zobo_reply_free(zobo_reply *reply);

/* What exactly is wrong: filled by the calls that take one, for a person to read. Give NULL when not interested. */
typedef struct zobo_problem {
    zobo_err err;
    size_t offset;   /* the offending byte of the string in question, where there is one */
    char text[1012]; /* one line, never empty when err is not ZOBO_OK */
} zobo_problem;

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
