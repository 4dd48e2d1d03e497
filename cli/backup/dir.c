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
    bool begun;         /* files have been written */
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

/* Names that no node's file has. */
#define INDEX "@index.ndjson"
#define ASIDE "@index.old" /* the index of the last export that was whole, while another one is written */
#define FRESH "@new"       /* a node's file that is being written */

static char *
in_dir(const char *dir, const char *name)
{
    size_t size = strlen(dir) + strlen(name) + 2;
    char *file = need_memory(size, 1);
    snprintf(file, size, "%s/%s", dir, name);
    return file;
}

char *
index_file(const char *dir)
{
    return in_dir(dir, INDEX);
}

bool
dir_is_unfinished(const char *dir)
{
    char *index = index_file(dir), *aside = in_dir(dir, ASIDE);
    bool unfinished = access(index, F_OK) != 0 && access(aside, F_OK) == 0;
    free(index);
    free(aside);
    return unfinished;
}

/* open_above opens the directory that `file` (dir/..., changed meanwhile) is in; `*name` is what it is called there. It
 * goes by no symbolic link below `dir`: what lies there may have come from others, by version control, and a link would
 * lead it anywhere. -1: see errno. */
static int
open_above(const char *dir, char *file, bool make, char **name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    char *rest = file + strlen(dir) + 1;
    int fd = open(dir, flags);
    for (char *slash; fd >= 0 && (slash = strchr(rest, '/')) != NULL; rest = slash + 1) {
        *slash = '\0';
        int next = openat(fd, rest, flags | O_NOFOLLOW);
        if (next < 0 && errno == ENOENT && make && (mkdirat(fd, rest, 0777) == 0 || errno == EEXIST))
            next = openat(fd, rest, flags | O_NOFOLLOW);
        int error = errno;
        *slash = '/';
        close(fd);
        errno = error;
        fd = next;
    }
    *name = rest;
    return fd;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* is_ours tells whether a directory may be written to: it is empty (but for what begins with a dot, a .git), or holds an
 * export. */
static bool
is_ours(const char *dir)
{
    char *index = index_file(dir), *aside = in_dir(dir, ASIDE);
    bool ours = access(index, F_OK) == 0 || access(aside, F_OK) == 0;
    free(index);
    free(aside);
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
    char *index = index_file(dir), *aside = in_dir(dir, ASIDE);
    if (access(index, F_OK) == 0)
        out->old = infile_open(ctx, index);
    else if (access(aside, F_OK) == 0)
        out->old = infile_open(ctx, aside);
    free(aside);
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

/* begin_files takes the index away before the first file is another: what is not whole is not to look so. Where there was
 * none, an empty one tells that the directory is an export's. */
static bool
begin_files(struct dirout *out)
{
    if (out->begun)
        return true;
    char *index = index_file(out->dir), *aside = in_dir(out->dir, ASIDE);
    out->begun = rename(index, aside) == 0;
    int fd = out->begun || errno != ENOENT ? -1 : open(aside, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    out->begun = out->begun || fd >= 0;
    if (!out->begun)
        fail_errno(out->ctx, aside, errno);
    if (fd >= 0)
        close(fd);
    free(index);
    free(aside);
    return out->begun;
}

static bool
write_all(int fd, const char *at, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* write_file puts a new file in the place of what is there, which may be anything: a link, a pipe. */
static bool
write_file(const struct dirout *out, char *file, const void *data, size_t len)
{
    char *name;
    int above = open_above(out->dir, file, true, &name);
    if (above >= 0 && unlinkat(above, FRESH, 0) != 0 && errno != ENOENT) {
        /* then it is not made either, which tells why */
    }
    int fd = above < 0 ? -1 : openat(above, FRESH, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool good = fd >= 0 && write_all(fd, data, len);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && good) {
        good = false;
        error = errno;
    }
    if (good && renameat(above, FRESH, above, name) != 0) {
        good = false;
        error = errno;
    }
    if (!good)
        fail_errno(out->ctx, file, error);
    if (!good && fd >= 0)
        (void)unlinkat(above, FRESH, 0);
    if (above >= 0)
        close(above);
    return good;
}

bool
dirout_node(struct dirout *out, const struct tnode *node)
{
    if (!begin_files(out))
        return false;
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

/* remove_file removes a file, and the directories above it that are empty then. */
static void
remove_file(const struct dirout *out, const char *path)
{
    char *file = node_file(out->dir, path), *name;
    bool gone = true;
    int how = 0;
    for (size_t root = strlen(out->dir); gone && strlen(file) > root; how = AT_REMOVEDIR) {
        int above = open_above(out->dir, file, false, &name);
        gone = above >= 0 && (unlinkat(above, name, how) == 0 || errno == ENOENT);
        if (above >= 0)
            close(above);
        *strrchr(file, '/') = '\0';
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
    char *aside = in_dir(out->dir, ASIDE);
    if (code == DONE)
        (void)unlink(aside);
    free(aside);
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
    char *name;
    int above = open_above(dir, file, false, &name);
    int fd = above < 0
                 ? -1
                 : openat(above, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* no pipe is waited for */
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
    if (above >= 0)
        close(above);
    free(file);
    return code;
}
