/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes turns: under a lock, or as the leader. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include <zobo/lock.h>

#include "chaos/worker.h"

enum { TOLD_MS = 15000 }; /* after the loss of a lock its holder must know of it: here far more than a session */

/* A lock whose node is gone was lost, and its object says so. */
static void
must_know_of_its_loss(worker *w, const zobo_lock *lock)
{
    for (int ms = 0; ms < TOLD_MS; ms += 10) {
        if (zobo_lock_check(lock) != ZOBO_OK)
            return;
        worker_nap(10);
    }
    worker_die(w, "the lock's node is gone, and the lock says that it is held");
}

static zobo_err
acquire(worker *w, zobo_lock *lock, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = {.timeout_ms = zb_rng_below(&w->rng, 4) ? 0 : 1 + (uint32_t)zb_rng_below(&w->rng, 1000)};
    zobo_err err = zobo_lock_acquire_async(lock, &how, &call);
    err = err ? err : zobo_call_get(call, 0, out);
    zobo_call_free(call);
    return err;
}

static void
lock_turn(worker *w, zobo_lock *lock, const char *path)
{
    int64_t token = zobo_lock_fence(lock);
    if (token == 0) { /* lost so soon */
        zobo_err err = zobo_lock_release(lock);
        worker_must(w, "release of what was lost at once", err == ZOBO_ELOCKLOST ? ZOBO_OK : err);
        return;
    }
    turn t = worker_turn(w, token);
    t.proven = worker_node_is(w, path, token);
    if (!t.proven)
        must_know_of_its_loss(w, lock);
    log_append(w->log, &t, sizeof t);
    zobo_err err = zobo_lock_release(lock);
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
        zobo_reply *reply = NULL;
        zobo_err err = acquire(w, lock, &reply);
        if (err != ZOBO_EWAITTIMEOUT) {
            worker_must(w, "acquire", err);
            lock_turn(w, lock, reply->path);
        }
        zobo_reply_free(reply);
        worker_pause(w, 20000);
    }
    zobo_lock_free(lock);
}
