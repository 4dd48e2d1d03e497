/* SPDX-License-Identifier: Apache-2.0 */
/* Running a command while something is held: what lock and elect share. */
#ifndef CLI_HOLDING_H
#define CLI_HOLDING_H

#include "child.h"
#include "frame/command.h"

/* The options they share. A table of theirs begins with HOLDING_OPTS. */
enum { H_TIMEOUT, H_IDENTIFIER, H_ON_LOSS, H_GRACE, H_STRICT, H_CONFLICT_CODE, H_SHOW, H_OWN };

#define HOLDING_OPTS                                                                                                   \
    [H_TIMEOUT] = {'t', "timeout", OPT_DURATION, "TIME", "give up after TIME, connecting included: exit code 124"},    \
    [H_IDENTIFIER] = {'i', "identifier", OPT_TEXT, "TEXT", "who we are, for --show (host:pid)"},                       \
    [H_ON_LOSS] = {0, "on-loss", OPT_TEXT, "WHAT",                                                                     \
                   "when it is lost: kill CMD (SIGTERM, then SIGKILL), or keep it running (kill)"},                    \
    [H_GRACE] = {0, "grace", OPT_DURATION, "TIME", "from SIGTERM to SIGKILL (5s)"},                                    \
    [H_STRICT] = {0, "strict", OPT_FLAG, NULL,                                                                         \
                  "a lost connection counts as a loss, for then another might soon hold it"},                          \
    [H_CONFLICT_CODE] = {'E', "conflict-exit-code", OPT_EXIT_CODE, "N", "instead of 124"},                             \
    [H_SHOW] = {0, "show", OPT_FLAG, NULL, "print who holds it and who waits, in order, a line each; run nothing"}

/* Their exit codes. A table of theirs has HOLDING_EXITS in it. */
#define HOLDING_EXITS                                                                                                  \
    {"7", "no server was reached, within --timeout if that is given; CMD did not run"},                                \
        {"124", "it was not to be had, within --timeout or at once; CMD did not run (-E says another code)"},          \
        {"125", "it was lost, and CMD ended for that; with --on-loss keep CMD's own"},                                 \
        {"126", "CMD cannot be run; 127: there is none of this name"},                                                 \
    {                                                                                                                  \
        "128+N", "signal N ended CMD, or zobo while it waited"                                                         \
    }

struct holding;

/* How something is held; `held` is what `open` made. The async functions are those of the library. */
struct holding_kind {
    const char *what;  /* "the lock" */
    const char *taken; /* "another holds it" */
    bool in_order;     /* what `show` tells is a line */
    zobo_err (*acquire)(struct holding *h, bool wait, const zobo_how *how, zobo_call **call);
    zobo_err (*release)(struct holding *h, const zobo_how *how, zobo_call **call);
    zobo_err (*show)(struct holding *h, zobo_reply **out);
    int64_t (*fence)(const struct holding *h);
};

struct holding {
    const struct holding_kind *kind;
    struct ctx *ctx;
    const char *path;
    void *held;
    char identifier[300];
    const char *bad_data_hint; /* or NULL */
    bool lost;                 /* set by the recipe's callback; no more after that */

    uint64_t deadline_ms; /* --timeout, on now_ms's clock; 0: none */
    bool no_wait;         /* set by the command, as is `again` */
    bool again;           /* when the command has ended, acquire once more and run it once more */
    bool keep;            /* --on-loss */
    uint32_t grace_ms;
    struct child child;

    bool ended; /* the call under way */
    zobo_err err;
    char *node;
};

/* holding_begin reads the options, checks the path and connects. 0, or the exit code after telling. */
int holding_begin(struct holding *h, const struct holding_kind *kind, struct ctx *ctx, const struct args *in);

/* holding_run acquires, runs the command, releases; or shows. Returns the exit code. */
int holding_run(struct holding *h, const struct args *in);

/* holding_end ends the session, after the caller has freed h->held. */
void holding_end(struct holding *h);

#endif
