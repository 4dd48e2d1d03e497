/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a presence share. Strand. */
#ifndef ZR_PRESENCE_INTERNAL_H
#define ZR_PRESENCE_INTERNAL_H

#include "recipes/presence.h"

typedef struct zr_keeper zr_keeper;

/* The op that deletes the node. */
typedef struct zr_remover {
    zr_op op; /* first */
    zr_presence *p;
    int32_t version;
} zr_remover;

struct zr_presence {
    zr_recipe *r;
    zr_presence_fn *changed;
    void *owner;
    char *path;
    char *data;
    size_t len;
    uint64_t data_wanted; /* counts the changes of data */
    uint64_t data_there;  /* the one that the server has */
    zobo_acl_list acl;
    bool has_acl;
    zr_presence_options options;
    bool wanted;
    bool stays; /* its node is not to be deleted */
    bool may_take;
    bool was_there;    /* since it was started; not one that is to stay away, after the loss of the session */
    bool made;         /* a create was sent, and nothing has shown since that the node is not ours */
    bool in_doubt;     /* the node may have other data */
    bool again;        /* something happened while the keeper was at work */
    zobo_err removed;  /* how the last removal ended */
    zr_keeper *keeper; /* at work, or NULL */
    zr_op *remover;    /* the same: spare.op */
    zr_remover spare;  /* takes no memory, for what is let go must not be left behind */
    zr_watch *watch;   /* stands, or NULL */
    atomic_int now;    /* zobo_presence */
    zobo_err err;
    zb_link waits; /* zr_presence_wait.link */
};

/* zr_presence_show takes note of what is so, and tells the owner of a change. */
void zr_presence_show(zr_presence *p, zobo_presence now, zobo_err err);
/* zr_presence_end_waits ends the waits for it to be there (or gone) that `data` fulfils. */
void zr_presence_end_waits(zr_presence *p, bool gone, uint64_t data, zobo_err err);
/* zr_presence_is_ours: a node that looks so is this session's, or a persistent one that is to be. */
bool zr_presence_is_ours(const zr_presence *p, const zobo_stat *stat);
/* zr_presence_keep begins a keeper; one that is at work does its work again. */
void zr_presence_keep(zr_presence *p);
/* zr_presence_call_off ends a keeper that is not wanted any more, unless a request of its is under way: then it ends
 * when that has come back. */
void zr_presence_call_off(zr_presence *p);
/* zr_presence_remove begins to delete the node, if there is one and nothing else is under way. */
void zr_presence_remove(zr_presence *p);

#endif
