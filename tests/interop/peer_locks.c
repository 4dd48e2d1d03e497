/* SPDX-License-Identifier: Apache-2.0 */
/* Locks, semaphores, elections: the commands of README.md. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

/* --- lock, rlock, wlock: PATH IDENT ------------------------------------------------------------------------------ */

static zobo_err
lock_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    zobo_lock_options options = {.identifier = peer_name(words[1])};
    if (*o->kind->name == 'r')
        options.kind = ZOBO_READ_LOCK;
    if (*o->kind->name == 'w')
        options.kind = ZOBO_WRITE_LOCK;
    return zobo_lock_new(o->client, words[0], &options, &o->as.lock, why);
}

static void
lock_free(object *o)
{
    zobo_lock_free(o->as.lock);
}

static zobo_err
lock_acquire(object *o, char **words, int n, answer *a)
{
    (void)n;
    return say_unless(a, zobo_lock_acquire(o->as.lock, peer_ms(words[0])), ZOBO_EWAITTIMEOUT, "false");
}

static zobo_err
lock_attempt(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    return say_unless(a, zobo_lock_try(o->as.lock, 0), ZOBO_EHELD, "false");
}

static zobo_err
lock_release(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    return say_unless(a, zobo_lock_release(o->as.lock, 0), ZOBO_ENOTHELD, "false");
}

static zobo_err
lock_contenders(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    zobo_reply *reply = NULL;
    zobo_err err = zobo_lock_contenders(o->as.lock, 0, &reply);
    if (!err)
        say_list(a, reply->children, reply->n_children, false);
    zobo_reply_free(reply);
    return err;
}

/* Adds one to the number in the file. */
static zobo_err
add_one(const char *path)
{
    long value = -1;
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%ld", &value) != 1 || fclose(file) || !(file = fopen(path, "w")))
        return ZOBO_EFILE;
    return fprintf(file, "%ld", value + 1) < 0 || fclose(file) ? ZOBO_EFILE : ZOBO_OK;
}

static zobo_err
crowd(object *o, char **words, int n, answer *a, zobo_err (*acquire)(object *o), zobo_err (*release)(object *o))
{
    long rounds = n == 2 ? strtol(words[1], NULL, 10) : 0;
    zobo_err err = n == 2 ? ZOBO_OK : ZOBO_EINVAL;
    for (long i = 0; i < rounds && !err; i++) {
        err = acquire(o);
        err = err ? err : add_one(words[0]);
        err = err ? err : release(o);
    }
    say_number(a, rounds);
    return err;
}

static zobo_err
acquire_lock(object *o)
{
    return zobo_lock_acquire(o->as.lock, 0);
}

static zobo_err
release_lock(object *o)
{
    return zobo_lock_release(o->as.lock, 0);
}

static zobo_err
lock_crowd(object *o, char **words, int n, answer *a)
{
    return crowd(o, words, n, a, acquire_lock, release_lock);
}

static const verb lock_verbs[] = {{"acquire", lock_acquire},       {"attempt", lock_attempt}, {"release", lock_release},
                                  {"contenders", lock_contenders}, {"crowd", lock_crowd},     {NULL, NULL}};

/* --- semaphore: PATH IDENT LEASES -------------------------------------------------------------------------------- */

static zobo_err
semaphore_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    zobo_semaphore_options options = {.identifier = peer_name(words[1]), .max_leases = peer_ms(words[2])};
    return zobo_semaphore_new(o->client, words[0], &options, &o->as.semaphore, why);
}

static void
semaphore_free(object *o)
{
    zobo_semaphore_free(o->as.semaphore);
}

static zobo_err
semaphore_acquire(object *o, char **words, int n, answer *a)
{
    (void)n;
    return say_unless(a, zobo_semaphore_acquire(o->as.semaphore, peer_ms(words[0])), ZOBO_EWAITTIMEOUT, "false");
}

static zobo_err
semaphore_attempt(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    return say_unless(a, zobo_semaphore_try(o->as.semaphore, 0), ZOBO_EHELD, "false");
}

static zobo_err
semaphore_release(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    return say_unless(a, zobo_semaphore_release(o->as.semaphore, 0), ZOBO_ENOTHELD, "false");
}

static zobo_err
semaphore_holders(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    zobo_reply *reply = NULL;
    zobo_err err = zobo_semaphore_lease_holders(o->as.semaphore, 0, &reply);
    if (!err)
        say_list(a, reply->children, reply->n_children, true);
    zobo_reply_free(reply);
    return err;
}

static zobo_err
acquire_semaphore(object *o)
{
    return zobo_semaphore_acquire(o->as.semaphore, 0);
}

static zobo_err
release_semaphore(object *o)
{
    return zobo_semaphore_release(o->as.semaphore, 0);
}

static zobo_err
semaphore_crowd(object *o, char **words, int n, answer *a)
{
    return crowd(o, words, n, a, acquire_semaphore, release_semaphore);
}

static const verb semaphore_verbs[] = {{"acquire", semaphore_acquire}, {"attempt", semaphore_attempt},
                                       {"release", semaphore_release}, {"contenders", semaphore_holders},
                                       {"crowd", semaphore_crowd},     {NULL, NULL}};

/* --- election: PATH IDENT ---------------------------------------------------------------------------------------- */

static zobo_err
election_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    return zobo_election_new(o->client, words[0], &(zobo_election_options){.identifier = peer_name(words[1])},
                             &o->as.election, why);
}

static void
election_free(object *o)
{
    zobo_election_free(o->as.election);
}

static void
lead(void *arg, zobo_election *election)
{
    object *o = arg;
    (void)election;
    o->ready = true;
    while (!o->resign)
        (void)sched_yield();
    o->ready = false;
}

static zobo_err
election_lead(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    o->resign = false;
    say_bool(a, true);
    return zobo_election_run(o->as.election, lead, o, 0);
}

static zobo_err
election_leading(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    say_bool(a, o->ready);
    return ZOBO_OK;
}

static zobo_err
election_resign(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    o->resign = true;
    say_bool(a, true);
    return ZOBO_OK;
}

static zobo_err
election_contenders(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    zobo_reply *reply = NULL;
    zobo_err err = zobo_election_contenders(o->as.election, 0, &reply);
    if (!err)
        say_list(a, reply->children, reply->n_children, false);
    zobo_reply_free(reply);
    return err;
}

static const verb election_verbs[] = {{"lead", election_lead},
                                      {"leading", election_leading},
                                      {"resign", election_resign},
                                      {"contenders", election_contenders},
                                      {NULL, NULL}};

/* ----------------------------------------------------------------------------------------------------------------- */

const kind lock_kinds[] = {{"lock", 2, lock_make, lock_free, lock_verbs},
                           {"rlock", 2, lock_make, lock_free, lock_verbs},
                           {"wlock", 2, lock_make, lock_free, lock_verbs},
                           {"semaphore", 3, semaphore_make, semaphore_free, semaphore_verbs},
                           {"election", 2, election_make, election_free, election_verbs},
                           {NULL, 0, NULL, NULL, NULL}};
