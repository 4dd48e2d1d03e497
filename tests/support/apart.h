/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots made by another process, as `zobo snapshot` is one: the store of a running server cannot be opened twice in
 * the same. */
#ifndef ZT_APART_H
#define ZT_APART_H

#include <zobo/snapshot.h>

typedef enum zt_work { ZT_EXPORT = 'e', ZT_IMPORT = 'i', ZT_BACKUP = 'b' } zt_work;

/* zt_apart_begin makes that process: before any thread is started. It ends with this one. */
void zt_apart_begin(void);

/* zt_apart lets it work. `bytes_max` (if not 0) limits the size of the files it writes: a full disk. *warned: how many
 * warnings it had (may be NULL). */
zobo_err zt_apart(zt_work work, const char *from, const char *to, unsigned long bytes_max, zobo_snapshot_result *result,
                  zobo_problem *why, int *warned);

#endif
