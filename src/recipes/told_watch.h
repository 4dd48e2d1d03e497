/* SPDX-License-Identifier: Apache-2.0 */
/* A node watch whose news go to a callback of the user's, the latest only. */
#ifndef ZR_TOLD_WATCH_H
#define ZR_TOLD_WATCH_H

#include "recipes/node_watch.h"

typedef struct zr_told_watch zr_told_watch;

/* Calls the user. Callback thread. */
typedef void zr_call_user_fn(zr_told_watch *w, zobo_err err, const zobo_reply *reply, const zobo_event *event);

struct zr_told_watch {
    zr_node_watch node; /* first */
    zr_call_user_fn *call;
    _Atomic(zr_news *) news; /* what is to be told; whoever takes it out owns it */
    zr_news *told;           /* what has been told last; callback thread */
    /* What was last put into `news`; strand. */
    bool seen;
    zobo_err err;
    zobo_stat stat;
};

/* zr_told_watch_new makes one in `size` bytes that begin with a zr_told_watch; the rest is filled by `fill(w, arg)`
 * before anything runs. */
ZOBO_MUST_CHECK zobo_err zr_told_watch_new(size_t size, zobo_client *client, const char *path, bool children,
                                           const zobo_watch_options *options, zr_call_user_fn *call,
                                           void (*fill)(zr_told_watch *w, const void *arg), const void *arg,
                                           zr_told_watch **out, zobo_problem *why);

#endif
