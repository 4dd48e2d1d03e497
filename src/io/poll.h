/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a socket: in a thread of the client's own, or through the one descriptor that an event loop is given. */
#ifndef ZB_POLL_H
#define ZB_POLL_H

#include <stdbool.h>

#include "base/net.h"

/* What is asked of a socket, and what it is. Its end or fault is ZB_READABLE, for reading tells which. */
enum { ZB_READABLE = 1, ZB_WRITABLE = 2 };

/* zb_poll waits until `wake` (zb_wake_open; it is drained) or `fd` (-1: none) is ready for one of `events`, for at most
 * `wait` nanoseconds (ZB_NEVER: without limit). Returns what the socket is ready for, 0 for nothing. */
unsigned zb_poll(int wake, int fd, unsigned events, zb_time wait);

/* One descriptor, constant for its life, that is readable when a wake-up, a timer or a socket is. */
typedef struct zb_pollset {
    int fd; /* -1: not open */
    int timer;
} zb_pollset;

/* zb_pollset_open: false when the system has no descriptors left; then it is to be closed all the same. */
bool zb_pollset_open(zb_pollset *p, int wake);
void zb_pollset_close(zb_pollset *p);

/* zb_pollset_watch says what is asked of the socket; `known`: it is in the set already. False: it could not be done. */
bool zb_pollset_watch(const zb_pollset *p, int fd, bool known, unsigned events);
void zb_pollset_forget(const zb_pollset *p, int fd);

/* zb_pollset_ring sets the timer to a time of zb_now. zb_pollset_rang tells whether that has come, and silences it. */
bool zb_pollset_ring(const zb_pollset *p, zb_time at);
bool zb_pollset_rang(const zb_pollset *p);

#endif
