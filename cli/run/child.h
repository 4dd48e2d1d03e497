/* SPDX-License-Identifier: Apache-2.0 */
/* Another command as a child: started, sent signals, ended with a grace, its exit code. hold_turn goes on meanwhile,
 * and returns when the child has ended (see ctx->runs_command).
 *
 * The child has a process group of its own, to which the signals go: so they reach what it has started in its turn. But
 * when stdin is the terminal that this program is in the foreground of, the child shares the group, for else it could
 * not read; then the terminal's signals reach it by themselves, and others reach the child alone. */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <sys/types.h>

#include "frame/cli.h"

struct child {
    pid_t pid;        /* 0: none */
    bool own_group;   /* its pid is its group's too */
    bool reaped;      /* it has ended; members of its group may be left */
    bool ending;      /* child_end was called */
    bool told_to_end; /* SIGINT, SIGTERM or SIGHUP was for it */
    uint64_t kill_at; /* when SIGKILL follows; 0: sent, or not meant to */
    int code;         /* as shells have it: its exit code, or 128 and the signal's number */
};

/* A variable of the child's environment, besides this program's own. */
struct variable {
    const char *name;
    const char *value;
};

/* child_start starts argv[0], looked up as shells do, with `variables` (ended by a NULL name). `input` is its stdin;
 * -1: this program's. With `dies_too` it gets SIGTERM when this program is killed (on Linux). Returns 0, or the exit
 * code after telling what is wrong: NO_COMMAND, CANNOT_RUN, FAILED. */
int child_start(const struct ctx *ctx, struct child *child, char *const *argv, const struct variable *variables,
                int input, bool dies_too);

/* child_runs tells whether it, or with child_end something of its group, is still there. Call it after each turn. */
bool child_runs(struct child *child);

/* child_forward sends it the signal that this program got: ctx->signal, which is 0 after that. */
void child_forward(struct ctx *ctx, struct child *child);

/* child_turn is hold_turn while the child runs: signals go to it. */
void child_turn(struct ctx *ctx, struct child *child);

/* child_wait waits for its end; signals go to it meanwhile. */
void child_wait(struct ctx *ctx, struct child *child);

/* child_end sends SIGTERM, and SIGKILL when something is left after `grace_ms`. */
void child_end(struct child *child, uint64_t grace_ms);

/* child_deadline tells when the next turn is due at the latest, for hold_turn; 0: with the next thing that happens. */
uint64_t child_deadline(const struct child *child);

#endif
