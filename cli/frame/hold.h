/* SPDX-License-Identifier: Apache-2.0 */
/* Running until a signal comes, the reader goes away, or time is up. */
#ifndef CLI_HOLD_H
#define CLI_HOLD_H

#include "cli.h"
#include "clock.h"

enum hold_end { HOLD_GOES_ON, HOLD_SIGNAL, HOLD_READER_GONE, HOLD_TIME_UP, HOLD_BROKEN };

/* hold_begin catches SIGINT, SIGTERM and SIGHUP from now on: the first ends the hold, the second the program. With
 * ctx->runs_command it catches those that another command may be meant by, too, each as often as it comes, and the end
 * of a child lets hold_turn return. It also tells the user on stderr of lost and regained connections. What is held
 * already is held the longer: each begin has its hold_over. 0, or the exit code. */
int hold_begin(struct ctx *ctx);

/* hold_turn waits for something to happen and lets the client work. `deadline_ms` is on now_ms's clock, 0: none. On
 * HOLD_SIGNAL ctx->signal says which (0 it to go on); on HOLD_READER_GONE it is SIGPIPE. */
enum hold_end hold_turn(struct ctx *ctx, uint64_t deadline_ms);

/* hold_interrupted tells, without waiting, whether a signal has come: ctx->signal says which. */
bool hold_interrupted(struct ctx *ctx);

/* hold_turn_with also returns when one of `more` is ready, as poll says in their revents: at most HOLD_FDS_MAX. */
struct pollfd;
enum { HOLD_FDS_MAX = 4 };
enum hold_end hold_turn_with(struct ctx *ctx, uint64_t deadline_ms, struct pollfd *more, size_t n);

/* hold_over undoes hold_begin: signals are what they were, and the end of the session is not told as its loss. */
void hold_over(struct ctx *ctx);

/* hold keeps the session until a signal comes. */
int hold(struct ctx *ctx);

#endif
