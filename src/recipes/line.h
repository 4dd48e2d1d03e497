/* SPDX-License-Identifier: Apache-2.0 */
/* A line of entries, of which whoever comes takes the first: what Queue and DelayQueue have in common. */
#ifndef ZR_LINE_H
#define ZR_LINE_H

#include <zobo/queue.h>

#include "recipes/witness.h"

typedef struct zr_place {
    int64_t key;
    int32_t sequence;
    const char *name;
} zr_place;

/* zr_places_read makes the sorted list of the entries in a reply to get_children, in place of `*places`: one
 * allocation, the names behind. False: no memory; all is as before. */
bool zr_places_read(const zobo_reply *reply, bool delay, zr_place **places, size_t *n);
/* zr_places_without leaves those that are not among the children in `taken`. False: no memory; all is as before. */
bool zr_places_without(zr_place *places, size_t *n, const zobo_reply *taken);

typedef struct zr_line {
    zr_recipe r;
    zr_witnesses pool;
    char *path;
    zobo_acl_list acl; /* pool.acl, if there is one, which goes for entries too */
    bool delay;
    /* The entries as they were listed last, from `at` on those that have not been tried: */
    bool known;
    zr_place *places;
    size_t n, at;
    uint32_t made;      /* a number that grows with each entry that is put: see zr_line_made */
    uint64_t listed_at; /* by `clock`, when that list was asked for */
    uint64_t clock;     /* counts gets and lists */
    bool listing;
    bool stirred; /* the watch has fired since */
    bool feeding;
    zr_watch *watch;  /* stands */
    zb_link hungry;   /* gets that have nothing to try */
    zb_link busy;     /* gets that try something */
    zobo_call *alarm; /* until the first is due */
    int64_t alarm_at;
} zr_line;

/* zr_line_make makes a line of `size` bytes, whose kind is set up here. */
zobo_err zr_line_make(zobo_client *client, const char *path, const zobo_queue_options *options, bool delay, size_t size,
                      zr_line **out, zobo_problem *why);

zobo_err zr_line_put(zr_line *l, const void *data, size_t len, int64_t key, const zobo_how *how, zobo_call **call);
zobo_err zr_line_get(zr_line *l, bool blocking, const zobo_how *how, zobo_call **call);

/* What sums up to the same until a child is made: deletions add one to cversion and take one from the children. */
static inline uint32_t
zr_line_made(const zobo_stat *stat)
{
    return (uint32_t)stat->cversion + (uint32_t)stat->num_children;
}

/* zr_len counts the children of `path`, for any recipe; 0 if there is no such node. */
zobo_err zr_len(zr_recipe *r, const char *path, const zobo_how *how, zobo_call **call);
zobo_err zr_len_wait(zobo_err err, zobo_call *call, int32_t *len);

/* zr_put is a put of entries, for any recipe. */
typedef struct zr_put {
    zr_sure s;
    const char *dir; /* made when it is missing */
    char *prefix;    /* dir/entry-... */
    void *data;
    size_t len;
} zr_put;

zobo_err zr_put_start(zr_recipe *r, zr_witnesses *pool, const char *dir, bool delay, int64_t key, const void *data,
                      size_t len, const zobo_how *how, zobo_call **call);

#endif
