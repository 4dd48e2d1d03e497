/* SPDX-License-Identifier: Apache-2.0 */
#include "core/retry.h"

#include <string.h>

#include "base/log.h"
#include "base/sized.h"

#define FIRST_SIZE ZB_SIZED_FIRST(zobo_retry_policy, interrupt_arg)

zobo_err
zb_retry_import(zobo_retry_policy *out, const zobo_retry_policy *in, const char *name, zobo_problem *why)
{
    zobo_retry_policy p;
    memset(&p, 0, sizeof p);
    if (in != NULL) {
        size_t at;
        if (!zb_sized_good(in, FIRST_SIZE, sizeof p, &at)) {
            if (!at)
                return zb_problem(why, ZOBO_EBADOPTION, 0, "%s.size is %zu: it is to be sizeof(zobo_retry_policy)",
                                  name, in->size);
            return zb_problem(why, ZOBO_EBADOPTION, at, "%s has options that this library is too old to know", name);
        }
        zb_sized_copy(&p, sizeof p, in, FIRST_SIZE);
    }
    p.size = sizeof p;
    if (p.max_tries < 0)
        return zb_problem(why, ZOBO_EBADOPTION, 0, "%s.max_tries is %d: 0 is no limit, 1 is no retry", name,
                          p.max_tries);
    if (p.backoff_percent != 0 && p.backoff_percent < 100)
        return zb_problem(why, ZOBO_EBADOPTION, 0, "%s.backoff_percent is %u: below 100 the waits would get shorter",
                          name, (unsigned)p.backoff_percent);
    if (p.jitter_percent > 100 && p.jitter_percent != ZOBO_NO_JITTER)
        return zb_problem(why, ZOBO_EBADOPTION, 0, "%s.jitter_percent is %u: at most 100, or ZOBO_NO_JITTER", name,
                          (unsigned)p.jitter_percent);
    if (p.delay_ms == 0)
        p.delay_ms = 100;
    if (p.backoff_percent == 0)
        p.backoff_percent = 200;
    if (p.max_delay_ms == 0)
        p.max_delay_ms = 5000;
    if (p.jitter_percent == 0)
        p.jitter_percent = 40;
    else if (p.jitter_percent == ZOBO_NO_JITTER)
        p.jitter_percent = 0;
    *out = p;
    return ZOBO_OK;
}

uint32_t
zb_retry_wait_ms(const zobo_retry_policy *p, unsigned n, zb_rng *rng)
{
    double wait = p->delay_ms, most = p->max_delay_ms;
    if (p->backoff_percent > 100) {
        for (unsigned i = 1; i < n && wait < most; i++)
            wait *= p->backoff_percent / 100.0;
    }
    if (wait > most)
        wait = most;
    /* A whole number of milliseconds around the wait, both ends included. */
    uint64_t middle = (uint64_t)wait;
    uint64_t spread = middle * p->jitter_percent / 100;
    uint64_t jittered = middle - spread + zb_rng_below(rng, 2 * spread + 1);
    return jittered < p->max_delay_ms ? (uint32_t)jittered : p->max_delay_ms;
}

bool
zb_retry_wants(const zobo_retry_policy *p, zobo_err err)
{
    switch (zobo_err_class(err)) {
    case ZOBO_CLASS_RETRY:
        return true;
    case ZOBO_CLASS_UNKNOWN:
        return !p->no_unknown;
    case ZOBO_CLASS_SESSION:
        return !p->no_expire;
    case ZOBO_CLASS_OK:
    case ZOBO_CLASS_USAGE:
    case ZOBO_CLASS_REJECTED:
    case ZOBO_CLASS_LOCAL:
        break;
    }
    return false;
}
