/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LOG_LINE_MAX = 1024 };

/* one_line replaces control characters: what is quoted may come from a file or a peer, and a line stays a line. */
static void
one_line(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            *text = '?';
    }
}

void
zb_log_write(const zb_log *log, zobo_log_level level, const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n < 0)
        line[0] = '\0';
    one_line(line);
    log->fn(log->arg, level, line);
}

void
zb_problem_clear(zobo_problem *why)
{
    if (why == NULL)
        return;
    why->err = ZOBO_OK;
    why->offset = 0;
    why->text[0] = '\0';
}

zobo_err
zb_problem(zobo_problem *why, zobo_err err, size_t offset, const char *fmt, ...)
{
    if (why == NULL)
        return err;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(why->text, sizeof why->text, fmt, args);
    va_end(args);
    if (n < 0)
        why->text[0] = '\0';
    one_line(why->text);
    why->err = err;
    why->offset = offset;
    return err;
}
