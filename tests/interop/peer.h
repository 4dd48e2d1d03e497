/* SPDX-License-Identifier: Apache-2.0 */
/* zobo's recipes by commands: what the kinds of recipes (peer_*.c) give to zobo_peer.c, and get from it. */
#ifndef INTEROP_PEER_H
#define INTEROP_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zobo/barrier.h>
#include <zobo/counter.h>
#include <zobo/election.h>
#include <zobo/lease.h>
#include <zobo/lock.h>
#include <zobo/partitioner.h>
#include <zobo/party.h>
#include <zobo/queue.h>
#include <zobo/semaphore.h>
#include <zobo/zobo.h>

/* What is answered: JSON. */
typedef struct answer {
    char *text;
    size_t n, room;
} answer;

void say(answer *a, const char *text);
void say_bool(answer *a, bool yes);
void say_number(answer *a, int64_t number);
void say_data(answer *a, const void *data, size_t n); /* a string */
/* say_list: a list of strings; `sorted`: by their bytes. */
void say_list(answer *a, const char *const *items, size_t n, bool sorted);
/* say_unless: true unless err is `no`: then `otherwise`, and ZOBO_OK. */
zobo_err say_unless(answer *a, zobo_err err, zobo_err no, const char *otherwise);
/* say_reply: the reply's data, or null when err is `none`. Frees the reply. */
zobo_err say_reply(answer *a, zobo_err err, zobo_err none, zobo_reply *reply);

typedef struct kind kind;

/* A recipe of the peer's. */
typedef struct object {
    const kind *kind;
    zobo_client *client;
    char name[16];
    union {
        zobo_lock *lock;
        zobo_semaphore *semaphore;
        zobo_election *election;
        zobo_counter *counter;
        zobo_queue *queue;
        zobo_locking_queue *locking_queue;
        zobo_barrier *barrier;
        zobo_double_barrier *double_barrier;
        zobo_party *party;
        zobo_lease *lease;
        zobo_multi_lease *multi_lease;
        zobo_set_partitioner *set_partitioner;
    } as;
    bool multi;         /* a lease: of several */
    atomic_bool ready;  /* a partitioner: it is made; an election: it leads */
    atomic_bool resign; /* an election: it is to */
} object;

typedef struct verb {
    const char *name;
    /* words[0] to words[n - 1] are the verb's, NULL after the last. */
    zobo_err (*run)(object *o, char **words, int n, answer *a);
} verb;

struct kind {
    const char *name;
    int words; /* that `new` takes, path included; -1: at least two */
    zobo_err (*make)(object *o, char **words, int n, zobo_problem *why);
    void (*free)(object *o);
    const verb *verbs; /* the last has no name */
};

extern const kind lock_kinds[], data_kinds[], member_kinds[]; /* the last of each has no name */

/* peer_name: an identifier; "-" is the recipe's own default. */
const char *peer_name(const char *word);
uint32_t peer_ms(const char *word);

#endif
