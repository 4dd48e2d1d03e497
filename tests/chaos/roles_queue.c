/* SPDX-License-Identifier: Apache-2.0 */
/* Who puts into queues, and who takes out. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <zobo/queue.h>

#include "chaos/worker.h"

enum { WAIT_MS = 500 };     /* for an item */
enum { MAX_BACKLOG = 500 }; /* items that wait to be consumed */
enum { LOOK_EVERY = 100 };  /* items, how many there are */

/* A queue of either kind; the other is NULL. */
typedef struct queue {
    zobo_queue *plain;
    zobo_locking_queue *locking;
} queue;

static queue
open_queue(worker *w, bool locking)
{
    queue q = {NULL, NULL};
    zobo_problem why = {0};
    if (locking ? zobo_locking_queue_new(w->client, "/locking-queue", NULL, &q.locking, &why)
                : zobo_queue_new(w->client, "/queue", NULL, &q.plain, &why))
        worker_die(w, why.text);
    return q;
}

static void
close_queue(queue *q)
{
    zobo_queue_free(q->plain);
    zobo_locking_queue_free(q->locking);
}

static int32_t
length(worker *w, queue *q)
{
    int32_t n = 0;
    worker_must(w, "len", q->plain ? zobo_queue_len(q->plain, 0, &n) : zobo_locking_queue_len(q->locking, 0, &n));
    return n;
}

static zobo_err
put(queue *q, const char *text, size_t n)
{
    return q->plain ? zobo_queue_put(q->plain, text, n, ZOBO_PRIORITY, 0)
                    : zobo_locking_queue_put(q->locking, text, n, ZOBO_PRIORITY, 0);
}

/* Puts numbers that nobody else puts, at least PUT_LEAST of them, until it is told to end. */
static void
produce(worker *w, queue q)
{
    for (int64_t i = 0; i < PUT_LEAST || !worker_is_to_end(); i++) {
        int64_t item = i * PRODUCERS + w->number;
        char text[24];
        int n = snprintf(text, sizeof text, "%" PRId64, item);
        worker_must(w, "put", put(&q, text, (size_t)n));
        log_append(w->log, &item, sizeof item);
        while (i % LOOK_EVERY == 0 && length(w, &q) > MAX_BACKLOG)
            worker_nap(10);
        if (!worker_is_to_end())
            worker_pause(w, 8000);
    }
    close_queue(&q);
}

static bool
is_drained(worker *w, queue *q)
{
    return worker_is_to_end() && length(w, q) == 0;
}

/* Without a limit, which could come when an item is on its way and is then lost: so the wait is cancelled when there is
 * nothing more to wait for. */
static zobo_err
get_plain(worker *w, queue *q, zobo_reply **out)
{
    zobo_call *call = NULL;
    if (w->number % 2)
        return zobo_queue_try_get(q->plain, 0, out);
    zobo_err err = zobo_queue_get_async(q->plain, NULL, &call);
    while (!err && zobo_call_wait(call, WAIT_MS) == ZOBO_ETIMEDOUT)
        if (is_drained(w, q))
            zobo_call_cancel(call);
    err = err ? err : zobo_call_get(call, 0, out);
    zobo_call_free(call);
    return err == ZOBO_ECANCELLED ? ZOBO_EEMPTY : err;
}

/* A limit takes nothing along here: what was locked too late is let go again. */
static zobo_err
get_locking(queue *q, zobo_reply **out)
{
    zobo_err err = zobo_locking_queue_get(q->locking, WAIT_MS, out);
    return err == ZOBO_EWAITTIMEOUT ? ZOBO_EEMPTY : err;
}

/* Consumes the item that is locked. False: another gets it, for this one has changed its mind or has lost the lock. */
static bool
finish_locking(worker *w, queue *q)
{
    worker_stop_if_told();
    bool release = zb_rng_below(&w->rng, 20) == 0;
    zobo_err err = release ? zobo_locking_queue_release(q->locking, 0) : zobo_locking_queue_consume(q->locking, 0);
    if (err == ZOBO_ELOCKLOST)
        return false;
    worker_must(w, release ? "release" : "consume", err);
    return !release;
}

/* Takes one item. False: there was none for a while. */
static bool
take_one(worker *w, queue *q)
{
    zobo_reply *reply = NULL;
    zobo_err err = q->plain ? get_plain(w, q, &reply) : get_locking(q, &reply);
    if (err == ZOBO_EEMPTY) {
        worker_pause(w, 20000);
        return false;
    }
    worker_must(w, "get", err);
    int64_t item = strtoll(reply->data, NULL, 10);
    zobo_reply_free(reply);
    if (q->plain || finish_locking(w, q))
        log_append(w->log, &item, sizeof item);
    return true;
}

/* Told to end, it goes on until nothing is left: others may hold items and give them back. */
static void
take(worker *w, queue q)
{
    while (take_one(w, &q) || !is_drained(w, &q))
        ;
    close_queue(&q);
}

void
role_put(worker *w)
{
    produce(w, open_queue(w, false));
}

void
role_take(worker *w)
{
    take(w, open_queue(w, false));
}

void
role_locking_put(worker *w)
{
    produce(w, open_queue(w, true));
}

void
role_locking_take(worker *w)
{
    take(w, open_queue(w, true));
}
