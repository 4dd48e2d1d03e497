/* SPDX-License-Identifier: Apache-2.0 */
/* Who divides a set. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include <zobo/partitioner.h>

#include "chaos/worker.h"

enum { WAIT_MS = 500 };

static int64_t
mask_of(const zobo_reply *reply)
{
    int64_t mask = 0;
    for (size_t i = 0; i < reply->n_children; i++)
        mask |= (int64_t)1 << strtol(reply->children[i] + 1, NULL, 10);
    return mask;
}

/* The loop that a program writes around it. What is had is logged, and that it is given up before it is. */
static void
hold_parts(worker *w, zobo_set_partitioner *p)
{
    zobo_reply *reply = NULL;
    zobo_err err = zobo_set_partitioner_wait(p, WAIT_MS, &reply);
    if (err == ZOBO_OK) {
        int64_t mask = mask_of(reply), none = 0;
        log_append(w->log, &mask, sizeof mask);
        while (zobo_set_partitioner_state(p) == ZOBO_PARTITION_ACQUIRED && !worker_is_to_end())
            worker_nap(10);
        log_append(w->log, &none, sizeof none);
    } else if (err != ZOBO_EWAITTIMEOUT && err != ZOBO_ELOCKLOST) {
        worker_must(w, "wait", err);
    }
    zobo_reply_free(reply);
    if (zobo_set_partitioner_state(p) == ZOBO_PARTITION_RELEASE)
        worker_must(w, "release_set", zobo_set_partitioner_release_set(p, 0));
}

void
role_partition(worker *w)
{
    zobo_set_partitioner *p = NULL;
    zobo_problem why = {0};
    char name[16];
    char texts[PARTITION_ITEMS][16];
    const char *items[PARTITION_ITEMS];
    for (int i = 0; i < PARTITION_ITEMS; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "i%d", i);
        items[i] = texts[i];
    }
    (void)snprintf(name, sizeof name, "member-%d", w->number);
    zobo_set_partitioner_options options = {.identifier = name, .time_boundary_ms = 500};
    if (zobo_set_partitioner_new(w->client, "/partition", items, PARTITION_ITEMS, &options, &p, &why))
        worker_die(w, why.text);
    while (!worker_is_to_end())
        hold_parts(w, p);
    zobo_set_partitioner_free(p);
}
