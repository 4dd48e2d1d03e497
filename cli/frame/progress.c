/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <unistd.h>

#include "hold.h"

enum { FIRST_MS = 1000, EVERY_MS = 100 };

void
progress_begin(struct progress *progress, const struct ctx *ctx, const char *doing, const char *unit, uint64_t total)
{
    *progress = (struct progress){.ctx = ctx, .doing = doing, .unit = unit, .total = total, .began_ms = now_ms()};
    progress->silent = ctx->quiet || ctx->json_errors || !isatty(STDERR_FILENO);
}

void
progress_at(struct progress *progress, uint64_t done)
{
    if (progress->silent)
        return;
    uint64_t now = now_ms();
    uint64_t since = progress->told_ms != 0 ? progress->told_ms : progress->began_ms;
    if (now - since < (progress->told_ms != 0 ? EVERY_MS : FIRST_MS))
        return;
    progress->told_ms = now;
    uint64_t per_second = done * 1000 / (now - progress->began_ms);
    fprintf(stderr, "\r%s: %llu", progress->doing, (unsigned long long)done);
    if (progress->total > 0)
        fprintf(stderr, " of %llu", (unsigned long long)progress->total);
    fprintf(stderr, " %s, %llu a second\033[K", progress->unit, (unsigned long long)per_second);
    fflush(stderr);
}

void
progress_end(struct progress *progress)
{
    if (progress->told_ms != 0)
        fputs("\r\033[K", stderr);
    progress->told_ms = 0;
}
