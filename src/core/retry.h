/* SPDX-License-Identifier: Apache-2.0 */
/* The retry policy as data: defaults, validity, and the length of the n-th wait. */
#ifndef ZB_RETRY_H
#define ZB_RETRY_H

#include <zobo/retry.h>

#include "base/rng.h"

/* zb_retry_import checks a policy (NULL: all defaults) and fills in the defaults; jitter ZOBO_NO_JITTER becomes 0.
 * Errors: ZOBO_EBADOPTION with `why`. */
zobo_err zb_retry_import(zobo_retry_policy *out, const zobo_retry_policy *in, const char *name, zobo_problem *why);

/* zb_retry_wait_ms: how long to wait after the n-th failure in a row (n from 1), jitter included, never more than
 * max_delay_ms. `p` has been imported. */
uint32_t zb_retry_wait_ms(const zobo_retry_policy *p, unsigned n, zb_rng *rng);

/* zb_retry_wants tells whether `err` is one that the policy tries again. */
bool zb_retry_wants(const zobo_retry_policy *p, zobo_err err);

#endif
