/* SPDX-License-Identifier: Apache-2.0 */
/* Parties, leases: the commands of README.md. */
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

/* ----------------------------------------------------------------------------------------------------------------- */

const kind member_kinds[] = {{"party", 2, party_make, party_free, party_verbs},
                             {"shallow", 2, party_make, party_free, party_verbs},
                             {"lease", 3, lease_make, lease_free, lease_verbs},
                             {NULL, 0, NULL, NULL, NULL}};
