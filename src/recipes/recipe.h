/* SPDX-License-Identifier: Apache-2.0 */
/* What every recipe is made of: an object that lives on its client's strand (see zobo/extend.h).
 *
 * The state of a recipe is touched by inline callbacks only, which run one at a time, so it needs no lock. What the
 * user asks for comes in as a zr_op: made on his thread, begun on the strand. An op goes on by steps: each submits a
 * request whose end is the next step. zr_retry sends a step back to where it can safely be begun again when the outcome
 * is not known. What the user is told, he is told on the callback thread.
 *
 * References keep a recipe's memory: the user's, each op's, each request's, each watcher's, each thing to be told. */
#ifndef ZR_RECIPE_H
#define ZR_RECIPE_H

#include <pthread.h>
#include <stdatomic.h>

#include <zobo/extend.h>
#include <zobo/ops.h>
#include <zobo/path.h>
#include <zobo/transaction.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"

enum { ZR_UUID = 33 }; /* 32 hexadecimal digits and a NUL */

typedef struct zr_recipe zr_recipe;
typedef struct zr_op zr_op;

/* What a kind of recipe does. All run on the strand, but `destroy`, which runs wherever the last reference goes. */
typedef struct zr_kind {
    void (*state)(zr_recipe *r, zobo_state state); /* the client's state has changed; NULL: not interested */
    void (*freed)(
        zr_recipe *r); /* the user has let go, and the ops have been given up: leave nothing behind; or NULL */
    void (*destroy)(zr_recipe *r); /* frees what there is, r too */
} zr_kind;

struct zr_recipe {
    const zr_kind *kind;
    zobo_client *client;
    atomic_int refs;
    zb_link ops;            /* begun and not ended; strand */
    zb_rng rng;             /* for pauses; strand */
    bool gone;              /* the user has let go; strand */
    zobo_promise *farewell; /* kept when the user lets go: that cannot fail */
    zobo_promise *left;     /* kept when that has been seen to */
    zobo_call *leaving;
    /* the user's callbacks */
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool silent;  /* none begins any more */
    bool telling; /* one is running, on this thread: */
    pthread_t teller;
};

/* zr_recipe_init makes the part that all recipes have, last of all, for the kind may be told of states from then on. On
 * an error there is nothing to be undone. The kind's destroy is called when the last reference is dropped; the first is
 * the user's. Any thread, any callback. */
ZOBO_MUST_CHECK zobo_err zr_recipe_init(zr_recipe *r, const zr_kind *kind, zobo_client *client);

/* zr_recipe_free is what zobo_x_free does: no callback of the user's begins any more, and none is running when it
 * returns (except the one it is called from); on the strand, all ops are given up with ZOBO_ECANCELLED, then
 * kind->freed runs. It waits for that, so that what kind->freed sends to the server is sent even if the client is
 * closed next. In a forked child it does nothing. */
void zr_recipe_free(zr_recipe *r);

void zr_ref(zr_recipe *r);
void zr_unref(zr_recipe *r);
/* zr_recipe_fini frees what zr_recipe_init has made, but not r: for kind->destroy. */
void zr_recipe_fini(zr_recipe *r);

/* zr_post runs fn(r, arg) on the strand, soon. ZOBO_ENOMEM. Any thread. */
ZOBO_MUST_CHECK zobo_err zr_post(zr_recipe *r, void (*fn)(zr_recipe *r, void *arg), void *arg);

/* zr_tell runs fn(r, arg) on the callback thread, unless the user lets go before: then drop(arg), if not NULL, instead.
 * `fn` frees what arg points to itself. ZOBO_ENOMEM: neither will be called. Strand. */
ZOBO_MUST_CHECK zobo_err zr_tell(zr_recipe *r, void (*fn)(zr_recipe *r, void *arg), void (*drop)(void *arg), void *arg);

/* --- ops --- */

struct zr_op {
    zb_link link;
    zr_recipe *recipe;
    zobo_promise *promise; /* NULL: ended, or nobody waits for it (zr_op_init_quiet) */
    void (*begin)(zr_op *op);
    void (*give_up)(zr_op *op, zobo_err why); /* see to it that the op ends; NULL: it ends at once */
    void (*destroy)(zr_op *op);               /* frees the op; NULL: zb_free */
    int refs;                                 /* requests under way, and begin's; strand */
    bool begun;
    bool ended;
    zobo_err refused; /* could not be started, or was given up before it began */
    unsigned tries;   /* in a row that failed */
    void (*again)(zr_op *op);
};

/* zr_op_start begins an op that the caller has allocated, zeroed and filled (begin, give_up, destroy): begin(op) runs
 * on the strand, and the op is freed when it has ended and its last request has come back. On an error it is seen to,
 * too, as when `op` is NULL (ZOBO_ENOMEM). This is the body of each _async function. */
ZOBO_MUST_CHECK zobo_err zr_op_start(zr_recipe *r, zr_op *op, const zobo_how *how, zobo_call **call);

/* zr_op_begin_quiet begins an op of the recipe's own, for which nobody waits: work that goes on when the user's op is
 * over (deleting a node that a lost reply has left behind). Not given up when the recipe is freed. Strand. */
void zr_op_begin_quiet(zr_recipe *r, zr_op *op);

/* zr_op_end ends the op and tells the user. The op may be freed by it: it is the last thing a step does with it.
 * Strand. */
void zr_op_end(zr_op *op, zobo_err err, const zobo_reply *reply);

/* zr_op_prepare: the op is about to succeed with this reply, and if there is no memory for it, ZOBO_ENOMEM, it had
 * better not. zr_op_end(op, ZOBO_OK, NULL) then tells it. Strand. */
ZOBO_MUST_CHECK zobo_err zr_op_prepare(zr_op *op, const zobo_reply *reply);

/* zr_op_how gives the `how` by which a request of the op's is to be submitted: inline, `done` gets the op as its arg
 * and must begin with zr_back. */
zobo_how zr_op_how(zr_op *op, zobo_done_fn *done);

/* zr_sent takes note that a request was submitted with zr_op_how (err ZOBO_OK), or could not be: then `done` is called
 * here and now with the error. The last thing a step does. */
void zr_sent(zr_op *op, zobo_err err, zobo_done_fn *done);

/* zr_back is the first thing a done function does: gives the request's reference back. NULL: the op has ended
 * meanwhile, and nothing is to be done for it. */
zr_op *zr_back(void *arg);

/* zr_retry: true when `err` is one to be tried again (class RETRY, UNKNOWN or SESSION; for quiet ops ZOBO_ENOMEM too)
 * or the op must end because the client has stopped; then all has been seen to: again(op) runs after a pause that grows
 * with each failure in a row, or the op has been given up with ZOBO_ENOTSTARTED or ZOBO_ESTOPPED. False: the step goes
 * on (ZOBO_OK or an answer). */
bool zr_retry(zr_op *op, zobo_err err, void (*again)(zr_op *op));

/* zr_is_over: what came back means that the client is not started, or not this process's. */
static inline bool
zr_is_over(zobo_err err)
{
    return err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED || err == ZOBO_EFORKED;
}

/* zr_back_off_ms is how long to wait after so many failures in a row: twice as long each time, up to a second, and made
 * longer or shorter by chance, lest all come back at once. Strand. */
uint32_t zr_back_off_ms(zr_recipe *r, unsigned tries);

/* zr_rest_ms counts one more failure of the op's, and tells how long it is to rest. Strand. */
uint32_t zr_rest_ms(zr_op *op);

/* zr_pause runs again(op) after `ms`. */
void zr_pause(zr_op *op, uint32_t ms, void (*again)(zr_op *op));

/* --- waits for the blocking forms --- */

/* zr_how is the `how` of a blocking form, which calls its _async function with it and then zr_wait, at once: nobody
 * else is woken to begin what the caller is about to begin himself. */
zobo_how zr_how(uint32_t timeout_ms);

/* zr_wait waits for what an _async function has begun. "sync is async plus wait". */
ZOBO_MUST_CHECK zobo_err zr_wait(zobo_err err, zobo_call *call, zobo_reply **out);

/* --- one-shot watchers --- */

/* A watcher of a recipe's, one-shot or persistent: not told any more after it was dropped. Belongs to whoever made it
 * until its last event has been told, or zr_watch_set was told that it does not stand, or it was dropped. */
typedef struct zr_watch zr_watch;
typedef void zr_watch_fn(void *owner, const zobo_event *event);

/* zr_watch_new makes one whose fn(owner, event) runs inline; when event->last, it is gone when fn returns. It keeps a
 * reference to the recipe until the server's watch is gone. Give zr_watch_watcher(w) to one verb, and tell zr_watch_set
 * what came of it. NULL: no memory. */
zr_watch *zr_watch_new(zr_recipe *r, zr_watch_fn *fn, void *owner);
/* zr_watch_new_at is zr_watch_new for a path that is known already: once it stands, it can be taken back without
 * memory. */
zr_watch *zr_watch_new_at(zr_recipe *r, const char *path, zr_watch_fn *fn, void *owner);
const zobo_watcher *zr_watch_watcher(const zr_watch *w);

/* zr_watch_set: the verb on `path` has ended and the watcher stands (is_set), or does not. `kind` is what
 * zobo_remove_watches would call it. */
void zr_watch_set(zr_watch *w, const char *path, zobo_watch_kind kind, bool is_set);

/* zr_watch_drop takes the watcher back, also from the server; its fn is not called any more. NULL is ignored. */
void zr_watch_drop(zr_watch *w);

/* --- small things --- */

/* zr_by_text compares two strings by the pointers to them, for qsort. */
int zr_by_text(const void *a, const void *b);
/* zr_path_child writes parent/name. NULL: no memory. The caller frees it (zb_free). */
char *zr_path_child(const char *parent, const char *name);
/* zr_strdup copies a string; NULL stays NULL. */
char *zr_strdup(const char *s);
/* zr_acl_copy copies an ACL into one allocation, for zr_acl_free. False: no memory. */
bool zr_acl_copy(const zobo_acl_list *in, zobo_acl_list *out);
void zr_acl_free(zobo_acl_list *acl);

#endif
