/* SPDX-License-Identifier: Apache-2.0 */
/* Directories and files, below the store: made, locked, told apart from others'. */
#ifndef ZS_FILES_H
#define ZS_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <zobo/errors.h>
#include <zobo/types.h>

zobo_err zs_make_dir(const char *dir, zobo_problem *why);          /* and what is above it */
zobo_err zs_lock_dir(const char *dir, int *fd, zobo_problem *why); /* one server at a time */
void zs_unlock_dir(int fd);
bool zs_dir_is_ours(const char *dir);                            /* locked by this very process */
zobo_err zs_temp_dir(char *dir, size_t size, zobo_problem *why); /* in memory if it can be */
char *zs_path_in(const char *dir, const char *name);             /* NULL: no memory */
bool zs_has_zookeepers_data(const char *dir);
bool zs_sync_dir(const char *dir);     /* false: errno */
bool zs_is_empty_dir(const char *dir); /* false also when it cannot be read */
bool zs_is_full(int fd);               /* can the file grow no more? */
bool zs_is_unlinked(int fd);           /* has it no name any more? */

#endif
