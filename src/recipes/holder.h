/* SPDX-License-Identifier: Apache-2.0 */
/* What locks, semaphores and multi-locks have in common: an object that is acquired, held, lost and released.
 *
 * At most one op at a time goes for it (the entrant), others stand in line. The kind says how it is got and how it is
 * let go:
 *
 *   IDLE -> ENTERING (kind->enter) -> HELD (zr_hold)
 *           ENTERING: failed, or given up (kind->stop) -> IDLE (zr_fail), or LEAVING where something may be left behind
 *   HELD: released, or lost -> LEAVING (kind->leave) -> IDLE (zr_left), next in line
 *
 * After a loss nobody else of this process enters until the loss has been acknowledged, by a release: who held does not
 * know yet, and his release must not be taken for that of the next one. */
#ifndef ZR_HOLDER_H
#define ZR_HOLDER_H

#include "recipes/recipe.h"
#include "recipes/sentry.h"

typedef struct zr_holder zr_holder;

/* An acquire. A kind's own begins with it. */
typedef struct zr_entry {
    zr_op op; /* first */
    zb_link in_line;
    bool only_try;
} zr_entry;

/* What became of an entrant that was stopped. */
typedef enum zr_stopped {
    ZR_STOPPED_CLEAN, /* nothing is left behind */
    ZR_STOPPED_LEAVE, /* something may be: kind->leave */
    ZR_STOPPED_LATER, /* a request is under way, and when it is back the kind calls zr_leave */
    ZR_STOPPED_HOLDS  /* it has just been got: zr_hold has been called */
} zr_stopped;

/* How something is got and let go. All on the strand. */
typedef struct zr_holder_kind {
    size_t entry_size;
    void (*enter)(zr_op *entry);
    zr_stopped (*stop)(zr_entry *e);  /* it will end with an error: drop its watches, cancel what it waits for */
    void (*leave)(zr_op *op);         /* begins an op of the holder's own that ends with zr_left */
    void (*destroy_entry)(zr_op *op); /* frees what the entry has, and it */
    void (*tell_lost)(zr_recipe *r, void *arg); /* callback thread */
} zr_holder_kind;

typedef enum zr_holding { ZR_IDLE, ZR_ENTERING, ZR_HELD, ZR_LEAVING } zr_holding;

struct zr_holder {
    zr_recipe r; /* first */
    const zr_holder_kind *kind;
    bool tells;                /* the user wants to be told of a loss */
    bool release_on_suspended; /* a lost connection is a loss */
    bool persistent;           /* the end of the session is none */
    bool reentrant;            /* acquiring what is held is counted */
    /* strand */
    zr_holding state;
    zr_entry *entrant;
    zb_link line;      /* zr_entry.in_line */
    zb_link leavers;   /* releases that wait for the end */
    zr_entry *refused; /* a try that has failed: told when nothing of it is left, for that would stand in others' way */
    unsigned count;    /* HELD: to be released so often */
    char *node;        /* HELD: what it is held by, if known */
    zr_sentry *sentry;
    zr_op leaving;
    /* A recipe whose part this is sets these, before anybody else knows of it. */
    bool is_part;                 /* it minds what it holds: a loss need not be acknowledged */
    void (*on_lost)(void *owner); /* told of a loss, on the strand; or NULL */
    void *owner;
    /* read by anybody */
    _Atomic int64_t fence; /* 0: not held */
    atomic_bool lost;
};

static inline zr_holder *
zr_holder_of(const zr_op *op)
{
    return (zr_holder *)op->recipe;
}

void zr_holder_init(zr_holder *h, const zr_holder_kind *kind);
/* For zr_kind.state and .freed. */
void zr_holder_state(zr_recipe *r, zobo_state state);
void zr_holder_freed(zr_recipe *r);

/* --- for kinds: strand --- */

/* zr_hold: the entrant has got it (or, without memory to say so, is withdrawn). `node`, if not NULL, is watched for as
 * long as it is held, if anybody is to be told. */
void zr_hold(zr_entry *e, const char *node, int64_t fence);
/* zr_fail: the entrant has failed, and nothing is left behind. */
void zr_fail(zr_entry *e, zobo_err err);
/* zr_refuse: a try has failed, and what it has left behind is to go before it is told ZOBO_EHELD. */
void zr_refuse(zr_entry *e);
/* zr_withdraw: the entrant has failed, and something may be left behind. */
void zr_withdraw(zr_entry *e, zobo_err err);
/* zr_leave lets it go, whatever holds it. */
void zr_leave(zr_holder *h);
/* zr_left ends kind->leave's op; `err` is told to those who release. */
void zr_left(zr_op *op, zobo_err err);
/* zr_lose: what was held is lost. */
void zr_lose(zr_holder *h);
/* zr_let_go is a release that cannot fail, for which nobody waits; it also acknowledges a loss. */
void zr_let_go(zr_holder *h);

/* --- for the API: any thread --- */

ZOBO_MUST_CHECK zobo_err zr_acquire_async(zr_holder *h, bool only_try, const zobo_how *how, zobo_call **call);
ZOBO_MUST_CHECK zobo_err zr_acquire(zr_holder *h, bool only_try, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zr_release_async(zr_holder *h, const zobo_how *how, zobo_call **call);
ZOBO_MUST_CHECK zobo_err zr_release(zr_holder *h, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zr_cancel(zr_holder *h);
zobo_err zr_holder_check(const zr_holder *h);
int64_t zr_holder_fence(const zr_holder *h);

#endif
