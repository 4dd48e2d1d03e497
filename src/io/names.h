/* SPDX-License-Identifier: Apache-2.0 */
/* From host names to addresses, and short conversations over a connection of their own. All but zb_name_literal block:
 * they are run on helper threads (client/helper.c). */
#ifndef ZB_NAMES_H
#define ZB_NAMES_H

#include <stdbool.h>

#include <zobo/errors.h>

#include "base/net.h"

enum { ZB_MAX_ADDRS = 16 };

/* zb_name_literal gives the address of a Unix socket or of a name that is a number. False: it must be looked up.
 * *err is set when it can be neither (a socket path that is too long). */
bool zb_name_literal(const char *name, uint16_t port, bool is_unix, zb_addr *out, zobo_err *err, int *sys);

/* zb_name_lookup asks the resolver; may take as long as it likes. Returns how many addresses (at most ZB_MAX_ADDRS). */
size_t zb_name_lookup(const char *name, uint16_t port, zb_addr *out, zobo_err *err, int *sys);

/* zb_ask_word connects to `addr`, sends a four-letter word and reads until the peer closes or `deadline` (monotonic).
 *
 * On ZOBO_OK *out (zb_free) holds *len bytes. `max` bounds the answer. Errors: as for connecting, ZOBO_ECONNECTTIMEOUT
 * (nothing was sent), ZOBO_EOPERATIONTIMEOUT (it was), ZOBO_ECONNECTIONLOSS (it was, and the answer broke off or was
 * longer than max), ZOBO_ENOMEM, ZOBO_ESYS. *sys is the system's number, 0 for none. */
zobo_err zb_ask_word(const zb_addr *addr, const char *word, size_t max, zb_time deadline, char **out, size_t *len,
                     int *sys);

#endif
