/* SPDX-License-Identifier: Apache-2.0 */
/* Load on a server, by several sessions with several requests in flight each, and how long the answers took. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "frame/cli.h"
#include "hist.h"

enum load_op { LOAD_CREATE, LOAD_SET, LOAD_GET, LOAD_EXISTS, LOAD_LS, LOAD_MIX, LOAD_DELETE, LOAD_OPS };
extern const char *const load_op_names[LOAD_OPS];

struct load_options {
    const char *root; /* a node of the load's own; keys are made below it */
    uint32_t sessions;
    uint32_t in_flight; /* of each session */
    uint64_t rate;      /* requests a second, whatever the answers take; 0: as fast as they come */
    size_t size;        /* bytes of data */
    unsigned reads;     /* per cent of LOAD_MIX that are reads */
    bool ephemeral;
};

struct load_result {
    uint64_t n, failed;
    double seconds;
    zobo_err err; /* the first that failed */
    struct hist hist;
};

struct load;

/* load_open connects the sessions, beside ctx's own; load_close ends them. NULL after telling; `*code` is then the exit
 * code. */
struct load *load_open(struct ctx *ctx, const struct load_options *options, int *code);
void load_close(struct load *load);

/* load_run sends `count` requests (0: as many as the time allows) for at most `time_ms` (0: no limit), and waits for all
 * answers. LOAD_CREATE makes new keys, LOAD_DELETE removes those there are (all, with count 0 and time 0); the others
 * take one at random. With a rate, a latency begins when the request was due, not when it could be sent: a server that
 * stalls cannot hide it. `seen` may be NULL: called a few times a second. False: interrupted, or a session is broken. */
bool load_run(struct load *load, enum load_op op, uint64_t count, uint64_t time_ms, struct load_result *result,
              void (*seen)(void *arg, const struct load_result *so_far), void *arg);

/* load_keys tells how many keys there are. */
uint64_t load_keys(const struct load *load);

#endif
