/* SPDX-License-Identifier: Apache-2.0 */
/* Words that the pure core and the sockets share. */
#ifndef ZB_NET_H
#define ZB_NET_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of a monotonic clock. */
typedef uint64_t zb_time;
#define ZB_NEVER UINT64_MAX
#define ZB_MS(n) ((zb_time)(n)*1000000U)

/* A network address as bytes of a struct sockaddr: opaque but for io. */
typedef struct zb_addr {
    uint8_t bytes[128];
    uint32_t len;
} zb_addr;

/* Bytes to send. */
typedef struct zb_iov {
    const void *p;
    size_t n;
} zb_iov;

#endif
