/* SPDX-License-Identifier: Apache-2.0 */
/* The client's watch table: who is told what about which path.
 *
 * One node per watched path, one small item per watcher, in the five lists that ZooKeeper keeps apart: data, exist and
 * child (one-shot), persistent, recursive. Paths are the server's (chroot included). */
#ifndef ZB_WATCH_H
#define ZB_WATCH_H

#include <zobo/types.h>

#include "base/list.h"
#include "base/map.h"
#include "wire/op.h"

struct zb_watch_node; /* one watched path; private to watch.c */

/* A zobo_watcher without its size: a million of them may be kept. */
typedef struct zb_watcher {
    zobo_watch_fn *fn;
    void *arg;
    unsigned flags;
} zb_watcher;

/* One registered watcher. Made before the request is sent, so that its registration cannot fail for want of memory when
 * the reply comes. Memory: at most 200 bytes for item and node together on a 30-byte path. */
typedef struct zb_watch {
    zb_link link; /* in its node's list while registered; then free for its holder (the delivery queue) */
    struct zb_watch_node *node;
    zb_watcher watcher;
    uint32_t refs; /* the table's one, and one for each event of a persistent watch under way */
    uint8_t table; /* zb_watch_table */
    bool registered;
    bool asking;  /* not registered so far */
    bool removed; /* taken back: events still under way are not delivered any more, but for the last one */
    /* the event to deliver, filled when a one-shot watch leaves the table: no allocation is needed then */
    int8_t event;
    uint32_t epoch; /* the telling (zb_watches_tell) it was registered in: not told of it */
    int64_t zxid;
} zb_watch;

typedef struct zb_watches {
    zb_map nodes;
    uint64_t n;            /* watchers registered */
    uint64_t n_persistent; /* of them persistent or recursive */
    uint64_t n_recursive;  /* of them recursive: while there is none, no ancestor is looked up */
    uint64_t n_unwanted;   /* paths on which the server may have a watch for nobody */
    struct {
        uint32_t epoch; /* counts the tellings; nodes that have been told carry it */
        bool on;
        size_t bucket, n_buckets;
        struct zb_watch_node *node;
        zb_link *at;
    } tell;
} zb_watches;

void zb_watches_init(zb_watches *w, uint64_t seed);
void zb_watches_free(zb_watches *w); /* drops all */

/* zb_watch_new makes a watch on prefix + path, not yet in the table. It already holds its (shared) path node. NULL: no
 * memory. The caller holds one reference. */
zb_watch *zb_watch_new(zb_watches *w, zb_path path, zb_watch_table table, const zobo_watcher *watcher);

/* zb_watch_register puts it in the table, which takes over the caller's reference. If the same watcher (fn, arg) is
 * there already for this path and table, nothing is added and the reference is dropped. `table` may have become
 * another since zb_watch_new (exists on a missing node: EXIST, on a present one: DATA). Cannot fail. */
void zb_watch_register(zb_watches *w, zb_watch *watch, zb_watch_table table);

/* zb_watch_unref drops a reference; the last one frees it. */
void zb_watch_unref(zb_watches *w, zb_watch *watch);

/* zb_watch_path: the watched path, NUL-terminated, valid as long as the watch. */
const char *zb_watch_path(const zb_watch *watch, size_t *len);

/* zb_watches_fire collects into `out` (a list of zb_watch.link) the one-shot watches that an event of this type on
 * this path ends, with event and zxid filled in and the table's reference passed to the holder of the list, and into
 * `persist` an array (appended to; its memory is the caller's, zb_free) of persistent ones that are to be told
 * (references NOT yet taken): PERSISTENT on the path itself, RECURSIVE on the path or an ancestor (never for CHILD).
 * Returns false when memory for `persist` ran out: nothing has changed then. */
typedef struct zb_watch_array {
    zb_watch **items;
    size_t n, cap;
} zb_watch_array;
bool zb_watches_fire(zb_watches *w, const char *path, size_t len, zobo_event_type type, int64_t zxid, zb_link *out,
                     zb_watch_array *persist);

/* zb_watches_expire takes all one-shot watches out (as fire does, event NONE): the session is over. */
void zb_watches_expire(zb_watches *w, zb_link *out);

/* zb_watches_take_persistent takes all persistent and recursive watches out too (event NONE): the client stops. */
void zb_watches_take_persistent(zb_watches *w, zb_link *out);

/* zb_watches_remove takes out the watchers of `kind` on a path that equal `watcher` (all if NULL), event *_REMOVED
 * filled in, references passed to the holder of `out`. *left (if not NULL) is set to the tables that still have a
 * watcher on that path, or may get one by a request that is under way, as a bit set of 1 << zb_watch_table. Returns how
 * many. */
size_t zb_watches_remove(zb_watches *w, zb_path path, zobo_watch_kind kind, const zobo_watcher *watcher, zb_link *out,
                         unsigned *left);

/* The server's watches for which nobody is left here. One cannot be taken back while something stands on the path that
 * would go with it, and while a request is under way that may set another: it is remembered then, until that something
 * is gone. A new connection has nothing to be taken back (zb_watches_next_path forgets it).
 *
 * zb_watches_renounce: those of `tables` (1 << zb_watch_table) are not wanted any more, unless a watcher here needs
 * them. zb_watches_surplus tells what the server can be asked to remove now, a zobo_watch_kind or 0, and forgets it: to be called after each change on
 * a path, and to be done. All servers since 3.5 understand it: they drop everything they have on a path for kind ANY,
 * and before 3.9 the kinds CHILDREN and DATA take persistent watches along, which have no kind of their own. */
void zb_watches_renounce(zb_watches *w, zb_path path, unsigned tables);
int32_t zb_watches_surplus(zb_watches *w, zb_path path);

/* zb_watch_give_up: the request for this watch ends without registering it. If it may have been carried out
 * (`may_stand`), a persistent one is not wanted on the server; a one-shot one goes by itself. The caller still holds
 * its reference. */
void zb_watch_give_up(zb_watches *w, zb_watch *watch, bool may_stand);

/* Telling all persistent and recursive watches of one thing, a step at a time: the table may change between steps.
 * Each watch that is registered when the telling begins, and still is when its turn comes, is given out once, with a
 * reference taken; those registered later are not. A new telling ends the one before. NULL at the end. */
void zb_watches_tell(zb_watches *w);
zb_watch *zb_watches_tell_next(zb_watches *w);

/* Walks the paths that must be set again after a reconnect, each with the set of its tables (1 << zb_watch_table).
 * *it is zeroed at first. The table must not change but where zb_watches_rests says that it may; if it has grown then,
 * the walk begins anew, and gives paths again. NULL at the end. Going over all paths, it forgets what was surplus on the
 * connection before. */
typedef struct zb_watch_iter {
    size_t bucket, n_buckets;
    zb_map_node *next; /* in the bucket before */
} zb_watch_iter;
const char *zb_watches_next_path(zb_watches *w, zb_watch_iter *it, size_t *len, unsigned *tables);
static inline bool
zb_watches_rests(const zb_watch_iter *it)
{
    return it->next == NULL;
}

#endif
