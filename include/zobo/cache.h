/* SPDX-License-Identifier: Apache-2.0 */
/* A live copy of a part of the tree. kazoo's TreeCache.
 *
 *     err = zobo_tree_cache_new(client, "/services", NULL, &cache, NULL);
 *     err = zobo_tree_cache_start(cache);
 *     err = zobo_tree_cache_wait(cache, 10000);
 *     ...
 *     zobo_tree_snapshot *now = zobo_tree_cache_snapshot(cache);
 *     zobo_tree_node node;
 *     if (zobo_tree_snapshot_get(now, "/services/mail", &node) == ZOBO_OK)
 *         printf("%.*s\n", (int)node.data_len, (const char *)node.data);
 *     zobo_tree_snapshot_free(now);
 *     ...
 *     zobo_tree_cache_free(cache);
 *
 * Znode layout: none. The cache reads what is below its root and creates nothing. That the root is missing is a state
 * like any other.
 *
 * Guarantees. The copy follows the server's tree for as long as the cache lives: over lost connections, new sessions,
 * zobo_stop and zobo_start. When all news have come it is equal to the server's. It never holds a node without its
 * parent, nor a state of a node that the server never had; but it is no picture of one moment, for nodes are read one
 * after another (each snapshot is unchanging all the same). Reading takes no lock and never waits: any number of
 * threads read while it changes, and a snapshot stays as it is for as long as somebody keeps it. After a lost
 * connection each node is compared with the server's: short data (up to 300 bytes) are read again, hundreds of nodes in
 * one request; longer ones only if they have changed, which takes a request for each of these nodes. If the server has
 * seen no change at all, it is a single request.
 *
 * The listener hears of each node in the order of its changes. A listener that is slower than the changes hears of the
 * difference between what it has heard last and the newest state, so that nothing is piled up for it: an update
 * that was followed by a deletion is told as the deletion, a node that was created and deleted meanwhile is not told. A
 * parent is told as added before its children, and as removed after them.
 *
 * Limits. One persistent recursive watch, so ZooKeeper 3.6 or later: with an older server the cache fails with
 * ZOBO_EUNIMPLEMENTED. A node's stat is as it was when its data was last read: its data, versions and times are good,
 * but what the coming and going of children changes (cversion, pzxid, num_children) may be older;
 * zobo_tree_node.n_children is good. Nodes that may not be read are held without data (zobo_tree_node.err
 * ZOBO_ENOAUTH), and looked at again after the next change or reconnect: servers do not announce changes of ACLs. Nodes
 * more than 255 levels below the root are left out. Memory: about 170 bytes for each node, and its name and data. */
#ifndef ZOBO_CACHE_H
#define ZOBO_CACHE_H

#include <zobo/call.h>
#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A live copy of a subtree. Opaque. */
typedef struct zobo_tree_cache zobo_tree_cache;

/* The copy at one moment: never changes. Opaque. */
typedef struct zobo_tree_snapshot zobo_tree_snapshot;

/* A node as the cache has it. All pointers belong to the snapshot (or, in a listener, are borrowed). */
typedef struct zobo_tree_node {
    zobo_err
        err; /* ZOBO_OK; ZOBO_ENOAUTH: neither data nor stat may be read, or not the children (then there are data and
                   * stat, but no children); ZOBO_ETOOBIG: data longer than options.max_data_bytes, not kept */
    const char *name; /* the last component of its path; "" for "/" */
    const void *data; /* followed by a NUL that is not counted; NULL: null data, or none kept */
    size_t data_len;
    const zobo_stat *stat; /* NULL when it may not be read */
    size_t n_children;     /* that are in the copy */
} zobo_tree_node;

/* What a listener is told of. */
typedef enum zobo_tree_event_type {
    ZOBO_TREE_ADDED = 0,   /* a node has come */
    ZOBO_TREE_UPDATED,     /* a node's data was set, or whether it can be read has changed */
    ZOBO_TREE_REMOVED,     /* a node has gone. A node that was deleted and created again is removed, then added */
    ZOBO_TREE_SUSPENDED,   /* the connection is lost: from now on the copy may be behind */
    ZOBO_TREE_RECONNECTED, /* after SUSPENDED or LOST: the copy has been compared and is as the server's again */
    ZOBO_TREE_LOST,        /* the session is lost, or the client was stopped */
    ZOBO_TREE_INITIALIZED, /* once: the copy is complete for the first time */
    ZOBO_TREE_FULL,        /* once: max_nodes is reached, and nodes are left out from now on */
    ZOBO_TREE_FAILED       /* the cache cannot work: `err` says why (ZOBO_EUNIMPLEMENTED). Nothing comes after it */
} zobo_tree_event_type;

/* zobo_tree_event_name returns "ADDED", "UPDATED" and so on. Static string. Any thread. */
const char *zobo_tree_event_name(zobo_tree_event_type type);

/* What happened. Borrowed: valid until the listener returns. */
typedef struct zobo_tree_event {
    zobo_tree_event_type type;
    zobo_err err;               /* FAILED */
    const char *path;           /* ADDED, UPDATED, REMOVED; else NULL */
    const zobo_tree_node *node; /* ADDED, UPDATED: as it is now; REMOVED: as it was; else NULL */
    const zobo_tree_node *old;  /* UPDATED: as it was; else NULL */
} zobo_tree_event;

/* Told on the callback thread, one event after another. May call anything, also free the cache. */
typedef void zobo_tree_cache_listener_fn(void *arg, zobo_tree_cache *cache, const zobo_tree_event *event);

/* Asked whether `path` belongs into the copy; false leaves it out with all that is below it. Inline: it must be quick,
 * must not block nor call zobo, and must always give the same answer for the same path. Not asked for the root. */
typedef bool zobo_tree_cache_filter_fn(void *arg, const char *path);

/* What is copied. Zero: everything. */
typedef struct zobo_tree_cache_options {
    size_t size;                           /* 0, or sizeof(zobo_tree_cache_options) */
    zobo_tree_cache_listener_fn *listener; /* may be NULL */
    void *listener_arg;
    zobo_tree_cache_filter_fn *filter; /* NULL: all */
    void *filter_arg;
    uint32_t max_depth;    /* levels below the root that are copied: 1 is its children; 0: 255, and no more than that */
    bool no_data;          /* names and stats only: data are not read, which takes a request for each node */
    size_t max_data_bytes; /* longer data are not kept; 0: no limit */
    size_t max_nodes;      /* nodes beyond so many are left out, until a reconnect finds room; 0: no limit */
} zobo_tree_cache_options;

/* zobo_tree_cache_new makes a cache of `root` and what is below it; nothing is read before zobo_tree_cache_start.
 *
 * `options` may be NULL. On ZOBO_OK `*out` is to be freed with zobo_tree_cache_free, before zobo_close; on an error it
 * is NULL, and `why` (may be NULL) says what is wrong. Errors: ZOBO_EBADPATH, ZOBO_EBADOPTION, ZOBO_ENOMEM,
 * ZOBO_EFORKED. Any thread, any callback. Source: kazoo TreeCache(). */
ZOBO_MUST_CHECK zobo_err zobo_tree_cache_new(zobo_client *client, const char *root,
                                             const zobo_tree_cache_options *options, zobo_tree_cache **out,
                                             zobo_problem *why);

/* zobo_tree_cache_start begins to copy, and returns at once. The client need not be started: then it begins when that
 * is. Errors: ZOBO_EALREADY, ZOBO_ENOMEM. Any thread, any callback. Source: kazoo TreeCache.start. */
ZOBO_MUST_CHECK zobo_err zobo_tree_cache_start(zobo_tree_cache *cache);

/* zobo_tree_cache_wait waits until the copy is complete, and as the server's, at most `timeout_ms` (0: without limit);
 * after an outage, until the copy has been compared.
 *
 * Errors: ZOBO_EWAITTIMEOUT (it goes on), ZOBO_EUNIMPLEMENTED (servers before 3.6), ZOBO_ENOTSTARTED
 * (zobo_tree_cache_start was not called; or the client is not started), ZOBO_ESTOPPED (the client; the cache goes on
 * with it), ZOBO_ECANCELLED (the cache was freed), ZOBO_ENOMEM, ZOBO_EWOULDBLOCK, ZOBO_EFORKED. In the twin the limit
 * is how->timeout_ms. Any thread; not in inline callbacks. */
ZOBO_MUST_CHECK zobo_err zobo_tree_cache_wait(zobo_tree_cache *cache, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_tree_cache_wait_async(zobo_tree_cache *cache, const zobo_how *how, zobo_call **call);

/* zobo_tree_cache_free stops following the tree, here and on the server, and frees the cache. Snapshots stay good until
 * they are freed.
 *
 * When it returns the listener is not running and will not run again; in the listener itself, it will not run again.
 * NULL is ignored. Any thread but inline callbacks. Source: kazoo TreeCache.close. */
void zobo_tree_cache_free(zobo_tree_cache *cache);

/* --- reading: any thread, any callback; no lock, no waiting; from the first start on, also while disconnected --- */

/* zobo_tree_cache_get_data copies a node's data and stat: reply->data, reply->stat.
 *
 * Errors: ZOBO_ENONODE (not in the copy), ZOBO_EINVAL (not the root nor below it), ZOBO_EBADPATH, ZOBO_ENOMEM, or the
 * node's own (zobo_tree_node.err). `*out` is freed with zobo_reply_free. Source: kazoo TreeCache.get_data. */
ZOBO_MUST_CHECK zobo_err zobo_tree_cache_get_data(zobo_tree_cache *cache, const char *path, zobo_reply **out);

/* zobo_tree_cache_get_children copies the names of a node's children, sorted: reply->children.
 *
 * Errors as for zobo_tree_cache_get_data. Source: kazoo TreeCache.get_children. */
ZOBO_MUST_CHECK zobo_err zobo_tree_cache_get_children(zobo_tree_cache *cache, const char *path, zobo_reply **out);

/* zobo_tree_cache_exists tells whether a node is in the copy: ZOBO_OK, and `*stat` (may be NULL) gets its stat (zeros
 * if it may not be read). Errors: ZOBO_ENONODE, ZOBO_EINVAL, ZOBO_EBADPATH. */
ZOBO_MUST_CHECK zobo_err zobo_tree_cache_exists(zobo_tree_cache *cache, const char *path, zobo_stat *stat);

/* zobo_tree_cache_snapshot takes the newest copy, to be freed with zobo_tree_snapshot_free, before the cache or after
 * it. Costs a few nanoseconds, whatever the size. Never NULL. */
zobo_tree_snapshot *zobo_tree_cache_snapshot(zobo_tree_cache *cache);

/* zobo_tree_snapshot_free lets go of a snapshot. NULL is ignored. Any thread. */
void zobo_tree_snapshot_free(zobo_tree_snapshot *snapshot);

/* zobo_tree_snapshot_get looks a node up; `*out` points into the snapshot. Copies nothing.
 *
 * Errors: ZOBO_ENONODE, ZOBO_EINVAL (not the root nor below it), ZOBO_EBADPATH. Any thread. */
ZOBO_MUST_CHECK zobo_err zobo_tree_snapshot_get(const zobo_tree_snapshot *snapshot, const char *path,
                                                zobo_tree_node *out);

/* zobo_tree_snapshot_child gives the `index`-th child of a node, in the order of names (strcmp), from 0.
 *
 * Errors: as zobo_tree_snapshot_get; ZOBO_ENONODE also when there are not so many. Any thread. */
ZOBO_MUST_CHECK zobo_err zobo_tree_snapshot_child(const zobo_tree_snapshot *snapshot, const char *path, size_t index,
                                                  zobo_tree_node *out);

/* Called for a node; false ends the walk. */
typedef bool zobo_tree_walk_fn(void *arg, const char *path, const zobo_tree_node *node);

/* zobo_tree_snapshot_walk calls `fn` for `path` and all nodes below it, parents first, in the order of names. Any
 * thread.
 *
 * Errors: as zobo_tree_snapshot_get; ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zobo_tree_snapshot_walk(const zobo_tree_snapshot *snapshot, const char *path,
                                                 zobo_tree_walk_fn *fn, void *arg);

/* zobo_tree_snapshot_size returns how many nodes there are. Any thread. */
size_t zobo_tree_snapshot_size(const zobo_tree_snapshot *snapshot);

/* What a cache has done, and holds. */
typedef struct zobo_tree_cache_info {
    size_t size;       /* sizeof(zobo_tree_cache_info), or 0; set by the caller */
    uint64_t nodes;    /* in the newest copy */
    uint64_t bytes;    /* of memory that they take, names and data included, as far as it is known here */
    uint64_t requests; /* sent so far */
    uint64_t reads;    /* nodes whose data was read */
    uint64_t lists;    /* nodes whose children were read */
    uint64_t left_out; /* nodes that max_nodes left out */
    bool current;      /* complete, connected, and nothing known to be missing */
} zobo_tree_cache_info;

/* zobo_tree_cache_get_info fills `*out`, whose `size` the caller has set. Any thread, any callback; takes no lock. */
void zobo_tree_cache_get_info(zobo_tree_cache *cache, zobo_tree_cache_info *out);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
