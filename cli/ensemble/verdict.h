/* SPDX-License-Identifier: Apache-2.0 */
/* The outcome of checks: a line for each test, and of all an exit code. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "frame/table.h"

enum verdict { PASS, WARN, FAIL };

struct verdicts {
    const struct ctx *ctx;
    struct table *table;
    size_t counts[FAIL + 1];
};

void verdicts_begin(struct verdicts *verdicts, const struct ctx *ctx);

/* tell_verdict adds a test's line. */
void tell_verdict(struct verdicts *verdicts, enum verdict verdict, const char *test, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* verdicts_end prints what is not yet printed. ANSWER_NO when a test has failed, else DONE. */
int verdicts_end(struct verdicts *verdicts);

#endif
