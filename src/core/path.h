/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and chroots. The chroot is put on and taken off here and nowhere else, at component boundaries. */
#ifndef ZB_PATH_H
#define ZB_PATH_H

#include <zobo/path.h>

#include "wire/codec.h"

/* A chroot: "" or "/a/b", no slash at its end. */
typedef struct zb_chroot {
    const char *path;
    uint32_t len;
} zb_chroot;

enum { ZB_MAX_PATH = 1 << 20 };

/* zb_path_fault looks for what zobo_path_check refuses: NULL for a good path, else the rule that is broken (a static
 * string), and *offset the offending byte. The path need not be terminated. */
const char *zb_path_fault(const char *path, size_t len, bool sequence, size_t *offset);

/* zb_path_join makes what is sent for a client's path: chroot + path, where "/" under a chroot is the chroot itself.
 * The path has been checked. `chroot` may be NULL. */
zb_path zb_path_join(const zb_chroot *chroot, const char *path);

/* zb_path_strip turns a server's path (not NUL-terminated) into the client's: a view into the same bytes, or "/" for
 * the chroot itself. False: the path is not under the chroot at a component boundary; *out is then the whole path. */
bool zb_path_strip(const zb_chroot *chroot, const char *path, size_t len, const char **out, size_t *out_len);

/* zb_path_parent_len: length of the parent's path of a valid path; "/a" has "/" (1); "/" has 0. */
size_t zb_path_parent_len(const char *path, size_t len);

#endif
