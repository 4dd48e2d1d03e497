/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines to the client's hook; silent without one. The level is looked at before anything is formatted. */
#ifndef ZB_LOG_H
#define ZB_LOG_H

#include <zobo/client.h>

#include "base/mem.h"

typedef struct zb_log {
    zobo_log_fn *fn;
    void *arg;
    zobo_log_level level;
} zb_log;

#define ZB_LOG(log, lvl, ...)                                                                                          \
    do {                                                                                                               \
        if ((log)->fn && (lvl) <= (log)->level)                                                                        \
            zb_log_write((log), (lvl), __VA_ARGS__);                                                                   \
    } while (0)

void zb_log_write(const zb_log *log, zobo_log_level level, const char *fmt, ...) ZB_PRINTF(3, 4);

/* Empties `why` (may be NULL): every public call that takes one begins with this. */
void zb_problem_clear(zobo_problem *why);

/* Fills `why` (may be NULL) and returns err. */
zobo_err zb_problem(zobo_problem *why, zobo_err err, size_t offset, const char *fmt, ...) ZB_PRINTF(4, 5);

#endif
