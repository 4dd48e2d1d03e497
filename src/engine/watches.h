/* SPDX-License-Identifier: Apache-2.0 */
/* Which connection watches which path. A million watches are to cost less than 100 bytes each, one change's watchers
 * are found by one look-up (recursive ones by one for each ancestor), and a connection's are dropped without a search.
 * */
#ifndef ZS_WATCHES_H
#define ZS_WATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZS_WATCH_DATA = 1, ZS_WATCH_CHILD = 2, ZS_WATCH_PERSISTENT = 4, ZS_WATCH_RECURSIVE = 8 };

typedef struct zs_watches zs_watches;

/* One who watches: part of a connection. All fields are the table's. */
typedef struct zs_watcher {
    uint32_t id; /* 0: watches nothing */
    uint32_t first;
    uint32_t n; /* watches held */
} zs_watcher;

zs_watches *zs_watches_new(uint64_t seed); /* NULL: no memory */
void zs_watches_free(zs_watches *w);

bool zs_watch_add(zs_watches *w, zs_watcher *who, const char *path, size_t len, unsigned kinds); /* false: no memory */
unsigned zs_watch_get(const zs_watches *w, const zs_watcher *who, const char *path, size_t len);
void zs_watch_remove(zs_watches *w, zs_watcher *who, const char *path, size_t len, unsigned kinds);
void zs_watch_drop(zs_watches *w, zs_watcher *who); /* all of them */

/* zs_watch_fire calls `fn` once for each connection that is to be told of a change (type and path as in zs_effect),
 * after taking away the one-shot watches that it spends. `fn` must not change the table. The parent's child watches
 * are an effect of type 4 of its own. */
typedef void zs_watch_fired(void *arg, zs_watcher *who);
void zs_watch_fire(zs_watches *w, int32_t type, const char *path, size_t len, zs_watch_fired *fn, void *arg);

/* Counts, and walks for the four-letter words: every pair of path and watcher once, grouped by path, or only those of
 * one watcher. */
typedef struct zs_watches_count {
    size_t watches, paths, watchers;
    size_t bytes; /* of memory */
} zs_watches_count;
void zs_watches_counted(const zs_watches *w, zs_watches_count *out);
typedef void zs_watch_seen(void *arg, const char *path, size_t len, zs_watcher *who, unsigned kinds);
void zs_watches_each(const zs_watches *w, zs_watch_seen *fn, void *arg);
void zs_watches_of(const zs_watches *w, const zs_watcher *who, zs_watch_seen *fn, void *arg);

#endif
