/* SPDX-License-Identifier: Apache-2.0 */
/* What the client asks of the operating system, and nothing more of it: clock, sockets, wake-ups, randomness, fork. */
#ifndef ZB_SYS_H
#define ZB_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zobo/errors.h>

#include "base/net.h"

/* Nanoseconds of the monotonic clock. */
zb_time zb_now(void);

/* Milliseconds since 1970. It may be set, so nothing is timed by it: it is for what people and nodes' stats are told.
 * */
int64_t zb_wall_ms(void);

/* Fills `p` with random bytes. False when the system has none (then nothing should go on). */
bool zb_random(void *p, size_t n);

/* A descriptor that one thread makes readable and another polls. -1 and errno on failure. */
int zb_wake_open(void);
void zb_wake(int fd);
void zb_wake_drain(int fd);

/* zb_sock_connect begins to connect a non-blocking stream socket.
 *
 * Returns the descriptor, with *done telling whether it is connected already; or -1 with *err and *sys set. */
int zb_sock_connect(const zb_addr *addr, bool keepalive, bool *done, zobo_err *err, int *sys);

/* zb_sock_finish tells how a connect ended (call when writable). ZOBO_OK: it is up. */
zobo_err zb_sock_finish(int fd, int *sys);

/* zb_err_of_errno: the error for a failed connect, read or write. */
zobo_err zb_err_of_errno(int sys);

/* zb_recv reads what there is: > 0 bytes; 0 nothing at present; -1 the peer has closed or it failed (*err, *sys). */
long zb_recv(int fd, void *p, size_t n, zobo_err *err, int *sys);

/* zb_send writes up to 16 pieces in one call: >= 0 bytes taken; -1 failed (*err, *sys). */
long zb_send(int fd, const zb_iov *iov, size_t n, zobo_err *err, int *sys);

void zb_close_fd(int fd);

/* A page that is zero in a forked child: how a client notices that it is not in the process that made it, without a
 * system call. NULL: no memory. */
typedef struct zb_fork_guard zb_fork_guard;
zb_fork_guard *zb_fork_guard_new(void);
void zb_fork_guard_free(zb_fork_guard *g);
bool zb_fork_guard_same(const zb_fork_guard *g); /* true: the process that made it */

#endif
