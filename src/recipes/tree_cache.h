/* SPDX-License-Identifier: Apache-2.0 */
/* The cache's parts.
 *
 *   tree.h            the tree itself, changed on the strand
 *   tree_cache.c      life, the watch on the server, the client's states
 *   tree_jobs.c       what is to be read, many nodes in one request
 *   tree_apply.c      what was read, put into the tree
 *   tree_publish.c    snapshots, and how readers get the newest without a lock
 *   tree_tell.c       what the listener is told
 *   tree_snapshot.c   reading */
#ifndef ZR_TREE_CACHE_H
#define ZR_TREE_CACHE_H

#include <zobo/cache.h>

#include "base/map.h"
#include "recipes/nap.h"
#include "recipes/tree.h"

/* The root's path, shared by the cache and its snapshots. */
typedef struct zr_place {
    atomic_uint refs;
    size_t len; /* of the path that children's paths begin with: 0 for "/" */
    char path[];
} zr_place;

zr_place *zr_place_new(const char *path);
zr_place *zr_place_ref(zr_place *p);
void zr_place_unref(zr_place *p);

/* zr_place_below gives what of `path` is below the root, "" for the root itself. NULL: it is outside. */
const char *zr_place_below(const zr_place *p, const char *path);

/* ---- snapshots ---- */

/* What holds for the cache as a whole. */
typedef struct zr_condition {
    uint32_t suspended, lost; /* how often so far */
    bool current;             /* as the server's, as far as is known */
    bool initialized;
    bool full;
    zobo_err failed; /* ZOBO_OK, or why the cache cannot work */
} zr_condition;

struct zobo_tree_snapshot {
    atomic_uint refs;
    zr_node *root;
    zr_place *place;
    size_t nodes, bytes, path_max;
    zr_condition condition;
    zobo_tree_snapshot *next; /* retired: see tree_publish.c */
    uint32_t idle;            /* the shards that had no reader since it was retired */
};

enum { ZR_SHARDS = 8 };

/* Where readers find the newest snapshot. */
typedef struct zr_board {
    _Atomic(zobo_tree_snapshot *) now;
    struct {
        atomic_uint readers;
        char alone[60]; /* in its cache line */
    } shards[ZR_SHARDS];
    zobo_tree_snapshot *retired;
} zr_board;

/* zr_snapshot_new keeps the tree as it is. NULL: no memory. */
zobo_tree_snapshot *zr_snapshot_new(const zr_tree *t, zr_place *place, const zr_condition *condition);
void zr_snapshot_unref(zobo_tree_snapshot *s);

/* zr_board_post publishes a snapshot, whose reference is taken over. By one thread at a time. */
void zr_board_post(zr_board *b, zobo_tree_snapshot *s);
/* zr_board_take gives the newest, with a reference. Any thread; takes no lock. */
zobo_tree_snapshot *zr_board_take(zr_board *b);
void zr_board_free(zr_board *b); /* nobody reads any more */

/* ---- the cache ---- */

/* A node that is to be read, or is being read. */
typedef struct zr_job {
    zb_map_node map; /* by path */
    zb_link link;    /* in cache->queue unless it is being read */
    uint8_t wanted;  /* ZR_...: to be read */
    uint8_t asked;   /* being read */
    uint32_t weight; /* bytes its answer may take, guessed */
    char path[];
} zr_job;

struct zobo_tree_cache {
    zr_recipe r; /* first */
    zobo_tree_cache_options o;
    zr_place *place;
    zr_board board;
    atomic_bool start_asked;
    /* strand */
    bool started;
    zr_tree tree;
    zr_condition condition;
    bool changed; /* since the last snapshot */
    zr_watch *watch;
    bool setting;       /* the watch, by a request under way */
    zr_nap nap;         /* idle: no connection */
    bool resync;        /* all must be compared, once there is memory to say so */
    bool thorough;      /* what was known of lists of children cannot be trusted: they are read, too */
    zb_map jobs;        /* zr_job */
    zb_link queue;      /* zr_job, those to be sent */
    size_t in_flight;   /* requests of many reads */
    size_t singles;     /* requests of one */
    size_t batch;       /* reads in one request, at most */
    size_t data_bytes;  /* of a node on average */
    int64_t known_zxid; /* of the last answer: all events up to it have come */
    int64_t probe_zxid; /* not 0: if the next answer has it as well, nothing was missed */
    /* for zobo_tree_cache_get_info */
    atomic_uint_fast64_t requests, reads, lists, left_out;
    /* callback thread */
    zobo_tree_snapshot *told;
    char *path; /* a buffer */
    size_t path_size;
    bool outage_told; /* and not yet its end */
    /* any */
    atomic_bool telling; /* the callback thread has been asked */
    atomic_bool freed;
};

/* ---- tree_cache.c ---- */

/* zr_cache_go_on does what can be done next. */
void zr_cache_go_on(zobo_tree_cache *c);
/* zr_cache_fail ends the cache's work. */
void zr_cache_fail(zobo_tree_cache *c, zobo_err err);
/* zr_cache_pause has zr_cache_go_on run after a while; nothing is sent before. */
void zr_cache_pause(zobo_tree_cache *c);
/* zr_cache_lost_track: there was no memory to take note of something: all is compared after a pause. */
void zr_cache_lost_track(zobo_tree_cache *c);

/* ---- tree_jobs.c ---- */

/* What is to be read of a node: its data and stat; the names of its children; both stat and names, without data; and
 * all below it is to be compared, too. The first two go into multi-reads, which have no such thing as the third. */
enum { ZR_DATA = 1, ZR_LIST = 2, ZR_STAT = 4, ZR_DEEP = 8 };

/* zr_jobs_want has a node read: what is a set of ZR_...; weight guesses how long the list will be, 0 for no idea. */
void zr_jobs_want(zobo_tree_cache *c, const char *path, size_t len, unsigned what, size_t weight);
bool zr_jobs_has(const zobo_tree_cache *c, const char *path, size_t len);
void zr_jobs_send(zobo_tree_cache *c);
void zr_jobs_drop(zobo_tree_cache *c); /* those not being read */

/* ---- tree_apply.c ---- */

/* What was read of a job's node: zr_jobs_want may be called for it, too. */
void zr_apply_data(zobo_tree_cache *c, const zr_job *job, const zobo_result *res);
void zr_apply_list(zobo_tree_cache *c, const zr_job *job, const zobo_result *res);
void zr_apply_stat(zobo_tree_cache *c, const zr_job *job, const zobo_result *res);
/* zr_apply_event takes note of a change. */
void zr_apply_event(zobo_tree_cache *c, const zobo_event *event);

/* ---- tree_tell.c ---- */

/* zr_cache_publish makes the tree as it is the newest snapshot, and has the listener told. */
void zr_cache_publish(zobo_tree_cache *c);

#endif
