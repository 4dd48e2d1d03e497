/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map from byte strings to items that carry their own node and key: one pointer a bucket, 24 bytes an item. */
#ifndef ZB_MAP_H
#define ZB_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct zb_map_node {
    struct zb_map_node *next;
    const char *key; /* owned by the item, unchanged while it is in the map */
    uint32_t key_len;
    uint32_t hash; /* set by the map */
} zb_map_node;

typedef struct zb_map {
    zb_map_node **buckets;
    size_t n_buckets; /* power of two, or 0 */
    size_t n;
    uint64_t seed; /* makes collisions unpredictable to a peer */
} zb_map;

/* zb_map_hash is the hash of a key that a peer chose: which keys collide cannot be told without the seed. */
uint32_t zb_map_hash(uint64_t seed, const char *key, size_t len);

void zb_map_init(zb_map *m, uint64_t seed);
void zb_map_free(zb_map *m); /* frees the table, not the items */

zb_map_node *zb_map_find(const zb_map *m, const char *key, size_t len);

/* Adds an item whose key is not in the map. False: no memory, nothing changed; that can only happen to the first item,
 * for a map that cannot grow goes on with longer chains. */
bool zb_map_add(zb_map *m, zb_map_node *node);
void zb_map_remove(zb_map *m, zb_map_node *node); /* an item that was added once and is gone is ignored */

/* Walks all items, in no order; NULL at the end. The item returned last may be removed during the walk, others may not,
 * and none may be added. */
typedef struct zb_map_iter {
    size_t bucket;
    zb_map_node *next;
} zb_map_iter;
void zb_map_iter_init(const zb_map *m, zb_map_iter *it);
zb_map_node *zb_map_iter_next(const zb_map *m, zb_map_iter *it);

#endif
