/* SPDX-License-Identifier: Apache-2.0 */
#include "core/retry.h"

#include "client/client.h"

enum { SLICE_MS = 100 };

static bool
is_closing(zobo_client *c, void *arg)
{
    (void)arg;
    return c->closing;
}

/* Sleeps; the session is driven meanwhile if nobody else does. */
static zobo_err
wait_ms(zobo_client *c, const zobo_retry_policy *p, uint32_t ms)
{
    zb_time until = zb_now() + ZB_MS(ms);
    for (;;) {
        if (p->interrupt && p->interrupt(p->interrupt_arg))
            return ZOBO_EINTERRUPTED;
        zb_time now = zb_now();
        if (now >= until)
            return ZOBO_OK;
        zb_time slice = p->interrupt && until - now > ZB_MS(SLICE_MS) ? now + ZB_MS(SLICE_MS) : until;
        zb_lock(c);
        bool closing = zb_drive(c, is_closing, NULL, NULL, false, slice);
        zb_unlock(c);
        if (closing)
            return ZOBO_ESTOPPED;
    }
}

zobo_err
zobo_retry(zobo_client *c, const zobo_retry_policy *policy, zobo_retry_fn *attempt, void *arg, zobo_err *last)
{
    zobo_retry_policy p;
    zobo_err err = zb_may_block(c);
    if (last)
        *last = ZOBO_OK;
    if (!err && !attempt)
        err = ZOBO_EINVAL;
    if (!err)
        err = policy ? zb_retry_import(&p, policy, "policy", NULL) : ZOBO_OK;
    if (err)
        return err;
    if (!policy)
        p = c->command_retry;
    zb_time begun = zb_now();
    for (unsigned n = 1;; n++) {
        err = attempt(arg);
        if (last)
            *last = err;
        if (!err || !zb_retry_wants(&p, err))
            return err;
        if (p.max_tries && n >= (unsigned)p.max_tries)
            return ZOBO_ERETRYFAILED;
        zb_lock(c);
        uint32_t ms = zb_retry_wait_ms(&p, n, &c->rng);
        zb_unlock(c);
        if (p.deadline_ms && zb_now() + ZB_MS(ms) >= begun + ZB_MS(p.deadline_ms))
            return ZOBO_ERETRYFAILED;
        err = wait_ms(c, &p, ms);
        if (err)
            return err;
    }
}
