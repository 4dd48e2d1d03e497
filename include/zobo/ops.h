/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs. Each blocks until its reply, its deadline, or the end of the session; each has a twin that does not
 * (call.h tells how). All may be called from any thread and from callbacks on the callback thread; a blocking verb in
 * an inline callback is refused with ZOBO_EWOULDBLOCK. With an event-loop client they work too: the calling thread does
 * what zobo_process would, and callbacks wait for the next zobo_process.
 *
 * Every verb may fail with: ZOBO_ENOTSTARTED; ZOBO_ESTOPPED; ZOBO_ENOCONNECTION, ZOBO_ENOTSENT (class RETRY: not
 * sent); ZOBO_ECONNECTIONLOSS, ZOBO_EOPERATIONTIMEOUT (UNKNOWN: sent, no answer); ZOBO_ESESSIONEXPIRED;
 * ZOBO_EBADPATH (zobo_path_check tells more); ZOBO_ETOOBIG; ZOBO_EQUEUEFULL; ZOBO_ENOMEM; ZOBO_EREPLYLOST;
 * ZOBO_EBADREPLY; ZOBO_EFORKED; ZOBO_EWOULDBLOCK; ZOBO_EINVAL (NULL data with a length, a watcher without a function,
 * unknown flags); and with whatever number the server answers. The comments name only the errors that belong to the
 * verb. Paths and data are copied; on error `*out` is NULL; `out` and `stat` may be NULL.
 *
 * The deadline is options.request_timeout_ms, a twin's how.timeout_ms. It is the verb's: one that takes many requests
 * (zobo_create with makepath, zobo_ensure_path, zobo_delete_recursive) has no more time than one that takes one.
 *
 * Nothing is tried again behind the caller's back: zobo_retry does that. */
#ifndef ZOBO_OPS_H
#define ZOBO_OPS_H

#include <zobo/call.h>
#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* How a node is made. Zero: persistent, not sequential, the client's default ACL. */
typedef struct zobo_create_options {
    size_t size;              /* 0, or sizeof(zobo_create_options) */
    const zobo_acl_list *acl; /* NULL: options.default_acl */
    bool ephemeral;           /* goes with the session */
    bool sequence;            /* the server appends a ten-digit number; the path may end in '/' */
    bool container;           /* goes when its last child goes; ZooKeeper 3.5.1 */
    bool makepath;            /* make missing parents, with the same ACL */
    bool include_stat;        /* also return the stat; ZooKeeper 3.5 */
    int64_t ttl_ms;           /* if not 0: goes when childless and unchanged for so long; ZooKeeper 3.5.3 with
                               * extendedTypesEnabled; 1 to 2^40 - 1; not with ephemeral or container */
} zobo_create_options;

/* zobo_create makes a node.
 *
 * `data` NULL (and `len` 0) is null data, not NULL with `len` 0 is empty data; ZooKeeper tells them apart. `options`
 * may be NULL. reply->path is the real path; with include_stat reply->stat is set.
 * Errors: ZOBO_ENODEEXISTS, ZOBO_ENONODE (no parent, without makepath), ZOBO_ENOCHILDRENFOREPHEMERALS, ZOBO_ENOAUTH,
 * ZOBO_EINVALIDACL, ZOBO_EQUOTAEXCEEDED, ZOBO_EBADOPTION (flags that exclude each other, TTL out of range),
 * ZOBO_EUNIMPLEMENTED (TTL not enabled). Source: ZooKeeper create, create2, createContainer, createTTL; kazoo create.
 * */
ZOBO_MUST_CHECK zobo_err zobo_create(zobo_client *client, const char *path, const void *data, size_t len,
                                     const zobo_create_options *options, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_create_async(zobo_client *client, const char *path, const void *data, size_t len,
                                           const zobo_create_options *options, const zobo_how *how, zobo_call **call);

/* zobo_ensure_path makes a node and its missing ancestors, with empty data; that it is there already is success.
 *
 * `acl` NULL: the client's default. "/" makes the client's chroot itself, however deep. It climbs only as far as
 * needed, so that no permission on higher nodes is required.
 * Errors: ZOBO_ENOAUTH, ZOBO_EINVALIDACL, ZOBO_ENOCHILDRENFOREPHEMERALS. Source: kazoo ensure_path. */
ZOBO_MUST_CHECK zobo_err zobo_ensure_path(zobo_client *client, const char *path, const zobo_acl_list *acl);
ZOBO_MUST_CHECK zobo_err zobo_ensure_path_async(zobo_client *client, const char *path, const zobo_acl_list *acl,
                                                const zobo_how *how, zobo_call **call);

/* zobo_exists reads a node's stat. A missing node is ZOBO_ENONODE: an answer, told as an error, so that one look at the
 * result is enough.
 *
 * `watcher` (may be NULL) is told once when the node is created, changed or deleted; it is set in either case.
 * Errors: ZOBO_ENONODE, ZOBO_ENOAUTH (ZooKeeper 3.8.4 and later). Source: ZooKeeper exists; kazoo exists. */
ZOBO_MUST_CHECK zobo_err zobo_exists(zobo_client *client, const char *path, const zobo_watcher *watcher,
                                     zobo_stat *stat);
ZOBO_MUST_CHECK zobo_err zobo_exists_async(zobo_client *client, const char *path, const zobo_watcher *watcher,
                                           const zobo_how *how, zobo_call **call);

/* zobo_get reads a node's data and stat.
 *
 * A session sees its own writes and never goes back in time, but another session's server may be behind: zobo_sync
 * first, to see what another client has just written.
 * `watcher` (may be NULL) is told once when the node is changed or deleted; it is set only if the node is there.
 * Errors: ZOBO_ENONODE, ZOBO_ENOAUTH. Source: ZooKeeper getData; kazoo get. */
ZOBO_MUST_CHECK zobo_err zobo_get(zobo_client *client, const char *path, const zobo_watcher *watcher, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_get_async(zobo_client *client, const char *path, const zobo_watcher *watcher,
                                        const zobo_how *how, zobo_call **call);

/* zobo_get_children reads the names of a node's children, in no order, and its stat.
 *
 * `watcher` (may be NULL) is told once when a child comes or goes, or the node is deleted.
 * Errors: ZOBO_ENONODE, ZOBO_ENOAUTH. Source: ZooKeeper getChildren2; kazoo get_children. */
ZOBO_MUST_CHECK zobo_err zobo_get_children(zobo_client *client, const char *path, const zobo_watcher *watcher,
                                           zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_get_children_async(zobo_client *client, const char *path, const zobo_watcher *watcher,
                                                 const zobo_how *how, zobo_call **call);

/* zobo_get_acls reads a node's ACL and stat. Without ADMIN permission the server hides digests.
 *
 * Errors: ZOBO_ENONODE, ZOBO_ENOAUTH. Source: ZooKeeper getACL; kazoo get_acls. */
ZOBO_MUST_CHECK zobo_err zobo_get_acls(zobo_client *client, const char *path, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_get_acls_async(zobo_client *client, const char *path, const zobo_how *how,
                                             zobo_call **call);

/* zobo_set_acls replaces a node's ACL if its ACL version (stat.aversion) is `version`, -1 for any.
 *
 * Errors: ZOBO_ENONODE, ZOBO_ENOAUTH, ZOBO_EBADVERSION, ZOBO_EINVALIDACL. Source: ZooKeeper setACL; kazoo set_acls. */
ZOBO_MUST_CHECK zobo_err zobo_set_acls(zobo_client *client, const char *path, const zobo_acl_list *acl, int32_t version,
                                       zobo_stat *stat);
ZOBO_MUST_CHECK zobo_err zobo_set_acls_async(zobo_client *client, const char *path, const zobo_acl_list *acl,
                                             int32_t version, const zobo_how *how, zobo_call **call);

/* zobo_set replaces a node's data if its version is `version`, -1 for any. Null and empty data as in zobo_create.
 *
 * Errors: ZOBO_ENONODE, ZOBO_ENOAUTH, ZOBO_EBADVERSION, ZOBO_EQUOTAEXCEEDED. Source: ZooKeeper setData; kazoo set. */
ZOBO_MUST_CHECK zobo_err zobo_set(zobo_client *client, const char *path, const void *data, size_t len, int32_t version,
                                  zobo_stat *stat);
ZOBO_MUST_CHECK zobo_err zobo_set_async(zobo_client *client, const char *path, const void *data, size_t len,
                                        int32_t version, const zobo_how *how, zobo_call **call);

/* zobo_delete removes a node without children if its version is `version`, -1 for any.
 *
 * Errors: ZOBO_ENONODE, ZOBO_ENOAUTH, ZOBO_EBADVERSION, ZOBO_ENOTEMPTY. Source: ZooKeeper delete; kazoo delete. */
ZOBO_MUST_CHECK zobo_err zobo_delete(zobo_client *client, const char *path, int32_t version);
ZOBO_MUST_CHECK zobo_err zobo_delete_async(zobo_client *client, const char *path, int32_t version, const zobo_how *how,
                                           zobo_call **call);

/* zobo_delete_recursive removes a node and all below it, children first. Not atomic: on failure part of it is gone.
 *
 * Pipelined. Nodes that vanish meanwhile are no error, children that appear meanwhile are removed too, however often: a
 * node that does not stay empty is tried again, with pauses of up to a quarter of a second, until the deadline, which
 * then is ZOBO_ENOTEMPTY. Without one it goes on until it has won, is cancelled, or the client is stopped.
 * A missing node is ZOBO_ENONODE. "/" is refused (ZOBO_EINVAL). On error `why` (may be NULL) names the node that could
 * not be removed and says why; the twin's reply has its path. Source: kazoo delete(recursive=True). */
ZOBO_MUST_CHECK zobo_err zobo_delete_recursive(zobo_client *client, const char *path, zobo_problem *why);
ZOBO_MUST_CHECK zobo_err zobo_delete_recursive_async(zobo_client *client, const char *path, const zobo_how *how,
                                                     zobo_call **call);

/* zobo_sync waits until this session's server has caught up with the leader, as far as `path` goes (it need not exist).
 *
 * Source: ZooKeeper sync; kazoo sync. */
ZOBO_MUST_CHECK zobo_err zobo_sync(zobo_client *client, const char *path);
ZOBO_MUST_CHECK zobo_err zobo_sync_async(zobo_client *client, const char *path, const zobo_how *how, zobo_call **call);

/* zobo_add_watch sets a persistent watcher on a path, which need not exist. It stays until zobo_remove_watches or
 * zobo_stop; see zobo_watcher.
 *
 * Errors: ZOBO_EINVAL (no watcher, unknown mode), ZOBO_EUNIMPLEMENTED (servers before 3.6: they also close the
 * connection). Source: ZooKeeper addWatch. */
ZOBO_MUST_CHECK zobo_err zobo_add_watch(zobo_client *client, const char *path, zobo_watch_mode mode,
                                        const zobo_watcher *watcher);
ZOBO_MUST_CHECK zobo_err zobo_add_watch_async(zobo_client *client, const char *path, zobo_watch_mode mode,
                                              const zobo_watcher *watcher, const zobo_how *how, zobo_call **call);

/* zobo_remove_watches takes back watchers of `kind` on `path`: `watcher`, or all if NULL.
 *
 * Each that is removed gets its last event (..._WATCH_REMOVED), where its events have always come. The server's watch
 * is removed with the last watcher that needs it, or may need it: while a request is under way that may set another, it
 * stays, and goes when that has come to nothing. ZOBO_WATCH_DATA includes exists. For ZOBO_WATCH_ANY everything on the path goes, the persistent ones too.
 * Servers before 3.9 do not know the kinds PERSISTENT and PERSISTENT_RECURSIVE: the library then uses ANY when nothing
 * else stands on that path, else the watcher is removed here and the server's watch stays behind unseen. It succeeds
 * without a connection too: what is not set here is not set again on the next one. Errors: ZOBO_ENOWATCHER (there is no
 * such watcher here), ZOBO_EINVAL (unknown kind). Source: ZooKeeper removeWatches. */
ZOBO_MUST_CHECK zobo_err zobo_remove_watches(zobo_client *client, const char *path, zobo_watch_kind kind,
                                             const zobo_watcher *watcher);
ZOBO_MUST_CHECK zobo_err zobo_remove_watches_async(zobo_client *client, const char *path, zobo_watch_kind kind,
                                                   const zobo_watcher *watcher, const zobo_how *how, zobo_call **call);

/* zobo_check_watches asks the server whether this connection has a watch of `kind` on `path`.
 *
 * ZOBO_OK: yes; ZOBO_ENOWATCHER: no. Source: ZooKeeper checkWatches. */
ZOBO_MUST_CHECK zobo_err zobo_check_watches(zobo_client *client, const char *path, zobo_watch_kind kind);
ZOBO_MUST_CHECK zobo_err zobo_check_watches_async(zobo_client *client, const char *path, zobo_watch_kind kind,
                                                  const zobo_how *how, zobo_call **call);

/* zobo_get_ephemerals reads the paths (reply->children) of this session's ephemeral nodes that begin with `prefix`.
 *
 * `prefix` is compared as a string: "/a" also finds "/ab". Source: ZooKeeper getEphemerals (3.6). */
ZOBO_MUST_CHECK zobo_err zobo_get_ephemerals(zobo_client *client, const char *prefix, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_get_ephemerals_async(zobo_client *client, const char *prefix, const zobo_how *how,
                                                   zobo_call **call);

/* zobo_get_all_children_number counts all that is below a node, in one request.
 *
 * Errors: ZOBO_ENONODE, ZOBO_ENOAUTH. Source: ZooKeeper getAllChildrenNumber (3.6). */
ZOBO_MUST_CHECK zobo_err zobo_get_all_children_number(zobo_client *client, const char *path, int32_t *count);
ZOBO_MUST_CHECK zobo_err zobo_get_all_children_number_async(zobo_client *client, const char *path, const zobo_how *how,
                                                            zobo_call **call);

/* zobo_who_am_i asks the server as whom it knows this connection: reply->acls, scheme and id.
 *
 * Source: ZooKeeper whoAmI (3.7). */
ZOBO_MUST_CHECK zobo_err zobo_who_am_i(zobo_client *client, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_who_am_i_async(zobo_client *client, const zobo_how *how, zobo_call **call);

/* zobo_reconfig changes the ensemble's members; reply->data is the new configuration.
 *
 * Either `joining` ("server.4=h:2888:3888;2181,...") and `leaving` ("2,3"), or `new_members`; the others NULL.
 * `from_config` -1: whatever is in force. Errors: ZOBO_ERECONFIGDISABLED, ZOBO_ENEWCONFIGNOQUORUM,
 * ZOBO_ERECONFIGINPROGRESS, ZOBO_EBADVERSION, ZOBO_EBADARGUMENTS, ZOBO_ENOAUTH. Source: ZooKeeper reconfig; kazoo. */
ZOBO_MUST_CHECK zobo_err zobo_reconfig(zobo_client *client, const char *joining, const char *leaving,
                                       const char *new_members, int64_t from_config, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_reconfig_async(zobo_client *client, const char *joining, const char *leaving,
                                             const char *new_members, int64_t from_config, const zobo_how *how,
                                             zobo_call **call);

/* zobo_get_config reads the ensemble's configuration (the node /zookeeper/config, whatever the chroot).
 *
 * `watcher` as in zobo_get. Source: ZooKeeper getConfig. */
ZOBO_MUST_CHECK zobo_err zobo_get_config(zobo_client *client, const zobo_watcher *watcher, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_get_config_async(zobo_client *client, const zobo_watcher *watcher, const zobo_how *how,
                                               zobo_call **call);

/* zobo_add_auth presents a credential, and again on each later connection, in the order given.
 *
 * Errors: ZOBO_EAUTHFAILED: the server does not accept it. It is then forgotten; the server closes the connection, and
 * the client reconnects without it. Source: ZooKeeper addAuthInfo; kazoo add_auth. */
ZOBO_MUST_CHECK zobo_err zobo_add_auth(zobo_client *client, const char *scheme, const void *credential, size_t len);
ZOBO_MUST_CHECK zobo_err zobo_add_auth_async(zobo_client *client, const char *scheme, const void *credential,
                                             size_t len, const zobo_how *how, zobo_call **call);

/* zobo_command sends a four-letter word ("ruok", "srvr", "mntr", ...) to the server in use, on a connection of its own,
 * and returns the whole answer in reply->data.
 *
 * Errors: ZOBO_EINVAL (not four letters), ZOBO_ENOCONNECTION, ZOBO_EOPERATIONTIMEOUT (without a deadline of its own
 * after the session timeout asked for). A word that the server does not allow is answered in words, not as an error.
 * Source: kazoo command. */
ZOBO_MUST_CHECK zobo_err zobo_command(zobo_client *client, const char *word, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_command_async(zobo_client *client, const char *word, const zobo_how *how,
                                            zobo_call **call);

/* zobo_command_at sends a four-letter word to one server, for which no session is needed: a server without a quorum
 * answers too.
 *
 * `host` is as in zobo_options, one server (a chroot means nothing here); NULL: "127.0.0.1:2181". Blocks for at most
 * `timeout_ms` (0: 10000), names that must be looked up included. The answer is reply->data; `why` (may be NULL) names
 * the server and what came of it. Errors: ZOBO_EINVAL (not four letters), ZOBO_EBADHOSTS (also for several servers),
 * those that tell why a server cannot be used (ZOBO_EREFUSED, ZOBO_ERESOLVE, ...; ZOBO_ECONNECTTIMEOUT),
 * ZOBO_EOPERATIONTIMEOUT, ZOBO_ECONNECTIONLOSS (closed without an answer: perhaps it knows no such word). Any thread,
 * but not in an inline callback, which must not block. Source: ZooKeeper's four-letter words. */
ZOBO_MUST_CHECK zobo_err zobo_command_at(const char *host, const char *word, uint32_t timeout_ms, zobo_reply **out,
                                         zobo_problem *why);

/* zobo_server_version asks the server for its version: {3, 8, 0}. Needs "srvr" or "envi" among the words it allows.
 *
 * The twin's reply->data is the text "3.8.0".
 * Errors: as zobo_command; ZOBO_EBADREPLY when neither word's answer tells. Source: kazoo server_version. */
ZOBO_MUST_CHECK zobo_err zobo_server_version(zobo_client *client, int version[3]);
ZOBO_MUST_CHECK zobo_err zobo_server_version_async(zobo_client *client, const zobo_how *how, zobo_call **call);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
