/* SPDX-License-Identifier: Apache-2.0 */
/* Watching one node: its data, its children, its children once they have come to rest. kazoo's DataWatch, ChildrenWatch
 * and PatientChildrenWatch.
 *
 *     static void
 *     changed(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
 *     {
 *         printf("%s\n", err ? zobo_err_text(err) : reply->data ? (const char *)reply->data : "");
 *     }
 *     ...
 *     err = zobo_data_watch_new(client, "/config", changed, NULL, NULL, &watch, NULL);
 *     ...
 *     zobo_data_watch_free(watch);
 *
 * Znode layout: none. A watch reads one node and creates nothing.
 *
 * Guarantees. The callback is told how things stand once at the beginning, and from then on whenever that has changed,
 * until the watch is freed: over lost connections, new sessions, zobo_stop and zobo_start. The client need not be
 * started yet. That the node is missing is a state like any other (ZOBO_ENONODE): deleted and created again, the node
 * is still watched. What is told was read after the event that announced it, so the last thing told is how the node
 * stands, as soon as the news has come. Nothing is told twice in a row. A callback that is slower than the changes is
 * told the latest state, not all those between; what is kept for it is one state, whatever happens.
 *
 * Limits. While the client is not connected nothing is told: add a listener to learn that what you have may be stale. A
 * change that was undone again before it could be read may go untold. That a node may not be read (ZOBO_ENOAUTH) is
 * told, too; as servers do not announce changes of ACLs, it is tried again with pauses of up to 10 s. A permission that
 * is withdrawn is noticed with the next event; ZooKeeper from 3.9.2 on sends none to who may not read.
 *
 * On the server, a watch is one persistent watch (ZooKeeper 3.6 and later) or, with options.one_shot and on older
 * servers, one-shot watches that are set again with each reading. Servers before 3.6 answer the attempt to set a
 * persistent watch by closing the connection, once for each of these objects: give one_shot for them.
 *
 * Callbacks run on the callback thread and may call anything, also free their watch. */
#ifndef ZOBO_WATCHERS_H
#define ZOBO_WATCHERS_H

#include <zobo/call.h>
#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* How a node is watched. Zero is good. */
typedef struct zobo_watch_options {
    size_t size;       /* 0, or sizeof(zobo_watch_options) */
    bool one_shot;     /* do not try to set a persistent watch: for servers before 3.6 */
    uint32_t quiet_ms; /* zobo_patient_children_watch: how long the children must not have changed; 0: 30000 (kazoo:
                        * time_boundary) */
} zobo_watch_options;

/* ---- data ---- */

/* A watch on a node's data. Opaque. */
typedef struct zobo_data_watch zobo_data_watch;

/* Told how the node stands: ZOBO_OK with `reply` (data and stat), ZOBO_ENONODE when it is missing, or why it
 * cannot be read (ZOBO_ENOAUTH); `reply` is then NULL. `event` is the latest one that led to this, NULL for the first
 * call and when it was found on reading again (after a new connection). Both are borrowed.
 *
 * Called again when the data was set (mzxid), the node was created or deleted, or the error is another one. */
typedef void zobo_data_watch_fn(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply,
                                const zobo_event *event);

/* zobo_data_watch_new begins to watch the data of `path`.
 *
 * `fn(arg, ...)` is called soon, and on each change. `options` may be NULL. Never talks to the server itself. On
 * ZOBO_OK `*out` is to be freed with zobo_data_watch_free, before zobo_close; on an error it is NULL, and `why` (may be
 * NULL) says what is wrong. Errors: ZOBO_EBADPATH, ZOBO_EINVAL (no fn), ZOBO_EBADOPTION, ZOBO_ENOMEM, ZOBO_EFORKED. Any
 * thread, any callback. Source: kazoo DataWatch. */
ZOBO_MUST_CHECK zobo_err zobo_data_watch_new(zobo_client *client, const char *path, zobo_data_watch_fn *fn, void *arg,
                                             const zobo_watch_options *options, zobo_data_watch **out,
                                             zobo_problem *why);

/* zobo_data_watch_free stops watching, here and on the server, and frees the watch.
 *
 * When it returns the callback is not running and will not run again; in that callback itself, it will not run again.
 * NULL is ignored. Any thread but inline callbacks; while the callback waits for a lock, do not free with that lock
 * held. Source: kazoo: the function returns False. */
void zobo_data_watch_free(zobo_data_watch *watch);

/* ---- children ---- */

/* A watch on a node's children. Opaque. */
typedef struct zobo_children_watch zobo_children_watch;

/* Told how the children stand: ZOBO_OK with `reply` (children, sorted by strcmp, and the node's stat), or as in
 * zobo_data_watch_fn.
 *
 * Called again when the set of children has changed, the node was created, deleted, or replaced by another, or the
 * error is another one. */
typedef void zobo_children_watch_fn(void *arg, zobo_children_watch *watch, zobo_err err, const zobo_reply *reply,
                                    const zobo_event *event);

/* zobo_children_watch_new begins to watch the children of `path`. As zobo_data_watch_new. Source: kazoo ChildrenWatch.
 * */
ZOBO_MUST_CHECK zobo_err zobo_children_watch_new(zobo_client *client, const char *path, zobo_children_watch_fn *fn,
                                                 void *arg, const zobo_watch_options *options,
                                                 zobo_children_watch **out, zobo_problem *why);

/* zobo_children_watch_free is to a children watch what zobo_data_watch_free is to a data watch. */
void zobo_children_watch_free(zobo_children_watch *watch);

/* ---- children at rest ---- */

/* A watch that waits until a node's children have not changed for a time: members of a group, when all have started.
 * Opaque. */
typedef struct zobo_patient_children_watch zobo_patient_children_watch;

/* zobo_patient_children_watch_new begins to watch the children of `path`; the time of rest counts from the first
 * reading. As zobo_data_watch_new. Source: kazoo PatientChildrenWatch. */
ZOBO_MUST_CHECK zobo_err zobo_patient_children_watch_new(zobo_client *client, const char *path,
                                                         const zobo_watch_options *options,
                                                         zobo_patient_children_watch **out, zobo_problem *why);

/* zobo_patient_children_watch_get waits until the children have been the same for options.quiet_ms, at most
 * `timeout_ms` (0: without limit).
 *
 * ZOBO_OK: `*out` (may be NULL) has the children, sorted, and the node's stat. A node that is missing, or may not be
 * read, for so long is at rest as well: ZOBO_ENONODE, ZOBO_ENOAUTH. A lost connection begins the time anew, for what
 * happens meanwhile is not known. It may be called again and again, by several threads. Errors: ZOBO_EWAITTIMEOUT,
 * ZOBO_ESTOPPED (the client), ZOBO_ECANCELLED (the watch was freed), ZOBO_ENOMEM, ZOBO_EWOULDBLOCK, ZOBO_EFORKED. In
 * the twin the limit is how->timeout_ms. Any thread. Source: kazoo PatientChildrenWatch.start, its first result. */
ZOBO_MUST_CHECK zobo_err zobo_patient_children_watch_get(zobo_patient_children_watch *watch, uint32_t timeout_ms,
                                                         zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_patient_children_watch_get_async(zobo_patient_children_watch *watch, const zobo_how *how,
                                                               zobo_call **call);

/* zobo_patient_children_watch_changed waits until the children are others than what the last get has given (at once, if
 * they are already), at most `timeout_ms` (0: without limit). Before a get has ended, it waits for the first reading.
 *
 * ZOBO_OK, without children: get waits for them to come to rest again. Errors and threads as for get.
 * Source: kazoo PatientChildrenWatch.start, its second result. */
ZOBO_MUST_CHECK zobo_err zobo_patient_children_watch_changed(zobo_patient_children_watch *watch, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_patient_children_watch_changed_async(zobo_patient_children_watch *watch,
                                                                   const zobo_how *how, zobo_call **call);

/* zobo_patient_children_watch_free stops watching; waits under way end with ZOBO_ECANCELLED. Otherwise as
 * zobo_data_watch_free. */
void zobo_patient_children_watch_free(zobo_patient_children_watch *watch);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
