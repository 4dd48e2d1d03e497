/* SPDX-License-Identifier: Apache-2.0 */
/* A server's options: copied as far as this library knows them, checked, and made into what store and engine want. */
#ifndef ZS_OPTIONS_H
#define ZS_OPTIONS_H

#include <zobo/server.h>

#include "engine/engine.h"

/* zs_options_copy: all strings are the copy's own (zs_options_free). `unix_path` and `listen` have their defaults
 * filled in: "" is none. Errors: ZOBO_EBADOPTION, ZOBO_ENOMEM. */
zobo_err zs_options_copy(zobo_server_options *to, const zobo_server_options *from, zobo_problem *why);
void zs_options_free(zobo_server_options *o);

void zs_options_for_store(const zobo_server_options *o, zs_store_options *out);
void zs_options_for_engine(const zobo_server_options *o, zs_engine_options *out);

#endif
