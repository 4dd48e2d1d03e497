/* SPDX-License-Identifier: Apache-2.0 */
/* Operations under way: kazoo's IAsyncResult.
 *
 * Each verb zobo_x has a twin zobo_x_async that takes the same arguments, then `how` and `call`:
 *
 *   how   what to do when it is done; NULL: nothing.
 *   call  if not NULL, gets a handle, to wait on, poll, cancel; free it with zobo_call_free. NULL: let it go.
 *
 * When the twin returns ZOBO_OK, the request is on its way and will be completed exactly once: never inside the
 * submitting call, and not after zobo_close has returned. When it returns an error nothing was submitted, `*call` is
 * NULL and `how` is forgotten. All inputs have been copied or encoded by then. Twins never block, except for room in
 * the queue (options.fail_when_full), and may be called from any thread and any callback. */
#ifndef ZOBO_CALL_H
#define ZOBO_CALL_H

#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* Told once when the operation has ended. `reply` is borrowed; it is NULL on most errors (a failed transaction and a
 * failed zobo_delete_recursive have one), and for operations whose reply is empty it holds the zxid only. */
typedef void zobo_done_fn(void *arg, zobo_err err, const zobo_reply *reply);

/* What to do when an operation has ended, and its deadline. Zero: nothing, and the client's own. */
typedef struct zobo_how {
    size_t size;         /* 0, or sizeof(zobo_how) */
    zobo_done_fn *done;  /* may be NULL */
    void *arg;           /* for done */
    uint32_t timeout_ms; /* the operation's deadline, however many requests it is made of (makepath, ensure_path,
                          * delete_recursive); 0: options.request_timeout_ms. Of a recipe's: how long it may wait;
                          * 0: without limit */
    unsigned flags;      /* 0 or ZOBO_INLINE: where `done` runs */
} zobo_how;

/* zobo_call_wait waits until the call has ended, at most `timeout_ms` (0: without limit).
 *
 * Returns ZOBO_OK when it has ended (well or badly: see zobo_call_get), ZOBO_ETIMEDOUT when not: the call goes on.
 * ZOBO_EWOULDBLOCK in an inline callback. The done callback may still be on its way. Any thread.
 * Source: kazoo IAsyncResult.wait. */
ZOBO_MUST_CHECK zobo_err zobo_call_wait(zobo_call *call, uint32_t timeout_ms);

/* zobo_call_done tells whether the call has ended. Any thread, any callback. Source: kazoo IAsyncResult.ready. */
bool zobo_call_done(const zobo_call *call);

/* zobo_call_get waits like zobo_call_wait and hands out the result.
 *
 * Returns the operation's error, or ZOBO_ETIMEDOUT, ZOBO_EWOULDBLOCK. `*out` (out may be NULL) gets the reply, owned by
 * the caller (zobo_reply_free), or NULL. A second get of the same call gets NULL; a call with a done callback keeps its
 * reply for that callback and `*out` is NULL. Any thread. Source: kazoo IAsyncResult.get. */
ZOBO_MUST_CHECK zobo_err zobo_call_get(zobo_call *call, uint32_t timeout_ms, zobo_reply **out);

/* zobo_call_cancel gives the call up. It ends at once: with ZOBO_ECANCELLED if it had not been sent, and then it never
 * will be; with ZOBO_EABANDONED if it had, or, for one made of many requests, if any of them had. A recipe's ends soon,
 * with ZOBO_ECANCELLED when it has had no effect that stays. A call that has ended is left as it is. Any thread, any
 * callback. */
void zobo_call_cancel(zobo_call *call);

/* zobo_call_free lets go of the handle. The operation goes on, and so does its done callback. NULL is ignored. Any
 * thread, any callback. */
void zobo_call_free(zobo_call *call);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
