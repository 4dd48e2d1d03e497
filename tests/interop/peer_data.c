/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: the commands of README.md. */
#include <stdlib.h>
#include <string.h>

#include "peer.h"

/* --- counter, count32: PATH -------------------------------------------------------------------------------------- */

static zobo_err
counter_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    zobo_counter_options options = {.curator = strcmp(o->kind->name, "count32") == 0};
    return zobo_counter_new(o->client, words[0], &options, &o->as.counter, why);
}

static void
counter_free(object *o)
{
    zobo_counter_free(o->as.counter);
}

static zobo_err
counter_add(object *o, char **words, int n, answer *a)
{
    zobo_err err = n == 2 ? ZOBO_OK : ZOBO_EINVAL;
    for (long times = err ? 0 : strtol(words[1], NULL, 10); times > 0 && !err; times--)
        err = zobo_counter_add(o->as.counter, strtoll(words[0], NULL, 10), NULL);
    say_bool(a, true);
    return err;
}

static zobo_err
counter_value(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    int64_t value = 0;
    zobo_err err = zobo_counter_value(o->as.counter, &value);
    say_number(a, value);
    return err;
}

static const verb counter_verbs[] = {{"add", counter_add}, {"value", counter_value}, {NULL, NULL}};

/* ----------------------------------------------------------------------------------------------------------------- */

const kind data_kinds[] = {{"counter", 1, counter_make, counter_free, counter_verbs},
                           {"count32", 1, counter_make, counter_free, counter_verbs},
                           {NULL, 0, NULL, NULL, NULL}};
