/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Declared in sim.h, which cannot be included together with unistd.h: both have a `link`. */
void watchdog(const char *run);

enum { RUN_SECONDS = 60 }; /* one takes some milliseconds; a sanitizer makes it a second */

static char text[128];

static void
too_long(int signal)
{
    (void)signal;
    (void)!write(STDERR_FILENO, text, strlen(text));
    _exit(1);
}

void
watchdog(const char *run)
{
    snprintf(text, sizeof text, "%s:\nBROKEN: the run does not end\n", run);
    if (signal(SIGALRM, too_long) == SIG_ERR)
        abort();
    (void)alarm(RUN_SECONDS);
}
