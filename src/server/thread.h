/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the server: named, and deaf to signals, which are the program's. */
#ifndef ZS_THREAD_H
#define ZS_THREAD_H

#include <pthread.h>
#include <signal.h>

#include "base/log.h"

zobo_err zs_thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg, zobo_problem *why);

/* What a library starts between these two is deaf as well. */
void zs_signals_block(sigset_t *before);
void zs_signals_restore(const sigset_t *before);

#endif
