/* SPDX-License-Identifier: Apache-2.0 */
/* Telling how far long work has come: on a terminal's stderr, from a second on, a line that is written over. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"

struct progress {
    const struct ctx *ctx;
    const char *doing; /* "removing" */
    const char *unit;  /* "nodes" */
    uint64_t total;    /* 0: not known */
    uint64_t began_ms;
    uint64_t told_ms; /* 0: nothing stands on the terminal */
    bool silent;
};

void progress_begin(struct progress *progress, const struct ctx *ctx, const char *doing, const char *unit,
                    uint64_t total);

/* progress_at tells that `done` units are done, as often as it is worth reading. Cheap: call it for each. */
void progress_at(struct progress *progress, uint64_t done);

/* progress_end takes the line away. Call it before anything else is printed. */
void progress_end(struct progress *progress);

#endif
