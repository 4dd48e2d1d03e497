/* SPDX-License-Identifier: Apache-2.0 */
#include "dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"

enum {
    NAME_LIMIT = 200, /* bytes of a file's name that are kept; file systems take 255 */
    FILE_LIMIT = 256 * 1024 * 1024
};

struct dirout {
    const struct ctx *ctx;
    char *dir;
    struct outfile *index;
    struct infile *old; /* the index there was, or NULL */
};

/* --- names -------------------------------------------------------------------------------------------------------- */

static uint64_t
hash_of(const char *name, size_t n)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* escape_name writes a node's name as a file's; returns what follows. There is room for 3 bytes for each, and 20. */
static char *
escape_name(char *to, const char *name, size_t n)
{
    char *begin = to;
    for (size_t i = 0; i < n; i++) {
        if ((size_t)(to - begin) + 3 > NAME_LIMIT) {
            while (to > begin && ((unsigned char)name[i] & 0xC0) == 0x80 && i > 0) { /* not amid a character */
                to--;
                i--;
            }
            return to + snprintf(to, 20, "%%~%016llx", (unsigned long long)hash_of(name, n));
        }
        if (name[i] == '%' || name[i] == '@' || (name[i] == '.' && i == 0))
            to += snprintf(to, 4, "%%%02X", (unsigned)name[i]);
        else
            *to++ = name[i];
    }
    return to;
}

/* node_file names the file of a node's data, with the directory before it or not; freed by the caller. */
static char *
node_file(const char *dir, const char *path)
{
    size_t n = strlen(path), dir_n = dir == NULL ? 0 : strlen(dir), parts = 1;
    for (const char *p = path; *p != '\0'; p++)
        parts += *p == '/';
    char *file = need_memory(dir_n + 3 * n + parts * 24 + 16, 1), *to = file;
    if (dir != NULL)
        to += sprintf(to, "%s/", dir);
    if (strcmp(path, "/") == 0) {
        memcpy(to, "@data", sizeof "@data");
        return file;
    }
    for (const char *part = path + 1;;) {
        size_t len = strcspn(part, "/");
        to = escape_name(to, part, len);
        if (part[len] == '\0')
            break;
        *to++ = '@';
        *to++ = '/';
        part += len + 1;
    }
    *to = '\0';
    return file;
}

char *
index_file(const char *dir)
{
    size_t size = strlen(dir) + sizeof "/@index.ndjson";
    char *file = need_memory(size, 1);
    snprintf(file, size, "%s/@index.ndjson", dir);
    return file;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* is_ours tells whether a directory may be written to: it is empty (but for what begins with a dot, a .git), or holds an
 * export. */
static bool
is_ours(const char *dir)
{
    char *index = index_file(dir);
    bool ours = access(index, F_OK) == 0;
    free(index);
    DIR *listing = ours ? NULL : opendir(dir);
    if (listing == NULL)
        return ours;
    const struct dirent *entry;
    bool empty = true;
    while ((entry = readdir(listing)) != NULL)
        empty = empty && entry->d_name[0] == '.';
    closedir(listing);
    return empty;
}

struct dirout *
dirout_open(const struct ctx *ctx, const char *dir)
{
    if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
        fail_errno(ctx, dir, errno);
        return NULL;
    }
    if (!is_ours(dir)) {
        refuse(ctx, BAD_USAGE, "%s: it is neither empty nor an export: give a directory of its own", dir);
        return NULL;
    }
    struct dirout *out = need_memory(1, sizeof *out);
    out->ctx = ctx;
    out->dir = need_copy(dir);
    char *index = index_file(dir);
    if (access(index, F_OK) == 0)
        out->old = infile_open(ctx, index);
    out->index = outfile_open(ctx, index);
    free(index);
    if (out->index != NULL)
        return out;
    dirout_drop(out);
    return NULL;
}

bool
dirout_header(struct dirout *out, const struct header *header)
{
    put_header(outfile_begin(out->index), header);
    return outfile_end(out->index);
}

/* make_dirs makes the directories above a file. */
static bool
make_dirs(const struct dirout *out, char *file)
{
    for (char *slash = strchr(file + strlen(out->dir) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(file, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static int
open_file(const struct dirout *out, char *file)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(file, flags, 0666);
    return fd < 0 && errno == ENOENT && make_dirs(out, file) ? open(file, flags, 0666) : fd;
}

static bool
write_file(const struct dirout *out, char *file, const void *data, size_t len)
{
    int fd = open_file(out, file);
    const char *at = data;
    while (fd >= 0 && len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        at += n;
        len -= (size_t)n;
    }
    if (fd < 0 || len > 0)
        fail_errno(out->ctx, file, errno);
    if (fd >= 0)
        close(fd);
    return fd >= 0 && len == 0;
}

bool
dirout_node(struct dirout *out, const struct tnode *node)
{
    char *file = node_file(out->dir, node->path);
    bool good = node->data == NULL || write_file(out, file, node->data, node->len);
    put_node_record(outfile_begin(out->index), node, file + strlen(out->dir) + 1);
    free(file);
    return good && outfile_end(out->index);
}

/* --- what the new index does not have ------------------------------------------------------------------------------ */

/* next_file goes to the next node of an index that has a file. */
static bool
next_file(struct infile *in, struct record *record)
{
    char *line;
    size_t len;
    record_free(record);
    while (infile_line(in, &line, &len)) {
        record_read(record, line, len);
        if (record->kind == RECORD_NODE && record->file != NULL)
            return true;
        record_free(record);
    }
    return false;
}

static void
remove_file(const struct dirout *out, const char *path)
{
    char *file = node_file(out->dir, path);
    unlink(file);
    for (char *slash = strrchr(file, '/'); slash != NULL && (size_t)(slash - file) > strlen(out->dir);
         slash = strrchr(file, '/')) {
        *slash = '\0';
        if (rmdir(file) != 0)
            break; /* something is left in it */
    }
    free(file);
}

/* remove_old walks the old and the new index side by side. */
static void
remove_old(const struct dirout *out)
{
    char *name = index_file(out->dir);
    struct infile *in = infile_open(out->ctx, name);
    struct record old = {0}, now = {0};
    bool has_old = in != NULL && next_file(out->old, &old), has_now = in != NULL && next_file(in, &now);
    while (has_old) {
        int order = has_now ? path_order(old.node.path, now.node.path) : -1;
        if (order < 0)
            remove_file(out, old.node.path);
        if (order >= 0)
            has_now = next_file(in, &now);
        if (order <= 0)
            has_old = next_file(out->old, &old);
    }
    record_free(&old);
    record_free(&now);
    infile_close(in);
    free(name);
}

int
dirout_keep(struct dirout *out, const struct trailer *trailer)
{
    put_trailer(outfile_begin(out->index), trailer);
    int code = outfile_end(out->index) ? DONE : FAILED;
    if (code == DONE) {
        code = outfile_keep(out->index);
        out->index = NULL;
    }
    if (code == DONE && out->old != NULL)
        remove_old(out);
    dirout_drop(out);
    return code;
}

void
dirout_drop(struct dirout *out)
{
    if (out->index != NULL)
        outfile_drop(out->index);
    infile_close(out->old);
    free(out->dir);
    free(out);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

int
read_node_file(const struct ctx *ctx, const char *dir, struct record *record)
{
    char *file = node_file(dir, record->node.path); /* never what the index says: it may name any file */
    int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st = {0};
    int code = DONE;
    if (fd < 0 || fstat(fd, &st) != 0)
        code = fail_errno(ctx, file, errno);
    else if (!S_ISREG(st.st_mode) || st.st_size > FILE_LIMIT)
        code = refuse(ctx, FAILED, "%s: it is no file that could be a node's data", file);
    size_t size = code == DONE ? (size_t)st.st_size : 0, len = 0;
    record->data = need_memory(size + 1, 1);
    while (code == DONE && len < size) {
        ssize_t n = read(fd, record->data + len, size - len);
        if (n < 0 && errno != EINTR)
            code = fail_errno(ctx, file, errno);
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    record->node.data = record->data;
    record->node.len = len;
    if (fd >= 0)
        close(fd);
    free(file);
    return code;
}
