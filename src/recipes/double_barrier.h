/* SPDX-License-Identifier: Apache-2.0 */
/* What the two ways through a double barrier share: see double_barrier.c. */
#ifndef ZR_DOUBLE_BARRIER_H
#define ZR_DOUBLE_BARRIER_H

#include <zobo/barrier.h>

#include <string.h>

#include "recipes/recipe.h"

typedef enum place { OUTSIDE, ENTERING, INSIDE, LEAVING, LOST_INSIDE } place;

struct zobo_double_barrier {
    zr_recipe r;
    char *path, *ready, *own;
    char uuid[ZR_UUID];
    char *identifier;
    zobo_acl_list own_acl;
    const zobo_acl_list *acl; /* NULL: the client's default */
    uint32_t quorum;
    zobo_double_barrier_lost_fn *lost;
    void *lost_arg;
    place place;
    unsigned round;      /* of entering: what still tidies up after an earlier one stops */
    zr_watch *own_watch; /* stands while the own node is known to be there */
    atomic_bool participating;
};

enum { READY, LIST, EYES };

/* An enter or a leave. */
typedef struct zr_passage {
    zr_op op;
    bool leaving;
    zr_watch *eyes[EYES];
    zr_watch *setting[EYES]; /* those of them whose answer has not come */
    zr_watch *setting_own;
    bool busy;                /* a step is under way; else an event is waited for */
    void (*again)(zr_op *op); /* looks again */
    bool stirred;             /* something changed meanwhile */
    bool rejoin;              /* the own node is gone */
    bool made;                /* `ready` was made while we were in */
    bool has_ready;
    bool gone;  /* leaving: the own node is deleted */
    bool grace; /* leaving: a `ready` that seems to be nobody's is given some time */
    int64_t own_czxid, ready_czxid;
    zobo_err err;  /* of this look */
    bool seen;     /* of this look: whether there is `ready` is known */
    bool unlisted; /* of this look: the list could not be asked for, which was known before that */
    uint32_t members;
    bool listed;              /* the own node is in the list */
    bool last;                /* leaving: nobody else is in */
    int64_t gone_zxid;        /* leaving: before the own node was deleted */
    char *target;             /* leaving: who is looked at, and waited for */
    char passed[ZR_UUID * 2]; /* leaving: up to this name all have come after that */
} zr_passage;

static inline zobo_double_barrier *
barrier_of(const zr_op *op)
{
    return (zobo_double_barrier *)op->recipe;
}

static inline bool
is_member(const char *name)
{
    return strcmp(name, "ready") != 0;
}

/* Begin an enter, a leave; end it, with the member outside if `err` is not ZOBO_OK, or when it has left. */
void zr_passage_begin_enter(zr_op *op);
void zr_passage_begin_leave(zr_op *op);
void zr_passage_fail(zr_passage *p, zobo_err err);
void zr_passage_left(zr_passage *p, zobo_err err);

/* Something has changed: looks again, once the answers that are under way have come. */
void zr_passage_look_again(zr_passage *p);

/* A watch for this look: made before the request, told of its answer (with zr_back's result). */
zr_watch *zr_passage_open_eye(zr_passage *p, int which);
zr_op *zr_passage_eye_back(zr_passage *p, int which, const char *path, zobo_watch_kind kind, bool stands);
void zr_passage_close_eyes(zr_passage *p);

/* The watch on the own node: likewise. NULL: no memory. */
zr_watch *zr_barrier_watch_own(zobo_double_barrier *b);
void zr_barrier_own_watch_back(zobo_double_barrier *b, zr_watch *watch, zobo_err err);
void zr_barrier_forget_own(zobo_double_barrier *b);
/* Out without waiting for anybody; the own node is deleted. */
void zr_barrier_step_out(zobo_double_barrier *b);

#endif
