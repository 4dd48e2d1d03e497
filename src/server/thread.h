/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the server: named, and deaf to signals, which are the program's. */
#ifndef ZS_THREAD_H
#define ZS_THREAD_H

#include <pthread.h>

#include "base/log.h"

zobo_err zs_thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg, zobo_problem *why);

#endif
