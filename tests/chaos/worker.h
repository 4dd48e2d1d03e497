/* SPDX-License-Identifier: Apache-2.0 */
/* What the roles of chaos_worker share. */
#ifndef CHAOS_WORKER_H
#define CHAOS_WORKER_H

#include <zobo/zobo.h>

#include "base/rng.h"
#include "chaos/chaos.h"

typedef struct worker {
    const char *role;
    int number;
    const char *dir;
    zobo_client *client; /* NULL: the role needs none */
    zb_rng rng;
    int log;
    resource resource; /* DIR/ROLE.resource */
} worker;

/* worker_is_to_end tells whether the test wants the workers to come to an end. */
bool worker_is_to_end(void);
/* worker_pause lets at most so many microseconds pass, so that the load is moderate. */
void worker_pause(worker *w, uint64_t us);
void worker_nap(unsigned ms);
/* worker_must ends the program unless err is ZOBO_OK. */
void worker_must(const worker *w, const char *what, zobo_err err);
void worker_die(const worker *w, const char *what);

/* worker_stop_if_told lets a worker that is to be stopped in its turn stop here. */
void worker_stop_if_told(void);
/* worker_turn takes a turn at the resource with `token`; nothing is proven yet. Then it is to be logged. */
turn worker_turn(worker *w, int64_t token);
/* worker_token_lives tells whether the session still has a node below `path` that was created by zxid `token`, as the
 * leader knows it. False also when the session is over. */
bool worker_token_lives(worker *w, const char *path, int64_t token);

void role_unlocked(worker *w); /* turns without a lock */
void role_lock(worker *w);     /* under one zobo_lock */
void role_election(worker *w);
void role_latch(worker *w);       /* as the leader */
void role_counter(worker *w);     /* each addition that was acknowledged is logged */
void role_put(worker *w);         /* items into the queue; each that was acknowledged is logged */
void role_take(worker *w);        /* each item that was consumed is logged */
void role_locking_put(worker *w); /* the same for the locking queue */
void role_locking_take(worker *w);
void role_partition(worker *w); /* the own part is logged at each change, as a mask */

#endif
