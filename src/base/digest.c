/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 as FIPS 180-4 describes it, base64 as RFC 4648 does. */
#include "base/digest.h"

#include <string.h>

static uint32_t
rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t
load(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
store(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void
hash_block(uint32_t h[5], const uint8_t block[64])
{
    uint32_t w[80];
    for (unsigned i = 0; i < 16; i++)
        w[i] = load(block + 4 * i);
    for (unsigned i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);

    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f, k;
        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999U;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1U;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdcU;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6U;
        }
        uint32_t next = rotate(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void
zb_sha1_init(zb_sha1_state *s)
{
    static const uint32_t first[5] = {0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U};
    memcpy(s->h, first, sizeof first);
    s->len = 0;
}

void
zb_sha1_add(zb_sha1_state *s, const void *data, size_t len)
{
    const uint8_t *p = data;
    size_t held = s->len % sizeof s->block;
    s->len += len;
    while (len > 0) {
        size_t n = sizeof s->block - held;
        if (n > len)
            n = len;
        memcpy(s->block + held, p, n);
        p += n;
        len -= n;
        held += n;
        if (held == sizeof s->block) {
            hash_block(s->h, s->block);
            held = 0;
        }
    }
}

void
zb_sha1_end(zb_sha1_state *s, uint8_t out[20])
{
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = s->len * 8;
    size_t held = s->len % 64;
    zb_sha1_add(s, padding, held < 56 ? 56 - held : 120 - held);
    uint8_t tail[8];
    store(tail, (uint32_t)(bits >> 32));
    store(tail + 4, (uint32_t)bits);
    zb_sha1_add(s, tail, sizeof tail);
    for (int i = 0; i < 5; i++)
        store(out + 4 * i, s->h[i]);
}

void
zb_sha1(const void *data, size_t len, uint8_t out[20])
{
    zb_sha1_state s;
    zb_sha1_init(&s);
    zb_sha1_add(&s, data, len);
    zb_sha1_end(&s, out);
}

void
zb_base64(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (; len >= 3; data += 3, len -= 3) {
        *out++ = digits[data[0] >> 2];
        *out++ = digits[(data[0] & 3) << 4 | data[1] >> 4];
        *out++ = digits[(data[1] & 15) << 2 | data[2] >> 6];
        *out++ = digits[data[2] & 63];
    }
    if (len > 0) {
        unsigned second = len == 2 ? data[1] : 0;
        *out++ = digits[data[0] >> 2];
        *out++ = digits[(data[0] & 3U) << 4 | second >> 4];
        *out++ = len == 2 ? digits[(second & 15) << 2] : '=';
        *out++ = '=';
    }
    *out = '\0';
}
