/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZB_OPTIONS_H
#define ZB_OPTIONS_H

#include "client/client.h"

/* Checked options, with what they point to. Borrowed strings stay the caller's. */
typedef struct zb_settings {
    zobo_options o;
    zobo_retry_policy connection_retry, command_retry;
} zb_settings;

/* zb_options_import checks and completes. Errors: ZOBO_EBADOPTION with `why`. */
zobo_err zb_options_import(zb_settings *s, const zobo_options *options, zobo_problem *why);

#endif
