/* SPDX-License-Identifier: Apache-2.0 */
/* Following one node: reads its data or its children, again after each event and each new connection.
 *
 * What stands on the server is one persistent watch, or one-shot watches that are set with the readings. A
 * reading that was sent after an event shows what the event was about, so: an event while a reading is under way asks
 * for another one. All runs on the strand. */
#ifndef ZR_NODE_WATCH_H
#define ZR_NODE_WATCH_H

#include <zobo/watchers.h>

#include "recipes/nap.h"

typedef struct zr_node_watch zr_node_watch;

/* What an event left behind; its path is the node's. */
typedef struct zr_cause {
    bool is_set;
    zobo_event_type type;
    zobo_state state;
    int64_t zxid;
} zr_cause;

/* Told of each reading, whether anything has changed or not: ZOBO_OK with a reply (borrowed), or why there is none. */
typedef void zr_seen_fn(zr_node_watch *w, zobo_err err, const zobo_reply *reply, const zr_cause *cause);

enum { ZR_STANDS_PERSISTENT, ZR_STANDS_DATA, ZR_STANDS_CHILDREN, ZR_STANDS };

struct zr_node_watch {
    zr_recipe r; /* first */
    char *path;
    zr_seen_fn *seen;
    bool children;               /* else data */
    bool one_shot;               /* by the options, or because the server knows nothing else */
    bool due;                    /* a reading must be sent */
    bool busy;                   /* a request is under way */
    zr_nap nap;                  /* before the next try */
    zr_watch *stands[ZR_STANDS]; /* what is set, or being set */
    bool setting[ZR_STANDS];     /* by the request under way */
    zr_cause cause;              /* the last event, until a reading has been sent after it and told */
};

/* zr_node_watch_init makes what all these watches have, and checks path and options. On an error there is nothing to be
 * undone. `kind` must have zr_node_watch_state as its `state`, and call zr_node_watch_freed in its `freed`. */
ZOBO_MUST_CHECK zobo_err zr_node_watch_init(zr_node_watch *w, const zr_kind *kind, zobo_client *client,
                                            const char *path, bool children, const zobo_watch_options *options,
                                            zr_seen_fn *seen, zobo_problem *why);
void zr_node_watch_fini(zr_node_watch *w); /* frees all but w */

/* zr_node_watch_begin sends the first request, soon. ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zr_node_watch_begin(zr_node_watch *w);

/* zr_node_watch_go sends it now. Strand. */
void zr_node_watch_go(zr_node_watch *w);

/* zr_node_watch_again has the node read again after a pause: what was seen could not be kept. For `seen`. */
void zr_node_watch_again(zr_node_watch *w);

void zr_node_watch_state(zr_recipe *r, zobo_state state);
void zr_node_watch_freed(zr_recipe *r);

/* zr_watch_options_take is zb_sized_take for zobo_watch_options. */
ZOBO_MUST_CHECK zobo_err zr_watch_options_take(zobo_watch_options *to, const zobo_watch_options *from,
                                               zobo_problem *why);

/* --- what a node was seen to be (news.c) --- */

/* A copy of a reading. */
typedef struct zr_news {
    zobo_err err;
    zr_cause cause;
    zobo_reply *reply; /* children sorted; NULL on an error */
} zr_news;

/* zr_news_new copies a reading. NULL: no memory. */
zr_news *zr_news_new(zobo_err err, const zobo_reply *reply, const zr_cause *cause);
void zr_news_free(zr_news *news);

/* zr_news_same tells whether two readings (a may be NULL) of the kind show the same. */
bool zr_news_same(const zr_news *a, const zr_news *b, bool children);

#endif
