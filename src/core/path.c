/* SPDX-License-Identifier: Apache-2.0 */
/* The server decodes a path into UTF-16 and judges its units one by one. Said of code points that is: no control
 * characters, nothing from U+D800 to U+F8FF (surrogates and private use), nothing from U+FFF0 to U+FFFF, and nothing
 * above, for those are pairs of surrogates there. Bytes that are no UTF-8 become U+FFFD there, which is refused too. */
#include "core/path.h"

#include "base/log.h"

static const char not_utf8[] = "a path is UTF-8, and this byte does not belong there";
static const char is_control[] = "a path holds no control characters (U+0000-001F, U+007F-009F)";
static const char is_private[] = "a path holds no surrogates or private characters (U+D800-F8FF)";
static const char is_special[] = "a path holds no special characters (U+FFF0-FFFF)";
static const char is_above[] = "a path holds no characters above U+FFFF: the server refuses them";

/* continues tells whether p[i] is a byte from low to high (of 0x80 to 0xbf). */
static bool
continues(const uint8_t *p, size_t n, size_t i, uint8_t low, uint8_t high)
{
    return i < n && p[i] >= low && p[i] <= high;
}

/* character_fault judges the character that begins at p and is not printable ASCII. NULL: good, *width bytes long. */
static const char *
character_fault(const uint8_t *p, size_t n, size_t *width)
{
    uint8_t c = p[0];
    if (c < 0x80)
        return is_control;
    if (c < 0xc2 || c > 0xf4)
        return not_utf8;
    if (c < 0xe0) {
        if (!continues(p, n, 1, 0x80, 0xbf))
            return not_utf8;
        *width = 2;
        return c == 0xc2 && p[1] < 0xa0 ? is_control : NULL;
    }
    if (c < 0xf0) {
        if (!continues(p, n, 1, c == 0xe0 ? 0xa0 : 0x80, 0xbf) || !continues(p, n, 2, 0x80, 0xbf))
            return not_utf8;
        uint32_t point = (c & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
        *width = 3;
        if (point >= 0xd800 && point <= 0xf8ff)
            return is_private;
        return point >= 0xfff0 ? is_special : NULL;
    }
    if (!continues(p, n, 1, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf) || !continues(p, n, 2, 0x80, 0xbf) ||
        !continues(p, n, 3, 0x80, 0xbf))
        return not_utf8;
    return is_above;
}

static const char *
component_fault(const uint8_t *p, size_t n)
{
    if (n == 0)
        return "a path has no empty component (\"//\")";
    if (p[0] != '.')
        return NULL;
    if (n == 1)
        return "a path has no component \".\"";
    return n == 2 && p[1] == '.' ? "a path has no component \"..\"" : NULL;
}

const char *
zb_path_fault(const char *path, size_t len, bool sequence, size_t *offset)
{
    const uint8_t *p = (const uint8_t *)path;
    const char *fault = NULL;
    *offset = 0;
    if (len == 0 || p[0] != '/')
        return "a path begins with '/'";
    if (len > ZB_MAX_PATH) {
        *offset = ZB_MAX_PATH;
        return "a path is not longer than 1048576 bytes";
    }
    size_t start = 1; /* of the component at hand */
    for (size_t i = 1; i < len;) {
        if (p[i] == '/') {
            *offset = start;
            if ((fault = component_fault(p + start, i - start)) != NULL)
                return fault;
            start = ++i;
        } else if (p[i] >= 0x20 && p[i] < 0x7f) {
            i++;
        } else {
            size_t width = 1;
            *offset = i;
            if ((fault = character_fault(p + i, len - i, &width)) != NULL)
                return fault;
            i += width;
        }
    }
    if (sequence || len == 1) /* the last component gets a number appended, so that it is none of the forbidden ones */
        return NULL;
    if (start == len) {
        *offset = len - 1;
        return "a path does not end in '/'";
    }
    *offset = start;
    return component_fault(p + start, len - start);
}

zobo_err
zobo_path_check(const char *path, bool sequence, zobo_problem *why)
{
    zb_problem_clear(why);
    if (path == NULL)
        return zb_problem(why, ZOBO_EBADPATH, 0, "byte 0: there is no path (NULL)");
    size_t offset;
    const char *fault = zb_path_fault(path, strlen(path), sequence, &offset);
    if (fault == NULL)
        return ZOBO_OK;
    return zb_problem(why, ZOBO_EBADPATH, offset, "byte %zu: %s", offset, fault);
}

zb_path
zb_path_join(const zb_chroot *chroot, const char *path)
{
    zb_path joined = {"", path, 0, (uint32_t)strlen(path)};
    if (chroot == NULL || chroot->len == 0)
        return joined;
    joined.prefix = chroot->path;
    joined.prefix_len = chroot->len;
    if (joined.path_len == 1 && path[0] == '/')
        joined.path_len = 0;
    return joined;
}

bool
zb_path_strip(const zb_chroot *chroot, const char *path, size_t len, const char **out, size_t *out_len)
{
    *out = path;
    *out_len = len;
    if (chroot == NULL || chroot->len == 0)
        return true;
    if (len < chroot->len || memcmp(path, chroot->path, chroot->len) != 0)
        return false;
    if (len == chroot->len) {
        *out = "/";
        *out_len = 1;
        return true;
    }
    if (path[chroot->len] != '/')
        return false;
    *out = path + chroot->len;
    *out_len = len - chroot->len;
    return true;
}

size_t
zb_path_parent_len(const char *path, size_t len)
{
    if (len <= 1)
        return 0;
    while (len > 1 && path[len - 1] != '/')
        len--;
    return len > 1 ? len - 1 : 1;
}
