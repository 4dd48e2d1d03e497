/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <zobo/client.h>

void
zobo_log_stderr(void *arg, zobo_log_level level, const char *line)
{
    static const char *const names[] = {"", "error", "warn", "info", "debug"};
    (void)arg;
    (void)fprintf(stderr, "zobo %s %s\n", (unsigned)level < 5 ? names[level] : "", line);
}
