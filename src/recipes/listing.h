/* SPDX-License-Identifier: Apache-2.0 */
/* A node's children, kept up to date, with their data or without: for group members, service caches and partitioners.
 *
 * Part of a recipe, on its strand. One watch on the node, one on each child whose data is wanted; what they tell is
 * read again, and nothing else. A node that does not exist has no children, and is waited for. Watches live through
 * lost connections, so that a reconnect reads only what has changed; after the loss of the session all is read again,
 * and until then what was last heard stays. */
#ifndef ZR_LISTING_H
#define ZR_LISTING_H

#include "base/map.h"
#include "recipes/recipe.h"

typedef struct zr_listing zr_listing;

/* A child. */
typedef struct zr_child {
    zb_map_node node; /* first; its key is the name */
    zr_listing *listing;
    void *data; /* as read last; followed by a NUL. Without data, or not readable: NULL */
    size_t len;
    int64_t mzxid; /* of the data */
    void *value;   /* the owner's: see zr_listing_kind.read */
    bool known;    /* it has been read */
    bool gone;
    bool again; /* it is to be read again */
    uint64_t round;
    struct zr_child_read *read; /* under way, or NULL */
    zr_watch *watch;
    char name[];
} zr_child;

/* What the owner does. Strand. False: there was no memory, and it is called again soon. */
typedef struct zr_listing_kind {
    bool with_data;
    bool (*changed)(zr_listing *l, void *owner);              /* all that is known has been read */
    bool (*read)(zr_child *c, void *owner);                   /* a child's data was read: make `value` of it, or NULL */
    void (*forget)(void *value);                              /* frees a value, or NULL */
    void (*failed)(zr_listing *l, void *owner, zobo_err err); /* it cannot be read: refused, or the client is stopped.
                                                                * Or NULL */
} zr_listing_kind;

/* The op that reads the names. */
typedef struct zr_lister {
    zr_op op; /* first */
    zr_listing *l;
    zr_watch *w; /* with the request under way */
    zobo_watch_kind kind;
} zr_lister;

struct zr_listing {
    zr_recipe *r;
    const zr_listing_kind *kind;
    void *owner;
    char *path;
    bool wanted;
    bool complete; /* everything has been read once */
    bool again;
    bool dirty; /* something has changed since `changed` */
    zb_map children;
    uint64_t round;
    size_t reads;      /* of children, under way */
    size_t unsaid;     /* reads since `changed` */
    zr_lister *lister; /* at work: spare, or NULL */
    zr_lister spare;   /* takes no memory */
    zr_watch *watch;
};

/* zr_listing_init; false: no memory. `r` need not be initialized yet. Any thread. */
ZOBO_MUST_CHECK bool zr_listing_init(zr_listing *l, zr_recipe *r, zobo_client *client, const char *path,
                                     const zr_listing_kind *kind, void *owner);
/* zr_listing_fini frees all: for kind->destroy. */
void zr_listing_fini(zr_listing *l);

/* zr_listing_start begins; the owner is told as soon as everything has been read once. Strand, as all that follow. */
void zr_listing_start(zr_listing *l);
void zr_listing_stop(zr_listing *l);
void zr_listing_state(zr_listing *l, zobo_state state);
/* zr_listing_refresh reads the names again. */
void zr_listing_refresh(zr_listing *l);

#endif
