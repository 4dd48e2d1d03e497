/* SPDX-License-Identifier: Apache-2.0 */
/* What recipes are built from, for a program that builds its own: calls that it ends itself, timers, listeners that run
 * inline. zobo's recipes use nothing else but the verbs.
 *
 * Inline callbacks (ZOBO_INLINE) of one client never run two at a time: together they are a strand. What only they
 * touch needs no lock. A recipe keeps its state there: each step submits a verb's twin whose inline callback is the
 * next step, and what other threads ask for comes in by a promise that is kept at once. Inline callbacks must not
 * block. */
#ifndef ZOBO_EXTEND_H
#define ZOBO_EXTEND_H

#include <zobo/call.h>
#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* The other end of a zobo_call: who has it ends the call. Opaque. */
typedef struct zobo_promise zobo_promise;

/* Asked, inline and at most once, to give a promise up: see to it that it is kept soon, with `why` if nothing else came
 * of it. `why` is ZOBO_ECANCELLED (zobo_call_cancel), ZOBO_EWAITTIMEOUT (how.timeout_ms is over) or ZOBO_ESTOPPED (the
 * client stops, or is closed). */
typedef void zobo_give_up_fn(void *arg, zobo_err why);

/* zobo_promise_new makes a call that zobo_promise_keep ends (kazoo: handler.async_result).
 *
 * `how` and `call` are those of every twin; how->timeout_ms 0 is no limit. `give_up` may be NULL: the call can then be
 * neither cancelled nor late. It does not run after the promise has been kept inline; when it is kept elsewhere,
 * give_up may be under way. `*out` must be kept before zobo_close returns. The client need not be started; until it is,
 * callbacks, give_up too, run when somebody waits for one of its calls, or closes it. Errors: ZOBO_EINVAL (how),
 * ZOBO_ENOMEM, ZOBO_EFORKED. Any thread, any callback. */
ZOBO_MUST_CHECK zobo_err zobo_promise_new(zobo_client *client, const zobo_how *how, zobo_give_up_fn *give_up, void *arg,
                                          zobo_call **call, zobo_promise **out);

/* zobo_promise_keep ends the call with `err` and a copy of `reply`, and frees the promise.
 *
 * Of the reply (NULL: an empty one) path, data, stat, children and count are copied. If there is no memory for it, the
 * call ends with ZOBO_EREPLYLOST. ZOBO_ENOTSTARTED becomes ZOBO_ESTOPPED when the client was stopped after the promise
 * was made. Never calls back itself: how.done runs later, where how.flags says. NULL is ignored.
 * Any thread, any callback. */
void zobo_promise_keep(zobo_promise *promise, zobo_err err, const zobo_reply *reply);

/* zobo_promise_prepare copies a reply beforehand, for what must not be done unless it can be told: zobo_promise_keep
 * with ZOBO_OK and no reply of its own then tells it, and needs no memory. The thread that will keep it; ZOBO_ENOMEM.
 * */
ZOBO_MUST_CHECK zobo_err zobo_promise_prepare(zobo_promise *promise, const zobo_reply *reply);

/* zobo_promise_keep_quietly is zobo_promise_keep for a thread that is about to wait for a call of this client
 * (zobo_call_wait, zobo_call_get) and will run what is to be run itself: no other thread is woken for that. */
void zobo_promise_keep_quietly(zobo_promise *promise, zobo_err err, const zobo_reply *reply);

/* zobo_sleep_async makes a call that ends with ZOBO_OK after `ms` milliseconds: with an inline callback, a timer.
 *
 * how->timeout_ms means nothing here. Cancelled, it ends with ZOBO_ECANCELLED; when the client stops, with
 * ZOBO_ESTOPPED; the loss of the connection or the session does not disturb it. Errors: ZOBO_ENOTSTARTED, ZOBO_EINVAL
 * (how), ZOBO_ENOMEM, ZOBO_EFORKED. Any thread, any callback. Source: kazoo handler.sleep_func. */
ZOBO_MUST_CHECK zobo_err zobo_sleep_async(zobo_client *client, uint32_t ms, const zobo_how *how, zobo_call **call);

/* zobo_add_inline_listener is zobo_add_listener, but `fn` runs inline. zobo_remove_listener undoes it, for inline
 * listeners from inline callbacks too.
 *
 * Errors: ZOBO_EINVAL (fn NULL), ZOBO_ENOMEM, ZOBO_EFORKED. Any thread, any callback. */
ZOBO_MUST_CHECK zobo_err zobo_add_inline_listener(zobo_client *client, zobo_listener_fn *fn, void *arg);

/* zobo_may_block tells whether a blocking call may be made here: ZOBO_OK, ZOBO_EWOULDBLOCK (an inline callback),
 * ZOBO_EFORKED. For recipes' blocking forms, which ask before they begin anything. Any thread, any callback. */
ZOBO_MUST_CHECK zobo_err zobo_may_block(zobo_client *client);

/* zobo_holds_callbacks tells whether callbacks (but inline ones) wait for as long as this thread does: it runs one, or
 * the client has an event loop, which is not to be assumed to go on. Who would wait for a callback asks before. Any
 * thread, any callback. */
bool zobo_holds_callbacks(zobo_client *client);

/* zobo_uuid writes 32 random hexadecimal digits in lower case and a NUL, a version 4 UUID without its dashes, as kazoo
 * names its nodes. Any thread, any callback. Source: Python's uuid.uuid4().hex. */
void zobo_uuid(zobo_client *client, char out[33]);

/* zobo_wall_ms returns the milliseconds since 1970 by this machine's clock. Any thread. */
int64_t zobo_wall_ms(void);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
