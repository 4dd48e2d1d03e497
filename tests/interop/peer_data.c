/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, queues, barriers: the commands of README.md. */
#include <stdlib.h>
#include <string.h>

#include "peer.h"

enum { LIMIT_MS = 30000 }; /* for what should not take long */

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
        err = zobo_counter_add(o->as.counter, strtoll(words[0], NULL, 10), 0, NULL);
    say_bool(a, true);
    return err;
}

static zobo_err
counter_value(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    int64_t value = 0;
    zobo_err err = zobo_counter_value(o->as.counter, 0, &value);
    say_number(a, value);
    return err;
}

static const verb counter_verbs[] = {{"add", counter_add}, {"value", counter_value}, {NULL, NULL}};

/* --- barrier: PATH; dbarrier: PATH N IDENT ----------------------------------------------------------------------- */

static zobo_err
barrier_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    return zobo_barrier_new(o->client, words[0], NULL, &o->as.barrier, why);
}

static void
barrier_free(object *o)
{
    zobo_barrier_free(o->as.barrier);
}

static zobo_err
barrier_create(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    say_bool(a, true);
    return zobo_barrier_create(o->as.barrier, 0);
}

static zobo_err
barrier_remove(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    bool removed = false;
    zobo_err err = zobo_barrier_remove(o->as.barrier, 0, &removed);
    say_bool(a, removed);
    return err;
}

static zobo_err
barrier_wait(object *o, char **words, int n, answer *a)
{
    (void)n;
    return say_unless(a, zobo_barrier_wait(o->as.barrier, peer_ms(words[0])), ZOBO_EWAITTIMEOUT, "false");
}

static const verb barrier_verbs[] = {
    {"create", barrier_create}, {"remove", barrier_remove}, {"wait", barrier_wait}, {NULL, NULL}};

static zobo_err
dbarrier_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    zobo_double_barrier_options options = {.identifier = peer_name(words[2])};
    return zobo_double_barrier_new(o->client, words[0], peer_ms(words[1]), &options, &o->as.double_barrier, why);
}

static void
dbarrier_free(object *o)
{
    zobo_double_barrier_free(o->as.double_barrier);
}

static zobo_err
dbarrier_enter(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    say_bool(a, true);
    return zobo_double_barrier_enter(o->as.double_barrier, LIMIT_MS);
}

static zobo_err
dbarrier_leave(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    say_bool(a, true);
    return zobo_double_barrier_leave(o->as.double_barrier, LIMIT_MS);
}

static const verb dbarrier_verbs[] = {{"enter", dbarrier_enter}, {"leave", dbarrier_leave}, {NULL, NULL}};

/* --- queue: PATH ------------------------------------------------------------------------------------------------- */

static zobo_err
queue_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    return zobo_queue_new(o->client, words[0], NULL, &o->as.queue, why);
}

static void
queue_free(object *o)
{
    zobo_queue_free(o->as.queue);
}

static zobo_err
queue_put(object *o, char **words, int n, answer *a)
{
    zobo_err err = ZOBO_OK;
    for (int i = 1; i < n && !err; i++)
        err = zobo_queue_put(o->as.queue, words[i], strlen(words[i]), atoi(words[0]), 0);
    say_bool(a, true);
    return err;
}

static zobo_err
queue_get(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    zobo_reply *reply = NULL;
    zobo_err err = zobo_queue_try_get(o->as.queue, 0, &reply);
    return say_reply(a, err, ZOBO_EEMPTY, reply);
}

static zobo_err
queue_drain(object *o, char **words, int n, answer *a)
{
    (void)n;
    zobo_err err = ZOBO_OK;
    long most = strtol(words[0], NULL, 10);
    say(a, "[");
    for (long i = 0; i < most && !err; i++) {
        zobo_reply *reply = NULL;
        err = zobo_queue_try_get(o->as.queue, 0, &reply);
        if (!err) {
            say(a, i ? ", " : "");
            err = say_reply(a, err, ZOBO_OK, reply);
        }
    }
    say(a, "]");
    return err == ZOBO_EEMPTY ? ZOBO_OK : err;
}

static zobo_err
queue_size(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    int32_t len = -1;
    zobo_err err = zobo_queue_len(o->as.queue, 0, &len);
    say_number(a, len);
    return err;
}

static const verb queue_verbs[] = {
    {"put", queue_put}, {"get", queue_get}, {"drain", queue_drain}, {"size", queue_size}, {NULL, NULL}};

/* --- lqueue: PATH ------------------------------------------------------------------------------------------------ */

static zobo_err
lqueue_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    return zobo_locking_queue_new(o->client, words[0], NULL, &o->as.locking_queue, why);
}

static void
lqueue_free(object *o)
{
    zobo_locking_queue_free(o->as.locking_queue);
}

static zobo_err
lqueue_put(object *o, char **words, int n, answer *a)
{
    zobo_item *items = calloc((size_t)n, sizeof *items);
    size_t put = 0;
    if (!items || n < 2) {
        free(items);
        return ZOBO_EINVAL;
    }
    for (int i = 1; i < n; i++)
        items[i - 1] = (zobo_item){words[i], strlen(words[i])};
    zobo_err err = zobo_locking_queue_put_all(o->as.locking_queue, items, (size_t)n - 1, atoi(words[0]), 0, &put);
    free(items);
    say_bool(a, put == (size_t)n - 1);
    return err;
}

static zobo_err
lqueue_get(object *o, char **words, int n, answer *a)
{
    (void)n;
    zobo_reply *reply = NULL;
    zobo_err err = zobo_locking_queue_get(o->as.locking_queue, peer_ms(words[0]), &reply);
    return say_reply(a, err, ZOBO_EWAITTIMEOUT, reply);
}

static zobo_err
lqueue_holds(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    bool holds = false;
    zobo_err err = zobo_locking_queue_holds_lock(o->as.locking_queue, 0, &holds);
    say_bool(a, holds);
    return err;
}

static zobo_err
lqueue_consume(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    return say_unless(a, zobo_locking_queue_consume(o->as.locking_queue, 0), ZOBO_ENOTHELD, "false");
}

static zobo_err
lqueue_release(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    return say_unless(a, zobo_locking_queue_release(o->as.locking_queue, 0), ZOBO_ENOTHELD, "false");
}

static zobo_err
lqueue_drain(object *o, char **words, int n, answer *a)
{
    (void)n;
    zobo_err err = ZOBO_OK;
    long most = strtol(words[0], NULL, 10);
    bool first = true;
    say(a, "[");
    for (long i = 0; i < most && !err; i++) {
        zobo_reply *reply = NULL;
        err = zobo_locking_queue_get(o->as.locking_queue, 1000, &reply);
        if (!err && (err = zobo_locking_queue_consume(o->as.locking_queue, 0)) == ZOBO_OK) {
            say(a, first ? "" : ", ");
            first = false;
            err = say_reply(a, err, ZOBO_OK, reply);
        } else {
            zobo_reply_free(reply);
        }
    }
    say(a, "]");
    return err == ZOBO_EWAITTIMEOUT ? ZOBO_OK : err;
}

static const verb lqueue_verbs[] = {{"put", lqueue_put},
                                    {"get", lqueue_get},
                                    {"holds", lqueue_holds},
                                    {"consume", lqueue_consume},
                                    {"release", lqueue_release},
                                    {"drain", lqueue_drain},
                                    {NULL, NULL}};

/* ----------------------------------------------------------------------------------------------------------------- */

const kind data_kinds[] = {{"counter", 1, counter_make, counter_free, counter_verbs},
                           {"count32", 1, counter_make, counter_free, counter_verbs},
                           {"barrier", 1, barrier_make, barrier_free, barrier_verbs},
                           {"dbarrier", 3, dbarrier_make, dbarrier_free, dbarrier_verbs},
                           {"queue", 1, queue_make, queue_free, queue_verbs},
                           {"lqueue", 1, lqueue_make, lqueue_free, lqueue_verbs},
                           {NULL, 0, NULL, NULL, NULL}};
