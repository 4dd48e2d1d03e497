/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded server's engine in the simulation: it serves, and the model is carried along.
 *
 * Each request is given to the engine as it comes, and to the model when the engine carries it out: at once, or with
 * its place in a batch that is published. So both do the same in the same order, and every byte that the engine sends
 * must be what the model sends; the clients' rules hold against the model's past, as ever. Batches are taken, committed
 * and published whole moments apart. A crash throws the engine away, before a commit or right behind one, and what the
 * directory then holds must be the model's tree. */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "engine/engine_internal.h"
#include "sim/sim.h"

typedef struct frame {
    struct frame *next;
    size_t n;
    uint8_t bytes[];
} frame;

/* A connection's. */
typedef struct served {
    zs_conn *c;           /* NULL: closed */
    frame *first, **last; /* taken by the engine, in its queue */
    frame *kept;          /* a write for which there is no room in the queue */
    size_t verified;      /* bytes of `out` that the engine has sent */
    uint64_t opened;
} served;

enum { MAX_BATCHES = 2 };

typedef struct serving {
    sim *s;
    mserver hooks;
    char dir[64];
    zs_engine *e;
    unsigned boots;
    zs_batch *batches[MAX_BATCHES]; /* taken; the first n_committed are on disk */
    size_t n_batches, n_committed, max_batches, max_jobs;
    bool taking;
    uint64_t tick_at;
    uint64_t ticked, clock; /* the sessions' clock, in which a stall does not count */
    uint64_t slow_until;
    int64_t wall_offset_ms;
    bool quick;
} serving;

/* serve_engine.c */
uint64_t engine_wall(const serving *v);    /* in nanoseconds, for the model */
void engine_pump(serving *v, mconn *conn); /* gives the engine what has come, as far as it takes it */
void engine_settle(serving *v);            /* after it has done something */
void engine_touched(serving *v, msession *x);

/* publish.c */
void engine_take_soon(serving *v);
void engine_model_takes(serving *v, const zs_batch *b); /* what a batch has done */
void engine_crash(serving *v);
frame *engine_frame(const uint8_t *bytes, size_t n);
void engine_queued(served *x, frame *f);
void engine_forget_frames(served *x);

/* compare.c */
void engine_compare(serving *v, mconn *conn); /* its output, and whether it is over */
void engine_compare_tree(serving *v);
void engine_import(serving *v); /* an empty model gets what the store holds */

#endif
