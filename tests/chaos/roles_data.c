/* SPDX-License-Identifier: Apache-2.0 */
/* Who counts. */
#define _GNU_SOURCE
#include <zobo/counter.h>

#include "chaos/worker.h"

void
role_counter(worker *w)
{
    zobo_problem why = {0};
    zobo_counter *counter = NULL;
    if (zobo_counter_new(w->client, "/counter", NULL, &counter, &why))
        worker_die(w, why.text);
    while (!worker_is_to_end()) {
        int64_t delta = (int64_t)zb_rng_below(&w->rng, 20) - 5;
        worker_must(w, "add", zobo_counter_add(counter, delta, 0, NULL));
        log_append(w->log, &delta, sizeof delta);
        worker_pause(w, 20000);
    }
    zobo_counter_free(counter);
}
