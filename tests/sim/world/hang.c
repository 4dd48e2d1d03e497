/* SPDX-License-Identifier: Apache-2.0 */
/* A call that goes round in circles, or an assertion that fails, takes the simulation with it: then it is a signal that
 * tells. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/world/world.h"

enum { RUN_SECONDS = 60 }; /* one takes some milliseconds; a sanitizer makes it a second */

static world *watched;

/* Not what a signal handler may do, but there is nothing left to be spoilt. */
static void
too_long(int signal)
{
    (void)signal;
    world_report(watched, "the run does not end: a call goes round in circles");
    _exit(1);
}

static void
aborted(int sig)
{
    (void)signal(sig, SIG_DFL);
    world_report(watched, "aborted");
}

void
hang_watch(world *w)
{
    watched = w;
    if (signal(SIGALRM, too_long) == SIG_ERR || signal(SIGABRT, aborted) == SIG_ERR)
        abort();
    (void)alarm(RUN_SECONDS);
}
