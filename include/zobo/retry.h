/* SPDX-License-Identifier: Apache-2.0 */
/* Trying again: kazoo's KazooRetry as a plain struct, and a loop that runs anything under it. */
#ifndef ZOBO_RETRY_H
#define ZOBO_RETRY_H

#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* How often and how fast to try again. A zeroed field means its default, so that a zeroed struct is a sane policy.
 *
 * The n-th wait is delay_ms * backoff^n, at most max_delay_ms, then made longer or shorter at random by up to
 * jitter_percent of itself (the randomness does not compound, unlike kazoo's). */
typedef struct zobo_retry_policy {
    size_t size;                  /* sizeof(zobo_retry_policy), or 0: see types.h */
    int max_tries;                /* attempts in all; 0: no limit; 1: no retry */
    uint32_t delay_ms;            /* the first wait; 0: 100 */
    uint32_t backoff_percent;     /* each wait against the one before; 0: 200 */
    uint32_t max_delay_ms;        /* no wait is longer, jitter included; 0: 5000 */
    uint32_t jitter_percent;      /* 0: 40; more than 100 is refused; ZOBO_NO_JITTER for none */
    uint32_t deadline_ms;         /* no attempt starts later than this after the first; 0: none */
    bool no_expire;               /* do not retry errors of class SESSION (kazoo: ignore_expire=False) */
    bool no_unknown;              /* do not retry errors of class UNKNOWN: for operations that must not happen twice */
    bool (*interrupt)(void *arg); /* asked before each wait and every 100 ms of it; true ends the loop */
    void *interrupt_arg;
} zobo_retry_policy;

/* For jitter_percent: waits are exactly as long as computed. */
#define ZOBO_NO_JITTER 0xffffffffU

/* One attempt: makes blocking calls, returns how they ended. */
typedef zobo_err zobo_retry_fn(void *arg);

/* zobo_retry runs `attempt(arg)` until it returns ZOBO_OK, an error that is not to be retried, or the policy's end.
 *
 * Retried are errors of class RETRY and, unless the policy says otherwise, UNKNOWN and SESSION (kazoo: ConnectionLoss,
 * OperationTimeout, SessionExpired). ZOBO_ENOTSTARTED, ZOBO_ESTOPPED and ZOBO_EFORKED are never retried. `policy` NULL
 * means the client's command_retry. Blocks; may be called from a callback on the callback thread.
 *
 * Returns what the last attempt returned when that is not to be retried; ZOBO_ERETRYFAILED when tries or time have run
 * out (`last`, if not NULL, gets the last attempt's error); ZOBO_EINTERRUPTED when `interrupt` said so; ZOBO_ESTOPPED
 * when the client is closed while a callback waits in here;
 * ZOBO_EBADOPTION for a policy that makes no sense; ZOBO_EWOULDBLOCK in an inline callback. Any thread.
 * Source: kazoo KazooClient.retry, KazooRetry. */
ZOBO_MUST_CHECK zobo_err zobo_retry(zobo_client *client, const zobo_retry_policy *policy, zobo_retry_fn *attempt,
                                    void *arg, zobo_err *last);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
