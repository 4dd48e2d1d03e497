/* SPDX-License-Identifier: Apache-2.0 */
#include "infile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

enum { RAW_SIZE = 64 * 1024, OUT_SIZE = 128 * 1024, LINE_LIMIT = 256 * 1024 * 1024 };

struct infile {
    const struct ctx *ctx;
    char *name;
    int fd; /* -1: it is in memory */
    const char *memory;
    size_t memory_n, memory_at;
    enum { UNKNOWN, PLAIN, GZIP, ZSTD } kind;
    bool failed, ended;
    bool amid; /* a compressed frame has begun and not ended */
    bool full; /* there was no room for all that it decodes to */
    z_stream gz;
    ZSTD_DStream *zst;
    unsigned char raw[RAW_SIZE];
    size_t raw_at, raw_n;
    char *out; /* decoded */
    size_t out_at, out_n;
    char *line; /* one that does not stand in `out` as a whole */
    size_t line_n, line_room;
    uint64_t number;
};

/* --- opening ------------------------------------------------------------------------------------------------------ */

static struct infile *
new_infile(const struct ctx *ctx, const char *name, int fd)
{
    struct infile *in = need_memory(1, sizeof *in);
    in->ctx = ctx;
    in->name = need_copy(name);
    in->fd = fd;
    in->out = need_memory(OUT_SIZE, 1);
    return in;
}

static bool
write_whole(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

/* spool copies what comes from `from` to a file that goes with its descriptor; -1 after telling. */
static int
spool(const struct ctx *ctx, const char *name, int from)
{
    const char *dir = getenv("TMPDIR");
    if (dir == NULL || dir[0] == '\0')
        dir = "/tmp";
    size_t size = strlen(dir) + sizeof "/zobo.XXXXXX";
    char *path = need_memory(size, 1);
    snprintf(path, size, "%s/zobo.XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0) {
        fail_errno(ctx, path, errno);
        free(path);
        return -1;
    }
    unlink(path);
    char *buf = need_memory(RAW_SIZE, 1);
    ssize_t n;
    bool good = true;
    while (good && ((n = read(from, buf, RAW_SIZE)) > 0 || (n < 0 && errno == EINTR))) {
        good = n < 0 || write_whole(fd, buf, (size_t)n);
        if (!good)
            fail_errno(ctx, dir, errno);
    }
    if (good && n < 0) {
        fail_errno(ctx, name, errno);
        good = false;
    }
    free(buf);
    free(path);
    if (good && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    close(fd);
    return -1;
}

struct infile *
infile_open(const struct ctx *ctx, const char *file)
{
    bool is_stdin = strcmp(file, "-") == 0;
    const char *name = is_stdin ? "stdin" : file;
    int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        fail_errno(ctx, name, fd < 0 || !S_ISDIR(st.st_mode) ? errno : EISDIR);
        if (fd > STDERR_FILENO)
            close(fd);
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || is_stdin) {
        int copy = S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0 ? dup(fd) : spool(ctx, name, fd);
        if (!is_stdin)
            close(fd);
        if (copy < 0)
            return NULL;
        fd = copy;
    }
    return new_infile(ctx, name, fd);
}

struct infile *
infile_of(const struct ctx *ctx, const char *name, const void *bytes, size_t n)
{
    struct infile *in = new_infile(ctx, name, -1);
    in->memory = bytes;
    in->memory_n = n;
    return in;
}

/* --- decoding ----------------------------------------------------------------------------------------------------- */

static void
broken(struct infile *in, const char *what)
{
    if (!in->failed)
        refuse(in->ctx, FAILED, "%s: %s", in->name, what);
    in->failed = true;
}

/* fill reads more raw bytes behind those that are left; false at the end. */
static bool
fill(struct infile *in)
{
    if (in->raw_at > 0) {
        memmove(in->raw, in->raw + in->raw_at, in->raw_n - in->raw_at);
        in->raw_n -= in->raw_at;
        in->raw_at = 0;
    }
    size_t room = RAW_SIZE - in->raw_n;
    if (in->fd < 0) {
        size_t left = in->memory_n - in->memory_at, n = left < room ? left : room;
        if (n > 0)
            memcpy(in->raw + in->raw_n, in->memory + in->memory_at, n);
        in->memory_at += n;
        in->raw_n += n;
        return n > 0;
    }
    ssize_t n;
    do {
        n = read(in->fd, in->raw + in->raw_n, room);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        fail_errno(in->ctx, in->name, errno);
        in->failed = true;
    }
    in->raw_n += n > 0 ? (size_t)n : 0;
    return n > 0;
}

static void
detect(struct infile *in)
{
    while (in->raw_n < 4 && fill(in)) {
        /* a pipe may give them one by one */
    }
    const unsigned char *b = in->raw;
    in->kind = PLAIN;
    if (in->raw_n >= 2 && b[0] == 0x1F && b[1] == 0x8B)
        in->kind = GZIP;
    else if (in->raw_n >= 4 && b[0] == 0x28 && b[1] == 0xB5 && b[2] == 0x2F && b[3] == 0xFD)
        in->kind = ZSTD;
    if (in->kind == GZIP && inflateInit2(&in->gz, 15 + 16) != Z_OK)
        broken(in, "no memory to decompress it");
    if (in->kind == ZSTD && in->zst == NULL && (in->zst = ZSTD_createDStream()) == NULL)
        broken(in, "no memory to decompress it");
}

static void
gunzip(struct infile *in)
{
    in->gz.next_in = in->raw + in->raw_at;
    in->gz.avail_in = (uInt)(in->raw_n - in->raw_at);
    in->gz.next_out = (unsigned char *)in->out;
    in->gz.avail_out = OUT_SIZE;
    int code = inflate(&in->gz, Z_NO_FLUSH);
    in->raw_at = in->raw_n - in->gz.avail_in;
    in->out_n = OUT_SIZE - in->gz.avail_out;
    in->amid = code != Z_STREAM_END;
    if (code == Z_STREAM_END && inflateReset(&in->gz) == Z_OK)
        return; /* another one may follow */
    if (code != Z_OK && code != Z_BUF_ERROR)
        broken(in, "it is damaged: gzip cannot be decompressed");
}

static void
unzstd(struct infile *in)
{
    ZSTD_inBuffer from = {in->raw, in->raw_n, in->raw_at};
    ZSTD_outBuffer to = {in->out, OUT_SIZE, 0};
    size_t code = ZSTD_decompressStream(in->zst, &to, &from);
    in->raw_at = from.pos;
    in->out_n = to.pos;
    in->amid = code != 0;
    if (ZSTD_isError(code))
        broken(in, "it is damaged: zstd cannot be decompressed");
}

/* decode makes the next decoded bytes; false at the end. */
static bool
decode(struct infile *in)
{
    if (in->kind == UNKNOWN)
        detect(in);
    in->out_at = in->out_n = 0;
    while (in->out_n == 0 && !in->failed && !in->ended) {
        if (in->raw_at == in->raw_n && !in->full && !fill(in)) {
            if (in->amid)
                broken(in, "it is cut off");
            in->ended = true;
            return false;
        }
        if (in->kind == GZIP) {
            gunzip(in);
        } else if (in->kind == ZSTD) {
            unzstd(in);
        } else {
            in->out_n = in->raw_n - in->raw_at;
            memcpy(in->out, in->raw + in->raw_at, in->out_n);
            in->raw_at = in->raw_n;
        }
        in->full = in->kind != PLAIN && in->amid && in->out_n == OUT_SIZE;
    }
    return in->out_n > 0 && !in->failed;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

size_t
infile_read(struct infile *in, void *buf, size_t n)
{
    if (in->out_at == in->out_n && !decode(in))
        return 0;
    size_t left = in->out_n - in->out_at, take = left < n ? left : n;
    memcpy(buf, in->out + in->out_at, take);
    in->out_at += take;
    return take;
}

static bool
append(struct infile *in, const char *bytes, size_t n)
{
    if (in->line_n + n > LINE_LIMIT) {
        broken(in, "a line is too long");
        return false;
    }
    if (in->line_n + n + 1 > in->line_room) {
        in->line_room = (in->line_n + n + 1) * 2;
        in->line = need_more(in->line, in->line_room, 1);
    }
    memcpy(in->line + in->line_n, bytes, n);
    in->line_n += n;
    return true;
}

bool
infile_line(struct infile *in, char **line, size_t *len)
{
    in->line_n = 0;
    for (;;) {
        if (in->out_at == in->out_n && !decode(in)) {
            *line = in->line;
            *len = in->line_n;
            in->number += in->line_n > 0;
            return in->line_n > 0 && !in->failed;
        }
        char *begin = in->out + in->out_at, *end = memchr(begin, '\n', in->out_n - in->out_at);
        size_t n = end == NULL ? in->out_n - in->out_at : (size_t)(end - begin);
        in->out_at += n + (end != NULL);
        if (end != NULL && in->line_n == 0) {
            *line = begin;
            *len = n;
            in->number++;
            return true;
        }
        if (!append(in, begin, n))
            return false;
        if (end != NULL) {
            *line = in->line;
            *len = in->line_n;
            in->number++;
            return true;
        }
    }
}

bool
infile_failed(const struct infile *in)
{
    return in->failed;
}

bool
infile_rewind(struct infile *in)
{
    if (in->failed || (in->fd >= 0 && lseek(in->fd, 0, SEEK_SET) != 0))
        return false;
    if (in->kind == GZIP)
        inflateEnd(&in->gz);
    memset(&in->gz, 0, sizeof in->gz);
    if (in->kind == ZSTD)
        ZSTD_initDStream(in->zst);
    in->kind = UNKNOWN;
    in->ended = in->amid = in->full = false;
    in->memory_at = in->raw_at = in->raw_n = in->out_at = in->out_n = 0;
    in->number = 0;
    return true;
}

const char *
infile_name(const struct infile *in)
{
    return in->name;
}

uint64_t
infile_number(const struct infile *in)
{
    return in->number;
}

void
infile_close(struct infile *in)
{
    if (in == NULL)
        return;
    if (in->kind == GZIP)
        inflateEnd(&in->gz);
    ZSTD_freeDStream(in->zst);
    if (in->fd >= 0)
        close(in->fd);
    free(in->line);
    free(in->out);
    free(in->name);
    free(in);
}
