/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 and base64, which ZooKeeper's digest scheme is made of. Not for anything that needs a strong hash. */
#ifndef ZB_DIGEST_H
#define ZB_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* A hash under way: init, any number of adds, end. */
typedef struct zb_sha1_state {
    uint32_t h[5];
    uint64_t len; /* bytes so far */
    uint8_t block[64];
} zb_sha1_state;

void zb_sha1_init(zb_sha1_state *s);
void zb_sha1_add(zb_sha1_state *s, const void *data, size_t len);
void zb_sha1_end(zb_sha1_state *s, uint8_t out[20]);

/* All three in one. */
void zb_sha1(const void *data, size_t len, uint8_t out[20]);

/* Writes 4 * ((len + 2) / 3) characters and a NUL. */
void zb_base64(const uint8_t *data, size_t len, char *out);

#endif
