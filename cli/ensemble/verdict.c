/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include <stdarg.h>
#include <stdlib.h>

static const struct column columns[] = {
    {"result", "RESULT", CELL_TEXT}, {"test", "TEST", CELL_TEXT}, {"detail", "DETAIL", CELL_TEXT}};

void
verdicts_begin(struct verdicts *verdicts, const struct ctx *ctx)
{
    *verdicts = (struct verdicts){.ctx = ctx, .table = table_new(ctx, columns, 3)};
}

void
tell_verdict(struct verdicts *verdicts, enum verdict verdict, const char *test, const char *format, ...)
{
    static const char *const names[] = {[PASS] = "PASS", [WARN] = "WARN", [FAIL] = "FAIL"};
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    table_text(verdicts->table, names[verdict]);
    table_text(verdicts->table, test);
    table_text(verdicts->table, text);
    verdicts->counts[verdict]++;
    free(text);
}

int
verdicts_end(struct verdicts *verdicts)
{
    table_end(verdicts->table);
    verdicts->table = NULL;
    return verdicts->counts[FAIL] > 0 ? ANSWER_NO : DONE;
}
