/* SPDX-License-Identifier: Apache-2.0 */
/* Big-endian numbers for raw and nullserver, which stand beside the library and so use nothing of it. */
#ifndef ZOBO_BENCH_WIRE_H
#define ZOBO_BENCH_WIRE_H

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

enum {
    XID_PING = -2,
    OP_CREATE = 1,
    OP_DELETE = 2,
    OP_EXISTS = 3,
    OP_GET_DATA = 4,
    OP_SET_DATA = 5,
    OP_GET_ACL = 6,
    OP_SET_ACL = 7,
    OP_GET_CHILDREN = 8,
    OP_SYNC = 9,
    OP_PING = 11,
    OP_GET_CHILDREN2 = 12,
    OP_CREATE2 = 15,
    OP_CHECK_WATCHES = 17,
    OP_REMOVE_WATCHES = 18,
    OP_CREATE_CONTAINER = 19,
    OP_CREATE_TTL = 21,
    OP_AUTH = 100,
    OP_SET_WATCHES = 101,
    OP_SET_WATCHES2 = 105,
    OP_ADD_WATCH = 106,
    OP_CLOSE = -11
};

enum { PASSWORD_BYTES = 16, STAT_BYTES = 68, CONNECT_REQUEST_BYTES = 44, HEADER_BYTES = 16 };

static inline uint32_t
get_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return ntohl(v);
}

static inline uint64_t
get_u64(const uint8_t *p)
{
    return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}

static inline uint8_t *
put_u32(uint8_t *p, uint32_t v)
{
    v = htonl(v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

static inline uint8_t *
put_i32(uint8_t *p, int32_t v)
{
    return put_u32(p, (uint32_t)v);
}

static inline uint8_t *
put_u64(uint8_t *p, uint64_t v)
{
    return put_u32(put_u32(p, (uint32_t)(v >> 32)), (uint32_t)v);
}

static inline uint8_t *
put_bytes(uint8_t *p, const void *bytes, size_t n)
{
    memcpy(p, bytes, n);
    return p + n;
}

#endif
