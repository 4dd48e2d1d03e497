/* SPDX-License-Identifier: Apache-2.0 */
/* A node of one's own that comes back: what persistent nodes, group members, parties and registrations have in common.
 *
 * Part of a recipe, on its strand. At most one op (the keeper) works for it at a time: makes the node, looks whose it
 * is and sets a watch; then it ends, and the watch begins the next one. When the node is no longer wanted, another op
 * (the remover) deletes it, but only once the keeper's last request has come back: a create that makes parents may be
 * sent late. */
#ifndef ZR_PRESENCE_H
#define ZR_PRESENCE_H

#include <zobo/party.h>

#include "recipes/recipe.h"

typedef struct zr_presence zr_presence;

/* Told of each change, on the strand. */
typedef void zr_presence_fn(zr_presence *p, void *owner);

/* How one is to be. */
typedef struct zr_presence_options {
    const void *data;
    size_t len;
    const zobo_acl_list *acl;
    bool persistent;
    bool take_over;
    bool container; /* a missing parent is made as a container */
    bool stay_away; /* after the loss of the session */
} zr_presence_options;

/* zr_presence_new copies what it is given; NULL: no memory. Any thread. */
zr_presence *zr_presence_new(zr_recipe *r, const char *path, const zr_presence_options *options,
                             zr_presence_fn *changed, void *owner);
/* zr_presence_free frees one for which nothing is under way: for kind->destroy, or when zr_presence_idle. */
void zr_presence_free(zr_presence *p);

/* zr_presence_start has the node made. Of a started one: nothing. Strand, as all that follow. */
void zr_presence_start(zr_presence *p);
/* zr_presence_stop has it deleted; what waits for it to be there ends with `why`. */
void zr_presence_stop(zr_presence *p, zobo_err why);
/* zr_presence_abandon: it is no longer looked after, but its node stays. */
void zr_presence_abandon(zr_presence *p);
/* zr_presence_state: the client's state has changed. */
void zr_presence_state(zr_presence *p, zobo_state state);
bool zr_presence_wanted(const zr_presence *p);
/* zr_presence_was_there: the node has been there since it was started, and is to come back. */
bool zr_presence_was_there(const zr_presence *p);
bool zr_presence_idle(const zr_presence *p); /* not wanted, and nothing under way */

/* zr_presence_set replaces the data (takes `data` over, zb_free). */
void zr_presence_set(zr_presence *p, void *data, size_t len);
/* The data wanted. */
const void *zr_presence_data(const zr_presence *p, size_t *len);
const char *zr_presence_path(const zr_presence *p);

/* What is so, and the error that belongs to it: any thread for the first. */
zobo_presence zr_presence_now(const zr_presence *p);
zobo_err zr_presence_err(const zr_presence *p);

/* An op that waits for a presence: until it is there with the data wanted now, or until it is gone. */
typedef struct zr_presence_wait {
    zr_op op; /* first; op.destroy is zr_presence_wait_free, or ends with it */
    zr_presence *p;
    zb_link link;
    uint64_t data; /* the change of data that it waits for */
    bool gone;     /* for it to be gone */
    bool begun;
    /* the op's own: */
    void (*done)(zr_op *op, zobo_err err); /* instead of zr_op_end; NULL: zr_op_end */
} zr_presence_wait;

/* zr_presence_await begins to wait: the op ends when it has come about, or cannot, with what the server said. */
void zr_presence_await(zr_presence *p, zr_presence_wait *w, bool gone);
void zr_presence_wait_free(zr_op *op);
/* zr_presence_awaited: other ops than `w` wait for it to be there. */
bool zr_presence_awaited(const zr_presence *p, const zr_presence_wait *w);

#endif
