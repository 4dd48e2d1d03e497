/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "server/thread.h"

#include <string.h>

void
zs_signals_block(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

void
zs_signals_restore(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

zobo_err
zs_thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg, zobo_problem *why)
{
    sigset_t before;
    zs_signals_block(&before); /* the new thread begins with what is set here */
    int failed = pthread_create(thread, NULL, fn, arg);
    zs_signals_restore(&before);
    if (failed)
        return zb_problem(why, ZOBO_ESYS, 0, "cannot start a thread: %s", strerror(failed));
    (void)pthread_setname_np(*thread, name); /* for ps and gdb only */
    return ZOBO_OK;
}
