/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes turns: under a lock, or as the leader. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include <zobo/election.h>
#include <zobo/lock.h>

#include "chaos/worker.h"

enum { TOLD_MS = 15000 }; /* after the loss of a lock its holder must know of it: here far more than a session */

/* The fencing token of whatever the role holds. */
typedef int64_t fence_fn(const void *recipe);

static int64_t
fence_of_lock(const void *recipe)
{
    return zobo_lock_fence(recipe);
}

static int64_t
fence_of_election(const void *recipe)
{
    return zobo_election_fence(recipe);
}

static int64_t
fence_of_latch(const void *recipe)
{
    return zobo_leader_latch_fence(recipe);
}

/* Takes a turn and notes it. What has lost its node says so by itself before long. */
static void
take_turn(worker *w, const char *path, int64_t token, fence_fn *fence, const void *recipe)
{
    turn t = worker_turn(w, token);
    t.proven = worker_token_lives(w, path, token);
    log_append(w->log, &t, sizeof t);
    for (int ms = 0; !t.proven && fence(recipe) == token; ms += 10) {
        if (ms > TOLD_MS)
            worker_die(w, "its node is gone, and it says that it holds what it held");
        worker_nap(10);
    }
}

/* Often none. */
static uint32_t
some_limit(worker *w)
{
    return zb_rng_below(&w->rng, 4) ? 0 : 1 + (uint32_t)zb_rng_below(&w->rng, 1000);
}

static void
release(worker *w, zobo_lock *lock)
{
    zobo_err err = zobo_lock_release(lock, 0);
    worker_must(w, "release", err == ZOBO_ELOCKLOST ? ZOBO_OK : err);
}

void
role_lock(worker *w)
{
    zobo_problem why = {0};
    zobo_lock *lock = NULL;
    char name[32];
    (void)snprintf(name, sizeof name, "worker-%d", w->number);
    if (zobo_lock_new(w->client, "/lock", &(zobo_lock_options){.identifier = name}, &lock, &why))
        worker_die(w, why.text);
    while (!worker_is_to_end()) {
        zobo_err err = zobo_lock_acquire(lock, some_limit(w));
        if (err != ZOBO_EWAITTIMEOUT) {
            worker_must(w, "acquire", err);
            int64_t token = zobo_lock_fence(lock);
            if (token) /* else it was lost so soon */
                take_turn(w, "/lock", token, fence_of_lock, lock);
            release(w, lock);
        }
        worker_pause(w, 20000);
    }
    zobo_lock_free(lock);
}

/* --- leaders ----------------------------------------------------------------------------------------------------- */

static void
lead(void *arg, zobo_election *election)
{
    worker *w = arg;
    for (uint64_t turns = 1 + zb_rng_below(&w->rng, 5); turns > 0; turns--) {
        int64_t token = zobo_election_fence(election);
        if (token)
            take_turn(w, "/election", token, fence_of_election, election);
        worker_pause(w, 20000);
    }
}

void
role_election(worker *w)
{
    zobo_problem why = {0};
    zobo_election *election = NULL;
    if (zobo_election_new(w->client, "/election", NULL, &election, &why))
        worker_die(w, why.text);
    while (!worker_is_to_end()) {
        zobo_err err = zobo_election_run(election, lead, w, some_limit(w));
        worker_must(w, "run", err == ZOBO_EWAITTIMEOUT || err == ZOBO_ELOCKLOST ? ZOBO_OK : err);
    }
    zobo_election_free(election);
}

/* Of two latches one stands down without a connection, and one does not. */
void
role_latch(worker *w)
{
    zobo_problem why = {0};
    zobo_leader_latch *latch = NULL;
    zobo_leader_latch_options options = {.keep_on_suspended = w->number % 2};
    if (zobo_leader_latch_new(w->client, "/latch", &options, &latch, &why))
        worker_die(w, why.text);
    worker_must(w, "start", zobo_leader_latch_start(latch));
    while (!worker_is_to_end()) {
        zobo_err err = zobo_leader_latch_await(latch, 1 + (uint32_t)zb_rng_below(&w->rng, 1000));
        worker_must(w, "await", err == ZOBO_EWAITTIMEOUT ? ZOBO_OK : err);
        int64_t token = zobo_leader_latch_fence(latch);
        if (token) {
            take_turn(w, "/latch", token, fence_of_latch, latch);
            if (zb_rng_below(&w->rng, 4) == 0) { /* another's turn */
                worker_must(w, "stop", zobo_leader_latch_stop(latch, 0));
                worker_must(w, "start", zobo_leader_latch_start(latch));
            }
        }
        worker_pause(w, 20000);
    }
    zobo_leader_latch_free(latch);
}
