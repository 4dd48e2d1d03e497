/* SPDX-License-Identifier: Apache-2.0 */
/* Parties, leases, partitioners: the commands of README.md. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

enum { LIMIT_MS = 30000 }; /* for what should not take long */

/* --- party, shallow: PATH IDENT ---------------------------------------------------------------------------------- */

static zobo_err
party_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    zobo_party_options options = {.identifier = peer_name(words[1])};
    return strcmp(o->kind->name, "party") == 0
               ? zobo_party_new(o->client, words[0], &options, &o->as.party, why)
               : zobo_shallow_party_new(o->client, words[0], &options, &o->as.party, why);
}

static void
party_free(object *o)
{
    zobo_party_free(o->as.party);
}

static zobo_err
party_join(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    say_bool(a, true);
    return zobo_party_join(o->as.party, LIMIT_MS);
}

static zobo_err
party_leave(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    say_bool(a, true);
    return zobo_party_leave(o->as.party, LIMIT_MS);
}

static zobo_err
party_members(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    zobo_reply *reply = NULL;
    zobo_err err = zobo_party_members(o->as.party, LIMIT_MS, &reply);
    if (!err)
        say_list(a, reply->children, reply->n_children, true);
    zobo_reply_free(reply);
    return err;
}

static zobo_err
party_size(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    int32_t count = -1;
    zobo_err err = zobo_party_count(o->as.party, LIMIT_MS, &count);
    say_number(a, count);
    return err;
}

static const verb party_verbs[] = {
    {"join", party_join}, {"leave", party_leave}, {"members", party_members}, {"size", party_size}, {NULL, NULL}};

/* --- lease: PATH COUNT IDENT; COUNT 0: one lease, not one of several ---------------------------------------------- */

static zobo_err
lease_make(object *o, char **words, int n, zobo_problem *why)
{
    (void)n;
    zobo_lease_options options = {.identifier = peer_name(words[2])};
    uint32_t count = peer_ms(words[1]);
    o->multi = count > 0;
    return count ? zobo_multi_lease_new(o->client, words[0], count, &options, &o->as.multi_lease, why)
                 : zobo_lease_new(o->client, words[0], &options, &o->as.lease, why);
}

static void
lease_free(object *o)
{
    if (o->multi)
        zobo_multi_lease_free(o->as.multi_lease);
    else
        zobo_lease_free(o->as.lease);
}

static zobo_err
lease_obtain(object *o, char **words, int n, answer *a)
{
    (void)n;
    uint32_t ms = peer_ms(words[0]);
    zobo_err err = o->multi ? zobo_multi_lease_obtain(o->as.multi_lease, ms, LIMIT_MS, NULL)
                            : zobo_lease_obtain(o->as.lease, ms, LIMIT_MS);
    return say_unless(a, err, ZOBO_EHELD, "false");
}

static const verb lease_verbs[] = {{"obtain", lease_obtain}, {NULL, NULL}};

/* --- partitioner: PATH IDENT ITEM... ----------------------------------------------------------------------------- */

/* The loop that a user writes: when the part is to be given back, it is. */
static void
on_partition(void *arg, zobo_set_partitioner *p, zobo_partition_state state, zobo_err err)
{
    (void)arg, (void)err;
    if (state == ZOBO_PARTITION_RELEASE && zobo_set_partitioner_release_set_async(p, NULL, NULL))
        abort();
}

static zobo_err
partitioner_make(object *o, char **words, int n, zobo_problem *why)
{
    zobo_set_partitioner_options options = {
        .identifier = peer_name(words[1]), .time_boundary_ms = 300, .changed = on_partition};
    return zobo_set_partitioner_new(o->client, words[0], (const char *const *)(words + 2), (size_t)n - 2, &options,
                                    &o->as.set_partitioner, why);
}

static void
partitioner_free(object *o)
{
    zobo_set_partitioner_free(o->as.set_partitioner);
}

static zobo_err
partitioner_items(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    zobo_reply *reply = NULL;
    if (zobo_set_partitioner_state(o->as.set_partitioner) != ZOBO_PARTITION_ACQUIRED ||
        zobo_set_partitioner_wait(o->as.set_partitioner, 1, &reply))
        say(a, "null");
    else
        say_list(a, reply->children, reply->n_children, true);
    zobo_reply_free(reply);
    return ZOBO_OK;
}

static zobo_err
partitioner_finish(object *o, char **words, int n, answer *a)
{
    (void)words, (void)n;
    say_bool(a, true);
    return zobo_set_partitioner_finish(o->as.set_partitioner, LIMIT_MS);
}

static const verb partitioner_verbs[] = {{"items", partitioner_items}, {"finish", partitioner_finish}, {NULL, NULL}};

/* ----------------------------------------------------------------------------------------------------------------- */

const kind member_kinds[] = {{"party", 2, party_make, party_free, party_verbs},
                             {"shallow", 2, party_make, party_free, party_verbs},
                             {"lease", 3, lease_make, lease_free, lease_verbs},
                             {"partitioner", -1, partitioner_make, partitioner_free, partitioner_verbs},
                             {NULL, 0, NULL, NULL, NULL}};
