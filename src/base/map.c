/* SPDX-License-Identifier: Apache-2.0 */
/* Chains in a power-of-two table that doubles when it holds as many items as buckets. Keys come from a peer, so the
 * hash multiplies by a secret made from the seed (a fold of the full product): which keys collide cannot be told
 * without it. Growing is a matter of speed only: when there is no memory for it the chains just get longer. */
#include "base/map.h"

#include <string.h>

#include "base/mem.h"

enum { FIRST_BUCKETS = 16 };

static uint64_t
scramble(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93U;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93U;
    return x ^ x >> 32;
}

/* fold multiplies to 128 bits and xors the halves. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t a0 = a & 0xffffffffU, a1 = a >> 32, b0 = b & 0xffffffffU, b1 = b >> 32;
    uint64_t mid = a1 * b0 + (a0 * b0 >> 32);
    uint64_t mid2 = a0 * b1 + (mid & 0xffffffffU);
    return a * b ^ (a1 * b1 + (mid >> 32) + (mid2 >> 32));
#endif
}

uint32_t
zb_map_hash(uint64_t seed, const char *key, size_t len)
{
    uint64_t secret = scramble(seed + 0x9e3779b97f4a7c15U) | 1;
    uint64_t h = scramble(seed ^ len);
    uint64_t word;
    for (; len >= sizeof word; key += sizeof word, len -= sizeof word) {
        memcpy(&word, key, sizeof word);
        h = fold(h ^ word, secret);
    }
    word = 0;
    if (len > 0)
        memcpy(&word, key, len);
    return (uint32_t)scramble(fold(h ^ word, secret) ^ h);
}

void
zb_map_init(zb_map *m, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    m->seed = seed;
}

void
zb_map_free(zb_map *m)
{
    zb_free(m->buckets);
    zb_map_init(m, m->seed);
}

zb_map_node *
zb_map_find(const zb_map *m, const char *key, size_t len)
{
    if (m->n == 0)
        return NULL;
    uint32_t hash = zb_map_hash(m->seed, key, len);
    zb_map_node *node = m->buckets[hash & (m->n_buckets - 1)];
    for (; node != NULL; node = node->next) {
        if (node->hash == hash && node->key_len == len && (len == 0 || memcmp(node->key, key, len) == 0))
            return node;
    }
    return NULL;
}

/* grow makes room; false when there was none and no memory for the first. */
static bool
grow(zb_map *m)
{
    if (m->n_buckets >= (size_t)1 << 31) /* the hash has no more bits */
        return true;
    size_t n_new = m->n_buckets ? m->n_buckets * 2 : FIRST_BUCKETS;
    zb_map_node **new = zb_calloc(n_new, sizeof *new);
    if (new == NULL)
        return m->n_buckets > 0;
    for (size_t i = 0; i < m->n_buckets; i++) {
        zb_map_node *node = m->buckets[i], *next;
        for (; node != NULL; node = next) {
            zb_map_node **bucket = &new[node->hash & (n_new - 1)];
            next = node->next;
            node->next = *bucket;
            *bucket = node;
        }
    }
    zb_free(m->buckets);
    m->buckets = new;
    m->n_buckets = n_new;
    return true;
}

bool
zb_map_add(zb_map *m, zb_map_node *node)
{
    if (m->n >= m->n_buckets && !grow(m))
        return false;
    node->hash = zb_map_hash(m->seed, node->key, node->key_len);
    zb_map_node **bucket = &m->buckets[node->hash & (m->n_buckets - 1)];
    node->next = *bucket;
    *bucket = node;
    m->n++;
    return true;
}

void
zb_map_remove(zb_map *m, zb_map_node *node)
{
    if (m->n == 0)
        return;
    zb_map_node **at = &m->buckets[node->hash & (m->n_buckets - 1)];
    while (*at != NULL && *at != node)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = node->next;
    node->next = NULL;
    m->n--;
}

/* settle moves the walk to the next bucket with an item in it, if it has none at hand. */
static void
settle(const zb_map *m, zb_map_iter *it)
{
    while (it->next == NULL && it->bucket < m->n_buckets)
        it->next = m->buckets[it->bucket++];
}

void
zb_map_iter_init(const zb_map *m, zb_map_iter *it)
{
    it->bucket = 0;
    it->next = NULL;
    settle(m, it);
}

zb_map_node *
zb_map_iter_next(const zb_map *m, zb_map_iter *it)
{
    zb_map_node *node = it->next;
    if (node == NULL)
        return NULL;
    it->next = node->next;
    settle(m, it);
    return node;
}
