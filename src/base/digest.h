/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 and base64, which ZooKeeper's digest scheme is made of. Not for anything that needs a strong hash. */
#ifndef ZB_DIGEST_H
#define ZB_DIGEST_H

#include <stddef.h>
#include <stdint.h>

void zb_sha1(const void *data, size_t len, uint8_t out[20]);

/* Writes 4 * ((len + 2) / 3) characters and a NUL. */
void zb_base64(const uint8_t *data, size_t len, char *out);

#endif
