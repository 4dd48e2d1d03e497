/* SPDX-License-Identifier: Apache-2.0 */
/* Names and data of queues' entries. Pure. */
#ifndef ZR_ENTRY_H
#define ZR_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZR_ENTRY_PREFIX = 48 };

/* zr_entry_prefix writes what the server appends the sequence to: "entry-<priority>-", or for a delay queue
 * "queue-|<milliseconds>|". */
void zr_entry_prefix(bool delay, int64_t key, char out[ZR_ENTRY_PREFIX]);

/* zr_entry_read: what a name says: priority or time, and sequence. False: it is no entry's. */
bool zr_entry_read(bool delay, const char *name, int64_t *key, int32_t *sequence);

/* Curator's wrapping of an item's bytes. zr_item_read finds them in `data`. False: they are not one item. */
enum { ZR_ITEM_EXTRA = 10 };
void zr_item_write(const void *item, size_t len, unsigned char *out /* len + ZR_ITEM_EXTRA */);
bool zr_item_read(const void *data, size_t len, const void **item, size_t *item_len);

#endif
